//! The actuator: what becomes of a command before it is a force on the cart.
//!
//! In this order, once for each integration step: limit → delay → dead zone → rate limit → lag.
//! Everything but the limit is off by default, and the force is then the limited command, bit for
//! bit.
//!
//! Validated by `tests/actuator.rs`.

use dip_dynamics::Real;
use serde::{Deserialize, Serialize};

use crate::delay::DelayLine;
use crate::error::ExperimentError;
use crate::rules::{not_negative, positive, require, steps_of_delay};

/// The actuator of the cart. Unchecked: [`Drive::new`] checks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Actuator {
    /// The largest force either way in N.
    pub u_max: f64,
    /// The fastest change of the force in N/s; none is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_max: Option<f64>,
    /// Time constant of a first-order lag in s; 0 is no lag.
    pub time_constant: f64,
    /// Commands up to this size in N give no force, larger ones lose as much.
    pub dead_zone: f64,
    /// Delay in s, a multiple of the integration step.
    pub delay: f64,
}

impl Default for Actuator {
    fn default() -> Self {
        Self { u_max: 150.0, rate_max: None, time_constant: 0.0, dead_zone: 0.0, delay: 0.0 }
    }
}

/// An actuator that was checked, for one integration step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drive {
    u_max: f64,
    /// Integration steps.
    delay: usize,
    /// In N.
    dead_zone: f64,
    /// Largest change in N within a step, where there is a limit.
    change_max: Option<f64>,
    lag: Option<Lag>,
    /// Nothing but a limit.
    ideal: bool,
}

/// `τ·Ḟ = v − F` with `v` held for a step `Δt`, solved exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Lag {
    /// `e^(−Δt/τ)`: what is left of `F − v` at the end of the step, …
    end: f64,
    /// … and `(1 − e^(−Δt/τ))·τ/Δt`: what there is of it in the mean over the step.
    mean: f64,
}

/// What a drive remembers of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct DriveMemory<R = f64> {
    delay: DelayLine<R>,
    /// What the rate limit let through last, in N.
    limited: R,
    /// The force behind the lag at this moment, in N.
    force: R,
}

impl Drive {
    /// The drive of `actuator`, for integration steps of `step` seconds.
    ///
    /// # Errors
    /// A setting that breaks its rule.
    pub fn new(actuator: &Actuator, step: f64) -> Result<Self, ExperimentError> {
        let &Actuator { u_max, rate_max, time_constant, dead_zone, delay } = actuator;
        positive("simulation.step", step)?;
        positive("actuator.u_max", u_max)?;
        rate_max.map_or(Ok(()), |rate| positive("actuator.rate_max", rate))?;
        not_negative("actuator.time_constant", time_constant)?;
        let rule = "not negative, and less than actuator.u_max";
        require("actuator.dead_zone", dead_zone, (0.0..u_max).contains(&dead_zone), rule)?;
        let lag = (time_constant > 0.0).then(|| {
            let steps = step / time_constant;
            Lag { end: libm::exp(-steps), mean: -libm::expm1(-steps) / steps }
        });
        Ok(Self {
            ideal: *actuator == Actuator { u_max, ..Actuator::default() },
            u_max,
            delay: steps_of_delay("actuator.delay", delay, step)?,
            dead_zone,
            change_max: rate_max.map(|rate| rate * step),
            lag,
        })
    }

    /// The limit of the force either way in N.
    pub fn u_max(&self) -> f64 {
        self.u_max
    }

    /// A drive that has been idle for ever. The only place where it takes memory.
    pub fn memory<R: Real>(&self) -> DriveMemory<R> {
        let zero = R::splat(0.0);
        DriveMemory { delay: DelayLine::new(self.delay, zero), limited: zero, force: zero }
    }

    /// The command within `±u_max`; NaN stays NaN.
    #[inline(always)]
    pub fn limit<R: Real>(&self, command: R) -> R {
        command.clamp(R::splat(-self.u_max), R::splat(self.u_max))
    }

    /// The force in N that is held over one integration step, from the limited command.
    ///
    /// That of the lag is the mean of its exact answer over the step: its impulse is exact, too.
    #[inline(always)]
    pub fn step<R: Real>(&self, memory: &mut DriveMemory<R>, limited: R) -> R {
        if self.ideal {
            return limited;
        }
        let mut v = memory.delay.shift(limited);
        if self.dead_zone > 0.0 {
            v = v - v.clamp(R::splat(-self.dead_zone), R::splat(self.dead_zone));
        }
        if let Some(change_max) = self.change_max {
            let change_max = R::splat(change_max);
            v = v.clamp(memory.limited - change_max, memory.limited + change_max);
            memory.limited = v;
        }
        let Some(Lag { end, mean }) = self.lag else {
            return v;
        };
        let away = memory.force - v;
        memory.force = v + away * R::splat(end);
        v + away * R::splat(mean)
    }
}

impl<R: Real> DriveMemory<R> {
    /// Idle again, where the mask holds.
    pub fn reset(&mut self, mask: R::Mask) {
        let Self { delay, limited, force } = self;
        let idle = |value: &mut R| *value = R::select(mask, R::splat(0.0), *value);
        delay.each(idle);
        idle(limited);
        idle(force);
    }

    /// The force behind the lag at the end of the last step in N; 0 without a lag.
    pub fn force(&self) -> R {
        self.force
    }
}
