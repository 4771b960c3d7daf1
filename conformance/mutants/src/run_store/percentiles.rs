use plimsoll_contract::{Answer, FlowRun, Instant, RunStatus, RunTimeseriesBucket};
use plimsoll_model::{Model, Spec};

use super::calls::{BreaksSeries, Series, override_run_store};
use super::timeseries::width;
use crate::Mutant;
use crate::broken::{models, run_store};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-store/percentile-is-nearest-rank",
        clause: "RUN-50",
        how: "answers the sample at rank ceil(n * p), counted from 1",
        dies: &[("run-store/percentile-of-other-definition", "p50 of 300, 100")],
        backend: run_store::<NearestRank>,
    },
    Mutant {
        id: "run-store/percentile-takes-the-higher-sample",
        clause: "RUN-50",
        how: "rounds the rank up instead of interpolating",
        dies: &[("run-store/percentile-of-other-definition", "p50 of 10, 20, 40, 80")],
        backend: run_store::<HigherSample>,
    },
    Mutant {
        id: "run-store/percentile-takes-the-lower-sample",
        clause: "RUN-50",
        how: "rounds the rank down instead of interpolating",
        dies: &[("run-store/percentile-of-other-definition", "p95 of 10, 20, 40")],
        backend: run_store::<LowerSample>,
    },
    Mutant {
        id: "run-store/percentile-takes-the-middle",
        clause: "RUN-50",
        how: "answers the middle of the two samples around the rank",
        dies: &[("run-store/percentile-of-other-definition", "p95 of 10, 20, 40")],
        backend: run_store::<MiddleOfTwo>,
    },
    Mutant {
        id: "run-store/percentile-of-n-samples",
        clause: "RUN-50",
        how: "interpolates at rank n * p (Hyndman-Fan type 4)",
        dies: &[("run-store/percentile-of-other-definition", "p50 of 300, 100")],
        backend: run_store::<RankOfN>,
    },
    Mutant {
        id: "run-store/percentile-of-one-sample-more",
        clause: "RUN-50",
        how: "interpolates at rank (n + 1) * p (Hyndman-Fan type 6)",
        dies: &[("run-store/percentile-of-other-definition", "p95 of 10 to 100 in tens")],
        backend: run_store::<RankOfOneMore>,
    },
    Mutant {
        id: "run-store/percentile-of-unsorted-samples",
        clause: "RUN-50",
        how: "takes the samples as they come",
        dies: &[("run-store/percentile-of-other-definition", "p95 of 300, 100")],
        backend: run_store::<Unsorted>,
    },
    Mutant {
        id: "run-store/percentile-is-the-mean",
        clause: "RUN-50",
        how: "answers the mean for the median",
        dies: &[("run-store/percentile-of-other-definition", "p50 of 20 times 1 and 100000")],
        backend: run_store::<Mean>,
    },
    Mutant {
        id: "run-store/age-is-a-duration",
        clause: "RUN-50",
        how: "takes the age of a running run for its duration",
        dies: &[("run-store/running-run-has-duration", "only the run that has ended is a sample")],
        backend: run_store::<AgeIsADuration>,
    },
    Mutant {
        id: "run-store/only-success-and-failure-have-durations",
        clause: "RUN-50",
        how: "samples runs that succeeded or failed alone",
        dies: &[("run-store/timed-out-run-has-no-duration", "p50 of 10, 20 and 30 seconds")],
        backend: run_store::<SuccessAndFailureAlone>,
    },
    Mutant {
        id: "run-store/no-sample-is-zero",
        clause: "RUN-51",
        how: "answers 0 where there is no sample",
        dies: &[("run-store/no-duration-reads-zero", "both are absent")],
        backend: run_store::<NoSampleIsZero>,
    },
    Mutant {
        id: "run-store/zero-is-no-sample",
        clause: "RUN-51",
        how: "leaves durations of zero out",
        dies: &[("run-store/zero-duration-dropped", "p50 of 0")],
        backend: run_store::<ZeroIsNoSample>,
    },
    Mutant {
        id: "run-store/negative-is-zero",
        clause: "RUN-52",
        how: "takes a negative duration for zero",
        dies: &[("run-store/negative-duration-clamped", "p50 of -5000, 5000")],
        backend: run_store::<NegativeIsZero>,
    },
    Mutant {
        id: "run-store/negative-is-no-sample",
        clause: "RUN-52",
        how: "leaves negative durations out",
        dies: &[("run-store/negative-duration-clamped", "p50 of -30, -10, 5")],
        backend: run_store::<NegativeIsNoSample>,
    },
    Mutant {
        id: "run-store/whole-milliseconds",
        clause: "RUN-56",
        how: "cuts durations to milliseconds",
        dies: &[("run-store/short-duration-rounded", "p50 of 0.001, 0.002, 0.9, 1.5")],
        backend: run_store::<WholeMilliseconds>,
    },
];

