//! The search for gains: reproducible on any number of threads, never worse than its start, and
//! honest about what it cannot do.

use std::ops::ControlFlow;

use dip_dynamics::{Plant, State};
use sim_runner::{
    About, Cost, Experiment, ExperimentError, Method, Outcome, Plan, PointName, Progress, Scenario,
    Simulation, Trial, Trials, TuneError, Tuned, Tuning, tune, tune_front,
};
use smc_controllers::{
    AdaptiveSpec, ClassicalSpec, ControllerSpec, EquivalentControl, Kind, SurfaceDesign, Switching,
    Weights,
};

fn trial(runs: u32, radius: f64) -> Trial {
    Trial { runs, radius, required: 0.9, ..Trial::default() }
}

/// Short, coarse and easy: a search takes a fraction of a second.
fn experiment() -> Experiment {
    Experiment {
        simulation: Simulation {
            duration: 3.0,
            control_period: 5e-3,
            step: 5e-3,
            ..Simulation::default()
        },
        tuning: Tuning {
            verification: 20,
            trials: vec![trial(3, 0.1), Trial { name: "other".to_owned(), ..trial(2, 0.05) }],
            ..Tuning::default()
        },
        ..Experiment::default()
    }
}

const PLAN: Plan =
    Plan { method: Method::Swarm, candidates: 6, evaluations: 30, seed: 1, anew: false };

fn quietly(experiment: &Experiment, kind: Kind, plan: Plan) -> Result<Tuned, TuneError> {
    tune(experiment, kind, plan, None, |_| ControlFlow::Continue(()))
}

fn on_threads(threads: usize, kind: Kind, plan: Plan) -> Tuned {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| quietly(&experiment(), kind, plan)).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_result_on_any_number_of_threads() {
    for (kind, method) in [
        (Kind::Classical, Method::Swarm),
        (Kind::Adaptive, Method::CmaEs),
        (Kind::Lqr, Method::DifferentialEvolution),
    ] {
        let plan = Plan { method, ..PLAN };
        let one = on_threads(1, kind, plan);
        for threads in [2, 8] {
            assert_eq!(on_threads(threads, kind, plan), one, "{kind}");
        }
        let other = on_threads(1, kind, Plan { seed: 2, ..plan });
        assert_ne!(other, one, "another seed is another search");
    }
}

#[test]
fn every_law_can_be_tuned_within_its_ranges_to_gains_that_can_be_written_down() {
    for kind in Kind::ALL {
        let tuned = quietly(&experiment(), kind, Plan { anew: true, ..PLAN }).unwrap();
        // Below 1 is what settled in every run, and nothing else.
        assert_eq!(tuned.holds(), tuned.best_cost < 1.0, "{kind}");
        assert_eq!(tuned.spec.kind(), kind);
        assert_eq!(tuned.evaluations, 30);
        assert!(tuned.infeasible < tuned.evaluations);
        assert!((0.0..=2.0).contains(&tuned.best_cost), "{kind}: {}", tuned.best_cost);
        let runs = |trials: &[sim_runner::TrialFigures]| {
            trials.iter().map(|trial| trial.runs).collect::<Vec<_>>()
        };
        assert_eq!(runs(&tuned.training), [3, 2]);
        assert_eq!(runs(&tuned.verification), [20, 20]);
        let mut spec = tuned.spec;
        spec.visit_tunable(|gain, value| {
            assert!((gain.lower..=gain.upper).contains(value), "{kind}: {gain} = {value}");
            let written: f64 = format!("{value:.3e}").parse().unwrap();
            // Poles are kept with their sign; a range may end anywhere.
            assert!(
                written == *value || [gain.lower, gain.upper].contains(value),
                "{gain} {value}"
            );
        });
        experiment().build(&tuned.spec).unwrap();
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
    let tuned = quietly(&experiment, Kind::Adaptive, PLAN).unwrap();
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
        let pair = Plan { candidates: 2, evaluations: 2, seed: seed.into(), ..PLAN };
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
        let mut seen: Vec<Progress> = Vec::new();
        let plan = Plan { evaluations: 72, ..PLAN };
        let watch = |progress: &Progress| {
            seen.push(*progress);
            ControlFlow::Continue(())
        };
        let tuned = tune(&experiment(), kind, plan, None, watch).unwrap();
        assert_eq!(seen, tuned.history);
        assert!(
            seen.iter().map(|p| (p.generation, p.evaluations)).eq((1..=12).map(|i| (i, 6 * i)))
        );
        let costs: Vec<f64> = seen.iter().filter_map(|p| p.best_cost).collect();
        assert!(costs.is_sorted_by(|before, after| after <= before), "{costs:?}");
        assert_eq!(costs.last(), Some(&tuned.best_cost));

        // The gains that were found cost, as a start, what they cost as a result.
        let mut again = experiment();
        again.controllers.set(tuned.spec);
        let start = quietly(&again, kind, Plan { evaluations: 6, ..plan }).unwrap();
        assert!(start.best_cost <= tuned.best_cost, "{start:?} {tuned:?}");
    }
}

