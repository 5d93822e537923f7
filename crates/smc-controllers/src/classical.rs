//! The classical first-order law: `v = −k·sat(σ/ε) − kd·σ`.
//!
//! Source: Utkin (1992); boundary layer and proportional reaching after Slotine and Li (1991),
//! ch. 7. Guarantees: `tests/laws.rs`.

use dip_dynamics::{Linearisation, Real};
use serde::{Deserialize, Serialize};

use crate::controller::{Command, Controller, Sample};
use crate::equivalent::EquivalentControl;
use crate::error::DesignError;
use crate::gain::{Gain, check_all, not_negative, positive};
use crate::riccati::Weights;
use crate::sliding::{Sliding, sat};
use crate::surface::SurfaceDesign;

/// Description of a classical law. The default is the shipped one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ClassicalSpec {
    /// The sliding surface.
    pub surface: SurfaceDesign,
    /// Where the equivalent control comes from.
    pub equivalent: EquivalentControl,
    /// Switching gain `k` in N.
    pub k: f64,
    /// Proportional reaching gain `kd` in 1/s.
    pub kd: f64,
    /// Boundary layer `ε` in N·s.
    pub epsilon: f64,
}

impl Default for ClassicalSpec {
    fn default() -> Self {
        let weights = Weights { q: [10.04, 0.9492, 344.3, 6.29, 96.68, 0.5179], r: 0.1 };
        Self {
            surface: SurfaceDesign::Lqr(weights),
            equivalent: EquivalentControl::Linear,
            k: 124.4,
            kd: 76.06,
            epsilon: 0.1588,
        }
    }
}

impl ClassicalSpec {
    /// Its gains beside those of the surface.
    pub const GAINS: [Gain<Self>; 3] = [
        positive("k", "N", |s: &mut Self| &mut s.k).searched(0.1, 200.0),
        not_negative("kd", "1/s", |s: &mut Self| &mut s.kd).searched(0.1, 100.0),
        positive("epsilon", "N·s", |s: &mut Self| &mut s.epsilon).searched(1e-3, 10.0),
    ];

    /// The law for a linearised plant and an actuator limit in N.
    ///
    /// # Errors
    /// A gain that breaks its rule, or a surface that cannot be.
    pub fn build(&self, linear: &Linearisation, u_max: f64) -> Result<Classical, DesignError> {
        check_all(&Self::GAINS, self)?;
        Ok(Classical {
            sliding: Sliding::design(&self.surface, linear, self.equivalent, u_max)?,
            k: self.k,
            kd: self.kd,
            epsilon: self.epsilon,
        })
    }
}

/// The classical law. It remembers nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Classical<R = f64> {
    sliding: Sliding<R>,
    k: R,
    kd: R,
    epsilon: R,
}

impl<R: Real> Controller<R> for Classical<R> {
    type Memory = ();

    fn initial_memory(&self) {}

    #[inline]
    fn control(&self, (): &mut (), sample: &Sample<'_, R>) -> Command<R> {
        let reaching = self.sliding.reaching(sample);
        let sigma = reaching.sigma;
        reaching.command(-(self.k * sat(sigma, self.epsilon) + self.kd * sigma))
    }
}
