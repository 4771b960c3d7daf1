//! Runs counted by the hour or day in which they started.

use crate::exports::flow::storage::run_store::{
    Error, FlowRun, Instant, RunStatus, RunTimeseriesBucket, RunTimeseriesGranularity,
};

const MAX_BUCKETS: i128 = 10_000;

/// The buckets from the one that holds `since` to the last that begins before `until`.
pub fn aggregate<'a>(
    runs: impl Iterator<Item = &'a FlowRun>,
    granularity: RunTimeseriesGranularity,
    since: Instant,
    until: Instant,
) -> Result<Vec<RunTimeseriesBucket>, Error> {
    if since >= until {
        return Ok(Vec::new());
    }
    let width = match granularity {
        RunTimeseriesGranularity::Hour => 3_600,
        RunTimeseriesGranularity::Day => 86_400,
    };
    // Wider than the contract's numbers, so that the farthest instants do not overflow.
    let first = i128::from(since.seconds).div_euclid(width) * width;
    // A fraction of a second after the boundary opens one more bucket.
    let end = i128::from(until.seconds) + i128::from(until.nanoseconds > 0);
    let count = (end - first + width - 1).div_euclid(width);
    if count > MAX_BUCKETS {
        return Err(Error::InvalidArgument(format!(
            "{count} buckets are more than {MAX_BUCKETS}"
        )));
    }
    let mut slots: Vec<Vec<&FlowRun>> = vec![Vec::new(); count as usize];
    for run in runs.filter(|run| since <= run.started_at && run.started_at < until) {
        let slot = (i128::from(run.started_at.seconds) - first) / width;
        slots[slot as usize].push(run);
    }
    let starts = (first..).step_by(width as usize);
    Ok(starts
        .zip(slots)
        .map(|(start, runs)| bucket(start, &runs))
        .collect())
}

fn bucket(start: i128, runs: &[&FlowRun]) -> RunTimeseriesBucket {
    let count = |status| runs.iter().filter(|run| run.status == status).count() as u64;
    let ended = runs.iter().filter(|run| run.status != RunStatus::Running);
    let mut durations: Vec<_> = ended
        .filter_map(|run| Some(milliseconds(run.started_at, run.completed_at?)))
        .collect();
    durations.sort_by(f64::total_cmp);
    RunTimeseriesBucket {
        timestamp: Instant {
            seconds: start.max(i64::MIN.into()) as i64,
            nanoseconds: 0,
        },
        total: runs.len() as u64,
        succeeded: count(RunStatus::Succeeded),
        failed: count(RunStatus::Failed),
        cancelled: count(RunStatus::Cancelled),
        running: count(RunStatus::Running),
        p50_duration_ms: percentile(&durations, 0.50),
        p95_duration_ms: percentile(&durations, 0.95),
    }
}

/// From one instant to another, with the fraction.
fn milliseconds(from: Instant, to: Instant) -> f64 {
    let total = |at: Instant| i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanoseconds);
    let nanoseconds = total(to) - total(from);
    (nanoseconds / 1_000_000) as f64 + (nanoseconds % 1_000_000) as f64 / 1e6
}

/// Interpolated linearly between the two nearest ranks; none without a sample.
fn percentile(sorted: &[f64], fraction: f64) -> Option<f64> {
    let rank = sorted.len().checked_sub(1)? as f64 * fraction;
    let (low, high) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
    Some(low + (high - low) * rank.fract())
}
