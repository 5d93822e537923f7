//! What an experiment is put together from: files, the files that they extend, a rig, and what the
//! command line sets. Each is a layer over the ones before, and says what it wants to be otherwise.
//!
//! Layers are merged as tables and become an experiment once. Every place is one in all the layers'
//! texts laid end to end, so that a fault is shown in the layer that said it. What keys mean is not known
//! here, except `rig` and `extends`, which only files have. Validated by its own tests, in
//! `tests/files.rs`, and by the broken files in `tests/broken`.

use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::Args;
use dip_dynamics::Rig;
use serde::Deserialize;
use sim_runner::Experiment;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table};

use crate::excerpt::excerpt;
use crate::input::InputError;
use crate::locate::{flat, path_at, place_of};
use crate::schema::{is_choice, meaning};
use crate::words::{in_words, quoted, suggestion};
use crate::yaml::Yaml;

/// Where the experiment is from.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Config {
    /// Experiment file (TOML, or YAML as .yaml), which may extend others; what it does not say is as
    /// built in
    #[arg(id = "config", long = "config", value_name = "FILE", global = true)]
    pub(crate) file: Option<PathBuf>,

    /// Set one key of the experiment, such as plant.m1=0.25; may be given again
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    pub(crate) set: Vec<String>,

    /// Instead of all files: an experiment that a document holds.
    #[arg(skip)]
    pub(crate) experiment: Option<Experiment>,
}

impl Config {
    /// For a command that would pass over it in silence.
    pub(crate) fn check_is_not_given(&self) -> Result<(), InputError> {
        let options = [("--config", self.file.is_some()), ("--set", !self.set.is_empty())];
        match options.iter().find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some((option, _)) => Err(InputError::new(&format!(
                "{option}: this command reads no experiment: leave it out"
            ))),
        }
    }

    /// As it was typed, for a command that does the same again.
    pub(crate) fn options(&self) -> String {
        let mut options = String::new();
        if let Some(path) = &self.file {
            options += &format!(" --config {}", quoted(&path.display().to_string()));
        }
        for setting in &self.set {
            options += &format!(" --set {}", quoted(setting));
        }
        options
    }
}

/// More files than any experiment is made of; without a limit, files that extend files could be
/// counted to the end of the world.
const LAYERS_MAX: usize = 100;

/// The name of what the command line sets.
const SET: &str = "--set";

/// One source of keys.
#[derive(Debug)]
pub(crate) struct Layer {
    /// A file, `--set`, or a rig.
    pub(crate) name: String,
    text: String,
    /// If it is not TOML.
    yaml: Option<Yaml>,
}

impl Layer {
    fn toml(name: &str, text: String) -> Result<Self, InputError> {
        let layer = Self { name: name.to_owned(), text, yaml: None };
        match DeTable::parse(&layer.text) {
            Ok(_) => Ok(layer),
            Err(error) => {
                let message = match (in_words(error.message()), error.span()) {
                    (message, Some(place)) if message == "duplicate key" => {
                        let key = layer.text.get(place).unwrap_or_default();
                        format!("duplicate key `{key}`: a key stands once")
                    }
                    (message, _) => message,
                };
                Err(layer.fault(error.span().as_ref(), &message))
            }
        }
    }

    /// Of a file, which is YAML or TOML by its name.
    fn file(path: &Path, text: String) -> Result<Self, InputError> {
        let name = path.display().to_string();
        if !is_yaml(path) {
            return Self::toml(&name, text);
        }
        match Yaml::parse(&text) {
            Ok(yaml) => Ok(Self { name, text, yaml: Some(yaml) }),
            Err(error) => {
                let layer = Self { name, text, yaml: None };
                Err(layer.fault(error.place.as_ref(), &error.message))
            }
        }
    }

    fn table(&self) -> DeTable<'_> {
        match &self.yaml {
            Some(yaml) => yaml.table(&self.text),
            None => DeTable::parse(&self.text).expect("it was parsed before").into_inner(),
        }
    }

    /// A message with the place in this layer.
    fn fault(&self, place: Option<&Range<usize>>, message: &str) -> InputError {
        InputError::new(&match place {
            Some(place) => self.show(place, message),
            None => format!("{}: {message}", self.name),
        })
    }

    fn show(&self, place: &Range<usize>, message: &str) -> String {
        match &*self.name {
            SET => excerpt(None, &self.text, place, &format!("{SET}: {message}")),
            name => excerpt(Some(name), &self.text, place, message),
        }
    }
}

