//! `xtask leakcheck` as it is called: clean controllers pass, and every planted fault is caught in
//! every way in which controllers come and go, by the gate that it is meant for, and by name.

use std::process::{Command, Output};

use serde_json::Value;

const LAWS: [&str; 8] = [
    "classical",
    "super_twisting",
    "adaptive",
    "hybrid",
    "integral",
    "conditional_hybrid",
    "lqr",
    "lqr_integral",
];

const WAYS: [&str; 8] =
    ["direct", "factory", "pool", "bound", "kept_alive", "batch", "tuning", "streamed"];

fn names<'a>(laws: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    laws.iter().flat_map(|law| WAYS.iter().map(move |way| format!("{law}/{way}")))
}

fn leakcheck(arguments: &[&str]) -> Output {
    let xtask = env!("CARGO_BIN_EXE_xtask");
    Command::new(xtask).arg("leakcheck").args(arguments).output().unwrap()
}

/// The document on stdout, and nothing else.
fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn subjects(document: &Value) -> &[Value] {
    document["subjects"].as_array().unwrap()
}

#[test]
fn clean_controllers_leave_nothing_and_allocate_in_no_step() {
    let output = leakcheck(&["--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("leakcheck passed"), "{output:?}");

    let document = document(&output);
    assert_eq!((&document["schema"], &document["pass"]), (&2.into(), &true.into()));
    let found: Vec<_> =
        subjects(&document).iter().map(|subject| subject["name"].as_str().unwrap()).collect();
    assert_eq!(found, names(&LAWS).collect::<Vec<_>>());
    for subject in subjects(&document) {
        assert_eq!(
            (&subject["bytes_left"], &subject["bytes_left_per_1000"]),
            (&0.into(), &0.0.into())
        );
        assert_eq!(subject["allocations_per_step"], 0.0, "{subject}");
        let way = subject["name"].as_str().unwrap().split_once('/').unwrap().1;
        // A controller is a plain value. What is beside it is there by choice: a history of 100 samples of
        // 13 numbers, or a queue of 64 rows of 24, four of them what the law remembers; of which the list,
        // the thread and its channel take less than half a kilobyte.
        let bytes = subject["bytes_per_instance"].as_i64().unwrap();
        let beside = match way {
            "kept_alive" => 100 * 13 * 8,
            "streamed" => 64 * 24 * 8,
            _ => 0,
        };
        let expected = beside + 1..beside + 1025 + if beside > 0 { 512 } else { 0 };
        assert!(expected.contains(&bytes), "{subject}");
        if ["direct", "factory", "bound"].contains(&way) {
            assert_eq!(subject["allocations_per_construction"], 0.0, "{subject}");
        }
        // Ten thousand candidates in each of two whole tuning runs.
        let instances = if way == "tuning" { 20_000 } else { 1000 };
        assert!(subject["instances"].as_u64().unwrap() >= instances, "{subject}");
    }
}

#[test]
fn the_table_names_every_subject_within_80_columns() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("leakcheck.json");
    let report = path.to_str().unwrap();
    let output = leakcheck(&["--laws", "lqr,conditional_hybrid", "--report", report]);
    assert_eq!(output.status.code(), Some(0));
    let document: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(subjects(&document).len(), 2 * WAYS.len());
    let table = String::from_utf8(output.stdout).unwrap();
    for subject in names(&["lqr", "conditional_hybrid"]) {
        assert!(table.contains(&subject), "{subject} is not in\n{table}");
    }
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
}

/// What a fault does that nothing else does.
enum Trace {
    /// Bytes stay when everything is gone.
    Left,
    /// Steps allocate; everything is given back.
    Steps,
    /// An instance is larger than it may be.
    Footprint,
}

/// Each law has its fault, so that every law and every way is tried.
#[test]
fn planted_faults_are_caught_by_name() {
    check("box", "classical", "forget_a_box", &Trace::Left);
    check("rc-cycle", "super_twisting", "close_a_cycle", &Trace::Left);
    check("history", "adaptive", "remember_a_step", &Trace::Steps);
    check("map", "hybrid", "remember_by_time", &Trace::Steps);
    check("thread-local", "integral", "keep_in_the_thread", &Trace::Left);
    check("rare", "conditional_hybrid", "leak_eight_bytes", &Trace::Left);
    check("error-path", "lqr_integral", "forget_the_error", &Trace::Left);
    check("bulk", "lqr", "", &Trace::Footprint);
}

fn check(fault: &str, law: &str, function: &str, trace: &Trace) {
    let output = leakcheck(&["--json", "--laws", law, "--plant", fault]);
    assert_eq!(output.status.code(), Some(1), "{fault}");
    let document = document(&output);
    assert_eq!(document["pass"], false, "{fault}");
    assert_eq!(subjects(&document).len(), WAYS.len(), "{fault}");
    let message = String::from_utf8(output.stderr.clone()).unwrap();
    for subject in subjects(&document) {
        let name = subject["name"].as_str().unwrap();
        let way = name.split_once('/').unwrap().1;
        let left = subject["bytes_left"].as_i64().unwrap();
        let by_steps = subject["allocations_per_step"].as_f64().unwrap();
        let caught = match trace {
            Trace::Left => left > 0,
            Trace::Steps => left == 0 && by_steps > 0.0,
            // Candidates are not faulty; what records has a kilobyte more by choice.
            Trace::Footprint if ["kept_alive", "batch", "tuning", "streamed"].contains(&way) => {
                continue;
            }
            Trace::Footprint => {
                left == 0
                    && by_steps == 0.0
                    && subject["bytes_per_instance"].as_i64().unwrap() > 1024
            }
        };
        assert!(caught, "{fault}: {subject}");
        let blame: Vec<&str> = message.lines().filter(|line| line.contains(name)).collect();
        assert!(!blame.is_empty(), "{name} is not in {message}");
        // Beside a run in bulk the steps' blocks are gone before anybody could ask.
        let gone = ["batch", "tuning"].contains(&way) && matches!(trace, Trace::Steps);
        let named = blame.iter().any(|line| line.contains(function));
        assert!(named || gone, "{function} is not in {blame:?}");
    }
}

#[test]
fn an_unknown_law_is_refused() {
    let output = leakcheck(&["--laws", "pid"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("unknown controller; there are classical, "), "{message}");
}
