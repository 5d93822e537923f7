//! Which gains are searched, and where: the tunable ones of a law, on logarithmic scales.
//!
//! Found gains are numbers of four significant digits, which is how they are written down; they are judged as
//! they are written. Validated by `tests/tuning.rs`.

use pso_optim::{Bounds, Error};
use smc_controllers::ControllerSpec;

/// The search space of the gains of one law.
#[derive(Debug, Clone)]
pub(crate) struct Gains {
    base: ControllerSpec,
    bounds: Bounds,
    /// Where the base is, moved into the bounds.
    present: Vec<f64>,
}

impl Gains {
    /// None if there is nothing to search.
    pub(crate) fn new(mut base: ControllerSpec) -> Result<Option<Self>, Error> {
        let (mut limits, mut present) = (Vec::new(), Vec::new());
        base.visit_tunable(|gain, value| {
            let (lower, upper) = (gain.lower.log10(), gain.upper.log10());
            limits.push((lower, upper));
            present.push(value.log10().clamp(lower, upper));
        });
        if limits.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self { base, bounds: Bounds::new(limits)?, present }))
    }

    pub(crate) fn bounds(&self) -> Bounds {
        self.bounds.clone()
    }

    /// The gains of the experiment.
    pub(crate) fn present(&self) -> &[f64] {
        &self.present
    }

    /// The law with its tunable gains replaced by `10^logarithm`. A gain that the search did not move
    /// keeps its bits, and one at the end of its range is that end.
    pub(crate) fn at(&self, logarithms: &[f64]) -> ControllerSpec {
        let mut spec = self.base;
        let mut next = logarithms.iter();
        spec.visit_tunable(|gain, value| {
            let logarithm = *next.next().expect("one logarithm for each tunable gain");
            if logarithm != value.log10() {
                *value = rounded(10.0_f64.powf(logarithm)).clamp(gain.lower, gain.upper);
            }
        });
        spec
    }
}

/// The nearest number of four significant digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().expect("a number was printed")
}
