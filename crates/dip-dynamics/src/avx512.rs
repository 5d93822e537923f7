//! Eight numbers in a register of AVX-512.
//!
//! No other module can name these types; [`InstructionSet::run`](crate::InstructionSet::run) hands them
//! out after it has found the instruction set. That is why the intrinsics here may be called.

#![expect(unsafe_code, reason = "intrinsics, on processors that have them: see above")]

use core::arch::x86_64::{
    __m512d, __mmask8, _CMP_LE_OQ, _CMP_LT_OQ, _mm512_abs_pd, _mm512_add_pd, _mm512_cmp_pd_mask,
    _mm512_div_pd, _mm512_mask_blend_pd, _mm512_max_pd, _mm512_min_pd, _mm512_mul_pd,
    _mm512_set1_pd, _mm512_setr_pd, _mm512_sqrt_pd, _mm512_storeu_pd, _mm512_sub_pd, _mm512_xor_pd,
};
use core::ops::{Add, AddAssign, BitAnd, BitOr, Div, Mul, Neg, Not, Sub, SubAssign};

use crate::lanes::{LaneMask, Lanes};
use crate::real::{Mask, Real};
use crate::trigonometry;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512(__m512d);

/// A bit for each lane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512Mask(__mmask8);

/// One operation on registers.
macro_rules! intrinsic {
    ($call:expr) => {
        // SAFETY: whoever has a value of these types runs on a processor with AVX-512.
        unsafe { $call }
    };
}

macro_rules! operators {
    ($($trait:ident $method:ident $intrinsic:ident for $type:ident),+) => {$(
        impl $trait for $type {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(intrinsic!($intrinsic(self.0, other.0)))
            }
        }
    )+};
}

operators!(
    Add add _mm512_add_pd for Avx512,
    Sub sub _mm512_sub_pd for Avx512,
    Mul mul _mm512_mul_pd for Avx512,
    Div div _mm512_div_pd for Avx512
);

impl BitAnd for Avx512Mask {
    type Output = Self;
    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for Avx512Mask {
    type Output = Self;
    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Neg for Avx512 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(intrinsic!(_mm512_xor_pd(self.0, Self::splat(-0.0).0)))
    }
}

impl AddAssign for Avx512 {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Avx512 {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Not for Avx512Mask {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(!self.0)
    }
}

impl Mask for Avx512Mask {
    #[inline(always)]
    fn splat(value: bool) -> Self {
        Self(if value { !0 } else { 0 })
    }

    #[inline(always)]
    fn all(self) -> bool {
        self.0 == !0
    }

    #[inline(always)]
    fn any(self) -> bool {
        self.0 != 0
    }
}

impl LaneMask for Avx512Mask {
    const COUNT: usize = 8;

    #[inline(always)]
    fn bits(self) -> u64 {
        self.0.into()
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "there are eight lanes")]
    fn from_bits(bits: u64) -> Self {
        Self(bits as __mmask8)
    }
}

impl Real for Avx512 {
    type Mask = Avx512Mask;

    #[inline(always)]
    fn splat(value: f64) -> Self {
        Self(intrinsic!(_mm512_set1_pd(value)))
    }

    #[inline(always)]
    fn lt(self, other: Self) -> Avx512Mask {
        Avx512Mask(intrinsic!(_mm512_cmp_pd_mask::<_CMP_LT_OQ>(self.0, other.0)))
    }

    #[inline(always)]
    fn le(self, other: Self) -> Avx512Mask {
        Avx512Mask(intrinsic!(_mm512_cmp_pd_mask::<_CMP_LE_OQ>(self.0, other.0)))
    }

    #[inline(always)]
    fn select(mask: Avx512Mask, then: Self, otherwise: Self) -> Self {
        Self(intrinsic!(_mm512_mask_blend_pd(mask.0, otherwise.0, then.0)))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(intrinsic!(_mm512_sqrt_pd(self.0)))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self(intrinsic!(_mm512_abs_pd(self.0)))
    }

    // The processor's own, too, are the other number where either is NaN.
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(intrinsic!(_mm512_min_pd(self.0, other.0)))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(intrinsic!(_mm512_max_pd(self.0, other.0)))
    }

    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        trigonometry::sin_cos(self)
    }

    // Lane by lane, and out of the way of loops that have no use for it.
    #[inline(never)]
    fn tanh(self) -> Self {
        Self::from_lanes(|lane| Real::tanh(self.lane(lane)))
    }

    #[inline(never)]
    fn powf(self, exponent: Self) -> Self {
        Self::from_lanes(|lane| Real::powf(self.lane(lane), exponent.lane(lane)))
    }

    #[inline(always)]
    fn round(self) -> Self {
        trigonometry::round(self)
    }
}

impl Lanes for Avx512 {
    #[inline(always)]
    fn lane(self, lane: usize) -> f64 {
        let mut lanes = [0.0; 8];
        // SAFETY: there is room for eight numbers.
        unsafe { _mm512_storeu_pd(lanes.as_mut_ptr(), self.0) };
        lanes[lane]
    }

    #[inline(always)]
    fn from_lanes(number: impl FnMut(usize) -> f64) -> Self {
        let [a, b, c, d, e, f, g, h] = core::array::from_fn(number);
        Self(intrinsic!(_mm512_setr_pd(a, b, c, d, e, f, g, h)))
    }
}
