//! Monte Carlo: what any number of random scenarios say about laws, in memory that does not depend on how
//! many they are.
//!
//! Every law flies the same scenarios, in blocks: a block of the first law, the same block of the second,
//! and so on. Where a [`Campaign`] is after a block is plain data: written, read back and continued it
//! gives the same bits as without a break. It knows nothing of files, clocks or signals.
//!
//! Validated by `tests/montecarlo.rs`, its memory by `tests/montecarlo_memory.rs`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use smc_controllers::{AnyController, Kind};

use crate::batch::{Batch, Flown};
use crate::closed_loop::ClosedLoop;
use crate::metrics::Metrics;
use crate::outcome::Outcome;
use crate::scenario::Scenarios;
use crate::statistics::{
    Confidence, Estimate, KaplanMeier, Lifetime, Paired, Precision, Quantiles, Rate, Severity,
    WorstCase, WorstCases, holm,
};

/// A metric, by name.
type Metric = (&'static str, fn(&Metrics) -> Option<f64>);

/// The metrics of which quantiles are told, over the runs that settled.
const METRICS: [Metric; 11] = [
    ("angle_settling_time", |metrics| metrics.angle_settling_time),
    ("cart_travel", |metrics| Some(metrics.cart_travel)),
    ("chattering", |metrics| metrics.chattering),
    ("control_effort", |metrics| Some(metrics.control_effort)),
    ("iae", |metrics| Some(metrics.iae)),
    ("ise", |metrics| Some(metrics.ise)),
    ("peak_force", |metrics| Some(metrics.peak_force)),
    ("settling_time", |metrics| metrics.settling_time),
    ("theta_rms", |metrics| metrics.theta_rms),
    ("total_variation", |metrics| Some(metrics.total_variation)),
    ("u_rms", |metrics| metrics.u_rms),
];

/// Takes the runs of one law, in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonteCarlo {
    kind: Kind,
    /// Control period in s.
    period: f64,
    /// Control periods of a whole run.
    horizon: u32,
    success: Rate,
    not_settled: u64,
    fallen: u64,
    off_track: u64,
    diverged: u64,
    settling: KaplanMeier,
    /// In the order of [`METRICS`].
    quantiles: [Quantiles; METRICS.len()],
    worst: WorstCases<Severity, WorstRun>,
}

/// What is kept of one of the worst runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorstRun {
    /// How it ended.
    pub outcome: Outcome,
    /// When that was decided, in s.
    pub time: f64,
    /// Its figures.
    pub metrics: Metrics,
}

impl MonteCarlo {
    /// Of no run of a law yet; the `worst` ones are to be kept. All memory is taken here.
    ///
    /// # Panics
    /// A loop of 2³² control periods or more, which an experiment cannot have.
    pub fn new(kind: Kind, closed_loop: &ClosedLoop, worst: usize) -> Self {
        let horizon = u32::try_from(closed_loop.periods()).expect("at most 1e9 periods");
        Self {
            kind,
            period: closed_loop.period(),
            horizon,
            success: Rate::default(),
            not_settled: 0,
            fallen: 0,
            off_track: 0,
            diverged: 0,
            settling: KaplanMeier::new(horizon),
            quantiles: [(); METRICS.len()].map(|()| Quantiles::new()),
            worst: WorstCases::new(worst),
        }
    }

    /// One more run, that of the number [`MonteCarlo::runs`].
    ///
    /// # Panics
    /// A run of another number.
    pub fn add(&mut self, flown: &Flown) {
        assert_eq!(flown.index, self.runs(), "runs are taken in order");
        let (run, metrics) = (&flown.run, &flown.metrics);
        let outcome = run.outcome;
        self.success.add(outcome == Outcome::Settled);
        match outcome {
            Outcome::Settled => {
                for (quantiles, (_, metric)) in self.quantiles.iter_mut().zip(METRICS) {
                    quantiles.add(metric(metrics));
                }
            }
            Outcome::NotSettled => self.not_settled += 1,
            Outcome::Fallen => self.fallen += 1,
            Outcome::OffTrack => self.off_track += 1,
            Outcome::Diverged => self.diverged += 1,
        }
        let settling_time = metrics.settling_time;
        let lifetime = Lifetime::to_settle(outcome, settling_time, self.period, self.horizon);
        self.settling.add(lifetime);
        let severity = Severity::new(outcome, run.time, metrics.iae, settling_time);
        let kept = WorstRun { outcome, time: run.time, metrics: *metrics };
        self.worst.add(severity, flown.index, kept);
    }

