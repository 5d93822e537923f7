//! `dip sensitivity`: which parameter of the plant matters for a law.

use std::path::Path;

use anyhow::Result;
use kuva::prelude::{BarPlot, Figure, Layout, Plot};
use schemars::JsonSchema;
use serde::Serialize;
use sim_runner::{
    Experiment, Influence, InfluenceError, Influences, Mismatch, Quantity, Starts, Study,
    influences,
};
use smc_controllers::Kind;

use crate::cli::SensitivityArgs;
use crate::input::{InputError, Source};
use crate::layers::Config;
use crate::output::{Output, SCHEMA, VERSION};
use crate::picture::{Canvas, save};
use crate::provenance::{Origin, Provenance};
use crate::results::Results;
use crate::terminal::{progress_bar, significant, table};

/// How far the parameters of bodies are varied if the experiment does not say: as a share of their nominal
/// values.
const DEFAULT_SPREAD: f64 = 0.2;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "sensitivity")]
pub(crate) struct Document {
    schema: u32,
    controller: Kind,
    of: Quantity,
    rows: u64,
    starts: u32,
    #[serde(rename = "box")]
    radius: f64,
    seed: u64,
    #[serde(flatten)]
    influences: Influences,
    /// Is the mismatch the one that is taken where an experiment states none?
    default_mismatch: bool,
    version: &'static str,
    provenance: Provenance,
    /// What ran, with the mismatch.
    experiment: Experiment,
}

pub(crate) fn run(config: &Config, output: &Output, args: &SensitivityArgs) -> Result<()> {
    let &SensitivityArgs { controller, quantity, rows, starts, radius, seed, .. } = args;
    let mut source = Source::load(config)?;
    if let Some(path) = &args.gains {
        source.set_gains_of(controller.name(), path)?;
    }
    source.warn(&[controller]);
    let built_in = Mismatch::of_bodies(DEFAULT_SPREAD);
    let mismatch = &mut source.experiment_mut().mismatch;
    if *mismatch == Mismatch::default() {
        *mismatch = built_in;
    }
    let default_mismatch = *mismatch == built_in;
    let from = Starts::new(radius, seed).map_err(|error| InputError::new(&error))?;
    let origin = Origin::of_this(seed, source.experiment());
    let results = Results::claim(&args.out, "sensitivity.json", origin, output.present())?;
    let canvas = Canvas::begin(&results, "sensitivity")?;
    let draft = results.begin_document()?;

    let study = Study { quantity, rows, starts, seed };
    let parameters = source.checked(|experiment| experiment.scenarios(from))?.parameters().count();
    let bar = progress_bar(source.checked(|_| study.runs(parameters))?, "runs");
    let result = influences(source.experiment(), controller, from, study, || bar.inc(1));
    bar.finish_and_clear();
    let document = Document {
        schema: SCHEMA,
        controller,
        of: quantity,
        rows: rows.get(),
        starts: starts.get(),
        radius,
        seed,
        influences: result.map_err(|error| in_other_words(&source, &error))?,
        default_mismatch,
        version: VERSION,
        provenance: Provenance::of_this(Some(seed)),
        experiment: source.experiment().clone(),
    };
    draw(canvas, &document)?;
    draft.finish_json(&document)?;
    results.publish()?;
    output.show(&document, || in_words(&document, &args.out))
}

/// What was wrong, and what can be done.
fn in_other_words(source: &Source, error: &InfluenceError) -> InputError {
    match error {
        InfluenceError::Experiment(error) => source.locate(error),
        InfluenceError::Missing { quantity: Quantity::Cost, .. } => {
            InputError::new(&format!("{error}; a shorter simulation.step may help"))
        }
        InfluenceError::Missing { .. } => InputError::new(&format!(
            "{error}; use --of cost, which does for runs that fail, or a smaller --box"
        )),
        InfluenceError::Constant { quantity: Quantity::Cost, .. } => {
            InputError::new(&format!("{error}; use a larger --box, --starts or mismatch"))
        }
        InfluenceError::Constant { .. } => {
            InputError::new(&format!("{error}; use --of cost, or a larger --box"))
        }
    }
}

fn in_words(document: &Document, out: &Path) -> String {
    let Document { controller, of, rows, starts, radius, seed, influences, .. } = document;
    let Influences { runs, settled, mean, standard_deviation, parameters } = influences;
    let mut table = table(&["parameter", "total", "95 %", "first order", "95 %"]);
    for Influence { parameter, first, total } in parameters {
        let number = |value: f64| {
            // What is rounded to zero has no sign.
            format!("{:.3}", if value.abs() < 5e-4 { 0.0 } else { value })
        };
        table.add_row([
            (*parameter).to_owned(),
            number(total.value),
            format!("{}…{}", number(total.low), number(total.high)),
            number(first.value),
            format!("{}…{}", number(first.low), number(first.high)),
        ]);
    }
    let deviate = if document.default_mismatch {
        format!(
            "masses, lengths, centres and inertias within ±{} %, as the experiment states no\n\
             mismatch",
            significant(100.0 * DEFAULT_SPREAD, 6)
        )
    } else {
        "parameters that deviate as the experiment's mismatch states".to_owned()
    };
    format!(
        "{controller}: Sobol indices of {of}, mean {mean} with deviation {deviation}\n{deviate}\n\
         {rows} rows, each plant from the same {starts} starts at rest, |θ1|, |θ2| ≤ {radius} rad,\n\
         seed {seed}: {settled} of {runs} runs settled\n{table}\n\
         total: the share of the variance that would remain if only this parameter were\n\
         unknown; first order: the share that would vanish if it alone were known.\n\
         {out}: report.html, sensitivity.svg, sensitivity.json\n",
        of = of.name(),
        mean = significant(*mean, 4),
        deviation = significant(*standard_deviation, 3),
        radius = significant(*radius, 6),
        table = table.trim_fmt(),
        out = out.display(),
    )
}

/// A dark and a light bar for each parameter, with their intervals.
fn draw(canvas: Canvas, document: &Document) -> Result<()> {
    const COLOURS: [&str; 2] = ["#0072B2", "#E69F00"];
    let (mut bars, mut whiskers) = (BarPlot::new(), Vec::new());
    for Influence { parameter, first, total } in &document.influences.parameters {
        let estimates = [total, first];
        let values = estimates.iter().map(|estimate| estimate.value);
        bars = bars.with_group(*parameter, values.zip(COLOURS));
        // The percentiles of a bootstrap may leave the estimate out.
        whiskers.extend(estimates.map(|estimate| {
            let (below, above) = (estimate.value - estimate.low, estimate.high - estimate.value);
            (below.max(0.0), above.max(0.0))
        }));
    }
    let bars = bars.with_legend(vec!["total", "first order"]).with_asymmetric_error(whiskers);
    let plots = vec![Plot::Bar(bars)];
    let layout = Layout::auto_from_plots(&plots)
        .with_title(format!("{}: {}", document.controller, document.of.name()))
        .with_x_label("parameter of the plant")
        .with_y_label("Sobol index, 95 % interval");
    let figure = Figure::new(1, 1)
        .with_plots(vec![plots])
        .with_layouts(vec![layout])
        .with_cell_size(720.0, 360.0)
        .with_shared_legend();
    save(canvas, figure)
}
