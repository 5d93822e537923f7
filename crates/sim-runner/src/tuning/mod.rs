//! The search for gains: what is judged, by whom, and with what evidence.
//!
//! A search asks an optimiser of `pso-optim` for candidates, has all of them flown at once, and tells it what they
//! cost. Candidates whose surface cannot be designed, or of which a run diverges, have no cost: they are counted
//! as infeasible. What was found is flown in runs that no candidate has seen before it is a result.
//!
//! It knows no clock and no signal: whoever watches a search may end it. Validated by `tests/tuning.rs`.

mod cost;
mod course;
mod front;
mod gains;
mod search;
mod settings;
mod trials;

use std::ops::ControlFlow;
use std::path::Path;

use pso_optim::{
    CheckpointError, CmaEs, CmaEsSettings, DifferentialEvolution, DifferentialEvolutionSettings,
    Swarm, SwarmSettings,
};
use serde::{Deserialize, Serialize};
use smc_controllers::{AnyController, ControllerSpec, Kind};
use thiserror::Error;

pub(crate) use self::cost::{Judge, Scale, Tail};
pub use self::front::{Front, FrontPoint, PointName, tune_front};
use self::gains::Gains;
use self::search::{Search, Shown};
pub use self::settings::{About, Cost, Trial, Tuning};
pub use self::trials::{Judgement, Objectives, TrialFigures, Trials};
use crate::error::ExperimentError;
use crate::experiment::Experiment;

/// How to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Plan {
    /// By which method.
    pub method: Method,
    /// Candidates of a generation.
    pub candidates: usize,
    /// Candidates in all: the generation that reaches them is the last.
    #[serde(skip)]
    pub evaluations: u64,
    /// Seed of the trials and of the method.
    pub seed: u64,
    /// Whether the gains that the experiment has are forgotten; else they are the first candidate.
    pub anew: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self { method: Method::Swarm, candidates: 40, evaluations: 4000, seed: 1, anew: false }
    }
}

/// The method of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A particle swarm.
    Swarm,
    /// Covariance matrix adaptation.
    CmaEs,
    /// Differential evolution.
    DifferentialEvolution,
    /// NSGA-II, for a front: see [`tune_front`].
    Nsga2,
}

impl Method {
    /// Those for one cost.
    pub const OF_ONE_COST: [Self; 3] = [Self::Swarm, Self::CmaEs, Self::DifferentialEvolution];

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Swarm => "swarm",
            Self::CmaEs => "cma_es",
            Self::DifferentialEvolution => "differential_evolution",
            Self::Nsga2 => "nsga2",
        }
    }
}

/// Gains that were found, with their evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuned {
    /// The law with these gains.
    pub spec: ControllerSpec,
    /// What it costs in the training runs.
    pub best_cost: f64,
    /// What it costs in the held-out runs; none if one of them diverged.
    pub verification_cost: Option<f64>,
    /// How it did in the training runs of each trial.
    pub training: Vec<TrialFigures>,
    /// How it did in the held-out runs of each trial.
    pub verification: Vec<TrialFigures>,
    /// Candidates that were judged.
    pub evaluations: u64,
    /// Those among them that had no cost.
    pub infeasible: u64,
    /// Each generation; of a search of more than 4096, evenly spaced ones and the last.
    pub history: Vec<Progress>,
    /// Why the search did not go on from its latest checkpoint but from the one before; none if it did.
    pub refused: Option<String>,
}

impl Tuned {
    /// Did it hold every training run?
    pub fn holds(&self) -> bool {
        self.training.iter().all(|trial| trial.settled == trial.runs)
    }

    /// Did as many held-out runs of each trial settle as have to?
    pub fn is_verified(&self) -> bool {
        self.verification.iter().all(|trial| trial.passed)
    }
}

/// Where a search is, after a generation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Progress {
    /// Generations done.
    pub generation: u64,
    /// Candidates judged.
    pub evaluations: u64,
    /// The best cost so far; none before the first feasible candidate, and of several objectives.
    pub best_cost: Option<f64>,
    /// The mean cost of the feasible candidates of this generation; none if there were none, and of several
    /// objectives.
    pub mean_cost: Option<f64>,
    /// The volume that the front of several objectives dominates, of 1; none of one objective.
    pub hypervolume: Option<f64>,
    /// How far candidates lie apart: [`Optimiser::diversity`](pso_optim::Optimiser::diversity).
    pub diversity: f64,
}

