//! What happens at the walls of the box.
//!
//! Sources: Robinson & Rahmat-Samii (2004), IEEE Trans. Antennas Propag. 52(2); Helwig, Branke &
//! Mostaghim (2013), IEEE Trans. Evol. Comput. 17(2), who compare them; SPSO 2011
//! (Zambrano-Bigiarini, Clerc & Rojas, CEC 2013) for the rebound.
//! Validated by `tests/suite/flight.rs` and its unit tests.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::dice;

/// Where a particle goes whose step would leave the box, coordinate by coordinate.
///
/// Whichever is chosen, no point outside the box is ever evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Walls {
    /// It stops at the wall and is turned inward at half its velocity. The default: the best gains
    /// often lie on a limit, which all others reach with probability zero.
    #[default]
    Absorb,
    /// It is mirrored, and flies on inward.
    Reflect,
    /// It comes in again through the opposite wall, at the same velocity: for coordinates that go
    /// round, as angles do.
    Periodic,
    /// It comes to rest anywhere between the walls.
    Random,
}

/// What an absorbed particle keeps of the velocity component that hit the wall, turned inward. None at
/// all would let the swarm stick to a wall that only one particle found good.
const REBOUND: f64 = 0.5;

impl Walls {
    /// Position and velocity after a step to `target`; the given ones, if that lies inside.
    pub(crate) fn meet(
        self,
        target: f64,
        velocity: f64,
        (lower, upper): (f64, f64),
        rng: &mut ChaCha8Rng,
    ) -> (f64, f64) {
        if (lower..=upper).contains(&target) {
            return (target, velocity);
        }
        match self {
            Self::Absorb => (target.clamp(lower, upper), -REBOUND * velocity),
            Self::Reflect => (mirror(target, (lower, upper)), -velocity),
            Self::Periodic => (wrap(target, (lower, upper)), velocity),
            Self::Random => (dice::within(rng, (lower, upper)), 0.0),
        }
    }
}

/// `x` in a box between two mirrors: continuous, and the identity inside.
pub(crate) fn mirror(x: f64, (lower, upper): (f64, f64)) -> f64 {
    let width = upper - lower;
    let along = (x - lower).rem_euclid(2.0 * width);
    (lower + along.min(2.0 * width - along)).clamp(lower, upper)
}

/// `x` on a ring.
fn wrap(x: f64, (lower, upper): (f64, f64)) -> f64 {
    (lower + (x - lower).rem_euclid(upper - lower)).clamp(lower, upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wall_does_what_it_says() {
        let limits = (1.0, 3.0);
        let mut rng = dice::stream(0, 0);
        let mut meet = |walls: Walls, target, v| walls.meet(target, v, limits, &mut rng);
        for walls in [Walls::Absorb, Walls::Reflect, Walls::Periodic, Walls::Random] {
            for inside in [1.0, 2.5, 3.0] {
                assert_eq!(meet(walls, inside, -0.5), (inside, -0.5));
            }
        }
        assert_eq!(meet(Walls::Absorb, 3.5, 1.0), (3.0, -0.5));
        assert_eq!(meet(Walls::Absorb, 0.5, -1.0), (1.0, 0.5));
        assert_eq!(meet(Walls::Reflect, 3.5, 1.0), (2.5, -1.0));
        assert_eq!(meet(Walls::Reflect, 0.5, -1.0), (1.5, 1.0));
        assert_eq!(meet(Walls::Periodic, 3.5, 1.0), (1.5, 1.0));
        assert_eq!(meet(Walls::Periodic, 0.5, -1.0), (2.5, -1.0));
        let (x, v) = meet(Walls::Random, 3.5, 1.0);
        assert!((1.0..=3.0).contains(&x) && v == 0.0);
    }

    #[test]
    fn mirrors_fold_any_distance() {
        for (x, image) in [(-7.0, 1.0), (-5.5, 2.5), (5.0, 1.0), (5.5, 1.5), (9.25, 1.25)] {
            assert_eq!(mirror(x, (1.0, 3.0)), image, "{x}");
        }
    }
}
