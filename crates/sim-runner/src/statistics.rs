//! Figures of many runs.

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The 95 % confidence interval of a rate of which `successes` of `trials` were seen.
///
/// `(p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n)` with `p = successes/n`; without trials it
/// is `[0, 1]`.
///
/// # Source: Wilson (1927), Probable inference, the law of succession, and statistical inference.
pub fn wilson(successes: u64, trials: u64) -> [f64; 2] {
    if trials == 0 {
        return [0.0, 1.0];
    }
    let n = trials as f64;
    let p = successes as f64 / n;
    let square = Z * Z / n;
    let middle = p + 0.5 * square;
    let half = (square * (p * (1.0 - p) + 0.25 * square)).sqrt();
    let bound = |value: f64| (value / (1.0 + square)).clamp(0.0, 1.0);
    // Rounding must not shut out what was seen.
    [bound(middle - half).min(p), bound(middle + half).max(p)]
}

/// The median of values, of which `None` is larger than any number. None if there are no values,
/// or if the median falls on a `None`.
pub(crate) fn median(values: Vec<Option<f64>>) -> Option<f64> {
    let mut values: Vec<f64> =
        values.into_iter().map(|value| value.unwrap_or(f64::INFINITY)).collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    let median = lower.midpoint(upper);
    median.is_finite().then_some(median)
}

#[cfg(test)]
mod tests {
    use super::{median, wilson};

    #[test]
    fn medians_are_censored() {
        for (values, expected) in [
            (vec![], None),
            (vec![None], None),
            (vec![Some(3.0)], Some(3.0)),
            (vec![Some(3.0), None], None),
            (vec![Some(3.0), None, Some(1.0)], Some(3.0)),
            (vec![Some(4.0), Some(1.0), Some(2.0), None], Some(3.0)),
        ] {
            assert_eq!(median(values), expected);
        }
    }

    /// Newcombe (1998), Two-sided confidence intervals for the single proportion, Table I, method 3:
    /// the four examples, to the four digits that are printed.
    #[test]
    fn wilson_intervals_are_the_published_ones() {
        for (successes, trials, lower, upper) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let [low, high] = wilson(successes, trials);
            assert!((low - lower).abs() <= 5e-5, "{successes} of {trials}: {low}");
            assert!((high - upper).abs() <= 5e-5, "{successes} of {trials}: {high}");
        }
    }

    #[test]
    fn an_interval_holds_what_was_seen_and_narrows() {
        assert_eq!(wilson(0, 0), [0.0, 1.0]);
        let mut width = 1.0;
        for trials in [1, 10, 100, 1000, 10_000_000] {
            for successes in [0, trials / 3, trials] {
                let [low, high] = wilson(successes, trials);
                let rate = successes as f64 / trials as f64;
                assert!(0.0 <= low && low <= rate && rate <= high && high <= 1.0);
                // What succeeds and what fails are each other's mirror image.
                let [other_low, other_high] = wilson(trials - successes, trials);
                assert!((low + other_high - 1.0).abs() < 1e-12);
                assert!((high + other_low - 1.0).abs() < 1e-12);
            }
            let [low, high] = wilson(trials / 3, trials);
            assert!(high - low < width);
            width = high - low;
        }
    }
}
