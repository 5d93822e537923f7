//! What can be typed.

#![expect(
    clippy::doc_markdown,
    reason = "the help is read on a terminal, where backticks are noise"
)]

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgGroup, Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};
use sim_runner::{Precision, Quantity, Sampling, StartDesign};
use smc_controllers::{Kind, Pole};

use crate::check::CheckArgs;
use crate::completions::CompletionsArgs;
use crate::convert::ConvertArgs;
use crate::init::InitArgs;
use crate::layers::Config;
use crate::man::ManArgs;
use crate::named::named;
use crate::output::Output;
use crate::replay::ReplayArgs;
use crate::report::ReportArgs;
use crate::trajectory::TrajectoryArgs;
use crate::words::nearest;

const AFTER_HELP: &str = "\
Exit codes: 0 done; 1 failed: something could not be done, or does not hold;
2 something given was wrong, and the message says what; 130 ended by Ctrl-C.
All numbers are in SI units: m, rad, s, N, kg.";

/// Sliding-mode controllers that hold a double inverted pendulum on a cart.
///
/// Without a command: compares all controllers from the default start, prints a table, and writes
/// summary, trajectories and a picture to `out/`.
#[derive(Debug, Parser)]
#[command(
    version,
    disable_version_flag = true,
    after_help = AFTER_HELP
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) config: Config,

    #[command(flatten)]
    pub(crate) output: Output,

    /// Print the version; with --verbose also what the processor computes with
    #[arg(long, short = 'V')]
    pub(crate) version: bool,

    /// With --version: tell more
    #[arg(long, requires = "version")]
    pub(crate) verbose: bool,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

impl Cli {
    /// What was typed. Errors and help have the colours that were asked for, too.
    pub(crate) fn of_process() -> Self {
        let words: Vec<_> = std::env::args_os().collect();
        let asked = words.iter().zip(words.iter().skip(1).map(Some).chain([None]));
        let color = asked.filter_map(|(word, next)| match word.to_str()? {
            "--color" => next?.to_str()?.parse().ok(),
            word => word.strip_prefix("--color=")?.parse().ok(),
        });
        let mut command = Self::command().color(color.last().unwrap_or(ColorChoice::Auto));
        // Documents name files and commands, and are text.
        if let Some(word) = words.iter().find(|word| word.to_str().is_none()) {
            let message = format!("{:?}: must be UTF-8\n", word.to_string_lossy());
            command.error(ErrorKind::InvalidUtf8, message).exit();
        }
        let matches = command.get_matches_from(words);
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compare all controllers: one start with pictures, or statistics over many starts
    Compare(CompareArgs),
    /// Run one controller from one start
    Simulate(SimulateArgs),
    /// Fly controllers in any number of random scenarios: figures with intervals, and the worst runs
    Montecarlo(MontecarloArgs),
    /// Map the region of attraction of each controller over (θ1, θ2), beside that of the LQR
    Roa(RoaArgs),
    /// Tell which parameter of the plant matters for a controller: Sobol indices
    Sensitivity(SensitivityArgs),
    /// Find gains of one controller with a particle swarm
    Tune(crate::tune::TuneArgs),
    /// Show the linearised plant, a sliding surface with its poles, and the LQR gain
    Design(DesignArgs),
    /// Show the gain vector of each controller: names, units, rules and ranges
    Gains(GainsArgs),
    /// List parameter sets of rigs that were built, with their sources
    Rigs,
    /// Check an experiment file: say what is wrong with it, or what it says and what follows
    Check(CheckArgs),
    /// Run again what a document is of, and compare it bit for bit, field by field
    Replay(ReplayArgs),
    /// Make one HTML file of what a command has left in a directory
    Report(ReportArgs),
    /// Write an experiment file with every key, its default, meaning and rule
    Init(InitArgs),
    /// Print the JSON Schema of experiment files, for editors, or of results
    Schema {
        /// Of the documents that commands print and write
        #[arg(long)]
        results: bool,
    },
    /// Print the script that makes a shell complete commands and options
    Completions(CompletionsArgs),
    /// Print the manual page, or write that of each command to a directory
    Man(ManArgs),
    /// Make an experiment file from the config.yaml of the Python project DIP-SMC-PSO
    Convert(ConvertArgs),
}

impl Command {
    /// Does it read what `--config` and `--set` say?
    pub(crate) fn reads_experiment(&self) -> bool {
        match self {
            Self::Compare(_)
            | Self::Simulate(_)
            | Self::Montecarlo(_)
            | Self::Roa(_)
            | Self::Sensitivity(_)
            | Self::Tune(_)
            | Self::Design(_)
            | Self::Gains(_)
            | Self::Check(_) => true,
            Self::Rigs
            | Self::Replay(_)
            | Self::Report(_)
            | Self::Init(_)
            | Self::Schema { .. }
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Convert(_) => false,
        }
    }
}

impl Default for Command {
    fn default() -> Self {
        Self::Compare(CompareArgs {
            starts: None,
            radius: StartDesign::default().theta1,
            seed: DEFAULT_SEED,
            controllers: None,
            gains: Vec::new(),
            out: None,
            trajectories: TrajectoryArgs::default(),
        })
    }
}

pub(crate) const DEFAULT_SEED: u64 = 1;

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// Run each controller from this many random starts at rest
    #[arg(long, value_name = "N", value_parser = starts)]
    pub(crate) starts: Option<NonZeroU64>,

