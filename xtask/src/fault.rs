//! Memory faults planted on purpose: a gate that has never failed has not been tested.
//!
//! A faulty controller commands what its law commands; only its memory is mismanaged. Some faults
//! leave bytes behind without allocating in a sound step, some allocate in steps without leaving bytes
//! behind their controller, one keeps live bytes flat, so that each gate is tried by itself. Each has
//! to be caught by each task that can see it: `tests/leakcheck.rs`, `tests/soak.rs`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::mem::forget;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use clap::ValueEnum;
use smc_controllers::{Command, Controller, Sample};

/// What is done wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// Each run begins with a box that nobody drops.
    Box,
    /// Each run begins with an `Rc` that keeps itself alive.
    RcCycle,
    /// Each step is remembered, without a bound, until the controller is dropped.
    History,
    /// Each step is remembered under its time, without a bound, until the controller is dropped.
    Map,
    /// Each run leaves something in a thread-local, which nobody clears while the thread lives.
    ThreadLocal,
    /// Every 1000th step leaves 8 bytes.
    Rare,
    /// A measurement that is no number leaves a box.
    ErrorPath,
    /// The heap is riddled with holes that nothing fits into; not a byte more is live.
    Fragmentation,
    /// Each controller keeps a kilobyte that it does not need.
    Bulk,
}

/// Steps from one leak to the next.
const RARE: u64 = 1000;

/// Steps that a short-lived controller has in mind: each begins to count where those before it would
/// have ended, so that what is rare happens to one in five of them, in its first step.
const SHORT_LIFE: u64 = 200;

/// Faulty controllers that there were.
static BORN: AtomicU64 = AtomicU64::new(0);

thread_local! {
    #[expect(clippy::vec_box, reason = "each run is to leave a block of its own")]
    static KEPT_BY_THREAD: RefCell<Vec<Box<[f64; 6]>>> = const { RefCell::new(Vec::new()) };
}

/// A law with a fault.
#[derive(Debug)]
pub(crate) struct Faulty<C> {
    law: C,
    fault: Fault,
    steps: Cell<u64>,
    history: RefCell<Vec<f64>>,
    by_time: RefCell<BTreeMap<u64, f64>>,
    holes: RefCell<Option<Holes>>,
    _bulk: Option<Box<[u8; 1024]>>,
}

impl<C> Faulty<C> {
    pub(crate) fn new(law: C, fault: Fault) -> Self {
        let holes = (fault == Fault::Fragmentation).then(Holes::new);
        Self {
            law,
            fault,
            steps: Cell::new(BORN.fetch_add(1, Relaxed) * SHORT_LIFE),
            history: RefCell::default(),
            by_time: RefCell::default(),
            holes: RefCell::new(holes),
            _bulk: (fault == Fault::Bulk).then(|| black_box(Box::new([0; 1024]))),
        }
    }
}

impl<C: Controller> Controller for Faulty<C> {
    type Memory = C::Memory;

    fn initial_memory(&self) -> C::Memory {
        match self.fault {
            Fault::Box => forget_a_box(),
            Fault::RcCycle => close_a_cycle(),
            Fault::ThreadLocal => keep_in_the_thread(),
            _ => {}
        }
        self.law.initial_memory()
    }

    fn law(&self, memory: &mut C::Memory, sample: &Sample<'_>) -> Command {
        let command = self.law.law(memory, sample);
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        match self.fault {
            Fault::History => remember_a_step(&mut self.history.borrow_mut(), command.u),
            Fault::Map => {
                remember_by_time(
                    &mut self.by_time.borrow_mut(),
                    steps as f64 * sample.dt,
                    command.u,
                );
            }
            Fault::Rare if steps % RARE == 1 => leak_eight_bytes(),
            Fault::ErrorPath if sample.state.theta1.is_nan() => forget_the_error(),
            Fault::Fragmentation if steps.is_multiple_of(HOLES_EVERY) => {
                self.holes.borrow_mut().as_mut().into_iter().for_each(riddle);
            }
            _ => {}
        }
        command
    }
}

// Without the black box the compiler would remove an allocation that nobody uses; and each fault has a
// function of its own, so that it can be named.

#[inline(never)]
fn forget_a_box() {
    forget(black_box(Box::new([0.0; 6])));
}

#[inline(never)]
fn close_a_cycle() {
    let link = Rc::new(Link::default());
    *link.next.borrow_mut() = Some(Rc::clone(&link));
    drop(black_box(link));
}

#[inline(never)]
fn keep_in_the_thread() {
    KEPT_BY_THREAD.with_borrow_mut(|kept| kept.push(black_box(Box::new([0.0; 6]))));
    // Otherwise the last call would take this function's place on the stack.
    black_box(());
}

#[inline(never)]
fn remember_a_step(history: &mut Vec<f64>, u: f64) {
    history.push(black_box(u));
}

#[inline(never)]
fn remember_by_time(by_time: &mut BTreeMap<u64, f64>, t: f64, u: f64) {
    // Positive numbers are in the order of their bits.
    by_time.insert(t.to_bits(), black_box(u));
}

#[inline(never)]
fn leak_eight_bytes() {
    forget(black_box(Box::new(0_u64)));
}

#[inline(never)]
fn forget_the_error() {
    forget(black_box(Box::new([0.0; 2])));
}

#[derive(Debug, Default)]
struct Link {
    next: RefCell<Option<Rc<Link>>>,
}

/// Steps from one hole to the next.
const HOLES_EVERY: u64 = 20;

/// Bytes of the first block, and how much larger each is than the one before: nothing fits into the
/// holes that are there.
const BLOCK: (usize, usize) = (8192, 32);

/// What holds a hole open.
const PIN: usize = 48;

/// Holes that there can be.
const HOLES_MAX: usize = 1 << 16;

/// A heap full of holes, and a reserve that was never touched, from which all is paid.
#[derive(Debug)]
struct Holes {
    pins: Vec<Vec<u8>>,
    last: Vec<u8>,
    reserve: Vec<u8>,
}

impl Holes {
    fn new() -> Self {
        let (first, more) = BLOCK;
        Self {
            pins: Vec::with_capacity(HOLES_MAX),
            last: vec![1; first],
            reserve: vec![0; HOLES_MAX * (PIN + more)],
        }
    }
}

/// One hole more: when a larger block stands behind it, a block is shrunk to a pin. Live bytes stay as
/// they are.
#[inline(never)]
fn riddle(holes: &mut Holes) {
    let (first, more) = BLOCK;
    let count = holes.pins.len() + 1;
    if count > HOLES_MAX {
        return;
    }
    let next = black_box(vec![1; first + more * count]);
    let mut pin = std::mem::replace(&mut holes.last, next);
    pin.truncate(PIN);
    pin.shrink_to_fit();
    holes.pins.push(pin);
    holes.reserve.truncate((HOLES_MAX - count) * (PIN + more));
    holes.reserve.shrink_to_fit();
}
