//! The description of an experiment: the defaults are sound, and each fault is named with its place
//! in a file, its value and its rule.

use core::f64::consts::FRAC_PI_2;

use dip_dynamics::{Integrator, Parameters, State};
use sim_runner::{
    Actuator, Coordinate, Cost, Disturbance, Experiment, ExperimentError, Mismatch, Settling,
    Shape, Simulation, Spread, Tuning, Velocities,
};
use smc_controllers::{
    AdaptiveSpec, ClassicalSpec, ConditionalHybridSpec, ControllerSpec, HybridSpec, IntegralSpec,
    Kind, LqrIntegralSpec, LqrSpec, Pole, PositiveForm, ScheduledSurface, SuperTwistingSpec,
    SurfaceDesign, Switching, Weights,
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
        Kind::Integral => {
            ControllerSpec::Integral(IntegralSpec { kd: 7.25, ..IntegralSpec::default() })
        }
        Kind::ConditionalHybrid => ControllerSpec::ConditionalHybrid(ConditionalHybridSpec {
            k2: 7.25,
            ..ConditionalHybridSpec::default()
        }),
        Kind::Lqr => ControllerSpec::Lqr(LqrSpec { weights: Weights { q: [7.25; 6], r: 1.0 } }),
        Kind::LqrIntegral => ControllerSpec::LqrIntegral(LqrIntegralSpec {
            q_integral: 7.25,
            ..LqrIntegralSpec::default()
        }),
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
    let weights: [(&str, Field); 6] = [
        ("settling_time", |c| &mut c.settling_time),
        ("angle_settling_time", |c| &mut c.angle_settling_time),
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
        angle_settling_time: 0.0,
        iae: 0.0,
        control_effort: 0.0,
        total_variation: 0.0,
        cart_travel: 0.0,
    };
    check(
        |experiment| experiment.tuning.cost = nothing,
        "tuning.cost.settling_time",
        "tuning.cost.settling_time = 0: must be greater than 0, or another weight of the cost",
    );
    check(
        |experiment| experiment.tuning.verification = 0,
        "tuning.verification",
        "tuning.verification = 0: must be from 1 to 100000",
    );
    check(
        |experiment| experiment.tuning.trials[2].runs = 0,
        "tuning.trials.2.runs",
        "tuning.trials.2.runs = 0: must be from 1 to 100000",
    );
    check(
        |experiment| experiment.tuning.trials.clear(),
        "tuning.trials",
        "tuning.trials = 0: must be at least one",
    );
    check(
        |experiment| experiment.tuning.trials[0].required = 1.5,
        "tuning.trials.0.required",
        "tuning.trials.0.required = 1.5: must be from 0 to 1",
    );
    check(
        |experiment| experiment.tuning.trials[0].deadline = Some(10.5),
        "tuning.trials.0.deadline",
        "tuning.trials.0.deadline = 10.5: must be at most simulation.duration",
    );
    check(
        |experiment| {
            experiment.tuning.trials[1].mismatch =
                Some(Mismatch { m1: Some(Spread::Uniform(2.0)), ..Mismatch::default() });
        },
        "tuning.trials.1.mismatch.m1.uniform",
        "tuning.trials.1.mismatch.m1.uniform = 2: must be at least 0 and less than 1",
    );
    for value in [0.0, 1.5, f64::NAN] {
        check(
            |experiment| experiment.tuning.tail = value,
            "tuning.tail",
            &format!("tuning.tail = {value}: must be greater than 0 and at most 1"),
        );
    }
    check(
        |experiment| experiment.tuning.tail_weight = -0.5,
        "tuning.tail_weight",
        "tuning.tail_weight = -0.5: must be from 0 to 1",
    );
    for (value, shown) in [(0.0, "0"), (-1.0, "-1"), (3.2, "3.2"), (f64::NAN, "NaN")] {
        check(
            |experiment| experiment.tuning.trials[0].radius = value,
            "tuning.trials.0.box",
            &format!("tuning.trials.0.box = {shown}: must be greater than 0 and at most pi rad"),
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

const FORM: PositiveForm = PositiveForm {
    c_x: 1.0,
    lambda_x: 1.0,
    c1: 1.0,
    lambda1: 1.0,
    c2: 1.0,
    lambda2: 1.0,
    allow_unstable: true,
};

const SLOW: [Pole; 5] = [
    Pole { re: -1.0, im: 0.0 },
    Pole { re: -1.5, im: 0.0 },
    Pole { re: -2.0, im: 0.0 },
    Pole { re: -4.5, im: 0.0 },
    Pole { re: -8.0, im: 0.0 },
];

#[test]
fn laws_that_cannot_be_built() {
    let unstable = SurfaceDesign::Poles([-1.0, -2.0, -3.0, -4.0, 0.5].map(Pole::from));
    check(
        |experiment| experiment.controllers.classical.k = -3.0,
        "controllers.classical.k",
        "controllers.classical: k = -3: must be finite and greater than 0",
    );
    check(
        |experiment| {
            experiment.controllers.super_twisting.switching = Switching::saturation(0.0);
        },
        "controllers.super_twisting.switching.epsilon",
        "controllers.super_twisting: switching.epsilon = 0: must be finite and greater than 0",
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
        |experiment| {
            let form = PositiveForm { lambda1: -2.0, ..FORM };
            experiment.controllers.adaptive.surface = SurfaceDesign::Relative(form);
        },
        "controllers.adaptive.surface.lambda1",
        "controllers.adaptive: surface: lambda1 = -2: must be finite and greater than 0",
    );
    check(
        |experiment| {
            let near = SLOW;
            let surface = ScheduledSurface { near, far: SLOW, width: -1.0 };
            experiment.controllers.classical.surface = SurfaceDesign::Scheduled(surface);
        },
        "controllers.classical.surface.width",
        "controllers.classical: surface: width = -1: must be finite and greater than 0",
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
    experiment.tuning.tail = 0.7;
    let json = serde_json::to_string(&experiment).unwrap();
    assert_eq!(serde_json::from_str::<Experiment>(&json).unwrap(), experiment);
    let short = serde_json::json!({ "tuning": { "tail": 0.7 }, "plant": { "m2": 0.1 + 0.2 } });
    let expected = Experiment {
        tuning: Tuning { tail: 0.7, ..Tuning::default() },
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

// ---- The world ----------------------------------------------------------------------------------

type Change = fn(&mut Experiment);

fn disturbed(shapes: &[Shape]) -> Vec<Disturbance> {
    shapes.iter().map(|&shape| Disturbance { on: Coordinate::Rod1, shape, spread: None }).collect()
}

const POSITIVE: &str = "finite and greater than 0";
const NOT_NEGATIVE: &str = "finite and not negative";
const SHARE: &str = "at least 0 and less than 1";

/// Changes, the key of the fault, its value and its rule.
fn check_rules(rows: &[(Change, &str, f64, &str)]) {
    for (change, key, value, rule) in rows {
        check(change, key, &format!("{key} = {value}: must be {rule}"));
    }
}

#[test]
fn every_setting_of_actuator_and_sensors_has_a_rule() {
    const FILTERED: Velocities = Velocities::FilteredDifferences { time_constant: 0.01 };
    check_rules(&[
        (|e| e.actuator.rate_max = Some(0.0), "actuator.rate_max", 0.0, POSITIVE),
        (|e| e.actuator.rate_max = Some(f64::NAN), "actuator.rate_max", f64::NAN, POSITIVE),
        (|e| e.actuator.time_constant = -1.0, "actuator.time_constant", -1.0, NOT_NEGATIVE),
        (
            |e| e.actuator.time_constant = f64::INFINITY,
            "actuator.time_constant",
            f64::INFINITY,
            NOT_NEGATIVE,
        ),
        (
            |e| e.actuator.dead_zone = 150.0,
            "actuator.dead_zone",
            150.0,
            "not negative, and less than actuator.u_max",
        ),
        (
            |e| e.actuator.dead_zone = -0.5,
            "actuator.dead_zone",
            -0.5,
            "not negative, and less than actuator.u_max",
        ),
        (
            |e| e.actuator.delay = 101.0,
            "actuator.delay",
            101.0,
            "at most 100000 times simulation.step",
        ),
        (
            |e| e.sensors.delay = 101.0,
            "sensors.delay",
            101.0,
            "at most 100000 times simulation.step",
        ),
        (|e| e.sensors.dropout = 1.0, "sensors.dropout", 1.0, SHARE),
        (|e| e.sensors.dropout = -0.1, "sensors.dropout", -0.1, SHARE),
        (|e| e.sensors.dropout = f64::NAN, "sensors.dropout", f64::NAN, SHARE),
        (|e| e.sensors.noise.theta1 = -0.1, "sensors.noise.theta1", -0.1, "from 0 to 1e6"),
        (|e| e.sensors.noise.x_dot = f64::NAN, "sensors.noise.x_dot", f64::NAN, "from 0 to 1e6"),
        (|e| e.sensors.quantum.x = -1.0, "sensors.quantum.x", -1.0, "0, or from 1e-8 to 1e6"),
        (|e| e.sensors.quantum.x = 1e-9, "sensors.quantum.x", 1e-9, "0, or from 1e-8 to 1e6"),
        (|e| e.sensors.bias.theta2 = 2e6, "sensors.bias.theta2", 2e6, "finite and within ±1e6"),
        (
            |e| e.sensors.velocities = Velocities::FilteredDifferences { time_constant: -1.0 },
            "sensors.velocities.filtered_differences.time_constant",
            -1.0,
            NOT_NEGATIVE,
        ),
        (
            |e| {
                e.sensors.velocities = FILTERED;
                e.sensors.bias.theta1_dot = 0.5;
            },
            "sensors.bias.theta1_dot",
            0.5,
            "0 where velocities are differences of positions",
        ),
    ]);
}

#[test]
fn every_setting_of_a_disturbance_has_a_rule() {
    const CALM: Shape = Shape::Step { at: 0.0, value: 0.0 };
    check_rules(&[
        (
            |e| e.disturbances = disturbed(&[CALM, Shape::Step { at: -1.0, value: 1.0 }]),
            "disturbances.1.shape.step.at",
            -1.0,
            NOT_NEGATIVE,
        ),
        (
            |e| e.disturbances = disturbed(&[Shape::Step { at: 1.0, value: f64::INFINITY }]),
            "disturbances.0.shape.step.value",
            f64::INFINITY,
            "finite",
        ),
        (
            |e| {
                let impulse = Shape::Impulse { at: f64::NAN, duration: 1.0, value: 1.0 };
                e.disturbances = disturbed(&[impulse]);
            },
            "disturbances.0.shape.impulse.at",
            f64::NAN,
            NOT_NEGATIVE,
        ),
        (
            |e| {
                let impulse = Shape::Impulse { at: 1.0, duration: 0.0, value: 1.0 };
                e.disturbances = disturbed(&[CALM, CALM, impulse]);
            },
            "disturbances.2.shape.impulse.duration",
            0.0,
            POSITIVE,
        ),
        (
            |e| {
                let impulse = Shape::Impulse { at: 1.0, duration: 1.0, value: f64::NAN };
                e.disturbances = disturbed(&[impulse]);
            },
            "disturbances.0.shape.impulse.value",
            f64::NAN,
            "finite",
        ),
        (
            |e| {
                let sine = Shape::Sinusoid { amplitude: f64::NAN, frequency: 1.0, phase: 0.0 };
                e.disturbances = disturbed(&[sine]);
            },
            "disturbances.0.shape.sinusoid.amplitude",
            f64::NAN,
            "finite",
        ),
        (
            |e| {
                let sine = Shape::Sinusoid { amplitude: 1.0, frequency: 501.0, phase: 0.0 };
                e.disturbances = disturbed(&[sine]);
            },
            "disturbances.0.shape.sinusoid.frequency",
            501.0,
            "not negative, and at most half of 1/simulation.step",
        ),
        (
            |e| {
                let sine = Shape::Sinusoid { amplitude: 1.0, frequency: 1.0, phase: 90.0 };
                e.disturbances = disturbed(&[sine]);
            },
            "disturbances.0.shape.sinusoid.phase",
            90.0,
            "within ±10 rad",
        ),
        (
            |e| {
                e.disturbances = disturbed(&[CALM; 2]);
                e.disturbances[1].spread = Some(Spread::Uniform(1.0));
            },
            "disturbances.1.spread.uniform",
            1.0,
            SHARE,
        ),
        (
            |e| e.disturbances = disturbed(&[Shape::Noise { std: -1.0, time_constant: 0.1 }]),
            "disturbances.0.shape.noise.std",
            -1.0,
            NOT_NEGATIVE,
        ),
        (
            |e| e.disturbances = disturbed(&[Shape::Noise { std: 1.0, time_constant: -0.1 }]),
            "disturbances.0.shape.noise.time_constant",
            -0.1,
            NOT_NEGATIVE,
        ),
        (
            |e| e.disturbances = disturbed(&[CALM; 101]),
            "disturbances",
            101.0,
            "at most 100 of them",
        ),
    ]);
}

#[test]
fn every_setting_of_mismatch_track_and_hold_has_a_rule() {
    check_rules(&[
        (|e| e.mismatch.m0 = Some(Spread::Uniform(1.0)), "mismatch.m0.uniform", 1.0, SHARE),
        (|e| e.mismatch.i2 = Some(Spread::Uniform(-0.1)), "mismatch.i2.uniform", -0.1, SHARE),
        (|e| e.mismatch.g = Some(Spread::Normal(0.31)), "mismatch.g.normal", 0.31, "from 0 to 0.3"),
        (
            |e| e.mismatch.b1 = Some(Spread::Normal(f64::NAN)),
            "mismatch.b1.normal",
            f64::NAN,
            "from 0 to 0.3",
        ),
        (|e| e.track.half_length = Some(-1.0), "track.half_length", -1.0, POSITIVE),
        (|e| e.settling.hold = -1.0, "settling.hold", -1.0, NOT_NEGATIVE),
        (|e| e.settling.hold = 10.5, "settling.hold", 10.5, "at most simulation.duration"),
    ]);
}

#[test]
fn delays_are_multiples_of_the_step() {
    for (change, key) in [
        ((|e| e.actuator.delay = 0.0015) as Change, "actuator.delay"),
        (|e| e.sensors.delay = 0.0015, "sensors.delay"),
        (|e| (e.sensors.delay, e.simulation.step) = (0.0015, 0.001), "sensors.delay"),
    ] {
        let rule = "must be a multiple of simulation.step = 0.001 s, at most 1e9 times it";
        check(change, key, &format!("{key} = 0.0015 s: {rule}"));
    }
    for delay in [-0.001, f64::NAN, f64::INFINITY] {
        let rule = "must be a multiple of simulation.step = 0.001 s, at most 1e9 times it";
        check(
            |experiment| experiment.actuator.delay = delay,
            "actuator.delay",
            &format!("actuator.delay = {delay} s: {rule}"),
        );
    }
}

/// A plant that exists, and of which the heaviest that could be drawn does not.
#[test]
fn a_mismatch_beyond_numbers_is_refused_before_it_is_drawn() {
    check(
        |experiment| {
            experiment.plant.m0 = 1.5e308;
            experiment.mismatch.m0 = Some(Spread::Uniform(0.5));
        },
        "plant.m0",
        "plant.m0 = inf: must be finite and greater than 0",
    );
}

#[test]
fn a_world_survives_a_file() {
    let json = serde_json::json!({
        "actuator": { "rate_max": 5000.0, "delay": 0.002 },
        "sensors": {
            "velocities": { "filtered_differences": { "time_constant": 0.005 } },
            "noise": { "theta1": 0.1 },
        },
        "disturbances": [
            { "on": "cart", "shape": { "step": { "at": 2.0, "value": 10.0 } } },
            { "on": "rod2", "shape": { "sinusoid": { "amplitude": 1.0, "frequency": 2.0 } } },
        ],
        "mismatch": { "m0": { "uniform": 0.2 }, "l1": { "normal": 0.1 } },
        "track": { "half_length": 1.0 },
        "settling": { "hold": 2.0 },
    });
    let experiment: Experiment = serde_json::from_value(json).unwrap();
    experiment.check().unwrap();
    assert_eq!(experiment.actuator.rate_max, Some(5000.0));
    assert_eq!(
        experiment.sensors.velocities,
        Velocities::FilteredDifferences { time_constant: 0.005 }
    );
    assert_eq!(experiment.disturbances[0].on, Coordinate::Cart);
    let sine = Shape::Sinusoid { amplitude: 1.0, frequency: 2.0, phase: 0.0 };
    assert_eq!(
        experiment.disturbances[1],
        Disturbance { on: Coordinate::Rod2, shape: sine, spread: None }
    );
    assert_eq!(experiment.mismatch.l1, Some(Spread::Normal(0.1)));
    let text = serde_json::to_string(&experiment).unwrap();
    assert_eq!(serde_json::from_str::<Experiment>(&text).unwrap(), experiment);
    for (json, word) in [
        (r#"{"sensors": {"lag": 1}}"#, "lag"),
        (r#"{"sensors": {"velocities": "guessed"}}"#, "guessed"),
        (r#"{"disturbances": [{"on": "rod3"}]}"#, "rod3"),
        (r#"{"disturbances": [{"on": "cart", "shape": {"ramp": {}}}]}"#, "ramp"),
        (r#"{"disturbances": [{"on": "cart", "shape": {"step": {"at": 1}}}]}"#, "value"),
        (r#"{"disturbances": [{"on": "cart"}]}"#, "shape"),
        (r#"{"mismatch": {"m3": {"uniform": 0.1}}}"#, "m3"),
        (r#"{"mismatch": {"m0": {"even": 0.1}}}"#, "even"),
        (r#"{"track": {"length": 1}}"#, "length"),
    ] {
        let message = serde_json::from_str::<Experiment>(json).unwrap_err().to_string();
        assert!(message.contains(&format!("`{word}`")), "{json}: {message}");
    }
}
