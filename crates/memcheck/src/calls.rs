//! Calls under watch: how long each takes, and whether it touches the heap.
//!
//! Quantiles come from a histogram of constant size (Tene's HDR histogram; two significant digits).
//! The clock is the caller's; what is called is not changed, and not known here.
//!
//! Validated by `tests/calls.rs`; on every control law by `smc-controllers`' `tests/monitored.rs`.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::meter::{NotCounting, ThreadMeter};

/// Longer times count as this: an hour.
const LONGEST: Duration = Duration::from_hours(1);

/// Quantiles are true to two digits: to 1 % of their value.
const DIGITS: u8 = 2;

/// Durations, of which any number takes the same 35 KB.
#[derive(Clone, Debug)]
pub struct Durations {
    histogram: Histogram<u64>,
}

impl Durations {
    /// None yet. All memory is taken here.
    #[expect(clippy::missing_panics_doc, reason = "the bounds are right")]
    pub fn new() -> Self {
        let longest = nanoseconds(LONGEST);
        let histogram = Histogram::new_with_bounds(1, longest, DIGITS).expect("bounds are right");
        Self { histogram }
    }

    /// One more. It does not allocate.
    pub fn record(&mut self, duration: Duration) {
        self.histogram.saturating_record(nanoseconds(duration));
    }

    /// All of `other` too: those of another thread.
    #[expect(clippy::missing_panics_doc, reason = "the bounds are the same")]
    pub fn add(&mut self, other: &Self) {
        self.histogram.add(&other.histogram).expect("the bounds are the same");
    }

    /// None without a duration.
    pub fn quantiles(&self) -> Option<Quantiles> {
        let at = |quantile| self.histogram.value_at_quantile(quantile);
        (!self.histogram.is_empty()).then(|| Quantiles {
            p50_ns: at(0.5),
            p90_ns: at(0.9),
            p99_ns: at(0.99),
            p999_ns: at(0.999),
            max_ns: self.histogram.max(),
        })
    }
}

impl Default for Durations {
    fn default() -> Self {
        Self::new()
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap_or(u64::MAX)
}

/// How long calls took, to 1 % of each value, in ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Quantiles {
    /// The median.
    pub p50_ns: u64,
    /// One in ten took longer.
    pub p90_ns: u64,
    /// One in a hundred took longer.
    pub p99_ns: u64,
    /// One in a thousand took longer.
    pub p999_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

impl fmt::Display for Quantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p90, p99, p999, max] =
            [self.p50_ns, self.p90_ns, self.p99_ns, self.p999_ns, self.max_ns]
                .map(|ns| ns as f64 / 1e3);
        write!(f, "p50 {p50:.1}, p90 {p90:.1}, p99 {p99:.1}, p99.9 {p999:.1}, max {max:.1} us")
    }
}

/// Watches calls on one thread.
///
/// ```
/// use std::time::Instant;
/// use memcheck::{CallMonitor, CountingAllocator};
///
/// #[global_allocator]
/// static ALLOCATOR: CountingAllocator = CountingAllocator::system();
///
/// let begin = Instant::now();
/// let mut monitor = CallMonitor::new(move || begin.elapsed())?;
/// let sum: f64 = (0..1000).map(|i| monitor.call(|| f64::from(i).sqrt())).sum();
/// let report = monitor.report();
/// assert_eq!((report.calls, report.allocations), (1000, 0));
/// # assert!(sum > 0.0);
/// # Ok::<(), memcheck::NotCounting>(())
/// ```
#[derive(Debug)]
pub struct CallMonitor<K> {
    clock: K,
    durations: Durations,
    meter: ThreadMeter,
    report: CallReport,
}

/// What calls did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CallReport {
    /// Calls that returned.
    pub calls: u64,
    /// Calls that touched the heap in any way.
    pub calls_that_touched_the_heap: u64,
    /// Blocks obtained or resized by all of them.
    pub allocations: u64,
    /// Blocks obtained or resized by a call, in the mean; none without a call.
    pub allocations_per_call: Option<f64>,
    /// Net bytes that they left behind, what they returned included.
    pub live_bytes: i64,
    /// How long they took; none without a call.
    pub latency: Option<Quantiles>,
}

impl<K: FnMut() -> Duration> CallMonitor<K> {
    /// `clock` tells the time since any origin. All memory is taken here.
    ///
    /// # Errors
    ///
    /// [`NotCounting`].
    pub fn new(clock: K) -> Result<Self, NotCounting> {
        let report = CallReport {
            calls: 0,
            calls_that_touched_the_heap: 0,
            allocations: 0,
            allocations_per_call: None,
            live_bytes: 0,
            latency: None,
        };
        Ok(Self { clock, durations: Durations::new(), meter: ThreadMeter::new()?, report })
    }

    /// Calls `function`, and returns what it returned. The monitor itself does not allocate.
    pub fn call<T>(&mut self, function: impl FnOnce() -> T) -> T {
        let before = self.meter.read();
        let begin = (self.clock)();
        let value = function();
        let end = (self.clock)();
        let change = self.meter.read().since(&before);
        self.durations.record(end.saturating_sub(begin));
        let report = &mut self.report;
        report.calls += 1;
        report.calls_that_touched_the_heap += u64::from(!change.is_none());
        report.allocations += change.allocations + change.reallocations;
        report.live_bytes += change.live_bytes;
        value
    }

    /// A function that is watched: `monitor.watch(|x| …)` is called as that is.
    pub fn watch<A, T>(&mut self, mut function: impl FnMut(A) -> T) -> impl FnMut(A) -> T {
        move |argument| self.call(|| function(argument))
    }

    /// What the calls did so far.
    pub fn report(&self) -> CallReport {
        let CallReport { calls, allocations, .. } = self.report;
        CallReport {
            allocations_per_call: (calls > 0).then(|| allocations as f64 / calls as f64),
            latency: self.durations.quantiles(),
            ..self.report
        }
    }
}
