//! Arguments from bytes: often a few that meet again, sometimes anything that the type can hold.

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use chrono::DateTime;
use plimsoll_contract::{
    FlowDefinition, FlowEvent, FlowHandle, FlowId, Instant, Page, RunId, RunStatus,
    RunTimeseriesGranularity, ScheduleState, StartRun, StepStatus, WebhookRejection,
    WebhookRejectionQuery,
};
use uuid::Uuid;

/// Most lists and texts are short; the longest repeats what was drawn.
const LONGEST: usize = 70_000;

/// What can be drawn.
pub(crate) trait Draw: Sized {
    fn draw(u: &mut Unstructured<'_>) -> Result<Self>;
}

macro_rules! arbitrary_ones {
    ($($type:ty),*) => {$(
        impl Draw for $type {
            fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
                u.arbitrary()
            }
        }
    )*};
}

arbitrary_ones!(bool, u16, u32, u64, i64, f64, Duration);

impl Draw for String {
    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        const KEYS: [&str; 8] =
            ["a", "A", "a.0.b", "a.1", "{}", "prerequisite_not_satisfied", "", "%_\\["];
        Ok(match u.int_in_range(0..=9)? {
            0 => u.arbitrary()?,
            1 => {
                let text: String = u.arbitrary()?;
                let times = LONGEST / text.len().max(1);
                text.repeat(times.min(u.int_in_range(0..=LONGEST)?))
            }
            _ => (*u.choose(&KEYS)?).to_owned(),
        })
    }
}

impl<T: Draw> Draw for Option<T> {
    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        u.arbitrary::<bool>()?.then(|| T::draw(u)).transpose()
    }
}

impl<T: Draw> Draw for Vec<T> {
    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        let length = u.int_in_range(0..=5)?;
        (0..length).map(|_| T::draw(u)).collect()
    }
}

impl Draw for (String, String) {
    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        Ok((String::draw(u)?, String::draw(u)?))
    }
}

/// Mostly one of a few.
fn id(u: &mut Unstructured<'_>) -> Result<Uuid> {
    let number = u.arbitrary::<u8>()?;
    Ok(if number < 250 {
        Uuid::from_u128((number % 4).into())
    } else {
        u.arbitrary::<u128>().map(Uuid::from_u128)?
    })
}

impl Draw for FlowId {
    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        id(u).map(Self)
    }
}

impl Draw for RunId {
    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        id(u).map(Self)
    }
}

impl Draw for Instant {
    /// As far as the calendar goes, leap seconds included.
    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        let seconds = match u.int_in_range(0..=3)? {
            0 => u.arbitrary()?,
            _ => u.int_in_range(-100_000..=4_000_000_000)?,
        };
        let nanoseconds = u.int_in_range(0..=1_999_999_999)?;
        let instant = DateTime::from_timestamp(seconds, nanoseconds);
        Ok(instant.or_else(|| DateTime::from_timestamp(seconds, 0)).unwrap_or(Self::MAX_UTC))
    }
}

impl Draw for Page {
    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        let skip = if u.arbitrary()? { 0 } else { u.arbitrary()? };
        Ok(Self { skip, take: Option::draw(u)? })
    }
}

macro_rules! chosen {
    ($($type:ident: $($case:ident)*;)*) => {$(
        impl Draw for $type {
            fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
                u.choose(&[$(Self::$case),*]).copied()
            }
        }
    )*};
}

chosen! {
    RunStatus: Running Succeeded Failed Cancelled TimedOut Skipped;
    StepStatus: Pending Running Succeeded Failed Skipped;
    RunTimeseriesGranularity: Hour Day;
}

macro_rules! records {
    ($($type:ident { $($field:ident)* })*) => {$(
        impl Draw for $type {
            fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
                Ok(Self { $($field: Draw::draw(u)?),* })
            }
        }
    )*};
}

records! {
    FlowDefinition { id name version manifest_json is_enabled created_at updated_at }
    FlowHandle { id name version manifest_json }
    StartRun { flow_id flow_name run_id trigger_key trigger_data_json job_id source_run_id }
    ScheduleState { job_id flow_id flow_name trigger_key is_paused cron_override updated_at }
    FlowEvent { timestamp event_type step_key message }
    WebhookRejection {
        id flow_id trigger_key received_at remote_ip reason status_code body_bytes body_truncated
        headers_json scheme processing_ms is_accepted
    }
    WebhookRejectionQuery { flow_id reason search include_accepted include_rejected page }
}
