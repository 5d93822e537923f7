//! `dip tune`: gains that hold in runs that no candidate has seen, with their evidence.
//!
//! Validated by `tests/cli.rs`.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{ArgGroup, Args};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sim_runner::{
    Experiment, Front, Method, Objectives, Plan, PointName, Progress, TrialFigures, TuneError,
    Tuned, tune, tune_front,
};
use smc_controllers::{AdaptiveSpec, ConditionalHybridSpec, ControllerSpec, HybridSpec, Kind};
use thiserror::Error;

use crate::cli::{DEFAULT_SEED, controller, laws};
use crate::input::{InputError, Source};
use crate::interrupt;
use crate::layers::Config;
use crate::named::named;
use crate::output::{Output, SCHEMA, VERSION};
use crate::picture::Canvas;
use crate::provenance::{Origin, Provenance};
use crate::results::{Present, Results, has_content};
use crate::terminal::{abbreviated, cell, progress_bar, table, warn};
use crate::tune_picture;
use crate::words::quoted;

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("laws").args(["controller", "all"]).required(true)))]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct TuneArgs {
    /// Name of the controller
    #[arg(long, value_name = "NAME", value_parser = named(controller, laws()))]
    controller: Option<Kind>,

    /// Every controller, one after the other, from nothing: the gains that it has are forgotten. A
    /// law that has another within, such as `hybrid`, begins with what was found for that one
    #[arg(long, conflicts_with = "anew")]
    all: bool,

    /// Where the search begins, instead of the gains of the experiment
    #[arg(skip)]
    pub(crate) begin: Option<ControllerSpec>,

    /// How it is searched
    #[arg(long, value_name = "METHOD", default_value = "swarm", conflicts_with = "pareto",
          value_parser = named(method, Method::OF_ONE_COST.map(Method::name)))]
    method: Method,

    /// Candidates of a generation
    #[arg(long, value_name = "P", default_value_t = Plan::default().candidates)]
    particles: usize,

    /// Candidates in all, or for how long to search: 4000, 90s, 10m, 2h
    #[arg(long, value_name = "BUDGET", default_value = "4000", value_parser = budget)]
    budget: Budget,

    /// Seed of the method and of the runs that candidates are judged in
    #[arg(long, value_name = "SEED", default_value_t = DEFAULT_SEED)]
    seed: u64,

    /// Forget the gains of the experiment, which else are the first candidate
    #[arg(long)]
    anew: bool,

    /// Trade settling time, effort and chattering for each other: a front instead of one result
    #[arg(long)]
    pareto: bool,

    /// Which point of the front becomes the result
    #[arg(long, value_name = "POINT", default_value = "balanced", requires = "pareto",
          value_parser = named(point, PointName::ALL.map(PointName::name)))]
    pick: PointName,

    /// Directory for gains with their evidence, pictures and checkpoint; of --all one below it for each
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Go on from the checkpoint in --out
    #[arg(long, requires = "out")]
    resume: bool,
}

/// How long to search.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Budget {
    Evaluations(u64),
    Time(Duration),
}

fn method(name: &str) -> Result<Method, String> {
    let names = Method::OF_ONE_COST.map(Method::name);
    let found = Method::OF_ONE_COST.into_iter().find(|method| method.name() == name);
    found.ok_or_else(|| format!("must be one of {}", names.join(", ")))
}

fn point(name: &str) -> Result<PointName, String> {
    let names = PointName::ALL.map(PointName::name);
    let found = PointName::ALL.into_iter().find(|point| point.name() == name);
    found.ok_or_else(|| format!("must be one of {}", names.join(", ")))
}

fn budget(text: &str) -> Result<Budget, String> {
    let rule = || "must be a number of candidates, or a time such as 90s, 10m or 2h".to_owned();
    let time = |number: &str, unit: u64| {
        let number: u64 = number.parse().map_err(|_| rule())?;
        let seconds = number.checked_mul(unit).filter(|&seconds| seconds > 0).ok_or_else(rule)?;
        Ok(Budget::Time(Duration::from_secs(seconds)))
    };
    match text.char_indices().next_back() {
        Some((at, 's')) => time(&text[..at], 1),
        Some((at, 'm')) => time(&text[..at], 60),
        Some((at, 'h')) => time(&text[..at], 3600),
        _ => match text.parse() {
            Ok(evaluations) if evaluations > 0 => Ok(Budget::Evaluations(evaluations)),
            _ => Err(rule()),
        },
    }
}

