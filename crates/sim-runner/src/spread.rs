//! How far a number may be from the one that is given.
//!
//! A uniform spread is below 1 and a normal one at most 0.3 and truncated at three standard deviations, so
//! that no draw changes a sign.
//!
//! Validated by `tests/mismatch.rs` and `tests/disturbances.rs`.

use serde::{Deserialize, Serialize};

use crate::error::ExperimentError;
use crate::noise::{NoiseSource, RandomNoise};
use crate::rules::require;
use crate::statistics::{normal_probability, normal_quantile};

/// A distribution of relative deviations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// Uniform within ± this share of the value that is given.
    Uniform(f64),
    /// Normal with this share of the value that is given as standard deviation, truncated at three.
    Normal(f64),
}

/// Standard deviations beyond which a normal draw is drawn again.
const TRUNCATION: f64 = 3.0;

impl Spread {
    /// Checks the share; `key` is given the rest of its place.
    pub(crate) fn check(self, key: impl Fn(&str) -> String) -> Result<(), ExperimentError> {
        match self {
            Self::Uniform(share) => {
                let rule = "at least 0 and less than 1";
                require(key("uniform"), share, (0.0..1.0).contains(&share), rule)
            }
            Self::Normal(std) => {
                let keeps = (0.0..=0.3).contains(&std);
                require(key("normal"), std, keeps, "from 0 to 0.3")
            }
        }
    }

    /// The largest relative deviation.
    pub(crate) fn bound(self) -> f64 {
        match self {
            Self::Uniform(share) => share,
            Self::Normal(std) => TRUNCATION * std,
        }
    }

    /// The deviation that is larger than this share of all.
    pub(crate) fn quantile(self, share: f64) -> f64 {
        match self {
            Self::Uniform(half_width) => half_width * (2.0 * share - 1.0),
            Self::Normal(std) => {
                let beyond = normal_probability(-TRUNCATION);
                std * normal_quantile(beyond + share * (1.0 - 2.0 * beyond))
            }
        }
    }

    /// One deviation.
    pub(crate) fn draw(self, noise: &mut RandomNoise) -> f64 {
        match self {
            Self::Uniform(share) => share * (2.0 * noise.uniform() - 1.0),
            Self::Normal(std) => loop {
                let normal = noise.normal();
                if normal.abs() <= TRUNCATION {
                    break std * normal;
                }
            },
        }
    }
}
