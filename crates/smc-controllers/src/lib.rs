#![doc = include_str!("../README.md")]
#![no_std]

#[cfg(any(feature = "std", test))]
extern crate std;

mod adaptive;
mod classical;
mod controller;
mod equivalent;
mod error;
mod gain;
mod hybrid;
mod lqr;
mod poles;
mod riccati;
mod sliding;
mod spec;
mod super_twisting;
mod surface;

pub use adaptive::{Adaptive, AdaptiveMemory, AdaptiveSpec};
pub use classical::{Classical, ClassicalSpec};
pub use controller::{Command, Controller, Sample};
pub use equivalent::EquivalentControl;
pub use error::DesignError;
pub use gain::{Gain, GainError, Rule};
pub use hybrid::{Hybrid, HybridMemory, HybridSpec};
pub use lqr::{Lqr, LqrSpec};
pub use poles::{Pole, PoleError};
pub use riccati::{RiccatiError, Weights, lqr_gain};
pub use spec::{AnyController, AnyMemory, ControllerSpec, Kind, Tunable, UnknownController};
pub use super_twisting::{SuperTwisting, SuperTwistingMemory, SuperTwistingSpec};
pub use surface::{Surface, SurfaceDesign, SurfaceError};
