//! `dip simulate`: one controller from one start.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use dip_dynamics::State;
use indicatif::ProgressBar;
use schemars::JsonSchema;
use serde::Serialize;
use sim_runner::{
    AfterFall, ClosedLoop, Experiment, Instant, Metrics, MetricsRecorder, Observer, Outcome, Run,
    Scenario, Uncontrolled,
};
use smc_controllers::{AnyController, Controller, EquivalentControl, Memory, Remembered};

use crate::cli::{Numbers, ScenarioNumber, SimulateArgs};
use crate::input::{InputError, Source};
use crate::layers::Config;
use crate::output::{Output, SCHEMA, VERSION};
use crate::picture::{self, Canvas, Shown};
use crate::provenance::{Origin, Provenance};
use crate::results::Results;
use crate::terminal::{progress_bar, significant};
use crate::trajectory::{Flown, Trajectories};

/// The document of one run.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "simulate")]
pub(crate) struct Simulation {
    schema: u32,
    controller: &'static str,
    outcome: Outcome,
    time: f64,
    final_state: [f64; 6],
    metrics: Metrics,
    /// The equivalent control that the law used.
    equivalent: Option<EquivalentControl>,
    seed: u64,
    /// The number of the scenario, if it was replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    version: &'static str,
    provenance: Provenance,
    /// What ran, with the controller's gains and the start.
    experiment: Experiment,
}

pub(crate) fn run(config: &Config, output: &Output, args: &SimulateArgs) -> Result<()> {
    if args.trajectories.is_given() && args.out.is_none() {
        return Err(InputError::new(&"--parquet: only with --out").into());
    }
    let mut source = Source::load(config)?;
    if let Some(path) = &args.gains {
        source.set_gains_of(args.controller.name(), path)?;
    }
    if let Some(Numbers(vector)) = &args.vector {
        let Some(kind) = args.controller.0 else {
            return Err(InputError::new(&"--vector: the uncontrolled plant has no gains").into());
        };
        source.set_vector(kind, vector)?;
    }
    let experiment = source.experiment_mut();
    if let Some(x0) = args.x0 {
        experiment.start = State::from_array(x0);
    }
    if let Some(duration) = args.duration {
        experiment.simulation.duration = duration;
    }
    let scenario = match args.replay {
        None if args.starts.is_given() => {
            return Err(InputError::new(&"--box, --design: only with --replay").into());
        }
        None => source.checked(|experiment| experiment.scenario(args.seed))?,
        Some(ScenarioNumber { seed, index }) => {
            let starts = source.set_starts(&args.starts, seed)?;
            let scenarios = source.checked(|experiment| experiment.scenarios(starts))?;
            let scenario = scenarios.get(index);
            source.experiment_mut().start = scenario.start;
            scenario
        }
    };
    // Nobody holds the uncontrolled plant up: its fall is what one wants to see.
    let after_fall =
        if args.controller.0.is_some() { AfterFall::Stop } else { AfterFall::Continue };
    source.warn(args.controller.0.as_slice());
    let closed_loop = source.checked(Experiment::closed_loop)?.with_after_fall(after_fall);

    let seed = args.replay.map_or(args.seed, |replay| replay.seed);
    let claim = |directory: &PathBuf| {
        let origin = Origin::of_this(seed, source.experiment());
        Results::claim(directory, "summary.json", origin, output.present())
    };
    let results = args.out.as_ref().map(claim).transpose()?;
    let summary = results.as_ref().map(Results::begin_document).transpose()?;
    let law = Law::new(&source, args)?;
    let (run, metrics, equivalent) = match &results {
        None => law.fly(&closed_loop, &scenario, &mut ()),
        Some(results) => {
            let canvases = ["motion", "phase", "gains"].map(|name| Canvas::begin(results, name));
            let [motion, phase, gains] = canvases;
            let (motion, phase, gains) = (motion?, phase?, gains?);
            let stem = "trajectory";
            let mut trajectories = Trajectories::begin(results, args.trajectories, [stem])?;
            let mut shown = Shown::new(args.controller.0, &closed_loop);
            shown.remembered = law.remembered();
            let controller = args.controller.name();
            let flown = Flown { stem, controller, remembered: law.remembered() };
            let result = trajectories.record(flown, |trajectory| {
                Ok(law.fly(&closed_loop, &scenario, &mut (trajectory, &mut shown)))
            })?;
            trajectories.describe()?;
            let (shown, horizon) = ([shown], closed_loop.horizon());
            picture::over_time(motion, horizon, &shown)?;
            picture::phase(phase, &shown)?;
            picture::remembered(gains, horizon, &shown)?;
            result
        }
    };
    let document = Simulation {
        schema: SCHEMA,
        controller: args.controller.name(),
        outcome: run.outcome,
        time: run.time,
        final_state: run.final_state.to_array(),
        metrics,
        equivalent,
        seed,
        index: args.replay.map(|replay| replay.index),
        version: VERSION,
        provenance: Provenance::of_this(Some(seed)),
        experiment: source.experiment().clone(),
    };
    if let (Some(results), Some(summary)) = (results, summary) {
        summary.finish_json(&document)?;
        results.publish()?;
    }
    output.show(&document, || in_words(&document))
}

