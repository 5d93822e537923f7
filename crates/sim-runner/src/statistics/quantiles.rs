//! Quantiles of any number of values in constant memory, with bootstrap intervals.
//!
//! Up to ten thousand values are kept as they are. Beyond, they are counted in bins that have the same
//! exponent and the same first seven bits of the mantissa: integers, so that the result does not depend
//! on the order, and no logarithm, so that it does not depend on the machine either. This is the idea
//! of `DDSketch` (Masson, Rim and Lee 2019) with the bins of `HdrHistogram`. The crate
//! `sketches-ddsketch` was not taken: its bins grow as they fill and go by the logarithm of the
//! operating system, and it counts NaN as 0.
//!
//! Validated by its own tests, against sorting and against a bootstrap that resamples.

use serde::{Deserialize, Serialize};

use crate::statistics::binomial::at_least;
use crate::statistics::{Confidence, Estimate};

/// Numbers up to this many are kept as they are.
const EXACT: usize = 10_000;

/// Bits of the mantissa that tell bins apart.
const MANTISSA_BITS: u32 = 7;
const SHIFT: u32 = f64::MANTISSA_DIGITS - 1 - MANTISSA_BITS;

/// The first bin begins at 2⁻⁶⁰, the last one ends at 2⁶⁸.
const FIRST: u64 = (1023 - 60) << MANTISSA_BITS;
const BINS: usize = 128 << MANTISSA_BITS;

/// Takes values one by one, and tells their quantiles.
///
/// A value may be missing, because what it measures did not happen: it then counts as larger than any
/// number. Quantiles are exact up to 10,000 numbers. Beyond, each value that they are made of is within
/// 0.4 %, and magnitudes below 8e-19 count as 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Quantiles {
    /// The numbers, as long as they are few; in no order.
    exact: Vec<f64>,
    /// Numbers below 0, between, and above.
    negative: Box<[u64]>,
    zero: u64,
    positive: Box<[u64]>,
    missing: u64,
    total: u64,
}

/// The same as plain data: of the bins only those that are not empty.
#[derive(Serialize, Deserialize)]
struct Stored {
    exact: Vec<f64>,
    negative: Vec<(usize, u64)>,
    zero: u64,
    positive: Vec<(usize, u64)>,
    missing: u64,
}

impl From<Quantiles> for Stored {
    fn from(quantiles: Quantiles) -> Self {
        let filled = |bins: Box<[u64]>| {
            bins.iter().copied().enumerate().filter(|&(_, count)| count > 0).collect()
        };
        let Quantiles { exact, negative, zero, positive, missing, total: _ } = quantiles;
        Self { exact, negative: filled(negative), zero, positive: filled(positive), missing }
    }
}

impl TryFrom<Stored> for Quantiles {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        let mut quantiles = Self::new();
        for value in &stored.exact {
            if value.is_nan() || value.abs() >= Self::LIMIT {
                return Err("quantiles: a value is out of bounds");
            }
        }
        let mut binned = stored.zero;
        for (bins, filled) in [
            (&mut quantiles.negative, &stored.negative),
            (&mut quantiles.positive, &stored.positive),
        ] {
            for &(bin, count) in filled {
                *bins.get_mut(bin).ok_or("quantiles: there is no such bin")? += count;
                binned += count;
            }
        }
        let kept = stored.exact.len();
        if kept > EXACT || (binned > 0 && kept > 0) {
            return Err("quantiles: values are kept or in bins, not both");
        }
        quantiles.exact.extend(&stored.exact);
        (quantiles.zero, quantiles.missing) = (stored.zero, stored.missing);
        quantiles.total = binned + kept as u64 + stored.missing;
        Ok(quantiles)
    }
}

impl Default for Quantiles {
    fn default() -> Self {
        Self::new()
    }
}

impl Quantiles {
    /// From here on a value counts as larger than any number: 2⁶⁸, some 3·10²⁰.
    pub const LIMIT: f64 = (1_u128 << 68) as f64;

