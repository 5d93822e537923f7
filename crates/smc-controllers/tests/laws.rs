//! What every law guarantees: checked gains, a limited force, the rate of σ that it asks for, and
//! memories that stay within their caps.

use std::array::from_fn;
use std::fmt::Debug;
use std::panic::catch_unwind;
use std::sync::LazyLock;

use dip_dynamics::{Linearisation, Parameters, Plant, State};
use proptest::prelude::*;
use smc_controllers::{
    AdaptiveMemory, AdaptiveSpec, AnyController, AnyMemory, ClassicalSpec, Command, Controller,
    ControllerSpec, DesignError, EquivalentControl, Gain, HybridMemory, HybridSpec, Kind, LqrSpec,
    Pole, Rule, Sample, SuperTwistingMemory, SuperTwistingSpec, SurfaceDesign, Tunable, Weights,
};

const DT: f64 = 1e-3;
const U_MAX: f64 = 150.0;
/// An actuator that nothing here reaches.
const UNLIMITED: f64 = 1e12;
/// Numbers of this file, so that no test depends on the shipped ones.
const SURFACE: SurfaceDesign =
    SurfaceDesign::Lqr(Weights { q: [10.0, 100.0, 100.0, 1.0, 10.0, 10.0], r: 0.1 });
/// The share of `|s·B|` below which `|β|` is not divided by, as documented.
const FLOOR: f64 = 0.05;

fn plant() -> Plant {
    Plant::new(&Parameters::default()).unwrap()
}

fn linear() -> Linearisation {
    plant().linearise(&State::UPRIGHT, 0.0)
}

/// The coefficients of that surface.
fn surface() -> [f64; 6] {
    static S: LazyLock<[f64; 6]> = LazyLock::new(|| SURFACE.design(&linear()).unwrap().s.into());
    *S
}

fn classical(equivalent: EquivalentControl) -> ClassicalSpec {
    ClassicalSpec { surface: SURFACE, equivalent, k: 5.0, kd: 10.0, epsilon: 0.05 }
}

fn super_twisting(equivalent: EquivalentControl) -> SuperTwistingSpec {
    SuperTwistingSpec {
        surface: SURFACE,
        equivalent,
        k1: 10.0,
        k2: 20.0,
        epsilon: 0.01,
        anti_windup: 10.0,
    }
}

fn adaptive(equivalent: EquivalentControl) -> AdaptiveSpec {
    AdaptiveSpec {
        surface: SURFACE,
        equivalent,
        gamma: 500.0,
        alpha: 10.0,
        epsilon: 0.05,
        k_init: 5.0,
        k_min: 1.0,
        k_max: 20.0,
        leak: 2.0,
        rate_max: 300.0,
        dead_zone: 0.01,
    }
}

fn hybrid(equivalent: EquivalentControl) -> HybridSpec {
    HybridSpec {
        surface: SURFACE,
        equivalent,
        k1_init: 10.0,
        k2_init: 20.0,
        gamma1: 300.0,
        gamma2: 900.0,
        epsilon: 0.01,
        k1_max: 40.0,
        k2_max: 60.0,
        leak: 2.0,
        dead_zone: 0.01,
        u_int_max: 8.0,
        anti_windup: 10.0,
    }
}

/// The five laws with the numbers of this file.
fn laws(equivalent: EquivalentControl) -> [ControllerSpec; 5] {
    [
        ControllerSpec::Classical(classical(equivalent)),
        ControllerSpec::SuperTwisting(super_twisting(equivalent)),
        ControllerSpec::Adaptive(adaptive(equivalent)),
        ControllerSpec::Hybrid(hybrid(equivalent)),
        ControllerSpec::Lqr(LqrSpec {
            weights: Weights { q: [10.0, 100.0, 100.0, 1.0, 10.0, 10.0], r: 0.1 },
        }),
    ]
}

const EQUIVALENTS: [EquivalentControl; 3] =
    [EquivalentControl::Full, EquivalentControl::Linear, EquivalentControl::None];