    /// Half width of the box of initial angles, in rad
    #[arg(
        long = "box",
        value_name = "RAD",
        default_value_t = StartDesign::default().theta1,
        requires = "starts",
        allow_negative_numbers = true
    )]
    pub(crate) radius: f64,

    /// Seed of the random starts
    #[arg(long, value_name = "SEED", default_value_t = DEFAULT_SEED, requires = "starts")]
    pub(crate) seed: u64,

    /// Compare only these controllers, in this order [default: all]
    #[arg(long, value_name = "NAME,..", value_parser = named(controllers, laws()))]
    pub(crate) controllers: Option<Laws>,

    /// Use gains that `dip tune --out` wrote; may be given once for each controller
    #[arg(long, value_name = "FILE")]
    pub(crate) gains: Vec<PathBuf>,

    /// Directory for the results [default without --starts: out]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) trajectories: TrajectoryArgs,
}

impl CompareArgs {
    /// The laws to be compared.
    pub(crate) fn kinds(&self) -> &[Kind] {
        self.controllers.as_ref().map_or(&Kind::ALL, |Laws(kinds)| kinds)
    }
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// Name of a controller, or none for the uncontrolled plant
    #[arg(long, value_name = "NAME", value_parser = named(controller_or_none, laws().chain(["none"])))]
    pub(crate) controller: Controlled,

    /// Initial state x,θ1,θ2,ẋ,θ̇1,θ̇2 in m, rad, m/s and rad/s [default: the experiment's]
    #[arg(long, value_name = "X,..", value_parser = six_numbers, allow_hyphen_values = true)]
    pub(crate) x0: Option<[f64; 6]>,

    /// Run this scenario of `dip montecarlo`: its start, its plant and its noise
    #[arg(long, value_name = "SEED:INDEX", value_parser = scenario, conflicts_with_all = ["x0", "seed"])]
    pub(crate) replay: Option<ScenarioNumber>,

    #[command(flatten)]
    pub(crate) starts: StartsArgs,

    /// Horizon in s [default: the experiment's]
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub(crate) duration: Option<f64>,

    /// Use gains that `dip tune --out` wrote
    #[arg(long, value_name = "FILE", conflicts_with = "vector")]
    pub(crate) gains: Option<PathBuf>,

    /// Use these gains, as many and in the order as `dip gains` lists them
    #[arg(long, value_name = "G,..", value_parser = numbers, allow_hyphen_values = true)]
    pub(crate) vector: Option<Numbers>,

    /// Seed of what is random: noise, lost samples, and the mismatch of the plant
    #[arg(long, value_name = "SEED", default_value_t = DEFAULT_SEED)]
    pub(crate) seed: u64,

    /// Directory for the trajectory, pictures and the summary
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) trajectories: TrajectoryArgs,
}

/// Where random starts are.
#[derive(Debug, Args)]
pub(crate) struct StartsArgs {
    /// Half width of the box of initial angles, in rad [default: the experiment's]
    #[arg(long = "box", value_name = "RAD", allow_negative_numbers = true)]
    pub(crate) radius: Option<f64>,

