//! A plant under sampled control, checked: what every run of it has in common.
//!
//! What moves is a [`World`](crate::World).

use dip_dynamics::{Integrator, Plant};
use smc_controllers::{Command, Controller, Sample};

use crate::actuator::Drive;
use crate::disturbances::Loads;
use crate::outcome::{AfterFall, Settling};
use crate::sensors::Sensing;

/// A run has diverged when any component of the state is beyond this, or not a number: no pendulum
/// moves a thousand kilometres, but a time step that is too long soon says so.
pub(crate) const DIVERGED: f64 = 1e6;

/// A plant under sampled control: checked, and ready to run any number of times.
///
/// Made by [`Experiment::closed_loop`](crate::Experiment::closed_loop). The true plant of a run is
/// in its [`Scenario`](crate::Scenario).
#[derive(Debug, Clone, PartialEq)]
pub struct ClosedLoop {
    /// What controllers know of the plant.
    pub(crate) model: Plant,
    pub(crate) integrator: Integrator,
    /// Integration step in s.
    pub(crate) step: f64,
    /// Integration steps in one control period.
    pub(crate) substeps: u32,
    /// Control period in s.
    pub(crate) period: f64,
    /// Control periods until the horizon.
    pub(crate) periods: u64,
    /// The first instant at which a run has to be within the bands to have settled.
    pub(crate) judged_from: u64,
    pub(crate) drive: Drive,
    pub(crate) sensing: Sensing,
    pub(crate) loads: Loads,
    /// In m; infinite without an end of the track.
    pub(crate) half_length: f64,
    pub(crate) settling: Settling,
    pub(crate) after_fall: AfterFall,
}

impl ClosedLoop {
    /// What controllers know of the plant.
    pub fn model(&self) -> &Plant {
        &self.model
    }

    /// The control period in s.
    pub fn period(&self) -> f64 {
        self.period
    }

    /// The number of control periods until the horizon.
    pub fn periods(&self) -> u64 {
        self.periods
    }

    /// The horizon in s.
    pub fn horizon(&self) -> f64 {
        self.time(self.periods)
    }

    /// The actuator limit in N.
    pub fn u_max(&self) -> f64 {
        self.drive.u_max()
    }

    /// The bands within which a run counts as settled.
    pub fn settling(&self) -> &Settling {
        &self.settling
    }

    /// The same loop, doing something else once a rod has fallen.
    pub fn with_after_fall(self, after_fall: AfterFall) -> Self {
        Self { after_fall, ..self }
    }

    /// Multiplied, not accumulated: the time of a sample carries one rounding, after months too.
    pub(crate) fn time(&self, k: u64) -> f64 {
        k as f64 * self.period
    }
}

/// A NaN fails the comparison.
pub(crate) fn in_bounds(component: f64) -> bool {
    component.abs() <= DIVERGED
}

/// No control: the force is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uncontrolled;

impl Controller for Uncontrolled {
    type Memory = ();

    fn initial_memory(&self) {}

    fn law(&self, (): &mut (), _: &Sample<'_>) -> Command {
        Command::feedback(0.0, 0.0)
    }
}
