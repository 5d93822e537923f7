//! What a law remembers between samples.

use core::fmt::Debug;

use dip_dynamics::{Mask, Real};

/// The memory of one run: a small value that belongs to the run, not to the law.
///
/// Numbers are remembered as arrays `[R; N]`; whoever remembers nothing has the memory `()`.
///
/// What it remembers may be shown to whoever records a run: with a name, a symbol and a unit each.
pub trait Memory<R: Real = f64>: Copy + Debug {
    /// `then` where the mask holds, `otherwise` elsewhere.
    fn select(mask: R::Mask, then: Self, otherwise: Self) -> Self;

    /// Is every number of it finite?
    fn is_finite(&self) -> R::Mask;

    /// What is shown of it, in the order of [`shown`](Self::shown): nothing, unless it says so.
    fn names(&self) -> &'static [Remembered] {
        &[]
    }

    /// The numbers that are shown, and zeros after them.
    #[inline(always)]
    fn shown(&self) -> [R; SHOWN] {
        [R::splat(0.0); SHOWN]
    }
}

/// Numbers of a memory that are shown, at most.
pub const SHOWN: usize = 4;

/// A number that a law remembers, as a record of a run calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remembered {
    /// Its name, which is that of the field.
    pub name: &'static str,
    /// Its symbol in the equations.
    pub symbol: &'static str,
    /// Its unit, for a surface with `s·B = 1`; 1 for a sign or a flag.
    pub unit: &'static str,
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
        // A sum with an infinity or a NaN in it is none of the finite numbers.
        let Some((&first, others)) = self.split_first() else {
            return R::Mask::splat(true);
        };
        let mut sum = first;
        for &number in others {
            sum += number;
        }
        let mut finite = sum.is_finite();
        // Nor is that of some finite ones which are very large.
        if !finite.all() {
            finite = first.is_finite();
            for &number in others {
                finite = finite & number.is_finite();
            }
        }
        finite
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

/// [`Memory`] of a struct whose fields are all numbers, and all shown: `field: "symbol" "unit"`.
macro_rules! memory_of_numbers {
    ($name:ident { $($field:ident: $symbol:literal $unit:literal),+ $(,)? }) => {
        impl<R: dip_dynamics::Real> $crate::memory::Memory<R> for $name<R> {
            #[inline(always)]
            fn select(mask: R::Mask, then: Self, otherwise: Self) -> Self {
                Self { $($field: R::select(mask, then.$field, otherwise.$field)),+ }
            }

            #[inline(always)]
            fn is_finite(&self) -> R::Mask {
                $crate::memory::Memory::<R>::is_finite(&[$(self.$field),+])
            }

            fn names(&self) -> &'static [$crate::memory::Remembered] {
                const {
                    &[$($crate::memory::Remembered {
                        name: stringify!($field),
                        symbol: $symbol,
                        unit: $unit,
                    }),+]
                }
            }

            #[inline(always)]
            fn shown(&self) -> [R; $crate::memory::SHOWN] {
                let numbers = [$(self.$field),+];
                let mut shown = [R::splat(0.0); $crate::memory::SHOWN];
                shown[..numbers.len()].copy_from_slice(&numbers);
                shown
            }
        }
    };
}

pub(crate) use memory_of_numbers;