models! {
    NearestRank HigherSample LowerSample MiddleOfTwo RankOfN RankOfOneMore Unsorted Mean
    AgeIsADuration SuccessAndFailureAlone NoSampleIsZero ZeroIsNoSample NegativeIsZero
    NegativeIsNoSample WholeMilliseconds
}

override_run_store! {
    get_run_timeseries: NearestRank HigherSample LowerSample MiddleOfTwo RankOfN RankOfOneMore
        Unsorted Mean AgeIsADuration SuccessAndFailureAlone NoSampleIsZero ZeroIsNoSample
        NegativeIsZero NegativeIsNoSample WholeMilliseconds
}

type Buckets = Vec<RunTimeseriesBucket>;

/// The duration of a run that has ended, in milliseconds.
fn duration(run: &FlowRun) -> Option<f64> {
    between(run.started_at, run.completed_at?)
}

fn between(start: Instant, end: Instant) -> Option<f64> {
    Some((end - start).num_microseconds()? as f64 / 1e3)
}

/// The sample at a rank, counted from 0, with what lies between two samples interpolated.
fn at_rank(samples: &[f64], rank: f64) -> Option<f64> {
    let last = samples.len().checked_sub(1)?;
    let rank = rank.clamp(0.0, last as f64);
    let (low, high) = (samples[rank.floor() as usize], samples[rank.ceil() as usize]);
    Some(low + (high - low) * rank.fract())
}

/// The rank of the contract.
fn rank(samples: &[f64], fraction: f64) -> f64 {
    (samples.len() as f64 - 1.0) * fraction
}

fn as_specified(samples: &[f64], fraction: f64) -> Option<f64> {
    at_rank(samples, rank(samples, fraction))
}

fn ascending(mut samples: Vec<f64>) -> Vec<f64> {
    samples.sort_by(f64::total_cmp);
    samples
}

/// The series with other percentiles: `samples` has the durations of a bucket's runs, and
/// `percentile` chooses among them.
fn with_percentiles(
    model: &mut Model,
    series: Series,
    samples: impl Fn(&[&FlowRun]) -> Vec<f64>,
    percentile: impl Fn(&[f64], f64) -> Option<f64>,
) -> Answer<Buckets> {
    let mut buckets = series.on(model)?;
    let space = model.space()?;
    let window = series.since..series.until;
    let is_in_window = |run: &&FlowRun| window.contains(&run.started_at);
    let is_of_flow = |run: &&FlowRun| series.flow.is_none_or(|flow| flow == run.flow_id);
    let runs: Vec<_> = space.runs.values().filter(is_of_flow).filter(is_in_window).collect();
    for bucket in &mut buckets {
        let hours = bucket.timestamp..bucket.timestamp + width(series.granularity);
        let of_bucket = runs.iter().filter(|run| hours.contains(&run.started_at));
        let samples = samples(&of_bucket.copied().collect::<Vec<_>>());
        bucket.p50_duration_ms = percentile(&samples, 0.50);
        bucket.p95_duration_ms = percentile(&samples, 0.95);
    }
    Ok(buckets)
}

/// The series with percentiles of another definition.
fn defined(
    model: &mut Model,
    series: Series,
    percentile: impl Fn(&[f64], f64) -> Option<f64>,
) -> Answer<Buckets> {
    sampled(model, series, duration, percentile)
}