pub(crate) fn is_yaml(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|e| ["yaml", "yml"].iter().any(|yaml| e.eq_ignore_ascii_case(yaml)))
}

/// All layers, from the bottom up.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    layers: Vec<Layer>,
    rig: Option<&'static Rig>,
}

impl Layers {
    /// Reads what the command line names.
    pub(crate) fn read(config: &Config) -> Result<Self, InputError> {
        let mut layers = Self::default();
        if let Some(path) = &config.file {
            let text = read(path)
                .map_err(|error| InputError::new(&format!("{}: {error}", path.display())))?;
            layers.add_file(path, text, &mut Vec::new())?;
        }
        for setting in &config.set {
            let layer = Layer::toml(SET, setting.clone())?;
            if let Some((key, _)) = layer.table().get_key_value("extends") {
                return Err(layer.fault(Some(&key.span()), "extends: only a file extends files"));
            }
            layers.layers.push(layer);
        }
        layers.lay_rig()?;
        Ok(layers)
    }

    /// A text as if it were the file of this name.
    #[cfg(test)]
    pub(crate) fn of_text(path: &Path, text: &str) -> Result<Self, InputError> {
        let mut layers = Self::default();
        layers.add_file(path, text.to_owned(), &mut Vec::new())?;
        layers.lay_rig()?;
        Ok(layers)
    }

    /// Adds a file, and before it those that it extends. `open` are the files that led to it.
    fn add_file(
        &mut self,
        path: &Path,
        text: String,
        open: &mut Vec<PathBuf>,
    ) -> Result<(), InputError> {
        let layer = Layer::file(path, text)?;
        let table = layer.table();
        if let Some(extends) = table.get("extends") {
            let bases = names(extends).ok_or_else(|| {
                let message = "extends: must be a file's name in quotes, or a list of them";
                layer.fault(Some(&extends.span()), message)
            })?;
            open.push(path.to_owned());
            for (name, place) in bases {
                let base = path.parent().unwrap_or(Path::new("")).join(name);
                let fault = |message: &str| {
                    layer.fault(Some(&place), &format!("extends = \"{name}\": {message}"))
                };
                let is_open =
                    |file: &PathBuf| same_file::is_same_file(file, &base).unwrap_or(false);
                if let Some(first) = open.iter().position(is_open) {
                    let chain = open[first..].iter().chain([&base]);
                    let chain: Vec<_> = chain.map(|file| file.display().to_string()).collect();
                    return Err(fault(&format!("files extend each other: {}", chain.join(" → "))));
                }
                if self.layers.len() + open.len() > LAYERS_MAX {
                    return Err(fault(&format!("more than {LAYERS_MAX} files")));
                }
                let text = read(&base).map_err(|error| fault(&error.to_string()))?;
                self.add_file(&base, text, open)?;
            }
            open.pop();
        }
        self.layers.push(layer);
        Ok(())
    }

    /// Lays the rig that the topmost layer names below all others.
    fn lay_rig(&mut self) -> Result<(), InputError> {
        let mut rig = None;
        for layer in &self.layers {
            if let Some(value) = layer.table().get("rig") {
                rig = Some(
                    rig_of(value).map_err(|message| layer.fault(Some(&value.span()), &message))?,
                );
            }
        }
        if let Some(rig) = rig {
            let text = toml::to_string(&defaults_of(rig)).expect("a rig is a table");
            self.layers.insert(0, Layer::toml(&format!("rig {}", rig.name), text)?);
            self.rig = Some(rig);
        }
        Ok(())
    }

    pub(crate) fn rig(&self) -> Option<&'static Rig> {
        self.rig
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Layer> {
        self.layers.iter()
    }

