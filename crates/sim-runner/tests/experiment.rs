//! The description of an experiment: the defaults are sound, and each fault is named with its place
//! in a file, its value and its rule.

use core::f64::consts::FRAC_PI_2;

use dip_dynamics::{Integrator, Parameters, State};
use sim_runner::{Actuator, Cost, Experiment, ExperimentError, Settling, Simulation, Tuning};
use smc_controllers::{
    AdaptiveSpec, ClassicalSpec, ControllerSpec, HybridSpec, Kind, LqrSpec, Pole,
    SuperTwistingSpec, SurfaceDesign, Weights,
};

#[test]
fn the_default_experiment_can_be_run() {
    let experiment = Experiment::default();
    experiment.check().unwrap();
    assert_eq!(experiment.plant, Parameters::default());
    assert_eq!(experiment.start, State { theta1: 0.05, theta2: -0.03, ..State::UPRIGHT });
    let expected = Simulation {
        duration: 10.0,
        control_period: 1e-3,
        step: 1e-3,
        integrator: Integrator::Rk4,
    };
    assert_eq!(experiment.simulation, expected);
    assert_eq!(experiment.actuator, Actuator { u_max: 150.0, ..Actuator::default() });
    assert_eq!(
        experiment.settling,
        Settling { theta: 0.01, x: 0.05, fall_angle: FRAC_PI_2, hold: 0.0 }
    );
    let closed_loop = experiment.closed_loop().unwrap();
    assert_eq!((closed_loop.period(), closed_loop.periods()), (1e-3, 10_000));
    assert_eq!((closed_loop.horizon(), closed_loop.u_max()), (10.0, 150.0));
    assert_eq!(closed_loop.model(), &experiment.plant().unwrap());
    assert_eq!(closed_loop.settling(), &experiment.settling);
    for kind in Kind::ALL {
        assert_eq!(experiment.controllers.get(kind), ControllerSpec::shipped(kind));
    }
}

#[test]
fn laws_are_replaced_one_by_one() {
    let spec = |kind| match kind {
        Kind::Classical => {
            ControllerSpec::Classical(ClassicalSpec { k: 7.25, ..ClassicalSpec::default() })
        }
        Kind::SuperTwisting => ControllerSpec::SuperTwisting(SuperTwistingSpec {
            k1: 7.25,
            ..SuperTwistingSpec::default()
        }),
        Kind::Adaptive => {
            ControllerSpec::Adaptive(AdaptiveSpec { gamma: 7.25, ..AdaptiveSpec::default() })
        }
        Kind::Hybrid => {
            ControllerSpec::Hybrid(HybridSpec { gamma1: 7.25, ..HybridSpec::default() })
        }
        Kind::Lqr => ControllerSpec::Lqr(LqrSpec { weights: Weights { q: [7.25; 6], r: 1.0 } }),
    };
    for kind in Kind::ALL {
        let mut experiment = Experiment::default();
        experiment.controllers.set(spec(kind));
        for other in Kind::ALL {
            let expected = if other == kind { spec(kind) } else { ControllerSpec::shipped(other) };
            assert_eq!(experiment.controllers.get(other), expected);
        }
    }
}

#[test]
fn times_that_are_multiples_but_for_rounding_are_accepted() {
    for (duration, control_period, step, periods) in [
        (10.0, 0.1, 0.001, 100),
        (0.3, 0.1, 0.1, 3),
        (0.7, 0.007, 0.0007, 100),
        (1e-3, 1e-3, 1e-3, 1),
        (28800.0, 1e-3, 1e-3, 28_800_000),
    ] {
        let simulation = Simulation { duration, control_period, step, ..Simulation::default() };
        let closed_loop = Experiment { simulation, ..Experiment::default() }.closed_loop().unwrap();
        assert_eq!(closed_loop.periods(), periods, "{simulation:?}");
    }
}

/// Changes one thing, and expects to be told.
fn check(change: impl Fn(&mut Experiment), key: &str, message: &str) {
    let mut experiment = Experiment::default();
    change(&mut experiment);
    let error = experiment.check().expect_err(message);
    assert_eq!(error.to_string(), message);
    assert_eq!(error.key(), key, "{message}");
}

#[test]
fn every_parameter_of_the_plant_has_a_rule() {
    type Field = fn(&mut Parameters) -> &mut f64;
    let positive: [(&str, Field); 8] = [
        ("m0", |p| &mut p.m0),
        ("m1", |p| &mut p.m1),
        ("m2", |p| &mut p.m2),
        ("l1", |p| &mut p.l1),
        ("l2", |p| &mut p.l2),
        ("c1", |p| &mut p.c1),
        ("c2", |p| &mut p.c2),
        ("g", |p| &mut p.g),
    ];
    let not_negative: [(&str, Field); 5] = [
        ("i1", |p| &mut p.i1),
        ("i2", |p| &mut p.i2),
        ("b0", |p| &mut p.b0),
        ("b1", |p| &mut p.b1),
        ("b2", |p| &mut p.b2),
    ];
    let refused = |name: &str, field: Field, value: f64, rule: &str| {
        check(
            |experiment| *field(&mut experiment.plant) = value,
            &format!("plant.{name}"),
            &format!("plant.{name} = {value}: must be {rule}"),
        );
    };
    for (name, field) in positive {
        for value in [0.0, -1.5, f64::NAN, f64::INFINITY] {
            refused(name, field, value, "finite and greater than 0");
        }
    }
    for (name, field) in not_negative {
        for value in [-1.5, f64::NAN, f64::INFINITY] {
            refused(name, field, value, "finite and not negative");
        }
        let mut experiment = Experiment::default();
        *field(&mut experiment.plant) = 0.0;
        experiment.plant().unwrap();
    }
}

