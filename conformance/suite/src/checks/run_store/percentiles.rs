use chrono::TimeDelta;
use plimsoll_contract::Interface::RunStore;
use plimsoll_contract::{RunStatus, RunTimeseriesGranularity};

use super::timeseries::{first_hour, minutes, runs_from_to, starts_at};
use crate::{Check, Halt, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "run-store/percentile-of-other-definition",
        clauses: &["RUN-50"],
        goal: "Durations are chosen so that 26 other definitions of a percentile differ.",
        usual_cause: "nearest rank, another interpolation, n instead of n - 1, or unsorted samples",
        uses: &[RunStore],
        run: |t| Box::pin(percentile_of_other_definition(t)),
    },
    Check {
        id: "run-store/running-run-has-duration",
        clauses: &["RUN-50"],
        goal: "A run that is running stands beside one that has ended.",
        usual_cause: "the age of a running run is taken for its duration",
        uses: &[RunStore],
        run: |t| Box::pin(running_run_has_duration(t)),
    },
    Check {
        id: "run-store/timed-out-run-has-no-duration",
        clauses: &["RUN-50"],
        goal: "Runs that were cancelled, timed out or skipped have ended and have a duration.",
        usual_cause: "percentiles are taken over succeeded and failed runs only",
        uses: &[RunStore],
        run: |t| Box::pin(timed_out_run_has_no_duration(t)),
    },
    Check {
        id: "run-store/no-duration-reads-zero",
        clauses: &["RUN-51"],
        goal: "An hour in which nothing has ended yet has no percentile.",
        usual_cause: "an absent value becomes 0 or NaN",
        uses: &[RunStore],
        run: |t| Box::pin(no_duration_reads_zero(t)),
    },
    Check {
        id: "run-store/zero-duration-dropped",
        clauses: &["RUN-51"],
        goal: "Runs that end in the instant of their start are samples.",
        usual_cause: "zero is taken for absent",
        uses: &[RunStore],
        run: |t| Box::pin(zero_duration_dropped(t)),
    },
    Check {
        id: "run-store/negative-duration-clamped",
        clauses: &["RUN-52"],
        goal: "The clock steps back while a run is running.",
        usual_cause: "the difference is unsigned, clamped at 0 or left out",
        uses: &[RunStore],
        run: |t| Box::pin(negative_duration_clamped(t)),
    },
    Check {
        id: "run-store/short-duration-rounded",
        clauses: &["RUN-56"],
        goal: "Runs last some microseconds.",
        usual_cause: "durations are whole milliseconds",
        uses: &[RunStore],
        run: |t| Box::pin(short_duration_rounded(t)),
    },
];

/// The percentiles of one hour in which runs of these durations, in microseconds, have ended.
async fn percentiles(t: &Trial, durations: &[i64]) -> Result<(Option<f64>, Option<f64>), Halt> {
    let (hour, flow) = (first_hour(t)?, t.flow_id());
    for microseconds in durations {
        let end = hour + TimeDelta::microseconds(*microseconds);
        runs_from_to(t, flow, hour, end, RunStatus::Succeeded).await?;
    }
    let granularity = RunTimeseriesGranularity::Hour;
    let runs = t.run_store();
    let until = hour + minutes(60);
    let buckets = runs.get_run_timeseries(granularity, hour, until, Some(flow)).await?;
    let bucket = buckets.first();
    t.expect_that("there is a bucket", bucket.is_some(), "a bucket", &bucket);
    let bucket = bucket.ok_or(Halt::Enough)?;
    Ok((bucket.p50_duration_ms, bucket.p95_duration_ms))
}

/// The percentiles of these durations must be these, all in milliseconds.
async fn expect_percentiles(
    t: &Trial,
    what: &str,
    durations_ms: &[f64],
    expected: (Option<f64>, Option<f64>),
) -> Outcome {
    let durations: Vec<_> = durations_ms.iter().map(|ms| (ms * 1e3).round() as i64).collect();
    let got = percentiles(t, &durations).await?;
    expect_close(t, &format!("p50 of {what}"), got.0, expected.0);
    expect_close(t, &format!("p95 of {what}"), got.1, expected.1);
    Ok(())
}

/// Equal within `1e-9 * max(1, abs(expected))`: the order of the arithmetic is free.
fn expect_close(t: &Trial, what: &str, got: Option<f64>, expected: Option<f64>) {
    let is_close = match (got, expected) {
        (Some(got), Some(expected)) => (got - expected).abs() <= 1e-9 * expected.abs().max(1.0),
        (got, expected) => got == expected,
    };
    t.expect_that(what, is_close, &format!("{expected:?}"), &got);
}

