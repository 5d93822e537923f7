//! `dip tune`: gains of one controller by particle swarm.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;
use sim_runner::{Budget, TuneError, Tuned, tune};
use smc_controllers::{ControllerSpec, Kind};

use crate::cli::TuneArgs;
use crate::compare::progress_bar;
use crate::input::{InputError, Source};
use crate::output::{SCHEMA, print, print_json, write_json};

/// The document of a search; with `--gains` it is read again.
#[derive(Serialize)]
struct Document {
    schema: u32,
    controller: Kind,
    best_cost: f64,
    gains: Value,
    evaluations: u64,
    infeasible: u64,
    seed: u64,
    particles: usize,
    iterations: u64,
    version: &'static str,
}

pub(crate) fn run(config: Option<&Path>, json: bool, args: &TuneArgs) -> Result<()> {
    let &TuneArgs { controller, seed, particles, iterations, .. } = args;
    let source = Source::load(config)?;
    let bar = progress_bar(iterations, "generations");
    let show = bar.clone();
    let budget = Budget { particles, iterations, seed };
    let result = tune(source.experiment(), controller, budget, move |progress| {
        show.set_position(progress.iteration);
        if let Some(best) = progress.best_cost {
            show.set_message(format!("(best cost {best:.4})"));
        }
    });
    bar.finish_and_clear();
    let Tuned { spec, best_cost, evaluations, infeasible } =
        result.map_err(|error| match error {
            TuneError::Experiment(error) => source.locate(&error).into(),
            TuneError::NoIterations | TuneError::Swarm(pso_optim::Error::Setting { .. }) => {
                InputError::new(&error).into()
            }
            other => anyhow::Error::from(other),
        })?;

    let document = Document {
        schema: SCHEMA,
        controller,
        best_cost,
        gains: gains(&spec)?,
        evaluations,
        infeasible,
        seed,
        particles,
        iterations,
        version: env!("CARGO_PKG_VERSION"),
    };
    if let Some(path) = &args.out {
        write_json(path, &document)?;
    }
    if json { print_json(&document) } else { print(&in_words(&document, spec)) }
}

/// The gains alone, without the name of the law around them.
fn gains(spec: &ControllerSpec) -> Result<Value> {
    let mut spec_of_name = serde_json::to_value(spec)?;
    Ok(spec_of_name[spec.kind().name()].take())
}

fn in_words(document: &Document, mut spec: ControllerSpec) -> String {
    let mut text = format!(
        "{}: cost {:.6} after {} evaluations ({} infeasible), seed {}\n\n",
        document.controller,
        document.best_cost,
        document.evaluations,
        document.infeasible,
        document.seed
    );
    spec.visit_tunable(|gain, value| {
        text += &format!("  {:<14}{value:>14.6}  {}\n", gain.name, gain.unit);
    });
    text
}
