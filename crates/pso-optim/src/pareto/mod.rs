//! Several objectives: dominance, crowding, and what has been found so far.
//!
//! A point *dominates* another if no objective is worse and one is better. What nothing dominates is the
//! *front*.
//!
//! Sources: Deb, Pratap, Agarwal & Meyarivan (2002), IEEE Trans. Evol. Comput. 6(2); Zitzler & Thiele
//! (1999), IEEE Trans. Evol. Comput. 3(4).
//! Validated by unit tests here and by `tests/suite/pareto.rs`.

mod archive;
mod hypervolume;
mod nsga2;

use serde::{Deserialize, Serialize};

pub use self::{
    hypervolume::hypervolume,
    nsga2::{Nsga2, Nsga2Settings},
};

/// A place, and what it costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParetoPoint {
    /// Inside the bounds.
    pub position: Vec<f64>,
    /// One finite number for each objective; less is better.
    pub costs: Vec<f64>,
}

impl AsRef<[f64]> for ParetoPoint {
    /// The costs.
    fn as_ref(&self) -> &[f64] {
        &self.costs
    }
}

/// Whether `a` is nowhere worse than `b`, and somewhere better.
pub(crate) fn dominates(a: &[f64], b: &[f64]) -> bool {
    let mut pairs = a.iter().zip(b);
    pairs.clone().all(|(a, b)| a <= b) && pairs.any(|(a, b)| a < b)
}

/// A point of a population, with its place among the others.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) point: ParetoPoint,
    /// Number of the front that it belongs to, from 0; [`INFEASIBLE`] without costs.
    pub(crate) rank: usize,
    /// Mean side of the box between its neighbours on the front; infinite at the ends.
    pub(crate) crowding: f64,
    /// Breaks ties, so that no order depends on how a sort goes about it.
    pub(crate) number: u64,
}

pub(crate) const INFEASIBLE: usize = usize::MAX;

impl Member {
    /// Memory for a member, which has no costs yet.
    pub(crate) fn empty(dimension: usize, objectives: usize) -> Self {
        let point = ParetoPoint { position: vec![0.0; dimension], costs: vec![0.0; objectives] };
        Self { point, rank: INFEASIBLE, crowding: 0.0, number: 0 }
    }

    pub(crate) fn set(&mut self, position: &[f64], costs: &[f64], number: u64) {
        self.point.position.copy_from_slice(position);
        self.point.costs.copy_from_slice(costs);
        self.number = number;
    }
}

/// Sets the crowding of the members of one front, and orders them, the least crowded first.
pub(crate) fn crowd(front: &mut [Member]) {
    for member in &mut *front {
        member.crowding = 0.0;
    }
    let objectives = front.first().map_or(0, |member| member.point.costs.len());
    for k in 0..objectives {
        let cost = |member: &Member| member.point.costs[k];
        front.sort_unstable_by(|a, b| cost(a).total_cmp(&cost(b)).then(a.number.cmp(&b.number)));
        let last = front.len() - 1;
        let range = cost(&front[last]) / 2.0 - cost(&front[0]) / 2.0;
        for at in [0, last] {
            front[at].crowding = f64::INFINITY;
        }
        // In halves, since the difference of two costs may be more than the greatest number.
        for at in 1..last {
            let between = cost(&front[at + 1]) / 2.0 - cost(&front[at - 1]) / 2.0;
            if range > 0.0 {
                front[at].crowding += between / range;
            }
        }
    }
    front.sort_unstable_by(|a, b| b.crowding.total_cmp(&a.crowding).then(a.number.cmp(&b.number)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dominance_is_better_somewhere_and_worse_nowhere() {
        for (a, b, expected) in [
            ([1.0, 2.0], [1.0, 3.0], true),
            ([1.0, 2.0], [1.0, 2.0], false),
            ([1.0, 2.0], [0.0, 3.0], false),
            ([1.0, 2.0], [2.0, 3.0], true),
            ([2.0, 3.0], [1.0, 2.0], false),
        ] {
            assert_eq!(dominates(&a, &b), expected, "{a:?} {b:?}");
        }
    }

    #[test]
    fn ends_are_never_crowded_and_gaps_are_less_so() {
        let costs = [[0.0, 4.0], [1.0, 3.0], [1.5, 2.5], [4.0, 0.0]];
        let mut front = vec![Member::empty(1, 2); 4];
        for (number, (member, costs)) in (0..).zip(front.iter_mut().zip(&costs)) {
            member.set(&[0.0], costs, number);
        }
        crowd(&mut front);
        let of: Vec<_> = front.iter().map(|m| (m.number, m.crowding)).collect();
        // Between 0 and 1.5, and 4 and 2.5, of 4: 3/8 twice. Between 1 and 4, and 3 and 0: 3/4 twice.
        assert_eq!(of, [(0, f64::INFINITY), (3, f64::INFINITY), (2, 1.5), (1, 0.75)]);
    }
}