/// Those laws, built with the limit `U_MAX` or `UNLIMITED`. Each takes a Riccati equation to build, so
/// the property tests share them.
fn built(equivalent: EquivalentControl, u_max: f64) -> [AnyController; 5] {
    static BUILT: LazyLock<[[[AnyController; 5]; 3]; 2]> = LazyLock::new(|| {
        [U_MAX, UNLIMITED].map(|u_max| {
            EQUIVALENTS
                .map(|equivalent| laws(equivalent).map(|law| law.build(&linear(), u_max).unwrap()))
        })
    });
    BUILT[usize::from(u_max == UNLIMITED)]
        [EQUIVALENTS.iter().position(|&e| e == equivalent).unwrap()]
}

/// A memory that the law could have, or worse.
fn memory(kind: Kind, [a, b, c]: [f64; 3]) -> AnyMemory {
    match kind {
        Kind::Classical | Kind::Lqr => AnyMemory::None,
        Kind::SuperTwisting => AnyMemory::SuperTwisting(SuperTwistingMemory { z: c }),
        Kind::Adaptive => AnyMemory::Adaptive(AdaptiveMemory { k: a.abs() }),
        Kind::Hybrid => AnyMemory::Hybrid(HybridMemory { k: [a.abs(), b.abs()], u_int: c }),
    }
}

/// One sample with the model of the plant.
fn control<C: Controller>(law: &C, memory: &mut C::Memory, state: &State) -> Command {
    let model = plant().evaluate(state);
    law.control(memory, &Sample { state, model: Some(&model), dt: DT })
}

/// `s·x`.
fn sigma(state: &State) -> f64 {
    surface().iter().zip(state.to_array()).map(|(s, x)| s * x).sum()
}

/// `s_v·M⁻¹·e₁`.
fn beta(state: &State) -> f64 {
    let [_, _, _, velocity @ ..] = surface();
    let column = plant().evaluate(state).solve([1.0, 0.0, 0.0]);
    velocity.iter().zip(column).map(|(s, m)| s * m).sum()
}

/// σ̇ under the force `u` by the equations of motion, and the size of its largest terms.
fn sigma_rate(state: &State, u: f64) -> (f64, f64) {
    let [s0, s1, s2, velocity @ ..] = surface();
    let terms = [s0, s1, s2]
        .into_iter()
        .zip(state.qd())
        .chain(velocity.into_iter().zip(plant().acceleration(state, u, [0.0; 3])))
        .map(|(s, rate)| s * rate);
    let free = plant().acceleration(state, 0.0, [0.0; 3]);
    let size = velocity.iter().zip(free).map(|(s, a)| (s * a).abs()).sum::<f64>();
    (terms.clone().sum(), size + terms.map(f64::abs).sum::<f64>())
}

/// The state whose `σ` is this (to rounding), for the surface of this file: only the cart moves.
fn state_with_sigma(sigma: f64) -> State {
    State { x_dot: sigma / surface()[3], ..State::UPRIGHT }
}

fn sat(sigma: f64, epsilon: f64) -> f64 {
    (sigma / epsilon).clamp(-1.0, 1.0)
}

/// The rate that a law asks for at `sigma` with this memory; the laws as their modules state them.
fn requested_rate(spec: &ControllerSpec, memory: &AnyMemory, sigma: f64) -> f64 {
    let twist = |k1: f64, epsilon: f64| -k1 * sigma.abs().sqrt() * sat(sigma, epsilon);
    match (spec, memory) {
        (ControllerSpec::Classical(s), _) => -s.k * sat(sigma, s.epsilon) - s.kd * sigma,
        (ControllerSpec::SuperTwisting(s), AnyMemory::SuperTwisting(m)) => {
            twist(s.k1, s.epsilon) + m.z
        }
        (ControllerSpec::Adaptive(s), AnyMemory::Adaptive(m)) => {
            -m.k * sat(sigma, s.epsilon) - s.alpha * sigma
        }
        (ControllerSpec::Hybrid(s), AnyMemory::Hybrid(m)) => twist(m.k[0], s.epsilon) + m.u_int,
        _ => unreachable!("{spec:?} asks for no rate with {memory:?}"),
    }
}

/// Upright within a third of a turn, moving as fast as it ever does.
fn plausible_state() -> impl Strategy<Value = State> {
    (prop::array::uniform3(-2.0..2.0_f64), prop::array::uniform3(-10.0..10.0_f64))
        .prop_map(|(q, qd)| State::new(q, qd))
}

