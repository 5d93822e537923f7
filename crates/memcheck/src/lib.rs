#![doc = include_str!("../README.md")]

mod allocator;
#[cfg(feature = "profile")]
mod attribution;
#[cfg(feature = "calls")]
mod calls;
mod counters;
mod gate;
mod judgement;
mod meter;
mod monitor;
#[cfg(feature = "picture")]
mod picture;
mod pool;
#[cfg(feature = "resident")]
mod resident;
mod ring;
mod soak;
#[cfg(feature = "stream")]
mod stream;
mod trend;

pub use allocator::CountingAllocator;
#[cfg(feature = "profile")]
pub use attribution::{Attribution, AttributionError, Site, Survivors};
#[cfg(feature = "calls")]
pub use calls::{CallMonitor, CallReport, Durations, Quantiles};
pub use counters::{CounterChange, Counters};
pub use gate::{GateError, Growth, GrowthReport, Scope, growth, no_alloc, peak_below};
pub use judgement::Judgement;
pub use meter::{Meter, MeterError, NotCounting, ProcessMeter, ThreadMeter};
pub use monitor::{Alert, Cause, Limits, LimitsError, Monitor};
#[cfg(feature = "picture")]
pub use picture::svg;
pub use pool::{Exhausted, Lent, Pool};
#[cfg(feature = "resident")]
pub use resident::ResidentMeter;
pub use ring::Ring;
pub use soak::{Length, Series, Soak, SoakError, SoakReport, soak};
#[cfg(feature = "stream")]
pub use stream::{Feed, NamedFile, Stream, StreamError, StreamReport};
pub use trend::{
    Estimate, MAX_SAMPLES, MIN_SAMPLES, Sample, TrendError, TrendReport, Verdict, trend,
};
