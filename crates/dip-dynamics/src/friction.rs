//! Dry friction: a force that resists sliding, and resists breaking away more than sliding on.
//!
//! With the relative velocity `v` of the sliding parts the force is `−F(v)`,
//!
//! ```text
//! F(v) = (F_c + (F_s − F_c)/(1 + (v/v_s)²)) · v/√(v² + v_0²)
//! ```
//!
//! The first factor is the rational Stribeck curve of Hess and Soom (1990): the breakaway level
//! `F_s` at rest, the Coulomb level `F_c` at speed, half-way between them at the Stribeck velocity
//! `v_s`. The second is a smooth odd stand-in for the sign, straight within the smoothing velocity
//! `v_0`, so that the equations stay differentiable and no step has to find the instant of a stop.
//! What that costs: nothing sticks. Under a force below breakaway the parts creep at a fraction of
//! `v_0` where real ones rest.
//!
//! Source: D. Hess, A. Soom, "Friction at a lubricated line contact operating at oscillating sliding
//! velocities", ASME Journal of Tribology 112 (1990); without its hydrodynamic term, which is the
//! viscous friction of [`Parameters`](crate::Parameters). Survey: Armstrong-Hélouvry, Dupont and
//! Canudas de Wit, Automatica 30 (1994). Validated by `tests/friction.rs`.

use serde::{Deserialize, Serialize};

use crate::error::{FINITE_AND_NOT_NEGATIVE, ParameterError};
use crate::real::Real;
use crate::splat::splat_fields;

/// Dry friction of the cart and of both joints; the default has none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct DryFriction {
    /// Of the cart on its track: N and m/s, it acts on `ẋ`.
    pub cart: DryJoint,
    /// Of the joint between cart and rod 1: N·m and rad/s, it acts on `θ̇1`.
    pub joint1: DryJoint,
    /// Of the joint between the rods: N·m and rad/s, it acts on `θ̇2 − θ̇1`.
    pub joint2: DryJoint,
}

/// Dry friction of one pair of sliding parts; in N and m/s, or in N·m and rad/s.
///
/// The default has none, with velocities that suit a laboratory rig: a level is all that has to be
/// given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct DryJoint {
    /// Coulomb level `F_c`, at speed.
    pub coulomb: f64,
    /// Breakaway level `F_s`, at rest: 0 for none beyond the Coulomb level, or not below it.
    pub breakaway: f64,
    /// Stribeck velocity `v_s`, at which the friction has come half the way from breakaway to
    /// Coulomb.
    pub stribeck_velocity: f64,
    /// Smoothing velocity `v_0`, below which the friction is viscous with the coefficient
    /// `F_s/v_0`. Much smaller than `v_s`, or the peak is never reached; but the step of an
    /// integrator has to resolve the time constant, mass over `F_s/v_0`.
    pub smoothing_velocity: f64,
}

impl Default for DryJoint {
    fn default() -> Self {
        Self::NONE
    }
}

impl Default for DryFriction {
    fn default() -> Self {
        Self::NONE
    }
}

impl DryJoint {
    /// No dry friction.
    pub const NONE: Self =
        Self { coulomb: 0.0, breakaway: 0.0, stribeck_velocity: 0.1, smoothing_velocity: 0.01 };

    /// The magnitude `F(v)` with the sign of the relative velocity `v`; the force is its negative.
    ///
    /// Not checked: a joint that breaks a rule of [`Parameters::check`](crate::Parameters::check)
    /// has no meaningful force.
    pub fn force(&self, v: f64) -> f64 {
        DryLaw::of(self).force(v)
    }

    fn is_off(&self) -> bool {
        self.coulomb == 0.0 && self.breakaway == 0.0
    }
}

impl DryFriction {
    /// No dry friction anywhere.
    pub const NONE: Self =
        Self { cart: DryJoint::NONE, joint1: DryJoint::NONE, joint2: DryJoint::NONE };

    pub(crate) fn is_off(&self) -> bool {
        self.cart.is_off() && self.joint1.is_off() && self.joint2.is_off()
    }

    pub(crate) fn check(&self) -> Result<(), ParameterError> {
        let [cart, joint1, joint2] = NAMES;
        check_joint(&self.cart, cart)?;
        check_joint(&self.joint1, joint1)?;
        check_joint(&self.joint2, joint2)
    }
}

