//! The laws that every plant must obey, whatever its parameters and state.

use dip_dynamics::{
    Drag, DryFriction, DryJoint, Dual, Integrator, Parameters, Plant, Real, Splat, State,
};
use nalgebra::Matrix3;
use proptest::prelude::*;

fn frictionless() -> Plant {
    Plant::new(&Parameters { b0: 0.0, b1: 0.0, b2: 0.0, ..Parameters::default() }).unwrap()
}

/// Integrates to `duration` with a held force.
fn run(
    integrator: Integrator,
    plant: &Plant,
    start: State,
    (u, w): (f64, [f64; 3]),
    duration: f64,
    steps: u32,
) -> State {
    let dt = duration / f64::from(steps);
    (0..steps).fold(start, |state, _| {
        integrator.step(plant, &state, &plant.evaluate(&state), u, Some(w), dt)
    })
}

/// With no losses but viscous friction.
fn plain() -> Plant {
    Plant::new(&Parameters::default()).unwrap()
}

fn any_plant() -> impl Strategy<Value = Plant> {
    let size = || 0.05..2.0_f64;
    let friction = || 0.0..0.5_f64;
    let dry = || {
        friction().prop_map(|coulomb| DryJoint {
            coulomb,
            breakaway: 1.5 * coulomb,
            ..DryJoint::NONE
        })
    };
    (
        (size(), size(), size(), size(), size(), size(), size()),
        (0.0..0.1_f64, 0.0..0.1_f64, 1.0..20.0_f64),
        (friction(), friction(), friction()),
        (dry(), dry(), dry(), friction()),
    )
        .prop_map(|(sizes, (i1, i2, g), (b0, b1, b2), (cart, joint1, joint2, drag))| {
            let (m0, m1, m2, l1, l2, c1, c2) = sizes;
            let all = Parameters {
                m0,
                m1,
                m2,
                l1,
                l2,
                c1,
                c2,
                i1,
                i2,
                g,
                b0,
                b1,
                b2,
                friction: DryFriction { cart, joint1, joint2 },
                drag: Drag { cart: drag, rod1: drag, rod2: drag },
            };
            Plant::new(&all).unwrap()
        })
}

fn any_state() -> impl Strategy<Value = State> {
    (prop::array::uniform3(-7.0..7.0_f64), prop::array::uniform3(-9.0..9.0_f64))
        .prop_map(|(q, qd)| State::new(q, qd))
}

#[test]
fn energy_is_kept_without_friction() {
    let plant = frictionless();
    let start = State { theta1: 0.5, theta2: -0.3, ..State::UPRIGHT };
    let before = plant.energy(&start);
    let mut state = start;
    let mut drift = 0.0_f64;
    for _ in 0..100_000 {
        let here = plant.evaluate(&state);
        state = Integrator::Rk4.step(&plant, &state, &here, 0.0, None, 1e-4);
        drift = drift.max((plant.energy(&state) - before).abs() / before);
    }
    assert!(drift < 1e-8, "relative drift {drift:e}");
}

#[test]
fn each_integrator_has_the_order_that_it_claims() {
    let plant = Plant::new(&Parameters::default()).unwrap();
    let start = State { theta1: 0.5, theta2: -0.3, x_dot: 1.0, ..State::UPRIGHT };
    let force = (3.0, [0.5, 0.1, -0.1]);
    let exact = run(Integrator::Rk4, &plant, start, force, 0.5, 64_000).to_array();
    let error = |integrator, steps| {
        let state = run(integrator, &plant, start, force, 0.5, steps).to_array();
        state.iter().zip(exact).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    };
    for (integrator, steps, order) in
        [(Integrator::Rk4, 1_000, 4.0), (Integrator::SemiImplicitEuler, 16_000, 1.0)]
    {
        let measured = (error(integrator, steps) / error(integrator, 2 * steps)).log2();
        assert!((measured - order).abs() < 0.05, "{integrator:?}: order {measured}");
    }
}

/// A step of Runge and Kutta as it stands in textbooks: four evaluations of `ẋ` that share nothing.
fn textbook(plant: &Plant, state: &State, u: f64, w: Option<[f64; 3]>, dt: f64) -> State {
    let rate = |x: State| State::new(x.qd(), plant.acceleration(&x, u, w));
    let k1 = rate(*state);
    let k2 = rate(*state + k1 * (0.5 * dt));
    let k3 = rate(*state + k2 * (0.5 * dt));
    let k4 = rate(*state + k3 * dt);
    *state + (k1 + k2 * 2.0 + k3 * 2.0 + k4) * (dt / 6.0)
}

