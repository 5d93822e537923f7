//! What adapts keeps to its caps and its pace, grows only for a reason, and is led back by the leak;
//! what integrates is stepped as documented, and does not wind up.

mod rig;

use proptest::prelude::*;
use smc_controllers::{
    AdaptiveMemory, AdaptiveSpec, ClassicalSpec, Controller, EquivalentControl, HybridMemory,
    HybridSpec, Sample, SuperTwistingMemory, SuperTwistingSpec, Switching,
};

use rig::{
    DT, U_MAX, UNLIMITED, adaptive, any_state, beta, control, hybrid, linear, plant,
    plausible_state, sat, state_with_sigma, super_twisting,
};

const FULL: EquivalentControl = EquivalentControl::Full;

fn of_k(k: f64) -> AdaptiveMemory {
    AdaptiveMemory { k, sign: 0.0 }
}

fn of_k1_k2(k1: f64, k2: f64) -> HybridMemory {
    HybridMemory { k1, k2, u_int: 0.0, sign: 0.0 }
}

proptest! {
    /// Whatever is measured: `k_min ≤ K ≤ k_max`, K moves no faster than its limit, and does not grow
    /// while the force is limited or `|σ|` is in the dead zone, unless the leak leads up.
    #[test]
    fn the_adaptive_gain_keeps_its_caps_and_its_pace(
        states in prop::collection::vec(prop_oneof![plausible_state(), any_state()], 1..100),
        dt in prop_oneof![1e-4..0.5_f64, 0.5..10.0_f64],
    ) {
        let spec = adaptive(FULL);
        let law = spec.build(&linear(), U_MAX).unwrap();
        let mut memory = law.initial_memory();
        for state in &states {
            let before = memory.k;
            let model = plant().evaluate(state);
            let command = law.control(&mut memory, &Sample { state, model: Some(&model), dt });
            prop_assert!((spec.k_min..=spec.k_max).contains(&memory.k), "K = {}", memory.k);
            // The change carries the rounding of K.
            let limit = spec.rate_max * dt + 1e-15 * spec.k_max;
            prop_assert!((memory.k - before).abs() <= limit, "{before} → {}", memory.k);
            let rests =
                command.u.abs() >= U_MAX || command.sigma.unwrap().abs() <= spec.dead_zone;
            // Up to here a step of the leak does not overshoot.
            if rests && spec.leak * dt <= 1.0 {
                prop_assert!(memory.k <= before.max(spec.k_init), "grew: {before} → {}", memory.k);
            }
        }
    }

    #[test]
    fn the_hybrid_gains_and_integral_keep_their_caps_and_their_pace(
        states in prop::collection::vec(prop_oneof![plausible_state(), any_state()], 1..100),
        dt in prop_oneof![1e-4..0.5_f64, 0.5..10.0_f64],
    ) {
        let spec = hybrid(FULL);
        let law = spec.build(&linear(), U_MAX).unwrap();
        let mut memory = law.initial_memory();
        for state in &states {
            let before = memory;
            let model = plant().evaluate(state);
            let sample = Sample { state, model: Some(&model), dt };
            let command = law.control(&mut memory, &sample);
            prop_assert!((0.0..=spec.k1_max).contains(&memory.k1), "{memory:?}");
            prop_assert!((0.0..=spec.k2_max).contains(&memory.k2), "{memory:?}");
            prop_assert!(memory.u_int.abs() <= spec.u_int_max, "{memory:?}");
            let pace1 = spec.rate1_max * dt + 1e-15 * spec.k1_max;
            let pace2 = spec.rate2_max * dt + 1e-15 * spec.k2_max;
            prop_assert!((memory.k1 - before.k1).abs() <= pace1, "{before:?} → {memory:?}");
            prop_assert!((memory.k2 - before.k2).abs() <= pace2, "{before:?} → {memory:?}");
            let rests =
                command.u.abs() >= U_MAX || command.sigma.unwrap().abs() <= spec.dead_zone;
            if rests && spec.leak * dt <= 1.0 {
                prop_assert!(memory.k1 <= before.k1.max(spec.k1_init), "{before:?} → {memory:?}");
                prop_assert!(memory.k2 <= before.k2.max(spec.k2_init), "{before:?} → {memory:?}");
            }
        }
    }

    /// `|σ| ≤ dead_zone`: only the leak acts, whatever `γ` is.
    #[test]
    fn in_the_dead_zone_only_the_leak_acts(share in -0.999..0.999_f64, k in 1.0..20.0_f64) {
        let state = state_with_sigma(0.01 * share);
        let leaked = |k: f64, init: f64| k - 2.0 * (k - init) * DT;
        // One product and two sums.
        let tolerance = 1e-14 * k;

        let law = adaptive(FULL).build(&linear(), U_MAX).unwrap();
        let mut memory = of_k(k);
        control(&law, &mut memory, &state);
        prop_assert!((memory.k - leaked(k, 5.0)).abs() <= tolerance, "{memory:?}");

        let law = hybrid(FULL).build(&linear(), U_MAX).unwrap();
        let mut memory = of_k1_k2(k, k + 1.0);
        control(&law, &mut memory, &state);
        prop_assert!((memory.k1 - leaked(k, 10.0)).abs() <= tolerance, "{memory:?}");
        prop_assert!((memory.k2 - leaked(k + 1.0, 20.0)).abs() <= 2.0 * tolerance, "{memory:?}");
    }
}

