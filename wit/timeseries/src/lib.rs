//! The timeseries aggregator and the percentile of the contract `flow:storage`, for whoever
//! writes a backend: native or guest, it depends on nothing.
//!
//! ```
//! use plimsoll_timeseries::{Granularity, Instant, Run, Status, aggregate};
//!
//! let started_at = Instant::new(7_200, 0);
//! let run = Run { started_at, completed_at: Some(Instant::new(7_201, 0)), status: Status::Failed };
//! let since = Instant::new(3_600, 0);
//! let until = Instant::new(10_800, 0);
//!
//! let buckets = aggregate([run], Granularity::Hour, since, until)?;
//!
//! assert_eq!(buckets.len(), 2, "the hour without runs is there too");
//! assert_eq!(buckets[0].total, 0);
//! assert_eq!(buckets[1].failed, 1);
//! assert_eq!(buckets[1].p95_duration_ms, Some(1_000.0));
//! # Ok::<(), plimsoll_timeseries::TooManyBuckets>(())
//! ```

mod aggregate;
mod instant;
mod percentile;

pub use aggregate::{
    Bucket, Granularity, MAX_BUCKETS, Run, Status, TooManyBuckets, aggregate, window_start,
};
pub use instant::Instant;
pub use percentile::{percentile, percentiles};
