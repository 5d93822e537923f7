//! What a law remembers between samples.

use core::fmt::Debug;

use dip_dynamics::{Mask, Real};

/// The memory of one run: a small value that belongs to the run, not to the law.
///
/// Numbers are remembered as arrays `[R; N]`; whoever remembers nothing has the memory `()`.
pub trait Memory<R: Real = f64>: Copy + Debug {
    /// `then` where the mask holds, `otherwise` elsewhere.
    fn select(mask: R::Mask, then: Self, otherwise: Self) -> Self;

    /// Is every number of it finite?
    fn is_finite(&self) -> R::Mask;
}

impl<R: Real> Memory<R> for () {
    #[inline(always)]
    fn select(_: R::Mask, (): (), (): ()) {}

    #[inline(always)]
    fn is_finite(&self) -> R::Mask {
        R::Mask::splat(true)
    }
}

impl<R: Real, const N: usize> Memory<R> for [R; N] {
    #[inline(always)]
    fn select(mask: R::Mask, then: Self, otherwise: Self) -> Self {
        let mut selected = otherwise;
        for (otherwise, then) in selected.iter_mut().zip(then) {
            *otherwise = R::select(mask, then, *otherwise);
        }
        selected
    }

    #[inline(always)]
    fn is_finite(&self) -> R::Mask {
        // 0 times what is not finite is NaN, and a sum with a NaN in it is one.
        let zero = R::splat(0.0);
        let mut sum = zero;
        for &number in self {
            sum += number * zero;
        }
        sum.le(zero)
    }
}

/// A flag of a law that is never run in lanes.
impl Memory<f64> for bool {
    fn select(mask: bool, then: Self, otherwise: Self) -> Self {
        if mask { then } else { otherwise }
    }

    fn is_finite(&self) -> bool {
        true
    }
}

/// [`Memory`] of a struct whose fields are all numbers.
macro_rules! memory_of_numbers {
    ($name:ident { $($field:ident),+ }) => {
        impl<R: dip_dynamics::Real> $crate::memory::Memory<R> for $name<R> {
            #[inline(always)]
            fn select(mask: R::Mask, then: Self, otherwise: Self) -> Self {
                Self { $($field: R::select(mask, then.$field, otherwise.$field)),+ }
            }

            #[inline(always)]
            fn is_finite(&self) -> R::Mask {
                $crate::memory::Memory::<R>::is_finite(&[$(self.$field),+])
            }
        }
    };
}

pub(crate) use memory_of_numbers;
