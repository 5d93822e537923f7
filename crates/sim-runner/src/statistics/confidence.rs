//! How sure an interval is, and what a figure with its interval is.
//!
//! Validated by its own tests, against scipy (`tests/golden/statistics.json`).

use core::f64::consts::{FRAC_1_SQRT_2, TAU};

use serde::Serialize;

use crate::error::ExperimentError;
use crate::rules::require;

/// The level of a confidence interval: 95 % unless told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence {
    level: f64,
    z: f64,
}

/// A figure and its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Estimate_of_{T}"))]
pub struct Estimate<T = f64> {
    /// What was seen.
    pub value: T,
    /// The lower end of the interval.
    pub low: T,
    /// The upper end of the interval.
    pub high: T,
}

impl Default for Confidence {
    fn default() -> Self {
        Self::of(0.95)
    }
}

impl Confidence {
    /// An interval that holds the truth with probability `level`.
    ///
    /// # Errors
    /// A level outside of 0.5 to 0.999999.
    pub fn new(level: f64) -> Result<Self, ExperimentError> {
        let keeps = (0.5..=0.999_999).contains(&level);
        require("confidence", level, keeps, "from 0.5 to 0.999999")?;
        Ok(Self::of(level))
    }

    fn of(level: f64) -> Self {
        Self { level, z: -normal_quantile(0.5 * (1.0 - level)) }
    }

    /// The probability.
    pub fn level(self) -> f64 {
        self.level
    }

    /// The quantile of the normal distribution at the upper end.
    pub(crate) fn z(self) -> f64 {
        self.z
    }

    /// The probability that is left on each side.
    pub(crate) fn tail(self) -> f64 {
        0.5 * (1.0 - self.level)
    }
}

/// The probability that a normal number is below `z`.
pub(crate) fn normal_probability(z: f64) -> f64 {
    0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

/// The number below which a normal one is with a probability between 0 and 1.
///
/// Newton's method: the probability is convex below 0, so that from 0 the steps fall to the root without
/// passing it.
pub(crate) fn normal_quantile(probability: f64) -> f64 {
    if probability > 0.5 {
        return -normal_quantile(1.0 - probability);
    }
    let mut z = 0.0;
    for _ in 0..64 {
        let excess = normal_probability(z) - probability;
        z -= excess * TAU.sqrt() * libm::exp(0.5 * z * z);
    }
    z
}

#[cfg(test)]
mod tests {
    use super::{Confidence, normal_probability, normal_quantile};
    use crate::statistics::golden;

    #[test]
    fn quantiles_of_the_normal_distribution() {
        for row in golden("normal") {
            let (level, expected) = (row[0].as_f64().unwrap(), row[1].as_f64().unwrap());
            let z = Confidence::new(level).unwrap().z();
            // 1 − level has an absolute rounding error of 1e-16; of a level of 0.999999 that is 1e-10.
            assert!((z - expected).abs() < 1e-10 * expected, "{level}: {z}");
        }
        assert_eq!(Confidence::default().level(), 0.95);
    }

    #[test]
    fn quantiles_and_probabilities_are_each_others_inverse() {
        for z in [-4.0, -1.5, -0.1, 0.0, 0.3, 2.0, 3.0] {
            // Near 1 a probability has 16 digits, its distance from 1 fewer: at 3 some 13.
            assert!((normal_quantile(normal_probability(z)) - z).abs() < 1e-12, "{z}");
        }
    }

    #[test]
    fn a_level_is_a_probability() {
        for level in [0.0, 0.49, 1.0, 95.0, f64::NAN] {
            assert_eq!(
                Confidence::new(level).unwrap_err().to_string(),
                format!("confidence = {level}: must be from 0.5 to 0.999999")
            );
        }
    }
}
