//! Each method of the allocator reaches its namesake behind it, once.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use memcheck::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator<Spy> = CountingAllocator::new(Spy);

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Calls {
    alloc: u32,
    alloc_zeroed: u32,
    realloc: u32,
    dealloc: u32,
}

thread_local! {
    static CALLS: Cell<Calls> =
        const { Cell::new(Calls { alloc: 0, alloc_zeroed: 0, realloc: 0, dealloc: 0 }) };
}

fn note(call: fn(&mut Calls)) {
    let mut calls = CALLS.get();
    call(&mut calls);
    CALLS.set(calls);
}

/// Notes which of its methods were called.
struct Spy;

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: hands everything to `System`.
unsafe impl GlobalAlloc for Spy {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(|calls| calls.alloc += 1);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(|calls| calls.alloc_zeroed += 1);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        note(|calls| calls.realloc += 1);
        // SAFETY: the caller keeps the contract.
        unsafe { System.realloc(block, layout, new_size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        note(|calls| calls.dealloc += 1);
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(block, layout) }
    }
}

#[test]
fn every_method_reaches_its_namesake() {
    CALLS.set(Calls::default());

    let mut filled = black_box(vec![1_u8; 64]);
    assert_eq!(CALLS.get(), Calls { alloc: 1, ..Calls::default() });

    let zeroed = black_box(vec![0_u8; 64]);
    assert_eq!(CALLS.get(), Calls { alloc: 1, alloc_zeroed: 1, ..Calls::default() });

    filled.reserve_exact(1000);
    assert_eq!(CALLS.get(), Calls { alloc: 1, alloc_zeroed: 1, realloc: 1, dealloc: 0 });

    drop((black_box(filled), zeroed));
    assert_eq!(CALLS.get(), Calls { alloc: 1, alloc_zeroed: 1, realloc: 1, dealloc: 2 });
}