proptest! {
    /// Later stages are turned on from earlier ones, if the turns are small (1 ms), or not (10 ms);
    /// with losses and a disturbance, or without.
    #[test]
    fn a_step_is_that_of_the_textbook(
        plant in prop_oneof![any_plant(), Just(plain())], state in any_state(), u in -300.0..300.0_f64,
        w in prop::option::of(prop::array::uniform3(-5.0..5.0_f64)),
        dt in prop::sample::select(vec![1e-3, 1e-2]),
    ) {
        let found = Integrator::Rk4.step(&plant, &state, &plant.evaluate(&state), u, w, dt);
        let expected = textbook(&plant, &state, u, w, dt).to_array();
        // Roundings of accelerations as large as these, in both of them.
        let size = plant.acceleration(&state, u, w).iter().fold(10.0_f64, |m, a| m.max(a.abs()));
        for (found, expected) in found.to_array().into_iter().zip(expected) {
            let tolerance = 1e-14 * (1.0 + expected.abs() + dt * size);
            prop_assert!((found - expected).abs() <= tolerance, "{found} {expected}");
        }
    }

    /// Ė = u·ẋ + w·q̇ − friction − drag: the derivative of the energy along the motion, exactly.
    #[test]
    fn power_is_balanced(
        plant in any_plant(),
        state in any_state(),
        u in -50.0..50.0_f64,
        w in prop::array::uniform3(-5.0..5.0_f64),
    ) {
        let qdd = plant.acceleration(&state, u, Some(w));
        let rate = State::new(state.qd(), qdd).to_array();
        let x = state.to_array();
        let along = |i: usize| Dual { value: x[i], gradient: [rate[i]] };
        let energy = plant.splat().energy(&State::from_array(core::array::from_fn(along)));
        let [v0, v1, v2] = state.qd();
        let supplied = (u + w[0]) * v0 + w[1] * v1 + w[2] * v2;
        let lost = plant.dissipated_power(&state);
        prop_assert!(lost >= 0.0);
        // M·q̈ is solved with a relative error of a few ulp times the condition of M (< 1e5 here).
        let scale = 1.0 + supplied.abs() + lost
            + rate[3..].iter().zip(state.qd()).map(|(a, v)| (a * v).abs()).sum::<f64>();
        let balance = energy.gradient[0] - (supplied - lost);
        prop_assert!(balance.abs() < 1e-10 * scale, "unbalanced by {} W", balance);
    }

    #[test]
    fn mass_matrix_is_positive_definite(plant in any_plant(), state in any_state()) {
        let m = Matrix3::from(plant.mass_matrix(&state));
        prop_assert_eq!(m, m.transpose());
        prop_assert!(m.symmetric_eigenvalues().min() > 0.0);
    }

    #[test]
    fn mass_rate_minus_twice_coriolis_is_skew(plant in any_plant(), state in any_state()) {
        let (q, qd) = (state.q(), state.qd());
        let along = core::array::from_fn(|i| Dual { value: q[i], gradient: [qd[i]] });
        let moving = State::new(along, qd.map(Dual::splat));
        let rate = plant.splat().mass_matrix(&moving).map(|row| row.map(|m| m.gradient[0]));
        let n = Matrix3::from(rate).transpose()
            - 2.0 * Matrix3::from(plant.coriolis_matrix(&state)).transpose();
        prop_assert!((n + n.transpose()).amax() < 1e-12 * (1.0 + n.amax()));
    }

    /// `solve` inverts `M`, and `h` is −C·q̇ + gravity − friction − drag.
    #[test]
    fn evaluation_agrees_with_the_matrices(plant in any_plant(), state in any_state()) {
        let rows = |m: [[f64; 3]; 3]| Matrix3::from(m).transpose();
        let m = rows(plant.mass_matrix(&state));
        let here = plant.evaluate(&state);
        let f = nalgebra::Vector3::new(1.0, -2.0, 3.0);
        let q = nalgebra::Vector3::from(here.solve(f.into()));
        prop_assert!((m * q - f).amax() < 1e-11 * (1.0 + m.amax() * q.amax()));

        let at_rest = State::new(state.q(), [0.0; 3]);
        let gravity = nalgebra::Vector3::from(plant.evaluate(&at_rest).h());
        let qd = nalgebra::Vector3::from(state.qd());
        let without_friction = nalgebra::Vector3::from(here.h())
            + rows(plant.coriolis_matrix(&state)) * qd - gravity;
        // What is left is friction and drag: their power is what `dissipated_power` says.
        let lost = -without_friction.dot(&qd);
        prop_assert!((lost - plant.dissipated_power(&state)).abs() < 1e-9 * (1.0 + lost.abs()));
    }
}

#[test]
fn friction_alone_never_adds_energy() {
    let plant = Plant::new(&Parameters::default()).unwrap();
    let mut state = State { theta1: 2.0, theta2: -1.0, x_dot: 2.0, ..State::UPRIGHT };
    let mut energy = plant.energy(&state);
    for _ in 0..20_000 {
        let here = plant.evaluate(&state);
        state = Integrator::Rk4.step(&plant, &state, &here, 0.0, None, 1e-3);
        let now = plant.energy(&state);
        // RK4 at 1 ms moves the energy by less than 1e-9 J a step on its own.
        assert!(now <= energy + 1e-9, "energy grew from {energy} to {now}");
        energy = now;
    }
}

#[test]
fn bad_parameters_name_field_value_and_rule() {
    let good = Parameters::default();
    for (bad, message) in [
        (Parameters { m0: 0.0, ..good }, "m0 = 0: must be finite and greater than 0"),
        (Parameters { l2: -0.3, ..good }, "l2 = -0.3: must be finite and greater than 0"),
        (Parameters { g: f64::NAN, ..good }, "g = NaN: must be finite and greater than 0"),
        (Parameters { c1: f64::INFINITY, ..good }, "c1 = inf: must be finite and greater than 0"),
        (Parameters { i1: -1e-9, ..good }, "i1 = -0.000000001: must be finite and not negative"),
        (Parameters { b2: f64::NAN, ..good }, "b2 = NaN: must be finite and not negative"),
    ] {
        assert_eq!(Plant::new(&bad).unwrap_err().to_string(), message);
    }
    assert!(Plant::new(&Parameters { i1: 0.0, i2: 0.0, b0: 0.0, ..good }).is_ok());
}
