//! `dip`, and `dip compare` without `--starts`: all controllers from one start.
//!
//! Each law is built, used and dropped between two readings of the counting allocator; what it left
//! behind is in the table.

use std::path::{Path, PathBuf};

use anyhow::Result;
use memcheck::ThreadMeter;
use serde::Serialize;
use sim_runner::{
    ClosedLoop, Experiment, History, Metrics, MetricsRecorder, Outcome, Run, Scenario,
    TrajectoryWriter,
};
use smc_controllers::{EquivalentControl, Kind};

use crate::cli::CompareArgs;

use crate::input::Source;
use crate::output::{Draft, SCHEMA, VERSION, make_directory, print, print_json};
use crate::picture;
use crate::terminal::{cell, progress_bar, table};

/// The document, and the content of `summary.json`.
#[derive(Serialize)]
struct Document {
    schema: u32,
    version: &'static str,
    out: PathBuf,
    controllers: Vec<Row>,
    experiment: Experiment,
}

#[derive(Serialize)]
struct Row {
    name: Kind,
    outcome: Outcome,
    time: f64,
    final_state: [f64; 6],
    metrics: Metrics,
    /// The equivalent control that the law used.
    equivalent: Option<EquivalentControl>,
    /// Live heap bytes after the law was dropped, less those before it was built.
    bytes_left: i64,
    trajectory: String,
}

pub(crate) fn run(config: Option<&Path>, json: bool, args: &CompareArgs) -> Result<()> {
    let mut source = Source::load(config)?;
    for path in &args.gains {
        source.set_gains(path)?;
    }
    let out = args.out.clone().unwrap_or_else(|| "out".into());
    make_directory(&out)?;
    let closed_loop = source.checked(Experiment::closed_loop)?;
    let scenario = source.checked(|experiment| experiment.scenario(args.seed))?;
    let bar = progress_bar(Kind::ALL.len() as u64, "controllers");
    let meter = ThreadMeter::new()?;

    let (mut rows, mut shown) = (Vec::new(), Vec::new());
    for kind in Kind::ALL {
        bar.set_message(kind.name());
        let trajectory = format!("{kind}.csv");
        let path = out.join(&trajectory);
        let mut histories = picture::histories(&closed_loop);
        let before = meter.read();
        let (run, metrics, equivalent) =
            hold(&source, &closed_loop, &scenario, kind, &path, &mut histories)?;
        let bytes_left = meter.read().since(&before).live_bytes;
        rows.push(Row {
            name: kind,
            outcome: run.outcome,
            time: run.time,
            final_state: run.final_state.to_array(),
            metrics,
            equivalent,
            bytes_left,
            trajectory,
        });
        shown.push((kind, histories));
        bar.inc(1);
    }
    bar.finish_and_clear();

    picture::write(&out.join("comparison.svg"), closed_loop.horizon(), &shown)?;
    let document = Document {
        schema: SCHEMA,
        version: VERSION,
        out,
        controllers: rows,
        experiment: source.experiment().clone(),
    };
    Draft::begin(&document.out.join("summary.json"))?.finish_json(&document)?;
    if json { print_json(&document) } else { print(&in_words(&document)) }
}

/// The whole life of one law: designed, used until the horizon, dropped.
fn hold(
    source: &Source,
    closed_loop: &ClosedLoop,
    scenario: &Scenario,
    kind: Kind,
    path: &Path,
    histories: &mut [History; 2],
) -> Result<(Run, Metrics, Option<EquivalentControl>)> {
    let controller = source.checked(|experiment| experiment.controller(kind))?;
    Draft::begin(path)?.finish(|file| {
        let trajectory = TrajectoryWriter::new(file);
        let [whole, beginning] = histories;
        let mut observers = ((MetricsRecorder::new(closed_loop), trajectory), (whole, beginning));
        let run = closed_loop.run(&controller, scenario, &mut observers);
        let ((metrics, trajectory), _) = observers;
        trajectory.finish()?;
        Ok((run, metrics.metrics(run.outcome), metrics.equivalent()))
    })
}

fn in_words(document: &Document) -> String {
    let Experiment { start, simulation, actuator, .. } = &document.experiment;
    let mut table = table(&[
        "controller",
        "outcome",
        "settling\n[s]",
        "∫u²dt\n[N²·s]",
        "variation\n[N]",
        "peak |u|\n[N]",
        "bytes\nleft",
    ]);
    for row in &document.controllers {
        table.add_row([
            row.name.to_string(),
            row.outcome.name().to_owned(),
            cell(row.metrics.settling_time, 3),
            cell(Some(row.metrics.control_effort), 2),
            cell(Some(row.metrics.total_variation), 2),
            cell(Some(row.metrics.peak_force), 2),
            row.bytes_left.to_string(),
        ]);
    }
    format!(
        "from θ1 = {} rad, θ2 = {} rad: {} s, control every {} ms, ±{} N\n{}\n\
         {out}: comparison.svg, summary.json, and a trajectory (CSV) for each controller\n",
        start.theta1,
        start.theta2,
        simulation.duration,
        1e3 * simulation.control_period,
        actuator.u_max,
        table.trim_fmt(),
        out = document.out.display(),
    )
}
