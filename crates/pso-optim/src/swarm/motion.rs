//! The flight of one particle: its velocity, its dice, and the walls of the box.
//!
//! `v ← ω·v + c₁·r₁·(own best − x) + c₂·r₂·(leader − x)`, then `x ← x + v`, with fresh
//! `r₁, r₂ ~ U[0, 1)` for every coordinate.
//!
//! It does not know costs, nor how bests are chosen.
//!
//! Sources: Shi & Eberhart (1998) for the update; SPSO 2011 (Zambrano-Bigiarini, Clerc & Rojas, CEC
//! 2013) for the first velocity.
//! Validated by `tests/suite/flight.rs` and `tests/suite/determinism.rs`.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::SwarmSettings;
use crate::{Bounds, dice};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Motion {
    velocity: Vec<f64>,
    rng: ChaCha8Rng,
}

impl Motion {
    /// A particle at rest, with dice of its own.
    pub(crate) fn new(rng: ChaCha8Rng, dimension: usize) -> Self {
        Self { velocity: vec![0.0; dimension], rng }
    }

    /// Puts the particle anywhere in the box, each place as likely as another.
    pub(crate) fn scatter(&mut self, bounds: &Bounds, position: &mut [f64]) {
        for (x, &limits) in position.iter_mut().zip(bounds.limits()) {
            *x = dice::within(&mut self.rng, limits);
        }
    }

    /// Aims the particle at a random place of the box, so that no first step leaves it.
    pub(crate) fn launch(&mut self, bounds: &Bounds, position: &[f64]) {
        for (d, &limits) in bounds.limits().iter().enumerate() {
            self.velocity[d] = dice::within(&mut self.rng, limits) - position[d];
        }
    }

    /// Moves `position` by the step after generation number `generation`, toward the particle's
    /// `own` best, if it has one, and the `leader`'s.
    pub(crate) fn step(
        &mut self,
        settings: &SwarmSettings,
        generation: u64,
        bounds: &Bounds,
        position: &mut [f64],
        (own, leader): (Option<&[f64]>, &[f64]),
    ) {
        let factors = settings.inertia.factors(settings, generation, &mut self.rng);
        for (d, &(lower, upper)) in bounds.limits().iter().enumerate() {
            let x = position[d];
            let [r1, r2]: [f64; 2] = self.rng.random();
            let to_own = own.map_or(0.0, |own| own[d] - x);
            let to_leader = leader[d] - x;

            let limit = settings.velocity_limit * (upper - lower);
            let v = (factors.inertia * self.velocity[d]
                + factors.cognitive * r1 * to_own
                + factors.social * r2 * to_leader)
                .clamp(-limit, limit);
            (position[d], self.velocity[d]) =
                settings.walls.meet(x + v, v, (lower, upper), &mut self.rng);
        }
    }
}
