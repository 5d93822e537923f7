//! What one run is judged by. Definitions with formulas: `docs/metrics.md`.
//!
//! Everything is of the true state, and of the command; effort and peak are those of the force on
//! the cart. Integrals of the state use the trapezoidal rule over the control periods; those of the
//! command are exact, since it is held, and those of the force, too, as long as it is the command or
//! a period is one integration step. What did not happen is `None`, never a number.

use dip_dynamics::{Lanes, Mask, Real, Splat, State, splat_fields};
use serde::{Deserialize, Serialize};
use smc_controllers::EquivalentControl;

use crate::closed_loop::ClosedLoop;
use crate::observer::{Instant, Observer};
use crate::outcome::{Outcome, Settling};

/// Figures of one run, up to its end. The default is that of a run in which no time passed.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
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
    /// Total variation of the command, `Σ|u(k) − u(k−1)|`, in N.
    pub total_variation: f64,
    /// The same per second in N/s: the chattering; none if no time passed.
    pub chattering: Option<f64>,
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

/// Computes [`Metrics`] while runs go on, one in each lane, in constant memory. A run begins with the
/// instant of time 0, whatever was seen before.
#[derive(Debug, Clone, Copy)]
pub struct MetricsRecorder<R: Real = f64> {
    settling: Settling,
    u_max: f64,
    horizon: f64,
    /// Where the window of the jitter begins in s.
    window_from: f64,
    equivalent: Option<EquivalentControl>,
    /// The first angles.
    start: [R; 2],
    /// The instant before, from which the present interval starts.
    previous: Previous<R>,
    /// Since when the state has been within the bands, and the angles within theirs, without a break;
    /// infinite if they are not.
    within_since: R,
    angles_within_since: R,
    x_min: R,
    x_max: R,
    sums: Sums<R>,
}

/// What the end of an interval needs to know of its beginning.
#[derive(Debug, Clone, Copy)]
struct Previous<R> {
    t: R,
    square_of_angles: R,
    sum_of_angles: R,
    u: R,
    /// How far `u` was from the command before it.
    jump: R,
    force: R,
    guarded: R,
}

splat_fields!(Previous { t, square_of_angles, sum_of_angles, u, jump, force, guarded });

/// What adds up, or grows.
#[derive(Debug, Clone, Copy)]
struct Sums<R> {
    overshoot: [R; 2],
    peak_angle: R,
    peak_force: R,
    ise: R,
    iae: R,
    itae: R,
    control_effort: R,
    total_variation: R,
    /// Times in s.
    saturated: R,
    guarded: R,
    /// Time in s, `∫(θ1² + θ2²)dt` and `∫u²dt` within the window of the jitter.
    window: [R; 3],
}

splat_fields!(Sums {
    overshoot,
    peak_angle,
    peak_force,
    ise,
    iae,
    itae,
    control_effort,
    total_variation,
    saturated,
    guarded,
    window
});

const NOTHING: Sums<f64> = Sums {
    overshoot: [0.0; 2],
    peak_angle: 0.0,
    peak_force: 0.0,
    ise: 0.0,
    iae: 0.0,
    itae: 0.0,
    control_effort: 0.0,
    total_variation: 0.0,
    saturated: 0.0,
    guarded: 0.0,
    window: [0.0; 3],
};

const NOWHEN: Previous<f64> = Previous {
    t: 0.0,
    square_of_angles: 0.0,
    sum_of_angles: 0.0,
    u: 0.0,
    jump: 0.0,
    force: 0.0,
    guarded: 0.0,
};

impl<R: Lanes> MetricsRecorder<R> {
    /// For runs of `closed_loop`.
    pub fn new(closed_loop: &ClosedLoop) -> Self {
        let (zero, infinity) = (R::splat(0.0), R::splat(f64::INFINITY));
        Self {
            settling: *closed_loop.settling(),
            u_max: closed_loop.u_max(),
            horizon: closed_loop.horizon(),
            // Half a period: the times of instants are rounded.
            window_from: closed_loop.horizon()
                - JITTER_WINDOW.max(closed_loop.period())
                - 0.5 * closed_loop.period(),
            equivalent: None,
            start: [zero; 2],
            previous: NOWHEN.splat(),
            within_since: infinity,
            angles_within_since: infinity,
            x_min: zero,
            x_max: zero,
            sums: NOTHING.splat(),
        }
    }

    /// The figures of what was seen of the run in a lane that ended with `outcome`: only one that
    /// settled has a settling time, and only one that stayed up to the horizon has one of its angles.
    pub fn of_lane(&self, lane: usize, outcome: Outcome) -> Metrics {
        let number = |of: R| of.lane(lane);
        let elapsed = number(self.previous.t);
        let since = |instant: R| Some(number(instant)).filter(|time| time.is_finite());
        let passed = |of: R| (elapsed > 0.0).then(|| number(of) / elapsed);
        let [time, square_of_angles, square_of_command] = self.sums.window.map(number);
        let rms = |square: f64| (elapsed >= self.horizon).then(|| (square / time).sqrt());
        let [overshoot_theta1, overshoot_theta2] = self.sums.overshoot.map(number);
        Metrics {
            settling_time: since(self.within_since).filter(|_| outcome == Outcome::Settled),
            angle_settling_time: since(self.angles_within_since)
                .filter(|_| outcome.is_of_the_horizon()),
            overshoot_theta1,
            overshoot_theta2,
            ise: number(self.sums.ise),
            iae: number(self.sums.iae),
            itae: number(self.sums.itae),
            control_effort: number(self.sums.control_effort),
            total_variation: number(self.sums.total_variation),
            chattering: passed(self.sums.total_variation),
            peak_force: number(self.sums.peak_force),
            saturation_share: passed(self.sums.saturated),
            guarded_share: passed(self.sums.guarded),
            cart_travel: number(self.x_max) - number(self.x_min),
            peak_angle: number(self.sums.peak_angle),
            theta_rms: rms(0.5 * square_of_angles),
            u_rms: rms(square_of_command),
        }
    }