#[test]
fn settings_that_have_to_be_positive() {
    type Field = fn(&mut Experiment) -> &mut f64;
    let settings: [(&str, Field); 7] = [
        ("simulation.duration", |e| &mut e.simulation.duration),
        ("simulation.control_period", |e| &mut e.simulation.control_period),
        ("simulation.step", |e| &mut e.simulation.step),
        ("actuator.u_max", |e| &mut e.actuator.u_max),
        ("settling.theta", |e| &mut e.settling.theta),
        ("settling.x", |e| &mut e.settling.x),
        ("settling.fall_angle", |e| &mut e.settling.fall_angle),
    ];
    for (key, field) in settings {
        for value in [0.0, -2.5, f64::NAN, f64::INFINITY] {
            check(
                |experiment| *field(experiment) = value,
                key,
                &format!("{key} = {value}: must be finite and greater than 0"),
            );
        }
    }
}

#[test]
fn weights_of_the_cost_that_must_not_be_negative() {
    type Field = fn(&mut Cost) -> &mut f64;
    let weights: [(&str, Field); 5] = [
        ("settling_time", |c| &mut c.settling_time),
        ("iae", |c| &mut c.iae),
        ("control_effort", |c| &mut c.control_effort),
        ("total_variation", |c| &mut c.total_variation),
        ("cart_travel", |c| &mut c.cart_travel),
    ];
    for (name, field) in weights {
        for value in [-1.0, f64::NAN, f64::INFINITY] {
            check(
                |experiment| *field(&mut experiment.tuning.cost) = value,
                &format!("tuning.cost.{name}"),
                &format!("tuning.cost.{name} = {value}: must be finite and not negative"),
            );
        }
        let mut experiment = Experiment::default();
        *field(&mut experiment.tuning.cost) = 0.0;
        experiment.check().unwrap();
    }
    let nothing = Cost {
        settling_time: 0.0,
        iae: 0.0,
        control_effort: 0.0,
        total_variation: 0.0,
        cart_travel: 0.0,
    };
    check(
        |experiment| experiment.tuning = Tuning { cost: nothing, ..experiment.tuning },
        "tuning.cost.settling_time",
        "tuning.cost.settling_time = 0: must be greater than 0, or another weight of the cost",
    );
    check(
        |experiment| experiment.tuning.starts = 0,
        "tuning.starts",
        "tuning.starts = 0: must be from 1 to 100000",
    );
    for (value, shown) in [(0.0, "0"), (-1.0, "-1"), (3.2, "3.2"), (f64::NAN, "NaN")] {
        check(
            |experiment| experiment.tuning.radius = value,
            "tuning.box",
            &format!("tuning.box = {shown}: must be greater than 0 and at most pi rad"),
        );
    }
    check(
        |experiment| experiment.simulation.step = 1e-9,
        "simulation.step",
        "simulation.step = 0.000000001: must be such that a run takes at most 1e9 steps",
    );
    check(
        |experiment| experiment.settling.theta = 2.0,
        "settling.theta",
        "settling.theta = 2: must be less than settling.fall_angle",
    );
}

#[test]
fn a_start_that_is_not_finite() {
    for (i, name) in State::NAMES.into_iter().enumerate() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut start = [0.0; 6];
            start[i] = value;
            check(
                |experiment| experiment.start = State::from_array(start),
                &format!("start.{name}"),
                &format!("start.{name} = {value}: must be finite and within ±1e6"),
            );
        }
    }
}

#[test]
fn times_that_do_not_fit_together() {
    type Field = fn(&mut Simulation) -> &mut f64;
    let duration: Field = |s| &mut s.duration;
    let control_period: Field = |s| &mut s.control_period;
    let step: Field = |s| &mut s.step;
    for (field, value, key, message) in [
        (
            duration,
            10.0005,
            "simulation.duration",
            "simulation.duration = 10.0005 s: must be a multiple of simulation.control_period = \
             0.001 s, at most 1e9 times it",
        ),
        (
            duration,
            0.0004,
            "simulation.duration",
            "simulation.duration = 0.0004 s: must be a multiple of simulation.control_period = \
             0.001 s, at most 1e9 times it",
        ),
        (
            duration,
            2e6,
            "simulation.duration",
            "simulation.duration = 2000000 s: must be a multiple of simulation.control_period = \
             0.001 s, at most 1e9 times it",
        ),
        (
            control_period,
            0.0015,
            "simulation.control_period",
            "simulation.control_period = 0.0015 s: must be a multiple of simulation.step = 0.001 \
             s, at most 1e9 times it",
        ),
        (
            step,
            0.0003,
            "simulation.control_period",
            "simulation.control_period = 0.001 s: must be a multiple of simulation.step = 0.0003 \
             s, at most 1e9 times it",
        ),
        (
            step,
            0.002,
            "simulation.control_period",
            "simulation.control_period = 0.001 s: must be a multiple of simulation.step = 0.002 \
             s, at most 1e9 times it",
        ),
    ] {
        check(|experiment| *field(&mut experiment.simulation) = value, key, message);
    }
}

