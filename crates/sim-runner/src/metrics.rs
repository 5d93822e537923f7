//! What one run is judged by. Definitions with formulas: `docs/metrics.md`.
//!
//! Everything is of the true state, and of the command; effort and peak are those of the force on
//! the cart. Integrals of the state use the trapezoidal rule over the control periods; those of the
//! command are exact, since it is held, and those of the force, too, as long as it is the command or
//! a period is one integration step. What did not happen is `None`, never a number.

use dip_dynamics::State;
use serde::Serialize;
use smc_controllers::EquivalentControl;

use crate::closed_loop::ClosedLoop;
use crate::observer::{Instant, Observer};
use crate::outcome::{Outcome, Settling};

/// Figures of one run, up to its end. The default is that of a run in which no time passed.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Metrics {
    /// Time in s from which angles and cart stayed within the settling bands; none if they were not
    /// within them at the end.
    pub settling_time: Option<f64>,
    /// Time in s from which both angles stayed within `settling.theta`, wherever the cart was; none if
    /// they were not within it at the horizon, or the run did not get there.
    pub angle_settling_time: Option<f64>,
    /// The largest |θ1| on the side opposite to its start, in rad.
    pub overshoot_theta1: f64,
    /// The largest |θ2| on the side opposite to its start, in rad.
    pub overshoot_theta2: f64,
    /// `∫(θ1² + θ2²)dt` in rad²·s.
    pub ise: f64,
    /// `∫(|θ1| + |θ2|)dt` in rad·s.
    pub iae: f64,
    /// `∫t·(|θ1| + |θ2|)dt` in rad·s².
    pub itae: f64,
    /// `∫F²dt` of the force on the cart in N²·s.
    pub control_effort: f64,
    /// `Σ|u(k) − u(k−1)|` of the command in N: the chattering.
    pub total_variation: f64,
    /// The largest force on the cart either way in N.
    pub peak_force: f64,
    /// The share of the time during which the command was at its limit, in [0, 1]; none if no time
    /// passed.
    pub saturation_share: Option<f64>,
    /// The share of the time during which `|β|` was at its floor, in [0, 1]; none if no time passed.
    pub guarded_share: Option<f64>,
    /// The length of track that was used, `max x − min x`, in m.
    pub cart_travel: f64,
    /// The largest |θ1| or |θ2| in rad.
    pub peak_angle: f64,
    /// The root mean square of θ1 and θ2 together in the last two seconds before the horizon, in
    /// rad; none if the run did not get there.
    pub theta_rms: Option<f64>,
    /// The root mean square of the command in the last two seconds before the horizon, in N; none
    /// if the run did not get there.
    pub u_rms: Option<f64>,
}

/// The jitter is that of the last two seconds, or of the whole run if it is shorter.
const JITTER_WINDOW: f64 = 2.0;

/// Computes [`Metrics`] while a run goes on, in constant memory.
#[derive(Debug, Clone, Copy)]
pub struct MetricsRecorder {
    settling: Settling,
    u_max: f64,
    horizon: f64,
    /// Where the window of the jitter begins in s.
    window_from: f64,
    /// The instant before, from which the present interval starts.
    previous: Option<Previous>,
    start: State,
    within_since: Option<f64>,
    angles_within_since: Option<f64>,
    last_u: Option<f64>,
    x_range: (f64, f64),
    elapsed: f64,
    /// Time in s, `∫(θ1² + θ2²)dt` and `∫u²dt` within the window of the jitter.
    window: [f64; 3],
    saturated: f64,
    guarded: f64,
    equivalent: Option<EquivalentControl>,
    /// Sums so far; the fields that need an end are filled in by [`MetricsRecorder::metrics`].
    sums: Metrics,
}

#[derive(Debug, Clone, Copy)]
struct Previous {
    t: f64,
    state: State,
    u: f64,
    force: f64,
    guarded: bool,
}

impl MetricsRecorder {
    /// For one run of `closed_loop`.
    pub fn new(closed_loop: &ClosedLoop) -> Self {
        Self {
            settling: *closed_loop.settling(),
            u_max: closed_loop.u_max(),
            horizon: closed_loop.horizon(),
            // Half a period: the times of instants are rounded.
            window_from: closed_loop.horizon() - JITTER_WINDOW - 0.5 * closed_loop.period(),
            previous: None,
            start: State::UPRIGHT,
            within_since: None,
            angles_within_since: None,
            last_u: None,
            x_range: (0.0, 0.0),
            elapsed: 0.0,
            window: [0.0; 3],
            saturated: 0.0,
            guarded: 0.0,
            equivalent: None,
            sums: Metrics::default(),
        }
    }

