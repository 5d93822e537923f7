//! The classical first-order law: `v = −k·sign(σ) − kd·σ − kp·|σ|^a·sign(σ)`.
//!
//! Source: Utkin (1992); boundary layer after Slotine and Li (1991), ch. 7; constant, proportional
//! and power-rate reaching after Gao and Hung (1993), IEEE Trans. Ind. Electron. 40. What `sign` is
//! is said in `switching.rs`. Guarantees: `tests/laws.rs`, `tests/switching.rs`, `tests/invariance.rs`.

use dip_dynamics::{Linearisation, Real};
use serde::{Deserialize, Serialize};

use crate::controller::{Command, Controller, Sample};
use crate::equivalent::EquivalentControl;
use crate::error::DesignError;
use crate::gain::{Gain, GainError, Rule, check_all, layer, not_negative, positive};
use crate::law::law;
use crate::memory::memory_of_numbers;
use crate::sliding::Sliding;
use crate::surface::{ScheduledSurface, SurfaceDesign};
use crate::switching::{Switch, Switching};

/// Description of a classical law. The default is the shipped one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ClassicalSpec {
    /// The sliding surface.
    pub surface: SurfaceDesign,
    /// Where the equivalent control comes from.
    pub equivalent: EquivalentControl,
    /// How it switches.
    pub switching: Switching,
    /// Gain `k` of constant reaching in N.
    pub k: f64,
    /// Gain `kd` of proportional reaching in 1/s.
    pub kd: f64,
    /// Gain `kp` of power-rate reaching in N/(N·s)^a.
    pub kp: f64,
    /// Exponent `a` of power-rate reaching, greater than 0 and at most 1.
    pub exponent: f64,
}

impl Default for ClassicalSpec {
    fn default() -> Self {
        Self {
            surface: SurfaceDesign::Scheduled(ScheduledSurface::of(
                [7.074, 1.404, 1.801, 3.537, 0.8553],
                [0.7321, 0.1051, 0.0521, 0.3753, 17.42],
                1.011,
            )),
            equivalent: EquivalentControl::None,
            switching: Switching::saturation(8.883),
            k: 44.21,
            kd: 118.4,
            kp: 0.0,
            exponent: 0.5,
        }
    }
}

impl ClassicalSpec {
    /// Its gains beside those of the surface.
    pub const GAINS: [Gain<Self>; 5] = [
        positive("k", "N", |s: &mut Self| Some(&mut s.k)).searched(0.1, 500.0),
        not_negative("kd", "1/s", |s: &mut Self| Some(&mut s.kd)).searched(0.1, 500.0),
        layer(|s: &mut Self| s.switching.epsilon()),
        not_negative("kp", "N/(N·s)^a", |s: &mut Self| Some(&mut s.kp)),
        Gain {
            name: "exponent",
            unit: "",
            rule: Rule::Share,
            range: None,
            field: |s: &mut Self| Some(&mut s.exponent),
        },
    ];

    /// The law for a linearised plant and an actuator limit in N.
    ///
    /// # Errors
    /// A gain that breaks its rule, or a surface that cannot be.
    pub fn build(&self, linear: &Linearisation, u_max: f64) -> Result<Classical, DesignError> {
        check_all(&Self::GAINS, self)?;
        let switching = self.switching.build()?;
        if switching.is_implicit() && self.kp > 0.0 {
            return Err(GainError::NotImplicit { name: "kp", value: self.kp }.into());
        }
        Ok(Classical {
            sliding: Sliding::design(&self.surface, linear, self.equivalent, u_max)?,
            switching,
            k: self.k,
            kd: self.kd,
            power: (self.kp > 0.0).then_some((self.kp, self.exponent)),
        })
    }
}

/// The classical law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Classical<R = f64> {
    sliding: Sliding<R>,
    switching: Switch<R>,
    k: R,
    kd: R,
    /// Gain and exponent of power-rate reaching.
    power: Option<(R, R)>,
}

/// What a classical law remembers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassicalMemory<R = f64> {
    /// The sign that it switched to last, in `[−1, 1]`; it matters with hysteresis.
    pub sign: R,
}

memory_of_numbers!(ClassicalMemory { sign: "sign σ" "1" });

law!(Classical { sliding, switching, k, kd, power });

impl<R: Real> Controller<R> for Classical<R> {
    type Memory = ClassicalMemory<R>;

    fn initial_memory(&self) -> Self::Memory {
        ClassicalMemory { sign: R::splat(0.0) }
    }

    #[inline(always)]
    fn law(&self, memory: &mut Self::Memory, sample: &Sample<'_, R>) -> Command<R> {
        let reaching = self.sliding.reaching(sample);
        let (sigma, sign) = (reaching.sigma, &mut memory.sign);
        let mut v = self.switching.first_order(self.k, self.kd, sigma, sample.dt, sign);
        if let Some((kp, exponent)) = self.power {
            v += self.switching.power_rate(kp, exponent, sigma, sign);
        }
        reaching.command(v)
    }
}
