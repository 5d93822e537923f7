//! What every command prints: one document or tables that fit, everything else on stderr, colours where
//! they are wanted. The commands are those that the help lists, so that none is forgotten.

mod program;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::program::command;

fn dip(directory: &Path, arguments: &str) -> Output {
    command(directory, arguments).env_remove("NO_COLOR").output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The names that `dip --help` lists.
fn commands() -> Vec<String> {
    let output = dip(Path::new("."), "--help");
    let help = text(&output.stdout);
    let listed = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .filter(|name| name != "help")
        .collect()
}

/// Lines to try a command with. A new command needs its own.
fn lines(command: &str) -> Vec<&'static str> {
    match command {
        "compare" => vec![
            "compare --out o1",
            "compare --starts 3 --out o2",
            "compare --controllers conditional_hybrid,hybrid --starts 3 --out o3",
        ],
        "simulate" => vec!["simulate --controller hybrid", "simulate --controller none --out o4"],
        "montecarlo" => vec!["montecarlo --runs 30 --out o5", "montecarlo --runs 1"],
        "roa" => vec!["roa --controllers conditional_hybrid --grid 3 --range 0.1234567 --out o6"],
        "sensitivity" => {
            vec!["sensitivity --controller lqr --rows 4 --starts 2 --of control_effort --out o7"]
        }
        "tune" => vec![
            "tune --controller conditional_hybrid --particles 4 --budget 4 --out o8",
            "tune --all --particles 4 --budget 4",
        ],
        "design" => vec!["design", "design --controller hybrid"],
        "gains" => vec!["gains"],
        "rigs" => vec!["rigs"],
        "check" => vec!["check wide.toml", "check huge.toml"],
        "replay" => vec!["replay tiny/summary.json"],
        "report" => vec!["report tiny"],
        "init" => vec!["init file.toml"],
        "schema" => vec!["schema"],
        "completions" => vec!["completions bash"],
        "man" => vec!["man", "man pages"],
        "convert" => vec!["convert config.yaml", "convert config.yaml --out converted.toml"],
        new => panic!("dip {new}: say here with which words it is to be tried"),
    }
}

/// Commands whose result is a text: it is printed whatever is asked for beside it.
const TEXTS: [&str; 4] = ["schema", "completions", "man", "convert"];

/// Numbers as wide as they get, names as long.
const WIDE: &str = "rig = \"quanser_dbpen_lin\"\n[simulation]\nduration = 0.5\n[sensors.noise]\n\
                    theta1 = 0.001\n[[disturbances]]\non = \"rod1\"\n\
                    shape = { step = { at = 0.1, value = 0.12345678901234567 } }\n\
                    [[disturbances]]\non = \"cart\"\n\
                    shape = { impulse = { at = 0.21234567, duration = 0.1, value = 1e100 } }\n\
                    [controllers.hybrid.surface.scheduled]\nwidth = 1.0\n\
                    near = [-1, -2, [-2, 1], [-2, -1], -8]\nfar = [-1, -2, -3, -4, -5]\n\
                    [tuning]\nverification = 2\n[[tuning.trials]]\nruns = 2\nbox = 0.123456789\n\
                    name = \"a_trial_of_a_name_that_goes_on_and_on_and_on_and_on_and_on\"\n";

/// Runs that settle at once.
const SHORT: &str = "[simulation]\nduration = 0.1\n[settling]\ntheta = 0.15\n[tuning]\n\
                     verification = 1\n[[tuning.trials]]\nruns = 1\nbox = 0.04\n";

const HUGE: &str = "[simulation]\nduration = 0.3\n[actuator]\nu_max = 1.2345678e12\n\
                    [start]\nx = 1.23456789e9\ntheta1 = -0.12345678901\ntheta1_dot = 12345.678901\n\
                    [mismatch]\nm1 = { uniform = 0.123456789 }\n\
                    [tuning]\nverification = 2\n[[tuning.trials]]\nruns = 2\nbox = 0.123456789\n";

fn here() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path();
    fs::write(directory.join("wide.toml"), WIDE).unwrap();
    fs::write(directory.join("huge.toml"), HUGE).unwrap();
    fs::write(directory.join("short.toml"), SHORT).unwrap();
    let yaml = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/config.yaml");
    fs::copy(yaml, directory.join("config.yaml")).unwrap();
    let output = dip(directory, "simulate --controller lqr --duration 0.1 --out tiny");
    assert!(output.status.success());
    place
}

/// Each command of the help, every line to try it with, and the experiment for it.
fn every_line() -> Vec<(String, String)> {
    let names = commands();
    assert!(names.len() >= 16, "{names:?}");
    let configs = ["short", "wide", "huge"].map(|name| format!(" --config {name}.toml"));
    let of_command = |name: &String| {
        let lines = lines(name).into_iter();
        let lines = lines.flat_map(|line| configs.clone().map(|config| format!("{line}{config}")));
        lines.map(|line| (name.clone(), line)).collect::<Vec<_>>()
    };
    names.iter().flat_map(of_command).collect()
}

