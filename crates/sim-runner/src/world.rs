//! A closed loop in motion: plant, actuator, sensors and disturbances with all that they remember.
//!
//! A control period begins with a measurement and a command; in each of its integration steps the
//! actuator and the disturbances are asked once, and what they answer is held. Nothing is allocated
//! from the first step to the last (`tests/no_alloc.rs`).
//!
//! With everything switched off the measured state is the state, the force is the command, and the
//! evaluation that the controller is told is the first stage of the integrator.
//!
//! Validated by `tests/world.rs`; each part by tests of its own.

use dip_dynamics::{Plant, Real, State};
use smc_controllers::{Command, Controller, Sample};

use crate::actuator::DriveMemory;
use crate::closed_loop::{ClosedLoop, in_bounds};
use crate::disturbances::LoadsMemory;
use crate::noise::{NoiseSource, Purpose, RandomNoise};
use crate::observer::{Instant, Observer};
use crate::outcome::{AfterFall, Outcome, Run};
use crate::scenario::Scenario;
use crate::sensors::SensingMemory;

/// A closed loop in motion. It takes its memory once, for any number of runs.
#[derive(Debug, Clone)]
pub struct World<'a, R: Real = f64, N = RandomNoise> {
    closed_loop: &'a ClosedLoop,
    /// Of each run.
    plant: Plant<R>,
    model: Plant<R>,
    /// The controller's evaluation is that of the plant at its state.
    shared: bool,
    /// Control periods since the start.
    k: u64,
    state: State<R>,
    drive: DriveMemory<R>,
    sensing: SensingMemory<R>,
    loads: LoadsMemory<R>,
    noise: Noise<N>,
}

/// A source for each purpose.
#[derive(Debug, Clone)]
struct Noise<N> {
    sensors: N,
    losses: N,
    loads: N,
}

impl Noise<RandomNoise> {
    fn of(scenario: &Scenario) -> Self {
        Self {
            sensors: scenario.noise(Purpose::Sensors),
            losses: scenario.noise(Purpose::Losses),
            loads: scenario.noise(Purpose::Loads),
        }
    }
}

/// For any number: a pack of lanes takes the same way.
impl<R: Real, N: NoiseSource<R>> World<'_, R, N> {
    /// One control period, of which the last of a run is only begun: `show` is given the true and the
    /// measured state, the command and the force of the first integration step.
    #[inline]
    fn pass_period<C: Controller<R>>(
        &mut self,
        controller: &C,
        memory: &mut C::Memory,
        moves: bool,
        show: impl FnOnce(&State<R>, &State<R>, &Command<R>, R),
    ) {
        let ClosedLoop { drive, sensing, loads, integrator, step, substeps, period, .. } =
            self.closed_loop;
        let Noise { sensors, losses, loads: noise } = &mut self.noise;
        // By reference: a copy of what has just been written would have to wait for it.
        let sensed;
        let measured = if sensing.is_ideal() {
            &self.state
        } else {
            sensed = sensing.measure(&mut self.sensing, &self.state, sensors, losses);
            &sensed
        };
        let here = self.model.evaluate(measured);
        let sample = Sample { state: measured, model: Some(&here), dt: R::splat(*period) };
        let mut command = controller.control(memory, &sample);
        command.u = drive.limit(command.u);
        let force = drive.step(&mut self.drive, command.u);
        show(&self.state, measured, &command, force);
        if !moves {
            return;
        }
        let dt = R::splat(*step);
        let w = loads.step(&mut self.loads, noise);
        self.state = if self.shared {
            integrator.step(&self.plant, &self.state, &here, force, w, dt)
        } else {
            let here = self.plant.evaluate(&self.state);
            integrator.step(&self.plant, &self.state, &here, force, w, dt)
        };
        for _ in 1..*substeps {
            self.sensing.pass(&self.state);
            let force = drive.step(&mut self.drive, command.u);
            let w = loads.step(&mut self.loads, noise);
            let here = self.plant.evaluate(&self.state);
            self.state = integrator.step(&self.plant, &self.state, &here, force, w, dt);
        }
        self.k += 1;
    }
}