    /// Of no value yet. All memory is taken here.
    pub fn new() -> Self {
        let bins = || vec![0; BINS].into_boxed_slice();
        let exact = Vec::with_capacity(EXACT);
        Self { exact, negative: bins(), zero: 0, positive: bins(), missing: 0, total: 0 }
    }

    /// One more value; none is larger than any number, and so is one from [`Quantiles::LIMIT`] on.
    ///
    /// # Panics
    /// A value that is NaN, or below `−LIMIT`: no metric of a run is.
    pub fn add(&mut self, value: Option<f64>) {
        self.total += 1;
        // A NaN is not too large; it is refused below.
        let Some(value) = value.filter(|value| value.is_nan() || *value < Self::LIMIT) else {
            self.missing += 1;
            return;
        };
        assert!(value > -Self::LIMIT, "{value} is not a metric");
        let seen = self.total - self.missing;
        if seen <= EXACT as u64 {
            self.exact.push(value);
        } else {
            for kept in self.exact.drain(..).chain([value]) {
                let bins = if kept < 0.0 { &mut self.negative } else { &mut self.positive };
                match bin(kept.abs()) {
                    Some(bin) => bins[bin] += 1,
                    None => self.zero += 1,
                }
            }
        }
    }

    /// How many values there were, missing ones included.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The quantile of `share`, with its bootstrap interval of infinitely many resamples.
    ///
    /// The quantile is the smallest value with at least `share·n` values up to it; if `share·n` is
    /// whole, the middle between it and the next one. Each is none if it is larger than any number;
    /// all are if there are no values.
    ///
    /// The value of rank `m` of a resample is at most that of rank `k` of the sample if at least `m` of
    /// its `n` draws are among the first `k`, which has the probability `P(Bin(n, k/n) ≥ m)`. The ends are
    /// therefore known without resampling: the first ranks at which it is at least
    /// `(1 − confidence)/2`, and `(1 + confidence)/2`. Where two ranks are averaged, the low end is that
    /// of the first, and the high end that of the second. Of values in bins it is the lower end of the
    /// one bin, and the upper end of the other: however many they are, an interval is not narrower than
    /// what is known of them.
    ///
    /// # Panics
    /// A share that is not above 0 and below 1.
    ///
    /// # Source
    /// Definition 2 of Hyndman and Fan (1996), Sample quantiles in statistical packages; Efron (1982),
    /// The jackknife, the bootstrap and other resampling plans, chapter 10; Hutson and Ernst (2000),
    /// The exact bootstrap mean and variance of an L-estimator.
    pub fn estimate(&self, share: f64, confidence: Confidence) -> Estimate<Option<f64>> {
        assert!(share > 0.0 && share < 1.0, "{share} is not a share");
        let n = self.total;
        if n == 0 {
            return Estimate { value: None, low: None, high: None };
        }
        let [first, second] = ranks(share, n);
        let low = bootstrap_rank(first, n, confidence.tail());
        let high = bootstrap_rank(second, n, 1.0 - confidence.tail());
        let [first, second, low, high] = self.at_ranks([first, second, low, high]);
        Estimate {
            value: first.zip(second).map(|(first, second)| first.value.midpoint(second.value)),
            low: low.map(|kept| kept.low),
            high: high.map(|kept| kept.high),
        }
    }

    /// The median, with the same interval.
    pub fn median(&self, confidence: Confidence) -> Estimate<Option<f64>> {
        self.estimate(0.5, confidence)
    }

    /// The numbers of ranks that count from 1, and between what they are known to be.
    fn at_ranks<const N: usize>(&self, ranks: [u64; N]) -> [Option<Estimate>; N] {
        let mut sorted = self.exact.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let numbers = self.total - self.missing;
        ranks.map(|rank| {
            if rank > numbers {
                None
            } else if sorted.is_empty() {
                Some(self.in_bins(rank))
            } else {
                #[expect(clippy::cast_possible_truncation, reason = "not above the length")]
                let value = sorted[(rank - 1) as usize];
                Some(Estimate { value, low: value, high: value })
            }
        })
    }

