//! `dip rigs`: parameter sets of rigs that were built, which an experiment file takes by name.

use anyhow::Result;
use dip_dynamics::{Parameters, Rig};
use schemars::JsonSchema;
use serde::Serialize;

use crate::output::{Output, SCHEMA};
use crate::terminal::significant;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "rigs")]
pub(crate) struct Document {
    schema: u32,
    rigs: Vec<Entry>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "rigs_entry")]
struct Entry {
    name: &'static str,
    description: &'static str,
    source: &'static str,
    plant: Parameters,
    u_max: Option<f64>,
    track_half_length: Option<f64>,
}

pub(crate) fn run(output: &Output) -> Result<()> {
    let rigs = Rig::ALL.map(|rig| Entry {
        name: rig.name,
        description: rig.description,
        source: rig.source,
        plant: rig.parameters,
        u_max: rig.u_max,
        track_half_length: rig.track_half_length,
    });
    let document = Document { schema: SCHEMA, rigs: rigs.into() };
    let words = in_words(&document)?;
    output.show(&document, || words)
}

fn in_words(document: &Document) -> Result<String> {
    let mut text = String::from("Put `rig = \"name\"` at the top of an experiment file.\n");
    for entry in &document.rigs {
        let Entry { name, description, source, plant, u_max, track_half_length } = entry;
        text += &format!("\n{name}\n{}{}", wrapped(description), wrapped(source));
        if let Some(u_max) = u_max {
            text += &format!("  actuator ±{} N\n", significant(*u_max, 6));
        }
        if let Some(half_length) = track_half_length {
            text += &format!("  track ±{} m\n", significant(*half_length, 6));
        }
        let numbers = toml::Table::try_from(plant)?;
        // Dry friction and drag, of which no rig has any, are tables.
        let numbers = numbers.iter();
        let numbers = numbers.filter_map(|(key, value)| Some((key, value.as_float()?)));
        let numbers: Vec<String> =
            numbers.map(|(key, value)| format!("{key} {}", significant(value, 6))).collect();
        text += &wrapped(&numbers.join(", "));
    }
    Ok(text)
}

/// In lines of 80 columns, indented.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::from(" ");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > 80 {
            lines += &(line + "\n");
            line = String::from(" ");
        }
        line += " ";
        line += word;
    }
    lines + &line + "\n"
}
