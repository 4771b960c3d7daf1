//! The hand-written half of the border: the contract's types to the WIT's and back. Every record
//! is taken apart field by field, so a field that one side adds does not compile until it is here.

use chrono::DateTime;
use plimsoll_contract::{
    DashboardStatistics, Description, Error, FlowDefinition, FlowEvent, FlowEventRecord,
    FlowHandle, FlowId, FlowRun, FlowRunDetail, FlowRunPage, FlowStep, FlowStepAttempt, Instant,
    OpenConfig, Page, RunControl, RunId, RunStatus, RunTimeseriesBucket, RunTimeseriesGranularity,
    ScheduleState, SignalDelivery, SignalDeliveryResult, SignalWaiter, StateLocation, StepStatus,
    WebhookRejection, WebhookRejectionPage, WebhookRejectionQuery,
};
use thiserror::Error as ThisError;
use uuid::Uuid;

use crate::bindings::exports::flow::storage::backend;
use crate::bindings::flow::storage::types as wit;

/// A guest's answer that the contract's types cannot express.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error(
    "the answer has an instant of {seconds} seconds and {nanoseconds} nanoseconds, which is none"
)]
pub(crate) struct BadAnswer {
    seconds: i64,
    nanoseconds: u32,
}

/// Into what a guest takes.
pub(crate) trait ToWit {
    type Wit;
    fn to_wit(&self) -> Self::Wit;
}

/// From what a guest answers.
pub(crate) trait FromWit<W>: Sized {
    fn from_wit(value: W) -> Result<Self, BadAnswer>;
}

macro_rules! same_type {
    ($($type:ty)*) => {
        $(impl FromWit<$type> for $type {
            fn from_wit(value: $type) -> Result<Self, BadAnswer> {
                Ok(value)
            }
        })*
    };
}

same_type!(() bool u64 String);

impl<W, T: FromWit<W>> FromWit<Option<W>> for Option<T> {
    fn from_wit(value: Option<W>) -> Result<Self, BadAnswer> {
        value.map(T::from_wit).transpose()
    }
}

impl<W, T: FromWit<W>> FromWit<Vec<W>> for Vec<T> {
    fn from_wit(value: Vec<W>) -> Result<Self, BadAnswer> {
        value.into_iter().map(T::from_wit).collect()
    }
}

impl<W, T: FromWit<W>> FromWit<(String, W)> for (String, T) {
    fn from_wit((key, value): (String, W)) -> Result<Self, BadAnswer> {
        Ok((key, T::from_wit(value)?))
    }
}

impl ToWit for Uuid {
    type Wit = wit::Uuid;

    fn to_wit(&self) -> wit::Uuid {
        let (high, low) = self.as_u64_pair();
        wit::Uuid { high, low }
    }
}

fn uuid(wit::Uuid { high, low }: wit::Uuid) -> Uuid {
    Uuid::from_u64_pair(high, low)
}

impl ToWit for RunId {
    type Wit = wit::Uuid;

    fn to_wit(&self) -> wit::Uuid {
        self.0.to_wit()
    }
}

impl ToWit for FlowId {
    type Wit = wit::Uuid;

    fn to_wit(&self) -> wit::Uuid {
        self.0.to_wit()
    }
}

impl FromWit<wit::Uuid> for RunId {
    fn from_wit(value: wit::Uuid) -> Result<Self, BadAnswer> {
        Ok(Self(uuid(value)))
    }
}

impl FromWit<wit::Uuid> for FlowId {
    fn from_wit(value: wit::Uuid) -> Result<Self, BadAnswer> {
        Ok(Self(uuid(value)))
    }
}

impl<T: ToWit> ToWit for Option<T> {
    type Wit = Option<T::Wit>;

    fn to_wit(&self) -> Self::Wit {
        self.as_ref().map(ToWit::to_wit)
    }
}

impl ToWit for Instant {
    type Wit = wit::Instant;

    fn to_wit(&self) -> wit::Instant {
        wit::Instant { seconds: self.timestamp(), nanoseconds: self.timestamp_subsec_nanos() }
    }
}

impl FromWit<wit::Instant> for Instant {
    fn from_wit(wit::Instant { seconds, nanoseconds }: wit::Instant) -> Result<Self, BadAnswer> {
        let whole = (nanoseconds < 1_000_000_000).then_some(nanoseconds);
        let instant = whole.and_then(|whole| DateTime::from_timestamp(seconds, whole));
        instant.ok_or(BadAnswer { seconds, nanoseconds })
    }
}

impl ToWit for Page {
    type Wit = wit::Page;

    fn to_wit(&self) -> wit::Page {
        let Self { skip, take } = *self;
        wit::Page { skip, take }
    }
}

impl From<wit::Error> for Error {
    fn from(error: wit::Error) -> Self {
        match error {
            wit::Error::NotFound => Self::NotFound,
            wit::Error::AlreadyExists => Self::AlreadyExists,
            wit::Error::InvalidArgument(message) => Self::InvalidArgument(message),
            wit::Error::Unsupported => Self::Unsupported,
            wit::Error::Unavailable(message) => Self::Unavailable(message),
            wit::Error::Other(message) => Self::Other(message),
        }
    }
}

/// Enumerations with the same cases on both sides.
macro_rules! same_cases {
    ($type:ident: $($case:ident)*) => {
        impl ToWit for $type {
            type Wit = wit::$type;

            fn to_wit(&self) -> wit::$type {
                match self {
                    $(Self::$case => wit::$type::$case,)*
                }
            }
        }

        impl FromWit<wit::$type> for $type {
            fn from_wit(value: wit::$type) -> Result<Self, BadAnswer> {
                Ok(match value {
                    $(wit::$type::$case => Self::$case,)*
                })
            }
        }
    };
}

