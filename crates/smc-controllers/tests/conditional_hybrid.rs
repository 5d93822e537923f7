//! The conditional hybrid law: super-twisting only where it is safe, and without a jump of the force on
//! the way in or out. That the law is what its module states is in `tests/laws.rs`.

mod rig;

use dip_dynamics::{Integrator, State};
use proptest::prelude::*;
use smc_controllers::{
    Adaptive, Command, ConditionalHybrid, ConditionalHybridMemory, ConditionalHybridSpec,
    Controller, EquivalentControl, Sample, Switching,
};

use rig::{
    DT, LAYER, U_MAX, UNLIMITED, adaptive, beta, conditional_hybrid, control, linear, plant,
    plausible_state, sigma, state_with_sigma, surface,
};

const FULL: EquivalentControl = EquivalentControl::Full;
const NONE: EquivalentControl = EquivalentControl::None;

fn build(spec: ConditionalHybridSpec, u_max: f64) -> ConditionalHybrid {
    spec.build(&linear(), u_max).unwrap()
}

/// The adaptive law with the same first-order part.
fn first_order(equivalent: EquivalentControl, switching: Switching) -> Adaptive {
    let spec = smc_controllers::AdaptiveSpec { switching, ..adaptive(equivalent) };
    spec.build(&linear(), U_MAX).unwrap()
}

/// The state with these angles whose `σ` is this.
fn leaning(theta1: f64, theta2: f64, wanted: f64) -> State {
    let state = State { theta1, theta2, ..State::UPRIGHT };
    State { x_dot: (wanted - sigma(&state)) / surface()[3], ..state }
}

/// What super-twisting adds to the force at `z = 3 N`: the law less the adaptive one.
fn added(equivalent: EquivalentControl, spec: ConditionalHybridSpec, state: &State) -> f64 {
    let spec = ConditionalHybridSpec { equivalent, ..spec };
    let mut memory = ConditionalHybridMemory { k: 5.0, z: 3.0, sign: 0.0 };
    let with = control(&build(spec, UNLIMITED), &mut memory, state);
    let adaptive = adaptive(equivalent).build(&linear(), UNLIMITED).unwrap();
    with.u - control(&adaptive, &mut adaptive.initial_memory(), state).u
}

/// All of it below half of `near`, none from `near` on, linear between; the larger angle counts.
#[test]
fn the_share_falls_as_the_rods_lean() {
    let sigma = 0.25;
    let all = added(NONE, conditional_hybrid(NONE), &leaning(0.0, 0.0, sigma));
    // −k1·√σ + z.
    assert!((all - (-8.0 * 0.5 + 3.0)).abs() < 1e-12, "{all}");
    for (theta1, theta2, share) in [
        (0.05, 0.0, 1.0),
        (0.0999, -0.0999, 1.0),
        (0.12, 0.0, 0.8),
        (0.0, -0.12, 0.8),
        (-0.15, 0.05, 0.5),
        (0.05, 0.19, 0.1),
        (0.1999, 0.0, 0.001),
        (0.2, 0.0, 0.0),
        (0.0, -0.3, 0.0),
        (2.0, 2.0, 0.0),
    ] {
        let actual = added(NONE, conditional_hybrid(NONE), &leaning(theta1, theta2, sigma)) / all;
        assert!((actual - share).abs() < 1e-9, "{theta1}, {theta2}: {actual}");
    }
}

