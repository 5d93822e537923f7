//! The number that plant, laws and integrators compute with.
//!
//! Every formula of this project is written once, over [`Real`]: an `f64` runs it, and a
//! [`Dual`](crate::Dual) differentiates it exactly. The trait asks for no branches: a comparison
//! gives a mask, and a mask selects. So a pack of lanes can be a number too.
//!
//! Nothing here is fused: `a * b + c` rounds twice in every implementation, so that all of them
//! give the same bits.

use core::fmt::Debug;
use core::ops::{Add, AddAssign, BitAnd, BitOr, Div, Mul, Neg, Not, Sub, SubAssign};

/// Truth values, one for each lane of a [`Real`].
pub trait Mask:
    Copy + Debug + BitAnd<Output = Self> + BitOr<Output = Self> + Not<Output = Self>
{
    /// The same truth in every lane.
    fn splat(value: bool) -> Self;
}

impl Mask for bool {
    #[inline]
    fn splat(value: bool) -> Self {
        value
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

    /// Hyperbolic tangent, within 1 unit in the last place; NaN stays NaN.
    fn tanh(self) -> Self;

    /// `self` to the power `exponent`, for `self ≥ 0`, within 1 unit in the last place.
    fn powf(self, exponent: f64) -> Self;

    /// The nearest whole number, for |self| < 2⁵¹; halves go to the even one.
    fn round(self) -> Self;

    /// Neither infinite nor NaN?
    #[inline]
    fn is_finite(self) -> Self::Mask {
        self.abs().lt(Self::splat(f64::INFINITY))
    }

    /// The smaller; `other` where either is NaN.
    #[inline]
    fn min(self, other: Self) -> Self {
        Self::select(self.lt(other), self, other)
    }

    /// The larger; `other` where either is NaN.
    #[inline]
    fn max(self, other: Self) -> Self {
        Self::select(other.lt(self), self, other)
    }

    /// The nearest value in `[low, high]`; NaN stays NaN.
    #[inline]
    fn clamp(self, low: Self, high: Self) -> Self {
        // The constant comes first: a NaN then falls through both selections.
        high.min(low.max(self))
    }
}
