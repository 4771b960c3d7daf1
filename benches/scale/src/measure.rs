//! How long calls take beside a history, and what they read by.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::{TimeDelta, Utc};
use futures_util::future::BoxFuture;
use plimsoll_contract::{
    Backend, CallError, FlowId, Page, RunId, RunStatus, RunTimeseriesGranularity, StartRun,
    StepStatus,
};
use uuid::Uuid;

use crate::run::{DAYS, Run};
use crate::subject::{Subject, Unfit};

/// What a call took beside one history.
pub struct Measured {
    /// The call.
    pub name: &'static str,
    /// The median.
    pub took: Duration,
    /// The indexes that it reads by, and what it reads from end to end.
    pub used: String,
}

type Called = BoxFuture<'static, Result<(), CallError>>;

/// A call on the backend; the number sets its runs apart from those of the others.
type Call = fn(Arc<dyn Backend>, RunId) -> Called;

/// A call, its name, and how often it is made.
type Entry = (&'static str, u64, Call);

/// An interface of the backend, which has all of them.
macro_rules! on {
    ($backend:ident.$interface:ident().$call:ident($($argument:expr),* $(,)?)) => {
        match $backend.$interface() {
            Some(interface) => interface.$call($($argument),*).await.map(|_| ()),
            None => Ok(()),
        }
    };
}

/// What happens to a run, in this order.
const LIFE: [Entry; 9] = [
    ("start-run", 200, |backend, id| {
        Box::pin(async move { on!(backend.run_store().start_run(&a_run(id))) })
    }),
    ("try-record-dispatch", 200, |backend, id| {
        Box::pin(async move { on!(backend.run_store().try_record_dispatch(id, "step")) })
    }),
    ("try-claim-step", 200, |backend, id| {
        Box::pin(async move { on!(backend.run_runtime_store().try_claim_step(id, "step")) })
    }),
    ("record-step-start", 200, |backend, id| {
        Box::pin(async move {
            on!(backend.run_store().record_step_start(id, "step", "http", Some("{}"), None))
        })
    }),
    ("record-step-complete", 200, |backend, id| {
        Box::pin(async move {
            let (status, output) = (StepStatus::Succeeded, Some("{\"invoice\":\"INV-0\"}"));
            on!(backend.run_store().record_step_complete(id, "step", status, output, None))
        })
    }),
    ("save-step-output", 200, |backend, id| {
        Box::pin(async move {
            on!(backend.outputs_repository().save_step_output(id, "step", "{\"invoice\":0}"))
        })
    }),
    ("release-step-claim", 200, |backend, id| {
        Box::pin(async move { on!(backend.run_runtime_store().release_step_claim(id, "step")) })
    }),
    ("release-dispatch", 200, |backend, id| {
        Box::pin(async move { on!(backend.run_store().release_dispatch(id, "step")) })
    }),
    ("complete-run", 200, |backend, id| {
        Box::pin(async move { on!(backend.run_store().complete_run(id, RunStatus::Succeeded)) })
    }),
];

/// What the dashboard asks.
const READS: [Entry; 17] = [
    ("get-run-detail", 50, |backend, id| {
        Box::pin(async move { on!(backend.run_store().get_run_detail(id)) })
    }),
    ("get-runs", 20, |backend, _| {
        Box::pin(async move { on!(backend.run_store().get_runs(None, Page::default())) })
    }),
    ("page, all", 5, |backend, _| page(backend, None, None, None)),
    ("page, flow", 5, |backend, _| page(backend, a_flow(), None, None)),
    ("page, status", 5, |backend, _| page(backend, None, Some(RunStatus::Failed), None)),
    ("search, one run", 5, |backend, _| page(backend, None, None, Some("INV-4321\""))),
    ("search, an id", 5, |backend, _| {
        let id = Run::finished(77, Utc::now()).id().0.to_string();
        Box::pin(async move { page(backend, None, None, Some(&id)).await })
    }),
    ("search, part of an id", 3, |backend, _| page(backend, None, None, Some("1b3d5f7"))),
    ("search, nothing", 5, |backend, _| page(backend, None, None, Some("no such text"))),
    ("search, every run", 1, |backend, _| page(backend, None, None, Some("shipped"))),
    ("search, two characters", 1, |backend, _| page(backend, None, None, Some("zq"))),
    ("get-statistics", 10, |backend, _| {
        Box::pin(async move { on!(backend.run_store().get_statistics()) })
    }),
    ("timeseries, 90 days by hour", 3, |backend, _| {
        series(backend, RunTimeseriesGranularity::Hour, None)
    }),
    ("timeseries, 90 days by day", 3, |backend, _| {
        series(backend, RunTimeseriesGranularity::Day, None)
    }),
    ("timeseries of a flow, by hour", 3, |backend, _| {
        series(backend, RunTimeseriesGranularity::Hour, a_flow())
    }),
    ("get-active-runs", 3, |backend, _| {
        Box::pin(async move { on!(backend.run_store().get_active_runs()) })
    }),
    ("get-derived-runs", 20, |backend, id| {
        Box::pin(async move { on!(backend.run_store().get_derived_runs(id)) })
    }),
];

fn page(
    backend: Arc<dyn Backend>,
    flow: Option<FlowId>,
    status: Option<RunStatus>,
    search: Option<&str>,
) -> Called {
    let search = search.map(str::to_owned);
    Box::pin(async move {
        let page = Page::default();
        on!(backend.run_store().get_runs_page(flow, status, page, search.as_deref()))
    })
}

fn series(
    backend: Arc<dyn Backend>,
    granularity: RunTimeseriesGranularity,
    flow: Option<FlowId>,
) -> Called {
    Box::pin(async move {
        let now = Utc::now();
        let since = now - TimeDelta::days(90);
        on!(backend.run_store().get_run_timeseries(granularity, since, now, flow))
    })
}

fn a_flow() -> Option<FlowId> {
    Some(FlowId(Uuid::from_u64_pair(0, 7)))
}

pub(crate) fn a_run(run_id: RunId) -> StartRun {
    StartRun {
        flow_id: FlowId::default(),
        flow_name: "Flow 0".to_owned(),
        run_id,
        trigger_key: "manual".to_owned(),
        trigger_data_json: Some("{\"order\":0}".to_owned()),
        job_id: Some("job".to_owned()),
        source_run_id: None,
    }
}

/// The ids of runs that no other measure has.
pub(crate) fn new_ids() -> impl Fn(u64) -> RunId {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let high = since.as_nanos() as u64;
    move |number| RunId(Uuid::from_u64_pair(high.wrapping_mul(0x9e37_79b9_7f4a_7c15), number))
}

pub(crate) fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied().unwrap_or_default()
}

