//! `dip tune`: gains of one controller by particle swarm.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;
use sim_runner::{Budget, Experiment, TuneError, Tuned, tune};
use smc_controllers::{ControllerSpec, Kind};

use crate::cli::TuneArgs;
use crate::input::{InputError, Source};
use crate::output::{Draft, SCHEMA, VERSION, print, print_json};
use crate::provenance::Provenance;
use crate::terminal::progress_bar;

/// The document of a search; with `--gains` it is read again.
#[derive(Serialize)]
struct Document {
    schema: u32,
    controller: Kind,
    best_cost: f64,
    gains: Value,
    /// Runs that settled with these gains, of the starts that they were tuned on.
    settled: u32,
    starts: u32,
    evaluations: u64,
    infeasible: u64,
    seed: u64,
    particles: usize,
    iterations: u64,
    version: &'static str,
    provenance: Provenance,
    /// What the gains were tuned for.
    experiment: Experiment,
}

pub(crate) fn run(config: Option<&Path>, json: bool, args: &TuneArgs) -> Result<()> {
    let &TuneArgs { controller, seed, particles, iterations, .. } = args;
    let source = Source::load(config)?;
    // A place that cannot be written to is better known before the search than after it.
    let draft = args.out.as_deref().map(Draft::begin).transpose()?;
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
    let Tuned { spec, best_cost, settled, starts, evaluations, infeasible } =
        result.map_err(|error| match error {
            TuneError::Experiment(error) => source.locate(&error).into(),
            TuneError::NoIterations | TuneError::Swarm(pso_optim::Error::Setting { .. }) => {
                InputError::new(&error).into()
            }
            other => anyhow::Error::from(other),
        })?;

    source.warn_about(&spec);
    let document = Document {
        schema: SCHEMA,
        controller,
        best_cost,
        gains: gains(&spec)?,
        settled,
        starts,
        evaluations,
        infeasible,
        seed,
        particles,
        iterations,
        version: VERSION,
        provenance: Provenance::of_this(Some(seed)),
        experiment: source.experiment().clone(),
    };
    if json {
        print_json(&document)?;
    } else {
        print(&in_words(&document, spec))?;
    }
    draft.map_or(Ok(()), |draft| draft.finish_json(&document))
}

/// The gains alone, without the name of the law around them.
fn gains(spec: &ControllerSpec) -> Result<Value> {
    let mut spec_of_name = serde_json::to_value(spec)?;
    Ok(spec_of_name[spec.kind().name()].take())
}

fn in_words(document: &Document, mut spec: ControllerSpec) -> String {
    let Document { controller, best_cost, evaluations, infeasible, seed, settled, starts, .. } =
        document;
    let mut text = format!(
        "{controller}: cost {best_cost:.6} after {evaluations} evaluations ({infeasible} \
         infeasible), seed {seed}\n{settled} of {starts} tuning starts settle\n"
    );
    if settled < starts {
        text += "These gains do not hold all of their starts: search longer, or from a smaller box\n\
                 ([tuning] box), which the actuator can hold.\n";
    }
    text.push('\n');
    spec.visit_tunable(|gain, value| {
        text += &format!("  {:<18}{value:>14.6}  {}\n", gain.to_string(), gain.unit);
    });
    text
}
