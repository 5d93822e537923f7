//! The factory: laws by name, by plain data, and by a vector of gains. Validated in
//! `tests/factory.rs`.

use core::fmt;
use core::str::FromStr;

use dip_dynamics::{Linearisation, Real};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::adaptive::{Adaptive, AdaptiveSpec};
use crate::classical::{Classical, ClassicalSpec};
use crate::conditional_hybrid::{ConditionalHybrid, ConditionalHybridSpec};
use crate::controller::{Command, Controller, Sample};
use crate::error::DesignError;
use crate::gain::{Gain, GainError, Rule, check};
use crate::hybrid::{Hybrid, HybridSpec};
use crate::integral::{Integral, IntegralSpec};
use crate::law::Law;
use crate::lqr::{Lqr, LqrSpec};
use crate::lqr_integral::{LqrIntegral, LqrIntegralSpec};
use crate::memory::{Memory, Remembered, SHOWN};
use crate::poles::Pole;
use crate::riccati::Weights;
use crate::super_twisting::{SuperTwisting, SuperTwistingSpec};
use crate::surface::{PositiveForm, ScheduledSurface, SurfaceDesign};

/// A computation over a law whose type is chosen when it runs.
pub trait LawVisitor {
    /// Its result.
    type Output;

    /// The computation. Of an [`AnyController`] it can take those of its law.
    fn visit<L: Law + TryFrom<AnyController, Error = Kind>>(self) -> Self::Output;
}

/// Everything that is said once for each law.
macro_rules! laws {
    ($($law:ident, $spec:ident, $name:ident;)+) => {
        /// The laws by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        #[expect(missing_docs, reason = "each is documented at its description")]
        pub enum Kind {
            $($law,)+
        }

        impl Kind {
            /// All laws, the baselines last.
            pub const ALL: [Self; [$(stringify!($law)),+].len()] = [$(Self::$law),+];

            /// The name in files and on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$law => stringify!($name),)+
                }
            }
        }

        /// A law as plain data: in files `{name: {…}}`.
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[expect(missing_docs, reason = "each variant is documented at its content")]
        pub enum ControllerSpec {
            $($law($spec),)+
        }

        impl ControllerSpec {
            /// The shipped gains of a law.
            pub fn shipped(kind: Kind) -> Self {
                match kind {
                    $(Kind::$law => Self::$law($spec::default()),)+
                }
            }

            /// Which law it is.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$law(_) => Kind::$law,)+
                }
            }

            /// The law for a linearised plant and an actuator limit `u_max` in N.
            ///
            /// # Errors
            /// A gain that breaks its rule, or a surface that cannot be.
            pub fn build(
                &self,
                linear: &Linearisation,
                u_max: f64,
            ) -> Result<AnyController, DesignError> {
                Ok(match self {
                    $(Self::$law(spec) => AnyController::$law(spec.build(linear, u_max)?),)+
                })
            }

            /// Shows the law's own gains, those of its surface or weights left out.
            fn visit_own(&mut self, visit: &mut impl FnMut(Tunable, &mut f64)) {
                match self {
                    $(Self::$law(spec) => visit_table(Part::Own, &$spec::GAINS, spec, visit),)+
                }
            }
        }

        /// A description of every law; what is not said is as shipped.
        #[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields, default)]
        #[expect(missing_docs, reason = "each field is documented at its type")]
        pub struct Controllers {
            $(pub $name: $spec,)+
        }

        impl Controllers {
            /// The description of one law.
            pub fn get(&self, kind: Kind) -> ControllerSpec {
                match kind {
                    $(Kind::$law => ControllerSpec::$law(self.$name),)+
                }
            }

            /// Replaces the description of one law.
            pub fn set(&mut self, spec: ControllerSpec) {
                match spec {
                    $(ControllerSpec::$law(spec) => self.$name = spec,)+
                }
            }
        }

        /// Any of the laws, built.
        #[derive(Debug, Clone, Copy, PartialEq)]
        #[expect(missing_docs, reason = "each variant is documented at its content")]
        pub enum AnyController<R = f64> {
            $($law($law<R>),)+
        }

        /// The memory of any of the laws.
        #[derive(Debug, Clone, Copy, PartialEq)]
        #[expect(missing_docs, reason = "each variant is documented at its content")]
        pub enum AnyMemory<R: Real = f64> {
            $($law(<$law<R> as Controller<R>>::Memory),)+
        }

        $(
            /// Fails with the kind of what is another law.
            impl TryFrom<AnyController> for $law {
                type Error = Kind;

                fn try_from(controller: AnyController) -> Result<Self, Kind> {
                    match controller {
                        AnyController::$law(law) => Ok(law),
                        other => Err(other.kind()),
                    }
                }
            }
        )+

        impl<R> AnyController<R> {
            /// Which law it is.
            pub const fn kind(&self) -> Kind {
                match self {
                    $(Self::$law(_) => Kind::$law,)+
                }
            }
        }

        impl Kind {
            /// Gives a visitor the type of the law: a loop that is compiled for it has no choice to
            /// make at each step.
            #[inline(always)]
            pub fn visit<V: LawVisitor>(self, visitor: V) -> V::Output {
                match self {
                    $(Self::$law => visitor.visit::<$law>(),)+
                }
            }
        }

        impl<R: Real> Memory<R> for AnyMemory<R> {
            /// # Panics
            /// If the memories are of different laws.
            #[inline(always)]
            fn select(mask: R::Mask, then: Self, otherwise: Self) -> Self {
                match (then, otherwise) {
                    $((Self::$law(then), Self::$law(otherwise)) => {
                        Self::$law(<_ as Memory<R>>::select(mask, then, otherwise))
                    })+
                    memories => panic!("memories of two laws: {memories:?}"),
                }
            }

            #[inline(always)]
            fn is_finite(&self) -> R::Mask {
                match self {
                    $(Self::$law(memory) => Memory::<R>::is_finite(memory),)+
                }
            }

            fn names(&self) -> &'static [Remembered] {
                match self {
                    $(Self::$law(memory) => Memory::<R>::names(memory),)+
                }
            }

            #[inline(always)]
            fn shown(&self) -> [R; SHOWN] {
                match self {
                    $(Self::$law(memory) => Memory::<R>::shown(memory),)+
                }
            }
        }

        impl<R: Real> Controller<R> for AnyController<R> {
            type Memory = AnyMemory<R>;

            fn initial_memory(&self) -> AnyMemory<R> {
                match self {
                    $(Self::$law(law) => AnyMemory::$law(law.initial_memory()),)+
                }
            }

            /// # Panics
            /// If the memory is another law's.
            #[inline(always)]
            fn law(&self, memory: &mut AnyMemory<R>, sample: &Sample<'_, R>) -> Command<R> {
                match (self, memory) {
                    $((Self::$law(law), AnyMemory::$law(memory)) => law.law(memory, sample),)+
                    (_, memory) => panic!("a controller was given another law's memory: {memory:?}"),
                }
            }
        }
    };
}