    /// The bin that holds the number of a rank: its middle and its ends.
    fn in_bins(&self, rank: u64) -> Estimate {
        let above = |bin: usize| {
            let (low, high) = (edge(bin), edge(bin + 1));
            Estimate { value: low.midpoint(high), low, high }
        };
        let below = |bin: usize| {
            let Estimate { value, low, high } = above(bin);
            Estimate { value: -value, low: -high, high: -low }
        };
        let zero = Estimate { value: 0.0, low: 0.0, high: 0.0 };
        let negative = self.negative.iter().enumerate().rev();
        let positive = self.positive.iter().enumerate();
        let all = negative
            .map(|(bin, &count)| (below(bin), count))
            .chain([(zero, self.zero)])
            .chain(positive.map(|(bin, &count)| (above(bin), count)));
        let mut counted = 0;
        for (kept, count) in all {
            counted += count;
            if counted >= rank {
                return kept;
            }
        }
        unreachable!("rank {rank} of {counted} numbers");
    }
}

/// The bin of a magnitude; none is so small that it counts as 0.
fn bin(magnitude: f64) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, reason = "the limit is that of the last bin")]
    (magnitude.to_bits() >> SHIFT).checked_sub(FIRST).map(|bin| bin as usize)
}

/// Where a bin begins.
fn edge(bin: usize) -> f64 {
    f64::from_bits((bin as u64 + FIRST) << SHIFT)
}

/// The two ranks, mostly the same, whose middle is the quantile.
fn ranks(share: f64, n: u64) -> [u64; 2] {
    let place = share * n as f64;
    let whole = place.round();
    // Shares such as 0.05 are not exact in binary.
    let is_whole = (place - whole).abs() <= 1e-12 * n as f64;
    let first = if is_whole { whole } else { place.ceil() };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 1 and n")]
    let first = (first as u64).clamp(1, n);
    [first, if is_whole { (first + 1).min(n) } else { first }]
}

/// The smallest rank `k` with `P(Bin(n, k/n) ≥ m)` at least `probability`.
fn bootstrap_rank(m: u64, n: u64, probability: f64) -> u64 {
    let (mut below, mut rank) = (0, n);
    while rank - below > 1 {
        let k = below.midpoint(rank);
        if at_least(m, n, k as f64 / n as f64) >= probability { rank = k } else { below = k }
    }
    rank
}

#[cfg(test)]
mod tests {
    use super::{EXACT, Quantiles};
    use crate::statistics::{Confidence, Draws, Estimate};

    fn of(values: impl IntoIterator<Item = Option<f64>>) -> Quantiles {
        let mut quantiles = Quantiles::new();
        values.into_iter().for_each(|value| quantiles.add(value));
        quantiles
    }

    fn value(quantiles: &Quantiles, share: f64) -> Option<f64> {
        quantiles.estimate(share, Confidence::default()).value
    }

    #[test]
    fn what_did_not_happen_is_larger_than_any_number() {
        for (values, expected) in [
            (vec![], None),
            (vec![None], None),
            (vec![Some(3.0)], Some(3.0)),
            (vec![Some(3.0), None], None),
            (vec![Some(3.0), None, Some(1.0)], Some(3.0)),
            (vec![Some(4.0), Some(1.0), Some(2.0), None], Some(3.0)),
            (vec![Some(-4.0), Some(-1.0), Some(-2.0)], Some(-2.0)),
        ] {
            assert_eq!(value(&of(values), 0.5), expected);
        }
    }

