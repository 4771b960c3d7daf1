//! Calls every exported function once, with harmless arguments. A call that the backend does not
//! survive is the last.

use std::sync::LazyLock;
use std::time::Duration;

use plimsoll_contract::{
    Backend, CallError, FlowDefinition, FlowEvent, FlowId, Instant, Page, RunId, RunStatus,
    RunTimeseriesGranularity, ScheduleState, StartRun, StepStatus, WebhookRejection,
    WebhookRejectionQuery, for_each_function,
};

use crate::trial::START;

/// How one function ended: its name, and its error if it had one.
pub(super) type Ended = (String, Option<CallError>);

/// A harmless argument.
trait Sample {
    fn sample() -> Self;
}

macro_rules! samples {
    ($($type:ty = $value:expr;)*) => {
        $(impl Sample for $type {
            fn sample() -> Self {
                $value
            }
        })*
    };
}

samples! {
    bool = true;
    &str = "sample";
    Duration = Duration::from_secs(60);
    FlowId = FlowId::default();
    Instant = START;
    Page = Page::default();
    RunId = RunId::default();
    RunStatus = RunStatus::Succeeded;
    RunTimeseriesGranularity = RunTimeseriesGranularity::Hour;
    StepStatus = StepStatus::Succeeded;
    &[String] = &[];
    &[(String, String)] = &[];
    &FlowDefinition = &DEFINITION;
    &FlowEvent = &EVENT;
    &ScheduleState = &SCHEDULE;
    &StartRun = &START_RUN;
    &WebhookRejection = &REJECTION;
    &WebhookRejectionQuery = &QUERY;
}

impl<T> Sample for Option<T> {
    fn sample() -> Self {
        None
    }
}

static QUERY: LazyLock<WebhookRejectionQuery> = LazyLock::new(WebhookRejectionQuery::default);

static DEFINITION: LazyLock<FlowDefinition> = LazyLock::new(|| FlowDefinition {
    id: FlowId::default(),
    name: "sample".to_owned(),
    version: "1.0".to_owned(),
    manifest_json: None,
    is_enabled: true,
    created_at: START,
    updated_at: START,
});

static EVENT: LazyLock<FlowEvent> = LazyLock::new(|| FlowEvent {
    timestamp: START,
    event_type: "step.started".to_owned(),
    step_key: None,
    message: None,
});

static SCHEDULE: LazyLock<ScheduleState> = LazyLock::new(|| ScheduleState {
    job_id: "sample".to_owned(),
    flow_id: FlowId::default(),
    flow_name: "sample".to_owned(),
    trigger_key: "sample".to_owned(),
    is_paused: false,
    cron_override: None,
    updated_at: START,
});

static START_RUN: LazyLock<StartRun> = LazyLock::new(|| StartRun {
    flow_id: FlowId::default(),
    flow_name: "sample".to_owned(),
    run_id: RunId::default(),
    trigger_key: "sample".to_owned(),
    trigger_data_json: None,
    job_id: None,
    source_run_id: None,
});

static REJECTION: LazyLock<WebhookRejection> = LazyLock::new(|| WebhookRejection {
    id: 0,
    flow_id: None,
    trigger_key: None,
    received_at: START,
    remote_ip: None,
    reason: "sample".to_owned(),
    status_code: 401,
    body_bytes: 0,
    body_truncated: None,
    headers_json: None,
    scheme: None,
    processing_ms: None,
    is_accepted: false,
});

macro_rules! call_each {
    ($($interface:ident $accessor:ident $wit:literal {
        $($method:ident $function:literal ($($argument:ident: $type:ty),*) -> $value:ty;)*
    })*) => {
        pub(super) async fn call(backend: &dyn Backend) -> Vec<Ended> {
            let mut ended = Vec::new();
            $(if let Some(interface) = backend.$accessor() {
                $(let outcome = interface.$method($(<$type as Sample>::sample()),*).await;
                let interrupted = matches!(outcome, Err(CallError::Interrupted(_)));
                ended.push((concat!($wit, ".", $function).to_owned(), outcome.err()));
                if interrupted {
                    return ended;
                })*
            })*
            ended
        }
    };
}

for_each_function!(call_each);
