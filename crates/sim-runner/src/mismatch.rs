//! The plant is not quite the one that the controller was designed for.
//!
//! Each parameter of the true plant is `nominal·(1 + draw)`. No draw of a [`Spread`] changes a sign: every
//! plant that is drawn is physical.
//!
//! Validated by `tests/mismatch.rs`.

use dip_dynamics::{Parameters, Plant};
use serde::{Deserialize, Serialize};

use crate::error::ExperimentError;
use crate::noise::{Purpose, Streams};
use crate::spread::Spread;

/// How far each parameter of the plant may be from its nominal value; none is not at all.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Mismatch {
    /// Of the mass of the cart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub m0: Option<Spread>,
    /// Of the mass of rod 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub m1: Option<Spread>,
    /// Of the mass of rod 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub m2: Option<Spread>,
    /// Of the length of rod 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub l1: Option<Spread>,
    /// Of the length of rod 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub l2: Option<Spread>,
    /// Of the centre of mass of rod 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub c1: Option<Spread>,
    /// Of the centre of mass of rod 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub c2: Option<Spread>,
    /// Of the moment of inertia of rod 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub i1: Option<Spread>,
    /// Of the moment of inertia of rod 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub i2: Option<Spread>,
    /// Of gravity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub g: Option<Spread>,
    /// Of the friction of the cart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b0: Option<Spread>,
    /// Of the friction of joint 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b1: Option<Spread>,
    /// Of the friction of joint 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b2: Option<Spread>,
}

impl Mismatch {
    /// Masses, lengths, centres of mass and moments of inertia uniform within ± this share of their nominal
    /// values: what is measured on a rig, but gravity and friction.
    pub fn of_bodies(share: f64) -> Self {
        let spread = Some(Spread::Uniform(share));
        Self {
            m0: spread,
            m1: spread,
            m2: spread,
            l1: spread,
            l2: spread,
            c1: spread,
            c2: spread,
            i1: spread,
            i2: spread,
            g: None,
            b0: None,
            b1: None,
            b2: None,
        }
    }

    fn spreads(&self) -> [(&'static str, Option<Spread>); 13] {
        let Self { m0, m1, m2, l1, l2, c1, c2, i1, i2, g, b0, b1, b2 } = *self;
        [
            ("m0", m0),
            ("m1", m1),
            ("m2", m2),
            ("l1", l1),
            ("l2", l2),
            ("c1", c1),
            ("c2", c2),
            ("i1", i1),
            ("i2", i2),
            ("g", g),
            ("b0", b0),
            ("b1", b1),
            ("b2", b2),
        ]
    }

    /// `nominal` with each parameter multiplied by `1 + deviation(number, spread)`.
    fn apply(
        &self,
        nominal: &Parameters,
        mut deviation: impl FnMut(usize, Spread) -> f64,
    ) -> Parameters {
        let mut drawn = *nominal;
        let Parameters { m0, m1, m2, l1, l2, c1, c2, i1, i2, g, b0, b1, b2, .. } = &mut drawn;
        let values = [m0, m1, m2, l1, l2, c1, c2, i1, i2, g, b0, b1, b2];
        for (i, (value, (_, spread))) in values.into_iter().zip(self.spreads()).enumerate() {
            if let Some(spread) = spread {
                *value *= 1.0 + deviation(i, spread);
            }
        }
        drawn
    }

    /// Checks the spreads, and that the plants at both ends of them exist.
    pub(crate) fn check(&self, nominal: &Parameters) -> Result<(), ExperimentError> {
        for (name, spread) in self.spreads() {
            spread
                .map_or(Ok(()), |spread| spread.check(|rest| format!("mismatch.{name}.{rest}")))?;
        }
        nominal.check()?;
        self.apply(nominal, |_, spread| -spread.bound()).check()?;
        self.apply(nominal, |_, spread| spread.bound()).check()?;
        Ok(())
    }

    /// The true plant, if the mismatch was checked.
    pub(crate) fn draw(&self, nominal: &Parameters, streams: Streams) -> Plant {
        physical(
            &self.apply(nominal, |i, spread| {
                spread.draw(&mut streams.noise_at(Purpose::Mismatch, i))
            }),
        )
    }

    /// The names of the parameters that deviate, in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.spreads().into_iter().filter_map(|(name, spread)| spread.map(|_| name))
    }

    /// The plant of which each parameter that deviates is at a share of its spread, if the mismatch was
    /// checked.
    pub(crate) fn at(&self, nominal: &Parameters, shares: &[f64]) -> Plant {
        assert_eq!(shares.len(), self.names().count(), "a share for each parameter that deviates");
        let mut shares = shares.iter();
        let parameters = self.apply(nominal, |_, spread| match shares.next() {
            Some(&share) => spread.quantile(share),
            None => unreachable!("they were counted"),
        });
        physical(&parameters)
    }
}

/// The plant of parameters within checked spreads.
fn physical(parameters: &Parameters) -> Plant {
    let Ok(plant) = Plant::new(parameters) else {
        unreachable!("a plant within checked spreads is physical: {parameters:?}");
    };
    plant
}
