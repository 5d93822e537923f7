//! The super-twisting law: `v = −k1·√|σ|·sign(σ) + z`, `ż = −k2·sign(σ)`.
//!
//! Source: Levant (1993), Int. J. Control 58. What `sign` is, and the explicit and implicit steps of
//! `z`, is said in `switching.rs`. While the force is at its limit, back-calculation pulls the
//! integral `z` to the value that the actuator can deliver. Guarantees: `tests/laws.rs`,
//! `tests/super_twisting.rs`, and of the integral `tests/adaptation.rs`.

use core::fmt;

use dip_dynamics::{Linearisation, Real};
use serde::{Deserialize, Serialize};

use crate::controller::{Command, Controller, Sample};
use crate::equivalent::EquivalentControl;
use crate::error::DesignError;
use crate::gain::{Gain, GainError, Rule, check, check_all, layer, not_negative, positive};
use crate::law::law;
use crate::memory::memory_of_numbers;
use crate::sliding::Sliding;
use crate::surface::{ScheduledSurface, SurfaceDesign};
use crate::switching::{Switch, Switching};

/// Description of a super-twisting law. The default is the shipped one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SuperTwistingSpec {
    /// The sliding surface.
    pub surface: SurfaceDesign,
    /// Where the equivalent control comes from.
    pub equivalent: EquivalentControl,
    /// How it switches.
    pub switching: Switching,
    /// Gain `k1` of the square root in √(N/s).
    pub k1: f64,
    /// Gain `k2` of the integral in N/s.
    pub k2: f64,
    /// Rate of the back-calculation in 1/s; 0 turns it off.
    pub anti_windup: f64,
    /// Bound in N/s of the rate of the matched disturbance that the gains are to reject; whoever
    /// states one is warned if they are not known to. 0: none is stated.
    pub disturbance_rate: f64,
}

impl Default for SuperTwistingSpec {
    fn default() -> Self {
        Self {
            surface: SurfaceDesign::Scheduled(ScheduledSurface::of(
                [0.9533, 1.581, 2.465, 4.999, 3.646],
                [1.537, 12.74, 0.3397, 0.8639, 0.4772],
                0.5062,
            )),
            equivalent: EquivalentControl::None,
            switching: Switching::saturation(0.04041),
            k1: 103.9,
            k2: 28.91,
            anti_windup: 10.0,
            disturbance_rate: 0.0,
        }
    }
}

/// A rule by which super-twisting gains follow from a bound `L` of the disturbance's rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TwistingRule {
    /// `k1 = 1.5·√L`, `k2 = 1.1·L`: Levant (2003), Int. J. Control 76; the usual choice, proved by
    /// Seeber and Horn (2017).
    Levant,
    /// `k1 = 2·√L`, and `k2` 10 % above `3L + 2L²/k1² = 3.5·L`: the strict Lyapunov function of Moreno
    /// and Osorio (2008), IEEE CDC 47, with a disturbance that the integral alone has to follow.
    MorenoOsorio,
    /// `k2 = 1.5·L`, and `k1` 10 % above `√(k2 + L)`: Seeber and Horn (2017), Automatica 84.
    SeeberHorn,
}

impl SuperTwistingSpec {
    /// Its gains beside those of the surface.
    pub const GAINS: [Gain<Self>; 5] = [
        positive("k1", "√(N/s)", |s: &mut Self| Some(&mut s.k1)).searched(0.1, 500.0),
        positive("k2", "N/s", |s: &mut Self| Some(&mut s.k2)).searched(0.1, 1000.0),
        layer(|s: &mut Self| s.switching.epsilon()),
        not_negative("anti_windup", "1/s", |s: &mut Self| Some(&mut s.anti_windup)),
        not_negative("disturbance_rate", "N/s", |s: &mut Self| Some(&mut s.disturbance_rate)),
    ];

    /// The same law with `k1` and `k2` by a rule, for matched disturbances whose rate is at most
    /// `rate` in N/s, on a surface with `s·B = 1`.
    ///
    /// # Errors
    /// A rate that is not positive.
    pub fn for_disturbance_rate(self, rate: f64, rule: TwistingRule) -> Result<Self, GainError> {
        check("disturbance_rate", rate, Rule::Positive)?;
        let (k1, k2) = match rule {
            TwistingRule::Levant => (1.5 * Real::sqrt(rate), 1.1 * rate),
            TwistingRule::MorenoOsorio => (2.0 * Real::sqrt(rate), 1.1 * 3.5 * rate),
            TwistingRule::SeeberHorn => (1.1 * Real::sqrt(2.5 * rate), 1.5 * rate),
        };
        Ok(Self { k1, k2, disturbance_rate: rate, ..self })
    }

