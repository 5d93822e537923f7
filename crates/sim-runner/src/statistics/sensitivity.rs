//! Which parameter matters: Sobol' indices of the variance of a result.
//!
//! The result is a function of parameters that are independent and uniform in `[0, 1)`; what they mean is
//! the business of whoever evaluates it. [`Saltelli`] says where to, [`Sensitivity`] takes the results in
//! the same order.
//!
//! Validated by its own tests, against the indices of the Ishigami function and of Sobol's g-function,
//! which are known.

use core::f64::consts::E;

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::error::ExperimentError;
use crate::noise::{Purpose, Streams};
use crate::rules::require;
use crate::sobol::{DIMENSIONS, scrambled};
use crate::statistics::{Confidence, Estimate};

/// Where to evaluate: rows of `parameters + 2` points, each of which is computed alone.
///
/// A scrambled Sobol' sequence of twice as many dimensions gives two points in each row, `A` and `B`. The
/// points of a row are `A`, `B`, and for each parameter `A` with that one parameter of `B`. The number of
/// rows is free; powers of two are best, and some thousands are needed for two digits.
///
/// # Source: Saltelli et al. (2010), Variance based sensitivity analysis of model output: design and
/// estimator for the total sensitivity index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Saltelli {
    parameters: usize,
    seed: u64,
}

/// The same, unchecked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    parameters: usize,
    seed: u64,
}

impl TryFrom<Stored> for Saltelli {
    type Error = ExperimentError;

    fn try_from(Stored { parameters, seed }: Stored) -> Result<Self, Self::Error> {
        Self::new(parameters, seed)
    }
}

impl Saltelli {
    /// Parameters at most.
    pub const PARAMETERS_MAX: usize = DIMENSIONS / 2;

    /// For a function of this many parameters.
    ///
    /// # Errors
    /// No parameter, or more than [`Saltelli::PARAMETERS_MAX`].
    pub fn new(parameters: usize, seed: u64) -> Result<Self, ExperimentError> {
        let keeps = (1..=Self::PARAMETERS_MAX).contains(&parameters);
        require("sensitivity.parameters", parameters as f64, keeps, "from 1 to 16")?;
        Ok(Self { parameters, seed })
    }

    /// How many parameters there are.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// Points of a row.
    pub fn points_per_row(&self) -> usize {
        self.parameters + 2
    }

    /// The row of point number `index`. All points of a row are to be evaluated with the same start and
    /// noise: those of one scenario for all rows, or of scenario number `row`. In the second case start and
    /// noise are one more cause, of which no index is estimated; what a parameter does together with it counts
    /// in both indices of the parameter.
    pub fn row(&self, index: u64) -> u64 {
        index / self.points_per_row() as u64
    }

    /// Point number `index`: `parameters` numbers in `[0, 1)`.
    ///
    /// # Panics
    /// A slice of another length.
    pub fn point(&self, index: u64, point: &mut [f64]) {
        assert_eq!(point.len(), self.parameters, "one number for each parameter");
        let row = self.row(index);
        #[expect(clippy::cast_possible_truncation, reason = "less than the points of a row")]
        let which = (index % self.points_per_row() as u64) as usize;
        let mut generator = Streams::for_comparison(self.seed).generator(Purpose::Sensitivity);
        let mut keys = [0; DIMENSIONS];
        keys.fill_with(|| generator.random());
        for (parameter, value) in point.iter_mut().enumerate() {
            let of_b = which == 1 || which == parameter + 2;
            let dimension = if of_b { self.parameters + parameter } else { parameter };
            *value = scrambled(row, dimension, keys[dimension]);
        }
    }
}

/// How much of the variance of a result one parameter explains.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SobolIndices {
    /// Alone: the share of the variance that would vanish, on average, if it were known.
    pub first: Estimate,
    /// With all its interactions: the share that would remain, on average, if all others were known.
    pub total: Estimate,
}

/// Bootstrap replicates.
const REPLICATES: usize = 1000;

