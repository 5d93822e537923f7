//! Disturbances: generalised forces on cart and rods that nobody commanded.
//!
//! Each has a coordinate and a shape. A step or an impulse counts in each integration step with its
//! mean over that step, so that its impulse is exact wherever it begins and ends; a sinusoid and
//! noise are evaluated at the beginning of each integration step, and held. The size of each may be
//! drawn anew for each run, so that no run is like the other.
//!
//! Validated by `tests/disturbances.rs`.

use core::f64::consts::TAU;

use dip_dynamics::{Real, Splat};
use serde::{Deserialize, Serialize};

use crate::error::ExperimentError;
use crate::noise::{NoiseSource, Purpose, Streams};
use crate::rules::{finite, not_negative, positive, require};
use crate::spread::Spread;

/// One disturbance. Unchecked: [`Loads::new`] checks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Disturbance {
    /// What it acts on: a force in N on the cart, a torque in N·m on a rod.
    pub on: Coordinate,
    /// Its course in time.
    pub shape: Shape,
    /// How far its size may be from the one in `shape`, drawn once for each run; none is not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
}

/// A generalised coordinate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Coordinate {
    /// `x`.
    Cart,
    /// `θ1`.
    Rod1,
    /// `θ2`.
    Rod2,
}

/// The course of a disturbance in time, in N or N·m.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Shape {
    /// From a time on, for good.
    Step {
        /// Onset in s.
        at: f64,
        /// In N or N·m.
        value: f64,
    },
    /// For a while.
    Impulse {
        /// Onset in s.
        at: f64,
        /// In s.
        duration: f64,
        /// In N or N·m.
        value: f64,
    },
    /// `amplitude·sin(2π·frequency·t + phase)`.
    Sinusoid {
        /// In N or N·m.
        amplitude: f64,
        /// In Hz, at most half of the integration steps in a second.
        frequency: f64,
        /// In rad.
        #[serde(default)]
        phase: f64,
    },
    /// Noise that forgets exponentially: a stationary Gauss–Markov (Ornstein–Uhlenbeck) process.
    Noise {
        /// Standard deviation in N or N·m.
        std: f64,
        /// Correlation time in s; 0 draws each integration step anew.
        time_constant: f64,
    },
}

/// Each disturbance is evaluated at every step.
const DISTURBANCES_MAX: usize = 100;

/// Disturbances that were checked, for one integration step.
#[derive(Debug, Clone, PartialEq)]
pub struct Loads {
    each: Vec<Load>,
    onsets: Vec<Onset>,
    /// Those of the loads that are noise.
    noises: usize,
}

/// The beginning of a step or an impulse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Onset {
    /// Which disturbance of the experiment, counted from 0.
    pub(crate) disturbance: usize,
    /// In s.
    pub(crate) at: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Load {
    coordinate: usize,
    course: Course,
    spread: Option<Spread>,
}

/// A shape with times in integration steps.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Course {
    Pulse {
        begin: f64,
        end: f64,
        value: f64,
    },
    /// Phases in turns.
    Sinusoid {
        amplitude: f64,
        turns_per_step: f64,
        turns: f64,
    },
    /// `n ← decay·n + innovation·ξ`.
    Noise {
        std: f64,
        decay: f64,
        innovation: f64,
    },
}

/// What the disturbances of one run remember.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadsMemory<R = f64> {
    /// Integration steps since the start: a number, so that each lane has its own.
    step: R,
    noises: Vec<R>,
    /// Of each load, in multiples of the size that is given.
    sizes: Vec<R>,
}

impl Loads {
    /// The loads of `disturbances`, for integration steps of `step` seconds.
    ///
    /// # Errors
    /// A setting that breaks its rule.
    pub fn new(disturbances: &[Disturbance], step: f64) -> Result<Self, ExperimentError> {
        positive("simulation.step", step)?;
        let count = disturbances.len();
        require("disturbances", count as f64, count <= DISTURBANCES_MAX, "at most 100 of them")?;
        let mut onsets = Vec::new();
        let mut each = Vec::with_capacity(count);
        for (i, disturbance) in disturbances.iter().enumerate() {
            let Disturbance { on, shape, spread } = disturbance;
            let key = |name, rest: &str| format!("disturbances.{i}.{name}.{rest}");
            if let Some(spread) = spread {
                spread.check(|rest| key("spread", rest))?;
            }
            let course = course(shape, step, |rest| key("shape", rest))?;
            each.push(Load { coordinate: *on as usize, course, spread: *spread });
            if let Shape::Step { at, .. } | Shape::Impulse { at, .. } = *shape {
                onsets.push(Onset { disturbance: i, at });
            }
        }
        let noises = each.iter().filter(|load| matches!(load.course, Course::Noise { .. })).count();
        Ok(Self { each, onsets, noises })
    }

    /// Does nothing disturb?
    pub fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    pub(crate) fn onsets(&self) -> &[Onset] {
        &self.onsets
    }

    /// The memory of a run that has not started, each load of the size that is given. The only place
    /// where it is taken.
    pub fn memory<R: Real>(&self) -> LoadsMemory<R> {
        let zero = R::splat(0.0);
        let sizes = vec![R::splat(1.0); self.each.len()];
        LoadsMemory { step: zero, noises: vec![zero; self.noises], sizes }
    }

