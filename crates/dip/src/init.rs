//! `dip init`: an experiment file with every key, its default, meaning and rule.
//!
//! Nothing of it is written here: defaults are those of the types, meanings come from the schema, and a
//! rule is what the check of an experiment says to a value that breaks it. Read back, it is the
//! built-in experiment: `tests/files.rs`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use sim_runner::Experiment;
use toml::{Table, Value};

use crate::input::InputError;
use crate::layers::is_yaml;
use crate::output::Output;
use crate::results::write_content;
use crate::schema::{alternatives, keys_at, meaning};
use crate::terminal::note;

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The file to be written
    #[arg(value_name = "FILE", default_value = "experiment.toml")]
    file: PathBuf,
}

pub(crate) fn run(output: &Output, args: &InitArgs) -> Result<()> {
    let file = args.file.display();
    if is_yaml(&args.file) {
        let message = format!("{file}: init writes TOML; give a name that ends in .toml");
        return Err(InputError::new(&message).into());
    }
    write_content(&args.file, text()?.as_bytes(), output.force)?;
    note(&format!("{file}: change what you like, and see what it says with `dip check {file}`"));
    output.give_files(std::slice::from_ref(&args.file))
}

const HEAD: &str = "\
#:schema ./experiment.schema.json
# An editor completes keys from that file, which `dip schema > experiment.schema.json` writes.
# Every key has its default: leave out those that you do not change. Lines that begin with `#`
# and a key are keys without one. All numbers are in SI units, angles in rad.
";

fn text() -> Result<String> {
    let built_in = Experiment::default();
    let defaults = Table::try_from(&built_in)?;
    let mut text = HEAD.to_owned();
    text += &absent(&[], &defaults);
    let mut table: Vec<String> = Vec::new();
    for line in toml::to_string(&built_in)?.lines() {
        if let Some(header) = line.strip_prefix('[') {
            table = header.trim_end_matches(']').split('.').map(str::to_owned).collect();
            text += &comment(&sentence(&table));
            if let Some((chosen, above)) = table.split_last() {
                text += &choice(above, chosen);
            }
            text += &format!("{line}\n");
            if let Some(Value::Table(present)) = at(&defaults, &table) {
                text += &absent(&table, present);
            }
        } else if let Some((key, value)) = line.split_once(" = ") {
            let path: Vec<String> = table.iter().cloned().chain([key.to_owned()]).collect();
            let rule =
                rule(&defaults, &path).map_or(String::new(), |rule| format!(" Must be {rule}."));
            text += &comment(&(sentence(&path) + &rule));
            text += &choice(&path, value.trim_matches('"'));
            text += &format!("{line}\n");
        } else {
            text += &format!("{line}\n");
        }
    }
    Ok(text)
}

/// Lines of a comment; none of nothing.
fn comment(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("# {text}\n") }
}

fn sentence(path: &[String]) -> String {
    meaning(path).unwrap_or_default()
}

/// What could stand there instead.
fn choice(path: &[String], chosen: &str) -> String {
    let others: Vec<String> =
        alternatives(path).into_iter().filter(|name| name != chosen).collect();
    comment(&if others.is_empty() {
        String::new()
    } else {
        format!("Instead: {}.", others.join(", "))
    })
}

/// Keys of a table that nothing is built in for.
fn absent(path: &[String], present: &Table) -> String {
    let mut text = String::new();
    for key in keys_at(path).into_iter().filter(|key| !present.contains_key(key)) {
        let path: Vec<String> = path.iter().cloned().chain([key.clone()]).collect();
        text += &format!("# {key} = … # {}\n", sentence(&path));
    }
    text
}

/// What the check says to a value that breaks the rule of a key, and no number has.
fn rule(defaults: &Table, path: &[String]) -> Option<String> {
    let mut broken = defaults.clone();
    let value = at_mut(&mut broken, path)?;
    *value = match value {
        Value::Float(_) => f64::NAN.into(),
        Value::Integer(_) => 0.into(),
        _ => return None,
    };
    let error = broken.try_into::<Experiment>().ok()?.check().err()?;
    let key = error.key();
    // An alternative may be left out of the key of a fault.
    let mut ours = path.iter();
    let is_ours = key.split('.').all(|name| ours.any(|our| our == name)) && ours.next().is_none();
    let message = error.to_string();
    is_ours.then(|| message.split_once("must be ").map(|(_, rule)| rule.to_owned()))?
}

fn at<'t>(table: &'t Table, path: &[String]) -> Option<&'t Value> {
    let (first, rest) = path.split_first()?;
    let value = table.get(first)?;
    if rest.is_empty() { Some(value) } else { at(value.as_table()?, rest) }
}

fn at_mut<'t>(table: &'t mut Table, path: &[String]) -> Option<&'t mut Value> {
    let (first, rest) = path.split_first()?;
    let value = table.get_mut(first)?;
    if rest.is_empty() { Some(value) } else { at_mut(value.as_table_mut()?, rest) }
}
