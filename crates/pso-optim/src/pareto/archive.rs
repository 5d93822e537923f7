//! The archive: what nothing seen so far dominates, of a size that does not grow.
//!
//! Validated by `tests/suite/pareto.rs`.

use serde::{Deserialize, Serialize};

use super::{Member, ParetoPoint, crowd, dominates};

/// Points none of which dominates another. All its memory is taken at once; when there are too many, the
/// most crowded one goes, and never one that is best in an objective.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Archive {
    /// The points are the first `count`; the others are memory, one of them for the newcomer.
    members: Vec<Member>,
    count: usize,
    seen: u64,
}

impl Archive {
    pub(crate) fn new(capacity: usize, dimension: usize, objectives: usize) -> Self {
        let members = vec![Member::empty(dimension, objectives); capacity + 1];
        Self { members, count: 0, seen: 0 }
    }

    pub(crate) fn points(&self) -> impl Iterator<Item = &ParetoPoint> {
        self.members[..self.count].iter().map(|member| &member.point)
    }

    /// Takes in a point unless one of the archive is as good in everything.
    pub(crate) fn offer(&mut self, position: &[f64], costs: &[f64]) {
        self.seen += 1;
        if self.points().any(|point| point.costs == costs || dominates(&point.costs, costs)) {
            return;
        }
        let mut at = 0;
        while at < self.count {
            if dominates(costs, &self.members[at].point.costs) {
                self.count -= 1;
                self.members.swap(at, self.count);
            } else {
                at += 1;
            }
        }
        self.members[self.count].set(position, costs, self.seen);
        self.count += 1;
        if self.count == self.members.len() {
            crowd(&mut self.members);
            self.count -= 1;
        }
    }
}
