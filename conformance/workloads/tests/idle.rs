//! A backend that does nothing is fast, and gets no numbers.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use plimsoll_contract::{
    self as contract, Clock, DashboardStatistics, Description, FlowDefinition, FlowEvent,
    FlowEventRecord, FlowHandle, FlowId, FlowRun, FlowRunDetail, FlowRunPage, Instant, OpenConfig,
    Page, Result, RunControl, RunId, RunStatus, RunTimeseriesBucket, RunTimeseriesGranularity,
    ScheduleState, SignalDelivery, SignalDeliveryResult, SignalWaiter, StartRun, StepStatus,
    WebhookRejection, WebhookRejectionPage, WebhookRejectionQuery, for_each_function,
};
use plimsoll_model::{Model, SharedModel};
use plimsoll_workloads::{Entry, Group, Kit, Settings, Site, Trouble, Turn, Workload, run};

/// The model, but one function only says that it did something.
struct Idle {
    model: SharedModel<Model>,
    function: &'static str,
}

/// What a function answers that did nothing; none if it has to do something to answer.
trait Pretence: Sized {
    fn pretence() -> Option<Self>;
}

macro_rules! pretends {
    ($($type:ty = $value:expr;)*) => {
        $(impl Pretence for $type {
            fn pretence() -> Option<Self> {
                $value
            }
        })*
    };
}

pretends! {
    () = Some(());
    bool = Some(true);
    u64 = Some(0);
    DashboardStatistics = Some(Self::default());
    FlowRunPage = Some(Self { items: Vec::new(), total_count: 0 });
    SignalDeliveryResult = Some(Self::Delivered(SignalDelivery {
        step_key: "step".to_owned(),
        delivered_at: Instant::UNIX_EPOCH,
    }));
    FlowRun = None;
    FlowDefinition = None;
    WebhookRejectionPage = None;
}

impl<T> Pretence for Vec<T> {
    fn pretence() -> Option<Self> {
        Some(Vec::new())
    }
}

impl<T> Pretence for Option<T> {
    fn pretence() -> Option<Self> {
        Some(None)
    }
}

macro_rules! idle {
    ($($interface:ident $accessor:ident $wit:literal {
        $($method:ident $function:literal ($($argument:ident: $type:ty),*) -> $value:ty;)*
    })*) => {
        #[async_trait]
        impl contract::Backend for Idle {
            async fn describe(&self) -> Result<Description> {
                self.model.describe().await
            }

            async fn open(&self, config: &OpenConfig, clock: Arc<dyn Clock>) -> Result<()> {
                self.model.open(config, clock).await
            }

            async fn discard(&self, namespace: &str) -> Result<()> {
                self.model.discard(namespace).await
            }

            $(fn $accessor(&self) -> Option<&dyn contract::$interface> {
                Some(self)
            })*
        }

        $(#[async_trait]
        impl contract::$interface for Idle {
            $(async fn $method(&self, $($argument: $type),*) -> Result<$value> {
                if self.function == $function
                    && let Some(pretence) = <$value>::pretence()
                {
                    return Ok(pretence);
                }
                contract::$interface::$method(&self.model, $($argument),*).await
            })*
        })*
    };
}

for_each_function!(idle);

fn idle(function: &'static str) -> Arc<Idle> {
    Arc::new(Idle { model: SharedModel::new(Model::default()), function })
}

/// Some turns of a workload, and looks at what they left.
async fn work(
    workload: &'static Workload,
    function: &'static str,
) -> std::result::Result<(), Trouble> {
    let site = Site::open(idle(function), "idle", 1).await?;
    let payload = workload.payloads()[0];
    if workload.group == Group::Query {
        site.fill(300).await?;
    }
    let site = site.of(workload.id, payload);
    workload.prepare(&site).await?;
    for number in 0..3 {
        let turn = Turn { caller: 0, number };
        workload.turn(&site, turn).await?;
        workload.verify(&site, turn).await?;
    }
    Ok(())
}

