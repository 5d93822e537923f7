//! What is counted, and where the counts are kept: once for the process, once for each thread.
//!
//! No locks and no allocation, because the code here runs inside the allocator. It does not know
//! which allocator feeds it, nor whether one does.
//!
//! Validated by `tests/thread_counts.rs`, `tests/process_counts.rs` and, against an independent
//! counter, `tests/stats_alloc.rs`.

use std::cell::Cell;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use serde::Serialize;

/// Everything counted since the start of the thread or of the process.
///
/// Bytes are those that the program asked for; what the allocator adds for itself is unknown here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Blocks obtained, zeroed ones included.
    pub allocations: u64,
    /// Blocks given back.
    pub deallocations: u64,
    /// Blocks resized, in place or by moving.
    pub reallocations: u64,
    /// Bytes obtained minus bytes given back. Negative in a thread that frees what others allocated.
    pub live_bytes: i64,
    /// The highest value of `live_bytes` since the start, or since the meter's `reset_peak`.
    ///
    /// A block that moves while it is resized counts once, although both copies exist for a moment.
    pub peak_live_bytes: i64,
}

/// The difference between two readings of one meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CounterChange {
    /// Blocks obtained between the readings.
    pub allocations: u64,
    /// Blocks given back between the readings.
    pub deallocations: u64,
    /// Blocks resized between the readings.
    pub reallocations: u64,
    /// Net bytes left behind; negative if more was given back than obtained.
    pub live_bytes: i64,
}

/// What happened to a block.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    Allocation,
    Deallocation,
    Reallocation,
}

impl Counters {
    const ZERO: Self = Self {
        allocations: 0,
        deallocations: 0,
        reallocations: 0,
        live_bytes: 0,
        peak_live_bytes: 0,
    };

    /// What happened between an `earlier` reading of the same meter and this one.
    ///
    /// # Panics
    ///
    /// If `earlier` is the later of the two, or comes from another meter that has counted more.
    pub fn since(&self, earlier: &Self) -> CounterChange {
        let passed = |now: u64, then: u64| now.checked_sub(then).expect("`earlier` is earlier");
        CounterChange {
            allocations: passed(self.allocations, earlier.allocations),
            deallocations: passed(self.deallocations, earlier.deallocations),
            reallocations: passed(self.reallocations, earlier.reallocations),
            live_bytes: self.live_bytes - earlier.live_bytes,
        }
    }

    fn after(mut self, event: Event, bytes: i64) -> Self {
        match event {
            Event::Allocation => self.allocations += 1,
            Event::Deallocation => self.deallocations += 1,
            Event::Reallocation => self.reallocations += 1,
        }
        self.live_bytes += bytes;
        self.peak_live_bytes = self.peak_live_bytes.max(self.live_bytes);
        self
    }
}

impl CounterChange {
    /// Whether the heap was left alone: nothing obtained, resized or given back.
    pub fn is_none(&self) -> bool {
        (self.allocations, self.reallocations, self.deallocations) == (0, 0, 0)
    }
}

thread_local! {
    // Constant initialisation and no destructor: first use allocates nothing, and the counters
    // still answer while the other thread locals of a dying thread are being dropped.
    static THREAD: Cell<Counters> = const { Cell::new(Counters::ZERO) };
}

static PROCESS: Shared = Shared {
    allocations: AtomicU64::new(0),
    deallocations: AtomicU64::new(0),
    reallocations: AtomicU64::new(0),
    live_bytes: AtomicI64::new(0),
    peak_live_bytes: AtomicI64::new(0),
};

/// `Counters` that all threads add to. Each count is exact by itself, so relaxed order suffices;
/// a reading taken while other threads allocate may catch one of their events half-way.
struct Shared {
    allocations: AtomicU64,
    deallocations: AtomicU64,
    reallocations: AtomicU64,
    live_bytes: AtomicI64,
    peak_live_bytes: AtomicI64,
}

impl Shared {
    fn record(&self, event: Event, bytes: i64) {
        let count = match event {
            Event::Allocation => &self.allocations,
            Event::Deallocation => &self.deallocations,
            Event::Reallocation => &self.reallocations,
        };
        count.fetch_add(1, Relaxed);
        let live_bytes = self.live_bytes.fetch_add(bytes, Relaxed) + bytes;
        // A look before the update keeps the common case free of a second contended write.
        if live_bytes > self.peak_live_bytes.load(Relaxed) {
            self.peak_live_bytes.fetch_max(live_bytes, Relaxed);
        }
    }

    fn read(&self) -> Counters {
        Counters {
            allocations: self.allocations.load(Relaxed),
            deallocations: self.deallocations.load(Relaxed),
            reallocations: self.reallocations.load(Relaxed),
            live_bytes: self.live_bytes.load(Relaxed),
            peak_live_bytes: self.peak_live_bytes.load(Relaxed),
        }
    }
}

/// Counts one event that changed the live bytes by `bytes`.
pub(crate) fn record(event: Event, bytes: i64) {
    // The thread's counters have no destructor, hence are never gone; but a panic would abort the
    // program from inside its allocator, so this does not rely on it.
    let _ = THREAD.try_with(|thread| thread.update(|counters| counters.after(event, bytes)));
    PROCESS.record(event, bytes);
}

pub(crate) fn of_thread() -> Counters {
    THREAD.get()
}

pub(crate) fn of_process() -> Counters {
    PROCESS.read()
}

pub(crate) fn reset_thread_peak() {
    let counters = THREAD.get();
    THREAD.set(Counters { peak_live_bytes: counters.live_bytes, ..counters });
}

/// The peak was at least this.
pub(crate) fn raise_thread_peak(peak_live_bytes: i64) {
    let counters = THREAD.get();
    let peak_live_bytes = counters.peak_live_bytes.max(peak_live_bytes);
    THREAD.set(Counters { peak_live_bytes, ..counters });
}

pub(crate) fn reset_process_peak() {
    PROCESS.peak_live_bytes.store(PROCESS.live_bytes.load(Relaxed), Relaxed);
}
