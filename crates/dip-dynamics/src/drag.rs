//! Air drag, quadratic in the velocity.
//!
//! `−k·|ẋ|·ẋ` on the cart and `−k·|θ̇|·θ̇` on each rod: the law of resistance of Newton's
//! *Principia*, book II, which holds at the speeds of a swing-up. The torque on a rod is that of a
//! rod turning about a hinge at rest; how the hinge itself moves through the air is left out, a
//! correction to a correction. Validated by `tests/friction.rs`.

use serde::{Deserialize, Serialize};

use crate::error::{FINITE_AND_NOT_NEGATIVE, ParameterError};
use crate::real::Real;
use crate::splat::{each, splat_fields};

/// Coefficients of the quadratic air drag; the default has none.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Drag {
    /// Of the cart in N·s²/m², on `|ẋ|·ẋ`.
    pub cart: f64,
    /// Of rod 1 in N·m·s², on `|θ̇1|·θ̇1`.
    pub rod1: f64,
    /// Of rod 2 in N·m·s², on `|θ̇2|·θ̇2`.
    pub rod2: f64,
}

impl Drag {
    /// No drag.
    pub const NONE: Self = Self { cart: 0.0, rod1: 0.0, rod2: 0.0 };

    pub(crate) fn check(&self) -> Result<(), ParameterError> {
        for (name, value) in
            [("drag.cart", self.cart), ("drag.rod1", self.rod1), ("drag.rod2", self.rod2)]
        {
            if !(value.is_finite() && value >= 0.0) {
                return Err(ParameterError { name, value, rule: FINITE_AND_NOT_NEGATIVE });
            }
        }
        Ok(())
    }
}

/// The coefficients on `(ẋ, θ̇1, θ̇2)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DragLaw<R> {
    coefficients: [R; 3],
}

impl DragLaw<f64> {
    /// None where there is no drag at all.
    pub(crate) fn of(&Drag { cart, rod1, rod2 }: &Drag) -> Option<Self> {
        let coefficients = [cart, rod1, rod2];
        (coefficients != [0.0; 3]).then_some(Self { coefficients })
    }
}

splat_fields!(DragLaw { coefficients });

impl<R: Real> DragLaw<R> {
    /// Generalised force on `(x, θ1, θ2)` in N and N·m.
    #[inline(always)]
    pub(crate) fn force(&self, qd: [R; 3]) -> [R; 3] {
        each!(i of 3 => -(self.coefficients[i] * qd[i].abs() * qd[i]))
    }

    /// Power taken out of the plant in W; never negative.
    pub(crate) fn dissipated_power(&self, qd: [R; 3]) -> R {
        let [cart, rod1, rod2] =
            core::array::from_fn(|i| self.coefficients[i] * qd[i].abs() * qd[i] * qd[i]);
        cart + rod1 + rod2
    }
}
