//! Integral sliding mode: the regulator of the nominal plant, made robust from the first instant on.
//!
//! `σ = s·x − ζ`, `ζ̇ = s·(A·x + B·u₀)` with the nominal force `u₀ = −K·x`, and `ζ` starts at `s·x`: so
//! `σ` is zero at the start, and there is no reaching phase. While `σ` stays zero the plant moves as
//! the nominal one under `u₀`, whatever enters with the force. `s = Bᵀ/(BᵀB)` amplifies nothing else
//! (Castaños and Fridman 2006, IEEE TAC 51). Then `v = u₀ − k·sign(σ) − kd·σ`, with `s·B = 1`, and the
//! equivalent control `u_eq = (s·A·x − drift)/β` compensates only what the model knows better than the
//! nominal plant: with `linear` it is zero, as with `none`.
//!
//! While the force is at its limit, `ζ` is given what the actuator could not deliver, so that `σ` does
//! not wind up. Source: Utkin and Shi (1996), IEEE CDC 35. Guarantees: `tests/integral.rs`.

use dip_dynamics::{Linearisation, Real};
use serde::{Deserialize, Serialize};

use crate::controller::{Command, Controller, Sample};
use crate::equivalent::EquivalentControl;
use crate::error::DesignError;
use crate::gain::{Gain, Rule, check, check_all, layer, not_negative, positive};
use crate::law::law;
use crate::memory::memory_of_numbers;
use crate::riccati::{Weights, lqr_gain};
use crate::sliding::{Sliding, dot};
use crate::switching::{Switch, Switching};

/// Description of an integral sliding-mode law. The default is the shipped one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct IntegralSpec {
    /// Weights of the nominal regulator.
    pub weights: Weights,
    /// Where the equivalent control comes from.
    pub equivalent: EquivalentControl,
    /// How it switches.
    pub switching: Switching,
    /// Gain `k` of constant reaching in N.
    pub k: f64,
    /// Gain `kd` of proportional reaching in 1/s.
    pub kd: f64,
}

impl Default for IntegralSpec {
    fn default() -> Self {
        Self {
            weights: Weights { q: [8.805, 14.23, 870.2, 21.07, 1736.0, 0.2668], r: 0.1 },
            equivalent: EquivalentControl::Linear,
            switching: Switching::saturation(3.53),
            k: 115.3,
            kd: 0.6732,
        }
    }
}

impl IntegralSpec {
    /// Its gains beside the weights.
    pub const GAINS: [Gain<Self>; 3] = [
        positive("k", "N", |s: &mut Self| Some(&mut s.k)).searched(0.1, 500.0),
        not_negative("kd", "1/s", |s: &mut Self| Some(&mut s.kd)).searched(0.1, 500.0),
        layer(|s: &mut Self| s.switching.epsilon()),
    ];

    /// The law for a linearised plant and an actuator limit in N.
    ///
    /// # Errors
    /// A gain that breaks its rule, or no regulator for the weights.
    pub fn build(&self, linear: &Linearisation, u_max: f64) -> Result<Integral, DesignError> {
        check_all(&Self::GAINS, self)?;
        check("u_max", u_max, Rule::Positive)?;
        let k = lqr_gain(linear, &self.weights)?;
        let s = linear.b.transpose() / linear.b.norm_squared();
        Ok(Integral {
            sliding: Sliding::of_row(&s, linear, self.equivalent, u_max),
            nominal: k.transpose().into(),
            switching: self.switching.build()?,
            k: self.k,
            kd: self.kd,
        })
    }
}

/// The integral sliding-mode law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Integral<R = f64> {
    sliding: Sliding<R>,
    /// The gain `K` of the nominal force.
    nominal: [R; 6],
    switching: Switch<R>,
    k: R,
    kd: R,
}

/// What an integral sliding-mode law remembers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IntegralMemory<R = f64> {
    /// Where the nominal plant would be: `ζ` in N·s.
    pub zeta: R,
    /// 1 once the first sample has set `ζ`, 0 before.
    pub started: R,
    /// The sign that it switched to last, in `[−1, 1]`; it matters with hysteresis.
    pub sign: R,
}

memory_of_numbers!(IntegralMemory {
    zeta: "ζ" "N·s",
    started: "started" "1",
    sign: "sign σ" "1",
});

law!(Integral { sliding, nominal, switching, k, kd });

impl<R: Real> Controller<R> for Integral<R> {
    type Memory = IntegralMemory<R>;

    fn initial_memory(&self) -> Self::Memory {
        let zero = R::splat(0.0);
        IntegralMemory { zeta: zero, started: zero, sign: zero }
    }

    #[inline(always)]
    fn law(&self, memory: &mut Self::Memory, sample: &Sample<'_, R>) -> Command<R> {
        let mut reaching = self.sliding.reaching(sample);
        let IntegralMemory { zeta, started, sign } = memory;
        let (half, dt) = (R::splat(0.5), sample.dt);
        *zeta = R::select(started.lt(half), reaching.sigma, *zeta);
        *started = R::splat(1.0);
        reaching.sigma -= *zeta;

        let x = sample.state.to_array();
        let (drift, u0) = (self.sliding.linear_drift(&x), -dot(&self.nominal, &x));
        reaching.keep_drift(drift);
        let v = self.switching.first_order(self.k, self.kd, reaching.sigma, dt, sign);
        let command = reaching.command(u0 + v);
        *zeta += (drift + u0 + reaching.lost_rate(&command)) * dt;
        command
    }
}