/// Anything that a broken sensor may report in finite numbers.
fn any_state() -> impl Strategy<Value = State> {
    prop::array::uniform6(prop_oneof![-3.0..3.0_f64, -1e6..1e6_f64]).prop_map(State::from_array)
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
                *(gain.field)(&mut spec) = value;
                (build(&spec), gain.get(spec))
            };
            let mut wrong = vec![-1.0, -1e-300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
            match gain.rule {
                Rule::Positive => wrong.push(0.0),
                Rule::NotNegative => assert!(with(0.0).0.is_ok(), "{} may be 0", gain.name),
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
}

#[test]
fn gains_that_contradict_each_other_are_refused() {
    let full = EquivalentControl::Full;
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
    let bad = Weights { q: [1.0, -1.0, 1.0, 1.0, 1.0, 1.0], r: 1.0 };
    let surface = SurfaceDesign::Lqr(bad);
    let full = EquivalentControl::Full;
    for (spec, prefix) in [
        (ControllerSpec::Classical(ClassicalSpec { surface, ..classical(full) }), "surface"),
        (
            ControllerSpec::SuperTwisting(SuperTwistingSpec { surface, ..super_twisting(full) }),
            "surface",
        ),
        (ControllerSpec::Adaptive(AdaptiveSpec { surface, ..adaptive(full) }), "surface"),
        (ControllerSpec::Hybrid(HybridSpec { surface, ..hybrid(full) }), "surface"),
        (ControllerSpec::Lqr(LqrSpec { weights: bad }), "weights"),
    ] {
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
        assert_eq!(spec.surface().is_none(), kind == Kind::Lqr);
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
            }
        }
    }

    /// The equivalent control from the full model does what it says: by the equations of motion σ
    /// gets the very rate that the law asks for.
    #[test]
    fn sigma_gets_the_rate_that_the_law_asks_for(
        state in plausible_state(),
        remembered in prop::array::uniform3(-30.0..30.0_f64),
    ) {
        let full = EquivalentControl::Full;
        for (spec, law) in laws(full)[..4].iter().zip(built(full, UNLIMITED)) {
            let mut memory = memory(spec.kind(), remembered);
            let rate = requested_rate(spec, &memory, sigma(&state));
            let command = control(&law, &mut memory, &state);
            prop_assert_eq!(command.equivalent, EquivalentControl::Full);
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
        for law in &built(EquivalentControl::Full, U_MAX)[..4] {
            let mut memory = law.initial_memory();
            let command = control(law, &mut memory, &state);
            let sigma = command.sigma.unwrap();
            let free = command.u.abs() < U_MAX && !command.guarded;
            // 0.05 is the thickest layer of these laws.
            if free && sigma.abs() > 0.05 {
                let (rate, _) = sigma_rate(&state, command.u);
                prop_assert!(sigma * rate < 0.0, "{law:?}: σ = {sigma}, σ̇ = {rate}");
            }
        }
    }

    /// On the linearised plant the linear equivalent control does the same.
    #[test]
    fn on_the_linear_plant_sigma_gets_the_rate_too(state in plausible_state()) {
        let Linearisation { a, b } = linear();
        let s = nalgebra::RowVector6::from(surface());
        let linearised = EquivalentControl::Linear;
        for (spec, law) in laws(linearised)[..4].iter().zip(built(linearised, UNLIMITED)) {
            let mut memory = law.initial_memory();
            let rate = requested_rate(spec, &memory, sigma(&state));
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
        for i in 0..4 {
            let [full, without] = [EquivalentControl::Full, EquivalentControl::None]
                .map(|equivalent| built(equivalent, U_MAX)[i]);
            let mut memory = full.initial_memory();
            let mut memory_without = without.initial_memory();
            for state in &states {
                let sample = Sample { state, model: None, dt: DT };
                let command = full.control(&mut memory, &sample);
                prop_assert_eq!(command.u_eq, 0.0);
                prop_assert_eq!(command.equivalent, EquivalentControl::None);
                prop_assert!(!command.guarded);
                prop_assert_eq!(command, without.control(&mut memory_without, &sample));
                prop_assert_eq!(memory, memory_without);
            }
        }
    }

    /// Two of the three never look at the model.
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
                AnyController::Classical(law) => check(&law, &any, |()| AnyMemory::None, &states),
                AnyController::Lqr(law) => check(&law, &any, |()| AnyMemory::None, &states),
                AnyController::SuperTwisting(law) => {
                    check(&law, &any, AnyMemory::SuperTwisting, &states);
                }
                AnyController::Adaptive(law) => check(&law, &any, AnyMemory::Adaptive, &states),
                AnyController::Hybrid(law) => check(&law, &any, AnyMemory::Hybrid, &states),
            }
        }
    }

    #[test]
    fn the_regulator_is_minus_k_times_x(state in plausible_state()) {
        let weights = Weights { q: [10.0, 100.0, 100.0, 1.0, 10.0, 10.0], r: 0.1 };
        let spec = LqrSpec { weights };
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
            let command = control(&law, &mut (), &state);
            let sigma = command.sigma.unwrap();
            let v = -5.0 * sat(sigma, 0.05) - 10.0 * sigma;
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
    for (spec, expected) in laws(EquivalentControl::Full).into_iter().zip([
        AnyMemory::None,
        AnyMemory::SuperTwisting(SuperTwistingMemory { z: 0.0 }),
        AnyMemory::Adaptive(AdaptiveMemory { k: 5.0 }),
        AnyMemory::Hybrid(HybridMemory { k: [10.0, 20.0], u_int: 0.0 }),
        AnyMemory::None,
    ]) {
        assert_eq!(spec.build(&linear(), U_MAX).unwrap().initial_memory(), expected);
    }
}

