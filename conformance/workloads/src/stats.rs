//! What a few rounds say about all.

/// A value and the interval that holds the true one in 95 of 100 cases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// In the middle.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The geometric mean of values, one a round, with its 95 % interval by Student's t on their
/// logarithms (batch means). None without two values, or if one is not positive.
#[must_use]
pub fn mean(values: &[f64]) -> Option<Estimate> {
    if values.len() < 2 || values.iter().any(|value| !value.is_finite() || *value <= 0.0) {
        return None;
    }
    let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    let n = logs.len() as f64;
    let middle = logs.iter().sum::<f64>() / n;
    let squares: f64 = logs.iter().map(|log| (log - middle).powi(2)).sum();
    let error = (squares / (n - 1.0) / n).sqrt();
    let reach = student_t(logs.len() - 1) * error;
    Some(Estimate {
        value: middle.exp(),
        low: (middle - reach).exp(),
        high: (middle + reach).exp(),
    })
}

/// How many times as large the values are as the others of the same rounds. What slowed a whole
/// round slowed both, and cancels out.
#[must_use]
pub fn ratio(values: &[f64], others: &[f64]) -> Option<Estimate> {
    if values.len() != others.len() {
        return None;
    }
    let ratios: Vec<f64> = values.iter().zip(others).map(|(value, other)| value / other).collect();
    mean(&ratios)
}

/// The exponent `b` of `y = a * x^b`, by least squares on the logarithms. None without two
/// different sizes, or if a value is not positive.
#[must_use]
pub fn exponent(points: &[(f64, f64)]) -> Option<f64> {
    let is_usable = |value: f64| value.is_finite() && value > 0.0;
    if points.len() < 2 || points.iter().any(|(x, y)| !is_usable(*x) || !is_usable(*y)) {
        return None;
    }
    let n = points.len() as f64;
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let x_mean = logs.iter().map(|(x, _)| x).sum::<f64>() / n;
    let y_mean = logs.iter().map(|(_, y)| y).sum::<f64>() / n;
    let covariance: f64 = logs.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum();
    let variance: f64 = logs.iter().map(|(x, _)| (x - x_mean).powi(2)).sum();
    (variance > 0.0).then(|| covariance / variance)
}

/// The 0.975 quantile of Student's t.
fn student_t(freedom: usize) -> f64 {
    const TABLE: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
        2.052, 2.048, 2.045, 2.042,
    ];
    let at = freedom.max(1) - 1;
    // Beyond the table the first two terms of its expansion are right to a thousandth.
    TABLE.get(at).copied().unwrap_or_else(|| 1.95996 + 2.372 / freedom as f64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use fastrand::Rng;

    use super::{Estimate, exponent, mean, ratio, student_t};

    #[test]
    fn the_exponent_is_that_of_the_data() {
        let sizes = [1e3, 1e4, 1e5, 1e6];
        for (power, noise) in [(0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (2.0, 1.0), (1.0, 1.1)] {
            let mut sign = 1.0;
            let points = sizes.map(|x: f64| {
                sign = -sign;
                (x, 3.0 * x.powf(power) * if sign > 0.0 { noise } else { 1.0 })
            });
            let found = exponent(&points).unwrap();
            assert!((found - power).abs() < 0.03, "{found} is not {power}");
        }
        assert_eq!(exponent(&[(1e3, 1.0)]), None);
        assert_eq!(exponent(&[(1e3, 1.0), (1e3, 2.0)]), None);
        assert_eq!(exponent(&[(1e3, 1.0), (1e4, 0.0)]), None);
    }

    /// A value around 1 whose logarithm is nearly normal.
    fn noisy(random: &mut Rng, spread: f64) -> f64 {
        let sum: f64 = (0..12).map(|_| random.f64()).sum();
        ((sum - 6.0) * spread).exp()
    }

    /// In how many of a thousand experiments the interval holds `truth`.
    fn covered(truth: f64, mut experiment: impl FnMut() -> Estimate) -> u32 {
        (0..1000).map(|_| experiment()).filter(|it| (it.low..=it.high).contains(&truth)).count()
            as u32
    }

    #[test]
    fn the_interval_holds_the_truth_in_95_of_100_cases() {
        for rounds in [3, 5, 10, 40] {
            let mut random = Rng::with_seed(rounds);
            let held = covered(500.0, || {
                let values: Vec<f64> =
                    (0..rounds).map(|_| 500.0 * noisy(&mut random, 0.2)).collect();
                mean(&values).unwrap()
            });
            assert!((930..=970).contains(&held), "{rounds} rounds: {held} of 1000");
        }
    }

    #[test]
    fn a_ratio_forgets_what_slowed_both() {
        let mut random = Rng::with_seed(7);
        let mut width = 0.0_f64;
        let held = covered(2.0, || {
            let drift: Vec<f64> = (0..10).map(|_| noisy(&mut random, 1.0)).collect();
            let of = |factor: f64, random: &mut Rng| -> Vec<f64> {
                drift.iter().map(|drift| factor * drift * noisy(random, 0.02)).collect()
            };
            let (fast, slow) = (of(200.0, &mut random), of(100.0, &mut random));
            let ratio = ratio(&fast, &slow).unwrap();
            width = width.max(ratio.high - ratio.low);
            ratio
        });
        assert!((930..=970).contains(&held), "{held} of 1000");
        assert!(width < 0.25, "drift of a factor of e leaves the interval narrow: {width}");
    }

    #[test]
    fn too_little_gives_no_interval() {
        assert_eq!(mean(&[1.0]), None);
        assert_eq!(mean(&[1.0, 0.0]), None);
        assert_eq!(ratio(&[1.0, 2.0], &[1.0]), None);
    }

    #[test]
    fn the_table_goes_over_into_the_formula() {
        assert!((student_t(30) - student_t(31)).abs() < 0.01);
        assert!((student_t(120) - 1.980).abs() < 0.001);
    }
}
