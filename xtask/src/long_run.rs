//! One controller in long service for hours, and an exact account of what that did to the heap.
//!
//! The pendulum starts anew every ten seconds, and after each fall, so that there is always something
//! to control. The controller is an instance in service: bound weakly to a plant that it shares, with a
//! history, recreated every half hour and reset every hour. Once a minute a second one is borrowed from
//! a pool, told a measurement that is no number, and returned. None of this may touch the heap. A fall
//! is counted and shown; it is no memory fault. The loop does not know whether its time is simulated or
//! that of a clock.
//!
//! Validated by `tests/soak.rs` (planted faults have to be caught) and by the tests here.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use dip_dynamics::{Plant, State};
use memcheck::{Pool, ThreadMeter};
use serde::Serialize;
use sim_runner::{ClosedLoop, MetricsRecorder, Scenario, Starts, World};
use smc_controllers::{Command, Controller, Instance, Kind, Lifetime, LongLived, Sample};

/// Samples that a history holds.
const HISTORY: usize = 100;

/// Controllers of a pool.
const POOL: usize = 4;

/// Control samples of a controller that was borrowed.
const LOAN_SAMPLES: u64 = 10;

/// Simulated times between what happens now and then.
const RECREATE_EVERY: Duration = Duration::from_mins(30);
const RESET_EVERY: Duration = Duration::from_hours(1);
const BORROW_EVERY: Duration = Duration::from_mins(1);

/// A controller at work.
pub(crate) struct LongRun<'a, C: Controller, B> {
    closed_loop: &'a ClosedLoop,
    starts: Starts,
    served: Served<C, B>,
    pool: Pool<Instance<C>>,
    /// Of which controllers know weakly.
    _plant: Arc<Plant>,
    world: World<'a>,
    /// What anybody who runs for months would have beside the controller.
    metrics: MetricsRecorder,
    /// Steps until the pendulum starts anew.
    steps_left: u64,
    meter: ThreadMeter,
    account: Account,
}

/// What a long run did, and what it did to the heap.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Account {
    pub(crate) name: Kind,
    pub(crate) steps: u64,
    /// Starts, the first one included.
    pub(crate) starts: u64,
    pub(crate) falls: u64,
    /// Starts after which the pendulum had settled when it started anew.
    pub(crate) settled: u64,
    pub(crate) recreations: u64,
    pub(crate) resets: u64,
    /// Controllers borrowed from the pool.
    pub(crate) loans: u64,
    /// Net bytes that the steps left behind.
    pub(crate) live_bytes_growth: i64,
    /// The most that there was at any moment, be it for the length of one call.
    pub(crate) peak_live_bytes_growth: i64,
    /// Blocks obtained or resized in the loop.
    pub(crate) allocations: u64,
    /// Time in s at which the heap was first seen to have been touched.
    pub(crate) first_touched_s: Option<f64>,
}

impl Account {
    /// What the loop did that it must not. What grows has touched the heap before, and to touch it
    /// is a fault already.
    pub(crate) fn fault(&self) -> Option<String> {
        let Self { name, live_bytes_growth, peak_live_bytes_growth, allocations, .. } = self;
        let t = self.first_touched_s?;
        Some(format!(
            "{name}: the loop touched the heap, first seen at {t} s: {allocations} allocations, \
             live bytes grew by {live_bytes_growth}, at most by {peak_live_bytes_growth}"
        ))
    }
}

/// A controller in long service, as the closed loop calls one.
struct Served<C: Controller, B> {
    service: RefCell<LongLived<C, B>>,
    now: Cell<Duration>,
}

impl<C: Controller, B: FnMut() -> C> Controller for Served<C, B> {
    type Memory = ();

    fn initial_memory(&self) {}

    fn law(&self, (): &mut (), sample: &Sample<'_>) -> Command {
        self.service.borrow_mut().control(sample.state, sample.dt, self.now.get())
    }
}

impl<'a, C: Controller, B: FnMut() -> C> LongRun<'a, C, B> {
    /// A controller that has not yet started. `build` builds it, its successors, and the pool.
    pub(crate) fn new(
        kind: Kind,
        mut build: B,
        closed_loop: &'a ClosedLoop,
        starts: Starts,
    ) -> Result<Self> {
        let plant = Arc::new(*closed_loop.model());
        let equip = |instance: Instance<C>| instance.bound_to(&plant).with_history(HISTORY);
        let things: Vec<_> = (0..POOL).map(|_| equip(Instance::new(build()))).collect();
        let lifetime = Lifetime { age: RECREATE_EVERY, ..Lifetime::default() };
        let service = LongLived::new(build, equip, lifetime, Duration::ZERO)?;
        Ok(Self {
            closed_loop,
            starts,
            served: Served { service: RefCell::new(service), now: Cell::new(Duration::ZERO) },
            pool: Pool::new(things, Instance::reset),
            _plant: plant,
            world: World::new(closed_loop),
            metrics: MetricsRecorder::new(closed_loop),
            steps_left: 0,
            meter: ThreadMeter::new()?,
            account: Account {
                name: kind,
                steps: 0,
                starts: 0,
                falls: 0,
                settled: 0,
                recreations: 0,
                resets: 0,
                loans: 0,
                live_bytes_growth: 0,
                peak_live_bytes_growth: 0,
                allocations: 0,
                first_touched_s: None,
            },
        })
    }

