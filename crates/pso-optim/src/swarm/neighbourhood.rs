//! The neighbourhood: whose best a particle may follow.
//!
//! Sources: Kennedy & Eberhart (1995) for all, Eberhart & Kennedy (1995) for the ring, Kennedy &
//! Mendes (2002) for von Neumann's lattice.
//! Validated by its unit tests and `tests/suite/flight.rs`.

use serde::{Deserialize, Serialize};

use crate::record::Best;

/// Who tells a particle of its best. The smaller the neighbourhood, the slower the swarm agrees, and
/// the less easily it agrees on the wrong place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Neighbourhood {
    /// All particles.
    Global,
    /// The particles before and after it, and itself.
    Ring,
    /// Those beside, above and below it in a lattice as square as their number allows, closed at its
    /// ends, and itself.
    #[default]
    VonNeumann,
}

impl Neighbourhood {
    /// The particle of the best that particle `index` follows, if any of its neighbours has one.
    pub(crate) fn leader(self, index: usize, bests: &[Best]) -> Option<usize> {
        let count = bests.len();
        // Rows of ⌈√n⌉ that run on into each other make a lattice of any number of particles.
        let row = ((count - 1).isqrt() + 1) % count;
        let (ring, lattice) = ([count - 1, 0, 1], [count - row, count - 1, 0, 1, row]);
        match self {
            Self::Global => cheapest(0..count, bests),
            Self::Ring => cheapest(ring.iter().map(|step| (index + step) % count), bests),
            Self::VonNeumann => cheapest(lattice.iter().map(|step| (index + step) % count), bests),
        }
    }
}

/// The first of the cheapest.
fn cheapest(indices: impl Iterator<Item = usize>, bests: &[Best]) -> Option<usize> {
    let costs = indices.filter_map(|index| Some((index, bests[index].cost()?)));
    costs.min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Particles whom a best of particle `0` reaches at once.
    fn reached(neighbourhood: Neighbourhood, count: usize) -> Vec<usize> {
        let mut bests = vec![Best::none(1); count];
        bests[0].improve(&[0.0], Some(1.0));
        (0..count).filter(|&index| neighbourhood.leader(index, &bests) == Some(0)).collect()
    }

    #[test]
    fn a_best_reaches_the_neighbours_and_only_them() {
        assert_eq!(reached(Neighbourhood::Global, 5), [0, 1, 2, 3, 4]);
        assert_eq!(reached(Neighbourhood::Ring, 5), [0, 1, 4]);
        assert_eq!(reached(Neighbourhood::VonNeumann, 16), [0, 1, 4, 12, 15]);
        assert_eq!(reached(Neighbourhood::VonNeumann, 40), [0, 1, 7, 33, 39]);
        for small in [Neighbourhood::Global, Neighbourhood::Ring, Neighbourhood::VonNeumann] {
            assert_eq!(reached(small, 2), [0, 1]);
            assert_eq!(reached(small, 3), [0, 1, 2]);
        }
    }

    #[test]
    fn nobody_follows_one_who_has_found_nothing() {
        let mut bests = vec![Best::none(1); 9];
        assert_eq!(Neighbourhood::Global.leader(0, &bests), None);
        bests[4].improve(&[0.0], Some(-1.0));
        bests[5].improve(&[0.0], Some(-2.0));
        assert_eq!(Neighbourhood::Ring.leader(4, &bests), Some(5));
        assert_eq!(Neighbourhood::Ring.leader(3, &bests), Some(4));
        assert_eq!(Neighbourhood::Ring.leader(1, &bests), None);
    }
}