    /// Where the mask holds: a run has not started, and the sizes of its loads are drawn.
    pub(crate) fn begin<R: Real>(
        &self,
        memory: &mut LoadsMemory<R>,
        mask: R::Mask,
        streams: Streams,
    ) {
        memory.reset(mask);
        for (i, (load, size)) in self.each.iter().zip(&mut memory.sizes).enumerate() {
            if let Some(spread) = load.spread {
                let draw = spread.draw(&mut streams.noise_at(Purpose::LoadSizes, i));
                (1.0 + draw).put::<R>(mask, size);
            }
        }
    }

    /// The generalised forces `w` on `(x, θ1, θ2)` that are held over the next integration step; none
    /// where there are no loads at all.
    #[inline(always)]
    pub fn step<R: Real, N: NoiseSource<R>>(
        &self,
        memory: &mut LoadsMemory<R>,
        noise: &mut N,
    ) -> Option<[R; 3]> {
        if self.is_empty() {
            return None;
        }
        let mut w = [R::splat(0.0); 3];
        let now = memory.step;
        let then = now + R::splat(1.0);
        memory.step = then;
        let first = now.lt(R::splat(0.5));
        let mut noises = memory.noises.iter_mut();
        for (load, &size) in self.each.iter().zip(&memory.sizes) {
            w[load.coordinate] += size
                * match load.course {
                    Course::Pulse { begin, end, value } => {
                        let (begin, end) = (R::splat(begin), R::splat(end));
                        R::splat(value) * (then.clamp(begin, end) - now.clamp(begin, end))
                    }
                    Course::Sinusoid { amplitude, turns_per_step, turns } => {
                        // Whole turns are dropped first: the sine would lose digits to them.
                        let turns = now * R::splat(turns_per_step) + R::splat(turns);
                        let (sin, _) = ((turns - turns.round()) * R::splat(TAU)).sin_cos();
                        R::splat(amplitude) * sin
                    }
                    Course::Noise { std, decay, innovation } => {
                        let xi = noise.normal();
                        let Some(n) = noises.next() else {
                            unreachable!("each noise has its place in the memory");
                        };
                        let going_on = R::splat(decay) * *n + R::splat(innovation) * xi;
                        // It has been going on for ever: it begins as it stays.
                        *n = R::select(first, R::splat(std) * xi, going_on);
                        *n
                    }
                };
        }
        Some(w)
    }
}

impl<R: Real> LoadsMemory<R> {
    /// Where the mask holds: a run has not started, and each load has the size that is given.
    pub fn reset(&mut self, mask: R::Mask) {
        let Self { step, noises, sizes } = self;
        let set = |value: &mut R, to| *value = R::select(mask, R::splat(to), *value);
        set(step, 0.0);
        for noise in noises {
            set(noise, 0.0);
        }
        for size in sizes {
            set(size, 1.0);
        }
    }
}

/// Checks a shape; `key` is given the rest of the place.
fn course(
    shape: &Shape,
    step: f64,
    key: impl Fn(&str) -> String,
) -> Result<Course, ExperimentError> {
    match *shape {
        Shape::Step { at, value } => {
            not_negative(key("step.at"), at)?;
            finite(key("step.value"), value)?;
            Ok(Course::Pulse { begin: in_steps(at, step), end: f64::INFINITY, value })
        }
        Shape::Impulse { at, duration, value } => {
            not_negative(key("impulse.at"), at)?;
            positive(key("impulse.duration"), duration)?;
            finite(key("impulse.value"), value)?;
            let end = in_steps(at + duration, step);
            Ok(Course::Pulse { begin: in_steps(at, step), end, value })
        }
        Shape::Sinusoid { amplitude, frequency, phase } => {
            finite(key("sinusoid.amplitude"), amplitude)?;
            let turns_per_step = frequency * step;
            let rule = "not negative, and at most half of 1/simulation.step";
            let keeps = (0.0..=0.5).contains(&turns_per_step);
            require(key("sinusoid.frequency"), frequency, keeps, rule)?;
            require(key("sinusoid.phase"), phase, phase.abs() <= 10.0, "within ±10 rad")?;
            Ok(Course::Sinusoid { amplitude, turns_per_step, turns: phase / TAU })
        }
        Shape::Noise { std, time_constant } => {
            not_negative(key("noise.std"), std)?;
            not_negative(key("noise.time_constant"), time_constant)?;
            let steps = step / time_constant;
            let innovation = std * (-libm::expm1(-2.0 * steps)).sqrt();
            Ok(Course::Noise { std, decay: libm::exp(-steps), innovation })
        }
    }
}

/// More integration steps than any run has.
const NEVER: f64 = 1e15;

/// A time in integration steps. A millionth of a step is the rounding of decimal times.
fn in_steps(time: f64, step: f64) -> f64 {
    let steps = (time / step).min(NEVER);
    if (steps - steps.round()).abs() <= 1e-6 { steps.round() } else { steps }
}
