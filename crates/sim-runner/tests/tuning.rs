//! The search for gains: reproducible on any number of threads, never worse than its start, and
//! honest about what it cannot do.

use std::sync::{Arc, Mutex};

use dip_dynamics::State;
use sim_runner::{
    Budget, Cost, Experiment, ExperimentError, Outcome, Progress, Scenario, Simulation, TuneError,
    Tuned, Tuning, tune,
};
use smc_controllers::{
    AdaptiveSpec, ClassicalSpec, ControllerSpec, EquivalentControl, Kind, SurfaceDesign, Switching,
    Weights,
};

/// Short, coarse and easy: a search takes a fraction of a second.
fn experiment() -> Experiment {
    Experiment {
        simulation: Simulation {
            duration: 3.0,
            control_period: 5e-3,
            step: 5e-3,
            ..Simulation::default()
        },
        tuning: Tuning { starts: 3, radius: 0.1, cost: Cost::default() },
        ..Experiment::default()
    }
}

const BUDGET: Budget = Budget { particles: 6, iterations: 5, seed: 1 };

fn quietly(experiment: &Experiment, kind: Kind, budget: Budget) -> Result<Tuned, TuneError> {
    tune(experiment, kind, budget, |_| ())
}

fn on_threads(threads: usize, kind: Kind, budget: Budget) -> Tuned {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| quietly(&experiment(), kind, budget)).unwrap()
}

/// The bits of everything that a search returns.
fn bits(mut tuned: Tuned) -> Vec<u64> {
    let mut bits = vec![tuned.best_cost.to_bits(), tuned.evaluations, tuned.infeasible];
    tuned.spec.visit_tunable(|_, value| bits.push(value.to_bits()));
    bits
}

#[test]
fn the_same_seed_gives_the_same_gains_on_any_number_of_threads() {
    for kind in [Kind::Classical, Kind::Adaptive, Kind::Lqr] {
        let one = on_threads(1, kind, BUDGET);
        for threads in [2, 8] {
            assert_eq!(bits(on_threads(threads, kind, BUDGET)), bits(one), "{kind}");
        }
        let other = on_threads(1, kind, Budget { seed: 2, ..BUDGET });
        assert_ne!(bits(other), bits(one), "another seed is another search");
    }
}

#[test]
fn every_law_can_be_tuned_within_its_ranges() {
    for kind in Kind::ALL {
        let Tuned { mut spec, best_cost, settled, starts, evaluations, infeasible } =
            quietly(&experiment(), kind, BUDGET).unwrap();
        // Below 1 is what settled from every start, and nothing else.
        assert_eq!(settled == starts, best_cost < 1.0, "{kind}");
        assert_eq!(spec.kind(), kind);
        assert_eq!(evaluations, 6 * 5);
        assert!(infeasible < evaluations);
        assert!((0.0..=2.0).contains(&best_cost), "{kind}: {best_cost}");
        spec.visit_tunable(|gain, value| {
            let within = gain.lower..=gain.upper;
            assert!(within.contains(value), "{kind}: {gain} = {value}");
        });
        let mut found = experiment();
        found.controllers.set(spec);
        found.controller(kind).unwrap();
    }
}

#[test]
fn what_is_not_tuned_stays_as_it_is() {
    let surface = SurfaceDesign::Lqr(Weights { q: [1.0; 6], r: 0.0625 });
    let mut experiment = experiment();
    let mut base = experiment.controllers.adaptive;
    base.surface = surface;
    base.leak = 0.375;
    base.dead_zone = 0.0625;
    experiment.controllers.adaptive = base;
    let tuned = quietly(&experiment, Kind::Adaptive, BUDGET).unwrap();
    let ControllerSpec::Adaptive(spec) = tuned.spec else { panic!("{tuned:?}") };
    assert_eq!((spec.leak, spec.dead_zone, spec.k_max), (0.375, 0.0625, base.k_max));
    assert!(matches!(spec.surface, SurfaceDesign::Lqr(weights) if weights.r == 0.0625));
    assert_eq!(spec.equivalent, base.equivalent);
}

/// Also a gain at its cap, whose logarithm's power is above it in one case of three.
#[test]
fn the_gains_of_the_experiment_are_a_candidate_as_they_are() {
    let surface = SurfaceDesign::Lqr(Weights { q: [10.0, 100.0, 100.0, 1.0, 10.0, 10.0], r: 0.1 });
    let mut experiment = experiment();
    experiment.simulation.duration = 0.1;
    let mut kept = 0;
    for seed in 1..30_u32 {
        let k = 0.7 * f64::from(seed);
        experiment.controllers.adaptive = AdaptiveSpec {
            surface,
            equivalent: EquivalentControl::Full,
            switching: Switching::saturation(0.05),
            gamma: 10.0,
            alpha: 10.0,
            k_init: k,
            k_min: 0.0,
            k_max: k,
            leak: 0.1,
            rate_max: 1000.0,
            dead_zone: 0.01,
        };
        // The gains as they are, and one particle at random, of which k_init may be above k_max.
        let pair = Budget { particles: 2, iterations: 1, seed: seed.into() };
        let tuned = quietly(&experiment, Kind::Adaptive, pair).unwrap();
        assert!(tuned.infeasible <= 1, "{tuned:?}");
        if tuned.infeasible == 1 {
            assert_eq!(tuned.spec, experiment.controllers.get(Kind::Adaptive), "bit for bit");
            kept += 1;
        }
    }
    assert!(kept > 3, "this test would not see it: {kept}");
}

