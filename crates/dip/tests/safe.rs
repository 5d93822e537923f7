//! No command replaces results of another run unless it is told to, and what cannot be written costs
//! nothing that is there.

mod program;

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::Command;

use crate::program::{dip, done};

/// The message with which something is refused: before anything is computed or changed.
fn refused(directory: &Path, arguments: &str) -> String {
    let before = files(directory);
    let output = dip(directory, arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "dip {arguments}: {stderr}");
    assert!(output.stdout.is_empty());
    assert!(files(directory) == before, "dip {arguments}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    stderr
}

/// All files of a directory and those below it.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let below = files(&path).into_iter();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            found.extend(below.map(|(below, content)| (format!("{name}/{below}"), content)));
        } else {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            found.insert(name, fs::read(path).unwrap());
        }
    }
    found
}

/// Short runs, so that every command takes no time.
fn here() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let short = "[simulation]\nduration = 0.1\n[settling]\ntheta = 0.15\n[tuning]\n\
                 verification = 1\n[[tuning.trials]]\nruns = 1\nbox = 0.04\n";
    fs::write(directory.path().join("short.toml"), short).unwrap();
    let longer = short.replace("0.1\n", "0.11\n");
    fs::write(directory.path().join("longer.toml"), longer).unwrap();
    directory
}

/// Each command that writes to a directory, its document, and words that make it another run.
const COMMANDS: [(&str, &str, &str); 7] = [
    ("compare --controllers lqr", "summary.json", "--controllers hybrid"),
    ("compare --controllers lqr --starts 2", "comparison.json", "--starts 10000000"),
    ("simulate --controller lqr", "summary.json", "--seed 2"),
    ("montecarlo --controllers lqr --runs 9", "montecarlo.json", "--runs 1000000000"),
    ("roa --controllers lqr --grid 3", "roa.json", "--grid 1001"),
    (
        "sensitivity --controller lqr --rows 4 --starts 2 --of control_effort",
        "sensitivity.json",
        "--rows 1000000",
    ),
    ("tune --controller lqr --particles 2 --budget 2", "tune.json", "--budget 1000000000"),
];

#[test]
fn results_of_another_run_are_replaced_only_when_told_to() {
    for (line, document, other) in COMMANDS {
        let directory = here();
        let directory = directory.path();
        let line = format!("{line} --out o --config short.toml");
        done(directory, &line);
        let first = files(directory);
        assert!(first.contains_key("o/report.html") && first.len() > 4);
        // The same run leaves the same bytes.
        done(directory, &line);
        assert!(files(directory) == first, "{line}");

        let option = other.split(' ').next().unwrap();
        let mut words: Vec<&str> = line.split(' ').collect();
        if let Some(place) = words.iter().position(|word| *word == option) {
            words.drain(place..place + 2);
        }
        let other = format!("{} {other}", words.join(" "));
        let message = refused(directory, &other);
        let place = format!("o/{document}: results of another run are there, of `dip ");
        assert!(message.contains(&place), "{message}");
        assert!(message.contains("--force replaces it, --out goes elsewhere"), "{message}");
        let message = refused(directory, &line.replace("short", "longer"));
        assert!(message.contains("` with another experiment; --force"), "{message}");

        // Told to, also for what is of another version, and no document.
        done(directory, &format!("{} --force", line.replace("short", "longer")));
        assert!(files(directory)[&format!("o/{document}")] != first[&format!("o/{document}")]);
        let path = directory.join("o").join(document);
        let version = concat!("\"version\": \"", env!("CARGO_PKG_VERSION"), "\"");
        let older = String::from_utf8(first[&format!("o/{document}")].clone()).unwrap();
        fs::write(&path, older.replace(version, "\"version\": \"0.0.9\"")).unwrap();
        let message = refused(directory, &line);
        assert!(message.contains(" of version 0.0.9; --force"), "{message}");
        for (content, reason) in [("{}", "schema is missing"), ("mine", "no result of dip")] {
            fs::write(&path, content).unwrap();
            assert!(refused(directory, &line).contains(reason));
        }
        done(directory, &format!("{line} --force"));
        let expected = pixels(force_in(&first, document));
        assert!(pixels(files(directory)) == expected, "{line}");
    }
}

