//! `dip replay`: runs again what a document is of, and compares it bit for bit, field by field.
//!
//! It runs the essence of the document ([`Essence`]): the words of its command that matter, with the experiment
//! in the document instead of files. A time that was given to a search, and a campaign that was ended early,
//! become the candidates and the runs that there were. Nothing is written where anyone would look.
//! Validated by `tests/replay.rs`.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::Result;
use clap::{Args, Parser};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use sim_runner::Experiment;
use smc_controllers::ControllerSpec;
use thiserror::Error;

use crate::cli::{Cli, Command};
use crate::essence::{Essence, shortened};
use crate::input::InputError;
use crate::interrupt::Temporary;
use crate::output::{Output, SCHEMA, VERSION};
use crate::provenance::Provenance;
use crate::tune::NotVerified;
use crate::words::{in_words, quoted};

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// What a command has written or, with --json, printed
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Fields that say where, how and by what: they may be others, and the result is the same.
const ELSEWHERE: [&str; 4] = ["command", "out", "provenance", "version"];

/// Of them, those of the provenance that are told if they are others.
const TOLD: [&str; 7] =
    ["version", "commit", "rustc", "processor", "instruction_set", "threads", "operating_system"];

/// Commands that write files even if they are not asked to.
const WRITING: [&str; 3] = ["compare", "roa", "sensitivity"];

/// Differences that are listed for a person; the document has all.
const LISTED: usize = 10;

/// What came out again was something else.
#[derive(Debug, Error)]
#[error("{file}: {count} of its fields came out differently")]
pub(crate) struct Differs {
    file: String,
    count: usize,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "replay")]
pub(crate) struct Document {
    schema: u32,
    version: &'static str,
    provenance: Provenance,
    file: PathBuf,
    /// One for each document in the file.
    runs: Vec<Replayed>,
}

/// One document of the file.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "replay_run")]
struct Replayed {
    /// What ran again, without the experiment.
    command: Vec<String>,
    /// Numbers that were compared.
    numbers: u64,
    /// Fields that were compared, those within fields too.
    fields: u64,
    differences: Vec<Difference>,
    /// Of the provenance.
    elsewhere: Vec<Difference>,
}

/// Of one field. What is not there is none, and null is `null`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "replay_difference")]
struct Difference {
    /// As in `controllers[0].metrics.iae`.
    field: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    was: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    is: Option<Value>,
}

pub(crate) fn run(output: &Output, args: &ReplayArgs) -> Result<()> {
    let file = args.file.display();
    let fault = |message: &str| InputError::new(&format!("{file}: {message}"));
    let text = fs::read_to_string(&args.file).map_err(|error| fault(&error.to_string()))?;
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| fault(&format!("not a document of dip: {error}")))?;
    // `dip tune --all --json` prints a list.
    let documents = match value {
        Value::Array(documents) if !documents.is_empty() => documents,
        document => vec![document],
    };
    // All faults before any run.
    let cases = documents
        .iter()
        .map(|document| Case::of(document).map_err(|message| fault(&message)))
        .collect::<Result<Vec<_>, _>>()?;
    let runs = cases.into_iter().map(Case::replayed).collect::<Result<Vec<_>>>()?;
    let count = runs.iter().map(|run| run.differences.len()).sum();
    let document = Document {
        schema: SCHEMA,
        version: VERSION,
        provenance: Provenance::of_this(None),
        file: args.file.clone(),
        runs,
    };
    output.show(&document, || described(&document))?;
    if count == 0 { Ok(()) } else { Err(Differs { file: file.to_string(), count }.into()) }
}

/// A document, and what gives it again.
struct Case<'a> {
    document: &'a Value,
    essence: Essence,
    experiment: Experiment,
    /// Where a search began, if not with the gains of the experiment.
    begin: Option<ControllerSpec>,
}

impl<'a> Case<'a> {
    fn of(document: &'a Value) -> Result<Self, String> {
        let mut essence = Essence::of_document(document)?;
        match essence.words[0].as_str() {
            "tune" => essence.words = of_search(&essence, document)?,
            "montecarlo" => essence.words = of_campaign(&essence, document)?,
            "compare" | "simulate" | "roa" | "sensitivity" => (),
            other => {
                let computing = "compare, simulate, montecarlo, roa, sensitivity or tune";
                return Err(format!(
                    "provenance.command is of `dip {other}`: must be of {computing}"
                ));
            }
        }
        let experiment: Experiment = serde_json::from_value(essence.experiment.clone())
            .map_err(|error| format!("experiment: {}", in_words(&error.to_string())))?;
        experiment.check().map_err(|error| format!("experiment: {error}"))?;
        let begin = begin(document)?;
        Ok(Self { document, essence, experiment, begin })
    }

    fn replayed(self) -> Result<Replayed> {
        let Self { document, essence, experiment, begin } = self;
        let (place, _temporary) = Temporary::make(tempfile::tempdir)?;
        let mut line: Vec<OsString> = vec!["dip".into()];
        line.extend(essence.words.iter().map(OsString::from));
        if WRITING.contains(&essence.words[0].as_str()) {
            line.extend(["--out".into(), place.path().into()]);
        }
        let mut cli = Cli::try_parse_from(line)?;
        let again = Rc::new(RefCell::new(Value::Null));
        cli.config.experiment = Some(experiment);
        if let Some(Command::Tune(args)) = &mut cli.command {
            args.begin = begin;
        }
        cli.output = Output::into(Rc::clone(&again));
        match crate::run(cli) {
            Err(error) if !error.is::<NotVerified>() => return Err(error),
            _ => (),
        }
        let again = again.take();
        let mut found = Comparison::default();
        found.compare("", Some(document), Some(&again));
        let of_provenance = |key: &&str| {
            let (was, is) = (&document["provenance"][key], &again["provenance"][key]);
            (was != is).then(|| Difference {
                field: format!("provenance.{key}"),
                was: Some(was.clone()),
                is: Some(is.clone()),
            })
        };
        Ok(Replayed {
            command: essence.words,
            numbers: found.numbers,
            fields: found.fields,
            differences: found.differences,
            elsewhere: TOLD.iter().filter_map(of_provenance).collect(),
        })
    }
}

