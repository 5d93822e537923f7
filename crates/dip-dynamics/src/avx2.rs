//! Four numbers in a register of AVX2.
//!
//! No other module can name these types; [`InstructionSet::run`](crate::InstructionSet::run) hands them
//! out after it has found the instruction set. That is why the intrinsics here may be called.

#![expect(unsafe_code, reason = "intrinsics, on processors that have them: see above")]

use core::arch::x86_64::{
    __m256d, _CMP_LE_OQ, _CMP_LT_OQ, _mm256_add_pd, _mm256_and_pd, _mm256_andnot_pd,
    _mm256_blendv_pd, _mm256_cmp_pd, _mm256_div_pd, _mm256_max_pd, _mm256_min_pd,
    _mm256_movemask_pd, _mm256_mul_pd, _mm256_or_pd, _mm256_set1_pd, _mm256_setr_pd,
    _mm256_sqrt_pd, _mm256_storeu_pd, _mm256_sub_pd, _mm256_xor_pd,
};
use core::ops::{Add, AddAssign, BitAnd, BitOr, Div, Mul, Neg, Not, Sub, SubAssign};

use crate::lanes::{LaneMask, Lanes};
use crate::real::{Mask, Real};
use crate::trigonometry;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(__m256d);

/// All bits of a lane, or none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2Mask(__m256d);

/// One operation on registers.
macro_rules! intrinsic {
    ($call:expr) => {
        // SAFETY: whoever has a value of these types runs on a processor with AVX2.
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
    Add add _mm256_add_pd for Avx2,
    Sub sub _mm256_sub_pd for Avx2,
    Mul mul _mm256_mul_pd for Avx2,
    Div div _mm256_div_pd for Avx2,
    BitAnd bitand _mm256_and_pd for Avx2Mask,
    BitOr bitor _mm256_or_pd for Avx2Mask
);

impl Neg for Avx2 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(intrinsic!(_mm256_xor_pd(self.0, Self::splat(-0.0).0)))
    }
}

impl AddAssign for Avx2 {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Avx2 {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Not for Avx2Mask {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(intrinsic!(_mm256_xor_pd(self.0, Self::splat(true).0)))
    }
}

impl Mask for Avx2Mask {
    #[inline(always)]
    fn splat(value: bool) -> Self {
        Self::from_bits(if value { !0 } else { 0 })
    }

    #[inline(always)]
    fn all(self) -> bool {
        self.bits() == 0b1111
    }

    #[inline(always)]
    fn any(self) -> bool {
        self.bits() != 0
    }
}

impl LaneMask for Avx2Mask {
    const COUNT: usize = 4;

    #[inline(always)]
    #[expect(clippy::cast_sign_loss, reason = "only the lowest four bits are set")]
    fn bits(self) -> u64 {
        intrinsic!(_mm256_movemask_pd(self.0)) as u64
    }

    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        let lane = |i: u32| f64::from_bits(if bits >> i & 1 == 1 { !0 } else { 0 });
        Self(intrinsic!(_mm256_setr_pd(lane(0), lane(1), lane(2), lane(3))))
    }
}

impl Real for Avx2 {
    type Mask = Avx2Mask;

    #[inline(always)]
    fn splat(value: f64) -> Self {
        Self(intrinsic!(_mm256_set1_pd(value)))
    }

    #[inline(always)]
    fn lt(self, other: Self) -> Avx2Mask {
        Avx2Mask(intrinsic!(_mm256_cmp_pd::<_CMP_LT_OQ>(self.0, other.0)))
    }

    #[inline(always)]
    fn le(self, other: Self) -> Avx2Mask {
        Avx2Mask(intrinsic!(_mm256_cmp_pd::<_CMP_LE_OQ>(self.0, other.0)))
    }

    #[inline(always)]
    fn select(mask: Avx2Mask, then: Self, otherwise: Self) -> Self {
        Self(intrinsic!(_mm256_blendv_pd(otherwise.0, then.0, mask.0)))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(intrinsic!(_mm256_sqrt_pd(self.0)))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self(intrinsic!(_mm256_andnot_pd(Self::splat(-0.0).0, self.0)))
    }

    // The processor's own, too, are the other number where either is NaN.
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(intrinsic!(_mm256_min_pd(self.0, other.0)))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(intrinsic!(_mm256_max_pd(self.0, other.0)))
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

impl Lanes for Avx2 {
    #[inline(always)]
    fn lane(self, lane: usize) -> f64 {
        let mut lanes = [0.0; 4];
        // SAFETY: there is room for four numbers.
        unsafe { _mm256_storeu_pd(lanes.as_mut_ptr(), self.0) };
        lanes[lane]
    }

    #[inline(always)]
    fn from_lanes(number: impl FnMut(usize) -> f64) -> Self {
        let [a, b, c, d] = core::array::from_fn(number);
        Self(intrinsic!(_mm256_setr_pd(a, b, c, d)))
    }
}
