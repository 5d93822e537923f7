//! Experiment and gains files, and messages that say where they are wrong.

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::Result;
use dip_dynamics::Rig;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sim_runner::{Experiment, ExperimentError, Starts};
use smc_controllers::{ControllerSpec, Kind, TwistingWarning};
use thiserror::Error;
use toml::Table;
use toml::de::{DeTable, DeValue};

use crate::cli::StartsArgs;
use crate::locate::{meaning, path_at, place_of};
use crate::output::SCHEMA;

/// What the user gave is wrong; the program ends with exit code 2.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct InputError(String);

impl InputError {
    pub(crate) fn new(error: &impl ToString) -> Self {
        Self(error.to_string())
    }
}

/// An experiment and the file that it came from.
#[derive(Debug)]
pub(crate) struct Source {
    experiment: Experiment,
    /// Whose parameters are its defaults.
    rig: Option<&'static Rig>,
    file: Option<(PathBuf, String)>,
    /// Laws whose gains came from files of their own.
    replaced: Vec<Kind>,
}

impl Source {
    /// Reads an experiment file, or takes the built-in experiment; checks everything.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self> {
        let Some(path) = file else {
            return Ok(Self {
                experiment: Experiment::default(),
                rig: None,
                file: None,
                replaced: Vec::new(),
            });
        };
        let text = read(path)?;
        let (experiment, rig) = parse(path, &text)?;
        let file = Some((path.to_owned(), text));
        let source = Self { experiment, rig, file, replaced: Vec::new() };
        source.checked(Experiment::check)?;
        Ok(source)
    }

    pub(crate) fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// The rig that the file names.
    pub(crate) fn rig(&self) -> Option<&'static Rig> {
        self.rig
    }

    /// For what the command line changes; use [`Source::checked`] afterwards.
    pub(crate) fn experiment_mut(&mut self) -> &mut Experiment {
        &mut self.experiment
    }

    /// Replaces a law by the one of a gains file.
    pub(crate) fn set_gains(&mut self, path: &Path) -> Result<Kind> {
        let spec = read_gains(path)?;
        let kind = spec.kind();
        if self.replaced.contains(&kind) {
            let message = format!("{}: gains of {kind} were given already", path.display());
            return Err(InputError(message).into());
        }
        self.replaced.push(kind);
        self.experiment.controllers.set(spec);
        self.experiment
            .controller(kind)
            .map_err(|error| InputError(format!("{}: {error}", path.display())))?;
        Ok(kind)
    }

    /// The same, where the file has to have gains of the law of this name.
    pub(crate) fn set_gains_of(&mut self, name: &str, path: &Path) -> Result<()> {
        let tuned = self.set_gains(path)?;
        if tuned.name() != name {
            let message = format!("{} has gains of {tuned}, not of {name}", path.display());
            return Err(InputError(message).into());
        }
        Ok(())
    }

    /// Replaces the tunable gains of a law.
    pub(crate) fn set_vector(&mut self, kind: Kind, gains: &[f64]) -> Result<(), InputError> {
        let present = self.experiment.controllers.get(kind);
        let spec =
            present.with_gains(gains).map_err(|error| InputError(format!("--vector: {error}")))?;
        self.experiment.controllers.set(spec);
        self.experiment
            .controller(kind)
            .map(|_| ())
            .map_err(|error| InputError(format!("--vector: {error}")))
    }

    /// Takes random starts from where the command line says, and gives those of `seed`.
    pub(crate) fn set_starts(
        &mut self,
        args: &StartsArgs,
        seed: u64,
    ) -> Result<Starts, InputError> {
        let design = &mut self.experiment.starts;
        if let Some(radius) = args.radius {
            Starts::new(radius, seed).map_err(|error| InputError::new(&error))?;
            (design.theta1, design.theta2) = (radius, radius);
        }
        design.design = args.design.unwrap_or(design.design);
        self.checked(|experiment| experiment.starts.starts(seed))
    }

    /// Does something with the experiment; a fault in it is shown where it stands in its file.
    pub(crate) fn checked<T>(
        &self,
        work: impl FnOnce(&Experiment) -> Result<T, ExperimentError>,
    ) -> Result<T, InputError> {
        work(&self.experiment).map_err(|error| self.locate(&error))
    }

    /// The message for a fault of the experiment.
    pub(crate) fn locate(&self, error: &ExperimentError) -> InputError {
        InputError(self.located(&error.key(), &error.to_string()))
    }

    /// A message with the place of its key in the file, if it stands there.
    fn located(&self, key: &str, message: &str) -> String {
        let located = self.file.as_ref().and_then(|(path, text)| {
            let place = place_of(text, key.split('.'))?;
            Some(show(path, text, &place, message))
        });
        located.unwrap_or_else(|| message.to_owned())
    }

    /// Says on stderr what is doubtful, but no fault, about laws that are used.
    pub(crate) fn warn(&self, kinds: &[Kind]) {
        for &kind in kinds {
            self.warn_about(&self.experiment.controllers.get(kind));
        }
    }

    /// The same of a law that came to be elsewhere.
    pub(crate) fn warn_about(&self, spec: &ControllerSpec) {
        if let Some(doubt) = doubt(spec) {
            let kind = spec.kind();
            let message = format!("controllers.{kind}: {doubt}");
            // Gains that came from a file of their own have no place in this one.
            let message = if self.replaced.contains(&kind) {
                message
            } else {
                self.located(&format!("controllers.{kind}.disturbance_rate"), &message)
            };
            eprintln!("warning: {message}");
        }
    }
}

