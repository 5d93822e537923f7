//! `dip compare --starts N`: statistics of controllers over the same random starts.

use std::io::Write;
use std::num::NonZeroU64;
use std::path::PathBuf;

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;
use sim_runner::{Comparison, Experiment, Metrics, RunRow, Shape, Starts, compare};

use crate::cli::CompareArgs;
use crate::input::{InputError, Source};
use crate::layers::Config;
use crate::output::{Draft, Output, SCHEMA, VERSION};
use crate::provenance::{Origin, Provenance};
use crate::results::Results;
use crate::terminal::{cell, progress_bar, significant, table};

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "compare_starts")]
pub(crate) struct Document {
    schema: u32,
    starts: u64,
    #[serde(rename = "box")]
    radius: f64,
    seed: u64,
    controllers: Vec<Comparison>,
    version: &'static str,
    provenance: Provenance,
    experiment: Experiment,
}

pub(crate) fn run(
    config: &Config,
    output: &Output,
    args: &CompareArgs,
    count: NonZeroU64,
) -> Result<()> {
    if args.trajectories.is_given() {
        return Err(
            InputError::new(&"--parquet: not with --starts, which writes no trajectory").into()
        );
    }
    let mut source = Source::load(config)?;
    for path in &args.gains {
        source.set_gains(path)?;
    }
    let kinds = args.kinds();
    source.warn(kinds);
    let starts = Starts::new(args.radius, args.seed).map_err(|error| InputError::new(&error))?;
    let claim = |directory: &PathBuf| {
        let origin = Origin::of_this(args.seed, source.experiment());
        Results::claim(directory, "comparison.json", origin, output.present())
    };
    let results = args.out.as_ref().map(claim).transpose()?;
    // What is wrong with their places is known before the runs, which may take hours.
    let begin = |results: &Results| -> Result<(Draft, Draft)> {
        Ok((results.begin_document()?, results.begin("runs.csv")?))
    };
    let drafts = results.as_ref().map(begin).transpose()?;
    let bar = progress_bar(count.get() * kinds.len() as u64, "runs");
    let run = |each: &mut dyn FnMut(&RunRow, &Metrics)| {
        source.checked(|experiment| {
            compare(experiment, kinds, starts, count, |row, metrics| {
                bar.inc(1);
                each(row, metrics);
            })
        })
    };
    let (controllers, draft) = match drafts {
        None => (run(&mut |_, _| ())?, None),
        Some((draft, runs)) => (runs.finish(|file| write_runs(file, run))?, Some(draft)),
    };
    bar.finish_and_clear();

    let document = Document {
        schema: SCHEMA,
        starts: count.get(),
        radius: args.radius,
        seed: args.seed,
        controllers,
        version: VERSION,
        provenance: Provenance::of_this(Some(args.seed)),
        experiment: source.experiment().clone(),
    };
    if let (Some(draft), Some(results)) = (draft, results) {
        draft.finish_json(&document)?;
        results.publish()?;
    }
    output.show(&document, || in_words(&document))
}

/// Every run as it comes: none is kept for the file.
fn write_runs(
    file: impl Write,
    run: impl FnOnce(&mut dyn FnMut(&RunRow, &Metrics)) -> Result<Vec<Comparison>, InputError>,
) -> Result<Vec<Comparison>> {
    let mut csv = csv::Writer::from_writer(file);
    let mut written = Ok(());
    let controllers = run(&mut |row, metrics| {
        if written.is_ok() {
            written = csv.serialize((row, metrics));
        }
    })?;
    written?;
    csv.flush()?;
    Ok(controllers)
}

fn in_words(document: &Document) -> String {
    let Document { starts, radius, seed, controllers, experiment, .. } = document;
    let mut summary = table(&[
        "controller",
        "success\n[%]",
        "95 %\n[%]",
        "fallen",
        "settle\n[s]",
        "∫u²dt\n[N²·s]",
        "Σ|Δu|\n[N]",
    ]);
    for row in controllers {
        let [low, high] = row.success_interval.map(|share| 100.0 * share);
        summary.add_row([
            row.name.to_string(),
            format!("{:.2}", 100.0 * row.success_rate),
            format!("{low:.1}–{high:.1}"),
            row.fallen.to_string(),
            cell(row.settling_time_median, 3),
            cell(row.control_effort_median, 1),
            cell(row.total_variation_median, 1),
        ]);
    }
    let mut text = format!(
        "{starts} starts at rest, |θ1|, |θ2| ≤ {} rad, seed {seed}\n{}\n\
         success: runs that settled, of all, and its 95 % confidence interval. The last\n\
         three columns are medians: the first over all runs, the others over those that\n\
         settled.\n",
        significant(*radius, 6),
        summary.trim_fmt()
    );
    if controllers.iter().any(|row| row.not_settled + row.off_track + row.diverged > 0) {
        let mut lost = table(&["controller", "not settled", "off track", "diverged"]);
        for row in controllers {
            lost.add_row([
                row.name.to_string(),
                row.not_settled.to_string(),
                row.off_track.to_string(),
                row.diverged.to_string(),
            ]);
        }
        text += &format!(
            "\nruns that did not settle, and did not fall\n{}\n\
             not settled: up at the end, but not at rest in the bands\n",
            lost.trim_fmt()
        );
    }
    if is_noisy(experiment) {
        let mut jitter = table(&["controller", "angles\n[mrad]", "force\n[N]"]);
        for row in controllers {
            jitter.add_row([
                row.name.to_string(),
                cell(row.theta_rms_median.map(|theta| 1e3 * theta), 3),
                cell(row.u_rms_median, 3),
            ]);
        }
        text += &format!(
            "\njitter: root mean squares over the last 2 s, medians over the runs that settled\n\
             {}\n",
            jitter.trim_fmt()
        );
    }
    text
}

