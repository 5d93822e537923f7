//! The loop of a search: ask, fly, tell, keep, show.
//!
//! Validated by `tests/tuning.rs`; that a checkpoint survives a kill, by `tests/kill.rs` of `pso-optim`.

use std::ops::ControlFlow;
use std::path::Path;

use argmin::core::checkpointing::CheckpointingFrequency;
use pso_optim::{CheckpointError, CheckpointFile, Optimiser, Outcome, Resumed};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::tuning::course::Course;
use crate::tuning::{Judgement, Objective, Plan, Progress, TuneError};

/// A search that is to be run.
pub(super) struct Search<'a> {
    pub(super) objective: &'a Objective<'a>,
    pub(super) plan: Plan,
    pub(super) checkpoint: Option<&'a Path>,
}

/// What a search found, and how it went.
pub(super) struct Shown<R> {
    pub(super) outcome: R,
    pub(super) history: Vec<Progress>,
    /// Why it did not go on from its latest checkpoint but from the one before.
    pub(super) refused: Option<CheckpointError>,
}

impl Search<'_> {
    /// For one cost.
    pub(super) fn run<A>(
        &self,
        optimiser: A,
        watch: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Shown<Outcome>, TuneError>
    where
        A: Optimiser<Cost = f64> + Serialize + DeserializeOwned,
    {
        let cost = |judgement: &Judgement| judgement.cost;
        let shown = self.generations(optimiser, cost, watch, |optimiser, costs| {
            let feasible: Vec<f64> =
                costs.iter().copied().filter(|cost| cost.is_finite()).collect();
            let mean = feasible.iter().sum::<f64>() / feasible.len() as f64;
            Progress {
                best_cost: optimiser.best().map(|(cost, _)| cost),
                mean_cost: (!feasible.is_empty()).then_some(mean),
                ..Progress::of(optimiser)
            }
        })?;
        let Shown { outcome, history, refused } = shown;
        Ok(Shown { outcome: outcome.outcome()?, history, refused })
    }

    /// For whatever costs `cost` makes of a judgement: the optimiser at its end.
    pub(super) fn generations<A>(
        &self,
        optimiser: A,
        cost: impl Fn(&Judgement) -> Option<A::Cost>,
        mut watch: impl FnMut(&Progress) -> ControlFlow<()>,
        progress: impl Fn(&A, &[A::Cost]) -> Progress,
    ) -> Result<Shown<A>, TuneError>
    where
        A: Optimiser + Serialize + DeserializeOwned,
    {
        let Self { objective, plan, checkpoint } = self;
        if plan.evaluations == 0 {
            return Err(TuneError::NoEvaluations);
        }
        // Another version may compute other costs.
        let version = env!("CARGO_PKG_VERSION");
        let problem = (version, objective.experiment, objective.kind, plan);
        let file = checkpoint
            .map(|path| {
                CheckpointFile::new(path, &optimiser, &problem, CheckpointingFrequency::Always)
            })
            .transpose()?;
        let kept = match &file {
            Some(file) => file.load::<(A, Course)>()?,
            None => None,
        };
        let (mut optimiser, mut course, refused) = match kept {
            Some(Resumed { search: (optimiser, course), refused }) => (optimiser, course, refused),
            None => (optimiser, Course::new(), None),
        };
        while optimiser.tally().evaluations < plan.evaluations {
            let judged = objective.judge(optimiser.ask());
            let costs: Vec<A::Cost> = judged
                .iter()
                .map(|judgement| judgement.as_ref().and_then(&cost))
                .map(|cost| cost.unwrap_or_else(|| optimiser.infeasible_cost()))
                .collect();
            optimiser.tell(&costs);
            let now = progress(&optimiser, &costs);
            course.push(now);
            if let Some(file) = &file {
                file.save(&(&optimiser, &course))?;
            }
            if watch(&now).is_break() {
                break;
            }
        }
        Ok(Shown { outcome: optimiser, history: course.into_kept(), refused })
    }
}

impl Progress {
    /// Without costs.
    fn of(optimiser: &impl Optimiser) -> Self {
        let tally = optimiser.tally();
        Self {
            generation: tally.generations,
            evaluations: tally.evaluations,
            best_cost: None,
            mean_cost: None,
            hypervolume: None,
            diversity: optimiser.diversity(),
        }
    }

    /// That of several objectives, by the volume of the unit cube that the front dominates.
    pub(super) fn of_front(optimiser: &impl Optimiser, hypervolume: f64) -> Self {
        Self { hypervolume: Some(hypervolume), ..Self::of(optimiser) }
    }
}
