//! How gains are judged: on which starts, and what a candidate costs, given its runs.
//!
//! - If every run settled, the cost is the mean of `J/(1 + J)`, with `J` the weighted sum of the
//!   metrics of a run: in `[0, 1)`.
//! - If `f` of `n` runs failed, it is `1 + (f − 1 + (p + s)/2)/n`, in `(1, 2]`: `p` is the mean penalty
//!   of the runs that failed, ½ for one that stayed up without settling and `1 − t/(4T)` for a fall
//!   or the end of the track at time `t` of the horizon `T`; `s` is the mean of `J/(1 + J)` over those that settled.
//!
//! So any candidate that fails is worse than any that does not, and fewer failures are better than
//! more; no weight can trade these. Among candidates with as many failures, later falls and better
//! runs win.

use serde::{Deserialize, Serialize};

use crate::error::ExperimentError;
use crate::metrics::Metrics;
use crate::outcome::{Outcome, Run};
use crate::rules::{not_negative, require};
use crate::starts::{StartError, Starts};

/// How gains are judged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
        Self { starts: 24, radius: 0.5, cost: Cost::default() }
    }
}

/// Each candidate runs from every start: more would take days.
const STARTS_MAX: u32 = 100_000;

impl Tuning {
    pub(crate) fn check(&self) -> Result<(), ExperimentError> {
        let (few, starts) = ((1..=STARTS_MAX).contains(&self.starts), f64::from(self.starts));
        require("tuning.starts", starts, few, "from 1 to 100000")?;
        Starts::new(self.radius, 0).map_err(|StartError { value }| ExperimentError::Setting {
            key: "tuning.box".into(),
            value,
            rule: StartError::RULE,
        })?;
        self.cost.check()
    }
}

/// Weights of the metrics in `J`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

impl Cost {
    pub(crate) fn check(&self) -> Result<(), ExperimentError> {
        let weights = [
            ("tuning.cost.settling_time", self.settling_time),
            ("tuning.cost.iae", self.iae),
            ("tuning.cost.control_effort", self.control_effort),
            ("tuning.cost.total_variation", self.total_variation),
            ("tuning.cost.cart_travel", self.cart_travel),
        ];
        for (key, value) in weights {
            not_negative(key, value)?;
        }
        let some = weights.iter().any(|&(_, value)| value != 0.0);
        require(weights[0].0, 0.0, some, "greater than 0, or another weight of the cost")
    }

    /// `J` of a run that settled.
    fn of(&self, metrics: &Metrics, settling_time: f64) -> f64 {
        self.settling_time * settling_time
            + self.iae * metrics.iae
            + self.control_effort * metrics.control_effort
            + self.total_variation * metrics.total_variation
            + self.cart_travel * metrics.cart_travel
    }
}

/// Sums up the runs of one candidate.
#[derive(Debug)]
pub(crate) struct Judge {
    weights: Cost,
    horizon: f64,
    settled: u32,
    settled_cost: f64,
    failed: u32,
    penalty: f64,
    diverged: u32,
}

impl Judge {
    pub(crate) fn new(weights: Cost, horizon: f64) -> Self {
        Self {
            weights,
            horizon,
            settled: 0,
            settled_cost: 0.0,
            failed: 0,
            penalty: 0.0,
            diverged: 0,
        }
    }

    pub(crate) fn add(&mut self, run: &Run, metrics: &Metrics) {
        match (run.outcome, metrics.settling_time) {
            (Outcome::Settled, Some(settling_time)) => {
                let j = self.weights.of(metrics, settling_time);
                self.settled += 1;
                self.settled_cost += j / (1.0 + j);
            }
            (Outcome::Settled, None) => unreachable!("a run that settled did so at a time"),
            (Outcome::NotSettled, _) => {
                self.failed += 1;
                self.penalty += 0.5;
            }
            (Outcome::Fallen | Outcome::OffTrack, _) => {
                self.failed += 1;
                self.penalty += 1.0 - 0.25 * run.time / self.horizon;
            }
            (Outcome::Diverged, _) => self.diverged += 1,
        }
    }

    pub(crate) fn settled(&self) -> u32 {
        self.settled
    }

    pub(crate) fn runs(&self) -> u32 {
        self.settled + self.failed + self.diverged
    }

    /// None without runs, or if one of them diverged: its numbers mean nothing.
    pub(crate) fn cost(&self) -> Option<f64> {
        let mean = |sum: f64, count: u32| if count > 0 { sum / f64::from(count) } else { 1.0 };
        let settled_cost = mean(self.settled_cost, self.settled);
        if self.runs() == 0 || self.diverged > 0 {
            None
        } else if self.failed == 0 {
            Some(settled_cost)
        } else {
            let within = 0.5 * (mean(self.penalty, self.failed) + settled_cost);
            Some(1.0 + (f64::from(self.failed) - 1.0 + within) / f64::from(self.runs()))
        }
    }
}

#[cfg(test)]
mod tests {
    use dip_dynamics::State;

    use super::{Cost, Judge, Metrics, Outcome, Run};

    const HORIZON: f64 = 10.0;

    fn metrics(settling_time: Option<f64>, effort: f64) -> Metrics {
        Metrics { settling_time, iae: 0.1, control_effort: effort, ..Metrics::default() }
    }

    fn cost(runs: &[(Outcome, f64)]) -> Option<f64> {
        let mut judge = Judge::new(Cost::default(), HORIZON);
        for &(outcome, time) in runs {
            let settling_time = (outcome == Outcome::Settled).then_some(time);
            let run = Run { outcome, time, final_state: State::UPRIGHT };
            judge.add(&run, &metrics(settling_time, 10.0));
        }
        judge.cost()
    }

    #[test]
    fn candidates_are_ordered_as_they_should_be() {
        use Outcome::{Fallen, NotSettled, Settled};
        // Each row costs more than the one before.
        let ordered = [
            cost(&[(Settled, 1.0), (Settled, 1.0)]),
            cost(&[(Settled, 1.0), (Settled, 9.0)]),
            cost(&[(Settled, 1.0), (NotSettled, HORIZON)]),
            cost(&[(Settled, 1.0), (Fallen, 9.0)]),
            cost(&[(Settled, 1.0), (Fallen, 1.0)]),
            cost(&[(NotSettled, HORIZON), (NotSettled, HORIZON)]),
            cost(&[(NotSettled, HORIZON), (Fallen, 9.0)]),
            cost(&[(Fallen, 9.0), (Fallen, 9.0)]),
            cost(&[(Fallen, 0.0), (Fallen, 0.0)]),
        ]
        .map(Option::unwrap);
        assert!(ordered.is_sorted_by(|a, b| a < b), "{ordered:?}");
        assert!(ordered[0] > 0.0 && ordered[8] == 2.0);
    }

    #[test]
    fn the_most_expensive_success_is_cheaper_than_the_best_failure() {
        let mut judge = Judge::new(Cost::default(), HORIZON);
        let run = Run { outcome: Outcome::Settled, time: HORIZON, final_state: State::UPRIGHT };
        judge.add(&run, &metrics(Some(HORIZON), 1e15));
        let failure = cost(&[(Outcome::Settled, 0.0), (Outcome::NotSettled, HORIZON)]);
        assert!(judge.cost() < Some(1.0) && Some(1.0) < failure);
    }

    #[test]
    fn what_means_nothing_has_no_cost() {
        assert_eq!(cost(&[]), None);
        assert_eq!(cost(&[(Outcome::Settled, 1.0), (Outcome::Diverged, 1.0)]), None);
    }
}