/// What was found was not good enough; it was written all the same.
#[derive(Debug, Error)]
#[error("{}: these gains failed; what they did is in the table", .0.join(", "))]
pub(crate) struct NotVerified(Vec<&'static str>);

/// Ended by Ctrl-C.
#[derive(Debug, Error)]
#[error("interrupted{}", if *.is_kept { "; --resume goes on from there" } else { "" })]
pub(crate) struct Interrupted {
    is_kept: bool,
}

/// The document of a search; with `--gains` it is read again.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "tune")]
pub(crate) struct Document {
    schema: u32,
    controller: Kind,
    gains: Value,
    /// `verified`, `failed_training` or `failed_verification`.
    verdict: Verdict,
    /// Of the result in the training runs; none of a point of a front.
    best_cost: Option<f64>,
    /// Of the result in the held-out runs.
    verification_cost: Option<f64>,
    training: Vec<TrialFigures>,
    verification: Vec<TrialFigures>,
    evaluations: u64,
    infeasible: u64,
    plan: Plan,
    /// The gains that the search began with, if they are not those of the experiment.
    #[serde(skip_serializing_if = "Option::is_none")]
    begin: Option<Value>,
    /// That gives this result again.
    command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    picked: Option<PointName>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    front: Vec<Point>,
    history: Vec<Progress>,
    version: &'static str,
    provenance: Provenance,
    /// What the gains were tuned for.
    experiment: Experiment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Verified,
    FailedTraining,
    FailedVerification,
}

impl Verdict {
    /// Where gains failed, if they did.
    pub(crate) fn failure(self) -> Option<&'static str> {
        match self {
            Self::Verified => None,
            Self::FailedTraining => Some("training"),
            Self::FailedVerification => Some("verification"),
        }
    }
}

/// One of a front.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "tune_point")]
struct Point {
    names: Vec<PointName>,
    settling_time: f64,
    control_effort: f64,
    chattering: f64,
    verified: bool,
    gains: Value,
}

/// Where the search for a law is kept.
struct Kept {
    results: Results,
    checkpoint: PathBuf,
}

impl Kept {
    /// What is wrong with the places is known before the search, which may take hours.
    fn claim(directory: &Path, source: &Source, output: &Output, args: &TuneArgs) -> Result<Self> {
        let checkpoint = directory.join("tune.checkpoint");
        let is_kept = has_content(&checkpoint);
        let present = match output.present() {
            Present::Kept if args.resume && is_kept => Present::GoneOnFrom("--budget"),
            present => present,
        };
        let origin = Origin::of_this(args.seed, source.experiment());
        let results = Results::claim(directory, "tune.json", origin, present)?;
        // The same search ends where it ended, if that was no matter of time.
        let is_same = results.may_replace() && !matches!(args.budget, Budget::Time(_));
        if !args.resume && !output.force && is_kept && !is_same {
            let place = checkpoint.display();
            let message =
                format!("{place}: a search was kept there; --resume goes on, --force begins anew");
            return Err(InputError::new(&message).into());
        }
        results.begin_document()?;
        Canvas::begin(&results, "convergence")?;
        if args.pareto {
            Canvas::begin(&results, "front")?;
        }
        Ok(Self { results, checkpoint })
    }

    /// Makes an end of a search that was kept.
    fn forget(&self) -> Result<()> {
        for path in [&self.checkpoint, &self.checkpoint.with_added_extension("previous")] {
            if path.exists() {
                let context = || format!("cannot remove {}", path.display());
                fs::remove_file(path).with_context(context)?;
            }
        }
        Ok(())
    }
}

