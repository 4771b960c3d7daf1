use std::fmt;

use crate::{Instant, percentiles};

/// The largest number of buckets that one window may have (clause RUN-54).
pub const MAX_BUCKETS: usize = 10_000;

/// The width of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Granularity {
    /// 3,600 seconds, on the hour, UTC.
    Hour,
    /// 86,400 seconds, from midnight, UTC.
    Day,
}

impl Granularity {
    /// The width in seconds.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}

/// The status of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the contract's and say everything")]
pub enum Status {
    Running,
    Succeeded,
    Failed,
    Cancelled,
    TimedOut,
    Skipped,
}

/// What the aggregator needs to know of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Decides the bucket.
    pub started_at: Instant,
    /// None while the run has not ended.
    pub completed_at: Option<Instant>,
    /// Decides the counter.
    pub status: Status,
}

/// The runs that started in one hour or day.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// The start of the hour or day.
    pub timestamp: Instant,
    /// All runs of the bucket, those that timed out or were skipped included.
    pub total: u64,
    /// Runs that succeeded.
    pub succeeded: u64,
    /// Runs that failed.
    pub failed: u64,
    /// Runs that were cancelled.
    pub cancelled: u64,
    /// Runs that have not ended.
    pub running: u64,
    /// The median duration in milliseconds; none when no run has ended.
    pub p50_duration_ms: Option<f64>,
    /// The 95th percentile of the duration in milliseconds; none when no run has ended.
    pub p95_duration_ms: Option<f64>,
}

/// The window has more than [`MAX_BUCKETS`] buckets: a backend answers `invalid-argument`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyBuckets {
    /// How many buckets the window has.
    pub requested: u128,
}

impl fmt::Display for TooManyBuckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requested } = self;
        write!(
            f,
            "the window has {requested} buckets and {MAX_BUCKETS} are allowed; \
             ask for a shorter window or for days instead of hours"
        )
    }
}

impl std::error::Error for TooManyBuckets {}

/// Counts `runs` by the hour or day in which they started, over the half-open window `since` to
/// `until` (clauses RUN-46 to RUN-54). Runs outside the window are left out, so a caller may pass
/// more than the window holds.
///
/// # Errors
///
/// [`TooManyBuckets`] for a window of more than [`MAX_BUCKETS`]; an empty window never is.
pub fn aggregate(
    runs: impl IntoIterator<Item = Run>,
    granularity: Granularity,
    since: Instant,
    until: Instant,
) -> Result<Vec<Bucket>, TooManyBuckets> {
    if since >= until {
        return Ok(Vec::new());
    }
    let anchor = window_start(since, granularity);
    let mut slots = vec![Slot::default(); count_buckets(anchor, until, granularity)?];
    for run in runs {
        if run.started_at < since || run.started_at >= until {
            continue;
        }
        let offset = i128::from(run.started_at.seconds) - anchor;
        if let Some(slot) = slots.get_mut((offset / i128::from(granularity.seconds())) as usize) {
            slot.add(&run);
        }
    }
    let starts = (anchor..).step_by(granularity.seconds() as usize);
    Ok(starts.zip(slots).map(|(start, slot)| slot.into_bucket(start)).collect())
}

/// The start of the hour or day that holds `instant`, in seconds since 1970, rounded towards the
/// past on both sides of it. It can lie before the smallest i64, hence the width.
#[must_use]
pub fn window_start(instant: Instant, granularity: Granularity) -> i128 {
    let width = i128::from(granularity.seconds());
    i128::from(instant.seconds).div_euclid(width) * width
}

fn count_buckets(
    anchor: i128,
    until: Instant,
    granularity: Granularity,
) -> Result<usize, TooManyBuckets> {
    let width = i128::from(granularity.seconds());
    // A fraction of a second after the boundary opens one more bucket.
    let end = i128::from(until.seconds) + i128::from(until.nanoseconds > 0);
    let requested = (end - anchor).div_euclid(width) + i128::from((end - anchor) % width != 0);
    match usize::try_from(requested) {
        Ok(count) if count <= MAX_BUCKETS => Ok(count),
        _ => Err(TooManyBuckets { requested: requested.unsigned_abs() }),
    }
}

#[derive(Clone, Default)]
struct Slot {
    total: u64,
    succeeded: u64,
    failed: u64,
    cancelled: u64,
    running: u64,
    durations_ms: Vec<f64>,
}

impl Slot {
    fn add(&mut self, run: &Run) {
        self.total += 1;
        match run.status {
            Status::Running => self.running += 1,
            Status::Succeeded => self.succeeded += 1,
            Status::Failed => self.failed += 1,
            Status::Cancelled => self.cancelled += 1,
            Status::TimedOut | Status::Skipped => {}
        }
        if let (Some(completed_at), false) = (run.completed_at, run.status == Status::Running) {
            self.durations_ms.push(completed_at.milliseconds_since(run.started_at));
        }
    }

    fn into_bucket(mut self, start: i128) -> Bucket {
        // Only the first bucket of the earliest possible window starts before the smallest i64.
        let seconds = i64::try_from(start).unwrap_or(i64::MIN);
        let [p50_duration_ms, p95_duration_ms] = percentiles(&mut self.durations_ms, [0.50, 0.95]);
        Bucket {
            timestamp: Instant::new(seconds, 0),
            total: self.total,
            succeeded: self.succeeded,
            failed: self.failed,
            cancelled: self.cancelled,
            running: self.running,
            p50_duration_ms,
            p95_duration_ms,
        }
    }
}
