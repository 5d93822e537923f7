//! The state, and the only place where its order is written.

use core::ops::{Add, Mul};

use serde::{Deserialize, Serialize};

use crate::splat::splat_fields;

/// Position and velocity of cart and rods; the default is upright at rest.
///
/// Angles are absolute, measured from upright, positive toward `+x`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(bound = "R: schemars::JsonSchema + Default + Serialize"))]
#[serde(deny_unknown_fields, default)]
pub struct State<R = f64> {
    /// Position of the cart in m.
    pub x: R,
    /// Angle of rod 1 in rad.
    pub theta1: R,
    /// Angle of rod 2 in rad.
    pub theta2: R,
    /// Velocity of the cart in m/s.
    pub x_dot: R,
    /// Angular velocity of rod 1 in rad/s.
    pub theta1_dot: R,
    /// Angular velocity of rod 2 in rad/s.
    pub theta2_dot: R,
}

impl State {
    /// The names of the six components, in the order of [`State::to_array`].
    pub const NAMES: [&str; 6] = ["x", "theta1", "theta2", "x_dot", "theta1_dot", "theta2_dot"];

    /// Their symbols, in that order.
    pub const SYMBOLS: [&str; 6] = ["x", "θ1", "θ2", "ẋ", "θ̇1", "θ̇2"];

    /// Their units, in that order.
    pub const UNITS: [&str; 6] = ["m", "rad", "rad", "m/s", "rad/s", "rad/s"];

    /// Upright at the origin, at rest.
    pub const UPRIGHT: Self =
        Self { x: 0.0, theta1: 0.0, theta2: 0.0, x_dot: 0.0, theta1_dot: 0.0, theta2_dot: 0.0 };

    /// Is every component a finite number?
    pub fn is_finite(&self) -> bool {
        self.to_array().iter().all(|component| component.is_finite())
    }
}

impl<R: Copy> State<R> {
    /// From coordinates `q = (x, θ1, θ2)` and their rates `q̇`.
    #[inline(always)]
    pub fn new([x, theta1, theta2]: [R; 3], [x_dot, theta1_dot, theta2_dot]: [R; 3]) -> Self {
        Self { x, theta1, theta2, x_dot, theta1_dot, theta2_dot }
    }

    /// The coordinates `q = (x, θ1, θ2)`.
    #[inline(always)]
    pub fn q(&self) -> [R; 3] {
        [self.x, self.theta1, self.theta2]
    }

    /// The angles `(θ1, θ2)`.
    #[inline(always)]
    pub fn theta(&self) -> [R; 2] {
        [self.theta1, self.theta2]
    }

    /// The rates `q̇ = (ẋ, θ̇1, θ̇2)`.
    #[inline(always)]
    pub fn qd(&self) -> [R; 3] {
        [self.x_dot, self.theta1_dot, self.theta2_dot]
    }

    /// `[x, θ1, θ2, ẋ, θ̇1, θ̇2]`.
    #[inline(always)]
    pub fn to_array(self) -> [R; 6] {
        [self.x, self.theta1, self.theta2, self.x_dot, self.theta1_dot, self.theta2_dot]
    }

    /// From `[x, θ1, θ2, ẋ, θ̇1, θ̇2]`.
    #[inline(always)]
    pub fn from_array([x, theta1, theta2, x_dot, theta1_dot, theta2_dot]: [R; 6]) -> Self {
        Self { x, theta1, theta2, x_dot, theta1_dot, theta2_dot }
    }
}

impl<R: Add<Output = R>> Add for State<R> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self {
            x: self.x + other.x,
            theta1: self.theta1 + other.theta1,
            theta2: self.theta2 + other.theta2,
            x_dot: self.x_dot + other.x_dot,
            theta1_dot: self.theta1_dot + other.theta1_dot,
            theta2_dot: self.theta2_dot + other.theta2_dot,
        }
    }
}

impl<R: Copy + Mul<Output = R>> Mul<R> for State<R> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, factor: R) -> Self {
        Self {
            x: self.x * factor,
            theta1: self.theta1 * factor,
            theta2: self.theta2 * factor,
            x_dot: self.x_dot * factor,
            theta1_dot: self.theta1_dot * factor,
            theta2_dot: self.theta2_dot * factor,
        }
    }
}

splat_fields!(State { x, theta1, theta2, x_dot, theta1_dot, theta2_dot });
