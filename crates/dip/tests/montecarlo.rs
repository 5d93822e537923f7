//! `dip montecarlo` as its users see it: killed, resumed, refused, and its worst runs again.

mod program;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::program::{command, dip, done};

/// Short runs of another plant each, in noise.
fn here() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let short = "[simulation]\nduration = 0.1\n[settling]\ntheta = 0.15\n\
                 [mismatch]\nm1 = { uniform = 0.1 }\n[sensors.noise]\ntheta1 = 0.001\n";
    fs::write(directory.path().join("short.toml"), short).unwrap();
    fs::write(directory.path().join("other.toml"), short.replace("0.15", "0.14")).unwrap();
    directory
}

const LINE: &str = "montecarlo --config short.toml --controllers classical,lqr --box 0.3 --worst 2";

/// The document, as it was written.
fn result(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name).join("montecarlo.json")).unwrap()
}

/// What does not depend on where and how it was flown: all but the provenance, in which the threads
/// and the command line differ.
fn figures(directory: &Path, name: &str) -> String {
    let mut document: Value = serde_json::from_str(&result(directory, name)).unwrap();
    document.as_object_mut().unwrap().remove("provenance").unwrap();
    document.to_string()
}

/// Starts what would take hours, and waits until it has written a checkpoint.
fn in_flight(directory: &Path, name: &str) -> Child {
    let checkpoint = directory.join(name).join("montecarlo.checkpoint");
    let before = fs::read(&checkpoint).ok();
    let line = format!("{LINE} --runs 1000000000 --out {name} --resume --threads 1");
    let (out, err) = (Stdio::piped(), Stdio::piped());
    let child = command(directory, &line).stdout(out).stderr(err).spawn().unwrap();
    while fs::read(&checkpoint).ok() == before {
        thread::sleep(Duration::from_millis(2));
    }
    child
}

#[test]
fn what_was_killed_goes_on_to_the_same_bytes() {
    let directory = here();
    let directory = directory.path();
    done(directory, &format!("{LINE} --runs 30000 --out whole --threads 2"));
    for _ in 0..3 {
        let mut child = in_flight(directory, "killed");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!directory.join("killed/montecarlo.json").exists());
    }
    done(directory, &format!("{LINE} --runs 30000 --out killed --resume"));
    // Fewer runs first are an interruption, too, even within a block.
    done(directory, &format!("{LINE} --runs 2500 --out few"));
    done(directory, &format!("{LINE} --runs 30000 --out few --resume"));
    let whole = figures(directory, "whole");
    assert!(figures(directory, "killed") == whole);
    assert!(figures(directory, "few") == whole);
}

#[cfg(unix)]
#[test]
fn ctrl_c_tells_what_there_is_and_leaves_a_checkpoint() {
    let directory = here();
    let directory = directory.path();
    let child = in_flight(directory, "out");
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("--resume goes on from there"), "{stderr}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("worst runs"));
    assert!(!directory.join("out/montecarlo.json").exists());
}

#[test]
fn a_checkpoint_of_something_else_is_refused() {
    let directory = here();
    let directory = directory.path();
    done(directory, &format!("{LINE} --runs 2000 --out out"));
    let line =
        |from: &str, to: &str| format!("{LINE} --runs 2000 --out out --resume").replace(from, to);
    let refused = |line: &str, words: &str| {
        let output = dip(directory, line);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{line}: {stderr}");
        assert!(stderr.contains("montecarlo.checkpoint") && stderr.contains(words), "{stderr}");
        assert!(output.stdout.is_empty());
    };
    refused(&line("--worst", "--seed 2 --worst"), "of seed 1, not 2");
    refused(&line("classical,lqr", "lqr"), "of --controllers classical,lqr, not lqr");
    refused(&line("--worst 2", "--worst 3"), "of --worst 2, not 3");
    refused(&line("--worst", "--until-ci 1% --worst"), "of --until-ci none, not 0.01");
    refused(&line("0.3", "0.31"), "of another experiment");
    refused(&line("short.toml", "other.toml"), "of another experiment");
    refused(&line("--runs 2000", "--runs 1000"), "has 2000 runs already");
    let checkpoint = directory.join("out/montecarlo.checkpoint");
    let text = fs::read_to_string(&checkpoint).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    fs::write(&checkpoint, text.replacen(version, "0.0.9", 1)).unwrap();
    refused(&line("", ""), "of version 0.0.9");
    fs::write(&checkpoint, &text[..text.len() / 2]).unwrap();
    refused(&line("", ""), "not a checkpoint");
}

#[test]
fn the_line_beside_a_worst_run_is_that_run() {
    let directory = here();
    let directory = directory.path();
    for design in ["box", "latin_hypercube:700"] {
        let line = format!("{LINE} --runs 1500 --design {design} --out out --force");
        let text = done(directory, &line);
        assert!(text.contains(&format!("--design {design}")));
        let document: Value = serde_json::from_str(&result(directory, "out")).unwrap();
        let rows = document["controllers"].as_array().unwrap();
        let kept = rows.iter().flat_map(|row| row["worst"].as_array().unwrap());
        let lines: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("  dip ")).collect();
        assert_eq!(lines.len(), 4);
        for (line, worst) in lines.into_iter().zip(kept) {
            let replayed: Value =
                serde_json::from_str(&done(directory, &format!("{line} --json"))).unwrap();
            for key in ["metrics", "outcome", "time", "index"] {
                assert_eq!(replayed[key], worst[key], "{line}: {key}");
            }
            assert_eq!(replayed["experiment"]["start"], worst["start"]);
        }
    }
}

#[test]
fn tables_fit_and_what_cannot_be_is_refused() {
    let directory = here();
    let text = done(directory.path(), "montecarlo --config short.toml --runs 30 --worst 0");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains("conditional_hybrid") && text.contains("Holm"));
    for (arguments, words) in [
        ("montecarlo --runs 0", "--runs"),
        ("montecarlo --until-ci 60%", "less than 50%"),
        ("montecarlo --design cube", "must be box, ball"),
        ("montecarlo --design latin_hypercube:0", "must be a whole number"),
        ("montecarlo --box 4", "at most pi rad"),
        ("montecarlo --resume", "--out"),
        ("montecarlo --worst 1001", "from 0 to 1000"),
        ("simulate --controller lqr --replay 1", "1:42"),
        ("simulate --controller lqr --replay 1:2 --seed 3", "--seed"),
        ("simulate --controller lqr --box 0.3", "only with --replay"),
    ] {
        let output = dip(directory.path(), arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments}: {stderr}");
        assert!(stderr.contains(words), "{arguments}: {stderr}");
    }
}
