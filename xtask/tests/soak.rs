//! `xtask soak` as it is called: clean controllers pass, every planted fault is caught, the wall
//! clock is kept, and what cannot be decided or was asked wrongly is no pass.

use std::process::{Command, Output};

use serde_json::Value;

const CONTROLLERS: [&str; 8] = [
    "classical",
    "super_twisting",
    "adaptive",
    "hybrid",
    "integral",
    "conditional_hybrid",
    "lqr",
    "lqr_integral",
];

fn soak(arguments: &[&str]) -> Output {
    let xtask = env!("CARGO_BIN_EXE_xtask");
    Command::new(xtask).arg("soak").args(arguments).output().unwrap()
}

/// The document on stdout, and nothing else. Its schema and subjects are always the same.
fn document(output: &Output) -> Value {
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["schema"], 1);
    let subjects = document["subjects"].as_array().unwrap();
    let names: Vec<_> = subjects.iter().map(|subject| subject["name"].as_str().unwrap()).collect();
    assert_eq!(names, CONTROLLERS);
    document
}

fn subjects(document: &Value) -> &[Value] {
    document["subjects"].as_array().unwrap()
}

fn is_clean(subject: &Value) -> bool {
    ["live_bytes_growth", "peak_live_bytes_growth", "allocations"]
        .into_iter()
        .all(|field| subject[field] == 0)
}

#[test]
fn clean_controllers_do_not_grow() {
    let output = soak(&["--json", "--hours", "0.1"]);
    assert_eq!(output.status.code(), Some(0));
    let document = document(&output);
    assert_eq!(document["pass"], true);
    for subject in subjects(&document) {
        assert!(is_clean(subject), "{subject}");
        assert_eq!(subject["steps"], 36_000);
        // One start every ten seconds, and each of them settles: the loop does what it should.
        assert_eq!((&subject["starts"], &subject["settled"]), (&36.into(), &36.into()));
        assert_eq!(subject["falls"], 0);
    }
}

#[test]
fn the_tables_fit_in_80_columns() {
    for arguments in [["--hours", "0.1"].as_slice(), &["--hours", "0.0001", "--wall-clock"]] {
        let table = String::from_utf8(soak(arguments).stdout).unwrap();
        for controller in CONTROLLERS {
            assert!(table.contains(controller), "{controller} is not in\n{table}");
        }
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    }
}

#[test]
fn planted_faults_are_caught() {
    for fault in ["box", "rc-cycle", "history"] {
        for clock in [["--hours", "0.01"].as_slice(), &["--hours", "0.0001", "--wall-clock"]] {
            let output = soak(&[["--json", "--plant", fault].as_slice(), clock].concat());
            assert_eq!(output.status.code(), Some(1), "{fault} {clock:?}");
            let document = document(&output);
            assert_eq!(document["pass"], false);
            let message = String::from_utf8(output.stderr).unwrap();
            for subject in subjects(&document) {
                assert!(subject["live_bytes_growth"].as_i64().unwrap() > 0, "{fault}: {subject}");
                let blame = format!("{}: the loop", subject["name"].as_str().unwrap());
                assert!(message.contains(&blame), "{blame} is not in {message}");
            }
        }
    }
}

#[test]
fn the_wall_clock_is_kept_and_sampled() {
    let hours = 0.0005;
    let output = soak(&["--json", "--wall-clock", "--hours", "0.0005", "--sample-every", "0.05"]);
    let document = document(&output);
    for subject in subjects(&document) {
        assert!(is_clean(subject), "{subject}");
        assert_eq!(subject["steps"], 180);
    }
    let wall_clock = &document["wall_clock"];
    let wall_s = wall_clock["wall_s"].as_f64().unwrap();
    let late_s = wall_clock["worst_lateness_ms"].as_f64().unwrap() / 1e3;
    // It cannot end early. Its last deadline is met with some lateness, at most the worst; the time
    // to take a sample and return is well below a second.
    let expected = hours * 3600.0;
    assert!((expected..expected + late_s + 1.0).contains(&wall_s), "{wall_clock}");

    let resident = &wall_clock["resident"];
    let samples: Vec<_> =
        resident["parts"].as_array().unwrap().iter().map(|p| &p["samples"]).collect();
    assert_eq!(samples, [37, 19]);
    // So short a series may see a page come late. Whatever it says, the verdict is what counts.
    let flat = resident["verdict"] == "flat";
    assert_eq!(document["pass"], flat);
    assert_eq!(output.status.code(), Some(i32::from(!flat)), "{resident}");
}

#[test]
fn too_few_samples_are_no_pass() {
    let output = soak(&["--json", "--wall-clock", "--hours", "0.0002", "--sample-every", "0.5"]);
    assert_eq!(output.status.code(), Some(1));
    let document = document(&output);
    assert_eq!(document["pass"], false);
    assert!(subjects(&document).iter().all(is_clean), "{document}");
    assert_eq!(document["wall_clock"]["resident"]["verdict"], "undecided");
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("resident set, whole: undecided after 2 samples"), "{message}");
}

#[test]
fn wrong_numbers_are_refused() {
    let check = |arguments: &[&str], expected: &str| {
        let output = soak(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(expected), "{expected} is not in {message}");
    };
    let rule = "must be finite, greater than 0 and at most 87600";
    for hours in ["0", "-1", "NaN", "inf", "1e9", "eight"] {
        check(&["--hours", hours], &format!("hours = {hours}: {rule}"));
    }
    let rule = "must be finite, at least 0.01 (a control period) and at most 86400";
    for seconds in ["0", "-60", "NaN", "inf", "0.001", "1e9", "often"] {
        let expected = format!("sample-every = {seconds}: {rule}");
        check(&["--wall-clock", "--sample-every", seconds], &expected);
    }
    check(&["--sample-every", "2"], "--wall-clock");
}
