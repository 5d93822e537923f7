//! What a candidate costs, given its runs.
//!
//! - Of a run that settled, `J` is the weighted sum of its metrics ([`Cost`]), and `J/(1 + J)` its share of
//!   the cost, in `[0, 1)`.
//! - If every run settled, a trial costs `(1 − w)·mean + w·tail`: the mean over its runs, and the mean over the
//!   worst of them, which is the conditional value at risk (Rockafellar and Uryasev 2000). The cost is the
//!   mean over the trials: more runs make a trial's share surer, not heavier.
//! - If `f` of `n` runs failed, it is `1 + (f − 1 + (p + s)/2)/n`, in `(1, 2]`: `p` is the mean penalty
//!   of the runs that failed, `1 − t/(4T)` for a fall or the end of the track at time `t` of the horizon
//!   `T`, `½ + r/(4 + 4r)` for one that stayed up without settling, `r` bands from rest, and `t/(2T)` for one
//!   whose angles settled at `t`, after the deadline of its trial; `s` is the mean over those that settled.
//!
//! So any candidate that fails is worse than any that does not, and fewer failures are better than
//! more; no weight can trade these. Among candidates with as many failures, later falls, less motion and
//! better runs win.

use crate::closed_loop::ClosedLoop;
use crate::metrics::Metrics;
use crate::outcome::{Outcome, Run, Settling};
use crate::tuning::settings::{Cost, Tuning};

/// How much the tail counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tail {
    share: f64,
    weight: f64,
}

impl Tail {
    /// The mean alone.
    pub(crate) const NONE: Self = Self { share: 1.0, weight: 0.0 };

    /// Of shares of the cost; the order of equal ones says nothing.
    fn cost(self, shares: &mut [f64]) -> f64 {
        shares.sort_unstable_by(|a, b| b.total_cmp(a));
        let count = shares.len() as f64;
        let mean = shares.iter().sum::<f64>() / count;
        (1.0 - self.weight) * mean + self.weight * mean_of_first(shares, self.share * count)
    }

    pub(crate) fn of(tuning: &Tuning) -> Self {
        Self { share: tuning.tail, weight: tuning.tail_weight }
    }
}

/// Judges single runs of one closed loop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    weights: Cost,
    deadline: Option<f64>,
    settling: Settling,
    horizon: f64,
    u_max: f64,
}

/// What one run says of a candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Verdict {
    /// It settled in time, with this share of the cost.
    Settled(f64),
    /// It did not, with this penalty.
    Failed(f64),
    /// Its numbers mean nothing.
    Diverged,
}

impl Verdict {
    pub(crate) fn is_success(self) -> bool {
        matches!(self, Self::Settled(_))
    }
}

impl Scale {
    pub(crate) fn new(weights: Cost, deadline: Option<f64>, closed_loop: &ClosedLoop) -> Self {
        Self {
            weights,
            deadline,
            settling: *closed_loop.settling(),
            horizon: closed_loop.horizon(),
            u_max: closed_loop.u_max(),
        }
    }

    pub(crate) fn judge(&self, run: &Run, metrics: &Metrics) -> Verdict {
        match run.outcome {
            Outcome::Settled => {
                let angles = metrics.angle_settling_time.expect("it settled");
                if self.deadline.is_some_and(|deadline| angles > deadline) {
                    Verdict::Failed(0.5 * angles / self.horizon)
                } else {
                    let j = self.sum(metrics);
                    Verdict::Settled(j / (1.0 + j))
                }
            }
            Outcome::NotSettled => {
                let angles = metrics.theta_rms.expect("it got to the horizon");
                let bands =
                    angles / self.settling.theta + run.final_state.x.abs() / self.settling.x;
                Verdict::Failed(0.75 - 0.25 / (1.0 + bands))
            }
            Outcome::Fallen | Outcome::OffTrack => {
                Verdict::Failed(1.0 - 0.25 * run.time / self.horizon)
            }
            Outcome::Diverged => Verdict::Diverged,
        }
    }

    /// `J` of a run that settled, and so did so at a time.
    fn sum(&self, metrics: &Metrics) -> f64 {
        let Self { weights, horizon, u_max, .. } = self;
        let share = |time: Option<f64>| time.expect("it settled") / horizon;
        weights.settling_time * share(metrics.settling_time)
            + weights.angle_settling_time * share(metrics.angle_settling_time)
            + weights.iae * metrics.iae
            + weights.control_effort * (metrics.control_effort / (u_max * u_max * horizon))
            + weights.total_variation * (metrics.total_variation / u_max)
            + weights.cart_travel * metrics.cart_travel
    }
}

