//! Random numbers: where they come from, and how those of one purpose are kept from another's.
//!
//! The same bits on every machine: `ChaCha8`, and logarithms by `libm`. The distributions of
//! `rand_distr` are not: another crate of the same program can switch their `exp` and `ln` to those
//! of the operating system.
//!
//! Validated by `tests/noise.rs`.

use dip_dynamics::{Lanes, Real};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Gives random numbers: for a pack of lanes, each lane its own.
pub trait NoiseSource<R: Real = f64> {
    /// Normally distributed with mean 0 and standard deviation 1.
    fn normal(&mut self) -> R;

    /// Uniform in `[0, 1)`.
    fn uniform(&mut self) -> R;
}

/// Noise from one `ChaCha8` stream.
#[derive(Debug, Clone)]
pub struct RandomNoise {
    generator: ChaCha8Rng,
    /// Normal numbers are made in pairs.
    spare: Option<f64>,
}

impl RandomNoise {
    /// Stream number `stream` of `seed`.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Self { generator, spare: None }
    }
}

impl NoiseSource for RandomNoise {
    /// # Source: Marsaglia and Bray (1964), the polar method.
    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (a, b) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = a * a + b * b;
            if square > 0.0 && square < 1.0 {
                let factor = (-2.0 * libm::log(square) / square).sqrt();
                self.spare = Some(b * factor);
                return a * factor;
            }
        }
    }

    fn uniform(&mut self) -> f64 {
        self.generator.random()
    }
}

/// A source for each lane of a pack; or for none, where nothing asks for noise.
#[derive(Debug, Clone)]
pub(crate) struct LaneNoise(Vec<RandomNoise>);

impl LaneNoise {
    /// For `lanes` lanes. All memory is taken here.
    pub(crate) fn new(lanes: usize) -> Self {
        Self(vec![RandomNoise::new(0, 0); lanes])
    }

    /// From here on a lane has the noise of a scenario.
    pub(crate) fn put(&mut self, lane: usize, streams: Streams, purpose: Purpose) {
        if let Some(source) = self.0.get_mut(lane) {
            *source = streams.noise(purpose);
        }
    }
}

/// Out of the way of loops that may have no use for it.
impl<R: Lanes> NoiseSource<R> for LaneNoise {
    #[inline(never)]
    fn normal(&mut self) -> R {
        R::from_lanes(|lane| self.0[lane].normal())
    }

    #[inline(never)]
    fn uniform(&mut self) -> R {
        R::from_lanes(|lane| self.0[lane].uniform())
    }
}

/// Streams for comparisons begin here, those for training there: they share nothing, and neither
/// shares a stream with the particles of a swarm of the same seed, which are few.
const COMPARISON: u64 = 1 << 61;
const TRAINING: u64 = 1 << 62;

/// Indices have this many bits, the purpose stands above them.
const INDEX_BITS: u32 = 56;

/// What random numbers are for. Each purpose has a stream of its own, so that switching one on
/// does not shift another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Start = 0,
    Mismatch = 1,
    Sensors = 2,
    Losses = 3,
    Loads = 4,
    /// What the starts of a seed have in common.
    Design = 5,
    Sensitivity = 6,
    Bootstrap = 7,
    LoadSizes = 8,
}

/// The streams of all scenarios of a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Streams {
    seed: u64,
    first: u64,
}

impl Streams {
    pub(crate) fn for_comparison(seed: u64) -> Self {
        Self { seed, first: COMPARISON }
    }

    pub(crate) fn for_training(self) -> Self {
        Self { first: TRAINING, ..self }
    }

    /// The streams of scenario number `index`.
    pub(crate) fn of(self, index: u64) -> Self {
        Self { first: self.first.wrapping_add(index), ..self }
    }

    pub(crate) fn noise(self, purpose: Purpose) -> RandomNoise {
        RandomNoise::new(self.seed, self.first.wrapping_add((purpose as u64) << INDEX_BITS))
    }

    /// Noise from part number `part` of the stream of a purpose; parts do not overlap, if none
    /// takes more than 65536 words.
    pub(crate) fn noise_at(self, purpose: Purpose, part: usize) -> RandomNoise {
        let mut noise = self.noise(purpose);
        noise.generator.set_word_pos((part as u128) << 16);
        noise
    }

    /// The bare generator of a purpose.
    pub(crate) fn generator(self, purpose: Purpose) -> ChaCha8Rng {
        self.noise(purpose).generator
    }
}
