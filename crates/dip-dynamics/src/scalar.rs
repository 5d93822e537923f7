//! `f64` as a [`Real`].

use crate::real::Real;
use crate::trigonometry;

impl Real for f64 {
    type Mask = bool;

    #[inline]
    fn splat(value: f64) -> Self {
        value
    }

    #[inline]
    fn lt(self, other: Self) -> bool {
        self < other
    }

    #[inline]
    fn select(mask: bool, then: Self, otherwise: Self) -> Self {
        if mask { then } else { otherwise }
    }

    #[inline]
    fn sqrt(self) -> Self {
        #[cfg(feature = "std")]
        return self.sqrt();
        #[cfg(not(feature = "std"))]
        return libm::sqrt(self);
    }

    #[inline]
    fn abs(self) -> Self {
        self.abs()
    }

    #[inline]
    fn sin_cos(self) -> (Self, Self) {
        trigonometry::sin_cos(self)
    }

    // By `libm`, with or without the standard library: its bits are the same on every machine.
    #[inline]
    fn tanh(self) -> Self {
        libm::tanh(self)
    }

    #[inline]
    fn powf(self, exponent: f64) -> Self {
        libm::pow(self, exponent)
    }

    #[inline]
    fn round(self) -> Self {
        // Adding 1.5·2⁵² leaves no room for a fraction.
        const NO_FRACTION: f64 = 6_755_399_441_055_744.0;
        (self + NO_FRACTION) - NO_FRACTION
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
