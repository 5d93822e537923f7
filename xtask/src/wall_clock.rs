//! Long runs side by side in real time: the pace, and what it looked like from outside.
//!
//! Deadlines are multiples of the period from the beginning, so the pace does not drift: who is late
//! once is not late ever after. Validated by `tests/soak.rs`: a run takes as long as it says.

use std::fmt;
use std::io::{IsTerminal, stderr};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde::Serialize;
use smc_controllers::Controller;

use crate::long_run::LongRun;
use crate::resident::{Judgement, SAMPLES_MIN, Series};

/// They take 16 MB.
const SAMPLES_MAX: u64 = 1_000_000;

/// What was seen in real time.
#[derive(Debug, Serialize)]
pub(crate) struct WallClock {
    wall_s: f64,
    /// The longest time from a deadline until the control step began.
    worst_lateness_ms: f64,
    resident: Judgement,
}

/// Lets all `runs` take one step a `period`, `steps` times, and samples the resident set before the
/// first step, every `steps_between_samples`, and after the last step if that is due.
pub(crate) fn pace<C: Controller>(
    runs: &mut [LongRun<C>],
    period: Duration,
    steps: u64,
    steps_between_samples: u64,
) -> Result<WallClock> {
    let samples = steps / steps_between_samples + 1;
    ensure!(samples <= SAMPLES_MAX, "{samples} samples: at most {SAMPLES_MAX} are kept");
    let samples = usize::try_from(samples)?;
    if samples < SAMPLES_MIN {
        eprintln!("soak: {samples} samples will decide nothing, it takes {SAMPLES_MIN}");
    }
    let mut series = Series::with_capacity(samples)?;

    let begin = Instant::now();
    let mut worst_lateness = Duration::ZERO;
    for step in 0..=steps {
        let deadline = begin + Duration::from_secs_f64(period.as_secs_f64() * step as f64);
        sleep(deadline.saturating_duration_since(Instant::now()));
        worst_lateness = worst_lateness.max(deadline.elapsed());
        if step.is_multiple_of(steps_between_samples) {
            let bytes = series.sample(begin.elapsed().as_secs_f64())?;
            if stderr().is_terminal() {
                eprintln!(
                    "soak: {:.0} s, {} KiB resident, at worst {:.2} ms late",
                    begin.elapsed().as_secs_f64(),
                    bytes / 1024,
                    worst_lateness.as_secs_f64() * 1e3
                );
            }
        }
        if step < steps {
            for run in &mut *runs {
                run.advance(1);
            }
        }
    }
    Ok(WallClock {
        wall_s: begin.elapsed().as_secs_f64(),
        worst_lateness_ms: worst_lateness.as_secs_f64() * 1e3,
        resident: series.judge()?,
    })
}

impl WallClock {
    /// What broke the limit of the resident set, or could not be told from it.
    pub(crate) fn faults(&self) -> Vec<String> {
        self.resident.faults()
    }
}

impl fmt::Display for WallClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wall_s, worst_lateness_ms, resident } = self;
        writeln!(f, "{resident}\n")?;
        write!(f, "{wall_s:.2} s of wall clock, at worst {worst_lateness_ms:.2} ms late")
    }
}
