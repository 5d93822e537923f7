//! Gains by particle swarm: which gains are searched, where, and in which scenarios.
//!
//! What a candidate costs is in `cost.rs`. A candidate whose surface cannot be designed, or of which
//! a run diverges, has no cost: the swarm counts it as infeasible.

use std::borrow::Borrow;

use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{CostFunction, Error as ArgminError, Executor, KV, State as _};
use dip_dynamics::{Linearisation, State};
use pso_optim::{Bounds, Optimiser as _, Search, SearchState, Swarm, SwarmSettings};
use rayon::prelude::*;
use smc_controllers::{ControllerSpec, Kind};
use thiserror::Error;

use crate::closed_loop::ClosedLoop;
use crate::cost::{Cost, Judge, Tuning};
use crate::error::ExperimentError;
use crate::experiment::Experiment;
use crate::metrics::MetricsRecorder;
use crate::scenario::Scenario;
use crate::starts::Starts;
use crate::world::World;

/// The objective: what a candidate costs.
#[derive(Clone)]
struct Objective<'a> {
    base: ControllerSpec,
    linear: Linearisation,
    closed_loop: ClosedLoop,
    scenarios: &'a [Scenario],
    cost: Cost,
}

impl Objective<'_> {
    /// NaN where there is no cost.
    fn evaluate(&self, logarithms: &[f64]) -> f64 {
        self.judge(&with_gains(self.base, logarithms)).and_then(|j| j.cost()).unwrap_or(f64::NAN)
    }

    /// None if the law cannot be built.
    fn judge(&self, spec: &ControllerSpec) -> Option<Judge> {
        let controller = spec.build(&self.linear, self.closed_loop.u_max()).ok()?;
        let mut judge = Judge::new(self.cost, self.closed_loop.horizon());
        let mut world = World::new(&self.closed_loop);
        for scenario in self.scenarios {
            let mut recorder = MetricsRecorder::new(&self.closed_loop);
            let run = world.run(&controller, scenario, &mut recorder);
            judge.add(&run, &recorder.metrics(run.outcome));
        }
        Some(judge)
    }
}

impl CostFunction for Objective<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, logarithms: &Vec<f64>) -> Result<f64, ArgminError> {
        Ok(self.evaluate(logarithms))
    }

    fn bulk_cost<P>(&self, candidates: &[P]) -> Result<Vec<f64>, ArgminError>
    where
        P: Borrow<Vec<f64>>,
    {
        let candidates: Vec<&Vec<f64>> = candidates.iter().map(Borrow::borrow).collect();
        Ok(candidates.par_iter().map(|candidate| self.evaluate(candidate)).collect())
    }
}

/// The base law with its tunable gains replaced by `10^logarithm`.
///
/// That rounds, and a gain a hair above its cap cannot be built: one that the search did not move
/// keeps its bits, and one at the end of its range is that end.
fn with_gains(mut base: ControllerSpec, logarithms: &[f64]) -> ControllerSpec {
    let mut next = logarithms.iter();
    base.visit_tunable(|gain, value| {
        let logarithm = *next.next().expect("one logarithm for each tunable gain");
        if logarithm != value.log10() {
            *value = 10.0_f64.powf(logarithm).clamp(gain.lower, gain.upper);
        }
    });
    base
}

/// How long and how wide to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Particles of the swarm, at least 2.
    pub particles: usize,
    /// Generations, at least 1.
    pub iterations: u64,
    /// Seed of the scenarios and of the swarm.
    pub seed: u64,
}

/// Gains that were found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuned {
    /// The law with these gains.
    pub spec: ControllerSpec,
    /// What it costs on the starts that it was tuned on.
    pub best_cost: f64,
    /// Runs that settled with these gains, …
    pub settled: u32,
    /// … of the starts that they were tuned on.
    pub starts: u32,
    /// Candidates that were judged.
    pub evaluations: u64,
    /// Those among them that had no cost.
    pub infeasible: u64,
}