laws! {
    Classical, ClassicalSpec, classical;
    SuperTwisting, SuperTwistingSpec, super_twisting;
    Adaptive, AdaptiveSpec, adaptive;
    Hybrid, HybridSpec, hybrid;
    Integral, IntegralSpec, integral;
    ConditionalHybrid, ConditionalHybridSpec, conditional_hybrid;
    Lqr, LqrSpec, lqr;
    LqrIntegral, LqrIntegralSpec, lqr_integral;
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no law has. The message lists those that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownController;

impl fmt::Display for UnknownController {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown controller; there are")?;
        for (i, kind) in Kind::ALL.into_iter().enumerate() {
            let before = match i {
                0 => " ",
                _ if i + 1 == Kind::ALL.len() => " and ",
                _ => ", ",
            };
            write!(f, "{before}{kind}")?;
        }
        Ok(())
    }
}

impl core::error::Error for UnknownController {}

impl FromStr for Kind {
    type Err = UnknownController;

    fn from_str(name: &str) -> Result<Self, UnknownController> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(UnknownController)
    }
}

/// A gain that a tuner may choose. It displays as its place in files: `far.q_x`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tunable {
    /// Whether it is of a surface or the law's own.
    pub part: Part,
    /// Its name.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Which values are right.
    pub rule: Rule,
    /// Lower end of a sensible search, positive.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// What a tunable gain belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The surface, or the regulator that is followed.
    Near,
    /// The surface far from upright.
    Far,
    /// The law itself.
    Own,
}

impl fmt::Display for Tunable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.part == Part::Far { "far." } else { "" };
        write!(f, "{prefix}{}", self.name)
    }
}