/// The first generation holds the starting gains, so a search is never worse than they are; and
/// since it reports progress as it goes, what it reports never gets worse.
#[test]
fn a_search_reports_each_generation_and_never_gets_worse() {
    for kind in [Kind::Classical, Kind::SuperTwisting] {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let progress = Arc::clone(&seen);
        let budget = Budget { iterations: 12, ..BUDGET };
        let tuned = tune(&experiment(), kind, budget, move |p: Progress| {
            progress.lock().unwrap().push(p);
        })
        .unwrap();
        let seen = seen.lock().unwrap();
        assert!(seen.iter().map(|p| p.iteration).eq(1..=12), "{seen:?}");
        let costs: Vec<f64> = seen.iter().filter_map(|p| p.best_cost).collect();
        assert!(costs.is_sorted_by(|before, after| after <= before), "{costs:?}");
        assert_eq!(costs.last(), Some(&tuned.best_cost));

        // The gains that were found cost, as a start, what they cost as a result.
        let mut again = experiment();
        again.controllers.set(tuned.spec);
        let once = Budget { iterations: 1, ..BUDGET };
        let start = quietly(&again, kind, once).unwrap();
        assert!(start.best_cost <= tuned.best_cost * (1.0 + 1e-9), "{start:?} {tuned:?}");
    }
}

#[test]
fn good_gains_cost_less_than_one_and_bad_ones_more() {
    // Too little force for anything: every candidate falls.
    let mut hopeless = experiment();
    hopeless.actuator.u_max = 1e-3;
    let tuned = quietly(&hopeless, Kind::Lqr, BUDGET).unwrap();
    assert!(tuned.best_cost > 1.0 && tuned.best_cost <= 2.0, "{tuned:?}");

    // Long and easy: gains that settle from everywhere exist, and a known one is among the first.
    let mut easy = experiment();
    easy.simulation.duration = 10.0;
    easy.tuning.radius = 0.02;
    easy.controllers.lqr.weights = Weights { q: [10.0, 100.0, 100.0, 1.0, 10.0, 10.0], r: 0.1 };
    let tuned = quietly(&easy, Kind::Lqr, Budget { iterations: 1, ..BUDGET }).unwrap();
    assert!(tuned.best_cost < 1.0, "{tuned:?}");
    let mut found = easy;
    found.controllers.set(tuned.spec);
    let start = State { theta1: 0.02, theta2: -0.02, ..State::UPRIGHT };
    let run = found.closed_loop().unwrap().run(
        &found.controller(Kind::Lqr).unwrap(),
        &Scenario::new(start, found.plant().unwrap(), 1),
        &mut (),
    );
    assert_eq!(run.outcome, Outcome::Settled);
}

#[test]
fn a_budget_that_cannot_be_searched_with_is_refused() {
    for (budget, expected) in [
        (Budget { iterations: 0, ..BUDGET }, "iterations = 0: must be at least 1"),
        (
            Budget { particles: 0, ..BUDGET },
            "particles = 0; must be at least 2 and at most 1000000",
        ),
        (
            Budget { particles: 1, ..BUDGET },
            "particles = 1; must be at least 2 and at most 1000000",
        ),
    ] {
        let error = quietly(&experiment(), Kind::Classical, budget).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn an_experiment_that_cannot_be_run_is_refused_before_the_search() {
    let mut wrong = experiment();
    wrong.plant.m1 = -1.0;
    let mut no_starts = experiment();
    no_starts.tuning.starts = 0;
    let mut wrong_gain = experiment();
    wrong_gain.controllers.classical = ClassicalSpec { k: 0.0, ..ClassicalSpec::default() };
    for (experiment, key) in
        [(wrong, "plant.m1"), (no_starts, "tuning.starts"), (wrong_gain, "controllers.classical.k")]
    {
        let error = tune(&experiment, Kind::Classical, BUDGET, |_| unreachable!()).unwrap_err();
        let TuneError::Experiment(error) = error else { panic!("{error:?}") };
        assert_eq!(ExperimentError::key(&error), key);
    }
}

/// A step that is much too long for the plant: every run diverges, nothing has a cost, and no
/// number is made up.
#[test]
fn a_search_in_which_nothing_is_feasible_is_an_error() {
    let mut experiment = experiment();
    experiment.simulation = Simulation {
        duration: 2000.0,
        control_period: 100.0,
        step: 100.0,
        ..experiment.simulation
    };
    experiment.settling.fall_angle = 1e300;
    let error = quietly(&experiment, Kind::Lqr, BUDGET).unwrap_err();
    assert_eq!(error.to_string(), "none of 30 evaluated candidates was feasible");
}
