//! Why an experiment cannot be run.

use std::borrow::Cow;

use dip_dynamics::ParameterError;
use smc_controllers::{DesignError, Kind, RiccatiError, SurfaceError};
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
        /// Its place, as in a file; entries of a list are counted from 0.
        key: Cow<'static, str>,
        /// Its value.
        value: f64,
        /// What would be right.
        rule: &'static str,
    },
    /// A component of the initial state is NaN, or beyond what a run may reach.
    #[error("start.{name} = {value}: must be finite and within ±1e6")]
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
    /// Where the fault is, as a path of keys in a file: `plant.m0`. Which of several alternatives was
    /// chosen may be left out: `switching.epsilon` is in `switching = { saturation = { … } }`.
    pub fn key(&self) -> String {
        match self {
            Self::Plant(error) => format!("plant.{}", error.name),
            Self::Start { name, .. } => format!("start.{name}"),
            Self::Setting { key, .. } => key.clone().into_owned(),
            Self::NotMultiple { key, .. } => (*key).to_owned(),
            Self::Controller { kind, source } => {
                let within = match source {
                    DesignError::Gain(error) => error.name().to_owned(),
                    DesignError::Surface(error) => surface_key(error),
                    DesignError::Riccati(error) => weights_key("weights", error),
                };
                format!("controllers.{kind}.{within}")
            }
        }
    }
}

/// Where in the description of a surface.
fn surface_key(error: &SurfaceError) -> String {
    match error {
        SurfaceError::Riccati(error) => weights_key("surface.lqr", error),
        SurfaceError::Form(error) => format!("surface.{}", error.name()),
        _ => "surface".to_owned(),
    }
}

/// The weights of the state are one list under the key `q`.
fn weights_key(weights: &str, error: &RiccatiError) -> String {
    match error {
        RiccatiError::Weight(error) if error.name() == "r" => format!("{weights}.r"),
        RiccatiError::Weight(_) => format!("{weights}.q"),
        RiccatiError::NoSolution => weights.to_owned(),
    }
}
