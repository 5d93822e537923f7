//! The conditional hybrid law: adaptive first-order reaching everywhere, super-twisting blended in only
//! where it is safe.
//!
//! `v = −K(t)·sign(σ) − α·σ + w·(−k1·√|σ|·sign(σ) + z)`, `ż = −w·k2·sign(σ)`. The share `w` is 1 where both
//! angles are below half of `near` and `β` is above `grip_min` of its upright value (which it always is
//! without a model); it falls linearly to 0 at `near`, and at half of `grip_min`. There `z` is emptied, so
//! that nothing that was integrated far away acts after the return. How `K` adapts is in
//! `adaptation.rs`, what `sign` is in
//! `switching.rs`. Guarantees: `tests/conditional_hybrid.rs`.

use dip_dynamics::{Linearisation, Real};
use serde::{Deserialize, Serialize};

use crate::adaptation::Adaptation;
use crate::adaptive::AdaptiveSpec;
use crate::controller::{Command, Controller, Sample};
use crate::equivalent::EquivalentControl;
use crate::error::DesignError;
use crate::gain::{Gain, Rule, check_all, check_order, layer, not_negative, positive};
use crate::law::law;
use crate::memory::memory_of_numbers;
use crate::sliding::Sliding;
use crate::super_twisting::unwind;
use crate::surface::{ScheduledSurface, SurfaceDesign};
use crate::switching::{Switch, Switching};

/// Description of a conditional hybrid law. The default is the shipped one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ConditionalHybridSpec {
    /// The sliding surface.
    pub surface: SurfaceDesign,
    /// Where the equivalent control comes from.
    pub equivalent: EquivalentControl,
    /// How it switches.
    pub switching: Switching,
    /// Adaptation rate `γ` of `K` in 1/s².
    pub gamma: f64,
    /// Proportional reaching gain `α` in 1/s.
    pub alpha: f64,
    /// Gain `k1` of the square root in √(N/s).
    pub k1: f64,
    /// Gain `k2` of the integral in N/s.
    pub k2: f64,
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
    /// `|σ|` in N·s up to which the gain does not grow.
    pub dead_zone: f64,
    /// Angle in rad beyond which there is no super-twisting.
    pub near: f64,
    /// Share of its upright value that `β` needs for all of the super-twisting.
    pub grip_min: f64,
    /// Clamp of the integral `z` in N.
    pub z_max: f64,
    /// Rate of the back-calculation in 1/s; 0 turns it off.
    pub anti_windup: f64,
}

impl Default for ConditionalHybridSpec {
    fn default() -> Self {
        Self {
            surface: SurfaceDesign::Scheduled(ScheduledSurface::of(
                [7.461, 1.402, 1.892, 3.333, 0.8198],
                [0.9683, 0.1152, 0.1007, 0.3579, 16.19],
                1.288,
            )),
            equivalent: EquivalentControl::None,
            switching: Switching::saturation(7.384),
            gamma: 20.64,
            alpha: 128.4,
            k1: 0.1251,
            k2: 0.2561,
            k_init: 40.8,
            k_min: 0.1,
            k_max: 200.0,
            leak: 0.1,
            rate_max: 1000.0,
            dead_zone: 0.01,
            near: 0.2,
            grip_min: 0.8,
            z_max: 5.0,
            anti_windup: 10.0,
        }
    }
}

impl ConditionalHybridSpec {
    /// The adaptive law with little super-twisting beside it: where a search may begin.
    pub fn of_adaptive(law: &AdaptiveSpec) -> Self {
        let AdaptiveSpec {
            surface,
            equivalent,
            switching,
            gamma,
            alpha,
            k_init,
            k_min,
            k_max,
            leak,
            rate_max,
            dead_zone,
        } = *law;
        Self {
            surface,
            equivalent,
            switching,
            gamma,
            alpha,
            k1: 0.1,
            k2: 0.1,
            k_init,
            k_min,
            k_max,
            leak,
            rate_max,
            dead_zone,
            ..Self::default()
        }
    }

    /// Its gains beside those of the surface.
    pub const GAINS: [Gain<Self>; 15] = [
        not_negative("gamma", "1/s²", |s: &mut Self| Some(&mut s.gamma)).searched(0.1, 1e4),
        not_negative("alpha", "1/s", |s: &mut Self| Some(&mut s.alpha)).searched(0.1, 500.0),
        positive("k1", "√(N/s)", |s: &mut Self| Some(&mut s.k1)).searched(0.1, 200.0),
        positive("k2", "N/s", |s: &mut Self| Some(&mut s.k2)).searched(0.1, 500.0),
        layer(|s: &mut Self| s.switching.epsilon()),
        positive("k_init", "N", |s: &mut Self| Some(&mut s.k_init)).searched(0.1, 200.0),
        not_negative("k_min", "N", |s: &mut Self| Some(&mut s.k_min)),
        positive("k_max", "N", |s: &mut Self| Some(&mut s.k_max)),
        not_negative("leak", "1/s", |s: &mut Self| Some(&mut s.leak)),
        positive("rate_max", "N/s", |s: &mut Self| Some(&mut s.rate_max)),
        not_negative("dead_zone", "N·s", |s: &mut Self| Some(&mut s.dead_zone)),
        positive("near", "rad", |s: &mut Self| Some(&mut s.near)),
        Gain {
            name: "grip_min",
            unit: "",
            rule: Rule::Share,
            range: None,
            field: |s: &mut Self| Some(&mut s.grip_min),
        },
        positive("z_max", "N", |s: &mut Self| Some(&mut s.z_max)),
        not_negative("anti_windup", "1/s", |s: &mut Self| Some(&mut s.anti_windup)),
    ];

