//! A run kept in memory, for a picture: bounded, and evenly thinned out.

use dip_dynamics::State;
use smc_controllers::SHOWN;

use crate::observer::{Instant, Observer};

/// One instant that was kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kept {
    /// Time in s.
    pub t: f64,
    /// The true state.
    pub state: State,
    /// The command in N.
    pub u: f64,
    /// The sliding variable, if the law has one.
    pub sigma: Option<f64>,
    /// What the law remembered.
    pub remembered: [f64; SHOWN],
}

/// Keeps every n-th of the first instants of a run. All of its memory is taken at the start.
#[derive(Debug, Clone)]
pub struct History {
    /// Instants that are looked at.
    instants: u64,
    stride: u64,
    seen: u64,
    kept: Vec<Kept>,
}

impl History {
    /// At most `capacity` of the first `instants` instants of a run, evenly spaced. A whole run of a
    /// [`ClosedLoop`](crate::ClosedLoop) has one instant more than it has periods.
    ///
    /// # Panics
    /// If `capacity` is zero.
    pub fn new(instants: u64, capacity: usize) -> Self {
        assert!(capacity > 0, "a history that keeps nothing has no use");
        let stride = instants.div_ceil(capacity as u64).max(1);
        Self { instants, stride, seen: 0, kept: Vec::with_capacity(capacity) }
    }

    /// The instants, in order.
    pub fn kept(&self) -> &[Kept] {
        &self.kept
    }
}

impl Observer for History {
    fn observe(&mut self, &Instant { t, state, command, remembered, .. }: &Instant<'_>) {
        if self.seen < self.instants && self.seen.is_multiple_of(self.stride) {
            let (state, u, sigma, remembered) = (*state, command.u, command.sigma, *remembered);
            self.kept.push(Kept { t, state, u, sigma, remembered });
        }
        self.seen += 1;
    }
}
