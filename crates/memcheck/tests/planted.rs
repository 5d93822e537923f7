//! Faults planted on purpose, each by name: every one is caught by the gates, and attributed to the
//! function that made it; its clean twin passes, a hundred times out of a hundred.
//!
//! The fault that leaves no byte behind is in `fragmentation.rs`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::mem::forget;
use std::rc::Rc;
use std::time::Duration;

use memcheck::{
    Attribution, AttributionError, CountingAllocator, GateError, Growth, Length, Soak, SoakError,
    ThreadMeter, growth, soak,
};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

const GATE: Growth = Growth { repetitions: 10_000, warm_up: 100, ..DEFAULT };
const DEFAULT: Growth =
    Growth { repetitions: 0, warm_up: 0, limit_bytes_per_1000: 0, scope: memcheck::Scope::Thread };

/// What counts is exact: the smallest slope that can be asked for is a byte in an hour.
const SOAK: Soak<'_> =
    Soak { length: Length::Calls(10_000), samples: 100, limit_bytes_per_hour: 1.0, stop: None };

#[derive(Default)]
struct Link {
    next: RefCell<Option<Rc<Link>>>,
}

thread_local! {
    #[expect(clippy::vec_box, reason = "each call is to leave a block of its own")]
    static NEVER_FREED: RefCell<Vec<Box<u64>>> = const { RefCell::new(Vec::new()) };
}

#[inline(never)]
fn forgotten_box(i: u64, faulty: bool) {
    let thing = black_box(Box::new(i));
    if faulty {
        forget(thing);
    }
}

#[inline(never)]
fn rc_cycle(_: u64, faulty: bool) {
    let link = black_box(Rc::new(Link::default()));
    if faulty {
        link.next.replace(Some(Rc::clone(&link)));
    }
}

#[inline(never)]
fn growing_history(history: &mut Vec<u64>, i: u64, faulty: bool) {
    if !faulty && history.len() == 50 {
        history.clear();
    }
    history.push(i);
}

#[inline(never)]
fn growing_map(by_time: &mut BTreeMap<u64, u64>, i: u64, faulty: bool) {
    by_time.insert(i * 10, i);
    if !faulty {
        by_time.clear();
    }
}

#[inline(never)]
fn thread_local_never_freed(i: u64, faulty: bool) {
    NEVER_FREED.with_borrow_mut(|kept| {
        kept.push(Box::new(i));
        if !faulty {
            *kept = Vec::new();
        }
    });
}

#[inline(never)]
fn eight_bytes_every_1000th_call(i: u64, faulty: bool) {
    let thing = black_box(Box::new(i));
    if faulty && i.is_multiple_of(1000) {
        forget(thing);
    }
}

#[inline(never)]
fn leak_on_the_error_path(i: u64, faulty: bool) {
    let text = if i.is_multiple_of(100) { "no number" } else { "7" };
    if let Err(error) = text.parse::<u64>() {
        let message = black_box(error.to_string());
        if faulty {
            forget(message);
        }
    }
}

type Body = Box<dyn FnMut(u64, bool)>;

fn planted() -> [(&'static str, Body); 7] {
    let (mut history, mut by_time) = (Vec::new(), BTreeMap::new());
    [
        ("forgotten_box", Box::new(forgotten_box)),
        ("rc_cycle", Box::new(rc_cycle)),
        ("growing_history", Box::new(move |i, faulty| growing_history(&mut history, i, faulty))),
        ("growing_map", Box::new(move |i, faulty| growing_map(&mut by_time, i, faulty))),
        ("thread_local_never_freed", Box::new(thread_local_never_freed)),
        ("eight_bytes_every_1000th_call", Box::new(eight_bytes_every_1000th_call)),
        ("leak_on_the_error_path", Box::new(leak_on_the_error_path)),
    ]
}

/// Calls that no gate has made before.
const LATER: u64 = 100_000;

/// An hour at 100 Hz has 360,000 calls.
fn clock(calls: u64) -> Duration {
    Duration::from_millis(10 * calls)
}

/// One test: there is one attribution at a time, and it sees all threads.
#[test]
fn each_is_caught_and_named_and_its_clean_twin_passes() {
    for (name, mut body) in planted() {
        for _ in 0..100 {
            growth(&GATE, |i| body(i, false)).unwrap().check().unwrap();
        }
        let meter = &mut ThreadMeter::new().unwrap();
        let clean = soak(&SOAK, meter, clock, |i| body(i, false)).unwrap();
        clean.check().unwrap();

        let attribution = Attribution::start().unwrap();
        assert_eq!(Attribution::start().err(), Some(AttributionError::IsOn));
        let report = growth(&GATE, |i| body(i, true)).unwrap();
        let survivors = attribution.survivors();
        assert!(matches!(report.check(), Err(GateError::Grew { .. })), "{name}: {report:?}");
        let site = &survivors.sites[0];
        // With or without its path and its closure: that depends on how much of it was inlined.
        assert!(site.function.split("::").any(|part| part == name), "{survivors}");
        let location = site.location.as_deref().unwrap();
        assert!(location.contains("tests/planted.rs:"), "{location}");
        assert!(site.stack.iter().any(|function| function.contains("each_is_caught")), "{site:?}");
        drop(attribution);

        // A container that has just taken room for the rest of the soak may be undecided. That is no pass.
        let soaked = soak(&SOAK, meter, clock, |i| body(LATER + i, true)).unwrap();
        assert!(
            matches!(soaked.check(), Err(SoakError::NotFlat(_))),
            "{name}: {}",
            soaked.judgement
        );
    }

    // Nothing is left to be told of what came back.
    let attribution = Attribution::start().unwrap();
    let (mut vector, kept) = (Vec::new(), vec![1_u8; 10]);
    (0..1000_u64).for_each(|i| vector.push(black_box(i)));
    vector.truncate(3);
    vector.shrink_to_fit();
    let bytes: u64 = attribution.survivors().sites.iter().map(|site| site.bytes).sum();
    assert_eq!(bytes, 10 + 3 * 8);
    drop((vector, black_box(kept)));
    assert_eq!(attribution.survivors().sites, []);
}
