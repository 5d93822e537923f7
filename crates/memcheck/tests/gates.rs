//! The gates pass what is clean and catch every planted fault.

use std::cell::RefCell;
use std::hint::black_box;
use std::mem::forget;
use std::rc::Rc;

use memcheck::{
    CounterChange, CountingAllocator, GateError, Growth, ThreadMeter, growth, no_alloc, peak_below,
};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

const NOTHING: CounterChange =
    CounterChange { allocations: 0, deallocations: 0, reallocations: 0, live_bytes: 0 };

#[test]
fn no_alloc_passes_arithmetic_in_memory_taken_before() {
    let mut ring = vec![0.0; 64];
    let sum = no_alloc(|| {
        for i in 0..10_000_u16 {
            ring[usize::from(i % 64)] = f64::from(i).sqrt();
        }
        ring.iter().sum::<f64>()
    });
    assert_eq!(sum, Ok(ring.iter().sum()));
}

#[test]
fn no_alloc_catches_an_allocation() {
    assert_eq!(
        no_alloc(|| forget(black_box(Box::new(1_u64)))),
        Err(GateError::HeapTouched(CounterChange { allocations: 1, live_bytes: 8, ..NOTHING }))
    );
}

#[test]
fn no_alloc_catches_a_temporary_that_leaves_nothing() {
    assert_eq!(
        no_alloc(|| drop(black_box(Box::new(1_u64)))),
        Err(GateError::HeapTouched(CounterChange { allocations: 1, deallocations: 1, ..NOTHING }))
    );
}

#[test]
fn no_alloc_catches_a_bare_deallocation() {
    let block = black_box(Box::new(1_u64));
    assert_eq!(
        no_alloc(move || drop(block)),
        Err(GateError::HeapTouched(CounterChange { deallocations: 1, live_bytes: -8, ..NOTHING }))
    );
}

#[test]
fn no_alloc_catches_a_reallocation() {
    let mut numbers = black_box(vec![1_u8; 16]);
    assert_eq!(
        no_alloc(|| numbers.reserve_exact(16)),
        Err(GateError::HeapTouched(CounterChange { reallocations: 1, live_bytes: 16, ..NOTHING }))
    );
}

#[test]
fn peak_below_looks_at_the_highest_moment() {
    let kilobytes = |n: usize| drop(black_box(vec![0_u8; n * 1000]));
    assert_eq!(peak_below(3000, || [1, 3, 2].map(kilobytes).len()), Ok(3));
    assert_eq!(
        peak_below(2999, || [1, 3, 2].map(kilobytes).len()),
        Err(GateError::PeakAbove { peak_bytes: 3000, limit_bytes: 2999 })
    );
    // What was there before does not count, and what goes makes room.
    let before = vec![0_u8; 10_000];
    let replaced = peak_below(0, move || {
        drop(before);
        vec![0_u8; 10_000]
    });
    assert_eq!(replaced.map(|bytes| bytes.len()), Ok(10_000));
}

#[test]
fn peak_below_does_not_disturb_who_measures_around_it() {
    let meter = ThreadMeter::new().unwrap();
    let ((), peak) = meter.peak_during(|| {
        drop(black_box(vec![0_u8; 5000]));
        peak_below(100, || drop(black_box(vec![0_u8; 100]))).unwrap();
        assert!(peak_below(99, || drop(black_box(vec![0_u8; 100]))).is_err());
    });
    assert_eq!(peak, 5000);
    // Nor is it disturbed by who is higher.
    let kept = black_box(vec![0_u8; 5000]);
    let ((), peak) = meter.peak_during(|| peak_below(700, || drop(vec![0_u8; 700])).unwrap());
    assert_eq!(peak, 700);
    drop(kept);
}

#[test]
fn growth_passes_what_cleans_up_after_itself() {
    let mut once = None;
    leaves(Growth::default(), 0, |i| {
        once.get_or_insert_with(|| vec![i; 1000]);
        vec![i; 100]
    });
}

#[test]
fn growth_catches_a_forgotten_box() {
    leaves(Growth::default(), 1000 * 8, |i| forget(black_box(Box::new(i))));
}

