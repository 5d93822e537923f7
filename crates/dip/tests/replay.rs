//! What a document is of can be run again, and comes out to the same bits; one other bit is seen.

mod program;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::program::{dip, done};

/// Short runs, so that every command takes no time.
fn here() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let short = "[simulation]\nduration = 0.1\n[settling]\ntheta = 0.15\n[sensors.noise]\n\
                 theta1 = 0.001\n[tuning]\nverification = 1\n[[tuning.trials]]\nruns = 1\nbox = 0.04\n";
    fs::write(directory.path().join("short.toml"), short).unwrap();
    directory
}

/// Runs a command with `--json`, and keeps what it printed.
fn kept(directory: &Path, arguments: &str) -> Value {
    let text = done(directory, &format!("{arguments} --json"));
    fs::write(directory.join("kept.json"), &text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Replays a document that was changed by hand: the exit code, and what was found.
fn replayed(directory: &Path, document: &Value) -> (Option<i32>, Value) {
    fs::write(directory.join("changed.json"), document.to_string()).unwrap();
    let output = dip(directory, "replay changed.json --json");
    let found = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), found)
}

#[test]
fn every_document_comes_out_again() {
    let directory = here();
    let directory = directory.path();
    let tune = "tune --controller lqr --particles 2 --budget 3 --seed 8";
    done(directory, &format!("{tune} --config short.toml --out gains"));
    for (arguments, file) in [
        ("compare --controllers lqr,hybrid --out o", "summary"),
        ("compare --controllers lqr --starts 2 --seed 3 --box 0.1 --out o", "comparison"),
        ("simulate --controller lqr --seed 4 --gains gains/tune.json --out o", "summary"),
        ("simulate --controller lqr --vector 1,2,3,4,5,6 --x0 0,-0.1,0,0,0,0 --out o", "summary"),
        ("simulate --controller lqr --out o --parquet", "summary"),
        ("simulate --controller none --duration 0.2 --set plant.m1=0.3 --out o", "summary"),
        ("simulate --controller lqr --replay 4:17 --box 0.3 --design sobol --out o", "summary"),
        (
            "montecarlo --controllers lqr,hybrid --runs 9 --threads 1 --box 0.3 --out o",
            "montecarlo",
        ),
        ("roa --controllers lqr --grid 3 --seed 6 --out o", "roa"),
        (
            "sensitivity --controller lqr --rows 4 --starts 2 --of control_effort --out o",
            "sensitivity",
        ),
        ("tune --controller lqr --pareto --particles 8 --budget 16 --out o", "tune"),
    ] {
        let place = tempfile::tempdir_in(directory).unwrap();
        let name = place.path().file_name().unwrap().to_str().unwrap();
        let arguments = arguments.replace("--out o", &format!("--out {name}"));
        let output = dip(directory, &format!("{arguments} --config short.toml --json"));
        assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
        fs::write(directory.join("printed.json"), &output.stdout).unwrap();
        for document in ["printed.json", &format!("{name}/{file}.json")] {
            let found = done(directory, &format!("replay {document}"));
            let count = found.split("same bits: ").nth(1).expect(&found);
            let numbers: u64 = count.split(' ').next().unwrap().parse().unwrap();
            assert!(numbers > 50, "dip {arguments}: {found}");
        }
    }
    assert!(!directory.join("out").exists(), "a replay leaves nothing");
}

/// One other bit of any kind, and a field too few or too many.
#[test]
fn one_other_bit_is_found_and_named() {
    let directory = here();
    let directory = directory.path();
    let was = kept(directory, "simulate --controller hybrid --config short.toml");
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut document = was.clone();
        change(&mut document);
        let (code, found) = replayed(directory, &document);
        let differences = &found["runs"][0]["differences"];
        assert_eq!(code, Some(i32::from(*differences != json!([]))));
        differences.clone()
    };
    assert_eq!(changed(&|_| ()), json!([]));
    let iae = was["metrics"]["iae"].as_f64().unwrap();
    let next = f64::from_bits(iae.to_bits() + 1);
    assert_eq!(
        changed(&|document| document["metrics"]["iae"] = next.into()),
        json!([{ "field": "metrics.iae", "was": next, "is": iae }])
    );
    assert_eq!(
        changed(&|document| document["final_state"][3] = 7.into())[0]["field"],
        "final_state[3]"
    );
    let remove = |document: &mut Value| {
        document["metrics"].as_object_mut().unwrap().remove("iae");
    };
    assert_eq!(changed(&remove), json!([{ "field": "metrics.iae", "is": iae }]));
    assert_eq!(
        changed(&|document| document["extra"] = Value::Null),
        json!([{ "field": "extra", "was": null }])
    );
    // Another experiment is another result.
    let differences = changed(&|document| document["experiment"]["start"]["theta1"] = 0.06.into());
    assert!(differences.as_array().unwrap().len() > 10);

    // For persons: the field, what it was, and what it is.
    let mut document = was.clone();
    document["metrics"]["iae"] = next.into();
    fs::write(directory.join("changed.json"), document.to_string()).unwrap();
    let output = dip(directory, "replay changed.json");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(&format!("  metrics.iae\n    was {next}\n    is  {iae}\n")), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("changed.json: 1 of its fields came out differently"), "{stderr}");
}

