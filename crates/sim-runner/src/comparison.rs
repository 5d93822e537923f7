//! One law on many random starts.

use std::num::NonZeroU64;

use rayon::prelude::*;
use serde::Serialize;
use smc_controllers::{Controller, Kind};

use crate::closed_loop::ClosedLoop;
use crate::error::ExperimentError;
use crate::experiment::Experiment;
use crate::metrics::{Metrics, MetricsRecorder};
use crate::outcome::Outcome;
use crate::starts::Starts;

/// How a law did on many starts. Medians of what did not happen are none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Comparison {
    /// The law.
    pub name: Kind,
    /// Runs.
    pub starts: u64,
    /// Runs that settled.
    pub settled: u64,
    /// Runs that stayed up without settling.
    pub not_settled: u64,
    /// Runs that fell.
    pub fallen: u64,
    /// Runs that diverged.
    pub diverged: u64,
    /// `settled / starts`.
    pub success_rate: f64,
    /// Median settling time in s over all runs; one that did not settle counts as longer than any,
    /// so that the median is none if half of the runs or more did not.
    pub settling_time_median: Option<f64>,
    /// Median of `∫u²dt` in N²·s over the runs that settled.
    pub control_effort_median: Option<f64>,
    /// Median total variation of the force in N over the runs that settled.
    pub total_variation_median: Option<f64>,
}

/// Runs the laws `kinds` of an experiment from the starts `0..count`, the same for each law.
///
/// `progress` is called after each run, from any thread. The result does not depend on the threads.
///
/// # Errors
/// An experiment that cannot be run.
pub fn compare(
    experiment: &Experiment,
    kinds: &[Kind],
    starts: Starts,
    count: NonZeroU64,
    progress: impl Fn() + Sync,
) -> Result<Vec<Comparison>, ExperimentError> {
    let closed_loop = experiment.closed_loop()?;
    kinds
        .iter()
        .map(|&kind| {
            let controller = experiment.controller(kind)?;
            let runs: Vec<_> = (0..count.get())
                .into_par_iter()
                .map(|index| {
                    let run = judge(&closed_loop, &controller, starts, index);
                    progress();
                    run
                })
                .collect();
            Ok(summarise(kind, &runs))
        })
        .collect()
}

fn judge(
    closed_loop: &ClosedLoop,
    controller: &impl Controller,
    starts: Starts,
    index: u64,
) -> (Outcome, Metrics) {
    let mut recorder = MetricsRecorder::new(closed_loop);
    let run = closed_loop.run(controller, starts.get(index), &mut recorder);
    (run.outcome, recorder.metrics(run.outcome))
}

fn summarise(name: Kind, runs: &[(Outcome, Metrics)]) -> Comparison {
    let count = |outcome| runs.iter().filter(|run| run.0 == outcome).count() as u64;
    let of_settled = |metric: fn(&Metrics) -> f64| {
        let settled = runs.iter().filter(|run| run.0 == Outcome::Settled);
        median(settled.map(|(_, metrics)| Some(metric(metrics))).collect())
    };
    let settled = count(Outcome::Settled);
    Comparison {
        name,
        starts: runs.len() as u64,
        settled,
        not_settled: count(Outcome::NotSettled),
        fallen: count(Outcome::Fallen),
        diverged: count(Outcome::Diverged),
        success_rate: settled as f64 / runs.len() as f64,
        settling_time_median: median(runs.iter().map(|run| run.1.settling_time).collect()),
        control_effort_median: of_settled(|metrics| metrics.control_effort),
        total_variation_median: of_settled(|metrics| metrics.total_variation),
    }
}

/// The median of values, of which `None` is larger than any number. None if there are no values,
/// or if the median falls on a `None`.
fn median(values: Vec<Option<f64>>) -> Option<f64> {
    let mut values: Vec<f64> =
        values.into_iter().map(|value| value.unwrap_or(f64::INFINITY)).collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    let median = lower.midpoint(upper);
    median.is_finite().then_some(median)
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn medians_are_censored() {
        for (values, expected) in [
            (vec![], None),
            (vec![None], None),
            (vec![Some(3.0)], Some(3.0)),
            (vec![Some(3.0), None], None),
            (vec![Some(3.0), None, Some(1.0)], Some(3.0)),
            (vec![Some(4.0), Some(1.0), Some(2.0), None], Some(3.0)),
        ] {
            assert_eq!(median(values), expected);
        }
    }
}