    /// The figures of what was seen of a run that ended with `outcome`: only one that settled has a
    /// settling time, and only one that stayed up to the horizon has one of its angles.
    pub fn metrics(&self, outcome: Outcome) -> Metrics {
        let elapsed = self.elapsed;
        let share = |time: f64| (elapsed > 0.0).then(|| time / elapsed);
        let [time, square_of_angles, square_of_command] = self.window;
        let at_horizon = self.previous.is_some_and(|previous| previous.t >= self.horizon);
        let rms = |square: f64| at_horizon.then(|| (square / time).sqrt());
        Metrics {
            settling_time: self.within_since.filter(|_| outcome == Outcome::Settled),
            angle_settling_time: self.angles_within_since.filter(|_| outcome.is_of_the_horizon()),
            saturation_share: share(self.saturated),
            guarded_share: share(self.guarded),
            cart_travel: self.x_range.1 - self.x_range.0,
            theta_rms: rms(0.5 * square_of_angles),
            u_rms: rms(square_of_command),
            ..self.sums
        }
    }

    /// The equivalent control that the law used last; none before the first command.
    pub fn equivalent(&self) -> Option<EquivalentControl> {
        self.equivalent
    }

    /// The interval from the previous instant to `t`, over which its force was held.
    fn integrate(&mut self, previous: Previous, t: f64, state: &State) {
        let dt = t - previous.t;
        let trapezoid = |f: &dyn Fn(f64, &State) -> f64| {
            0.5 * dt * (f(previous.t, &previous.state) + f(t, state))
        };
        let square_of_angles = trapezoid(&|_, s| s.theta1 * s.theta1 + s.theta2 * s.theta2);
        let sums = &mut self.sums;
        sums.ise += square_of_angles;
        sums.iae += trapezoid(&|_, s| s.theta1.abs() + s.theta2.abs());
        sums.itae += trapezoid(&|t, s| t * (s.theta1.abs() + s.theta2.abs()));
        let Previous { u, force, .. } = previous;
        sums.control_effort += force * force * dt;
        sums.total_variation += self.last_u.map_or(0.0, |last| (u - last).abs());
        sums.peak_force = sums.peak_force.max(force.abs());
        if previous.t >= self.window_from {
            let [time, angles, command] = self.window;
            self.window = [time + dt, angles + square_of_angles, command + u * u * dt];
        }
        if u.abs() >= self.u_max {
            self.saturated += dt;
        }
        if previous.guarded {
            self.guarded += dt;
        }
        self.elapsed += dt;
        self.last_u = Some(u);
    }
}

impl Observer for MetricsRecorder {
    fn observe(&mut self, &Instant { t, state, command, force, .. }: &Instant<'_>) {
        if let Some(previous) = self.previous {
            self.integrate(previous, t, state);
            self.x_range = (self.x_range.0.min(state.x), self.x_range.1.max(state.x));
        } else {
            self.start = *state;
            self.x_range = (state.x, state.x);
        }
        let sums = &mut self.sums;
        sums.overshoot_theta1 = sums.overshoot_theta1.max(beyond(self.start.theta1, state.theta1));
        sums.overshoot_theta2 = sums.overshoot_theta2.max(beyond(self.start.theta2, state.theta2));
        sums.peak_angle = sums.peak_angle.max(state.theta1.abs()).max(state.theta2.abs());
        hold(&mut self.within_since, self.settling.contains(state), t);
        hold(&mut self.angles_within_since, self.settling.contains_angles(state), t);
        self.previous =
            Some(Previous { t, state: *state, u: command.u, force, guarded: command.guarded });
        self.equivalent = Some(command.equivalent);
    }
}

/// Since when something has been so without a break.
fn hold(since: &mut Option<f64>, is_so: bool, t: f64) {
    *since = is_so.then(|| since.unwrap_or(t));
}

/// How far `angle` is on the other side of upright than `start`; from upright, either side counts.
fn beyond(start: f64, angle: f64) -> f64 {
    if start == 0.0 { angle.abs() } else { -angle * start.signum() }
}