/// Why nothing could be tuned.
#[derive(Debug, Error)]
pub enum TuneError {
    /// The experiment cannot be run.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The swarm cannot search, or found nothing feasible.
    #[error(transparent)]
    Swarm(#[from] pso_optim::Error),
    /// A search of no generations.
    #[error("iterations = 0: must be at least 1")]
    NoIterations,
    /// The search was stopped by its framework.
    #[error("the search stopped: {0}")]
    Search(ArgminError),
}

/// Where a search is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Generations done.
    pub iteration: u64,
    /// The best cost so far; none before the first feasible candidate.
    pub best_cost: Option<f64>,
}

struct Reporter<F>(F);

impl<F: FnMut(Progress)> Observe<SearchState> for Reporter<F> {
    fn observe_iter(&mut self, state: &SearchState, _: &KV) -> Result<(), ArgminError> {
        let best = state.get_best_cost();
        (self.0)(Progress {
            iteration: state.get_iter() + 1,
            best_cost: best.is_finite().then_some(best),
        });
        Ok(())
    }
}

/// Tunes the gains of one law of an experiment. The first particle starts from those that it has,
/// moved into the ranges of the search.
///
/// The surface's weights and the law's own gains are searched on logarithmic scales within the
/// ranges of [`ControllerSpec::visit_tunable`]. The same seed gives the same gains, on however many
/// threads.
///
/// # Errors
/// An experiment that cannot be run, a budget that cannot be searched with, or a search in which no
/// candidate was feasible.
pub fn tune(
    experiment: &Experiment,
    kind: Kind,
    budget: Budget,
    progress: impl FnMut(Progress) + 'static,
) -> Result<Tuned, TuneError> {
    experiment.check()?;
    if budget.iterations == 0 {
        return Err(TuneError::NoIterations);
    }
    let Tuning { starts, radius, cost } = experiment.tuning;
    let Ok(starts_of_seed) = Starts::new(radius, budget.seed) else {
        unreachable!("the box of a checked experiment is right");
    };
    let training = experiment.scenarios(starts_of_seed.for_training())?;
    let scenarios: Vec<Scenario> =
        (0..u64::from(starts)).map(|index| training.get(index)).collect();

    let mut base = experiment.controllers.get(kind);
    let (mut limits, mut present) = (Vec::new(), Vec::new());
    base.visit_tunable(|gain, value| {
        let (lower, upper) = (gain.lower.log10(), gain.upper.log10());
        limits.push((lower, upper));
        present.push(value.log10().clamp(lower, upper));
    });
    let settings = SwarmSettings { particles: budget.particles, ..SwarmSettings::default() };
    let swarm = Swarm::starting_at(Bounds::new(limits)?, settings, budget.seed, &[present])?;
    let closed_loop = experiment.closed_loop()?;
    let objective = Objective {
        base,
        linear: closed_loop.model().linearise(&State::UPRIGHT, 0.0),
        closed_loop,
        scenarios: &scenarios,
        cost,
    };
    let judge = objective.clone();
    let result = Executor::new(objective, Search::new(swarm))
        .configure(|state| state.max_iters(budget.iterations))
        .add_observer(Reporter(progress), ObserverMode::Always)
        .run()
        .map_err(|error| match error.downcast::<pso_optim::Error>() {
            Ok(error) => TuneError::Swarm(error),
            Err(error) => TuneError::Search(error),
        })?;
    let outcome = result.solver.optimiser().outcome()?;
    let spec = with_gains(base, &outcome.position);
    let Some(judge) = judge.judge(&spec) else {
        unreachable!("the best candidate has been built before");
    };
    Ok(Tuned {
        settled: judge.settled(),
        starts: judge.runs(),
        spec,
        best_cost: outcome.cost,
        evaluations: outcome.evaluations,
        infeasible: outcome.infeasible,
    })
}