    /// The law.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How many runs there were.
    pub fn runs(&self) -> u64 {
        self.success.trials()
    }

    /// How many of them settled.
    pub fn success(&self) -> &Rate {
        &self.success
    }

    /// The worst runs, the worst one first.
    pub fn worst(&self) -> &[WorstCase<Severity, WorstRun>] {
        self.worst.cases()
    }

    /// What the runs say, with intervals of `confidence`.
    pub fn figures(&self, confidence: Confidence) -> Figures {
        let Self { not_settled, fallen, off_track, diverged, .. } = *self;
        let seconds = |tick: Option<u32>| tick.map(|tick| f64::from(tick) * self.period);
        let Estimate { value, low, high } = self.settling.median(confidence);
        let of_metric = |(quantiles, (name, _)): (&Quantiles, (&'static str, _))| {
            let at = |share| quantiles.estimate(share, confidence);
            (name, MetricQuantiles { p05: at(0.05), median: at(0.5), p95: at(0.95) })
        };
        Figures {
            name: self.kind,
            runs: self.runs(),
            settled: self.success.successes(),
            not_settled,
            fallen,
            off_track,
            diverged,
            success: self.success.estimate(confidence),
            settling_time_median: Estimate {
                value: seconds(value),
                low: seconds(low),
                high: seconds(high),
            },
            quantiles: self.quantiles.iter().zip(METRICS).map(of_metric).collect(),
        }
    }
}

/// What many runs say about a law. Definitions: `docs/metrics.md`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Figures {
    /// The law.
    pub name: Kind,
    /// Runs.
    pub runs: u64,
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
    /// The share that settled, with its interval (Wilson); none without runs.
    pub success: Option<Estimate>,
    /// Median settling time in s of all runs (Kaplan–Meier), with its interval; none where it was not
    /// seen.
    pub settling_time_median: Estimate<Option<f64>>,
    /// Of each metric, over the runs that settled.
    pub quantiles: BTreeMap<&'static str, MetricQuantiles>,
}

/// How a metric is distributed, with bootstrap intervals; none without values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MetricQuantiles {
    /// Of twenty runs, one has less.
    pub p05: Estimate<Option<f64>>,
    /// The median.
    pub median: Estimate<Option<f64>>,
    /// Of twenty runs, one has more.
    pub p95: Estimate<Option<f64>>,
}

/// When a campaign is over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goal {
    /// Runs of each law, at most.
    pub runs: u64,
    /// And no more once the success rate of every law is known as closely, looked at after each block.
    pub precision: Option<Precision>,
}

/// Laws in the same random scenarios, each compared with the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Campaign {
    laws: Vec<MonteCarlo>,
    /// Settling times of the first law and of each other one, where they have flown the same scenarios.
    pairs: Vec<Paired>,
    /// Settling times of the first law in its last block.
    first: Vec<Option<f64>>,
}

/// What two laws in the same scenarios say about each other. Definitions: `docs/metrics.md`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PairFigures {
    /// The first law.
    pub first: Kind,
    /// The other law.
    pub second: Kind,
    /// Scenarios that both have flown.
    pub pairs: u64,
    /// In how many both settled.
    pub both: u64,
    /// In how many only the first.
    pub only_first: u64,
    /// In how many only the second.
    pub only_second: u64,
    /// Success rate of the first less that of the second; none without pairs.
    pub success_difference: Option<Estimate>,
    /// P-value of both settling as often (`McNemar`), …
    pub mcnemar: f64,
    /// … adjusted for all p-values of the campaign (Holm).
    pub mcnemar_holm: f64,
    /// Median of the settling time of the first less that of the second in s, where both settle.
    pub settling_time_difference: Estimate<Option<f64>>,
    /// P-value of either being the faster one as often where both settle (sign test), …
    pub sign_test: f64,
    /// … adjusted for all p-values of the campaign (Holm).
    pub sign_test_holm: f64,
    /// Probability that the first does better; none without pairs.
    pub superiority: Option<Estimate>,
}

impl Campaign {
    /// Of no run of the laws `kinds` yet; of each the `worst` runs are to be kept.
    pub fn new(kinds: &[Kind], closed_loop: &ClosedLoop, worst: usize) -> Self {
        Self {
            laws: kinds.iter().map(|&kind| MonteCarlo::new(kind, closed_loop, worst)).collect(),
            pairs: kinds.iter().skip(1).map(|_| Paired::new()).collect(),
            first: Vec::new(),
        }
    }