/// What is doubtful about a law.
fn doubt(spec: &ControllerSpec) -> Option<TwistingWarning> {
    match spec {
        ControllerSpec::SuperTwisting(spec) => spec.warning(),
        _ => None,
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|error| InputError(format!("{}: {error}", path.display())).into())
}

fn parse(path: &Path, text: &str) -> Result<(Experiment, Option<&'static Rig>), InputError> {
    let Some((rig, place)) = rig_of(path, text)? else {
        return Ok((typed_toml(path, text)?, None));
    };
    // Without its rig the file is an experiment, in which everything stands where it stood.
    let blank = |c: char| if c == '\n' { "\n".to_owned() } else { " ".repeat(c.len_utf8()) };
    let blank: String = text[place.clone()].chars().map(blank).collect();
    let experiment = [&text[..place.start], &blank, &text[place.end..]].concat();
    let _: Experiment = typed_toml(path, &experiment)?;
    let mut merged = defaults_of(rig);
    merge(&mut merged, typed_toml(path, &experiment)?);
    let experiment = merged.try_into().map_err(|error: toml::de::Error| {
        InputError(format!("{}: {}", path.display(), in_words(error.message())))
    })?;
    Ok((experiment, Some(rig)))
}

/// The rig that a file names, and where it does. Of a file that is no TOML nothing is said here.
fn rig_of(path: &Path, text: &str) -> Result<Option<(&'static Rig, Range<usize>)>, InputError> {
    let Ok(document) = DeTable::parse(text) else {
        return Ok(None);
    };
    let Some((key, value)) = document.get_ref().get_key_value("rig") else {
        return Ok(None);
    };
    let fault = |message: &str| InputError(show(path, text, &value.span(), message));
    let Some(name) = value.get_ref().as_str() else {
        // A table may be spread over the file.
        let value = match value.get_ref() {
            DeValue::Table(_) => "{ … }",
            _ => text[value.span()].lines().next().unwrap_or_default(),
        };
        let rule = "must be the name of a rig in quotes, as `dip rigs` lists them";
        return Err(fault(&format!("rig = {value}: {rule}")));
    };
    match Rig::by_name(name) {
        Ok(rig) => Ok(Some((rig, key.span().start..value.span().end))),
        Err(error) => Err(fault(&format!("rig = \"{name}\": {error}"))),
    }
}

/// What a rig says about an experiment, as a file would.
fn defaults_of(rig: &Rig) -> Table {
    let mut defaults = Table::new();
    let plant = Table::try_from(rig.parameters).expect("the parameters of a plant are a table");
    defaults.insert("plant".to_owned(), plant.into());
    for (table, key, value) in
        [("actuator", "u_max", rig.u_max), ("track", "half_length", rig.track_half_length)]
    {
        if let Some(value) = value {
            let settings = Table::from_iter([(key.to_owned(), toml::Value::from(value))]);
            defaults.insert(table.to_owned(), settings.into());
        }
    }
    defaults
}

