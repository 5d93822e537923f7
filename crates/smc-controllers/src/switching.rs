//! What a law does about the sign of `σ`: switch, switch smoothly in a layer, or solve for the sign
//! at the end of the period.
//!
//! In continuous time sliding mode asks for `sign(σ)`, which on `σ = 0` is any number of `[−1, 1]`. A
//! sampled law that takes the sign at the beginning of its period (explicit Euler) overshoots, and
//! chatters for ever. There are three ways out: a boundary layer (Slotine and Li 1991, §7.2), a
//! relay with hysteresis, or the sign at the *end* of the period (implicit Euler), which has a closed
//! form and no layer to choose: Acary and Brogliato (2010), Systems & Control Letters 59, for the
//! first-order law; Brogliato, Polyakov and Efimov (2020), IEEE TAC 65, for the super-twisting one,
//! solved without the unknown disturbance after Seeber and Andritsch (2025), Automatica 173.
//! Validated in `tests/switching.rs` and `tests/super_twisting.rs`.

use dip_dynamics::{Real, one_for_all_lanes, splat_fields};
use serde::{Deserialize, Serialize};

use crate::gain::{GainError, Rule, check};

/// How a law switches.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Switching {
    /// The sign of `σ`.
    Sign(Relay),
    /// `σ/ε` limited to `[−1, 1]`.
    Saturation(Layer),
    /// `tanh(σ/ε)`.
    Tanh(Layer),
    /// The sign that `σ` will have at the end of the period (backward Euler): no layer. A matched
    /// disturbance `w` leaves `σ` at `dt·w`, and with super-twisting at `dt` times the change of `w` in a
    /// period.
    Implicit,
}

/// A relay.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Relay {
    /// While `|σ|` is below this, in N·s, the relay stays as it is.
    pub hysteresis: f64,
}

/// A boundary layer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Thickness `ε` in N·s at `σ = 0`.
    pub epsilon: f64,
    /// Growth of the thickness with `|σ|`: `ε + slope·|σ|`. Less than 1: a layer that grows as fast as
    /// `σ` would never be left.
    #[serde(default)]
    pub slope: f64,
    /// While `|σ|` is below this, in N·s, the switching stays as it is.
    #[serde(default)]
    pub hysteresis: f64,
}

impl Switching {
    /// `σ/ε` limited to `[−1, 1]`, with a layer of constant thickness in N·s.
    pub const fn saturation(epsilon: f64) -> Self {
        Self::Saturation(Layer { epsilon, slope: 0.0, hysteresis: 0.0 })
    }

    /// The thickness of the layer, where there is one.
    pub(crate) fn epsilon(&mut self) -> Option<&mut f64> {
        match self {
            Self::Saturation(layer) | Self::Tanh(layer) => Some(&mut layer.epsilon),
            Self::Sign(_) | Self::Implicit => None,
        }
    }

    /// The form in which laws compute with it.
    pub(crate) fn build(&self) -> Result<Switch, GainError> {
        let built = |function, Layer { epsilon, slope, hysteresis }| {
            check("switching.epsilon", epsilon, Rule::Positive)?;
            check("switching.slope", slope, Rule::BelowOne)?;
            check("switching.hysteresis", hysteresis, Rule::NotNegative)?;
            let [slope, hysteresis] =
                [slope, hysteresis].map(|value| (value > 0.0).then_some(value));
            Ok(Switch { function, steepness: 1.0 / epsilon, slope, hysteresis })
        };
        // The thickness of a relay is never looked at.
        let thin = Layer { epsilon: 1.0, slope: 0.0, hysteresis: 0.0 };
        match *self {
            Self::Sign(Relay { hysteresis }) => built(Function::Sign, Layer { hysteresis, ..thin }),
            Self::Saturation(layer) => built(Function::Saturation, layer),
            Self::Tanh(layer) => built(Function::Tanh, layer),
            Self::Implicit => built(Function::Implicit, thin),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Sign,
    Saturation,
    Tanh,
    Implicit,
}

/// Checked switching.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Switch<R = f64> {
    function: Function,
    /// `1/ε`.
    steepness: R,
    slope: Option<R>,
    hysteresis: Option<R>,
}

splat_fields!(Switch { function, steepness, slope, hysteresis });
one_for_all_lanes!(Function);

impl<R: Real> Switch<R> {
    /// The sign of `σ` as this switching sees it, in `[−1, 1]`; `held` is what it was before.
    #[inline(always)]
    fn sign(&self, sigma: R, held: &mut R) -> R {
        let (zero, one) = (R::splat(0.0), R::splat(1.0));
        let sign = match self.function {
            Function::Sign | Function::Implicit => {
                let positive = R::select(zero.lt(sigma), one, zero);
                R::select(sigma.lt(zero), -one, positive)
            }
            Function::Saturation => self.within(sigma).clamp(-one, one),
            Function::Tanh => self.within(sigma).tanh(),
        };
        *held = match self.hysteresis {
            Some(hysteresis) => R::select(sigma.abs().lt(hysteresis), *held, sign),
            None => sign,
        };
        *held
    }

