//! One step of each integrator: read the ratio, not the times.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use dip_dynamics::{Integrator, Parameters, Plant, State};

fn step(criterion: &mut Criterion) {
    let plant = Plant::new(&Parameters::default()).expect("the default plant is valid");
    let start = State { theta1: 0.05, theta2: -0.03, ..State::UPRIGHT };
    for integrator in [Integrator::Rk4, Integrator::SemiImplicitEuler] {
        criterion.bench_function(&format!("{integrator:?}"), |bencher| {
            let mut state = start;
            bencher.iter(|| {
                let here = plant.evaluate(&state);
                state = integrator.step(&plant, &state, &here, black_box(0.0), None, 1e-3);
                // Falling over and over: the angles stay in the range that a controller sees.
                if state.theta1.abs() > 1.0 {
                    state = start;
                }
                state
            });
        });
    }
}

criterion_group!(benches, step);
criterion_main!(benches);