    /// All that was said, the later over the earlier.
    fn merged(&self) -> DeTable<'_> {
        let (mut merged, mut offset) = (DeTable::new(), 0);
        for layer in &self.layers {
            let mut table = moved(layer.table(), offset);
            table.remove("extends");
            table.remove("rig");
            merge(&mut merged, table, &mut Vec::new());
            offset += layer.text.len() + 1;
        }
        merged
    }

    /// The layer at a place of all texts, and the place in it.
    fn layer_at(&self, place: &Range<usize>) -> Option<(&Layer, Range<usize>)> {
        let mut offset = 0;
        for layer in &self.layers {
            let end = offset + layer.text.len();
            if place.start <= end {
                return Some((
                    layer,
                    place.start - offset..place.end.min(end).max(place.start) - offset,
                ));
            }
            offset = end + 1;
        }
        None
    }

    /// The experiment, unchecked.
    pub(crate) fn experiment(&self) -> Result<Experiment, InputError> {
        let merged = self.merged();
        let document = Spanned::new(0..0, merged.clone());
        Experiment::deserialize(toml::Deserializer::from(document)).map_err(|error| {
            let message = in_words(error.message());
            let located = error.span().and_then(|place| Some((self.layer_at(&place)?, place)));
            let Some(((layer, within), place)) = located else {
                return InputError::new(&message);
            };
            let root = DeValue::Table(merged);
            let keys = path_at(&root, &place);
            let message = if keys.len() == 1 && message.starts_with("unknown key") {
                // Only files have them, not experiments.
                message.replacen("expected one of ", "expected one of `rig`, `extends`, ", 1)
            } else {
                message
            };
            let near = suggestion(&message).map(str::to_owned).or_else(|| elsewhere(&message));
            let message = near.map_or(message.clone(), |name| {
                let (what, rest) = message.split_once(", ").unwrap_or((&message, ""));
                format!("{what}; did you mean `{name}`?\n  {rest}")
            });
            let message = match meaning(&keys) {
                _ if keys.is_empty() => message,
                None => format!("{}: {message}", keys.join(".")),
                Some(meaning) => {
                    let key = keys.join(".");
                    format!("{key}: {message}\n  {key} is: {meaning}")
                }
            };
            layer.fault(Some(&within), &message)
        })
    }

    /// A message with the place of its key in the layer that said it last, if one did.
    pub(crate) fn located(&self, key: &str, message: &str) -> String {
        let located = self.place(key).map(|(layer, place)| layer.show(&place, message));
        located.unwrap_or_else(|| message.to_owned())
    }

    /// Whether a layer says a key in a table.
    pub(crate) fn says(&self, key: &str) -> bool {
        let root = DeValue::Table(self.merged());
        let place = |key: &str| place_of(&root, key.split('.'));
        key.rsplit_once('.').is_some_and(|(table, _)| place(key) != place(table))
    }

    /// The layer that said a key, or the deepest table on the way to it.
    pub(crate) fn place(&self, key: &str) -> Option<(&Layer, Range<usize>)> {
        let root = DeValue::Table(self.merged());
        self.layer_at(&place_of(&root, key.split('.'))?)
    }
}

/// The only key of that name in another table, for one that a message says is unknown here.
fn elsewhere(message: &str) -> Option<String> {
    let (name, _) = message.strip_prefix("unknown key `")?.split_once('`')?;
    let built_in = Table::try_from(Experiment::default()).ok()?;
    let end = format!(".{name}");
    let mut keys = flat(&built_in.into()).into_keys().filter(|key| key.ends_with(&end));
    keys.next().filter(|_| keys.next().is_none())
}

fn read(path: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}

/// One name or a list of them, each with its place.
fn names<'v>(value: &'v Spanned<DeValue<'_>>) -> Option<Vec<(&'v str, Range<usize>)>> {
    let name = |value: &'v Spanned<DeValue<'_>>| Some((value.get_ref().as_str()?, value.span()));
    match value.get_ref() {
        DeValue::Array(values) => values.iter().map(name).collect(),
        _ => Some(vec![name(value)?]),
    }
}

