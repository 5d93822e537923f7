//! Dual numbers: a value with its exact derivatives.
//!
//! Forward-mode automatic differentiation (Clifford 1873; Griewank and Walther 2008, ch. 3).
//! Running the equations of motion on duals gives Jacobians that are exact to rounding; there is no
//! step size to choose. Validated against an independent linearisation in `tests/golden.rs`.

#![expect(clippy::suspicious_arithmetic_impl, reason = "the product and quotient rules")]

use core::array::from_fn;
use core::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use crate::real::{Real, Turn};

/// A value and its derivatives by `N` variables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dual<const N: usize> {
    /// The value.
    pub value: f64,
    /// The partial derivatives.
    pub gradient: [f64; N],
}

impl<const N: usize> Dual<N> {
    /// The variable number `index`, at `value`.
    ///
    /// # Panics
    /// If `index >= N`.
    pub fn variable(value: f64, index: usize) -> Self {
        let mut gradient = [0.0; N];
        gradient[index] = 1.0;
        Self { value, gradient }
    }

    /// `f(self)`, given the value of `f` and its derivative here.
    #[inline]
    fn chain(self, value: f64, derivative: f64) -> Self {
        Self { value, gradient: self.gradient.map(|g| derivative * g) }
    }

    /// A turn by this angle, of which the values are known.
    #[inline]
    fn turn(self, Turn { sin, tan_half }: Turn<f64>) -> Turn<Self> {
        Turn {
            sin: self.chain(sin, 1.0 - tan_half * sin),
            tan_half: self.chain(tan_half, 0.5 * (1.0 + tan_half * tan_half)),
        }
    }
}

impl<const N: usize> Add for Dual<N> {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self {
            value: self.value + other.value,
            gradient: from_fn(|i| self.gradient[i] + other.gradient[i]),
        }
    }
}

impl<const N: usize> Sub for Dual<N> {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl<const N: usize> Mul for Dual<N> {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        Self {
            value: self.value * other.value,
            gradient: from_fn(|i| self.gradient[i] * other.value + self.value * other.gradient[i]),
        }
    }
}

impl<const N: usize> Div for Dual<N> {
    type Output = Self;
    #[inline]
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        Self {
            value,
            gradient: from_fn(|i| (self.gradient[i] - value * other.gradient[i]) / other.value),
        }
    }
}

impl<const N: usize> Neg for Dual<N> {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        self.chain(-self.value, -1.0)
    }
}

impl<const N: usize> AddAssign for Dual<N> {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<const N: usize> SubAssign for Dual<N> {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl<const N: usize> Real for Dual<N> {
    type Mask = bool;

    #[inline]
    fn splat(value: f64) -> Self {
        Self { value, gradient: [0.0; N] }
    }

    #[inline]
    fn lt(self, other: Self) -> bool {
        self.value < other.value
    }

    #[inline]
    fn le(self, other: Self) -> bool {
        self.value <= other.value
    }

    #[inline]
    fn select(mask: bool, then: Self, otherwise: Self) -> Self {
        if mask { then } else { otherwise }
    }

    #[inline]
    fn sqrt(self) -> Self {
        let root = Real::sqrt(self.value);
        self.chain(root, 0.5 / root)
    }

    #[inline]
    fn abs(self) -> Self {
        self.chain(self.value.abs(), 1.0_f64.copysign(self.value))
    }

    #[inline]
    fn sin_cos(self) -> (Self, Self) {
        let (sin, cos) = Real::sin_cos(self.value);
        (self.chain(sin, cos), self.chain(cos, -sin))
    }

    #[inline]
    fn small_turn(self) -> Turn<Self> {
        self.turn(Real::small_turn(self.value))
    }

    #[inline]
    fn tiny_turn(self) -> Turn<Self> {
        self.turn(Real::tiny_turn(self.value))
    }

    #[inline]
    fn tanh(self) -> Self {
        let tanh = Real::tanh(self.value);
        self.chain(tanh, 1.0 - tanh * tanh)
    }

    /// By the base; an exponent is a constant.
    #[inline]
    fn powf(self, Self { value: exponent, .. }: Self) -> Self {
        let derivative = exponent * Real::powf(self.value, exponent - 1.0);
        self.chain(Real::powf(self.value, exponent), derivative)
    }

    /// Flat between the halves.
    #[inline]
    fn round(self) -> Self {
        Self::splat(Real::round(self.value))
    }
}

#[cfg(test)]
mod tests {
    use super::Dual;
    use crate::real::Real;

    #[test]
    fn differentiates_each_operation() {
        let x = Dual::<1>::variable(0.7, 0);
        let two = Dual::splat(2.0);
        let (sin, cos) = x.sin_cos();
        let (small, tiny) = (x * Dual::splat(0.02), x * Dual::splat(1e-3));
        for (name, dual, derivative) in [
            ("x² − 2", x * x - two, 1.4),
            ("x + x", x + x, 2.0),
            ("2 / x", two / x, -2.0 / 0.49),
            ("√x", x.sqrt(), 0.5 / 0.7_f64.sqrt()),
            ("sin", sin, 0.7_f64.cos()),
            ("cos", cos, -0.7_f64.sin()),
            ("sin of a small angle", small.small_turn().sin, 0.014_f64.cos() * 0.02),
            ("tan of its half", small.small_turn().tan_half, 0.01 / 0.007_f64.cos().powi(2)),
            ("sin of a tiny angle", tiny.tiny_turn().sin, 7e-4_f64.cos() * 1e-3),
            ("tan of its half", tiny.tiny_turn().tan_half, 5e-4 / 3.5e-4_f64.cos().powi(2)),
            ("|−x|", (-x).abs(), 1.0),
            ("tanh", x.tanh(), 1.0 - 0.7_f64.tanh().powi(2)),
            ("x^1.5", x.powf(Dual::splat(1.5)), 1.5 * 0.7_f64.sqrt()),
        ] {
            assert!((dual.gradient[0] - derivative).abs() < 1e-15, "{name}: {dual:?}");
        }
    }
}