/// Takes results at the points of a [`Saltelli`] design one by one, in order, and estimates the indices.
///
/// Intervals are percentiles of a Poisson bootstrap over rows: each replicate counts each row as often as a
/// Poisson number of mean 1 says, which needs no row to be kept. Rows of a Sobol' sequence are more even
/// than independent ones, so that the intervals are rather too wide.
///
/// # Source
/// First order: Saltelli et al. (2010), table 2 (b); total: Jansen (1999), Analysis of variance designs for
/// model output. Bootstrap: Hanley and `MacGibbon` (2006), Creating non-parametric bootstrap samples using
/// Poisson frequencies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredSums")]
pub struct Sensitivity {
    design: Saltelli,
    /// Results so far.
    seen: u64,
    /// The first result: all others are relative to it, so that a large mean costs no digits.
    origin: f64,
    /// The results of the row that is not complete.
    row: Vec<f64>,
    /// Of all rows, then of each replicate.
    sums: Box<[Sums]>,
    /// Of all rows, then of each replicate: those of each parameter.
    of_parameters: Box<[OfParameter]>,
}

/// Sums over the results at `A` and `B`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sums {
    rows: f64,
    results: f64,
    squares: f64,
}

/// Sums over the changes `f(AB) − f(A)` when one parameter changes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfParameter {
    changes: f64,
    squares: f64,
    /// Times `f(B)`.
    products: f64,
}

/// The same, unchecked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSums {
    design: Saltelli,
    seen: u64,
    origin: f64,
    row: Vec<f64>,
    sums: Box<[Sums]>,
    of_parameters: Box<[OfParameter]>,
}

impl TryFrom<StoredSums> for Sensitivity {
    type Error = &'static str;

    fn try_from(stored: StoredSums) -> Result<Self, Self::Error> {
        let mut empty = Self::new(stored.design);
        let begun = stored.seen % stored.design.points_per_row() as u64;
        if stored.row.len() as u64 != begun
            || stored.sums.len() != empty.sums.len()
            || stored.of_parameters.len() != empty.of_parameters.len()
        {
            return Err("sensitivity: the sums are not those of the design");
        }
        empty.row.extend(&stored.row);
        let StoredSums { design, seen, origin, row: _, sums, of_parameters } = stored;
        Ok(Self { design, seen, origin, row: empty.row, sums, of_parameters })
    }
}

impl Sensitivity {
    /// Of no result yet. All memory is taken here.
    pub fn new(design: Saltelli) -> Self {
        let parameters = design.parameters();
        Self {
            design,
            seen: 0,
            origin: 0.0,
            row: Vec::with_capacity(design.points_per_row()),
            sums: vec![Sums::default(); 1 + REPLICATES].into_boxed_slice(),
            of_parameters: vec![OfParameter::default(); (1 + REPLICATES) * parameters]
                .into_boxed_slice(),
        }
    }

    /// The result at the next point. One for success and 0 for failure is a result, too; one that is missing
    /// has to be told as a number by whoever knows what it means.
    ///
    /// # Panics
    /// A result that is not finite.
    pub fn add(&mut self, result: f64) {
        assert!(result.is_finite(), "{result} is not a result");
        if self.seen == 0 {
            self.origin = result;
        }
        self.seen += 1;
        self.row.push(result - self.origin);
        if self.row.len() == self.design.points_per_row() {
            self.fold_row();
            self.row.clear();
        }
    }

    fn fold_row(&mut self) {
        let row = self.design.row(self.seen - 1);
        let streams = Streams::for_comparison(self.design.seed).of(row);
        let mut generator = streams.generator(Purpose::Bootstrap);
        let (a, b, changed) = (self.row[0], self.row[1], &self.row[2..]);
        let of_parameters = self.of_parameters.chunks_exact_mut(self.design.parameters());
        for (replicate, (sums, of_parameters)) in
            self.sums.iter_mut().zip(of_parameters).enumerate()
        {
            let weight = if replicate == 0 { 1.0 } else { poisson(generator.random()) };
            sums.rows += weight;
            sums.results += weight * (a + b);
            sums.squares += weight * (a * a + b * b);
            for (sums, &ab) in of_parameters.iter_mut().zip(changed) {
                let change = ab - a;
                sums.changes += weight * change;
                sums.squares += weight * change * change;
                sums.products += weight * change * b;
            }
        }
    }

    /// Complete rows so far.
    pub fn rows(&self) -> u64 {
        self.design.row(self.seen)
    }

