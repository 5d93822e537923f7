//! The pool: lending and returning, an empty shelf, waiting, resets, and that it touches no heap.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::thread;

use memcheck::{CountingAllocator, Exhausted, Growth, Pool, ThreadMeter, growth, no_alloc};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

fn pool(size: usize) -> Pool<Vec<u8>> {
    Pool::new((0..size).map(|_| Vec::with_capacity(64)), Vec::clear)
}

#[test]
fn an_exhausted_pool_says_so() {
    let pool = pool(2);
    let lent = [pool.try_take().unwrap(), pool.try_take().unwrap()];
    assert_eq!(pool.try_take().err(), Some(Exhausted { size: 2 }));
    assert_eq!((pool.size(), pool.available()), (2, 0));
    drop(lent);
    assert_eq!(pool.available(), 2);
    assert_eq!(
        self::pool(0).take().unwrap_err().to_string(),
        "the pool is exhausted: all 0 are lent"
    );
}

#[test]
fn what_is_returned_carries_nothing_over() {
    let pool = pool(1);
    let place = {
        let mut lent = pool.try_take().unwrap();
        lent.extend(*b"secret");
        lent.as_ptr()
    };
    let lent = pool.try_take().unwrap();
    assert!(lent.is_empty());
    assert_eq!(lent.as_ptr(), place, "it is the same one, and its room stays");
}

/// The test above can fail: without a reset everything is carried over.
#[test]
fn a_planted_reset_that_does_nothing_is_caught() {
    let pool = Pool::new([Vec::new()], |_: &mut Vec<u8>| ());
    pool.try_take().unwrap().push(7);
    assert!(!pool.try_take().unwrap().is_empty());
}

#[test]
fn who_waits_gets_the_next_that_is_returned() {
    let pool = Arc::new(Pool::new([0_u32], |_: &mut u32| ()));
    let mut lent = pool.take().unwrap();
    let (tell, told) = mpsc::channel();
    let waiting = thread::spawn({
        let pool = Arc::clone(&pool);
        move || {
            tell.send(()).unwrap();
            *pool.take().unwrap()
        }
    });
    told.recv().unwrap();
    *lent = 41;
    drop(lent);
    assert_eq!(waiting.join().unwrap(), 41);
}

#[test]
fn nobody_has_what_another_has() {
    let lent_out = AtomicU32::new(0);
    let pool = Pool::new([0_u32; 3], |_: &mut u32| ());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    let mut lent = pool.take().unwrap();
                    assert!(lent_out.fetch_add(1, Relaxed) < 3);
                    *lent += 1;
                    lent_out.fetch_sub(1, Relaxed);
                }
            });
        }
    });
    let all: Vec<_> = (0..3).map(|_| pool.try_take().unwrap()).collect();
    assert_eq!(all.iter().map(|lent| **lent).sum::<u32>(), 8000);
}

#[test]
fn a_panic_of_the_borrower_returns_it() {
    let pool = pool(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut lent = pool.try_take().unwrap();
        lent.push(1);
        std::panic::resume_unwind(Box::new(7_u8));
    }));
    assert!(panicked.is_err());
    assert!(pool.try_take().unwrap().is_empty());
}

#[test]
fn lending_takes_no_memory() {
    let pool = pool(2);
    no_alloc(|| {
        for _ in 0..1000 {
            pool.try_take().unwrap().extend(*b"in the room that is there");
        }
    })
    .unwrap();
    // The gate can fail: what outgrows its room is seen.
    assert!(no_alloc(|| pool.try_take().unwrap().extend([0; 65])).is_err());
}

#[test]
fn a_pool_leaves_nothing() {
    growth(&Growth::default(), |_| {
        let pool = pool(3);
        pool.try_take().unwrap().extend([0; 100]);
        pool
    })
    .unwrap()
    .check()
    .unwrap();
    // Whoever forgets a guard keeps what it guards.
    let meter = ThreadMeter::new().unwrap();
    let before = meter.read();
    let pool = pool(1);
    std::mem::forget(pool.try_take().unwrap());
    assert_eq!(pool.available(), 0);
    drop(pool);
    assert_eq!(meter.read().since(&before).live_bytes, 64);
}