    /// The law for a linearised plant and an actuator limit in N.
    ///
    /// # Errors
    /// A gain that breaks its rule, or a surface that cannot be.
    pub fn build(
        &self,
        linear: &Linearisation,
        u_max: f64,
    ) -> Result<ConditionalHybrid, DesignError> {
        check_all(&Self::GAINS, self)?;
        check_order(("k_init", self.k_init), ("k_max", self.k_max))?;
        check_order(("k_min", self.k_min), ("k_init", self.k_init))?;
        Ok(ConditionalHybrid {
            sliding: Sliding::design(&self.surface, linear, self.equivalent, u_max)?,
            switching: self.switching.build()?,
            alpha: self.alpha,
            twisting: [self.k1, self.k2],
            k: Adaptation {
                gamma: self.gamma,
                leak: self.leak,
                init: self.k_init,
                min: self.k_min,
                max: self.k_max,
                rate_max: self.rate_max,
                dead_zone: self.dead_zone,
            },
            near: self.near,
            grip_min: self.grip_min,
            z_max: self.z_max,
            anti_windup: self.anti_windup,
        })
    }
}

/// The conditional hybrid law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConditionalHybrid<R = f64> {
    sliding: Sliding<R>,
    switching: Switch<R>,
    alpha: R,
    twisting: [R; 2],
    k: Adaptation<R>,
    near: R,
    grip_min: R,
    z_max: R,
    anti_windup: R,
}

/// What a conditional hybrid law remembers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConditionalHybridMemory<R = f64> {
    /// The switching gain `K` in N.
    pub k: R,
    /// The integral `z` in N.
    pub z: R,
    /// The sign that it switched to last, in `[−1, 1]`; it matters with hysteresis.
    pub sign: R,
}

memory_of_numbers!(ConditionalHybridMemory {
    k: "K" "N",
    z: "z" "N",
    sign: "sign σ" "1",
});

impl<R: Real> ConditionalHybrid<R> {
    /// The share of super-twisting at these angles, with this share of the upright `β`.
    #[inline(always)]
    fn share(&self, [theta1, theta2]: [R; 2], grip: R) -> R {
        let (zero, one, two) = (R::splat(0.0), R::splat(1.0), R::splat(2.0));
        let angle = theta1.abs().max(theta2.abs());
        let by_angle = (two * (one - angle / self.near)).clamp(zero, one);
        let by_grip = (two * grip / self.grip_min - one).clamp(zero, one);
        by_angle * by_grip
    }
}

law!(ConditionalHybrid {
    sliding,
    switching,
    alpha,
    twisting,
    k,
    near,
    grip_min,
    z_max,
    anti_windup
});

impl<R: Real> Controller<R> for ConditionalHybrid<R> {
    type Memory = ConditionalHybridMemory<R>;

    fn initial_memory(&self) -> Self::Memory {
        let zero = R::splat(0.0);
        ConditionalHybridMemory { k: self.k.init, z: zero, sign: zero }
    }

    #[inline(always)]
    fn law(&self, memory: &mut Self::Memory, sample: &Sample<'_, R>) -> Command<R> {
        let reaching = self.sliding.reaching(sample);
        let (sigma, dt, zero) = (reaching.sigma, sample.dt, R::splat(0.0));
        let ConditionalHybridMemory { k, z, sign } = memory;
        let angles = [sample.state.theta1, sample.state.theta2];
        let share = self.share(angles, self.sliding.grip(&reaching));

        let gains = [*k, self.alpha, share * self.twisting[0], share * self.twisting[1]];
        let (v, next) = self.switching.both(gains, share * *z, sigma, dt, sign);
        let command = reaching.command(v);

        let integrated = *z + (next - share * *z);
        // Of what the actuator could not deliver, the integral takes back its own share.
        let unwound = share * unwind(self.anti_windup, dt) * reaching.lost_rate(&command);
        let next = integrated + unwound;
        *z = R::select(zero.lt(share), next.clamp(-self.z_max, self.z_max), zero);
        *k = self.k.next(*k, sigma, reaching.is_limited(&command), dt);
        command
    }
}
