//! What the closed loop and a control law say to each other.
//!
//! A controller is an immutable value; what it remembers between samples is a small `Copy` memory
//! that belongs to the run. It neither owns nor points to the plant: whoever has a model of it
//! passes its evaluation along with the measured state. The fail-safe is validated in
//! `tests/fail_safe.rs`.

use dip_dynamics::{Evaluation, Mask, Real, State};

use crate::equivalent::EquivalentControl;
use crate::memory::Memory;

/// A control law, sampled at a fixed period.
///
/// A law writes [`law`](Self::law); whoever runs it calls [`control`](Self::control), which keeps
/// what is not a number away from the actuator and out of the memory.
pub trait Controller<R: Real = f64> {
    /// What one run remembers between samples.
    type Memory: Memory<R>;

    /// The memory of a run that has not started.
    fn initial_memory(&self) -> Self::Memory;

    /// The law itself, for a measurement that is finite.
    fn law(&self, memory: &mut Self::Memory, sample: &Sample<'_, R>) -> Command<R>;

    /// The command for one sampling period; it is held until the next.
    ///
    /// Fail-safe: where the measurement is NaN or infinite, or so large that a number of the answer or
    /// of the memory would not be finite, where the period is not positive, or where the law itself
    /// reports a [`fault`](Command::fault), the force is zero, the command is marked, and the memory
    /// stays as it was. The law goes on with the next sound measurement as if this one had never been.
    #[inline(always)]
    fn control(&self, memory: &mut Self::Memory, sample: &Sample<'_, R>) -> Command<R> {
        let mut next = *memory;
        let command = self.law(&mut next, sample);
        let zero = R::splat(0.0);
        let answer = [command.u, command.u_eq, command.u_sw, command.sigma.unwrap_or(zero)];
        let sound = !command.fault
            & zero.lt(sample.dt)
            & sample.dt.is_finite()
            & sample.state.to_array().is_finite()
            & answer.is_finite()
            & next.is_finite();
        if sound.all() {
            *memory = next;
            return command;
        }
        *memory = Memory::select(sound, next, *memory);
        Command {
            u: R::select(sound, command.u, zero),
            u_eq: R::select(sound, command.u_eq, zero),
            u_sw: R::select(sound, command.u_sw, zero),
            sigma: command.sigma.map(|sigma| R::select(sound, sigma, zero)),
            fault: !sound,
            ..command
        }
    }
}

/// Whoever is lent a controller can run it.
impl<R: Real, C: Controller<R>> Controller<R> for &C {
    type Memory = C::Memory;

    fn initial_memory(&self) -> C::Memory {
        (**self).initial_memory()
    }

    #[inline(always)]
    fn law(&self, memory: &mut C::Memory, sample: &Sample<'_, R>) -> Command<R> {
        (**self).law(memory, sample)
    }
}

/// What a controller is told at a sampling instant.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a, R = f64> {
    /// The measured state.
    pub state: &'a State<R>,
    /// The model of the plant evaluated at that state, where there is one.
    pub model: Option<&'a Evaluation<R>>,
    /// The sampling period in s.
    pub dt: R,
}

/// What a controller answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Command<R: Real = f64> {
    /// The cart force in N, within the limit that the controller was built for.
    pub u: R,
    /// The part of the force that would keep `σ` where it is, in N, before the limit.
    pub u_eq: R,
    /// The part that drives `σ` to zero, in N, before the limit.
    pub u_sw: R,
    /// The sliding variable; none for a law without a surface.
    pub sigma: Option<R>,
    /// The equivalent control that was used: [`EquivalentControl::None`] if the law was to use the
    /// full model and was given none.
    pub equivalent: EquivalentControl,
    /// Where `|β|` was too small to divide by, and its floor was used.
    pub guarded: R::Mask,
    /// Where the fail-safe acted: all numbers are zero because nothing sound could be computed.
    pub fault: R::Mask,
}

impl<R: Real> Command<R> {
    /// The command of a law without a surface: the force `u` in N, limited to `±u_max`.
    #[inline(always)]
    pub fn feedback(u: R, u_max: R) -> Self {
        Self {
            u: u.clamp(-u_max, u_max),
            u_eq: R::splat(0.0),
            u_sw: u,
            sigma: None,
            equivalent: EquivalentControl::None,
            guarded: R::Mask::splat(false),
            fault: R::Mask::splat(false),
        }
    }
}
