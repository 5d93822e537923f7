//! Inertia: what a particle keeps of its velocity, over the generations.
//!
//! Validated by its unit tests and `tests/suite/flight.rs`.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::SwarmSettings;
use crate::dice;

/// The schedule of the inertia weight ω.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Inertia {
    /// The same ω, in `[0, 1)`, in every generation.
    Constant(f64),
    /// From one ω to another in equal steps over so many generations, then the last; both in `[0, 1]`.
    ///
    /// Source: Shi & Eberhart (1998), from 0.9 to 0.4.
    Linear {
        /// ω of the first step.
        from: f64,
        /// ω after `generations` steps.
        to: f64,
        /// Number of steps, at least 1.
        generations: u64,
    },
    /// Uniform in `[from, to]`, within `[0, 1]`, drawn anew for each particle and generation.
    ///
    /// Source: Eberhart & Shi (2001), from 0.5 to 1, for minima that move.
    Random {
        /// Least ω.
        from: f64,
        /// Greatest ω.
        to: f64,
    },
    /// Not ω but the whole new velocity is multiplied by `χ = 2/(φ − 2 + √(φ² − 4φ))`, with
    /// `φ = cognitive + social`, which must exceed 4 (2.05 each is usual).
    ///
    /// Source: Clerc & Kennedy (2002), equation for type 1″ with κ = 1.
    Constriction,
}

/// The factors of one step of one particle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Factors {
    pub(crate) inertia: f64,
    pub(crate) cognitive: f64,
    pub(crate) social: f64,
}

impl Inertia {
    /// The factors of the step that follows generation number `generation`, from 0.
    pub(crate) fn factors(
        self,
        settings: &SwarmSettings,
        generation: u64,
        rng: &mut ChaCha8Rng,
    ) -> Factors {
        let SwarmSettings { cognitive, social, .. } = *settings;
        let inertia = match self {
            Self::Constant(inertia) => inertia,
            Self::Linear { from, to, generations } => {
                let done = generation.min(generations) as f64 / generations as f64;
                from + done * (to - from)
            }
            Self::Random { from, to } => dice::within(rng, (from, to)),
            Self::Constriction => {
                let phi = cognitive + social;
                let chi = 2.0 / (phi - 2.0 + (phi * phi - 4.0 * phi).sqrt());
                return Factors { inertia: chi, cognitive: chi * cognitive, social: chi * social };
            }
        };
        Factors { inertia, cognitive, social }
    }

    /// The rules of the schedule, as [`crate::error::check`] takes them.
    pub(crate) fn rules(self, phi: f64) -> [(&'static str, f64, bool, &'static str); 3] {
        const SHARE: &str = "between 0 and 1";
        const MET: (&str, f64, bool, &str) = ("inertia", 0.0, true, "");
        let share = |name, value: f64| (name, value, (0.0..=1.0).contains(&value), SHARE);
        match self {
            Self::Constant(inertia) => {
                let holds = (0.0..1.0).contains(&inertia);
                [("inertia", inertia, holds, "at least 0 and below 1"), MET, MET]
            }
            Self::Linear { from, to, generations } => [
                share("inertia.from", from),
                share("inertia.to", to),
                ("inertia.generations", generations as f64, generations > 0, "at least 1"),
            ],
            Self::Random { from, to } => [
                share("inertia.from", from),
                share("inertia.to", to),
                ("inertia.to", to, from <= to, "at least inertia.from"),
            ],
            Self::Constriction => {
                let rule = "above 4 for constriction";
                [("cognitive + social", phi, phi > 4.0, rule), MET, MET]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(inertia: Inertia, generation: u64, each: f64) -> Factors {
        let settings = SwarmSettings { cognitive: each, social: each, ..SwarmSettings::default() };
        inertia.factors(&settings, generation, &mut dice::stream(1, 0))
    }

    #[test]
    fn the_line_falls_and_then_stays() {
        let inertia = Inertia::Linear { from: 0.9, to: 0.4, generations: 100 };
        for (generation, expected) in [(0, 0.9), (50, 0.65), (100, 0.4), (1000, 0.4)] {
            assert_eq!(factors(inertia, generation, 1.0).inertia, expected);
        }
    }

    #[test]
    fn random_inertia_stays_in_its_range_and_moves() {
        let mut rng = dice::stream(1, 0);
        let inertia = Inertia::Random { from: 0.5, to: 1.0 };
        let mut draw = || inertia.factors(&SwarmSettings::default(), 0, &mut rng).inertia;
        let draws: Vec<f64> = (0..1000).map(|_| draw()).collect();
        assert!(draws.iter().all(|w| (0.5..=1.0).contains(w)));
        // The mean of 1000 draws scatters by 0.5/√12/√1000 = 0.0046.
        assert!((draws.iter().sum::<f64>() / 1000.0 - 0.75).abs() < 5.0 * 0.0046);
    }

    /// Clerc & Kennedy give χ = 0.7298 and χ·2.05 = 1.496 for φ = 4.1.
    #[test]
    fn constriction_has_the_published_coefficient() {
        let Factors { inertia, cognitive, social } = factors(Inertia::Constriction, 0, 2.05);
        assert!((inertia - 0.729_84).abs() < 1e-5 && (cognitive - 1.496_18).abs() < 1e-5);
        assert_eq!(cognitive, social);
    }
}
