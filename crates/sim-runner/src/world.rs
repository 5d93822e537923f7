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

use dip_dynamics::{LaneMask, Lanes, Plant, Splat, State};
use smc_controllers::{Controller, Memory, Sample};

use crate::actuator::DriveMemory;
use crate::closed_loop::ClosedLoop;
use crate::disturbances::LoadsMemory;
use crate::flight::Crew;
use crate::noise::{LaneNoise, Purpose};
use crate::observer::{Instant, Observer};
use crate::outcome::Run;
use crate::scenario::Scenario;
use crate::sensors::SensingMemory;

/// A closed loop in motion, in each lane of a number. It takes its memory once, for any number of
/// runs.
#[derive(Debug, Clone)]
pub struct World<'a, R: Lanes = f64> {
    closed_loop: &'a ClosedLoop,
    /// Of each run.
    plant: Plant<R>,
    model: Plant<R>,
    /// Bit `i`: the controller's evaluation is not that of the plant of lane `i` at its state.
    apart: u64,
    /// Control periods since the start, a whole number.
    k: R,
    state: State<R>,
    drive: DriveMemory<R>,
    sensing: SensingMemory<R>,
    loads: LoadsMemory<R>,
    /// A source for each purpose.
    sensor_noise: LaneNoise,
    losses: LaneNoise,
    load_noise: LaneNoise,
}

impl<'a, R: Lanes> World<'a, R> {
    /// Upright at rest. All memory is taken here.
    pub fn new(closed_loop: &'a ClosedLoop) -> Self {
        let upright = Scenario::new(State::UPRIGHT, closed_loop.model, 0);
        let noise = |is_asked| LaneNoise::new(if is_asked { R::COUNT } else { 0 });
        let mut world = Self {
            closed_loop,
            plant: closed_loop.model.splat(),
            model: closed_loop.model.splat(),
            apart: 0,
            k: R::splat(0.0),
            state: State::UPRIGHT.splat(),
            drive: closed_loop.drive.memory(),
            sensing: closed_loop.sensing.memory(),
            loads: closed_loop.loads.memory(),
            sensor_noise: noise(!closed_loop.sensing.is_ideal()),
            losses: noise(!closed_loop.sensing.is_ideal()),
            load_noise: noise(!closed_loop.loads.is_empty()),
        };
        world.begin_lanes(&upright);
        world
    }

    /// Begins anew in all lanes, as if nothing had been before. From here on the plants of all lanes have
    /// dry friction and drag, or have none, as this one.
    pub(crate) fn begin_lanes(&mut self, scenario: &Scenario) {
        self.plant = scenario.plant.splat();
        for lane in 0..R::COUNT {
            self.begin_lane(lane, scenario);
        }
    }

    /// Begins anew in one lane, as if nothing had been there before.
    pub(crate) fn begin_lane(&mut self, lane: usize, scenario: &Scenario) {
        let (closed_loop, mask) = (self.closed_loop, R::Mask::from_bits(1 << lane));
        scenario.plant.put::<R>(mask, &mut self.plant);
        let apart = !closed_loop.sensing.is_ideal() || scenario.plant != closed_loop.model;
        self.apart = self.apart & !(1 << lane) | u64::from(apart) << lane;
        self.rest_lane(lane);
        scenario.start.put::<R>(mask, &mut self.state);
        self.drive.reset(mask);
        self.sensing.reset(mask, &scenario.start);
        closed_loop.loads.begin(&mut self.loads, mask, scenario.streams);
        self.sensor_noise.put(lane, scenario.streams, Purpose::Sensors);
        self.losses.put(lane, scenario.streams, Purpose::Losses);
        self.load_noise.put(lane, scenario.streams, Purpose::Loads);
    }

    /// Upright at rest at the beginning, in one lane.
    pub(crate) fn rest_lane(&mut self, lane: usize) {
        let mask = R::Mask::from_bits(1 << lane);
        State::UPRIGHT.put::<R>(mask, &mut self.state);
        0.0.put::<R>(mask, &mut self.k);
    }

