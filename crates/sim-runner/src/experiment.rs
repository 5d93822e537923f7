//! The description of an experiment as plain data, and its check at the door.
//!
//! This is what an experiment file holds; reading files is left to others. Every default number of
//! the closed loop is here, those of the plant and of the laws are in their own crates.

use core::f64::consts::FRAC_PI_2;

use dip_dynamics::{Integrator, ParameterError, Parameters, Plant, State};
use serde::{Deserialize, Serialize};
use smc_controllers::{
    AdaptiveSpec, AnyController, ClassicalSpec, ControllerSpec, DesignError, HybridSpec, Kind,
    LqrSpec, SuperTwistingSpec,
};
use thiserror::Error;

use crate::closed_loop::{AfterFall, ClosedLoop};
use crate::tuning::Tuning;

/// A whole experiment. Unchecked: [`Experiment::closed_loop`] and [`Experiment::controller`] check.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Experiment {
    /// Parameters of the plant.
    pub plant: Parameters,
    /// The initial state.
    pub start: State,
    /// Times and integrator.
    pub simulation: Simulation,
    /// The actuator.
    pub actuator: Actuator,
    /// What counts as settled and as fallen.
    pub settling: Settling,
    /// The laws.
    pub controllers: Controllers,
    /// How gains are judged when they are tuned.
    pub tuning: Tuning,
}

impl Default for Experiment {
    fn default() -> Self {
        Self {
            plant: Parameters::default(),
            start: State { theta1: 0.05, theta2: -0.03, ..State::UPRIGHT },
            simulation: Simulation::default(),
            actuator: Actuator::default(),
            settling: Settling::default(),
            controllers: Controllers::default(),
            tuning: Tuning::default(),
        }
    }
}

/// Times and integrator.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Simulation {
    /// Horizon in s, a multiple of the control period.
    pub duration: f64,
    /// Control period in s, a multiple of the integration step.
    pub control_period: f64,
    /// Integration step in s.
    pub step: f64,
    /// The integrator.
    pub integrator: Integrator,
}

impl Default for Simulation {
    fn default() -> Self {
        Self { duration: 10.0, control_period: 1e-3, step: 1e-3, integrator: Integrator::Rk4 }
    }
}

/// The actuator of the cart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Actuator {
    /// The largest force either way in N.
    pub u_max: f64,
}

impl Default for Actuator {
    fn default() -> Self {
        Self { u_max: 150.0 }
    }
}

/// What counts as settled, and as fallen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Settling {
    /// Settled: both angles within this many rad of upright, and …
    pub theta: f64,
    /// … the cart within this many m of the origin.
    pub x: f64,
    /// Fallen: either angle beyond this many rad.
    pub fall_angle: f64,
}

impl Default for Settling {
    fn default() -> Self {
        Self { theta: 0.01, x: 0.05, fall_angle: FRAC_PI_2 }
    }
}

impl Settling {
    /// Is the state within the bands?
    pub fn contains(&self, state: &State) -> bool {
        state.theta1.abs() <= self.theta
            && state.theta2.abs() <= self.theta
            && state.x.abs() <= self.x
    }
}

/// The laws of an experiment; what is not said is as shipped.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "each field is documented at its type")]
pub struct Controllers {
    pub classical: ClassicalSpec,
    pub super_twisting: SuperTwistingSpec,
    pub adaptive: AdaptiveSpec,
    pub hybrid: HybridSpec,
    pub lqr: LqrSpec,
}

impl Controllers {
    /// The description of one law.
    pub fn get(&self, kind: Kind) -> ControllerSpec {
        match kind {
            Kind::Classical => ControllerSpec::Classical(self.classical),
            Kind::SuperTwisting => ControllerSpec::SuperTwisting(self.super_twisting),
            Kind::Adaptive => ControllerSpec::Adaptive(self.adaptive),
            Kind::Hybrid => ControllerSpec::Hybrid(self.hybrid),
            Kind::Lqr => ControllerSpec::Lqr(self.lqr),
        }
    }

    /// Replaces the description of one law.
    pub fn set(&mut self, spec: ControllerSpec) {
        match spec {
            ControllerSpec::Classical(spec) => self.classical = spec,
            ControllerSpec::SuperTwisting(spec) => self.super_twisting = spec,
            ControllerSpec::Adaptive(spec) => self.adaptive = spec,
            ControllerSpec::Hybrid(spec) => self.hybrid = spec,
            ControllerSpec::Lqr(spec) => self.lqr = spec,
        }
    }
}

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

const POSITIVE: &str = "finite and greater than 0";

/// Periods beyond which a run would take days: more likely a typing error than a wish.
const PERIODS_MAX: f64 = 1e9;

impl Experiment {
    /// The plant.
    ///
    /// # Errors
    /// A parameter that breaks its rule.
    pub fn plant(&self) -> Result<Plant, ExperimentError> {
        Ok(Plant::new(&self.plant)?)
    }

    /// The plant under sampled control.
    ///
    /// # Errors
    /// A parameter or setting that breaks its rule.
    pub fn closed_loop(&self) -> Result<ClosedLoop, ExperimentError> {
        let Simulation { duration, control_period, step, integrator } = self.simulation;
        for (key, value) in [
            ("simulation.duration", duration),
            ("simulation.control_period", control_period),
            ("simulation.step", step),
            ("actuator.u_max", self.actuator.u_max),
            ("settling.theta", self.settling.theta),
            ("settling.x", self.settling.x),
            ("settling.fall_angle", self.settling.fall_angle),
        ] {
            if !(value.is_finite() && value > 0.0) {
                return Err(ExperimentError::Setting { key, value, rule: POSITIVE });
            }
        }
        for (name, value) in State::NAMES.into_iter().zip(self.start.to_array()) {
            if !value.is_finite() {
                return Err(ExperimentError::Start { name, value });
            }
        }
        let substeps =
            multiple(("simulation.control_period", control_period), ("simulation.step", step))?;
        let periods = multiple(
            ("simulation.duration", duration),
            ("simulation.control_period", control_period),
        )?;
        Ok(ClosedLoop {
            plant: self.plant()?,
            integrator,
            step,
            substeps,
            period: control_period,
            periods: u64::from(periods),
            u_max: self.actuator.u_max,
            settling: self.settling,
            after_fall: AfterFall::Stop,
        })
    }

    /// One of its laws, designed on the plant linearised upright.
    ///
    /// # Errors
    /// A parameter or gain that breaks its rule, or a surface that cannot be.
    pub fn controller(&self, kind: Kind) -> Result<AnyController, ExperimentError> {
        let linear = self.plant()?.linearise(&State::UPRIGHT, 0.0);
        self.controllers
            .get(kind)
            .build(&linear, self.actuator.u_max)
            .map_err(|source| ExperimentError::Controller { kind, source })
    }

    /// Checks everything.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<(), ExperimentError> {
        self.closed_loop()?;
        self.tuning.check()?;
        Kind::ALL.into_iter().try_for_each(|kind| self.controller(kind).map(|_| ()))
    }
}

/// How many times `of` fits in `value`.
fn multiple(
    (key, value): (&'static str, f64),
    (of_key, of): (&'static str, f64),
) -> Result<u32, ExperimentError> {
    let times = (value / of).round();
    // Decimal times such as 0.1 and 0.001 are not exact in binary; a millionth of a step is.
    if (value / of - times).abs() <= 1e-6 && (1.0..=PERIODS_MAX).contains(&times) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        Ok(times as u32)
    } else {
        Err(ExperimentError::NotMultiple { key, value, of_key, of })
    }
}
