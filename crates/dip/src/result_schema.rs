//! The JSON Schema of the documents that commands print and write: `dip schema --results`.
//!
//! It is made from the types of the documents and their documentation. Whatever has a field that it does not
//! know is still right: fields may be added. Validated by `tests/results.rs`, which holds every document and
//! `docs/results.schema.json` to it.

use anyhow::Result;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::output::print_json;
use crate::{
    check, compare, design, gains, montecarlo, output, overview, replay, rigs, roa, sensitivity,
    simulate, tune,
};

/// Prints it.
pub(crate) fn run() -> Result<()> {
    print_json(&published())
}

/// A document is any of those of `anyOf`; by the name of its command each is alone in `$defs`.
fn published() -> Value {
    let mut generator: SchemaGenerator =
        SchemaSettings::draft2020_12().for_serialize().into_generator();
    let documents = [
        generator.subschema_for::<overview::Document>(),
        generator.subschema_for::<compare::Document>(),
        generator.subschema_for::<simulate::Simulation>(),
        generator.subschema_for::<montecarlo::Document>(),
        generator.subschema_for::<roa::Document>(),
        generator.subschema_for::<sensitivity::Document>(),
        generator.subschema_for::<tune::Document>(),
        generator.subschema_for::<design::Document>(),
        generator.subschema_for::<gains::Document>(),
        generator.subschema_for::<rigs::Document>(),
        generator.subschema_for::<check::Checked>(),
        generator.subschema_for::<replay::Document>(),
        generator.subschema_for::<output::FilesDocument<'_>>(),
        generator.subschema_for::<output::TextDocument<'_>>(),
    ];
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Results of dip",
        "description": "A document that a command of dip prints with --json or writes. All numbers are in SI \
                        units; what did not happen is null.",
        "anyOf": documents,
        "$defs": generator.take_definitions(true),
    })
}
