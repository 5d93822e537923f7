//! The initial design: where the first generation lies.
//!
//! Sources: `McKay`, Beckman & Conover (1979), Technometrics 21(2), for the Latin hypercube; Sobol (1967)
//! with the directions of Joe & Kuo (2008) and the scrambling of Owen (1995), by `sobol_burley`.
//! Validated by its unit tests and `tests/suite/every_optimiser.rs`.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{Bounds, Error, dice, error};

/// How the first generation is spread over the box. Points given to a constructor come before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Design {
    /// Each place as likely as another, each candidate on its own.
    Uniform,
    /// For every dimension, its range is cut into as many slices as there are candidates, and one
    /// candidate lies in each.
    #[default]
    LatinHypercube,
    /// The scrambled Sobol sequence: also pairs of dimensions are covered evenly. At most 65536
    /// candidates, best a power of two.
    Sobol,
}

/// The length of the sequence of `sobol_burley`.
const LONGEST_SOBOL: usize = 1 << 16;
/// Its number of dimensions; further ones take the same again, scrambled by another seed, as its
/// documentation advises.
const SOBOL_DIMENSIONS: usize = 256;

impl Design {
    pub(crate) fn check(self, candidates: usize) -> Result<(), Error> {
        error::check(&[(
            "candidates of a Sobol design",
            candidates as f64,
            self != Self::Sobol || candidates <= LONGEST_SOBOL,
            "at most 65536",
        )])
    }

    /// The first generation: `points`, then the design's own places from the index on at which the
    /// points end. `dice` are the candidates' own streams, one each.
    pub(crate) fn lay_out(
        self,
        bounds: &Bounds,
        seed: u64,
        dice: &mut [ChaCha8Rng],
        points: &[Vec<f64>],
    ) -> Vec<Vec<f64>> {
        let mut all = dice::stream(seed, dice::OF_ALL);
        let mut positions = vec![vec![0.0; bounds.dimension()]; dice.len()];
        let mut slices: Vec<usize> = (0..dice.len()).collect();
        let scramble = all.next_u32();
        for (d, &(lower, upper)) in bounds.limits().iter().enumerate() {
            if self == Self::LatinHypercube {
                dice::shuffle(&mut all, &mut slices);
            }
            for (index, (position, own)) in positions.iter_mut().zip(&mut *dice).enumerate() {
                let share = match self {
                    Self::Uniform => dice::unit(own),
                    Self::LatinHypercube => {
                        (slices[index] as f64 + dice::unit(own)) / slices.len() as f64
                    }
                    Self::Sobol => f64::from(sobol(index, d, scramble)),
                };
                position[d] = (lower + share * (upper - lower)).min(upper);
            }
        }
        positions[..points.len()].clone_from_slice(points);
        positions
    }
}

fn sobol(index: usize, dimension: usize, scramble: u32) -> f32 {
    let [index, round, dimension] =
        [index, dimension / SOBOL_DIMENSIONS, dimension % SOBOL_DIMENSIONS]
            .map(|number| u32::try_from(number).expect("at most 65536 candidates were allowed"));
    sobol_burley::sample(index, dimension, scramble.wrapping_add(round))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESIGNS: [Design; 3] = [Design::Uniform, Design::LatinHypercube, Design::Sobol];

    fn lay_out(design: Design, dimension: usize, count: usize, seed: u64) -> Vec<Vec<f64>> {
        let bounds = Bounds::new(vec![(-1.0, 3.0); dimension]).unwrap();
        design.lay_out(&bounds, seed, &mut dice::streams(seed, count), &[])
    }

    /// Slice of `slices` in which a coordinate lies: the last one that begins at or before it.
    fn slice(x: f64, slices: usize) -> usize {
        let begins = |slice: usize| slice as f64 / slices as f64 <= (x + 1.0) / 4.0;
        (0..slices).rev().find(|&slice| begins(slice)).unwrap()
    }

    #[test]
    fn every_slice_of_every_dimension_has_its_candidate() {
        for (design, even) in
            [(Design::Uniform, false), (Design::LatinHypercube, true), (Design::Sobol, true)]
        {
            let positions = lay_out(design, 3, 64, 5);
            for d in 0..3 {
                let mut hit: Vec<usize> = positions.iter().map(|x| slice(x[d], 64)).collect();
                hit.sort_unstable();
                assert_eq!(hit == (0..64).collect::<Vec<_>>(), even, "{design:?}, dimension {d}");
            }
        }
    }

    /// 64 points of a scrambled Sobol sequence put one into each of the 8 × 8 squares of its first two
    /// dimensions; a Latin hypercube does not.
    #[test]
    fn sobol_covers_pairs_of_dimensions() {
        let squares = |design| {
            let positions = lay_out(design, 2, 64, 5);
            let mut hit: Vec<_> =
                positions.iter().map(|x| (slice(x[0], 8), slice(x[1], 8))).collect();
            hit.sort_unstable();
            hit.dedup();
            hit.len()
        };
        assert_eq!(squares(Design::Sobol), 64);
        assert!(squares(Design::LatinHypercube) < 64);
    }

    #[test]
    fn a_design_follows_from_its_seed_and_lies_in_the_box() {
        for design in DESIGNS {
            // Also beyond the dimensions that the Sobol sequence has.
            let first = lay_out(design, 300, 20, 1);
            assert_eq!(first, lay_out(design, 300, 20, 1));
            assert_ne!(first, lay_out(design, 300, 20, 2), "{design:?}");
            assert!(first.iter().flatten().all(|x| (-1.0..=3.0).contains(x)));
            assert!(first.iter().all(|x| x[0] != x[256]), "{design:?}: no dimension twice");
        }
    }
}