/// Outside the dead zone, without a limit in the way: `K⁺ = K + (γ·|σ| − leak·(K − K₀))·dt`.
#[test]
fn gains_adapt_as_documented() {
    let check = |sigma: f64, k: f64, rate: f64| {
        let spec = AdaptiveSpec { gamma: 50.0, ..adaptive(FULL) };
        let mut memory = of_k(k);
        let state = state_with_sigma(sigma);
        control(&spec.build(&linear(), UNLIMITED).unwrap(), &mut memory, &state);
        assert!((memory.k - (k + rate * DT)).abs() < 1e-14 * k, "adaptive: {sigma} {k} {memory:?}");

        let spec =
            HybridSpec { k1_init: 5.0, k2_init: 5.0, gamma1: 50.0, gamma2: 100.0, ..hybrid(FULL) };
        let mut memory = of_k1_k2(k, k);
        control(&spec.build(&linear(), UNLIMITED).unwrap(), &mut memory, &state);
        let rate2 = rate + 50.0 * sigma.abs();
        assert!((memory.k1 - (k + rate * DT)).abs() < 1e-14 * k, "k1: {sigma} {k} {memory:?}");
        assert!((memory.k2 - (k + rate2 * DT)).abs() < 1e-14 * k, "k2: {sigma} {k} {memory:?}");
    };
    // K₀ = 5, leak = 2.
    check(0.1, 5.0, 50.0 * 0.1);
    check(-0.1, 5.0, 50.0 * 0.1);
    check(0.1, 12.0, 50.0 * 0.1 - 2.0 * 7.0);
    check(0.4, 2.0, 50.0 * 0.4 + 2.0 * 3.0);
}

#[test]
fn a_leak_brings_the_gains_back() {
    // In the dead zone, and outside of it with nothing to learn.
    for (sigma, gamma) in [(0.009, 500.0), (0.011, 0.0)] {
        let state = state_with_sigma(sigma);
        let spec = AdaptiveSpec { gamma, ..adaptive(FULL) };
        let law = spec.build(&linear(), U_MAX).unwrap();
        for start in [20.0, 1.0] {
            let mut memory = of_k(start);
            for _ in 0..5000 {
                control(&law, &mut memory, &state);
            }
            // (1 − leak·dt)⁵⁰⁰⁰ = 0.998⁵⁰⁰⁰ = 4.5e-5 of the distance is left, up to rounding.
            let left = (memory.k - spec.k_init) / (start - spec.k_init);
            assert!((left / 0.998_f64.powi(5000) - 1.0).abs() < 1e-6, "{left}");
        }
        let spec = HybridSpec { gamma1: gamma, gamma2: gamma, ..hybrid(FULL) };
        let law = spec.build(&linear(), U_MAX).unwrap();
        let mut memory = of_k1_k2(40.0, 60.0);
        for _ in 0..5000 {
            control(&law, &mut memory, &state);
        }
        for left in [(memory.k1 - 10.0) / 30.0, (memory.k2 - 20.0) / 40.0] {
            assert!((left / 0.998_f64.powi(5000) - 1.0).abs() < 1e-6, "{left}");
        }
    }
}