    /// The equivalent control that the law used last; none before the first command.
    pub fn equivalent(&self) -> Option<EquivalentControl> {
        self.equivalent
    }

    /// Where a run begins, what was seen before is forgotten.
    fn begin(&mut self, first: R::Mask, state: &State<R>) {
        NOWHEN.put::<R>(first, &mut self.previous);
        NOTHING.put::<R>(first, &mut self.sums);
        let select = |now: R, before: R| R::select(first, now, before);
        self.start = [select(state.theta1, self.start[0]), select(state.theta2, self.start[1])];
        self.x_min = select(state.x, self.x_min);
        self.x_max = select(state.x, self.x_max);
        f64::INFINITY.put::<R>(first, &mut self.within_since);
        f64::INFINITY.put::<R>(first, &mut self.angles_within_since);
    }

    /// The interval from the previous instant to `t`, over which its force was held.
    #[inline(always)]
    fn integrate(&mut self, t: R, square_of_angles: R, sum_of_angles: R) {
        let Previous { u, force, jump, guarded, .. } = self.previous;
        let before = &self.previous;
        let zero = R::splat(0.0);
        let dt = t - before.t;
        let half = R::splat(0.5) * dt;
        let square_of_angles = half * (before.square_of_angles + square_of_angles);
        let sums = &mut self.sums;
        sums.ise += square_of_angles;
        sums.iae += half * (before.sum_of_angles + sum_of_angles);
        sums.itae += half * (before.t * before.sum_of_angles + t * sum_of_angles);
        sums.control_effort += force * force * dt;
        sums.total_variation += jump;
        sums.peak_force = sums.peak_force.max(force.abs());
        let in_window = R::splat(self.window_from).le(before.t);
        if in_window.any() {
            let [time, angles, command] = sums.window;
            sums.window = [
                time + R::select(in_window, dt, zero),
                angles + R::select(in_window, square_of_angles, zero),
                command + R::select(in_window, u * u * dt, zero),
            ];
        }
        sums.saturated += R::select(R::splat(self.u_max).le(u.abs()), dt, zero);
        sums.guarded += guarded * dt;
    }
}

impl MetricsRecorder {
    /// The figures of what was seen of a run that ended with `outcome`.
    pub fn metrics(&self, outcome: Outcome) -> Metrics {
        self.of_lane(0, outcome)
    }
}

impl<R: Lanes> Observer<R> for MetricsRecorder<R> {
    #[inline(always)]
    fn observe(&mut self, &Instant { t, state, command, force, .. }: &Instant<'_, R>) {
        let zero = R::splat(0.0);
        let first = t.le(zero);
        if first.any() {
            self.begin(first, state);
        }
        let (size1, size2) = (state.theta1.abs(), state.theta2.abs());
        let square_of_angles = state.theta1 * state.theta1 + state.theta2 * state.theta2;
        let sum_of_angles = size1 + size2;
        self.integrate(t, square_of_angles, sum_of_angles);
        self.x_min = self.x_min.min(state.x);
        self.x_max = self.x_max.max(state.x);
        let [start1, start2] = self.start;
        let [over1, over2] = self.sums.overshoot;
        self.sums.overshoot =
            [over1.max(beyond(start1, state.theta1)), over2.max(beyond(start2, state.theta2))];
        self.sums.peak_angle = self.sums.peak_angle.max(size1).max(size2);
        hold(&mut self.within_since, self.settling.contains(state), t);
        hold(&mut self.angles_within_since, self.settling.contains_angles(state), t);
        let u = command.u;
        self.previous = Previous {
            t,
            square_of_angles,
            sum_of_angles,
            u,
            jump: R::select(first, zero, (u - self.previous.u).abs()),
            force,
            guarded: R::select(command.guarded, R::splat(1.0), zero),
        };
        self.equivalent = Some(command.equivalent);
    }
}

/// Since when something has been so without a break.
#[inline(always)]
fn hold<R: Real>(since: &mut R, is_so: R::Mask, t: R) {
    *since = R::select(is_so, since.min(t), R::splat(f64::INFINITY));
}

/// How far `angle` is on the other side of upright than `start`; from upright, either side counts.
#[inline(always)]
fn beyond<R: Real>(start: R, angle: R) -> R {
    let zero = R::splat(0.0);
    let towards = R::select(start.lt(zero), angle, -angle);
    R::select(start.abs().le(zero), angle.abs(), towards)
}
