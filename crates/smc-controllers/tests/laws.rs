//! What every law guarantees: checked gains, a limited force, and the rate of σ that it asks for.

mod rig;

use std::array::from_fn;
use std::fmt::Debug;
use std::panic::catch_unwind;

use dip_dynamics::{Linearisation, State};
use proptest::prelude::*;
use smc_controllers::{
    AdaptiveMemory, AdaptiveSpec, AnyController, AnyMemory, ClassicalMemory, ClassicalSpec,
    ConditionalHybridMemory, ConditionalHybridSpec, Controller, ControllerSpec, DesignError,
    EquivalentControl, Gain, HybridMemory, HybridSpec, IntegralMemory, IntegralSpec, Kind, Layer,
    LqrIntegralMemory, LqrIntegralSpec, LqrSpec, Rule, Sample, SuperTwistingMemory,
    SuperTwistingSpec, SurfaceDesign, Switching, Weights,
};

use rig::{
    DT, EQUIVALENTS, LAYER, U_MAX, UNLIMITED, WEIGHTS, adaptive, any_state, beta, built, classical,
    conditional_hybrid, control, hybrid, integral, laws, linear, memory, plant, plausible_state,
    sat, sigma, sigma_rate, super_twisting, surface,
};

/// The share of `|s·B|` below which `|β|` is not divided by, as documented.
const FLOOR: f64 = 0.05;

/// The laws that slide on a surface `s·x`, and their descriptions.
fn on_surface(
    equivalent: EquivalentControl,
    u_max: f64,
) -> impl Iterator<Item = (ControllerSpec, AnyController)> {
    laws(equivalent)
        .into_iter()
        .zip(built(equivalent, u_max))
        .filter(|(spec, _)| spec.surface().is_some())
}

/// The rate that a law asks for at a state with this memory; the laws as their modules state them.
/// `beta` is that by which it divides.
fn requested_rate(spec: &ControllerSpec, memory: &AnyMemory, state: &State, beta: f64) -> f64 {
    let sigma = sigma(state);
    let sat = |switching| match switching {
        Switching::Saturation(Layer { epsilon, .. }) => sat(sigma, epsilon),
        other => unreachable!("{other:?}"),
    };
    let root = sigma.abs().sqrt();
    match (spec, memory) {
        (ControllerSpec::Classical(s), _) => -s.k * sat(s.switching) - s.kd * sigma,
        (ControllerSpec::SuperTwisting(s), AnyMemory::SuperTwisting(m)) => {
            -s.k1 * root * sat(s.switching) + m.z
        }
        (ControllerSpec::Adaptive(s), AnyMemory::Adaptive(m)) => {
            -m.k * sat(s.switching) - s.alpha * sigma
        }
        (ControllerSpec::Hybrid(s), AnyMemory::Hybrid(m)) => {
            -m.k1 * root * sat(s.switching) + m.u_int
        }
        (ControllerSpec::ConditionalHybrid(s), AnyMemory::ConditionalHybrid(m)) => {
            let angle = state.theta1.abs().max(state.theta2.abs());
            // s·B = 1.
            let w = (2.0 - 2.0 * angle / s.near).clamp(0.0, 1.0)
                * (2.0 * beta / s.grip_min - 1.0).clamp(0.0, 1.0);
            -m.k * sat(s.switching) - s.alpha * sigma + w * (-s.k1 * root * sat(s.switching) + m.z)
        }
        _ => unreachable!("{spec:?} asks for no rate with {memory:?}"),
    }
}

// ---- Construction -------------------------------------------------------------------------------

