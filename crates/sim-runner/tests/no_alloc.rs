//! From the first step of a run to the last, nothing touches the heap.

use std::hint::black_box;

use dip_dynamics::State;
use memcheck::{CountingAllocator, GateError, ThreadMeter, no_alloc};
use sim_runner::{
    Actuator, AfterFall, Confidence, Coordinate, Disturbance, Experiment, Flown, History, Instant,
    KaplanMeier, Lifetime, MetricsRecorder, Mismatch, MonteCarlo, Observer, Outcome, Paired,
    Precision, Quantiles, Rate, RecoveryRecorder, Saltelli, Sampling, Sensitivity, Sensors,
    Severity, Shape, Simulation, Spread, StartDesign, Starts, Track, TrajectoryWriter,
    Uncontrolled, Velocities, World, WorstCases,
};
use smc_controllers::{Controller, Kind, Memory};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

fn experiment() -> Experiment {
    Experiment {
        simulation: Simulation { duration: 2.0, ..Simulation::default() },
        ..Experiment::default()
    }
}

#[test]
fn a_run_with_metrics_and_history_does_not_touch_the_heap() {
    let experiment = experiment();
    let closed_loop = experiment.closed_loop().unwrap();
    for kind in Kind::ALL {
        let law = experiment.controller(kind).unwrap();
        let mut history = History::new(closed_loop.periods() + 1, 300);
        let scenario = experiment.scenario(1).unwrap();
        let gate = no_alloc(|| {
            let mut metrics = MetricsRecorder::new(&closed_loop);
            let run =
                closed_loop.run(black_box(&law), &scenario, &mut (&mut metrics, &mut history));
            (run, metrics.metrics(run.outcome))
        });
        assert!(gate.is_ok(), "{kind}: {gate:?}");
        // 2001 instants, every seventh.
        assert_eq!(history.kept().len(), 286);
    }
}

#[test]
fn a_fall_does_not_touch_the_heap_either() {
    let closed_loop = experiment().closed_loop().unwrap();
    for after_fall in [AfterFall::Stop, AfterFall::Continue] {
        let closed_loop = closed_loop.clone().with_after_fall(after_fall);
        let scenario = experiment().scenario(1).unwrap();
        let run = no_alloc(|| closed_loop.run(&Uncontrolled, &scenario, &mut ()));
        assert_eq!(run.unwrap().outcome, Outcome::Fallen);
    }
}

/// Counts the allocations of each row after the first.
struct PerRow<W: std::io::Write> {
    writer: TrajectoryWriter<W>,
    meter: ThreadMeter,
    rows: u64,
    touched: u64,
}

impl<W: std::io::Write> Observer for PerRow<W> {
    fn observe(&mut self, instant: &Instant<'_>) {
        let before = self.meter.read();
        self.writer.observe(instant);
        let change = self.meter.read().since(&before);
        if self.rows > 0 {
            self.touched += change.allocations + change.reallocations + change.deallocations;
        }
        self.rows += 1;
    }
}

#[test]
fn a_row_of_a_trajectory_does_not_touch_the_heap() {
    let experiment = experiment();
    let closed_loop = experiment.closed_loop().unwrap();
    for kind in Kind::ALL {
        let law = experiment.controller(kind).unwrap();
        // No number is longer than 24 characters, and each has a comma or a new line behind it.
        let target = Vec::with_capacity(2002 * 22 * 25);
        let room = target.capacity();
        let writer = TrajectoryWriter::new(target, law.initial_memory().names());
        let meter = ThreadMeter::new().unwrap();
        let mut rows = PerRow { writer, meter, rows: 0, touched: 0 };
        closed_loop.run(&law, &experiment.scenario(1).unwrap(), &mut rows);
        assert_eq!((rows.rows, rows.touched), (2001, 0), "{kind}");
        let target = rows.writer.finish().unwrap();
        assert_eq!(target.capacity(), room, "the target was large enough");
    }
}

#[test]
fn a_planted_allocation_in_an_observer_is_caught() {
    struct Leaky;

    impl Observer for Leaky {
        fn observe(&mut self, _: &Instant<'_>) {
            drop(black_box(Box::new(1)));
        }
    }

    let closed_loop = experiment().closed_loop().unwrap();
    let scenario = experiment().scenario(1).unwrap();
    let gate = no_alloc(|| closed_loop.run(&Uncontrolled, &scenario, &mut Leaky));
    assert!(matches!(gate, Err(GateError::HeapTouched(change)) if change.allocations > 100));

    // In a world with everything in it, too.
    let experiment = everything();
    let closed_loop = experiment.closed_loop().unwrap();
    let scenario = experiment.scenario(1).unwrap();
    let mut world = World::new(&closed_loop);
    let gate = no_alloc(|| world.run(&Uncontrolled, &scenario, &mut Leaky));
    assert!(matches!(gate, Err(GateError::HeapTouched(change)) if change.allocations > 100));
}

/// Everything that a world can have, switched on.
fn everything() -> Experiment {
    let small = State::from_array([1e-3, 1e-3, 1e-3, 0.0, 0.0, 0.0]);
    let load = |on, shape| Disturbance { on, shape, spread: Some(Spread::Uniform(0.5)) };
    let mut mismatch = Mismatch { m1: Some(Spread::Uniform(0.1)), ..Mismatch::default() };
    mismatch.i2 = Some(Spread::Normal(0.1));
    Experiment {
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
            load(Coordinate::Cart, Shape::Step { at: 0.5, value: 1.0 }),
            load(Coordinate::Rod1, Shape::Impulse { at: 0.7, duration: 0.05, value: 0.1 }),
            load(Coordinate::Rod2, Shape::Sinusoid { amplitude: 0.01, frequency: 2.0, phase: 1.0 }),
            load(Coordinate::Cart, Shape::Noise { std: 0.5, time_constant: 0.1 }),
        ],
        mismatch,
        track: Track { half_length: Some(100.0) },
        ..experiment()
    }
}

