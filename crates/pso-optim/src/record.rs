//! What a search has seen: how many candidates, how many of them infeasible, and the best.
//!
//! The one rule for what is not a cost stands here: NaN and ±infinity are counted, and never become
//! a best. Validated by `tests/suite/feasibility.rs`.

use serde::{Deserialize, Serialize};

/// How much a search has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Generations told.
    pub generations: u64,
    /// Candidates evaluated, feasible or not.
    pub evaluations: u64,
    /// Candidates among them that had no finite cost.
    pub infeasible: u64,
}

impl Tally {
    /// Whether any candidate has had a finite cost.
    pub fn found_any(&self) -> bool {
        self.infeasible < self.evaluations
    }

    pub(crate) fn count(&mut self, feasible: bool) {
        self.evaluations += 1;
        self.infeasible += u64::from(!feasible);
    }
}

/// The cheapest feasible place of several. `position` means nothing, and is only memory, as long as
/// there is no cost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Best {
    position: Vec<f64>,
    cost: Option<f64>,
}

impl Best {
    pub(crate) fn none(dimension: usize) -> Self {
        Self { position: vec![0.0; dimension], cost: None }
    }

    pub(crate) fn cost(&self) -> Option<f64> {
        self.cost
    }

    pub(crate) fn position(&self) -> Option<&[f64]> {
        self.cost.map(|_| self.position.as_slice())
    }

    /// Takes over a place that is feasible and better than what it has; tells whether it was.
    pub(crate) fn improve(&mut self, position: &[f64], cost: Option<f64>) -> bool {
        match cost {
            Some(cost) if self.cost.is_none_or(|best| cost < best) => {
                self.replace(position, cost);
                true
            }
            _ => false,
        }
    }

    /// Takes over a place, whatever it has.
    pub(crate) fn replace(&mut self, position: &[f64], cost: f64) {
        self.position.copy_from_slice(position);
        self.cost = Some(cost);
    }

    pub(crate) fn forget(&mut self) {
        self.cost = None;
    }
}

/// The tally of a search for the minimum of one cost, and the best of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) tally: Tally,
    best: Best,
}

impl Record {
    pub(crate) fn new(dimension: usize) -> Self {
        Self { tally: Tally::default(), best: Best::none(dimension) }
    }

    /// Counts a candidate; returns its cost if that is one.
    pub(crate) fn judge(&mut self, position: &[f64], cost: f64) -> Option<f64> {
        let cost = cost.is_finite().then_some(cost);
        self.tally.count(cost.is_some());
        self.best.improve(position, cost);
        cost
    }

    pub(crate) fn best(&self) -> Option<(f64, &[f64])> {
        Some((self.best.cost()?, self.best.position()?))
    }
}
