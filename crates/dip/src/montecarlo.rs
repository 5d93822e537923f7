//! `dip montecarlo`: laws in any number of random scenarios, and back from a checkpoint.
//!
//! Validated by `tests/montecarlo.rs`.

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use dip_dynamics::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim_runner::{
    Batch, Campaign, Confidence, Estimate, Experiment, Figures, Goal, Metrics, MonteCarlo, Outcome,
    PairFigures, Precision, Sampling, Starts,
};
use smc_controllers::{AnyController, Kind};
use thiserror::Error;

use crate::cli::MontecarloArgs;
use crate::input::{InputError, Source};
use crate::interrupt;
use crate::layers::Config;
use crate::output::{Draft, Output, SCHEMA, VERSION};
use crate::provenance::{Origin, Provenance};
use crate::results::{Present, Results, has_content};
use crate::terminal::{cell, progress_bar, significant, table};
use crate::words::quoted;

/// Runs of each law, unless told.
const RUNS: u64 = 10_000;

/// At most as much work is lost, whatever happens.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(2);

/// Ended by Ctrl-C.
#[derive(Debug, Error)]
#[error("interrupted after {flown} runs{}", if *.is_kept { "; --resume goes on from there" } else { "" })]
pub(crate) struct Interrupted {
    flown: u64,
    is_kept: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "montecarlo")]
pub(crate) struct Document {
    schema: u32,
    seed: u64,
    until_ci: Option<f64>,
    /// Of the intervals.
    confidence: f64,
    controllers: Vec<Row>,
    comparisons: Vec<PairFigures>,
    version: &'static str,
    provenance: Provenance,
    experiment: Experiment,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "montecarlo_controller")]
struct Row {
    #[serde(flatten)]
    figures: Figures,
    worst: Vec<Worst>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "montecarlo_worst")]
struct Worst {
    index: u64,
    outcome: Outcome,
    time: f64,
    start: State,
    metrics: Metrics,
}

/// What the runs are a function of, beside their number. The first line of a checkpoint; the second is the
/// [`Campaign`].
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    schema: u32,
    version: String,
    seed: u64,
    controllers: Vec<Kind>,
    worst: usize,
    until_ci: Option<f64>,
    experiment: Experiment,
}

