//! Laws flown in trials: what each costs, and how it did.
//!
//! All laws fly the same runs (common random numbers), and all of them at once, so that lanes and threads
//! are full whatever their number. Training and verification draw from different streams: no start, plant or
//! noise of one is in the other, whatever the seeds.
//!
//! It knows nothing of gains or of how they are searched: [`Trials::judge`] is for a law of your own, too.
//! Validated by `tests/tuning.rs`.

use std::ops::ControlFlow;

use serde::Serialize;
use smc_controllers::{AnyController, Kind, Law};

use crate::batch::{Batch, Flown};
use crate::closed_loop::ClosedLoop;
use crate::error::ExperimentError;
use crate::experiment::Experiment;
use crate::scenario::Scenario;
use crate::starts::Starts;
use crate::statistics::{Confidence, Estimate, Quantiles, Rate};
use crate::tuning::cost::{Judge, Scale, Tail};
use crate::tuning::settings::Trial;

/// Runs that laws have to stand.
#[derive(Debug, Clone)]
pub struct Trials {
    trials: Vec<Prepared>,
    tail: Tail,
}

#[derive(Debug, Clone)]
struct Prepared {
    name: String,
    required: f64,
    closed_loop: ClosedLoop,
    scale: Scale,
    scenarios: Vec<Scenario>,
}

/// What all runs together say of a law.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Judgement {
    /// What it costs; none if a run diverged.
    pub cost: Option<f64>,
    /// Runs that settled in time.
    pub settled: u32,
    /// Runs.
    pub runs: u32,
    /// Means over the runs that settled; none if there were none.
    pub means: Option<Objectives>,
}

/// What gains are traded for, as means over runs that settled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Objectives {
    /// Settling time in s.
    pub settling_time: f64,
    /// `∫F²dt` in N²·s.
    pub control_effort: f64,
    /// Total variation of the command per second in N/s.
    pub chattering: f64,
}

/// How a law did in one trial.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrialFigures {
    /// The trial.
    pub name: String,
    /// Runs.
    pub runs: u64,
    /// Runs that settled, before the deadline if the trial has one.
    pub settled: u64,
    /// Their share, with its 95 % interval (Wilson).
    pub success: Estimate,
    /// The share that has to settle.
    pub required: f64,
    /// Whether as many did.
    pub passed: bool,
    /// Median settling time in s over the runs that settled.
    pub settling_time_median: Option<f64>,
    /// Median settling time of the angles in s over the runs that settled.
    pub angle_settling_time_median: Option<f64>,
    /// Median of `∫F²dt` in N²·s over the runs that settled.
    pub control_effort_median: Option<f64>,
    /// Median total variation of the command per second in N/s over the runs that settled.
    pub chattering_median: Option<f64>,
}

/// Each trial has scenario numbers of its own.
const NUMBERS_OF_A_TRIAL: u64 = 1 << 32;

impl Trials {
    /// Those on which candidates of an experiment are judged.
    ///
    /// # Errors
    /// An experiment that cannot be run.
    pub fn training(experiment: &Experiment, seed: u64) -> Result<Self, ExperimentError> {
        Self::new(experiment, |trial| (trial.starts(seed).for_training(), trial.runs))
    }

    /// Held-out ones: as many runs of each trial as `tuning.verification` says.
    ///
    /// # Errors
    /// An experiment that cannot be run.
    pub fn verification(experiment: &Experiment, seed: u64) -> Result<Self, ExperimentError> {
        let runs = experiment.tuning.verification;
        Self::new(experiment, |trial| (trial.starts(seed), runs))
    }

    fn new(
        experiment: &Experiment,
        draw: impl Fn(&Trial) -> (Starts, u32),
    ) -> Result<Self, ExperimentError> {
        experiment.check()?;
        let tuning = &experiment.tuning;
        let prepare = |(i, trial): (usize, &Trial)| {
            let world = trial.world(experiment);
            let closed_loop = world.closed_loop()?;
            let (starts, runs) = draw(trial);
            let scenarios = world.scenarios(starts)?;
            let first = i as u64 * NUMBERS_OF_A_TRIAL;
            let middle = trial.middle(experiment);
            Ok(Prepared {
                name: trial.name.clone(),
                required: trial.required,
                scale: Scale::new(trial.cost.unwrap_or(tuning.cost), trial.deadline, &closed_loop),
                closed_loop,
                scenarios: (first..first + u64::from(runs))
                    .map(|index| scenarios.get(index).moved_by(middle))
                    .collect(),
            })
        };
        let trials: Result<_, ExperimentError> =
            tuning.trials.iter().enumerate().map(prepare).collect();
        Ok(Self { trials: trials?, tail: Tail::of(tuning) })
    }

    /// Runs of one law.
    pub fn runs(&self) -> u64 {
        self.trials.iter().map(Prepared::runs).sum()
    }

    /// Control steps of one law, if it holds them all.
    pub fn steps(&self) -> u64 {
        self.trials.iter().map(|trial| trial.runs() * trial.closed_loop.periods()).sum()
    }

