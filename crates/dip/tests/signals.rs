//! Ctrl-C and `kill -9` at any moment: files are whole or not there, and a search that is resumed ends as
//! if nothing had happened.
#![cfg(unix)]

mod program;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::command;

fn start(directory: &Path, arguments: &str) -> Child {
    command(directory, arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn finished(directory: &Path, arguments: &str) -> Output {
    start(directory, arguments).wait_with_output().unwrap()
}

fn interrupt(child: &Child) {
    signal(child, "-INT");
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
}

/// Runs that settle in training and out of it, of whatever length.
fn here() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let short = "[simulation]\nduration = 0.1\n[settling]\ntheta = 0.15\n[tuning]\n\
                 verification = 50\n[[tuning.trials]]\nruns = 50\nbox = 0.04\n";
    fs::write(directory.path().join("short.toml"), short).unwrap();
    directory
}

/// What is not as a finished run leaves it.
fn faults(directory: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let is_whole = match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => serde_json::from_str::<Value>(&text).is_ok(),
            Some("csv") => {
                let width = text.lines().next().map_or(0, |line| line.split(',').count());
                text.ends_with('\n') && text.lines().all(|line| line.split(',').count() == width)
            }
            Some("svg") => text.trim_end().ends_with("</svg>"),
            // The last chunk: its type, and its checksum.
            Some("png") => bytes.ends_with(b"IEND\xae\x42\x60\x82"),
            Some("html") => text.trim_end().ends_with("</html>"),
            Some("checkpoint" | "previous") if name.starts_with("montecarlo") => {
                text.lines().count() == 2
                    && text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok())
            }
            Some("checkpoint" | "previous") => bytes.starts_with(b"PSOPTIM\0"),
            _ => false,
        };
        if !is_whole {
            faults.push(name);
        }
    }
    faults
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Each command that writes files, such that it takes at least a second, its document, and a file that
/// takes its name with it.
const COMMANDS: [(&str, &str, &str); 7] = [
    ("simulate --controller hybrid --duration 2000", "summary.json", "trajectory.csv"),
    ("compare --controllers lqr,hybrid --set simulation.duration=700", "summary.json", "lqr.csv"),
    ("compare --controllers lqr --starts 20000 --config short.toml", "comparison.json", "runs.csv"),
    (
        "montecarlo --controllers lqr --runs 300000000 --config short.toml",
        "montecarlo.json",
        "montecarlo.json",
    ),
    ("roa --controllers lqr --grid 301 --config short.toml", "roa.json", "roa.csv"),
    (
        "sensitivity --controller lqr --of control_effort --rows 5000 --config short.toml",
        "sensitivity.json",
        "sensitivity.svg",
    ),
    (
        "tune --controller lqr --particles 10 --budget 1000000 --config short.toml",
        "tune.json",
        "convergence.svg",
    ),
];

#[test]
fn ctrl_c_at_any_moment_leaves_whole_files_or_none() {
    let mut ended = BTreeMap::new();
    for (line, document, beside) in COMMANDS {
        for milliseconds in [1, 5, 20, 60, 150, 400] {
            let directory = here();
            let child = start(directory.path(), &format!("{line} --out out"));
            sleep(Duration::from_millis(milliseconds));
            interrupt(&child);
            let output = child.wait_with_output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            let out = directory.path().join("out");
            match (output.status.code(), output.status.signal()) {
                (Some(0), _) => (),
                (Some(130), _) => *ended.entry(line).or_insert(0) += 1,
                // Before it has begun to listen, and to write.
                (None, Some(2)) => assert!(!out.exists(), "dip {line}"),
                other => panic!("dip {line}: {other:?}: {stderr}"),
            }
            assert_eq!(faults(&out), [""; 0], "dip {line} after {milliseconds} ms: {stderr}");
            let names = names(&out);
            let is_there = |name: &str| names.iter().any(|other| other == name);
            assert_eq!(is_there(document), is_there(beside), "dip {line}: {names:?}");
        }
    }
    for (line, _, _) in COMMANDS {
        assert!(ended.get(line).is_some_and(|&times| times >= 2), "dip {line}: {ended:?}");
    }
}

