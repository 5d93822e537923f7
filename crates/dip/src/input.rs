//! Experiment and gains files, and messages that say where they are wrong.

use std::path::Path;

use anyhow::Result;
use dip_dynamics::{OddRod, Rig};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::{Map, Value};
use sim_runner::{Experiment, ExperimentError, Starts};
use smc_controllers::{ControllerSpec, Kind, TwistingWarning};
use thiserror::Error;

use crate::cli::StartsArgs;
use crate::excerpt::excerpt;
use crate::layers::{Config, Layers};
use crate::output::SCHEMA;
use crate::schema::meaning;
use crate::terminal::{significant, warn};
use crate::tune::Verdict;
use crate::words::in_words;

/// What the user gave is wrong; the program ends with exit code 2.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct InputError(String);

impl InputError {
    pub(crate) fn new(error: &impl ToString) -> Self {
        Self(error.to_string())
    }
}

/// An experiment and the layers that it came from.
#[derive(Debug)]
pub(crate) struct Source {
    experiment: Experiment,
    layers: Layers,
    /// Laws whose gains came from files of their own.
    replaced: Vec<Kind>,
}

impl Source {
    /// Reads the layers that the command line names, or takes the built-in experiment; checks
    /// everything.
    pub(crate) fn load(config: &Config) -> Result<Self> {
        match &config.experiment {
            None => Ok(Self::of(Layers::read(config)?)?),
            Some(experiment) => {
                let (experiment, layers) = (experiment.clone(), Layers::default());
                Ok(Self { experiment, layers, replaced: Vec::new() })
            }
        }
    }

    /// A text as if it were the file of this name.
    #[cfg(test)]
    pub(crate) fn of_text(path: &Path, text: &str) -> Result<Self, InputError> {
        Self::of(Layers::of_text(path, text)?)
    }

    fn of(layers: Layers) -> Result<Self, InputError> {
        let experiment = layers.experiment()?;
        let source = Self { experiment, layers, replaced: Vec::new() };
        source.checked(Experiment::check)?;
        Ok(source)
    }

    /// Where it came from.
    pub(crate) fn layers(&self) -> &Layers {
        &self.layers
    }

    pub(crate) fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// The rig whose parameters are its defaults.
    pub(crate) fn rig(&self) -> Option<&'static Rig> {
        self.layers.rig()
    }

    /// For what the command line changes; use [`Source::checked`] afterwards.
    pub(crate) fn experiment_mut(&mut self) -> &mut Experiment {
        &mut self.experiment
    }

    /// Replaces a law by the one of a gains file.
    pub(crate) fn set_gains(&mut self, path: &Path) -> Result<Kind> {
        let (spec, verdict) = read_gains(path)?;
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
        if let Some(failure) = verdict.and_then(Verdict::failure) {
            warn(&format!("{}: these gains of {kind} failed in {failure}", path.display()));
        }
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
        let key = error.key();
        let meaning = meaning(&key.split('.').map(str::to_owned).collect::<Vec<_>>());
        let message =
            meaning.map_or(error.to_string(), |meaning| format!("{error}\n  {key} is: {meaning}"));
        InputError(self.layers.located(&key, &message))
    }

    /// Says on stderr what is doubtful, but no fault, about the plant and the laws that are used.
    pub(crate) fn warn(&self, kinds: &[Kind]) {
        for odd in self.experiment.plant.odd_rods() {
            let (key, message) = oddity(&odd);
            warn(&self.layers.located(&key, &message));
        }
        for &kind in kinds {
            self.warn_about(&self.experiment.controllers.get(kind));
        }
    }

    /// The same of a law alone, that came to be elsewhere.
    pub(crate) fn warn_about(&self, spec: &ControllerSpec) {
        if let Some(doubt) = doubt(spec) {
            let kind = spec.kind();
            let message = format!("controllers.{kind}: {doubt}");
            // Gains that came from a file of their own have no place in this one.
            let message = if self.replaced.contains(&kind) {
                message
            } else {
                self.layers.located(&format!("controllers.{kind}.disturbance_rate"), &message)
            };
            warn(&message);
        }
    }
}

/// The key of a rod's parameter that is odd, and why it is.
fn oddity(odd: &OddRod) -> (String, String) {
    let number = |value| significant(value, 4);
    match *odd {
        OddRod::CentreBeyondEnd { rod, c, l } => {
            let key = format!("plant.c{rod}");
            let (c, l) = (number(c), number(l));
            let message = format!("{key} = {c}: beyond the end of the rod, which is {l} m long");
            (key, message)
        }
        OddRod::InertiaTooLarge { rod, i, most, from_pivot } => {
            let key = format!("plant.i{rod}");
            let (i, most) = (number(i), number(most));
            let mut message = format!(
                "{key} = {i}: it is meant about the centre of mass, and about that a rod of this \
                 mass and length has at most m·l²/4 = {most} kg·m²"
            );
            if let Some(back) = from_pivot {
                let back = number(back);
                message += &format!("; if it is about the pivot, write i − m·c² = {back}");
            }
            (key, message)
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

/// What `dip tune --out` writes, as far as it is needed to use the gains.
#[derive(Deserialize)]
struct GainsFile<G> {
    schema: u32,
    controller: Kind,
    gains: G,
    verdict: Option<Verdict>,
}

fn read_gains(path: &Path) -> Result<(ControllerSpec, Option<Verdict>)> {
    let text = read(path)?;
    let GainsFile { schema, controller, gains, verdict } =
        typed::<Map<String, Value>>(path, &text)?;
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
        None => Ok((spec, verdict)),
    }
}

fn typed<G: DeserializeOwned>(path: &Path, text: &str) -> Result<GainsFile<G>, InputError> {
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let (message, _) = message.rsplit_once(" at line ").unwrap_or((&message, ""));
        let message = match error.classify() {
            Category::Syntax | Category::Eof => format!("no JSON: {message}"),
            _ => format!("not gains of `dip tune --out`: {}", in_words(message)),
        };
        // Lines and bytes count from 1.
        let line: usize =
            text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let at = line + error.column().saturating_sub(1);
        InputError(excerpt(Some(&path.display().to_string()), text, &(at..at), &message))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use dip_dynamics::{Parameters, Rig};
    use sim_runner::Experiment;

    use super::Source;

    /// The blocks of TOML in `docs/experiment.md`.
    fn documented() -> Vec<&'static str> {
        include_str!("../../../docs/experiment.md")
            .split("```toml\n")
            .skip(1)
            .map(|block| block.split("```").next().unwrap())
            .collect()
    }

    fn parse(path: &Path, text: &str) -> Result<(Experiment, Option<&'static Rig>), String> {
        let source = Source::of_text(path, text).map_err(|error| error.to_string())?;
        Ok((source.experiment().clone(), source.rig()))
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
            let error = parse(Path::new("f"), text).unwrap_err();
            assert!(error.starts_with(place), "{text}: {error}");
        }
    }

    #[test]
    fn each_experiment_beside_the_documents_can_be_run() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/experiments");
        let mut files = 0;
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            parse(&path, &fs::read_to_string(&path).unwrap()).unwrap().0.check().unwrap();
            files += 1;
        }
        assert!(files > 0);
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
