//! What differs from run to run: the start, the true plant, and all random numbers.
//!
//! Scenario number `i` of a seed is the same whoever draws it. Start, mismatch, sensor noise, lost
//! samples and disturbances have streams of their own: switching one on does not shift another.

use dip_dynamics::{Parameters, Plant, State};

use crate::mismatch::Mismatch;
use crate::noise::Streams;
use crate::starts::Starts;

/// One run of a closed loop, whatever its controller.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scenario {
    /// The initial state.
    pub start: State,
    /// The true plant.
    pub plant: Plant,
    pub(crate) streams: Streams,
}

impl Scenario {
    /// From `start`, with `plant` as the true one and noise of `seed`.
    pub fn new(start: State, plant: Plant, seed: u64) -> Self {
        Self { start, plant, streams: Streams::for_comparison(seed).of(0) }
    }

    /// From `start`, with the plant and the noise of the first scenario of `seed`.
    pub(crate) fn first(
        start: State,
        nominal: &Parameters,
        mismatch: &Mismatch,
        seed: u64,
    ) -> Self {
        let streams = Streams::for_comparison(seed).of(0);
        Self { start, plant: mismatch.draw(nominal, streams), streams }
    }

    /// With a start that is farther by `offset` in each coordinate.
    pub(crate) fn moved_by(self, offset: State) -> Self {
        let (start, offset) = (self.start.to_array(), offset.to_array());
        Self { start: State::from_array(std::array::from_fn(|i| start[i] + offset[i])), ..self }
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
    /// From `starts`, of plants that are `mismatch` off `nominal`, which were checked.
    pub(crate) fn new(starts: Starts, nominal: Parameters, mismatch: Mismatch) -> Self {
        Self { starts, nominal, mismatch }
    }

    /// Scenario number `index`.
    pub fn get(&self, index: u64) -> Scenario {
        let streams = self.starts.streams(index);
        let plant = self.mismatch.draw(&self.nominal, streams);
        Scenario { start: self.starts.get(index), plant, streams }
    }

    /// The names of the plant's parameters that deviate, in the order of [`Scenarios::at`].
    pub fn parameters(&self) -> impl Iterator<Item = &'static str> {
        self.mismatch.names()
    }

    /// Start and noise of scenario number `index`, with a plant that is not drawn: each parameter that
    /// deviates is at a share of its distribution, 0 at its lower end and 1 at its upper one. With the
    /// points of [`Saltelli`](crate::Saltelli) this tells which parameter matters.
    ///
    /// # Panics
    /// Not one share for each of [`Scenarios::parameters`].
    pub fn at(&self, index: u64, shares: &[f64]) -> Scenario {
        Scenario { plant: self.mismatch.at(&self.nominal, shares), ..self.get(index) }
    }
}
