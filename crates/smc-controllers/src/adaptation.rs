//! A gain that adapts: it grows while `σ` is away from zero, and leaks back.
//!
//! `k̇ = growth − leak·(k − k₀)`, with `growth = γ·|σ|` outside a dead zone and zero within, so that it
//! does not grow on noise; zero too while the force is at its limit, where more gain could not do
//! more. The rate is limited, and the gain stays within its caps whatever is measured.
//! Source: Plestan et al. (2010), Int. J. Control 83; the leak after Ioannou and Kokotović (1983).
//! Validated in `tests/adaptation.rs`.

use dip_dynamics::{Real, splat_fields};

/// How a gain adapts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Adaptation<R = f64> {
    pub(crate) gamma: R,
    pub(crate) leak: R,
    /// `k₀`: at the start, and where the leak leads.
    pub(crate) init: R,
    pub(crate) min: R,
    pub(crate) max: R,
    /// Limit of `|k̇|`.
    pub(crate) rate_max: R,
    /// `|σ|` up to which the gain does not grow.
    pub(crate) dead_zone: R,
}

splat_fields!(Adaptation { gamma, leak, init, min, max, rate_max, dead_zone });

impl<R: Real> Adaptation<R> {
    /// The gain one sample later. `limited`: is the force at its limit?
    #[inline(always)]
    pub(crate) fn next(&self, k: R, sigma: R, limited: R::Mask, dt: R) -> R {
        let grows = self.dead_zone.lt(sigma.abs()) & !limited;
        let growth = R::select(grows, self.gamma * sigma.abs(), R::splat(0.0));
        let rate = (growth - self.leak * (k - self.init)).clamp(-self.rate_max, self.rate_max);
        (k + rate * dt).clamp(self.min, self.max)
    }
}