/// The words of a search for one law of as many candidates as it came to: a time is not to be had again.
fn of_search(essence: &Essence, document: &Value) -> Result<Vec<String>, String> {
    let field = |name: &str, value: &Value, rule: &str| match value {
        Value::Null => format!("{name} is missing: must be {rule}"),
        value => format!("{name} = {}: must be {rule}", shortened(value)),
    };
    let law = &document["controller"];
    let evaluations = &document["evaluations"];
    let anew = &document["plan"]["anew"];
    let name = law.as_str().ok_or_else(|| field("controller", law, "the name of a controller"))?;
    let evaluations = evaluations
        .as_u64()
        .filter(|&count| count > 0)
        .ok_or_else(|| field("evaluations", evaluations, "the number of candidates, at least 1"))?;
    let anew = anew.as_bool().ok_or_else(|| field("plan.anew", anew, "true or false"))?;
    let replaced = ["--all", "--controller", "--anew", "--budget"];
    let mut words = replaced.iter().fold(essence.clone(), |e, option| e.without(option)).words;
    words.push(format!("--controller={name}"));
    if anew {
        words.push("--anew".to_owned());
    }
    words.push(format!("--budget={evaluations}"));
    Ok(words)
}

/// The gains that a search began with, if its document says that they are others than those of the experiment.
fn begin(document: &Value) -> Result<Option<ControllerSpec>, String> {
    let (Some(gains), Some(law)) = (document.get("begin"), document["controller"].as_str()) else {
        return Ok(None);
    };
    let spec = serde_json::from_value(serde_json::json!({ law: gains }));
    spec.map(Some).map_err(|error| format!("begin: {}", in_words(&error.to_string())))
}

/// The words of a campaign of as many runs as there were.
fn of_campaign(essence: &Essence, document: &Value) -> Result<Vec<String>, String> {
    let laws = document["controllers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let runs: Vec<Option<u64>> = laws.iter().map(|law| law["runs"].as_u64()).collect();
    match runs.as_slice() {
        [Some(runs), others @ ..] if *runs > 0 && others.iter().all(|o| *o == Some(*runs)) => {
            let mut words = essence.without("--runs").words;
            words.push(format!("--runs={runs}"));
            Ok(words)
        }
        _ => Err(
            "controllers[].runs: must be the same for all, and at least 1; a campaign that was \
                  interrupted between two laws cannot be replayed"
                .to_owned(),
        ),
    }
}

/// What was compared so far.
#[derive(Default)]
struct Comparison {
    numbers: u64,
    fields: u64,
    differences: Vec<Difference>,
}

impl Comparison {
    fn compare(&mut self, field: &str, was: Option<&Value>, is: Option<&Value>) {
        match (was, is) {
            (Some(Value::Object(was)), Some(Value::Object(is))) => {
                let added = is.keys().filter(|key| !was.contains_key(*key));
                for key in was.keys().chain(added) {
                    if field.is_empty() && ELSEWHERE.contains(&key.as_str()) {
                        continue;
                    }
                    self.fields += 1;
                    let dot = if field.is_empty() { "" } else { "." };
                    self.compare(&format!("{field}{dot}{key}"), was.get(key), is.get(key));
                }
            }
            (Some(Value::Array(was)), Some(Value::Array(is))) => {
                for i in 0..was.len().max(is.len()) {
                    self.compare(&format!("{field}[{i}]"), was.get(i), is.get(i));
                }
            }
            (was, is) => {
                let are_numbers = was.is_some_and(Value::is_number);
                self.numbers += u64::from(are_numbers);
                let is_same = match (was, is) {
                    (Some(Value::Number(was)), Some(Value::Number(is))) => {
                        // As they are written: 0 is not -0, and 1 not 1.0.
                        was.to_string() == is.to_string()
                    }
                    (was, is) => was == is,
                };
                if !is_same {
                    let field = field.to_owned();
                    self.differences.push(Difference { field, was: was.cloned(), is: is.cloned() });
                }
            }
        }
    }
}

fn described(document: &Document) -> String {
    let mut text = String::new();
    for Replayed { command, numbers, fields, differences, elsewhere } in &document.runs {
        let words: Vec<String> = command.iter().map(|word| quoted(word)).collect();
        text += &format!("dip {}\n", words.join(" "));
        let line = |Difference { field, was, is }: &Difference| {
            let shown = |value: &Option<Value>| value.as_ref().map_or("nothing".into(), shortened);
            format!("  {field}\n    was {}\n    is  {}\n", shown(was), shown(is))
        };
        if !elsewhere.is_empty() {
            text += "computed elsewhere:\n";
            text += &elsewhere.iter().map(line).collect::<String>();
        }
        if differences.is_empty() {
            text += &format!("same bits: {numbers} numbers in {fields} fields\n");
        } else {
            text += &format!("other bits: {} fields\n", differences.len());
            text += &differences.iter().take(LISTED).map(line).collect::<String>();
            let more = differences.len().saturating_sub(LISTED);
            if more > 0 {
                text += &format!("  and {more} more; --json has all\n");
            }
        }
    }
    text
}