/// The memory is taken with the world, once for all runs; a scenario takes none.
#[test]
fn a_run_with_everything_switched_on_does_not_touch_the_heap() {
    let experiment = everything();
    let closed_loop = experiment.closed_loop().unwrap();
    let scenarios = experiment.scenarios(Starts::new(0.1, 1).unwrap()).unwrap();
    for kind in Kind::ALL {
        let law = experiment.controller(kind).unwrap();
        let mut world = World::new(&closed_loop);
        let mut recoveries = RecoveryRecorder::new(&closed_loop);
        for index in 0..3 {
            let gate = no_alloc(|| {
                let mut metrics = MetricsRecorder::new(&closed_loop);
                let scenario = scenarios.get(index);
                let run = world.run(&law, &scenario, &mut (&mut metrics, &mut recoveries));
                (run, metrics.metrics(run.outcome))
            });
            assert!(gate.is_ok(), "{kind}: {gate:?}");
        }
    }
}

/// Eleven thousand: one more thousand than quantiles keep exactly.
#[test]
fn statistics_of_many_runs_do_not_touch_the_heap_once_they_are_made() {
    let design = StartDesign { design: Sampling::Sobol, theta1: 0.1, ..StartDesign::default() };
    let (starts, parameters) = (design.starts(1).unwrap(), Saltelli::new(3, 1).unwrap());
    let mut rate = Rate::default();
    let mut quantiles = Quantiles::new();
    let mut settling = KaplanMeier::new(2000);
    let mut paired = Paired::new();
    let mut sensitivity = Sensitivity::new(parameters);
    let mut worst = WorstCases::new(10);
    let precision = Precision::new(0.01, Confidence::default()).unwrap();
    let gate = no_alloc(|| {
        let mut reached = false;
        for index in 0..11_000_u32 {
            let theta1 = starts.get(index.into()).theta1;
            let settled = (theta1 < 0.08).then_some(theta1);
            rate.add(settled.is_some());
            reached |= precision.is_reached(&rate);
            quantiles.add(settled);
            settling.add(Lifetime::Event(index % 2000));
            paired.add(settled, Some(0.05));
            let mut point = [0.0; 3];
            parameters.point(index.into(), &mut point);
            sensitivity.add(point[0] * point[1] + point[2]);
            let severity = Severity::new(Outcome::NotSettled, 2.0, theta1, None);
            worst.add(severity, index.into(), point);
        }
        reached
    });
    assert!(gate.unwrap(), "11,000 runs are enough for 1 %");
    assert_eq!(worst.cases().len(), 10);
}

/// Beyond 10,000 values quantiles are counted, no more kept: that is within what is folded here.
#[test]
fn the_fold_of_a_campaign_does_not_touch_the_heap_once_it_is_made() {
    let simulation = Simulation { duration: 5.0, ..Simulation::default() };
    let experiment = Experiment { simulation, ..Experiment::default() };
    let closed_loop = experiment.closed_loop().unwrap();
    let scenario = experiment.scenario(1).unwrap();
    let law = experiment.controller(Kind::SuperTwisting).unwrap();
    let mut recorders = [(); 2].map(|()| MetricsRecorder::new(&closed_loop));
    let settled = closed_loop.run(&law, &scenario, &mut recorders[0]);
    let fallen = closed_loop.run(&Uncontrolled, &scenario, &mut recorders[1]);
    assert_eq!([settled, fallen].map(|run| run.outcome), [Outcome::Settled, Outcome::Fallen]);
    let flown = [(settled, &recorders[0]), (fallen, &recorders[1])].map(|(run, recorder)| Flown {
        index: 0,
        run,
        metrics: recorder.metrics(run.outcome),
    });
    let mut figures = MonteCarlo::new(Kind::SuperTwisting, &closed_loop, 10);
    let fold = |figures: &mut MonteCarlo| {
        for index in 0..22_000_u64 {
            let kind = usize::from(index % 2 == 1);
            figures.add(&Flown { index, ..flown[kind] });
        }
    };
    no_alloc(|| fold(&mut figures)).unwrap();
    assert_eq!(figures.success().successes(), 11_000);
    assert_eq!(figures.worst().len(), 10);

    // The gate sees what is kept of each run.
    let mut figures = MonteCarlo::new(Kind::SuperTwisting, &closed_loop, 10);
    let mut kept = Vec::new();
    let gate = no_alloc(|| {
        fold(&mut figures);
        kept.push(figures.runs());
    });
    assert!(matches!(gate, Err(GateError::HeapTouched(_))), "{gate:?}");
}

/// The gate catches what grows: the same values, kept in a list.
#[test]
fn a_list_of_all_runs_is_caught() {
    let mut list = Vec::new();
    let gate = no_alloc(|| (0..100).for_each(|index| list.push(index)));
    assert!(matches!(gate, Err(GateError::HeapTouched(_))), "{gate:?}");
    assert_eq!(list.len(), 100);
}