    /// The indices of each parameter. None before there are two rows, or if the result does not vary, or
    /// does in so few rows that half of the replicates miss them.
    pub fn indices(&self, confidence: Confidence) -> Option<Vec<SobolIndices>> {
        if self.rows() < 2 {
            return None;
        }
        (0..self.design.parameters())
            .map(|parameter| {
                let [first, total] = self.of_replicate(0, parameter)?;
                let [mut firsts, mut totals] = [Vec::new(), Vec::new()];
                for replicate in 1..=REPLICATES {
                    // A replicate in which nothing varies says nothing.
                    if let Some([first, total]) = self.of_replicate(replicate, parameter) {
                        firsts.push(first);
                        totals.push(total);
                    }
                }
                // Replicates that say something are too few for an interval.
                if firsts.len() < REPLICATES / 2 {
                    return None;
                }
                Some(SobolIndices {
                    first: percentiles(first, firsts, confidence),
                    total: percentiles(total, totals, confidence),
                })
            })
            .collect()
    }

    /// First-order and total index of a parameter. With `c` the mean and `V` the variance of all `f(A)` and
    /// `f(B)`: `mean((f(B) − c)·(f(AB) − f(A)))/V` and `mean((f(AB) − f(A))²)/2V`.
    fn of_replicate(&self, replicate: usize, parameter: usize) -> Option<[f64; 2]> {
        let Sums { rows, results, squares } = self.sums[replicate];
        let mean = results / (2.0 * rows);
        let variance = squares / (2.0 * rows) - mean * mean;
        // What rounding makes of a result that does not vary is not a variance.
        if variance.is_nan() || variance <= 1e-12 * squares / (2.0 * rows) {
            return None;
        }
        let of = &self.of_parameters[replicate * self.design.parameters() + parameter];
        let first = (of.products - mean * of.changes) / rows / variance;
        Some([first, of.squares / (2.0 * rows) / variance])
    }
}

/// The percentile interval of replicates.
fn percentiles(value: f64, mut replicates: Vec<f64>, confidence: Confidence) -> Estimate {
    replicates.sort_by(f64::total_cmp);
    let last = (replicates.len() - 1) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    let at = |share: f64| replicates[(share * last).round() as usize];
    Estimate { value, low: at(confidence.tail()), high: at(1.0 - confidence.tail()) }
}

/// A Poisson number of mean 1, by inversion of a uniform one.
fn poisson(uniform: f64) -> f64 {
    let (mut count, mut probability, mut rest) = (0.0, 1.0 / E, uniform);
    while rest >= probability && probability > 0.0 {
        rest -= probability;
        count += 1.0;
        probability /= count;
    }
    count
}

#[cfg(test)]
mod tests {
    use core::f64::consts::PI;

    use super::{Saltelli, Sensitivity, poisson};
    use crate::statistics::{Confidence, Draws};

    fn evaluate(
        design: Saltelli,
        points: core::ops::Range<u64>,
        into: &mut Sensitivity,
        f: &dyn Fn(&[f64]) -> f64,
    ) {
        let mut point = vec![0.0; design.parameters()];
        for index in points {
            design.point(index, &mut point);
            into.add(f(&point));
        }
    }

    fn of(parameters: usize, rows: u64, seed: u64, f: &dyn Fn(&[f64]) -> f64) -> Sensitivity {
        let design = Saltelli::new(parameters, seed).unwrap();
        let mut sensitivity = Sensitivity::new(design);
        evaluate(design, 0..rows * design.points_per_row() as u64, &mut sensitivity, f);
        assert_eq!(sensitivity.rows(), rows);
        sensitivity
    }

    /// The first index, then the total one, of each parameter.
    fn check(f: &dyn Fn(&[f64]) -> f64, expected: &[[f64; 2]]) {
        for seed in 0..3 {
            let indices = of(expected.len(), 4096, seed, f).indices(Confidence::default()).unwrap();
            for (index, expected) in indices.iter().zip(expected) {
                for (estimate, expected) in [index.first, index.total].iter().zip(expected) {
                    // Rows of the sequence come closer than independent ones, for which half of an
                    // interval is 0.02 to 0.05 here.
                    assert!((estimate.value - expected).abs() < 0.01, "{indices:?}");
                    assert!(estimate.low <= *expected && *expected <= estimate.high, "{indices:?}");
                    assert!(estimate.high - estimate.low < 0.12, "{indices:?}");
                }
            }
        }
    }

