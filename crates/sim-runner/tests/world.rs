//! A world in which everything is on: what is shown, how runs end, and that random numbers depend on
//! seed and index alone.

use std::num::NonZeroU64;

use dip_dynamics::State;
use sim_runner::{
    Actuator, AfterFall, Comparison, Coordinate, Disturbance, Experiment, Instant, Metrics,
    MetricsRecorder, Mismatch, Observer, Outcome, RunRow, Scenario, Sensors, Settling, Shape,
    Simulation, Spread, Starts, Track, Uncontrolled, Velocities, World, compare, wilson,
};
use smc_controllers::{Command, Controller, Kind, Sample};

/// Everything that a world can have, so little of it that it can be held.
fn everything() -> Experiment {
    let small = State::from_array([1e-3, 1e-3, 1e-3, 0.0, 0.0, 0.0]);
    let load = |on, shape| Disturbance { on, shape, spread: Some(Spread::Uniform(0.5)) };
    let spread = Some(Spread::Uniform(0.05));
    Experiment {
        simulation: Simulation {
            duration: 2.0,
            control_period: 2e-3,
            step: 1e-3,
            ..Simulation::default()
        },
        actuator: Actuator {
            rate_max: Some(1e5),
            time_constant: 1e-3,
            dead_zone: 0.01,
            delay: 1e-3,
            ..Actuator::default()
        },
        sensors: Sensors {
            delay: 1e-3,
            dropout: 0.02,
            velocities: Velocities::FilteredDifferences { time_constant: 5e-3 },
            noise: State::from_array([1e-4, 1e-4, 1e-4, 0.0, 0.0, 0.0]),
            quantum: small,
            bias: State { x: 1e-3, ..State::UPRIGHT },
        },
        disturbances: vec![
            load(Coordinate::Cart, Shape::Step { at: 0.5, value: 1.0 }),
            load(Coordinate::Rod1, Shape::Impulse { at: 0.7, duration: 0.05, value: 0.01 }),
            load(Coordinate::Rod2, Shape::Sinusoid { amplitude: 1e-3, frequency: 2.0, phase: 1.0 }),
            load(Coordinate::Cart, Shape::Noise { std: 0.1, time_constant: 0.1 }),
        ],
        mismatch: Mismatch { m0: spread, m1: spread, i2: spread, ..Mismatch::default() },
        track: Track { half_length: Some(2.0) },
        ..Experiment::default()
    }
}

/// Everything that an observer is shown, as bits.
#[derive(Default, PartialEq, Debug)]
struct Seen(Vec<[u64; 15]>);

impl Observer for Seen {
    fn observe(&mut self, &Instant { t, state, measured, command, force, .. }: &Instant<'_>) {
        let mut row = [0; 15];
        let numbers = [t, command.u, force].into_iter();
        let numbers = numbers.chain(state.to_array()).chain(measured.to_array());
        row.iter_mut().zip(numbers).for_each(|(bits, number)| *bits = number.to_bits());
        self.0.push(row);
    }
}

fn seen(world: &mut World<'_>, scenario: &Scenario, kind: Kind, experiment: &Experiment) -> Seen {
    let law = experiment.controller(kind).unwrap();
    let mut seen = Seen::default();
    world.run(&law, scenario, &mut seen);
    seen
}

// ---- Scenarios ----------------------------------------------------------------------------------

