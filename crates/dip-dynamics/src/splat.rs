//! Structures of numbers, and their lanes.
//!
//! A plant, a law or a memory is made of numbers; with a pack of lanes as the number, each lane is a
//! plant of its own. What is not a number (whether there is drag, which integrator) is one for all
//! lanes: they run the same code. Validated in `tests/lanes.rs`.

use core::fmt::Debug;

use crate::real::Real;

/// A structure of `f64`, which can be put into the lanes of another number.
pub trait Splat: Copy {
    /// The same structure of other numbers.
    type With<R: Real>: Copy + Debug;

    /// The same in every lane.
    fn splat<R: Real>(&self) -> Self::With<R>;

    /// Puts it into those lanes where the mask holds.
    ///
    /// # Panics
    /// If what is not a number differs from that of the other lanes.
    fn put<R: Real>(&self, mask: R::Mask, lanes: &mut Self::With<R>);
}

impl Splat for f64 {
    type With<R: Real> = R;

    #[inline(always)]
    fn splat<R: Real>(&self) -> R {
        R::splat(*self)
    }

    #[inline(always)]
    fn put<R: Real>(&self, mask: R::Mask, lanes: &mut R) {
        *lanes = R::select(mask, R::splat(*self), *lanes);
    }
}

impl<S: Splat, const N: usize> Splat for [S; N] {
    type With<R: Real> = [S::With<R>; N];

    #[inline(always)]
    fn splat<R: Real>(&self) -> Self::With<R> {
        self.each_ref().map(S::splat)
    }

    #[inline(always)]
    fn put<R: Real>(&self, mask: R::Mask, lanes: &mut Self::With<R>) {
        for (item, lanes) in self.iter().zip(lanes) {
            item.put::<R>(mask, lanes);
        }
    }
}

impl<A: Splat, B: Splat> Splat for (A, B) {
    type With<R: Real> = (A::With<R>, B::With<R>);

    #[inline(always)]
    fn splat<R: Real>(&self) -> Self::With<R> {
        (self.0.splat(), self.1.splat())
    }

    #[inline(always)]
    fn put<R: Real>(&self, mask: R::Mask, (a, b): &mut Self::With<R>) {
        self.0.put::<R>(mask, a);
        self.1.put::<R>(mask, b);
    }
}

impl<S: Splat> Splat for Option<S> {
    type With<R: Real> = Option<S::With<R>>;

    #[inline(always)]
    fn splat<R: Real>(&self) -> Self::With<R> {
        self.as_ref().map(S::splat)
    }

    fn put<R: Real>(&self, mask: R::Mask, lanes: &mut Self::With<R>) {
        match (self, lanes) {
            (None, None) => {}
            (Some(some), Some(lanes)) => some.put::<R>(mask, lanes),
            (_, lanes) => panic!("a part that one lane has and another has not: {lanes:?}"),
        }
    }
}

/// [`Splat`](crate::Splat) of a structure `Name<R>` by its fields, all of them named.
#[macro_export]
macro_rules! splat_fields {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        impl $crate::Splat for $name<f64> {
            type With<R: $crate::Real> = $name<R>;

            #[inline(always)]
            fn splat<R: $crate::Real>(&self) -> $name<R> {
                $name { $($field: $crate::Splat::splat::<R>(&self.$field)),+ }
            }

            fn put<R: $crate::Real>(&self, mask: R::Mask, lanes: &mut $name<R>) {
                $($crate::Splat::put::<R>(&self.$field, mask, &mut lanes.$field);)+
            }
        }
    };
}

/// [`Splat`](crate::Splat) of a type that is one for all lanes.
#[macro_export]
macro_rules! one_for_all_lanes {
    ($name:ty) => {
        impl $crate::Splat for $name {
            type With<R: $crate::Real> = Self;

            #[inline(always)]
            fn splat<R: $crate::Real>(&self) -> Self {
                *self
            }

            fn put<R: $crate::Real>(&self, _: R::Mask, lanes: &mut Self) {
                assert_eq!(self, lanes, "one for all lanes");
            }
        }
    };
}

/// `[expression; n]` with the index as a name: what `core::array::from_fn` does with a closure, which
/// a compiler may leave outside of the loop that is compiled for an instruction set.
#[macro_export]
macro_rules! each {
    ($i:ident of 3 => $value:expr) => {
        $crate::each!(@ $i, $value, 0 1 2)
    };
    ($i:ident of 6 => $value:expr) => {
        $crate::each!(@ $i, $value, 0 1 2 3 4 5)
    };
    (@ $i:ident, $value:expr, $($number:literal)+) => {
        [$({
            #[allow(non_upper_case_globals)]
            const $i: usize = $number;
            $value
        }),+]
    };
}

pub(crate) use {each, splat_fields};
