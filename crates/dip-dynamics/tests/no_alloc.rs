//! The plant allocates nothing, and neither does its linearisation.

use dip_dynamics::{Integrator, Parameters, Plant, State};
use memcheck::{CountingAllocator, no_alloc};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

fn fall(plant: &Plant, mut watch: impl FnMut(State)) -> State {
    let start = State { theta1: 0.05, theta2: -0.03, ..State::UPRIGHT };
    (0..1000).fold(start, |state, _| {
        watch(state);
        Integrator::Rk4.step(plant, &state, &plant.evaluate(&state), 1.0, None, 1e-3)
    })
}

#[test]
fn a_thousand_steps_allocate_nothing() {
    let state = no_alloc(|| {
        let plant = Plant::new(&Parameters::default()).unwrap();
        plant.linearise(&State::UPRIGHT, 0.0);
        fall(&plant, |_| ())
    })
    .unwrap();
    assert!(state.theta1.abs() > 0.1, "and it did fall");
}

#[test]
fn the_gate_sees_a_history_that_grows() {
    let plant = Plant::new(&Parameters::default()).unwrap();
    let mut history = Vec::new();
    no_alloc(|| fall(&plant, |state| history.push(state))).unwrap_err();
}
