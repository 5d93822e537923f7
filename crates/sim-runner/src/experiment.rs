//! The description of an experiment as plain data, and its check at the door.
//!
//! This is what an experiment file holds; reading files is left to others. Every default number of
//! the closed loop is here, those of the plant and of the laws are in their own crates.

use dip_dynamics::{Integrator, Parameters, Plant, State};
use serde::{Deserialize, Serialize};
use smc_controllers::{AnyController, ControllerSpec, Controllers, Kind};

use crate::actuator::{Actuator, Drive};
use crate::closed_loop::{ClosedLoop, in_bounds};
use crate::disturbances::{Disturbance, Loads};
use crate::error::ExperimentError;
use crate::mismatch::Mismatch;
use crate::outcome::{AfterFall, Settling, Track};
use crate::rules::{STEPS_MAX, multiple, not_negative, positive, require};
use crate::scenario::{Scenario, Scenarios};
use crate::sensors::{Sensing, Sensors};
use crate::starts::{StartDesign, Starts};
use crate::tuning::Tuning;

/// A whole experiment. Unchecked: [`Experiment::closed_loop`] and [`Experiment::controller`] check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Experiment {
    /// Nominal parameters of the plant.
    pub plant: Parameters,
    /// The initial state.
    pub start: State,
    /// Random starts, of many runs.
    pub starts: StartDesign,
    /// Times and integrator.
    pub simulation: Simulation,
    /// The actuator.
    pub actuator: Actuator,
    /// The sensors.
    pub sensors: Sensors,
    /// Forces that nobody commanded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disturbances: Vec<Disturbance>,
    /// How far the true plant may be from the nominal one.
    pub mismatch: Mismatch,
    /// The track of the cart.
    pub track: Track,
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
            starts: StartDesign::default(),
            simulation: Simulation::default(),
            actuator: Actuator::default(),
            sensors: Sensors::default(),
            disturbances: Vec::new(),
            mismatch: Mismatch::default(),
            track: Track::default(),
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

impl Experiment {
    /// The nominal plant.
    ///
    /// # Errors
    /// A parameter that breaks its rule.
    pub fn plant(&self) -> Result<Plant, ExperimentError> {
        Ok(Plant::new(&self.plant)?)
    }

    /// What controllers know of the plant: they are designed on it, and told its evaluation. It is
    /// the nominal plant without dry friction and drag ([`Parameters::viscous`] says why).
    ///
    /// # Errors
    /// A parameter that breaks its rule.
    pub fn model(&self) -> Result<Plant, ExperimentError> {
        self.plant.check()?;
        Ok(Plant::new(&self.plant.viscous())?)
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
        let few = u64::from(periods) * u64::from(substeps) <= STEPS_MAX;
        require("simulation.step", step, few, "such that a run takes at most 1e9 steps")?;
        let Settling { theta, fall_angle, hold, .. } = self.settling;
        require("settling.theta", theta, theta < fall_angle, "less than settling.fall_angle")?;
        not_negative("settling.hold", hold)?;
        let rule = "at most simulation.duration";
        require("settling.hold", hold, hold <= duration, rule)?;
        self.track.half_length.map_or(Ok(()), |half| positive("track.half_length", half))?;
        // A millionth of a period is the rounding of decimal times.
        let held = (hold / control_period + 1e-6).floor();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
        let judged_from = u64::from(periods).saturating_sub(held as u64);
        Ok(ClosedLoop {
            model: self.model()?,
            integrator,
            step,
            substeps,
            period: control_period,
            periods: u64::from(periods),
            judged_from,
            drive: Drive::new(&self.actuator, step)?,
            sensing: Sensing::new(&self.sensors, step, control_period)?,
            loads: Loads::new(&self.disturbances, step)?,
            half_length: self.track.half_length.unwrap_or(f64::INFINITY),
            settling: self.settling,
            after_fall: AfterFall::Stop,
        })
    }

    /// One of its laws, designed on the model linearised upright.
    ///
    /// # Errors
    /// A parameter, actuator limit or gain that breaks its rule, or a surface that cannot be.
    pub fn controller(&self, kind: Kind) -> Result<AnyController, ExperimentError> {
        self.build(&self.controllers.get(kind))
    }

    /// Any law, designed on the model linearised upright.
    ///
    /// # Errors
    /// As [`Experiment::controller`].
    pub fn build(&self, spec: &ControllerSpec) -> Result<AnyController, ExperimentError> {
        positive("actuator.u_max", self.actuator.u_max)?;
        let linear = self.model()?.linearise(&State::UPRIGHT, 0.0);
        spec.build(&linear, self.actuator.u_max)
            .map_err(|source| ExperimentError::Controller { kind: spec.kind(), source })
    }

    /// Its own start, with plant and noise of `seed`: those of the first scenario.
    ///
    /// # Errors
    /// A parameter of the plant or a mismatch that breaks its rule.
    pub fn scenario(&self, seed: u64) -> Result<Scenario, ExperimentError> {
        self.mismatch.check(&self.plant)?;
        Ok(Scenario::first(self.start, &self.plant, &self.mismatch, seed))
    }

    /// Its scenarios from random starts instead of its own.
    ///
    /// # Errors
    /// A parameter of the plant or a mismatch that breaks its rule.
    pub fn scenarios(&self, starts: Starts) -> Result<Scenarios, ExperimentError> {
        self.mismatch.check(&self.plant)?;
        Ok(Scenarios::new(starts, self.plant, self.mismatch))
    }

    /// Checks everything.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<(), ExperimentError> {
        self.closed_loop()?;
        self.starts.starts(0)?;
        self.mismatch.check(&self.plant)?;
        self.tuning.check(self)?;
        Kind::ALL.into_iter().try_for_each(|kind| self.controller(kind).map(|_| ()))
    }
}
