use chrono::TimeDelta;
use plimsoll_contract::{
    Answer, Instant, RunStatus, RunTimeseriesBucket, RunTimeseriesGranularity, timeseries,
};

use crate::{from_micros, keep};

const LESS_THAN_A_MICRO: TimeDelta = TimeDelta::nanoseconds(999);

/// What `get-run-timeseries` was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    granularity: RunTimeseriesGranularity,
    since: Instant,
    until: Instant,
}

impl Window {
    /// Checks the arguments, before anything is fetched.
    ///
    /// # Errors
    ///
    /// `invalid-argument` for more than 10,000 buckets (RUN-54), and as [`keep`].
    pub fn new(
        granularity: RunTimeseriesGranularity,
        since: Instant,
        until: Instant,
    ) -> Answer<Self> {
        keep(since)?;
        keep(until)?;
        timeseries::aggregate_rows([], granularity, since, until)?;
        Ok(Self { granularity, since, until })
    }

    /// The bounds of `started-at` to fetch, the second one left out: at least the window, to the
    /// microsecond.
    ///
    /// # Errors
    ///
    /// `other` if a bound is no instant, which none in these years is.
    pub fn bounds(&self) -> Answer<(Instant, Instant)> {
        let last = self.until + LESS_THAN_A_MICRO;
        Ok((from_micros(self.since.timestamp_micros())?, from_micros(last.timestamp_micros())?))
    }

    /// The bounds of `started-at`, the second one left out, for a database that keeps microseconds:
    /// a run is in the window exactly if it is within them.
    ///
    /// # Errors
    ///
    /// As [`Window::bounds`].
    pub fn exact_bounds(&self) -> Answer<(Instant, Instant)> {
        let up = |instant: Instant| from_micros((instant + LESS_THAN_A_MICRO).timestamp_micros());
        Ok((up(self.since)?, up(self.until)?))
    }

    /// Where the first bucket begins, in microseconds since 1970, and how wide each is.
    #[must_use]
    pub fn first_bucket(&self) -> (i64, i64) {
        let width = match self.granularity {
            RunTimeseriesGranularity::Hour => 3_600_000_000,
            RunTimeseriesGranularity::Day => 86_400_000_000,
        };
        (self.since.timestamp_micros().div_euclid(width) * width, width)
    }

    /// The buckets, from `started-at`, `completed-at` and status of the runs within the bounds.
    ///
    /// # Errors
    ///
    /// None that [`Window::new`] has not answered.
    pub fn buckets(
        &self,
        runs: impl IntoIterator<Item = (Instant, Option<Instant>, RunStatus)>,
    ) -> Answer<Vec<RunTimeseriesBucket>> {
        timeseries::aggregate_rows(runs, self.granularity, self.since, self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_no_narrower_than_the_window() {
        let at = |text: &str| text.parse::<Instant>().unwrap();
        let (since, until) =
            (at("2026-01-01T00:00:00.0000015Z"), at("2026-01-01T01:00:00.0000015Z"));
        let window = Window::new(RunTimeseriesGranularity::Hour, since, until).unwrap();
        let (first, last) = window.bounds().unwrap();
        assert_eq!(first, at("2026-01-01T00:00:00.000001Z"));
        assert_eq!(last, at("2026-01-01T01:00:00.000002Z"));
        let run = |started_at| (started_at, None, RunStatus::Running);
        let buckets = window.buckets([run(first), run(at("2026-01-01T01:00:00.000001Z"))]).unwrap();
        assert_eq!(buckets.iter().map(|bucket| bucket.total).collect::<Vec<_>>(), [0, 1]);
    }
}