    /// Ishigami and Homma (1990), with the usual constants 7 and 0.1. The third parameter matters only
    /// together with the first.
    #[test]
    fn indices_of_the_ishigami_function() {
        let (a, b) = (7.0, 0.1);
        let f = |x: &[f64]| {
            let [x1, x2, x3] = [0, 1, 2].map(|i| PI * (2.0 * x[i] - 1.0));
            x1.sin() + a * x2.sin().powi(2) + b * x3.powi(4) * x1.sin()
        };
        let v1 = 0.5 * (1.0 + b * PI.powi(4) / 5.0).powi(2);
        let v2 = a * a / 8.0;
        let v13 = 8.0 * b * b * PI.powi(8) / 225.0;
        let v = v1 + v2 + v13;
        check(&f, &[[v1 / v, (v1 + v13) / v], [v2 / v, v2 / v], [0.0, v13 / v]]);
    }

    /// Saltelli and Sobol' (1995), of six parameters, far from zero: a mean of 10⁷ must cost no digits.
    #[test]
    fn indices_of_the_g_function() {
        let a = [0.0, 0.5, 3.0, 9.0, 99.0, 99.0];
        let f = |x: &[f64]| {
            let factors = x.iter().zip(a).map(|(x, a)| ((4.0 * x - 2.0).abs() + a) / (1.0 + a));
            1e7 + factors.product::<f64>()
        };
        let of_one = a.map(|a| 1.0 / (3.0 * (1.0 + a) * (1.0 + a)));
        let all: f64 = of_one.iter().map(|v| 1.0 + v).product();
        let expected = of_one.map(|v| [v / (all - 1.0), v * all / (1.0 + v) / (all - 1.0)]);
        check(&f, &expected);
    }

    /// The first result may be far from all others, a fall among runs that settle: the mean is taken off
    /// whatever it is.
    #[test]
    fn where_the_origin_is_does_not_matter() {
        let f = |x: &[f64]| x[0] + x[0] * x[1];
        let design = Saltelli::new(2, 4).unwrap();
        let mut moved = Sensitivity::new(design);
        evaluate(design, 0..1, &mut moved, &f);
        moved.origin += 100.0;
        moved.row[0] -= 100.0;
        evaluate(design, 1..400, &mut moved, &f);
        let confidence = Confidence::default();
        let [moved, direct] =
            [moved, of(2, 100, 4, &f)].map(|sensitivity| sensitivity.indices(confidence).unwrap());
        for (moved, direct) in moved.iter().zip(&direct) {
            // Squares of 100 have an error of 1e-12 relative to a variance of 0.1.
            assert!((moved.first.value - direct.first.value).abs() < 1e-9, "{moved:?} {direct:?}");
            assert!((moved.first.low - direct.first.low).abs() < 1e-9);
            assert!((moved.total.value - direct.total.value).abs() < 1e-9);
        }
    }

    #[test]
    fn a_row_changes_one_parameter_at_a_time() {
        let design = Saltelli::new(3, 7).unwrap();
        for row in [0, 1, 999] {
            let point = |which: u64| {
                let mut point = [0.0; 3];
                design.point(row * 5 + which, &mut point);
                point
            };
            let (a, b) = (point(0), point(1));
            assert!((0..3).all(|i| a[i] != b[i] && (0.0..1.0).contains(&a[i])));
            assert_eq!(point(2), [b[0], a[1], a[2]]);
            assert_eq!(point(3), [a[0], b[1], a[2]]);
            assert_eq!(point(4), [a[0], a[1], b[2]]);
            assert_eq!(design.row(row * 5 + 4), row);
        }
    }

