//! Every golden vector of the contract, exactly as published.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use chrono::{DateTime, Utc};
use plimsoll_timeseries::{
    Bucket, Granularity, Instant, Run, Status, TooManyBuckets, aggregate, percentile,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    percentile_vectors: Vec<PercentileVector>,
    timeseries_vectors: Vec<TimeseriesVector>,
}

#[derive(Deserialize)]
struct PercentileVector {
    id: String,
    samples_ms: Vec<f64>,
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
}

#[derive(Deserialize)]
struct TimeseriesVector {
    id: String,
    granularity: String,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    flow: Option<String>,
    #[serde(default)]
    runs: Vec<GoldenRun>,
    /// Absent in T17, which asks for more buckets than are allowed.
    expected: Option<Vec<GoldenBucket>>,
    requested_buckets: Option<u128>,
}

#[derive(Deserialize)]
struct GoldenRun {
    started_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
    status: String,
    flow: String,
}

#[derive(Deserialize)]
struct GoldenBucket {
    timestamp: DateTime<Utc>,
    total: u64,
    succeeded: u64,
    failed: u64,
    cancelled: u64,
    running: u64,
    p50: Option<f64>,
    p95: Option<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden-percentiles.json")).expect("the golden file parses")
}

fn instant(time: DateTime<Utc>) -> Instant {
    Instant::new(time.timestamp(), time.timestamp_subsec_nanos())
}

fn run(run: &GoldenRun) -> Run {
    let status = match run.status.as_str() {
        "Running" => Status::Running,
        "Succeeded" => Status::Succeeded,
        "Failed" => Status::Failed,
        "Cancelled" => Status::Cancelled,
        "TimedOut" => Status::TimedOut,
        "Skipped" => Status::Skipped,
        other => panic!("unknown status {other}"),
    };
    Run { started_at: instant(run.started_at), completed_at: run.completed_at.map(instant), status }
}

fn answer(vector: &TimeseriesVector) -> Result<Vec<Bucket>, TooManyBuckets> {
    let granularity = match vector.granularity.as_str() {
        "hour" => Granularity::Hour,
        "day" => Granularity::Day,
        other => panic!("unknown granularity {other}"),
    };
    let of_flow = |run: &&GoldenRun| vector.flow.as_ref().is_none_or(|flow| *flow == run.flow);
    let runs = vector.runs.iter().filter(of_flow).map(run);
    aggregate(runs, granularity, instant(vector.since), instant(vector.until))
}

fn assert_close(what: &str, got: Option<f64>, expected: Option<f64>) {
    let close = match (got, expected) {
        (None, None) => true,
        (Some(got), Some(expected)) => (got - expected).abs() <= 1e-9 * expected.abs().max(1.0),
        _ => false,
    };
    assert!(close, "{what}: expected {expected:?}, got {got:?}");
}

#[test]
fn every_percentile_vector_is_reproduced() {
    let vectors = golden().percentile_vectors;
    assert_eq!(vectors.len(), 27);
    for vector in vectors {
        let mut samples = vector.samples_ms.clone();
        assert_close(&format!("{} p50", vector.id), percentile(&mut samples, 0.50), vector.p50_ms);
        assert_close(&format!("{} p95", vector.id), percentile(&mut samples, 0.95), vector.p95_ms);
    }
}

#[test]
fn every_timeseries_vector_is_reproduced() {
    let vectors = golden().timeseries_vectors;
    assert_eq!(vectors.len(), 17);
    for vector in &vectors {
        let answer = answer(vector);
        let Some(expected) = &vector.expected else {
            let requested = vector.requested_buckets.expect("T17 says how many it asks for");
            assert_eq!(answer, Err(TooManyBuckets { requested }), "{}", vector.id);
            continue;
        };
        let got = answer.expect("the window is short enough");
        assert_eq!(got.len(), expected.len(), "{}: number of buckets", vector.id);
        for (got, expected) in got.iter().zip(expected) {
            assert_bucket(&vector.id, got, expected);
        }
    }
}

fn assert_bucket(id: &str, got: &Bucket, expected: &GoldenBucket) {
    let what = format!("{id} bucket {}", expected.timestamp);
    assert_eq!(got.timestamp, instant(expected.timestamp), "{what}: timestamp");
    let counts = [got.total, got.succeeded, got.failed, got.cancelled, got.running];
    let expected_counts =
        [expected.total, expected.succeeded, expected.failed, expected.cancelled, expected.running];
    assert_eq!(counts, expected_counts, "{what}: total, succeeded, failed, cancelled, running");
    assert_close(&format!("{what} p50"), got.p50_duration_ms, expected.p50);
    assert_close(&format!("{what} p95"), got.p95_duration_ms, expected.p95);
}
