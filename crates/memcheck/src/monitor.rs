//! A monitor for production: a meter read now and then, and alerts when it is too high or grows.
//!
//! It reads no clock: whoever samples says what time it is. Between samples it costs one atomic load.
//! An alert goes to the callback, with the feature `tracing` it is an event, with `metrics` every
//! reading is a gauge. Alerts come on the way in and on the way out, and not in between.
//!
//! Validated by `tests/monitor.rs`.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::meter::{Meter, MeterError};
use crate::ring::Ring;
use crate::trend::{Sample, Verdict, trend};

/// When to alert. Unchecked: [`Monitor::new`] checks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Limits {
    /// As many bytes are too many. Positive.
    pub threshold_bytes: i64,
    /// The alert is over when there are as many fewer: at least 0, less than the threshold.
    pub hysteresis_bytes: i64,
    /// The slope of the latest [`WINDOW`](Self::WINDOW) readings that is too much, by [`trend`]: its
    /// whole interval is above. Positive; none to look at the threshold only.
    pub growth_bytes_per_hour: Option<f64>,
    /// The meter is not read more often. More than 0.
    pub interval: Duration,
}

impl Limits {
    /// Readings over which growth is judged, once there are as many: an hour at one a minute.
    pub const WINDOW: usize = 60;

    fn check(&self) -> Result<(), LimitsError> {
        let require = |name, value: f64, rule, holds| {
            if holds { Ok(()) } else { Err(LimitsError { name, value, rule }) }
        };
        let &Self { threshold_bytes, hysteresis_bytes, growth_bytes_per_hour, interval } = self;
        let positive = threshold_bytes > 0;
        require("threshold_bytes", threshold_bytes as f64, "positive", positive)?;
        let within = (0..threshold_bytes).contains(&hysteresis_bytes);
        let rule = "at least 0 and less than threshold_bytes";
        require("hysteresis_bytes", hysteresis_bytes as f64, rule, within)?;
        if let Some(slope) = growth_bytes_per_hour {
            let rule = "positive and finite";
            require("growth_bytes_per_hour", slope, rule, slope > 0.0 && slope.is_finite())?;
        }
        let seconds = interval.as_secs_f64();
        require("interval", seconds, "more than 0 s", interval > Duration::ZERO)
    }
}

/// A limit that breaks its rule.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{name} = {value}: must be {rule}")]
pub struct LimitsError {
    /// Which one.
    pub name: &'static str,
    /// Its value; a time in s.
    pub value: f64,
    /// What would be right.
    pub rule: &'static str,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The reading has come to the threshold.
    Above,
    /// It has gone below the threshold again, by the hysteresis.
    BelowAgain,
    /// The latest readings grow too fast.
    Growing,
    /// They do not any more.
    FlatAgain,
}

/// Something that somebody should know. It displays as a message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alert {
    /// Whose.
    pub monitor: String,
    /// What happened.
    pub cause: Cause,
    /// When.
    pub t: Duration,
    /// The reading.
    pub bytes: i64,
    /// The threshold in bytes, or the limit of growth in bytes per hour.
    pub threshold: f64,
    /// The slope of the latest readings in bytes per hour, where that is the cause.
    pub slope_bytes_per_hour: Option<f64>,
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { monitor, cause, bytes, threshold, slope_bytes_per_hour, .. } = self;
        let slope = slope_bytes_per_hour.unwrap_or_default();
        match cause {
            Cause::Above => write!(f, "{monitor}: {bytes} bytes, the threshold is {threshold}"),
            Cause::BelowAgain => {
                write!(f, "{monitor}: {bytes} bytes, below the threshold of {threshold} again")
            }
            Cause::Growing => write!(
                f,
                "{monitor}: {bytes} bytes, growing by {slope:.0} per hour, the limit is {threshold}"
            ),
            Cause::FlatAgain => write!(
                f,
                "{monitor}: {bytes} bytes, growing by {slope:.0} per hour, within {threshold} again"
            ),
        }
    }
}

type Callback = Box<dyn Fn(&Alert) + Send + Sync>;

/// Reads a meter now and then, and alerts. Any thread may sample.
///
/// ```
/// use std::time::Duration;
/// use memcheck::{CountingAllocator, Limits, Monitor, ProcessMeter};
///
/// #[global_allocator]
/// static ALLOCATOR: CountingAllocator = CountingAllocator::system();
///
/// let limits = Limits {
///     threshold_bytes: 1 << 20,
///     hysteresis_bytes: 1 << 16,
///     growth_bytes_per_hour: Some(1e5),
///     interval: Duration::from_secs(60),
/// };
/// let monitor = Monitor::new("heap", ProcessMeter::new()?, limits)?
///     .on_alert(|alert| eprintln!("{alert}"));
/// assert!(monitor.sample(Duration::ZERO)?.is_some());
/// // Not again within the minute.
/// assert!(monitor.sample(Duration::from_secs(59))?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Monitor<M> {
    name: String,
    limits: Limits,
    /// When the next reading is due, in ns.
    due: AtomicU64,
    state: Mutex<State<M>>,
    on_alert: Option<Callback>,
}

