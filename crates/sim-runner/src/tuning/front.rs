//! Settling against effort against chattering: the gains of which none is better in all three.
//!
//! A candidate that fails a training run has its cost, which is above 1, for every objective, and one that holds
//! them has less: the search first learns to hold, and then to trade. Each objective is the mean `m` of a metric
//! as `m/(1 + m)`, with `m` in units of the horizon, of the largest force all the time, and of a swing of the
//! largest force each second. Validated by `tests/tuning.rs`.

use std::ops::ControlFlow;
use std::path::Path;

use pso_optim::{Nsga2, Nsga2Settings, hypervolume};
use serde::Serialize;
use smc_controllers::{ControllerSpec, Kind};

use crate::experiment::Experiment;
use crate::tuning::search::{Search, Shown};
use crate::tuning::{
    Judgement, Method, Objective, Objectives, Plan, Progress, TrialFigures, Trials, TuneError,
};

/// Gains of which none is better in every objective than another.
#[derive(Debug, Clone, PartialEq)]
pub struct Front {
    /// By settling time, the quickest first.
    pub points: Vec<FrontPoint>,
    /// Candidates that were judged.
    pub evaluations: u64,
    /// Those among them that had no cost.
    pub infeasible: u64,
    /// Each generation; of a search of more than 4096, evenly spaced ones and the last.
    pub history: Vec<Progress>,
    /// Why the search did not go on from its latest checkpoint but from the one before; none if it did.
    pub refused: Option<String>,
}

/// One of a front.
#[derive(Debug, Clone, PartialEq)]
pub struct FrontPoint {
    /// Its names.
    pub names: Vec<PointName>,
    /// The law with these gains.
    pub spec: ControllerSpec,
    /// What it is traded for, over the training runs.
    pub objectives: Objectives,
    /// What it costs in the training runs.
    pub cost: f64,
    /// What it costs in the held-out runs; none if one of them diverged.
    pub verification_cost: Option<f64>,
    /// How it did in the training runs of each trial.
    pub training: Vec<TrialFigures>,
    /// How it did in the held-out runs of each trial.
    pub verification: Vec<TrialFigures>,
}

/// By which a point of a front is picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PointName {
    /// It settles first.
    Fast,
    /// It takes the least effort.
    Thrifty,
    /// It chatters least.
    Calm,
    /// It is nearest to the best in everything, with each objective from 0 at its best to 1 at its worst of the
    /// front.
    Balanced,
}

impl PointName {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Fast, Self::Thrifty, Self::Calm, Self::Balanced];

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Thrifty => "thrifty",
            Self::Calm => "calm",
            Self::Balanced => "balanced",
        }
    }
}

impl Front {
    /// The point of this name.
    ///
    /// # Panics
    /// Never: every name has a point.
    pub fn pick(&self, name: PointName) -> &FrontPoint {
        let is_it = |point: &&FrontPoint| point.names.contains(&name);
        self.points.iter().find(is_it).expect("every name has a point")
    }
}

impl Objectives {
    fn values(&self) -> [f64; 3] {
        [self.settling_time, self.control_effort, self.chattering]
    }
}

/// Tunes the gains of one law for three objectives at once: see [`tune`](crate::tune) for the rest.
///
/// # Errors
/// Those of [`tune`](crate::tune), a method that is not [`Method::Nsga2`], and a search in which no candidate held every training run.
pub fn tune_front(
    experiment: &Experiment,
    kind: Kind,
    plan: Plan,
    checkpoint: Option<&Path>,
    watch: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Front, TuneError> {
    if plan.method != Method::Nsga2 {
        let rule = "a method for several objectives: nsga2";
        return Err(TuneError::Method { method: plan.method, rule });
    }
    let objective = Objective::new(experiment, kind, plan.seed)?;
    let settings =
        Nsga2Settings { objectives: 3, members: plan.candidates, ..Nsga2Settings::default() };
    let first = objective.first(plan);
    let begin = Nsga2::starting_at(objective.gains.bounds(), settings, plan.seed, &first)?;
    let horizon = experiment.simulation.duration;
    let u_max = experiment.actuator.u_max;
    let units = [horizon, u_max * u_max * horizon, u_max];
    let costs = |judgement: &Judgement| match (judgement.cost, judgement.means) {
        (Some(_), Some(means)) if judgement.holds() => {
            let share = |(value, unit): (f64, f64)| value / unit / (1.0 + value / unit);
            Some(means.values().into_iter().zip(units).map(share).collect())
        }
        (cost, _) => cost.map(|cost| vec![cost; 3]),
    };
    let search = Search { objective: &objective, plan, checkpoint };
    let progress = |nsga2: &Nsga2, _: &[Vec<f64>]| {
        let front = nsga2.front().unwrap_or_default();
        let costs: Vec<&[f64]> = front.iter().map(|point| point.costs.as_slice()).collect();
        Progress::of_front(nsga2, hypervolume(&costs, &[1.0; 3]))
    };
    let Shown { outcome, history, refused } = search.generations(begin, costs, watch, progress)?;
    let tally = pso_optim::Optimiser::tally(&outcome);

    let held_out = Trials::verification(experiment, plan.seed)?;
    let positions: Vec<Vec<f64>> =
        outcome.front()?.into_iter().map(|point| point.position).collect();
    let judged = objective.judge(&positions);
    let mut points = Vec::new();
    for (position, judgement) in positions.iter().zip(judged) {
        let Some(Judgement { means: Some(objectives), cost: Some(cost), .. }) =
            judgement.filter(Judgement::holds)
        else {
            continue;
        };
        if cost == 0.0 {
            return Err(TuneError::NothingToHold(kind));
        }
        let spec = objective.gains.at(position);
        let Some(law) = objective.build(&spec) else {
            continue;
        };
        points.push(FrontPoint {
            names: Vec::new(),
            spec,
            objectives,
            cost,
            verification_cost: held_out.judge_any(kind, &[law])[0].cost,
            training: objective.trials.figures(law),
            verification: held_out.figures(law),
        });
    }
    if points.is_empty() {
        return Err(TuneError::NoFront { evaluations: tally.evaluations });
    }
    points.sort_by(|a, b| a.objectives.settling_time.total_cmp(&b.objectives.settling_time));
    name(&mut points);
    let (evaluations, infeasible) = (tally.evaluations, tally.infeasible);
    let refused = refused.map(|error| error.to_string());
    Ok(Front { points, evaluations, infeasible, history, refused })
}

/// Gives each name to the point that is best by it; the first of equal ones.
fn name(points: &mut [FrontPoint]) {
    let values: Vec<[f64; 3]> = points.iter().map(|point| point.objectives.values()).collect();
    let best = |k: usize| values.iter().map(|v| v[k]).fold(f64::INFINITY, f64::min);
    let worst = |k: usize| values.iter().map(|v| v[k]).fold(f64::NEG_INFINITY, f64::max);
    let share = |v: &[f64; 3], k: usize| {
        let width = worst(k) - best(k);
        if width > 0.0 { (v[k] - best(k)) / width } else { 0.0 }
    };
    let distance = |v: &[f64; 3]| (0..3).map(|k| share(v, k).powi(2)).sum::<f64>();
    for name in PointName::ALL {
        let by = |v: &[f64; 3]| match name {
            PointName::Fast => v[0],
            PointName::Thrifty => v[1],
            PointName::Calm => v[2],
            PointName::Balanced => distance(v),
        };
        let least = (0..points.len()).min_by(|&a, &b| by(&values[a]).total_cmp(&by(&values[b])));
        points[least.expect("a front has points")].names.push(name);
    }
}