    /// `σ` in units of the layer's thickness.
    #[inline(always)]
    fn within(&self, sigma: R) -> R {
        let relative = sigma * self.steepness;
        match self.slope {
            Some(slope) => relative / (R::splat(1.0) + slope * relative.abs()),
            None => relative,
        }
    }

    /// The rate of first-order reaching: `v = −k·sign(σ) − kd·σ`.
    #[inline(always)]
    pub(crate) fn first_order(&self, k: R, kd: R, sigma: R, dt: R, held: &mut R) -> R {
        let zero = R::splat(0.0);
        if self.function == Function::Implicit {
            implicit([k, kd, zero, zero], zero, sigma, dt).0
        } else {
            -k * self.sign(sigma, held) - kd * sigma
        }
    }

    /// `−k·|σ|^a·sign(σ)`: what power-rate reaching adds. Explicit only.
    #[inline(always)]
    pub(crate) fn power_rate(&self, k: R, exponent: R, sigma: R, held: &mut R) -> R {
        -(k * sigma.abs().powf(exponent) * self.sign(sigma, held))
    }

    /// The rate of super-twisting, `v = −k1·√|σ|·sign(σ) + z`, and the `z` of the next sample, with
    /// `ż = −k2·sign(σ)`.
    #[inline(always)]
    pub(crate) fn twist(&self, [k1, k2]: [R; 2], z: R, sigma: R, dt: R, held: &mut R) -> (R, R) {
        let zero = R::splat(0.0);
        if self.function == Function::Implicit {
            implicit([zero, zero, k1, k2], z, sigma, dt)
        } else {
            let sign = self.sign(sigma, held);
            (z - k1 * sigma.abs().sqrt() * sign, z - k2 * sign * dt)
        }
    }

    /// Both at once: `v = −k·sign(σ) − kd·σ − k1·√|σ|·sign(σ) + z`.
    #[inline(always)]
    pub(crate) fn both(&self, gains: [R; 4], z: R, sigma: R, dt: R, held: &mut R) -> (R, R) {
        if self.function == Function::Implicit {
            implicit(gains, z, sigma, dt)
        } else {
            let [k, kd, k1, k2] = gains;
            let first_order = self.first_order(k, kd, sigma, dt, held);
            let (twist, z) = self.twist([k1, k2], z, sigma, dt, held);
            (first_order + twist, z)
        }
    }
}

/// One period of reaching by backward Euler: the rate `v` and the next `z`.
///
/// `z` is there to cancel a disturbance that is not known. So what is solved for is `s`, where `σ` will
/// be if it does: `s = σ + dt·r` with the rate `r = −k·ς − kd·s − k1·√|s|·ς − dt·k2·ς` and `ς` in `sign(s)`.
/// Then `z⁺ = z − dt·k2·ς`, and `v = r + z⁺`. With `q = z⁺ + w`, `w` being the disturbance, `σ⁺` is
/// `s + dt·q`, and the next period solves `s⁺ = s + dt·(−k·ς⁺ − … + q − dt·k2·ς⁺)`: backward Euler for
/// `(s, q)`, whatever `w` is. At rest `s` is 0, and `σ` is what `w` has changed in a period, times `dt`.
///
/// `s` is 0 where `|σ| ≤ dt·k + dt²·k2`, and `ς` then is `σ` over that. Elsewhere `ς` is the sign of `σ`,
/// and `√|s|` the positive root of `(1 + dt·kd)·y² + dt·k1·y + dt·k + dt²·k2 − |σ| = 0`.
#[inline(always)]
fn implicit<R: Real>([k, kd, k1, k2]: [R; 4], z: R, sigma: R, dt: R) -> (R, R) {
    let (zero, one) = (R::splat(0.0), R::splat(1.0));
    let reach = dt * (k + dt * k2);
    let beyond = (sigma.abs() - reach).max(zero);
    let (square, linear) = (one + dt * kd, dt * k1);
    let discriminant = linear * linear + R::splat(4.0) * square * beyond;
    let root = (discriminant.sqrt() - linear) / (R::splat(2.0) * square);
    // Adapted gains may all be zero.
    let sign = (sigma / reach.max(R::splat(1e-30))).clamp(-one, one);
    let z = z - dt * k2 * sign;
    ((root * root * sign - sigma) / dt + z, z)
}

impl Switch {
    /// Does it solve for the end of the period?
    pub(crate) fn is_implicit(&self) -> bool {
        self.function == Function::Implicit
    }
}