/// A vector that cannot be a law's gains.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum GainVectorError {
    /// Too short or too long. The message lists what is right.
    #[error("{length} gains: {} takes {}", spec.kind(), Vector(*spec))]
    Length {
        /// The law.
        spec: ControllerSpec,
        /// How many there were.
        length: usize,
    },
    /// A gain breaks its rule. The message lists what is right.
    #[error("{source}; {} takes {}", spec.kind(), Vector(*spec))]
    Gain {
        /// The law.
        spec: ControllerSpec,
        /// The gain, its value and the rule.
        source: GainError,
    },
}

/// The gain vector of a law, in words.
struct Vector(ControllerSpec);

impl fmt::Display for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut spec = self.0;
        let mut count = 0;
        spec.visit_tunable(|_, _| count += 1);
        write!(f, "{count}:")?;
        let mut result = Ok(());
        let mut before = " ";
        spec.visit_tunable(|gain, _| {
            let Tunable { unit, rule, lower, upper, .. } = gain;
            if result.is_ok() {
                result = write!(f, "{before}{gain} [{unit}] {rule} ({lower} to {upper})");
            }
            before = ", ";
        });
        result
    }
}

impl ControllerSpec {
    /// How its surface is designed; a law that follows a regulator has none.
    pub fn surface(&self) -> Option<&SurfaceDesign> {
        match self {
            Self::Classical(spec) => Some(&spec.surface),
            Self::SuperTwisting(spec) => Some(&spec.surface),
            Self::Adaptive(spec) => Some(&spec.surface),
            Self::Hybrid(spec) => Some(&spec.surface),
            Self::ConditionalHybrid(spec) => Some(&spec.surface),
            Self::Integral(_) | Self::Lqr(_) | Self::LqrIntegral(_) => None,
        }
    }

    /// Shows every tunable gain with its present value, which may be changed: first those of the
    /// surface (weights, poles or the numbers of a positive form; coefficients stay as they are) or
    /// the weights of the regulator, then the law's own.
    pub fn visit_tunable(&mut self, mut visit: impl FnMut(Tunable, &mut f64)) {
        let regulator = match self {
            Self::Integral(spec) => Some(&mut spec.weights),
            Self::Lqr(spec) => Some(&mut spec.weights),
            Self::LqrIntegral(spec) => Some(&mut spec.weights),
            _ => None,
        };
        if let Some(weights) = regulator {
            visit_table(Part::Near, &Weights::GAINS, weights, &mut visit);
        }
        if let Some(surface) = self.surface_mut() {
            visit_surface(surface, &mut visit);
        }
        self.visit_own(&mut visit);
    }

    /// The shipped law with these tunable gains: [`with_gains`](Self::with_gains) by name.
    ///
    /// # Errors
    /// A vector of another length, or a gain that breaks its rule: the message lists what is right.
    #[expect(clippy::result_large_err, reason = "it tells the whole law, and there is no heap")]
    pub fn from_gains(kind: Kind, gains: &[f64]) -> Result<Self, GainVectorError> {
        Self::shipped(kind).with_gains(gains)
    }

    /// This law with other tunable gains, in the order of [`visit_tunable`](Self::visit_tunable).
    ///
    /// # Errors
    /// A vector of another length, or a gain that breaks its rule: the message lists what is right.
    #[expect(clippy::result_large_err, reason = "it tells the whole law, and there is no heap")]
    pub fn with_gains(self, gains: &[f64]) -> Result<Self, GainVectorError> {
        let mut spec = self;
        let (mut count, mut fault) = (0, None);
        spec.visit_tunable(|Tunable { name, rule, .. }, gain| {
            if let Some(&value) = gains.get(count) {
                if let Err(source) = check(name, value, rule) {
                    fault.get_or_insert(source);
                }
                *gain = value;
            }
            count += 1;
        });
        match fault {
            _ if count != gains.len() => {
                Err(GainVectorError::Length { spec: self, length: gains.len() })
            }
            Some(source) => Err(GainVectorError::Gain { spec: self, source }),
            None => Ok(spec),
        }
    }