#[test]
fn growth_catches_a_cycle() {
    #[derive(Default)]
    struct Node {
        next: RefCell<Option<Rc<Node>>>,
    }
    // Two reference counts, the borrow flag and the pointer: four words.
    let words_of_1000 = 4 * 1000 * i64::from(usize::BITS / 8);
    leaves(Growth::default(), words_of_1000, |_| {
        let node = Rc::new(Node::default());
        node.next.replace(Some(Rc::clone(&node)));
        node
    });
}

#[test]
fn growth_catches_a_history_however_long_the_warm_up() {
    for warm_up in [10, 64, 600, 999] {
        let mut history: Vec<u64> = Vec::new();
        let gate = Growth { warm_up, ..Growth::default() };
        let report = growth(&gate, |i| history.push(i)).unwrap();
        assert!(matches!(report.check(), Err(GateError::Grew { .. })), "{report:?}");
    }
}

#[test]
fn growth_catches_a_rare_leak_given_enough_repetitions() {
    let every_1000th = |i: u64| (i % 1000 == 999).then(|| forget(black_box(Box::new(i))));
    leaves(Growth { repetitions: 100_000, ..Growth::default() }, 100 * 8, every_1000th);
    leaves(Growth { repetitions: 900, ..Growth::default() }, 0, every_1000th);
    // A single one, which is less than a byte per 1000.
    let once = |i: u64| (i == 77_777).then(|| forget(black_box(Box::new(i))));
    leaves(Growth { repetitions: 100_000, ..Growth::default() }, 8, once);
}

#[test]
fn growth_counts_what_comes_back_as_gain() {
    let mut stock: Vec<_> = (0..1010_u64).map(Box::new).collect();
    leaves(Growth::default(), -1000 * 8, |_| stock.pop());
}

/// Runs a gate, and checks what it reports and that it passes only if nothing is left.
fn leaves<T>(gate: Growth, bytes_left: i64, body: impl FnMut(u64) -> T) {
    let report = growth(&gate, body).unwrap();
    assert_eq!(report.change.live_bytes, bytes_left);
    assert_eq!(report.bytes_left_per_1000, bytes_left as f64 * 1000.0 / gate.repetitions as f64);
    let Growth { repetitions, limit_bytes_per_1000, .. } = gate;
    let expected = if bytes_left <= 0 {
        Ok(())
    } else {
        Err(GateError::Grew { bytes_left, repetitions, limit_bytes_per_1000 })
    };
    assert_eq!(report.check(), expected);
}

#[test]
fn the_limit_is_the_last_value_that_passes() {
    let eight_bytes_a_call = |limit_bytes_per_1000| {
        let gate = Growth { limit_bytes_per_1000, ..Growth::default() };
        growth(&gate, |i| forget(black_box(Box::new(i)))).unwrap().check()
    };
    assert_eq!(eight_bytes_a_call(8000), Ok(()));
    assert!(eight_bytes_a_call(7999).is_err());
}

#[test]
fn too_few_repetitions_are_no_pass() {
    for (repetitions, warm_up) in [(0, 0), (10, 10), (10, 1000)] {
        let gate = Growth { repetitions, warm_up, ..Growth::default() };
        let refused = growth(&gate, |_| unreachable!("a gate that cannot judge runs nothing"));
        assert_eq!(refused, Err(GateError::TooFewRepetitions { repetitions, warm_up }));
    }
}

#[test]
fn a_report_is_serialised_with_its_question() {
    let gate = Growth { repetitions: 4, warm_up: 0, ..Growth::default() };
    let report = growth(&gate, |i| forget(black_box(Box::new(i)))).unwrap();
    assert_eq!(
        serde_json::to_value(report).unwrap(),
        serde_json::json!({
            "gate": {
                "repetitions": 4, "warm_up": 0, "limit_bytes_per_1000": 0, "scope": "Thread"
            },
            "change": {
                "allocations": 4, "deallocations": 0, "reallocations": 0, "live_bytes": 32
            },
            "bytes_left_per_1000": 8000.0
        })
    );
}
