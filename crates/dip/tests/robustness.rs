//! `dip roa` and `dip sensitivity` as their users and their scripts see them.

mod program;

use std::fs::{read_to_string, write};
use std::path::Path;

use serde_json::Value;

use crate::program::{dip, done};

fn json(path: &Path) -> Value {
    serde_json::from_str(&read_to_string(path).unwrap()).unwrap()
}

/// Runs are short, so that a map takes no time; the bands are wide, so that some settle in it.
const SHORT: &str = "[simulation]\nduration = 1.0\n[settling]\ntheta = 0.05\nx = 1.0\n";

#[test]
fn a_map_is_a_picture_points_and_figures() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    write(here.join("short.toml"), SHORT).unwrap();
    let arguments = "--config short.toml roa --controllers hybrid,lqr --grid 9 --range 0.6";
    let table = done(here, arguments);
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");

    let document = json(&here.join("out/roa.json"));
    assert_eq!(document["schema"], 1);
    let rows = document["controllers"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["name"], "lqr", "the LQR is the first");
    assert_eq!(rows[0]["area_of_lqr"], 1.0);

    let points = read_to_string(here.join("out/roa.csv")).unwrap();
    let mut lines = points.lines();
    assert_eq!(lines.next(), Some("controller,theta1,theta2,outcome,time,settling_time"));
    let lines: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(lines.len(), 2 * 9 * 9);
    for row in rows {
        let of_law = lines.iter().filter(|line| line[0] == row["name"]);
        let settled = of_law.clone().filter(|line| line[3] == "settled").count();
        assert_eq!(row["settled"], settled);
        assert!(settled > 0 && settled < 81, "{row}");
        assert!(of_law.clone().all(|line| (line[3] == "settled") != line[5].is_empty()));
        let area = row["area"].as_f64().unwrap();
        assert!((area - 1.44 * settled as f64 / 81.0).abs() < 1e-12);
    }

    // A point can be run again alone.
    let corner = &lines[81];
    let again = done(
        here,
        &format!(
            "--config short.toml simulate --controller hybrid --x0 0,{},{},0,0,0 --json",
            corner[1], corner[2]
        ),
    );
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again["outcome"], corner[3]);
    assert_eq!(again["time"].as_f64().unwrap().to_string(), corner[4].trim_end_matches(".0"));

    let picture = read_to_string(here.join("out/roa.svg")).unwrap();
    for label in ["θ1 [rad]", "θ2 [rad]", "lqr", "hybrid", "settled", "edge of the LQR"] {
        assert!(picture.contains(label), "no {label} in the picture");
    }
}

#[test]
fn sensitivity_is_a_picture_and_a_document() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    write(here.join("short.toml"), SHORT).unwrap();
    let arguments = "--config short.toml sensitivity --controller classical --rows 16 --starts 2 \
                     --of control_effort --box 0.1";
    let table = done(here, arguments);
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    assert!(table.contains("as the experiment states no\nmismatch"), "{table}");
    let document = json(&here.join("out/sensitivity.json"));
    assert_eq!(document["default_mismatch"], true);
    assert_eq!(document["runs"], 16 * 11 * 2);
    assert_eq!(document["parameters"].as_array().unwrap().len(), 9);
    // What was varied is in the experiment.
    assert_eq!(document["experiment"]["mismatch"]["i2"]["uniform"], 0.2);
    let picture = read_to_string(here.join("out/sensitivity.svg")).unwrap();
    for label in ["total", "first order", "parameter of the plant", "c2"] {
        assert!(picture.contains(label), "no {label} in the picture");
    }

    let stated = format!("{SHORT}[mismatch]\nm0 = {{ normal = 0.1 }}\ng = {{ uniform = 0.01 }}\n");
    write(here.join("stated.toml"), stated).unwrap();
    let table = done(here, &(arguments.replace("short", "stated") + " --force"));
    assert!(table.contains("as the experiment's mismatch states"), "{table}");
    let document = json(&here.join("out/sensitivity.json"));
    assert_eq!(document["default_mismatch"], false);
    assert_eq!(document["parameters"][0]["parameter"], "m0");
    assert_eq!(document["parameters"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_wrong_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    write(here.join("short.toml"), SHORT).unwrap();
    for (arguments, message) in [
        ("roa --grid 10", "grid = 10: must be an odd number from 3 to 1001"),
        ("roa --range 0", "range = 0: must be greater than 0 and at most pi rad"),
        ("roa --range=-1", "range = -1: must be greater than 0 and at most pi rad"),
        ("roa --controllers pid", "'pid'"),
        ("sensitivity", "--controller"),
        ("sensitivity --controller lqr --of ise", "must be one of success, cost"),
        ("sensitivity --controller lqr --rows 1", "from 2 to 1000000"),
        ("sensitivity --controller lqr --box 0", "box = 0: must be greater than 0"),
        (
            "--config short.toml sensitivity --controller lqr --of settling_time --box 1 --rows 2",
            "settling_time does not exist for every run: from start",
        ),
        (
            "--config short.toml sensitivity --controller lqr --of success --box 1e-6 --rows 2",
            "success is 1 for nearly every plant: there is no variance to explain; use --of cost",
        ),
    ] {
        let output = dip(here, arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "dip {arguments}: {stderr}");
        assert!(stderr.contains(message), "dip {arguments}: {stderr}");
        assert!(output.stdout.is_empty());
    }
}
