//! The counts of a thread are exact: known sequences, failures, the peak, and busy neighbours.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use memcheck::{CounterChange, CountingAllocator, Meter, ProcessMeter, ThreadMeter, no_alloc};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

/// A block larger than any allocator can provide.
const TOO_MUCH: usize = isize::MAX as usize;

#[test]
fn known_sequences() {
    //    what it does                                allocations, deallocations, reallocations, bytes
    check("nothing", || (), (0, 0, 0), 0);
    check("keep a box", || Box::new(7_u64), (1, 0, 0), 8);
    check("drop a box", || drop(black_box(Box::new(7_u64))), (1, 1, 0), 0);
    check("zeroed", || vec![0_u8; 100], (1, 0, 0), 100);
    check("aligned", || Box::new(Aligned([1; 64])), (1, 0, 0), 64);
    // Room for 4, 8, 16, and 32 numbers.
    check("pushes", || (0..17).fold(Vec::new(), pushed), (1, 0, 3), 32 * 8);
    check("shrink", || shrunk(vec![1_u64; 10]), (1, 0, 1), 3 * 8);
    check("failed allocation", || refused(Vec::new()), (0, 0, 0), 0);
    check("failed reallocation", || refused(vec![1; 16]), (1, 0, 0), 16);
}

/// Checks the counts of making a value, and that dropping it leaves nothing.
fn check<T>(what: &str, make: impl Fn() -> T, counts: (u64, u64, u64), live_bytes: i64) {
    let (allocations, deallocations, reallocations) = counts;
    let expected = CounterChange { allocations, deallocations, reallocations, live_bytes };
    let meter = ThreadMeter::new().unwrap();
    let before = meter.read();
    let value = black_box(make());
    assert_eq!(meter.read().since(&before), expected, "{what}");
    drop(value);
    assert_eq!(meter.read().since(&before).live_bytes, 0, "{what}, dropped");
}

#[repr(align(64))]
struct Aligned(#[expect(dead_code, reason = "only its size matters")] [u8; 64]);

fn pushed(mut numbers: Vec<u64>, i: u64) -> Vec<u64> {
    numbers.push(i);
    black_box(numbers)
}

fn shrunk(mut numbers: Vec<u64>) -> Vec<u64> {
    numbers.truncate(3);
    numbers.shrink_to_fit();
    numbers
}

fn refused(bytes: Vec<u8>) -> Vec<u8> {
    let mut bytes = black_box(bytes);
    assert!(bytes.try_reserve_exact(TOO_MUCH - bytes.len()).is_err());
    bytes
}

#[test]
fn peak_outlives_the_block_until_it_is_reset() {
    let mut meter = ThreadMeter::new().unwrap();
    meter.reset_peak();
    let live_bytes = meter.live_bytes().unwrap();
    assert_eq!(meter.read().peak_live_bytes, live_bytes);

    drop(black_box((vec![0_u8; 1000], vec![0_u8; 500])));
    drop(black_box(vec![0_u8; 200]));
    assert_eq!(meter.read().peak_live_bytes, live_bytes + 1500);

    meter.reset_peak();
    assert_eq!(meter.read().peak_live_bytes, live_bytes);
}

#[test]
fn a_noisy_neighbour_is_not_charged_to_this_thread() {
    let process = ProcessMeter::new().unwrap();
    let done = AtomicBool::new(false);
    let noise = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                drop(black_box(vec![0_u8; 64]));
            }
        });
        let noise = no_alloc(|| {
            let (before, start) = (process.read(), Instant::now());
            let noise = || process.read().since(&before).allocations;
            while noise() < 10_000 && start.elapsed() < Duration::from_mins(1) {
                thread::yield_now();
            }
            noise()
        });
        done.store(true, Relaxed);
        noise
    });
    assert!(noise.unwrap() >= 10_000, "the neighbour was not noisy");
}

#[test]
#[should_panic(expected = "`earlier` is earlier")]
fn readings_in_the_wrong_order() {
    let meter = ThreadMeter::new().unwrap();
    let before = meter.read();
    drop(black_box(Box::new(7_u64)));
    before.since(&meter.read());
}