pub(crate) fn run(config: &Config, output: &Output, args: &MontecarloArgs) -> Result<()> {
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global()?;
    }
    let mut source = Source::load(config)?;
    let mut gains = Vec::new();
    for path in &args.gains {
        gains.push((source.set_gains(path)?, path.as_path()));
    }
    let starts = source.set_starts(&args.starts, args.seed)?;
    let kinds = args.kinds();
    source.warn(kinds);
    let closed_loop = source.checked(Experiment::closed_loop)?;
    let scenarios = source.checked(|experiment| experiment.scenarios(starts))?;
    let build = |&kind: &Kind| source.checked(|experiment| experiment.controller(kind));
    let laws: Vec<AnyController> = kinds.iter().map(build).collect::<Result<_, _>>()?;
    let goal = goal(args)?;
    let identity = Identity {
        schema: SCHEMA,
        version: VERSION.to_owned(),
        seed: args.seed,
        controllers: kinds.to_vec(),
        worst: args.worst,
        until_ci: args.until_ci,
        experiment: source.experiment().clone(),
    };
    let files = args.out.as_deref().map(|directory| Kept::new(directory, &identity));
    let resumed = match &files {
        Some(files) if args.resume => files.resume(&goal)?,
        _ => None,
    };
    let claim = |files: &Kept<'_>| files.claim(output.present(), resumed.is_some());
    let results = files.as_ref().map(claim).transpose()?;
    let mut campaign = resumed.unwrap_or_else(|| Campaign::new(kinds, &closed_loop, args.worst));

    let is_over = interrupt::flag();
    let bar = progress_bar(0, "runs");
    bar.set_position(flown(&campaign));
    bar.reset_eta();
    // The first block is kept at once.
    let mut saved = None;
    let mut failed = Ok(());
    let ended = campaign.fly(&Batch::new(&closed_loop), &laws, &scenarios, &goal, |campaign| {
        bar.set_length(campaign.expected_runs(&goal).saturating_mul(kinds.len() as u64));
        bar.set_position(flown(campaign));
        if let Some(files) = &files
            && saved.is_none_or(|at: Instant| at.elapsed() >= BETWEEN_CHECKPOINTS)
        {
            failed = files.save(campaign);
            saved = Some(Instant::now());
        }
        if failed.is_err() || is_over.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    failed?;
    if let Some(files) = &files {
        files.save(&campaign)?;
    }
    let document = document(&identity, &campaign, &starts);
    if let (Some(results), ControlFlow::Continue(())) = (results, ended) {
        results.begin_document()?.finish_json(&document)?;
        results.publish()?;
    }
    output.show(&document, || in_words(&document, &replay_options(config, args), &gains))?;
    match ended {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => {
            Err(Interrupted { flown: flown(&campaign), is_kept: files.is_some() }.into())
        }
    }
}

fn goal(args: &MontecarloArgs) -> Result<Goal> {
    let confidence = Confidence::default();
    let precision = |half_width| Precision::new(half_width, confidence);
    let precision = args.until_ci.map(precision).transpose();
    let precision = precision.map_err(|error| InputError::new(&error))?;
    // Any rate is known after z²/4h² runs.
    let most = if precision.is_some() { u64::MAX } else { RUNS };
    Ok(Goal { runs: args.runs.map_or(most, Into::into), precision })
}

/// Runs of all laws.
fn flown(campaign: &Campaign) -> u64 {
    campaign.laws().iter().map(MonteCarlo::runs).sum()
}

/// Where a campaign is kept.
struct Kept<'a> {
    directory: &'a Path,
    checkpoint: PathBuf,
    identity: &'a Identity,
}

impl<'a> Kept<'a> {
    fn new(directory: &'a Path, identity: &'a Identity) -> Self {
        Self { directory, checkpoint: directory.join("montecarlo.checkpoint"), identity }
    }

    /// What is wrong with the places is known before the runs, which may take hours.
    fn claim(&self, present: Present, is_resumed: bool) -> Result<Results> {
        let present = match present {
            Present::Kept if is_resumed => Present::GoneOnFrom("--runs"),
            present => present,
        };
        let origin = Origin::of_this(self.identity.seed, &self.identity.experiment);
        let results = Results::claim(self.directory, "montecarlo.json", origin, present)?;
        if !is_resumed && !results.may_replace() && has_content(&self.checkpoint) {
            let place = self.checkpoint.display();
            let message = format!(
                "{place}: a campaign was kept there; --resume goes on, --force begins anew"
            );
            return Err(InputError::new(&message).into());
        }
        results.begin_document()?;
        Draft::begin(&self.checkpoint)?;
        Ok(results)
    }

    fn save(&self, campaign: &Campaign) -> Result<()> {
        Draft::begin(&self.checkpoint)?.finish(|file| {
            serde_json::to_writer(&mut *file, self.identity)?;
            file.write_all(b"\n")?;
            serde_json::to_writer(&mut *file, campaign)?;
            Ok(file.write_all(b"\n")?)
        })
    }

    /// The campaign of the checkpoint; none if there is no checkpoint.
    fn resume(&self, goal: &Goal) -> Result<Option<Campaign>> {
        let path = self.checkpoint.display();
        if !self.checkpoint.exists() {
            return Ok(None);
        }
        let fault = |message: &str| InputError::new(&format!("{path}: {message}"));
        let text = fs::read_to_string(&self.checkpoint).with_context(|| path.to_string())?;
        let no_checkpoint = || fault("not a checkpoint of this version of `dip montecarlo`");
        let (identity, campaign) = text.split_once('\n').ok_or_else(no_checkpoint)?;
        let Version { version } = serde_json::from_str(identity).map_err(|_| no_checkpoint())?;
        if version != self.identity.version {
            let mine = &self.identity.version;
            return Err(fault(&format!("of version {version}, this is {mine}")).into());
        }
        let identity: Identity = serde_json::from_str(identity).map_err(|_| no_checkpoint())?;
        if let Some(difference) = self.identity.difference(&identity) {
            return Err(fault(&difference).into());
        }
        let campaign: Campaign = serde_json::from_str(campaign).map_err(|_| no_checkpoint())?;
        let most = campaign.laws().iter().map(MonteCarlo::runs).max().unwrap_or(0);
        if most > goal.runs {
            let runs = goal.runs;
            return Err(fault(&format!("has {most} runs already, more than --runs {runs}")).into());
        }
        Ok(Some(campaign))
    }
}

