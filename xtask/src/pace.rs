//! Long runs in real time: the pace of each thread, and how late its steps began.
//!
//! Deadlines are multiples of the period from the beginning, so the pace does not drift: who is late
//! once is not late ever after. Validated by `tests/soak.rs`: a run takes as long as it says.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::sleep;
use std::time::{Duration, Instant};

use memcheck::{Durations, Quantiles};
use serde::Serialize;

use crate::report::table;

/// Calls `step` at each multiple of `period` after `begin`, `steps` times or until it is stopped, and
/// tells how late each began.
pub(crate) fn keep(
    begin: Instant,
    period: Duration,
    steps: u64,
    stop: &AtomicBool,
    mut step: impl FnMut(),
) -> Durations {
    let mut lateness = Durations::new();
    for i in 0..steps {
        let deadline = begin + deadline(period, i);
        sleep(deadline.saturating_duration_since(Instant::now()));
        if stop.load(Relaxed) {
            break;
        }
        lateness.record(deadline.elapsed());
        step();
    }
    lateness
}

/// Multiplied, not added up.
pub(crate) fn deadline(period: Duration, i: u64) -> Duration {
    Duration::from_secs_f64(period.as_secs_f64() * i as f64)
}

/// How the pace was kept.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Pace {
    pub(crate) wall_s: f64,
    /// From a deadline until the control step began; none without a step.
    pub(crate) lateness: Option<Quantiles>,
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Quantiles { p50_ns, p90_ns, p99_ns, p999_ns, max_ns }) = self.lateness {
            let header = ["steps late by [us]", "p50", "p90", "p99", "p99.9", "max"];
            let [p50, p90, p99, p999, max] = [p50_ns, p90_ns, p99_ns, p999_ns, max_ns]
                .map(|ns| format!("{:.0}", Duration::from_nanos(ns).as_secs_f64() * 1e6));
            writeln!(f, "{}", table(header, [[String::new(), p50, p90, p99, p999, max]]))?;
        }
        write!(f, "{:.2} s of wall clock", self.wall_s)
    }
}