#[test]
fn a_document_is_all_that_is_on_stdout() {
    let directory = here();
    for (_, line) in every_line() {
        for more in ["", "--quiet --color always"] {
            let output = dip(directory.path(), &format!("{line} --json --force {more}"));
            let stderr = text(&output.stderr);
            // What is found may not hold; it is a document all the same, unless there was an error.
            match output.status.code() {
                Some(0) => (),
                Some(1) if stderr.contains("these gains failed") => (),
                _ if stderr.contains("error:") => {
                    assert!(output.stdout.is_empty(), "dip {line}");
                    continue;
                }
                code => panic!("dip {line}: {code:?}: {stderr}"),
            }
            let document: Result<Value, _> = serde_json::from_slice(&output.stdout);
            assert!(document.is_ok(), "dip {line}: {}", text(&output.stdout));
        }
    }
}

#[test]
fn quiet_says_nothing_but_errors() {
    let directory = here();
    for (name, line) in every_line() {
        let output = dip(directory.path(), &format!("{line} --force --quiet"));
        let stderr = text(&output.stderr);
        if output.status.success() {
            assert_eq!(stderr, "", "dip {line}");
        } else {
            assert!(stderr.starts_with("error: "), "dip {line}: {stderr}");
        }
        assert!(output.stdout.is_empty() || TEXTS.contains(&name.as_str()), "dip {line}");
    }
    let output = dip(directory.path(), "gains --quiet --json");
    assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok());
    let output = dip(directory.path(), "gains --quiet --config absent.toml");
    assert!(text(&output.stderr).starts_with("error: absent.toml"));
}

/// A command to be copied stands on a line, however long.
fn is_command(line: &str) -> bool {
    line.trim_start().starts_with("dip ")
}

#[test]
fn every_table_fits_eighty_columns() {
    let directory = here();
    let mut seen = 0;
    for (name, line) in every_line() {
        if TEXTS.contains(&name.as_str()) {
            continue;
        }
        let output = dip(directory.path(), &format!("{line} --force"));
        for printed in text(&output.stdout).lines().filter(|line| !is_command(line)) {
            assert!(printed.chars().count() <= 80, "dip {line}:\n{printed}");
            seen += 1;
        }
    }
    assert!(seen > 500, "{seen} lines");
}

#[test]
fn colours_are_where_they_are_wanted() {
    let directory = here();
    let line = "compare --config short.toml --starts 2 --out colours --force";
    let coloured = |more: &str, no_color: Option<&str>| {
        let words = format!("{line} {more}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_dip"));
        command.args(words.split_whitespace()).current_dir(directory.path());
        command.env_remove("NO_COLOR");
        if let Some(value) = no_color {
            command.env("NO_COLOR", value);
        }
        let output = command.output().unwrap();
        assert!(output.status.success());
        output.stdout.contains(&0x1b)
    };
    // Here is no terminal.
    assert!(!coloured("", None) && !coloured("--color auto", None));
    assert!(!coloured("--color never", None) && !coloured("", Some("1")));
    // What is typed is stronger than what is set.
    assert!(coloured("--color always", None) && coloured("--color always", Some("1")));
    for (line, first) in [
        ("gains --config absent.toml --color always", "\x1b[1m\x1b[31merror:\x1b[0m "),
        ("gains --config absent.toml", "error: "),
        ("juggle --color always", "\x1b["),
        ("juggle --color=never", "error: "),
    ] {
        let output = dip(directory.path(), line);
        assert!(text(&output.stderr).starts_with(first), "{:?}", text(&output.stderr));
    }
}

#[test]
fn every_command_is_completed_and_has_its_page() {
    let directory = here();
    let names = commands();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = dip(directory.path(), &format!("completions {shell}"));
        let script = text(&output.stdout);
        for word in names.iter().map(String::as_str).chain(["json", "until-ci"]) {
            assert!(script.contains(word), "{shell}: no {word}");
        }
        // The scripts for the two others list commands and options alone.
        if ["bash", "fish", "zsh"].contains(&shell) {
            for value in ["super_twisting", "cma_es"] {
                assert!(script.contains(value), "{shell}: no {value}");
            }
        }
    }
    let script = dip(directory.path(), "completions bash").stdout;
    fs::write(directory.path().join("dip.bash"), script).unwrap();
    if let Ok(status) =
        Command::new("bash").arg("-n").arg("dip.bash").current_dir(&directory).status()
    {
        assert!(status.success());
    }
    assert_eq!(dip(directory.path(), "completions tcsh").status.code(), Some(2));

    assert!(dip(directory.path(), "man pages").status.success());
    let page = |name: &str| fs::read_to_string(directory.path().join("pages").join(name)).unwrap();
    for name in &names {
        let page = page(&format!("dip-{name}.1"));
        assert!(page.contains(".SH SYNOPSIS") && page.contains("quiet"), "{name}");
    }
    assert_eq!(fs::read_dir(directory.path().join("pages")).unwrap().count(), names.len() + 1);
    let one = dip(directory.path(), "man").stdout;
    assert_eq!(text(&one), page("dip.1"));
    assert!(text(&one).contains("130 ended by Ctrl") && text(&one).contains("dip\\-montecarlo(1)"));
}

#[test]
fn the_help_tells_every_exit_code() {
    let output = dip(Path::new("."), "--help");
    let help = text(&output.stdout);
    for code in ["0 done", "1 failed", "2 something given was wrong", "130 ended by Ctrl-C"] {
        assert!(help.contains(code), "no {code} in {help}");
    }
}