pub(crate) fn run(config: &Config, output: &Output, args: &TuneArgs) -> Result<()> {
    let source = Source::load(config)?;
    source.warn(&[]);
    let kinds: Vec<Kind> = args.controller.map_or(Kind::ALL.to_vec(), |kind| vec![kind]);
    let directory = |kind: Kind| {
        let out = args.out.as_ref()?;
        Some(if args.all { out.join(kind.name()) } else { out.clone() })
    };
    let claim = |kind| Some(Kept::claim(&directory(kind)?, &source, output, args));
    let places = kinds.iter().map(|&kind| claim(kind).transpose()).collect::<Result<Vec<_>>>()?;
    let is_over = interrupt::flag();
    let mut failed = Vec::new();
    let mut documents = Vec::new();
    let mut found = Vec::new();
    for (kind, kept) in kinds.into_iter().zip(places) {
        if let Some(kept) = &kept
            && output.force
            && !args.resume
        {
            kept.forget()?;
        }
        let begin = args.begin.or_else(|| found.iter().find_map(|law| kin(kind, law)));
        let (document, spec) = search(config, &source, kind, begin, args, kept.as_ref(), &|| {
            is_over.load(Ordering::Relaxed)
        })?;
        found.push(spec);
        source.warn_about(&spec);
        if let Some(Kept { results, .. }) = kept {
            let canvas = Canvas::begin(&results, "convergence")?;
            tune_picture::convergence(canvas, kind, &document.history)?;
            if args.pareto {
                let points: Vec<([f64; 3], Vec<&str>)> =
                    document.front.iter().map(Point::shown).collect();
                tune_picture::front(Canvas::begin(&results, "front")?, kind, &points)?;
            }
            results.begin_document()?.finish_json(&document)?;
            results.publish()?;
        }
        let directory = directory(kind);
        output.tell(|| in_words(&document, spec, directory.as_deref()))?;
        if document.verdict != Verdict::Verified {
            failed.push(kind.name());
        }
        documents.push(document);
        if is_over.load(Ordering::Relaxed) {
            break;
        }
    }
    match documents.as_slice() {
        [one] if !args.all => output.give(one)?,
        all => output.give(&all)?,
    }
    if is_over.load(Ordering::Relaxed) {
        return Err(Interrupted { is_kept: args.out.is_some() }.into());
    }
    if failed.is_empty() { Ok(()) } else { Err(NotVerified(failed).into()) }
}

/// Where the search of a law begins, given what was found for one that it has within.
fn kin(kind: Kind, law: &ControllerSpec) -> Option<ControllerSpec> {
    match (kind, law) {
        (Kind::Adaptive, ControllerSpec::Classical(law)) => {
            Some(ControllerSpec::Adaptive(AdaptiveSpec::of_classical(law)))
        }
        (Kind::Hybrid, ControllerSpec::SuperTwisting(law)) => {
            Some(ControllerSpec::Hybrid(HybridSpec::of_super_twisting(law)))
        }
        (Kind::ConditionalHybrid, ControllerSpec::Adaptive(law)) => {
            Some(ControllerSpec::ConditionalHybrid(ConditionalHybridSpec::of_adaptive(law)))
        }
        _ => None,
    }
}

fn search(
    config: &Config,
    source: &Source,
    kind: Kind,
    begin: Option<ControllerSpec>,
    args: &TuneArgs,
    kept: Option<&Kept>,
    is_over: &dyn Fn() -> bool,
) -> Result<(Document, ControllerSpec)> {
    let (evaluations, time) = match args.budget {
        Budget::Evaluations(count) => (count, None),
        Budget::Time(time) => (u64::MAX, Some(time)),
    };
    let &TuneArgs { method, particles: candidates, seed, all, anew, .. } = args;
    let method = if args.pareto { Method::Nsga2 } else { method };
    let plan =
        Plan { method, candidates, evaluations, seed, anew: anew || (all && begin.is_none()) };
    let bar = progress_bar(
        time.map_or(evaluations, |time| time.as_secs()),
        match time {
            Some(_) => "s",
            None => "candidates",
        },
    );
    let began = Instant::now();
    let mut is_first = true;
    let mut watch = |progress: &Progress| {
        let elapsed = began.elapsed();
        bar.set_position(time.map_or(progress.evaluations, |_| elapsed.as_secs()));
        if is_first {
            // What a checkpoint had is no speed.
            bar.reset_eta();
            is_first = false;
        }
        let best = match (progress.best_cost, progress.hypervolume) {
            (Some(cost), _) => format!("best cost {cost:.4}"),
            (None, Some(volume)) => format!("volume {volume:.4}"),
            (None, None) => "nothing feasible yet".to_owned(),
        };
        bar.set_message(format!("{kind}: {best}, diversity {:.3}", progress.diversity));
        if is_over() || time.is_some_and(|time| elapsed >= time) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    };
    let mut experiment = source.experiment().clone();
    if let Some(begin) = begin {
        experiment.controllers.set(begin);
    }
    let checkpoint = kept.map(|kept| kept.checkpoint.as_path());
    let mut once = || {
        if args.pareto {
            tune_front(&experiment, kind, plan, checkpoint, &mut watch)
                .map(|front| of_front(args.pick, front))
        } else {
            tune(&experiment, kind, plan, checkpoint, &mut watch).map(of_tuned)
        }
    };
    let result = match (once(), kept) {
        (Err(TuneError::Checkpoint(error)), Some(kept))
            if error.is_foreign() && args.all && args.resume && begin.is_some() =>
        {
            warn(&format!(
                "{kind}: the law within has other gains now; searched from the beginning"
            ));
            kept.forget()?;
            once()
        }
        (result, _) => result,
    };
    bar.finish_and_clear();
    let (found, spec) = result.map_err(|error| match error {
        TuneError::Experiment(error) => source.locate(&error).into(),
        TuneError::NoEvaluations
        | TuneError::NothingToTune(_)
        | TuneError::NothingToHold(_)
        | TuneError::Checkpoint(_)
        | TuneError::Optimiser(pso_optim::Error::Setting { .. }) => InputError::new(&error).into(),
        other => anyhow::Error::from(other),
    })?;
    if let Some(reason) = &found.refused {
        warn(&format!("{reason}; gone on from the checkpoint before it"));
    }
    let command = command(config, kind, args, found.evaluations, begin.is_some());
    let document = Document {
        plan,
        begin: begin.map(|begin| gains(&begin)).transpose()?,
        command,
        gains: gains(&spec)?,
        front: found.front.into_iter().collect::<Result<_>>()?,
        schema: SCHEMA,
        controller: kind,
        verdict: found.verdict,
        best_cost: found.best_cost,
        verification_cost: found.verification_cost,
        training: found.training,
        verification: found.verification,
        evaluations: found.evaluations,
        infeasible: found.infeasible,
        picked: args.pareto.then_some(args.pick),
        history: found.history,
        version: VERSION,
        provenance: Provenance::of_this(Some(seed)),
        experiment: source.experiment().clone(),
    };
    Ok((document, spec))
}

