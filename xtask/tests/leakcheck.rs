//! `xtask leakcheck` as it is called: clean controllers pass, and every planted fault is caught for
//! every subject, by the gate that it is meant for.

use std::process::{Command, Output};

use serde_json::Value;

const SUBJECTS: [&str; 24] = [
    "classical/direct",
    "classical/factory",
    "classical/kept_alive",
    "super_twisting/direct",
    "super_twisting/factory",
    "super_twisting/kept_alive",
    "adaptive/direct",
    "adaptive/factory",
    "adaptive/kept_alive",
    "hybrid/direct",
    "hybrid/factory",
    "hybrid/kept_alive",
    "integral/direct",
    "integral/factory",
    "integral/kept_alive",
    "conditional_hybrid/direct",
    "conditional_hybrid/factory",
    "conditional_hybrid/kept_alive",
    "lqr/direct",
    "lqr/factory",
    "lqr/kept_alive",
    "lqr_integral/direct",
    "lqr_integral/factory",
    "lqr_integral/kept_alive",
];

fn leakcheck(arguments: &[&str]) -> Output {
    let xtask = env!("CARGO_BIN_EXE_xtask");
    Command::new(xtask).arg("leakcheck").args(arguments).output().unwrap()
}

/// The document on stdout, and nothing else.
fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn clean_controllers_leave_nothing_and_allocate_in_no_step() {
    let output = leakcheck(&["--json"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("leakcheck passed"), "{output:?}");

    let document = document(&output);
    assert_eq!((&document["schema"], &document["pass"]), (&1.into(), &true.into()));
    let subjects = document["subjects"].as_array().unwrap();
    let names: Vec<_> = subjects.iter().map(|subject| subject["name"].as_str().unwrap()).collect();
    assert_eq!(names, SUBJECTS);
    for subject in subjects {
        assert_eq!(subject["bytes_left_per_1000"], 0, "{subject}");
        assert_eq!(subject["allocations_per_step"], 0.0, "{subject}");
        let bytes = subject["bytes_per_instance"].as_i64().unwrap();
        // A box with a history is taken from the heap; without it a controller is a plain value.
        let kept_alive = subject["name"].as_str().unwrap().ends_with("kept_alive");
        let allocations = if kept_alive { 2.0 } else { 0.0 };
        assert_eq!(subject["allocations_per_construction"], allocations, "{subject}");
        let expected = if kept_alive { 8000..10_000 } else { 1..1000 };
        assert!(expected.contains(&bytes), "{subject}");
    }
}

#[test]
fn the_table_names_every_subject_within_80_columns() {
    let output = leakcheck(&[]);
    assert_eq!(output.status.code(), Some(0));
    let table = String::from_utf8(output.stdout).unwrap();
    for subject in SUBJECTS {
        assert!(table.contains(subject), "{subject} is not in\n{table}");
    }
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
}

#[test]
fn planted_faults_are_caught() {
    check("box", |subject| {
        assert_eq!(subject["bytes_left_per_1000"], 48_000);
        assert_eq!(subject["allocations_per_step"], 0.0);
    });
    check("rc-cycle", |subject| {
        assert!(subject["bytes_left_per_1000"].as_i64().unwrap() > 0);
        assert_eq!(subject["allocations_per_step"], 0.0);
    });
    check("history", |subject| {
        assert_eq!(subject["bytes_left_per_1000"], 0);
        assert!(subject["allocations_per_step"].as_f64().unwrap() > 0.0);
    });
}

fn check(fault: &str, caught: impl Fn(&Value)) {
    let output = leakcheck(&["--json", "--plant", fault]);
    assert_eq!(output.status.code(), Some(1), "{fault}");
    let document = document(&output);
    assert_eq!(document["pass"], false, "{fault}");
    let subjects = document["subjects"].as_array().unwrap();
    assert_eq!(subjects.len(), SUBJECTS.len(), "{fault}");
    subjects.iter().for_each(caught);

    let message = String::from_utf8(output.stderr).unwrap();
    for subject in SUBJECTS {
        assert!(message.contains(&format!("{subject}: ")), "{subject} is not in {message}");
    }
}
