//! Initial states, drawn at random or spread evenly.
//!
//! Start number `i` of a seed is the same whoever draws it, in whatever order, on however many
//! threads: each is computed alone, from its number, in constant memory.
//!
//! Validated by its own tests and `tests/starts.rs`: marginals, strata, radii, and integrals that are
//! known.

use core::f64::consts::PI;
use core::num::NonZeroU32;

use dip_dynamics::State;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::error::ExperimentError;
use crate::keyed::{hash, permute};
use crate::noise::{Purpose, Streams};
use crate::rules::require;
use crate::sobol::scrambled;

/// From where runs start, as plain data: around upright at rest, each coordinate within a half width.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct StartDesign {
    /// How the starts are spread.
    pub design: Sampling,
    /// Half width of the position of the cart in m; a coordinate of half width 0 does not vary.
    pub x: f64,
    /// Half width of the angle of rod 1 in rad.
    pub theta1: f64,
    /// Half width of the angle of rod 2 in rad.
    pub theta2: f64,
    /// Half width of the velocity of the cart in m/s.
    pub x_dot: f64,
    /// Half width of the angular velocity of rod 1 in rad/s.
    pub theta1_dot: f64,
    /// Half width of the angular velocity of rod 2 in rad/s.
    pub theta2_dot: f64,
}

impl Default for StartDesign {
    fn default() -> Self {
        Self::angles(0.2)
    }
}

/// How starts are spread over the coordinates that vary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Sampling {
    /// Independent and uniform in the box.
    #[default]
    Box,
    /// Independent and uniform in the ellipsoid `Σ(x_i/w_i)² ≤ 1` of the half widths `w_i`: a disc of two
    /// equal ones, a ball of more.
    Ball,
    /// A Latin hypercube: of each coordinate the box is cut into strata, and there is exactly one start in
    /// each of them. Figures of fewer starts are those of a part of a hypercube; after as many as there are
    /// strata another hypercube begins.
    ///
    /// # Source: `McKay`, Beckman and Conover (1979), A comparison of three methods for selecting values of
    /// input variables in the analysis of output from a computer code.
    LatinHypercube {
        /// Strata of each coordinate, and starts of a hypercube.
        strata: NonZeroU32,
    },
    /// A scrambled Sobol' sequence in the box: even for any number of starts, most so for powers of two.
    ///
    /// # Source: Owen (1995), Randomly permuted (t, m, s)-nets and (t, s)-sequences.
    Sobol,
}

/// The place of each coordinate among the random numbers, the angles first: those of a box of angles stay
/// when another coordinate is added.
const ORDER: [usize; 6] = [1, 2, 0, 3, 4, 5];

/// States farther than this a run may not reach.
const REACH: f64 = 1e6;

impl StartDesign {
    /// The same half width in rad of both angles.
    fn angles(radius: f64) -> Self {
        Self {
            design: Sampling::Box,
            x: 0.0,
            theta1: radius,
            theta2: radius,
            x_dot: 0.0,
            theta1_dot: 0.0,
            theta2_dot: 0.0,
        }
    }

    fn half_widths(&self) -> State {
        let Self { design: _, x, theta1, theta2, x_dot, theta1_dot, theta2_dot } = *self;
        State { x, theta1, theta2, x_dot, theta1_dot, theta2_dot }
    }

    /// The starts of a seed.
    ///
    /// # Errors
    /// A half width that is negative or too large, or no coordinate that varies.
    pub fn starts(&self, seed: u64) -> Result<Starts, ExperimentError> {
        let half_widths = self.half_widths();
        for (name, half_width) in State::<f64>::NAMES.into_iter().zip(half_widths.to_array()) {
            let is_angle = name == "theta1" || name == "theta2";
            let (most, rule) =
                if is_angle { (PI, "from 0 to pi rad") } else { (REACH, "from 0 to 1e6") };
            let keeps = (0.0..=most).contains(&half_width);
            require(format!("starts.{name}"), half_width, keeps, rule)?;
        }
        let varies = half_widths.to_array().iter().any(|&half_width| half_width > 0.0);
        let rule = "greater than 0, or another half width has to be";
        require("starts.theta1", self.theta1, varies, rule)?;
        Ok(Starts { design: self.design, half_widths, streams: Streams::for_comparison(seed) })
    }
}

/// Any number of starts, of which each can be computed alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Starts {
    design: Sampling,
    half_widths: State,
    streams: Streams,
}

