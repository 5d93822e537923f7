//! Any law's calls can be watched without changing it: how long they take, and that they touch no heap.

mod rig;

use std::time::Instant;

use dip_dynamics::State;
use memcheck::{CallMonitor, CountingAllocator};
use smc_controllers::{Controller, EquivalentControl, Instance, Kind};

use rig::{DT, U_MAX, built};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

#[test]
fn watched_calls_answer_as_before_and_are_counted() {
    for (kind, law) in Kind::ALL.into_iter().zip(built(EquivalentControl::Linear, U_MAX)) {
        let begin = Instant::now();
        let mut monitor = CallMonitor::new(move || begin.elapsed()).unwrap();
        let mut watched = Instance::new(law).with_history(10);
        let mut memory = law.initial_memory();
        for i in 0..1000 {
            let state = State { theta1: 1e-4 * f64::from(i), ..State::UPRIGHT };
            let sample = smc_controllers::Sample { state: &state, model: None, dt: DT };
            let answer = monitor.call(|| watched.control(&state, DT));
            assert_eq!(answer, law.control(&mut memory, &sample), "{kind}");
        }
        let report = monitor.report();
        assert_eq!((report.calls, report.allocations, report.live_bytes), (1000, 0, 0), "{kind}");
        let latency = report.latency.unwrap();
        assert!(latency.p50_ns <= latency.p99_ns && latency.p99_ns <= latency.max_ns, "{kind}");
        // A call that does something else is told apart.
        monitor.call(|| std::hint::black_box(vec![1_u8; 10]));
        assert_eq!(monitor.report().calls_that_touched_the_heap, 1);
    }
}
