//! How a run recovers from each push: every step or impulse among the disturbances.
//!
//! What belongs to a push are the instants from its onset to the next one, or to the horizon. What
//! did not happen is `None`, never a number. Validated by `tests/recovery.rs`.

use serde::Serialize;

use crate::closed_loop::ClosedLoop;
use crate::disturbances::Onset;
use crate::observer::{Instant, Observer};

/// What followed one push.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Recovery {
    /// Which disturbance of the experiment, counted from 0.
    pub disturbance: usize,
    /// Onset in s.
    pub at: f64,
    /// The largest |θ1| or |θ2| in rad; none if the run ended before the push.
    pub peak_angle: Option<f64>,
    /// Time in s from the onset until both angles were within `settling.theta` for good; none if
    /// they were not.
    pub recovery_time: Option<f64>,
    /// The larger of the means of |θ1| and |θ2| in the last second, in rad; none if the run ended
    /// before.
    pub steady_angle: Option<f64>,
    /// The mean of |x| in the last second, in m; none if the run ended before.
    pub steady_position: Option<f64>,
}

/// What is left of an error is looked for in the last second, or in all of a shorter time.
const STEADY_WINDOW: f64 = 1.0;

/// Computes a [`Recovery`] for each push while a run goes on. All of its memory is taken at
/// construction.
#[derive(Debug, Clone)]
pub struct RecoveryRecorder {
    theta: f64,
    /// Half a control period: the times of instants are rounded.
    half_period: f64,
    pushes: Vec<Push>,
}

#[derive(Debug, Clone, Copy)]
struct Push {
    disturbance: usize,
    at: f64,
    /// The next onset, or the horizon.
    until: f64,
    peak_angle: Option<f64>,
    within_since: Option<f64>,
    /// Time of the last instant that was seen.
    seen: Option<f64>,
    /// Of |θ1|, |θ2| and |x|, near the end.
    sums: [f64; 3],
    summed: u64,
}

impl RecoveryRecorder {
    /// For one run of `closed_loop`.
    pub fn new(closed_loop: &ClosedLoop) -> Self {
        let onsets = closed_loop.loads.onsets();
        let horizon = closed_loop.horizon();
        let half_period = 0.5 * closed_loop.period();
        let push = |onset: &Onset| {
            let later = onsets.iter().map(|other| other.at).filter(|&at| at > onset.at);
            let next = later.fold(f64::INFINITY, f64::min);
            Push {
                disturbance: onset.disturbance,
                at: onset.at,
                until: next.min(horizon),
                peak_angle: None,
                within_since: None,
                seen: None,
                sums: [0.0; 3],
                summed: 0,
            }
        };
        let theta = closed_loop.settling().theta;
        Self { theta, half_period, pushes: onsets.iter().map(push).collect() }
    }

    /// What was seen, in the order of the disturbances.
    pub fn recoveries(&self) -> Vec<Recovery> {
        self.pushes.iter().map(|push| push.recovery(self.half_period)).collect()
    }
}

impl Observer for RecoveryRecorder {
    fn observe(&mut self, &Instant { t, state, .. }: &Instant<'_>) {
        for push in &mut self.pushes {
            // An instant at which the next push begins has not felt it yet.
            if t < push.at - 1e-6 * self.half_period || t > push.until + 1e-6 * self.half_period {
                continue;
            }
            let angle = state.theta1.abs().max(state.theta2.abs());
            push.peak_angle = Some(push.peak_angle.map_or(angle, |peak| peak.max(angle)));
            if angle <= self.theta {
                push.within_since.get_or_insert(t);
            } else {
                push.within_since = None;
            }
            if t >= push.until - STEADY_WINDOW - self.half_period {
                let now = [state.theta1.abs(), state.theta2.abs(), state.x.abs()];
                push.sums = core::array::from_fn(|i| push.sums[i] + now[i]);
                push.summed += 1;
            }
            push.seen = Some(t);
        }
    }
}

impl Push {
    fn recovery(&self, half_period: f64) -> Recovery {
        let &Self { disturbance, at, until, peak_angle, within_since, sums, summed, .. } = self;
        // The instant after the last one belongs to the next push.
        let complete = self.seen.is_some_and(|t| t > until - 2.0 * half_period * (1.0 - 1e-6));
        let mean = |sum: f64| (complete && summed > 0).then(|| sum / summed as f64);
        Recovery {
            disturbance,
            at,
            peak_angle,
            // An onset may lie between two instants.
            recovery_time: within_since.filter(|_| complete).map(|t| (t - at).max(0.0)),
            steady_angle: mean(sums[0].max(sums[1])),
            steady_position: mean(sums[2]),
        }
    }
}
