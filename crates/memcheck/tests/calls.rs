//! Calls under watch: by a clock that is told what to say.

use std::cell::Cell;
use std::hint::black_box;
use std::time::Duration;

use memcheck::{CallMonitor, CountingAllocator, Durations, Quantiles, no_alloc};
use proptest::prelude::*;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

#[test]
fn time_and_allocations_are_those_of_the_calls() {
    let now = Cell::new(Duration::ZERO);
    let mut monitor = CallMonitor::new(|| now.get()).unwrap();
    assert_eq!((monitor.report().latency, monitor.report().allocations_per_call), (None, None));
    for i in 1..=1000_u64 {
        let answer = monitor.call(|| {
            now.set(now.get() + Duration::from_micros(i));
            if i % 10 == 0 { Some(Box::new(i)) } else { None }
        });
        assert_eq!(answer.is_some(), i % 10 == 0, "what the call returns is handed on");
        // What goes on between the calls is nobody's business.
        now.set(now.get() + Duration::from_secs(1));
        drop(black_box(vec![1_u8; 100]));
    }
    let report = monitor.report();
    assert_eq!((report.calls, report.calls_that_touched_the_heap), (1000, 100));
    assert_eq!((report.allocations, report.allocations_per_call), (100, Some(0.1)));
    assert_eq!(report.live_bytes, 800);
    let Quantiles { p50_ns, p90_ns, p99_ns, p999_ns, max_ns } = report.latency.unwrap();
    // Of 1 to 1000 us; the histogram is true to 1 %.
    for (ns, us) in [(p50_ns, 500), (p90_ns, 900), (p99_ns, 990), (p999_ns, 999), (max_ns, 1000)] {
        assert!((us * 1000..us * 1010).contains(&ns), "{ns} for {us} us");
    }
}

#[test]
fn a_function_that_is_watched_is_called_as_before() {
    let mut monitor = CallMonitor::new(|| Duration::ZERO).unwrap();
    let mut sum = 0;
    {
        let mut add = monitor.watch(|x: i32| {
            sum += x;
            sum
        });
        assert_eq!((add(1), add(2)), (1, 3));
    }
    assert_eq!((sum, monitor.report().calls), (3, 2));
}

#[test]
fn watching_takes_no_memory() {
    let mut monitor = CallMonitor::new(|| Duration::from_hours(1000)).unwrap();
    no_alloc(|| (0..1000).for_each(|i| assert_eq!(monitor.call(|| i), i))).unwrap();
    assert_eq!(monitor.report().allocations, 0);
    assert!(no_alloc(|| monitor.call(|| drop(black_box(Box::new(1))))).is_err());
}

#[test]
fn what_is_too_long_is_the_longest() {
    let mut durations = Durations::new();
    durations.record(Duration::MAX);
    let Quantiles { p50_ns, max_ns, .. } = durations.quantiles().unwrap();
    let hour = 3_600_000_000_000_u64;
    assert!(p50_ns == max_ns && (hour..hour / 100 * 101).contains(&max_ns), "{max_ns}");
}

proptest! {
    /// Against the sorted list; a quantile is the smallest reading that as many do not exceed.
    #[test]
    fn quantiles_are_those_of_the_sorted_list(
        readings in prop::collection::vec(1..10_000_000_u64, 1..200), split in 0_usize..200
    ) {
        let (here, there) = readings.split_at(split.min(readings.len()));
        let of = |readings: &[u64]| {
            let mut durations = Durations::new();
            for &ns in readings {
                durations.record(Duration::from_nanos(ns));
            }
            durations
        };
        let mut all = of(here);
        all.add(&of(there));
        let mut sorted = readings.clone();
        sorted.sort_unstable();
        let quantiles = all.quantiles().unwrap();
        for (got, share) in [(quantiles.p50_ns, 0.5), (quantiles.p90_ns, 0.9), (quantiles.max_ns, 1.0)] {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "few")]
            let place = ((share * sorted.len() as f64).ceil() as usize).max(1) - 1;
            let expected = sorted[place];
            prop_assert!(got >= expected && got <= expected + expected / 100 + 1, "{got}, {expected}");
        }
    }
}
