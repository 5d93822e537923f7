#![doc = include_str!("../README.md")]
#![no_std]

#[cfg(any(feature = "std", test))]
extern crate std;

#[cfg(all(target_arch = "x86_64", feature = "std"))]
mod avx2;
#[cfg(all(target_arch = "x86_64", feature = "std"))]
mod avx512;
mod drag;
mod dual;
mod error;
mod friction;
mod integrator;
mod lanes;
mod linearisation;
mod odd_rod;
mod pair;
mod parameters;
mod plant;
mod real;
mod rigs;
mod scalar;
mod splat;
mod state;
mod trigonometry;

pub use drag::Drag;
pub use dual::Dual;
pub use error::ParameterError;
pub use friction::{DryFriction, DryJoint};
pub use integrator::Integrator;
pub use lanes::{InstructionSet, Kernel, LaneMask, Lanes};
pub use linearisation::Linearisation;
pub use odd_rod::OddRod;
pub use parameters::Parameters;
pub use plant::{Evaluation, Plant};
pub use real::{Mask, Real, Turn};
pub use rigs::{Rig, UnknownRig};
pub use splat::Splat;
pub use state::State;
