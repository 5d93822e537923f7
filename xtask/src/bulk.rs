//! Whole tuning runs and batches, counted to the byte: on this thread alone, whose counters nobody else disturbs.
//!
//! Validated by `tests/leakcheck.rs` and `tests/soak.rs`.

use std::ops::ControlFlow;

use anyhow::{Context, Result};
use memcheck::{CounterChange, ThreadMeter};
use rayon::{ThreadPool, ThreadPoolBuilder};
use sim_runner::{Batch, Budget, ClosedLoop, Experiment, Scenario, Starts, Tuned, tune};
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

    /// Tunes, and tells what that did to the heap. `watch` is called once a generation.
    pub(crate) fn tune(
        &self,
        experiment: &Experiment,
        kind: Kind,
        budget: Budget,
        mut watch: impl FnMut() + Send + 'static,
    ) -> Result<(Tuned, CounterChange)> {
        let before = self.meter.read();
        let tuned = self.pool.install(|| tune(experiment, kind, budget, move |_| watch()));
        let tuned = tuned.with_context(|| format!("{kind}: a tuning run"))?;
        Ok((tuned, self.meter.read().since(&before)))
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
