//! What all meters have in common, and the two that count.
//!
//! A meter that counts is exact and may stand behind a gate. The third, which asks the operating
//! system, is in `resident.rs`. A meter does not know what is measured with it.
//!
//! Validated by `tests/thread_counts.rs`, `tests/process_counts.rs` and `tests/not_counting.rs`.

use std::hint::black_box;

use crate::counters::{
    Counters, of_process, of_thread, raise_thread_peak, reset_process_peak, reset_thread_peak,
};

/// What all meters can tell.
pub trait Meter {
    /// Bytes in use now.
    ///
    /// # Errors
    ///
    /// If the operating system does not say. Meters that count never fail.
    fn live_bytes(&mut self) -> Result<i64, MeterError>;

    /// The most bytes that were in use at any moment: since the start, or since the counting meter's
    /// `reset_peak`.
    ///
    /// # Errors
    ///
    /// As for [`live_bytes`](Self::live_bytes).
    fn peak_bytes(&mut self) -> Result<i64, MeterError>;
}

/// Why a meter has no reading.
#[derive(Debug, thiserror::Error)]
pub enum MeterError {
    /// The operating system's process table cannot be read.
    #[error("the process table cannot be read: {reason}")]
    NoProcessTable {
        /// The operating system's words.
        reason: String,
    },
    /// The operating system does not tell a size of this process.
    #[error("the operating system tells no {size} of process {pid}")]
    NotTold {
        /// Which size.
        size: &'static str,
        /// This process.
        pid: u32,
    },
}

/// [`CountingAllocator`](crate::CountingAllocator) is not the global allocator of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing is counted: install `CountingAllocator` as #[global_allocator]")]
pub struct NotCounting;

/// Exact: counts of the thread that reads it, whatever other threads do.
#[derive(Clone, Copy, Debug)]
pub struct ThreadMeter(());

impl ThreadMeter {
    /// A meter that is known to count.
    ///
    /// # Errors
    ///
    /// [`NotCounting`], found out by a real allocation.
    pub fn new() -> Result<Self, NotCounting> {
        probe().map(|()| Self(()))
    }

    /// The counts of the calling thread.
    pub fn read(&self) -> Counters {
        of_thread()
    }

    /// Lets the peak of the calling thread start again from the bytes that are live now.
    pub fn reset_peak(&self) {
        reset_thread_peak();
    }

    /// Calls `body`, and tells how far above the bytes that were live before it the thread was at most.
    /// The peak of whoever measures around this call is not disturbed.
    pub fn peak_during<T>(&self, body: impl FnOnce() -> T) -> (T, i64) {
        let before = self.read();
        self.reset_peak();
        let value = body();
        let above = self.read().peak_live_bytes - before.live_bytes;
        raise_thread_peak(before.peak_live_bytes);
        (value, above)
    }
}

/// Exact: counts of all threads together.
#[derive(Clone, Copy, Debug)]
pub struct ProcessMeter(());

impl ProcessMeter {
    /// A meter that is known to count.
    ///
    /// # Errors
    ///
    /// [`NotCounting`], found out by a real allocation.
    pub fn new() -> Result<Self, NotCounting> {
        probe().map(|()| Self(()))
    }

    /// The counts of the process. To be compared exactly, it needs the other threads at rest.
    pub fn read(&self) -> Counters {
        of_process()
    }

    /// Lets the peak of the process start again from the bytes that are live now.
    pub fn reset_peak(&self) {
        reset_process_peak();
    }
}

impl Meter for ThreadMeter {
    fn live_bytes(&mut self) -> Result<i64, MeterError> {
        Ok(self.read().live_bytes)
    }

    fn peak_bytes(&mut self) -> Result<i64, MeterError> {
        Ok(self.read().peak_live_bytes)
    }
}

impl Meter for ProcessMeter {
    fn live_bytes(&mut self) -> Result<i64, MeterError> {
        Ok(self.read().live_bytes)
    }

    fn peak_bytes(&mut self) -> Result<i64, MeterError> {
        Ok(self.read().peak_live_bytes)
    }
}

/// Allocates for real, and looks whether that was noticed.
fn probe() -> Result<(), NotCounting> {
    let before = of_thread();
    drop(black_box(Box::new(0_u8)));
    if of_thread() == before { Err(NotCounting) } else { Ok(()) }
}