/// The grip counts where the model tells it: from all of it above `grip_min` to nothing below half of it.
#[test]
fn the_share_falls_as_the_force_loses_its_grip() {
    // So wide that only the grip counts.
    let spec = ConditionalHybridSpec { near: 100.0, ..conditional_hybrid(FULL) };
    let (mut all, mut some, mut none) = (0, 0, 0);
    for i in 0..=100 {
        let theta = 0.015 * f64::from(i);
        let state = leaning(theta, theta, 0.25);
        let grip = beta(&state);
        if grip.abs() < 0.06 {
            // Guarded, or almost.
            continue;
        }
        let share = (2.0 * grip / spec.grip_min - 1.0).clamp(0.0, 1.0);
        // The rate −k1·√σ + z = −1 N, divided by β.
        let actual = -added(FULL, spec, &state) * grip;
        // Differences of forces of up to 1e3 N, over the least grip.
        assert!((actual - share).abs() < 1e-9, "{theta}: {actual} {share} {grip}");
        match share {
            1.0 => all += 1,
            0.0 => none += 1,
            _ => some += 1,
        }
        // Without a model the grip is not known, and counted as whole.
        let blind = -added(NONE, spec, &state);
        assert!((blind - 1.0).abs() < 1e-9, "{theta}: {blind}");
    }
    assert!(all > 5 && some > 5 && none > 5, "{all} {some} {none}");
}

proptest! {
    /// Far away, or with a poor grip, it is the adaptive law to the bit, and `z` is emptied.
    #[test]
    fn far_away_it_is_the_adaptive_law(
        states in prop::collection::vec(plausible_state(), 1..40),
        z in -6.0..6.0_f64,
        implicit in any::<bool>(),
        with_model in any::<bool>(),
    ) {
        let switching = if implicit { Switching::Implicit } else { Switching::saturation(LAYER) };
        let spec = ConditionalHybridSpec { switching, ..conditional_hybrid(FULL) };
        let (law, other) = (build(spec, U_MAX), first_order(FULL, switching));
        let mut memory = ConditionalHybridMemory { z, ..law.initial_memory() };
        let mut other_memory = other.initial_memory();
        for mut state in states {
            let far = state.theta1.abs().max(state.theta2.abs()) >= spec.near;
            // Near upright the grip is good: far it is.
            if !far {
                state.theta1 += 0.5_f64.copysign(state.theta1);
            }
            let model = plant().evaluate(&state);
            let model = with_model.then_some(&model);
            let sample = Sample { state: &state, model, dt: DT };
            let (one, two) =
                (law.control(&mut memory, &sample), other.control(&mut other_memory, &sample));
            // −v is the same with +0 added; the zeros of both may have different signs.
            prop_assert_eq!(one, two);
            prop_assert_eq!((memory.k, memory.sign), (other_memory.k, other_memory.sign));
            prop_assert_eq!(memory.z, 0.0);
        }
    }

    /// Whatever is measured and remembered, `z` keeps to its clamp.
    #[test]
    fn the_integral_is_clamped(
        states in prop::collection::vec(plausible_state(), 1..40),
        scale in prop_oneof![Just(1.0), Just(0.05)],
        dt in 1e-4..1.0_f64,
    ) {
        let law = build(conditional_hybrid(FULL), U_MAX);
        let mut memory = law.initial_memory();
        for state in states {
            let state = State::from_array(state.to_array().map(|x| scale * x));
            let model = plant().evaluate(&state);
            law.control(&mut memory, &Sample { state: &state, model: Some(&model), dt });
            prop_assert!(memory.z.abs() <= 6.0, "{memory:?}");
            prop_assert!((1.0..=20.0).contains(&memory.k), "{memory:?}");
        }
    }
}

/// What was integrated inside does not act after an excursion.
#[test]
fn the_integral_is_emptied_outside() {
    let law = build(conditional_hybrid(NONE), U_MAX);
    let mut memory = law.initial_memory();
    for _ in 0..100 {
        control(&law, &mut memory, &state_with_sigma(0.04));
    }
    // k2·sat·dt a sample.
    assert!((memory.z + 100.0 * 30.0 * 0.8 * DT).abs() < 1e-9, "{memory:?}");
    control(&law, &mut memory, &leaning(0.2, 0.0, 0.04));
    assert_eq!(memory.z, 0.0);
}