/// Results that were to be replaced are there until all of the new ones are.
#[test]
fn ctrl_c_leaves_what_was_to_be_replaced() {
    let directory = here();
    let directory = directory.path();
    assert!(finished(directory, "simulate --controller lqr --out out").status.success());
    let read = |name| fs::read(directory.join("out").join(name)).unwrap();
    let all = names(&directory.join("out")).len();
    let before = ["summary.json", "trajectory.csv", "report.html"].map(read);
    for milliseconds in [20, 100, 300] {
        let child = start(directory, "simulate --controller lqr --duration 2000 --out out --force");
        sleep(Duration::from_millis(milliseconds));
        interrupt(&child);
        let status = child.wait_with_output().unwrap().status;
        assert!(status.code() == Some(130) || status.signal() == Some(2), "{status:?}");
        assert!(["summary.json", "trajectory.csv", "report.html"].map(read) == before);
        assert_eq!(names(&directory.join("out")).len(), all);
    }
}

/// The faults that the tests above are to see: a process that could not tidy up, and half a file.
#[test]
fn what_is_not_whole_is_seen() {
    let directory = here();
    let directory = directory.path();
    let out = directory.join("out");
    let mut child = start(directory, "simulate --controller lqr --duration 100000 --out out");
    let begin = Instant::now();
    // The document, a trajectory with what its columns are, and three pictures, each twice.
    while names(&out).len() < 9 && begin.elapsed() < Duration::from_mins(1) {
        sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(faults(&out).len(), 9, "{:?}", names(&out));

    assert!(finished(directory, "simulate --controller lqr --out whole").status.success());
    let whole = directory.join("whole");
    assert_eq!(faults(&whole), [""; 0]);
    for name in names(&whole) {
        let path = whole.join(&name);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        assert_eq!(faults(&whole), [name]);
        fs::write(&path, &bytes).unwrap();
    }
}

/// A replay, too, leaves nothing behind.
/// What is found is printed; a service that is stopped is told by another signal.
#[test]
fn a_search_that_is_interrupted_prints_its_document_and_leaves_nothing() {
    for name in ["-INT", "-TERM"] {
        let place = here();
        let line =
            "tune --config short.toml --controller lqr --particles 2 --budget 1000000000 --json";
        let mut search = command(place.path(), line);
        let child = search.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_secs(2));
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{name}");
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["controller"], "lqr", "{name}");
    }
    let place = here();
    let child = start(place.path(), "simulate --controller lqr --duration 100000 --out out");
    let began = Instant::now();
    while names(place.path()).is_empty() && began.elapsed() < Duration::from_secs(20) {
        sleep(Duration::from_millis(10));
    }
    sleep(Duration::from_millis(100));
    signal(&child, "-TERM");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert_eq!(fs::read_dir(place.path().join("out")).unwrap().count(), 0);
}

#[test]
fn ctrl_c_ends_a_replay() {
    let directory = here();
    let directory = directory.path();
    let line = "compare --controllers lqr --starts 400000 --config short.toml --out out";
    assert!(finished(directory, line).status.success());
    let temporary = directory.join("temporary");
    fs::create_dir(&temporary).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_dip"))
        .args(["replay", "out/comparison.json"])
        .env("TMPDIR", &temporary)
        .current_dir(directory)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while names(&temporary).is_empty() && begin.elapsed() < Duration::from_mins(1) {
        sleep(Duration::from_millis(2));
    }
    interrupt(&child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert_eq!(names(&temporary), [""; 0]);
}

/// A search that is killed again and again, and then resumed, writes the document of one that was not.
fn kill(kills: u32) {
    let line =
        "tune --controller lqr --particles 10 --budget 400 --config short.toml --resume --out out";
    let whole = here();
    let begin = Instant::now();
    assert!(finished(whole.path(), line).status.success());
    let takes = begin.elapsed();
    let document = |directory: &Path| fs::read_to_string(directory.join("out/tune.json")).unwrap();
    let expected = document(whole.path());

    let (mut killed, mut place) = (0, here());
    // Knuth's MMIX generator: moments that are the same each time.
    let mut random = 1_u64;
    while killed < kills {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut child = start(place.path(), line);
        // Over in fewer than half of the attempts.
        sleep(takes.mul_f64((random >> 33) as f64 / (1_u64 << 31) as f64 / 2.0));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        let is_over = output.status.code().is_some();
        killed += u32::from(!is_over && place.path().join("out/tune.checkpoint").exists());
        if is_over || killed == kills {
            let output = finished(place.path(), line);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            assert!(document(place.path()) == expected, "after {killed} kills");
            place = here();
        }
    }
}

#[test]
fn a_search_that_was_killed_four_times_ends_the_same() {
    kill(4);
}

#[test]
#[ignore = "slow: starts and kills fifty processes"]
fn a_search_that_was_killed_fifty_times_ends_the_same() {
    kill(50);
}
