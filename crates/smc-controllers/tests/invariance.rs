//! What sliding mode is for: a disturbance that enters where the force does does not move `σ` out of
//! its layer, as long as the gains cover its bound (first order: `|β·w| < k`; super-twisting: its
//! rate below `L`), or have learnt to. The integral law is in `tests/integral.rs`.

mod rig;

use dip_dynamics::{Integrator, State};
use smc_controllers::{
    AdaptiveSpec, AnyController, ClassicalSpec, ConditionalHybridSpec, Controller, ControllerSpec,
    EquivalentControl, HybridSpec, Layer, Sample, SuperTwistingSpec, Switching, TwistingRule,
};

use rig::{
    DT, U_MAX, adaptive, classical, conditional_hybrid, hybrid, linear, plant, super_twisting,
};

/// Boundary layer in N·s.
const EPSILON: f64 = 0.05;
const FULL: EquivalentControl = EquivalentControl::Full;
const SATURATION: Switching = Switching::saturation(EPSILON);

/// Force in N on the cart: amplitude 5 N, rate at most 15 N/s.
fn disturbance(t: f64) -> f64 {
    5.0 * (3.0 * t).sin()
}

/// The largest `|σ|` from the second `from` to the eighth.
fn largest_sigma<C: Controller>(law: &C, from: f64) -> f64 {
    let plant = plant();
    let mut memory = law.initial_memory();
    let mut state = State { theta1: 0.05, theta2: -0.03, ..State::UPRIGHT };
    let mut largest = 0.0_f64;
    for k in 0..8000_u32 {
        let t = f64::from(k) * DT;
        let here = plant.evaluate(&state);
        let sample = Sample { state: &state, model: Some(&here), dt: DT };
        let command = law.control(&mut memory, &sample);
        if t >= from {
            largest = largest.max(command.sigma.unwrap().abs());
        }
        let w = [disturbance(t), 0.0, 0.0];
        state = Integrator::Rk4.step(&plant, &state, &here, command.u, Some(w), DT);
    }
    largest
}

fn build(spec: &ControllerSpec) -> AnyController {
    spec.build(&linear(), U_MAX).unwrap()
}

fn of_classical(switching: Switching, k: f64) -> AnyController {
    let kd = 0.0;
    build(&ControllerSpec::Classical(ClassicalSpec { switching, k, kd, ..classical(FULL) }))
}

#[test]
fn a_gain_above_the_bound_keeps_sigma_in_its_layer() {
    // In the layer σ follows ε·β·w/k: half of it for twice the bound, β being 1 within 5 %.
    let largest = largest_sigma(&of_classical(SATURATION, 10.0), 1.0);
    assert!((0.4..=0.55).contains(&(largest / EPSILON)), "{largest}");
    // By tanh: ε·artanh(1/2) = 0.549·ε, with β as above.
    let tanh = Switching::Tanh(Layer { epsilon: EPSILON, slope: 0.0, hysteresis: 0.0 });
    let largest = largest_sigma(&of_classical(tanh, 10.0), 1.0);
    assert!((0.45..=0.62).contains(&(largest / EPSILON)), "{largest}");
    // Without a layer: what the disturbance does in a period, and the drift's change in one.
    let largest = largest_sigma(&of_classical(Switching::Implicit, 10.0), 1.0);
    assert!(largest < 1.2 * 5.0 * DT, "{largest}");
    // And a gain below the bound does not: the test can fail.
    assert!(largest_sigma(&of_classical(SATURATION, 3.0), 1.0) > EPSILON);
}

#[test]
fn super_twisting_above_the_rate_keeps_sigma_in_its_layer() {
    let largest = |switching, rate| {
        let spec = SuperTwistingSpec { switching, ..super_twisting(FULL) }
            .for_disturbance_rate(rate, TwistingRule::Levant)
            .unwrap();
        largest_sigma(&build(&ControllerSpec::SuperTwisting(spec)), 2.0)
    };
    assert!(largest(SATURATION, 20.0) < EPSILON);
    // Without a layer: dt² times the rate of all that is not known, the drift's change in a period
    // included.
    let implicit = largest(Switching::Implicit, 20.0);
    assert!(implicit < 10.0 * 15.0 * DT * DT, "{implicit}");
    assert!(largest(SATURATION, 2.0) > EPSILON);
}

/// It begins with a gain far below the bound, and learns a sufficient one.
#[test]
fn an_adapted_gain_keeps_sigma_in_its_layer() {
    let largest = |gamma: f64, from: f64| {
        let spec = AdaptiveSpec {
            gamma,
            alpha: 0.0,
            k_init: 0.5,
            k_min: 0.1,
            leak: 0.0,
            ..adaptive(FULL)
        };
        largest_sigma(&build(&ControllerSpec::Adaptive(spec)), from)
    };
    // First σ has to leave its layer for the gain to be learnt.
    assert!(largest(500.0, 0.0) > EPSILON);
    assert!(largest(500.0, 3.0) < EPSILON);
    // A gain that never grows does not.
    assert!(largest(0.0, 3.0) > EPSILON);
}

#[test]
fn adapted_twisting_gains_keep_sigma_in_their_layer() {
    let largest = |gamma: f64, from: f64| {
        let spec = HybridSpec {
            switching: SATURATION,
            gamma1: gamma,
            gamma2: 3.0 * gamma,
            k1_init: 0.5,
            k2_init: 0.5,
            leak: 0.0,
            ..hybrid(FULL)
        };
        largest_sigma(&build(&ControllerSpec::Hybrid(spec)), from)
    };
    assert!(largest(300.0, 0.0) > EPSILON);
    assert!(largest(300.0, 3.0) < EPSILON);
    assert!(largest(0.0, 3.0) > EPSILON);
}

/// The two parts together hold `σ` closer than the first-order part alone.
#[test]
fn the_conditional_hybrid_law_keeps_sigma_in_its_layer() {
    let largest = |k2: f64, gamma: f64| {
        let spec = ConditionalHybridSpec {
            gamma,
            k1: 1.0,
            k2,
            k_init: 3.0,
            alpha: 0.0,
            leak: 0.0,
            ..conditional_hybrid(FULL)
        };
        largest_sigma(&build(&ControllerSpec::ConditionalHybrid(spec)), 3.0)
    };
    assert!(largest(30.0, 500.0) < EPSILON);
    // With a first-order gain below the bound that does not grow, the integral does it.
    assert!(largest(100.0, 0.0) < EPSILON);
    assert!(largest(0.01, 0.0) > EPSILON);
}