    /// A bootstrap that keeps all rows and draws as many of them anew. Each end of either interval has a
    /// standard error of 0.022 of the width, since there are 1000 replicates; three of their difference.
    #[test]
    fn intervals_are_those_of_resampling_rows() {
        const ROWS: usize = 500;
        let f = |x: &[f64]| x[0] + x[0] * x[1] + 2.0 * x[2] * x[1];
        let design = Saltelli::new(3, 8).unwrap();
        let mut point = [0.0; 3];
        let results: Vec<f64> = (0..5 * ROWS as u64)
            .map(|index| {
                design.point(index, &mut point);
                f(&point)
            })
            .collect();
        let rows: Vec<&[f64]> = results.chunks(5).collect();
        let mut draws = Draws::new(6);
        let indices = of(3, ROWS as u64, 8, &f).indices(Confidence::default()).unwrap();
        for (parameter, index) in indices.iter().enumerate() {
            let (mut firsts, mut totals) = (Vec::new(), Vec::new());
            for _ in 0..1000 {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a row"
                )]
                let mut draw = || rows[(draws.uniform() * ROWS as f64) as usize];
                let resample: Vec<&[f64]> = (0..ROWS).map(|_| draw()).collect();
                let mean = |of: &dyn Fn(&[f64]) -> f64| {
                    resample.iter().map(|row| of(row)).sum::<f64>() / ROWS as f64
                };
                let c = mean(&|row| 0.5 * (row[0] + row[1]));
                let v = mean(&|row| 0.5 * ((row[0] - c).powi(2) + (row[1] - c).powi(2)));
                let change = |row: &[f64]| row[2 + parameter] - row[0];
                firsts.push(mean(&|row| (row[1] - c) * change(row)) / v);
                totals.push(mean(&|row| change(row).powi(2)) / (2.0 * v));
            }
            for (estimate, mut resampled) in [(index.first, firsts), (index.total, totals)] {
                resampled.sort_by(f64::total_cmp);
                let (low, high) = (resampled[25], resampled[974]);
                let allowed = 3.0 * 0.022 * core::f64::consts::SQRT_2 * (high - low);
                assert!((estimate.low - low).abs() < allowed, "{estimate:?} {low} {high}");
                assert!((estimate.high - high).abs() < allowed, "{estimate:?} {low} {high}");
            }
        }
    }

    /// Sixteen times the rows, a quarter of the width: intervals are those of a mean.
    #[test]
    fn intervals_narrow_as_they_should() {
        let f = |x: &[f64]| x[0] * x[1] + x[1];
        let width = |rows| {
            let indices = of(2, rows, 1, &f).indices(Confidence::default()).unwrap();
            indices[0].total.high - indices[0].total.low
        };
        let ratio = width(256) / width(4096);
        assert!((3.0..5.3).contains(&ratio), "{ratio}");
    }

    #[test]
    fn what_does_not_vary_has_no_index() {
        let confidence = Confidence::default();
        assert_eq!(of(2, 100, 1, &|_| 0.1).indices(confidence), None);
        assert_eq!(of(2, 1, 1, &|x| x[0]).indices(confidence), None);
        for parameters in [0, 17] {
            assert_eq!(
                Saltelli::new(parameters, 1).unwrap_err().to_string(),
                format!("sensitivity.parameters = {parameters}: must be from 1 to 16")
            );
        }
    }

    #[test]
    #[should_panic(expected = "NaN is not a result")]
    fn nan_is_no_result() {
        Sensitivity::new(Saltelli::new(2, 1).unwrap()).add(f64::NAN);
    }

    #[test]
    fn an_interruption_changes_nothing() {
        let f = |x: &[f64]| x[0] + x[1] * x[2];
        let design = Saltelli::new(3, 9).unwrap();
        let whole = of(3, 40, 9, &f);
        for cut in [0, 1, 77, 200] {
            let mut first = Sensitivity::new(design);
            evaluate(design, 0..cut, &mut first, &f);
            let bytes = serde_json::to_vec(&first).unwrap();
            let mut resumed: Sensitivity = serde_json::from_slice(&bytes).unwrap();
            assert!(resumed.row.capacity() >= 5);
            evaluate(design, cut..200, &mut resumed, &f);
            assert!(resumed == whole, "cut at {cut}");
        }
        let mut damaged = serde_json::to_value(&whole).unwrap();
        damaged["seen"] = 3.into();
        let error = serde_json::from_value::<Sensitivity>(damaged).unwrap_err().to_string();
        assert!(error.contains("not those of the design"), "{error}");
    }

    /// Mean and variance are 1: of 100,000 draws the standard errors are 0.0032 and 0.0055; four of them.
    #[test]
    fn replicates_count_rows_by_poisson_numbers() {
        let mut draws = Draws::new(1);
        let (mut sum, mut squares, mut zeros) = (0.0, 0.0, 0);
        for _ in 0..100_000 {
            let count = poisson(draws.uniform());
            sum += count;
            squares += (count - 1.0) * (count - 1.0);
            zeros += u32::from(count == 0.0);
        }
        assert!((sum / 1e5 - 1.0).abs() < 0.013, "{sum}");
        assert!((squares / 1e5 - 1.0).abs() < 0.022, "{squares}");
        assert!((f64::from(zeros) / 1e5 - (-1.0_f64).exp()).abs() < 0.0061, "{zeros}");
    }
}