proptest! {
    /// Whatever is measured: `k_min ≤ K ≤ k_max`, and K moves no faster than its limit.
    #[test]
    fn the_adaptive_gain_keeps_its_caps_and_its_pace(
        states in prop::collection::vec(prop_oneof![plausible_state(), any_state()], 1..100),
        dt in 1e-4..10.0_f64,
    ) {
        let spec = adaptive(EquivalentControl::Full);
        let law = spec.build(&linear(), U_MAX).unwrap();
        let mut memory = law.initial_memory();
        for state in &states {
            let before = memory.k;
            let model = plant().evaluate(state);
            law.control(&mut memory, &Sample { state, model: Some(&model), dt });
            prop_assert!((spec.k_min..=spec.k_max).contains(&memory.k), "K = {}", memory.k);
            // The change carries the rounding of K.
            let limit = spec.rate_max * dt + 1e-15 * spec.k_max;
            prop_assert!((memory.k - before).abs() <= limit, "{before} → {}", memory.k);
        }
    }

    #[test]
    fn the_hybrid_gains_and_integral_keep_their_caps(
        states in prop::collection::vec(prop_oneof![plausible_state(), any_state()], 1..100),
        dt in 1e-4..10.0_f64,
    ) {
        let spec = hybrid(EquivalentControl::Full);
        let law = spec.build(&linear(), U_MAX).unwrap();
        let mut memory = law.initial_memory();
        for state in &states {
            let before = memory;
            let model = plant().evaluate(state);
            let sample = Sample { state, model: Some(&model), dt };
            let command = law.control(&mut memory, &sample);
            prop_assert!((0.0..=spec.k1_max).contains(&memory.k[0]), "{memory:?}");
            prop_assert!((0.0..=spec.k2_max).contains(&memory.k[1]), "{memory:?}");
            prop_assert!(memory.u_int.abs() <= spec.u_int_max, "{memory:?}");
            if command.u.abs() >= U_MAX {
                prop_assert!(memory.k[0] <= before.k[0] && memory.k[1] <= before.k[1],
                    "grew while saturated: {before:?} → {memory:?}");
            }
        }
    }

    /// `|σ| ≤ dead_zone`: the gains keep their bits.
    #[test]
    fn gains_rest_within_the_dead_zone(share in -0.999..0.999_f64, k in 1.0..20.0_f64) {
        let state = state_with_sigma(0.01 * share);
        let law = adaptive(EquivalentControl::Full).build(&linear(), U_MAX).unwrap();
        let mut memory = AdaptiveMemory { k };
        control(&law, &mut memory, &state);
        prop_assert_eq!(memory.k, k);

        let law = hybrid(EquivalentControl::Full).build(&linear(), U_MAX).unwrap();
        let mut memory = HybridMemory { k: [k, k + 1.0], u_int: 0.0 };
        control(&law, &mut memory, &state);
        prop_assert_eq!(memory.k, [k, k + 1.0]);
    }
}

