use chrono::TimeDelta;
use plimsoll_contract::{
    Answer, Error, FlowRun, Instant, RunStatus, RunTimeseriesBucket, RunTimeseriesGranularity,
};
use plimsoll_model::{Model, Spec};

use super::calls::{BreaksSeries, Series, override_run_store};
use crate::Mutant;
use crate::broken::{AsSpecified, in_nanoseconds, keeping, models, run_store};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-store/window-holds-its-end",
        clause: "RUN-46",
        how: "counts a run that starts at `until`",
        dies: &[("run-store/run-at-until-counted", "within an hour likewise")],
        backend: run_store::<HoldsItsEnd>,
    },
    Mutant {
        id: "run-store/window-lacks-its-start",
        clause: "RUN-46",
        how: "does not count a run that starts at `since`",
        dies: &[("run-store/run-at-since-missed", "the first instant of an hour belongs to it")],
        backend: run_store::<LacksItsStart>,
    },
    Mutant {
        id: "run-store/edge-belongs-to-the-bucket-before",
        clause: "RUN-46",
        how: "counts a run that starts with an hour in the hour before",
        dies: &[("run-store/run-at-since-missed", "the first instant of an hour belongs to it")],
        backend: run_store::<EdgeBelongsBefore>,
    },
    Mutant {
        id: "run-store/since-is-rounded-down",
        clause: "RUN-46",
        how: "counts every run of the hour in which the window begins",
        dies: &[("run-store/run-before-unaligned-since-counted", "before `since` does not count")],
        backend: run_store::<SinceIsRoundedDown>,
    },
    Mutant {
        id: "run-store/leaves-empty-buckets-out",
        clause: "RUN-47",
        how: "answers the buckets that have runs",
        dies: &[
            ("run-store/gaps-not-filled", "all six hours"),
            ("run-store/empty-store-has-no-buckets", "three empty days"),
        ],
        backend: run_store::<LeavesEmptyBucketsOut>,
    },
    Mutant {
        id: "run-store/counts-whole-buckets",
        clause: "RUN-47",
        how: "divides the window by the width to get the number of buckets",
        dies: &[("run-store/unaligned-window-misses-bucket", "from minute 45 to minute 75")],
        backend: run_store::<CountsWholeBuckets>,
    },
    Mutant {
        id: "run-store/rounds-towards-1970",
        clause: "RUN-47",
        how: "rounds an instant before 1970 up to the start of a bucket",
        dies: &[
            ("run-store/buckets-before-1970-misplaced", "two hours before 1970 and two after"),
            ("run-store/buckets-before-1970-misplaced", "the last day of 1969"),
        ],
        backend: run_store::<RoundsTowards1970>,
    },
    Mutant {
        id: "run-store/adds-a-bucket",
        clause: "RUN-47",
        how: "adds a bucket that begins at `until`",
        dies: &[("run-store/unaligned-window-misses-bucket", "from minute 45 to minute 120")],
        backend: run_store::<AddsABucket>,
    },
    Mutant {
        id: "run-store/days-of-another-zone",
        clause: "RUN-47",
        how: "cuts days in a zone seven hours ahead of UTC",
        dies: &[("run-store/days-are-not-utc", "three days")],
        backend: run_store::<DaysOfAnotherZone>,
    },
    Mutant {
        id: "run-store/buckets-hold-ends",
        clause: "RUN-48",
        how: "counts a run in the bucket in which it ended",
        dies: &[("run-store/bucketed-by-completion", "it belongs to the hour of its start")],
        backend: run_store::<BucketsHoldEnds>,
    },
    Mutant {
        id: "run-store/timed-out-counts-as-failed",
        clause: "RUN-49",
        how: "counts runs that timed out as failed",
        dies: &[("run-store/endings-miscounted", "total, succeeded, failed, cancelled, running")],
        backend: run_store::<TimedOutCountsAsFailed>,
    },
    Mutant {
        id: "run-store/skipped-counts-as-running",
        clause: "RUN-49",
        how: "counts runs of every status that it does not know as running",
        dies: &[("run-store/endings-miscounted", "total, succeeded, failed, cancelled, running")],
        backend: run_store::<SkippedCountsAsRunning>,
    },
    Mutant {
        id: "run-store/rounds-an-empty-window",
        clause: "RUN-53",
        how: "rounds an empty window to the whole bucket around it",
        dies: &[("run-store/empty-window-has-bucket", "from minute 30 to minute 30")],
        backend: run_store::<RoundsEmptyWindow>,
    },
    Mutant {
        id: "run-store/cuts-long-series",
        clause: "RUN-54",
        how: "answers the first 10,000 buckets of a longer series",
        dies: &[("run-store/long-series-cut", "one more is refused")],
        backend: run_store::<CutsLongSeries>,
    },
    Mutant {
        id: "run-store/cuts-series-at-1000",
        clause: "RUN-54",
        how: "answers 1,000 buckets at the most",
        dies: &[("run-store/long-series-cut", "10,000 buckets are answered")],
        backend: run_store::<CutsSeriesAt1000>,
    },
    Mutant {
        id: "run-store/measures-the-window",
        clause: "RUN-54",
        how: "answers a window of 10,000 hours or days, whatever number of buckets it meets",
        dies: &[("run-store/long-series-cut", "so it is where both ends are cut")],
        backend: run_store::<MeasuresTheWindow>,
    },
    Mutant {
        id: "run-store/series-of-every-flow",
        clause: "RUN-55",
        how: "counts the runs of all flows whatever the flow",
        dies: &[("run-store/series-ignores-flow", "only its runs count")],
        backend: run_store::<SeriesOfEveryFlow>,
    },
    Mutant {
        id: "run-store/series-in-nanoseconds",
        clause: "BACKEND-12",
        how: "fails over a window whose nanoseconds overflow 64 bits",
        dies: &[("run-store/absurd-window-kills", "gave no value: timestamp out of range")],
        backend: run_store::<SeriesInNanoseconds>,
    },
    Mutant {
        id: "run-store/keeps-past-windows",
        clause: "RUN-49",
        how: "computes a window that is over once",
        dies: &[("run-store/past-window-kept-as-it-was", "the run has succeeded")],
        backend: run_store::<KeepsPastWindows>,
    },
];