    /// Each law, in the order in which they were given.
    pub fn laws(&self) -> &[MonteCarlo] {
        &self.laws
    }

    /// Flies until the goal is reached. `each` is shown the campaign after each block of
    /// [`Precision::CHECKPOINT`] runs of a law, and may end it there; called again, it goes on.
    ///
    /// # Panics
    /// If `controllers` are not the laws of this campaign, in their order.
    pub fn fly(
        &mut self,
        batch: &Batch<'_>,
        controllers: &[AnyController],
        scenarios: &Scenarios,
        goal: &Goal,
        mut each: impl FnMut(&Self) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let kinds = self.laws.iter().map(MonteCarlo::kind);
        assert!(kinds.eq(controllers.iter().map(AnyController::kind)), "controllers of other laws");
        while let Some((law, end)) = self.next_block(goal) {
            self.fly_block(batch, law, &controllers[law], scenarios, end);
            each(self)?;
        }
        ControlFlow::Continue(())
    }

    /// The law that is to fly next, and up to which number; none if the goal is reached.
    fn next_block(&self, goal: &Goal) -> Option<(usize, u64)> {
        let flown = self.laws.first()?.runs();
        if let Some(behind) = self.laws.iter().position(|law| law.runs() < flown) {
            return Some((behind, flown));
        }
        let is_known =
            |precision: Precision| self.laws.iter().all(|law| precision.is_reached(law.success()));
        if flown >= goal.runs || goal.precision.is_some_and(is_known) {
            return None;
        }
        let block = flown / Precision::CHECKPOINT + 1;
        Some((0, goal.runs.min(block.saturating_mul(Precision::CHECKPOINT))))
    }

    fn fly_block(
        &mut self,
        batch: &Batch<'_>,
        law: usize,
        controller: &AnyController,
        scenarios: &Scenarios,
        end: u64,
    ) {
        let Self { laws, pairs, first } = self;
        let figures = &mut laws[law];
        if law == 0 {
            first.clear();
        }
        let mut place = 0;
        let numbers = figures.runs()..end;
        let task = |index| (*controller, scenarios.get(index));
        let flight = batch.fly_any(controller.kind(), numbers, &task, &mut |flown| {
            figures.add(flown);
            let settling_time = flown.metrics.settling_time;
            match law.checked_sub(1) {
                None => first.push(settling_time),
                Some(other) => {
                    pairs[other].add(first[place], settling_time);
                    place += 1;
                }
            }
            ControlFlow::Continue(())
        });
        assert!(flight.is_continue(), "nobody ends a block");
    }

    /// Runs of each law after which the goal will be reached, as far as is known: an interval narrows with
    /// the root of the runs.
    pub fn expected_runs(&self, goal: &Goal) -> u64 {
        let expected = goal.precision.and_then(|precision| {
            let expected = |law: &MonteCarlo| precision.expected_trials(law.success());
            self.laws.iter().map(expected).try_fold(0, |most, of_law| Some(of_law?.max(most)))
        });
        expected.map_or(goal.runs, |expected: u64| expected.min(goal.runs))
    }

    /// The first law compared with each other one.
    pub fn comparisons(&self, confidence: Confidence) -> Vec<PairFigures> {
        let Some((first, others)) = self.laws.split_first() else {
            return Vec::new();
        };
        let tests = |pair: &Paired| [pair.mcnemar(), pair.sign_test()];
        let p_values: Vec<f64> = self.pairs.iter().flat_map(tests).collect();
        let adjusted = holm(&p_values);
        let of_pair = |(i, (pair, second)): (usize, (&Paired, &MonteCarlo))| PairFigures {
            first: first.kind(),
            second: second.kind(),
            pairs: pair.count(),
            both: pair.both(),
            only_first: pair.only_first(),
            only_second: pair.only_second(),
            success_difference: pair.success_difference(confidence),
            mcnemar: p_values[2 * i],
            mcnemar_holm: adjusted[2 * i],
            settling_time_difference: pair.median_difference(confidence),
            sign_test: p_values[2 * i + 1],
            sign_test_holm: adjusted[2 * i + 1],
            superiority: pair.superiority(confidence),
        };
        self.pairs.iter().zip(others).enumerate().map(of_pair).collect()
    }
}
