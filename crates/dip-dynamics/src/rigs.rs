//! Parameters of rigs that were built, each with its source.
//!
//! What a source gives is used as it is. What it does not give is derived, with the derivation
//! here, or assumed, and then [`Rig::description`] says so. None has dry friction or drag: their
//! sources identified none. Validated by `tests/rigs.rs`; for two of them against a linear model
//! that others derived from the same values.

use core::fmt;

use thiserror::Error;

use crate::drag::Drag;
use crate::friction::DryFriction;
use crate::parameters::Parameters;

/// A double pendulum on a cart that was built.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rig {
    /// What it is called by.
    pub name: &'static str,
    /// What it is, and which of its values are assumed.
    pub description: &'static str,
    /// Where its values come from.
    pub source: &'static str,
    /// Its parameters; they pass [`Parameters::check`].
    pub parameters: Parameters,
    /// Greatest force of the actuator in N, if the source tells.
    pub u_max: Option<f64>,
    /// How far the cart may go from the middle of the track in m, if the source tells.
    pub track_half_length: Option<f64>,
}

impl Rig {
    /// All of them.
    pub const ALL: [Self; 3] = [GRAICHEN_2007, QUANSER_DBPEN_LIN, TU_WIEN];

    /// The rig of that name.
    ///
    /// # Errors
    /// There is none; the message lists those that there are.
    pub fn by_name(name: &str) -> Result<&'static Self, UnknownRig> {
        const ALL: &[Rig] = &Rig::ALL;
        ALL.iter().find(|rig| rig.name == name).ok_or(UnknownRig)
    }
}

/// The double pendulum of Graichen, Treuer and Zeitz.
///
/// Its drive imposes the acceleration of the cart, so that neither mass nor friction of the cart is
/// part of its model. The digits are those with which the table is reproduced in later work on the
/// same plant; to three decimals they are 0.215 m, 0.013 kg·m² and 0.019 kg·m² for `c1`, `i1` and
/// `i2`.
const GRAICHEN_2007: Rig = Rig {
    name: "graichen_2007",
    description: "Double pendulum of the swing-up experiment in Stuttgart. Assumed: a cart of 1 kg \
                  without friction, since its drive imposes an acceleration and neither is known.",
    source: "K. Graichen, M. Treuer, M. Zeitz (2007), Swing-up of the double pendulum on a cart by \
             feedforward and feedback control with experimental validation, Automatica 43(1), \
             63-71, table of mechanical parameters",
    parameters: Parameters {
        m0: 1.0,
        m1: 0.853,
        m2: 0.510,
        l1: 0.323,
        l2: 0.480,
        c1: 0.2145,
        c2: 0.223,
        i1: 0.0126,
        i2: 0.0185,
        g: 9.81,
        b0: 0.0,
        b1: 0.005,
        b2: 0.005,
        friction: DryFriction::NONE,
        drag: Drag::NONE,
    },
    u_max: None,
    track_half_length: None,
};

/// Quanser's cart IP02 without extra weight, with the short rod, the hinge and the medium rod.
///
/// - Cart: 0.57 kg, and the rotor as the pinion feels it, `K_g²·J_m/r²`.
/// - Rod 1 is the short rod, with the values of the maker's configuration of its single pendulums,
///   and the hinge, taken as a point at its end.
/// - Rod 2 is the medium rod, with the centre of mass of the manual.
/// - Both inertias are those of uniform rods, `m·l²/12`, as the maker has them.
/// - `u_max` is the force at standstill under the 10 V of the converter, `K_g·K_t·V/(R·r)`. The back
///   electromotive force, which weakens a motor that turns, belongs to the actuator and not to `b0`.
/// - The track: the limit of the position watchdog.
const QUANSER_DBPEN_LIN: Rig = {
    const INCH: f64 = 0.0254;
    const GEAR: f64 = 3.71;
    const PINION_RADIUS: f64 = 0.25 * INCH;
    const ROTOR_INERTIA: f64 = 3.9e-7;
    const TORQUE_CONSTANT: f64 = 0.00767;
    const RESISTANCE: f64 = 2.6;

    const SHORT_MASS: f64 = 0.097;
    const SHORT_LENGTH: f64 = 7.875 * INCH;
    const SHORT_CENTRE: f64 = 6.4375 * INCH;
    const HINGE_MASS: f64 = 0.170;
    const MEDIUM_MASS: f64 = 0.127;
    const MEDIUM_LENGTH: f64 = 13.25 * INCH;

    let m1 = SHORT_MASS + HINGE_MASS;
    let c1 = (SHORT_MASS * SHORT_CENTRE + HINGE_MASS * SHORT_LENGTH) / m1;
    let (rod, hinge) = (c1 - SHORT_CENTRE, SHORT_LENGTH - c1);
    Rig {
        name: "quanser_dbpen_lin",
        description: "Quanser's linear double inverted pendulum: cart IP02 without weight, 7-inch \
                      rod below, 12-inch rod above. Assumed: the hinge is a point at the end of \
                      rod 1.",
        source: "Quanser Inc. (2012), Linear Double Inverted Pendulum, set-up files of the \
                 laboratory guide by J. Apkarian, H. Lacheray and P. Martin; medium rod: IP01 and \
                 IP02 Single Inverted Pendulum User Manual, document 511, revision 03, table 6",
        parameters: Parameters {
            m0: 0.57 + GEAR * GEAR * ROTOR_INERTIA / (PINION_RADIUS * PINION_RADIUS),
            m1,
            m2: MEDIUM_MASS,
            l1: SHORT_LENGTH,
            l2: MEDIUM_LENGTH,
            c1,
            c2: 7.0 * INCH,
            i1: SHORT_MASS * SHORT_LENGTH * SHORT_LENGTH / 12.0
                + SHORT_MASS * rod * rod
                + HINGE_MASS * hinge * hinge,
            i2: MEDIUM_MASS * MEDIUM_LENGTH * MEDIUM_LENGTH / 12.0,
            g: 9.81,
            b0: 4.3,
            b1: 0.0024,
            b2: 0.0024,
            friction: DryFriction::NONE,
            drag: Drag::NONE,
        },
        u_max: Some(GEAR * TORQUE_CONSTANT * 10.0 / (RESISTANCE * PINION_RADIUS)),
        track_half_length: Some(0.40),
    }
};

/// The double pendulum of the laboratory course in Vienna.
///
/// The mass of the cart is in the file of its parameters, but not in its model, whose input is the
/// acceleration of the cart; nor is the friction of the cart.
const TU_WIEN: Rig = Rig {
    name: "tu_wien",
    description: "Double pendulum of the laboratory course on control systems in Vienna, with an \
                  acceleration of the cart as its input. Assumed: a cart without friction.",
    source: "Automation and Control Institute, TU Wien, course Regelungssysteme, exercise 2 \
             (Optimale Zustandsregler und -beobachter), file of the parameters",
    parameters: Parameters {
        m0: 0.2,
        m1: 0.9363,
        m2: 0.5505,
        l1: 0.419,
        l2: 0.484,
        c1: 0.2687,
        c2: 0.2256,
        i1: 0.0243,
        i2: 0.0183,
        g: 9.81,
        b0: 0.0,
        b1: 0.0042,
        b2: 0.0003,
        friction: DryFriction::NONE,
        drag: Drag::NONE,
    },
    u_max: None,
    track_half_length: Some(0.7),
};

/// A name that no rig has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no rig has this name: must be one of {Names}")]
pub struct UnknownRig;

/// The names of all rigs, with commas.
struct Names;

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, rig) in Rig::ALL.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{}", rig.name)?;
        }
        Ok(())
    }
}
