//! Ctrl-C: what is not finished is not left behind.
//!
//! A command that can end in good order is asked to, and ends at the second Ctrl-C; any other ends at the
//! first. Either way temporary files are removed, and files that belong together take their names
//! together or not at all. Validated by `tests/signals.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};

use crate::INTERRUPTED;
use crate::terminal::note;

/// Does the command end in good order when asked to?
static IS_ORDERLY: AtomicBool = AtomicBool::new(false);

/// Raised by the first Ctrl-C.
static RAISED: AtomicBool = AtomicBool::new(false);

/// Temporary files and directories. Whoever holds the lock is not interrupted.
static TEMPORARY: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// From now on, Ctrl-C leaves nothing behind.
pub(crate) fn begin() -> Result<()> {
    ctrlc::set_handler(|| {
        if IS_ORDERLY.load(Ordering::Relaxed) && !RAISED.swap(true, Ordering::Relaxed) {
            note("ending after what is being flown; Ctrl-C again ends at once");
            return;
        }
        let temporary = hold();
        for path in temporary.iter() {
            // What cannot be removed cannot be helped any more.
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
        process::exit(INTERRUPTED.into());
    })
    .context("cannot wait for Ctrl-C")
}

/// Raised by the first Ctrl-C, which then does nothing else.
pub(crate) fn flag() -> &'static AtomicBool {
    IS_ORDERLY.store(true, Ordering::Relaxed);
    &RAISED
}

/// Keeps Ctrl-C waiting.
pub(crate) fn hold() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What Ctrl-C removes, until this is dropped.
#[derive(Debug)]
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    /// Makes a temporary file or directory: there is no moment at which it is not known.
    pub(crate) fn make<T: AsRef<Path>, E>(
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<(T, Self), E> {
        let mut temporary = hold();
        let made = make()?;
        let path = made.as_ref().to_owned();
        temporary.insert(path.clone());
        Ok((made, Self(path)))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        hold().remove(&self.0);
    }
}