async fn percentile_of_other_definition(t: &Trial) -> Outcome {
    let tens: Vec<_> = (1..=10).map(|n| f64::from(n) * 10.0).collect();
    let twenty: Vec<_> = (1..=20).map(f64::from).collect();
    let hundred_one: Vec<_> = (0..=100).map(|n| f64::from(n) * 10.0).collect();
    let mut outlier = vec![1.0; 20];
    outlier.push(100_000.0);
    let vectors: [(&str, &[f64], f64, f64); 11] = [
        ("123", &[123.0], 123.0, 123.0),
        ("300, 100", &[300.0, 100.0], 200.0, 290.0),
        ("10, 20, 40", &[10.0, 20.0, 40.0], 20.0, 38.0),
        ("10, 20, 40, 80", &[10.0, 20.0, 40.0, 80.0], 30.0, 74.0),
        ("1, 1, 1, 9", &[1.0, 1.0, 1.0, 9.0], 1.0, 7.8),
        ("1000, 9, 100, 10", &[1_000.0, 9.0, 100.0, 10.0], 55.0, 865.0),
        ("10 to 100 in tens", &tens, 55.0, 95.5),
        ("1 to 20", &twenty, 10.5, 19.05),
        ("0 to 1000 in tens", &hundred_one, 500.0, 950.0),
        ("20 times 1 and 100000", &outlier, 1.0, 1.0),
        ("60000.25, 1000.5, 1000000.75", &[60_000.25, 1_000.5, 1_000_000.75], 60_000.25, 906_000.7),
    ];
    for (what, durations, p50, p95) in vectors {
        expect_percentiles(t, what, durations, (Some(p50), Some(p95))).await?;
    }
    Ok(())
}

async fn running_run_has_duration(t: &Trial) -> Outcome {
    let (hour, flow) = (first_hour(t)?, t.flow_id());
    starts_at(t, flow, hour).await?;
    runs_from_to(t, flow, hour, hour + minutes(1), RunStatus::Succeeded).await?;
    t.clock()?.set(hour + minutes(50));
    let runs = t.run_store();
    let granularity = RunTimeseriesGranularity::Hour;
    let buckets = runs.get_run_timeseries(granularity, hour, hour + minutes(60), None).await?;
    let p50: Vec<_> = buckets.iter().map(|bucket| bucket.p50_duration_ms).collect();
    t.expect("only the run that has ended is a sample", &p50, &vec![Some(60_000.0)]);
    Ok(())
}

async fn timed_out_run_has_no_duration(t: &Trial) -> Outcome {
    let (hour, flow) = (first_hour(t)?, t.flow_id());
    let endings = [(10, RunStatus::TimedOut), (20, RunStatus::Skipped), (30, RunStatus::Cancelled)];
    for (seconds, status) in endings {
        runs_from_to(t, flow, hour, hour + TimeDelta::seconds(seconds), status).await?;
    }
    let runs = t.run_store();
    let granularity = RunTimeseriesGranularity::Hour;
    let buckets = runs.get_run_timeseries(granularity, hour, hour + minutes(60), None).await?;
    let got = buckets.first().map(|bucket| (bucket.p50_duration_ms, bucket.p95_duration_ms));
    let (p50, p95) = got.unwrap_or_default();
    expect_close(t, "p50 of 10, 20 and 30 seconds", p50, Some(20_000.0));
    expect_close(t, "p95 of 10, 20 and 30 seconds", p95, Some(29_000.0));
    Ok(())
}

async fn no_duration_reads_zero(t: &Trial) -> Outcome {
    let (hour, flow) = (first_hour(t)?, t.flow_id());
    starts_at(t, flow, hour).await?;
    let runs = t.run_store();
    let granularity = RunTimeseriesGranularity::Hour;
    let buckets = runs.get_run_timeseries(granularity, hour, hour + minutes(60), None).await?;
    let got: Vec<_> =
        buckets.iter().map(|bucket| (bucket.p50_duration_ms, bucket.p95_duration_ms)).collect();
    t.expect("both are absent", &got, &vec![(None, None)]);
    Ok(())
}

async fn zero_duration_dropped(t: &Trial) -> Outcome {
    expect_percentiles(t, "0", &[0.0], (Some(0.0), Some(0.0))).await?;
    expect_percentiles(t, "0, 0, 300", &[0.0, 0.0, 300.0], (Some(0.0), Some(270.0))).await
}

async fn negative_duration_clamped(t: &Trial) -> Outcome {
    let durations = [-5_000.0, 5_000.0];
    expect_percentiles(t, "-5000, 5000", &durations, (Some(0.0), Some(4_500.0))).await?;
    let durations = [-30.0, -10.0, 5.0];
    expect_percentiles(t, "-30, -10, 5", &durations, (Some(-10.0), Some(3.5))).await
}

async fn short_duration_rounded(t: &Trial) -> Outcome {
    let durations = [0.001, 0.002, 0.9, 1.5];
    expect_percentiles(t, "0.001, 0.002, 0.9, 1.5", &durations, (Some(0.451), Some(1.41))).await
}