/// Outside the dead zone, without a limit in the way: `K⁺ = K + (γ·|σ| − leak·(K − K₀))·dt`.
#[test]
fn gains_adapt_as_documented() {
    let check = |sigma: f64, k: f64, rate: f64| {
        let spec = AdaptiveSpec { gamma: 50.0, ..adaptive(EquivalentControl::Full) };
        let mut memory = AdaptiveMemory { k };
        let state = state_with_sigma(sigma);
        control(&spec.build(&linear(), UNLIMITED).unwrap(), &mut memory, &state);
        assert!((memory.k - (k + rate * DT)).abs() < 1e-14 * k, "adaptive: {sigma} {k} {memory:?}");

        let spec = HybridSpec {
            k1_init: 5.0,
            k2_init: 5.0,
            gamma1: 50.0,
            gamma2: 100.0,
            ..hybrid(EquivalentControl::Full)
        };
        let mut memory = HybridMemory { k: [k, k], u_int: 0.0 };
        control(&spec.build(&linear(), UNLIMITED).unwrap(), &mut memory, &state);
        let rate2 = rate + 50.0 * sigma.abs();
        assert!((memory.k[0] - (k + rate * DT)).abs() < 1e-14 * k, "k1: {sigma} {k} {memory:?}");
        assert!((memory.k[1] - (k + rate2 * DT)).abs() < 1e-14 * k, "k2: {sigma} {k} {memory:?}");
    };
    // K₀ = 5, leak = 2.
    check(0.1, 5.0, 50.0 * 0.1);
    check(-0.1, 5.0, 50.0 * 0.1);
    check(0.1, 12.0, 50.0 * 0.1 - 2.0 * 7.0);
    check(0.4, 2.0, 50.0 * 0.4 + 2.0 * 3.0);
}

#[test]
fn a_leak_brings_the_gains_back() {
    // Just outside the dead zone, and nothing to learn.
    let state = state_with_sigma(0.011);
    let spec = AdaptiveSpec { gamma: 0.0, ..adaptive(EquivalentControl::Full) };
    let law = spec.build(&linear(), U_MAX).unwrap();
    for start in [20.0, 1.0] {
        let mut memory = AdaptiveMemory { k: start };
        for _ in 0..5000 {
            control(&law, &mut memory, &state);
        }
        // (1 − leak·dt)⁵⁰⁰⁰ = 0.998⁵⁰⁰⁰ = 4.5e-5 of the distance is left, up to rounding.
        let left = (memory.k - spec.k_init) / (start - spec.k_init);
        assert!((left / 0.998_f64.powi(5000) - 1.0).abs() < 1e-6, "{left}");
    }
    let spec = HybridSpec { gamma1: 0.0, gamma2: 0.0, ..hybrid(EquivalentControl::Full) };
    let law = spec.build(&linear(), U_MAX).unwrap();
    let mut memory = HybridMemory { k: [40.0, 60.0], u_int: 0.0 };
    for _ in 0..5000 {
        control(&law, &mut memory, &state);
    }
    let left = [(memory.k[0] - 10.0) / 30.0, (memory.k[1] - 20.0) / 40.0];
    for left in left {
        assert!((left / 0.998_f64.powi(5000) - 1.0).abs() < 1e-6, "{left}");
    }
}

#[test]
fn the_adaptive_gain_moves_no_faster_than_its_limit() {
    let spec = AdaptiveSpec { gamma: 1e6, ..adaptive(EquivalentControl::Full) };
    let law = spec.build(&linear(), U_MAX).unwrap();
    let mut memory = law.initial_memory();
    control(&law, &mut memory, &state_with_sigma(1.0));
    assert_eq!(memory.k, spec.k_init + spec.rate_max * DT);
}

#[test]
fn hybrid_gains_leak_but_do_not_grow_while_the_force_is_limited() {
    let spec = hybrid(EquivalentControl::Full);
    let state = state_with_sigma(1.0);
    for (u_max, grows) in [(UNLIMITED, true), (1.0, false)] {
        let law = spec.build(&linear(), u_max).unwrap();
        let mut memory = law.initial_memory();
        let command = control(&law, &mut memory, &state);
        assert_eq!(command.u.abs() >= u_max, !grows);
        assert_eq!(memory.k[0] > spec.k1_init, grows, "{memory:?}");
        assert_eq!(memory.k[1] > spec.k2_init, grows, "{memory:?}");
    }
    // Leaking goes on: γ·|σ| = 300·0.02 is less than the leak 2·30.
    let law = spec.build(&linear(), 1.0).unwrap();
    let mut memory = HybridMemory { k: [40.0, 60.0], u_int: 0.0 };
    let command = control(&law, &mut memory, &state_with_sigma(0.02));
    assert_eq!(command.u.abs(), 1.0);
    assert!(memory.k[0] < 40.0 && memory.k[1] < 60.0, "{memory:?}");
}