    #[test]
    fn a_quantile_is_a_value_or_the_middle_of_two() {
        let hundred = of((1..=100).rev().map(|i| Some(f64::from(i))));
        for (share, expected) in
            [(0.05, 5.5), (0.5, 50.5), (0.95, 95.5), (0.951, 96.0), (0.001, 1.0), (0.999, 100.0)]
        {
            assert_eq!(value(&hundred, share), Some(expected), "{share}");
        }
    }

    /// A hundred thousand numbers of both signs and twelve decades, and some that are missing.
    fn many() -> Vec<Option<f64>> {
        let mut draws = Draws::new(3);
        let mut number = || {
            let magnitude = libm::exp(28.0 * (draws.uniform() - 0.5));
            if draws.uniform() < 0.3 { -magnitude } else { magnitude }
        };
        (0..100_000).map(|i| if i % 50 == 7 { None } else { Some(number()) }).collect()
    }

    #[test]
    fn many_values_are_within_four_parts_in_a_thousand() {
        let values = many();
        let quantiles = of(values.iter().copied());
        assert_eq!(quantiles.count(), 100_000);
        let mut sorted: Vec<f64> =
            values.into_iter().map(|value| value.unwrap_or(f64::INFINITY)).collect();
        sorted.sort_by(f64::total_cmp);
        for rank in (1..100_000).step_by(371).chain([100_000]) {
            let [kept] = quantiles.at_ranks([rank as u64]);
            let right = sorted[rank - 1];
            let Some(Estimate { value, low, high }) = kept else {
                assert_eq!(right, f64::INFINITY, "{rank}");
                continue;
            };
            // Half the width of a bin.
            assert!((value - right).abs() <= right.abs() / 256.0, "{rank}");
            assert!(low <= right && right <= high && high - low <= right.abs() / 127.0, "{rank}");
        }
        assert_eq!(value(&quantiles, 0.99), None);
    }

    #[test]
    fn ten_thousand_values_are_exact() {
        let mut draws = Draws::new(2);
        let mut values: Vec<f64> = (0..EXACT).map(|_| draws.uniform()).collect();
        let quantiles = of(values.iter().copied().map(Some).chain([None; 10]));
        values.sort_by(f64::total_cmp);
        for rank in [1, 77, EXACT / 2, EXACT] {
            let value = values[rank - 1];
            let exactly = Estimate { value, low: value, high: value };
            assert_eq!(quantiles.at_ranks([rank as u64]), [Some(exactly)]);
        }
    }

    #[test]
    fn bounds_of_the_bins() {
        let mut quantiles = of((0..EXACT).map(|_| Some(0.0)));
        for (value, kept_as) in [
            (1e-19, 0.0),
            (2_f64.powi(-60), 2_f64.powi(-60)),
            (Quantiles::LIMIT * (1.0 - f64::EPSILON), Quantiles::LIMIT),
        ] {
            quantiles.add(Some(value));
            let [largest] = quantiles.at_ranks([quantiles.count()]).map(|kept| kept.unwrap().value);
            assert!((largest - kept_as).abs() <= kept_as / 256.0, "{value}: {largest:?}");
        }
    }

    #[test]
    #[should_panic(expected = "NaN is not a metric")]
    fn nan_is_no_metric() {
        of([Some(f64::NAN)]);
    }

    #[test]
    fn neither_the_order_nor_an_interruption_changes_anything() {
        let values = many();
        for n in [0, 17, EXACT - 1, EXACT, EXACT + 200, values.len()] {
            let whole = of(values[..n].iter().copied());
            let backward = of(values[..n].iter().rev().copied());
            for share in [0.05, 0.5, 0.95] {
                assert_eq!(value(&whole, share), value(&backward, share), "{n}");
            }
            for cut in [0, n / 3, n] {
                let first = of(values[..cut].iter().copied());
                let bytes = serde_json::to_vec(&first).unwrap();
                let mut resumed: Quantiles = serde_json::from_slice(&bytes).unwrap();
                values[cut..n].iter().for_each(|&value| resumed.add(value));
                assert!(resumed == whole, "{n} cut at {cut}");
                assert!(resumed.exact.capacity() >= EXACT);
            }
        }
    }

