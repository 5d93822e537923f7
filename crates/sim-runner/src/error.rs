//! Why an experiment cannot be run.

use dip_dynamics::ParameterError;
use smc_controllers::{DesignError, Kind};
use thiserror::Error;

/// Why an experiment cannot be run.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ExperimentError {
    /// A parameter of the plant breaks its rule.
    #[error("plant.{0}")]
    Plant(#[from] ParameterError),
    /// A setting breaks its rule.
    #[error("{key} = {value}: must be {rule}")]
    Setting {
        /// Its place, as in a file.
        key: &'static str,
        /// Its value.
        value: f64,
        /// What would be right.
        rule: &'static str,
    },
    /// A component of the initial state is NaN or infinite.
    #[error("start.{name} = {value}: must be finite")]
    Start {
        /// Which one.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// A time is not a multiple of another.
    #[error("{key} = {value} s: must be a multiple of {of_key} = {of} s, at most 1e9 times it")]
    NotMultiple {
        /// Its place, as in a file.
        key: &'static str,
        /// Its value.
        value: f64,
        /// The place of the other.
        of_key: &'static str,
        /// The value of the other.
        of: f64,
    },
    /// A law cannot be built.
    #[error("controllers.{kind}: {source}")]
    Controller {
        /// Which law.
        kind: Kind,
        /// Why not.
        source: DesignError,
    },
}

impl ExperimentError {
    /// Where the fault is, as a path of keys in a file: `plant.m0`.
    pub fn key(&self) -> String {
        match self {
            Self::Plant(error) => format!("plant.{}", error.name),
            Self::Start { name, .. } => format!("start.{name}"),
            Self::Setting { key, .. } | Self::NotMultiple { key, .. } => (*key).to_owned(),
            Self::Controller { kind, source } => {
                let within = match source {
                    DesignError::Gain(error) => error.name(),
                    DesignError::Surface(_) => "surface",
                    DesignError::Riccati(_) => "weights",
                };
                format!("controllers.{kind}.{within}")
            }
        }
    }
}

/// Checks a setting that has to be positive.
pub(crate) fn positive(key: &'static str, value: f64) -> Result<(), ExperimentError> {
    if value.is_finite() && value > 0.0 {
        Ok(())
    } else {
        Err(ExperimentError::Setting { key, value, rule: "finite and greater than 0" })
    }
}
