//! `dip check`: is an experiment right, what does it say, and what follows from it?
//!
//! Everything that could be wrong is an error of loading, with its place. Validated in `tests/files.rs`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use dip_dynamics::State;
use schemars::JsonSchema;
use serde::Serialize;
use sim_runner::Experiment;
use smc_controllers::Kind;
use toml::{Table, Value};

use crate::input::{InputError, Source};
use crate::layers::Config;
use crate::locate::flat;
use crate::output::{Output, SCHEMA};
use crate::terminal::{significant, warn};

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The experiment file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "check")]
pub(crate) struct Checked {
    schema: u32,
    file: String,
    ok: bool,
    /// Whose parameters are the defaults of the file.
    rig: Option<&'static str>,
    /// What was read, the later over the earlier.
    layers: Vec<String>,
    /// Keys that are not as built in.
    changes: Vec<Change>,
    /// Sliding surfaces.
    surfaces: Vec<Decay>,
    /// Laws whose gains are as shipped, though plant, actuator or control period are not those that
    /// the gains were tuned for.
    untuned: Vec<&'static str>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "check_change")]
struct Change {
    key: String,
    #[schemars(with = "serde_json::Value")]
    value: Value,
    /// None where nothing is built in.
    #[schemars(with = "serde_json::Value")]
    default: Option<Value>,
    /// Which layer said it.
    layer: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "check_surface")]
struct Decay {
    controller: &'static str,
    /// Real part of the slowest pole of the motion on the surface, in 1/s: it decays below 0.
    slowest_pole: f64,
}

pub(crate) fn run(config: &Config, output: &Output, args: &CheckArgs) -> Result<()> {
    if let Some(file) = &config.file {
        let message = format!("--config {}: check takes its one file without it", file.display());
        return Err(InputError::new(&message).into());
    }
    let source = Source::load(&Config { file: Some(args.file.clone()), ..config.clone() })?;
    source.warn(&Kind::ALL);
    let checked = Checked {
        schema: SCHEMA,
        file: args.file.display().to_string(),
        ok: true,
        rig: source.rig().map(|rig| rig.name),
        layers: source.layers().iter().map(|layer| layer.name.clone()).collect(),
        changes: changes(&source)?,
        surfaces: surfaces(&source)?,
        untuned: untuned(source.experiment()),
    };
    for (rod, missing) in half_given(&source) {
        warn(&source.layers().located(
            &format!("plant.l{rod}"),
            &format!("plant.l{rod} is given, but not {missing}: a longer rod has another of each"),
        ));
    }
    output.show(&checked, || in_words(&checked, source.experiment()))
}

/// Keys whose values are not the built-in ones.
fn changes(source: &Source) -> Result<Vec<Change>> {
    let built_in = flat(&Table::try_from(Experiment::default())?.into());
    let present = flat(&Table::try_from(source.experiment())?.into());
    let other = present.into_iter().filter(|(key, value)| built_in.get(key) != Some(value));
    let changes = other.map(|(key, value)| Change {
        default: built_in.get(&key).cloned(),
        layer: source.layers().place(&key).map_or(String::new(), |(layer, _)| layer.name.clone()),
        key,
        value,
    });
    Ok(changes.collect())
}

/// Rods with a length of their own, but a centre of mass or an inertia as built in.
fn half_given(source: &Source) -> impl Iterator<Item = (usize, String)> {
    let is_given = |key: &str| source.layers().says(key);
    [1, 2].into_iter().filter_map(move |rod| {
        let missing: Vec<String> = ["c", "i"]
            .map(|name| format!("plant.{name}{rod}"))
            .into_iter()
            .filter(|key| !is_given(key))
            .collect();
        let is_half = is_given(&format!("plant.l{rod}")) && !missing.is_empty();
        is_half.then(|| (rod, missing.join(" and ")))
    })
}

fn untuned(experiment: &Experiment) -> Vec<&'static str> {
    let built_in = Experiment::default();
    let conditions = |of: &Experiment| (of.plant, of.actuator, of.simulation.control_period);
    if conditions(experiment) == conditions(&built_in) {
        return Vec::new();
    }
    let is_as_shipped =
        |kind: &Kind| experiment.controllers.get(*kind) == built_in.controllers.get(*kind);
    Kind::ALL.into_iter().filter(is_as_shipped).map(Kind::name).collect()
}

fn surfaces(source: &Source) -> Result<Vec<Decay>> {
    let linear = source.checked(Experiment::model)?.linearise(&State::UPRIGHT, 0.0);
    let mut surfaces = Vec::new();
    for kind in Kind::ALL {
        if let Some(design) = source.experiment().controllers.get(kind).surface() {
            let surface = design.design(&linear).map_err(|error| InputError::new(&error))?;
            let far = surface.far.iter().flat_map(|far| far.sliding_poles);
            let poles = surface.sliding_poles.into_iter().chain(far);
            let slowest_pole = poles.map(|pole| pole.re).fold(f64::NEG_INFINITY, f64::max);
            surfaces.push(Decay { controller: kind.name(), slowest_pole });
        }
    }
    Ok(surfaces)
}

fn in_words(checked: &Checked, experiment: &Experiment) -> String {
    let simulation = &experiment.simulation;
    let mut text = format!(
        "{} is right: {}{} s, control every {} s, ±{} N\n",
        checked.file,
        checked.rig.map_or(String::new(), |name| format!("rig {name}, ")),
        simulation.duration,
        simulation.control_period,
        significant(experiment.actuator.u_max, 6),
    );
    if checked.layers.len() > 1 {
        text += &format!("\nread, the later over the earlier: {}\n", checked.layers.join(", "));
    }
    text += match checked.changes.len() {
        0 => "\nnothing is other than built in\n",
        _ => "\nother than built in:\n",
    };
    for Change { key, value, default, layer } in &checked.changes {
        let default = default.as_ref().map_or("off".to_owned(), ToString::to_string);
        let origin = if checked.layers.len() > 1 { format!(", by {layer}") } else { String::new() };
        let line = format!("  {key} = {value}");
        let rest = format!("instead of {default}{origin}");
        let fits = line.chars().count() + rest.chars().count() + 2 <= 80;
        text += &if fits { format!("{line}  {rest}\n") } else { format!("{line}\n    {rest}\n") };
    }
    let decays = |surface: &&Decay| surface.slowest_pole < 0.0;
    text += "\nmotion on the sliding surfaces, by the slowest pole:\n";
    for surface in &checked.surfaces {
        let verdict = if decays(&surface) { "decays" } else { "does not decay: waived" };
        let pole = significant(surface.slowest_pole, 4);
        text += &format!("  {:18}  {pole:>9} rad/s  {verdict}\n", surface.controller);
    }
    if !checked.untuned.is_empty() {
        text += "\ngains as shipped, for another plant, actuator or control period; tune these laws\n\
                 before you judge them (dip tune):\n";
        for names in checked.untuned.chunks(4) {
            text += &format!("  {}\n", names.join(", "));
        }
    }
    text
}
