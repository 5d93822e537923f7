//! The figures of a run against closed forms, on instants made by hand.

use dip_dynamics::State;
use sim_runner::{
    ClosedLoop, Experiment, Instant, Metrics, MetricsRecorder, Observer, Outcome, Scenario,
    Simulation, Uncontrolled, World,
};
use smc_controllers::{Command, EquivalentControl, SHOWN};

fn closed_loop() -> ClosedLoop {
    Experiment::default().closed_loop().unwrap()
}

fn force(u: f64) -> Command {
    Command {
        u,
        u_eq: 0.0,
        u_sw: u,
        sigma: None,
        equivalent: EquivalentControl::None,
        guarded: false,
        fault: false,
    }
}

/// What an ideal world shows.
fn instant<'a>(t: f64, state: &'a State, command: &'a Command) -> Instant<'a> {
    Instant { t, state, measured: state, command, force: command.u, remembered: &[0.0; SHOWN] }
}

/// The figures of `instants` intervals of `dt`, with state and force as functions of time.
fn metrics(
    dt: f64,
    intervals: u32,
    state: impl Fn(f64) -> State,
    u: impl Fn(u32) -> f64,
) -> Metrics {
    let mut recorder = MetricsRecorder::new(&closed_loop());
    for k in 0..=intervals {
        let t = f64::from(k) * dt;
        recorder.observe(&instant(t, &state(t), &force(u(k))));
    }
    recorder.metrics(Outcome::Settled)
}

fn leaning(theta1: f64) -> State {
    State { theta1, ..State::UPRIGHT }
}

fn close(what: &str, actual: f64, expected: f64, tolerance: f64) {
    assert!((actual - expected).abs() <= tolerance, "{what}: {actual} is not {expected}");
}

#[test]
fn a_run_of_nothing_has_no_figures() {
    let none = MetricsRecorder::new(&closed_loop()).metrics(Outcome::Settled);
    let expected = Metrics {
        angle_settling_time: None,
        settling_time: None,
        overshoot_theta1: 0.0,
        overshoot_theta2: 0.0,
        ise: 0.0,
        iae: 0.0,
        itae: 0.0,
        control_effort: 0.0,
        total_variation: 0.0,
        chattering: None,
        peak_force: 0.0,
        saturation_share: None,
        guarded_share: None,
        cart_travel: 0.0,
        peak_angle: 0.0,
        theta_rms: None,
        u_rms: None,
    };
    assert_eq!(none, expected);
    // One instant is no time: where it is counts, what it asks for does not.
    let one = metrics(1.0, 0, |_| leaning(0.2), |_| 99.0);
    assert_eq!(one, Metrics { peak_angle: 0.2, ..expected });
}

#[test]
fn a_constant_force() {
    // Powers of two: exact.
    let figures = metrics(0.25, 8, |_| State::UPRIGHT, |_| -3.0);
    assert_eq!(figures.control_effort, 9.0 * 2.0);
    assert_eq!(figures.total_variation, 0.0);
    assert_eq!(figures.peak_force, 3.0);
    assert_eq!(figures.saturation_share, Some(0.0));
}

#[test]
fn an_alternating_force() {
    let figures = metrics(0.25, 8, |_| State::UPRIGHT, |k| if k % 2 == 0 { 2.0 } else { -2.0 });
    // Eight forces are held, with seven changes of 4 N between them.
    assert_eq!(figures.total_variation, 7.0 * 4.0);
    assert_eq!(figures.control_effort, 4.0 * 2.0);
    assert_eq!(figures.peak_force, 2.0);
}

#[test]
fn the_last_command_is_not_applied_and_not_counted() {
    let u = |k| if k == 8 { 1e6 } else { 1.0 };
    let figures = metrics(0.25, 8, |_| State::UPRIGHT, u);
    assert_eq!((figures.peak_force, figures.total_variation), (1.0, 0.0));
    assert_eq!((figures.control_effort, figures.saturation_share), (2.0, Some(0.0)));
}

