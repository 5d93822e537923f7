//! Stagnation: for how many generations a best cost has not fallen.
//!
//! It does not know what is done about it. Validated by its unit test and `tests/suite/restarts.rs`.

use serde::{Deserialize, Serialize};

/// A cost that falls by a smaller part of itself than this does not fall.
const HAIR: f64 = 1e-6;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Stagnation {
    /// The cost at the last time that it fell.
    cost: Option<f64>,
    generations: u64,
}

impl Stagnation {
    /// Takes the lowest cost after one more generation; none as long as nothing was feasible, which
    /// is searching and not stagnation.
    pub(crate) fn observe(&mut self, lowest: Option<f64>) {
        let Some(lowest) = lowest else { return };
        if self.cost.is_none_or(|cost| lowest < cost - HAIR * cost.abs()) {
            *self = Self { cost: Some(lowest), generations: 0 };
        } else {
            self.generations += 1;
        }
    }

    /// Generations since the cost last fell.
    pub(crate) fn generations(&self) -> u64 {
        self.generations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_fall_by_more_than_a_hair_ends_it() {
        let mut stagnation = Stagnation::default();
        for (lowest, expected) in [
            (None, 0),
            (Some(2.0), 0),
            (Some(2.0), 1),
            (Some(2.0 - 1e-7), 2),
            (Some(1.9), 0),
            (Some(1.95), 1),
            (Some(-5.0), 0),
            (Some(-5.000_001), 1),
            (Some(-5.1), 0),
        ] {
            stagnation.observe(lowest);
            assert_eq!(stagnation.generations(), expected, "{lowest:?}");
        }
    }
}
