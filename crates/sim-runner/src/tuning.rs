//! Gains by particle swarm: what a candidate costs, and the search.
//!
//! A candidate is judged on several random starts. The cost of a run lies in `[0, 1)` if it settled,
//! and the cost of a candidate keeps three classes apart, so that no weight can trade them:
//!
//! - all runs settled: the mean of `J/(1 + J)` with `J` the weighted sum of metrics; below 1;
//! - all stayed up, some did not settle: 1 + the share that did not, at most 2;
//! - some fell: 2 + the mean of `1 − t/(2T)` over those that fell at `t`, at most 3; later is better.
//!
//! A candidate whose surface cannot be designed, or whose run diverges, has no cost: the swarm
//! counts it as infeasible.

use std::borrow::Borrow;
use std::ops::Range;

use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{CostFunction, Error as ArgminError, Executor, KV, State as _};
use dip_dynamics::{Linearisation, State};
use pso_optim::{Bounds, ParticleSwarm, Settings, Swarm, SwarmState};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smc_controllers::{ControllerSpec, Kind};
use thiserror::Error;

use crate::closed_loop::{ClosedLoop, Outcome};
use crate::experiment::{Experiment, ExperimentError};
use crate::metrics::{Metrics, MetricsRecorder};
use crate::starts::Starts;

/// How gains are judged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tuning {
    /// Random starts on which each candidate is judged.
    pub starts: u32,
    /// Half width of the box of initial angles in rad.
    #[serde(rename = "box")]
    pub radius: f64,
    /// Weights of the metrics.
    pub cost: Cost,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { starts: 12, radius: 0.3, cost: Cost::default() }
    }
}

/// Weights of the metrics in `J`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cost {
    /// Of the settling time, in 1/s.
    pub settling_time: f64,
    /// Of `∫(|θ1| + |θ2|)dt`, in 1/(rad·s).
    pub iae: f64,
    /// Of `∫u²dt`, in 1/(N²·s).
    pub control_effort: f64,
    /// Of the total variation of the force, in 1/N.
    pub total_variation: f64,
    /// Of the travel of the cart, in 1/m.
    pub cart_travel: f64,
}

impl Default for Cost {
    fn default() -> Self {
        Self {
            settling_time: 0.2,
            iae: 1.0,
            control_effort: 2e-5,
            total_variation: 2e-4,
            cart_travel: 0.1,
        }
    }
}

impl Tuning {
    pub(crate) fn check(&self) -> Result<(), ExperimentError> {
        let Cost { settling_time, iae, control_effort, total_variation, cart_travel } = self.cost;
        if self.starts == 0 {
            let key = "tuning.starts";
            return Err(ExperimentError::Setting { key, value: 0.0, rule: "at least 1" });
        }
        if !(self.radius.is_finite() && self.radius > 0.0) {
            let rule = "finite and greater than 0";
            return Err(ExperimentError::Setting { key: "tuning.box", value: self.radius, rule });
        }
        let weights = [
            ("tuning.cost.settling_time", settling_time),
            ("tuning.cost.iae", iae),
            ("tuning.cost.control_effort", control_effort),
            ("tuning.cost.total_variation", total_variation),
            ("tuning.cost.cart_travel", cart_travel),
        ];
        for (key, value) in weights {
            if !(value.is_finite() && value >= 0.0) {
                let rule = "finite and not negative";
                return Err(ExperimentError::Setting { key, value, rule });
            }
        }
        if weights.iter().all(|&(_, value)| value == 0.0) {
            let (key, rule) =
                ("tuning.cost.settling_time", "positive, or another weight of the cost");
            return Err(ExperimentError::Setting { key, value: 0.0, rule });
        }
        Ok(())
    }
}

impl Cost {
    fn of(&self, metrics: &Metrics, settling_time: f64) -> f64 {
        self.settling_time * settling_time
            + self.iae * metrics.iae
            + self.control_effort * metrics.control_effort
            + self.total_variation * metrics.total_variation
            + self.cart_travel * metrics.cart_travel
    }
}

/// Streams of random numbers from here on belong to training: no start of a comparison with the
/// same seed is among those that the gains were tuned on.
const TRAINING: u64 = 1 << 62;

