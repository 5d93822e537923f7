//! `f64` and `f32` as [`Real`] numbers.

use crate::real::Real;
use crate::trigonometry;

impl Real for f64 {
    type Mask = bool;

    #[inline(always)]
    fn splat(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn lt(self, other: Self) -> bool {
        self < other
    }

    #[inline(always)]
    fn le(self, other: Self) -> bool {
        self <= other
    }

    #[inline(always)]
    fn select(mask: bool, then: Self, otherwise: Self) -> Self {
        if mask { then } else { otherwise }
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        #[cfg(feature = "std")]
        return self.sqrt();
        #[cfg(not(feature = "std"))]
        return libm::sqrt(self);
    }

    #[inline(always)]
    fn abs(self) -> Self {
        self.abs()
    }

    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        trigonometry::sin_cos(self)
    }

    // By `libm`, with or without the standard library: its bits are the same on every machine.
    #[inline(never)]
    fn tanh(self) -> Self {
        libm::tanh(self)
    }

    #[inline(never)]
    fn powf(self, exponent: Self) -> Self {
        libm::pow(self, exponent)
    }

    #[inline(always)]
    fn round(self) -> Self {
        trigonometry::round(self)
    }
}

/// Single precision. Transcendental functions are those of `f64`, rounded.
impl Real for f32 {
    type Mask = bool;

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "this is where precision is given up")]
    fn splat(value: f64) -> Self {
        value as Self
    }

    #[inline(always)]
    fn lt(self, other: Self) -> bool {
        self < other
    }

    #[inline(always)]
    fn le(self, other: Self) -> bool {
        self <= other
    }

    #[inline(always)]
    fn select(mask: bool, then: Self, otherwise: Self) -> Self {
        if mask { then } else { otherwise }
    }

    // The square root of an f64 has more than twice the digits: rounding it is right.
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self::splat(Real::sqrt(f64::from(self)))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        self.abs()
    }

    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        let (sin, cos) = trigonometry::sin_cos(f64::from(self));
        (Self::splat(sin), Self::splat(cos))
    }

    #[inline(never)]
    fn tanh(self) -> Self {
        Self::splat(libm::tanh(f64::from(self)))
    }

    #[inline(never)]
    fn powf(self, exponent: Self) -> Self {
        Self::splat(libm::pow(f64::from(self), f64::from(exponent)))
    }

    #[inline(always)]
    fn round(self) -> Self {
        Self::splat(Real::round(f64::from(self)))
    }
}

#[cfg(test)]
mod tests {
    use crate::real::Real;

    #[test]
    fn clamp_keeps_nan_and_limits_the_rest() {
        for (value, expected) in [(-3.0, -2.0), (0.5, 0.5), (7.0, 2.0), (f64::INFINITY, 2.0)] {
            assert_eq!(Real::clamp(value, -2.0, 2.0), expected);
        }
        assert!(Real::clamp(f64::NAN, -2.0, 2.0).is_nan());
    }

    #[test]
    fn rounds_to_the_nearest() {
        for (value, expected) in [(0.4, 0.0), (0.5, 0.0), (1.5, 2.0), (-2.6, -3.0), (1e9, 1e9)] {
            assert_eq!(Real::round(value), expected);
        }
    }
}
