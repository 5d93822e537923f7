//! What sliding mode is for: a disturbance that enters where the force does does not move `σ` out of
//! its layer, as long as the gains cover its bound (first order: `|β·w| < k`; super-twisting: its
//! rate below `L`).

use dip_dynamics::{Integrator, Parameters, Plant, State};
use smc_controllers::{
    ClassicalSpec, Controller, EquivalentControl, Sample, SuperTwistingSpec, SurfaceDesign,
    Switching, Weights,
};

/// Boundary layer in N·s.
const EPSILON: f64 = 0.05;

/// Force in N on the cart: amplitude 5 N, rate at most 15 N/s.
fn disturbance(t: f64) -> f64 {
    5.0 * (3.0 * t).sin()
}

/// The largest `|σ|` after the first second, in which the surface is reached.
fn largest_sigma<C: Controller>(plant: &Plant, law: &C) -> f64 {
    let (mut memory, dt) = (law.initial_memory(), 1e-3);
    let mut state = State { theta1: 0.05, theta2: -0.03, ..State::UPRIGHT };
    let mut largest = 0.0_f64;
    for k in 0..5000_u32 {
        let t = f64::from(k) * dt;
        let here = plant.evaluate(&state);
        let command = law.control(&mut memory, &Sample { state: &state, model: Some(&here), dt });
        if t >= 1.0 {
            largest = largest.max(command.sigma.unwrap().abs());
        }
        let w = [disturbance(t), 0.0, 0.0];
        state = Integrator::Rk4.step(plant, &state, &here, command.u, w, dt);
    }
    largest
}

fn plant() -> Plant {
    Plant::new(&Parameters::default()).unwrap()
}

fn surface() -> SurfaceDesign {
    SurfaceDesign::Lqr(Weights { q: [10.0, 100.0, 100.0, 1.0, 10.0, 10.0], r: 0.1 })
}

fn classical(k: f64) -> f64 {
    let plant = plant();
    let spec = ClassicalSpec {
        surface: surface(),
        equivalent: EquivalentControl::Full,
        switching: Switching::saturation(EPSILON),
        k,
        kd: 0.0,
        ..ClassicalSpec::default()
    };
    let law = spec.build(&plant.linearise(&State::UPRIGHT, 0.0), 150.0).unwrap();
    largest_sigma(&plant, &law)
}

fn super_twisting(rate: f64) -> f64 {
    let plant = plant();
    let spec = SuperTwistingSpec {
        surface: surface(),
        far: None,
        equivalent: EquivalentControl::Full,
        k1: 1.5 * rate.sqrt(),
        k2: 1.1 * rate,
        switching: Switching::saturation(EPSILON),
        anti_windup: 0.0,
        disturbance_rate: rate,
    };
    assert_eq!(spec.warning(), None);
    let law = spec.build(&plant.linearise(&State::UPRIGHT, 0.0), 150.0).unwrap();
    largest_sigma(&plant, &law)
}

#[test]
fn a_gain_above_the_bound_keeps_sigma_in_its_layer() {
    // In the layer σ follows ε·β·w/k: half of it for twice the bound, β being 1 within 5 %.
    let largest = classical(10.0);
    assert!((0.4..=0.55).contains(&(largest / EPSILON)), "{largest}");
    // And a gain below the bound does not: the test can fail.
    assert!(classical(3.0) > EPSILON);
}

#[test]
fn super_twisting_above_the_rate_keeps_sigma_in_its_layer() {
    assert!(super_twisting(20.0) < EPSILON);
    assert!(super_twisting(2.0) > EPSILON);
}
