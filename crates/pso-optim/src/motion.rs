//! The flight of one particle: its velocity, its dice, and the walls of the box.
//!
//! `v ← ω·v + c₁·r₁·(own best − x) + c₂·r₂·(leader − x)`, then `x ← x + v`, with fresh
//! `r₁, r₂ ~ U[0, 1)` for every coordinate.
//!
//! It does not know costs, nor how bests are chosen.
//!
//! Sources: Clerc & Kennedy (2002), IEEE Trans. Evol. Comput. 6(1), for the update; SPSO 2011
//! (Zambrano-Bigiarini, Clerc & Rojas, CEC 2013) for the first velocity and for the walls.
//! Validated by `tests/suite/flight.rs` and `tests/suite/determinism.rs`.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{Bounds, Settings};

/// What a particle that hits a wall keeps of that velocity component, turned inward.
///
/// The particle stops *at* the wall. The best gains often lie on a limit, and mirroring the
/// overshoot would reach a wall with probability zero; stopping there with no velocity, on the
/// other hand, lets the swarm stick to a wall that only one particle found good.
const REBOUND: f64 = 0.5;

#[derive(Clone, Debug)]
pub(crate) struct Motion {
    velocity: Vec<f64>,
    rng: ChaCha8Rng,
}

impl Motion {
    /// A particle at rest whose dice depend on `(seed, index)` only: what it draws is not
    /// affected by the number, order or fate of the others.
    pub(crate) fn new(seed: u64, index: usize, dimension: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(index as u64);
        Self { velocity: vec![0.0; dimension], rng }
    }

    /// Puts the particle anywhere in the box, each place as likely as another.
    pub(crate) fn scatter(&mut self, bounds: &Bounds, position: &mut [f64]) {
        for (x, &limits) in position.iter_mut().zip(bounds.limits()) {
            *x = self.anywhere(limits);
        }
    }

    /// Aims the particle at a random place of the box, so that no first step leaves it.
    pub(crate) fn launch(&mut self, bounds: &Bounds, position: &[f64]) {
        for (d, &limits) in bounds.limits().iter().enumerate() {
            self.velocity[d] = self.anywhere(limits) - position[d];
        }
    }

    /// Moves `position` by one generation toward the particle's `own` best, if it has one, and
    /// the `leader`'s.
    pub(crate) fn step(
        &mut self,
        settings: &Settings,
        bounds: &Bounds,
        position: &mut [f64],
        own: Option<&[f64]>,
        leader: &[f64],
    ) {
        for (d, &(lower, upper)) in bounds.limits().iter().enumerate() {
            let x = position[d];
            let [r1, r2]: [f64; 2] = self.rng.random();
            let to_own = own.map_or(0.0, |own| own[d] - x);
            let to_leader = leader[d] - x;

            let limit = settings.velocity_limit * (upper - lower);
            let v = (settings.inertia * self.velocity[d]
                + settings.cognitive * r1 * to_own
                + settings.social * r2 * to_leader)
                .clamp(-limit, limit);

            let target = x + v;
            position[d] = target.clamp(lower, upper);
            let hit_wall = position[d] != target;
            self.velocity[d] = if hit_wall { -REBOUND * v } else { v };
        }
    }

    /// The factor is at most 1 − 2⁻⁵³, so its rounded product with the rounded width is no more
    /// than the exact width, and the sum no more than `upper`.
    fn anywhere(&mut self, (lower, upper): (f64, f64)) -> f64 {
        lower + self.rng.random::<f64>() * (upper - lower)
    }
}
