//! The swarm under argmin's executor: the same search, with argmin's limits and observers.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use argmin::core::{
    CostFunction, Error as ArgminError, Executor, KV, State, TerminationReason,
    observers::{Observe, ObserverMode},
};
use pso_optim::{Batch, Error, Optimiser, Outcome, Pointwise, Search, SearchState, Swarm};

use crate::{advance, pareto, rastrigin, sphere, swarm};

/// An objective from a closure, with argmin's own serial `bulk_cost`.
struct Serial<F>(F);

impl<F: Fn(&[f64]) -> Result<f64, ArgminError>> CostFunction for Serial<F> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, ArgminError> {
        self.0(x)
    }
}

fn executor<F: Fn(&[f64]) -> Result<f64, ArgminError>>(
    cost: F,
    solver: Search<Swarm>,
    max_iters: u64,
) -> Executor<Serial<F>, Search<Swarm>, SearchState> {
    Executor::new(Serial(cost), solver).configure(|state| state.max_iters(max_iters))
}

fn solver(seed: u64) -> Search<Swarm> {
    Search::new(swarm(5.12, 3, seed))
}

/// Ask and tell by hand: what the executor has to reproduce.
fn by_hand(seed: u64, generations: u64) -> Outcome {
    let mut swarm = swarm(5.12, 3, seed);
    for _ in 0..generations {
        advance(&mut swarm, rastrigin);
    }
    swarm.outcome().unwrap()
}

#[test]
fn the_executor_runs_the_same_search() {
    let result = executor(|x| Ok(rastrigin(x)), solver(3), 80)
        .configure(|state| state.counting(true))
        .run()
        .unwrap();
    let outcome = by_hand(3, 80);
    assert_eq!(result.state.get_best_cost(), outcome.cost);
    assert_eq!(result.state.get_best_param(), Some(&outcome.position));
    assert_eq!(result.state.get_func_counts()["cost_count"], outcome.evaluations);
    assert_eq!(result.solver.optimiser().outcome(), Ok(outcome));
    assert_eq!(result.state.get_termination_reason(), Some(&TerminationReason::MaxItersReached));
}

/// The whole generation comes at once, in the order of the candidates, once an iteration.
#[test]
fn a_batch_is_a_generation() {
    let sizes = Mutex::new(Vec::new());
    let batch = Batch(|points: &[&[f64]]| {
        sizes.lock().unwrap().push(points.len());
        points.iter().map(|x| rastrigin(x)).collect()
    });
    let executor = Executor::new(batch, solver(3)).configure(|state| state.max_iters(80));
    let result = executor.run().unwrap();
    assert_eq!(result.solver.optimiser().outcome(), Ok(by_hand(3, 80)));
    drop(result);
    assert_eq!(sizes.into_inner().unwrap(), [20; 80]);
}

#[test]
fn a_closure_of_one_candidate_does_as_well() {
    let executor = Executor::new(Pointwise(rastrigin), solver(3));
    let result = executor.configure(|state| state.max_iters(80)).run().unwrap();
    assert_eq!(result.solver.optimiser().outcome(), Ok(by_hand(3, 80)));
}

#[test]
fn several_objectives_run_under_the_executor_too() {
    let search = Search::new(pareto::search(&pareto::zdt1, 1));
    let result = Executor::new(Pointwise(pareto::zdt1.of), search)
        .configure(|state| state.max_iters(50))
        .run()
        .unwrap();
    assert_eq!(result.state.get_best_param(), None);
    let front = result.solver.optimiser().front().unwrap();
    let mut by_hand = pareto::search(&pareto::zdt1, 1);
    (0..50).for_each(|_| advance(&mut by_hand, pareto::zdt1.of));
    assert_eq!(front, by_hand.front().unwrap());

    let nothing = Pointwise(|_: &[f64]| vec![f64::NAN, 0.0]);
    let search = Search::new(pareto::search(&pareto::zdt1, 1));
    let executor = Executor::new(nothing, search).configure(|state| state.max_iters(3));
    let error = executor.run().err().unwrap();
    assert_eq!(error.downcast_ref(), Some(&Error::NothingFeasible { evaluations: 300 }));
}

/// Best cost, evaluations and infeasible ones after each iteration.
#[derive(Clone, Default)]
struct History(Arc<Mutex<Vec<(f64, u64, u64)>>>);

impl Observe<SearchState> for History {
    fn observe_iter(&mut self, state: &SearchState, log: &KV) -> Result<(), ArgminError> {
        let count = |key| log.get(key).unwrap().get_uint().unwrap();
        assert!((0.0..0.6).contains(&log.get("diversity").unwrap().get_float().unwrap()));
        let entry = (state.get_best_cost(), count("evaluations"), count("infeasible"));
        self.0.lock().unwrap().push(entry);
        Ok(())
    }
}

