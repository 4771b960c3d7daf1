//! The timeseries as the clauses spell it, one bucket after the other; written apart from the
//! library that backends use, so that each can show the other wrong.

use chrono::TimeDelta;
use plimsoll_contract::{
    Answer, Error, FlowRun, Instant, RunStatus, RunTimeseriesBucket, RunTimeseriesGranularity,
};

const MAX_BUCKETS: i64 = 10_000;

/// RUN-46 to 55.
pub(crate) fn buckets(
    runs: &[FlowRun],
    granularity: RunTimeseriesGranularity,
    since: Instant,
    until: Instant,
) -> Answer<Vec<RunTimeseriesBucket>> {
    if since >= until {
        return Ok(Vec::new());
    }
    let width = match granularity {
        RunTimeseriesGranularity::Hour => TimeDelta::hours(1),
        RunTimeseriesGranularity::Day => TimeDelta::days(1),
    };
    let too_long = || Error::InvalidArgument(format!("more than {MAX_BUCKETS} buckets"));
    let mut start = floor(since, width).ok_or_else(too_long)?;
    if (until - start).num_seconds() / width.num_seconds() > MAX_BUCKETS {
        return Err(too_long());
    }
    let mut buckets = Vec::new();
    while start < until {
        let end = start.checked_add_signed(width).ok_or_else(too_long)?;
        let in_bucket = |run: &&FlowRun| {
            let at = run.started_at;
            start <= at && at < end && since <= at && at < until
        };
        buckets.push(bucket(start, &runs.iter().filter(in_bucket).collect::<Vec<_>>()));
        start = end;
    }
    if buckets.len() as i64 > MAX_BUCKETS {
        return Err(too_long());
    }
    Ok(buckets)
}

/// Rounds towards the past; none before the earliest instant that chrono has.
fn floor(instant: Instant, width: TimeDelta) -> Option<Instant> {
    let seconds = instant.timestamp().rem_euclid(width.num_seconds());
    let nanoseconds = i64::from(instant.timestamp_subsec_nanos());
    instant.checked_sub_signed(TimeDelta::seconds(seconds) + TimeDelta::nanoseconds(nanoseconds))
}

fn bucket(timestamp: Instant, runs: &[&FlowRun]) -> RunTimeseriesBucket {
    let count = |status| runs.iter().filter(|run| run.status == status).count() as u64;
    let ended = runs.iter().filter(|run| run.status != RunStatus::Running);
    let mut durations: Vec<f64> = ended.filter_map(|run| duration_ms(run)).collect();
    durations.sort_by(f64::total_cmp);
    RunTimeseriesBucket {
        timestamp,
        total: runs.len() as u64,
        succeeded: count(RunStatus::Succeeded),
        failed: count(RunStatus::Failed),
        cancelled: count(RunStatus::Cancelled),
        running: count(RunStatus::Running),
        p50_duration_ms: percentile(&durations, 0.50),
        p95_duration_ms: percentile(&durations, 0.95),
    }
}

fn duration_ms(run: &FlowRun) -> Option<f64> {
    let duration = run.completed_at? - run.started_at;
    let nanoseconds = f64::from(duration.subsec_nanos());
    Some(duration.num_seconds() as f64 * 1e3 + nanoseconds / 1e6)
}

/// Hyndman-Fan type 7 on ascending samples.
fn percentile(ascending: &[f64], fraction: f64) -> Option<f64> {
    let last = ascending.len().checked_sub(1)?;
    let rank = last as f64 * fraction;
    let low = rank.floor() as usize;
    let high = rank.ceil() as usize;
    Some(ascending[low] + (ascending[high] - ascending[low]) * (rank - low as f64))
}