/// Another law has other files; those of the one before would be taken for its own.
#[test]
fn a_forced_run_leaves_no_file_of_the_one_before() {
    let directory = here();
    let directory = directory.path();
    let names = |directory: &Path| files(directory).into_keys().collect::<Vec<_>>();
    for (first, second) in [
        ("simulate --controller hybrid --parquet", "simulate --controller lqr"),
        ("compare --controllers hybrid,classical --parquet", "compare --controllers lqr"),
        (
            "tune --controller lqr --particles 2 --budget 2 --pareto",
            "tune --controller lqr --particles 2 --budget 3",
        ),
    ] {
        let clean = tempfile::tempdir().unwrap();
        fs::copy(directory.join("short.toml"), clean.path().join("short.toml")).unwrap();
        let config = "--config short.toml --out o --force";
        for line in [first, second] {
            let _ = dip(clean.path(), &format!("{line} {config}"));
            fs::write(clean.path().join("o/mine.csv"), "1").unwrap();
        }
        let alone = tempfile::tempdir().unwrap();
        fs::copy(directory.join("short.toml"), alone.path().join("short.toml")).unwrap();
        let _ = dip(alone.path(), &format!("{second} {config}"));
        fs::write(alone.path().join("o/mine.csv"), "1").unwrap();
        assert_eq!(names(clean.path()), names(alone.path()), "{first}; {second}");
        assert!(names(alone.path()).len() > 5);
    }
}

/// What others left in the directory costs no result; where the report cannot be, nothing is computed.
#[test]
fn a_report_that_cannot_be_made_costs_no_result() {
    let directory = here();
    let directory = directory.path();
    let line = "simulate --controller lqr --config short.toml --json --out";
    fs::create_dir(directory.join("foreign")).unwrap();
    fs::write(directory.join("foreign/tune.json"), "{").unwrap();
    let output = dip(directory, &format!("{line} foreign"));
    let warning = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{warning}");
    assert!(warning.contains("warning: no report: foreign/tune.json: EOF"), "{warning}");
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["controller"], "lqr");

    fs::create_dir_all(directory.join("taken/report.html")).unwrap();
    let output = dip(directory, &format!("{line} taken"));
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr)
            .contains("report.html: it is there, and not a file")
    );
    assert_eq!(fs::read_dir(directory.join("taken")).unwrap().count(), 1);
}

/// What a forced run leaves: its documents and pictures tell how they were asked for.
fn force_in(first: &BTreeMap<String, Vec<u8>>, document: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = first.clone();
    for (path, content) in &mut files {
        let Ok(mut text) = String::from_utf8(content.clone()) else { continue };
        if path == &format!("o/{document}") || path == "o/csv-metadata.json" {
            let word = "\"short.toml\"\n";
            let (before, after) = text.split_once(word).unwrap();
            let indent = before.rsplit('\n').next().unwrap();
            text = format!("{before}\"short.toml\",\n{indent}\"--force\"\n{after}");
        } else {
            // In a page pictures are words within words.
            for mark in ["\"", "\\\""] {
                let end = format!("{mark}short.toml{mark}]");
                let told = format!("{mark}short.toml{mark},{mark}--force{mark}]");
                text = text.replace(&end, &told);
            }
        }
        *content = text.into_bytes();
    }
    files
}

/// Files with the pixels of their pictures.
fn pixels(mut files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    for (path, content) in &mut files {
        if Path::new(path).extension() != Some("png".as_ref()) {
            continue;
        }
        let mut reader = png::Decoder::new(Cursor::new(content.as_slice())).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        *content = pixels;
    }
    files
}

/// Documents of several commands share a directory.
#[test]
fn a_directory_has_room_for_results_of_several_commands() {
    let directory = here();
    let directory = directory.path();
    for (line, _, _) in COMMANDS.iter().skip(1) {
        done(directory, &format!("{line} --out o --config short.toml"));
    }
    let found = files(directory);
    for (_, document, _) in COMMANDS {
        assert!(found.contains_key(&format!("o/{document}")), "{document}");
    }
}

#[test]
fn a_file_that_no_document_speaks_for_is_not_replaced() {
    for (line, file) in [
        ("compare --controllers lqr", "lqr.csv"),
        ("compare --controllers lqr", "comparison.svg"),
        ("compare --controllers lqr --starts 2", "runs.csv"),
        ("simulate --controller lqr", "trajectory.csv"),
        ("roa --controllers lqr --grid 3", "roa.svg"),
        ("tune --controller lqr --particles 2 --budget 2", "convergence.svg"),
        ("simulate --controller lqr", "report.html"),
        ("montecarlo --controllers lqr --runs 9", "montecarlo.checkpoint"),
        ("tune --controller lqr --particles 2 --budget 2", "tune.checkpoint"),
    ] {
        let directory = here();
        let directory = directory.path();
        let line = format!("{line} --out o --config short.toml");
        fs::create_dir(directory.join("o")).unwrap();
        fs::write(directory.join("o").join(file), "mine").unwrap();
        let message = refused(directory, &line);
        assert!(
            message.contains(&format!("o/{file}: ")) && message.contains("--force"),
            "{message}"
        );
        done(directory, &format!("{line} --force"));
        assert!(files(directory)[&format!("o/{file}")] != b"mine");
    }
}

