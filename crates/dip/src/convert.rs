//! `dip convert`: the `config.yaml` of the Python project DIP-SMC-PSO as an experiment file.
//!
//! What means the same in both is taken over: plant, times, start, limit of the force, sensors, and
//! how far the plant may be off. A law is not: its gains are those of a surface, and the surfaces there
//! have other signs or no cart at all, so that the motion on them does not decay here. Each is designed
//! on the converted plant, and the report says which pole it fails by. Meanings are those of the
//! project's own plant and laws (github.com/theSadeQ/dip-smc-pso, `config.yaml`, `src/plant`,
//! `src/controllers`). Validated in `tests/files.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use dip_dynamics::{Plant, State};
use sim_runner::Experiment;
use smc_controllers::SurfaceDesign;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use crate::input::InputError;
use crate::output::Output;
use crate::results::write_content;
use crate::terminal::note;
use crate::words::nearest;
use crate::yaml::Yaml;

#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    /// The config.yaml
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// File for the experiment [default: stdout]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(output: &Output, args: &ConvertArgs) -> Result<()> {
    let Converted { experiment, report } = convert(&args.file)?;
    // A name may have line breaks, a comment may not.
    let name = args.file.display().to_string().replace(char::is_control, " ");
    let text = format!("# From {name}.\n{}", toml::to_string(&experiment)?);
    match &args.out {
        Some(out) => {
            write_content(out, text.as_bytes(), output.force)?;
            output.give_files(std::slice::from_ref(out))?;
        }
        None => output.text(&text)?,
    }
    note(report.trim_end());
    Ok(())
}

struct Converted {
    experiment: Table,
    report: String,
}

/// What became of a key.
enum Fate {
    /// These keys.
    Became(Vec<(String, Value)>),
    /// Why nothing.
    Refused(String),
}

fn convert(path: &Path) -> Result<Converted, InputError> {
    let fault = |message: &str| InputError::new(&format!("{}: {message}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| fault(&error.to_string()))?;
    let (yaml, without_value) = Yaml::parse_valued(&text).map_err(|error| {
        let line = error.place.map(|place| text[..place.start].matches('\n').count() + 1);
        fault(&line.map_or(error.message.clone(), |line| format!("line {line}: {}", error.message)))
    })?;
    let mut said = BTreeMap::new();
    flatten(&yaml.table(&text), "", &mut said);
    if !said.keys().any(|key| key.starts_with("physics.") || key.starts_with("simulation.")) {
        return Err(fault("neither physics nor simulation: not a config.yaml of DIP-SMC-PSO"));
    }
    let mut fates: BTreeMap<&str, Fate> =
        said.iter().map(|(key, value)| (key.as_str(), fate(key, value, &said))).collect();
    let unchecked = |fates: &BTreeMap<&str, Fate>| {
        let table = table(fates);
        let read: Result<Experiment, _> = table.clone().try_into();
        read.map(|experiment| (table, experiment)).map_err(|error| fault(error.message()))
    };
    // What breaks a rule here is refused in turn, until the rest keeps all of them.
    let mut refused = Vec::new();
    while let Err(error) = unchecked(&fates)?.1.check() {
        let Some(guilty) = guilty(&fates, &error.key(), &error.to_string()) else {
            return Err(fault(&error.to_string()));
        };
        let was = fates.insert(guilty, Fate::Refused(error.to_string()));
        refused.extend(was.map(|was| (guilty, was)));
    }
    // Some of them were no fault but beside others that are refused now.
    loop {
        let before = refused.len();
        let mut still = Vec::new();
        for (key, was) in refused {
            fates.insert(key, was);
            if let Err(error) = unchecked(&fates)?.1.check() {
                let was = fates.insert(key, Fate::Refused(error.to_string()));
                still.extend(was.map(|was| (key, was)));
            }
        }
        refused = still;
        if refused.len() == before {
            break;
        }
    }
    let (experiment, checked) = unchecked(&fates)?;
    surfaces(&checked, &said, &mut fates);
    Ok(Converted { experiment, report: in_words(&said, &fates, &without_value) })
}

/// What became of the keys.
fn table(fates: &BTreeMap<&str, Fate>) -> Table {
    let mut table = Table::new();
    for fate in fates.values() {
        if let Fate::Became(values) = fate {
            for (key, value) in values {
                insert(&mut table, key, value.clone());
            }
        }
    }
    table
}

/// A key that a broken rule may be blamed on: the one that breaks it; one that it names, since what is as built in
/// breaks a rule only beside another key; or any of a plant for which no law can be designed.
fn guilty<'k>(fates: &BTreeMap<&'k str, Fate>, at: &str, rule: &str) -> Option<&'k str> {
    let by = |is_it: &dyn Fn(&str) -> bool| {
        let became = |fate: &Fate| match fate {
            Fate::Became(values) => values.iter().any(|(ours, _)| is_it(ours)),
            Fate::Refused(_) => false,
        };
        fates.iter().find(|(_, fate)| became(fate)).map(|(key, _)| *key)
    };
    by(&|ours| at.starts_with(ours))
        .or_else(|| by(&|ours| rule.contains(ours)))
        .or_else(|| by(&|ours| ours.starts_with("plant.")))
        .or_else(|| by(&|_| true))
}

