//! The hybrid adaptive super-twisting law: super-twisting whose gains grow while `σ` is away from
//! zero: `k̇ᵢ = γᵢ·|σ| − leak·(kᵢ − kᵢ,₀)`.
//!
//! How the gains adapt is in `adaptation.rs`, what `sign` is in `switching.rs`.
//! Source: Shtessel, Taleb and Plestan (2012), Automatica 48. Guarantees: `tests/laws.rs`,
//! `tests/adaptation.rs`.

use dip_dynamics::{Linearisation, Real};
use serde::{Deserialize, Serialize};

use crate::adaptation::Adaptation;
use crate::controller::{Command, Controller, Sample};
use crate::equivalent::EquivalentControl;
use crate::error::DesignError;
use crate::gain::{Gain, check_all, check_order, layer, not_negative, positive};
use crate::law::law;
use crate::memory::memory_of_numbers;
use crate::sliding::Sliding;
use crate::super_twisting::{SuperTwistingSpec, unwind};
use crate::surface::{ScheduledSurface, SurfaceDesign};
use crate::switching::{Switch, Switching};

/// Description of a hybrid law. The default is the shipped one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct HybridSpec {
    /// The sliding surface.
    pub surface: SurfaceDesign,
    /// Where the equivalent control comes from.
    pub equivalent: EquivalentControl,
    /// How it switches.
    pub switching: Switching,
    /// Gain `k1` of the square root at the start, and where the leak leads, in √(N/s).
    pub k1_init: f64,
    /// Gain `k2` of the integral at the start, and where the leak leads, in N/s.
    pub k2_init: f64,
    /// Adaptation rate of `k1` in 1/(s·√(N·s)).
    pub gamma1: f64,
    /// Adaptation rate of `k2` in 1/s³.
    pub gamma2: f64,
    /// Upper cap of `k1` in √(N/s).
    pub k1_max: f64,
    /// Upper cap of `k2` in N/s.
    pub k2_max: f64,
    /// Leak in 1/s.
    pub leak: f64,
    /// Limit of `|k̇1|` in √(N/s)/s.
    pub rate1_max: f64,
    /// Limit of `|k̇2|` in N/s².
    pub rate2_max: f64,
    /// `|σ|` in N·s up to which the gains do not grow.
    pub dead_zone: f64,
    /// Clamp of the integral in N.
    pub u_int_max: f64,
    /// Rate of the back-calculation in 1/s; 0 turns it off.
    pub anti_windup: f64,
}

impl Default for HybridSpec {
    fn default() -> Self {
        Self {
            surface: SurfaceDesign::Scheduled(ScheduledSurface::of(
                [0.8425, 1.481, 2.401, 5.055, 3.898],
                [0.9919, 13.7, 0.4386, 0.9623, 0.5407],
                0.5066,
            )),
            equivalent: EquivalentControl::None,
            switching: Switching::saturation(0.02489),
            k1_init: 102.8,
            k2_init: 40.65,
            gamma1: 0.1253,
            gamma2: 0.2575,
            k1_max: 200.0,
            k2_max: 500.0,
            leak: 0.1,
            rate1_max: 1e4,
            rate2_max: 1e4,
            dead_zone: 0.01,
            u_int_max: 50.0,
            anti_windup: 10.0,
        }
    }
}

impl HybridSpec {
    /// Super-twisting whose gains begin as these, within the caps, and grow slowly: where a search may
    /// begin.
    pub fn of_super_twisting(law: &SuperTwistingSpec) -> Self {
        let SuperTwistingSpec { surface, equivalent, switching, k1, k2, anti_windup, .. } = *law;
        let caps = Self::default();
        Self {
            surface,
            equivalent,
            switching,
            k1_init: k1.min(caps.k1_max),
            k2_init: k2.min(caps.k2_max),
            gamma1: 0.1,
            gamma2: 0.1,
            anti_windup,
            ..caps
        }
    }