#[test]
fn gains_move_no_faster_than_their_limits() {
    let state = state_with_sigma(1.0);
    let spec = AdaptiveSpec { gamma: 1e6, ..adaptive(FULL) };
    let law = spec.build(&linear(), UNLIMITED).unwrap();
    let mut memory = law.initial_memory();
    control(&law, &mut memory, &state);
    assert_eq!(memory.k, spec.k_init + spec.rate_max * DT);

    let spec = HybridSpec { gamma1: 1e6, gamma2: 1e6, ..hybrid(FULL) };
    let law = spec.build(&linear(), UNLIMITED).unwrap();
    let mut memory = law.initial_memory();
    control(&law, &mut memory, &state);
    assert_eq!(memory.k1, spec.k1_init + spec.rate1_max * DT);
    assert_eq!(memory.k2, spec.k2_init + spec.rate2_max * DT);
}

#[test]
fn gains_leak_but_do_not_grow_while_the_force_is_limited() {
    let state = state_with_sigma(1.0);
    for (u_max, grows) in [(UNLIMITED, true), (1.0, false)] {
        let law = hybrid(FULL).build(&linear(), u_max).unwrap();
        let mut memory = law.initial_memory();
        let command = control(&law, &mut memory, &state);
        assert_eq!(command.u.abs() >= u_max, !grows);
        assert_eq!(memory.k1 > 10.0, grows, "{memory:?}");
        assert_eq!(memory.k2 > 20.0, grows, "{memory:?}");

        let law = adaptive(FULL).build(&linear(), u_max).unwrap();
        let mut memory = law.initial_memory();
        let command = control(&law, &mut memory, &state);
        assert_eq!(command.u.abs() >= u_max, !grows);
        assert_eq!(memory.k > 5.0, grows, "{memory:?}");
    }
    // Leaking goes on: γ·|σ| = 300·0.02 would be less than the leak 2·30 anyhow, 500·1 would not.
    let mut memory = of_k1_k2(40.0, 60.0);
    let law = hybrid(FULL).build(&linear(), 1.0).unwrap();
    let command = control(&law, &mut memory, &state_with_sigma(0.02));
    assert_eq!(command.u.abs(), 1.0);
    assert!(memory.k1 < 40.0 && memory.k2 < 60.0, "{memory:?}");
    let mut memory = of_k(15.0);
    let command = control(
        &adaptive(FULL).build(&linear(), 1.0).unwrap(),
        &mut memory,
        &state_with_sigma(1.0),
    );
    assert_eq!(command.u.abs(), 1.0);
    assert!(memory.k < 15.0, "{memory:?}");
}

/// `z⁺ = z + share·β·(u − u_eq − u_sw) − k2·sat(σ/ε)·dt`.
#[test]
fn the_integral_is_stepped_as_documented() {
    for (u_max, dt) in [(UNLIMITED, DT), (1.0, DT), (1.0, 10.0)] {
        let spec = super_twisting(FULL);
        let law = spec.build(&linear(), u_max).unwrap();
        for (sigma, z) in [(0.5, 0.3), (-0.5, 0.3), (0.004, -0.2)] {
            let state = state_with_sigma(sigma);
            let mut memory = SuperTwistingMemory { z, sign: 0.0 };
            let model = plant().evaluate(&state);
            let sample = Sample { state: &state, model: Some(&model), dt };
            let command = law.control(&mut memory, &sample);
            let lost = beta(&state) * (command.u - command.u_eq - command.u_sw);
            let share = (spec.anti_windup * dt).min(1.0);
            let expected = z + share * lost - spec.k2 * sat(sigma, 0.01) * dt;
            // A difference of forces that are up to 1e2, times the rounding.
            assert!((memory.z - expected).abs() < 1e-12 * (1.0 + lost.abs() + expected.abs()));
        }
    }
}

