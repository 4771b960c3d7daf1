use std::fmt;

use plimsoll_contract::{
    DashboardStatistics, FlowDefinition, FlowEventRecord, FlowHandle, FlowRun, FlowRunDetail,
    FlowRunPage, RunControl, RunId, RunStatus, RunTimeseriesBucket, ScheduleState,
    SignalDeliveryResult, SignalWaiter, StepStatus, WebhookRejection, WebhookRejectionPage,
};

macro_rules! values {
    ($($name:ident: $type:ty,)*) => {
        /// What a function of the contract answers: one case for each type.
        #[derive(Clone, PartialEq)]
        pub(crate) enum Value {
            $($name($type),)*
        }

        impl fmt::Debug for Value {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name(value) => value.fmt(f),)*
                }
            }
        }

        $(impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$name(value)
            }
        })*
    };
}

values! {
    Nothing: (),
    Bool: bool,
    Count: u64,
    Text: Option<String>,
    Texts: Vec<String>,
    Headers: Option<Vec<(String, String)>>,
    Definition: FlowDefinition,
    Found: Option<FlowDefinition>,
    Definitions: Vec<FlowDefinition>,
    Handles: Vec<FlowHandle>,
    Run: FlowRun,
    Runs: Vec<FlowRun>,
    RunPage: FlowRunPage,
    Detail: Option<FlowRunDetail>,
    Statistics: DashboardStatistics,
    Buckets: Vec<RunTimeseriesBucket>,
    Statuses: Vec<(String, StepStatus)>,
    Status: Option<RunStatus>,
    Control: Option<RunControl>,
    RunId: Option<RunId>,
    Events: Vec<FlowEventRecord>,
    Delivery: SignalDeliveryResult,
    Waiter: Option<SignalWaiter>,
    Schedule: Option<ScheduleState>,
    Schedules: Vec<ScheduleState>,
    Rows: Vec<WebhookRejection>,
    RowPage: WebhookRejectionPage,
    Counts: Vec<(String, u64)>,
}

impl Value {
    /// Which of the ways to answer this is: what a test of coverage counts.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Nothing(()) | Self::Definition(_) | Self::Run(_) => "ok",
            Self::Bool(yes) => pick(*yes, "true", "false"),
            Self::Count(count) => pick(*count > 0, "some", "none"),
            Self::Statistics(numbers) => {
                pick(*numbers == DashboardStatistics::default(), "none", "some")
            }
            Self::Delivery(SignalDeliveryResult::Delivered(_)) => "delivered",
            Self::Delivery(SignalDeliveryResult::NotFound) => "not-found",
            Self::Delivery(SignalDeliveryResult::AlreadyDelivered(_)) => "already-delivered",
            _ => pick(self.is_empty(), "none", "some"),
        }
    }

    /// Whether it says that there is nothing.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Texts(items) => items.is_empty(),
            Self::Definitions(items) => items.is_empty(),
            Self::Handles(items) => items.is_empty(),
            Self::Runs(items) => items.is_empty(),
            Self::RunPage(page) => page.items.is_empty(),
            Self::Buckets(items) => items.is_empty(),
            Self::Statuses(items) => items.is_empty(),
            Self::Events(items) => items.is_empty(),
            Self::Schedules(items) => items.is_empty(),
            Self::Rows(items) => items.is_empty(),
            Self::RowPage(page) => page.items.is_empty(),
            Self::Counts(items) => items.is_empty(),
            Self::Text(value) => value.is_none(),
            Self::Headers(value) => value.is_none(),
            Self::Found(value) => value.is_none(),
            Self::Detail(value) => value.is_none(),
            Self::Status(value) => value.is_none(),
            Self::Control(value) => value.is_none(),
            Self::RunId(value) => value.is_none(),
            Self::Waiter(value) => value.is_none(),
            Self::Schedule(value) => value.is_none(),
            _ => false,
        }
    }
}

fn pick(condition: bool, yes: &'static str, no: &'static str) -> &'static str {
    if condition { yes } else { no }
}
