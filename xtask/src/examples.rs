//! `cargo xtask examples`: the scripts of `docs/examples/reading` read a run that `dip` has just written.
//!
//! Each prints the units of the columns and checks figures against `summary.json`. What a script needs is looked
//! for, and what is not there is said and skipped, unless it is required by name. Each script is then given the
//! same run with one cell changed, and must fail.
//!
//! Validated by the tests here: that cell is in every reader's way, and a reader that looks away is caught.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::MetadataCommand;
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Fail where one of these is not there: polars, pandas, octave, julia
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    require: Vec<String>,
}

/// A reader of results: who interprets its script, and with which arguments.
struct Reader {
    name: &'static str,
    program: String,
    /// A command that succeeds where all is there that the script needs.
    probe: Vec<String>,
    /// The arguments, of which this one is the directory of the run.
    arguments: fn(&Path) -> Vec<String>,
}

/// Where the scripts are.
const SCRIPTS: &str = "docs/examples/reading";

fn readers() -> Vec<Reader> {
    // Where the packages of `requirements.txt` are.
    let python = || env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    vec![
        Reader {
            name: "polars",
            program: python(),
            probe: words(&["-c", "import polars"]),
            arguments: |run| vec!["read_polars.py".to_owned(), run.display().to_string()],
        },
        Reader {
            name: "pandas",
            program: python(),
            probe: words(&["-c", "import pandas, pyarrow"]),
            arguments: |run| vec!["read_pandas.py".to_owned(), run.display().to_string()],
        },
        Reader {
            name: "octave",
            program: "octave-cli".to_owned(),
            probe: words(&["--version"]),
            arguments: |run| {
                let call = format!("read_run('{}')", run.display());
                vec!["--quiet".to_owned(), "--eval".to_owned(), call]
            },
        },
        Reader {
            name: "julia",
            program: "julia".to_owned(),
            probe: words(&["-e", "using CSV, DataFrames, JSON, Parquet2"]),
            arguments: |run| vec!["read_run.jl".to_owned(), run.display().to_string()],
        },
    ]
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let readers = readers();
    for name in &arguments.require {
        ensure!(readers.iter().any(|reader| reader.name == name), "--require: no reader {name}");
    }
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec()?;
    let (root, target) = (metadata.workspace_root.as_std_path(), &metadata.target_directory);
    let results = target.join("examples-of-reading").into_std_path_buf();
    let (sound, changed) = (results.join("run"), results.join("changed"));
    fly(root, &sound)?;
    copy(&sound, &changed)?;
    change_a_cell(&changed.join("trajectory.csv"))?;

    let scripts = root.join(SCRIPTS);
    let mut read = 0;
    for reader in &readers {
        if !reader.is_there() {
            let is_required = arguments.require.iter().any(|name| name == reader.name);
            ensure!(!is_required, "{}: not there, and required", reader.name);
            let probe = reader.probe.join(" ");
            println!("{}: skipped: `{} {probe}` fails here", reader.name, reader.program);
            continue;
        }
        reader.reads(&scripts, &sound)?;
        reader.refuses(&scripts, &changed)?;
        println!("{}: reads the run, and refuses the one with a changed cell", reader.name);
        read += 1;
    }
    println!("examples: {read} of {} readers were there", readers.len());
    Ok(())
}

/// A run of the hybrid law, which has every kind of column.
fn fly(root: &Path, directory: &Path) -> Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["run", "--quiet", "-p", "dip", "--", "simulate", "--controller", "hybrid"])
        .args(["--parquet", "--out"])
        .arg(directory)
        .current_dir(root)
        .stdout(Stdio::null())
        .status()?;
    ensure!(status.success(), "dip simulate failed");
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// In the middle of the run `θ1` is 1 rad, which it was nowhere: neither the peak nor the settling is that of
/// the summary any more, and no other file has that number.
fn change_a_cell(csv: &Path) -> Result<()> {
    let text = fs::read_to_string(csv).with_context(|| csv.display().to_string())?;
    fs::write(csv, with_changed_cell(&text)?).with_context(|| csv.display().to_string())
}

fn with_changed_cell(text: &str) -> Result<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let header = lines.first().context("there is no header")?;
    let place = header.split(',').position(|name| name == "theta1").context("no column theta1")?;
    let middle = lines.len() / 2;
    let mut row: Vec<&str> = lines[middle].split(',').collect();
    row[place] = "1.0";
    lines[middle] = row.join(",");
    Ok(lines.join("\n") + "\n")
}

impl Reader {
    fn is_there(&self) -> bool {
        let probe = Command::new(&self.program)
            .args(&self.probe)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        probe.is_ok_and(|status| status.success())
    }

    fn output(&self, scripts: &Path, run: &Path) -> Result<Output> {
        Command::new(&self.program)
            .args((self.arguments)(run))
            .current_dir(scripts)
            .output()
            .with_context(|| format!("{} cannot be started", self.name))
    }

    fn reads(&self, scripts: &Path, run: &Path) -> Result<()> {
        let output = self.output(scripts, run)?;
        if !output.status.success() {
            bail!("{} failed: {}", self.name, String::from_utf8_lossy(&output.stderr));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        for said in ["theta1_dot [rad/s]", "k1 [√(N/s)]", "settling time [s]: "] {
            ensure!(text.contains(said), "{} does not say {said}:\n{text}", self.name);
        }
        Ok(())
    }

    fn refuses(&self, scripts: &Path, run: &Path) -> Result<()> {
        let output = self.output(scripts, run)?;
        ensure!(!output.status.success(), "{} does not see that a cell was changed", self.name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Reader, with_changed_cell};

    #[test]
    fn one_cell_is_changed() {
        let changed = with_changed_cell("t,theta1,x\n0,2,3\n1,2,3\n2,2,3\n").unwrap();
        assert_eq!(changed, "t,theta1,x\n0,2,3\n1,1.0,3\n2,2,3\n");
        assert!(with_changed_cell("t,x\n0,0\n").is_err());
    }

    fn shell(script: &'static str) -> Reader {
        let probe = vec!["-c".to_owned(), "true".to_owned()];
        let arguments = match script {
            "blind" => |_: &Path| {
                let said = "echo 'theta1_dot [rad/s] k1 [√(N/s)] settling time [s]: 3'";
                vec!["-c".to_owned(), said.to_owned()]
            },
            "mute" => |_: &Path| vec!["-c".to_owned(), "true".to_owned()],
            _ => |_: &Path| vec!["-c".to_owned(), "exit 3".to_owned()],
        };
        Reader { name: script, program: "sh".to_owned(), probe, arguments }
    }

    /// A reader that says all is well whatever it is given, one that says nothing, and one that fails.
    #[test]
    fn readers_that_do_not_read_are_caught() {
        let here = Path::new(".");
        let message = |result: anyhow::Result<()>| result.unwrap_err().to_string();
        assert!(shell("blind").is_there() && shell("blind").reads(here, here).is_ok());
        assert!(message(shell("blind").refuses(here, here)).contains("does not see"));
        assert!(message(shell("mute").reads(here, here)).contains("does not say theta1_dot"));
        assert!(message(shell("broken").reads(here, here)).contains("broken failed"));
        let absent = Reader { program: "no-such-program".to_owned(), ..shell("mute") };
        assert!(!absent.is_there());
    }
}