#[test]
fn observers_see_every_iteration_and_the_target_ends_the_run() {
    let history = History::default();
    let result = executor(|x| Ok(sphere(x)), solver(1), 1000)
        .configure(|state| state.target_cost(1e-6))
        .add_observer(history.clone(), ObserverMode::Always)
        .run()
        .unwrap();
    assert_eq!(result.state.get_termination_reason(), Some(&TerminationReason::TargetCostReached));

    let history = history.0.lock().unwrap();
    assert_eq!(history.len() as u64, result.state.get_iter());
    assert!(history.is_sorted_by(|before, after| before.0 >= after.0));
    let (last, earlier) = history.split_last().unwrap();
    assert!(last.0 <= 1e-6 && earlier.iter().all(|entry| entry.0 > 1e-6));
    assert!(history.iter().zip(1..).all(|(entry, i)| (entry.1, entry.2) == (20 * i, 0)));
}

/// argmin drops a whole generation for one `Err`; here it costs one candidate.
#[test]
fn an_error_of_the_objective_is_one_infeasible_candidate() {
    let or_fail = |x: &[f64]| {
        if x[0] < 1.0 { Err(ArgminError::msg("left of the edge")) } else { Ok(sphere(x)) }
    };
    let or_nan = |x: &[f64]| Ok(if x[0] < 1.0 { f64::NAN } else { sphere(x) });
    let failing = executor(or_fail, solver(2), 100).run().unwrap().solver;
    let nan = executor(or_nan, solver(2), 100).run().unwrap().solver;

    assert_eq!(failing.optimiser().outcome(), nan.optimiser().outcome());
    assert!(failing.optimiser().tally().infeasible > 0);
    assert_eq!(failing.first_failure(), Some("left of the edge"));
    assert_eq!(nan.first_failure(), None);
}

#[test]
fn a_run_that_saw_nothing_feasible_is_an_error_with_its_reason() {
    let nan = executor(|_| Ok(f64::NAN), solver(1), 5).run().err().unwrap();
    assert_eq!(nan.downcast_ref(), Some(&Error::NothingFeasible { evaluations: 100 }));

    let no_plant = |_: &[f64]| Err(ArgminError::msg("no such plant"));
    let failed = executor(no_plant, solver(1), 5).run().err().unwrap();
    assert_eq!(failed.downcast_ref(), Some(&Error::NothingFeasible { evaluations: 100 }));
    let text = format!("{failed:#}");
    assert_eq!(text, "none of 100 evaluated candidates was feasible: no such plant");
}

/// A timeout stops a run from outside as Ctrl-C does: whatever was found by then stands, and
/// nothing stands for nothing.
#[test]
fn a_run_cut_short_keeps_what_it_has() {
    let run = |cost: fn(&[f64]) -> f64| {
        let executor = executor(move |x| Ok(cost(x)), solver(3), 1_000_000);
        executor.timeout(Duration::ZERO).run().unwrap()
    };
    let found = run(rastrigin);
    assert_eq!(found.state.get_termination_reason(), Some(&TerminationReason::Timeout));
    assert_eq!(found.state.get_best_cost(), by_hand(3, 1).cost);

    let nothing = run(|_| f64::NAN);
    assert_eq!(nothing.state.get_best_param(), None);
    assert_eq!(nothing.state.get_best_cost(), f64::INFINITY);
    let error = nothing.solver.optimiser().outcome().unwrap_err();
    assert_eq!(error, Error::NothingFeasible { evaluations: 20 });
}

#[test]
fn a_solver_goes_on_where_it_stopped() {
    let run = |solver| executor(|x| Ok(rastrigin(x)), solver, 40).run().unwrap();
    let second = run(run(solver(3)).solver);
    assert_eq!(second.solver.optimiser().outcome(), Ok(by_hand(3, 80)));
    assert_eq!(second.state.get_best_cost(), by_hand(3, 80).cost);
}

#[test]
fn starting_points_in_the_state_are_refused_not_lost() {
    let point = vec![1.0; 3];
    let run = |configure: &dyn Fn(SearchState) -> SearchState| {
        executor(|x| Ok(sphere(x)), solver(1), 1).configure(configure).run().err().unwrap()
    };
    let individual = run(&|state| state.individual(point.clone()));
    let population = run(&|state| state.population(vec![point.clone()]));
    assert_eq!(individual.downcast_ref(), Some(&Error::PointsInState));
    assert_eq!(population.downcast_ref(), Some(&Error::PointsInState));
}
