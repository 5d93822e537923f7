//! Which parameter of the plant matters for a law: Sobol' indices of a figure of its runs.
//!
//! The figure is a function of the parameters alone: its mean over a few starts, the same ones with the
//! same noise for every plant. Were each plant run from starts of its own, these would be one more cause, as
//! a rule the largest, of which no index is estimated. The law is designed on the nominal plant, whichever
//! plant it holds.
//!
//! What does not exist for a run is refused, and never told as a number. Knows nothing of how the indices
//! are estimated, which is in `statistics/sensitivity.rs`. Validated by `tests/influence.rs`.

use core::num::{NonZeroU32, NonZeroU64};
use core::ops::ControlFlow;

use serde::Serialize;
use smc_controllers::Kind;
use thiserror::Error;

use crate::batch::{Batch, Flown};
use crate::error::ExperimentError;
use crate::experiment::Experiment;
use crate::outcome::Outcome;
use crate::starts::Starts;
use crate::statistics::{Confidence, Estimate, Saltelli, Sensitivity};
use crate::tuning::{Judge, Scale, Tail};

/// A figure of a run of which the mean over starts is explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// 1 if it settled, 0 if it did not.
    Success,
    /// What tuning would say of it alone: below 1 if it settled, between 1 and 2 if it did not. A run that
    /// diverged has none.
    Cost,
    /// The settling time in s, of a run that settled.
    SettlingTime,
    /// `∫F²dt` in N²·s, of a run that stayed up to its horizon.
    ControlEffort,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Success, Self::Cost, Self::SettlingTime, Self::ControlEffort];

    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Cost => "cost",
            Self::SettlingTime => "settling_time",
            Self::ControlEffort => "control_effort",
        }
    }

    /// That of one run, if it exists.
    fn of(self, flown: &Flown, scale: Scale) -> Option<f64> {
        let Flown { run, metrics, .. } = flown;
        match self {
            Self::Success => Some(f64::from(run.outcome == Outcome::Settled)),
            Self::Cost => {
                let mut judge = Judge::new(1, Tail::NONE);
                judge.add(scale.judge(run, metrics));
                judge.end_trial();
                judge.cost()
            }
            Self::SettlingTime => metrics.settling_time,
            Self::ControlEffort => {
                run.outcome.is_of_the_horizon().then_some(metrics.control_effort)
            }
        }
    }
}

/// How much to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Study {
    /// What is explained.
    pub quantity: Quantity,
    /// Rows of the [`Saltelli`] design, each of as many plants as there are parameters, and two more. Powers of
    /// two are best.
    pub rows: NonZeroU64,
    /// Starts from which each plant is run.
    pub starts: NonZeroU32,
    /// Seed of the design.
    pub seed: u64,
}

impl Study {
    /// Runs that it takes to vary this many parameters.
    ///
    /// # Errors
    /// No parameter, or more than [`Saltelli::PARAMETERS_MAX`].
    pub fn runs(&self, parameters: usize) -> Result<u64, ExperimentError> {
        let points = Saltelli::new(parameters, self.seed)?.points_per_row() as u64;
        Ok(self.rows.get().saturating_mul(points).saturating_mul(u64::from(self.starts.get())))
    }
}

/// How much of the variance of the figure a parameter explains.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Influence {
    /// The parameter.
    pub parameter: &'static str,
    /// Alone.
    pub first: Estimate,
    /// With all its interactions.
    pub total: Estimate,
}

/// What a study found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Influences {
    /// Runs.
    pub runs: u64,
    /// Those that settled.
    pub settled: u64,
    /// The mean of the figure over all plants.
    pub mean: f64,
    /// Its standard deviation: what the parameters share.
    pub standard_deviation: f64,
    /// Each parameter that deviates, the largest total index first.
    pub parameters: Vec<Influence>,
}

/// Why a study says nothing.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum InfluenceError {
    /// The experiment cannot be run.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// A run does not have the figure.
    #[error(
        "{quantity} does not exist for every run: from start {start} plant {plant} was {outcome} at {time} s",
        quantity = .quantity.name(), outcome = .outcome.name()
    )]
    Missing {
        /// The figure.
        quantity: Quantity,
        /// The number of the start.
        start: u64,
        /// The number of the point of the design.
        plant: u64,
        /// How the run ended.
        outcome: Outcome,
        /// When, in s.
        time: f64,
    },
    /// The figure is the same for all plants, or for nearly all.
    #[error(
        "{quantity} is {mean} for nearly every plant: there is no variance to explain",
        quantity = .quantity.name()
    )]
    Constant {
        /// The figure.
        quantity: Quantity,
        /// Its mean.
        mean: f64,
    },
}

