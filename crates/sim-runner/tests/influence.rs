//! Which parameter matters: one that dominates is found under its own name, one that appears in no equation
//! matters not at all, and a figure that does not exist is not told as a number.

use core::num::{NonZeroU32, NonZeroU64};

use sim_runner::{
    Experiment, Influence, InfluenceError, Influences, Mismatch, Outcome, Quantity, Simulation,
    Spread, Starts, Study, influences,
};
use smc_controllers::Kind;

fn experiment(mismatch: Mismatch) -> Experiment {
    let simulation = Simulation { duration: 0.5, ..Simulation::default() };
    Experiment { simulation, mismatch, ..Experiment::default() }
}

fn study(quantity: Quantity, rows: u64, starts: u32) -> Study {
    let (rows, starts) = (NonZeroU64::new(rows).unwrap(), NonZeroU32::new(starts).unwrap());
    Study { quantity, rows, starts, seed: 5 }
}

fn explained(
    experiment: &Experiment,
    radius: f64,
    study: Study,
) -> Result<Influences, InfluenceError> {
    influences(experiment, Kind::SuperTwisting, Starts::new(radius, 2).unwrap(), study, || ())
}

fn of<'a>(influences: &'a Influences, parameter: &str) -> &'a Influence {
    influences.parameters.iter().find(|of| of.parameter == parameter).unwrap()
}

/// Of three parameters each in turn deviates a hundred times as much as the other two. Parameters or columns
/// that are mixed up anywhere, from the plant to the table, would give its share to another one. Of the
/// variance the others have some 10⁻⁴, unless the figure hardly feels the one: 0.9 leaves them room.
#[test]
fn what_dominates_is_found_under_its_own_name() {
    for dominant in ["m0", "c1", "m2", "i2"] {
        let spread = |name| Some(Spread::Uniform(if name == dominant { 0.2 } else { 0.002 }));
        let mismatch = Mismatch {
            m0: spread("m0"),
            c1: spread("c1"),
            m2: spread("m2"),
            i2: spread("i2"),
            ..Mismatch::default()
        };
        let study = study(Quantity::ControlEffort, 32, 2);
        let found = explained(&experiment(mismatch), 0.1, study).unwrap();
        assert_eq!(found.parameters.len(), 4);
        assert_eq!(found.parameters[0].parameter, dominant, "{found:?}");
        assert!(found.parameters[0].total.value > 0.9, "{found:?}");
        assert!(found.parameters[1].total.value < 0.1, "{found:?}");
        assert_eq!(found.runs, 32 * (4 + 2) * 2);
        assert!(found.mean > 0.0 && found.standard_deviation > 0.0);
    }
}

/// The length of rod 2 is in no equation: exactly nothing changes when it does.
#[test]
fn what_the_plant_does_not_feel_has_no_influence() {
    let experiment = experiment(Mismatch::of_bodies(0.02));
    let found = explained(&experiment, 0.1, study(Quantity::ControlEffort, 64, 2)).unwrap();
    assert_eq!(found.parameters.len(), 9);
    let nothing = of(&found, "l2");
    for estimate in [nothing.first, nothing.total] {
        assert_eq!([estimate.value, estimate.low, estimate.high], [0.0; 3]);
    }
    assert!(of(&found, "m2").total.low > 0.0, "{found:?}");
    let totals: Vec<f64> = found.parameters.iter().map(|of| of.total.value).collect();
    assert!(totals.is_sorted_by(|one, other| one >= other));
}

/// The mean and deviation of as many runs as there are plants, one by one.
#[test]
fn the_mean_is_that_of_the_runs() {
    let mismatch = Mismatch { m0: Some(Spread::Uniform(0.3)), ..Mismatch::default() };
    let experiment = experiment(mismatch);
    let study = study(Quantity::ControlEffort, 16, 3);
    let found = explained(&experiment, 0.1, study).unwrap();

    let closed_loop = experiment.closed_loop().unwrap();
    let law = experiment.controller(Kind::SuperTwisting).unwrap();
    let scenarios = experiment.scenarios(Starts::new(0.1, 2).unwrap()).unwrap();
    let design = sim_runner::Saltelli::new(1, 5).unwrap();
    let figures: Vec<f64> = (0..16 * 3)
        .map(|point| {
            let mut share = [0.0];
            design.point(point, &mut share);
            let effort = |start| {
                let mut recorder = sim_runner::MetricsRecorder::new(&closed_loop);
                let run = closed_loop.run(&law, &scenarios.at(start, &share), &mut recorder);
                recorder.metrics(run.outcome).control_effort
            };
            (0..3).map(effort).sum::<f64>() / 3.0
        })
        .collect();
    let mean = figures.iter().sum::<f64>() / 48.0;
    let variance = figures.iter().map(|figure| (figure - mean).powi(2)).sum::<f64>() / 48.0;
    // Sums of 48 numbers round differently.
    assert!((found.mean / mean - 1.0).abs() < 1e-13);
    assert!((found.standard_deviation / variance.sqrt() - 1.0).abs() < 1e-10);
}

#[test]
fn threads_do_not_matter() {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let experiment = experiment(Mismatch::of_bodies(0.2));
            let found = explained(&experiment, 0.3, study(Quantity::Cost, 32, 2)).unwrap();
            serde_json::to_string(&found).unwrap()
        })
    };
    assert_eq!(on(1), on(2));
}

#[test]
fn what_does_not_exist_is_refused() {
    let experiment = experiment(Mismatch::of_bodies(0.2));
    // Half a second is too short to settle, and from more than a right angle everything has fallen.
    for (quantity, radius, fault) in [
        (Quantity::SettlingTime, 0.1, Outcome::NotSettled),
        (Quantity::ControlEffort, 3.0, Outcome::Fallen),
    ] {
        let error = explained(&experiment, radius, study(quantity, 8, 8)).unwrap_err();
        let InfluenceError::Missing { outcome, .. } = error else { panic!("{error}") };
        assert_eq!(outcome, fault);
    }
    let error = explained(&experiment, 0.1, study(Quantity::Success, 8, 2)).unwrap_err();
    assert_eq!(error, InfluenceError::Constant { quantity: Quantity::Success, mean: 0.0 });
    assert!(error.to_string().starts_with("success is 0 for nearly every plant"));

    // Runs that fail have a cost all the same, above 1.
    let found = explained(&experiment, 1.5, study(Quantity::Cost, 32, 4)).unwrap();
    assert!(found.mean > 1.0 && found.mean <= 2.0 && found.settled < found.runs);

    let nothing = Experiment { mismatch: Mismatch::default(), ..experiment };
    let error = explained(&nothing, 0.1, study(Quantity::Cost, 8, 1)).unwrap_err();
    assert_eq!(error.to_string(), "sensitivity.parameters = 0: must be from 1 to 16");
}
