//! Whatever is measured: the force is finite and within the limit, the memory stays finite, what
//! cannot be answered is marked as a fault and leaves no trace, and nothing else is marked.

mod rig;

use dip_dynamics::State;
use proptest::prelude::*;
use smc_controllers::{
    AnyController, ClassicalSpec, Command, ConditionalHybridSpec, Controller, ControllerSpec,
    EquivalentControl, HybridSpec, IntegralSpec, Kind, Memory, Sample, SuperTwistingSpec,
    Switching,
};

use rig::{
    DT, EQUIVALENTS, U_MAX, any_state, built, classical, conditional_hybrid, hybrid, integral,
    linear, plant, plausible_state, super_twisting,
};

/// What no sensor should say.
fn bad_number() -> impl Strategy<Value = f64> {
    prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)]
}

/// Finite, and absurd.
fn absurd_number() -> impl Strategy<Value = f64> {
    prop_oneof![Just(1e200), Just(-1e200), Just(f64::MAX), Just(-1e30), Just(1e16), Just(1e-320)]
}

/// A plausible state of which some components are another number.
fn spoilt(number: impl Strategy<Value = f64>) -> impl Strategy<Value = State> {
    (plausible_state(), number, 1_u8..64).prop_map(|(state, number, which)| {
        let mut x = state.to_array();
        for (i, component) in x.iter_mut().enumerate() {
            if which & (1 << i) != 0 {
                *component = number;
            }
        }
        State::from_array(x)
    })
}

fn measured() -> impl Strategy<Value = State> {
    prop_oneof![
        4 => plausible_state(),
        1 => any_state(),
        1 => spoilt(bad_number()),
        1 => spoilt(absurd_number()),
    ]
}

fn numbers(command: &Command) -> [f64; 4] {
    [command.u, command.u_eq, command.u_sw, command.sigma.unwrap_or(0.0)]
}

/// Every law with every equivalent control, and the laws of which the switching matters with the
/// implicit one.
fn all() -> Vec<AnyController> {
    let mut all: Vec<_> =
        EQUIVALENTS.into_iter().flat_map(|equivalent| built(equivalent, U_MAX)).collect();
    let (full, switching) = (EquivalentControl::Full, Switching::Implicit);
    all.extend(
        [
            ControllerSpec::Classical(ClassicalSpec { switching, ..classical(full) }),
            ControllerSpec::SuperTwisting(SuperTwistingSpec { switching, ..super_twisting(full) }),
            ControllerSpec::Hybrid(HybridSpec { switching, ..hybrid(full) }),
            ControllerSpec::Integral(IntegralSpec { switching, ..integral(full) }),
            ControllerSpec::ConditionalHybrid(ConditionalHybridSpec {
                switching,
                ..conditional_hybrid(full)
            }),
        ]
        .map(|spec| spec.build(&linear(), U_MAX).unwrap()),
    );
    all
}

