//! The sensors: what a controller is told about the state.
//!
//! At each control instant: the state a delay ago → bias and noise → quantisation → dropout (the
//! last sample that came is held) → velocities. Everything is off by default, and the state is then
//! measured as it is.
//!
//! Validated by `tests/sensors.rs`.

use dip_dynamics::{Real, Splat, State, each};
use serde::{Deserialize, Serialize};

use crate::delay::DelayLine;
use crate::error::ExperimentError;
use crate::noise::NoiseSource;
use crate::rules::{not_negative, positive, require, steps_of_delay};

/// The sensors. Unchecked: [`Sensing::new`] checks.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Sensors {
    /// Delay in s, a multiple of the integration step.
    pub delay: f64,
    /// Probability that a sample is lost; the last one that came is then held.
    pub dropout: f64,
    /// Where the velocities come from.
    pub velocities: Velocities,
    /// Standard deviations of the noise of each measured component.
    pub noise: State,
    /// Quantisation steps of each measured component; 0 is none.
    pub quantum: State,
    /// Offsets of each measured component.
    pub bias: State,
}

/// Where the velocities come from.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Velocities {
    /// They are measured.
    #[default]
    Measured,
    /// They are differences of the measured positions, filtered, from 0 at the first instant.
    FilteredDifferences {
        /// Time constant of the first-order filter in s; 0 is no filter.
        time_constant: f64,
    },
}

/// Beyond this the quantised value of a component could not be told from its neighbours.
const SIZE_MAX: f64 = 1e6;

/// Sensors that were checked, for one integration step and control period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sensing {
    /// Integration steps.
    delay: usize,
    dropout: f64,
    noise: [f64; 6],
    quantum: [f64; 6],
    bias: [f64; 6],
    differences: Option<Differences>,
    ideal: bool,
}

/// `v ← d + (v − d)·e^(−T/τ)` with the difference quotient `d` of a control period `T`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Differences {
    rate: f64,
    decay: f64,
}

/// What sensors remember of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct SensingMemory<R = f64> {
    delay: DelayLine<State<R>>,
    /// The last sample that came.
    held: State<R>,
    /// The filtered differences of its positions.
    velocities: [R; 3],
    /// 0 before the first sample, 1 after it: a number, so that each lane has its own.
    begun: R,
}

impl Sensing {
    /// The sensing of `sensors`, for integration steps of `step` and control periods of `period`
    /// seconds.
    ///
    /// # Errors
    /// A setting that breaks its rule.
    pub fn new(sensors: &Sensors, step: f64, period: f64) -> Result<Self, ExperimentError> {
        let &Sensors { delay, dropout, velocities, noise, quantum, bias } = sensors;
        positive("simulation.step", step)?;
        positive("simulation.control_period", period)?;
        let rule = "at least 0 and less than 1";
        require("sensors.dropout", dropout, (0.0..1.0).contains(&dropout), rule)?;
        let components = |of: State| State::NAMES.into_iter().zip(of.to_array());
        for (name, value) in components(noise) {
            let keeps = (0.0..=SIZE_MAX).contains(&value);
            require(format!("sensors.noise.{name}"), value, keeps, "from 0 to 1e6")?;
        }
        for (name, value) in components(quantum) {
            // A component of the state is within 1e6: so it is a whole number of quanta below 2^51.
            let keeps = value == 0.0 || (1e-8..=SIZE_MAX).contains(&value);
            require(format!("sensors.quantum.{name}"), value, keeps, "0, or from 1e-8 to 1e6")?;
        }
        for (name, value) in components(bias) {
            let keeps = value.abs() <= SIZE_MAX;
            require(format!("sensors.bias.{name}"), value, keeps, "finite and within ±1e6")?;
        }
        let differences = match velocities {
            Velocities::Measured => None,
            Velocities::FilteredDifferences { time_constant } => {
                let key = "sensors.velocities.filtered_differences.time_constant";
                not_negative(key, time_constant)?;
                for (what, of) in [("noise", noise), ("quantum", quantum), ("bias", bias)] {
                    for (name, value) in components(of).skip(3) {
                        let rule = "0 where velocities are differences of positions";
                        require(format!("sensors.{what}.{name}"), value, value == 0.0, rule)?;
                    }
                }
                let decay = libm::exp(-period / time_constant);
                Some(Differences { rate: 1.0 / period, decay })
            }
        };
        Ok(Self {
            delay: steps_of_delay("sensors.delay", delay, step)?,
            dropout,
            noise: noise.to_array(),
            quantum: quantum.to_array(),
            bias: bias.to_array(),
            differences,
            ideal: *sensors == Sensors::default(),
        })
    }

    /// Is the state measured as it is?
    pub fn is_ideal(&self) -> bool {
        self.ideal
    }

    /// The memory of sensors that have not measured yet. The only place where it is taken.
    pub fn memory<R: Real>(&self) -> SensingMemory<R> {
        let nowhere = State::from_array([R::splat(0.0); 6]);
        SensingMemory {
            delay: DelayLine::new(self.delay, nowhere),
            held: nowhere,
            velocities: [R::splat(0.0); 3],
            begun: R::splat(0.0),
        }
    }

    /// The measured state at a control instant at which the plant is at `state`. A first sample is
    /// never lost.
    #[inline(always)]
    pub fn measure<R: Real, N: NoiseSource<R>>(
        &self,
        memory: &mut SensingMemory<R>,
        state: &State<R>,
        noise: &mut N,
        losses: &mut N,
    ) -> State<R> {
        if self.ideal {
            return *state;
        }
        let delayed = memory.delay.shift(*state).to_array();
        let fresh = each!(i of 6 => {
            let mut value = delayed[i] + R::splat(self.bias[i]);
            if self.noise[i] > 0.0 {
                value += R::splat(self.noise[i]) * noise.normal();
            }
            if self.quantum[i] > 0.0 {
                let quantum = R::splat(self.quantum[i]);
                value = (value / quantum).round() * quantum;
            }
            value
        });
        let first = memory.begun.lt(R::splat(0.5));
        memory.begun = R::splat(1.0);
        let last = memory.held.to_array();
        let came: [R; 6] = if self.dropout > 0.0 {
            let lost = losses.uniform().lt(R::splat(self.dropout)) & !first;
            each!(i of 6 => R::select(lost, last[i], fresh[i]))
        } else {
            fresh
        };
        memory.held = State::from_array(came);
        let Some(Differences { rate, decay }) = self.differences else {
            return memory.held;
        };
        memory.velocities = each!(i of 3 => {
            let before = R::select(first, came[i], last[i]);
            let difference = (came[i] - before) * R::splat(rate);
            difference + (memory.velocities[i] - difference) * R::splat(decay)
        });
        State::new(memory.held.q(), memory.velocities)
    }
}

impl<R: Real> SensingMemory<R> {
    /// Where the mask holds: before the first sample of a run from `start`, where the plant has always
    /// been.
    pub fn reset(&mut self, mask: R::Mask, start: &State) {
        let Self { delay, held, velocities, begun } = self;
        delay.each(|state| start.put::<R>(mask, state));
        start.put::<R>(mask, held);
        [0.0; 3].put::<R>(mask, velocities);
        0.0.put::<R>(mask, begun);
    }

    /// An integration step begins between two control instants.
    #[inline(always)]
    pub fn pass(&mut self, state: &State<R>) {
        self.delay.shift(*state);
    }
}
