//! A campaign is a function of experiment, seed and goal: not of threads, and not of interruptions.

use std::ops::ControlFlow;

use sim_runner::{
    Batch, Campaign, ClosedLoop, Confidence, Experiment, Goal, MetricsRecorder, Mismatch,
    MonteCarlo, Outcome, Precision, Scenarios, Settling, Simulation, Spread, StartDesign, World,
};
use smc_controllers::{AnyController, Kind};

const KINDS: [Kind; 3] = [Kind::Classical, Kind::Lqr, Kind::Adaptive];

/// Short runs, of which some are within the bands at the end and some fall.
fn experiment() -> Experiment {
    Experiment {
        simulation: Simulation { duration: 0.06, control_period: 2e-3, ..Simulation::default() },
        starts: StartDesign { theta1_dot: 0.2, theta1: 0.1, theta2: 0.1, ..StartDesign::default() },
        settling: Settling { theta: 0.06, fall_angle: 0.1, ..Settling::default() },
        mismatch: Mismatch { m1: Some(Spread::Uniform(0.1)), ..Mismatch::default() },
        ..Experiment::default()
    }
}

struct Setting {
    closed_loop: ClosedLoop,
    scenarios: Scenarios,
    laws: Vec<AnyController>,
}

impl Setting {
    fn new(experiment: &Experiment) -> Self {
        Self {
            closed_loop: experiment.closed_loop().unwrap(),
            scenarios: experiment.scenarios(experiment.starts.starts(3).unwrap()).unwrap(),
            laws: KINDS.map(|kind| experiment.controller(kind).unwrap()).into(),
        }
    }

    fn campaign(&self) -> Campaign {
        Campaign::new(&KINDS, &self.closed_loop, 4)
    }

    fn fly(
        &self,
        campaign: &mut Campaign,
        goal: &Goal,
        each: impl FnMut(&Campaign) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        campaign.fly(&Batch::new(&self.closed_loop), &self.laws, &self.scenarios, goal, each)
    }

    fn flown(&self, goal: &Goal) -> Campaign {
        let mut campaign = self.campaign();
        assert!(self.fly(&mut campaign, goal, |_| ControlFlow::Continue(())).is_continue());
        campaign
    }
}

fn bytes(campaign: &Campaign) -> Vec<u8> {
    serde_json::to_vec(campaign).unwrap()
}

fn runs(runs: u64) -> Goal {
    Goal { runs, precision: None }
}