    /// How starts are spread: box, ball, sobol or latin_hypercube; latin_hypercube:N has N strata
    /// instead of 1000 [default: the experiment's]
    #[arg(long, value_name = "DESIGN", value_parser = design)]
    pub(crate) design: Option<Sampling>,
}

impl StartsArgs {
    /// Is anything of it?
    pub(crate) fn is_given(&self) -> bool {
        self.radius.is_some() || self.design.is_some()
    }
}

#[derive(Debug, Args)]
pub(crate) struct MontecarloArgs {
    /// Fly only these controllers, and compare each with the first [default: all]
    #[arg(long, value_name = "NAME,..", value_parser = named(controllers, laws()))]
    pub(crate) controllers: Option<Laws>,

    /// Runs of each controller, at most [default: 10000; with --until-ci no limit]
    #[arg(long, value_name = "N")]
    pub(crate) runs: Option<NonZeroU64>,

    /// Seed of all that is random
    #[arg(long, value_name = "SEED", default_value_t = DEFAULT_SEED)]
    pub(crate) seed: u64,

    #[command(flatten)]
    pub(crate) starts: StartsArgs,

    /// End once the success rate of every controller is known as closely, half of its 95 % interval:
    /// 0.1% or 0.001
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) until_ci: Option<f64>,

    /// Worst runs of each controller that are told
    #[arg(long, value_name = "K", default_value_t = 3, value_parser = worst)]
    pub(crate) worst: usize,

    /// Directory for montecarlo.json, and for a checkpoint on the way to it
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Go on from the checkpoint in --out, if there is one
    #[arg(long, requires = "out")]
    pub(crate) resume: bool,

    /// Threads [default: those of the processor]
    #[arg(long, value_name = "T", value_parser = threads)]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Use gains that `dip tune --out` wrote; may be given once for each controller
    #[arg(long, value_name = "FILE")]
    pub(crate) gains: Vec<PathBuf>,
}

impl MontecarloArgs {
    /// The laws that fly.
    pub(crate) fn kinds(&self) -> &[Kind] {
        self.controllers.as_ref().map_or(&Kind::ALL, |Laws(kinds)| kinds)
    }
}

#[derive(Debug, Args)]
pub(crate) struct RoaArgs {
    /// Only these controllers, and the LQR [default: all]
    #[arg(long, value_name = "NAME,..", value_parser = named(controllers, laws()))]
    controllers: Option<Laws>,

    /// Points along a side of the map, an odd number: upright is in the middle
    #[arg(long, value_name = "N", default_value_t = 61, allow_negative_numbers = true)]
    pub(crate) grid: u32,

    /// Half width of the map in rad
    #[arg(long, value_name = "RAD", default_value_t = 1.0, allow_negative_numbers = true)]
    pub(crate) range: f64,

    /// Seed of what is random: noise, lost samples, and the mismatch of the plant
    #[arg(long, value_name = "SEED", default_value_t = DEFAULT_SEED)]
    pub(crate) seed: u64,

    /// Use gains that `dip tune --out` wrote; may be given once for each controller
    #[arg(long, value_name = "FILE")]
    pub(crate) gains: Vec<PathBuf>,

    /// Directory for the picture, the points and the document
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub(crate) out: PathBuf,
}

impl RoaArgs {
    /// The laws to be mapped, the LQR first.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        let asked = self.controllers.as_ref().map_or(&Kind::ALL[..], |Laws(kinds)| kinds);
        let others = asked.iter().copied().filter(|&kind| kind != Kind::Lqr);
        std::iter::once(Kind::Lqr).chain(others).collect()
    }
}

#[derive(Debug, Args)]
pub(crate) struct SensitivityArgs {
    /// Name of the controller
    #[arg(long, value_name = "NAME", value_parser = named(controller, laws()))]
    pub(crate) controller: Kind,