#[test]
fn the_share_of_saturation_counts_either_side_and_the_limit_itself() {
    // The limit is 150 N; three of eight intervals are at it.
    let u = [150.0, -150.0, 149.0, 0.0, 150.0, -149.9, 1.0, 2.0, 150.0];
    let figures = metrics(0.25, 8, |_| State::UPRIGHT, |k| u[k as usize]);
    assert_eq!(figures.saturation_share, Some(3.0 / 8.0));
    assert_eq!(figures.peak_force, 150.0);
    let all = metrics(0.25, 8, |_| State::UPRIGHT, |_| -150.0);
    assert_eq!(all.saturation_share, Some(1.0));
}

#[test]
fn integrals_of_an_exponential_decay() {
    // θ1 = A·e^(−at) from 0 to T, θ2 = −B·e^(−bt).
    let (amplitude1, a, amplitude2, b, horizon) = (0.3, 2.0, 0.1, 5.0, 4.0_f64);
    let (dt, intervals) = (1e-3, 4000);
    let state = |t: f64| State {
        theta1: amplitude1 * (-a * t).exp(),
        theta2: -amplitude2 * (-b * t).exp(),
        ..State::UPRIGHT
    };
    let figures = metrics(dt, intervals, state, |_| 0.0);

    // ∫e^(−ct)dt and ∫t·e^(−ct)dt from 0 to T.
    let area = |c: f64| (1.0 - (-c * horizon).exp()) / c;
    let moment = |c: f64| (1.0 - (1.0 + c * horizon) * (-c * horizon).exp()) / (c * c);
    // The trapezoidal rule is off by dt²/12·(f′(T) − f′(0)), to fourth order; the sum of 4,000
    // terms rounds by some 4000·2⁻⁵³ of itself.
    let h = dt * dt / 12.0;
    let check = |what, actual: f64, exact: f64, slope: f64| {
        close(what, actual, exact, 1.01 * h * slope + 1e-12 * exact);
        let closer = (actual - exact).abs() > 0.9 * h * slope;
        assert!(closer, "{what}: it is the trapezoidal rule and no other");
    };
    let (a2, b2) = (amplitude1.powi(2), amplitude2.powi(2));
    check("ise", figures.ise, a2 * area(2.0 * a) + b2 * area(2.0 * b), 2.0 * a * a2 + 2.0 * b * b2);
    check(
        "iae",
        figures.iae,
        amplitude1 * area(a) + amplitude2 * area(b),
        amplitude1 * a + amplitude2 * b,
    );
    // The slope of t·f(t) at 0 is f(0).
    check(
        "itae",
        figures.itae,
        amplitude1 * moment(a) + amplitude2 * moment(b),
        amplitude1 + amplitude2,
    );
}

#[test]
fn settling_is_staying_within_the_bands_until_the_end() {
    // The bands are 0.01 rad and 0.05 m; each row is the trajectory at t = 0, 1, 2, …
    let check = |states: &[State], expected: Option<f64>| {
        let mut recorder = MetricsRecorder::new(&closed_loop());
        for (k, state) in states.iter().enumerate() {
            recorder.observe(&instant(k as f64, state, &force(0.0)));
        }
        assert_eq!(recorder.metrics(Outcome::Settled).settling_time, expected, "{states:?}");
    };
    let (out, within) = (leaning(0.02), leaning(0.005));
    let edge = State { x: -0.05, theta1: 0.01, theta2: -0.01, ..State::UPRIGHT };
    let second = State { theta2: -0.011, ..State::UPRIGHT };
    let away = State { x: 0.051, ..State::UPRIGHT };
    let fast = State { x_dot: 9.0, theta1_dot: 9.0, ..State::UPRIGHT };
    check(&[out, out, within, within], Some(2.0));
    check(&[within, within, within], Some(0.0));
    check(&[out, within, out, within, within], Some(3.0));
    check(&[within, out, within], Some(2.0));
    check(&[within, within, out], None);
    check(&[out, out], None);
    check(&[within, second, within], Some(2.0));
    check(&[within, away, within], Some(2.0));
    check(&[within, away], None);
    check(&[out, edge, edge], Some(1.0));
    check(&[out, fast], Some(1.0));
}