/// Is there noise that never comes to rest?
fn is_noisy(experiment: &Experiment) -> bool {
    experiment.sensors.noise.to_array().iter().any(|&std| std > 0.0)
        || experiment.disturbances.iter().any(|load| matches!(load.shape, Shape::Noise { .. }))
}

#[cfg(test)]
mod tests {
    use sim_runner::{Comparison, Coordinate, Disturbance, Experiment, Shape};
    use smc_controllers::Kind;

    use super::{Document, in_words, is_noisy};
    use crate::output::{SCHEMA, VERSION};
    use crate::provenance::Provenance;

    /// The widest numbers that there can be.
    fn document(experiment: Experiment) -> Document {
        let huge = |name| Comparison {
            name,
            starts: 10_000_000,
            settled: 10_000_000,
            not_settled: 10_000_000,
            fallen: 10_000_000,
            off_track: 10_000_000,
            diverged: 10_000_000,
            success_rate: 1.0,
            success_interval: [1.0, 1.0],
            settling_time_median: Some(1.234_567e8),
            control_effort_median: Some(1.234_567e300),
            total_variation_median: Some(1.234_567e300),
            theta_rms_median: Some(1.234_567e300),
            u_rms_median: Some(1.234_567e300),
        };
        Document {
            schema: SCHEMA,
            starts: 10_000_000,
            radius: 0.123_456_789_012_345_67,
            seed: u64::MAX,
            controllers: Kind::ALL.map(huge).into(),
            version: VERSION,
            provenance: Provenance::of_this(None),
            experiment,
        }
    }

    #[test]
    fn the_widest_numbers_fit_eighty_columns() {
        let mut noisy = Experiment::default();
        noisy.sensors.noise.theta1 = 0.1;
        for line in in_words(&document(noisy)).lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }

    #[test]
    fn runs_that_neither_settled_nor_fell_are_shown_where_there_are_any() {
        let mut document = document(Experiment::default());
        let kinds = document.controllers.len();
        for row in &mut document.controllers {
            (row.not_settled, row.off_track, row.diverged) = (0, 0, 0);
        }
        assert!(!in_words(&document).contains("off track"));
        for ends in [(1, 0, 0), (0, 1, 0), (0, 0, 1), (7, 8, 9)] {
            let first = &mut document.controllers[0];
            (first.not_settled, first.off_track, first.diverged) = ends;
            let text = in_words(&document);
            let (_, shown) = text.split_once("did not settle, and did not fall").unwrap();
            let rows = shown.lines().filter_map(|line| {
                let [_, not_settled, off_track, diverged] =
                    *line.split_whitespace().collect::<Vec<_>>()
                else {
                    return None;
                };
                let number = |text: &str| text.parse().ok();
                Some((number(not_settled)?, number(off_track)?, number(diverged)?))
            });
            let mut expected = vec![(0, 0, 0); kinds];
            expected[0] = ends;
            assert_eq!(rows.collect::<Vec<(u64, u64, u64)>>(), expected, "{shown}");
        }
    }

    #[test]
    fn jitter_is_shown_where_there_is_noise() {
        let text = |experiment| in_words(&document(experiment));
        assert!(!text(Experiment::default()).contains("jitter"));
        let mut noisy = Experiment::default();
        noisy.sensors.noise.x_dot = 0.1;
        assert!(text(noisy).contains("jitter"));
        let mut pushed = Experiment::default();
        let push = |shape| Disturbance { on: Coordinate::Cart, shape, spread: None };
        pushed.disturbances.push(push(Shape::Step { at: 1.0, value: 1.0 }));
        assert!(!is_noisy(&pushed));
        pushed.disturbances.push(push(Shape::Noise { std: 1.0, time_constant: 1.0 }));
        assert!(text(pushed).contains("jitter"));
    }
}