/// Sums up the runs of one candidate, one trial after the other.
#[derive(Debug)]
pub(crate) struct Judge {
    tail: Tail,
    /// The shares of the runs of this trial that settled.
    shares: Vec<f64>,
    /// Over the trials that ended.
    costs: Sum,
    settled: Sum,
    failed: Sum,
    diverged: bool,
}

/// Numbers, added up.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    sum: f64,
    count: u32,
}

impl Sum {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn mean_or(self, otherwise: f64) -> f64 {
        if self.count > 0 { self.sum / f64::from(self.count) } else { otherwise }
    }
}

impl Judge {
    /// Of this many runs of a trial at most. All memory is taken here.
    pub(crate) fn new(runs: usize, tail: Tail) -> Self {
        let none = Sum::default();
        let shares = Vec::with_capacity(runs);
        Self { tail, shares, costs: none, settled: none, failed: none, diverged: false }
    }

    pub(crate) fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Settled(share) => {
                self.shares.push(share);
                self.settled.add(share);
            }
            Verdict::Failed(penalty) => self.failed.add(penalty),
            Verdict::Diverged => self.diverged = true,
        }
    }

    /// The runs so far were a trial.
    pub(crate) fn end_trial(&mut self) {
        if !self.shares.is_empty() {
            self.costs.add(self.tail.cost(&mut self.shares));
            self.shares.clear();
        }
    }

    /// None without runs, or if one of them diverged: its numbers mean nothing.
    pub(crate) fn cost(&self) -> Option<f64> {
        let runs = self.settled.count + self.failed.count;
        if runs == 0 || self.diverged {
            None
        } else if self.failed.count == 0 {
            Some(self.costs.mean_or(1.0))
        } else {
            let within = 0.5 * (self.failed.mean_or(1.0) + self.settled.mean_or(1.0));
            Some(1.0 + (f64::from(self.failed.count) - 1.0 + within) / f64::from(runs))
        }
    }
}

/// The mean of the first `count` values, of which the last counts in part if `count` is not whole.
fn mean_of_first(values: &[f64], count: f64) -> f64 {
    let weight = |i: usize| (count - i as f64).clamp(0.0, 1.0);
    values.iter().enumerate().map(|(i, value)| weight(i) * value).sum::<f64>() / count
}

#[cfg(test)]
mod tests {
    use dip_dynamics::State;

    use super::{Judge, Metrics, Outcome, Run, Scale, Tail, Verdict, mean_of_first};
    use crate::experiment::Experiment;
    use crate::tuning::settings::Cost;

    const HORIZON: f64 = 10.0;
    const MEAN: Tail = Tail::NONE;
    const WORST: Tail = Tail { share: 0.25, weight: 1.0 };

    fn cost(runs: &[(Outcome, f64)], effort: f64, tail: Tail) -> Option<f64> {
        let closed_loop = Experiment::default().closed_loop().unwrap();
        let scale = Scale::new(Cost::default(), None, &closed_loop);
        let mut judge = Judge::new(runs.len(), tail);
        for &(outcome, time) in runs {
            let settling_time = (outcome == Outcome::Settled).then_some(time);
            let run = Run { outcome, time, final_state: State::UPRIGHT };
            judge.add(scale.judge(
                &run,
                &Metrics {
                    settling_time,
                    angle_settling_time: settling_time,
                    theta_rms: Some(0.01),
                    iae: 0.1,
                    control_effort: effort,
                    ..Metrics::default()
                },
            ));
        }
        judge.end_trial();
        judge.cost()
    }

    #[test]
    fn candidates_are_ordered_as_they_should_be() {
        use Outcome::{Fallen, NotSettled, Settled};
        // Each row costs more than the one before.
        for tail in [MEAN, WORST] {
            let ordered = [
                cost(&[(Settled, 1.0), (Settled, 1.0)], 10.0, tail),
                cost(&[(Settled, 1.0), (Settled, 9.0)], 10.0, tail),
                cost(&[(Settled, 1.0), (NotSettled, HORIZON)], 10.0, tail),
                cost(&[(Settled, 1.0), (Fallen, 9.0)], 10.0, tail),
                cost(&[(Settled, 1.0), (Fallen, 1.0)], 10.0, tail),
                cost(&[(NotSettled, HORIZON), (NotSettled, HORIZON)], 10.0, tail),
                cost(&[(NotSettled, HORIZON), (Fallen, 9.0)], 10.0, tail),
                cost(&[(Fallen, 9.0), (Fallen, 9.0)], 10.0, tail),
                cost(&[(Fallen, 0.0), (Fallen, 0.0)], 10.0, tail),
            ]
            .map(Option::unwrap);
            assert!(ordered.is_sorted_by(|a, b| a < b), "{ordered:?}");
            assert!(ordered[0] > 0.0 && ordered[8] == 2.0);
        }
    }

