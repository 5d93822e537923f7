//! The factory: laws by name, described by plain data.

use core::fmt;
use core::str::FromStr;

use dip_dynamics::{Linearisation, Real};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::adaptive::{Adaptive, AdaptiveMemory, AdaptiveSpec};
use crate::classical::{Classical, ClassicalSpec};
use crate::controller::{Command, Controller, Sample};
use crate::error::DesignError;
use crate::gain::Gain;
use crate::hybrid::{Hybrid, HybridMemory, HybridSpec};
use crate::lqr::{Lqr, LqrSpec};
use crate::riccati::Weights;
use crate::super_twisting::{SuperTwisting, SuperTwistingMemory, SuperTwistingSpec};
use crate::surface::SurfaceDesign;

/// The laws by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// [`Classical`].
    Classical,
    /// [`SuperTwisting`].
    SuperTwisting,
    /// [`Adaptive`].
    Adaptive,
    /// [`Hybrid`].
    Hybrid,
    /// [`Lqr`].
    Lqr,
}

impl Kind {
    /// All laws, the baseline last.
    pub const ALL: [Self; 5] =
        [Self::Classical, Self::SuperTwisting, Self::Adaptive, Self::Hybrid, Self::Lqr];

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Classical => "classical",
            Self::SuperTwisting => "super_twisting",
            Self::Adaptive => "adaptive",
            Self::Hybrid => "hybrid",
            Self::Lqr => "lqr",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no law has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("unknown controller; there are classical, super_twisting, adaptive, hybrid and lqr")]
pub struct UnknownController;

impl FromStr for Kind {
    type Err = UnknownController;

    fn from_str(name: &str) -> Result<Self, UnknownController> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(UnknownController)
    }
}

/// A law as plain data: in files `{name: {…}}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant is documented at its content")]
pub enum ControllerSpec {
    Classical(ClassicalSpec),
    SuperTwisting(SuperTwistingSpec),
    Adaptive(AdaptiveSpec),
    Hybrid(HybridSpec),
    Lqr(LqrSpec),
}

/// A gain that a tuner may choose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tunable {
    /// Its name.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Lower end of a sensible search, positive.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl ControllerSpec {
    /// The shipped gains of a law.
    pub fn shipped(kind: Kind) -> Self {
        match kind {
            Kind::Classical => Self::Classical(ClassicalSpec::default()),
            Kind::SuperTwisting => Self::SuperTwisting(SuperTwistingSpec::default()),
            Kind::Adaptive => Self::Adaptive(AdaptiveSpec::default()),
            Kind::Hybrid => Self::Hybrid(HybridSpec::default()),
            Kind::Lqr => Self::Lqr(LqrSpec::default()),
        }
    }

    /// Which law it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Classical(_) => Kind::Classical,
            Self::SuperTwisting(_) => Kind::SuperTwisting,
            Self::Adaptive(_) => Kind::Adaptive,
            Self::Hybrid(_) => Kind::Hybrid,
            Self::Lqr(_) => Kind::Lqr,
        }
    }

    /// How its surface is designed; the LQR has none.
    pub fn surface(&self) -> Option<&SurfaceDesign> {
        match self {
            Self::Classical(spec) => Some(&spec.surface),
            Self::SuperTwisting(spec) => Some(&spec.surface),
            Self::Adaptive(spec) => Some(&spec.surface),
            Self::Hybrid(spec) => Some(&spec.surface),
            Self::Lqr(_) => None,
        }
    }

    /// The law for a linearised plant and an actuator limit `u_max` in N.
    ///
    /// # Errors
    /// A gain that breaks its rule, or a surface that cannot be.
    pub fn build(&self, linear: &Linearisation, u_max: f64) -> Result<AnyController, DesignError> {
        Ok(match self {
            Self::Classical(spec) => AnyController::Classical(spec.build(linear, u_max)?),
            Self::SuperTwisting(spec) => AnyController::SuperTwisting(spec.build(linear, u_max)?),
            Self::Adaptive(spec) => AnyController::Adaptive(spec.build(linear, u_max)?),
            Self::Hybrid(spec) => AnyController::Hybrid(spec.build(linear, u_max)?),
            Self::Lqr(spec) => AnyController::Lqr(spec.build(linear, u_max)?),
        })
    }

    /// Shows every tunable gain with its present value, which may be changed: first the weights of
    /// a surface from LQR weights (any other surface stays as it is), then the law's own gains.
    pub fn visit_tunable(&mut self, mut visit: impl FnMut(Tunable, &mut f64)) {
        match self {
            Self::Classical(spec) => {
                visit_surface(&mut spec.surface, &mut visit);
                visit_table(&ClassicalSpec::GAINS, spec, &mut visit);
            }
            Self::SuperTwisting(spec) => {
                visit_surface(&mut spec.surface, &mut visit);
                visit_table(&SuperTwistingSpec::GAINS, spec, &mut visit);
            }
            Self::Adaptive(spec) => {
                visit_surface(&mut spec.surface, &mut visit);
                visit_table(&AdaptiveSpec::GAINS, spec, &mut visit);
            }
            Self::Hybrid(spec) => {
                visit_surface(&mut spec.surface, &mut visit);
                visit_table(&HybridSpec::GAINS, spec, &mut visit);
            }
            Self::Lqr(spec) => visit_table(&Weights::GAINS, &mut spec.weights, &mut visit),
        }
    }
}

