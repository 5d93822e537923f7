//! The allocator that counts: it hands every request to another allocator and records the outcome.
//!
//! It does not know what the counts are for, and never refuses, delays or pads a request.
//!
//! Validated by `tests/forwarding.rs` (each method reaches its namesake, failures do not count).

use std::alloc::{GlobalAlloc, Layout, System};

#[cfg(feature = "profile")]
use crate::attribution;
use crate::counters::{Event, record};

/// A global allocator that counts what passes through it, for each thread and for the process.
///
/// ```
/// use memcheck::CountingAllocator;
///
/// #[global_allocator]
/// static ALLOCATOR: CountingAllocator = CountingAllocator::system();
/// # fn main() {}
/// ```
///
/// The counts belong to the program, not to the value: of two counting allocators nested in each
/// other, each would count every block. The target has to have native thread locals (those of
/// Linux, macOS and Windows are); elsewhere a thread local itself allocates.
#[derive(Clone, Copy, Debug)]
pub struct CountingAllocator<A = System> {
    inner: A,
}

impl CountingAllocator {
    /// Counts in front of the operating system's allocator.
    pub const fn system() -> Self {
        Self::new(System)
    }
}

impl<A> CountingAllocator<A> {
    /// Counts in front of `inner`.
    pub const fn new(inner: A) -> Self {
        Self { inner }
    }
}

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: every block comes from `inner` and goes back to it, with the layout that the caller
// gave; counting neither allocates nor unwinds.
unsafe impl<A: GlobalAlloc> GlobalAlloc for CountingAllocator<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`, which is also that of `inner`.
        let block = unsafe { self.inner.alloc(layout) };
        if !block.is_null() {
            record(Event::Allocation, signed(layout.size()));
            #[cfg(feature = "profile")]
            attribution::allocated(block, layout.size());
        }
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as for `alloc`.
        let block = unsafe { self.inner.alloc_zeroed(layout) };
        if !block.is_null() {
            record(Event::Allocation, signed(layout.size()));
            #[cfg(feature = "profile")]
            attribution::allocated(block, layout.size());
        }
        block
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // Before: once it has moved, its place may be another thread's.
        #[cfg(feature = "profile")]
        let noted = attribution::freeing(block);
        // SAFETY: the caller got `block` with `layout` from `self`, hence from `inner`.
        let resized = unsafe { self.inner.realloc(block, layout, new_size) };
        if resized.is_null() {
            #[cfg(feature = "profile")]
            attribution::kept(block, noted);
        } else {
            record(Event::Reallocation, signed(new_size) - signed(layout.size()));
            #[cfg(feature = "profile")]
            attribution::allocated(resized, new_size);
        }
        resized
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        #[cfg(feature = "profile")]
        attribution::freeing(block);
        // SAFETY: as for `realloc`.
        unsafe { self.inner.dealloc(block, layout) };
        record(Event::Deallocation, -signed(layout.size()));
    }
}

/// The size of a block, which Rust bounds by `isize::MAX`, as a signed number.
const fn signed(size: usize) -> i64 {
    size.cast_signed() as i64
}
