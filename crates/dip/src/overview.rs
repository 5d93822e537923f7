//! `dip`, and `dip compare` without `--starts`: controllers from one start.
//!
//! Each law is built, used and dropped between two readings of the counting allocator; what it left
//! behind is in the table.

use std::path::PathBuf;

use anyhow::Result;
use memcheck::ThreadMeter;
use schemars::JsonSchema;
use serde::Serialize;
use sim_runner::{
    ClosedLoop, Coordinate, Disturbance, Experiment, Metrics, MetricsRecorder, Outcome, Recovery,
    RecoveryRecorder, Run, Scenario, Shape, Spread,
};
use smc_controllers::{Controller, EquivalentControl, Kind, Memory};

use crate::cli::CompareArgs;
use crate::input::Source;
use crate::layers::Config;
use crate::output::{Output, SCHEMA, VERSION};
use crate::picture::{self, Canvas, Shown};
use crate::provenance::{Origin, Provenance};
use crate::results::Results;
use crate::terminal::{cell, progress_bar, significant, significant_cell, table};
use crate::trajectory::{Flown, Trajectories};

/// The document, and the content of `summary.json`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "compare")]
pub(crate) struct Document {
    schema: u32,
    version: &'static str,
    provenance: Provenance,
    out: PathBuf,
    controllers: Vec<Row>,
    experiment: Experiment,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "compare_controller")]
struct Row {
    name: Kind,
    outcome: Outcome,
    time: f64,
    final_state: [f64; 6],
    metrics: Metrics,
    /// Of each step and impulse.
    recoveries: Vec<Recovery>,
    /// The equivalent control that the law used.
    equivalent: Option<EquivalentControl>,
    /// Live heap bytes after the law was dropped, less those before it was built.
    bytes_left: i64,
    trajectory: String,
}

pub(crate) fn run(config: &Config, output: &Output, args: &CompareArgs) -> Result<()> {
    let mut source = Source::load(config)?;
    for path in &args.gains {
        source.set_gains(path)?;
    }
    let kinds = args.kinds();
    source.warn(kinds);
    let out = args.out.clone().unwrap_or_else(|| "out".into());
    let origin = Origin::of_this(args.seed, source.experiment());
    let results = Results::claim(&out, "summary.json", origin, output.present())?;
    let canvas = |name| Canvas::begin(&results, name);
    let (comparison, phase, gains) = (canvas("comparison")?, canvas("phase")?, canvas("gains")?);
    let summary = results.begin_document()?;
    let stems = kinds.iter().map(|kind| kind.name());
    let mut trajectories = Trajectories::begin(&results, args.trajectories, stems)?;
    let closed_loop = source.checked(Experiment::closed_loop)?;
    let scenario = source.checked(|experiment| experiment.scenario(args.seed))?;
    let bar = progress_bar(kinds.len() as u64, "controllers");
    let meter = ThreadMeter::new()?;

    let (mut rows, mut shown) = (Vec::new(), Vec::new());
    for &kind in kinds {
        bar.set_message(kind.name());
        let mut watching = Watching {
            recovery: RecoveryRecorder::new(&closed_loop),
            shown: Shown::new(Some(kind), &closed_loop),
        };
        let before = meter.read();
        let (run, metrics, equivalent) =
            hold(&source, &closed_loop, &scenario, kind, &mut trajectories, &mut watching)?;
        let bytes_left = meter.read().since(&before).live_bytes;
        rows.push(Row {
            name: kind,
            outcome: run.outcome,
            time: run.time,
            final_state: run.final_state.to_array(),
            metrics,
            recoveries: watching.recovery.recoveries(),
            equivalent,
            bytes_left,
            trajectory: format!("{kind}.csv"),
        });
        shown.push(watching.shown);
        bar.inc(1);
    }
    bar.finish_and_clear();

    trajectories.describe()?;
    picture::over_time(comparison, closed_loop.horizon(), &shown)?;
    picture::phase(phase, &shown)?;
    picture::remembered(gains, closed_loop.horizon(), &shown)?;
    let document = Document {
        schema: SCHEMA,
        version: VERSION,
        provenance: Provenance::of_this(Some(args.seed)),
        out,
        controllers: rows,
        experiment: source.experiment().clone(),
    };
    summary.finish_json(&document)?;
    results.publish()?;
    output.show(&document, || in_words(&document))
}

/// What outlives a law: its memory is taken before the law is built.
struct Watching {
    recovery: RecoveryRecorder,
    shown: Shown,
}