fn rig_of(value: &Spanned<DeValue<'_>>) -> Result<&'static Rig, String> {
    match value.get_ref().as_str() {
        Some(name) => Rig::by_name(name).map_err(|error| format!("rig = \"{name}\": {error}")),
        None => Err(format!(
            "rig: invalid type: {}, expected the name of a rig in quotes, as `dip rigs` lists them",
            value.get_ref().type_str()
        )),
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

/// The same table, every place further on.
fn moved(table: DeTable<'_>, by: usize) -> DeTable<'_> {
    let place = |span: Range<usize>| span.start + by..span.end + by;
    let entry = |(key, value): (Spanned<_>, _)| {
        let span = place(key.span());
        (Spanned::new(span, key.into_inner()), moved_value(value, by))
    };
    table.into_iter().map(entry).collect()
}

fn moved_value(value: Spanned<DeValue<'_>>, by: usize) -> Spanned<DeValue<'_>> {
    let span = value.span().start + by..value.span().end + by;
    let value = match value.into_inner() {
        DeValue::Table(table) => DeValue::Table(moved(table, by)),
        DeValue::Array(values) => {
            DeValue::Array(values.into_iter().map(|value| moved_value(value, by)).collect())
        }
        value => value,
    };
    Spanned::new(span, value)
}

/// Lays `over` upon `under`, table by table. Of several alternatives another one takes the place of the
/// one that was chosen.
fn merge<'v>(under: &mut DeTable<'v>, over: DeTable<'v>, path: &mut Vec<String>) {
    for (key, mut value) in over {
        path.push(key.get_ref().to_string());
        let below = under.remove(&key).map(Spanned::into_inner);
        if let (Some(DeValue::Table(mut below)), DeValue::Table(above)) = (below, value.get_mut()) {
            let other = is_choice(path) && !above.keys().eq(below.keys());
            if !other {
                merge(&mut below, std::mem::take(above), path);
                *above = below;
            }
        }
        under.insert(key, value);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use crate::input::Source;

    const VALID: [(&str, &str); 4] = [
        ("f.toml", include_str!("../../../docs/experiments/pushes.toml")),
        ("f.toml", include_str!("../../../docs/experiments/100-hz.toml")),
        ("f.yaml", include_str!("../tests/files/rig.yaml")),
        ("f.yml", include_str!("../tests/files/world.yml")),
    ];

    /// Either an experiment or a message that names the file.
    fn read(name: &str, text: &str) {
        if let Err(error) = Source::of_text(Path::new(name), text) {
            let message = error.to_string();
            assert!(!message.is_empty() && !message.contains("serde"), "{message}");
        }
    }

    #[test]
    fn what_is_valid_is_read() {
        for (name, text) in VALID {
            Source::of_text(Path::new(name), text).unwrap();
        }
    }

    #[test]
    fn yaml_says_the_same_as_toml() {
        let toml = "rig = \"tu_wien\"\nstart.theta1 = 1e-1\ntuning.verification = 3\n\
                    [controllers.hybrid]\nswitching = \"implicit\"\n[controllers.classical.surface]\n\
                    poles = [-2, -2.5, -3, [-4, 1], [-4, -1]]\n";
        let yaml = "rig: tu_wien\nstart: { theta1: 1e-1 }\ntuning:\n  verification: 3\ncontrollers:\n  \
                    hybrid: { switching: implicit }\n  classical:\n    surface:\n      \
                    poles: [-2, -2.5, -3, [-4, 1], [-4, -1]]\n";
        let [toml, yaml] = [("f.toml", toml), ("f.yaml", yaml)]
            .map(|(name, text)| Source::of_text(Path::new(name), text).unwrap());
        assert_eq!(toml.experiment(), yaml.experiment());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_panics(text in any::<String>(), yaml in any::<bool>()) {
            read(if yaml { "f.yaml" } else { "f.toml" }, &text);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), yaml in any::<bool>()) {
            read(if yaml { "f.yaml" } else { "f.toml" }, &String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn no_text_of_its_own_letters_panics(text in "[-a-z0-9_=:.,\\[\\]{}\"'#&*!|> \n]{0,80}", yaml in any::<bool>()) {
            read(if yaml { "f.yaml" } else { "f.toml" }, &text);
        }

        /// A few characters of a valid file are others, missing or doubled.
        #[test]
        fn no_mutated_file_panics(
            which in 0..VALID.len(),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<char>()), 1..4),
        ) {
            let (name, text) = VALID[which];
            let mut text: Vec<char> = text.chars().collect();
            for (at, how, character) in changes {
                let at = at.index(text.len());
                match how {
                    0 => { text.remove(at); }
                    1 => text.insert(at, text[at]),
                    2 => text.truncate(at.max(1)),
                    _ => text[at] = character,
                }
            }
            read(name, &text.into_iter().collect::<String>());
        }
    }
}
