#![doc = include_str!("../README.md")]
#![no_std]

#[cfg(any(feature = "std", test))]
extern crate std;

mod adaptive;
mod classical;
mod controller;
mod gain;
mod hybrid;
mod lqr;
mod poles;
mod sliding;
mod spec;
mod super_twisting;
mod surface;

pub use adaptive::{Adaptive, AdaptiveMemory, AdaptiveSpec};
pub use classical::{Classical, ClassicalSpec};
pub use controller::{Command, Controller, Sample};
pub use gain::{Gain, GainError, Rule};
pub use hybrid::{Hybrid, HybridMemory, HybridSpec};
pub use lqr::{Lqr, LqrSpec, RiccatiError, Weights, lqr_gain};
pub use poles::{Pole, PoleError};
pub use sliding::EquivalentControl;
pub use spec::{
    AnyController, AnyMemory, ControllerSpec, DesignError, Kind, Tunable, UnknownController,
};
pub use super_twisting::{SuperTwisting, SuperTwistingMemory, SuperTwistingSpec};
pub use surface::{Surface, SurfaceDesign, SurfaceError};
