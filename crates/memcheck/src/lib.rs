#![doc = include_str!("../README.md")]

mod allocator;
mod counters;
mod gate;
mod meter;
mod trend;

pub use allocator::CountingAllocator;
pub use counters::{CounterChange, Counters};
pub use gate::{GateError, Growth, GrowthReport, Scope, growth, no_alloc};
pub use meter::{Meter, MeterError, NotCounting, ProcessMeter, ResidentMeter, ThreadMeter};
pub use trend::{
    Estimate, MAX_SAMPLES, MIN_SAMPLES, Sample, TrendError, TrendReport, Verdict, trend,
};