/// Whoever watches ends a search; gone on from its checkpoint, it is the search without a break.
#[test]
fn a_search_goes_on_from_its_checkpoint_as_if_nothing_had_happened() {
    let directory = tempfile::tempdir().unwrap();
    for method in Method::OF_ONE_COST {
        let plan = Plan { method, ..PLAN };
        let path = directory.path().join(method.name());
        let fly = |plan, until: u64| {
            tune(&experiment(), Kind::Classical, plan, Some(path.as_path()), |progress| {
                if progress.generation >= until {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            })
        };
        assert_eq!(fly(plan, 2).unwrap().evaluations, 12);
        assert_eq!(
            fly(plan, u64::MAX).unwrap(),
            quietly(&experiment(), Kind::Classical, plan).unwrap()
        );
        let other = fly(Plan { seed: 2, ..plan }, u64::MAX).unwrap_err();
        assert!(matches!(other, TuneError::Checkpoint(_)), "{other}");
    }
}

/// A start in training is in no verification, whatever the seeds; and what has trained on three starts alone
/// fails where it is looked at closely.
#[test]
fn what_holds_in_training_alone_is_reported_as_failed() {
    let mut lucky = experiment();
    lucky.simulation.duration = 10.0;
    // Only the smallest of these starts can be held.
    lucky.actuator.u_max = 20.0;
    lucky.tuning.trials = vec![Trial { required: 1.0, ..trial(1, 0.5) }];
    lucky.tuning.verification = 200;
    let found = (1..40).map(|seed| {
        quietly(&lucky, Kind::Classical, Plan { seed, evaluations: 6, ..PLAN }).unwrap()
    });
    let mut caught = 0;
    for tuned in found.filter(Tuned::holds) {
        assert!(!tuned.is_verified(), "{tuned:?}");
        assert!(tuned.verification_cost.unwrap() > tuned.best_cost);
        caught += 1;
    }
    assert!(caught > 0, "no seed was lucky: this test would not see it");
}

#[test]
fn a_front_trades_and_its_names_are_its_ends() {
    let mut easy = experiment();
    easy.simulation.duration = 10.0;
    let plan = Plan { method: Method::Nsga2, candidates: 12, evaluations: 240, ..PLAN };
    let fly = || tune_front(&easy, Kind::Lqr, plan, None, |_| ControlFlow::Continue(())).unwrap();
    let front = fly();
    assert_eq!(front, fly(), "the same seed gives the same front");
    assert!(front.points.len() > 3, "{}", front.points.len());
    for point in &front.points {
        // Whatever is on a front held every training run, and its evidence is that of a search for one cost.
        assert!(point.cost > 0.0 && point.cost < 1.0);
        assert!(point.training.iter().all(|trial| trial.settled == trial.runs));
        assert!(point.verification_cost.is_some_and(|cost| cost.is_finite() && cost > 0.0));
    }
    for (i, a) in front.points.iter().enumerate() {
        for b in &front.points[i + 1..] {
            let better = |a: f64, b: f64| a < b;
            let (a, b) = (a.objectives, b.objectives);
            assert!(
                !(better(b.settling_time, a.settling_time)
                    && better(b.control_effort, a.control_effort)
                    && better(b.chattering, a.chattering)),
                "{b:?} dominates {a:?}"
            );
        }
    }
    let least = |of: fn(&sim_runner::Objectives) -> f64| {
        front.points.iter().map(|point| of(&point.objectives)).fold(f64::INFINITY, f64::min)
    };
    let of = |name| front.pick(name).objectives;
    assert_eq!(of(PointName::Fast).settling_time, least(|o| o.settling_time));
    assert_eq!(of(PointName::Thrifty).control_effort, least(|o| o.control_effort));
    assert_eq!(of(PointName::Calm).chattering, least(|o| o.chattering));
    assert!(front.points.iter().any(|point| point.names.contains(&PointName::Balanced)));
}

/// A law of one's own is judged as ours are.
#[test]
fn laws_are_judged_alike_by_type_and_by_name() {
    let experiment = experiment();
    let any = experiment.controller(Kind::Lqr).unwrap();
    let law = smc_controllers::Lqr::try_from(any).unwrap();
    let trials = Trials::training(&experiment, 1).unwrap();
    let judged = trials.judge(&[law, law]);
    assert_eq!(judged, trials.judge_any(Kind::Lqr, &[any, any]));
    assert_eq!(judged[0], judged[1]);
    assert_eq!((judged[0].runs, trials.runs(), trials.steps()), (5, 5, 5 * 600));
}

/// From a start that nothing holds all runs of a trial about it are lost, and none of one about upright.
#[test]
fn a_trial_is_about_upright_or_about_the_own_start() {
    let mut experiment = experiment();
    experiment.simulation.duration = 10.0;
    experiment.start = State { theta1: 1.5, ..State::UPRIGHT };
    let law = experiment.controller(Kind::Classical).unwrap();
    for (about, settled) in [(About::Upright, 4), (About::Start, 0)] {
        experiment.tuning.trials = vec![Trial { about, ..trial(4, 0.02) }];
        let judged = Trials::training(&experiment, 1).unwrap().judge_any(law.kind(), &[law]);
        assert_eq!((judged[0].settled, judged[0].runs), (settled, 4), "{about:?}");
    }
}

/// With `x = w/(1 + w)` for a cost of one metric, twice its weight is `2x/(1 + x)` in each run.
#[test]
fn a_trial_may_have_a_cost_of_its_own() {
    let mut experiment = experiment();
    experiment.simulation.duration = 10.0;
    experiment.tuning.tail_weight = 0.0;
    let weights = Cost {
        settling_time: 1.0,
        angle_settling_time: 0.0,
        iae: 0.0,
        control_effort: 0.0,
        total_variation: 0.0,
        cart_travel: 0.0,
    };
    experiment.tuning.cost = weights;
    let law = experiment.controller(Kind::Classical).unwrap();
    let mut cost = |own: Option<Cost>| {
        experiment.tuning.trials = vec![Trial { cost: own, ..trial(1, 0.05) }];
        Trials::training(&experiment, 1).unwrap().judge_any(law.kind(), &[law])[0].cost.unwrap()
    };
    let x = cost(None);
    assert_eq!(cost(Some(weights)), x);
    let twice = cost(Some(Cost { settling_time: 2.0, ..weights }));
    assert!((twice - 2.0 * x / (1.0 + x)).abs() < 1e-15, "{x}, {twice}");
}

#[test]
fn good_gains_cost_less_than_one_and_bad_ones_more() {
    // Too little force for anything: every candidate falls.
    let mut hopeless = experiment();
    hopeless.actuator.u_max = 1e-3;
    let tuned = quietly(&hopeless, Kind::Lqr, PLAN).unwrap();
    assert!(tuned.best_cost > 1.0 && tuned.best_cost <= 2.0, "{tuned:?}");

    // Long and easy: gains that settle from everywhere exist, and a known one is among the first.
    let mut easy = experiment();
    easy.simulation.duration = 10.0;
    easy.tuning.trials = vec![trial(5, 0.02)];
    easy.controllers.lqr.weights = Weights { q: [10.0, 100.0, 100.0, 1.0, 10.0, 10.0], r: 0.1 };
    let tuned = quietly(&easy, Kind::Lqr, Plan { evaluations: 6, ..PLAN }).unwrap();
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
fn a_plan_that_cannot_be_searched_with_is_refused() {
    for (plan, expected) in [
        (Plan { evaluations: 0, ..PLAN }, "evaluations = 0: must be at least 1"),
        (Plan { candidates: 0, ..PLAN }, "particles = 0; must be at least 2 and at most 1000000"),
        (Plan { candidates: 1, ..PLAN }, "particles = 1; must be at least 2 and at most 1000000"),
    ] {
        let error = quietly(&experiment(), Kind::Classical, plan).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let mut fixed = experiment();
    fixed.controllers.classical.surface =
        SurfaceDesign::Coefficients { s: [1.0, -2.0, 4.0, 1.0, -0.5, 0.7], allow_unstable: true };
    // Those of a surface that does not decay can be searched, too.
    quietly(&fixed, Kind::Classical, PLAN).unwrap();

    // Coefficients that do decay keep their signs, and move.
    let linear = Plant::new(&fixed.plant.viscous()).unwrap().linearise(&State::UPRIGHT, 0.0);
    let designed = ClassicalSpec::default().surface.design(&linear).unwrap();
    let s: [f64; 6] = designed.s.transpose().into();
    fixed.controllers.classical.surface =
        SurfaceDesign::Coefficients { s: s.map(|c| c * 1.001), allow_unstable: false };
    let found = quietly(&fixed, Kind::Classical, Plan { evaluations: 120, ..PLAN }).unwrap();
    let Some(SurfaceDesign::Coefficients { s: moved, .. }) = found.spec.surface() else {
        panic!("{found:?}")
    };
    assert!(s.iter().zip(moved).all(|(a, b)| a.signum() == b.signum() && a != b), "{moved:?}");
    assert!(found.infeasible > 0, "what does not decay is no candidate");
}

/// One cost has its methods, and several objectives have theirs.
#[test]
fn a_method_is_asked_for_what_it_can_do() {
    let plan = Plan { method: Method::Nsga2, ..PLAN };
    let error = quietly(&experiment(), Kind::Lqr, plan).unwrap_err();
    assert!(error.to_string().starts_with("method = nsga2: must be a method for one cost"));
    for method in Method::OF_ONE_COST {
        let plan = Plan { method, ..PLAN };
        let watch = |_: &Progress| ControlFlow::Continue(());
        let error = tune_front(&experiment(), Kind::Lqr, plan, None, watch).unwrap_err();
        assert!(error.to_string().contains("must be a method for several objectives"), "{error}");
    }
}

/// A damaged checkpoint is told, and the one before it is gone on from.
#[test]
fn a_refused_checkpoint_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("checkpoint");
    let fly = |until: u64| {
        tune(&experiment(), Kind::Lqr, PLAN, Some(path.as_path()), |progress| {
            if progress.generation >= until {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })
        .unwrap()
    };
    assert_eq!(fly(3).refused, None);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let resumed = fly(u64::MAX);
    let reason = resumed.refused.clone().expect("it was refused");
    assert!(reason.contains("checkpoint"), "{reason}");
    let whole = quietly(&experiment(), Kind::Lqr, PLAN).unwrap();
    assert_eq!(Tuned { refused: None, ..resumed }, whole);
}

/// A cost of exactly 0 says that nothing was asked of the law.
#[test]
fn a_search_with_nothing_to_hold_is_an_error() {
    let mut nothing = experiment();
    // All of these starts have settled before they begin, and nothing else is weighed.
    nothing.tuning.trials = vec![trial(3, 1e-4)];
    nothing.tuning.cost = Cost {
        settling_time: 1.0,
        angle_settling_time: 0.0,
        iae: 0.0,
        control_effort: 0.0,
        total_variation: 0.0,
        cart_travel: 0.0,
    };
    let error = quietly(&nothing, Kind::Lqr, PLAN).unwrap_err();
    assert!(matches!(error, TuneError::NothingToHold(Kind::Lqr)), "{error}");
    let plan = Plan { method: Method::Nsga2, ..PLAN };
    let error =
        tune_front(&nothing, Kind::Lqr, plan, None, |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, TuneError::NothingToHold(Kind::Lqr)), "{error}");
}

#[test]
fn an_experiment_that_cannot_be_run_is_refused_before_the_search() {
    let mut wrong = experiment();
    wrong.plant.m1 = -1.0;
    let mut no_starts = experiment();
    no_starts.tuning.trials[1].runs = 0;
    let mut wrong_cost = experiment();
    wrong_cost.tuning.trials[1].cost = Some(Cost { iae: -1.0, ..Cost::default() });
    let mut wrong_weight = experiment();
    wrong_weight.tuning.cost.iae = -1.0;
    let mut wrong_gain = experiment();
    wrong_gain.controllers.classical = ClassicalSpec { k: 0.0, ..ClassicalSpec::default() };
    for (experiment, key) in [
        (wrong, "plant.m1"),
        (no_starts, "tuning.trials.1.runs"),
        (wrong_cost, "tuning.trials.1.cost.iae"),
        (wrong_weight, "tuning.cost.iae"),
        (wrong_gain, "controllers.classical.k"),
    ] {
        let error = tune(&experiment, Kind::Classical, PLAN, None, |_| unreachable!()).unwrap_err();
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
    let error = quietly(&experiment, Kind::Lqr, PLAN).unwrap_err();
    assert_eq!(error.to_string(), "none of 30 evaluated candidates was feasible");
}