/// The series with other samples, each of one run.
fn sampled(
    model: &mut Model,
    series: Series,
    sample: impl Fn(&FlowRun) -> Option<f64>,
    percentile: impl Fn(&[f64], f64) -> Option<f64>,
) -> Answer<Buckets> {
    let samples =
        |runs: &[&FlowRun]| ascending(runs.iter().filter_map(|run| sample(run)).collect());
    with_percentiles(model, series, samples, percentile)
}

impl BreaksSeries for NearestRank {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        defined(&mut self.0, series, |samples, fraction| {
            at_rank(samples, (samples.len() as f64 * fraction).ceil() - 1.0)
        })
    }
}

impl BreaksSeries for HigherSample {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        defined(&mut self.0, series, |samples, fraction| {
            at_rank(samples, rank(samples, fraction).ceil())
        })
    }
}

impl BreaksSeries for LowerSample {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        defined(&mut self.0, series, |samples, fraction| {
            at_rank(samples, rank(samples, fraction).floor())
        })
    }
}

impl BreaksSeries for MiddleOfTwo {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        defined(&mut self.0, series, |samples, fraction| {
            let rank = rank(samples, fraction);
            at_rank(samples, f64::midpoint(rank.floor(), rank.ceil()))
        })
    }
}

impl BreaksSeries for RankOfN {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        defined(&mut self.0, series, |samples, fraction| {
            at_rank(samples, samples.len() as f64 * fraction - 1.0)
        })
    }
}

impl BreaksSeries for RankOfOneMore {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        defined(&mut self.0, series, |samples, fraction| {
            at_rank(samples, (samples.len() as f64 + 1.0) * fraction - 1.0)
        })
    }
}

impl BreaksSeries for Unsorted {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        // A store answers rows in any order: here the shortest comes last.
        let samples = |runs: &[&FlowRun]| {
            let mut samples = ascending(runs.iter().filter_map(|run| duration(run)).collect());
            samples.reverse();
            samples
        };
        with_percentiles(&mut self.0, series, samples, as_specified)
    }
}

impl BreaksSeries for Mean {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        let mean = |samples: &[f64]| {
            (!samples.is_empty()).then(|| samples.iter().sum::<f64>() / samples.len() as f64)
        };
        defined(&mut self.0, series, |samples, fraction| match fraction < 0.9 {
            true => mean(samples),
            false => as_specified(samples, fraction),
        })
    }
}

impl BreaksSeries for AgeIsADuration {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        let now = self.now();
        let sample = |run: &FlowRun| between(run.started_at, run.completed_at.unwrap_or(now));
        sampled(&mut self.0, series, sample, as_specified)
    }
}

impl BreaksSeries for SuccessAndFailureAlone {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        let counts = [RunStatus::Succeeded, RunStatus::Failed];
        let sample = |run: &FlowRun| duration(run).filter(|_| counts.contains(&run.status));
        sampled(&mut self.0, series, sample, as_specified)
    }
}

impl BreaksSeries for NoSampleIsZero {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        defined(&mut self.0, series, |samples, fraction| {
            as_specified(samples, fraction).or(Some(0.0))
        })
    }
}

impl BreaksSeries for ZeroIsNoSample {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        let sample = |run: &FlowRun| duration(run).filter(|duration| *duration != 0.0);
        sampled(&mut self.0, series, sample, as_specified)
    }
}

impl BreaksSeries for NegativeIsZero {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        let sample = |run: &FlowRun| duration(run).map(|duration| duration.max(0.0));
        sampled(&mut self.0, series, sample, as_specified)
    }
}

impl BreaksSeries for NegativeIsNoSample {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        let sample = |run: &FlowRun| duration(run).filter(|duration| *duration >= 0.0);
        sampled(&mut self.0, series, sample, as_specified)
    }
}

impl BreaksSeries for WholeMilliseconds {
    fn series(&mut self, series: Series) -> Answer<Buckets> {
        let sample = |run: &FlowRun| duration(run).map(f64::trunc);
        sampled(&mut self.0, series, sample, as_specified)
    }
}
