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
    let [value] = percentiles(samples, [fraction]);
    value
}

/// The same for several fractions, which is faster than one after the other where they ascend:
/// what lies below one need not be looked at for the next.
///
/// ```
/// use plimsoll_timeseries::percentiles;
///
/// assert_eq!(percentiles(&mut [300.0, 100.0], [0.5, 0.95]), [Some(200.0), Some(290.0)]);
/// ```
#[must_use]
pub fn percentiles<const N: usize>(samples: &mut [f64], fractions: [f64; N]) -> [Option<f64>; N] {
    // Nothing before this place is greater than anything from it on.
    let mut sorted_out = 0;
    fractions.map(|fraction| {
        let rank = rank(samples.len(), fraction)?;
        let below = rank.floor() as usize;
        if below < sorted_out {
            sorted_out = 0;
        }
        // Selecting is linear in the samples; only two of them are needed in order.
        let rest = samples.get_mut(sorted_out..)?;
        let (_, low, above) = rest.select_nth_unstable_by(below - sorted_out, f64::total_cmp);
        sorted_out = below;
        let low = *low;
        let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
        Some(low + (high - low) * (rank - rank.floor()))
    })
}

fn rank(samples: usize, fraction: f64) -> Option<f64> {
    let last = samples.checked_sub(1)?;
    (0.0..=1.0).contains(&fraction).then_some(last as f64 * fraction)
}
