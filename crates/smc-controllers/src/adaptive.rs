//! The adaptive first-order law: `v = −K(t)·sat(σ/ε) − α·σ`, `K̇ = γ·|σ| − leak·(K − K₀)`.
//!
//! The gain grows while `σ` is away from zero, so that no bound of the disturbance has to be known;
//! within a dead zone it rests, so that it does not grow on noise; the leak brings it back.
//! Source: Plestan et al. (2010), with leak, rate limit and caps. Guarantees: `tests/laws.rs`.

use dip_dynamics::{Linearisation, Real};
use serde::{Deserialize, Serialize};

use crate::controller::{Command, Controller, Sample};
use crate::equivalent::EquivalentControl;
use crate::error::DesignError;
use crate::gain::{Gain, check_all, check_order, not_negative, positive};
use crate::riccati::Weights;
use crate::sliding::{Sliding, sat};
use crate::surface::SurfaceDesign;

/// Description of an adaptive law. The default is the shipped one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AdaptiveSpec {
    /// The sliding surface.
    pub surface: SurfaceDesign,
    /// Where the equivalent control comes from.
    pub equivalent: EquivalentControl,
    /// Adaptation rate `γ` in 1/s².
    pub gamma: f64,
    /// Proportional reaching gain `α` in 1/s.
    pub alpha: f64,
    /// Boundary layer `ε` in N·s.
    pub epsilon: f64,
    /// Switching gain `K₀` at the start, and where the leak leads, in N.
    pub k_init: f64,
    /// Lower cap of the switching gain in N.
    pub k_min: f64,
    /// Upper cap of the switching gain in N.
    pub k_max: f64,
    /// Leak in 1/s.
    pub leak: f64,
    /// Limit of `|K̇|` in N/s.
    pub rate_max: f64,
    /// `|σ|` in N·s up to which the gain rests.
    pub dead_zone: f64,
}

impl Default for AdaptiveSpec {
    fn default() -> Self {
        let weights = Weights { q: [26.68, 8.958, 0.1435, 20.84, 386.5, 0.07141], r: 0.1 };
        Self {
            surface: SurfaceDesign::Lqr(weights),
            equivalent: EquivalentControl::Linear,
            gamma: 58.36,
            alpha: 98.34,
            epsilon: 0.2049,
            k_init: 56.12,
            k_min: 0.1,
            k_max: 100.0,
            leak: 0.1,
            rate_max: 1000.0,
            dead_zone: 0.01,
        }
    }
}

impl AdaptiveSpec {
    /// Its gains beside those of the surface.
    pub const GAINS: [Gain<Self>; 9] = [
        not_negative("gamma", "1/s²", |s: &mut Self| &mut s.gamma).searched(0.1, 1000.0),
        not_negative("alpha", "1/s", |s: &mut Self| &mut s.alpha).searched(0.1, 100.0),
        positive("epsilon", "N·s", |s: &mut Self| &mut s.epsilon).searched(1e-3, 10.0),
        positive("k_init", "N", |s: &mut Self| &mut s.k_init).searched(0.1, 100.0),
        not_negative("k_min", "N", |s: &mut Self| &mut s.k_min),
        positive("k_max", "N", |s: &mut Self| &mut s.k_max),
        not_negative("leak", "1/s", |s: &mut Self| &mut s.leak),
        positive("rate_max", "N/s", |s: &mut Self| &mut s.rate_max),
        not_negative("dead_zone", "N·s", |s: &mut Self| &mut s.dead_zone),
    ];

    /// The law for a linearised plant and an actuator limit in N.
    ///
    /// # Errors
    /// A gain that breaks its rule, or a surface that cannot be.
    pub fn build(&self, linear: &Linearisation, u_max: f64) -> Result<Adaptive, DesignError> {
        check_all(&Self::GAINS, self)?;
        check_order(("k_init", self.k_init), ("k_max", self.k_max))?;
        check_order(("k_min", self.k_min), ("k_init", self.k_init))?;
        Ok(Adaptive {
            sliding: Sliding::design(&self.surface, linear, self.equivalent, u_max)?,
            gamma: self.gamma,
            alpha: self.alpha,
            epsilon: self.epsilon,
            k_init: self.k_init,
            k_min: self.k_min,
            k_max: self.k_max,
            leak: self.leak,
            rate_max: self.rate_max,
            dead_zone: self.dead_zone,
        })
    }
}

/// The adaptive law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adaptive<R = f64> {
    sliding: Sliding<R>,
    gamma: R,
    alpha: R,
    epsilon: R,
    k_init: R,
    k_min: R,
    k_max: R,
    leak: R,
    rate_max: R,
    dead_zone: R,
}

/// What an adaptive law remembers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdaptiveMemory<R = f64> {
    /// The switching gain `K` in N.
    pub k: R,
}

impl<R: Real> Controller<R> for Adaptive<R> {
    type Memory = AdaptiveMemory<R>;

    fn initial_memory(&self) -> Self::Memory {
        AdaptiveMemory { k: self.k_init }
    }

    #[inline]
    fn control(&self, memory: &mut Self::Memory, sample: &Sample<'_, R>) -> Command<R> {
        let reaching = self.sliding.reaching(sample);
        let sigma = reaching.sigma;
        let v = -(memory.k * sat(sigma, self.epsilon) + self.alpha * sigma);
        let command = reaching.command(v);

        let rate = self.gamma * sigma.abs() - self.leak * (memory.k - self.k_init);
        let rate = rate.clamp(-self.rate_max, self.rate_max);
        let adapted = (memory.k + rate * sample.dt).clamp(self.k_min, self.k_max);
        memory.k = R::select(self.dead_zone.lt(sigma.abs()), adapted, memory.k);
        command
    }
}
