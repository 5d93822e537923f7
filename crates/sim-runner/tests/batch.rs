//! A batch gives the bits of single runs: in every lane, with any instruction set, any number of
//! threads and any round; and a lane that goes wrong changes no other.

use std::ops::ControlFlow;

use dip_dynamics::{InstructionSet, State};
use sim_runner::{
    Actuator, Batch, Coordinate, Disturbance, Experiment, Flown, MetricsRecorder, Mismatch,
    Scenario, Scenarios, Sensors, Shape, Simulation, Spread, Starts, Track, Velocities, World,
};
use smc_controllers::{AnyController, EquivalentControl, Kind};

fn available() -> impl Iterator<Item = InstructionSet> {
    InstructionSet::ALL.into_iter().filter(|set| set.is_available())
}

/// Everything that a world can have, switched on; some starts fall, some leave the track.
fn everything(duration: f64) -> Experiment {
    let small = State::from_array([1e-3, 1e-3, 1e-3, 0.0, 0.0, 0.0]);
    let load = |on, shape| Disturbance { on, shape };
    let mut mismatch = Mismatch { m1: Some(Spread::Uniform(0.1)), ..Mismatch::default() };
    mismatch.i2 = Some(Spread::Normal(0.1));
    Experiment {
        simulation: Simulation {
            duration,
            control_period: 2e-3,
            step: 1e-3,
            ..Simulation::default()
        },
        actuator: Actuator {
            rate_max: Some(5000.0),
            time_constant: 2e-3,
            dead_zone: 0.1,
            delay: 2e-3,
            ..Actuator::default()
        },
        sensors: Sensors {
            delay: 3e-3,
            dropout: 0.1,
            velocities: Velocities::FilteredDifferences { time_constant: 5e-3 },
            noise: small,
            quantum: small,
            bias: small,
        },
        disturbances: vec![
            load(Coordinate::Cart, Shape::Step { at: 0.05, value: 1.0 }),
            load(Coordinate::Rod1, Shape::Impulse { at: 0.0205, duration: 0.05, value: 0.1 }),
            load(Coordinate::Rod2, Shape::Sinusoid { amplitude: 0.01, frequency: 2.0, phase: 1.0 }),
            load(Coordinate::Cart, Shape::Noise { std: 0.5, time_constant: 0.1 }),
        ],
        mismatch,
        track: Track { half_length: Some(0.3) },
        ..Experiment::default()
    }
}

fn ideal(duration: f64) -> Experiment {
    Experiment {
        simulation: Simulation { duration, ..Simulation::default() },
        ..Experiment::default()
    }
}

fn scenarios(experiment: &Experiment, radius: f64) -> Scenarios {
    experiment.scenarios(Starts::new(radius, 7).unwrap()).unwrap()
}

fn flown(
    batch: &Batch<'_>,
    law: AnyController,
    count: u64,
    scenario: impl Fn(u64) -> Scenario + Sync,
) -> Vec<Flown> {
    let mut all = Vec::new();
    let _ = batch.fly_any(law.kind(), 0..count, &|i| (law, scenario(i)), &mut |flown| {
        all.push(*flown);
        ControlFlow::Continue(())
    });
    all
}

/// Equal, and NaN nowhere: so the same bits, but for the sign of zero.
fn assert_same(runs: &[Flown], expected: &[Flown], what: &str) {
    assert_eq!(runs.len(), expected.len(), "{what}");
    for (run, expected) in runs.iter().zip(expected) {
        assert_eq!(format!("{run:?}"), format!("{expected:?}"), "{what}");
    }
}

fn same_bits_of_ten_thousand_starts(experiment: &Experiment, radius: f64, laws: &[AnyController]) {
    const STARTS: u64 = 10_000;
    let closed_loop = experiment.closed_loop().unwrap();
    let scenarios = scenarios(experiment, radius);
    for &law in laws {
        let mut world = World::new(&closed_loop);
        let expected: Vec<Flown> = (0..STARTS)
            .map(|index| {
                let mut recorder = MetricsRecorder::new(&closed_loop);
                let run = world.run(&law, &scenarios.get(index), &mut recorder);
                Flown { index, run, metrics: recorder.metrics(run.outcome) }
            })
            .collect();
        for set in available() {
            let batch = Batch::new(&closed_loop).with_instruction_set(set);
            let runs = flown(&batch, law, STARTS, |index| scenarios.get(index));
            assert_same(&runs, &expected, &format!("{}, {set}", law.kind()));
        }
    }
}

#[test]
fn ten_thousand_starts_of_each_law_have_the_same_bits_in_every_instruction_set() {
    let experiment = ideal(0.1);
    let laws = Kind::ALL.map(|kind| experiment.controller(kind).unwrap());
    // Some of them saturate, some fall, some begin beyond what the sine takes without reduction.
    same_bits_of_ten_thousand_starts(&experiment, 1.55, &laws);
}

#[test]
fn and_in_a_world_with_everything_in_it() {
    let mut experiment = everything(0.08);
    experiment.controllers.classical.equivalent = EquivalentControl::Full;
    experiment.controllers.adaptive.equivalent = EquivalentControl::Faded;
    let laws = Kind::ALL.map(|kind| experiment.controller(kind).unwrap());
    same_bits_of_ten_thousand_starts(&experiment, 1.55, &laws);
}
