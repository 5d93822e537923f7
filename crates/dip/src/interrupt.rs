//! Ctrl-C: the first one asks for an end that loses nothing, the second one ends the program at once.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

use crate::INTERRUPTED;

/// Raised by the first Ctrl-C.
pub(crate) fn flag() -> Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&flag);
    ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            process::exit(INTERRUPTED.into());
        }
        eprintln!("ending after what is being flown; Ctrl-C again ends at once");
    })
    .context("cannot wait for Ctrl-C")?;
    Ok(flag)
}
