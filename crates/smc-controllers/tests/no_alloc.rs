//! Neither building a law nor running it touches the heap.

use std::hint::black_box;

use dip_dynamics::{Parameters, Plant, State};
use memcheck::{CountingAllocator, GateError, no_alloc};
use smc_controllers::{
    ClassicalSpec, Controller, ControllerSpec, EquivalentControl, Kind, Layer, Pole, Relay, Sample,
    SurfaceDesign, Switching, Weights,
};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

const U_MAX: f64 = 150.0;

fn plant() -> Plant {
    Plant::new(&Parameters::default()).unwrap()
}

/// A thousand samples along a figure that passes the surface, the limit and the dead zones.
fn run(controller: &impl Controller, mut with_each: impl FnMut()) -> f64 {
    let plant = plant();
    let mut memory = controller.initial_memory();
    let mut sum = 0.0;
    for i in 0..1000_u32 {
        let phase = 0.01 * f64::from(i);
        // A broken sensor now and then: the fail-safe is no exception.
        let theta1 = if i % 50 == 7 { f64::NAN } else { phase.sin() };
        let state = State { theta1, theta2: (1.7 * phase).cos(), ..State::UPRIGHT };
        let model = plant.evaluate(&state);
        let model = (i % 3 != 0).then_some(&model);
        sum += controller.control(&mut memory, &Sample { state: &state, model, dt: 1e-3 }).u;
        with_each();
    }
    sum
}

#[test]
fn a_law_runs_without_the_heap() {
    let linear = plant().linearise(&State::UPRIGHT, 0.0);
    let layer = Layer { epsilon: 0.1, slope: 0.5, hysteresis: 0.01 };
    let switchings = [
        Switching::Sign(Relay { hysteresis: 0.01 }),
        Switching::Saturation(layer),
        Switching::Tanh(layer),
        Switching::Implicit,
    ];
    let (equivalent, surface) = (EquivalentControl::Faded, ClassicalSpec::default().surface);
    let others = switchings.map(|switching| {
        let kp = if switching == Switching::Implicit { 0.0 } else { 2.0 };
        let spec = ClassicalSpec { switching, kp, equivalent, surface, ..ClassicalSpec::default() };
        ControllerSpec::Classical(spec)
    });
    for spec in Kind::ALL.map(ControllerSpec::shipped).into_iter().chain(others) {
        let law = spec.build(&linear, U_MAX).unwrap();
        let gate = no_alloc(|| run(black_box(&law), || ()));
        assert!(gate.is_ok(), "{spec:?}: {gate:?}");
    }
}

#[test]
fn a_law_is_built_without_the_heap() {
    let plant = plant();
    let poles = [-2.0, -3.0, -4.0, -5.0, -6.0].map(Pole::from);
    let weights = Weights { q: [10.0, 100.0, 100.0, 1.0, 10.0, 10.0], r: 0.1 };
    let designs = [SurfaceDesign::Poles(poles), SurfaceDesign::Lqr(weights)].map(|surface| {
        ControllerSpec::Classical(ClassicalSpec {
            surface,
            equivalent: EquivalentControl::Full,
            ..ClassicalSpec::default()
        })
    });
    for spec in Kind::ALL.map(ControllerSpec::shipped).into_iter().chain(designs) {
        let gate = no_alloc(|| {
            let linear = plant.linearise(&State::UPRIGHT, 0.0);
            black_box(&spec).build(&linear, U_MAX)
        });
        assert!(matches!(gate, Ok(Ok(_))), "{spec:?}: {gate:?}");
    }
}

#[test]
fn a_planted_allocation_is_caught() {
    let linear = plant().linearise(&State::UPRIGHT, 0.0);
    let law = ControllerSpec::shipped(Kind::Classical).build(&linear, U_MAX).unwrap();
    let gate = no_alloc(|| run(&law, || drop(black_box(Box::new(1.0)))));
    assert!(matches!(gate, Err(GateError::HeapTouched(change)) if change.allocations == 1000));
}