fn visit_surface(design: &mut SurfaceDesign, visit: &mut impl FnMut(Tunable, &mut f64)) {
    if let SurfaceDesign::Lqr(weights) = design {
        visit_table(&Weights::GAINS, weights, visit);
    }
}

fn visit_table<S>(table: &[Gain<S>], spec: &mut S, visit: &mut impl FnMut(Tunable, &mut f64)) {
    for &Gain { name, unit, range, field, .. } in table {
        if let Some((lower, upper)) = range {
            visit(Tunable { name, unit, lower, upper }, field(spec));
        }
    }
}

/// Any of the laws, built.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "each variant is documented at its content")]
pub enum AnyController<R = f64> {
    Classical(Classical<R>),
    SuperTwisting(SuperTwisting<R>),
    Adaptive(Adaptive<R>),
    Hybrid(Hybrid<R>),
    Lqr(Lqr<R>),
}

/// The memory of any of the laws.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "each variant is documented at its content")]
pub enum AnyMemory<R = f64> {
    None,
    SuperTwisting(SuperTwistingMemory<R>),
    Adaptive(AdaptiveMemory<R>),
    Hybrid(HybridMemory<R>),
}

impl<R: Real> Controller<R> for AnyController<R> {
    type Memory = AnyMemory<R>;

    fn initial_memory(&self) -> AnyMemory<R> {
        match self {
            Self::Classical(_) | Self::Lqr(_) => AnyMemory::None,
            Self::SuperTwisting(law) => AnyMemory::SuperTwisting(law.initial_memory()),
            Self::Adaptive(law) => AnyMemory::Adaptive(law.initial_memory()),
            Self::Hybrid(law) => AnyMemory::Hybrid(law.initial_memory()),
        }
    }

    /// # Panics
    /// If the memory is another law's.
    #[inline]
    fn control(&self, memory: &mut AnyMemory<R>, sample: &Sample<'_, R>) -> Command<R> {
        match (self, memory) {
            (Self::Classical(law), AnyMemory::None) => law.control(&mut (), sample),
            (Self::Lqr(law), AnyMemory::None) => law.control(&mut (), sample),
            (Self::SuperTwisting(law), AnyMemory::SuperTwisting(memory)) => {
                law.control(memory, sample)
            }
            (Self::Adaptive(law), AnyMemory::Adaptive(memory)) => law.control(memory, sample),
            (Self::Hybrid(law), AnyMemory::Hybrid(memory)) => law.control(memory, sample),
            (_, memory) => panic!("a controller was given another law's memory: {memory:?}"),
        }
    }
}
