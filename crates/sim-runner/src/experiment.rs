//! The description of an experiment as plain data, and its check at the door.
//!
//! This is what an experiment file holds; reading files is left to others. Every default number of
//! the closed loop is here, those of the plant and of the laws are in their own crates.

use dip_dynamics::{Integrator, Parameters, Plant, State};
use serde::{Deserialize, Serialize};
use smc_controllers::{AnyController, Controllers, Kind};

use crate::closed_loop::{ClosedLoop, in_bounds};
use crate::cost::Tuning;
use crate::error::{ExperimentError, positive};
use crate::outcome::{AfterFall, Settling};

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

/// Steps beyond which a run would take hours: more likely a typing error than a wish.
const STEPS_MAX: u64 = 1_000_000_000;

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
            positive(key, value)?;
        }
        for (name, value) in State::NAMES.into_iter().zip(self.start.to_array()) {
            if !in_bounds(value) {
                return Err(ExperimentError::Start { name, value });
            }
        }
        let substeps =
            multiple(("simulation.control_period", control_period), ("simulation.step", step))?;
        let periods = multiple(
            ("simulation.duration", duration),
            ("simulation.control_period", control_period),
        )?;
        if u64::from(periods) * u64::from(substeps) > STEPS_MAX {
            let rule = "such that a run takes at most 1e9 steps";
            return Err(ExperimentError::Setting { key: "simulation.step", value: step, rule });
        }
        if self.settling.theta >= self.settling.fall_angle {
            let (key, value) = ("settling.theta", self.settling.theta);
            let rule = "less than settling.fall_angle";
            return Err(ExperimentError::Setting { key, value, rule });
        }
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
    /// A parameter, actuator limit or gain that breaks its rule, or a surface that cannot be.
    pub fn controller(&self, kind: Kind) -> Result<AnyController, ExperimentError> {
        positive("actuator.u_max", self.actuator.u_max)?;
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
    if (value / of - times).abs() <= 1e-6 && (1.0..=STEPS_MAX as f64).contains(&times) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        Ok(times as u32)
    } else {
        Err(ExperimentError::NotMultiple { key, value, of_key, of })
    }
}