models! {
    HoldsItsEnd LacksItsStart EdgeBelongsBefore SinceIsRoundedDown LeavesEmptyBucketsOut
    CountsWholeBuckets AddsABucket DaysOfAnotherZone BucketsHoldEnds TimedOutCountsAsFailed
    SkippedCountsAsRunning RoundsEmptyWindow CutsLongSeries CutsSeriesAt1000 SeriesOfEveryFlow
    SeriesInNanoseconds MeasuresTheWindow RoundsTowards1970
}

override_run_store! {
    get_run_timeseries: HoldsItsEnd LacksItsStart EdgeBelongsBefore SinceIsRoundedDown
        LeavesEmptyBucketsOut CountsWholeBuckets AddsABucket DaysOfAnotherZone BucketsHoldEnds
        TimedOutCountsAsFailed SkippedCountsAsRunning RoundsEmptyWindow CutsLongSeries
        CutsSeriesAt1000 SeriesOfEveryFlow SeriesInNanoseconds MeasuresTheWindow RoundsTowards1970
}

type Buckets = Vec<RunTimeseriesBucket>;

const TICK: TimeDelta = TimeDelta::microseconds(1);

pub(super) fn width(granularity: RunTimeseriesGranularity) -> TimeDelta {
    match granularity {
        RunTimeseriesGranularity::Hour => TimeDelta::hours(1),
        RunTimeseriesGranularity::Day => TimeDelta::days(1),
    }
}

impl Series {
    /// The start of the bucket that holds an instant.
    fn floor(self, instant: Instant) -> Instant {
        let seconds = instant.timestamp().rem_euclid(width(self.granularity).num_seconds());
        let nanoseconds = i64::from(instant.timestamp_subsec_nanos());
        instant - TimeDelta::seconds(seconds) - TimeDelta::nanoseconds(nanoseconds)
    }
}

/// The series once each run has been changed.
fn series_of_changed(
    model: &mut Model,
    series: Series,
    change: impl FnMut(&mut FlowRun),
) -> Answer<Buckets> {
    let mut changed = model.state().clone();
    AsSpecified(&mut changed).space()?.runs.values_mut().for_each(change);
    series.on(&mut AsSpecified(&mut changed))
}

impl BreaksSeries for HoldsItsEnd {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        let length = series.on(&mut self.0)?.len();
        let mut buckets = Series { until: series.until + TICK, ..series }.on(&mut self.0)?;
        buckets.truncate(length);
        Ok(buckets)
    }
}

impl BreaksSeries for LacksItsStart {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        series_of_changed(&mut self.0, series, |run| {
            if run.started_at == series.since {
                run.started_at -= TICK;
            }
        })
    }
}

impl BreaksSeries for EdgeBelongsBefore {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        series_of_changed(&mut self.0, series, |run| {
            let is_inside = series.since < run.started_at;
            if is_inside && series.floor(run.started_at) == run.started_at {
                run.started_at -= TICK;
            }
        })
    }
}

