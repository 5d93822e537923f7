//! What differs from run to run: the start, the true plant, and all random numbers.
//!
//! Scenario number `i` of a seed is the same whoever draws it. Start, mismatch, sensor noise, lost
//! samples and disturbances have streams of their own: switching one on does not shift another.

use dip_dynamics::{Parameters, Plant, State};

use crate::error::ExperimentError;
use crate::experiment::Experiment;
use crate::mismatch::Mismatch;
use crate::noise::{Purpose, RandomNoise, Streams};
use crate::starts::Starts;

/// One run of a closed loop, whatever its controller.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scenario {
    /// The initial state.
    pub start: State,
    /// The true plant.
    pub plant: Plant,
    streams: Streams,
}

impl Scenario {
    /// From `start`, with `plant` as the true one and noise of `seed`.
    pub fn new(start: State, plant: Plant, seed: u64) -> Self {
        Self { start, plant, streams: Streams::for_comparison(seed).of(0) }
    }

    pub(crate) fn noise(&self, purpose: Purpose) -> RandomNoise {
        self.streams.noise(purpose)
    }
}

/// Any number of scenarios, of which each can be drawn alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scenarios {
    starts: Starts,
    nominal: Parameters,
    mismatch: Mismatch,
}

impl Scenarios {
    /// Those of an experiment, from random starts instead of its own.
    ///
    /// # Errors
    /// A parameter of the plant or a mismatch that breaks its rule.
    pub fn new(experiment: &Experiment, starts: Starts) -> Result<Self, ExperimentError> {
        let Experiment { plant: nominal, mismatch, .. } = *experiment;
        mismatch.check(&nominal)?;
        Ok(Self { starts, nominal, mismatch })
    }

    /// Scenario number `index`.
    pub fn get(&self, index: u64) -> Scenario {
        let streams = self.starts.streams(index);
        let plant = self.mismatch.draw(&self.nominal, streams);
        Scenario { start: self.starts.get(index), plant, streams }
    }
}

impl Experiment {
    /// Its own start, with plant and noise of `seed`: those of the first scenario.
    ///
    /// # Errors
    /// A parameter of the plant or a mismatch that breaks its rule.
    pub fn scenario(&self, seed: u64) -> Result<Scenario, ExperimentError> {
        self.mismatch.check(&self.plant)?;
        let streams = Streams::for_comparison(seed).of(0);
        let plant = self.mismatch.draw(&self.plant, streams);
        Ok(Scenario { start: self.start, plant, streams })
    }
}
