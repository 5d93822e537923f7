//! What a run leaves in its directory for readers: Parquet beside CSV, a description of the columns, pictures.

mod program;

use std::fs::{self, read_dir, read_to_string};
use std::path::Path;

use serde_json::Value;

use crate::program::{dip, done};

fn names(directory: &Path) -> Vec<String> {
    let entries = read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&read_to_string(path).unwrap()).unwrap()
}

#[test]
#[cfg(feature = "parquet")]
fn a_simulation_leaves_these_files() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    done(here, "simulate --controller hybrid --duration 0.2 --out all --parquet");
    done(here, "simulate --controller lqr --duration 0.2 --out few");
    let mut files = vec![
        "csv-metadata.json",
        "gains.png",
        "gains.svg",
        "motion.png",
        "motion.svg",
        "phase.png",
        "phase.svg",
        "report.html",
        "summary.json",
        "trajectory.csv",
        "trajectory.parquet",
    ];
    assert_eq!(names(&here.join("all")), files);
    // The LQR remembers nothing, and Parquet was not asked for.
    files.retain(|file| !file.starts_with("gains") && !file.ends_with("parquet"));
    assert_eq!(names(&here.join("few")), files);
}

/// The names that a description gives are those of the file, each with a unit, and it says where they come from.
fn check_description(directory: &Path, files: &[&str]) {
    let description = json(&directory.join("csv-metadata.json"));
    assert_eq!(description["@context"], "http://www.w3.org/ns/csvw");
    let tables = description["tables"].as_array().unwrap();
    assert_eq!(tables.len(), files.len());
    for (table, file) in tables.iter().zip(files) {
        assert_eq!(table["url"], *file);
        let columns = table["tableSchema"]["columns"].as_array().unwrap();
        let names: Vec<&str> =
            columns.iter().map(|column| column["name"].as_str().unwrap()).collect();
        let text = read_to_string(directory.join(file)).unwrap();
        assert_eq!(names.join(","), text.lines().next().unwrap());
        for column in columns {
            assert!(!column["schema:unitText"].as_str().unwrap().is_empty());
            // A reader by the standard asks that one of the titles is the name in the file.
            assert_eq!(column["titles"][0], column["name"]);
        }
    }
    let summary = json(&directory.join("summary.json"));
    let notes = &description["notes"][0];
    for key in ["schema", "provenance", "experiment"] {
        assert_eq!(notes[key], summary[key], "{key}");
    }
}

#[test]
fn a_description_is_that_of_the_files_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    done(here, "simulate --controller adaptive --duration 0.2 --out run");
    check_description(&here.join("run"), &["trajectory.csv"]);
    let columns = &json(&here.join("run/csv-metadata.json"))["tables"][0]["tableSchema"]["columns"];
    let described = columns.as_array().unwrap();
    let k = described.iter().find(|column| column["name"] == "k").unwrap();
    assert_eq!((k["titles"][1].as_str(), k["schema:unitText"].as_str()), (Some("K"), Some("N")));
    let rate = described.iter().find(|column| column["name"] == "theta1_dot").unwrap();
    assert_eq!(rate["schema:unitText"], "rad/s");
    done(here, "compare --controllers hybrid,lqr --out both");
    check_description(&here.join("both"), &["hybrid.csv", "lqr.csv"]);
}

#[test]
#[cfg(feature = "parquet")]
fn parquet_is_asked_for_where_there_are_trajectories() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    done(here, "compare --controllers hybrid,lqr --out both --parquet");
    for name in ["hybrid", "lqr"] {
        let bytes = fs::read(here.join(format!("both/{name}.parquet"))).unwrap();
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
        // What is said of it stands in it, in clear.
        let text = String::from_utf8_lossy(&bytes);
        for said in ["unit.theta1", "rad/s", "\"instruction_set\":", "\"plant\":{"] {
            assert!(text.contains(said), "{said} is not in {name}.parquet");
        }
    }
    for (arguments, message) in [
        ("simulate --controller lqr --parquet", "--parquet: only with --out"),
        ("compare --starts 2 --parquet", "--parquet: not with --starts"),
    ] {
        let output = dip(here, arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments}");
        assert!(stderr.contains(message), "{arguments}: {stderr}");
    }
}

#[test]
fn pictures_say_what_they_show_in_both_formats() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    done(here, "compare --out out");
    done(here, "simulate --controller hybrid --out run");
    for (file, labels) in [
        ("out/comparison", &["θ1 [rad]", "u [N]", "σ [N·s]", "t [s]", "lqr_integral"][..]),
        ("out/phase", &["θ1 [rad]", "dθ1/dt [rad/s]", "θ2 [rad]", "dθ2/dt [rad/s]", "classical"]),
        ("out/gains", &["K [N]", "k1 [√(N/s)]", "z [N]", "ζ [N·s]", "ξ [m·s]", "adaptive"]),
        ("run/gains", &["k1 [√(N/s)]", "k2 [N/s]", "u_int [N]", "t [s]"]),
        ("run/motion", &["θ1 [rad]", "x [m]", "hybrid"]),
        ("run/phase", &["dθ2/dt [rad/s]"]),
    ] {
        let svg = read_to_string(here.join(format!("{file}.svg"))).unwrap();
        let drawn = drawn(&svg);
        for label in labels {
            assert!(drawn.contains(label), "no {label} in {file}.svg");
        }
        let png = fs::read(here.join(format!("{file}.png"))).unwrap();
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "{file}.png");
        // Twice as many pixels as the SVG is wide.
        let wide = u32::from_be_bytes(png[16..20].try_into().unwrap());
        let (_, rest) = svg.split_once("width=\"").unwrap();
        let (width, _) = rest.split_once('"').unwrap();
        let width: f64 = width.parse().unwrap();
        assert!((f64::from(wide) - 2.0 * width).abs() <= 2.0, "{file}: {wide} for {width}");
    }
    // Whoever has no gain that adapts is not in the picture of gains.
    let gains = read_to_string(here.join("out/gains.svg")).unwrap();
    let gains = drawn(&gains);
    assert!(!gains.contains("classical") && !gains.contains(">lqr<"));
}

/// What can be seen of a picture, without what it says about where it comes from.
fn drawn(svg: &str) -> &str {
    svg.split_once("</metadata>").unwrap().1
}

/// A run that fell is shown until it fell, not until where it would have gone.
#[test]
fn a_picture_ends_where_the_last_run_has_ended() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let start = "simulate --controller lqr --x0 0,1.2,-1.2,0,0,0 --duration";
    for duration in [10, 20] {
        let out = format!("of_{duration}");
        let text = done(here, &format!("{start} {duration} --out {out}"));
        assert!(text.contains("lqr: fallen at 0."), "{text}");
        let picture = read_to_string(here.join(out).join("motion.svg")).unwrap();
        // The ticks of time stand in the middle below their lines.
        let tick = format!("text-anchor=\"middle\">{duration}<");
        assert!(!picture.contains(&tick), "the axis goes on to {duration} s");
    }
}