same_cases!(RunStatus: Running Succeeded Failed Cancelled TimedOut Skipped);
same_cases!(StepStatus: Pending Running Succeeded Failed Skipped);
same_cases!(RunTimeseriesGranularity: Hour Day);

/// Records with the same fields on both sides: `=` marks those that are the same type, the others
/// are converted.
macro_rules! from_record {
    ($type:ident { $($same:ident)* ; $($converted:ident)* }) => {
        impl FromWit<wit::$type> for $type {
            fn from_wit(value: wit::$type) -> Result<Self, BadAnswer> {
                let wit::$type { $($same,)* $($converted,)* } = value;
                Ok(Self { $($same,)* $($converted: FromWit::from_wit($converted)?,)* })
            }
        }
    };
}

/// The way back, for records that functions take.
macro_rules! to_record {
    ($type:ident { $($same:ident)* ; $($converted:ident)* }) => {
        impl ToWit for $type {
            type Wit = wit::$type;

            fn to_wit(&self) -> wit::$type {
                let Self { $($same,)* $($converted,)* } = self.clone();
                wit::$type { $($same,)* $($converted: $converted.to_wit(),)* }
            }
        }
    };
}

from_record!(FlowDefinition { name version manifest_json is_enabled; id created_at updated_at });
to_record!(FlowDefinition { name version manifest_json is_enabled; id created_at updated_at });
from_record!(FlowHandle { name version manifest_json; id });
to_record!(FlowHandle { name version manifest_json; id });
from_record!(FlowRun {
    flow_name trigger_key trigger_data_json background_job_id;
    id flow_id status started_at completed_at source_run_id
});
from_record!(FlowStep {
    step_key step_type input_json output_json error_message job_id evaluation_trace_json;
    run_id status started_at completed_at attempts
});
from_record!(FlowStepAttempt {
    attempt step_type input_json output_json error_message job_id evaluation_trace_json;
    status started_at completed_at
});
from_record!(FlowRunDetail { ; run steps });
from_record!(FlowRunPage { total_count; items });
from_record!(DashboardStatistics { total_flows active_runs completed_today failed_today; });
from_record!(RunTimeseriesBucket {
    total succeeded failed cancelled running p50_duration_ms p95_duration_ms;
    timestamp
});
from_record!(RunControl {
    trigger_key idempotency_key cancel_requested cancel_reason;
    run_id flow_id created_at timeout_at cancel_requested_at timed_out_at
});
from_record!(SignalWaiter {
    step_key signal_name payload_json;
    run_id created_at expires_at delivered_at
});
from_record!(SignalDelivery { step_key; delivered_at });
from_record!(ScheduleState {
    job_id flow_name trigger_key is_paused cron_override;
    flow_id updated_at
});
to_record!(ScheduleState {
    job_id flow_name trigger_key is_paused cron_override;
    flow_id updated_at
});
from_record!(WebhookRejection {
    id trigger_key remote_ip reason status_code body_bytes body_truncated headers_json scheme
    processing_ms is_accepted;
    flow_id received_at
});
to_record!(WebhookRejection {
    id trigger_key remote_ip reason status_code body_bytes body_truncated headers_json scheme
    processing_ms is_accepted;
    flow_id received_at
});
to_record!(WebhookRejectionQuery {
    reason search include_accepted include_rejected;
    flow_id page
});
from_record!(WebhookRejectionPage { total_count; items });

impl ToWit for FlowEvent {
    type Wit = wit::FlowEvent;

    fn to_wit(&self) -> wit::FlowEvent {
        let Self { timestamp, event_type, step_key, message } = self.clone();
        wit::FlowEvent { timestamp: timestamp.to_wit(), type_: event_type, step_key, message }
    }
}

impl FromWit<wit::FlowEventRecord> for FlowEventRecord {
    fn from_wit(value: wit::FlowEventRecord) -> Result<Self, BadAnswer> {
        let wit::FlowEventRecord { sequence, run_id, timestamp, type_, step_key, message } = value;
        Ok(Self {
            sequence,
            run_id: FromWit::from_wit(run_id)?,
            timestamp: FromWit::from_wit(timestamp)?,
            event_type: type_,
            step_key,
            message,
        })
    }
}

impl FromWit<wit::SignalDeliveryResult> for SignalDeliveryResult {
    fn from_wit(value: wit::SignalDeliveryResult) -> Result<Self, BadAnswer> {
        use wit::SignalDeliveryResult as Wit;
        Ok(match value {
            Wit::Delivered(delivery) => Self::Delivered(FromWit::from_wit(delivery)?),
            Wit::NotFound => Self::NotFound,
            Wit::AlreadyDelivered(delivery) => Self::AlreadyDelivered(FromWit::from_wit(delivery)?),
        })
    }
}

impl ToWit for OpenConfig {
    type Wit = backend::OpenConfig;

    fn to_wit(&self) -> backend::OpenConfig {
        let Self { namespace, settings, registered_flows } = self.clone();
        let registered_flows = registered_flows.iter().map(ToWit::to_wit).collect();
        backend::OpenConfig { namespace, settings, registered_flows }
    }
}

impl FromWit<backend::Description> for Description {
    fn from_wit(value: backend::Description) -> Result<Self, BadAnswer> {
        let backend::Description { name, version, state, durable } = value;
        let state = match state {
            backend::StateLocation::Instance => StateLocation::Instance,
            backend::StateLocation::Shared => StateLocation::Shared,
        };
        Ok(Self { name, version, state, durable })
    }
}