/// The functions that each workload must notice the idleness of.
const NOTICED: [(&str, &[&str]); 25] = [
    ("complete-run", &["complete-run"]),
    ("run-status", &["get-run-status"]),
    ("step-statuses", &["get-step-statuses"]),
    ("cancel-poll", &["get-run-control"]),
    ("step-start", &["record-step-start"]),
    ("step-complete", &["record-step-complete"]),
    ("claim", &["try-claim-step"]),
    ("claim-held", &["try-claim-step"]),
    ("release-claim", &["release-step-claim"]),
    ("record-dispatch", &["try-record-dispatch"]),
    ("release-dispatch", &["release-dispatch"]),
    ("save-output", &["save-step-output"]),
    ("get-output", &["get-step-output"]),
    ("record-event", &["record-event"]),
    ("deliver-signal", &["deliver-signal", "register-waiter"]),
    ("runs", &["get-runs"]),
    ("page", &["get-runs-page"]),
    ("search", &["get-runs-page"]),
    ("detail", &["get-run-detail"]),
    ("active", &["get-active-runs"]),
    ("statistics", &["get-statistics"]),
    ("timeseries-hour", &["get-run-timeseries"]),
    ("timeseries-day", &["get-run-timeseries"]),
    ("cleanup", &["cleanup"]),
    ("dashboard-beside-chains", &["get-statistics", "get-runs-page", "get-run-timeseries"]),
];

/// What every run of a whole workload does.
const IN_RUNS: [&str; 8] = [
    "configure-run",
    "record-step-start",
    "record-step-complete",
    "complete-run",
    "save-step-output",
    "get-run-control",
    "release-step-claim",
    "get-run-detail",
];

#[tokio::test]
async fn nothing_is_noticed_of_a_backend_that_works() {
    for workload in Workload::all() {
        let worked = work(workload, "").await;
        assert!(worked.is_ok(), "{}: {}", workload.id, worked.unwrap_err());
    }
}

#[tokio::test]
async fn what_does_nothing_is_noticed() {
    let flows = ["chain", "arrivals", "poll", "signals", "fan-out", "chain-beside-dashboard"];
    let in_runs = flows.iter().map(|id| (*id, &IN_RUNS[..]));
    for (id, functions) in NOTICED.iter().copied().chain(in_runs) {
        for function in functions {
            let worked = work(Workload::find(id).expect(id), function).await;
            assert!(worked.is_err(), "{id} does not notice that {function} does nothing");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_that_is_found_idle_gets_no_numbers() {
    let entry = |function| {
        let backend: Arc<dyn contract::Backend> = idle(function);
        Entry { target: format!("idle in {function:?}"), sha256: None, judged: Ok(backend) }
    };
    let settings = Settings {
        only: vec!["chain".to_owned(), "claim".to_owned()],
        callers: vec![3],
        seconds: 0.02,
        history: 1_000,
        ..Settings::default()
    };
    let kit = Kit { name: "plimsoll", version: "0", contract: "flow:storage" };
    let entries = [entry(""), entry("complete-run")];
    let report = run(&entries, &settings, kit, &|_| {}).await;
    let [right, idle] = &report.targets[..] else { panic!("{}", report.to_text()) };
    assert!(!report.is_clean());
    assert_eq!(right.unmeasured.len(), 0, "{}", report.to_text());
    assert!(right.workloads.iter().any(|row| row.id == "chain"), "{}", report.to_text());
    assert!(idle.workloads.iter().all(|row| row.id != "chain"), "{}", report.to_text());
    let why = &idle.unmeasured[0];
    assert!(why.is_fault && why.why.contains("the run at its end"), "{}", why.why);
    assert!(report.to_text().contains("FAILED  chain x3"), "{}", report.to_text());
    assert!(report.to_html().contains("failed: chain x3"));
}