    #[test]
    fn a_damaged_file_is_refused() {
        for (field, value, reason) in [
            ("exact", "[1e300]", "out of bounds"),
            ("positive", "[[20000, 1]]", "no such bin"),
            ("zero", "1", "not both"),
        ] {
            let json = serde_json::to_string(&of([Some(1.0)])).unwrap();
            let mut json: serde_json::Value = serde_json::from_str(&json).unwrap();
            json[field] = serde_json::from_str(value).unwrap();
            let error = serde_json::from_value::<Quantiles>(json).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    /// 40,000 resamples drawn one by one, of the quantile as it is defined: their percentiles are the
    /// ranks of the closed form, or between those of its two ranks. The share of resamples up to a rank has
    /// a standard deviation of 0.0008 at 0.025; four of them may move an end by one rank.
    #[test]
    fn intervals_are_those_of_resampling() {
        let mut draws = Draws::new(11);
        for (n, share, [first, second]) in [
            (25_u32, 0.5, [13, 13]),
            (24, 0.5, [12, 13]),
            (60, 0.95, [57, 58]),
            (61, 0.95, [58, 58]),
            (101, 0.05, [6, 6]),
        ] {
            let sample = of((1..=n).map(|rank| Some(f64::from(rank))));
            let Estimate { low, high, .. } = sample.estimate(share, Confidence::default());
            let mut resample = vec![0.0; n as usize];
            let mut resampled: Vec<f64> = (0..40_000)
                .map(|_| {
                    resample.fill_with(|| (draws.uniform() * f64::from(n)).floor() + 1.0);
                    resample.sort_by(f64::total_cmp);
                    resample[first - 1].midpoint(resample[second - 1])
                })
                .collect();
            resampled.sort_by(f64::total_cmp);
            let (from, to) = (resampled[1000], resampled[38_999]);
            // What is averaged may be half a rank inside.
            assert!((-0.5..=1.0).contains(&(from - low.unwrap())), "{n}, {share}: {low:?} {from}");
            assert!((-0.5..=1.0).contains(&(high.unwrap() - to)), "{n}, {share}: {high:?} {to}");
        }
    }

    /// Of 2000 seeded samples the interval holds the true quantile as often as it says: the standard
    /// deviation of the share is 0.005, and ranks are whole numbers, which gives or takes a little more.
    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        for (n, share) in [(101, 0.5), (400, 0.05), (400, 0.95)] {
            let mut held = 0;
            for seed in 0..2000 {
                let mut draws = Draws::new(seed);
                // Exponentially distributed: the quantile is −ln(1 − share).
                let sample = of((0..n).map(|_| Some(-libm::log(1.0 - draws.uniform()))));
                let Estimate { low, high, .. } = sample.estimate(share, Confidence::default());
                let truth = -libm::log(1.0 - share);
                held += u32::from(low.unwrap() <= truth && truth <= high.unwrap());
            }
            assert!((1860..=1940).contains(&held), "{n}, {share}: {held}");
        }
    }

    #[test]
    fn an_interval_of_many_narrows_and_may_be_open_above() {
        let few = of((0..40).map(|i| (i < 24).then(|| f64::from(i)))).median(Confidence::default());
        assert_eq!((few.value, few.high), (Some(19.5), None), "too many did not happen");
        let many = of((0..1_000_000).map(|i| Some(1.0 + f64::from(i) * 1e-6)));
        let estimate = many.median(Confidence::default());
        // ±1.96·√n/2 ranks of 1e-6 are ±0.00098; bins are 1.0/128 wide.
        let (low, high) = (estimate.low.unwrap(), estimate.high.unwrap());
        assert!(low < 1.499_1 && 1.500_9 < high && high - low < 0.02, "{low} {high}");
    }
}
