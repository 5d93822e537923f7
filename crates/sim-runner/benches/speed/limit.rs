//! The limit of the arithmetic: as many multiplications, additions and divisions as one step has
//! (`docs/performance.md` counts them), none of which waits for another of its round.
//!
//! There is one chain for each register that is left of 16 when the quotient and two constants have
//! theirs: nothing is kept in memory. Chains stay near 1, and every lane of them is read in the end, so
//! that no operation is left out or slow.

use std::hint::black_box;

use dip_dynamics::{Kernel, Lanes};

use crate::STEPS;

const CHAINS: usize = 13;
const DIVISIONS: usize = 5;
/// Rounds of all chains after each division, and one that only multiplies. Then come a round that adds to
/// `ADDED` of them, and one that multiplies `MULTIPLIED`.
const ROUNDS: usize = 3;
const ADDED: usize = 9;
const MULTIPLIED: usize = 2;

const _: () = {
    let multiplications = (DIVISIONS * (ROUNDS + 1) + 1) * CHAINS + MULTIPLIED;
    assert!(multiplications == 275, "multiplications of a step");
    assert!(DIVISIONS * ROUNDS * CHAINS + ADDED == 204, "additions of a step");
};

#[derive(Clone, Copy)]
pub(crate) struct Loop;

#[inline(always)]
fn round<R: Lanes>(chains: &mut [R], added: usize, [factor, term]: [R; 2]) {
    for chain in &mut *chains {
        *chain = *chain * factor;
    }
    for chain in &mut chains[..added] {
        *chain += term;
    }
}

impl Kernel for Loop {
    type Output = f64;

    #[inline(always)]
    fn run<R: Lanes>(self) -> f64 {
        let constants = black_box([0.999, 0.001]).map(R::splat);
        let near_one = |i: usize| R::from_lanes(|lane| 1.0 + 1e-3 * (i * R::COUNT + lane) as f64);
        let mut chains: [R; CHAINS] = std::array::from_fn(near_one);
        let mut quotient = near_one(CHAINS);
        for _ in 0..STEPS {
            for _ in 0..DIVISIONS {
                quotient = constants[0] / quotient;
                for _ in 0..ROUNDS {
                    round(&mut chains, CHAINS, constants);
                }
                round(&mut chains, 0, constants);
            }
            round(&mut chains, ADDED, constants);
            round(&mut chains[..MULTIPLIED], 0, constants);
        }
        for chain in chains {
            quotient += chain;
        }
        (0..R::COUNT).map(|lane| quotient.lane(lane)).sum()
    }
}
