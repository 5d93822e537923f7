//! Random initial states, each with a stream of random numbers of its own.
//!
//! Start number `i` of a seed is the same whoever draws it, in whatever order, on however many
//! threads.

use core::f64::consts::PI;

use dip_dynamics::State;
use rand::RngExt;
use thiserror::Error;

use crate::noise::{Purpose, Streams};

/// Starts at rest with the cart at the origin, `θ1` and `θ2` uniform in `[−radius, radius]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Starts {
    radius: f64,
    streams: Streams,
}

/// A box from which no start can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("box = {value}: must be {rule}", rule = Self::RULE)]
pub struct StartError {
    /// The half width in rad.
    pub value: f64,
}

impl StartError {
    /// What would be right.
    pub const RULE: &str = "greater than 0 and at most pi rad";
}

impl Starts {
    /// A box of half width `radius` in rad.
    ///
    /// # Errors
    /// A radius that is not positive, or more than half a turn.
    pub fn new(radius: f64, seed: u64) -> Result<Self, StartError> {
        if radius > 0.0 && radius <= PI {
            Ok(Self { radius, streams: Streams::for_comparison(seed) })
        } else {
            Err(StartError { value: radius })
        }
    }

    /// The same box, other starts: those on which gains are tuned.
    pub(crate) fn for_training(self) -> Self {
        Self { streams: self.streams.for_training(), ..self }
    }

    /// Start number `index`.
    pub fn get(&self, index: u64) -> State {
        let mut generator = self.streams(index).generator(Purpose::Start);
        let mut angle = || generator.random_range(-self.radius..=self.radius);
        State { theta1: angle(), theta2: angle(), ..State::UPRIGHT }
    }

    /// All random numbers of the scenario that begins at start number `index`.
    pub(crate) fn streams(&self, index: u64) -> Streams {
        self.streams.of(index)
    }
}

#[cfg(test)]
mod tests {
    use super::Starts;

    #[test]
    fn training_and_comparison_share_no_start() {
        let comparison = Starts::new(0.3, 1).unwrap();
        let training = comparison.for_training();
        for i in 0..100 {
            assert!((0..100).all(|j| comparison.get(i) != training.get(j)));
        }
    }
}
