//! A batch gives the bits of single runs: in every lane, with any instruction set, any number of
//! threads and any round; and a lane that goes wrong changes no other.

use std::ops::ControlFlow;

use dip_dynamics::{DryJoint, InstructionSet, State};
use sim_runner::{
    Actuator, Batch, Coordinate, Disturbance, Experiment, Flown, MetricsRecorder, Mismatch,
    Outcome, Scenario, Scenarios, Sensors, Shape, Simulation, Spread, Starts, Track, Velocities,
    World,
};
use smc_controllers::{AnyController, EquivalentControl, Kind};

fn available() -> impl Iterator<Item = InstructionSet> {
    InstructionSet::ALL.into_iter().filter(|set| set.is_available())
}

/// Everything that a world can have, switched on; some starts fall, some leave the track.
fn everything(duration: f64) -> Experiment {
    let small = State::from_array([1e-3, 1e-3, 1e-3, 0.0, 0.0, 0.0]);
    let load = |on, shape| Disturbance { on, shape, spread: Some(Spread::Uniform(0.5)) };
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
    // What the model of the laws has not: it is smooth.
    experiment.plant.friction.cart = DryJoint { coulomb: 0.5, ..DryJoint::NONE };
    experiment.plant.drag.rod1 = 0.001;
    let laws = Kind::ALL.map(|kind| experiment.controller(kind).unwrap());
    same_bits_of_ten_thousand_starts(&experiment, 1.55, &laws);
}

#[test]
fn the_same_bits_on_any_number_of_threads_and_in_any_round() {
    let experiment = everything(0.3);
    let closed_loop = experiment.closed_loop().unwrap();
    let scenarios = scenarios(&experiment, 1.2);
    let law = experiment.controller(Kind::Hybrid).unwrap();
    let with = |threads, round| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let batch = Batch::new(&closed_loop).with_round(round);
        pool.install(|| flown(&batch, law, 300, |index| scenarios.get(index)))
    };
    let expected = with(1, 4096);
    assert!(expected.iter().zip(0..).all(|(flown, index)| flown.index == index), "in order");
    for (threads, round) in [(2, 4096), (8, 4096), (1, 1), (2, 7), (8, 100)] {
        let what = format!("{threads} threads, rounds of {round}");
        assert_same(&with(threads, round), &expected, &what);
    }
}

/// Runs that fall at once, diverge or are never right stand among runs that go to the horizon: those
/// are as if the others were not there.
#[test]
fn a_lane_that_goes_wrong_changes_no_other() {
    let mut experiment = ideal(0.5);
    experiment.settling.fall_angle = 1e5;
    let closed_loop = experiment.closed_loop().unwrap();
    let law = experiment.controller(Kind::Classical).unwrap();
    let good = scenarios(&experiment, 0.3);
    let bad = |index: u64| {
        let mut start = good.get(index).start;
        match index % 3 {
            0 => start.theta2_dot = 1e6,
            1 => start.x_dot = f64::NAN,
            _ => start.theta1 = f64::INFINITY,
        }
        Scenario::new(start, *closed_loop.model(), index)
    };
    let is_bad = |index: u64| index % 5 < 2;
    let expected = flown(&Batch::new(&closed_loop), law, 100, |index| good.get(index));
    for set in available() {
        let batch = Batch::new(&closed_loop).with_instruction_set(set);
        let mixed =
            flown(
                &batch,
                law,
                100,
                |index| {
                    if is_bad(index) { bad(index) } else { good.get(index) }
                },
            );
        let is = |flown: &&Flown| !is_bad(flown.index);
        let of = |runs: &[Flown]| runs.iter().filter(is).copied().collect::<Vec<_>>();
        assert_same(&of(&mixed), &of(&expected), set.name());
        let diverged = mixed.iter().filter(|flown| flown.run.outcome == Outcome::Diverged).count();
        assert!(diverged >= 26, "{set}: {diverged} of 40 bad runs have diverged");
    }
}

/// Each lane may have gains of its own: a swarm is flown at once.
#[test]
fn gains_differ_from_lane_to_lane() {
    let experiment = ideal(0.3);
    let closed_loop = experiment.closed_loop().unwrap();
    let scenario = experiment.scenario(1).unwrap();
    let laws: Vec<AnyController> = (0..40)
        .map(|i| {
            let mut experiment = experiment.clone();
            experiment.controllers.adaptive.k_init = 1.0 + f64::from(i);
            experiment.controller(Kind::Adaptive).unwrap()
        })
        .collect();
    let law = |index: u64| laws[usize::try_from(index).unwrap()];
    let mut all = Vec::new();
    let batch = Batch::new(&closed_loop);
    let _ = batch.fly_any(Kind::Adaptive, 0..40, &|i| (law(i), scenario), &mut |flown| {
        all.push(*flown);
        ControlFlow::Continue(())
    });
    for flown in &all {
        let mut recorder = MetricsRecorder::new(&closed_loop);
        let run = closed_loop.run(&law(flown.index), &scenario, &mut recorder);
        assert_eq!((flown.run, flown.metrics), (run, recorder.metrics(run.outcome)));
    }
    assert!(all[0].metrics != all[39].metrics, "and that matters");
}

#[test]
fn a_batch_ends_when_it_is_told_to() {
    let experiment = ideal(0.1);
    let closed_loop = experiment.closed_loop().unwrap();
    let scenarios = scenarios(&experiment, 0.3);
    let law = experiment.controller(Kind::Lqr).unwrap();
    let mut seen = 0;
    let batch = Batch::new(&closed_loop).with_round(50);
    let task = |index| (law, scenarios.get(index));
    let end = batch.fly_any(Kind::Lqr, 10..1_000_000_000, &task, &mut |flown| {
        assert_eq!(flown.index, 10 + seen);
        seen += 1;
        if seen == 120 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((end, seen), (ControlFlow::Break(()), 120));
}
