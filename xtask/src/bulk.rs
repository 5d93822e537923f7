//! Whole tuning runs and batches, counted to the byte: on this thread alone, whose counters nobody else disturbs.
//!
//! Validated by `tests/leakcheck.rs` and `tests/soak.rs`.

use std::ops::ControlFlow;

use anyhow::{Context, Result};
use memcheck::{CounterChange, ThreadMeter};
use rayon::{ThreadPool, ThreadPoolBuilder};
use sim_runner::{Batch, ClosedLoop, Experiment, Plan, Scenario, Starts, tune};
use smc_controllers::{AnyController, Kind};

/// Where they go on: a pool whose only thread is the one that made it.
#[derive(Debug)]
pub(crate) struct Workshop {
    pool: ThreadPool,
    meter: ThreadMeter,
}

impl Workshop {
    /// Once for each thread.
    pub(crate) fn new() -> Result<Self> {
        let pool = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build()?;
        Ok(Self { pool, meter: ThreadMeter::new()? })
    }

    /// Tunes, and tells how many candidates there were, and what that did to the heap. `watch` is called once a generation.
    pub(crate) fn tune(
        &self,
        experiment: &Experiment,
        kind: Kind,
        plan: Plan,
        mut watch: impl FnMut() + Send,
    ) -> Result<(u64, CounterChange)> {
        let before = self.meter.read();
        let tuned = self.pool.install(|| {
            tune(experiment, kind, plan, None, |_| {
                watch();
                ControlFlow::Continue(())
            })
        });
        let evaluations = tuned.with_context(|| format!("{kind}: a tuning run"))?.evaluations;
        Ok((evaluations, self.meter.read().since(&before)))
    }

    /// Flies a batch of `count` runs, each with a law of its own, and tells what that did to the heap.
    pub(crate) fn fly(
        &self,
        closed_loop: &ClosedLoop,
        kind: Kind,
        count: u64,
        starts: &Starts,
        build: &(dyn Fn() -> AnyController + Sync),
    ) -> CounterChange {
        let scenario = |index| Scenario::new(starts.get(index), *closed_loop.model(), index);
        let before = self.meter.read();
        self.pool.install(|| {
            let task = |index| (build(), scenario(index));
            let _ = Batch::new(closed_loop)
                .fly_any(kind, 0..count, &task, &mut |_| ControlFlow::Continue(()));
        });
        self.meter.read().since(&before)
    }
}