impl BreaksSeries for SinceIsRoundedDown {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        match series.since < series.until {
            true => Series { since: series.floor(series.since), ..series }.on(&mut self.0),
            false => Ok(Vec::new()),
        }
    }
}

impl BreaksSeries for LeavesEmptyBucketsOut {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        let mut buckets = series.on(&mut self.0)?;
        buckets.retain(|bucket| bucket.total > 0);
        Ok(buckets)
    }
}

impl BreaksSeries for CountsWholeBuckets {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        let mut buckets = series.on(&mut self.0)?;
        let length = (series.until - series.since).num_seconds();
        let whole = length / width(series.granularity).num_seconds();
        buckets.truncate(usize::try_from(whole).unwrap_or(0));
        Ok(buckets)
    }
}

impl BreaksSeries for RoundsTowards1970 {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        let start = series.floor(series.since);
        let is_rounded_up = series.since < Instant::UNIX_EPOCH && start < series.since;
        let since = if is_rounded_up { start + width(series.granularity) } else { series.since };
        Series { since, ..series }.on(&mut self.0)
    }
}

impl BreaksSeries for AddsABucket {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        match series.since < series.until {
            true => Series { until: series.until + TICK, ..series }.on(&mut self.0),
            false => Ok(Vec::new()),
        }
    }
}

impl BreaksSeries for DaysOfAnotherZone {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        if series.granularity == RunTimeseriesGranularity::Hour {
            return series.on(&mut self.0);
        }
        let ahead = TimeDelta::hours(7);
        series_of_changed(&mut self.0, series, |run| run.started_at += ahead)
    }
}

impl BreaksSeries for BucketsHoldEnds {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        series_of_changed(&mut self.0, series, |run| {
            if let Some(end) = run.completed_at {
                run.completed_at = Some(end + (end - run.started_at));
                run.started_at = end;
            }
        })
    }
}

impl BreaksSeries for TimedOutCountsAsFailed {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        series_of_changed(&mut self.0, series, |run| {
            if run.status == RunStatus::TimedOut {
                run.status = RunStatus::Failed;
            }
        })
    }
}

impl BreaksSeries for SkippedCountsAsRunning {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        let mut buckets = series.on(&mut self.0)?;
        for bucket in &mut buckets {
            bucket.running = bucket.total - bucket.succeeded - bucket.failed - bucket.cancelled;
        }
        Ok(buckets)
    }
}

impl BreaksSeries for RoundsEmptyWindow {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        if series.since != series.until {
            return series.on(&mut self.0);
        }
        let since = series.floor(series.since);
        Series { since, until: since + width(series.granularity), ..series }.on(&mut self.0)
    }
}

impl BreaksSeries for CutsLongSeries {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        match series.on(&mut self.0) {
            Err(Error::InvalidArgument(_)) => {
                let until = series.floor(series.since) + width(series.granularity) * 10_000;
                Series { until, ..series }.on(&mut self.0)
            }
            answer => answer,
        }
    }
}

impl BreaksSeries for MeasuresTheWindow {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        let width = width(series.granularity);
        if series.until - series.since > width * 10_000 {
            return series.on(&mut self.0);
        }
        let middle = series.floor(series.since) + width * 5_000;
        if series.until <= middle {
            return series.on(&mut self.0);
        }
        let mut buckets = Series { until: middle, ..series }.on(&mut self.0)?;
        buckets.extend(Series { since: middle, ..series }.on(&mut self.0)?);
        Ok(buckets)
    }
}

impl BreaksSeries for CutsSeriesAt1000 {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        let mut buckets = series.on(&mut self.0)?;
        buckets.truncate(1_000);
        Ok(buckets)
    }
}

impl BreaksSeries for SeriesOfEveryFlow {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        Series { flow: None, ..series }.on(&mut self.0)
    }
}

impl BreaksSeries for SeriesInNanoseconds {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        let (since, until) = (in_nanoseconds(series.since)?, in_nanoseconds(series.until)?);
        Series { since, until, ..series }.on(&mut self.0)
    }
}

keeping! {
    /// A mutant with a cache.
    KeepsPastWindows {
        kept: Vec<(Series, Buckets)>,
    }
}

impl BreaksSeries for KeepsPastWindows {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        let is_same = |kept: &Series| {
            (kept.granularity, kept.since, kept.until, kept.flow)
                == (series.granularity, series.since, series.until, series.flow)
        };
        if let Some((_, buckets)) = self.kept.iter().find(|(kept, _)| is_same(kept)) {
            return Ok(buckets.clone());
        }
        let buckets = series.on(&mut self.model)?;
        if series.until < self.now() {
            self.kept.push((series, buckets.clone()));
        }
        Ok(buckets)
    }
}

override_run_store! { get_run_timeseries: KeepsPastWindows }
