//! The shipped gains are those that `dip tune --all` found, and their evidence is there.

mod program;

use std::fs::{read, read_to_string};
use std::path::{Path, PathBuf};

use serde_json::Value;
use sim_runner::{Experiment, Tuning};
use smc_controllers::{ClassicalSpec, ControllerSpec, Kind};

use crate::program::dip;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn evidence(kind: Kind) -> Value {
    let path = docs().join("gains").join(kind.name()).join("tune.json");
    serde_json::from_slice(&read(&path).unwrap()).unwrap()
}

#[test]
fn shipped_gains_are_those_of_their_evidence() {
    let experiment: Experiment =
        toml::from_str(&read_to_string(docs().join("experiments/shipped.toml")).unwrap()).unwrap();
    let shipped = Experiment::default().controllers;
    for kind in Kind::ALL {
        let document = evidence(kind);
        let spec = serde_json::json!({ kind.name(): document["gains"] });
        let spec: ControllerSpec = serde_json::from_value(spec).unwrap();
        assert_eq!(spec, shipped.get(kind), "{kind}");
        let tuning: Tuning =
            serde_json::from_value(document["experiment"]["tuning"].clone()).unwrap();
        assert_eq!(tuning, experiment.tuning, "{kind}");
    }
}

/// The documents show what each of the two surfaces of the classical law does alone.
#[test]
fn the_surfaces_that_are_shown_alone_are_those_of_the_shipped_law() {
    let shipped = serde_json::to_value(ClassicalSpec::default()).unwrap();
    for name in ["near", "far"] {
        let file = docs().join(format!("experiments/{name}-only.toml"));
        let alone: Value = toml::from_str(&read_to_string(file).unwrap()).unwrap();
        let poles = &alone["controllers"]["classical"]["surface"]["poles"];
        assert_eq!(poles, &shipped["surface"]["scheduled"][name], "{name}");
    }
}

#[test]
fn the_four_laws_have_passed_every_trial() {
    for kind in [Kind::Classical, Kind::SuperTwisting, Kind::Adaptive, Kind::Hybrid] {
        let document = evidence(kind);
        assert_eq!(document["verdict"], "verified", "{kind}");
        let trials = document["verification"].as_array().unwrap();
        assert!(trials.len() == 5 && trials.iter().all(|trial| trial["runs"] == 1000), "{kind}");
    }
}

#[test]
#[ignore = "a search of some minutes for each law: `cargo xtask ci --slow`"]
fn the_command_gives_the_shipped_gains_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = docs().join("experiments/shipped.toml");
    let search = format!("tune --all --quiet --out again --config {}", file.display());
    let code = dip(directory.path(), &search).status.code();
    // 1 if a law has not passed, of which the verdicts tell.
    assert!(matches!(code, Some(0 | 1)), "{code:?}");
    for kind in Kind::ALL {
        let again = directory.path().join("again").join(kind.name()).join("tune.json");
        let again: Value = serde_json::from_slice(&read(again).unwrap()).unwrap();
        let found = evidence(kind);
        // Whence and by what, and the gains that were forgotten.
        let elsewhere = ["command", "experiment", "provenance", "version"];
        let fields = found.as_object().unwrap().keys().filter(|key| !elsewhere.contains(&&***key));
        for field in fields {
            assert_eq!(again[field], found[field], "{kind}: {field}");
        }
    }
}
