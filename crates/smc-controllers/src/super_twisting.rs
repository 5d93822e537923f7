//! The super-twisting law: `v = −k1·√|σ|·sat(σ/ε) + z`, `ż = −k2·sat(σ/ε)`.
//!
//! Source: Levant (1993); `sat` instead of `sign`. While the force is at its limit, back-calculation
//! pulls the integral `z` to the value that the actuator can deliver. The integral is stepped
//! forward (explicit Euler) with the sampling period. Guarantees: `tests/laws.rs`.

use dip_dynamics::{Linearisation, Real};
use serde::{Deserialize, Serialize};

use crate::controller::{Command, Controller, Sample};
use crate::equivalent::EquivalentControl;
use crate::error::DesignError;
use crate::gain::{Gain, check_all, not_negative, positive};
use crate::riccati::Weights;
use crate::sliding::{Sliding, sat};
use crate::surface::SurfaceDesign;

/// Description of a super-twisting law. The default is the shipped one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SuperTwistingSpec {
    /// The sliding surface.
    pub surface: SurfaceDesign,
    /// Where the equivalent control comes from.
    pub equivalent: EquivalentControl,
    /// Gain `k1` of the square root in √(N/s).
    pub k1: f64,
    /// Gain `k2` of the integral in N/s.
    pub k2: f64,
    /// Boundary layer `ε` in N·s.
    pub epsilon: f64,
    /// Rate of the back-calculation in 1/s; 0 turns it off.
    pub anti_windup: f64,
}

impl Default for SuperTwistingSpec {
    fn default() -> Self {
        let weights = Weights { q: [51.94, 17.52, 1.621, 0.237, 450.3, 1731.0], r: 0.1 };
        Self {
            surface: SurfaceDesign::Lqr(weights),
            equivalent: EquivalentControl::Linear,
            k1: 199.8,
            k2: 82.06,
            epsilon: 0.5593,
            anti_windup: 10.0,
        }
    }
}

impl SuperTwistingSpec {
    /// Its gains beside those of the surface.
    pub const GAINS: [Gain<Self>; 4] = [
        positive("k1", "√(N/s)", |s: &mut Self| &mut s.k1).searched(0.1, 200.0),
        positive("k2", "N/s", |s: &mut Self| &mut s.k2).searched(0.1, 500.0),
        positive("epsilon", "N·s", |s: &mut Self| &mut s.epsilon).searched(1e-3, 10.0),
        not_negative("anti_windup", "1/s", |s: &mut Self| &mut s.anti_windup),
    ];

    /// The largest rate of a matched disturbance in N/s that these gains are known to reject, by
    /// Levant's usual choice `k1 = 1.5·√L`, `k2 = 1.1·L` for the bound `L`, with `β = 1` and within the
    /// boundary layer's accuracy.
    ///
    /// # Source: Levant (1998), Automatica 34; proof: Seeber and Horn (2017), Automatica 84.
    pub fn disturbance_rate(&self) -> f64 {
        let root = self.k1 / 1.5;
        (root * root).min(self.k2 / 1.1)
    }

    /// The law for a linearised plant and an actuator limit in N.
    ///
    /// # Errors
    /// A gain that breaks its rule, or a surface that cannot be.
    pub fn build(&self, linear: &Linearisation, u_max: f64) -> Result<SuperTwisting, DesignError> {
        check_all(&Self::GAINS, self)?;
        Ok(SuperTwisting {
            sliding: Sliding::design(&self.surface, linear, self.equivalent, u_max)?,
            k1: self.k1,
            k2: self.k2,
            epsilon: self.epsilon,
            anti_windup: self.anti_windup,
        })
    }
}

/// The super-twisting law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SuperTwisting<R = f64> {
    sliding: Sliding<R>,
    k1: R,
    k2: R,
    epsilon: R,
    anti_windup: R,
}

/// What a super-twisting law remembers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SuperTwistingMemory<R = f64> {
    /// The integral `z` in N.
    pub z: R,
}

impl<R: Real> Controller<R> for SuperTwisting<R> {
    type Memory = SuperTwistingMemory<R>;

    fn initial_memory(&self) -> Self::Memory {
        SuperTwistingMemory { z: R::splat(0.0) }
    }

    #[inline]
    fn control(&self, memory: &mut Self::Memory, sample: &Sample<'_, R>) -> Command<R> {
        let reaching = self.sliding.reaching(sample);
        let sat = sat(reaching.sigma, self.epsilon);
        let command = reaching.command(twist(self.k1, reaching.sigma, sat) + memory.z);
        // No more than all of the excess can be taken back in one sample.
        let share = (self.anti_windup * sample.dt).min(R::splat(1.0));
        memory.z += share * reaching.lost_rate(&command) - self.k2 * sat * sample.dt;
        command
    }
}

/// `−k1·√|σ|·sat(σ/ε)`.
#[inline]
pub(crate) fn twist<R: Real>(k1: R, sigma: R, sat: R) -> R {
    -(k1 * sigma.abs().sqrt() * sat)
}
