//! The laws in the same many random scenarios.

use std::num::NonZeroU64;
use std::ops::ControlFlow;

use dip_dynamics::State;
use serde::Serialize;
use smc_controllers::Kind;

use crate::batch::{Batch, Flown};
use crate::error::ExperimentError;
use crate::experiment::Experiment;
use crate::metrics::Metrics;
use crate::outcome::{Outcome, Run};
use crate::starts::Starts;
use crate::statistics::{Confidence, Quantiles, wilson};

/// How a law did on many starts. Medians of what did not happen are none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
/// `each` is shown the runs of a law as they are done, in the order of their indices. None is kept: the
/// memory does not depend on their number, and medians of more than ten thousand values are those of
/// [`Quantiles`].
///
/// # Errors
/// An experiment that cannot be run.
pub fn compare(
    experiment: &Experiment,
    kinds: &[Kind],
    starts: Starts,
    count: NonZeroU64,
    mut each: impl FnMut(&RunRow, &Metrics),
) -> Result<Vec<Comparison>, ExperimentError> {
    let closed_loop = experiment.closed_loop()?;
    let scenarios = experiment.scenarios(starts)?;
    let batch = Batch::new(&closed_loop);
    kinds
        .iter()
        .map(|&kind| {
            let controller = experiment.controller(kind)?;
            let mut summary = Summary::default();
            let task = |index| (controller, scenarios.get(index));
            let _ = batch.fly_any(kind, 0..count.get(), &task, &mut |flown| {
                let &Flown { index, run: Run { outcome, time, .. }, ref metrics } = flown;
                let State { theta1, theta2, .. } = starts.get(index);
                each(&RunRow { controller: kind, index, theta1, theta2, outcome, time }, metrics);
                summary.add(outcome, metrics);
                ControlFlow::Continue(())
            });
            Ok(summary.comparison(kind))
        })
        .collect()
}

/// What is kept of the runs of a law.
#[derive(Default)]
struct Summary {
    settled: u64,
    not_settled: u64,
    fallen: u64,
    off_track: u64,
    diverged: u64,
    settling_time: Quantiles,
    control_effort: Quantiles,
    total_variation: Quantiles,
    theta_rms: Quantiles,
    u_rms: Quantiles,
}

impl Summary {
    fn add(&mut self, outcome: Outcome, metrics: &Metrics) {
        *match outcome {
            Outcome::Settled => &mut self.settled,
            Outcome::NotSettled => &mut self.not_settled,
            Outcome::Fallen => &mut self.fallen,
            Outcome::OffTrack => &mut self.off_track,
            Outcome::Diverged => &mut self.diverged,
        } += 1;
        self.settling_time.add(metrics.settling_time);
        if outcome == Outcome::Settled {
            self.control_effort.add(Some(metrics.control_effort));
            self.total_variation.add(Some(metrics.total_variation));
            self.theta_rms.add(metrics.theta_rms);
            self.u_rms.add(metrics.u_rms);
        }
    }

    fn comparison(&self, name: Kind) -> Comparison {
        let &Self { settled, not_settled, fallen, off_track, diverged, .. } = self;
        let starts = settled + not_settled + fallen + off_track + diverged;
        let median = |of: &Quantiles| of.median(Confidence::default()).value;
        Comparison {
            name,
            starts,
            settled,
            not_settled,
            fallen,
            off_track,
            diverged,
            success_rate: settled as f64 / starts as f64,
            success_interval: wilson(settled, starts),
            settling_time_median: median(&self.settling_time),
            control_effort_median: median(&self.control_effort),
            total_variation_median: median(&self.total_variation),
            theta_rms_median: median(&self.theta_rms),
            u_rms_median: median(&self.u_rms),
        }
    }
}
