//! A law as an engine takes it: in `f64`, to be put into the lanes of any number.
//!
//! Whoever wants to run a law of his own in lanes writes it over `Real` and names its fields to
//! [`law!`](crate::law!). Validated by `sim-runner`'s `tests/batch.rs`, for every law.

use dip_dynamics::Real;

use crate::controller::Controller;

/// A control law that runs in lanes: each may have gains of its own.
pub trait Law: Controller<f64> + Copy + Send + Sync {
    /// The same law over other numbers.
    type In<R: Real>: Controller<R> + Copy;

    /// The same gains in every lane.
    fn splat<R: Real>(&self) -> Self::In<R>;

    /// Puts its gains into those lanes where the mask holds.
    ///
    /// # Panics
    /// If it differs from the other lanes in more than its numbers.
    fn put<R: Real>(&self, mask: R::Mask, lanes: &mut Self::In<R>);
}

/// [`Law`](crate::Law) of a structure `Name<R>` by its fields, all of them named.
///
/// A field is a number `R`, an array, pair or option of those, or another type that is
/// [`Splat`](dip_dynamics::Splat).
#[macro_export]
macro_rules! law {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        $crate::splat_fields!($name { $($field),+ });

        impl $crate::Law for $name<f64> {
            type In<R: $crate::Real> = $name<R>;

            #[inline(always)]
            fn splat<R: $crate::Real>(&self) -> $name<R> {
                $crate::Splat::splat(self)
            }

            fn put<R: $crate::Real>(&self, mask: R::Mask, lanes: &mut $name<R>) {
                $crate::Splat::put::<R>(self, mask, lanes);
            }
        }
    };
}

pub(crate) use law;