#[test]
fn a_scenario_is_the_same_in_any_order_and_in_a_used_world() {
    let experiment = everything();
    let closed_loop = experiment.closed_loop().unwrap();
    let scenarios = experiment.scenarios(Starts::new(0.2, 5).unwrap()).unwrap();
    let forward: Vec<Scenario> = (0..10).map(|i| scenarios.get(i)).collect();
    assert!((0..10).rev().all(|i| scenarios.get(i as u64) == forward[i]));
    for kind in Kind::ALL {
        let mut used = World::new(&closed_loop);
        for scenario in &forward[..4] {
            let fresh = seen(&mut World::new(&closed_loop), scenario, kind, &experiment);
            assert!(fresh == seen(&mut used, scenario, kind, &experiment), "{kind}");
            assert!(fresh.0.len() > 100, "{kind}: {}", fresh.0.len());
        }
    }
    assert_ne!(forward[0].plant, forward[1].plant);
    let noise_of = |i| seen(&mut World::new(&closed_loop), &forward[i], Kind::Lqr, &experiment);
    assert_ne!(noise_of(0), noise_of(1));
}

#[test]
fn switching_one_thing_on_does_not_shift_another() {
    let starts = Starts::new(0.2, 5).unwrap();
    let all = everything();
    let plain = Experiment { simulation: all.simulation, ..Experiment::default() };
    let scenarios = |experiment: &Experiment| experiment.scenarios(starts).unwrap();
    for index in 0..20 {
        assert_eq!(scenarios(&plain).get(index).start, starts.get(index));
        assert_eq!(scenarios(&all).get(index).start, starts.get(index));
    }
    // The measurement errors are the same with and without lost samples, forces and another plant.
    let errors = |experiment: &Experiment| -> Vec<f64> {
        struct Errors(Vec<f64>);
        impl Observer for Errors {
            fn observe(&mut self, instant: &Instant<'_>) {
                // Of the cart at rest: nothing is rounded away.
                self.0.push(instant.measured.x);
            }
        }
        let mut errors = Errors(Vec::new());
        let closed_loop = experiment.closed_loop().unwrap();
        let closed_loop = closed_loop.with_after_fall(AfterFall::Continue);
        let mut upright = scenarios(experiment).get(3);
        upright.start = State::UPRIGHT;
        closed_loop.run(&Uncontrolled, &upright, &mut errors);
        errors.0
    };
    let mut noisy = plain.clone();
    noisy.sensors.noise.x = 0.01;
    let expected = errors(&noisy);
    let mut lossy = noisy.clone();
    lossy.sensors.dropout = 0.5;
    for (k, (x, other)) in expected.iter().zip(errors(&lossy)).enumerate() {
        assert!(*x == other || k > 0, "{k}");
    }
    let same = expected.iter().zip(errors(&lossy)).filter(|(x, other)| *x == other).count();
    assert!((400..600).contains(&same), "those that came are the same: {same}");
    let mut other_plant = noisy.clone();
    other_plant.mismatch = all.mismatch;
    assert_eq!(errors(&other_plant), expected);
    let noise = Shape::Noise { std: 1e-9, time_constant: 0.1 };
    noisy.disturbances = vec![Disturbance { on: Coordinate::Rod1, shape: noise, spread: None }];
    let pushed = errors(&noisy);
    // The push moves the cart a little; the first errors are the same but for that.
    assert!(expected.iter().zip(pushed).take(50).all(|(a, b)| (a - b).abs() < 1e-9));
}

#[test]
fn the_experiments_own_start_is_the_first_scenario_but_for_the_start() {
    let experiment = everything();
    let mut own = experiment.scenario(5).unwrap();
    let first = experiment.scenarios(Starts::new(0.2, 5).unwrap()).unwrap().get(0);
    assert_eq!(own.start, experiment.start);
    assert_ne!(own, experiment.scenario(6).unwrap());
    own.start = first.start;
    assert_eq!(own, first);
}

// ---- What is shown ------------------------------------------------------------------------------