impl<'a> World<'a> {
    /// Upright at rest. All memory is taken here.
    pub fn new(closed_loop: &'a ClosedLoop) -> Self {
        let upright = Scenario::new(State::UPRIGHT, closed_loop.model, 0);
        let mut world = Self {
            closed_loop,
            plant: closed_loop.model,
            model: closed_loop.model,
            shared: false,
            k: 0,
            state: State::UPRIGHT,
            drive: closed_loop.drive.memory(),
            sensing: closed_loop.sensing.memory(),
            loads: closed_loop.loads.memory(),
            noise: Noise::of(&upright),
        };
        world.begin(&upright);
        world
    }

    /// Begins anew, as if nothing had been before.
    pub fn begin(&mut self, scenario: &Scenario) {
        self.plant = scenario.plant;
        self.shared = self.closed_loop.sensing.is_ideal() && self.plant == self.model;
        self.k = 0;
        self.state = scenario.start;
        self.drive.reset();
        self.sensing.reset(scenario.start);
        self.loads.reset();
        self.noise = Noise::of(scenario);
    }

    /// What is in motion.
    pub fn closed_loop(&self) -> &'a ClosedLoop {
        self.closed_loop
    }

    /// The true state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Time since the beginning in s.
    pub fn time(&self) -> f64 {
        self.closed_loop.time(self.k)
    }

    /// One control period: the state is measured, the controller's command is limited by the
    /// actuator and shown, and the plant moves.
    #[inline]
    pub fn period<C: Controller>(
        &mut self,
        controller: &C,
        memory: &mut C::Memory,
        observer: &mut impl Observer,
    ) {
        self.observed_period(controller, memory, true, observer);
    }

    #[inline]
    fn observed_period<C: Controller>(
        &mut self,
        controller: &C,
        memory: &mut C::Memory,
        moves: bool,
        observer: &mut impl Observer,
    ) {
        let t = self.time();
        self.pass_period(controller, memory, moves, |state, measured, command, force| {
            observer.observe(&Instant { t, state, measured, command, force });
        });
    }

    /// Runs `controller` through `scenario` to the horizon, or to what ends the run before it.
    pub fn run<C: Controller>(
        &mut self,
        controller: &C,
        scenario: &Scenario,
        observer: &mut impl Observer,
    ) -> Run {
        self.begin(scenario);
        let closed_loop = self.closed_loop;
        let (horizon, judged_from) = (closed_loop.periods, closed_loop.judged_from());
        let mut memory = controller.initial_memory();
        let mut within = true;
        let mut fallen = None;
        let mut ended = None;
        let mut last = self.state;
        loop {
            let t = self.time();
            if !all_in_bounds(&self.state) {
                ended = Some((Outcome::Diverged, t));
                break;
            }
            last = self.state;
            if fallen.is_none() && self.has_fallen() {
                fallen = Some((Outcome::Fallen, t));
            }
            if self.state.x.abs() > closed_loop.half_length {
                ended = Some((Outcome::OffTrack, t));
            }
            if self.k >= judged_from {
                within &= closed_loop.settling.contains(&self.state);
            }
            let stops = fallen.is_some() && closed_loop.after_fall == AfterFall::Stop;
            let ends = self.k == horizon || stops || ended.is_some();
            self.observed_period(controller, &mut memory, !ends, observer);
            if ends {
                break;
            }
        }
        let at_horizon = if within { Outcome::Settled } else { Outcome::NotSettled };
        // What came first is the outcome.
        let (outcome, time) =
            fallen.or(ended).unwrap_or_else(|| (at_horizon, closed_loop.horizon()));
        Run { outcome, time, final_state: last }
    }

    fn has_fallen(&self) -> bool {
        let fall_angle = self.closed_loop.settling.fall_angle;
        self.state.theta1.abs() > fall_angle || self.state.theta2.abs() > fall_angle
    }
}

impl ClosedLoop {
    /// Runs `controller` through `scenario` to the horizon, or to what ends the run before it.
    ///
    /// For many runs, [`World::run`] takes its memory only once.
    pub fn run<C: Controller>(
        &self,
        controller: &C,
        scenario: &Scenario,
        observer: &mut impl Observer,
    ) -> Run {
        World::new(self).run(controller, scenario, observer)
    }
}

fn all_in_bounds(state: &State) -> bool {
    state.to_array().into_iter().all(in_bounds)
}