/// A box from which no start can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("box = {value}: must be {rule}", rule = Self::RULE)]
pub struct StartError {
    /// The half width in rad.
    pub value: f64,
}

impl StartError {
    /// What would be right.
    pub const RULE: &str = "greater than 0 and at most pi rad";
}

impl Starts {
    /// At rest with the cart at the origin, `θ1` and `θ2` uniform in `[−radius, radius]` rad.
    ///
    /// # Errors
    /// A radius that is not positive, or more than half a turn.
    pub fn new(radius: f64, seed: u64) -> Result<Self, StartError> {
        StartDesign::angles(radius).starts(seed).map_err(|_| StartError { value: radius })
    }

    /// The same design, other starts: those on which gains are tuned.
    pub(crate) fn for_training(self) -> Self {
        Self { streams: self.streams.for_training(), ..self }
    }

    /// Start number `index`.
    pub fn get(&self, index: u64) -> State {
        let half_widths = self.half_widths.to_array();
        let mut start = [0.0; 6];
        let mut generator = self.streams(index).generator(Purpose::Start);
        match self.design {
            Sampling::Box => {
                for i in ORDER {
                    start[i] = generator.random_range(-half_widths[i]..=half_widths[i]);
                }
            }
            Sampling::Ball => loop {
                let mut square = 0.0;
                for i in ORDER.into_iter().filter(|&i| half_widths[i] > 0.0) {
                    let unit: f64 = generator.random_range(-1.0..=1.0);
                    start[i] = half_widths[i] * unit;
                    square += unit * unit;
                }
                // Of six coordinates one draw in twelve is within.
                if square <= 1.0 {
                    break;
                }
            },
            Sampling::LatinHypercube { strata } => {
                let strata = u64::from(strata.get());
                let (cube, place) = (index / strata, index % strata);
                for (i, key) in ORDER.into_iter().zip(self.keys()) {
                    let within: f64 = generator.random();
                    if half_widths[i] > 0.0 {
                        let stratum = permute(place, strata, hash(key, cube));
                        let share = (stratum as f64 + within) / strata as f64;
                        start[i] = half_widths[i] * (2.0 * share - 1.0);
                    }
                }
            }
            Sampling::Sobol => {
                for (dimension, (i, key)) in ORDER.into_iter().zip(self.keys()).enumerate() {
                    if half_widths[i] > 0.0 {
                        let share = scrambled(index, dimension, key);
                        start[i] = half_widths[i] * (2.0 * share - 1.0);
                    }
                }
            }
        }
        State::from_array(start)
    }

    /// What the random order of each coordinate is keyed with.
    fn keys(&self) -> [u64; 6] {
        let mut generator = self.streams.generator(Purpose::Design);
        [(); 6].map(|()| generator.random())
    }

    /// All random numbers of the scenario that begins at start number `index`.
    pub(crate) fn streams(&self, index: u64) -> Streams {
        self.streams.of(index)
    }
}

#[cfg(test)]
mod tests {
    use super::{Sampling, StartDesign, Starts};

    #[test]
    fn training_and_comparison_share_no_start() {
        let strata = 100.try_into().unwrap();
        for design in
            [Sampling::Box, Sampling::Ball, Sampling::LatinHypercube { strata }, Sampling::Sobol]
        {
            let design = StartDesign { design, theta1: 0.3, x: 0.1, ..StartDesign::default() };
            let comparison = design.starts(1).unwrap();
            let training = comparison.for_training();
            for i in 0..100 {
                assert!((0..100).all(|j| comparison.get(i) != training.get(j)));
            }
        }
    }

    /// The figures in the documents depend on these bits.
    #[test]
    fn a_box_of_angles_draws_as_ever() {
        let starts = Starts::new(0.3, 42).unwrap();
        for (index, theta1, theta2) in BITS {
            let start = starts.get(index);
            assert_eq!((start.theta1.to_bits(), start.theta2.to_bits()), (theta1, theta2));
        }
    }

    const BITS: [(u64, u64, u64); 3] = [
        (0, 0xbfc6_0d05_b995_546b, 0xbfac_3591_8dfa_2958),
        (1, 0xbfa7_ccaf_4726_69a8, 0xbf9f_b1c2_52d7_55d0),
        (1_000_000, 0xbfc0_5aff_bf0e_b581, 0xbfc0_3fb6_f291_6768),
    ];
}
