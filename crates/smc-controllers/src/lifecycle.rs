//! A controller that serves for months: recreated when it is old, its history cleared now and then,
//! and in the end shut down.
//!
//! Nothing in these laws grows old: a law is a plain value, and its memory is a few numbers. Whoever has
//! a rule that asks for recreation gets it here without a jump of the force: the new law goes on from
//! the memory of the old one, so that its first command is what the old one's would have been. It reads
//! no clock; whoever calls says what time it is. Validated in `tests/lifecycle.rs`.

use std::time::Duration;

use dip_dynamics::State;
use thiserror::Error;

use crate::controller::{Command, Controller};
use crate::instance::{HistoryEntry, Instance};

/// How long a controller serves before it is recreated. Unchecked: [`LongLived::new`] checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// It is recreated when it is as old.
    pub age: Duration,
    /// It is recreated after so many samples, if it is not too old before.
    pub samples: Option<u64>,
    /// Its history is cleared after so many samples.
    pub clear_history_every: Option<u64>,
}

impl Default for Lifetime {
    /// A day, whatever the number of samples; the history is left to its bound.
    fn default() -> Self {
        Self { age: Duration::from_hours(24), samples: None, clear_history_every: None }
    }
}

/// A lifetime in which nothing could be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("lifetime.{name} = 0: must be more than 0")]
pub struct LifetimeError {
    /// Which one.
    pub name: &'static str,
}

impl Lifetime {
    fn check(&self) -> Result<(), LifetimeError> {
        let require = |name, holds| if holds { Ok(()) } else { Err(LifetimeError { name }) };
        require("age", self.age > Duration::ZERO)?;
        require("samples", self.samples != Some(0))?;
        require("clear_history_every", self.clear_history_every != Some(0))
    }
}

/// What a controller has done in its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Service {
    /// Samples that it answered.
    pub samples: u64,
    /// How often it was recreated.
    pub recreations: u64,
    /// How often its history was cleared.
    pub clearings: u64,
}

/// An [`Instance`] with a lifetime, and somebody who builds its successors.
#[derive(Debug)]
pub struct LongLived<C: Controller, B> {
    instance: Instance<C>,
    build: B,
    lifetime: Lifetime,
    born: Duration,
    /// Samples of the present law.
    age_in_samples: u64,
    since_clearing: u64,
    service: Service,
}

impl<C: Controller, B: FnMut() -> C> LongLived<C, B> {
    /// Puts what `equip` makes of the first law in service at `now`, a time since any origin. `build`
    /// builds the first law and each that succeeds it: always of the same kind.
    ///
    /// # Errors
    /// A lifetime of nothing.
    pub fn new(
        mut build: B,
        equip: impl FnOnce(Instance<C>) -> Instance<C>,
        lifetime: Lifetime,
        now: Duration,
    ) -> Result<Self, LifetimeError> {
        lifetime.check()?;
        let instance = equip(Instance::new(build()));
        Ok(Self {
            instance,
            build,
            lifetime,
            born: now,
            age_in_samples: 0,
            since_clearing: 0,
            service: Service::default(),
        })
    }

    /// The force for one sampling period of `dt` seconds that begins at `now`. If the law is too old it
    /// is recreated before. It does not allocate, unless `build` does.
    pub fn control(&mut self, state: &State, dt: f64, now: Duration) -> Command {
        let Lifetime { age, samples, clear_history_every } = self.lifetime;
        let too_old = now.saturating_sub(self.born) >= age;
        if too_old || samples.is_some_and(|samples| self.age_in_samples >= samples) {
            self.instance.succeed((self.build)());
            self.born = now;
            self.age_in_samples = 0;
            self.service.recreations += 1;
        }
        if clear_history_every.is_some_and(|every| self.since_clearing >= every) {
            self.instance.clear_history();
            self.since_clearing = 0;
            self.service.clearings += 1;
        }
        self.age_in_samples += 1;
        self.since_clearing += 1;
        self.service.samples += 1;
        self.instance.control(state, dt)
    }

    /// Begins a new run: initial memory, empty history. The law does not get younger by it.
    pub fn reset(&mut self) {
        self.instance.reset();
        self.since_clearing = 0;
    }

    /// What is in service.
    pub fn instance(&self) -> &Instance<C> {
        &self.instance
    }

    /// What it has done so far.
    pub fn service(&self) -> Service {
        self.service
    }

    /// The end: `flush` is shown what the history still holds, the oldest first, and everything is
    /// given back. After the first error `flush` is shown nothing more; everything is given back all
    /// the same.
    ///
    /// # Errors
    /// That of `flush`.
    pub fn shut_down<E>(
        self,
        flush: impl FnMut(&HistoryEntry) -> Result<(), E>,
    ) -> Result<Service, E> {
        self.instance.history().try_for_each(flush)?;
        Ok(self.service)
    }
}