/// Why nothing could be tuned.
#[derive(Debug, Error)]
pub enum TuneError {
    /// The experiment cannot be run.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The method cannot search, or found nothing feasible.
    #[error(transparent)]
    Optimiser(#[from] pso_optim::Error),
    /// A checkpoint cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Several objectives are searched by [`tune_front`], and one cost by [`tune`].
    #[error("method = {}: must be {rule}", .method.name())]
    Method {
        /// What was asked for.
        method: Method,
        /// What it has to be.
        rule: &'static str,
    },
    /// A search of no candidates.
    #[error("evaluations = 0: must be at least 1")]
    NoEvaluations,
    /// The law has no gains to search.
    #[error("{0} has no tunable gains: all coefficients of its surface are 0")]
    NothingToTune(Kind),
    /// A candidate that costs nothing was never tried.
    #[error("a candidate of {0} costs exactly 0: its runs have nothing to hold")]
    NothingToHold(Kind),
    /// No candidate held all training runs, so there is nothing to trade.
    #[error("none of {evaluations} candidates held every training run: there is no front")]
    NoFront {
        /// Candidates judged.
        evaluations: u64,
    },
}

/// Tunes the gains of one law of an experiment.
///
/// The tunable gains of [`ControllerSpec::visit_tunable`] are searched on logarithmic scales within their ranges.
/// The same plan gives the same gains, on however many threads. `checkpoint` is written after each generation, and
/// gone on from if it is there: the result is that of a search without a break. `watch` is shown each
/// generation, and may end the search there.
///
/// # Errors
/// An experiment that cannot be run, a plan that cannot be searched with, a checkpoint of another search, or a
/// search in which no candidate was feasible, or one that had nothing to hold.
pub fn tune(
    experiment: &Experiment,
    kind: Kind,
    plan: Plan,
    checkpoint: Option<&Path>,
    watch: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Tuned, TuneError> {
    let objective = Objective::new(experiment, kind, plan.seed)?;
    let (bounds, seed) = (objective.gains.bounds(), plan.seed);
    let first = objective.first(plan);
    let search = Search { objective: &objective, plan, checkpoint };
    let Shown { outcome, history, refused } = match plan.method {
        Method::Swarm => {
            let settings = SwarmSettings { particles: plan.candidates, ..SwarmSettings::default() };
            search.run(Swarm::starting_at(bounds, settings, seed, &first)?, watch)?
        }
        Method::CmaEs => {
            let candidates = Some(plan.candidates);
            let settings = CmaEsSettings { candidates, ..CmaEsSettings::default() };
            search.run(CmaEs::starting_at(bounds, settings, seed, &first)?, watch)?
        }
        Method::DifferentialEvolution => {
            let settings = DifferentialEvolutionSettings {
                members: plan.candidates,
                ..DifferentialEvolutionSettings::default()
            };
            let optimiser = DifferentialEvolution::starting_at(bounds, settings, seed, &first)?;
            search.run(optimiser, watch)?
        }
        Method::Nsga2 => {
            let rule = "a method for one cost: swarm, cma_es or differential_evolution";
            return Err(TuneError::Method { method: plan.method, rule });
        }
    };
    if outcome.cost == 0.0 {
        return Err(TuneError::NothingToHold(kind));
    }
    let spec = objective.gains.at(&outcome.position);
    let Some(law) = objective.build(&spec) else {
        unreachable!("the best candidate has been built before");
    };
    let held_out = Trials::verification(experiment, seed)?;
    Ok(Tuned {
        spec,
        best_cost: outcome.cost,
        verification_cost: held_out.judge_any(kind, &[law])[0].cost,
        training: objective.trials.figures(law),
        verification: held_out.figures(law),
        evaluations: outcome.evaluations,
        infeasible: outcome.infeasible,
        history,
        refused: refused.map(|error| error.to_string()),
    })
}

/// What candidates are judged by.
struct Objective<'a> {
    experiment: &'a Experiment,
    kind: Kind,
    gains: Gains,
    trials: Trials,
}

impl<'a> Objective<'a> {
    fn new(experiment: &'a Experiment, kind: Kind, seed: u64) -> Result<Self, TuneError> {
        let trials = Trials::training(experiment, seed)?;
        let gains =
            Gains::new(experiment.controllers.get(kind))?.ok_or(TuneError::NothingToTune(kind))?;
        Ok(Self { experiment, kind, gains, trials })
    }

    /// The points that a search begins with.
    fn first(&self, plan: Plan) -> Vec<Vec<f64>> {
        if plan.anew { Vec::new() } else { vec![self.gains.present().to_vec()] }
    }

    /// None if the law cannot be built.
    fn build(&self, spec: &ControllerSpec) -> Option<AnyController> {
        self.experiment.build(spec).ok()
    }

    /// All candidates are flown at once; none of those that cannot be built.
    fn judge(&self, points: &[Vec<f64>]) -> Vec<Option<Judgement>> {
        let built: Vec<Option<AnyController>> =
            points.iter().map(|point| self.build(&self.gains.at(point))).collect();
        let laws: Vec<AnyController> = built.iter().copied().flatten().collect();
        let mut judged = self.trials.judge_any(self.kind, &laws).into_iter();
        built.iter().map(|law| law.and_then(|_| judged.next())).collect()
    }
}