/// Tells which of the parameters that deviate in an experiment matter for its law `kind`, from the first of
/// `starts`. `progress` is called after each run. The result does not depend on the threads.
///
/// # Errors
/// An experiment that cannot be run, or in which nothing deviates; a figure that does not exist for a run,
/// or does not vary.
pub fn influences(
    experiment: &Experiment,
    kind: Kind,
    starts: Starts,
    study: Study,
    mut progress: impl FnMut(),
) -> Result<Influences, InfluenceError> {
    let closed_loop = experiment.closed_loop()?;
    let law = experiment.controller(kind)?;
    let scenarios = experiment.scenarios(starts)?;
    let names: Vec<&'static str> = scenarios.parameters().collect();
    let design = Saltelli::new(names.len(), study.seed)?;
    let runs = study.runs(names.len())?;
    let per_plant = u64::from(study.starts.get());

    let task = |index: u64| {
        let mut shares = [0.0; Saltelli::PARAMETERS_MAX];
        let shares = &mut shares[..design.parameters()];
        design.point(index / per_plant, shares);
        (law, scenarios.at(index % per_plant, shares))
    };
    let mut fold = Fold::new(design, study);
    let scale = Scale::new(experiment.tuning.cost, None, &closed_loop);
    let mut missing = None;
    // What stops it is in `missing`.
    let _ = Batch::new(&closed_loop).fly_any(kind, 0..runs, &task, &mut |flown| {
        let Some(value) = study.quantity.of(flown, scale) else {
            missing = Some(InfluenceError::Missing {
                quantity: study.quantity,
                start: flown.index % per_plant,
                plant: flown.index / per_plant,
                outcome: flown.run.outcome,
                time: flown.run.time,
            });
            return ControlFlow::Break(());
        };
        fold.add(value, flown.run.outcome);
        progress();
        ControlFlow::Continue(())
    });
    match missing {
        Some(error) => Err(error),
        None => fold.finish(names),
    }
}

/// Takes the runs in their order.
struct Fold {
    study: Study,
    sensitivity: Sensitivity,
    runs: u64,
    settled: u64,
    /// Of the plant that is not complete.
    sum: f64,
    plants: f64,
    /// Of complete plants, by Welford (1962).
    mean: f64,
    squares: f64,
}

impl Fold {
    fn new(design: Saltelli, study: Study) -> Self {
        let sensitivity = Sensitivity::new(design);
        Self {
            study,
            sensitivity,
            runs: 0,
            settled: 0,
            sum: 0.0,
            plants: 0.0,
            mean: 0.0,
            squares: 0.0,
        }
    }

    fn add(&mut self, value: f64, outcome: Outcome) {
        self.runs += 1;
        self.settled += u64::from(outcome == Outcome::Settled);
        self.sum += value;
        let per_plant = u64::from(self.study.starts.get());
        if self.runs.is_multiple_of(per_plant) {
            let figure = self.sum / per_plant as f64;
            self.sum = 0.0;
            self.sensitivity.add(figure);
            self.plants += 1.0;
            let deviation = figure - self.mean;
            self.mean += deviation / self.plants;
            self.squares += deviation * (figure - self.mean);
        }
    }

    fn finish(self, names: Vec<&'static str>) -> Result<Influences, InfluenceError> {
        let Self { study: Study { quantity, .. }, sensitivity, runs, settled, mean, .. } = self;
        let Some(indices) = sensitivity.indices(Confidence::default()) else {
            return Err(InfluenceError::Constant { quantity, mean });
        };
        let mut parameters: Vec<Influence> = names
            .into_iter()
            .zip(indices)
            .map(|(parameter, of)| Influence { parameter, first: of.first, total: of.total })
            .collect();
        // Stable: of equal ones the order is that of the parameters.
        parameters.sort_by(|one, other| other.total.value.total_cmp(&one.total.value));
        let standard_deviation = (self.squares / self.plants).sqrt();
        Ok(Influences { runs, settled, mean, standard_deviation, parameters })
    }
}