/// What both kinds of searches find.
struct Found {
    verdict: Verdict,
    best_cost: Option<f64>,
    verification_cost: Option<f64>,
    training: Vec<TrialFigures>,
    verification: Vec<TrialFigures>,
    evaluations: u64,
    infeasible: u64,
    front: Vec<Result<Point>>,
    history: Vec<Progress>,
    refused: Option<String>,
}

fn of_tuned(tuned: Tuned) -> (Found, ControllerSpec) {
    let verdict = match (tuned.holds(), tuned.is_verified()) {
        (false, _) => Verdict::FailedTraining,
        (true, false) => Verdict::FailedVerification,
        (true, true) => Verdict::Verified,
    };
    let found = Found {
        verdict,
        best_cost: Some(tuned.best_cost),
        verification_cost: tuned.verification_cost,
        training: tuned.training,
        verification: tuned.verification,
        evaluations: tuned.evaluations,
        infeasible: tuned.infeasible,
        front: Vec::new(),
        history: tuned.history,
        refused: tuned.refused,
    };
    (found, tuned.spec)
}

fn of_front(pick: PointName, front: Front) -> (Found, ControllerSpec) {
    let picked = front.pick(pick).clone();
    let passed = |trials: &[TrialFigures]| trials.iter().all(|trial| trial.passed);
    let verdict =
        if passed(&picked.verification) { Verdict::Verified } else { Verdict::FailedVerification };
    let point = |point: &sim_runner::FrontPoint| {
        let Objectives { settling_time, control_effort, chattering } = point.objectives;
        Ok(Point {
            names: point.names.clone(),
            settling_time,
            control_effort,
            chattering,
            verified: passed(&point.verification),
            gains: gains(&point.spec)?,
        })
    };
    let found = Found {
        verdict,
        best_cost: Some(picked.cost),
        verification_cost: picked.verification_cost,
        training: picked.training,
        verification: picked.verification,
        evaluations: front.evaluations,
        infeasible: front.infeasible,
        front: front.points.iter().map(point).collect(),
        history: front.history,
        refused: front.refused,
    };
    (found, picked.spec)
}

/// The gains alone, without the name of the law around them.
fn gains(spec: &ControllerSpec) -> Result<Value> {
    let mut spec_of_name = serde_json::to_value(spec)?;
    Ok(spec_of_name[spec.kind().name()].take())
}

/// The command that gives the result again: a time became the candidates that it was enough for.
fn command(
    config: &Config,
    kind: Kind,
    args: &TuneArgs,
    evaluations: u64,
    has_begun_with_kin: bool,
) -> String {
    if let (true, Budget::Time(_), Some(out)) = (has_begun_with_kin, &args.budget, &args.out) {
        // The search for the law that it began with had a time of its own.
        let file = out.join(kind.name()).join("tune.json");
        return format!("dip replay {}", quoted(&file.display().to_string()));
    }
    let mut command = "dip tune".to_owned();
    command += &config.options();
    if args.all {
        command += " --all";
    } else {
        command += &format!(" --controller {kind}");
        if args.anew {
            command += " --anew";
        }
    }
    if args.pareto {
        command += &format!(" --pareto --pick {}", args.pick.name());
    } else {
        command += &format!(" --method {}", args.method.name());
    }
    command
        + &format!(" --particles {} --budget {evaluations} --seed {}", args.particles, args.seed)
}

