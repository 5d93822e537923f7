//! `dip gains`: the gain vector of each law, with names, units, rules and ranges.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;
use smc_controllers::{Kind, Tunable};

use crate::cli::GainsArgs;
use crate::input::Source;
use crate::layers::Config;
use crate::output::{Output, SCHEMA};
use crate::terminal::{significant, table};

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "gains")]
pub(crate) struct Document {
    schema: u32,
    controllers: Vec<Vector>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "gains_controller")]
struct Vector {
    name: Kind,
    gains: Vec<Entry>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "gains_entry")]
struct Entry {
    /// As in files: `far.decay1`.
    name: String,
    unit: &'static str,
    rule: String,
    lower: f64,
    upper: f64,
    value: f64,
}

pub(crate) fn run(config: &Config, output: &Output, args: &GainsArgs) -> Result<()> {
    let source = Source::load(config)?;
    let kinds = args.controller.map_or_else(|| Kind::ALL.to_vec(), |kind| vec![kind]);
    let controllers = kinds.into_iter().map(|kind| vector(&source, kind)).collect();
    let document = Document { schema: SCHEMA, controllers };
    output.show(&document, || in_words(&document))
}

fn vector(source: &Source, kind: Kind) -> Vector {
    let mut gains = Vec::new();
    let mut spec = source.experiment().controllers.get(kind);
    spec.visit_tunable(|gain, &mut value| {
        let Tunable { unit, rule, lower, upper, .. } = gain;
        let (name, rule) = (gain.to_string(), rule.to_string());
        gains.push(Entry { name, unit, rule, lower, upper, value });
    });
    Vector { name: kind, gains }
}

fn in_words(document: &Document) -> String {
    document.controllers.iter().fold(String::new(), |text, Vector { name, gains }| {
        let mut table = table(&["gain", "value", "unit", "must be", "searched"]);
        for Entry { name, unit, rule, lower, upper, value } in gains {
            table.add_row([
                name.clone(),
                significant(*value, 6),
                (*unit).to_owned(),
                // Every value is finite.
                rule.trim_start_matches("finite and ").to_owned(),
                format!("{lower} to {upper}"),
            ]);
        }
        text + &format!("{name}: {} gains\n{}\n\n", gains.len(), table.trim_fmt())
    })
}
