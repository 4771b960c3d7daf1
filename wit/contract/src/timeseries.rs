//! The timeseries library on the contract's own types.

use chrono::DateTime;
use plimsoll_timeseries::{self as timeseries, Bucket};

use crate::{
    Answer, Error, FlowRun, Instant, RunStatus, RunTimeseriesBucket, RunTimeseriesGranularity,
};

/// Answers `get-run-timeseries` from the runs that a backend has: those of the flow that was
/// asked for; runs outside the window are left out here.
///
/// # Errors
///
/// `invalid-argument` for a window of more than 10,000 buckets (RUN-54).
pub fn aggregate<'a>(
    runs: impl IntoIterator<Item = &'a FlowRun>,
    granularity: RunTimeseriesGranularity,
    since: Instant,
    until: Instant,
) -> Answer<Vec<RunTimeseriesBucket>> {
    let rows = runs.into_iter().map(|run| (run.started_at, run.completed_at, run.status));
    aggregate_rows(rows, granularity, since, until)
}

/// [`aggregate`], for a backend that fetched no more of a run than `started-at`, `completed-at`
/// and its status.
///
/// # Errors
///
/// `invalid-argument` for a window of more than 10,000 buckets (RUN-54).
pub fn aggregate_rows(
    rows: impl IntoIterator<Item = (Instant, Option<Instant>, RunStatus)>,
    granularity: RunTimeseriesGranularity,
    since: Instant,
    until: Instant,
) -> Answer<Vec<RunTimeseriesBucket>> {
    let runs = rows.into_iter().map(row);
    let buckets =
        timeseries::aggregate(runs, granularity.into(), to_library(since), to_library(until))
            .map_err(|error| Error::InvalidArgument(error.to_string()))?;
    Ok(buckets.iter().map(from_library).collect())
}

fn row(
    (started_at, completed_at, status): (Instant, Option<Instant>, RunStatus),
) -> timeseries::Run {
    timeseries::Run {
        started_at: to_library(started_at),
        completed_at: completed_at.map(to_library),
        status: status.into(),
    }
}

fn to_library(instant: Instant) -> timeseries::Instant {
    timeseries::Instant::new(instant.timestamp(), instant.timestamp_subsec_nanos())
}

fn from_library(bucket: &Bucket) -> RunTimeseriesBucket {
    RunTimeseriesBucket {
        // A bucket starts before `since`, which chrono holds; only its very first day does not.
        timestamp: DateTime::from_timestamp(bucket.timestamp.seconds, 0)
            .unwrap_or(Instant::MIN_UTC),
        total: bucket.total,
        succeeded: bucket.succeeded,
        failed: bucket.failed,
        cancelled: bucket.cancelled,
        running: bucket.running,
        p50_duration_ms: bucket.p50_duration_ms,
        p95_duration_ms: bucket.p95_duration_ms,
    }
}