/// The objective: what a candidate costs.
struct Objective<'a> {
    base: ControllerSpec,
    linear: Linearisation,
    closed_loop: ClosedLoop,
    starts: &'a [State],
    cost: Cost,
}

impl Objective<'_> {
    /// NaN where there is no cost.
    fn evaluate(&self, logarithms: &[f64]) -> f64 {
        let spec = with_gains(self.base, logarithms);
        let Ok(controller) = spec.build(&self.linear, self.closed_loop.u_max()) else {
            return f64::NAN;
        };
        let (mut settled_cost, mut unsettled, mut fallen_cost) = (0.0, 0_u32, 0.0);
        for &start in self.starts {
            let mut recorder = MetricsRecorder::new(&self.closed_loop);
            let run = self.closed_loop.run(&controller, start, &mut recorder);
            let metrics = recorder.metrics();
            match (run.outcome, metrics.settling_time) {
                (Outcome::Diverged, _) => return f64::NAN,
                (Outcome::Fallen, _) => {
                    fallen_cost += 1.0 - 0.5 * run.time / self.closed_loop.horizon();
                }
                (_, Some(settling_time)) => {
                    let j = self.cost.of(&metrics, settling_time);
                    settled_cost += j / (1.0 + j);
                }
                (_, None) => unsettled += 1,
            }
        }
        let count = self.starts.len() as f64;
        if fallen_cost > 0.0 {
            2.0 + fallen_cost / count
        } else if unsettled > 0 {
            1.0 + f64::from(unsettled) / count
        } else {
            settled_cost / count
        }
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
fn with_gains(mut base: ControllerSpec, logarithms: &[f64]) -> ControllerSpec {
    let mut next = logarithms.iter();
    base.visit_tunable(|_, value| {
        let logarithm = next.next().expect("one logarithm for each tunable gain");
        *value = 10.0_f64.powf(*logarithm);
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
    /// Seed of the starts and of the swarm.
    pub seed: u64,
}

/// Gains that were found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuned {
    /// The law with these gains.
    pub spec: ControllerSpec,
    /// What it costs on the starts that it was tuned on.
    pub best_cost: f64,
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

impl<F: FnMut(Progress)> Observe<SwarmState> for Reporter<F> {
    fn observe_iter(&mut self, state: &SwarmState, _: &KV) -> Result<(), ArgminError> {
        let best = state.get_best_cost();
        (self.0)(Progress {
            iteration: state.get_iter() + 1,
            best_cost: best.is_finite().then_some(best),
        });
        Ok(())
    }
}

/// Tunes the gains of one law of an experiment, starting from those that it has.
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
    let training = Starts::new(radius, budget.seed).map_err(|_| ExperimentError::Setting {
        key: "tuning.box",
        value: radius,
        rule: "finite and greater than 0",
    })?;
    let indices: Range<u64> = TRAINING..TRAINING + u64::from(starts);
    let starts: Vec<State> = indices.map(|index| training.get(index)).collect();

    let mut base = experiment.controllers.get(kind);
    let (mut limits, mut present) = (Vec::new(), Vec::new());
    base.visit_tunable(|gain, value| {
        let (lower, upper) = (gain.lower.log10(), gain.upper.log10());
        limits.push((lower, upper));
        present.push(value.log10().clamp(lower, upper));
    });
    let settings = Settings { particles: budget.particles, ..Settings::default() };
    let swarm = Swarm::starting_at(Bounds::new(limits)?, settings, budget.seed, &[present])?;
    let closed_loop = experiment.closed_loop()?;
    let objective = Objective {
        base,
        linear: closed_loop.plant().linearise(&State::UPRIGHT, 0.0),
        closed_loop,
        starts: &starts,
        cost,
    };
    let result = Executor::new(objective, ParticleSwarm::new(swarm))
        .configure(|state| state.max_iters(budget.iterations))
        .add_observer(Reporter(progress), ObserverMode::Always)
        .run()
        .map_err(|error| match error.downcast::<pso_optim::Error>() {
            Ok(error) => TuneError::Swarm(error),
            Err(error) => TuneError::Search(error),
        })?;
    let outcome = result.solver.swarm().outcome()?;
    Ok(Tuned {
        spec: with_gains(base, &outcome.position),
        best_cost: outcome.cost,
        evaluations: outcome.evaluations,
        infeasible: outcome.infeasible,
    })
}