/// Measures every call beside the history that is there, cleanup last.
///
/// # Errors
///
/// The first that a call answers.
pub async fn measure(subject: &Subject) -> Result<Vec<Measured>, Unfit> {
    let backend = subject.open().await?;
    let ids = new_ids();
    let mut measured = Vec::new();
    for (name, times, call) in LIFE.into_iter().chain(READS) {
        let mut durations = Vec::new();
        for number in 0..times {
            let began = Instant::now();
            call(Arc::clone(&backend), ids(number)).await?;
            durations.push(began.elapsed());
        }
        measured.push(Measured { name, took: median(durations), used: String::new() });
    }
    measured.extend(clean_up(&backend, &ids).await?);
    drop(backend);
    let cleanup: Entry = ("cleanup", 0, |backend, _| {
        Box::pin(async move { on!(backend.retention_store().cleanup(cutoff())) })
    });
    for (name, _, call) in LIFE.into_iter().chain(READS).chain([cleanup]) {
        let used = subject.used(|backend| call(backend, ids(1 << 40))).await?;
        if let Some(measured) = measured.iter_mut().find(|measured| measured.name == name) {
            measured.used = used;
        }
    }
    Ok(measured)
}

/// How long to claim after a cleanup at the most: enough to meet what the disk does now and then.
const ALONE: Duration = Duration::from_secs(10);

/// About a tenth of the history is older.
fn cutoff() -> plimsoll_contract::Instant {
    Utc::now() - TimeDelta::hours(DAYS * 24 * 9 / 10)
}

/// Removes the oldest runs, and claims steps meanwhile; then claims as long without it.
async fn clean_up(
    backend: &Arc<dyn Backend>,
    ids: &impl Fn(u64) -> RunId,
) -> Result<Vec<Measured>, Unfit> {
    let began = Instant::now();
    let cleaning = tokio::spawn({
        let backend = Arc::clone(backend);
        async move {
            on!(backend.retention_store().cleanup(cutoff()))?;
            Ok::<_, CallError>(began.elapsed())
        }
    });
    let meanwhile = claim(backend, |number| ids((1 << 41) + number), || cleaning.is_finished());
    let meanwhile = meanwhile.await?;
    let took = match cleaning.await {
        Ok(took) => took?,
        Err(_) => Duration::ZERO,
    };
    let (began, limit) = (Instant::now(), took.min(ALONE));
    let alone = claim(backend, |number| ids((1 << 42) + number), || began.elapsed() > limit);
    let alone = alone.await?;
    let slowest = |claims: &[Duration]| claims.iter().max().copied().unwrap_or_default();
    let named = |name, took| Measured { name, took, used: String::new() };
    Ok(vec![
        named("cleanup", took),
        named("try-claim-step meanwhile, slowest", slowest(&meanwhile)),
        named("try-claim-step meanwhile, median", median(meanwhile)),
        named("try-claim-step after it, slowest", slowest(&alone)),
        named("try-claim-step after it, median", median(alone)),
    ])
}

/// Claims steps, one after the other, until it is over; how long each took.
async fn claim(
    backend: &Arc<dyn Backend>,
    ids: impl Fn(u64) -> RunId,
    is_over: impl Fn() -> bool,
) -> Result<Vec<Duration>, CallError> {
    let mut claims = Vec::new();
    while !is_over() {
        let began = Instant::now();
        let id = ids(claims.len() as u64);
        on!(backend.run_runtime_store().try_claim_step(id, "step"))?;
        claims.push(began.elapsed());
    }
    Ok(claims)
}
