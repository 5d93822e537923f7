//! Who watches a run.

use dip_dynamics::{Real, State};
use smc_controllers::{Command, SHOWN};

/// A sampling instant as an observer sees it: of one run, or of as many as a number has lanes.
#[derive(Debug, Clone, Copy)]
pub struct Instant<'a, R: Real = f64> {
    /// Time in s; 0 is the first instant of a run.
    pub t: R,
    /// The true state of the plant, always finite.
    pub state: &'a State<R>,
    /// The state that the controller was told.
    pub measured: &'a State<R>,
    /// The command from here to the next instant, limited by the actuator. At the last instant of a
    /// run it is what the controller asks for next, and is not applied.
    pub command: &'a Command<R>,
    /// The force on the cart in N during the integration step that begins here: the command, unless
    /// the actuator is slow, late or dead to small ones. That of the last instant is not applied.
    pub force: R,
    /// What the law remembered when it gave the command: the gains that it was computed with. Which numbers
    /// these are, [`Memory::names`](smc_controllers::Memory::names) tells; behind them are zeros.
    pub remembered: &'a [R; SHOWN],
}

/// Sees every sampling instant of a run in order, the last one included.
pub trait Observer<R: Real = f64> {
    /// One instant. It runs inside the control loop: it should not allocate.
    fn observe(&mut self, instant: &Instant<'_, R>);
}

/// Nobody watches.
impl<R: Real> Observer<R> for () {
    #[inline(always)]
    fn observe(&mut self, _: &Instant<'_, R>) {}
}

impl<R: Real, O: Observer<R> + ?Sized> Observer<R> for &mut O {
    #[inline(always)]
    fn observe(&mut self, instant: &Instant<'_, R>) {
        (**self).observe(instant);
    }
}

/// Two observers watch; nest the pairs for more.
impl<R: Real, A: Observer<R>, B: Observer<R>> Observer<R> for (A, B) {
    #[inline(always)]
    fn observe(&mut self, instant: &Instant<'_, R>) {
        self.0.observe(instant);
        self.1.observe(instant);
    }
}

/// Perhaps somebody watches.
impl<R: Real, O: Observer<R>> Observer<R> for Option<O> {
    #[inline(always)]
    fn observe(&mut self, instant: &Instant<'_, R>) {
        if let Some(observer) = self {
            observer.observe(instant);
        }
    }
}