/// `z⁺ = z + share·β·(u − u_eq − u_sw) − k2·sat(σ/ε)·dt`.
#[test]
fn the_integral_is_stepped_as_documented() {
    for (u_max, dt) in [(UNLIMITED, DT), (1.0, DT), (1.0, 10.0)] {
        let spec = super_twisting(EquivalentControl::Full);
        let law = spec.build(&linear(), u_max).unwrap();
        for (sigma, z) in [(0.5, 0.3), (-0.5, 0.3), (0.004, -0.2)] {
            let state = state_with_sigma(sigma);
            let mut memory = SuperTwistingMemory { z };
            let model = plant().evaluate(&state);
            let sample = Sample { state: &state, model: Some(&model), dt };
            let command = law.control(&mut memory, &sample);
            let lost = beta(&state) * (command.u - command.u_eq - command.u_sw);
            let share = (spec.anti_windup * dt).min(1.0);
            let expected = z + share * lost - spec.k2 * sat(sigma, spec.epsilon) * dt;
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

// ---- Names, files, tuning -----------------------------------------------------------------------

#[test]
fn names_lead_to_the_law_and_back() {
    for kind in Kind::ALL {
        assert_eq!(kind.name().parse(), Ok(kind));
        assert_eq!(kind.to_string(), kind.name());
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        assert_eq!(serde_json::from_value::<Kind>(kind.name().into()).unwrap(), kind);
    }
    assert_eq!(format!("{:>10}", Kind::Lqr), "       lqr", "tables pad names");
    for name in ["", "sta", "Classical", "classical "] {
        let message = name.parse::<Kind>().unwrap_err().to_string();
        for kind in Kind::ALL {
            assert!(message.contains(kind.name()), "{message}");
        }
    }
}

#[test]
fn a_law_survives_a_file() {
    let designs = [
        SURFACE,
        SurfaceDesign::Poles([
            Pole { re: -2.0, im: 1.0 },
            Pole { re: -2.0, im: -1.0 },
            (-3.0).into(),
            (-4.5).into(),
            (-0.1).into(),
        ]),
        SurfaceDesign::Coefficients { s: surface(), allow_unstable: true },
    ];
    for equivalent in EQUIVALENTS {
        for surface in designs {
            for mut spec in laws(equivalent) {
                match &mut spec {
                    ControllerSpec::Classical(spec) => spec.surface = surface,
                    ControllerSpec::SuperTwisting(spec) => spec.surface = surface,
                    ControllerSpec::Adaptive(spec) => spec.surface = surface,
                    ControllerSpec::Hybrid(spec) => spec.surface = surface,
                    ControllerSpec::Lqr(_) => {}
                }
                let json = serde_json::to_string(&spec).unwrap();
                assert_eq!(serde_json::from_str::<ControllerSpec>(&json).unwrap(), spec, "{json}");
                assert!(json.starts_with(&format!("{{\"{}\":", spec.kind())), "{json}");
            }
        }
    }
}

#[test]
fn what_a_file_does_not_say_is_as_shipped() {
    for kind in Kind::ALL {
        let json = format!("{{\"{kind}\": {{}}}}");
        let spec: ControllerSpec = serde_json::from_str(&json).unwrap();
        assert_eq!(spec, ControllerSpec::shipped(kind));
    }
    let spec: ClassicalSpec = serde_json::from_str(r#"{"k": 77.0}"#).unwrap();
    assert_eq!(spec, ClassicalSpec { k: 77.0, ..ClassicalSpec::default() });
    let surface = r#"{"coefficients": {"s": [1, 2, 3, 4, 5, 6]}}"#;
    assert_eq!(
        serde_json::from_str::<SurfaceDesign>(surface).unwrap(),
        SurfaceDesign::Coefficients { s: [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], allow_unstable: false }
    );
}

#[test]
fn what_a_file_must_not_say_is_refused_by_name() {
    for (json, word) in [
        (r#"{"classical": {"gain": 1}}"#, "gain"),
        (r#"{"super_twisting": {"k3": 1}}"#, "k3"),
        (r#"{"adaptive": {"kmax": 1}}"#, "kmax"),
        (r#"{"hybrid": {"k_init": 1}}"#, "k_init"),
        (r#"{"lqr": {"q": [1, 1, 1, 1, 1, 1]}}"#, "q"),
        (r#"{"lqr": {"weights": {"q": [1, 1, 1, 1, 1, 1], "r": 1, "n": 0}}}"#, "n"),
        (r#"{"lqr": {"weights": {"q": [1, 1, 1, 1, 1, 1]}}}"#, "r"),
        (r#"{"mpc": {}}"#, "mpc"),
        (r#"{"classical": {"surface": {"gains": [1]}}}"#, "gains"),
        (
            r#"{"classical": {"surface": {"coefficients": {"s": [1,2,3,4,5,6], "unstable": 1}}}}"#,
            "unstable",
        ),
        (r#"{"classical": {"equivalent": "half"}}"#, "half"),
    ] {
        let message = serde_json::from_str::<ControllerSpec>(json).unwrap_err().to_string();
        assert!(message.contains(&format!("`{word}`")), "{json}: {message}");
    }
}

#[test]
fn the_name_of_a_gain_is_its_key_in_files() {
    fn check<S: Copy + serde::Serialize>(spec: S, table: &[Gain<S>], others: usize) {
        let json = serde_json::to_value(spec).unwrap();
        for gain in table {
            assert_eq!(json[gain.name], gain.get(spec), "{}", gain.name);
        }
        let fields = json.as_object().unwrap().len();
        assert_eq!(fields, table.len() + others, "every number of the law is in its table");
    }
    // Beside the gains: surface and equivalent.
    let full = EquivalentControl::Full;
    check(classical(full), &ClassicalSpec::GAINS, 2);
    check(super_twisting(full), &SuperTwistingSpec::GAINS, 2);
    check(adaptive(full), &AdaptiveSpec::GAINS, 2);
    check(hybrid(full), &HybridSpec::GAINS, 2);
}

#[test]
fn tunable_gains_come_in_order_with_ranges() {
    fn names<S>(table: &[Gain<S>]) -> Vec<&'static str> {
        table.iter().filter(|gain| gain.range.is_some()).map(|gain| gain.name).collect()
    }
    let own_names = |kind| match kind {
        Kind::Classical => names(&ClassicalSpec::GAINS),
        Kind::SuperTwisting => names(&SuperTwistingSpec::GAINS),
        Kind::Adaptive => names(&AdaptiveSpec::GAINS),
        Kind::Hybrid => names(&HybridSpec::GAINS),
        Kind::Lqr => vec![],
    };
    for mut spec in laws(EquivalentControl::Full) {
        let before = spec;
        let mut seen = Vec::new();
        spec.visit_tunable(|Tunable { name, unit, lower, upper }, value| {
            assert!(0.0 < lower && lower < upper && upper.is_finite(), "{name}");
            assert!(!unit.is_empty(), "{name}");
            assert!(!seen.contains(&name), "{name} comes once");
            seen.push(name);
            *value *= 1.5;
        });
        let kind = spec.kind();
        assert_eq!(seen, [names(&Weights::GAINS), own_names(kind)].concat(), "{kind}");

        // What was written is read back, in the same order.
        let mut expected = Vec::new();
        let mut copy = before;
        copy.visit_tunable(|_, value| expected.push(*value * 1.5));
        let mut found = Vec::new();
        spec.visit_tunable(|_, value| found.push(*value));
        assert_eq!(found, expected, "{kind}");
    }
}

#[test]
fn only_a_surface_from_weights_is_tuned() {
    let surface = SurfaceDesign::Poles([-1.0, -2.0, -3.0, -4.0, -5.0].map(Pole::from));
    let mut spec =
        ControllerSpec::Classical(ClassicalSpec { surface, ..classical(EquivalentControl::Full) });
    let mut seen = Vec::new();
    spec.visit_tunable(|gain, _| seen.push(gain.name));
    assert_eq!(seen, ["k", "kd", "epsilon"]);
}
