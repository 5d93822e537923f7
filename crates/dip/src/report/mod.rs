//! `dip report`: one HTML file of what a command has left in a directory, which opens without a network.
//!
//! What can be seen is in `report.html`, `report.css` and `report.js`; here is only what they are given: the
//! documents as they are, trajectories thinned out for the eye, and pictures. It computes no figure of its own.
//! Validated by `tests/report.rs`, also in a browser.

mod animation;
mod poses;
mod strip;
mod trajectories;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};

use self::trajectories::Trajectory;
use crate::essence::Essence;
use crate::input::InputError;
use crate::output::{Draft, Output, VERSION};
use crate::results::{Present, has_content, keep_other, write_content};
use crate::terminal::busy;
use crate::trajectory::DESCRIPTION;

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Directory that a command has written its results to
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// Also draw the poses of the first run over time, one beside the other, to this SVG file
    #[arg(long, value_name = "FILE")]
    strip: Option<PathBuf>,

    /// Also animate the first run in real time, until it has come to rest, in this GIF file
    #[arg(long, value_name = "FILE")]
    gif: Option<PathBuf>,
}

/// What a report can be made of: the documents by name, the commands that write them, and the pictures beside
/// them.
const DOCUMENTS: [(&str, &[&str], Option<&str>); 6] = [
    ("summary", &["compare", "simulate"], None),
    ("comparison", &["compare"], None),
    ("montecarlo", &["montecarlo"], None),
    ("roa", &["roa"], Some("roa.svg")),
    ("sensitivity", &["sensitivity"], Some("sensitivity.svg")),
    ("tune", &["tune"], None),
];

pub(crate) const FILE: &str = "report.html";

/// By which a report is known; it follows from the documents beside it, and is made anew with them.
const TITLE: &str = "<title>dip report</title>";

/// All that a page is given.
#[derive(Serialize)]
struct Data {
    schema: u32,
    version: &'static str,
    directory: PathBuf,
    /// By name, as they are.
    documents: Map<String, Value>,
    trajectories: Vec<Trajectory>,
    /// SVG by the name of the document that it belongs to.
    pictures: Map<String, Value>,
}

pub(crate) fn run(output: &Output, args: &ReportArgs) -> Result<()> {
    if args.directory.is_file() {
        let message = format!("{}: a file, must be a directory", args.directory.display());
        return Err(InputError::new(&message).into());
    }
    if args.strip.is_some() && args.strip == args.gif {
        return Err(InputError::new(&"--strip and --gif: must be two files").into());
    }
    claim(&args.directory, output.present())?;
    let _busy = busy("making a report");
    let data = Data::read(&args.directory)?;
    let mut drawn = Vec::new();
    if let Some(path) = &args.strip {
        drawn.push((path, strip::strip(&data)?.into_bytes()));
    }
    if let Some(path) = &args.gif {
        drawn.push((path, animation::animation(&data)?));
    }
    for (path, content) in &drawn {
        keep_other(path, content, output.force)?;
    }
    let mut files = vec![write_page(&args.directory, &data)?];
    for (path, content) in drawn {
        write_content(path, &content, output.force)?;
        files.push(path.clone());
    }
    let lines: Vec<String> = files.iter().map(|path| format!("{}\n", path.display())).collect();
    output.tell(|| lines.concat())?;
    output.give_files(&files)
}

/// Refuses to replace what is there, if it is no report.
pub(crate) fn claim(directory: &Path, present: Present) -> Result<()> {
    let path = directory.join(FILE);
    if present == Present::Replaced || !has_content(&path) {
        return Ok(());
    }
    let place = path.display();
    let page = fs::read(&path).with_context(|| format!("cannot read {place}"))?;
    if String::from_utf8_lossy(&page).contains(TITLE) {
        return Ok(());
    }
    let message = format!("{place}: it is there, and no report of dip; --force replaces it");
    Err(InputError::new(&message).into())
}

/// Writes `report.html` of what is in a directory.
pub(crate) fn write(directory: &Path) -> Result<()> {
    let _busy = busy("making a report");
    write_page(directory, &Data::read(directory)?)?;
    Ok(())
}

fn write_page(directory: &Path, data: &Data) -> Result<PathBuf> {
    let path = directory.join(FILE);
    let page = page(data)?;
    Draft::begin(&path)?.finish_text(&page)?;
    Ok(path)
}