    /// What is explained
    #[arg(long = "of", value_name = "WHAT", default_value = "cost",
          value_parser = named(quantity, Quantity::ALL.map(Quantity::name)))]
    pub(crate) quantity: Quantity,

    /// Rows of the design, each of as many plants as there are parameters, and two more
    #[arg(long, value_name = "N", default_value = "512", value_parser = rows)]
    pub(crate) rows: NonZeroU64,

    /// Random starts at rest from which each plant is run, the same for all
    #[arg(long, value_name = "K", default_value = "8", value_parser = starts_of_a_plant)]
    pub(crate) starts: NonZeroU32,

    /// Half width of the box of initial angles, in rad
    #[arg(
        long = "box",
        value_name = "RAD",
        default_value_t = StartDesign::default().theta1,
        allow_negative_numbers = true
    )]
    pub(crate) radius: f64,

    /// Seed of plants and starts
    #[arg(long, value_name = "SEED", default_value_t = DEFAULT_SEED)]
    pub(crate) seed: u64,

    /// Use gains that `dip tune --out` wrote
    #[arg(long, value_name = "FILE")]
    pub(crate) gains: Option<PathBuf>,

    /// Directory for the picture and the document
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("surface").args([
    "controller", "q", "poles", "coefficients", "absolute", "relative",
])))]
#[command(group(ArgGroup::new("numbers").args(["coefficients", "absolute", "relative"])))]
pub(crate) struct DesignArgs {
    /// Show the surface of this controller [default: classical]
    #[arg(long, value_name = "NAME", value_parser = named(controller, laws()))]
    pub(crate) controller: Option<Kind>,

    /// Design for these six weights q of x,θ1,θ2,ẋ,θ̇1,θ̇2 instead; with --r
    #[arg(long, value_name = "Q,..", value_parser = six_numbers, requires = "r")]
    pub(crate) q: Option<[f64; 6]>,

    /// Weight of the force; with --q
    #[arg(long, value_name = "R", requires = "q", allow_negative_numbers = true)]
    pub(crate) r: Option<f64>,

    /// Design for these five sliding poles in rad/s instead; a complex pair is written -3+2i,-3-2i
    #[arg(long, value_name = "P,..", value_parser = five_poles, allow_hyphen_values = true)]
    pub(crate) poles: Option<[Pole; 5]>,

    /// Show the surface with these six coefficients of x,θ1,θ2,ẋ,θ̇1,θ̇2 instead
    #[arg(long, value_name = "S,..", value_parser = six_numbers, allow_hyphen_values = true)]
    pub(crate) coefficients: Option<[f64; 6]>,

    /// Show the surface c_x(ẋ+λ_x·x) − c1(θ̇1+λ1·θ1) + c2(θ̇2+λ2·θ2) instead: c_x,λ_x,c1,λ1,c2,λ2,
    /// all positive
    #[arg(long, value_name = "C,..", value_parser = six_numbers, allow_hyphen_values = true)]
    pub(crate) absolute: Option<[f64; 6]>,

    /// Show the surface c_x(ẋ+λ_x·x) + c1(θ̇1+λ1·θ1) + c2((θ̇2−θ̇1)+λ2(θ2−θ1)) instead:
    /// c_x,λ_x,c1,λ1,c2,λ2, all positive
    #[arg(long, value_name = "C,..", value_parser = six_numbers, allow_hyphen_values = true)]
    pub(crate) relative: Option<[f64; 6]>,

    /// Show numbers that were given even if the motion on the surface does not decay
    #[arg(long, requires = "numbers")]
    pub(crate) allow_unstable: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GainsArgs {
    /// Only this controller
    #[arg(long, value_name = "NAME", value_parser = named(controller, laws()))]
    pub(crate) controller: Option<Kind>,
}

/// A controller by name, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Controlled(pub(crate) Option<Kind>);

impl Controlled {
    pub(crate) fn name(self) -> &'static str {
        self.0.map_or("none", Kind::name)
    }
}

/// The names of all laws.
pub(crate) fn laws() -> impl Iterator<Item = &'static str> {
    Kind::ALL.into_iter().map(Kind::name)
}

pub(crate) fn controller(name: &str) -> Result<Kind, String> {
    name.parse().map_err(|error: smc_controllers::UnknownController| {
        let near = nearest(name, laws());
        let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
        format!("{near}{error}")
    })
}

/// Some of the laws, in the order in which they were typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Laws(Vec<Kind>);

fn controllers(names: &str) -> Result<Laws, String> {
    let mut kinds = Vec::new();
    for name in names.split(',') {
        let kind = controller(name.trim()).map_err(|error| format!("'{name}': {error}"))?;
        if kinds.contains(&kind) {
            return Err(format!("'{kind}' was given twice"));
        }
        kinds.push(kind);
    }
    Ok(Laws(kinds))
}