/// The whole life of one law: designed, used until the horizon, dropped.
fn hold(
    source: &Source,
    closed_loop: &ClosedLoop,
    scenario: &Scenario,
    kind: Kind,
    trajectories: &mut Trajectories,
    watching: &mut Watching,
) -> Result<(Run, Metrics, Option<EquivalentControl>)> {
    let controller = source.checked(|experiment| experiment.controller(kind))?;
    let remembered = controller.initial_memory().names();
    watching.shown.remembered = remembered;
    let flown = Flown { stem: kind.name(), controller: kind.name(), remembered };
    trajectories.record(flown, |trajectory| {
        let Watching { recovery, shown } = watching;
        let mut observers = ((MetricsRecorder::new(closed_loop), trajectory), (recovery, shown));
        let run = closed_loop.run(&controller, scenario, &mut observers);
        let ((metrics, _), _) = observers;
        Ok((run, metrics.metrics(run.outcome), metrics.equivalent()))
    })
}

fn in_words(document: &Document) -> String {
    let Experiment { start, simulation, actuator, .. } = &document.experiment;
    let mut table = table(&[
        "controller",
        "outcome",
        "settle\n[s]",
        "angles\n[s]",
        "∫u²dt\n[N²·s]",
        "Σ|Δu|\n[N]",
        "peak\n[N]",
        "bytes\nleft",
    ]);
    for row in &document.controllers {
        table.add_row([
            row.name.to_string(),
            row.outcome.name().to_owned(),
            cell(row.metrics.settling_time, 3),
            cell(row.metrics.angle_settling_time, 3),
            cell(Some(row.metrics.control_effort), 2),
            cell(Some(row.metrics.total_variation), 2),
            cell(Some(row.metrics.peak_force), 2),
            row.bytes_left.to_string(),
        ]);
    }
    format!(
        "from θ1 = {} rad, θ2 = {} rad: {} s, control every {} ms, ±{} N\n{}\n{}\
         {out}: report.html, comparison.svg, summary.json, and a trajectory (CSV) for each\n",
        significant(start.theta1, 4),
        significant(start.theta2, 4),
        significant(simulation.duration, 6),
        significant(1e3 * simulation.control_period, 6),
        significant(actuator.u_max, 6),
        table.trim_fmt(),
        recoveries_in_words(document),
        out = document.out.display(),
    )
}

/// A table for each push: how far it threw each law, and how long that took to come back.
fn recoveries_in_words(document: &Document) -> String {
    let mut text = String::new();
    for (number, push) in document.experiment.disturbances.iter().enumerate() {
        let of_push = |row: &Row| {
            row.recoveries.iter().find(|recovery| recovery.disturbance == number).copied()
        };
        let recoveries: Vec<(Kind, Recovery)> =
            document.controllers.iter().filter_map(|row| Some((row.name, of_push(row)?))).collect();
        if recoveries.is_empty() {
            continue;
        }
        let mut table = table(&[
            "controller",
            "peak |θ|\n[rad]",
            "recovery\n[s]",
            "steady |θ|\n[rad]",
            "steady |x|\n[m]",
        ]);
        for (name, recovery) in recoveries {
            table.add_row([
                name.to_string(),
                significant_cell(recovery.peak_angle, 3),
                cell(recovery.recovery_time, 3),
                significant_cell(recovery.steady_angle, 3),
                significant_cell(recovery.steady_position, 3),
            ]);
        }
        text += &format!("\nrecovery from {}\n{}\n", in_words_of(push), table.trim_fmt());
    }
    if text.is_empty() { text } else { text + "\n" }
}

/// `a step of 10 N on the cart at 2 s`.
fn in_words_of(push: &Disturbance) -> String {
    let (on, unit) = match push.on {
        Coordinate::Cart => ("the cart", "N"),
        Coordinate::Rod1 => ("rod 1", "N·m"),
        Coordinate::Rod2 => ("rod 2", "N·m"),
    };
    let number = |value| significant(value, 4);
    let drawn = match push.spread {
        None => String::new(),
        Some(Spread::Uniform(share)) => format!(" (drawn within ±{} %)", number(1e2 * share)),
        Some(Spread::Normal(std)) => {
            format!(" (drawn, standard deviation {} %)", number(1e2 * std))
        }
    };
    match push.shape {
        Shape::Step { at, value } => {
            format!("a step of {} {unit}{drawn} on {on} at {} s", number(value), number(at))
        }
        Shape::Impulse { at, duration, value } => format!(
            "{} {unit}{drawn} on {on} for {} s at {} s",
            number(value),
            number(duration),
            number(at)
        ),
        Shape::Sinusoid { .. } | Shape::Noise { .. } => {
            unreachable!("nothing recovers from what never ends")
        }
    }
}
