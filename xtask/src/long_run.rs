//! One controller in the closed loop for hours, and an exact account of what that did to the heap.
//!
//! The pendulum starts anew every ten seconds, and after each fall, so that there is always
//! something to control. A fall is counted and shown; it is no memory fault. The loop does not know
//! whether its time is simulated or that of a clock.
//!
//! Validated by `tests/soak.rs` (three planted faults have to be caught) and by the tests here.

use memcheck::{NotCounting, ThreadMeter};
use serde::Serialize;
use sim_runner::{ClosedLoop, MetricsRecorder, Scenario, Starts, World};
use smc_controllers::{Controller, Kind};

/// A controller at work.
#[derive(Debug)]
pub(crate) struct LongRun<'a, C: Controller> {
    closed_loop: &'a ClosedLoop,
    starts: Starts,
    controller: C,
    memory: C::Memory,
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

impl<'a, C: Controller> LongRun<'a, C> {
    /// A controller that has not yet started.
    pub(crate) fn new(
        kind: Kind,
        controller: C,
        closed_loop: &'a ClosedLoop,
        starts: Starts,
    ) -> Result<Self, NotCounting> {
        Ok(Self {
            closed_loop,
            starts,
            memory: controller.initial_memory(),
            controller,
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
                live_bytes_growth: 0,
                peak_live_bytes_growth: 0,
                allocations: 0,
                first_touched_s: None,
            },
        })
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// Goes on for `steps` control periods and reads the counters before and after.
    pub(crate) fn advance(&mut self, steps: u64) {
        self.meter.reset_peak();
        let before = self.meter.read();
        for _ in 0..steps {
            self.step();
        }
        let after = self.meter.read();

        let change = after.since(&before);
        let account = &mut self.account;
        let peak = account.live_bytes_growth + after.peak_live_bytes - before.live_bytes;
        account.peak_live_bytes_growth = account.peak_live_bytes_growth.max(peak);
        account.live_bytes_growth += change.live_bytes;
        account.allocations += change.allocations + change.reallocations;
        if !change.is_none() && account.first_touched_s.is_none() {
            account.first_touched_s = Some(account.steps as f64 * self.closed_loop.period());
        }
    }

    fn step(&mut self) {
        if self.steps_left == 0 {
            self.memory = self.controller.initial_memory();
            let start = self.starts.get(self.account.starts);
            self.world.begin(&Scenario::new(start, *self.closed_loop.model(), 0));
            self.metrics = MetricsRecorder::new(self.closed_loop);
            self.steps_left = self.closed_loop.periods();
            self.account.starts += 1;
        }
        let Self { controller, memory, world, metrics, .. } = self;
        world.period(controller, memory, metrics);
        self.account.steps += 1;
        self.steps_left -= 1;
        if !self.is_up() {
            self.account.falls += 1;
            self.steps_left = 0;
        } else if self.steps_left == 0 && self.closed_loop.settling().contains(self.world.state()) {
            self.account.settled += 1;
        }
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

    fn account(controller: impl Controller, readings: u64, steps: u64) -> Account {
        let closed_loop = Experiment::default().closed_loop().unwrap();
        let starts = Starts::new(0.1, 1).unwrap();
        let mut run = LongRun::new(Kind::Lqr, controller, &closed_loop, starts).unwrap();
        (0..readings).for_each(|_| run.advance(steps));
        run.account().clone()
    }

    #[test]
    fn a_fall_is_counted_and_followed_by_a_start() {
        // Nothing holds the pendulum, so that no start lasts the ten seconds of the experiment.
        let account = account(Uncontrolled, 10, 2000);
        assert_eq!(account.steps, 20_000);
        assert!(account.falls > 2, "{account:?}");
        assert!((account.falls..=account.falls + 1).contains(&account.starts), "{account:?}");
        assert_eq!(account.fault(), None);
    }

    #[test]
    fn a_pendulum_that_stays_up_starts_anew_in_time() {
        let law = Experiment::default().controller(Kind::Lqr).unwrap();
        let account = account(law, 20, 1001);
        assert_eq!((account.starts, account.falls, account.settled), (3, 0, 2), "{account:?}");
        assert_eq!(account.fault(), None);
    }
}
