//! Who watches a run.

use dip_dynamics::State;
use smc_controllers::Command;

/// A sampling instant as an observer sees it.
#[derive(Debug, Clone, Copy)]
pub struct Instant<'a> {
    /// Time in s.
    pub t: f64,
    /// The state of the plant, always finite.
    pub state: &'a State,
    /// The command from here to the next instant. At the last instant of a run it is what the
    /// controller asks for next, and is not applied.
    pub command: &'a Command,
}

/// Sees every sampling instant of a run in order, the last one included.
pub trait Observer {
    /// One instant. It runs inside the control loop: it should not allocate.
    fn observe(&mut self, instant: &Instant<'_>);
}

/// Nobody watches.
impl Observer for () {
    fn observe(&mut self, _: &Instant<'_>) {}
}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn observe(&mut self, instant: &Instant<'_>) {
        (**self).observe(instant);
    }
}

/// Two observers watch; nest the pairs for more.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn observe(&mut self, instant: &Instant<'_>) {
        self.0.observe(instant);
        self.1.observe(instant);
    }
}

/// Perhaps somebody watches.
impl<O: Observer> Observer for Option<O> {
    fn observe(&mut self, instant: &Instant<'_>) {
        if let Some(observer) = self {
            observer.observe(instant);
        }
    }
}
