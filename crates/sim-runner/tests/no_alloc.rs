//! From the first step of a run to the last, nothing touches the heap.

use std::hint::black_box;

use memcheck::{CountingAllocator, GateError, ThreadMeter, no_alloc};
use sim_runner::{
    AfterFall, Experiment, History, Instant, MetricsRecorder, Observer, Outcome, Simulation,
    TrajectoryWriter, Uncontrolled,
};
use smc_controllers::Kind;

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
        let gate = no_alloc(|| {
            let mut metrics = MetricsRecorder::new(&closed_loop);
            let run = closed_loop.run(
                black_box(&law),
                experiment.start,
                &mut (&mut metrics, &mut history),
            );
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
        let closed_loop = closed_loop.with_after_fall(after_fall);
        let run = no_alloc(|| closed_loop.run(&Uncontrolled, experiment().start, &mut ()));
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
        // 200 bytes a row are more than nine numbers of 24 digits would take on the average.
        let target = Vec::with_capacity(2001 * 250);
        let room = target.capacity();
        let writer = TrajectoryWriter::new(target);
        let meter = ThreadMeter::new().unwrap();
        let mut rows = PerRow { writer, meter, rows: 0, touched: 0 };
        closed_loop.run(&law, experiment.start, &mut rows);
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
    let gate = no_alloc(|| closed_loop.run(&Uncontrolled, experiment().start, &mut Leaky));
    assert!(matches!(gate, Err(GateError::HeapTouched(change)) if change.allocations > 100));
}
