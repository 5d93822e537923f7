//! Two laws in the same scenarios: which succeeds more often, and which is better where both do.
//!
//! Validated by its own tests, against statsmodels and scipy (`tests/golden/statistics.json`), published
//! intervals, and the coverage of seeded simulations.

use serde::{Deserialize, Serialize};

use crate::statistics::binomial::sign_test;
use crate::statistics::{Confidence, Estimate, Quantiles};

/// Takes pairs of runs in the same scenario one by one, judged by a metric of which less is better.
///
/// A run that did not succeed has no such metric. The tests ask different questions, so that a law does not
/// look better for dropping the hard starts: [`Paired::mcnemar`] who succeeds, [`Paired::sign_test`] who
/// has less where both succeed. The signed-rank test of Wilcoxon is not here: it needs all differences at
/// once, and to be a test of the median it asks that they are symmetric, which settling times are not.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paired {
    only_first: u64,
    only_second: u64,
    neither: u64,
    first_less: u64,
    second_less: u64,
    /// First minus second, where both succeed.
    differences: Quantiles,
}

impl Paired {
    /// Of no pair yet. All memory is taken here.
    pub fn new() -> Self {
        Self::default()
    }

    /// The metric of the first law and of the second one in the same scenario; none if it did not succeed.
    pub fn add(&mut self, first: Option<f64>, second: Option<f64>) {
        match (first, second) {
            (Some(_), None) => self.only_first += 1,
            (None, Some(_)) => self.only_second += 1,
            (None, None) => self.neither += 1,
            (Some(first), Some(second)) => {
                self.first_less += u64::from(first < second);
                self.second_less += u64::from(second < first);
                self.differences.add(Some(first - second));
            }
        }
    }

    /// How many pairs there were.
    pub fn count(&self) -> u64 {
        self.only_first + self.only_second + self.neither + self.differences.count()
    }

    /// How many pairs succeeded both.
    pub fn both(&self) -> u64 {
        self.differences.count()
    }

    /// How many pairs succeeded only with the first law.
    pub fn only_first(&self) -> u64 {
        self.only_first
    }

    /// How many pairs succeeded only with the second law.
    pub fn only_second(&self) -> u64 {
        self.only_second
    }

    /// The p-value of both succeeding as often: `McNemar`'s exact test, `2·P(Bin(b + c, ½) ≤ min(b, c))` of
    /// the pairs in which only one succeeds.
    ///
    /// # Source: `McNemar` (1947), Note on the sampling error of the difference between correlated
    /// proportions or percentages.
    pub fn mcnemar(&self) -> f64 {
        sign_test(self.only_first, self.only_second)
    }

    /// The p-value of either having less as often, where both succeed: the exact sign test; ties do not
    /// count.
    ///
    /// # Source: Dixon and Mood (1946), The statistical sign test.
    pub fn sign_test(&self) -> f64 {
        sign_test(self.first_less, self.second_less)
    }

    /// The success rate of the first law less that of the second, with the interval of Bonett and Price.
    /// None without pairs.
    pub fn success_difference(&self, confidence: Confidence) -> Option<Estimate> {
        difference(self.only_first, self.only_second, self.count(), confidence)
    }

    /// The probability that the first law does better in a scenario, a tie counted as half: it alone
    /// succeeds, or both do and it has less. With its interval; none without pairs.
    ///
    /// It is `½ + ½(p₁ − p₂)`, with `p₁` and `p₂` the shares in which the first and the second do better.
    ///
    /// # Source: Vargha and Delaney (2000), A critique and improvement of the CL common language effect
    /// size statistics; for pairs.
    pub fn superiority(&self, confidence: Confidence) -> Option<Estimate> {
        let first = self.only_first + self.first_less;
        let second = self.only_second + self.second_less;
        let Estimate { value, low, high } = difference(first, second, self.count(), confidence)?;
        let half = |difference: f64| 0.5 + 0.5 * difference;
        Some(Estimate { value: half(value), low: half(low), high: half(high) })
    }

    /// The median of the first law's metric less the second's, where both succeed, with its bootstrap
    /// interval; negative is better for the first. None if both never succeed.
    pub fn median_difference(&self, confidence: Confidence) -> Estimate<Option<f64>> {
        self.differences.median(confidence)
    }
}

/// `(b − c)/n`, with the interval `p₁ − p₂ ± z·√((p₁ + p₂ − (p₁ − p₂)²)/(n + 2))`, where
/// `p₁ = (b + 1)/(n + 2)` and `p₂ = (c + 1)/(n + 2)`.
///
/// # Source: Bonett and Price (2012), Adjusted Wald confidence interval for a difference of binomial
/// proportions based on paired data; recommended by Fagerland, Lydersen and Laake (2014), Recommended tests
/// and confidence intervals for paired binomial proportions.
fn difference(b: u64, c: u64, n: u64, confidence: Confidence) -> Option<Estimate> {
    let (b, c, n) = (b as f64, c as f64, (n > 0).then_some(n as f64)?);
    let (p1, p2) = ((b + 1.0) / (n + 2.0), (c + 1.0) / (n + 2.0));
    let middle = p1 - p2;
    let half = confidence.z() * ((p1 + p2 - middle * middle) / (n + 2.0)).sqrt();
    let value = (b - c) / n;
    // At a confidence below 70 % the interval of an extreme value may not reach it.
    let (low, high) = ((middle - half).max(-1.0), (middle + half).min(1.0));
    Some(Estimate { value, low: low.min(value), high: high.max(value) })
}

