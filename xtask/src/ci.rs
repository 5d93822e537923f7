//! `cargo xtask ci`: what continuous integration does, step by step, up to the first failure.
//!
//! Every step is a command line that can be typed, and is named by it. Which libraries build alone
//! and which examples run is asked of the workspace, so that a new one is not forgotten.
//!
//! Validated by the tests here: what is planned, and that the first failure ends it.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Metadata, MetadataCommand, Package, Target};
use clap::Args;

use crate::book;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Also run the benchmarks, briefly, the tests that are ignored because they take long, and the
    /// commands whose output the documents show; and make the book if there is an mdBook
    #[arg(long)]
    slow: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let metadata = workspace()?;
    follow(&plan(&metadata, arguments.slow), metadata.workspace_root.as_std_path())
}

fn workspace() -> Result<Metadata> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    Ok(MetadataCommand::new().manifest_path(manifest).no_deps().exec()?)
}

/// A command line: words after `cargo`, and perhaps a variable of the environment before it.
struct Step {
    variable: Option<(&'static str, &'static str)>,
    words: Vec<String>,
}

impl Step {
    fn cargo(line: &str) -> Self {
        Self { variable: None, words: line.split_whitespace().map(str::to_owned).collect() }
    }

    fn command(&self) -> Result<Command> {
        let mut command = match self.words.as_slice() {
            // This program is there already; it need not be built again.
            [first, words @ ..] if first == "xtask" => {
                let mut command = Command::new(env::current_exe()?);
                command.args(words);
                command
            }
            words => {
                // The cargo that runs this program says where it is.
                let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
                let mut command = Command::new(cargo);
                command.args(words);
                command
            }
        };
        command.envs(self.variable);
        Ok(command)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, value)) = self.variable {
            write!(f, "{name}='{value}' ")?;
        }
        write!(f, "cargo {}", self.words.join(" "))
    }
}

fn plan(metadata: &Metadata, slow: bool) -> Vec<Step> {
    let mut steps = vec![
        Step::cargo("test --workspace"),
        Step::cargo("fmt --all --check"),
        Step::cargo("clippy --workspace --all-targets -- -D warnings"),
        Step {
            variable: Some(("RUSTDOCFLAGS", "-D warnings")),
            ..Step::cargo("doc --workspace --no-deps")
        },
    ];
    let packages = metadata.workspace_packages();
    steps.extend(packages.iter().flat_map(|package| builds(package)));
    steps.extend(packages.iter().flat_map(|package| examples(package)));
    steps.push(Step::cargo("xtask examples"));
    steps.extend([Step::cargo("xtask leakcheck"), Step::cargo("xtask soak")]);
    if slow {
        steps.extend(packages.iter().flat_map(|package| benchmarks(package)));
        steps.push(Step::cargo("test --workspace -- --ignored"));
        steps.push(Step::cargo("xtask transcripts --check"));
        if book::can_be_built() {
            steps.push(Step::cargo("xtask book"));
        }
    }
    steps
}

/// A library has to build alone, without the features that others of the workspace ask for.
fn builds(package: &Package) -> Vec<Step> {
    let name = &package.name;
    let mut steps = Vec::new();
    if package.targets.iter().any(Target::is_lib) {
        steps.push(Step::cargo(&format!("build -p {name}")));
        if package.features.contains_key("default") {
            steps.push(Step::cargo(&format!("build -p {name} --no-default-features")));
        }
    }
    steps
}

fn examples(package: &Package) -> Vec<Step> {
    let examples = package.targets.iter().filter(|target| target.is_example());
    examples
        .map(|example| Step::cargo(&format!("run -p {} --example {}", package.name, example.name)))
        .collect()
}

/// By name, because `--quick` is unknown to unit tests, which would be run as benchmarks too.
fn benchmarks(package: &Package) -> Vec<Step> {
    let benchmarks = package.targets.iter().filter(|target| target.is_bench());
    benchmarks
        .map(|bench| {
            Step::cargo(&format!("bench -p {} --bench {} -- --quick", package.name, bench.name))
        })
        .collect()
}

fn follow(steps: &[Step], directory: &Path) -> Result<()> {
    let count = steps.len();
    let begin = Instant::now();
    for (step, number) in steps.iter().zip(1..) {
        println!("\n[{number}/{count}] {step}");
        let begin = Instant::now();
        let status = step
            .command()?
            .current_dir(directory)
            .status()
            .with_context(|| format!("step {number} of {count} cannot be started: {step}"))?;
        let seconds = begin.elapsed().as_secs_f64();
        ensure!(
            status.success(),
            "step {number} of {count} failed after {seconds:.1} s with {status}: {step}"
        );
        println!("[{number}/{count}] passed in {seconds:.1} s: {step}");
    }
    println!("\nci: all {count} steps passed in {:.0} s", begin.elapsed().as_secs_f64());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Step, follow, plan, workspace};

    fn planned(slow: bool) -> Vec<String> {
        plan(&workspace().unwrap(), slow).iter().map(Step::to_string).collect()
    }

    #[test]
    fn the_plan_covers_tests_style_documents_libraries_examples_and_memory() {
        let planned = planned(false);
        for line in [
            "cargo test --workspace",
            "cargo fmt --all --check",
            "cargo clippy --workspace --all-targets -- -D warnings",
            "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps",
            "cargo build -p dip-dynamics",
            "cargo build -p dip-dynamics --no-default-features",
            "cargo build -p memcheck",
            "cargo build -p pso-optim",
            "cargo build -p sim-runner",
            "cargo build -p smc-controllers",
            "cargo build -p smc-controllers --no-default-features",
            "cargo run -p dip-dynamics --example fall",
            "cargo run -p memcheck --example gate",
            "cargo run -p pso-optim --example rosenbrock",
            "cargo xtask examples",
            "cargo xtask leakcheck",
            "cargo xtask soak",
        ] {
            assert!(planned.iter().any(|step| step == line), "{line} is not in {planned:#?}");
        }
    }

    #[test]
    fn slow_only_adds() {
        let (quick, slow) = (planned(false), planned(true));
        let (same, more) = slow.split_at(quick.len());
        assert_eq!(same, quick);
        for line in [
            "cargo bench -p dip-dynamics --bench step -- --quick",
            "cargo test --workspace -- --ignored",
            "cargo xtask transcripts --check",
        ] {
            assert!(more.iter().any(|step| step == line), "{line} is not in {more:#?}");
        }
    }

    #[test]
    fn the_first_failure_ends_it_by_name() {
        let steps = ["--version", "no-such-command", "no-such-step"].map(Step::cargo);
        let error = follow(&steps, Path::new(".")).unwrap_err().to_string();
        assert!(error.starts_with("step 2 of 3 failed after "), "{error}");
        assert!(error.ends_with(": cargo no-such-command"), "{error}");
    }
}
