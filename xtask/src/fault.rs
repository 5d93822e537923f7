//! Memory faults planted on purpose: a gate that has never failed has not been tested.
//!
//! A faulty controller commands what its law commands; only its memory is mismanaged. Two faults
//! leave bytes behind without allocating in a step, one allocates in steps without leaving bytes
//! behind its controller, so that each gate is tried by itself. Each has to be caught by each task:
//! `tests/leakcheck.rs`, `tests/soak.rs`.

use std::cell::RefCell;
use std::hint::black_box;
use std::mem::forget;
use std::rc::Rc;

use clap::ValueEnum;
use smc_controllers::{Command, Controller, Sample};

/// What is done wrong.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Fault {
    /// Each run begins with a box that nobody drops.
    Box,
    /// Each run begins with an `Rc` that keeps itself alive.
    RcCycle,
    /// Each step is remembered, without a bound, until the controller is dropped.
    History,
}

/// A law with a fault.
#[derive(Debug)]
pub(crate) struct Faulty<C> {
    law: C,
    fault: Fault,
    history: RefCell<Vec<f64>>,
}

impl<C> Faulty<C> {
    pub(crate) fn new(law: C, fault: Fault) -> Self {
        Self { law, fault, history: RefCell::default() }
    }
}

impl<C: Controller> Controller for Faulty<C> {
    type Memory = C::Memory;

    fn initial_memory(&self) -> C::Memory {
        match self.fault {
            // Without the black box the compiler would remove an allocation that nobody uses.
            Fault::Box => forget(black_box(Box::new([0.0; 6]))),
            Fault::RcCycle => {
                let link = Rc::new(Link::default());
                *link.next.borrow_mut() = Some(Rc::clone(&link));
                drop(black_box(link));
            }
            Fault::History => {}
        }
        self.law.initial_memory()
    }

    fn law(&self, memory: &mut C::Memory, sample: &Sample<'_>) -> Command {
        let command = self.law.law(memory, sample);
        if matches!(self.fault, Fault::History) {
            self.history.borrow_mut().push(command.u);
        }
        command
    }
}

#[derive(Debug, Default)]
struct Link {
    next: RefCell<Option<Rc<Link>>>,
}
