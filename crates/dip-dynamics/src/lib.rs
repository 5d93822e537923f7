#![doc = include_str!("../README.md")]
#![no_std]

#[cfg(any(feature = "std", test))]
extern crate std;

mod drag;
mod dual;
mod error;
mod friction;
mod integrator;
mod linearisation;
mod parameters;
mod plant;
mod real;
mod rigs;
mod scalar;
mod state;
mod trigonometry;

pub use drag::Drag;
pub use dual::Dual;
pub use error::ParameterError;
pub use friction::{DryFriction, DryJoint};
pub use integrator::Integrator;
pub use linearisation::Linearisation;
pub use parameters::Parameters;
pub use plant::{Evaluation, Plant};
pub use real::{Mask, Real};
pub use rigs::{Rig, UnknownRig};
pub use state::State;