#[test]
fn laws_that_cannot_be_built() {
    let unstable = SurfaceDesign::Poles([-1.0, -2.0, -3.0, -4.0, 0.5].map(Pole::from));
    check(
        |experiment| experiment.controllers.classical.k = -3.0,
        "controllers.classical.k",
        "controllers.classical: k = -3: must be finite and greater than 0",
    );
    check(
        |experiment| experiment.controllers.super_twisting.epsilon = 0.0,
        "controllers.super_twisting.epsilon",
        "controllers.super_twisting: epsilon = 0: must be finite and greater than 0",
    );
    check(
        |experiment| {
            experiment.controllers.adaptive.k_init = 9.0;
            experiment.controllers.adaptive.k_max = 8.0;
        },
        "controllers.adaptive.k_init",
        "controllers.adaptive: k_init = 9: must not be greater than k_max = 8",
    );
    check(
        |experiment| experiment.controllers.hybrid.leak = f64::NAN,
        "controllers.hybrid.leak",
        "controllers.hybrid: leak = NaN: must be finite and not negative",
    );
    check(
        |experiment| experiment.controllers.hybrid.surface = unstable,
        "controllers.hybrid.surface",
        "controllers.hybrid: surface: poles: 0.5000: the real part must be finite and less than -1e-6 rad/s",
    );
    check(
        |experiment| experiment.controllers.lqr.weights.q[4] = -1.0,
        "controllers.lqr.weights.q",
        "controllers.lqr: weights: q_theta1_dot = -1: must be finite and not negative",
    );
}

#[test]
fn a_wrong_actuator_limit_is_no_fault_of_a_law() {
    for kind in Kind::ALL {
        let experiment = Experiment {
            actuator: Actuator { u_max: -1.0, ..Actuator::default() },
            ..Experiment::default()
        };
        let error = experiment.controller(kind).unwrap_err();
        assert_eq!(error.to_string(), "actuator.u_max = -1: must be finite and greater than 0");
        assert_eq!(error.key(), "actuator.u_max");
    }
}

/// The plant is in order, the law is not: only that law is refused.
#[test]
fn a_law_is_checked_where_it_is_asked_for() {
    let mut experiment = Experiment::default();
    experiment.controllers.classical.k = -3.0;
    experiment.closed_loop().unwrap();
    experiment.controller(Kind::Lqr).unwrap();
    let error = experiment.controller(Kind::Classical).unwrap_err();
    assert!(matches!(error, ExperimentError::Controller { kind: Kind::Classical, .. }));
}

#[test]
fn an_experiment_survives_a_file() {
    let mut experiment = Experiment::default();
    experiment.plant.m2 = 0.1 + 0.2;
    experiment.start.theta1 = 1.0 / 3.0;
    experiment.simulation.integrator = Integrator::SemiImplicitEuler;
    experiment.controllers.hybrid.k1_init = 2.0 / 7.0;
    experiment.tuning.radius = 0.7;
    let json = serde_json::to_string(&experiment).unwrap();
    assert_eq!(serde_json::from_str::<Experiment>(&json).unwrap(), experiment);
    let short = serde_json::json!({ "tuning": { "box": 0.7 }, "plant": { "m2": 0.1 + 0.2 } });
    let expected = Experiment {
        tuning: Tuning { radius: 0.7, ..Tuning::default() },
        plant: Parameters { m2: 0.1 + 0.2, ..Parameters::default() },
        ..Experiment::default()
    };
    assert_eq!(serde_json::from_value::<Experiment>(short).unwrap(), expected);
}

#[test]
fn what_no_experiment_has_is_refused_by_name() {
    for (json, word) in [
        (r#"{"plants": {}}"#, "plants"),
        (r#"{"plant": {"m3": 1}}"#, "m3"),
        (r#"{"start": {"theta3": 1}}"#, "theta3"),
        (r#"{"simulation": {"dt": 1}}"#, "dt"),
        (r#"{"simulation": {"integrator": "euler"}}"#, "euler"),
        (r#"{"actuator": {"umax": 1}}"#, "umax"),
        (r#"{"settling": {"phi": 1}}"#, "phi"),
        (r#"{"controllers": {"mpc": {}}}"#, "mpc"),
        (r#"{"tuning": {"radius": 1}}"#, "radius"),
        (r#"{"tuning": {"cost": {"ise": 1}}}"#, "ise"),
    ] {
        let message = serde_json::from_str::<Experiment>(json).unwrap_err().to_string();
        assert!(message.contains(&format!("`{word}`")), "{json}: {message}");
    }
}
