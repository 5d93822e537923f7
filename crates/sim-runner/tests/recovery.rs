//! What follows a push, on instants made by hand and in a run.

use dip_dynamics::State;
use sim_runner::{
    Coordinate, Disturbance, Experiment, Instant, Observer, Outcome, Recovery, RecoveryRecorder,
    Shape, Simulation,
};
use smc_controllers::{Command, EquivalentControl, Kind, SHOWN};

fn push(at: f64) -> Disturbance {
    Disturbance { on: Coordinate::Cart, shape: Shape::Step { at, value: 1.0 }, spread: None }
}

fn experiment(disturbances: Vec<Disturbance>) -> Experiment {
    Experiment {
        simulation: Simulation {
            duration: 10.0,
            control_period: 0.5,
            step: 1e-3,
            ..Simulation::default()
        },
        disturbances,
        ..Experiment::default()
    }
}

/// The recoveries from the instants every half second until `until`.
fn recoveries(
    disturbances: Vec<Disturbance>,
    until: f64,
    state: impl Fn(f64) -> State,
) -> Vec<Recovery> {
    let mut recorder = RecoveryRecorder::new(&experiment(disturbances).closed_loop().unwrap());
    let command = Command {
        u: 0.0,
        u_eq: 0.0,
        u_sw: 0.0,
        sigma: None,
        equivalent: EquivalentControl::None,
        guarded: false,
        fault: false,
    };
    for k in 0..=20_u32 {
        let t = 0.5 * f64::from(k);
        if t <= until {
            let state = state(t);
            recorder.observe(&Instant {
                t,
                state: &state,
                measured: &State::UPRIGHT,
                command: &command,
                force: 0.0,
                remembered: &[0.0; SHOWN],
            });
        }
    }
    recorder.recoveries()
}

/// Two pushes, at 2 s and 6 s. After each the angles decay; the cart stays away.
fn course(t: f64) -> State {
    let (theta1, theta2, x) = match t {
        ..=2.0 => (0.0, 0.0, 0.0),
        2.5 => (0.2, -0.3, 0.1),
        3.0 => (0.1, -0.02, 0.3),
        ..=6.0 => (0.004, -0.008, -0.25),
        6.5 => (0.05, 0.0, 0.5),
        _ => (-0.002, 0.001, 0.75),
    };
    State { theta1, theta2, x, ..State::UPRIGHT }
}

#[test]
fn each_push_has_its_peak_its_recovery_and_what_stays() {
    let sine = Shape::Sinusoid { amplitude: 1.0, frequency: 1.0, phase: 0.0 };
    let noise = Disturbance { on: Coordinate::Rod1, shape: sine, spread: None };
    let [second, first] = recoveries(vec![push(6.0), noise, push(2.0)], 10.0, course)[..] else {
        panic!("what never begins is no push")
    };
    let expected = Recovery {
        disturbance: 2,
        at: 2.0,
        peak_angle: Some(0.3),
        recovery_time: Some(1.5),
        steady_angle: Some(0.008),
        steady_position: Some(0.25),
    };
    assert_eq!(first, expected);
    let expected = Recovery {
        disturbance: 0,
        at: 6.0,
        peak_angle: Some(0.05),
        recovery_time: Some(1.0),
        steady_angle: Some(0.002),
        steady_position: Some(0.75),
    };
    assert_eq!(second, expected);
}

#[test]
fn what_did_not_happen_is_none() {
    let nothing = |at| Recovery {
        disturbance: 0,
        at,
        peak_angle: None,
        recovery_time: None,
        steady_angle: None,
        steady_position: None,
    };
    // The run ended before the push, or the push comes after the horizon.
    assert_eq!(recoveries(vec![push(2.0)], 1.5, course), [nothing(2.0)]);
    assert_eq!(recoveries(vec![push(20.0)], 10.0, course), [nothing(20.0)]);
    // The run ended between the push and the horizon, within the bands or not.
    for until in [3.0, 5.0, 9.5] {
        let [recovery] = recoveries(vec![push(2.0)], until, course)[..] else { panic!("one") };
        assert_eq!(recovery, Recovery { peak_angle: Some(0.3), ..nothing(2.0) }, "{until}");
    }
    // An angle that is out again at the end has not recovered; what stays is told all the same.
    let out = |_| State { theta2: 0.5, ..State::UPRIGHT };
    let [recovery] = recoveries(vec![push(2.0)], 10.0, out)[..] else { panic!("one") };
    assert_eq!((recovery.recovery_time, recovery.steady_angle), (None, Some(0.5)));
    // One that was never out has recovered at once.
    let [recovery] = recoveries(vec![push(2.2)], 10.0, |_| State::UPRIGHT)[..] else {
        panic!("one")
    };
    assert!((recovery.recovery_time.unwrap() - 0.3).abs() < 1e-12, "seen at the next instant");
    assert_eq!(recoveries(Vec::new(), 10.0, course), []);
}

/// A torque on a rod, which no force on the cart can cancel: 0.02 N·m·s leave it with some 0.5 rad/s.
#[test]
fn a_law_recovers_from_a_kick() {
    let kick = Disturbance {
        on: Coordinate::Rod1,
        shape: Shape::Impulse { at: 5.0, duration: 0.1, value: 0.2 },
        spread: None,
    };
    let experiment = Experiment { disturbances: vec![kick], ..Experiment::default() };
    let closed_loop = experiment.closed_loop().unwrap();
    for kind in Kind::ALL {
        let law = experiment.controller(kind).unwrap();
        let mut recorder = RecoveryRecorder::new(&closed_loop);
        let run = closed_loop.run(&law, &experiment.scenario(1).unwrap(), &mut recorder);
        assert_ne!(run.outcome, Outcome::Fallen, "{kind}");
        let [recovery] = recorder.recoveries()[..] else { panic!("one push") };
        let peak = recovery.peak_angle.unwrap();
        assert!((0.01..1.0).contains(&peak), "{kind}: {recovery:?}");
        assert!(recovery.steady_angle.unwrap() < peak, "{kind}: {recovery:?}");
        if let Some(time) = recovery.recovery_time {
            assert!(time > 0.1 && time < 5.0, "{kind}: {recovery:?}");
        }
    }
}