fn controller_or_none(name: &str) -> Result<Controlled, String> {
    match name {
        "none" => Ok(Controlled(None)),
        _ => controller(name)
            .map(|kind| Controlled(Some(kind)))
            .map_err(|error| format!("{error}, and none for the uncontrolled plant")),
    }
}

/// More would take days: likelier a typing error than a wish.
const STARTS_MAX: u64 = 10_000_000;

fn starts(text: &str) -> Result<NonZeroU64, String> {
    match text.parse::<NonZeroU64>() {
        Ok(count) if count.get() <= STARTS_MAX => Ok(count),
        _ => Err(format!("must be a whole number from 1 to {STARTS_MAX}")),
    }
}

/// Each has a stack and a batch of its own.
const THREADS_MAX: usize = 1024;

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    match text.parse::<NonZeroUsize>() {
        Ok(count) if count.get() <= THREADS_MAX => Ok(count),
        _ => Err(format!("must be a whole number from 1 to {THREADS_MAX}")),
    }
}

fn quantity(name: &str) -> Result<Quantity, String> {
    let names = Quantity::ALL.map(Quantity::name);
    let found = Quantity::ALL.into_iter().find(|quantity| quantity.name() == name);
    found.ok_or_else(|| format!("must be one of {}", names.join(", ")))
}

/// An interval takes two rows; a million are hours.
fn rows(text: &str) -> Result<NonZeroU64, String> {
    match text.parse::<NonZeroU64>() {
        Ok(count) if (2..=1_000_000).contains(&count.get()) => Ok(count),
        _ => Err("must be a whole number from 2 to 1000000".to_owned()),
    }
}

fn starts_of_a_plant(text: &str) -> Result<NonZeroU32, String> {
    match text.parse::<NonZeroU32>() {
        Ok(count) if count.get() <= 10_000 => Ok(count),
        _ => Err("must be a whole number from 1 to 10000".to_owned()),
    }
}

/// The worst runs are kept in memory.
const WORST_MAX: usize = 1000;

fn worst(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count <= WORST_MAX => Ok(count),
        _ => Err(format!("must be a whole number from 0 to {WORST_MAX}")),
    }
}

/// `0.1%` or `0.001`.
fn share(text: &str) -> Result<f64, String> {
    let share = match text.trim().strip_suffix('%') {
        Some(percent) => finite(percent)? / 100.0,
        None => finite(text)?,
    };
    match Precision::new(share, sim_runner::Confidence::default()) {
        Ok(_) => Ok(share),
        Err(_) => Err("must be greater than 0 and less than 50%".to_owned()),
    }
}

fn design(text: &str) -> Result<Sampling, String> {
    let strata = |count: &str| match count.parse::<NonZeroU32>() {
        Ok(strata) => Ok(Sampling::LatinHypercube { strata }),
        Err(_) => Err(format!("'{count}' strata: must be a whole number, not 0")),
    };
    match text.split_once(':') {
        Some(("latin_hypercube", count)) => strata(count),
        None if text == "latin_hypercube" => strata(&Precision::CHECKPOINT.to_string()),
        None if text == "box" => Ok(Sampling::Box),
        None if text == "ball" => Ok(Sampling::Ball),
        None if text == "sobol" => Ok(Sampling::Sobol),
        _ => Err("must be box, ball, sobol, latin_hypercube or latin_hypercube:N".to_owned()),
    }
}

/// A scenario by seed and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScenarioNumber {
    pub(crate) seed: u64,
    pub(crate) index: u64,
}

fn scenario(text: &str) -> Result<ScenarioNumber, String> {
    text.split_once(':')
        .and_then(|(seed, index)| {
            Some(ScenarioNumber { seed: seed.parse().ok()?, index: index.parse().ok()? })
        })
        .ok_or_else(|| "must be seed and number of a scenario, such as 1:42".to_owned())
}

/// As many numbers as were typed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Numbers(pub(crate) Vec<f64>);

fn numbers(text: &str) -> Result<Numbers, String> {
    text.split(',').map(finite).collect::<Result<_, _>>().map(Numbers)
}

fn six_numbers(text: &str) -> Result<[f64; 6], String> {
    <[f64; 6]>::try_from(numbers(text)?.0)
        .map_err(|numbers| format!("{} numbers: must be 6, with commas between", numbers.len()))
}