/// A search that took what time there was is not to be had again.
#[test]
fn a_search_by_the_clock_is_never_the_same() {
    let directory = here();
    let directory = directory.path();
    let line = "tune --controller lqr --particles 2 --budget 1s --config short.toml --out o";
    done(directory, line);
    let message = refused(directory, line);
    assert!(message.contains("o/tune.checkpoint: a search was kept there; --resume"), "{message}");
    done(directory, &format!("{line} --resume"));
}

/// Some begin with what was found for others.
#[test]
fn a_search_for_every_law_is_repeated_and_gone_on_with() {
    let directory = here();
    let directory = directory.path();
    let search = |options: &str| {
        let line = "tune --all --particles 2 --config short.toml --out o";
        let output = dip(directory, &format!("{line} {options}"));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{options}: {stderr}");
        stderr
    };
    // Two generations, so that there is a checkpoint before the latest one.
    search("--budget 4");
    let first = files(directory);
    assert!(first.contains_key("o/hybrid/tune.checkpoint.previous"));
    search("--budget 4");
    assert!(files(directory) == first);
    let anew = "the law within has other gains now";
    assert!(!search("--budget 4 --resume").contains(anew));
    let told = search("--budget 40 --resume");
    assert!(told.contains(&format!("hybrid: {anew}; searched from the beginning")), "{told}");
    for law in ["lqr", "super_twisting", "hybrid", "conditional_hybrid"] {
        let document = fs::read(directory.join("o").join(law).join("tune.json")).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
        assert_eq!(document["evaluations"], 40, "{law}");
    }
}

#[test]
fn a_text_is_replaced_only_when_told_to() {
    let directory = here();
    let directory = directory.path();
    let yaml = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/config.yaml");
    done(directory, "simulate --controller hybrid --out run");
    for (line, file) in [
        ("init file".to_owned(), "file"),
        (format!("convert {yaml} --out file"), "file"),
        ("report run --strip file".to_owned(), "file"),
        ("report run".to_owned(), "run/report.html"),
    ] {
        done(directory, &format!("{line} --force"));
        // The same text may be written again.
        done(directory, &line);
        fs::write(directory.join(file), "mine").unwrap();
        let message = refused(directory, &line);
        assert!(message.contains(file) && message.contains("--force replaces it"), "{message}");
        done(directory, &format!("{line} --force"));
    }
}

/// A disk that is full, as a limit of the size of files, at several sizes.
#[cfg(unix)]
#[test]
fn a_full_disk_costs_nothing_that_is_there() {
    let directory = here();
    let directory = directory.path();
    done(directory, "simulate --controller lqr --out o");
    let before = files(directory);
    for (blocks, file, options) in [
        (0, "trajectory.csv", ""),
        (100, "trajectory.csv", ""),
        (0, "trajectory.parquet", "--parquet"),
    ] {
        let line = format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec {} simulate --controller hybrid --out o --force {options}",
            env!("CARGO_BIN_EXE_dip")
        );
        let mut shell = Command::new("sh");
        let output = shell.args(["-c", &line]).current_dir(directory).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("cannot write") && stderr.contains(file), "{stderr}");
        assert_eq!(stderr.matches("cannot write").count(), 1, "{stderr}");
        assert!(files(directory) == before, "{stderr}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_place_that_takes_no_files_is_said_before_anything_is_computed() {
    let directory = here();
    let directory = directory.path();
    fs::write(directory.join("file"), "mine").unwrap();
    for (line, _, other) in COMMANDS.iter().skip(1) {
        for place in ["/proc/nowhere", "file", "file/below"] {
            let line = format!("{line} {other} --out {place} --config short.toml");
            let line = line.replace(" --starts 2 ", " ").replace(" --runs 9 ", " ");
            let line = line.replace(" --grid 3 ", " ").replace(" --rows 4 ", " ");
            let line = line.replace(" --budget 2 ", " ");
            let output = dip(directory, &line);
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "dip {line}: {stderr}");
            assert!(stderr.contains(&format!("cannot make the directory {place}")), "{stderr}");
        }
    }
    assert_eq!(fs::read(directory.join("file")).unwrap(), b"mine");
}
