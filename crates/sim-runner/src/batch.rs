//! Many runs at the speed of the machine: in lanes, in threads, in constant memory.
//!
//! Each thread flies a pack of lanes of the widest instruction set that the processor has, and takes
//! the next run as soon as a lane is free. Runs share nothing but the number of the next one, and are
//! handed over in the order of their numbers: the result is the same bits for any instruction set, any
//! number of threads and any [`Batch::round`].
//!
//! Validated by `tests/batch.rs`, its memory by `tests/no_alloc_batch.rs`.

use std::mem::take;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicU64, Ordering};

use dip_dynamics::{InstructionSet, Kernel, LaneMask, Lanes, Real};
use rayon::prelude::*;
use smc_controllers::{AnyController, Kind, Law, LawVisitor};

use crate::closed_loop::ClosedLoop;
use crate::flight::Crew;
use crate::metrics::{Metrics, MetricsRecorder};
use crate::outcome::Run;
use crate::scenario::Scenario;
use crate::world::World;

/// Many runs of a closed loop.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    closed_loop: &'a ClosedLoop,
    instruction_set: InstructionSet,
    round: usize,
}

/// One run of a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flown {
    /// Its number.
    pub index: u64,
    /// How it ended.
    pub run: Run,
    /// Its figures.
    pub metrics: Metrics,
}

/// Runs that are flown before they are handed over: at a quarter of a millisecond each, about a second
/// of work for each thread.
const ROUND: usize = 4096;

impl<'a> Batch<'a> {
    /// Runs of `closed_loop` with the widest instruction set of this processor.
    pub fn new(closed_loop: &'a ClosedLoop) -> Self {
        Self { closed_loop, instruction_set: InstructionSet::detect(), round: ROUND }
    }

    /// The same with another instruction set, which the processor has to have.
    #[must_use]
    pub fn with_instruction_set(self, instruction_set: InstructionSet) -> Self {
        Self { instruction_set, ..self }
    }

    /// The same with another number of runs between two times that they are handed over.
    ///
    /// # Panics
    /// If it is zero.
    #[must_use]
    pub fn with_round(self, round: usize) -> Self {
        assert!(round > 0, "a round of no runs");
        Self { round, ..self }
    }

    /// Flies the runs `numbers`: run `i` is the law and the scenario that `task` gives for it. `each` is
    /// shown them in order, and may end it.
    ///
    /// # Panics
    /// If the laws differ in more than their numbers.
    pub fn fly<L: Law>(
        &self,
        numbers: Range<u64>,
        task: impl Fn(u64) -> (L, Scenario) + Sync,
        mut each: impl FnMut(&Flown) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let threads = rayon::current_num_threads();
        let mut logs: Vec<Vec<Flown>> = vec![Vec::new(); threads];
        let mut round = Vec::with_capacity(self.round);
        let mut begin = numbers.start;
        while begin < numbers.end {
            let end = numbers.end.min(begin.saturating_add(self.round as u64));
            let next = AtomicU64::new(begin);
            let (next, task) = (&next, &task);
            logs.par_iter_mut().for_each(|log| {
                let sortie = Sortie { closed_loop: self.closed_loop, next, end, task, log };
                self.instruction_set.run(sortie);
            });
            for log in &mut logs {
                round.append(log);
            }
            round.sort_unstable_by_key(|flown: &Flown| flown.index);
            round.iter().try_for_each(&mut each)?;
            round.clear();
            begin = end;
        }
        ControlFlow::Continue(())
    }

    /// The same for laws of one kind, whichever that is.
    ///
    /// # Panics
    /// If a law is of another kind, or differs in more than its numbers.
    pub fn fly_any(
        &self,
        kind: Kind,
        numbers: Range<u64>,
        task: &(dyn Fn(u64) -> (AnyController, Scenario) + Sync),
        each: &mut dyn FnMut(&Flown) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        // The loops of all laws are compiled here, and not again by every caller.
        kind.visit(Any { batch: self, numbers, task, each })
    }
}

struct Any<'a> {
    batch: &'a Batch<'a>,
    numbers: Range<u64>,
    task: &'a (dyn Fn(u64) -> (AnyController, Scenario) + Sync),
    each: &'a mut dyn FnMut(&Flown) -> ControlFlow<()>,
}

impl LawVisitor for Any<'_> {
    type Output = ControlFlow<()>;

    fn visit<L: Law + TryFrom<AnyController, Error = Kind>>(self) -> ControlFlow<()> {
        let Self { batch, numbers, task, each } = self;
        let task = |index| {
            let (any, scenario) = task(index);
            let law = L::try_from(any).unwrap_or_else(|kind| panic!("a law of kind {kind}"));
            (law, scenario)
        };
        batch.fly(numbers, task, each)
    }
}

/// What one thread flies in one round.
struct Sortie<'a, T> {
    closed_loop: &'a ClosedLoop,
    next: &'a AtomicU64,
    end: u64,
    task: &'a T,
    log: &'a mut Vec<Flown>,
}

impl<T> Sortie<'_, T> {
    fn take_next(&self) -> Option<u64> {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        (index < self.end).then_some(index)
    }
}

impl<L: Law, T: Fn(u64) -> (L, Scenario)> Kernel for Sortie<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<R: Lanes>(self) {
        let Some(first) = self.take_next() else {
            return;
        };
        let mut world = World::<R>::new(self.closed_loop);
        let mut recorder = MetricsRecorder::new(self.closed_loop);
        let (law, scenario) = (self.task)(first);
        world.begin_lanes(&scenario);
        let mut controller = law.splat::<R>();
        let mut pilots = Pilots { sortie: self, first: Some(first), indices: [0; 64] };
        world.fly(&mut controller, &mut recorder, &mut pilots);
    }
}

/// The number of the run in each lane.
struct Pilots<'a, T> {
    sortie: Sortie<'a, T>,
    first: Option<u64>,
    indices: [u64; 64],
}

impl<R, L, T> Crew<R, L::In<R>, MetricsRecorder<R>> for Pilots<'_, T>
where
    R: Lanes,
    L: Law,
    T: Fn(u64) -> (L, Scenario),
{
    #[inline(always)]
    fn board(&mut self, lane: usize, controller: &mut L::In<R>) -> Option<Scenario> {
        let index = take(&mut self.first).or_else(|| self.sortie.take_next())?;
        self.indices[lane] = index;
        let (law, scenario) = (self.sortie.task)(index);
        law.put::<R>(<R as Real>::Mask::from_bits(1 << lane), controller);
        Some(scenario)
    }

    fn land(&mut self, lane: usize, run: &Run, recorder: &MetricsRecorder<R>) {
        let metrics = recorder.of_lane(lane, run.outcome);
        self.sortie.log.push(Flown { index: self.indices[lane], run: *run, metrics });
    }
}
