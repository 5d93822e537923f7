//! The description of a plant, and its check at the door.

use serde::{Deserialize, Serialize};

use crate::drag::Drag;
use crate::error::{FINITE_AND_NOT_NEGATIVE, ParameterError};
use crate::friction::DryFriction;

/// Parameters of cart and rods in SI units. Unchecked: [`Plant::new`](crate::Plant::new) checks.
///
/// The default is the reference plant of this project.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Mass of the cart in kg.
    pub m0: f64,
    /// Mass of rod 1 in kg.
    pub m1: f64,
    /// Mass of rod 2 in kg.
    pub m2: f64,
    /// Length of rod 1 in m.
    pub l1: f64,
    /// Length of rod 2 in m.
    pub l2: f64,
    /// Distance of the centre of mass of rod 1 from its pivot in m.
    pub c1: f64,
    /// Distance of the centre of mass of rod 2 from its pivot in m.
    pub c2: f64,
    /// Moment of inertia of rod 1 about its centre of mass in kg·m².
    pub i1: f64,
    /// Moment of inertia of rod 2 about its centre of mass in kg·m².
    pub i2: f64,
    /// Gravity in m/s².
    pub g: f64,
    /// Viscous friction of the cart in N·s/m.
    pub b0: f64,
    /// Viscous friction of the joint between cart and rod 1 in N·m·s.
    pub b1: f64,
    /// Viscous friction of the joint between the rods in N·m·s; it acts on `θ̇2 − θ̇1`.
    pub b2: f64,
    /// Dry friction, on top of the viscous.
    pub friction: DryFriction,
    /// Air drag.
    pub drag: Drag,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            m0: 1.5,
            m1: 0.2,
            m2: 0.15,
            l1: 0.4,
            l2: 0.3,
            c1: 0.2,
            c2: 0.15,
            i1: 0.0081,
            i2: 0.0034,
            g: 9.81,
            b0: 0.2,
            b1: 0.005,
            b2: 0.004,
            friction: DryFriction::NONE,
            drag: Drag::NONE,
        }
    }
}

impl Parameters {
    /// The same parameters without dry friction and drag: the smooth model that controllers are
    /// designed on.
    ///
    /// Smoothed dry friction linearises at rest to a viscous one of breakaway level over smoothing
    /// velocity, hundreds of N·s/m for the friction of a small rig. That is true only while nothing
    /// moves: a gain computed from it relies on damping that is gone at the first motion, and the
    /// smoothing velocity, which is a matter of numerics, would choose the gain. Drag linearises to
    /// nothing at rest; leaving it out changes no gain.
    pub fn viscous(&self) -> Self {
        Self { friction: DryFriction::NONE, drag: Drag::NONE, ..*self }
    }

    /// Checks every field: masses, lengths, centre distances and gravity positive; inertias,
    /// friction and drag not negative; a breakaway level, if given, not below its Coulomb level;
    /// velocities of dry friction at least 10⁻⁶; all finite.
    ///
    /// # Errors
    /// The first field that breaks its rule.
    pub fn check(&self) -> Result<(), ParameterError> {
        let positive = [
            ("m0", self.m0),
            ("m1", self.m1),
            ("m2", self.m2),
            ("l1", self.l1),
            ("l2", self.l2),
            ("c1", self.c1),
            ("c2", self.c2),
            ("g", self.g),
        ];
        let not_negative =
            [("i1", self.i1), ("i2", self.i2), ("b0", self.b0), ("b1", self.b1), ("b2", self.b2)];
        for (name, value) in positive {
            if !(value.is_finite() && value > 0.0) {
                return Err(ParameterError { name, value, rule: "finite and greater than 0" });
            }
        }
        for (name, value) in not_negative {
            if !(value.is_finite() && value >= 0.0) {
                return Err(ParameterError { name, value, rule: FINITE_AND_NOT_NEGATIVE });
            }
        }
        self.friction.check()?;
        self.drag.check()
    }
}
