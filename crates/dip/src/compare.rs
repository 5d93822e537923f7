//! `dip compare --starts N`: statistics of all controllers over the same random starts.

use std::num::NonZeroU64;
use std::path::Path;

use anyhow::Result;
use comfy_table::{CellAlignment, LineStyle, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use sim_runner::{Comparison, Starts, compare};
use smc_controllers::Kind;

use crate::cli::CompareArgs;
use crate::input::{InputError, Source};
use crate::output::{SCHEMA, make_directory, print, print_json, write_json};

#[derive(Serialize)]
struct Document {
    schema: u32,
    starts: u64,
    #[serde(rename = "box")]
    radius: f64,
    seed: u64,
    controllers: Vec<Comparison>,
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
    let controllers = source
        .checked(|experiment| compare(experiment, &Kind::ALL, starts, count, || bar.inc(1)))?;
    bar.finish_and_clear();

    let document = Document {
        schema: SCHEMA,
        starts: count.get(),
        radius: args.radius,
        seed: args.seed,
        controllers,
    };
    if let Some(directory) = &args.out {
        make_directory(directory)?;
        write_json(&directory.join("comparison.json"), &document)?;
    }
    if json { print_json(&document) } else { print(&in_words(&document)) }
}

/// A bar on stderr, which shows nothing where there is no terminal.
pub(crate) fn progress_bar(length: u64, unit: &str) -> ProgressBar {
    let style = format!("{{bar:40}} {{pos}}/{{len}} {unit}, {{eta}} left {{msg}}");
    ProgressBar::new(length)
        .with_style(ProgressStyle::with_template(&style).expect("the template is valid"))
}

/// A table with numbers to the right, for 80 columns.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    let style = presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none());
    table.load_style(style).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A number that may not exist.
pub(crate) fn cell(value: Option<f64>, digits: usize) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
}

fn in_words(document: &Document) -> String {
    let Document { starts, radius, seed, controllers, .. } = document;
    let mut table = table(&[
        "controller",
        "settled",
        "fallen",
        "success",
        "settling\n[s]",
        "∫u²dt\n[N²·s]",
        "variation\n[N]",
    ]);
    for row in controllers {
        table.add_row([
            row.name.to_string(),
            row.settled.to_string(),
            row.fallen.to_string(),
            format!("{:.2} %", 100.0 * row.success_rate),
            cell(row.settling_time_median, 3),
            cell(row.control_effort_median, 1),
            cell(row.total_variation_median, 1),
        ]);
    }
    format!(
        "{starts} starts at rest, |θ1|, |θ2| ≤ {radius} rad, seed {seed}\n{table}\n\
         The last three columns are medians.\n"
    )
}