const NAMES: [[&str; 4]; 3] = [
    [
        "friction.cart.coulomb",
        "friction.cart.breakaway",
        "friction.cart.stribeck_velocity",
        "friction.cart.smoothing_velocity",
    ],
    [
        "friction.joint1.coulomb",
        "friction.joint1.breakaway",
        "friction.joint1.stribeck_velocity",
        "friction.joint1.smoothing_velocity",
    ],
    [
        "friction.joint2.coulomb",
        "friction.joint2.breakaway",
        "friction.joint2.stribeck_velocity",
        "friction.joint2.smoothing_velocity",
    ],
];

fn check_joint(joint: &DryJoint, names: [&'static str; 4]) -> Result<(), ParameterError> {
    let &DryJoint { coulomb, breakaway, stribeck_velocity, smoothing_velocity } = joint;
    let [coulomb_name, breakaway_name, stribeck_name, smoothing_name] = names;
    for (name, value) in [(coulomb_name, coulomb), (breakaway_name, breakaway)] {
        if !(value.is_finite() && value >= 0.0) {
            return Err(ParameterError { name, value, rule: FINITE_AND_NOT_NEGATIVE });
        }
    }
    if breakaway != 0.0 && breakaway < coulomb {
        let rule = "0, or not below the Coulomb level";
        return Err(ParameterError { name: breakaway_name, value: breakaway, rule });
    }
    // Below 10⁻⁶ no step resolves the law, and far below its ratios leave the range of numbers.
    for (name, value) in [(stribeck_name, stribeck_velocity), (smoothing_name, smoothing_velocity)]
    {
        if !(value.is_finite() && value >= 1e-6) {
            return Err(ParameterError { name, value, rule: "finite and at least 0.000001" });
        }
    }
    Ok(())
}

/// The constants of one joint's law.
#[derive(Debug, Clone, Copy, PartialEq)]
struct DryLaw<R> {
    /// `F_c`.
    coulomb: R,
    /// `F_s − F_c`.
    excess: R,
    /// `1/v_s`.
    stribeck: R,
    /// `1/v_0`.
    smoothing: R,
}

impl DryLaw<f64> {
    fn of(joint: &DryJoint) -> Self {
        let &DryJoint { coulomb, breakaway, stribeck_velocity, smoothing_velocity } = joint;
        Self {
            coulomb,
            excess: if breakaway == 0.0 { 0.0 } else { breakaway - coulomb },
            stribeck: 1.0 / stribeck_velocity,
            smoothing: 1.0 / smoothing_velocity,
        }
    }
}

splat_fields!(DryLaw { coulomb, excess, stribeck, smoothing });

impl<R: Real> DryLaw<R> {
    #[inline(always)]
    fn force(&self, v: R) -> R {
        let one = R::splat(1.0);
        let (s, w) = (v * self.stribeck, v * self.smoothing);
        (self.coulomb + self.excess / (one + s * s)) * (w / (one + w * w).sqrt())
    }
}

/// The constants of all three laws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DryLaws<R> {
    cart: DryLaw<R>,
    joint1: DryLaw<R>,
    joint2: DryLaw<R>,
}

impl DryLaws<f64> {
    /// None where there is no dry friction at all.
    pub(crate) fn of(friction: &DryFriction) -> Option<Self> {
        let DryFriction { cart, joint1, joint2 } = friction;
        (!friction.is_off()).then(|| Self {
            cart: DryLaw::of(cart),
            joint1: DryLaw::of(joint1),
            joint2: DryLaw::of(joint2),
        })
    }
}

splat_fields!(DryLaws { cart, joint1, joint2 });

impl<R: Real> DryLaws<R> {
    /// Generalised force on `(x, θ1, θ2)` in N and N·m.
    #[inline(always)]
    pub(crate) fn force(&self, [x_dot, theta1_dot, theta2_dot]: [R; 3]) -> [R; 3] {
        let joint2 = self.joint2.force(theta2_dot - theta1_dot);
        [-self.cart.force(x_dot), joint2 - self.joint1.force(theta1_dot), -joint2]
    }

    /// Power taken out of the plant in W: a sum of products of equal sign, never negative.
    pub(crate) fn dissipated_power(&self, [x_dot, theta1_dot, theta2_dot]: [R; 3]) -> R {
        let relative = theta2_dot - theta1_dot;
        self.cart.force(x_dot) * x_dot
            + self.joint1.force(theta1_dot) * theta1_dot
            + self.joint2.force(relative) * relative
    }
}