struct State<M> {
    meter: M,
    recent: Ring<Sample>,
    above: bool,
    growing: bool,
}

impl<M: Meter> Monitor<M> {
    /// A monitor that has not read yet.
    ///
    /// # Errors
    ///
    /// The first limit that breaks its rule.
    pub fn new(name: impl Into<String>, meter: M, limits: Limits) -> Result<Self, LimitsError> {
        limits.check()?;
        let recent = Ring::with_capacity(Limits::WINDOW);
        Ok(Self {
            name: name.into(),
            limits,
            due: AtomicU64::new(0),
            state: Mutex::new(State { meter, recent, above: false, growing: false }),
            on_alert: None,
        })
    }

    /// The same, which calls `callback` with each alert, on the thread that sampled.
    #[must_use]
    pub fn on_alert(self, callback: impl Fn(&Alert) + Send + Sync + 'static) -> Self {
        Self { on_alert: Some(Box::new(callback)), ..self }
    }

    /// Reads the meter if that is due at `now`, a time since any origin, and alerts if need be. None if
    /// it is not due, or if another thread is at it.
    ///
    /// # Errors
    ///
    /// If the meter has no reading. The next is due after the interval all the same.
    pub fn sample(&self, now: Duration) -> Result<Option<i64>, MeterError> {
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let due = self.due.load(Relaxed);
        let next = nanoseconds(now.saturating_add(self.limits.interval));
        let claim = || self.due.compare_exchange(due, next, Relaxed, Relaxed);
        if nanoseconds(now) < due || claim().is_err() {
            return Ok(None);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = state.meter.live_bytes()?;
        state.recent.push(Sample { t: now.as_secs_f64(), bytes: bytes as f64 });
        self.publish(bytes);
        let alerts = [self.level(&mut state, now, bytes), self.growth(&mut state, now, bytes)];
        // A callback may sample.
        drop(state);
        for alert in alerts.iter().flatten() {
            self.raise(alert);
        }
        Ok(Some(bytes))
    }

    fn level(&self, state: &mut State<M>, t: Duration, bytes: i64) -> Option<Alert> {
        let Limits { threshold_bytes, hysteresis_bytes, .. } = self.limits;
        let above = if state.above {
            bytes >= threshold_bytes - hysteresis_bytes
        } else {
            bytes >= threshold_bytes
        };
        let changed = above != state.above;
        state.above = above;
        changed.then(|| Alert {
            monitor: self.name.clone(),
            cause: if above { Cause::Above } else { Cause::BelowAgain },
            t,
            bytes,
            threshold: threshold_bytes as f64,
            slope_bytes_per_hour: None,
        })
    }

    fn growth(&self, state: &mut State<M>, t: Duration, bytes: i64) -> Option<Alert> {
        let threshold = self.limits.growth_bytes_per_hour?;
        if state.recent.len() < Limits::WINDOW {
            return None;
        }
        let recent: Vec<Sample> = state.recent.iter().copied().collect();
        let report = trend(&recent, threshold).expect("readings come in order, limits are checked");
        let growing = match report.verdict {
            Verdict::Growing => true,
            Verdict::Flat => false,
            Verdict::Undecided => state.growing,
        };
        let changed = growing != state.growing;
        state.growing = growing;
        changed.then(|| Alert {
            monitor: self.name.clone(),
            cause: if growing { Cause::Growing } else { Cause::FlatAgain },
            t,
            bytes,
            threshold,
            slope_bytes_per_hour: report.estimate.map(|e| e.slope_bytes_per_hour),
        })
    }

    #[cfg(feature = "metrics")]
    fn publish(&self, bytes: i64) {
        let name = || self.name.clone();
        metrics::gauge!("memory_bytes", "monitor" => name()).set(bytes as f64);
        metrics::gauge!("memory_threshold_bytes", "monitor" => name())
            .set(self.limits.threshold_bytes as f64);
    }

    #[cfg(not(feature = "metrics"))]
    #[expect(clippy::unused_self, reason = "nobody is told")]
    fn publish(&self, _: i64) {}

    fn raise(&self, alert: &Alert) {
        #[cfg(feature = "tracing")]
        {
            let Alert { monitor, bytes, threshold, .. } = alert;
            match alert.cause {
                Cause::Above | Cause::Growing => {
                    tracing::warn!(%monitor, bytes, threshold, "{alert}");
                }
                Cause::BelowAgain | Cause::FlatAgain => {
                    tracing::info!(%monitor, bytes, threshold, "{alert}");
                }
            }
        }
        #[cfg(feature = "metrics")]
        metrics::counter!("memory_alerts_total", "monitor" => self.name.clone()).increment(1);
        if let Some(callback) = &self.on_alert {
            callback(alert);
        }
    }
}

impl<M> fmt::Debug for Monitor<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor")
            .field("name", &self.name)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
