//! What holds for every window and every set of samples.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use plimsoll_timeseries::{
    Granularity, Instant, MAX_BUCKETS, Run, Status, TooManyBuckets, aggregate, percentile,
    percentiles,
};
use proptest::prelude::*;

/// The definition, spelt out: sort, then interpolate.
fn by_sorting(samples: &[f64], fraction: f64) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let rank = last as f64 * fraction;
    let low = rank.floor() as usize;
    let high = (low + 1).min(last);
    Some(sorted[low] + (sorted[high] - sorted[low]) * (rank - low as f64))
}

fn run_at(seconds: i64) -> Run {
    Run { started_at: Instant::new(seconds, 0), completed_at: None, status: Status::Running }
}

proptest! {
    #[test]
    fn selection_equals_sorting(
        samples in prop::collection::vec(-1e9..1e9_f64, 0..200),
        fraction in 0.0..=1.0_f64,
    ) {
        prop_assert_eq!(percentile(&mut samples.clone(), fraction), by_sorting(&samples, fraction));
    }

    #[test]
    fn several_at_once_equal_each_by_itself(
        samples in prop::collection::vec(-4..4_i32, 0..60),
        fractions in [-0.1..=1.1_f64, 0.0..=1.0_f64, 0.0..=1.0_f64],
    ) {
        let samples: Vec<_> = samples.into_iter().map(f64::from).collect();
        let each = fractions.map(|fraction| percentile(&mut samples.clone(), fraction));
        prop_assert_eq!(percentiles(&mut samples.clone(), fractions), each);
    }

    #[test]
    fn neighbouring_windows_add_up(
        starts in prop::collection::vec(-200_000..200_000_i64, 0..100),
        mut bounds in [-200_000..200_000_i64, -200_000..200_000_i64, -200_000..200_000_i64],
    ) {
        bounds.sort_unstable();
        let [a, b, c] = bounds.map(|seconds| Instant::new(seconds, 0));
        let total = |since, until| {
            let runs = starts.iter().copied().map(run_at);
            let buckets = aggregate(runs, Granularity::Hour, since, until);
            buckets.expect("few buckets").iter().map(|bucket| bucket.total).sum::<u64>()
        };
        prop_assert_eq!(total(a, b) + total(b, c), total(a, c));
    }

    #[test]
    fn no_window_overflows(since in any::<(i64, u32)>(), until in any::<(i64, u32)>()) {
        let since = Instant::new(since.0, since.1 % 1_000_000_000);
        let until = Instant::new(until.0, until.1 % 1_000_000_000);
        let answer = aggregate([run_at(since.seconds)], Granularity::Day, since, until);
        prop_assert_eq!(answer == Ok(Vec::new()), since >= until);
    }
}

#[test]
fn ten_thousand_buckets_are_allowed_and_one_more_is_not() {
    let since = Instant::new(0, 0);
    let at_most = Instant::new(MAX_BUCKETS as i64 * 3_600, 0);
    let one_nanosecond_more = Instant::new(at_most.seconds, 1);
    let buckets = aggregate([], Granularity::Hour, since, at_most).map(|buckets| buckets.len());
    assert_eq!(buckets, Ok(MAX_BUCKETS));
    let refused = aggregate([], Granularity::Hour, since, one_nanosecond_more);
    assert_eq!(refused, Err(TooManyBuckets { requested: 10_001 }));
}

#[test]
fn the_widest_window_is_refused_and_its_reverse_is_empty() {
    let (first, last) = (Instant::new(i64::MIN, 0), Instant::new(i64::MAX, 999_999_999));
    assert!(aggregate([], Granularity::Hour, first, last).is_err());
    assert_eq!(aggregate([], Granularity::Hour, last, first), Ok(Vec::new()));
}

#[test]
fn a_fraction_outside_zero_to_one_has_no_percentile() {
    for fraction in [-0.1, 1.1, f64::NAN] {
        assert_eq!(percentile(&mut [1.0, 2.0], fraction), None, "{fraction}");
    }
}
