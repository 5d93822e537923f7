//! What a result is a function of: the version of the program, the experiment, and those words of the
//! command that are not about where things are read or kept, or how they are shown.
//!
//! Two results of one essence are equal to the bit; two of different ones are results of different runs. It
//! is not written down but follows from any document. Validated by its own tests, `tests/replay.rs` and
//! `tests/safe.rs`.

use clap::builder::ValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory};
use serde_json::Value;
use sim_runner::Experiment;

use crate::cli::Cli;
use crate::output::{SCHEMA, VERSION};
use crate::terminal::abbreviated;
use crate::words::quoted;

/// Of one result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Essence {
    pub(crate) version: String,
    /// As they are typed after `dip`; what is as by default is left out.
    pub(crate) words: Vec<String>,
    pub(crate) experiment: Value,
}

impl Essence {
    /// Of what this process computes.
    pub(crate) fn of_this(experiment: &Experiment) -> anyhow::Result<Self> {
        let typed: Vec<String> =
            std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
        Ok(Self {
            version: VERSION.to_owned(),
            words: words(&typed)?,
            experiment: serde_json::to_value(experiment)?,
        })
    }

    /// Of a document; else which field of it is not as it must be, what it is, and the rule.
    pub(crate) fn of_document(document: &Value) -> Result<Self, String> {
        let fault = |field: &str, value: &Value, rule: &str| match value {
            Value::Null => format!("{field} is missing: must be {rule}"),
            value => format!("{field} = {}: must be {rule}", shortened(value)),
        };
        if !document.is_object() {
            return Err(fault("document", document, "an object"));
        }
        if document["schema"] != SCHEMA {
            return Err(fault("schema", &document["schema"], &SCHEMA.to_string()));
        }
        let version = &document["version"];
        let typed = &document["provenance"]["command"];
        let experiment = &document["experiment"];
        let of_words = |words: &Value| -> Option<Vec<String>> {
            words.as_array()?.iter().map(|word| Some(word.as_str()?.to_owned())).collect()
        };
        let rule = "the words of a command of dip";
        let command = of_words(typed).ok_or_else(|| fault("provenance.command", typed, rule))?;
        let words = words(&command).map_err(|error| {
            let reason = error.to_string();
            let reason = reason.lines().next().unwrap_or_default().trim_start_matches("error: ");
            format!("{}: {reason}", fault("provenance.command", typed, rule))
        })?;
        if !experiment.is_object() {
            return Err(fault("experiment", experiment, "the experiment that ran"));
        }
        Ok(Self {
            version: version
                .as_str()
                .ok_or_else(|| fault("version", version, "a version of dip, such as \"0.1.0\""))?
                .to_owned(),
            words,
            experiment: experiment.clone(),
        })
    }

    /// The same without an option, as if it were as by default.
    pub(crate) fn without(&self, option: &str) -> Self {
        let is_option = |word: &String| word.split('=').next() == Some(option);
        let words = self.words.iter().filter(|word| !is_option(word)).cloned().collect();
        Self { words, ..self.clone() }
    }

    /// The run in words for whoever has another one in hand.
    pub(crate) fn beside(&self, other: &Self) -> String {
        let words: Vec<String> = self.words.iter().map(|word| quoted(word)).collect();
        let mut text = format!("`dip {}`", words.join(" "));
        if self.version != other.version {
            text += &format!(" of version {}", self.version);
        }
        if self.experiment != other.experiment {
            text += " with another experiment";
        }
        text
    }
}

/// The beginning of a value that may be long.
pub(crate) fn shortened(value: &Value) -> String {
    abbreviated(&value.to_string(), 40)
}

/// Options that change no bit of a result, or are found in the experiment.
const SHOWN: [&str; 8] = ["color", "force", "json", "parquet", "quiet", "resume", "set", "threads"];

/// The words that matter, in the order of the help, of those of a whole command line.
fn words(typed: &[String]) -> Result<Vec<String>, clap::Error> {
    let cli = Cli::command();
    let matches = cli.clone().try_get_matches_from(typed)?;
    // Without a command it is the comparison.
    let Some((name, matches)) = matches.subcommand() else {
        return Ok(vec!["compare".to_owned()]);
    };
    let options = cli.find_subcommand(name).into_iter().flat_map(clap::Command::get_arguments);
    let kept = options.filter(|option| is_of_essence(option));
    Ok(std::iter::once(name.to_owned())
        .chain(kept.flat_map(|option| written(option, matches)))
        .collect())
}

fn is_of_essence(option: &Arg) -> bool {
    let is_file = option.get_value_parser().type_id() == ValueParser::path_buf().type_id();
    let is_shown = option.get_long().is_some_and(|name| SHOWN.contains(&name));
    !is_file && !is_shown
}

/// An option as it can be typed again; nothing if it is as by default.
fn written(option: &Arg, matches: &ArgMatches) -> Vec<String> {
    let id = option.get_id().as_str();
    if matches.value_source(id) != Some(ValueSource::CommandLine) {
        return Vec::new();
    }
    let flag = option.get_long().map(|name| format!("--{name}"));
    if !option.get_action().takes_values() {
        return flag.into_iter().collect();
    }
    let values: Vec<_> = matches.get_raw(id).into_iter().flatten().collect();
    if option.get_default_values().iter().map(|value| &**value).eq(values.iter().copied()) {
        return Vec::new();
    }
    let word = |value: &std::ffi::OsStr| match &flag {
        Some(flag) => format!("{flag}={}", value.to_string_lossy()),
        None => value.to_string_lossy().into_owned(),
    };
    values.into_iter().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_that_change_no_bit_are_left_out() {
        for (typed, expected) in [
            ("", "compare"),
            ("--json compare --out out", "compare"),
            ("--config a.toml roa --grid 9 --force", "roa --grid=9"),
            (
                "simulate --controller lqr --x0 -1,0,0,0,0,0 --gains g.json --out=run --duration=2",
                "simulate --controller=lqr --x0=-1,0,0,0,0,0 --duration=2",
            ),
            (
                "montecarlo --threads 2 --resume --seed 3 --runs 7 --out compare",
                "montecarlo --runs=7 --seed=3",
            ),
            ("roa --set plant.m1=0.3 --seed 1 --range 1", "roa"),
            (
                "tune --controller lqr --anew --budget 90s",
                "tune --controller=lqr --budget=90s --anew",
            ),
        ] {
            let line: Vec<String> =
                std::iter::once("dip").chain(typed.split_whitespace()).map(str::to_owned).collect();
            assert_eq!(words(&line).unwrap().join(" "), expected, "{typed}");
        }
    }
}
