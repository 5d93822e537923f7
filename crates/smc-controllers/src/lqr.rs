//! The linear-quadratic regulator `u = −K·x`: the baseline.
//!
//! It minimises `∫(xᵀQx + R·u²)dt` on the linearised plant; `K` comes from `riccati.rs`.

use dip_dynamics::{Linearisation, Real};
use serde::{Deserialize, Serialize};

use crate::controller::{Command, Controller, Sample};
use crate::error::DesignError;
use crate::gain::{Gain, Rule, check};
use crate::law::law;
use crate::riccati::{Weights, lqr_gain};
use crate::sliding::dot;

/// Description of an LQR. The default is the shipped baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LqrSpec {
    /// Weights of the quadratic cost.
    pub weights: Weights,
}

impl Default for LqrSpec {
    fn default() -> Self {
        Self { weights: Weights { q: [156.7, 1.649, 0.0278, 473.7, 9887.0, 0.01067], r: 0.1 } }
    }
}

impl LqrSpec {
    /// It has none beside the weights.
    pub const GAINS: [Gain<Self>; 0] = [];

    /// The law for a linearised plant and an actuator limit in N.
    ///
    /// # Errors
    /// As [`lqr_gain`], and `u_max` not positive.
    pub fn build(&self, linear: &Linearisation, u_max: f64) -> Result<Lqr, DesignError> {
        check("u_max", u_max, Rule::Positive)?;
        Ok(Lqr { k: lqr_gain(linear, &self.weights)?.transpose().into(), u_max })
    }
}

/// `u = −K·x`, limited to `±u_max`. It remembers nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lqr<R = f64> {
    k: [R; 6],
    u_max: R,
}

law!(Lqr { k, u_max });

impl<R: Real> Controller<R> for Lqr<R> {
    type Memory = ();

    fn initial_memory(&self) {}

    #[inline(always)]
    fn law(&self, (): &mut (), sample: &Sample<'_, R>) -> Command<R> {
        Command::feedback(-dot(&self.k, &sample.state.to_array()), self.u_max)
    }
}
