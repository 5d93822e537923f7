//! Whole tuning runs, counted to the byte: on this thread alone, whose counters nobody else disturbs.
//!
//! Validated by `tests/leakcheck.rs` and `tests/soak.rs`.

use anyhow::{Context, Result};
use memcheck::{CounterChange, ThreadMeter};
use rayon::{ThreadPool, ThreadPoolBuilder};
use sim_runner::{Budget, Experiment, Tuned, tune};
use smc_controllers::Kind;

/// Where tuning runs go on: a pool whose only thread is the one that made it.
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
}
