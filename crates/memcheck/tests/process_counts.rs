//! The whole-process counts are exact: all threads together, teardown included, and the peak.

mod single;

use std::hint::black_box;
use std::thread;

use memcheck::{CountingAllocator, Meter, ProcessMeter, ThreadMeter};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

const MIB: i64 = 1 << 20;

fn main() {
    single::run("process_counts", || {
        // The first thread of a program makes the standard library allocate for good.
        thread::spawn(|| ()).join().unwrap();
        freed_by_another_thread();
        threads_add_up();
        counts_while_a_thread_is_torn_down();
        peak_of_a_phase();
    });
}

fn freed_by_another_thread() {
    let (thread, process) = (ThreadMeter::new().unwrap(), ProcessMeter::new().unwrap());
    let (process_before, this_before) = (process.read(), thread.read());
    let block = thread::spawn(|| black_box(vec![1_u8; 1 << 20])).join().unwrap();
    assert_eq!(process.read().since(&process_before).live_bytes, MIB);

    let received = thread.read();
    drop(block);
    let freed = thread.read().since(&received);
    assert_eq!((freed.deallocations, freed.live_bytes), (1, -MIB));
    assert!(thread.read().live_bytes < this_before.live_bytes);
    assert_eq!(process.read().since(&process_before).live_bytes, 0);
}

fn threads_add_up() {
    let process = ProcessMeter::new().unwrap();
    let allocations_of_four_threads = |boxes: u64| {
        let before = process.read();
        let work = move || (0..boxes).for_each(|i| drop(black_box(Box::new(i))));
        // Joined one by one: a scope may end before its threads have given everything back.
        let threads: [_; 4] = std::array::from_fn(|_| thread::spawn(work));
        for thread in threads {
            thread.join().unwrap();
        }
        process.read().since(&before).allocations
    };
    let of_spawning = allocations_of_four_threads(0);
    assert_eq!(allocations_of_four_threads(10_000) - of_spawning, 4 * 10_000);
}

fn counts_while_a_thread_is_torn_down() {
    struct AllocatesOnExit;
    impl Drop for AllocatesOnExit {
        fn drop(&mut self) {
            let before = ThreadMeter::new().unwrap().read();
            std::mem::forget(black_box(Box::new([0_u8; 24])));
            assert_eq!(ThreadMeter::new().unwrap().read().since(&before).live_bytes, 24);
        }
    }
    thread_local!(static LAST: AllocatesOnExit = const { AllocatesOnExit });

    let process = ProcessMeter::new().unwrap();
    // Registering a destructor allocates too, and that is given back: only the planted block stays.
    let before = process.read();
    thread::spawn(|| LAST.with(|_| ())).join().unwrap();
    assert_eq!(process.read().since(&before).live_bytes, 24);
}

fn peak_of_a_phase() {
    let mut process = ProcessMeter::new().unwrap();
    drop(black_box(vec![0_u8; 8 << 20]));
    assert!(process.read().peak_live_bytes >= 8 * MIB);

    process.reset_peak();
    let live_bytes = process.live_bytes().unwrap();
    drop(black_box(vec![0_u8; 1 << 20]));
    assert_eq!(process.read().peak_live_bytes, live_bytes + MIB);
    assert_eq!(process.live_bytes().unwrap(), live_bytes);
}
