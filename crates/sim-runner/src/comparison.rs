//! The laws in the same many random scenarios.

use std::num::NonZeroU64;

use dip_dynamics::State;
use rayon::prelude::*;
use serde::Serialize;
use smc_controllers::{Controller, Kind};

use crate::error::ExperimentError;
use crate::experiment::Experiment;
use crate::metrics::{Metrics, MetricsRecorder};
use crate::outcome::{Outcome, Run};
use crate::scenario::Scenarios;
use crate::starts::Starts;
use crate::statistics::{median, wilson};
use crate::world::World;

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
    /// Runs of which the cart left the track.
    pub off_track: u64,
    /// Runs that diverged.
    pub diverged: u64,
    /// `settled / starts`.
    pub success_rate: f64,
    /// Its 95 % confidence interval (Wilson).
    pub success_interval: [f64; 2],
    /// Median settling time in s over all runs; one that did not settle counts as longer than any,
    /// so that the median is none if half of the runs or more did not.
    pub settling_time_median: Option<f64>,
    /// Median of `∫F²dt` in N²·s over the runs that settled.
    pub control_effort_median: Option<f64>,
    /// Median total variation of the command in N over the runs that settled.
    pub total_variation_median: Option<f64>,
    /// Median of the angles' root mean square near the horizon in rad over the runs that settled.
    pub theta_rms_median: Option<f64>,
    /// Median of the command's root mean square near the horizon in N over the runs that settled.
    pub u_rms_median: Option<f64>,
}

/// One run of a comparison, beside its [`Metrics`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RunRow {
    /// The law.
    pub controller: Kind,
    /// Number of the scenario.
    pub index: u64,
    /// Initial angle of rod 1 in rad.
    pub theta1: f64,
    /// Initial angle of rod 2 in rad.
    pub theta2: f64,
    /// How it ended.
    pub outcome: Outcome,
    /// When that was decided, in s.
    pub time: f64,
}

/// Runs the laws `kinds` of an experiment in the scenarios `0..count`, the same for each law.
///
/// `progress` is called after each run, from any thread; `each` is shown all runs of a law, in the
/// order of their indices, once they are done. The result does not depend on the threads.
///
/// # Errors
/// An experiment that cannot be run.
pub fn compare(
    experiment: &Experiment,
    kinds: &[Kind],
    starts: Starts,
    count: NonZeroU64,
    progress: impl Fn() + Sync,
    mut each: impl FnMut(&RunRow, &Metrics),
) -> Result<Vec<Comparison>, ExperimentError> {
    let closed_loop = experiment.closed_loop()?;
    let scenarios = experiment.scenarios(starts)?;
    kinds
        .iter()
        .map(|&kind| {
            let controller = experiment.controller(kind)?;
            let runs: Vec<_> = (0..count.get())
                .into_par_iter()
                .map_init(
                    || World::new(&closed_loop),
                    |world, index| {
                        let run = judge(world, &controller, &scenarios, index);
                        progress();
                        run
                    },
                )
                .collect();
            for (index, (run, metrics)) in (0..).zip(&runs) {
                let State { theta1, theta2, .. } = starts.get(index);
                let &Run { outcome, time, .. } = run;
                let row = RunRow { controller: kind, index, theta1, theta2, outcome, time };
                each(&row, metrics);
            }
            Ok(summarise(kind, &runs))
        })
        .collect()
}

fn judge(
    world: &mut World<'_>,
    controller: &impl Controller,
    scenarios: &Scenarios,
    index: u64,
) -> (Run, Metrics) {
    let mut recorder = MetricsRecorder::new(world.closed_loop());
    let run = world.run(controller, &scenarios.get(index), &mut recorder);
    (run, recorder.metrics(run.outcome))
}

fn summarise(name: Kind, runs: &[(Run, Metrics)]) -> Comparison {
    let count = |outcome| runs.iter().filter(|run| run.0.outcome == outcome).count() as u64;
    let of_settled = |metric: fn(&Metrics) -> Option<f64>| {
        let settled = runs.iter().filter(|run| run.0.outcome == Outcome::Settled);
        median(settled.map(|(_, metrics)| metric(metrics)).collect())
    };
    let settled = count(Outcome::Settled);
    Comparison {
        name,
        starts: runs.len() as u64,
        settled,
        not_settled: count(Outcome::NotSettled),
        fallen: count(Outcome::Fallen),
        off_track: count(Outcome::OffTrack),
        diverged: count(Outcome::Diverged),
        success_rate: settled as f64 / runs.len() as f64,
        success_interval: wilson(settled, runs.len() as u64),
        settling_time_median: median(runs.iter().map(|run| run.1.settling_time).collect()),
        control_effort_median: of_settled(|metrics| Some(metrics.control_effort)),
        total_variation_median: of_settled(|metrics| Some(metrics.total_variation)),
        theta_rms_median: of_settled(|metrics| metrics.theta_rms),
        u_rms_median: of_settled(|metrics| metrics.u_rms),
    }
}
