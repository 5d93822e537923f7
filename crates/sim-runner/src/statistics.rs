//! Figures of many runs, in memory that does not depend on how many they are.
//!
//! What takes runs one by one, in the order of their indices, is plain data: written to a file after
//! run `b` and read back, it goes on to the same bits as without a break. All of its memory is taken when
//! it is made. Nothing here knows of files, threads or how a run is made.
//!
//! Definitions with formulas: `docs/metrics.md`. Each file names its source and its test; that nothing is
//! allocated on the way is in `tests/no_alloc.rs`.

mod binomial;
mod confidence;
mod holm;
mod kaplan_meier;
mod paired;
mod quantiles;
mod rate;
mod sensitivity;
mod worst_cases;

pub use confidence::{Confidence, Estimate};
pub(crate) use confidence::{normal_probability, normal_quantile};
pub use holm::holm;
pub use kaplan_meier::{KaplanMeier, Lifetime, SurvivalStep};
pub use paired::Paired;
pub use quantiles::Quantiles;
pub use rate::{Precision, Rate, wilson};
pub use sensitivity::{Saltelli, Sensitivity, SobolIndices};
pub use worst_cases::{Severity, WorstCase, WorstCases};

/// The rows of a section of the reference data.
#[cfg(test)]
fn golden(section: &str) -> Vec<serde_json::Value> {
    let text = include_str!("../tests/golden/statistics.json");
    let mut sections: serde_json::Value = serde_json::from_str(text).unwrap();
    let serde_json::Value::Array(rows) = sections[section].take() else {
        panic!("there is no {section}");
    };
    rows
}

/// Fast random numbers for simulations in tests.
#[cfg(test)]
struct Draws {
    seed: u64,
    drawn: u64,
}

#[cfg(test)]
impl Draws {
    fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// Uniform in `[0, 1)`.
    fn uniform(&mut self) -> f64 {
        self.drawn += 1;
        (crate::keyed::hash(self.seed, self.drawn) >> 11) as f64 / 2_f64.powi(53)
    }
}