#[test]
fn finite_numbers_are_finite_whatever_their_sum() {
    let numbers = |numbers: [f64; 3]| Memory::<f64>::is_finite(&numbers);
    assert!(numbers([f64::MAX, f64::MAX, 0.0]) && numbers([f64::MIN, f64::MIN, f64::MAX]));
    assert!(!numbers([f64::INFINITY, f64::NEG_INFINITY, 0.0]) && !numbers([0.0, f64::NAN, 0.0]));
    assert!(!numbers([f64::MAX, f64::MAX, f64::NAN]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Any sequence of good and bad samples: the run is to the bit the one that never saw the bad ones.
    #[test]
    fn bad_samples_are_as_if_they_had_never_been(
        states in prop::collection::vec((measured(), any::<bool>()), 1..40),
    ) {
        for law in all() {
            let (mut memory, mut without) = (law.initial_memory(), law.initial_memory());
            for (state, with_model) in &states {
                let model = plant().evaluate(state);
                let model = with_model.then_some(&model);
                let sample = Sample { state, model, dt: DT };
                let before = memory;
                let command = law.control(&mut memory, &sample);
                prop_assert!(numbers(&command).iter().all(|n| n.is_finite()), "{command:?}");
                prop_assert!(command.u.abs() <= U_MAX, "{command:?}");
                prop_assert!(Memory::<f64>::is_finite(&memory), "{memory:?}");

                // What the law alone would have said and remembered.
                let mut alone = before;
                let said = law.law(&mut alone, &sample);
                let sound = state.is_finite()
                    && numbers(&said).iter().all(|n| n.is_finite())
                    && Memory::<f64>::is_finite(&alone);
                prop_assert_eq!(command.fault, !sound, "{:?} at {:?}", said, state);
                if command.fault {
                    prop_assert_eq!(numbers(&command), [0.0; 4]);
                    prop_assert_eq!(memory, before);
                } else {
                    prop_assert_eq!(command, law.control(&mut without, &sample));
                    prop_assert_eq!(memory, without);
                }
            }
        }
    }

    /// What is plausible is never a fault, and what is not finite always is.
    #[test]
    fn only_what_cannot_be_answered_is_a_fault(
        good in prop_oneof![plausible_state(), any_state()],
        bad in spoilt(bad_number()),
    ) {
        for law in all() {
            for (state, fault) in [(&good, false), (&bad, true)] {
                let model = plant().evaluate(state);
                let sample = Sample { state, model: Some(&model), dt: DT };
                let command = law.control(&mut law.initial_memory(), &sample);
                prop_assert_eq!(command.fault, fault, "{:?} at {:?}", command, state);
            }
        }
    }
}

/// Each component alone, for each law: none is left out of the check because its coefficient is zero
/// or because it is not in the feedback.
#[test]
fn each_component_is_looked_at() {
    for law in all() {
        for component in 0..6 {
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let mut x = [0.01; 6];
                x[component] = value;
                let state = State::from_array(x);
                for model in [None, Some(&plant().evaluate(&State::UPRIGHT))] {
                    let sample = Sample { state: &state, model, dt: DT };
                    let command = law.control(&mut law.initial_memory(), &sample);
                    assert!(command.fault && command.u == 0.0, "{component}: {command:?} {law:?}");
                }
            }
        }
    }
}

#[test]
fn a_period_that_is_not_positive_is_a_fault() {
    let state = State { theta1: 0.05, ..State::UPRIGHT };
    let model = plant().evaluate(&state);
    for law in all() {
        for (dt, fault) in [
            (1e-6, false),
            (0.1, false),
            (0.0, true),
            (-1e-3, true),
            (f64::NAN, true),
            (f64::INFINITY, true),
        ] {
            let mut memory = law.initial_memory();
            let command =
                law.control(&mut memory, &Sample { state: &state, model: Some(&model), dt });
            assert_eq!(command.fault, fault, "{dt}: {law:?}");
            assert_eq!(memory == law.initial_memory() && command.u == 0.0, fault, "{dt}: {law:?}");
        }
    }
}

/// A broken model is as bad as a broken measurement.
#[test]
fn a_model_of_nonsense_is_a_fault() {
    let state = State { theta1: 0.05, ..State::UPRIGHT };
    let nonsense = plant().evaluate(&State { theta1: f64::NAN, ..State::UPRIGHT });
    for equivalent in [EquivalentControl::Full, EquivalentControl::Faded] {
        for (law, kind) in built(equivalent, U_MAX).into_iter().zip(Kind::ALL) {
            let sample = Sample { state: &state, model: Some(&nonsense), dt: DT };
            let command = law.control(&mut law.initial_memory(), &sample);
            // The regulators look at no model.
            let blind = [Kind::Lqr, Kind::LqrIntegral].contains(&kind);
            assert_eq!(command.fault, !blind, "{kind}: {command:?}");
        }
    }
}

/// The fail-safe stands before every law, one's own included: here one that fails at will.
#[test]
fn a_law_of_ones_own_is_behind_the_fail_safe_too() {
    #[derive(Debug)]
    struct Fails(Command, [f64; 2]);

    impl Controller for Fails {
        type Memory = [f64; 2];

        fn initial_memory(&self) -> [f64; 2] {
            [1.0, 2.0]
        }

        fn law(&self, memory: &mut [f64; 2], _: &Sample<'_>) -> Command {
            *memory = self.1;
            self.0
        }
    }

    let good = Command::feedback(3.0, U_MAX);
    for (command, next, fault) in [
        (good, [5.0, 6.0], false),
        // A law may report a fault of its own.
        (Command { fault: true, ..good }, [5.0, 6.0], true),
        (Command { u: f64::NAN, ..good }, [5.0, 6.0], true),
        (Command::feedback(f64::NAN, U_MAX), [5.0, 6.0], true),
        (Command::feedback(f64::INFINITY, U_MAX), [5.0, 6.0], true),
        (Command { u_eq: f64::INFINITY, ..good }, [5.0, 6.0], true),
        (Command { u_sw: f64::NAN, ..good }, [5.0, 6.0], true),
        (Command { sigma: Some(f64::NAN), ..good }, [5.0, 6.0], true),
        (good, [f64::NAN, 6.0], true),
        (good, [5.0, f64::INFINITY], true),
    ] {
        let law = Fails(command, next);
        let mut memory = law.initial_memory();
        let sample = Sample { state: &State::UPRIGHT, model: None, dt: DT };
        let actual = law.control(&mut memory, &sample);
        assert_eq!(actual.fault, fault, "{law:?}");
        if fault {
            assert_eq!((numbers(&actual), memory), ([0.0; 4], [1.0, 2.0]), "{law:?}");
        } else {
            assert_eq!((actual, memory), (command, next));
        }
    }
}