/// What is read first: an experiment of another version may not even be read.
#[derive(Deserialize)]
struct Version {
    version: String,
}

impl Identity {
    /// In what a checkpoint is of something else.
    fn difference(&self, checkpoint: &Self) -> Option<String> {
        let Self { schema, version: _, seed, controllers, worst, until_ci, experiment } =
            checkpoint;
        let share = |until_ci: Option<f64>| until_ci.map_or("none".to_owned(), |h| h.to_string());
        let names =
            |kinds: &[Kind]| kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(",");
        let differs = |what: &str, there: &dyn ToString, here: &dyn ToString| {
            let (there, here) = (there.to_string(), here.to_string());
            (there != here).then(|| format!("of {what} {there}, not {here}"))
        };
        differs("schema", schema, &self.schema)
            .or_else(|| differs("seed", seed, &self.seed))
            .or_else(|| differs("--controllers", &names(controllers), &names(&self.controllers)))
            .or_else(|| differs("--worst", worst, &self.worst))
            .or_else(|| differs("--until-ci", &share(*until_ci), &share(self.until_ci)))
            .or_else(|| {
                (*experiment != self.experiment).then(|| "of another experiment".to_owned())
            })
    }
}

fn document(identity: &Identity, campaign: &Campaign, starts: &Starts) -> Document {
    let confidence = Confidence::default();
    let row = |law: &MonteCarlo| {
        let worst = law.worst().iter().map(|case| Worst {
            index: case.index,
            outcome: case.payload.outcome,
            time: case.payload.time,
            start: starts.get(case.index),
            metrics: case.payload.metrics,
        });
        Row { figures: law.figures(confidence), worst: worst.collect() }
    };
    Document {
        schema: SCHEMA,
        seed: identity.seed,
        until_ci: identity.until_ci,
        confidence: confidence.level(),
        controllers: campaign.laws().iter().map(row).collect(),
        comparisons: campaign.comparisons(confidence),
        version: VERSION,
        provenance: Provenance::of_this(Some(identity.seed)),
        experiment: identity.experiment.clone(),
    }
}

fn in_words(document: &Document, options: &str, gains: &[(Kind, &Path)]) -> String {
    let Document { seed, controllers, comparisons, experiment, .. } = document;
    let mut text = format!("seed {seed}, starts {}\n", described(experiment));
    text += &format!("{}\n", law_table(controllers).trim_fmt());
    text += "success: runs that settled, of all; settle: median over all runs (Kaplan–Meier);\n\
             both with 95 % intervals. The last two columns are medians over the runs that\n\
             settled, Σ|Δu| a second.\n";
    if !comparisons.is_empty() {
        text += &format!(
            "\nless {} in the same scenarios: success, and time to settle\n{}\n",
            comparisons[0].first,
            pair_table(comparisons).trim_fmt()
        );
        text += "p: of no difference, adjusted for all p-values of the table (Holm). better:\n\
                 probability that the law does better, a tie counted as half.\n";
    }
    let mut rows = controllers.iter().filter(|row| !row.worst.is_empty()).peekable();
    if rows.peek().is_some() {
        text += "\nworst runs, and how to see them\n";
    }
    for Row { figures, worst } in rows {
        let name = figures.name;
        let of_law = gains.iter().find(|(kind, _)| *kind == name);
        let gains = of_law.map_or(String::new(), |(_, path)| {
            format!(" --gains {}", quoted(&path.display().to_string()))
        });
        for case in worst {
            let end = match (case.outcome, case.metrics.settling_time) {
                (Outcome::Settled, Some(time)) => format!("settled after {time:.3} s"),
                (Outcome::NotSettled, _) => {
                    format!("not settled, ∫(|θ1|+|θ2|)dt = {:.4}", case.metrics.iae)
                }
                (outcome, _) => format!("{} at {:.3} s", outcome.name(), case.time),
            };
            text += &format!(
                "  # {name}: {end}\n  dip simulate --controller {name} --replay {seed}:{}{options}{gains}\n",
                case.index
            );
        }
    }
    text
}