    /// What is in motion.
    pub fn closed_loop(&self) -> &'a ClosedLoop {
        self.closed_loop
    }

    /// The true state.
    #[inline(always)]
    pub fn state(&self) -> &State<R> {
        &self.state
    }

    /// Control periods since the beginning.
    #[inline(always)]
    pub(crate) fn periods_passed(&self) -> R {
        self.k
    }

    /// Time since the beginning in s.
    ///
    /// Multiplied, not accumulated: the time of a sample carries one rounding, after months too.
    #[inline(always)]
    pub fn time(&self) -> R {
        self.k * R::splat(self.closed_loop.period)
    }

    /// One control period: the state is measured, the controller's command is limited by the
    /// actuator and shown, and the plant moves.
    #[inline(always)]
    pub fn period<C: Controller<R>>(
        &mut self,
        controller: &C,
        memory: &mut C::Memory,
        observer: &mut impl Observer<R>,
    ) {
        self.period_of(controller, memory, true, observer);
    }

    /// One control period, of which the last of a run is only begun.
    #[inline(always)]
    pub(crate) fn period_of<C: Controller<R>>(
        &mut self,
        controller: &C,
        memory: &mut C::Memory,
        moves: bool,
        observer: &mut impl Observer<R>,
    ) {
        let ClosedLoop { drive, sensing, loads, integrator, step, substeps, period, .. } =
            self.closed_loop;
        // By reference: a copy of what has just been written would have to wait for it.
        let sensed;
        let measured = if sensing.is_ideal() {
            &self.state
        } else {
            let (noise, losses) = (&mut self.sensor_noise, &mut self.losses);
            sensed = sensing.measure(&mut self.sensing, &self.state, noise, losses);
            &sensed
        };
        let here = self.model.evaluate(measured);
        let sample = Sample { state: measured, model: Some(&here), dt: R::splat(*period) };
        let remembered = memory.shown();
        let mut command = controller.control(memory, &sample);
        command.u = drive.limit(command.u);
        let mut force = drive.step(&mut self.drive, command.u);
        let t = self.k * R::splat(*period);
        let state = &self.state;
        let (command, remembered) = (&command, &remembered);
        observer.observe(&Instant { t, state, measured, command, force, remembered });
        if !moves {
            return;
        }
        let mut fresh;
        let mut here = &here;
        if self.apart != 0 {
            fresh = self.plant.evaluate(&self.state);
            here = &fresh;
        }
        for steps_left in (0..*substeps).rev() {
            let w = loads.step(&mut self.loads, &mut self.load_noise);
            let dt = R::splat(*step);
            self.state = integrator.step(&self.plant, &self.state, here, force, w, dt);
            if steps_left > 0 {
                self.sensing.pass(&self.state);
                force = drive.step(&mut self.drive, command.u);
                fresh = self.plant.evaluate(&self.state);
                here = &fresh;
            }
        }
        self.k += R::splat(1.0);
    }
}

impl World<'_> {
    /// Begins anew, as if nothing had been before.
    pub fn begin(&mut self, scenario: &Scenario) {
        self.begin_lanes(scenario);
    }

    /// Runs `controller` through `scenario` to the horizon, or to what ends the run before it.
    pub fn run<C: Controller>(
        &mut self,
        mut controller: &C,
        scenario: &Scenario,
        observer: &mut impl Observer,
    ) -> Run {
        self.begin(scenario);
        let mut single = Single { scenario: Some(*scenario), run: None };
        self.fly(&mut controller, observer, &mut single);
        let Some(run) = single.run else {
            unreachable!("a flight ends");
        };
        run
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

/// One scenario, and that is all.
struct Single {
    scenario: Option<Scenario>,
    run: Option<Run>,
}

impl<C: Controller, O> Crew<f64, C, O> for Single {
    fn board(&mut self, _: usize, _: &mut C) -> Option<Scenario> {
        self.scenario.take()
    }

    fn land(&mut self, _: usize, run: &Run, _: &O) {
        self.run = Some(*run);
    }
}