    /// Its gains beside those of the surface.
    pub const GAINS: [Gain<Self>; 13] = [
        positive("k1_init", "√(N/s)", |s: &mut Self| Some(&mut s.k1_init)).searched(0.1, 200.0),
        positive("k2_init", "N/s", |s: &mut Self| Some(&mut s.k2_init)).searched(0.1, 500.0),
        not_negative("gamma1", "1/(s·√(N·s))", |s: &mut Self| Some(&mut s.gamma1))
            .searched(0.1, 1e4),
        not_negative("gamma2", "1/s³", |s: &mut Self| Some(&mut s.gamma2)).searched(0.1, 1e4),
        layer(|s: &mut Self| s.switching.epsilon()),
        positive("k1_max", "√(N/s)", |s: &mut Self| Some(&mut s.k1_max)),
        positive("k2_max", "N/s", |s: &mut Self| Some(&mut s.k2_max)),
        not_negative("leak", "1/s", |s: &mut Self| Some(&mut s.leak)),
        positive("rate1_max", "√(N/s)/s", |s: &mut Self| Some(&mut s.rate1_max)),
        positive("rate2_max", "N/s²", |s: &mut Self| Some(&mut s.rate2_max)),
        not_negative("dead_zone", "N·s", |s: &mut Self| Some(&mut s.dead_zone)),
        positive("u_int_max", "N", |s: &mut Self| Some(&mut s.u_int_max)),
        not_negative("anti_windup", "1/s", |s: &mut Self| Some(&mut s.anti_windup)),
    ];

    /// The law for a linearised plant and an actuator limit in N.
    ///
    /// # Errors
    /// A gain that breaks its rule, or a surface that cannot be.
    pub fn build(&self, linear: &Linearisation, u_max: f64) -> Result<Hybrid, DesignError> {
        check_all(&Self::GAINS, self)?;
        check_order(("k1_init", self.k1_init), ("k1_max", self.k1_max))?;
        check_order(("k2_init", self.k2_init), ("k2_max", self.k2_max))?;
        let adaptation = |gamma, init, max, rate_max| {
            let (leak, dead_zone) = (self.leak, self.dead_zone);
            Adaptation { gamma, leak, init, min: 0.0, max, rate_max, dead_zone }
        };
        Ok(Hybrid {
            sliding: Sliding::design(&self.surface, linear, self.equivalent, u_max)?,
            switching: self.switching.build()?,
            k1: adaptation(self.gamma1, self.k1_init, self.k1_max, self.rate1_max),
            k2: adaptation(self.gamma2, self.k2_init, self.k2_max, self.rate2_max),
            u_int_max: self.u_int_max,
            anti_windup: self.anti_windup,
        })
    }
}

/// The hybrid adaptive super-twisting law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hybrid<R = f64> {
    sliding: Sliding<R>,
    switching: Switch<R>,
    k1: Adaptation<R>,
    k2: Adaptation<R>,
    u_int_max: R,
    anti_windup: R,
}

/// What a hybrid law remembers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HybridMemory<R = f64> {
    /// The gain `k1` in √(N/s).
    pub k1: R,
    /// The gain `k2` in N/s.
    pub k2: R,
    /// The integral in N.
    pub u_int: R,
    /// The sign that it switched to last, in `[−1, 1]`; it matters with hysteresis.
    pub sign: R,
}

memory_of_numbers!(HybridMemory {
    k1: "k1" "√(N/s)",
    k2: "k2" "N/s",
    u_int: "u_int" "N",
    sign: "sign σ" "1",
});

law!(Hybrid { sliding, switching, k1, k2, u_int_max, anti_windup });

impl<R: Real> Controller<R> for Hybrid<R> {
    type Memory = HybridMemory<R>;

    fn initial_memory(&self) -> Self::Memory {
        let zero = R::splat(0.0);
        HybridMemory { k1: self.k1.init, k2: self.k2.init, u_int: zero, sign: zero }
    }

    #[inline(always)]
    fn law(&self, memory: &mut Self::Memory, sample: &Sample<'_, R>) -> Command<R> {
        let reaching = self.sliding.reaching(sample);
        let (sigma, dt) = (reaching.sigma, sample.dt);
        let HybridMemory { k1, k2, u_int, sign } = memory;
        let (v, next) = self.switching.twist([*k1, *k2], *u_int, sigma, dt, sign);
        let command = reaching.command(v);
        let next = next + unwind(self.anti_windup, dt) * reaching.lost_rate(&command);
        *u_int = next.clamp(-self.u_int_max, self.u_int_max);

        let limited = reaching.is_limited(&command);
        *k1 = self.k1.next(*k1, sigma, limited, dt);
        *k2 = self.k2.next(*k2, sigma, limited, dt);
        command
    }
}