fn described(experiment: &Experiment) -> String {
    let starts = &experiment.starts;
    let design = match starts.design {
        Sampling::Box => "in a box".to_owned(),
        Sampling::Ball => "in a ball".to_owned(),
        Sampling::Sobol => "of a Sobol' sequence".to_owned(),
        Sampling::LatinHypercube { strata } => format!("of a Latin hypercube of {strata}"),
    };
    let widths = [
        starts.x,
        starts.theta1,
        starts.theta2,
        starts.x_dot,
        starts.theta1_dot,
        starts.theta2_dot,
    ];
    let varying = State::<f64>::NAMES.iter().zip(widths).filter(|(_, width)| *width > 0.0);
    let widths: Vec<String> =
        varying.map(|(name, width)| format!("{name} ±{}", significant(width, 3))).collect();
    format!("{design}\n{}", widths.join(", "))
}

fn law_table(rows: &[Row]) -> comfy_table::Table {
    let mut table = table(&[
        "controller",
        "runs",
        "success\n[%]",
        "fallen",
        "settle\n[s]",
        "∫u²dt\n[N²·s]",
        "Σ|Δu|\n[N/s]",
    ]);
    for Row { figures, .. } in rows {
        let median = |name| figures.quantiles.get(name).and_then(|metric| metric.median.value);
        let success = figures.success.map_or("–".to_owned(), |Estimate { value, low, high }| {
            format!("{}\n{}…{}", percent(value), percent(low), percent(high))
        });
        let settle = figures.settling_time_median;
        table.add_row([
            figures.name.to_string(),
            count(figures.runs),
            success,
            count(figures.fallen),
            interval(settle),
            cell(median("control_effort"), 1),
            cell(median("chattering"), 1),
        ]);
    }
    table
}

fn pair_table(pairs: &[PairFigures]) -> comfy_table::Table {
    let mut table = table(&["controller", "success\n[%]", "p", "settle\n[s]", "p", "better"]);
    for pair in pairs {
        // Of the other law less the first: as one reads it.
        let success =
            pair.success_difference.map(|estimate| turned(estimate, |value| -100.0 * value));
        let Estimate { value, low, high } = pair.settling_time_difference;
        let negative = |value: Option<f64>| value.map(|value| 0.0 - value);
        let settle = Estimate { value: negative(value), low: negative(high), high: negative(low) };
        let better = pair.superiority.map(|estimate| turned(estimate, |value| 1.0 - value));
        table.add_row([
            pair.second.to_string(),
            success.map_or("–".to_owned(), |Estimate { value, low, high }| {
                interval(Estimate { value: Some(value), low: Some(low), high: Some(high) })
            }),
            p_value(pair.mcnemar_holm),
            interval(settle),
            p_value(pair.sign_test_holm),
            cell(better.map(|estimate| estimate.value), 3),
        ]);
    }
    table
}

/// An estimate of something that grows as the other falls.
fn turned(estimate: Estimate, turn: impl Fn(f64) -> f64) -> Estimate {
    let Estimate { value, low, high } = estimate;
    Estimate { value: turn(value) + 0.0, low: turn(high) + 0.0, high: turn(low) + 0.0 }
}

/// A figure, and its interval below it.
fn interval(Estimate { value, low, high }: Estimate<Option<f64>>) -> String {
    format!("{}\n{}…{}", cell(value, 3), cell(low, 3), cell(high, 3))
}