/// Where and by what something was computed is told, and no difference of the result.
#[test]
fn another_version_and_another_machine_are_told() {
    let directory = here();
    let directory = directory.path();
    let mut document =
        kept(directory, "roa --controllers lqr --grid 3 --out o --config short.toml");
    document["version"] = "0.0.9".into();
    document["provenance"]["version"] = "0.0.9".into();
    document["provenance"]["processor"] = "Abacus".into();
    let (code, found) = replayed(directory, &document);
    assert_eq!(code, Some(0));
    let elsewhere = found["runs"][0]["elsewhere"].as_array().unwrap();
    let told: Vec<_> = elsewhere.iter().map(|told| (&told["field"], &told["was"])).collect();
    assert_eq!(
        told,
        [
            (&json!("provenance.version"), &json!("0.0.9")),
            (&json!("provenance.processor"), &json!("Abacus"))
        ]
    );
    assert_eq!(elsewhere[0]["is"], env!("CARGO_PKG_VERSION"));
}

/// A time is not to be had again, but the candidates that it was enough for are.
#[test]
fn a_search_by_the_clock_comes_out_again() {
    let directory = here();
    let directory = directory.path();
    let line = "tune --controller lqr --particles 2 --budget 1s --config short.toml";
    let document = kept(directory, line);
    let (code, found) = replayed(directory, &document);
    assert_eq!(code, Some(0), "{found}");
    let budget = format!("--budget={}", document["evaluations"]);
    assert!(found["runs"][0]["command"].as_array().unwrap().contains(&budget.into()));
}

#[test]
fn every_search_of_a_list_comes_out_again() {
    let directory = here();
    let directory = directory.path();
    let line = "tune --all --particles 2 --budget 2 --config short.toml --json";
    let output = dip(directory, line);
    let documents: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let of = |name: &str| documents.iter().find(|one| one["controller"] == name).unwrap();
    let (hybrid, within) = (of("hybrid"), of("super_twisting"));
    assert_eq!([&hybrid["plan"]["anew"], &within["plan"]["anew"]], [false, true]);
    assert_eq!(hybrid["begin"]["surface"], within["gains"]["surface"], "with what it has within");
    assert!(within.get("begin").is_none());
    assert_eq!(hybrid["experiment"], within["experiment"]);
    fs::write(directory.join("all.json"), &output.stdout).unwrap();
    let found = done(directory, "replay all.json");
    assert_eq!(found.matches("same bits: ").count(), 8, "{found}");
}

#[test]
fn what_is_no_document_is_refused() {
    let directory = here();
    let directory = directory.path();
    let good = kept(directory, "montecarlo --controllers lqr,hybrid --runs 3 --config short.toml");
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut document = good.clone();
        change(&mut document);
        document.to_string()
    };
    let design = done(directory, "design --json");
    for (text, message) in [
        ("", "not a document of dip"),
        ("{", "not a document of dip"),
        ("[]", "document = []: must be an object"),
        ("3", "document = 3: must be an object"),
        ("{}", "schema is missing: must be 1"),
        (&design, "provenance.command is of `dip design`: must be of compare,"),
        (
            &changed(&|d| d["experiment"] = Value::Null),
            "experiment is missing: must be the experiment that ran",
        ),
        (&changed(&|d| d["schema"] = 2.into()), "schema = 2: must be 1"),
        (&changed(&|d| d["version"] = 2.into()), "version = 2: must be a version of dip"),
        (
            &changed(&|d| d["provenance"] = Value::Null),
            "provenance.command is missing: must be the words of a command of dip",
        ),
        (
            &changed(&|d| d["provenance"]["command"] = json!(["dip", "juggle"])),
            "unrecognized subcommand 'juggle'",
        ),
        (
            &changed(&|d| d["provenance"]["command"] = json!(["dip", "gains"])),
            "provenance.command is of `dip gains`: must be of compare,",
        ),
        (
            &changed(&|d| d["experiment"]["plant"]["m1"] = (-1).into()),
            "experiment: plant.m1 = -1: must be finite and greater than 0",
        ),
        (&changed(&|d| d["experiment"]["juggler"] = 1.into()), "unknown key `juggler`"),
        (&changed(&|d| d["controllers"][0]["runs"] = 2.into()), "controllers[].runs: must be"),
    ] {
        fs::write(directory.join("bad.json"), text).unwrap();
        let output = dip(directory, "replay bad.json");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}: {stderr}");
        assert!(stderr.starts_with("error: bad.json: ") && stderr.contains(message), "{stderr}");
        assert!(output.stdout.is_empty());
    }
    let output = dip(directory, "replay absent.json");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("absent.json"));
}