#[test]
fn every_gain_of_every_law_is_checked() {
    fn check<S: Copy + Debug, L: Debug>(
        good: S,
        table: &[Gain<S>],
        build: impl Fn(&S) -> Result<L, DesignError>,
    ) {
        build(&good).unwrap();
        for gain in table {
            let with = |value| {
                let mut spec = good;
                *(gain.field)(&mut spec).expect(gain.name) = value;
                (build(&spec), gain.get(spec).expect(gain.name))
            };
            let mut wrong = vec![-1.0, -1e-300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
            match gain.rule {
                Rule::Positive => wrong.push(0.0),
                Rule::NotNegative => assert!(with(0.0).0.is_ok(), "{} may be 0", gain.name),
                Rule::Share => {
                    wrong.extend([0.0, 1.001]);
                    assert!(with(1.0).0.is_ok(), "{} may be 1", gain.name);
                }
                Rule::BelowOne => wrong.push(1.0),
            }
            for value in wrong {
                let (refused, stored) = with(value);
                assert_eq!(stored.to_bits(), value.to_bits(), "{} reads what it writes", gain.name);
                let DesignError::Gain(error) = refused.unwrap_err() else {
                    panic!("{} = {value}", gain.name)
                };
                let rule = match gain.rule {
                    Rule::Positive => "finite and greater than 0",
                    Rule::NotNegative => "finite and not negative",
                    Rule::Share => "greater than 0 and at most 1",
                    Rule::BelowOne => "not negative and less than 1",
                };
                assert_eq!(error.to_string(), format!("{} = {value}: must be {rule}", gain.name));
                assert_eq!(error.name(), gain.name);
            }
        }
    }
    let (linear, full) = (linear(), EquivalentControl::Full);
    check(classical(full), &ClassicalSpec::GAINS, |s| s.build(&linear, U_MAX));
    check(super_twisting(full), &SuperTwistingSpec::GAINS, |s| s.build(&linear, U_MAX));
    check(adaptive(full), &AdaptiveSpec::GAINS, |s| s.build(&linear, U_MAX));
    check(hybrid(full), &HybridSpec::GAINS, |s| s.build(&linear, U_MAX));
    check(integral(full), &IntegralSpec::GAINS, |s| s.build(&linear, U_MAX));
    check(conditional_hybrid(full), &ConditionalHybridSpec::GAINS, |s| s.build(&linear, U_MAX));
    let with_integral = LqrIntegralSpec { weights: WEIGHTS, q_integral: 10.0 };
    check(with_integral, &LqrIntegralSpec::GAINS, |s| s.build(&linear, U_MAX));
}

#[test]
fn gains_that_contradict_each_other_are_refused() {
    let full = EquivalentControl::Full;
    let conditional = conditional_hybrid(full);
    for (spec, name, expected) in [
        (
            ControllerSpec::Adaptive(AdaptiveSpec { k_init: 30.0, k_max: 20.0, ..adaptive(full) }),
            "k_init",
            "k_init = 30: must not be greater than k_max = 20",
        ),
        (
            ControllerSpec::Adaptive(AdaptiveSpec { k_min: 7.0, k_init: 5.0, ..adaptive(full) }),
            "k_min",
            "k_min = 7: must not be greater than k_init = 5",
        ),
        (
            ControllerSpec::ConditionalHybrid(ConditionalHybridSpec {
                k_init: 30.0,
                ..conditional
            }),
            "k_init",
            "k_init = 30: must not be greater than k_max = 20",
        ),
        (
            ControllerSpec::ConditionalHybrid(ConditionalHybridSpec { k_min: 7.0, ..conditional }),
            "k_min",
            "k_min = 7: must not be greater than k_init = 5",
        ),
        (
            ControllerSpec::Hybrid(HybridSpec { k1_init: 41.0, k1_max: 40.0, ..hybrid(full) }),
            "k1_init",
            "k1_init = 41: must not be greater than k1_max = 40",
        ),
        (
            ControllerSpec::Hybrid(HybridSpec { k2_init: 61.0, k2_max: 60.0, ..hybrid(full) }),
            "k2_init",
            "k2_init = 61: must not be greater than k2_max = 60",
        ),
    ] {
        let error = spec.build(&linear(), U_MAX).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(matches!(error, DesignError::Gain(gain) if gain.name() == name));
    }
    let all_equal = AdaptiveSpec { k_min: 5.0, k_init: 5.0, k_max: 5.0, ..adaptive(full) };
    assert!(all_equal.build(&linear(), U_MAX).is_ok(), "a fixed gain is no contradiction");
}

#[test]
fn the_actuator_limit_and_the_surface_are_checked_for_every_law() {
    for spec in laws(EquivalentControl::Full) {
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = spec.build(&linear(), value).unwrap_err();
            let expected = format!("u_max = {value}: must be finite and greater than 0");
            assert_eq!(error.to_string(), expected, "{:?}", spec.kind());
        }
    }
    let weights = Weights { q: [1.0, -1.0, 1.0, 1.0, 1.0, 1.0], r: 1.0 };
    let surface = SurfaceDesign::Lqr(weights);
    for spec in laws(EquivalentControl::Full) {
        let (spec, prefix) = match spec {
            ControllerSpec::Classical(spec) => {
                (ControllerSpec::Classical(ClassicalSpec { surface, ..spec }), "surface")
            }
            ControllerSpec::SuperTwisting(spec) => {
                (ControllerSpec::SuperTwisting(SuperTwistingSpec { surface, ..spec }), "surface")
            }
            ControllerSpec::Adaptive(spec) => {
                (ControllerSpec::Adaptive(AdaptiveSpec { surface, ..spec }), "surface")
            }
            ControllerSpec::Hybrid(spec) => {
                (ControllerSpec::Hybrid(HybridSpec { surface, ..spec }), "surface")
            }
            ControllerSpec::ConditionalHybrid(spec) => (
                ControllerSpec::ConditionalHybrid(ConditionalHybridSpec { surface, ..spec }),
                "surface",
            ),
            ControllerSpec::Integral(spec) => {
                (ControllerSpec::Integral(IntegralSpec { weights, ..spec }), "weights")
            }
            ControllerSpec::Lqr(_) => (ControllerSpec::Lqr(LqrSpec { weights }), "weights"),
            ControllerSpec::LqrIntegral(spec) => {
                (ControllerSpec::LqrIntegral(LqrIntegralSpec { weights, ..spec }), "weights")
            }
        };
        let error = spec.build(&linear(), U_MAX).unwrap_err();
        let expected = format!("{prefix}: q_theta1 = -1: must be finite and not negative");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn the_shipped_laws_can_be_built() {
    for kind in Kind::ALL {
        let spec = ControllerSpec::shipped(kind);
        assert_eq!(spec.kind(), kind);
        let follows_a_regulator = [Kind::Integral, Kind::Lqr, Kind::LqrIntegral].contains(&kind);
        assert_eq!(spec.surface().is_none(), follows_a_regulator);
        spec.build(&linear(), U_MAX).unwrap();
    }
}

// ---- The force ----------------------------------------------------------------------------------

proptest! {
    #[test]
    fn the_force_is_within_the_limit_whatever_is_measured_and_remembered(
        state in any_state(),
        remembered in prop::array::uniform3(-1e6..1e6_f64),
        with_model in any::<bool>(),
    ) {
        for equivalent in EQUIVALENTS {
            for (law, kind) in built(equivalent, U_MAX).into_iter().zip(Kind::ALL) {
                let mut memory = memory(kind, remembered);
                let evaluation = plant().evaluate(&state);
                let model = with_model.then_some(&evaluation);
                let command = law.control(&mut memory, &Sample { state: &state, model, dt: DT });
                prop_assert!(command.u.abs() <= U_MAX, "{kind}: {command:?}");
                prop_assert!(!command.fault, "{kind}: {command:?}");
            }
        }
    }

    /// The equivalent control from the full model does what it says: by the equations of motion σ
    /// gets the very rate that the law asks for. So does the faded one, far from the limit.
    #[test]
    fn sigma_gets_the_rate_that_the_law_asks_for(
        state in plausible_state(),
        remembered in prop::array::uniform3(-30.0..30.0_f64),
        faded in any::<bool>(),
    ) {
        let equivalent = if faded { EquivalentControl::Faded } else { EquivalentControl::Full };
        for (spec, law) in on_surface(equivalent, UNLIMITED) {
            let mut memory = memory(spec.kind(), remembered);
            let rate = requested_rate(&spec, &memory, &state, beta(&state));
            let command = control(&law, &mut memory, &state);
            prop_assert_eq!(command.equivalent, equivalent);
            if command.guarded {
                continue;
            }
            let (actual, size) = sigma_rate(&state, command.u);
            // Both sides solve with M, whose condition number is below 1e3: 1e3·2e-16 a solve, and
            // the force goes through two. 1/β amplifies by up to 1/FLOOR.
            prop_assert!(
                (actual - rate).abs() <= 1e-11 * (size + rate.abs()),
                "{:?}: {actual} is not {rate} at {state:?}", spec.kind()
            );
            // The parts add up, and only the limit is missing from the force.
            prop_assert_eq!(command.u.to_bits(), (command.u_eq + command.u_sw).to_bits());
        }
    }

    /// The reaching condition: outside the boundary layer |σ| shrinks, as long as the force is not
    /// limited and `β` not guarded.
    #[test]
    fn sigma_is_driven_toward_zero(state in plausible_state()) {
        for (_, law) in on_surface(EquivalentControl::Full, UNLIMITED) {
            let mut memory = law.initial_memory();
            let command = control(&law, &mut memory, &state);
            let sigma = command.sigma.unwrap();
            if !command.guarded && sigma.abs() > LAYER {
                let (rate, _) = sigma_rate(&state, command.u);
                prop_assert!(sigma * rate < 0.0, "{law:?}: σ = {sigma}, σ̇ = {rate}");
            }
        }
    }

    /// On the linearised plant the linear equivalent control does the same.
    #[test]
    fn on_the_linear_plant_sigma_gets_the_rate_too(
        state in plausible_state(),
        remembered in prop::array::uniform3(-30.0..30.0_f64),
    ) {
        let Linearisation { a, b } = linear();
        let s = nalgebra::RowVector6::from(surface());
        for (spec, law) in on_surface(EquivalentControl::Linear, UNLIMITED) {
            let mut memory = memory(spec.kind(), remembered);
            let rate = requested_rate(&spec, &memory, &state, 1.0);
            let command = control(&law, &mut memory, &state);
            prop_assert_eq!(command.equivalent, EquivalentControl::Linear);
            prop_assert!(!command.guarded, "s·B is above its own floor");
            let drift = s * a;
            let x = nalgebra::Vector6::from(state.to_array());
            let actual = (drift * x + s * b * command.u)[0];
            let size: f64 = drift.iter().zip(x.iter()).map(|(d, x)| (d * x).abs()).sum();
            // Sums of six products of rounded numbers; A and s·A are the same on both sides.
            prop_assert!((actual - rate).abs() <= 1e-13 * (size + rate.abs()), "{actual} {rate}");
        }
    }

    /// Without a model there is no `u_eq`, the law says so, and it is the law that never had one.
    #[test]
    fn without_a_model_the_law_goes_on_and_says_so(
        states in prop::collection::vec(plausible_state(), 1..20),
    ) {
        for equivalent in [EquivalentControl::Full, EquivalentControl::Faded] {
            for i in 0..Kind::ALL.len() {
                let [with, without] =
                    [equivalent, EquivalentControl::None].map(|which| built(which, U_MAX)[i]);
                let mut memory = with.initial_memory();
                let mut memory_without = without.initial_memory();
                for state in &states {
                    let sample = Sample { state, model: None, dt: DT };
                    let command = with.control(&mut memory, &sample);
                    prop_assert_eq!(command.u_eq, 0.0);
                    prop_assert_eq!(command.equivalent, EquivalentControl::None);
                    prop_assert!(!command.guarded);
                    prop_assert_eq!(command, without.control(&mut memory_without, &sample));
                    prop_assert_eq!(memory, memory_without);
                }
            }
        }
    }

    /// Two of the four never look at the model.
    #[test]
    fn linear_and_none_need_no_model(state in plausible_state()) {
        for equivalent in [EquivalentControl::Linear, EquivalentControl::None] {
            for law in built(equivalent, U_MAX) {
                let sample = Sample { state: &state, model: None, dt: DT };
                let blind = law.control(&mut law.initial_memory(), &sample);
                prop_assert_eq!(control(&law, &mut law.initial_memory(), &state), blind);
            }
        }
    }

    #[test]
    fn any_controller_gives_the_bits_of_the_law_that_it_wraps(
        states in prop::collection::vec(any_state(), 1..20),
    ) {
        fn check<C: Controller<Memory: PartialEq>>(
            law: &C,
            any: &AnyController,
            wrap: impl Fn(C::Memory) -> AnyMemory,
            states: &[State],
        ) {
            let (mut memory, mut any_memory) = (law.initial_memory(), any.initial_memory());
            assert_eq!(any_memory, wrap(memory));
            for state in states {
                assert_eq!(control(law, &mut memory, state), control(any, &mut any_memory, state));
                assert_eq!(any_memory, wrap(memory));
            }
        }
        for any in EQUIVALENTS.into_iter().flat_map(|equivalent| built(equivalent, U_MAX)) {
            match any {
                AnyController::Classical(law) => check(&law, &any, AnyMemory::Classical, &states),
                AnyController::SuperTwisting(law) => {
                    check(&law, &any, AnyMemory::SuperTwisting, &states);
                }
                AnyController::Adaptive(law) => check(&law, &any, AnyMemory::Adaptive, &states),
                AnyController::Hybrid(law) => check(&law, &any, AnyMemory::Hybrid, &states),
                AnyController::Integral(law) => check(&law, &any, AnyMemory::Integral, &states),
                AnyController::ConditionalHybrid(law) => {
                    check(&law, &any, AnyMemory::ConditionalHybrid, &states);
                }
                AnyController::Lqr(law) => check(&law, &any, AnyMemory::Lqr, &states),
                AnyController::LqrIntegral(law) => {
                    check(&law, &any, AnyMemory::LqrIntegral, &states);
                }
            }
        }
    }

    #[test]
    fn the_regulator_is_minus_k_times_x(state in plausible_state()) {
        let spec = LqrSpec { weights: WEIGHTS };
        let k = smc_controllers::lqr_gain(&linear(), &spec.weights).unwrap();
        let command = control(&spec.build(&linear(), U_MAX).unwrap(), &mut (), &state);
        let terms: [f64; 6] = from_fn(|i| k[i] * state.to_array()[i]);
        let expected = -terms.iter().sum::<f64>();
        // Six products and five sums.
        let tolerance = 1e-15 * 12.0 * terms.iter().map(|t| t.abs()).sum::<f64>();
        prop_assert!((command.u_sw - expected).abs() <= tolerance);
        prop_assert_eq!(command.u, command.u_sw.clamp(-U_MAX, U_MAX));
        prop_assert_eq!((command.u_eq, command.sigma, command.guarded), (0.0, None, false));
        prop_assert_eq!(command.equivalent, EquivalentControl::None);
    }

    /// The faded equivalent control: the full one while at most half of the limit is asked for, none
    /// with the linear `β` from the limit on, and in between their mean with a share that is linear.
    #[test]
    fn the_equivalent_control_fades_from_half_of_the_limit_to_the_limit(
        state in plausible_state(),
        stretch in 0.3..3.0_f64,
    ) {
        let law = |equivalent, u_max| {
            let law = classical(equivalent).build(&linear(), u_max).unwrap();
            control(&law, &mut law.initial_memory(), &state)
        };
        let full = law(EquivalentControl::Full, UNLIMITED);
        let none = law(EquivalentControl::None, UNLIMITED);
        // A limit near what is asked for, so that every part of the range is drawn.
        let u_max = full.u.abs() * stretch + 1e-6;
        let faded = law(EquivalentControl::Faded, u_max);
        let share = 2.0 - 2.0 * (full.u.abs() / u_max);
        if share >= 1.0 {
            let full = law(EquivalentControl::Full, u_max);
            prop_assert_eq!((faded.u, faded.u_eq, faded.u_sw), (full.u, full.u_eq, full.u_sw));
        } else if share <= 0.0 {
            let none = law(EquivalentControl::None, u_max);
            prop_assert_eq!((faded.u, faded.u_eq, faded.u_sw), (none.u, 0.0, none.u_sw));
        } else {
            // A mean of two forces, within the rounding of both.
            let expected = share * full.u + (1.0 - share) * none.u;
            let tolerance = 1e-14 * (full.u_eq.abs() + full.u_sw.abs() + none.u.abs());
            prop_assert!((faded.u_eq + faded.u_sw - expected).abs() <= tolerance);
            prop_assert_eq!(faded.u, (faded.u_eq + faded.u_sw).clamp(-u_max, u_max));
        }
        prop_assert_eq!(faded.equivalent, EquivalentControl::Faded);
    }
}

/// Just below and above both ends of the range in which it fades, the force is the same.
#[test]
fn the_faded_force_has_no_jump() {
    let state = State { theta1: 0.2, theta2: -0.1, theta1_dot: 1.0, ..State::UPRIGHT };
    let force = |u_max: f64| {
        let law = classical(EquivalentControl::Faded).build(&linear(), u_max).unwrap();
        let command = control(&law, &mut law.initial_memory(), &state);
        command.u_eq + command.u_sw
    };
    let asked = force(UNLIMITED).abs();
    for end in [asked, 2.0 * asked] {
        let jump = force(end * (1.0 + 1e-9)) - force(end * (1.0 - 1e-9));
        // The share moves by 2·2e-9 at most, times forces below 1e3.
        assert!(jump.abs() < 4e-6, "{jump} at {end}");
    }
    let none = classical(EquivalentControl::None).build(&linear(), UNLIMITED).unwrap();
    let without = control(&none, &mut none.initial_memory(), &state).u;
    assert!((force(asked / 2.0) - without).abs() < 1e-9, "and far beyond there is none of it");
    assert!((force(asked) - force(2.0 * asked)).abs() > 1.0, "the two ends differ: it can fail");
}

/// `β` falls as the rods lean, and changes its sign: divided by with its sign, and guarded.
#[test]
fn beta_is_divided_by_with_its_sign_and_guarded_near_zero() {
    let law = classical(EquivalentControl::Full).build(&linear(), UNLIMITED).unwrap();
    let floor = FLOOR * beta(&State::UPRIGHT).abs();
    let (mut positive, mut negative, mut guarded) = (0, 0, 0);
    for i in -31..=31 {
        for j in -31..=31 {
            let state = State {
                theta1: 0.1 * f64::from(i),
                theta2: 0.1 * f64::from(j),
                theta1_dot: 0.5,
                ..State::UPRIGHT
            };
            let beta = beta(&state);
            // Two ways to compute β differ by the rounding of a solve.
            if (beta.abs() - floor).abs() < 1e-9 {
                continue;
            }
            let command = control(&law, &mut law.initial_memory(), &state);
            let sigma = command.sigma.unwrap();
            let v = -5.0 * sat(sigma, LAYER) - 10.0 * sigma;
            assert_eq!(command.guarded, beta.abs() < floor, "β = {beta}");
            let divisor = if command.guarded { floor.copysign(beta) } else { beta };
            let expected = v / divisor;
            assert!((command.u_sw - expected).abs() <= 1e-9 * expected.abs(), "{command:?} {beta}");
            let (rate, size) = sigma_rate(&state, command.u);
            match (command.guarded, beta > 0.0) {
                (true, _) => guarded += 1,
                (false, true) => positive += 1,
                (false, false) => {
                    negative += 1;
                    assert!(command.u_sw * v <= 0.0, "a negative β turns the force around");
                    assert!((rate - v).abs() <= 1e-9 * (size + v.abs()), "and σ obeys: {rate} {v}");
                }
            }
        }
    }
    assert!(positive > 100 && negative > 100 && guarded > 10, "{positive} {negative} {guarded}");
}

// ---- Memories -----------------------------------------------------------------------------------

#[test]
fn a_run_starts_with_the_documented_memory() {
    let sign = 0.0;
    for (spec, expected) in laws(EquivalentControl::Full).into_iter().zip([
        AnyMemory::Classical(ClassicalMemory { sign }),
        AnyMemory::SuperTwisting(SuperTwistingMemory { z: 0.0, sign }),
        AnyMemory::Adaptive(AdaptiveMemory { k: 5.0, sign }),
        AnyMemory::Hybrid(HybridMemory { k1: 10.0, k2: 20.0, u_int: 0.0, sign }),
        AnyMemory::Integral(IntegralMemory { zeta: 0.0, started: 0.0, sign }),
        AnyMemory::ConditionalHybrid(ConditionalHybridMemory { k: 5.0, z: 0.0, sign }),
        AnyMemory::Lqr(()),
        AnyMemory::LqrIntegral(LqrIntegralMemory { xi: 0.0 }),
    ]) {
        assert_eq!(spec.build(&linear(), U_MAX).unwrap().initial_memory(), expected);
    }
}

#[test]
fn a_memory_of_another_law_is_a_bug_and_panics() {
    let specs = laws(EquivalentControl::None);
    for law in specs.map(|spec| spec.build(&linear(), U_MAX).unwrap()) {
        for other in specs.map(|spec| spec.build(&linear(), U_MAX).unwrap()) {
            let memory = other.initial_memory();
            let same =
                std::mem::discriminant(&memory) == std::mem::discriminant(&law.initial_memory());
            let result = catch_unwind(|| control(&law, &mut memory.clone(), &State::UPRIGHT));
            assert_eq!(result.is_ok(), same, "{law:?} with {memory:?}");
            if let Err(panic) = result {
                let message = panic.downcast_ref::<String>().unwrap();
                assert!(message.starts_with("a controller was given another law's memory"));
            }
        }
    }
}