#[test]
fn an_interruption_after_any_block_changes_no_bit() {
    let setting = Setting::new(&experiment());
    let goal = runs(2500);
    let whole = bytes(&setting.flown(&goal));
    // Three blocks of three laws.
    for cut in 1..=9 {
        let mut campaign = setting.campaign();
        let mut blocks = 0;
        let ended = setting.fly(&mut campaign, &goal, |_| {
            blocks += 1;
            if blocks == cut { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(ended.is_break(), "{cut}");
        let mut resumed: Campaign = serde_json::from_slice(&bytes(&campaign)).unwrap();
        assert!(setting.fly(&mut resumed, &goal, |_| ControlFlow::Continue(())).is_continue());
        assert!(bytes(&resumed) == whole, "cut after block {cut}");
    }
    // And to fly fewer first is to be interrupted, even within a block.
    let mut campaign = setting.flown(&runs(1234));
    assert!(setting.fly(&mut campaign, &goal, |_| ControlFlow::Continue(())).is_continue());
    assert!(bytes(&campaign) == whole);
}

#[test]
fn threads_change_no_bit() {
    let setting = Setting::new(&experiment());
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| bytes(&setting.flown(&runs(3000))))
    };
    let one = with(1);
    assert!(with(2) == one);
    assert!(with(8) == one);
}

#[test]
fn a_campaign_ends_once_every_rate_is_known_and_not_before() {
    let setting = Setting::new(&experiment());
    let precision = Precision::new(0.016, Confidence::default()).unwrap();
    let goal = Goal { runs: u64::MAX, precision: Some(precision) };
    let campaign = setting.flown(&goal);
    let ends: Vec<u64> = campaign.laws().iter().map(MonteCarlo::runs).collect();
    assert!(ends.iter().all(|&end| end == ends[0]), "{ends:?}");
    assert!((2000..=4000).contains(&ends[0]), "{ends:?}");
    assert!(campaign.laws().iter().all(|law| precision.is_reached(law.success())));
    let before = setting.flown(&runs(ends[0] - Precision::CHECKPOINT));
    assert!(!before.laws().iter().all(|law| precision.is_reached(law.success())));
    // What was expected a block before is what it was.
    assert_eq!(before.expected_runs(&goal), ends[0]);

    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert!(pool.install(|| bytes(&setting.flown(&goal))) == bytes(&campaign));
    // The limit comes first.
    let goal = Goal { runs: 1500, precision: Some(precision) };
    assert_eq!(setting.flown(&goal).laws()[2].runs(), 1500);
}

/// The figures are those of single runs, one by one.
#[test]
fn figures_are_of_the_runs_and_pairs_of_the_same_scenarios() {
    let setting = Setting::new(&experiment());
    let count = 1300;
    let campaign = setting.flown(&runs(count));
    let confidence = Confidence::default();
    let mut settled_in = Vec::new();
    for (law, any) in campaign.laws().iter().zip(&setting.laws) {
        let mut world = World::new(&setting.closed_loop);
        let all: Vec<_> = (0..count)
            .map(|index| {
                let mut recorder = MetricsRecorder::new(&setting.closed_loop);
                let run = world.run(any, &setting.scenarios.get(index), &mut recorder);
                (run, recorder.metrics(run.outcome))
            })
            .collect();
        let figures = law.figures(confidence);
        for (outcome, counted) in [
            (Outcome::Settled, figures.settled),
            (Outcome::NotSettled, figures.not_settled),
            (Outcome::Fallen, figures.fallen),
            (Outcome::OffTrack, figures.off_track),
            (Outcome::Diverged, figures.diverged),
        ] {
            let seen = all.iter().filter(|(run, _)| run.outcome == outcome).count();
            assert_eq!(counted, seen as u64, "{outcome:?}");
        }
        assert!(figures.settled > 100 && figures.fallen > 100, "{figures:?}");
        let mut efforts: Vec<f64> = all
            .iter()
            .filter(|(run, _)| run.outcome == Outcome::Settled)
            .map(|(_, metrics)| metrics.control_effort)
            .collect();
        efforts.sort_by(f64::total_cmp);
        let n = efforts.len();
        let median = efforts[(n - 1) / 2].midpoint(efforts[n / 2]);
        assert_eq!(figures.quantiles["control_effort"].median.value, Some(median));
        for case in law.worst() {
            let (run, metrics) = &all[usize::try_from(case.index).unwrap()];
            assert_eq!((case.payload.outcome, case.payload.time), (run.outcome, run.time));
            assert_eq!(&case.payload.metrics, metrics);
        }
        let first_fall = all.iter().map(|(run, _)| run.time).fold(f64::INFINITY, f64::min);
        assert_eq!(law.worst()[0].payload.time, first_fall);
        settled_in.push(all.iter().map(|(run, _)| run.outcome == Outcome::Settled).collect());
    }
    let settled_in: Vec<Vec<bool>> = settled_in;
    let comparisons = campaign.comparisons(confidence);
    assert_eq!(comparisons.len(), 2);
    for (pair, other) in comparisons.iter().zip(&settled_in[1..]) {
        let count_of = |wanted: (bool, bool)| {
            settled_in[0].iter().zip(other).filter(|&(&a, &b)| (a, b) == wanted).count() as u64
        };
        assert_eq!((pair.first, pair.pairs), (Kind::Classical, count));
        assert_eq!(pair.both, count_of((true, true)));
        assert_eq!(pair.only_first, count_of((true, false)));
        assert_eq!(pair.only_second, count_of((false, true)));
        assert!(pair.mcnemar <= pair.mcnemar_holm && pair.sign_test <= pair.sign_test_holm);
    }
}

#[test]
#[should_panic(expected = "runs are taken in order")]
fn a_run_out_of_order_is_refused() {
    let setting = Setting::new(&experiment());
    let mut flown = None;
    let task = |index| (setting.laws[0], setting.scenarios.get(index));
    let _ = Batch::new(&setting.closed_loop).fly_any(KINDS[0], 5..6, &task, &mut |one| {
        flown = Some(*one);
        ControlFlow::Continue(())
    });
    MonteCarlo::new(KINDS[0], &setting.closed_loop, 1).add(&flown.unwrap());
}