impl Point {
    fn shown(&self) -> ([f64; 3], Vec<&str>) {
        let values = [self.settling_time, self.control_effort, self.chattering];
        (values, self.names.iter().map(|name| name.name()).collect())
    }
}

fn in_words(document: &Document, mut spec: ControllerSpec, directory: Option<&Path>) -> String {
    let Document { controller, evaluations, infeasible, plan, verdict, .. } = document;
    let mut text = format!(
        "{controller}: {evaluations} candidates ({infeasible} infeasible), seed {}\n",
        plan.seed
    );
    if let (Some(best), Some(held_out)) = (document.best_cost, document.verification_cost) {
        let gap = held_out - best;
        text += &format!("cost {best:.4} in training, {held_out:.4} held out: gap {gap:+.4}\n");
    }
    text += &format!("{}\n", trials(document).trim_fmt());
    text += &match verdict {
        Verdict::Verified => {
            "verified: every trial has passed in runs that no candidate has seen\n".to_owned()
        }
        Verdict::FailedTraining => format!(
            "FAILED in training, {}: no candidate held every run.\n\
             Search longer, or ask for less ([[tuning.trials]] box, mismatch, deadline).\n",
            names(&document.training, |trial| trial.settled < trial.runs)
        ),
        Verdict::FailedVerification => format!(
            "FAILED in verification, {}: what held in training did not in\n\
             runs that were held out. Give the trials more runs ([[tuning.trials]] runs), or ask\n\
             for less.\n",
            names(&document.verification, |trial| !trial.passed)
        ),
    };
    if !document.front.is_empty() {
        text +=
            &format!("\nfront: {} points\n{}\n", document.front.len(), front(document).trim_fmt());
    }
    text.push('\n');
    spec.visit_tunable(|gain, value| {
        text += &format!("  {:<18}{value:>14}  {}\n", gain.to_string(), gain.unit);
    });
    text += &format!("\n{}\n", document.command);
    if let Some(directory) = directory {
        let directory = directory.display();
        let front = if document.front.is_empty() { "" } else { "front.svg, " };
        text +=
            &format!("{directory}: report.html, convergence.svg, {front}tune.json for --gains\n");
    }
    text
}

/// The names of those trials.
fn names(trials: &[TrialFigures], which: impl Fn(&&TrialFigures) -> bool) -> String {
    let names: Vec<String> =
        trials.iter().filter(which).map(|trial| abbreviated(&trial.name, TRIAL_NAME_MAX)).collect();
    names.join(", ")
}

/// Names of trials are free, and the table has room for this much.
const TRIAL_NAME_MAX: usize = 14;

fn trials(document: &Document) -> comfy_table::Table {
    let mut shown = table(&[
        "trial",
        "runs",
        "success\n[%]",
        "95 %\n[%]",
        "required\n[%]",
        "settle\n[s]",
        "angles\n[s]",
    ]);
    let sets = [("training", &document.training), ("held out", &document.verification)];
    for (set, trials) in sets {
        for trial in trials {
            let percent = |share: f64| format!("{:.2}", 100.0 * share);
            let required = match set {
                "training" => "100.00".to_owned(),
                _ => percent(trial.required),
            };
            shown.add_row([
                format!("{}, {set}", abbreviated(&trial.name, TRIAL_NAME_MAX)),
                trial.runs.to_string(),
                percent(trial.success.value),
                format!("{:.1}–{:.1}", 100.0 * trial.success.low, 100.0 * trial.success.high),
                required,
                cell(trial.settling_time_median, 3),
                cell(trial.angle_settling_time_median, 3),
            ]);
        }
    }
    shown
}

/// The named points.
fn front(document: &Document) -> comfy_table::Table {
    let mut shown =
        table(&["point", "settle\n[s]", "∫u²dt\n[N²·s]", "chattering\n[N/s]", "verified"]);
    for point in document.front.iter().filter(|point| !point.names.is_empty()) {
        let names: Vec<&str> = point.names.iter().map(|name| name.name()).collect();
        shown.add_row([
            names.join(", "),
            cell(Some(point.settling_time), 3),
            cell(Some(point.control_effort), 1),
            cell(Some(point.chattering), 2),
            if point.verified { "yes" } else { "no" }.to_owned(),
        ]);
    }
    shown
}
