//! The adaptive first-order law: `v = −K(t)·sign(σ) − α·σ`, `K̇ = γ·|σ| − leak·(K − K₀)`.
//!
//! The gain grows while `σ` is away from zero, so that no bound of the disturbance has to be known.
//! How it adapts is in `adaptation.rs`, what `sign` is in `switching.rs`.
//! Source: Plestan et al. (2010), Int. J. Control 83. Guarantees: `tests/laws.rs`,
//! `tests/adaptation.rs`.

use dip_dynamics::{Linearisation, Real};
use serde::{Deserialize, Serialize};

use crate::adaptation::Adaptation;
use crate::classical::ClassicalSpec;
use crate::controller::{Command, Controller, Sample};
use crate::equivalent::EquivalentControl;
use crate::error::DesignError;
use crate::gain::{Gain, check_all, check_order, layer, not_negative, positive};
use crate::law::law;
use crate::memory::memory_of_numbers;
use crate::sliding::Sliding;
use crate::surface::{ScheduledSurface, SurfaceDesign};
use crate::switching::{Switch, Switching};

/// Description of an adaptive law. The default is the shipped one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AdaptiveSpec {
    /// The sliding surface.
    pub surface: SurfaceDesign,
    /// Where the equivalent control comes from.
    pub equivalent: EquivalentControl,
    /// How it switches.
    pub switching: Switching,
    /// Adaptation rate `γ` in 1/s².
    pub gamma: f64,
    /// Proportional reaching gain `α` in 1/s.
    pub alpha: f64,
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
}

impl Default for AdaptiveSpec {
    fn default() -> Self {
        Self {
            surface: SurfaceDesign::Scheduled(ScheduledSurface::of(
                [7.105, 1.439, 1.814, 3.475, 0.8295],
                [0.7382, 0.07716, 0.09265, 0.417, 16.64],
                0.9699,
            )),
            equivalent: EquivalentControl::None,
            switching: Switching::saturation(6.092),
            gamma: 21.29,
            alpha: 117.8,
            k_init: 47.4,
            k_min: 0.1,
            k_max: 200.0,
            leak: 0.1,
            rate_max: 1000.0,
            dead_zone: 0.01,
        }
    }
}

impl AdaptiveSpec {
    /// The classical law with constant and proportional reaching, as steep in its layer, whose gain begins
    /// far enough below the cap to grow: where a search may begin.
    pub fn of_classical(law: &ClassicalSpec) -> Self {
        let ClassicalSpec { surface, equivalent, mut switching, k, kd, .. } = *law;
        let caps = Self::default();
        let k_init = k.min(caps.k_max / 4.0);
        if let Some(epsilon) = switching.epsilon() {
            *epsilon *= k_init / k;
        }
        Self { surface, equivalent, switching, gamma: 100.0, alpha: kd, k_init, ..caps }
    }

    /// Its gains beside those of the surface.
    pub const GAINS: [Gain<Self>; 9] = [
        not_negative("gamma", "1/s²", |s: &mut Self| Some(&mut s.gamma)).searched(0.1, 1e4),
        not_negative("alpha", "1/s", |s: &mut Self| Some(&mut s.alpha)).searched(0.1, 500.0),
        layer(|s: &mut Self| s.switching.epsilon()),
        positive("k_init", "N", |s: &mut Self| Some(&mut s.k_init)).searched(0.1, 200.0),
        not_negative("k_min", "N", |s: &mut Self| Some(&mut s.k_min)),
        positive("k_max", "N", |s: &mut Self| Some(&mut s.k_max)),
        not_negative("leak", "1/s", |s: &mut Self| Some(&mut s.leak)),
        positive("rate_max", "N/s", |s: &mut Self| Some(&mut s.rate_max)),
        not_negative("dead_zone", "N·s", |s: &mut Self| Some(&mut s.dead_zone)),
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
            switching: self.switching.build()?,
            alpha: self.alpha,
            k: Adaptation {
                gamma: self.gamma,
                leak: self.leak,
                init: self.k_init,
                min: self.k_min,
                max: self.k_max,
                rate_max: self.rate_max,
                dead_zone: self.dead_zone,
            },
        })
    }
}

/// The adaptive law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adaptive<R = f64> {
    sliding: Sliding<R>,
    switching: Switch<R>,
    alpha: R,
    k: Adaptation<R>,
}

/// What an adaptive law remembers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdaptiveMemory<R = f64> {
    /// The switching gain `K` in N.
    pub k: R,
    /// The sign that it switched to last, in `[−1, 1]`; it matters with hysteresis.
    pub sign: R,
}

memory_of_numbers!(AdaptiveMemory { k: "K" "N", sign: "sign σ" "1" });

law!(Adaptive { sliding, switching, alpha, k });

impl<R: Real> Controller<R> for Adaptive<R> {
    type Memory = AdaptiveMemory<R>;

    fn initial_memory(&self) -> Self::Memory {
        AdaptiveMemory { k: self.k.init, sign: R::splat(0.0) }
    }

    #[inline(always)]
    fn law(&self, memory: &mut Self::Memory, sample: &Sample<'_, R>) -> Command<R> {
        let reaching = self.sliding.reaching(sample);
        let (sigma, dt) = (reaching.sigma, sample.dt);
        let AdaptiveMemory { k, sign } = memory;
        let command = reaching.command(self.switching.first_order(*k, self.alpha, sigma, dt, sign));
        *k = self.k.next(*k, sigma, reaching.is_limited(&command), dt);
        command
    }
}