#[cfg(test)]
mod tests {
    use super::{Paired, difference};
    use crate::statistics::{Confidence, Draws, golden};

    fn of(pairs: impl IntoIterator<Item = (Option<f64>, Option<f64>)>) -> Paired {
        let mut paired = Paired::new();
        pairs.into_iter().for_each(|(first, second)| paired.add(first, second));
        paired
    }

    #[test]
    fn mcnemar_is_that_of_statsmodels() {
        for row in golden("mcnemar") {
            let cell = |i: usize| row[i].as_u64().unwrap();
            let expected = row[4].as_f64().unwrap();
            let paired = Paired {
                only_first: cell(1),
                only_second: cell(2),
                neither: cell(3),
                ..Paired::default()
            };
            assert!((paired.mcnemar() - expected).abs() < 1e-10 * expected, "{row}");
        }
    }

    /// Example 1 of Bonett and Price (2012), 22 and 50 of 200, by the R package statpsych; complete response
    /// (Cavo et al. 2012), 6 and 16 of 161, by the R package contingencytables: to the digits that they print.
    #[test]
    fn intervals_of_a_difference_are_the_published_ones() {
        for (b, c, n, value, low, high, printed) in [
            (22, 50, 200, -0.14, -0.219_862_1, -0.057_365_62, 6e-8),
            (6, 16, 161, -0.0621, -0.1195, -0.0032, 5e-5),
        ] {
            let estimate = difference(b, c, n, Confidence::default()).unwrap();
            assert!((estimate.value - value).abs() <= printed, "{estimate:?}");
            assert!((estimate.low - low).abs() <= printed, "{estimate:?}");
            assert!((estimate.high - high).abs() <= printed, "{estimate:?}");
        }
    }

    /// Of 4000 seeded samples of 50 pairs the interval holds the true difference at least as often as it
    /// says, less three standard deviations of 0.0035; wide intervals would hold it always.
    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        for (p1, p2) in [(0.3, 0.1), (0.1, 0.1), (0.6, 0.05)] {
            let mut held = 0;
            for seed in 0..4000 {
                let mut draws = Draws::new(seed);
                let (mut b, mut c) = (0, 0);
                for _ in 0..50 {
                    let u = draws.uniform();
                    b += u64::from(u < p1);
                    c += u64::from(p1 <= u && u < p1 + p2);
                }
                let estimate = difference(b, c, 50, Confidence::default()).unwrap();
                held += u32::from(estimate.low <= p1 - p2 && p1 - p2 <= estimate.high);
            }
            assert!((3758..=3920).contains(&held), "{p1}, {p2}: {held}");
        }
    }

    #[test]
    fn pairs_are_counted_as_they_are() {
        let (yes, no) = (Some(2.0), None);
        let paired = of([(yes, no), (yes, no), (no, yes), (no, no), (yes, yes), (yes, Some(3.0))]);
        assert_eq!((paired.count(), paired.both()), (6, 2));
        assert_eq!((paired.only_first(), paired.only_second()), (2, 1));
        let confidence = Confidence::default();
        let success = paired.success_difference(confidence).unwrap();
        assert_eq!(success.value, 1.0 / 6.0);
        // The first is better three times, the second once, and they are even twice.
        let superiority = paired.superiority(confidence).unwrap();
        assert!((superiority.value - (3.0 + 0.5 * 2.0) / 6.0).abs() < 1e-15);
        assert_eq!(paired.median_difference(confidence).value, Some(-0.5));
        assert_eq!(paired.sign_test(), 1.0, "one pair that differs is no evidence");

        let nothing = Paired::new();
        assert_eq!(nothing.success_difference(confidence), None);
        assert_eq!(nothing.superiority(confidence), None);
        assert_eq!(nothing.median_difference(confidence).value, None);
        assert_eq!((nothing.mcnemar(), nothing.sign_test()), (1.0, 1.0));
    }

    #[test]
    fn to_swap_the_laws_is_to_swap_the_signs() {
        let pairs = || {
            let mut draws = Draws::new(1);
            (0..500).map(move |_| {
                let mut metric = |p| (draws.uniform() < p).then(|| draws.uniform());
                (metric(0.9), metric(0.7))
            })
        };
        let (there, back) = (of(pairs()), of(pairs().map(|(first, second)| (second, first))));
        let confidence = Confidence::default();
        assert_eq!(there.mcnemar(), back.mcnemar());
        assert_eq!(there.sign_test(), back.sign_test());
        let near = |a: f64, b: f64| (a - b).abs() < 1e-14;
        let (one, other) = (
            there.success_difference(confidence).unwrap(),
            back.success_difference(confidence).unwrap(),
        );
        assert!(near(one.value, -other.value) && near(one.low, -other.high));
        let (one, other) =
            (there.superiority(confidence).unwrap(), back.superiority(confidence).unwrap());
        assert!(near(one.value, 1.0 - other.value) && near(one.low, 1.0 - other.high));
        let (one, other) =
            (there.median_difference(confidence), back.median_difference(confidence));
        assert!(near(one.value.unwrap(), -other.value.unwrap()));
    }

    #[test]
    fn an_interruption_changes_nothing() {
        let pair =
            |i: u32| (Some(f64::from(i % 7)), (!i.is_multiple_of(5)).then(|| f64::from(i % 3)));
        let bytes = serde_json::to_vec(&of((0..40).map(pair))).unwrap();
        let mut resumed: Paired = serde_json::from_slice(&bytes).unwrap();
        (40..100).map(pair).for_each(|(first, second)| resumed.add(first, second));
        assert_eq!(resumed, of((0..100).map(pair)));
    }
}