    /// What each of these laws costs.
    ///
    /// # Panics
    /// If the laws differ in more than their numbers.
    pub fn judge<L: Law>(&self, laws: &[L]) -> Vec<Judgement> {
        self.judge_by(laws.len(), |trial, each| {
            let task = |number| trial.task(laws, number);
            Batch::new(&trial.closed_loop).fly(0..trial.numbers(laws.len()), task, each)
        })
    }

    /// The same for laws of one kind, whichever that is.
    ///
    /// # Panics
    /// If a law is of another kind, or differs in more than its numbers.
    pub fn judge_any(&self, kind: Kind, laws: &[AnyController]) -> Vec<Judgement> {
        self.judge_by(laws.len(), |trial, each| {
            let task = |number| trial.task(laws, number);
            Batch::new(&trial.closed_loop).fly_any(kind, 0..trial.numbers(laws.len()), &task, each)
        })
    }

    fn judge_by(
        &self,
        laws: usize,
        fly: impl Fn(&Prepared, &mut dyn FnMut(&Flown) -> ControlFlow<()>) -> ControlFlow<()>,
    ) -> Vec<Judgement> {
        let runs = self.trials.iter().map(|trial| trial.scenarios.len()).max().unwrap_or(0);
        let mut sums: Vec<Sum> = (0..laws).map(|_| Sum::new(runs, self.tail)).collect();
        for trial in &self.trials {
            let ended = fly(trial, &mut |flown| {
                sums[trial.law(flown.index)].add(trial.scale, flown);
                ControlFlow::Continue(())
            });
            assert!(ended.is_continue(), "nobody ends a trial");
            for sum in &mut sums {
                sum.judge.end_trial();
            }
        }
        sums.into_iter().map(Sum::judgement).collect()
    }

    /// How one law did in each trial.
    pub fn figures(&self, law: AnyController) -> Vec<TrialFigures> {
        self.trials.iter().map(|trial| trial.figures(law)).collect()
    }
}

impl Prepared {
    fn runs(&self) -> u64 {
        self.scenarios.len() as u64
    }

    /// Numbers of the runs of so many laws: all of the first, all of the second, and so on.
    fn numbers(&self, laws: usize) -> u64 {
        laws as u64 * self.runs()
    }

    fn law(&self, number: u64) -> usize {
        usize::try_from(number / self.runs()).expect("a law in memory")
    }

    fn task<L: Copy>(&self, laws: &[L], number: u64) -> (L, Scenario) {
        let scenario = usize::try_from(number % self.runs()).expect("a scenario in memory");
        (laws[self.law(number)], self.scenarios[scenario])
    }

    fn figures(&self, law: AnyController) -> TrialFigures {
        let mut rate = Rate::default();
        let mut quantiles: [Quantiles; 4] = Default::default();
        let task = |number| self.task(&[law], number);
        let batch = Batch::new(&self.closed_loop);
        let ended = batch.fly_any(law.kind(), 0..self.runs(), &task, &mut |flown| {
            let metrics = &flown.metrics;
            let settled = self.scale.judge(&flown.run, metrics).is_success();
            rate.add(settled);
            if settled {
                let values = [
                    metrics.settling_time,
                    metrics.angle_settling_time,
                    Some(metrics.control_effort),
                    metrics.chattering,
                ];
                quantiles.iter_mut().zip(values).for_each(|(of, value)| of.add(value));
            }
            ControlFlow::Continue(())
        });
        assert!(ended.is_continue(), "nobody ends a trial");
        let success = rate.estimate(Confidence::default()).expect("a trial has runs");
        let [settling_time, angle_settling_time, control_effort, chattering] =
            quantiles.map(|of| of.median(Confidence::default()).value);
        TrialFigures {
            name: self.name.clone(),
            runs: rate.trials(),
            settled: rate.successes(),
            success,
            required: self.required,
            passed: success.value >= self.required,
            settling_time_median: settling_time,
            angle_settling_time_median: angle_settling_time,
            control_effort_median: control_effort,
            chattering_median: chattering,
        }
    }
}

/// The runs of one law, summed up.
#[derive(Debug)]
struct Sum {
    judge: Judge,
    settled: u32,
    runs: u32,
    sums: [f64; 3],
}

impl Sum {
    fn new(runs: usize, tail: Tail) -> Self {
        Self { judge: Judge::new(runs, tail), settled: 0, runs: 0, sums: [0.0; 3] }
    }

    fn add(&mut self, scale: Scale, flown: &Flown) {
        let Flown { run, metrics, .. } = flown;
        let verdict = scale.judge(run, metrics);
        self.judge.add(verdict);
        self.runs += 1;
        if let (true, Some(settling_time), Some(chattering)) =
            (verdict.is_success(), metrics.settling_time, metrics.chattering)
        {
            self.settled += 1;
            let values = [settling_time, metrics.control_effort, chattering];
            self.sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
    }

    fn judgement(self) -> Judgement {
        let [settling_time, control_effort, chattering] =
            self.sums.map(|sum| sum / f64::from(self.settled));
        let means = Objectives { settling_time, control_effort, chattering };
        Judgement {
            cost: self.judge.cost(),
            settled: self.settled,
            runs: self.runs,
            means: (self.settled > 0).then_some(means),
        }
    }
}

impl Judgement {
    /// Did every run settle?
    pub fn holds(&self) -> bool {
        self.settled == self.runs
    }
}
