//! A soak: the same call for hours, a meter sampled beside it, and whether its readings grow.
//!
//! It reads no clock: the time after so many calls is the caller's to say, be it a clock's or a
//! simulated one. The samples are bounded in number, and their room is taken before the first call.
//!
//! Validated by `tests/soak.rs` and `tests/fragmentation.rs`: planted faults, and clean runs.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use serde::Serialize;

use crate::judgement::Judgement;
use crate::meter::{Meter, MeterError};
use crate::trend::{Sample, TrendError, Verdict};

/// Readings of a meter over time, as many as there was room for at the start.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Series {
    samples: Vec<Sample>,
}

impl Series {
    /// Room for `capacity` samples.
    pub fn with_capacity(capacity: usize) -> Self {
        // A page is resident once it is written to: the room is filled now, so that it does not show up
        // as growth while samples are taken.
        let mut samples = vec![Sample { t: f64::NAN, bytes: f64::NAN }; capacity];
        samples.clear();
        Self { samples }
    }

    /// Takes a sample at `t`, if there is room, and returns the reading.
    ///
    /// # Errors
    ///
    /// If the meter has no reading.
    pub fn sample(&mut self, t: Duration, meter: &mut impl Meter) -> Result<i64, MeterError> {
        let bytes = meter.live_bytes()?;
        if self.samples.len() < self.samples.capacity() {
            self.samples.push(Sample { t: t.as_secs_f64(), bytes: bytes as f64 });
        }
        Ok(bytes)
    }

    /// The samples, in order.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }
}

/// How long a soak is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// So many calls.
    Calls(u64),
    /// As long as the clock takes to get there.
    Time(Duration),
}

/// What a soak does.
#[derive(Clone, Copy, Debug)]
pub struct Soak<'a> {
    /// How long it is.
    pub length: Length,
    /// Samples, evenly spaced; at least [`Judgement::MIN_SAMPLES`], or nothing can be decided.
    pub samples: u32,
    /// The slope that can be lived with.
    pub limit_bytes_per_hour: f64,
    /// Set by somebody, a handler of Ctrl-C perhaps, to have it end before its time.
    pub stop: Option<&'a AtomicBool>,
}

impl Default for Soak<'_> {
    /// 100,000 calls, 100 samples, 1 MiB per hour.
    fn default() -> Self {
        Self {
            length: Length::Calls(100_000),
            samples: 100,
            limit_bytes_per_hour: 1_048_576.0,
            stop: None,
        }
    }
}

/// What a soak has seen. [`check`](Self::check) is the verdict.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SoakReport {
    /// As asked for.
    pub length: Length,
    /// Calls that were made.
    pub calls: u64,
    /// The time at its end.
    pub end: Duration,
    /// It was ended before its time.
    pub interrupted: bool,
    /// What the samples say.
    pub judgement: Judgement,
    /// The samples.
    pub series: Series,
}

/// Why a soak did not pass.
#[derive(Debug, thiserror::Error)]
pub enum SoakError {
    /// A sample each call at most, and at least one.
    #[error("samples = {samples}: must be from 1 to the number of calls")]
    Samples {
        /// As asked for.
        samples: u32,
    },
    /// The meter has no reading.
    #[error(transparent)]
    Meter(#[from] MeterError),
    /// The limit is not positive, or the clock does not go on.
    #[error(transparent)]
    Trend(#[from] TrendError),
    /// It grows, or it cannot be told that it does not.
    #[error("{0}")]
    NotFlat(Box<Judgement>),
    /// It was ended before its time.
    #[error("interrupted after {calls} calls: {judgement}")]
    Interrupted {
        /// Calls that were made.
        calls: u64,
        /// What was seen until then.
        judgement: Box<Judgement>,
    },
}

impl SoakReport {
    /// Whether it is passed: flat, and whole. Undecided is no pass.
    ///
    /// # Errors
    ///
    /// [`SoakError::NotFlat`] or [`SoakError::Interrupted`].
    pub fn check(&self) -> Result<(), SoakError> {
        let &Self { calls, interrupted, judgement, .. } = self;
        let verdict = judgement.verdict;
        let judgement = Box::new(judgement);
        match verdict {
            Verdict::Growing => Err(SoakError::NotFlat(judgement)),
            _ if interrupted => Err(SoakError::Interrupted { calls, judgement }),
            Verdict::Undecided => Err(SoakError::NotFlat(judgement)),
            Verdict::Flat => Ok(()),
        }
    }
}

/// Calls `body` over and over, drops what it returns, and samples `meter` meanwhile.
///
/// `body` gets the number of the call; `clock` tells the time after so many calls: of a clock, or so
/// many times a simulated period.
///
/// ```
/// use std::time::Duration;
/// use memcheck::{CountingAllocator, Length, Soak, ThreadMeter, soak};
///
/// #[global_allocator]
/// static ALLOCATOR: CountingAllocator = CountingAllocator::system();
///
/// // An hour at 100 Hz, in no time.
/// let plan = Soak { length: Length::Calls(360_000), ..Soak::default() };
/// let clock = |calls: u64| Duration::from_millis(10) * calls as u32;
/// let report = soak(&plan, &mut ThreadMeter::new()?, clock, |i| format!("call {i}"))?;
/// report.check()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`SoakError`] if it cannot be done. Growth is no error here but in [`SoakReport::check`].
pub fn soak<T>(
    plan: &Soak<'_>,
    meter: &mut impl Meter,
    mut clock: impl FnMut(u64) -> Duration,
    mut body: impl FnMut(u64) -> T,
) -> Result<SoakReport, SoakError> {
    let &Soak { length, samples, limit_bytes_per_hour, stop } = plan;
    let enough = match length {
        Length::Calls(calls) => u64::from(samples) <= calls,
        Length::Time(_) => true,
    };
    if samples == 0 || !enough {
        return Err(SoakError::Samples { samples });
    }
    let mut series = Series::with_capacity(samples as usize + 1);
    let mut calls = 0;
    let mut taken = 0;
    let (now, interrupted) = loop {
        let now = clock(calls);
        let (due, over) = match length {
            Length::Calls(all) => {
                (share(u128::from(all), taken, samples) <= calls.into(), calls >= all)
            }
            Length::Time(all) => {
                (share(all.as_nanos(), taken, samples) <= now.as_nanos(), now >= all)
            }
        };
        if due {
            series.sample(now, meter)?;
            taken += 1;
        }
        let interrupted = !over && stop.is_some_and(|stop| stop.load(Relaxed));
        if over || interrupted {
            break (now, interrupted);
        }
        drop(black_box(body(calls)));
        calls += 1;
    };
    let judgement = Judgement::of(series.samples(), limit_bytes_per_hour)?;
    Ok(SoakReport { length, calls, end: now, interrupted, judgement, series })
}

/// When sample number `taken` is due.
fn share(all: u128, taken: u32, samples: u32) -> u128 {
    all * u128::from(taken) / u128::from(samples)
}
