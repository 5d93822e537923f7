//! What a step costs: one control with the equivalent control of the full model, and one step of RK4.
//!
//! Read ratios, not times: `cargo xtask bench` prints them. Beside the code of the crates stand three
//! kernels that know nothing of it: `reference`, the equations as one would type them with a library for
//! matrices; `hand`, the same step as tight as it can be written; and `limit`, as many operations without
//! the step. `batch` is the whole engine, with outcomes and metrics.

mod hand;
mod limit;
mod reference;

use std::hint::black_box;
use std::ops::ControlFlow;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use dip_dynamics::{InstructionSet, Integrator, Kernel, Lanes, Parameters, Plant, Splat, State};
use sim_runner::{Batch, Experiment, Simulation, Starts, Trial, Trials, Tuning};
use smc_controllers::{
    Classical, ClassicalSpec, Controller, EquivalentControl, Kind, Law, Sample, SurfaceDesign,
    Switching, Weights,
};

const STEPS: u64 = 500;
const DT: f64 = 1e-3;
const U_MAX: f64 = 150.0;

/// The law of all kernels: a linear surface, constant and proportional reaching in a layer.
fn spec() -> ClassicalSpec {
    ClassicalSpec {
        surface: SurfaceDesign::Lqr(Weights { q: [10.0, 100.0, 100.0, 1.0, 10.0, 10.0], r: 0.1 }),
        equivalent: EquivalentControl::Full,
        switching: Switching::saturation(0.05),
        k: 5.0,
        kd: 10.0,
        ..ClassicalSpec::default()
    }
}

fn plant() -> Plant {
    Plant::new(&Parameters::default()).expect("the default plant is valid")
}

/// Another start in each lane: equal lanes would be computed once.
fn start<R: Lanes>() -> State<R> {
    State {
        theta1: R::from_lanes(|lane| 0.1 - 0.01 * lane as f64),
        theta2: R::from_lanes(|lane| 0.01 * lane as f64 - 0.08),
        ..State::UPRIGHT.splat::<R>()
    }
}

/// Steps of the crates' law, plant and integrator.
#[derive(Clone, Copy)]
struct Generic {
    law: Classical,
    plant: Plant,
}

impl Kernel for Generic {
    type Output = f64;

    #[inline(always)]
    fn run<R: Lanes>(self) -> f64 {
        let (law, plant, dt) = (Law::splat::<R>(&self.law), self.plant.splat::<R>(), R::splat(DT));
        let mut state = start::<R>();
        let mut memory = law.initial_memory();
        for _ in 0..STEPS {
            let here = plant.evaluate(&state);
            let sample = Sample { state: &state, model: Some(&here), dt };
            let u = law.control(&mut memory, &sample).u;
            state = Integrator::Rk4.step(&plant, &state, &here, u, None, dt);
        }
        state.theta1.lane(0)
    }
}

fn available() -> impl Iterator<Item = InstructionSet> {
    InstructionSet::ALL.into_iter().filter(|set| set.is_available())
}

fn kernel<K: Kernel<Output = f64> + Copy>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    sets: impl Iterator<Item = InstructionSet>,
    kernel: K,
) {
    for set in sets {
        group.throughput(Throughput::Elements(STEPS * set.lanes() as u64));
        group.bench_function(format!("{name}/{set}"), |bencher| {
            bencher.iter(|| set.run(black_box(kernel)));
        });
    }
}

fn step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("step");
    let (plant, spec) = (plant(), spec());
    let linear = plant.linearise(&State::UPRIGHT, 0.0);
    let law = spec.build(&linear, U_MAX).expect("the law is valid");
    let surface = spec.surface.design(&linear).expect("the surface is valid");

    let reference = reference::Loop::new(surface.s.transpose());
    let hand = hand::Loop::new(surface.s.transpose().into());
    let ends = [reference.run(), InstructionSet::Scalar.run(hand)];
    let end = InstructionSet::Scalar.run(Generic { law, plant });
    // Three ways to compute one thing: half a second amplifies roundings of 1e-16 by some hundreds.
    assert!(ends.iter().all(|other| (other - end).abs() < 1e-12), "{ends:?} {end}");

    group.throughput(Throughput::Elements(STEPS));
    group.bench_function("reference", |bencher| bencher.iter(|| black_box(&reference).run()));
    kernel(&mut group, "generic", available(), Generic { law, plant });
    kernel(&mut group, "hand", available(), hand);
    // Scalars that are independent are put into packs by the compiler: they would show no limit.
    let registers = available().filter(|&set| set >= InstructionSet::Avx2);
    kernel(&mut group, "limit", registers, limit::Loop);
}

fn batch(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("batch");
    let mut experiment = Experiment {
        simulation: Simulation { duration: 1.0, ..Simulation::default() },
        ..Experiment::default()
    };
    experiment.controllers.classical = spec();
    let closed_loop = experiment.closed_loop().expect("the experiment is valid");
    let law = experiment.controller(Kind::Classical).expect("the law is valid");
    let starts = Starts::new(0.1, 1).expect("the box is valid");
    let scenarios = experiment.scenarios(starts).expect("the experiment is valid");
    let mut bench = |name: String, threads: usize, set: InstructionSet| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.expect("threads can be started");
        let batch = Batch::new(&closed_loop).with_instruction_set(set);
        let runs = 32 * set.lanes() as u64;
        group.throughput(Throughput::Elements(runs * closed_loop.periods()));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut sum = 0.0;
                pool.install(|| {
                    let task = |index| (law, scenarios.get(index));
                    let _ = batch.fly_any(Kind::Classical, 0..runs, &task, &mut |flown| {
                        sum += flown.metrics.ise;
                        ControlFlow::Continue(())
                    });
                });
                sum
            });
        });
    };
    for set in available() {
        bench(set.to_string(), 1, set);
    }
    bench("two_threads".to_owned(), 2, InstructionSet::detect());
}

/// A generation of candidates as `dip tune` flies it, and the same runs as a batch.
fn tuning(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tuning");
    let trial = Trial { runs: 15, radius: 0.1, ..Trial::default() };
    let mut experiment = Experiment {
        simulation: Simulation { duration: 1.0, ..Simulation::default() },
        tuning: Tuning { trials: vec![trial], ..Tuning::default() },
        ..Experiment::default()
    };
    experiment.controllers.classical = spec();
    let law = experiment.controller(Kind::Classical).expect("the law is valid");
    let laws = vec![law; 40];
    let trials = Trials::training(&experiment, 1).expect("the experiment is valid");
    let closed_loop = experiment.closed_loop().expect("the experiment is valid");
    let starts = Starts::new(0.1, 1).expect("the box is valid");
    let scenarios = experiment.scenarios(starts).expect("the experiment is valid");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.expect("threads can be started");
    let runs = laws.len() as u64 * trials.runs();
    group.throughput(Throughput::Elements(laws.len() as u64 * trials.steps()));
    group.bench_function("generation", |bencher| {
        bencher.iter(|| pool.install(|| trials.judge_any(Kind::Classical, &laws)));
    });
    group.bench_function("batch", |bencher| {
        bencher.iter(|| {
            let mut sum = 0.0;
            pool.install(|| {
                let task = |index| (law, scenarios.get(index));
                let batch = Batch::new(&closed_loop);
                let _ = batch.fly_any(Kind::Classical, 0..runs, &task, &mut |flown| {
                    sum += flown.metrics.ise;
                    ControlFlow::Continue(())
                });
            });
            sum
        });
    });
}

criterion_group!(benches, step, batch, tuning);
criterion_main!(benches);