/// Lays `over` upon `under`, table by table.
fn merge(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(over)) => merge(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

fn typed_toml<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, InputError> {
    toml::from_str(text).map_err(|error| {
        let message = in_words(error.message());
        let Some(place) = error.span() else {
            return InputError(format!("{}: {message}", path.display()));
        };
        let keys = path_at(text, &place);
        let message = if keys.len() == 1 && message.starts_with("unknown key") {
            // Only files have it, not experiments.
            message.replacen("expected one of ", "expected one of `rig`, ", 1)
        } else {
            message
        };
        let message = match meaning(&keys) {
            _ if keys.is_empty() && message == "duplicate key" => {
                format!("duplicate key `{}`: a key stands once", &text[place.clone()])
            }
            _ if keys.is_empty() => message,
            None => format!("{}: {message}", keys.join(".")),
            Some(meaning) => {
                let key = keys.join(".");
                format!("{key}: {message}\n  {key} is: {meaning}")
            }
        };
        InputError(show(path, text, &place, &message))
    })
}

/// The names of Rust's types mean nothing to whoever wrote the file.
fn in_words(message: &str) -> String {
    [
        ("expected f64", "expected a number without a unit"),
        ("expected u32", "expected a whole number, not negative"),
        ("floating point `", "the number `"),
        ("integer `", "the number `"),
        (
            "string values must be quoted, expected literal string",
            "expected a number without a unit, or a \"string\"",
        ),
        ("unknown field", "unknown key"),
        ("unknown variant", "unknown name"),
    ]
    .iter()
    .fold(message.to_owned(), |message, (rust, words)| message.replace(rust, words))
    .split("expected struct ")
    .enumerate()
    .map(|(i, part)| if i == 0 { part.to_owned() } else { after_type(part) })
    .collect()
}

/// `Name and the rest` without the name of the type.
fn after_type(text: &str) -> String {
    let rest = text.trim_start_matches(|c: char| c.is_alphanumeric());
    format!("expected a table of keys{rest}")
}

/// `file:line:column: message`, and the line with a marker.
fn show(path: &Path, text: &str, place: &Range<usize>, message: &str) -> String {
    let before = &text[..place.start];
    let number = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let column = text[line_start..place.start].chars().count();
    let line_end = line_start + line.len();
    let marked = text.get(place.start..place.end.min(line_end)).map_or(0, |t| t.chars().count());
    let gutter = " ".repeat(number.to_string().len());
    format!(
        "{}:{number}:{}: {message}\n {gutter} |\n {number} | {line}\n {gutter} | {}{}",
        path.display(),
        column + 1,
        " ".repeat(column),
        "^".repeat(marked.max(1)),
    )
}

/// What `dip tune --out` writes, as far as it is needed to use the gains.
#[derive(Deserialize)]
struct GainsFile<G> {
    schema: u32,
    controller: Kind,
    gains: G,
}

fn read_gains(path: &Path) -> Result<ControllerSpec> {
    let text = read(path)?;
    let GainsFile { schema, controller, gains } = typed::<Map<String, Value>>(path, &text)?;
    let fault = |message: String| InputError(format!("{}: {message}", path.display()));
    if schema != SCHEMA {
        return Err(fault(format!("schema = {schema}: must be {SCHEMA}")).into());
    }
    let spec = match controller {
        Kind::Classical => ControllerSpec::Classical(typed(path, &text)?.gains),
        Kind::SuperTwisting => ControllerSpec::SuperTwisting(typed(path, &text)?.gains),
        Kind::Adaptive => ControllerSpec::Adaptive(typed(path, &text)?.gains),
        Kind::Hybrid => ControllerSpec::Hybrid(typed(path, &text)?.gains),
        Kind::Integral => ControllerSpec::Integral(typed(path, &text)?.gains),
        Kind::ConditionalHybrid => ControllerSpec::ConditionalHybrid(typed(path, &text)?.gains),
        Kind::Lqr => ControllerSpec::Lqr(typed(path, &text)?.gains),
        Kind::LqrIntegral => ControllerSpec::LqrIntegral(typed(path, &text)?.gains),
    };
    // An experiment file may leave out what is as shipped. Gains are gains of one design: one that
    // is missing was lost.
    let complete = serde_json::to_value(spec)?;
    let names = complete[controller.name()].as_object().into_iter().flat_map(Map::keys);
    match names.into_iter().find(|name| !gains.contains_key(*name)) {
        Some(name) => Err(fault(format!("gains: `{name}` of {controller} is missing")).into()),
        None => Ok(spec),
    }
}

fn typed<G: DeserializeOwned>(path: &Path, text: &str) -> Result<GainsFile<G>, InputError> {
    serde_json::from_str(text).map_err(|error| {
        let message = in_words(&error.to_string());
        InputError(format!("{}: not gains of `dip tune --out`: {message}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use dip_dynamics::Parameters;
    use sim_runner::Experiment;

    use super::parse;

    /// The blocks of TOML in `docs/experiment.md`.
    fn documented() -> Vec<&'static str> {
        include_str!("../../../docs/experiment.md")
            .split("```toml\n")
            .skip(1)
            .map(|block| block.split("```").next().unwrap())
            .collect()
    }

    #[test]
    fn the_documented_file_is_the_built_in_experiment_in_full() {
        let built_in = Experiment::default();
        let text = documented()[0];
        let (experiment, rig) = parse(Path::new("experiment.md"), text).unwrap();
        assert_eq!((&experiment, rig), (&built_in, None));
        // Every key is there, not only those that differ from the default.
        let documented: toml::Table = toml::from_str(text).unwrap();
        assert_eq!(documented, toml::Table::try_from(built_in).unwrap());
    }

    #[test]
    fn the_documented_world_can_be_used() {
        let world = documented().into_iter().find(|block| block.contains("[[disturbances]]"));
        let (experiment, _) = parse(Path::new("experiment.md"), world.unwrap()).unwrap();
        experiment.check().unwrap();
        assert_eq!(experiment.disturbances.len(), 4);
        assert!(experiment.actuator.rate_max.is_some() && experiment.track.half_length.is_some());
    }

    #[test]
    fn the_documented_rig_can_be_used() {
        let text = documented().into_iter().find(|block| block.contains("rig =")).unwrap();
        let (experiment, rig) = parse(Path::new("experiment.md"), text).unwrap();
        experiment.check().unwrap();
        let rig = rig.unwrap();
        assert_eq!(experiment.plant, Parameters { b0: 5.0, ..rig.parameters });
        assert_eq!(Some(experiment.actuator.u_max), rig.u_max);
    }

    #[test]
    fn a_rig_leaves_every_fault_where_it_stands() {
        for (text, place) in [
            ("rig = \"tu_wien\"\nplant.m0 = \"x\"\n", "f:2:12"),
            ("rig = \"\"\"\ntu_wien\"\"\"\nplant.m0 = \"x\"\n", "f:3:12"),
            ("\"rig\"   =   'tu_wien' # ä\nplant.m0 = \"x\"\n", "f:2:12"),
            ("rig = \"tu_wien\"\nrig = \"tu_wien\"\n", "f:2:1"),
            ("[plant]\nrig = \"tu_wien\"\n", "f:2:1"),
            ("[rig]\nname = \"tu_wien\"\n", "f:1:1"),
        ] {
            let error = parse(Path::new("f"), text).unwrap_err().to_string();
            assert!(error.starts_with(place), "{text}: {error}");
        }
    }

    #[test]
    fn each_experiment_beside_the_documents_can_be_run() {
        for (name, text) in [
            ("100-hz", include_str!("../../../docs/experiments/100-hz.toml")),
            ("mismatch", include_str!("../../../docs/experiments/mismatch.toml")),
            ("noise", include_str!("../../../docs/experiments/noise.toml")),
            ("pushes", include_str!("../../../docs/experiments/pushes.toml")),
        ] {
            parse(Path::new(name), text).unwrap().0.check().unwrap();
        }
    }

    #[test]
    fn each_documented_surface_and_switching_can_be_used() {
        let mut lines = 0;
        for line in documented()[1..].iter().flat_map(|block| block.lines()) {
            if ["surface =", "switching ="].iter().any(|key| line.starts_with(key)) {
                let text = format!("[controllers.hybrid]\n{line}\n");
                parse(Path::new("experiment.md"), &text).unwrap().0.check().expect(line);
                lines += 1;
            }
        }
        assert_eq!(lines, 6 + 4);
    }
}
