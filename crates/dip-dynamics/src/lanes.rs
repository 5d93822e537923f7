//! Many numbers at once, and the instruction set that computes with them.
//!
//! A pack of lanes is a [`Real`]: what is written over `Real` runs in each lane as it runs alone, and
//! gives the same bits. Which packs the processor has is found out when the program runs, so a plain
//! build is fast: [`InstructionSet::run`] gives a [`Kernel`] the widest one. On x86-64 that is a register
//! of AVX2, or two of AVX-512: with its 32 registers there is room for a second stream of instructions,
//! which fills the pipes while the first one waits. Elsewhere it is a pair of scalars.
//!
//! Validated in `tests/lanes.rs`: the same bits in every lane of every pack.

use core::fmt;

use serde::Serialize;

use crate::pair::Pair;
use crate::real::{Mask, Real};
#[cfg(all(target_arch = "x86_64", feature = "std"))]
use crate::{avx2::Avx2, avx512::Avx512};

/// A [`Real`] of one or more `f64` side by side, each of which can be looked at.
pub trait Lanes: Real<Mask: LaneMask> {
    /// How many there are, at most 64.
    const COUNT: usize = Self::Mask::COUNT;

    /// Number `lane`.
    ///
    /// # Panics
    /// If there is none.
    fn lane(self, lane: usize) -> f64;

    /// From the number for each lane, in order.
    fn from_lanes(number: impl FnMut(usize) -> f64) -> Self;
}

/// Truth values that can be looked at as bits.
pub trait LaneMask: Mask {
    /// How many there are.
    const COUNT: usize;

    /// Bit `i` is the truth in lane `i`.
    fn bits(self) -> u64;

    /// The truth in lane `i` is bit `i`.
    fn from_bits(bits: u64) -> Self;
}

impl LaneMask for bool {
    const COUNT: usize = 1;

    #[inline(always)]
    fn bits(self) -> u64 {
        self.into()
    }

    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        bits & 1 != 0
    }
}

impl Lanes for f64 {
    #[inline(always)]
    fn lane(self, lane: usize) -> f64 {
        assert_eq!(lane, 0, "a scalar has one lane");
        self
    }

    #[inline(always)]
    fn from_lanes(mut number: impl FnMut(usize) -> f64) -> Self {
        number(0)
    }
}

impl Lanes for f32 {
    #[inline(always)]
    fn lane(self, lane: usize) -> f64 {
        f64::from(self).lane(lane)
    }

    #[inline(always)]
    fn from_lanes(mut number: impl FnMut(usize) -> f64) -> Self {
        Self::splat(number(0))
    }
}

/// What a processor computes with. Every one gives the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InstructionSet {
    /// One `f64` at a time.
    Scalar,
    /// Two scalars side by side, on any processor.
    Portable,
    /// A register of four, on x86-64 with AVX2.
    Avx2,
    /// Two registers of eight, on x86-64 with AVX-512 F and DQ.
    Avx512,
}

/// A computation over numbers of a kind that is chosen when it runs.
pub trait Kernel {
    /// Its result, in which no lanes are left.
    type Output;

    /// The computation.
    ///
    /// It has to be marked `#[inline(always)]`, as everything that it calls in its inner loop: what
    /// is not inlined is not compiled for the instruction set, and gives the same bits slowly.
    fn run<R: Lanes>(self) -> Self::Output;
}

impl InstructionSet {
    /// All, the widest last.
    pub const ALL: [Self; 4] = [Self::Scalar, Self::Portable, Self::Avx2, Self::Avx512];

    /// The widest one that this processor has.
    pub fn detect() -> Self {
        let available = Self::ALL.into_iter().rev().find(|set| set.is_available());
        available.unwrap_or(Self::Scalar)
    }

    /// Does this processor have it?
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar | Self::Portable => true,
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Self::Avx2 => std::is_x86_feature_detected!("avx2"),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Self::Avx512 => {
                std::is_x86_feature_detected!("avx512f")
                    && std::is_x86_feature_detected!("avx512dq")
            }
            #[cfg(not(all(target_arch = "x86_64", feature = "std")))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// The number of lanes of its pack.
    pub fn lanes(self) -> usize {
        struct Count;
        impl Kernel for Count {
            type Output = usize;
            fn run<R: Lanes>(self) -> usize {
                R::COUNT
            }
        }
        match self {
            Self::Scalar => Count.run::<f64>(),
            Self::Portable => Count.run::<Pair<f64>>(),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Self::Avx2 => Count.run::<Avx2>(),
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Self::Avx512 => Count.run::<Pair<Avx512>>(),
            #[cfg(not(all(target_arch = "x86_64", feature = "std")))]
            Self::Avx2 | Self::Avx512 => 0,
        }
    }

    /// Runs a computation with its pack of lanes.
    ///
    /// # Panics
    /// If this processor does not have it.
    #[cfg_attr(
        all(target_arch = "x86_64", feature = "std"),
        expect(unsafe_code, reason = "code for an instruction set that was found")
    )]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        assert!(self.is_available(), "this processor has no {self}");
        match self {
            Self::Scalar => kernel.run::<f64>(),
            Self::Portable => kernel.run::<Pair<f64>>(),
            // SAFETY: the instruction sets are there, as has just been asserted.
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Self::Avx2 => unsafe { run_avx2(kernel) },
            // SAFETY: as above.
            #[cfg(all(target_arch = "x86_64", feature = "std"))]
            Self::Avx512 => unsafe { run_avx512(kernel) },
            #[cfg(not(all(target_arch = "x86_64", feature = "std")))]
            Self::Avx2 | Self::Avx512 => unreachable!("not available"),
        }
    }
}

#[cfg(all(target_arch = "x86_64", feature = "std"))]
#[target_feature(enable = "avx2")]
fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

#[cfg(all(target_arch = "x86_64", feature = "std"))]
#[target_feature(enable = "avx2,avx512f,avx512dq")]
fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Pair<Avx512>>()
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
