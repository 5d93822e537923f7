//! More runs take no more memory. Alone in its program, one after the other: what is counted is the whole process.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use memcheck::{CountingAllocator, ProcessMeter};
use sim_runner::{
    Batch, Campaign, Experiment, Goal, MonteCarlo, Settling, Simulation, StartDesign,
};
use smc_controllers::Kind;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

static ALONE: Mutex<()> = Mutex::new(());

const KINDS: [Kind; 2] = [Kind::Classical, Kind::Lqr];

/// The most bytes that were live at once. `each` is shown the campaign after each block.
fn peak(runs: u64, mut each: impl FnMut(&Campaign)) -> i64 {
    let experiment = Experiment {
        simulation: Simulation { duration: 0.01, ..Simulation::default() },
        starts: StartDesign { theta1: 0.02, theta2: 0.02, ..StartDesign::default() },
        settling: Settling { theta: 0.018, ..Settling::default() },
        ..Experiment::default()
    };
    let closed_loop = experiment.closed_loop().unwrap();
    let laws = KINDS.map(|kind| experiment.controller(kind).unwrap());
    let scenarios = experiment.scenarios(experiment.starts.starts(1).unwrap()).unwrap();
    let meter = ProcessMeter::new().unwrap();
    meter.reset_peak();
    let before = meter.read().live_bytes;
    let mut campaign = Campaign::new(&KINDS, &closed_loop, 5);
    let goal = Goal { runs, precision: None };
    let ended = campaign.fly(&Batch::new(&closed_loop), &laws, &scenarios, &goal, |campaign| {
        each(campaign);
        ControlFlow::Continue(())
    });
    assert!(ended.is_continue());
    // Beyond ten thousand values quantiles are counted, no more kept.
    assert!(campaign.laws().iter().all(|law| law.success().successes() > runs * 6 / 10));
    meter.read().peak_live_bytes - before
}

/// Nothing else runs beside it.
fn alone_on(threads: usize, run: impl FnOnce() + Send) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run);
}

#[test]
fn ten_times_the_runs_take_no_more_memory_and_a_list_that_grows_is_caught() {
    // With one thread all of a block is in one log: there is nothing left to chance.
    alone_on(1, || {
        let few = peak(2000, |_| ());
        let many = peak(20_000, |_| ());
        // Nothing of a run is as small as a byte for each of the 36,000 more.
        let limit = 1024;
        assert!((many - few).abs() <= limit, "{few} and {many} bytes");

        // A number for each run.
        let with_list = |runs| {
            let mut list = Vec::new();
            peak(runs, |campaign| {
                let flown = campaign.laws().iter().map(MonteCarlo::runs).sum::<u64>();
                list.extend(list.len() as u64..flown);
            })
        };
        let (few, many) = (with_list(2000), with_list(20_000));
        assert!(many - few > limit, "a list that grows was not seen: {few} and {many} bytes");
    });
}

/// On two threads a block is in as many logs as there are steals; but none of it grows with the runs.
#[test]
#[ignore = "slow: ten million runs"]
fn ten_million_runs_take_no_more_memory_than_a_hundred_thousand() {
    alone_on(2, || {
        let few = peak(50_000, |_| ());
        let many = peak(5_000_000, |_| ());
        // A byte for every hundredth of the runs would be more.
        assert!((many - few).abs() < 100_000, "{few} and {many} bytes");
        eprintln!("at most {few} bytes at once in 100,000 runs, {many} in 10,000,000");
    });
}
