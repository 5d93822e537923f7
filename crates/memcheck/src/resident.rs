//! The meter that asks the operating system: resident set, its peak, virtual size.
//!
//! It is statistical: it moves in pages, follows the allocator's habits, and sees also what bypasses
//! the allocator. For monitors and trends, not for gates.
//!
//! Validated by `tests/resident.rs`, against the kernel's own words.

use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::meter::{Meter, MeterError};

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

    /// Bytes of address space: what was reserved, whether it was ever touched or not.
    ///
    /// # Errors
    ///
    /// [`MeterError`] where the operating system does not tell.
    pub fn virtual_bytes(&mut self) -> Result<i64, MeterError> {
        self.read("virtual size", Process::virtual_memory)
    }

    fn read(
        &mut self,
        size: &'static str,
        read: impl Fn(&Process) -> u64,
    ) -> Result<i64, MeterError> {
        self.system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[self.pid]),
            true,
            ProcessRefreshKind::nothing().with_memory().without_tasks(),
        );
        // A running process is somewhere: 0 is how the source says that it does not know.
        match self.system.process(self.pid).map(read) {
            None | Some(0) => Err(MeterError::NotTold { size, pid: self.pid.as_u32() }),
            Some(bytes) => Ok(bytes.cast_signed()),
        }
    }
}

impl Meter for ResidentMeter {
    fn live_bytes(&mut self) -> Result<i64, MeterError> {
        self.read("resident size", Process::memory)
    }

    /// Since the start of the process. Known on Linux.
    fn peak_bytes(&mut self) -> Result<i64, MeterError> {
        let not_told = MeterError::NotTold { size: "peak", pid: self.pid.as_u32() };
        peak_bytes().ok_or(not_told)
    }
}

/// Not by `getrusage`, which also remembers what there was before the program was loaded.
#[cfg(target_os = "linux")]
fn peak_bytes() -> Option<i64> {
    let status = procfs::process::Process::myself().and_then(|process| process.status());
    status.ok()?.vmhwm?.checked_mul(1024)?.try_into().ok()
}

#[cfg(not(target_os = "linux"))]
fn peak_bytes() -> Option<i64> {
    None
}
