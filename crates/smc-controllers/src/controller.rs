//! What the closed loop and a control law say to each other.
//!
//! A controller is an immutable value; what it remembers between samples is a small `Copy` memory
//! that belongs to the run. It neither owns nor points to the plant: whoever has a model of it
//! passes its evaluation along with the measured state.

use core::fmt::Debug;

use dip_dynamics::{Evaluation, Real, State};

use crate::equivalent::EquivalentControl;

/// A control law, sampled at a fixed period.
pub trait Controller<R: Real = f64> {
    /// What one run remembers between samples.
    type Memory: Copy + Debug;

    /// The memory of a run that has not started.
    fn initial_memory(&self) -> Self::Memory;

    /// The command for one sampling period; it is held until the next.
    fn control(&self, memory: &mut Self::Memory, sample: &Sample<'_, R>) -> Command<R>;
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
}