/// Keys with dots, and what stands there; a list is one value.
fn flatten(table: &DeTable<'_>, above: &str, said: &mut BTreeMap<String, Value>) {
    for (key, value) in table {
        let key = format!("{above}{}", key.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) if !inner.is_empty() => flatten(inner, &format!("{key}."), said),
            _ => {
                let _ = said.insert(key, plain(value));
            }
        }
    }
}

/// The value without its place.
fn plain(value: &Spanned<DeValue<'_>>) -> Value {
    match value.get_ref() {
        DeValue::Boolean(value) => (*value).into(),
        DeValue::Array(values) => Value::Array(values.iter().map(plain).collect()),
        DeValue::Table(table) => {
            let entries =
                table.iter().map(|(key, value)| (key.get_ref().to_string(), plain(value)));
            Value::Table(entries.collect())
        }
        DeValue::String(text) => text.to_string().into(),
        // All numbers are ones here.
        DeValue::Integer(number) => number_of(number.as_str()),
        DeValue::Float(number) => number_of(number.as_str()),
        DeValue::Datetime(time) => time.to_string().into(),
    }
}

fn number_of(text: &str) -> Value {
    text.parse::<f64>().map_or_else(|_| text.into(), Value::from)
}

fn insert(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = table.entry(first).or_insert_with(|| Table::new().into());
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// Parameters of the plant, by their names there and here. Angles are absolute and inertias about the
/// centre of mass in both.
const PLANT: [(&str, &str); 13] = [
    ("cart_mass", "m0"),
    ("pendulum1_mass", "m1"),
    ("pendulum2_mass", "m2"),
    ("pendulum1_length", "l1"),
    ("pendulum2_length", "l2"),
    ("pendulum1_com", "c1"),
    ("pendulum2_com", "c2"),
    ("pendulum1_inertia", "i1"),
    ("pendulum2_inertia", "i2"),
    ("gravity", "g"),
    ("cart_friction", "b0"),
    ("joint1_friction", "b1"),
    ("joint2_friction", "b2"),
];

fn fate(key: &str, value: &Value, said: &BTreeMap<String, Value>) -> Fate {
    let refused = |reason: &str| Fate::Refused(reason.to_owned());
    let (section, name) = key.split_once('.').unwrap_or((key, ""));
    let plant = PLANT.iter().find(|(there, _)| *there == name).map(|(_, here)| *here);
    let numbers = |keys: &[&str]| match value.as_float() {
        Some(_) => Fate::Became(keys.iter().map(|&key| (key.to_owned(), value.clone())).collect()),
        None => refused("not a number"),
    };
    match (section, name, plant) {
        ("physics", _, Some(here)) => numbers(&[&format!("plant.{here}")]),
        ("physics", "singularity_cond_threshold", _) => {
            refused("the mass matrix of a checked plant is never singular")
        }
        ("physics", _, _) if value.is_bool() => {
            refused("the equations of motion are always the full ones")
        }
        ("physics", _, _) => Fate::Refused(unknown(name)),
        ("physics_uncertainty", _, Some(here)) => match value.as_float() {
            Some(0.0) => refused("0: nothing is off"),
            Some(_) => numbers(&[&format!("mismatch.{here}.uniform")]),
            None => refused("not a number"),
        },
        ("physics_uncertainty", "n_evals", _) => {
            refused("as many plants as there are runs: --starts, --runs, tuning.trials.runs")
        }
        ("simulation", "duration", _) => numbers(&["simulation.duration"]),
        ("simulation", "dt", _) => numbers(&["simulation.step", "simulation.control_period"]),
        ("simulation", "initial_state", _) => {
            let numbers: Option<Vec<f64>> =
                value.as_array().and_then(|list| list.iter().map(Value::as_float).collect());
            match numbers {
                Some(state) if state.len() == 6 => Fate::Became(
                    (State::NAMES.iter().zip(state))
                        .map(|(name, value)| (format!("start.{name}"), value.into()))
                        .collect(),
                ),
                _ => refused("must be 6 numbers"),
            }
        }
        ("simulation", "use_full_dynamics", _) => {
            refused("the equations of motion are always the full ones")
        }
        ("sensors", "position_noise_std", _) => numbers(&["sensors.noise.x"]),
        ("sensors", "angle_noise_std", _) => {
            numbers(&["sensors.noise.theta1", "sensors.noise.theta2"])
        }
        ("sensors", "quantization_position", _) => numbers(&["sensors.quantum.x"]),
        ("sensors", "quantization_angle", _) => {
            numbers(&["sensors.quantum.theta1", "sensors.quantum.theta2"])
        }
        ("controllers", _, _) if name.ends_with(".max_force") => {
            let is_limit =
                |key: &&String| key.starts_with("controllers.") && key.ends_with(".max_force");
            let mut limits = said.keys().filter(is_limit).map(|key| &said[key]);
            if limits.all(|limit| limit == value) {
                numbers(&["actuator.u_max"])
            } else {
                refused("one actuator has one limit; those of the laws differ: set actuator.u_max")
            }
        }
        ("controllers", _, _) if name.starts_with("swing_up_smc.") => {
            refused("nothing swings up here: runs start near upright")
        }
        ("controllers", _, _) if name.starts_with("mpc_controller.") => {
            refused("no law here looks ahead: dip gains lists those that there are")
        }
        ("controllers", _, _) if name.split('.').next_back() == Some("dt") => {
            refused("a law is told the period: simulation.control_period")
        }
        ("controllers" | "controller_defaults", _, _) => {
            refused("belongs to a surface that was not taken over")
        }
        ("cost_function", _, _) => refused(
            "costs there are squares divided by norms of a baseline, \
             here other metrics in other units: tuning.cost",
        ),
        ("pso", "n_particles", _) => refused("not of an experiment: dip tune --particles"),
        ("pso", "iters", _) => {
            refused("not of an experiment: dip tune --budget, particles × iters")
        }
        ("pso", "seed", _) | ("global_seed", _, _) => refused("not of an experiment: --seed"),
        ("pso", _, _) => refused("bounds and settings of the search are the program's: dip gains"),
        ("verification", "integrators", _) => refused("one for a run: simulation.integrator"),
        ("verification", _, _) => refused("not of an experiment: dip simulate --x0, settling"),
        ("hil", _, _) => refused("there is no hardware in the loop"),
        _ => refused("not known"),
    }
}

/// Of a key of the plant that there is not.
fn unknown(name: &str) -> String {
    let near = nearest(name, PLANT.iter().map(|(there, _)| *there));
    near.map_or_else(|| "not known".to_owned(), |near| format!("not known; `{near}` is"))
}

/// Says of each surface why it was not taken over, by its poles on the converted plant.
fn surfaces(
    experiment: &Experiment,
    said: &BTreeMap<String, Value>,
    fates: &mut BTreeMap<&str, Fate>,
) {
    let Ok(model) = Plant::new(&experiment.plant.viscous()) else {
        return;
    };
    let linear = model.linearise(&State::UPRIGHT, 0.0);
    for (key, fate) in fates.iter_mut() {
        let law = key.strip_prefix("controller_defaults.").and_then(|k| k.strip_suffix(".gains"));
        let gains: Option<Vec<f64>> = said
            .get(*key)
            .and_then(|value| value.as_array()?.iter().map(Value::as_float).collect());
        let (Some(law), Some(gains)) = (law, gains) else {
            continue;
        };
        let cart = |name: &str| {
            let value = said.get(&format!("controllers.{law}.{name}"));
            value.and_then(Value::as_float).unwrap_or(0.0)
        };
        // σ of each law there, as coefficients of x, θ1, θ2 and their rates.
        let s = match (law, gains.as_slice()) {
            // k1, k2, λ1, λ2, K, k_d
            ("classical_smc", &[k1, k2, l1, l2, _, _])
            // k1, k2, λ1, λ2, γ
            | ("adaptive_smc", &[k1, k2, l1, l2, _])
            // K1, K2, k1, k2, λ1, λ2
            | ("sta_smc", &[_, _, k1, k2, l1, l2]) => [0.0, k1 * l1, k2 * l2, 0.0, k1, k2],
            // c1, λ1, c2, λ2, and the cart with the other sign
            ("hybrid_adaptive_sta_smc", &[c1, l1, c2, l2]) => {
                let (gain, lambda) = (cart("cart_gain"), cart("cart_lambda"));
                [-gain * lambda, c1 * l1, c2 * l2, -gain, c1, c2]
            }
            _ => {
                *fate = Fate::Refused("not a gain vector of a law that is known".to_owned());
                continue;
            }
        };
        let reason =
            match (SurfaceDesign::Coefficients { s, allow_unstable: false }).design(&linear) {
                Err(error) => error.to_string(),
                Ok(_) => {
                    "the motion on it decays, but gains beside it are in other units: use it with \
                      `surface = { coefficients = … }` and tune"
                        .to_owned()
                }
            };
        let reason = reason.split(" (given").next().unwrap_or_default();
        *fate = Fate::Refused(format!("its surface s = {s:?}: {reason}"));
    }
}

fn in_words(
    said: &BTreeMap<String, Value>,
    fates: &BTreeMap<&str, Fate>,
    without_value: &[String],
) -> String {
    let (mut became, mut refused) = (String::new(), String::new());
    for (key, fate) in fates {
        match fate {
            Fate::Became(values) => {
                let keys: Vec<&str> = values.iter().map(|(key, _)| key.as_str()).collect();
                became += &format!("  {key} → {}\n", keys.join(", "));
            }
            Fate::Refused(reason) => {
                let value = said[*key].to_string();
                let value = if value.chars().count() > 30 { "…" } else { &value };
                refused += &format!("  {key} = {value}: {reason}\n");
            }
        }
    }
    for key in without_value {
        refused += &format!("  {key}: nothing stands there\n");
    }
    format!(
        "became:\n{became}refused, and as built in:\n{refused}\
         The laws are the shipped ones, tuned for control every 0.001 s of the built-in plant: \
         `dip tune` tunes them for this file.\n"
    )
}
