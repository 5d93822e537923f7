//! The number that plant, laws and integrators compute with.
//!
//! Every formula of this project is written once, over [`Real`]: an `f64` runs it, and a
//! [`Dual`](crate::Dual) differentiates it exactly, and a pack of [`Lanes`](crate::Lanes) runs many of
//! it at once: a comparison gives a mask, and a mask selects.
//!
//! Nothing here is fused: `a * b + c` rounds twice in every implementation, so that all of them
//! give the same bits.
//!
//! What computes over numbers is marked `inline(always)` up to the loop that runs it: only there the
//! instruction set has been chosen, and a function that stays outside knows nothing of it.

use core::fmt::Debug;
use core::ops::{Add, AddAssign, BitAnd, BitOr, Div, Mul, Neg, Not, Sub, SubAssign};

use crate::trigonometry;

/// Truth values, one for each lane of a [`Real`].
pub trait Mask:
    Copy + Debug + BitAnd<Output = Self> + BitOr<Output = Self> + Not<Output = Self>
{
    /// The same truth in every lane.
    fn splat(value: bool) -> Self;

    /// Is it true in every lane? So a branch can be taken on which all lanes agree.
    fn all(self) -> bool;

    /// Is it true in some lane?
    fn any(self) -> bool;
}

impl Mask for bool {
    #[inline(always)]
    fn splat(value: bool) -> Self {
        value
    }

    #[inline(always)]
    fn all(self) -> bool {
        self
    }

    #[inline(always)]
    fn any(self) -> bool {
        self
    }
}

/// A real number, or a pack of them.
pub trait Real:
    Copy
    + Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + 'static
{
    /// The result of a comparison.
    type Mask: Mask;

    /// The same constant in every lane.
    fn splat(value: f64) -> Self;

    /// `self < other`; false where either is NaN.
    fn lt(self, other: Self) -> Self::Mask;

    /// `self ≤ other`; false where either is NaN.
    fn le(self, other: Self) -> Self::Mask;

    /// `then` where the mask holds, `otherwise` elsewhere.
    fn select(mask: Self::Mask, then: Self, otherwise: Self) -> Self;

    /// Square root, correctly rounded.
    fn sqrt(self) -> Self;

    /// Absolute value.
    fn abs(self) -> Self;

    /// Sine and cosine of an angle in radians.
    ///
    /// Within 2 units in the last place of 1 for |angle| ≤ 10⁵ rad; NaN stays NaN.
    fn sin_cos(self) -> (Self, Self);

    /// The turn by an angle within ±0.02 rad, to 1e-16.
    #[inline(always)]
    fn small_turn(self) -> Turn<Self> {
        trigonometry::small_turn(self)
    }

    /// The turn by an angle within ±0.001 rad, to 1e-17.
    #[inline(always)]
    fn tiny_turn(self) -> Turn<Self> {
        trigonometry::tiny_turn(self)
    }

    /// Hyperbolic tangent, within 1 unit in the last place; NaN stays NaN.
    fn tanh(self) -> Self;

    /// `self` to the power `exponent`, for `self ≥ 0`, within 1 unit in the last place.
    fn powf(self, exponent: Self) -> Self;

    /// The nearest whole number, for |self| < 2⁵¹; halves go to the even one.
    fn round(self) -> Self;

    /// Neither infinite nor NaN?
    #[inline(always)]
    fn is_finite(self) -> Self::Mask {
        self.abs().lt(Self::splat(f64::INFINITY))
    }

    /// The smaller; `other` where either is NaN.
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self::select(self.lt(other), self, other)
    }

    /// The larger; `other` where either is NaN.
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self::select(other.lt(self), self, other)
    }

    /// The nearest value in `[low, high]`; NaN stays NaN.
    #[inline(always)]
    fn clamp(self, low: Self, high: Self) -> Self {
        // The constant comes first: a NaN then falls through both selections.
        high.min(low.max(self))
    }
}

/// By how much a vector in the plane is to be turned: [`Real::small_turn`] and [`Real::tiny_turn`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn<R> {
    /// Sine of the angle.
    pub sin: R,
    /// Tangent of half of it.
    pub tan_half: R,
}

impl<R: Real> Turn<R> {
    /// Sine and cosine, or equal multiples of them, of an angle that has grown by this one.
    ///
    /// By three shears, of which two are alike (Paeth 1986): a product and a sum less than by the
    /// theorems of addition.
    #[inline(always)]
    pub fn applied_to(self, [sin, cos]: [R; 2]) -> [R; 2] {
        let sheared = cos - self.tan_half * sin;
        let sin = sin + self.sin * sheared;
        [sin, sheared - self.tan_half * sin]
    }
}
