//! Oracle: `stats_alloc` 0.1.10 behind our allocator counts the same requests. It has no peak, and
//! counts requests before their success, so that none may fail here.

mod single;

use std::alloc::System;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hint::black_box;

use memcheck::{CountingAllocator, ProcessMeter, ThreadMeter};
use stats_alloc::{Region, StatsAlloc};

static ORACLE: StatsAlloc<System> = StatsAlloc::system();

#[global_allocator]
static ALLOCATOR: CountingAllocator<&StatsAlloc<System>> = CountingAllocator::new(&ORACLE);

fn main() {
    single::run("stats_alloc", || {
        check("nothing", || ());
        check("boxes", || black_box((0..100).map(Box::new).collect::<Vec<_>>()));
        check("zeroed", || black_box(vec![0_u64; 1000]));
        check("pushes", || {
            let mut numbers = Vec::new();
            (0..1000).for_each(|i| numbers.push(black_box(i)));
            numbers
        });
        check("deque", || (0..1000).collect::<VecDeque<_>>());
        check("strings", || (0..100).map(|i| "x".repeat(i)).collect::<Vec<_>>());
        check("tree", || (0..1000).map(|i| (i, vec![i])).collect::<BTreeMap<_, _>>());
        check("map that shrinks", || {
            let mut map: HashMap<_, _> = (0..1000).map(|i| (i, i)).collect();
            map.retain(|key, _| key % 100 == 0);
            map.shrink_to_fit();
            map
        });
    });
}

/// Compares the counts of making a value, while it lives and after it is dropped.
fn check<T>(what: &str, make: impl Fn() -> T) {
    let (thread, process) = (ThreadMeter::new().unwrap(), ProcessMeter::new().unwrap());
    let oracle = Region::new(&ORACLE);
    let (thread_before, process_before) = (thread.read(), process.read());
    let agree = || {
        let (theirs, ours) = (oracle.change(), process.read().since(&process_before));
        assert_eq!(ours.allocations, theirs.allocations as u64, "{what}");
        assert_eq!(ours.deallocations, theirs.deallocations as u64, "{what}");
        assert_eq!(ours.reallocations, theirs.reallocations as u64, "{what}");
        let live_bytes =
            theirs.bytes_allocated.wrapping_sub(theirs.bytes_deallocated).cast_signed() as i64;
        assert_eq!(ours.live_bytes, live_bytes, "{what}");
        assert_eq!(thread.read().since(&thread_before), ours, "{what}: there is one thread only");
    };
    let value = black_box(make());
    agree();
    drop(value);
    agree();
}