    #[test]
    fn the_most_expensive_success_is_cheaper_than_the_best_failure() {
        let success = cost(&[(Outcome::Settled, HORIZON)], 1e15, WORST);
        let failure = cost(&[(Outcome::Settled, 0.0), (Outcome::NotSettled, HORIZON)], 0.0, WORST);
        assert!(success < Some(1.0) && Some(1.0) < failure);
    }

    #[test]
    fn what_settles_after_the_deadline_has_failed_by_how_late_it_is() {
        let closed_loop = Experiment::default().closed_loop().unwrap();
        let scale = Scale::new(Cost::default(), Some(2.0), &closed_loop);
        let judge = |angles: f64, settled: f64| {
            let run = Run { outcome: Outcome::Settled, time: HORIZON, final_state: State::UPRIGHT };
            scale.judge(
                &run,
                &Metrics {
                    settling_time: Some(settled),
                    angle_settling_time: Some(angles),
                    ..Metrics::default()
                },
            )
        };
        assert!(matches!(judge(2.0, 9.0), Verdict::Settled(_)), "it is for the angles");
        assert_eq!(judge(2.5, 2.5), Verdict::Failed(0.125));
        assert_eq!(
            judge(HORIZON, HORIZON),
            Verdict::Failed(0.5),
            "like one that came to rest, but not for long enough"
        );
    }

    #[test]
    fn what_stays_up_has_failed_by_how_far_it_is_from_rest() {
        let closed_loop = Experiment::default().closed_loop().unwrap();
        let scale = Scale::new(Cost::default(), None, &closed_loop);
        let penalty = |theta_rms: f64, x: f64| {
            let final_state = State { x, ..State::UPRIGHT };
            let run = Run { outcome: Outcome::NotSettled, time: HORIZON, final_state };
            let metrics = Metrics { theta_rms: Some(theta_rms), ..Metrics::default() };
            match scale.judge(&run, &metrics) {
                Verdict::Failed(penalty) => penalty,
                other => panic!("{other:?}"),
            }
        };
        let settling = closed_loop.settling();
        // Later than any that settles late, and before any that falls.
        assert_eq!(penalty(0.0, 0.0), 0.5);
        assert_eq!(penalty(settling.theta, 0.0), 0.625);
        assert_eq!(penalty(0.0, -settling.x), 0.625);
        assert!(penalty(1.0, 0.0) < penalty(1.0, 1.0) && penalty(1.0, 1.0) < 0.75);
    }

    #[test]
    fn the_tail_is_the_worst_runs_alone() {
        use Outcome::Settled;
        let (slow, quick) = ((Settled, 9.0), (Settled, 1.0));
        let one_slow = cost(&[quick, slow, quick, quick], 10.0, WORST);
        assert_eq!(one_slow, cost(&[slow], 10.0, MEAN));
        assert!(one_slow > cost(&[quick, slow, quick, quick], 10.0, MEAN));
        assert_eq!(mean_of_first(&[4.0, 2.0, 1.0], 1.5), (4.0 + 0.5 * 2.0) / 1.5);
        assert_eq!(mean_of_first(&[4.0, 2.0, 1.0], 0.5), 4.0);
    }

    #[test]
    fn trials_weigh_the_same_whatever_their_runs() {
        let trials = |runs: [usize; 2]| {
            let mut judge = Judge::new(8, WORST);
            for (runs, share) in runs.into_iter().zip([0.25, 0.75]) {
                (0..runs).for_each(|_| judge.add(Verdict::Settled(share)));
                judge.end_trial();
            }
            judge.cost()
        };
        assert_eq!(trials([1, 8]), Some(0.5));
        assert_eq!(trials([8, 1]), Some(0.5));
    }

    #[test]
    fn what_means_nothing_has_no_cost() {
        assert_eq!(cost(&[], 10.0, MEAN), None);
        assert_eq!(cost(&[(Outcome::Settled, 1.0), (Outcome::Diverged, 1.0)], 10.0, MEAN), None);
    }
}