#[test]
fn observers_see_the_truth_and_what_the_controller_was_told() {
    struct Check(u32);
    impl Observer for Check {
        fn observe(&mut self, instant: &Instant<'_>) {
            let Instant { state, measured, command, force, .. } = instant;
            assert_eq!(measured.x, state.x + 0.25);
            // The first command comes three steps late.
            assert_eq!(*force == command.u, self.0 > 3 || command.u == 0.0, "{}", self.0);
            self.0 += 1;
        }
    }
    struct Constant;
    impl Controller for Constant {
        type Memory = ();
        fn initial_memory(&self) {}
        fn law(&self, (): &mut (), sample: &Sample<'_>) -> Command {
            assert!(sample.state.x >= 0.25 - 1e-3, "it is told the measured state");
            let mut command = Uncontrolled.control(&mut (), sample);
            command.u = 2.0;
            command
        }
    }
    let mut experiment = Experiment {
        simulation: Simulation { duration: 0.05, ..Simulation::default() },
        ..Experiment::default()
    };
    experiment.sensors.bias.x = 0.25;
    experiment.actuator.delay = 3e-3;
    let closed_loop = experiment.closed_loop().unwrap();
    let mut check = Check(1);
    closed_loop.run(&Constant, &experiment.scenario(1).unwrap(), &mut check);
    assert_eq!(check.0, 52);
}

// ---- How runs end -------------------------------------------------------------------------------

#[test]
fn the_end_of_the_track_is_an_outcome_with_a_time() {
    #[derive(Default)]
    struct Last(f64, f64, f64);
    impl Observer for Last {
        fn observe(&mut self, instant: &Instant<'_>) {
            *self = Self(instant.t, instant.state.x, self.1);
        }
    }
    let ends = |half_length, x_dot, theta1| {
        let mut experiment = Experiment {
            track: Track { half_length },
            start: State { x_dot, theta1, ..State::UPRIGHT },
            ..Experiment::default()
        };
        experiment.plant.b0 = 0.0;
        let closed_loop = experiment.closed_loop().unwrap();
        let mut last = Last::default();
        let scenario = experiment.scenario(1).unwrap();
        let run = closed_loop.run(&Uncontrolled, &scenario, &mut last);
        // A fall may go on; the end of the track is one, whatever has fallen.
        let closed_loop = closed_loop.with_after_fall(AfterFall::Continue);
        let beyond = closed_loop.run(&Uncontrolled, &scenario, &mut ());
        (run, last, beyond)
    };
    for sign in [1.0, -1.0] {
        // Upright rods ride along at 2 m/s.
        let (run, Last(t, x, before), _) = ends(Some(0.5), 2.0 * sign, 0.0);
        assert_eq!((run.outcome, run.time), (Outcome::OffTrack, t));
        assert!(x.abs() > 0.5 && before.abs() <= 0.5 && run.final_state.x == x);
        assert!((t - 0.25).abs() < 2e-3, "{t}");
        let (run, ..) = ends(None, 2.0 * sign, 0.0);
        assert_ne!(run.outcome, Outcome::OffTrack);
    }
    // What came first is the outcome; what comes first at the same instant is the fall.
    let (run, _, beyond) = ends(Some(0.5), 0.1, 0.5);
    assert_eq!(run.outcome, Outcome::Fallen);
    assert_eq!((beyond.outcome, beyond.time), (Outcome::Fallen, run.time));
    assert!(beyond.final_state.x.abs() <= 0.51, "it ended with the track: {beyond:?}");
    let (run, ..) = ends(Some(0.5), 0.0, 1.6);
    assert_eq!((run.outcome, run.time), (Outcome::Fallen, 0.0));
}

