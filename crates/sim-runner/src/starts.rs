//! Random initial states, each with a stream of random numbers of its own.
//!
//! Start number `i` of a seed is the same whoever draws it, in whatever order, on however many
//! threads.

use dip_dynamics::State;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

/// Starts at rest with the cart at the origin, `θ1` and `θ2` uniform in `[−radius, radius]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Starts {
    radius: f64,
    seed: u64,
}

/// A box from which no start can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("box = {0}: must be finite and greater than 0 (rad)")]
pub struct StartError(f64);

impl Starts {
    /// A box of half width `radius` in rad.
    ///
    /// # Errors
    /// A radius that is not positive and finite.
    pub fn new(radius: f64, seed: u64) -> Result<Self, StartError> {
        if radius.is_finite() && radius > 0.0 {
            Ok(Self { radius, seed })
        } else {
            Err(StartError(radius))
        }
    }

    /// Start number `index`.
    pub fn get(&self, index: u64) -> State {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(index);
        let mut angle = || rng.random_range(-self.radius..=self.radius);
        State { theta1: angle(), theta2: angle(), ..State::UPRIGHT }
    }
}
