/// The value at rank `(n - 1) * fraction` of the ascending samples, interpolated linearly
/// (Hyndman-Fan type 7; clause RUN-50). The order of `samples` does not matter and is changed.
///
/// None without samples (RUN-51), and for a `fraction` outside 0 to 1.
///
/// ```
/// use plimsoll_timeseries::percentile;
///
/// assert_eq!(percentile(&mut [300.0, 100.0], 0.95), Some(290.0));
/// assert_eq!(percentile(&mut [], 0.5), None);
/// ```
#[must_use]
pub fn percentile(samples: &mut [f64], fraction: f64) -> Option<f64> {
    if samples.is_empty() || !(0.0..=1.0).contains(&fraction) {
        return None;
    }
    let rank = (samples.len() - 1) as f64 * fraction;
    let below = rank.floor();
    // Selecting is linear in the samples; only two of them are needed in order.
    let (_, low, above) = samples.select_nth_unstable_by(below as usize, f64::total_cmp);
    let low = *low;
    match above.iter().copied().min_by(f64::total_cmp) {
        Some(high) => Some(low + (high - low) * (rank - below)),
        None => Some(low),
    }
}
