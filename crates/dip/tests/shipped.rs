//! The gains that ship are those that `dip tune --all --out docs/gains` found, and what they were tuned for is
//! what is tuned for today.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use sim_runner::Experiment;
use smc_controllers::{Controllers, Kind};

fn evidence(kind: Kind) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/gains")
        .join(kind.name())
        .join("tune.json")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// What a search depends on: gains of laws are not, as it began from nothing.
fn asked(mut experiment: Value) -> Value {
    experiment.as_object_mut().unwrap().remove("controllers");
    experiment
}

#[test]
fn every_law_ships_with_what_was_found() {
    let shipped = serde_json::to_value(Controllers::default()).unwrap();
    let today = serde_json::to_value(Experiment::default()).unwrap();
    for kind in Kind::ALL {
        let found = read(&evidence(kind));
        assert_eq!(found["controller"], kind.name());
        assert_eq!(found["gains"], shipped[kind.name()], "{kind} ships other gains");
        assert_eq!(found["plan"]["anew"], true, "{kind} did not begin from nothing");
        assert_eq!(asked(found["experiment"].clone()), asked(today.clone()), "{kind}");
    }
}

#[test]
fn what_sliding_modes_ship_with_is_verified() {
    for kind in [Kind::Classical, Kind::SuperTwisting, Kind::Adaptive, Kind::Hybrid] {
        let found = read(&evidence(kind));
        assert_eq!(found["verdict"], "verified", "{kind}");
        for trial in found["verification"].as_array().unwrap() {
            assert_eq!(trial["runs"], 1000);
            assert!(trial["success"]["value"].as_f64() >= trial["required"].as_f64(), "{trial}");
        }
    }
}

#[test]
#[ignore = "slow: a whole search, minutes"]
fn the_command_finds_them_again() {
    let directory = tempfile::tempdir().unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_dip"))
        .args(["tune", "--controller", "classical", "--anew", "--out", "found"])
        .current_dir(directory.path())
        .status()
        .unwrap();
    assert!(status.success());
    let again = read(&directory.path().join("found/tune.json"));
    let found = read(&evidence(Kind::Classical));
    for field in ["gains", "best_cost", "history", "training", "verification"] {
        assert_eq!(again[field], found[field], "{field}");
    }
    assert_ne!(found["best_cost"], json!(null));
}