fn five_poles(text: &str) -> Result<[Pole; 5], String> {
    let poles: Vec<Pole> = text.split(',').map(pole).collect::<Result<_, _>>()?;
    <[Pole; 5]>::try_from(poles)
        .map_err(|poles| format!("{} poles: must be 5, with commas between", poles.len()))
}

/// `-3` or `-3+2i`.
fn pole(text: &str) -> Result<Pole, String> {
    let text = text.trim();
    let Some(complex) = text.strip_suffix('i') else {
        return finite(text).map(Pole::from);
    };
    // The sign of the imaginary part is the last one that is not of an exponent.
    let split = complex
        .char_indices()
        .rev()
        .find(|&(i, c)| "+-".contains(c) && i > 0 && !complex[..i].ends_with(['e', 'E']))
        .ok_or_else(|| format!("'{text}' is not a pole such as -3 or -3+2i"))?
        .0;
    Ok(Pole { re: finite(&complex[..split])?, im: finite(&complex[split..])? })
}

fn finite(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) => Err(format!("'{text}': must be finite")),
        Err(_) => Err(format!("'{text}' is not a number")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use clap::error::ErrorKind;
    use clap::{CommandFactory, Parser};

    use super::{Cli, controller, five_poles, six_numbers};

    fn documents(directory: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                documents(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(fs::read_to_string(path).unwrap());
            }
        }
    }

    /// Of a command as it stands in a document: without what only the shell reads, and something for each
    /// placeholder.
    fn words(line: &str) -> Vec<String> {
        let line = line.split([';', '>', '|', '#']).next().unwrap();
        let word = |word: &str| match word {
            "NAME" => "lqr".to_owned(),
            "N" => "3".to_owned(),
            "SHELL" => "bash".to_owned(),
            word => word.replace('\'', ""),
        };
        line.split_whitespace().map(word).collect()
    }

    #[test]
    fn every_command_in_the_documents_is_one() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut texts = vec![fs::read_to_string(root.join("README.md")).unwrap()];
        documents(&root.join("docs"), &mut texts);
        let (mut typed, mut mentioned) = (0, 0);
        for text in &texts {
            for block in text.split("```sh\n").skip(1) {
                let block = block.split("```").next().unwrap().replace("\\\n", " ");
                for line in block.lines().filter(|line| line.starts_with("dip ")) {
                    let parsed = Cli::try_parse_from(words(line));
                    assert!(parsed.is_ok(), "{line}\n{}", parsed.unwrap_err());
                    typed += 1;
                }
            }
            for line in text.split('`').filter(|code| code.starts_with("dip ")) {
                match Cli::try_parse_from(words(line)).map_err(|error| error.kind()) {
                    // A part of a command is mentioned, too.
                    Ok(_) | Err(ErrorKind::MissingRequiredArgument) => mentioned += 1,
                    Err(ErrorKind::InvalidValue)
                        if words(line).last().is_some_and(|word| word.starts_with("--")) => {}
                    Err(kind) => panic!("{line}: {kind}"),
                }
            }
        }
        assert!(typed > 30 && mentioned > 60, "{typed} {mentioned}");
    }

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_law_that_is_probably_meant_is_named() {
        let message = controller("super_twistng").unwrap_err();
        assert!(
            message.starts_with("did you mean `super_twisting`? unknown controller; there are")
        );
        assert!(controller("juggler").unwrap_err().starts_with("unknown controller; there are"));
    }

    #[test]
    fn lists_say_what_is_wrong() {
        assert_eq!(six_numbers("1,2,3,-4,5e-1, 6"), Ok([1.0, 2.0, 3.0, -4.0, 0.5, 6.0]));
        for (text, message) in [
            ("1,2,3", "3 numbers: must be 6, with commas between"),
            ("1,2,3,4,5,x", "'x' is not a number"),
            ("1,2,3,4,5,nan", "'nan': must be finite"),
            ("", "'' is not a number"),
        ] {
            assert_eq!(six_numbers(text), Err(message.to_owned()));
        }
        let poles = five_poles("-1,-2.5e0,-3+2i,-3-2i,-4e-1").unwrap();
        assert_eq!((poles[2].re, poles[2].im, poles[3].im), (-3.0, 2.0, -2.0));
        assert!(five_poles("-1,-2,-3,-4,i").unwrap_err().contains("is not a pole"));
    }
}