    pub(crate) fn account(&self) -> Account {
        let recreations = self.served.service.borrow().service().recreations;
        Account { recreations, ..self.account.clone() }
    }

    /// Goes on for `steps` control periods and reads the counters before and after.
    pub(crate) fn advance(&mut self, steps: u64) {
        let meter = self.meter;
        let before = meter.read();
        let ((), peak) = meter.peak_during(|| (0..steps).for_each(|_| self.step()));
        let change = meter.read().since(&before);

        let account = &mut self.account;
        let peak = account.live_bytes_growth + peak;
        account.peak_live_bytes_growth = account.peak_live_bytes_growth.max(peak);
        account.live_bytes_growth += change.live_bytes;
        account.allocations += change.allocations + change.reallocations;
        if !change.is_none() && account.first_touched_s.is_none() {
            account.first_touched_s = Some(account.steps as f64 * self.closed_loop.period());
        }
    }

    fn step(&mut self) {
        if self.is_time_to(RESET_EVERY) {
            self.served.service.get_mut().reset();
            self.account.resets += 1;
        }
        if self.is_time_to(BORROW_EVERY) {
            self.borrow();
            self.account.loans += 1;
        }
        if self.steps_left == 0 {
            let start = self.starts.get(self.account.starts);
            self.world.begin(&Scenario::new(start, *self.closed_loop.model(), self.account.starts));
            self.metrics = MetricsRecorder::new(self.closed_loop);
            self.steps_left = self.closed_loop.periods();
            self.account.starts += 1;
        }
        self.served.now.set(self.time());
        self.world.period(&self.served, &mut (), &mut self.metrics);
        self.account.steps += 1;
        self.steps_left -= 1;
        if !self.is_up() {
            self.account.falls += 1;
            self.steps_left = 0;
        } else if self.steps_left == 0 && self.closed_loop.settling().contains(self.world.state()) {
            self.account.settled += 1;
        }
    }

    fn time(&self) -> Duration {
        Duration::from_secs_f64(self.account.steps as f64 * self.closed_loop.period())
    }

    /// Once every so often, but not at the very beginning.
    fn is_time_to(&self, every: Duration) -> bool {
        let steps = (every.as_secs_f64() / self.closed_loop.period()).round();
        self.account.steps > 0 && self.account.steps as f64 % steps == 0.0
    }

    /// A controller from the pool sees what the other sees, then a broken sensor, and goes back.
    fn borrow(&self) {
        let mut lent = self.pool.try_take().expect("nobody else borrows");
        let state = self.world.state();
        let broken = State { theta1: f64::NAN, ..*state };
        for _ in 0..LOAN_SAMPLES {
            black_box(lent.control(state, self.closed_loop.period()));
        }
        let answer = lent.control(&broken, self.closed_loop.period());
        assert!(answer.fault && answer.u == 0.0, "the fail-safe lets nothing through");
    }

    /// A state that is no number is not up.
    fn is_up(&self) -> bool {
        let fall_angle = self.closed_loop.settling().fall_angle;
        let state = self.world.state();
        state.theta1.abs() <= fall_angle && state.theta2.abs() <= fall_angle
    }
}

#[cfg(test)]
mod tests {
    use sim_runner::{Experiment, Starts, Uncontrolled};
    use smc_controllers::{Controller, Kind};

    use super::{Account, LongRun};

    fn account<C: Controller>(build: impl FnMut() -> C, readings: u64, steps: u64) -> Account {
        let closed_loop = Experiment::default().closed_loop().unwrap();
        let starts = Starts::new(0.1, 1).unwrap();
        let mut run = LongRun::new(Kind::Lqr, build, &closed_loop, starts).unwrap();
        (0..readings).for_each(|_| run.advance(steps));
        run.account()
    }

    #[test]
    fn a_fall_is_counted_and_followed_by_a_start() {
        // Nothing holds the pendulum, so that no start lasts the ten seconds of the experiment.
        let account = account(|| Uncontrolled, 10, 2000);
        assert_eq!(account.steps, 20_000);
        assert!(account.falls > 2, "{account:?}");
        assert!((account.falls..=account.falls + 1).contains(&account.starts), "{account:?}");
        assert_eq!(account.fault(), None);
    }

    #[test]
    fn a_pendulum_that_stays_up_starts_anew_in_time() {
        let law = Experiment::default().controller(Kind::Lqr).unwrap();
        let account = account(|| law, 20, 1001);
        assert_eq!((account.starts, account.falls, account.settled), (3, 0, 2), "{account:?}");
        assert_eq!(account.fault(), None);
    }

    #[test]
    fn what_happens_now_and_then_happens() {
        let law = Experiment::default().controller(Kind::Classical).unwrap();
        // An hour and a minute at 1 kHz.
        let account = account(|| law, 61, 60_000);
        let Account { recreations, resets, loans, .. } = account;
        assert_eq!((recreations, resets, loans), (2, 1, 60), "{account:?}");
        assert_eq!(account.fault(), None);
    }
}