    /// The rate of a matched disturbance in N/s below which these gains are proved to bring `σ` to zero
    /// in finite time: all `L` with `k2 > L` and `k1² > k2 + L` (Seeber and Horn 2017, Automatica 84), and
    /// all `L` with `k2 > 3L + 2L²/k1²` (Moreno and Osorio 2008, IEEE CDC 47).
    ///
    /// The proofs are for continuous time, `sign` without a layer, `β = 1`, and an actuator without
    /// limit. Neither condition is necessary.
    pub fn rejected_rate(&self) -> f64 {
        let (k1_squared, k2) = (self.k1 * self.k1, self.k2);
        let seeber_horn = k2.min(k1_squared - k2);
        // The positive root of 2L²/k1² + 3L = k2.
        let moreno_osorio = 2.0 * k2 / (3.0 + Real::sqrt(9.0 + 8.0 * k2 / k1_squared));
        seeber_horn.max(moreno_osorio)
    }

    /// What is to be said if the gains are not known to reject the stated disturbance.
    pub fn warning(&self) -> Option<TwistingWarning> {
        let enough = self.disturbance_rate < self.rejected_rate();
        (self.disturbance_rate > 0.0 && !enough).then_some(TwistingWarning(*self))
    }

    /// The law for a linearised plant and an actuator limit in N.
    ///
    /// # Errors
    /// A gain that breaks its rule, or a surface that cannot be.
    pub fn build(&self, linear: &Linearisation, u_max: f64) -> Result<SuperTwisting, DesignError> {
        check_all(&Self::GAINS, self)?;
        Ok(SuperTwisting {
            sliding: Sliding::design(&self.surface, linear, self.equivalent, u_max)?,
            switching: self.switching.build()?,
            k: [self.k1, self.k2],
            anti_windup: self.anti_windup,
        })
    }
}

/// Gains that are not known to reject the stated disturbance. It names gains, values and rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwistingWarning(SuperTwistingSpec);

impl fmt::Display for TwistingWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SuperTwistingSpec { k1, k2, disturbance_rate, .. } = self.0;
        write!(
            f,
            "k1 = {k1}, k2 = {k2}: not known to reject a disturbance of rate L = \
             {disturbance_rate} N/s, but of rates below {}; it takes k2 > L and k1² > k2 + L (Seeber \
             and Horn 2017), or k2 > 3L + 2L²/k1² (Moreno and Osorio 2008)",
            self.0.rejected_rate()
        )
    }
}

/// The super-twisting law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SuperTwisting<R = f64> {
    sliding: Sliding<R>,
    switching: Switch<R>,
    k: [R; 2],
    anti_windup: R,
}

/// What a super-twisting law remembers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SuperTwistingMemory<R = f64> {
    /// The integral `z` in N.
    pub z: R,
    /// The sign that it switched to last, in `[−1, 1]`; it matters with hysteresis.
    pub sign: R,
}

memory_of_numbers!(SuperTwistingMemory { z: "z" "N", sign: "sign σ" "1" });

law!(SuperTwisting { sliding, switching, k, anti_windup });

impl<R: Real> Controller<R> for SuperTwisting<R> {
    type Memory = SuperTwistingMemory<R>;

    fn initial_memory(&self) -> Self::Memory {
        SuperTwistingMemory { z: R::splat(0.0), sign: R::splat(0.0) }
    }

    #[inline(always)]
    fn law(&self, memory: &mut Self::Memory, sample: &Sample<'_, R>) -> Command<R> {
        let reaching = self.sliding.reaching(sample);
        let SuperTwistingMemory { z, sign } = memory;
        let (v, next) = self.switching.twist(self.k, *z, reaching.sigma, sample.dt, sign);
        let command = reaching.command(v);
        *z = next + unwind(self.anti_windup, sample.dt) * reaching.lost_rate(&command);
        command
    }
}

/// The share of the excess that back-calculation takes back in one sample: no more than all.
#[inline(always)]
pub(crate) fn unwind<R: Real>(anti_windup: R, dt: R) -> R {
    (anti_windup * dt).min(R::splat(1.0))
}
