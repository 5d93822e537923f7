//! `cargo xtask transcripts`: every figure in the documents is what a command prints.
//!
//! A block of a document that is marked `console` begins with `$ dip …`, and goes on with what that
//! prints. This task runs each of them with the program as it is, and writes what it printed; with
//! `--check` it only compares, and fails where a document says something else.
//!
//! Validated by the tests here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::MetadataCommand;
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Change nothing; fail if a document is not what the program prints
    #[arg(long)]
    check: bool,
    /// The documents [default: all that have transcripts]
    files: Vec<PathBuf>,
}

const BEGIN: &str = "```console\n$ dip";
const END: &str = "\n```";

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec()?;
    let root = metadata.workspace_root.as_std_path();
    let status = Command::new("cargo")
        .args(["build", "--release", "--quiet", "-p", "dip"])
        .current_dir(root)
        .status()?;
    ensure!(status.success(), "dip does not build");
    let program = metadata.target_directory.join("release/dip");

    // Where the commands of the documents write.
    fs::create_dir_all(root.join("out"))?;
    let files = if arguments.files.is_empty() { documents(root)? } else { arguments.files.clone() };
    let mut wrong = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let written = rewritten(&text, |line| {
            let begin = Instant::now();
            let output = printed(program.as_std_path(), root, line)?;
            println!("{}: {:.1} s: dip{line}", path.display(), begin.elapsed().as_secs_f64());
            Ok(output)
        })?;
        wrong.extend(unnamed(&written).map(|scenario| {
            format!("{}: replays {scenario}, which no output above it names", path.display())
        }));
        if written != text {
            if arguments.check {
                wrong.push(first_difference(&path, &text, &written));
            } else {
                fs::write(&path, written)?;
                println!("{}: written anew", path.display());
            }
        }
    }
    ensure!(wrong.is_empty(), "documents that the program contradicts:\n{}", wrong.join("\n"));
    Ok(())
}

/// The documents that have a transcript: those at the top, and in `docs` and its directories.
fn documents(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut directories = vec![root.to_owned()];
    for entry in fs::read_dir(root.join("docs"))? {
        let path = entry?.path();
        if path.is_dir() {
            directories.push(path);
        }
    }
    directories.push(root.join("docs"));
    for directory in directories {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let is_document = path.extension().is_some_and(|extension| extension == "md");
            if is_document && fs::read_to_string(&path)?.contains(BEGIN) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn printed(program: &Path, root: &Path, line: &str) -> Result<String> {
    let words = line.split_whitespace().filter(|&word| word != "\\");
    // What a former transcript has left there is no reader's loss.
    let output = Command::new(program).args(words).arg("--force").current_dir(root).output()?;
    if !output.status.success() {
        bail!("dip{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The document with the output of each command as `run` gives it; a command may go on over lines
/// that end in a backslash.
fn rewritten(text: &str, mut run: impl FnMut(&str) -> Result<String>) -> Result<String> {
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(BEGIN) {
        let (before, block) = rest.split_at(start + BEGIN.len());
        let end = block.find(END).context("a console block has no end")?;
        let mut length = 0;
        for line in block[..end].split_inclusive('\n') {
            length += line.len();
            if !line.trim_end().ends_with('\\') {
                break;
            }
        }
        let command = block[..length].trim_end();
        result += before;
        result += command;
        result += "\n";
        result += run(command)?.trim_end();
        rest = &block[end..];
    }
    Ok(result + rest)
}

/// Scenarios that a document replays, but has not found: where outputs above name some, it is one of these.
fn unnamed(text: &str) -> impl Iterator<Item = &str> {
    let of = |line| -> Option<&str> {
        let (_, after) = str::split_once(line, "--replay ")?;
        after.split_whitespace().next()
    };
    let mut named = Vec::new();
    text.lines().filter_map(move |line| {
        let scenario = of(line)?;
        if line.starts_with("  dip ") {
            named.push(scenario);
        }
        let is_new = line.starts_with("$ dip ") && !named.is_empty() && !named.contains(&scenario);
        is_new.then_some(scenario)
    })
}

fn first_difference(path: &Path, text: &str, written: &str) -> String {
    let pairs = text.lines().zip(written.lines()).zip(1..);
    let different = pairs.into_iter().find(|((was, is), _)| was != is);
    match different {
        Some(((was, is), line)) => {
            format!("{}:{line}\n  document: {was}\n  program:  {is}", path.display())
        }
        None => format!("{}: one ends before the other", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{first_difference, rewritten, unnamed};

    const TEXT: &str = "# Title\n\n```console\n$ dip gains \\\n    --json\nold\noutput\n```\n\nText\n\n\
                        ```sh\ndip check\n```\n\n```console\n$ dip design\n```\nend\n";

    #[test]
    fn outputs_are_replaced_and_nothing_else() {
        let mut lines = Vec::new();
        let written = rewritten(TEXT, |line| {
            lines.push(line.to_owned());
            Ok(format!("printed {}\n\n", lines.len()))
        });
        assert_eq!(lines, [" gains \\\n    --json", " design"]);
        let expected = TEXT
            .replace("old\noutput", "printed 1")
            .replace("$ dip design\n", "$ dip design\nprinted 2\n");
        assert_eq!(written.unwrap(), expected);
    }

    #[test]
    fn what_is_replayed_has_been_named() {
        let named = "  dip simulate --replay 1:7 --box 0.2\n";
        let replayed = |scenario| format!("$ dip simulate --replay {scenario}\n");
        let found = |text: &str| unnamed(text).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(found(&format!("{named}{}", replayed("1:8"))), ["1:8"]);
        assert!(found(&format!("{named}{}", replayed("1:7"))).is_empty());
        assert!(found(&replayed("1:8")).is_empty(), "any, where nothing was looked for");
    }

    #[test]
    fn a_document_that_says_something_else_is_found() {
        let written = rewritten(TEXT, |_| Ok("old\noutput".to_owned())).unwrap();
        let difference = first_difference(Path::new("a.md"), TEXT, &written);
        assert!(difference.starts_with("a.md:18\n"), "{difference}");
    }
}
