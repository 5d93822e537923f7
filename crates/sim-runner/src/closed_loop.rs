//! Plant and sampled controller, from a start to an outcome.
//!
//! The force is held between samples (zero-order hold) and limited by the actuator. Nothing is
//! allocated from the first step to the last (`tests/no_alloc.rs`).

use dip_dynamics::{Integrator, Plant, Real, State};
use smc_controllers::{Command, Controller, Sample};

use crate::observer::{Instant, Observer};
use crate::outcome::{AfterFall, Outcome, Run, Settling};

/// A run has diverged when any component of the state is beyond this, or not a number: no pendulum
/// moves a thousand kilometres, but a time step that is too long soon says so.
const DIVERGED: f64 = 1e6;

/// A plant under sampled control: checked, and ready to run any number of times.
///
/// Made by [`Experiment::closed_loop`](crate::Experiment::closed_loop).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClosedLoop {
    pub(crate) plant: Plant,
    pub(crate) integrator: Integrator,
    /// Integration step in s.
    pub(crate) step: f64,
    /// Integration steps in one control period.
    pub(crate) substeps: u32,
    /// Control period in s.
    pub(crate) period: f64,
    /// Control periods until the horizon.
    pub(crate) periods: u64,
    /// Actuator limit in N.
    pub(crate) u_max: f64,
    pub(crate) settling: Settling,
    pub(crate) after_fall: AfterFall,
}

impl ClosedLoop {
    /// The plant.
    pub fn plant(&self) -> &Plant {
        &self.plant
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
        self.u_max
    }

    /// The bands within which a run counts as settled.
    pub fn settling(&self) -> &Settling {
        &self.settling
    }

    /// The same loop, doing something else once a rod has fallen.
    pub fn with_after_fall(self, after_fall: AfterFall) -> Self {
        Self { after_fall, ..self }
    }

    /// Runs `controller` from `start` to the horizon, or to the fall or divergence before it.
    pub fn run<C: Controller>(
        &self,
        controller: &C,
        start: State,
        observer: &mut impl Observer,
    ) -> Run {
        let mut memory = controller.initial_memory();
        let mut state = start;
        let mut fallen = None;
        let mut diverged = (!all_in_bounds(&start)).then_some(0.0);
        for k in 0..=self.periods {
            if diverged.is_some() {
                break;
            }
            let t = self.time(k);
            if fallen.is_none() && self.has_fallen(&state) {
                fallen = Some(t);
            }
            let next = self.sample(controller, &mut memory, &state, |command| {
                observer.observe(&Instant { t, state: &state, command });
            });
            let ends =
                k == self.periods || (fallen.is_some() && self.after_fall == AfterFall::Stop);
            if ends {
                break;
            }
            if all_in_bounds(&next) {
                state = next;
            } else {
                diverged = Some(self.time(k + 1));
            }
        }
        // What came first is the outcome.
        let (outcome, time) = match (fallen, diverged) {
            (Some(time), _) => (Outcome::Fallen, time),
            (None, Some(time)) => (Outcome::Diverged, time),
            (None, None) if self.settling.contains(&state) => (Outcome::Settled, self.horizon()),
            (None, None) => (Outcome::NotSettled, self.horizon()),
        };
        Run { outcome, time, final_state: state }
    }

    /// One control period: the controller's command is shown, limited by the actuator, and held
    /// while the plant moves. Returns the state at the next sampling instant.
    #[inline]
    pub fn sample<C: Controller>(
        &self,
        controller: &C,
        memory: &mut C::Memory,
        state: &State,
        show: impl FnOnce(&Command),
    ) -> State {
        let mut here = self.plant.evaluate(state);
        let sample = Sample { state, model: Some(&here), dt: self.period };
        let mut command = controller.control(memory, &sample);
        command.u = Real::clamp(command.u, -self.u_max, self.u_max);
        show(&command);

        let mut next = *state;
        for substep in 0..self.substeps {
            if substep > 0 {
                here = self.plant.evaluate(&next);
            }
            next = self.integrator.step(&self.plant, &next, &here, command.u, [0.0; 3], self.step);
        }
        next
    }

    /// Multiplied, not accumulated: the time of a sample carries one rounding, after months too.
    fn time(&self, k: u64) -> f64 {
        k as f64 * self.period
    }

    fn has_fallen(&self, state: &State) -> bool {
        state.theta1.abs() > self.settling.fall_angle
            || state.theta2.abs() > self.settling.fall_angle
    }
}

fn all_in_bounds(state: &State) -> bool {
    state.to_array().into_iter().all(in_bounds)
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