#[test]
fn angles_settle_wherever_the_cart_is() {
    let (out, within) = (leaning(0.02), leaning(0.005));
    let away = State { x: 7.0, ..within };
    for (states, expected) in [
        ([out, out, within, away], Some(2.0)),
        ([away, away, away, away], Some(0.0)),
        ([within, out, away, within], Some(2.0)),
        ([within, within, within, out], None),
    ] {
        let mut recorder = MetricsRecorder::new(&closed_loop());
        for (k, state) in states.iter().enumerate() {
            recorder.observe(&instant(k as f64, state, &force(0.0)));
        }
        for outcome in [Outcome::Settled, Outcome::NotSettled] {
            assert_eq!(recorder.metrics(outcome).angle_settling_time, expected, "{states:?}");
        }
        for outcome in [Outcome::Fallen, Outcome::OffTrack, Outcome::Diverged] {
            assert_eq!(recorder.metrics(outcome).angle_settling_time, None);
        }
    }
}

#[test]
fn overshoot_is_on_the_side_opposite_to_the_start() {
    let check = |theta1: &[f64], expected: f64| {
        for sign in [1.0, -1.0] {
            let mut recorder = MetricsRecorder::new(&closed_loop());
            for (k, theta) in theta1.iter().enumerate() {
                let theta = sign * theta;
                // The other rod does the opposite.
                let state = State { theta1: theta, theta2: -theta, ..State::UPRIGHT };
                recorder.observe(&instant(k as f64, &state, &force(0.0)));
            }
            let Metrics { overshoot_theta1, overshoot_theta2, .. } =
                recorder.metrics(Outcome::Settled);
            assert_eq!(overshoot_theta1, expected, "{theta1:?}");
            assert_eq!(overshoot_theta2, expected, "{theta1:?}");
        }
    };
    check(&[0.2, 0.1, -0.03, 0.01, -0.05, 0.0], 0.05);
    check(&[0.2, 0.3, 0.1], 0.0);
    check(&[0.2, -0.01], 0.01);
    // From upright, either side is an overshoot.
    check(&[0.0, 0.02, -0.01], 0.02);
    check(&[0.0, -0.02, 0.01], 0.02);
}

#[test]
fn the_travel_of_the_cart_is_the_track_that_it_used() {
    let check = |x: &[f64], expected: f64| {
        let mut recorder = MetricsRecorder::new(&closed_loop());
        for (k, &x) in x.iter().enumerate() {
            let state = State { x, ..State::UPRIGHT };
            recorder.observe(&instant(k as f64, &state, &force(0.0)));
        }
        assert_eq!(recorder.metrics(Outcome::Settled).cart_travel, expected, "{x:?}");
    };
    check(&[0.0, 0.5, -0.25, 0.25], 0.75);
    check(&[2.0, 2.5, 3.0], 1.0);
    check(&[-1.0, -1.0], 0.0);
    check(&[5.0], 0.0);
}

/// Of a run, up to its end: the recorder sees what the run shows.
#[test]
fn a_force_of_zero_and_a_rod_at_rest() {
    let closed_loop = closed_loop();
    let mut recorder = MetricsRecorder::new(&closed_loop);
    let scenario = Scenario::new(State::UPRIGHT, *closed_loop.model(), 1);
    closed_loop.run(&sim_runner::Uncontrolled, &scenario, &mut recorder);
    let figures = recorder.metrics(Outcome::Settled);
    assert_eq!(figures.settling_time, Some(0.0));
    assert_eq!((figures.ise, figures.control_effort, figures.cart_travel), (0.0, 0.0, 0.0));
}

#[test]
fn only_a_run_that_settled_has_a_settling_time() {
    let mut recorder = MetricsRecorder::new(&closed_loop());
    for k in 0..=10 {
        let t = f64::from(k);
        recorder.observe(&instant(t, &State::UPRIGHT, &force(0.0)));
    }
    assert_eq!(recorder.metrics(Outcome::Settled).settling_time, Some(0.0));
    for outcome in [Outcome::NotSettled, Outcome::Fallen, Outcome::OffTrack, Outcome::Diverged] {
        assert_eq!(recorder.metrics(outcome).settling_time, None);
    }
}

