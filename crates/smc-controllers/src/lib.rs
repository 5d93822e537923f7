#![doc = include_str!("../README.md")]
#![no_std]

#[cfg(any(feature = "std", test))]
extern crate std;

mod adaptation;
mod adaptive;
mod classical;
mod conditional_hybrid;
mod controller;
mod equivalent;
mod error;
mod gain;
mod hybrid;
#[cfg(feature = "std")]
mod instance;
mod integral;
mod law;
#[cfg(feature = "std")]
mod lifecycle;
mod lqr;
mod lqr_integral;
mod memory;
mod poles;
mod riccati;
mod sliding;
mod spec;
mod super_twisting;
mod surface;
mod switching;

#[doc(hidden)]
pub use dip_dynamics::{Real, Splat, splat_fields};

pub use adaptive::{Adaptive, AdaptiveMemory, AdaptiveSpec};
pub use classical::{Classical, ClassicalMemory, ClassicalSpec};
pub use conditional_hybrid::{ConditionalHybrid, ConditionalHybridMemory, ConditionalHybridSpec};
pub use controller::{Command, Controller, Sample};
pub use equivalent::EquivalentControl;
pub use error::DesignError;
pub use gain::{Gain, GainError, Rule};
pub use hybrid::{Hybrid, HybridMemory, HybridSpec};
#[cfg(feature = "std")]
pub use instance::{HistoryEntry, Instance};
pub use integral::{Integral, IntegralMemory, IntegralSpec};
pub use law::Law;
#[cfg(feature = "std")]
pub use lifecycle::{Lifetime, LifetimeError, LongLived, Service};
pub use lqr::{Lqr, LqrSpec};
pub use lqr_integral::{LqrIntegral, LqrIntegralMemory, LqrIntegralSpec};
pub use memory::{Memory, Remembered, SHOWN};
pub use poles::{Pole, PoleError};
pub use riccati::{RiccatiError, Weights, lqr_gain};
pub use spec::{
    AnyController, AnyMemory, ControllerSpec, Controllers, GainVectorError, Kind, LawVisitor, Part,
    Tunable, UnknownController,
};
pub use super_twisting::{
    SuperTwisting, SuperTwistingMemory, SuperTwistingSpec, TwistingRule, TwistingWarning,
};
pub use surface::{
    FarSurface, PositiveForm, ScheduledSurface, Surface, SurfaceDesign, SurfaceError,
};
pub use switching::{Layer, Relay, Switching};