    fn surface_mut(&mut self) -> Option<&mut SurfaceDesign> {
        match self {
            Self::Classical(spec) => Some(&mut spec.surface),
            Self::SuperTwisting(spec) => Some(&mut spec.surface),
            Self::Adaptive(spec) => Some(&mut spec.surface),
            Self::Hybrid(spec) => Some(&mut spec.surface),
            Self::ConditionalHybrid(spec) => Some(&mut spec.surface),
            Self::Integral(_) | Self::Lqr(_) | Self::LqrIntegral(_) => None,
        }
    }
}

const WIDTH: Tunable = Tunable {
    part: Part::Near,
    name: "width",
    unit: "N·s",
    rule: Rule::Positive,
    lower: 0.01,
    upper: 100.0,
};

fn visit_table<S: Copy>(
    part: Part,
    table: &[Gain<S>],
    spec: &mut S,
    visit: &mut impl FnMut(Tunable, &mut f64),
) {
    for &Gain { name, unit, rule, range, field } in table {
        if let (Some((lower, upper)), Some(value)) = (range, field(spec)) {
            visit(Tunable { part, name, unit, rule, lower, upper }, value);
        }
    }
}

fn visit_surface(surface: &mut SurfaceDesign, visit: &mut impl FnMut(Tunable, &mut f64)) {
    match surface {
        SurfaceDesign::Lqr(weights) => visit_table(Part::Near, &Weights::GAINS, weights, visit),
        SurfaceDesign::Poles(poles) => visit_poles(Part::Near, poles, visit),
        SurfaceDesign::Scheduled(ScheduledSurface { near, far, width }) => {
            visit_poles(Part::Near, near, visit);
            visit_poles(Part::Far, far, visit);
            visit(WIDTH, width);
        }
        SurfaceDesign::Absolute(form) | SurfaceDesign::Relative(form) => {
            visit_table(Part::Near, &PositiveForm::GAINS, form, visit);
        }
        SurfaceDesign::Coefficients { s, .. } => visit_coefficients(s, visit),
    }
}

/// Coefficients are shown by their sizes: signs stay, and what is 0 stays out of the surface.
fn visit_coefficients(s: &mut [f64; 6], visit: &mut impl FnMut(Tunable, &mut f64)) {
    const SIZES: [(&str, &str, f64); 6] = [
        ("s_x", "N·s/m", 1000.0),
        ("s_theta1", "N·s/rad", 1000.0),
        ("s_theta2", "N·s/rad", 1000.0),
        ("s_x_dot", "N·s²/m", 100.0),
        ("s_theta1_dot", "N·s²/rad", 100.0),
        ("s_theta2_dot", "N·s²/rad", 100.0),
    ];
    for (coefficient, (name, unit, upper)) in s.iter_mut().zip(SIZES) {
        if *coefficient != 0.0 {
            let mut size = coefficient.abs();
            let (part, rule, lower) = (Part::Near, Rule::Positive, 0.01);
            visit(Tunable { part, name, unit, rule, lower, upper }, &mut size);
            *coefficient = size.copysign(*coefficient);
        }
    }
}

/// Real poles are shown as `−re`; of a conjugate pair, `−re` and `|im|` are shown once.
fn visit_poles(part: Part, poles: &mut [Pole; 5], visit: &mut impl FnMut(Tunable, &mut f64)) {
    const DECAY: [&str; 5] = ["decay1", "decay2", "decay3", "decay4", "decay5"];
    const TURN: [&str; 5] = ["turn1", "turn2", "turn3", "turn4", "turn5"];
    let tunable = |name, lower, upper| {
        let (unit, rule) = ("rad/s", Rule::Positive);
        Tunable { part, name, unit, rule, lower, upper }
    };
    let mut shown = [false; 5];
    for i in 0..poles.len() {
        if shown[i] {
            continue;
        }
        let Pole { re, im } = poles[i];
        let conjugate = Pole { re, im: -im };
        let partner =
            (i + 1..poles.len()).find(|&j| im != 0.0 && !shown[j] && poles[j] == conjugate);
        let (mut decay, mut turn) = (-re, im.abs());
        visit(tunable(DECAY[i], 0.05, 30.0), &mut decay);
        if im != 0.0 {
            visit(tunable(TURN[i], 0.1, 10.0), &mut turn);
        }
        let im = turn.copysign(im);
        poles[i] = Pole { re: -decay, im };
        if let Some(j) = partner {
            poles[j] = Pole { re: -decay, im: -im };
            shown[j] = true;
        }
    }
}
