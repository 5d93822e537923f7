//! The numbers of the swarm, with their defaults.
//!
//! The defaults are those that did best in `benches/functions`.
//!
//! Validated by `tests/suite/refusals.rs` (the rules) and `tests/suite/quality.rs` (the defaults).

use serde::{Deserialize, Serialize};

use super::{Inertia, Neighbourhood};
use crate::{Design, Error, Walls, error};

/// How many particles search, and how they move.
///
/// Plain data, as it stands in a configuration file; [`Swarm`](crate::Swarm) checks it.
/// Absent fields take their defaults, unknown ones are refused.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SwarmSettings {
    /// Candidates per generation, from 2 to a million. Default 20: of a given number of evaluations, few
    /// particles make many generations. More are for rugged costs, and for many threads.
    pub particles: usize,
    /// What a particle keeps of its velocity. Default constant, 0.7213 = 1/(2·ln 2) (Clerc, 2006).
    pub inertia: Inertia,
    /// Pull toward a particle's own best, in `[0, 4]`. Default 1.1931 = 1/2 + ln 2 (ibid.).
    pub cognitive: f64,
    /// Pull toward the best of the neighbourhood, in `[0, 4]`. Default 1.1931 (ibid.).
    pub social: f64,
    /// Largest step of a generation as a fraction of each range `upper − lower`, in `(0, 1]`.
    /// Default 0.5: the `Vmax = Xmax` of Eberhart & Shi (2000).
    pub velocity_limit: f64,
    /// Who tells a particle of its best. Default von Neumann's lattice, which Kennedy & Mendes (2002)
    /// found best: it lets the quick coefficients above converge without agreeing too early.
    pub neighbourhood: Neighbourhood,
    /// Where a particle goes whose step would leave the box. Default absorb.
    pub walls: Walls,
    /// How the first generation is spread. Default Latin hypercube.
    pub design: Design,
    /// When the swarm gives up a place and begins anew. Default after 50 generations of stagnation.
    pub restart: Restart,
}

/// When a swarm is scattered anew. What it has found stays its result; what it remembers is
/// forgotten, so that it is not drawn back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restart {
    /// Never.
    Never,
    /// After so many generations in a row, at least 1, in none of which the swarm's best cost fell by
    /// more than its 10⁻⁶th part.
    AfterStagnation(u64),
}

/// More would not be a swarm but a typing error, and ask for gigabytes.
pub(crate) const MOST_CANDIDATES: usize = 1_000_000;

impl Default for SwarmSettings {
    fn default() -> Self {
        Self {
            particles: 20,
            inertia: Inertia::Constant(0.7213),
            cognitive: 1.1931,
            social: 1.1931,
            velocity_limit: 0.5,
            neighbourhood: Neighbourhood::VonNeumann,
            walls: Walls::Absorb,
            design: Design::LatinHypercube,
            restart: Restart::AfterStagnation(50),
        }
    }
}

impl SwarmSettings {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Self { particles, inertia, cognitive, social, velocity_limit, design, restart, .. } =
            *self;
        let generations = match restart {
            Restart::Never => 1,
            Restart::AfterStagnation(generations) => generations,
        };
        error::check(&[
            (
                "particles",
                particles as f64,
                (2..=MOST_CANDIDATES).contains(&particles),
                "at least 2 and at most 1000000",
            ),
            ("cognitive", cognitive, (0.0..=4.0).contains(&cognitive), "between 0 and 4"),
            ("social", social, (0.0..=4.0).contains(&social), "between 0 and 4"),
            (
                "velocity_limit",
                velocity_limit,
                velocity_limit > 0.0 && velocity_limit <= 1.0,
                "above 0 and at most 1",
            ),
            ("restart.after_stagnation", generations as f64, generations > 0, "at least 1"),
            // The sum comes last, when its terms are known to be sound.
            ("cognitive + social", cognitive + social, cognitive + social > 0.0, "above 0"),
        ])?;
        error::check(&inertia.rules(cognitive + social))?;
        design.check(particles)
    }
}
