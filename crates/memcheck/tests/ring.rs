//! The ring against a plain list of everything, and that it lives on the room that it took.

use std::hint::black_box;

use memcheck::{CountingAllocator, GateError, Ring, ThreadMeter, no_alloc};
use proptest::prelude::*;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

#[derive(Clone, Copy, Debug)]
enum Step {
    Push(u32),
    Clear,
    Release,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![20 => any::<u32>().prop_map(Step::Push), 1 => Just(Step::Clear), 1 => Just(Step::Release)]
}

proptest! {
    #[test]
    fn the_newest_stay_and_the_others_are_counted(
        capacity in 0_usize..9, steps in prop::collection::vec(step(), 0..100)
    ) {
        let mut ring = Ring::with_capacity(capacity);
        // Everything since the last time that it was emptied, and the room that there is.
        let (mut all, mut lost, mut room) = (Vec::new(), 0_u64, capacity);
        for step in steps {
            match step {
                Step::Push(record) => {
                    ring.push(record);
                    all.push(record);
                }
                Step::Clear => {
                    ring.clear();
                    all.clear();
                    (lost, room) = (0, capacity);
                }
                Step::Release => {
                    ring.release();
                    lost += all.len().saturating_sub(room) as u64;
                    all.clear();
                    room = 0;
                }
            }
            let gone = all.len().saturating_sub(room);
            prop_assert!(ring.iter().eq(&all[gone..]));
            prop_assert_eq!(ring.dropped(), lost + gone as u64);
            prop_assert_eq!((ring.len(), ring.is_empty()), (all.len() - gone, all.len() == gone));
            prop_assert_eq!(ring.capacity(), capacity);
        }
    }
}

#[test]
fn it_touches_the_heap_only_for_its_room() {
    let live_bytes = || ThreadMeter::new().unwrap().read().live_bytes;
    let before = live_bytes();
    let mut ring = Ring::with_capacity(100);
    assert_eq!(live_bytes() - before, 800);
    no_alloc(|| {
        (0..1000_u64).for_each(|i| ring.push(i));
        ring.clear();
        (0..1000_u64).for_each(|i| ring.push(i));
    })
    .unwrap();
    ring.release();
    assert_eq!(live_bytes() - before, 0);
    no_alloc(|| ring.push(7)).unwrap();
    // The gate can fail: here room is taken again.
    assert!(matches!(no_alloc(|| ring.clear()), Err(GateError::HeapTouched(_))));
    drop(black_box(ring));
    assert_eq!(live_bytes() - before, 0);
}