#[test]
fn to_settle_is_to_be_within_the_bands_for_as_long_as_told() {
    let run = |hold| {
        let settling = Settling { hold, ..Settling::default() };
        let experiment = Experiment { settling, ..Experiment::default() };
        let closed_loop = experiment.closed_loop().unwrap();
        let law = experiment.controller(Kind::SuperTwisting).unwrap();
        let mut recorder = MetricsRecorder::new(&closed_loop);
        let run = closed_loop.run(&law, &experiment.scenario(1).unwrap(), &mut recorder);
        (run.outcome, recorder.metrics(run.outcome).settling_time)
    };
    let (outcome, settling_time) = run(0.0);
    assert_eq!(outcome, Outcome::Settled);
    let settled_for = 10.0 - settling_time.unwrap();
    assert!(settled_for > 1.0);
    for (hold, outcome) in [
        (1e-3, Outcome::Settled),
        (1.0, Outcome::Settled),
        (settled_for, Outcome::Settled),
        (settled_for + 1.001e-3, Outcome::NotSettled),
        (10.0, Outcome::NotSettled),
    ] {
        let expected = settling_time.filter(|_| outcome == Outcome::Settled);
        assert_eq!(run(hold), (outcome, expected), "{hold}");
    }
}

// ---- Many runs ----------------------------------------------------------------------------------

fn compared(threads: usize) -> (Vec<Comparison>, Vec<(RunRow, Metrics)>) {
    let starts = Starts::new(0.2, 42).unwrap();
    let count = NonZeroU64::new(40).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let mut rows = Vec::new();
        let each = |row: &RunRow, metrics: &Metrics| rows.push((*row, *metrics));
        let comparisons = compare(&everything(), &Kind::ALL, starts, count, each).unwrap();
        (comparisons, rows)
    })
}

#[test]
fn a_comparison_in_a_full_world_has_the_same_bits_on_any_number_of_threads() {
    let json = |(comparisons, rows)| {
        serde_json::to_string::<(Vec<Comparison>, Vec<(RunRow, Metrics)>)>(&(comparisons, rows))
            .unwrap()
    };
    let one = json(compared(1));
    for threads in [2, 8] {
        assert_eq!(json(compared(threads)), one, "{threads} threads");
    }
}

#[test]
fn a_comparison_shows_every_run_in_order() {
    let experiment = everything();
    let (comparisons, rows) = compared(2);
    assert_eq!(rows.len(), Kind::ALL.len() * 40);
    let closed_loop = experiment.closed_loop().unwrap();
    let scenarios = experiment.scenarios(Starts::new(0.2, 42).unwrap()).unwrap();
    for (comparison, rows) in comparisons.iter().zip(rows.chunks(40)) {
        let kind = comparison.name;
        let law = experiment.controller(kind).unwrap();
        for (index, (row, metrics)) in (0..).zip(rows) {
            assert_eq!((row.controller, row.index), (kind, index));
            let scenario = scenarios.get(index);
            assert_eq!((row.theta1, row.theta2), (scenario.start.theta1, scenario.start.theta2));
            let mut recorder = MetricsRecorder::new(&closed_loop);
            let run = closed_loop.run(&law, &scenario, &mut recorder);
            assert_eq!((row.outcome, row.time), (run.outcome, run.time));
            assert_eq!(*metrics, recorder.metrics(run.outcome));
        }
        let settled = rows.iter().filter(|(row, _)| row.outcome == Outcome::Settled).count() as u64;
        assert_eq!(comparison.settled, settled);
        assert_eq!(comparison.success_interval, wilson(settled, 40));
        let counted = comparison.settled
            + comparison.not_settled
            + comparison.fallen
            + comparison.off_track
            + comparison.diverged;
        assert_eq!(counted, 40);
    }
}

/// A run beside its metrics is flat: a table can hold it.
#[test]
fn a_row_of_a_run_can_be_written_as_csv() {
    let (_, rows) = compared(1);
    let mut csv = csv::Writer::from_writer(Vec::new());
    for row in &rows {
        csv.serialize(row).unwrap();
    }
    let text = String::from_utf8(csv.into_inner().unwrap()).unwrap();
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    assert!(header.starts_with("controller,index,theta1,theta2,outcome,time,settling_time,"));
    assert!(header.ends_with(",peak_angle,theta_rms,u_rms"));
    let columns = header.split(',').count();
    assert!(lines.clone().all(|line| line.split(',').count() == columns));
    assert_eq!(lines.count(), rows.len());
}
