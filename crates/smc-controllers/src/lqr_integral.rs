//! The linear-quadratic regulator with integral action, `u = −K·x − k_i·∫x dt` (the cart's `x`): the
//! baseline that removes the steady error under a constant push.
//!
//! It minimises `∫(xᵀQx + q_i·ξ² + R·u²)dt` with `ξ̇ = x` on the linearised plant. While the force is at
//! its limit, `ξ` rests. Source: Young and Willems (1972), Int. J. Control 15. Validated in
//! `tests/golden.rs` and `tests/regulators.rs`.

use dip_dynamics::{Linearisation, Real};
use serde::{Deserialize, Serialize};

use crate::controller::{Command, Controller, Sample};
use crate::error::DesignError;
use crate::gain::{Gain, Rule, check, check_all, positive};
use crate::law::law;
use crate::memory::memory_of_numbers;
use crate::riccati::{Weights, lqr_integral_gain};
use crate::sliding::dot;

/// Description of an LQR with integral action. The default is the shipped baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LqrIntegralSpec {
    /// Weights of the state and the force.
    pub weights: Weights,
    /// Weight `q_i` of the integral of `x` in 1/(m·s)².
    pub q_integral: f64,
}

impl Default for LqrIntegralSpec {
    fn default() -> Self {
        Self {
            weights: Weights { q: [688.4, 476.6, 2172.0, 0.01688, 8421.0, 0.1963], r: 0.1 },
            q_integral: 0.0312,
        }
    }
}

impl LqrIntegralSpec {
    /// Its gain beside the weights.
    pub const GAINS: [Gain<Self>; 1] =
        [positive("q_integral", "1/(m·s)²", |s: &mut Self| Some(&mut s.q_integral))
            .searched(0.01, 1e4)];

    /// The law for a linearised plant and an actuator limit in N.
    ///
    /// # Errors
    /// A weight that breaks its rule, no regulator for the weights, or `u_max` not positive.
    pub fn build(&self, linear: &Linearisation, u_max: f64) -> Result<LqrIntegral, DesignError> {
        check_all(&Self::GAINS, self)?;
        check("u_max", u_max, Rule::Positive)?;
        let (k, k_integral) = lqr_integral_gain(linear, &self.weights, self.q_integral)?;
        Ok(LqrIntegral { k: k.transpose().into(), k_integral, u_max })
    }
}

/// `u = −K·x − k_i·ξ`, limited to `±u_max`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LqrIntegral<R = f64> {
    k: [R; 6],
    k_integral: R,
    u_max: R,
}

/// What an LQR with integral action remembers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LqrIntegralMemory<R = f64> {
    /// `ξ = ∫x dt` in m·s.
    pub xi: R,
}

memory_of_numbers!(LqrIntegralMemory { xi: "ξ" "m·s" });

law!(LqrIntegral { k, k_integral, u_max });

impl<R: Real> Controller<R> for LqrIntegral<R> {
    type Memory = LqrIntegralMemory<R>;

    fn initial_memory(&self) -> Self::Memory {
        LqrIntegralMemory { xi: R::splat(0.0) }
    }

    #[inline(always)]
    fn law(&self, memory: &mut Self::Memory, sample: &Sample<'_, R>) -> Command<R> {
        let u = -(dot(&self.k, &sample.state.to_array()) + self.k_integral * memory.xi);
        let next = memory.xi + sample.state.x * sample.dt;
        memory.xi = R::select(u.abs().lt(self.u_max), next, memory.xi);
        Command::feedback(u, self.u_max)
    }
}