/// The way in and out of the zone, in ever smaller steps: the largest change of the force from one
/// sample to the next shrinks with the step.
#[test]
fn entering_and_leaving_is_without_a_jump() {
    for switching in [Switching::saturation(LAYER), Switching::Implicit] {
        for equivalent in [FULL, NONE] {
            let largest_change = |steps: u32| {
                // K rests, so that only what is switched on and off moves the force.
                let gamma = 0.0;
                let spec =
                    ConditionalHybridSpec { switching, gamma, ..conditional_hybrid(equivalent) };
                let law = build(spec, UNLIMITED);
                // The same stay in the zone in time, so that z fills as much.
                let dt = 10.0 / f64::from(steps);
                let mut memory = law.initial_memory();
                let (mut last, mut largest, mut fullest) = (None::<Command>, 0.0_f64, 0.0_f64);
                for i in 0..=steps {
                    // Out, in, out, in: θ1 between 0 and 0.3 rad.
                    let phase = 4.0 * std::f64::consts::PI * f64::from(i) / f64::from(steps);
                    let state = leaning(0.15 + 0.15 * phase.cos(), 0.1 * phase.cos(), 0.3);
                    let model = plant().evaluate(&state);
                    let sample = Sample { state: &state, model: Some(&model), dt };
                    let command = law.control(&mut memory, &sample);
                    if let Some(last) = last {
                        largest = largest.max((command.u - last.u).abs());
                    }
                    fullest = fullest.max(memory.z.abs());
                    last = Some(command);
                }
                assert!(fullest > 5.0, "there is something to lose: {fullest}");
                largest
            };
            // Implicit reaching in a longer period is softer, as ever by a share of dt.
            let (coarse, fine) = (largest_change(20_000), largest_change(200_000));
            assert!(fine < 0.2 * coarse, "{switching:?} {equivalent:?}: {coarse} {fine}");
            assert!(fine < 0.05, "{switching:?} {equivalent:?}: {coarse} {fine}");
        }
    }
}

/// While the first-order part alone holds the force at its limit, the integral is not driven away.
#[test]
fn back_calculation_is_the_integrals_own_share() {
    let law = build(conditional_hybrid(NONE), 2.0);
    // At the edge of the zone: a share of 0.01.
    let state = leaning(0.199, 0.0, 0.5);
    let mut memory = law.initial_memory();
    let command = control(&law, &mut memory, &state);
    assert_eq!(command.u, -2.0);
    // ż = w·(−k2·sgn + anti_windup·lost), lost being below 15 N.
    assert!(memory.z.abs() <= 0.01 * DT * (30.0 + 10.0 * 15.0), "{memory:?}");
}

/// On the plant, from far outside the zone, under a constant push: it comes in, and the integral takes
/// over what pushes, so that `σ` returns to zero where the adaptive law stays off.
#[test]
fn near_upright_the_integral_takes_over_a_constant_push() {
    fn rest<C: Controller>(law: &C) -> f64 {
        let plant = plant();
        let mut memory = law.initial_memory();
        let mut state = State { theta1: 0.3, theta2: 0.25, ..State::UPRIGHT };
        let mut sigma = 0.0_f64;
        for i in 0..8000 {
            let here = plant.evaluate(&state);
            let sample = Sample { state: &state, model: Some(&here), dt: DT };
            let command = law.control(&mut memory, &sample);
            if i > 7000 {
                sigma = sigma.max(command.sigma.unwrap().abs());
            }
            let w = [3.0, 0.0, 0.0];
            state = Integrator::Rk4.step(&plant, &state, &here, command.u, Some(w), DT);
        }
        sigma
    }
    let switching = Switching::saturation(LAYER);
    let with = rest(&build(conditional_hybrid(FULL), U_MAX));
    let without = rest(&first_order(FULL, switching));
    // In its layer the adaptive law rests where (K/ε + α)·σ is the push.
    assert!(without > 3.0 / (20.0 / LAYER + 10.0) * 0.9, "{without}");
    assert!(with < 0.05 * without, "{with} {without}");
}
