//! The hybrid adaptive super-twisting law: super-twisting whose gains grow while `σ` is away from
//! zero: `k̇ᵢ = γᵢ·|σ| − leak·(kᵢ − kᵢ,₀)`.
//!
//! Within a dead zone the gains rest. While the force is at its limit they do not grow either: more
//! gain could not do more. Source: Shtessel, Taleb and Plestan (2012), with leak and caps.
//! Guarantees: `tests/laws.rs`.

use dip_dynamics::{Linearisation, Real};
use serde::{Deserialize, Serialize};

use crate::controller::{Command, Controller, Sample};
use crate::equivalent::EquivalentControl;
use crate::error::DesignError;
use crate::gain::{Gain, check_all, check_order, not_negative, positive};
use crate::riccati::Weights;
use crate::sliding::{Sliding, sat};
use crate::super_twisting::twist;
use crate::surface::SurfaceDesign;

/// Description of a hybrid law. The default is the shipped one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct HybridSpec {
    /// The sliding surface.
    pub surface: SurfaceDesign,
    /// Where the equivalent control comes from.
    pub equivalent: EquivalentControl,
    /// Gain `k1` of the square root at the start, and where the leak leads, in √(N/s).
    pub k1_init: f64,
    /// Gain `k2` of the integral at the start, and where the leak leads, in N/s.
    pub k2_init: f64,
    /// Adaptation rate of `k1` in 1/(s·√(N·s)).
    pub gamma1: f64,
    /// Adaptation rate of `k2` in 1/s³.
    pub gamma2: f64,
    /// Boundary layer `ε` in N·s.
    pub epsilon: f64,
    /// Upper cap of `k1` in √(N/s).
    pub k1_max: f64,
    /// Upper cap of `k2` in N/s.
    pub k2_max: f64,
    /// Leak in 1/s.
    pub leak: f64,
    /// `|σ|` in N·s up to which the gains rest.
    pub dead_zone: f64,
    /// Clamp of the integral in N.
    pub u_int_max: f64,
    /// Rate of the back-calculation in 1/s; 0 turns it off.
    pub anti_windup: f64,
}

impl Default for HybridSpec {
    fn default() -> Self {
        let weights = Weights { q: [19.34, 18.56, 0.03244, 49.2, 9495.0, 0.01846], r: 0.1 };
        Self {
            surface: SurfaceDesign::Lqr(weights),
            equivalent: EquivalentControl::Linear,
            k1_init: 0.2145,
            k2_init: 115.9,
            gamma1: 1000.0,
            gamma2: 839.8,
            epsilon: 0.00412,
            k1_max: 100.0,
            k2_max: 200.0,
            leak: 0.1,
            dead_zone: 0.01,
            u_int_max: 50.0,
            anti_windup: 10.0,
        }
    }
}

impl HybridSpec {
    /// Its gains beside those of the surface.
    pub const GAINS: [Gain<Self>; 11] = [
        positive("k1_init", "√(N/s)", |s: &mut Self| &mut s.k1_init).searched(0.1, 100.0),
        positive("k2_init", "N/s", |s: &mut Self| &mut s.k2_init).searched(0.1, 200.0),
        not_negative("gamma1", "1/(s·√(N·s))", |s: &mut Self| &mut s.gamma1).searched(0.1, 1000.0),
        not_negative("gamma2", "1/s³", |s: &mut Self| &mut s.gamma2).searched(0.1, 1000.0),
        positive("epsilon", "N·s", |s: &mut Self| &mut s.epsilon).searched(1e-3, 10.0),
        positive("k1_max", "√(N/s)", |s: &mut Self| &mut s.k1_max),
        positive("k2_max", "N/s", |s: &mut Self| &mut s.k2_max),
        not_negative("leak", "1/s", |s: &mut Self| &mut s.leak),
        not_negative("dead_zone", "N·s", |s: &mut Self| &mut s.dead_zone),
        positive("u_int_max", "N", |s: &mut Self| &mut s.u_int_max),
        not_negative("anti_windup", "1/s", |s: &mut Self| &mut s.anti_windup),
    ];

    /// The law for a linearised plant and an actuator limit in N.
    ///
    /// # Errors
    /// A gain that breaks its rule, or a surface that cannot be.
    pub fn build(&self, linear: &Linearisation, u_max: f64) -> Result<Hybrid, DesignError> {
        check_all(&Self::GAINS, self)?;
        check_order(("k1_init", self.k1_init), ("k1_max", self.k1_max))?;
        check_order(("k2_init", self.k2_init), ("k2_max", self.k2_max))?;
        Ok(Hybrid {
            sliding: Sliding::design(&self.surface, linear, self.equivalent, u_max)?,
            init: [self.k1_init, self.k2_init],
            gamma: [self.gamma1, self.gamma2],
            max: [self.k1_max, self.k2_max],
            epsilon: self.epsilon,
            leak: self.leak,
            dead_zone: self.dead_zone,
            u_int_max: self.u_int_max,
            anti_windup: self.anti_windup,
            u_max,
        })
    }
}

/// The hybrid adaptive super-twisting law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hybrid<R = f64> {
    sliding: Sliding<R>,
    init: [R; 2],
    gamma: [R; 2],
    max: [R; 2],
    epsilon: R,
    leak: R,
    dead_zone: R,
    u_int_max: R,
    anti_windup: R,
    u_max: R,
}

/// What a hybrid law remembers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HybridMemory<R = f64> {
    /// The gains `k1` in √(N/s) and `k2` in N/s.
    pub k: [R; 2],
    /// The integral in N.
    pub u_int: R,
}

impl<R: Real> Controller<R> for Hybrid<R> {
    type Memory = HybridMemory<R>;

    fn initial_memory(&self) -> Self::Memory {
        HybridMemory { k: self.init, u_int: R::splat(0.0) }
    }

    #[inline]
    fn control(&self, memory: &mut Self::Memory, sample: &Sample<'_, R>) -> Command<R> {
        let reaching = self.sliding.reaching(sample);
        let sigma = reaching.sigma;
        let sat = sat(sigma, self.epsilon);
        let [k1, k2] = memory.k;
        let command = reaching.command(twist(k1, sigma, sat) + memory.u_int);

        let share = (self.anti_windup * sample.dt).min(R::splat(1.0));
        let u_int = memory.u_int + share * reaching.lost_rate(&command) - k2 * sat * sample.dt;
        memory.u_int = u_int.clamp(-self.u_int_max, self.u_int_max);

        let active = self.dead_zone.lt(sigma.abs());
        let limited = !command.u.abs().lt(self.u_max);
        for i in 0..2 {
            let k = memory.k[i];
            let rate = self.gamma[i] * sigma.abs() - self.leak * (k - self.init[i]);
            let rate = R::select(limited, rate.min(R::splat(0.0)), rate);
            let adapted = (k + rate * sample.dt).clamp(R::splat(0.0), self.max[i]);
            memory.k[i] = R::select(active, adapted, k);
        }
        command
    }
}
