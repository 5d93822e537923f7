//! A controller that comes back to a pool carries nothing over, whatever its borrower did with it.

mod rig;

use std::hint::black_box;
use std::sync::Arc;

use dip_dynamics::State;
use memcheck::{CountingAllocator, Pool, no_alloc};
use proptest::prelude::*;
use smc_controllers::{AnyController, EquivalentControl, Instance, Kind};

use rig::{DT, U_MAX, any_state, built, plant};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

fn laws() -> [(Kind, AnyController); Kind::ALL.len()] {
    let laws = built(EquivalentControl::Full, U_MAX);
    std::array::from_fn(|i| (Kind::ALL[i], laws[i]))
}

fn answers(instance: &mut Instance, states: &[State]) -> Vec<String> {
    // As text: a NaN is not equal to itself.
    states.iter().map(|state| format!("{:?}", instance.control(state, DT))).collect()
}

proptest! {
    #[test]
    fn nothing_is_carried_over(
        before in prop::collection::vec(any_state(), 1..40),
        after in prop::collection::vec(any_state(), 1..40),
    ) {
        let plant = Arc::new(plant());
        for (kind, law) in laws() {
            let fresh = || Instance::new(law).bound_to(&plant).with_history(16);
            let pool = Pool::new([fresh()], Instance::reset);
            answers(&mut pool.try_take().unwrap(), &before);

            let mut lent = pool.try_take().unwrap();
            let mut other = fresh();
            prop_assert_eq!((lent.samples(), lent.history().len()), (0, 0), "{}", kind);
            prop_assert_eq!(lent.history_dropped(), 0);
            prop_assert!(lent.has_plant());
            prop_assert_eq!(lent.memory(), other.memory(), "{}", kind);
            prop_assert_eq!(answers(&mut lent, &after), answers(&mut other, &after), "{}", kind);
        }
    }
}

/// The property above can fail: a pool that does not reset hands on what its borrower learned.
#[test]
fn a_planted_pool_that_does_not_reset_is_caught() {
    let states: Vec<State> =
        (0..40).map(|i| State { x: 0.1, theta1: 0.01 * f64::from(i), ..State::UPRIGHT }).collect();
    for (kind, law) in laws() {
        let pool = Pool::new([Instance::new(law)], |_: &mut Instance| ());
        let first = answers(&mut pool.try_take().unwrap(), &states);
        let second = answers(&mut pool.try_take().unwrap(), &states);
        let forgetful = matches!(kind, Kind::Classical | Kind::Lqr);
        assert_eq!(first == second, forgetful, "{kind}");
        assert_eq!(pool.try_take().unwrap().samples(), 80, "{kind}");
    }
}

#[test]
fn borrowing_touches_no_heap() {
    let plant = Arc::new(plant());
    for (kind, law) in laws() {
        let things = (0..2).map(|_| Instance::new(law).bound_to(&plant).with_history(16));
        let pool = Pool::new(things, Instance::reset);
        no_alloc(|| {
            for i in 0..100 {
                let mut lent = pool.try_take().unwrap();
                let state = State { theta1: 0.001 * f64::from(i), ..State::UPRIGHT };
                for _ in 0..20 {
                    black_box(lent.control(&state, DT));
                }
            }
        })
        .unwrap_or_else(|error| panic!("{kind}: {error}"));
    }
}
