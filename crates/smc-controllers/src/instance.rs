//! A controller in long service: law, memory, bounded history, and perhaps a plant that it shares.
//!
//! Simulations need none of this: a law and a memory are enough. A server that keeps many controllers
//! for months, each called from elsewhere, wants them in one piece each, with a lifecycle:
//! [`reset`](Instance::reset) begins a new run, [`cleanup`](Instance::cleanup) gives back what can be
//! given back, and dropping does the same. The plant is held weakly: when its last owner drops it, it
//! is gone, and the controller goes on without the equivalent control of the full model, as each
//! [`Command::equivalent`] then says. Validated in `tests/instance.rs`.

use std::sync::{Arc, Weak};

use dip_dynamics::{Plant, State};
use memcheck::Ring;

use crate::controller::{Command, Controller, Sample};
use crate::spec::AnyController;

/// A control law in service.
#[derive(Debug)]
pub struct Instance<C: Controller = AnyController> {
    law: C,
    memory: C::Memory,
    plant: Option<Weak<Plant>>,
    history: Ring<HistoryEntry>,
    samples: u64,
}

/// One sample that was kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HistoryEntry {
    /// The number of the sample since the last reset, from 0.
    pub sample: u64,
    /// What was measured.
    pub state: State,
    /// What was answered.
    pub command: Command,
}

impl<C: Controller> Instance<C> {
    /// A law at the beginning of a run, without a plant and without history.
    pub fn new(law: C) -> Self {
        let memory = law.initial_memory();
        Self { law, memory, plant: None, history: Ring::with_capacity(0), samples: 0 }
    }

    /// The same with a history of the latest `capacity` samples. Its memory is taken here.
    #[must_use]
    pub fn with_history(mut self, capacity: usize) -> Self {
        self.history = Ring::with_capacity(capacity);
        self
    }

    /// The same bound to a plant, which stays its owners': from it comes the model.
    #[must_use]
    pub fn bound_to(mut self, plant: &Arc<Plant>) -> Self {
        self.plant = Some(Arc::downgrade(plant));
        self
    }

    /// The force for one sampling period of `dt` seconds. It does not allocate.
    pub fn control(&mut self, state: &State, dt: f64) -> Command {
        let plant = self.plant.as_ref().and_then(Weak::upgrade);
        if plant.is_none() {
            // The last owner has dropped it. A weak reference would still hold its empty place.
            self.plant = None;
        }
        let model = plant.map(|plant| plant.evaluate(state));
        let sample = Sample { state, model: model.as_ref(), dt };
        let command = self.law.control(&mut self.memory, &sample);
        self.history.push(HistoryEntry { sample: self.samples, state: *state, command });
        self.samples += 1;
        command
    }

    /// Begins a new run: the memory is the initial one, the history is empty, and has its room
    /// again if a cleanup gave that back. The binding to a plant stays.
    pub fn reset(&mut self) {
        self.memory = self.law.initial_memory();
        self.samples = 0;
        self.history.clear();
    }

    /// Puts another law of the same kind in its place, which goes on from the same memory: the force
    /// does not jump. History, binding and count stay. It does not allocate.
    ///
    /// # Panics
    /// With the next sample, if the law is of another kind.
    pub fn succeed(&mut self, law: C) {
        self.law = law;
    }

    /// Forgets the history. Its room stays, and so does everything else. It does not allocate, unless
    /// a cleanup gave the room back.
    pub fn clear_history(&mut self) {
        self.history.clear();
    }

    /// Gives back what can be given back: history, its room, and the binding to a plant. May be
    /// called any number of times; the controller can be used afterwards, and keeps no history until
    /// [`reset`](Self::reset).
    pub fn cleanup(&mut self) {
        self.plant = None;
        self.history.release();
    }

    /// The law.
    pub fn law(&self) -> &C {
        &self.law
    }

    /// What the law remembers at present.
    pub fn memory(&self) -> &C::Memory {
        &self.memory
    }

    /// The latest samples, the oldest first.
    pub fn history(&self) -> impl ExactSizeIterator<Item = &HistoryEntry> {
        self.history.iter()
    }

    /// Samples that the history has lost since it was cleared, for want of room.
    pub fn history_dropped(&self) -> u64 {
        self.history.dropped()
    }

    /// Samples since the last reset.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Is there a plant that it is bound to?
    pub fn has_plant(&self) -> bool {
        self.plant.as_ref().is_some_and(|plant| plant.strong_count() > 0)
    }
}
