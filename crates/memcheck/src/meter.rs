//! The meters: two that count, and one that asks the operating system.
//!
//! A meter that counts is exact and may stand behind a gate. The resident set is statistical: it
//! moves in pages, follows the allocator's habits, and is for monitors and trends.
//! A meter does not know what is measured with it.
//!
//! Validated by `tests/thread_counts.rs`, `tests/process_counts.rs`, `tests/not_counting.rs` and
//! `tests/resident.rs`.

use std::hint::black_box;

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::counters::{Counters, of_process, of_thread, reset_process_peak, reset_thread_peak};

/// The one thing that all meters can tell.
pub trait Meter {
    /// Bytes in use now.
    ///
    /// # Errors
    ///
    /// If the operating system does not say. Meters that count never fail.
    fn live_bytes(&mut self) -> Result<i64, MeterError>;
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
    /// The process table has no resident size for this process.
    #[error("the operating system tells no resident size of process {pid}")]
    NoResidentSize {
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

/// Statistical: the bytes of this process that the operating system keeps in memory.
#[derive(Debug)]
pub struct ResidentMeter {
    system: System,
    pid: Pid,
}

impl ResidentMeter {
    /// A meter that has read once.
    ///
    /// # Errors
    ///
    /// [`MeterError`] where the operating system does not tell.
    pub fn new() -> Result<Self, MeterError> {
        let no_table =
            |error: sysinfo::Error| MeterError::NoProcessTable { reason: error.to_string() };
        let mut meter = Self {
            system: System::new().map_err(no_table)?,
            pid: sysinfo::get_current_pid().map_err(no_table)?,
        };
        meter.live_bytes()?;
        Ok(meter)
    }
}

impl Meter for ThreadMeter {
    fn live_bytes(&mut self) -> Result<i64, MeterError> {
        Ok(self.read().live_bytes)
    }
}

impl Meter for ProcessMeter {
    fn live_bytes(&mut self) -> Result<i64, MeterError> {
        Ok(self.read().live_bytes)
    }
}

impl Meter for ResidentMeter {
    fn live_bytes(&mut self) -> Result<i64, MeterError> {
        self.system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[self.pid]),
            true,
            ProcessRefreshKind::nothing().with_memory().without_tasks(),
        );
        match self.system.process(self.pid).map(sysinfo::Process::memory) {
            // A running process resides somewhere: 0 is how the source says that it does not know.
            None | Some(0) => Err(MeterError::NoResidentSize { pid: self.pid.as_u32() }),
            Some(bytes) => Ok(bytes.cast_signed()),
        }
    }
}

/// Allocates for real, and looks whether that was noticed.
fn probe() -> Result<(), NotCounting> {
    let before = of_thread();
    drop(black_box(Box::new(0_u8)));
    if of_thread() == before { Err(NotCounting) } else { Ok(()) }
}
