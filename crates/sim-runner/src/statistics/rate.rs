//! How often something happened, how surely that is known, and whether it is known well enough.
//!
//! Validated by its own tests, against published intervals and statsmodels
//! (`tests/golden/statistics.json`), and by the coverage of seeded simulations.

use serde::{Deserialize, Serialize};

use crate::error::ExperimentError;
use crate::rules::require;
use crate::statistics::{Confidence, Estimate};

/// Counts what happened and what did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    successes: u64,
    failures: u64,
}

impl Rate {
    /// One more trial.
    pub fn add(&mut self, success: bool) {
        if success {
            self.successes += 1;
        } else {
            self.failures += 1;
        }
    }

    /// How often it happened.
    pub fn successes(&self) -> u64 {
        self.successes
    }

    /// Out of how many.
    pub fn trials(&self) -> u64 {
        self.successes + self.failures
    }

    /// The rate and its Wilson interval:
    /// `(p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n)`. None without trials.
    ///
    /// # Source: Wilson (1927), Probable inference, the law of succession, and statistical inference.
    pub fn estimate(&self, confidence: Confidence) -> Option<Estimate> {
        let n = (self.trials() > 0).then(|| self.trials() as f64)?;
        let p = self.successes as f64 / n;
        let square = confidence.z() * confidence.z() / n;
        let middle = p + 0.5 * square;
        let half = (square * (p * (1.0 - p) + 0.25 * square)).sqrt();
        let bound = |value: f64| (value / (1.0 + square)).clamp(0.0, 1.0);
        // Rounding must not shut out what was seen.
        let (low, high) = (bound(middle - half).min(p), bound(middle + half).max(p));
        Some(Estimate { value: p, low, high })
    }
}

/// The 95 % confidence interval (Wilson) of a rate of which `successes` of `trials` were seen; without
/// trials it is `[0, 1]`.
pub fn wilson(successes: u64, trials: u64) -> [f64; 2] {
    let rate = Rate { successes, failures: trials - successes };
    rate.estimate(Confidence::default()).map_or([0.0, 1.0], |rate| [rate.low, rate.high])
}

/// How closely a rate is to be known: trials may end once its interval is as narrow.
///
/// It is looked at after every [`Precision::CHECKPOINT`] trials, in the order of their indices, so that
/// the end does not depend on threads. Looking more than once makes the interval at the end hold the
/// truth a little less often than its confidence says; the less, the narrower it is (Chow and Robbins
/// 1965, On the asymptotic theory of fixed-width sequential confidence intervals for the mean). A rate whose runs
/// were ended by this rule should not be tested for being above a limit as if their number had been
/// fixed before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Precision {
    half_width: f64,
    confidence: Confidence,
}

impl Precision {
    /// Trials from one look to the next.
    pub const CHECKPOINT: u64 = 1000;

    /// An interval of `confidence` whose half width is at most `half_width`.
    ///
    /// # Errors
    /// A half width that is not between 0 and ½.
    pub fn new(half_width: f64, confidence: Confidence) -> Result<Self, ExperimentError> {
        let keeps = half_width > 0.0 && half_width < 0.5;
        require("until_ci", half_width, keeps, "greater than 0 and less than 0.5")?;
        Ok(Self { half_width, confidence })
    }

    /// After how many trials that may be, if things go on as they did: a checkpoint, since an interval
    /// narrows with the root of the trials. None without trials.
    pub fn expected_trials(&self, rate: &Rate) -> Option<u64> {
        let Estimate { low, high, .. } = rate.estimate(self.confidence)?;
        let ratio = 0.5 * (high - low) / self.half_width;
        let checkpoints = rate.trials() as f64 * ratio * ratio / Self::CHECKPOINT as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
        let checkpoints = checkpoints.ceil() as u64;
        let passed = rate.trials().div_ceil(Self::CHECKPOINT);
        Some(checkpoints.max(passed).saturating_mul(Self::CHECKPOINT))
    }

    /// Is this a checkpoint, and the interval narrow enough?
    pub fn is_reached(&self, rate: &Rate) -> bool {
        rate.trials().is_multiple_of(Self::CHECKPOINT)
            && rate
                .estimate(self.confidence)
                .is_some_and(|rate| 0.5 * (rate.high - rate.low) <= self.half_width)
    }
}

#[cfg(test)]
mod tests {
    use super::{Precision, Rate, wilson};
    use crate::statistics::{Confidence, Draws, golden};

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
    fn wilson_intervals_of_any_level_are_those_of_statsmodels() {
        for row in golden("wilson") {
            let (successes, trials) = (row[0].as_u64().unwrap(), row[1].as_u64().unwrap());
            let rate = Rate { successes, failures: trials - successes };
            let confidence = Confidence::new(row[2].as_f64().unwrap()).unwrap();
            let estimate = rate.estimate(confidence).unwrap();
            for (bound, expected) in [(estimate.low, &row[3]), (estimate.high, &row[4])] {
                assert!((bound - expected.as_f64().unwrap()).abs() < 1e-12, "{row:?}: {bound}");
            }
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

    #[test]
    fn a_precision_is_reached_at_checkpoints_only() {
        let precision = Precision::new(0.001, Confidence::default()).unwrap();
        let mut rate = Rate::default();
        assert!(!precision.is_reached(&rate), "nothing was seen");
        let reached: Vec<u64> = (0..4100)
            .filter_map(|_| {
                rate.add(true);
                precision.is_reached(&rate).then(|| rate.trials())
            })
            .collect();
        // Of n successes in a row the half width is z²/2(n + z²), which is 0.001 at n = 1917.
        assert_eq!(reached, [2000, 3000, 4000]);
        for half_width in [0.0, -0.1, 0.5, f64::NAN] {
            assert!(Precision::new(half_width, Confidence::default()).is_err());
        }
    }

    /// 1000 sequences that end by the rule after some 14,000 trials: their intervals hold the truth 95
    /// times in 100, but for what looking often costs. The standard deviation of the share is 0.007.
    #[test]
    fn intervals_at_the_end_hold_the_truth_as_often_as_they_say() {
        let confidence = Confidence::default();
        let precision = Precision::new(0.005, confidence).unwrap();
        let mut held = 0;
        for seed in 0..1000 {
            let mut draws = Draws::new(seed);
            let mut rate = Rate::default();
            while !precision.is_reached(&rate) {
                rate.add(draws.uniform() < 0.9);
            }
            let estimate = rate.estimate(confidence).unwrap();
            held += u32::from(estimate.low <= 0.9 && 0.9 <= estimate.high);
        }
        assert!((925..=975).contains(&held), "{held}");
    }
}
