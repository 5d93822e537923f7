//! Who watches a run.

use dip_dynamics::State;
use smc_controllers::Command;

/// A sampling instant as an observer sees it.
#[derive(Debug, Clone, Copy)]
pub struct Instant<'a> {
    /// Time in s.
    pub t: f64,
    /// The true state of the plant, always finite.
    pub state: &'a State,
    /// The state that the controller was told.
    pub measured: &'a State,
    /// The command from here to the next instant, limited by the actuator. At the last instant of a
    /// run it is what the controller asks for next, and is not applied.
    pub command: &'a Command,
    /// The force on the cart in N during the integration step that begins here: the command, unless
    /// the actuator is slow, late or dead to small ones. That of the last instant is not applied.
    pub force: f64,
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