/// A state that is held, far from the surface: the force stays at its limit, and the integral comes
/// to rest where its rate `k2` and the back-calculation balance. Without it, it would run away.
#[test]
fn anti_windup_bounds_the_integral_while_the_force_is_limited() {
    let (u_max, sigma) = (5.0, 2.0_f64);
    let state = state_with_sigma(sigma);
    let run = |anti_windup: f64, samples: u32| {
        let spec = SuperTwistingSpec { anti_windup, ..super_twisting(EquivalentControl::None) };
        let law = spec.build(&linear(), u_max).unwrap();
        let mut memory = law.initial_memory();
        let mut largest = 0.0_f64;
        for _ in 0..samples {
            let command = control(&law, &mut memory, &state);
            assert_eq!(command.u, -u_max);
            largest = largest.max(memory.z.abs());
        }
        largest
    };
    let (k1, k2) = (10.0_f64, 20.0_f64);
    for anti_windup in [0.5, 10.0, 1e6] {
        // From the recursion with s·B = 1: |z| ≤ u_max + k1·√|σ| + k2/anti_windup, of which at most
        // k2·dt is added in a sample that takes everything back.
        let bound = u_max + k1 * sigma.sqrt() + (k2 / anti_windup).max(k2 * DT);
        let largest = run(anti_windup, 100_000);
        assert!(largest <= bound * (1.0 + 1e-12), "{anti_windup}: {largest} > {bound}");
    }
    let unbounded = run(0.0, 100_000);
    assert!((unbounded - k2 * DT * 1e5).abs() < 1e-6 * unbounded, "0 turns it off: {unbounded}");
}

#[test]
fn the_hybrid_integral_is_clamped() {
    let spec = HybridSpec { anti_windup: 0.0, ..hybrid(EquivalentControl::None) };
    let law = spec.build(&linear(), U_MAX).unwrap();
    for sigma in [0.5, -0.5] {
        let mut memory = law.initial_memory();
        for _ in 0..10_000 {
            control(&law, &mut memory, &state_with_sigma(sigma));
        }
        assert_eq!(memory.u_int, -spec.u_int_max * sigma.signum());
    }
}

#[test]
fn a_hybrid_law_of_any_super_twisting_one_can_be_built() {
    for (k1, k2) in [(1.0, 1.0), (500.0, 1.0), (1.0, 1000.0)] {
        let within = SuperTwistingSpec { k1, k2, ..SuperTwistingSpec::default() };
        let spec = HybridSpec::of_super_twisting(&within);
        assert_eq!((spec.k1_init, spec.k2_init), (k1.min(spec.k1_max), k2.min(spec.k2_max)));
        assert!(spec.build(&linear(), U_MAX).is_ok(), "{k1} {k2}");
    }
}

#[test]
fn an_adaptive_law_of_any_classical_one_is_as_steep_and_can_grow() {
    for k in [0.1, 50.0, 500.0] {
        let within = ClassicalSpec { k, ..ClassicalSpec::default() };
        let spec = AdaptiveSpec::of_classical(&within);
        assert_eq!((spec.k_init, spec.alpha), (k.min(spec.k_max / 4.0), within.kd));
        let steepness = |k: f64, switching: Switching| match switching {
            Switching::Saturation(layer) => k / layer.epsilon,
            other => panic!("{other:?}"),
        };
        let (found, expected) =
            (steepness(spec.k_init, spec.switching), steepness(k, within.switching));
        assert!((found - expected).abs() < 1e-12 * expected, "{k}: {found} {expected}");
        assert!(spec.build(&linear(), U_MAX).is_ok(), "{k}");
    }
}
