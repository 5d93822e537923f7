//! Two numbers side by side: a pack of twice as many lanes.
//!
//! Two independent streams of instructions hide each other's latencies, so a pair takes less than
//! twice the time. Pairs of pairs are packs too.

use core::ops::{Add, AddAssign, BitAnd, BitOr, Div, Mul, Neg, Not, Sub, SubAssign};

use crate::lanes::{LaneMask, Lanes};
use crate::real::{Mask, Real};
use crate::trigonometry;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<T>(T, T);

macro_rules! operators {
    ($($trait:ident $method:ident),+) => {$(
        impl<T: $trait<Output = T>> $trait for Pair<T> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(self.0.$method(other.0), self.1.$method(other.1))
            }
        }
    )+};
}

operators!(Add add, Sub sub, Mul mul, Div div, BitAnd bitand, BitOr bitor);

impl<T: Neg<Output = T>> Neg for Pair<T> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(-self.0, -self.1)
    }
}

impl<T: Not<Output = T>> Not for Pair<T> {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(!self.0, !self.1)
    }
}

impl<T: AddAssign> AddAssign for Pair<T> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
        self.1 += other.1;
    }
}

impl<T: SubAssign> SubAssign for Pair<T> {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
        self.1 -= other.1;
    }
}

impl<M: Mask> Mask for Pair<M> {
    #[inline(always)]
    fn splat(value: bool) -> Self {
        Self(M::splat(value), M::splat(value))
    }

    #[inline(always)]
    fn all(self) -> bool {
        (self.0 & self.1).all()
    }

    #[inline(always)]
    fn any(self) -> bool {
        (self.0 | self.1).any()
    }
}

impl<M: LaneMask> LaneMask for Pair<M> {
    const COUNT: usize = 2 * M::COUNT;

    #[inline(always)]
    fn bits(self) -> u64 {
        self.0.bits() | self.1.bits() << M::COUNT
    }

    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        Self(M::from_bits(bits), M::from_bits(bits >> M::COUNT))
    }
}

impl<R: Lanes> Real for Pair<R> {
    type Mask = Pair<R::Mask>;

    #[inline(always)]
    fn splat(value: f64) -> Self {
        Self(R::splat(value), R::splat(value))
    }

    #[inline(always)]
    fn lt(self, other: Self) -> Self::Mask {
        Pair(self.0.lt(other.0), self.1.lt(other.1))
    }

    #[inline(always)]
    fn le(self, other: Self) -> Self::Mask {
        Pair(self.0.le(other.0), self.1.le(other.1))
    }

    #[inline(always)]
    fn select(mask: Self::Mask, then: Self, otherwise: Self) -> Self {
        Self(R::select(mask.0, then.0, otherwise.0), R::select(mask.1, then.1, otherwise.1))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.sqrt(), self.1.sqrt())
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self(self.0.abs(), self.1.abs())
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0), self.1.min(other.1))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0), self.1.max(other.1))
    }

    // Both at once: their instructions are to be interleaved.
    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        trigonometry::sin_cos(self)
    }

    #[inline(always)]
    fn tanh(self) -> Self {
        Self(self.0.tanh(), self.1.tanh())
    }

    #[inline(always)]
    fn powf(self, exponent: Self) -> Self {
        Self(self.0.powf(exponent.0), self.1.powf(exponent.1))
    }

    #[inline(always)]
    fn round(self) -> Self {
        Self(self.0.round(), self.1.round())
    }
}

impl<R: Lanes> Lanes for Pair<R> {
    #[inline(always)]
    fn lane(self, lane: usize) -> f64 {
        if lane < R::COUNT { self.0.lane(lane) } else { self.1.lane(lane - R::COUNT) }
    }

    #[inline(always)]
    fn from_lanes(mut number: impl FnMut(usize) -> f64) -> Self {
        let first = R::from_lanes(&mut number);
        Self(first, R::from_lanes(|lane| number(R::COUNT + lane)))
    }
}
