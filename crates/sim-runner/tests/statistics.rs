//! Statistics of real runs: the parts agree with each other, and an interruption changes nothing.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};
use sim_runner::{
    Confidence, Experiment, KaplanMeier, Lifetime, Metrics, MetricsRecorder, Mismatch, Outcome,
    Paired, Quantiles, Rate, Run, Saltelli, Sampling, Scenario, Sensitivity, Severity, Simulation,
    Spread, StartDesign, Starts, World, WorstCases, compare,
};
use smc_controllers::Kind;

fn experiment(duration: f64) -> Experiment {
    Experiment {
        simulation: Simulation { duration, ..Simulation::default() },
        ..Experiment::default()
    }
}

fn run(experiment: &Experiment, kind: Kind, scenario: &Scenario) -> (Run, Metrics) {
    let closed_loop = experiment.closed_loop().unwrap();
    let controller = experiment.controller(kind).unwrap();
    let mut recorder = MetricsRecorder::new(&closed_loop);
    let run = World::new(&closed_loop).run(&controller, scenario, &mut recorder);
    (run, recorder.metrics(run.outcome))
}

const HORIZON: u32 = 7500;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct All {
    success: Rate,
    settling: Quantiles,
    survival: KaplanMeier,
    paired: Paired,
    worst: WorstCases<Severity, f64>,
}

impl All {
    fn new() -> Self {
        Self {
            success: Rate::default(),
            settling: Quantiles::new(),
            survival: KaplanMeier::new(HORIZON),
            paired: Paired::new(),
            worst: WorstCases::new(5),
        }
    }

    fn add(&mut self, index: u64, [(run, metrics), (_, of_other)]: &[(Run, Metrics); 2]) {
        let settling_time = metrics.settling_time;
        self.success.add(run.outcome == Outcome::Settled);
        self.settling.add(settling_time);
        self.survival.add(Lifetime::to_settle(run.outcome, settling_time, 0.001, HORIZON));
        self.paired.add(settling_time, of_other.settling_time);
        let severity = Severity::new(run.outcome, run.time, metrics.iae, settling_time);
        self.worst.add(severity, index, run.time);
    }
}

/// A box so wide that of eighty runs some fall, some settle, and some do not in time.
#[test]
fn figures_of_the_same_runs_agree() {
    let experiment = experiment(f64::from(HORIZON) * 0.001);
    let starts = Starts::new(0.6, 1).unwrap();
    let scenarios = experiment.scenarios(starts).unwrap();
    let kinds = [Kind::SuperTwisting, Kind::Lqr];
    let runs: Vec<[(Run, Metrics); 2]> = (0..80)
        .map(|index| kinds.map(|kind| run(&experiment, kind, &scenarios.get(index))))
        .collect();
    let mut all = All::new();
    (0..).zip(&runs).for_each(|(index, runs)| all.add(index, runs));

    let eighty = NonZeroU64::new(80).unwrap();
    let rows = compare(&experiment, &kinds, starts, eighty, |_, _| ()).unwrap();
    let (row, other) = (rows[0], rows[1]);
    assert!(row.settled > 40 && row.not_settled > 0 && row.fallen > 5, "all kinds: {row:?}");

    let confidence = Confidence::default();
    assert_eq!((all.success.successes(), all.success.trials()), (row.settled, 80));
    assert_eq!(all.settling.median(confidence).value, row.settling_time_median);
    let last = all.survival.survival(HORIZON, confidence).unwrap();
    // Nothing is censored before the horizon: the curve ends at the share that did not settle.
    assert!((last.survival - (1.0 - row.success_rate)).abs() < 1e-12, "{last:?}");
    let difference = all.paired.success_difference(confidence).unwrap();
    assert!((difference.value - (row.success_rate - other.success_rate)).abs() < 1e-12);
    assert_eq!(all.paired.count(), 80);
    // The worst runs fell, the earliest first, and can be run again from their numbers alone.
    let worst = all.worst.cases();
    assert!(worst.is_sorted_by(|one, next| one.payload <= next.payload));
    for case in worst {
        let (again, _) = run(&experiment, kinds[0], &scenarios.get(case.index));
        assert_eq!((again.outcome, again.time), (Outcome::Fallen, case.payload));
    }

    for cut in [0, 33, 80] {
        let mut first = All::new();
        (0..).zip(&runs[..cut]).for_each(|(index, runs)| first.add(index, runs));
        let bytes = serde_json::to_vec(&first).unwrap();
        let mut resumed: All = serde_json::from_slice(&bytes).unwrap();
        (cut as u64..).zip(&runs[cut..]).for_each(|(index, runs)| resumed.add(index, runs));
        assert_eq!(resumed, all, "cut at {cut}");
    }
}

/// Of the mass of the cart and the friction of a joint, it is the mass that the effort depends on.
#[test]
fn the_parameter_that_matters_is_found() {
    let mismatch = Mismatch {
        m0: Some(Spread::Uniform(0.2)),
        b2: Some(Spread::Uniform(0.2)),
        ..Mismatch::default()
    };
    let experiment = Experiment { mismatch, ..experiment(2.0) };
    let start =
        StartDesign { design: Sampling::Box, theta1: 0.1, theta2: 0.0, ..StartDesign::default() };
    let scenarios = experiment.scenarios(start.starts(1).unwrap()).unwrap();
    let names: Vec<&str> = scenarios.parameters().collect();
    assert_eq!(names, ["m0", "b2"]);
    let design = Saltelli::new(names.len(), 1).unwrap();
    let mut sensitivity = Sensitivity::new(design);
    let mut shares = vec![0.0; names.len()];
    for index in 0..64 * design.points_per_row() as u64 {
        design.point(index, &mut shares);
        let (_, metrics) = run(&experiment, Kind::Lqr, &scenarios.at(0, &shares));
        sensitivity.add(metrics.control_effort);
    }
    let indices = sensitivity.indices(Confidence::default()).unwrap();
    assert!(indices[0].first.low > 0.5 && indices[1].total.high < 0.1, "{indices:?}");
}
