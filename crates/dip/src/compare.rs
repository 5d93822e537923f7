//! `dip compare --starts N`: statistics of all controllers over the same random starts.

use std::num::NonZeroU64;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use sim_runner::{Comparison, Experiment, Starts, compare};
use smc_controllers::Kind;

use crate::cli::CompareArgs;
use crate::input::{InputError, Source};
use crate::output::{Draft, SCHEMA, VERSION, make_directory, print, print_json};
use crate::terminal::{cell, progress_bar, table};

#[derive(Serialize)]
struct Document {
    schema: u32,
    starts: u64,
    #[serde(rename = "box")]
    radius: f64,
    seed: u64,
    controllers: Vec<Comparison>,
    version: &'static str,
    experiment: Experiment,
}

pub(crate) fn run(
    config: Option<&Path>,
    json: bool,
    args: &CompareArgs,
    count: NonZeroU64,
) -> Result<()> {
    let mut source = Source::load(config)?;
    for path in &args.gains {
        source.set_gains(path)?;
    }
    let starts = Starts::new(args.radius, args.seed).map_err(|error| InputError::new(&error))?;
    let bar = progress_bar(count.get() * Kind::ALL.len() as u64, "runs");
    let controllers = source.checked(|experiment| {
        compare(experiment, &Kind::ALL, starts, count, || bar.inc(1), |_| ())
    })?;
    bar.finish_and_clear();

    let document = Document {
        schema: SCHEMA,
        starts: count.get(),
        radius: args.radius,
        seed: args.seed,
        controllers,
        version: VERSION,
        experiment: source.experiment().clone(),
    };
    if let Some(directory) = &args.out {
        make_directory(directory)?;
        Draft::begin(&directory.join("comparison.json"))?.finish_json(&document)?;
    }
    if json { print_json(&document) } else { print(&in_words(&document)) }
}

fn in_words(document: &Document) -> String {
    let Document { starts, radius, seed, controllers, .. } = document;
    let mut table = table(&[
        "controller",
        "settled",
        "fallen",
        "other",
        "success\n[%]",
        "settle\n[s]",
        "∫u²dt\n[N²·s]",
        "Σ|Δu|\n[N]",
    ]);
    for row in controllers {
        table.add_row([
            row.name.to_string(),
            row.settled.to_string(),
            row.fallen.to_string(),
            (row.not_settled + row.off_track + row.diverged).to_string(),
            format!("{:.2}", 100.0 * row.success_rate),
            cell(row.settling_time_median, 3),
            cell(row.control_effort_median, 1),
            cell(row.total_variation_median, 1),
        ]);
    }
    format!(
        "{starts} starts at rest, |θ1|, |θ2| ≤ {radius} rad, seed {seed}\n{}\n\
         other: up at the end but not settled, off the track, or diverged. The last\n\
         three columns are medians: the first over all runs, the others over those\n\
         that settled.\n",
        table.trim_fmt()
    )
}
