//! The numbers of the method, with defaults from the literature.
//!
//! Validated by `tests/suite/refusals.rs` (the rules) and `tests/suite/quality.rs` (the defaults).

use serde::{Deserialize, Serialize};

use crate::Error;

/// How many particles search, and how they move.
///
/// Plain data, as it stands in a configuration file; [`Swarm`](crate::Swarm) checks it.
/// Absent fields take their defaults, unknown ones are refused.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Candidates per generation, from 2 to a million. Default 40 (SPSO 2011: Zambrano-Bigiarini, Clerc &
    /// Rojas, 2013).
    pub particles: usize,
    /// Share of its velocity that a particle keeps, in `[0, 1)`. Default 0.7298, the constriction
    /// coefficient χ for φ = 4.1 (Clerc & Kennedy, 2002).
    pub inertia: f64,
    /// Pull toward a particle's own best, in `[0, 4]`. Default 1.49618 = χ·φ/2 (ibid.).
    pub cognitive: f64,
    /// Pull toward the best of the swarm, in `[0, 4]`. Default 1.49618 = χ·φ/2 (ibid.).
    pub social: f64,
    /// Largest step of a generation as a fraction of each range `upper − lower`, in `(0, 1]`.
    /// Default 0.5: the `Vmax = Xmax` that Eberhart & Shi (2000) recommend beside constriction.
    pub velocity_limit: f64,
}

/// More would not be a swarm but a typing error, and ask for gigabytes.
const MAX_PARTICLES: usize = 1_000_000;

impl Default for Settings {
    fn default() -> Self {
        Self {
            particles: 40,
            inertia: 0.7298,
            cognitive: 1.49618,
            social: 1.49618,
            velocity_limit: 0.5,
        }
    }
}

impl Settings {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Self { particles, inertia, cognitive, social, velocity_limit } = *self;
        // The sum comes last, when its terms are known to be sound.
        [
            (
                "particles",
                particles as f64,
                (2..=MAX_PARTICLES).contains(&particles),
                "at least 2 and at most 1000000",
            ),
            ("inertia", inertia, (0.0..1.0).contains(&inertia), "at least 0 and below 1"),
            ("cognitive", cognitive, (0.0..=4.0).contains(&cognitive), "between 0 and 4"),
            ("social", social, (0.0..=4.0).contains(&social), "between 0 and 4"),
            (
                "velocity_limit",
                velocity_limit,
                velocity_limit > 0.0 && velocity_limit <= 1.0,
                "above 0 and at most 1",
            ),
            ("cognitive + social", cognitive + social, cognitive + social > 0.0, "above 0"),
        ]
        .into_iter()
        .find(|&(_, _, holds, _)| !holds)
        .map_or(Ok(()), |(name, value, _, rule)| Err(Error::Setting { name, value, rule }))
    }
}
