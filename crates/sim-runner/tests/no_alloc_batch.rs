//! The memory of a batch does not depend on the number of runs, and no run takes any.

use std::hint::black_box;
use std::ops::ControlFlow;

use dip_dynamics::State;
use memcheck::{CountingAllocator, ProcessMeter};
use sim_runner::{Batch, Experiment, Scenario, Sensors, Simulation, Starts};
use smc_controllers::Kind;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

/// Allocations of a batch of `count` runs on the threads of `pool`; each run may leave something.
fn allocations(
    experiment: &Experiment,
    pool: &rayon::ThreadPool,
    count: u64,
    plant: impl Fn(u64) + Sync,
) -> u64 {
    let closed_loop = experiment.closed_loop().unwrap();
    let scenarios = experiment.scenarios(Starts::new(0.5, 1).unwrap()).unwrap();
    let law = experiment.controller(Kind::Hybrid).unwrap();
    // One round: what a round takes is not taken again for each run.
    let batch = Batch::new(&closed_loop).with_round(4096);
    let task = |index: u64| -> (_, Scenario) {
        plant(index);
        (law, scenarios.get(index))
    };
    let meter = ProcessMeter::new().unwrap();
    let before = meter.read();
    let mut sum = 0.0;
    pool.install(|| {
        let _ = batch.fly_any(Kind::Hybrid, 0..count, &task, &mut |flown| {
            sum += flown.metrics.ise;
            ControlFlow::Continue(())
        });
    });
    black_box(sum);
    meter.read().since(&before).allocations
}

#[test]
fn a_hundred_times_as_many_runs_take_no_more_allocations() {
    let noise = State { theta1: 1e-3, ..State::UPRIGHT };
    let experiment = Experiment {
        simulation: Simulation { duration: 0.02, ..Simulation::default() },
        sensors: Sensors { delay: 3e-3, noise, ..Sensors::default() },
        ..Experiment::default()
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    allocations(&experiment, &pool, 100, |_| ());
    // A round of 40 runs and one of 4000: their lists of results double a few times more.
    let few = allocations(&experiment, &pool, 40, |_| ());
    let many = allocations(&experiment, &pool, 4000, |_| ());
    assert!(many < few + 64, "{many} allocations for 4000 runs, {few} for 40");

    // The gate sees one forgotten box for each run.
    let leaky = allocations(&experiment, &pool, 4000, |index| drop(black_box(Box::new(index))));
    assert!(leaky > few + 4000, "{leaky}");
}