impl Data {
    /// Where the trajectories come from, for a picture that is made of them.
    fn origin(&self) -> String {
        let summary = &self.documents["summary"];
        let origin = ["schema", "provenance", "experiment"].map(|key| (key, &summary[key]));
        serde_json::to_string(&Map::from_iter(origin.map(|(key, of)| (key.to_owned(), of.clone()))))
            .expect("JSON is written as JSON")
    }

    fn read(directory: &Path) -> Result<Self> {
        let mut data = Self {
            schema: crate::output::SCHEMA,
            version: VERSION,
            directory: directory.to_owned(),
            documents: Map::new(),
            trajectories: Vec::new(),
            pictures: Map::new(),
        };
        for (name, commands, picture) in DOCUMENTS {
            let path = directory.join(format!("{name}.json"));
            let Some(text) = read_if_there(&path)? else { continue };
            let fault = |message: &str| InputError::new(&format!("{}: {message}", path.display()));
            let document: Value =
                serde_json::from_str(&text).map_err(|error| fault(&error.to_string()))?;
            let essence = Essence::of_document(&document)
                .map_err(|error| fault(&format!("no result of this dip: {error}")))?;
            let command = essence.words[0].as_str();
            if !commands.contains(&command) {
                let expected = commands.join(" or ");
                let message =
                    format!("provenance.command is of `dip {command}`: must be of {expected}");
                return Err(fault(&message).into());
            }
            data.documents.insert(name.to_owned(), document);
            if let Some(picture) = picture
                && let Some(svg) = read_if_there(&directory.join(picture))?
            {
                data.pictures.insert(name.to_owned(), Value::String(svg));
            }
        }
        if data.documents.is_empty() {
            let names = DOCUMENTS.map(|(name, ..)| format!("{name}.json")).join(", ");
            let directory = directory.display();
            let message = format!("{directory}: no results here: there is none of {names}");
            return Err(InputError::new(&message).into());
        }
        let description = match read_if_there(&directory.join(DESCRIPTION))? {
            None => Value::Null,
            Some(text) => serde_json::from_str(&text)
                .map_err(|error| InputError::new(&format!("{DESCRIPTION}: {error}")))?,
        };
        let summary = data.documents.get("summary");
        for (file, name) in summary.map(flown).unwrap_or_default() {
            if directory.join(file).exists() {
                data.trajectories.push(Trajectory::read(directory, &description, file, name)?);
            }
        }
        Ok(data)
    }
}

/// Files that only some of the runs have that write this document: of a run that left this one.
pub(crate) fn files_of(name: &str, document: &Value) -> Vec<String> {
    let pictures: &[&str] = match name {
        "summary.json" => &["comparison", "motion", "phase", "gains"],
        "tune.json" => &["front"],
        _ => &[],
    };
    let drawn = pictures.iter().flat_map(|name| ["svg", "png"].map(|of| format!("{name}.{of}")));
    let trajectories = if name == "summary.json" { flown(document) } else { Vec::new() };
    let flown = trajectories.iter().flat_map(|(file, _)| {
        let stem = file.trim_end_matches(".csv");
        [format!("{stem}.csv"), format!("{stem}.parquet")]
    });
    // A document tells names, not ways to elsewhere.
    drawn.chain(flown).filter(|name| !name.contains(std::path::is_separator)).collect()
}

/// The files of the trajectories that a summary speaks of, and the laws that flew them.
fn flown(summary: &Value) -> Vec<(&str, &str)> {
    if let Some(law) = summary["controller"].as_str() {
        return vec![("trajectory.csv", law)];
    }
    let rows = summary["controllers"].as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter()
        .filter_map(|row| Some((row["trajectory"].as_str()?, row["name"].as_str()?)))
        .collect()
}

fn read_if_there(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn page(data: &Data) -> Result<String> {
    // Inside of strings only, where the escape says the same: nothing ends the element of the data.
    let json = serde_json::to_string(data)?.replace('<', r"\u003c");
    Ok(include_str!("report.html")
        .replace("{{style}}", include_str!("report.css").trim_end())
        .replace("{{script}}", include_str!("report.js").trim_end())
        .replace("{{data}}", &json))
}