/// As many digits as there is room for.
fn count(count: u64) -> String {
    cell(Some(count as f64), 0)
}

/// At most five characters.
fn percent(share: f64) -> String {
    let text = format!("{:.2}", 100.0 * share);
    if text == "100.00" { "100".to_owned() } else { text }
}

/// At most six characters.
fn p_value(p: f64) -> String {
    if p >= 1e-4 {
        format!("{p:.4}")
    } else if p >= 1e-99 {
        format!("{p:.0e}")
    } else {
        "<1e-99".to_owned()
    }
}

/// What a replay needs beside law and scenario.
fn replay_options(config: &Config, args: &MontecarloArgs) -> String {
    let mut options = String::new();
    if let Some(radius) = args.starts.radius {
        options += &format!(" --box {radius}");
    }
    if let Some(design) = args.starts.design {
        options += " --design ";
        options += &match design {
            Sampling::Box => "box".to_owned(),
            Sampling::Ball => "ball".to_owned(),
            Sampling::Sobol => "sobol".to_owned(),
            Sampling::LatinHypercube { strata } => format!("latin_hypercube:{strata}"),
        };
    }
    options + &config.options()
}

#[cfg(test)]
mod tests {
    use sim_runner::{Estimate, Figures, MetricQuantiles, PairFigures};
    use smc_controllers::Kind;

    use super::{Row, law_table, p_value, pair_table, percent, quoted};

    /// Beside the longest name.
    #[test]
    fn the_widest_numbers_fit_eighty_columns() {
        for value in [-1.234_567e-9, -1.234_567e123, 1234.567, f64::MAX] {
            let exists = Estimate { value: Some(value), low: Some(value), high: Some(value) };
            let share = Estimate { value: 0.123_456, low: 0.123_456, high: 0.999_949 };
            let metric = MetricQuantiles { p05: exists, median: exists, p95: exists };
            let figures = |name| Figures {
                name,
                runs: u64::MAX,
                settled: u64::MAX,
                not_settled: 0,
                fallen: u64::MAX,
                off_track: 0,
                diverged: 0,
                success: Some(share),
                settling_time_median: exists,
                quantiles: ["control_effort", "chattering"].map(|name| (name, metric)).into(),
            };
            let pair = |second| PairFigures {
                first: Kind::ConditionalHybrid,
                second,
                pairs: u64::MAX,
                both: u64::MAX,
                only_first: 0,
                only_second: 0,
                success_difference: Some(Estimate { value: 0.987_654, low: 0.9, high: 1.0 }),
                mcnemar: 0.0,
                mcnemar_holm: 1e-300,
                settling_time_difference: exists,
                sign_test: 0.0,
                sign_test_holm: 1.234e-45,
                superiority: Some(share),
            };
            let row = |name| Row { figures: figures(name), worst: Vec::new() };
            let rows = Kind::ALL.map(row);
            for table in [law_table(&rows), pair_table(&Kind::ALL.map(pair))] {
                for line in table.trim_fmt().lines() {
                    assert!(line.chars().count() <= 80, "{line}");
                }
            }
        }
    }

    #[test]
    fn cells_are_as_wide_as_there_is_room_for() {
        for (share, expected) in [(1.0, "100"), (0.999_99, "100"), (0.1234, "12.34"), (0.0, "0.00")]
        {
            assert_eq!(percent(share), expected);
        }
        for (p, expected) in
            [(1.0, "1.0000"), (0.0123, "0.0123"), (1.2e-10, "1e-10"), (0.0, "<1e-99")]
        {
            assert_eq!(p_value(p), expected);
        }
    }

    #[test]
    fn an_argument_stays_one_word() {
        for (path, expected) in [
            ("docs/experiments/100-hz.toml", "docs/experiments/100-hz.toml"),
            ("my file.toml", "'my file.toml'"),
            ("it's.toml", r"'it'\''s.toml'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(path), expected);
        }
    }
}
