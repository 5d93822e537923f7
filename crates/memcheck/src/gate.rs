//! The gates: code that must not touch the heap, that must not leave anything on it, and that must not
//! hold too much of it at once.
//!
//! A gate knows nothing of what it runs. It is exact, because it counts; it fails rather than pass
//! where it cannot tell. What the compiler optimised away did not happen and is not counted.
//!
//! Validated by `tests/gates.rs` and `tests/process_gate.rs` (planted faults that each gate must
//! catch) and `tests/not_counting.rs`.

use std::hint::black_box;

use serde::Serialize;

use crate::counters::{CounterChange, Counters};
use crate::meter::{NotCounting, ProcessMeter, ThreadMeter};

/// Why a gate did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// The counting allocator is not installed, so there is nothing to judge by.
    #[error(transparent)]
    NotCounting(#[from] NotCounting),
    /// Too short to tell a leak from a container that still has room from the warm-up.
    #[error(
        "{repetitions} repetitions after a warm-up of {warm_up}: there have to be more than that"
    )]
    TooFewRepetitions {
        /// As asked for.
        repetitions: u64,
        /// As asked for.
        warm_up: u64,
    },
    /// The heap was used where it must not be.
    #[error(
        "the heap was touched: {} allocations, {} reallocations, {} deallocations",
        .0.allocations, .0.reallocations, .0.deallocations
    )]
    HeapTouched(CounterChange),
    /// More was held at a moment than the limit allows.
    #[error("{peak_bytes} bytes more than before were held at once; the limit is {limit_bytes}")]
    PeakAbove {
        /// The most at any moment.
        peak_bytes: i64,
        /// The limit.
        limit_bytes: u64,
    },
    /// More was left on the heap than the limit allows.
    #[error(
        "{bytes_left} bytes left by {repetitions} repetitions; the limit is {limit_bytes_per_1000} per 1000"
    )]
    Grew {
        /// Net live bytes after the repetitions.
        bytes_left: i64,
        /// Measured repetitions.
        repetitions: u64,
        /// The limit.
        limit_bytes_per_1000: u64,
    },
}

/// Runs `body`, which must not allocate, reallocate or free anything on this thread.
///
/// Returns what `body` returned.
///
/// # Errors
///
/// [`GateError::HeapTouched`] with the counts, or [`GateError::NotCounting`], in which case `body`
/// was not run.
pub fn no_alloc<T>(body: impl FnOnce() -> T) -> Result<T, GateError> {
    let meter = ThreadMeter::new()?;
    let before = meter.read();
    let value = black_box(body());
    let change = meter.read().since(&before);
    if change.is_none() { Ok(value) } else { Err(GateError::HeapTouched(change)) }
}

/// Runs `body`, during which this thread must never hold more than `limit_bytes` beyond what it held
/// before. Returns what `body` returned.
///
/// # Errors
///
/// [`GateError::PeakAbove`] with the peak, or [`GateError::NotCounting`], in which case `body` was not
/// run.
pub fn peak_below<T>(limit_bytes: u64, body: impl FnOnce() -> T) -> Result<T, GateError> {
    let (value, peak_bytes) = ThreadMeter::new()?.peak_during(|| black_box(body()));
    if i128::from(peak_bytes) <= i128::from(limit_bytes) {
        Ok(value)
    } else {
        Err(GateError::PeakAbove { peak_bytes, limit_bytes })
    }
}

/// Whose allocations a [`growth`] gate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Scope {
    /// Those of the calling thread, whatever its neighbours do. For code that keeps to one thread:
    /// what helpers leave is not seen, and what is handed to them to free seems to be left.
    Thread,
    /// Those of all threads: nothing else may run meanwhile.
    Process,
}

/// What a [`growth`] gate does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Growth {
    /// Measured calls.
    pub repetitions: u64,
    /// Calls before the measurement, for what is rightly allocated once. Fewer than `repetitions`:
    /// a container that doubles its room must be bound to do so among the measured calls.
    pub warm_up: u64,
    /// Net live bytes tolerated for each 1000 repetitions.
    pub limit_bytes_per_1000: u64,
    /// Whose allocations count.
    pub scope: Scope,
}

impl Default for Growth {
    /// 1000 repetitions after 10, on this thread, that leave nothing.
    fn default() -> Self {
        Self { repetitions: 1000, warm_up: 10, limit_bytes_per_1000: 0, scope: Scope::Thread }
    }
}

/// What a [`growth`] gate has seen, for tables; [`check`](Self::check) is the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GrowthReport {
    /// What was done.
    pub gate: Growth,
    /// What the repetitions did to the heap; `change.live_bytes` is what they left there.
    pub change: CounterChange,
    /// `change.live_bytes` for each 1000 repetitions.
    pub bytes_left_per_1000: f64,
}

impl GrowthReport {
    /// Whether the gate is passed.
    ///
    /// The comparison is in integers, so that one byte left by a billion repetitions exceeds a
    /// limit of 0.
    ///
    /// # Errors
    ///
    /// [`GateError::Grew`].
    pub fn check(&self) -> Result<(), GateError> {
        let Growth { repetitions, limit_bytes_per_1000, .. } = self.gate;
        let bytes_left = self.change.live_bytes;
        let tolerated = i128::from(limit_bytes_per_1000) * i128::from(repetitions);
        if i128::from(bytes_left) * 1000 <= tolerated {
            Ok(())
        } else {
            Err(GateError::Grew { bytes_left, repetitions, limit_bytes_per_1000 })
        }
    }
}

/// Calls `body` over and over, drops what it returns, and reports the bytes that stayed behind.
///
/// `body` gets the number of the call, counted from 0 with the warm-up included. A leak that
/// happens on every n-th call needs at least n repetitions to be seen.
///
/// # Errors
///
/// [`GateError::NotCounting`] and [`GateError::TooFewRepetitions`], in which cases `body` was not
/// run. Growth is no error here but in [`GrowthReport::check`].
pub fn growth<T>(gate: &Growth, body: impl FnMut(u64) -> T) -> Result<GrowthReport, GateError> {
    let Growth { repetitions, warm_up, .. } = *gate;
    if repetitions <= warm_up {
        return Err(GateError::TooFewRepetitions { repetitions, warm_up });
    }
    let change = match gate.scope {
        Scope::Thread => {
            let meter = ThreadMeter::new()?;
            measure(gate, || meter.read(), body)
        }
        Scope::Process => {
            let meter = ProcessMeter::new()?;
            measure(gate, || meter.read(), body)
        }
    };
    let bytes_left_per_1000 = change.live_bytes as f64 * 1000.0 / repetitions as f64;
    Ok(GrowthReport { gate: *gate, change, bytes_left_per_1000 })
}

fn measure<T>(
    gate: &Growth,
    read: impl Fn() -> Counters,
    mut body: impl FnMut(u64) -> T,
) -> CounterChange {
    let mut run = |calls: std::ops::Range<u64>| calls.for_each(|i| drop(black_box(body(i))));
    run(0..gate.warm_up);
    let before = read();
    run(gate.warm_up..gate.warm_up + gate.repetitions);
    read().since(&before)
}