/// What flies: a law, or nobody.
struct Law(Option<AnyController>);

impl Law {
    fn new(source: &Source, args: &SimulateArgs) -> Result<Self> {
        let build = |kind| source.checked(|experiment| experiment.controller(kind));
        Ok(Self(args.controller.0.map(build).transpose()?))
    }

    fn remembered(&self) -> &'static [Remembered] {
        self.0.map_or(&[], |law| law.initial_memory().names())
    }

    fn fly(
        &self,
        closed_loop: &ClosedLoop,
        scenario: &Scenario,
        observer: &mut impl Observer,
    ) -> (Run, Metrics, Option<EquivalentControl>) {
        let progress = Progress::until(closed_loop.horizon());
        let mut observers = (MetricsRecorder::new(closed_loop), (progress, observer));
        let run = match &self.0 {
            None => closed_loop.run(&Uncontrolled, scenario, &mut observers),
            Some(law) => closed_loop.run(law, scenario, &mut observers),
        };
        let (recorder, (progress, _)) = observers;
        progress.bar.finish_and_clear();
        (run, recorder.metrics(run.outcome), recorder.equivalent())
    }
}

/// Shows how many seconds of the run are over.
struct Progress {
    bar: ProgressBar,
    over: u32,
}

impl Progress {
    fn until(horizon: f64) -> Self {
        // Longer than time is: nobody will see its end.
        let seconds = Duration::try_from_secs_f64(horizon).map_or(u64::MAX, |time| time.as_secs());
        Self { bar: progress_bar(seconds, "s"), over: 0 }
    }
}

impl Observer for Progress {
    fn observe(&mut self, instant: &Instant<'_>) {
        if instant.t >= f64::from(self.over) + 1.0 {
            self.over += 1;
            self.bar.set_position(self.over.into());
        }
    }
}

fn in_words(document: &Simulation) -> String {
    let Simulation { controller, outcome, time, final_state, metrics, .. } = document;
    let end = match (outcome, metrics.settling_time) {
        (Outcome::Settled, Some(time)) => format!("settled after {time:.3} s"),
        (Outcome::NotSettled, _) => format!("not settled in {} s", significant(*time, 6)),
        (outcome, _) => format!("{} at {time:.3} s", outcome.name()),
    };
    let mut text = format!("{controller}: {end}\n\nfinal state\n");
    for ((name, value), unit) in State::NAMES.iter().zip(final_state).zip(State::UNITS) {
        text += &format!("  {name:<12}{value:>12.6} {unit}\n");
    }
    let settling = metrics.settling_time.map_or("not settled".to_owned(), |t| format!("{t:.3} s"));
    text += &format!(
        "\nmetrics\n  settling time     {settling}\n  control effort    {:.3} N²·s\n  \
         total variation   {:.3} N\n  peak force        {:.3} N\n  at the limit      {}\n  \
         cart travel       {:.4} m\n  ∫(|θ1|+|θ2|)dt    {:.6} rad·s\n",
        metrics.control_effort,
        metrics.total_variation,
        metrics.peak_force,
        percent(metrics.saturation_share),
        metrics.cart_travel,
        metrics.iae,
    );
    text
}

fn percent(share: Option<f64>) -> String {
    share.map_or("–".to_owned(), |share| format!("{:.2} %", 100.0 * share))
}