#[test]
fn the_guard_is_seen() {
    let mut recorder = MetricsRecorder::new(&closed_loop());
    assert_eq!(recorder.equivalent(), None);
    for (k, guarded) in [true, false, false, true, false].into_iter().enumerate() {
        let command = Command { guarded, equivalent: EquivalentControl::Full, ..force(1.0) };
        recorder.observe(&instant(k as f64, &State::UPRIGHT, &command));
    }
    assert_eq!(recorder.metrics(Outcome::Settled).guarded_share, Some(0.5));
    assert_eq!(recorder.equivalent(), Some(EquivalentControl::Full));
}

/// Of a sine over whole periods the root mean square is its amplitude over √2; of two angles
/// together, the root of the mean of their squares.
#[test]
fn jitter_is_that_of_the_last_two_seconds() {
    let run = |duration: f64, periods: u32| {
        let simulation = Simulation { duration, ..Simulation::default() };
        let closed_loop = Experiment { simulation, ..Experiment::default() }.closed_loop().unwrap();
        let mut recorder = MetricsRecorder::new(&closed_loop);
        for k in 0..=periods {
            let t = f64::from(k) * 1e-3;
            let sine = (core::f64::consts::TAU * 10.0 * t).sin();
            // Wild until two seconds before the horizon.
            let before = t < duration - 2.0 - 1e-9;
            let theta1 = if before { 0.5 } else { 0.003 * sine };
            let state = State { theta1, theta2: 0.5 * theta1, ..State::UPRIGHT };
            let command = force(if before { 99.0 } else { 2.0 * sine });
            recorder.observe(&instant(t, &state, &command));
        }
        recorder.metrics(Outcome::NotSettled)
    };
    // The sum over whole periods is exact but for rounding; the sawtooth of the trapezoidal rule is
    // (ω·dt)²/12 = 3e-4 of it at most.
    let check = |figures: Metrics| {
        let theta_rms = (0.5 * 0.003 * 0.003 * (1.0 + 0.25) / 2.0_f64).sqrt();
        close("theta_rms", figures.theta_rms.unwrap(), theta_rms, 3e-4 * theta_rms);
        close("u_rms", figures.u_rms.unwrap(), 2.0_f64.sqrt(), 3e-4);
    };
    let long = run(5.0, 5000);
    check(long);
    assert_eq!(long.peak_angle, 0.5);
    check(run(2.0, 2000));
    check(run(1.0, 1000));
    // It did not get there.
    let short = run(5.0, 4999);
    assert_eq!((short.theta_rms, short.u_rms), (None, None));
}

/// The window has at least the last period, however long that is.
#[test]
fn jitter_of_a_few_long_periods_is_a_number() {
    let mut experiment = Experiment::default();
    (experiment.simulation.duration, experiment.simulation.control_period) = (10.0, 5.0);
    let closed_loop = experiment.closed_loop().unwrap();
    let upright = Scenario::new(State::UPRIGHT, *closed_loop.model(), 0);
    let mut recorder = MetricsRecorder::new(&closed_loop);
    let run = World::new(&closed_loop).run(&Uncontrolled, &upright, &mut recorder);
    let figures = recorder.metrics(run.outcome);
    assert_eq!((figures.theta_rms, figures.u_rms), (Some(0.0), Some(0.0)));
}

/// What the actuator made of the command counts as effort; what was asked for, as chattering.
#[test]
fn effort_is_that_of_the_force_and_chattering_that_of_the_command() {
    let mut recorder = MetricsRecorder::new(&closed_loop());
    for k in 0..=8_u32 {
        let command = force(if k % 2 == 0 { 2.0 } else { -2.0 });
        let state = State::UPRIGHT;
        let shown = Instant { force: 0.5, ..instant(0.25 * f64::from(k), &state, &command) };
        recorder.observe(&shown);
    }
    let figures = recorder.metrics(Outcome::Settled);
    assert_eq!((figures.control_effort, figures.peak_force), (0.25 * 2.0, 0.5));
    assert_eq!(figures.total_variation, 7.0 * 4.0);
}
