//! How a run can end, and by what.

use core::f64::consts::FRAC_PI_2;

use dip_dynamics::{Real, State};
use serde::{Deserialize, Serialize};

/// What counts as settled, and as fallen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Settling {
    /// Settled: both angles within this many rad of upright.
    pub theta: f64,
    /// Settled, too: the cart within this many m of the origin.
    pub x: f64,
    /// Fallen: either angle beyond this many rad.
    pub fall_angle: f64,
    /// For this many s until the horizon the state has to be within the bands; 0 is at the horizon.
    pub hold: f64,
}

impl Default for Settling {
    fn default() -> Self {
        Self { theta: 0.01, x: 0.05, fall_angle: FRAC_PI_2, hold: 0.0 }
    }
}

impl Settling {
    /// Is the state within the bands?
    #[inline(always)]
    pub fn contains<R: Real>(&self, state: &State<R>) -> R::Mask {
        self.contains_angles(state) & state.x.abs().le(R::splat(self.x))
    }

    /// Are both angles within their band, wherever the cart is?
    #[inline(always)]
    pub fn contains_angles<R: Real>(&self, state: &State<R>) -> R::Mask {
        let theta = R::splat(self.theta);
        state.theta1.abs().le(theta) & state.theta2.abs().le(theta)
    }
}

/// The track of the cart.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Track {
    /// A cart farther from the origin than this many m has left the track; none is no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_length: Option<f64>,
}

/// What a run does once a rod has fallen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AfterFall {
    /// It ends there.
    #[default]
    Stop,
    /// It goes on to the horizon; the outcome is a fall all the same.
    Continue,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Angles and cart were within the settling bands at the horizon, and for the time before it that
    /// they have to be.
    Settled,
    /// Still up at the horizon, but not within the bands.
    NotSettled,
    /// A rod passed the fall angle.
    Fallen,
    /// The cart left the track.
    OffTrack,
    /// The state ran out of all bounds: the time step is too long.
    Diverged,
}

impl Outcome {
    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::NotSettled => "not_settled",
            Self::Fallen => "fallen",
            Self::OffTrack => "off_track",
            Self::Diverged => "diverged",
        }
    }

    /// Did the run get to the horizon with both rods up and the cart on the track?
    pub(crate) fn is_of_the_horizon(self) -> bool {
        matches!(self, Self::Settled | Self::NotSettled)
    }
}

/// The end of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// How it ended.
    pub outcome: Outcome,
    /// When that was decided, in s: at the fall, at the end of the track, at the divergence,
    /// or at the horizon.
    pub time: f64,
    /// The last state; after a divergence the last one within bounds, or the start if that was not.
    pub final_state: State,
}
