//! The command as its users and their scripts see it: documents, files, exit codes.

mod program;

use std::path::Path;

use serde_json::{Value, json};

use crate::program::dip;

/// Runs with `--json`; stdout must be one document and nothing else.
fn document(directory: &Path, arguments: &str) -> Value {
    let output = dip(directory, &format!("{arguments} --json"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "dip {arguments}: {stderr}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["schema"], 1);
    document
}

fn here() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

const KEYS_OF_METRICS: [&str; 17] = [
    "angle_settling_time",
    "cart_travel",
    "chattering",
    "control_effort",
    "guarded_share",
    "iae",
    "ise",
    "itae",
    "overshoot_theta1",
    "overshoot_theta2",
    "peak_angle",
    "peak_force",
    "saturation_share",
    "settling_time",
    "theta_rms",
    "total_variation",
    "u_rms",
];

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

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn no_argument_compares_all_controllers_and_writes_everything() {
    let directory = here();
    let output = dip(directory.path(), "");
    assert!(output.status.success());
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");

    let summary = std::fs::read_to_string(directory.path().join("out/summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    for (row, name) in summary["controllers"].as_array().unwrap().iter().zip(LAWS) {
        assert_eq!(row["name"], name);
        assert_eq!(row["outcome"], "settled");
        assert_eq!(row["bytes_left"], 0);
        assert!(table.contains(name));
        let rows = std::fs::read_to_string(directory.path().join(format!("out/{name}.csv")));
        assert_eq!(
            rows.unwrap().lines().count(),
            10_002,
            "a header, and both ends of 10 s at 1 kHz"
        );
    }
    assert_eq!(summary["controllers"].as_array().unwrap().len(), LAWS.len());
    let svg = std::fs::read_to_string(directory.path().join("out/comparison.svg")).unwrap();
    for label in ["θ1", "θ2", "x [m]", "u [N]", "σ", "classical", "lqr"] {
        assert!(svg.contains(label), "no {label} in the picture");
    }
}

#[test]
fn no_law_falls_from_four_hundred_starts() {
    let result = document(here().path(), "compare --starts 400 --box 0.2 --seed 1");
    let rows = result["controllers"].as_array().unwrap();
    assert_eq!(rows.len(), LAWS.len());
    for row in rows {
        assert_eq!(row["starts"], 400);
        // How many have settled in time is a matter of the shipped gains.
        assert_eq!(number(&row["settled"]) + number(&row["not_settled"]), 400.0, "{row}");
        assert_eq!(number(&row["success_rate"]), number(&row["settled"]) / 400.0);
        for key in ["control_effort_median", "total_variation_median"] {
            assert!(number(&row[key]) > 0.0, "{key}");
        }
    }
}

const COLUMNS: &str = "t,x,theta1,theta2,x_dot,theta1_dot,theta2_dot,u,sigma,force,x_measured,\
                       theta1_measured,theta2_measured,x_dot_measured,theta1_dot_measured,\
                       theta2_dot_measured,u_eq,u_sw,z,sign";

#[test]
fn a_simulation_gives_its_document_and_its_trajectory() {
    let directory = here();
    let result = document(
        directory.path(),
        "simulate --controller super_twisting --x0 -0.1,0.05,-0.03,0,0,0.1 --duration 1.5 --out run",
    );
    assert_eq!(
        keys(&result),
        [
            "controller",
            "equivalent",
            "experiment",
            "final_state",
            "metrics",
            "outcome",
            "provenance",
            "schema",
            "seed",
            "time",
            "version"
        ]
    );
    assert_eq!(result["controller"], "super_twisting");
    assert_eq!(keys(&result["metrics"]), KEYS_OF_METRICS);

    let text = std::fs::read_to_string(directory.path().join("run/trajectory.csv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(COLUMNS));
    let rows: Vec<Vec<f64>> =
        lines.map(|line| line.split(',').map(|field| field.parse().unwrap()).collect()).collect();
    assert_eq!(rows.len(), 1501);
    assert_eq!(rows[0][..7], [0.0, -0.1, 0.05, -0.03, 0.0, 0.0, 0.1]);
    // The same numbers, to the last bit, in both files.
    let last: Vec<f64> = result["final_state"].as_array().unwrap().iter().map(number).collect();
    assert_eq!(rows[1500][1..7], last);
    let summary = std::fs::read_to_string(directory.path().join("run/summary.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&summary).unwrap(), result);
}

#[test]
fn the_uncontrolled_plant_falls_and_goes_on_falling() {
    let result =
        document(here().path(), "simulate --controller none --x0 0,0.05,-0.03,0,0,0 --duration 2");
    assert_eq!(result["outcome"], "fallen");
    assert!(number(&result["time"]) < 1.0);
    // The state at 2 s from an independent integrator (crates/dip-dynamics/tests/golden). A fall is
    // chaotic: the error of RK4 at 1 ms, 1e-9 a second, has grown by e^(8·2).
    let expected = [
        -0.034_835_894_960,
        2.020_912_881_965,
        4.949_995_586_373,
        0.051_993_412_576,
        3.174_145_397_623,
        9.229_077_132_745,
    ];
    for (actual, expected) in result["final_state"].as_array().unwrap().iter().zip(expected) {
        assert!((number(actual) - expected).abs() < 1e-4, "{actual} is not {expected}");
    }
}

#[test]
fn a_design_is_the_one_of_the_reference() {
    let reference = include_str!("../../dip-dynamics/tests/golden/linear_reference.json");
    let reference: Value = serde_json::from_str(reference).unwrap();
    let close = |actual: &Value, expected: &Value| {
        let (actual, expected) = (number(actual), number(expected));
        assert!((actual - expected).abs() <= 1e-8 * (1.0 + expected.abs()), "{actual} {expected}");
    };
    let directory = here();
    let result = document(directory.path(), "design --q 10,100,100,1,10,10 --r 0.1");
    for i in 0..6 {
        close(&result["b"][i], &reference["B"][i]);
        close(&result["lqr_gain"][i], &reference["lqr"][0]["K"][i]);
        close(&result["surface"][i], &reference["sliding"][0]["S"][i]);
        for j in 0..6 {
            close(&result["a"][i][j], &reference["A"][i][j]);
        }
    }
    let result = document(directory.path(), "design --poles -2,-2.5,-3,-4.6,-8.5");
    for i in 0..6 {
        close(&result["surface"][i], &reference["sliding"][3]["S"][i]);
    }
    for (pole, re) in result["sliding_poles"].as_array().unwrap().iter().zip([-8.5, -4.6]) {
        assert!((number(&pole[0]) - re).abs() < 1e-6 && number(&pole[1]).abs() < 1e-6);
    }
    assert_eq!(result["sliding_poles"].as_array().unwrap().len(), 5);
}

#[test]
fn tuned_gains_can_be_used() {
    let directory = here();
    let search = "tune --controller adaptive --seed 3 --particles 4 --budget 8";
    let config = "[simulation]\nduration = 3.0\n[settling]\nx = 1000.0\n\
                  [tuning]\nverification = 2\n[[tuning.trials]]\nruns = 2\nbox = 0.02\n\
                  [controllers.adaptive]\nalpha = 50.0\n";
    std::fs::write(directory.path().join("short.toml"), config).unwrap();
    let result = document(directory.path(), &format!("{search} --config short.toml --out g"));
    assert_eq!(result["evaluations"], 8);
    assert_eq!(result["plan"]["seed"], 3);
    assert_eq!(result["verdict"], "verified");
    assert_eq!(result["history"].as_array().unwrap().len(), 2);
    assert!(number(&result["best_cost"]) > 0.0);
    assert!(number(&result["gains"]["gamma"]) > 0.0);
    let again = document(directory.path(), &format!("{search} --config short.toml"));
    let found = |document: &Value| {
        // The command line is another one.
        let mut document = document.clone();
        document.as_object_mut().unwrap().remove("provenance").unwrap();
        document
    };
    assert_eq!(found(&again), found(&result), "the same seed finds the same gains");

    let with = "--x0 0,0.05,0,0,0,0 --gains g/tune.json";
    let used = document(directory.path(), &format!("simulate --controller adaptive {with}"));
    let shipped = document(directory.path(), "simulate --controller adaptive --x0 0,0.05,0,0,0,0");
    assert_ne!(used["final_state"], shipped["final_state"]);
    document(directory.path(), "compare --starts 2 --gains g/tune.json");
    let other = dip(directory.path(), &format!("simulate --controller classical {with}"));
    assert_eq!(other.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&other.stderr);
    assert!(stderr.contains("tune.json has gains of adaptive, not of classical"), "{stderr}");
}

#[test]
fn a_good_file_checks_out_and_counts() {
    let directory = here();
    std::fs::write(directory.path().join("rig.toml"), "[plant]\nm0 = 3\n").unwrap();
    assert_eq!(document(directory.path(), "check rig.toml")["ok"], true);
    let heavy = document(directory.path(), "design --config rig.toml");
    assert_ne!(heavy["b"], document(directory.path(), "design")["b"]);
}

/// A file with everything that is doubtful but no fault.
const DOUBTFUL: &str = "[simulation]\nduration = 0.1\n[tuning]\nverification = 1\n\
                        [[tuning.trials]]\nruns = 1\nbox = 0.005\n[controllers.super_twisting]\ndisturbance_rate = 1e6\n";

#[test]
fn gains_that_may_not_be_enough_are_warned_about_once_where_they_are_used() {
    let directory = here();
    std::fs::write(directory.path().join("doubtful.toml"), DOUBTFUL).unwrap();
    let search = "--particles 2 --budget 2";
    for (arguments, warns) in [
        ("check doubtful.toml".to_owned(), true),
        ("simulate --config doubtful.toml --controller super_twisting".to_owned(), true),
        ("simulate --config doubtful.toml --controller hybrid".to_owned(), false),
        ("simulate --config doubtful.toml --controller none".to_owned(), false),
        ("compare --config doubtful.toml --starts 2".to_owned(), true),
        ("compare --config doubtful.toml --starts 2 --controllers lqr,hybrid".to_owned(), false),
        ("compare --config doubtful.toml".to_owned(), true),
        ("compare --config doubtful.toml --controllers lqr".to_owned(), false),
        ("design --config doubtful.toml --controller super_twisting".to_owned(), true),
        ("design --config doubtful.toml".to_owned(), false),
        (format!("tune --config doubtful.toml --controller super_twisting {search}"), true),
    ] {
        let output = dip(directory.path(), &format!("{arguments} --force"));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "dip {arguments}: {stderr}");
        assert_eq!(
            stderr.matches("warning: ").count(),
            usize::from(warns),
            "{arguments}: {stderr}"
        );
        let place = "warning: doubtful.toml:9:20: controllers.super_twisting: k1 = ";
        assert_eq!(stderr.contains(place), warns, "{arguments}: {stderr}");
        assert_eq!(stderr.contains("rate L = 1000000 N/s"), warns, "{arguments}: {stderr}");
    }
    // Nothing is said where nothing is claimed.
    assert!(dip(directory.path(), "simulate --controller super_twisting").stderr.is_empty());
}

/// An inertia that was taken about the pivot, and what the way back from there may lead to.
#[test]
fn rods_that_nobody_builds_are_told() {
    let directory = here();
    let rod = |inertia: &str| {
        let config = format!(
            "[plant]\nm1 = 0.35\nl1 = 0.5\nc1 = 0.25\ni1 = {inertia}\n[actuator]\nu_max = 60.0\n"
        );
        std::fs::write(directory.path().join("rod.toml"), config).unwrap();
    };
    let search = "tune --controller lqr --particles 4 --budget 4 --config rod.toml \
                  --set tuning.verification=2 --set tuning.trials=[{runs=2,box=0.01}]";
    for command in [
        "check rod.toml",
        "simulate --controller none --duration 0.1 --config rod.toml",
        "compare --starts 2 --config rod.toml",
        "design --config rod.toml",
        search,
    ] {
        for (inertia, warns) in [("0.0292", true), ("0.0073", false)] {
            rod(inertia);
            let stderr = String::from_utf8(dip(directory.path(), command).stderr).unwrap();
            let warning = "warning: rod.toml:5:6: plant.i1 = 0.0292: ";
            assert_eq!(stderr.contains(warning), warns, "{command}: {stderr}");
            let back =
                "m·l²/4 = 0.02187 kg·m²; if it is about the pivot, write i − m·c² = 0.007325";
            assert_eq!(stderr.contains(back), warns, "{command}: {stderr}");
        }
    }
    rod("-0.0146");
    let stderr = String::from_utf8(dip(directory.path(), "check rod.toml").stderr).unwrap();
    let rule = "plant.i1 = -0.0146: must be finite and not negative\n  \
                plant.i1 is: Moment of inertia of rod 1 about its centre of mass in kg·m².";
    assert!(stderr.contains(rule), "{stderr}");
}

/// A length alone makes no other rod, and gains as shipped are for another plant.
#[test]
fn check_tells_what_a_rig_still_lacks() {
    let directory = here();
    let check = |config: &str| {
        std::fs::write(directory.path().join("rig.toml"), config).unwrap();
        let output = dip(directory.path(), "check rig.toml");
        assert!(output.status.success());
        let stderr = String::from_utf8(output.stderr).unwrap();
        (String::from_utf8(output.stdout).unwrap(), stderr)
    };
    for (config, missing) in [
        ("[plant]\nl2 = 0.35\n", Some("plant.l2 is given, but not plant.c2 and plant.i2: ")),
        ("[plant]\nl2 = 0.35\nc2 = 0.175\n", Some("plant.l2 is given, but not plant.i2: ")),
        ("[plant]\nl2 = 0.35\nc2 = 0.175\ni2 = 0.002\n", None),
        ("[plant]\nl1 = 0.5\nc1 = 0.2\ni1 = 0.003\n", None),
        ("[plant]\nm2 = 0.16\n", None),
    ] {
        let (_, stderr) = check(config);
        assert_eq!(stderr.is_empty(), missing.is_none(), "{config}: {stderr}");
        assert!(missing.is_none_or(|missing| stderr.contains(missing)), "{config}: {stderr}");
    }
    let untuned = "gains as shipped, for another plant";
    for condition in
        ["plant.m0 = 2.4", "actuator.u_max = 60.0", "simulation.control_period = 0.002"]
    {
        let (stdout, _) = check(&format!("{condition}\n"));
        assert!(stdout.contains(untuned) && stdout.contains("  classical, super_"), "{stdout}");
        // Gains of one's own are one's own affair.
        let (stdout, _) = check(&format!("{condition}\ncontrollers.classical.k = 39.0\n"));
        assert!(stdout.contains(untuned) && stdout.contains("  super_twisting, "), "{stdout}");
    }
    assert!(!check("start.theta1 = 0.1\n").0.contains(untuned));
}

#[test]
fn a_rig_gives_the_defaults_of_a_file_and_the_file_has_the_last_word() {
    let directory = here();
    let rigs = document(directory.path(), "rigs");
    for rig in rigs["rigs"].as_array().unwrap() {
        let name = rig["name"].as_str().unwrap();
        std::fs::write(directory.path().join("rig.toml"), format!("rig = {}\n", rig["name"]))
            .unwrap();
        assert_eq!(document(directory.path(), "check rig.toml")["rig"], name);
        let run = "simulate --controller none --duration 0.1 --config rig.toml";
        let experiment = &document(directory.path(), run)["experiment"];
        assert_eq!(experiment["plant"], rig["plant"], "{name}");
        let u_max = if rig["u_max"].is_null() { &json!(150.0) } else { &rig["u_max"] };
        assert_eq!(&experiment["actuator"]["u_max"], u_max, "{name}");
        assert_eq!(experiment["track"]["half_length"], rig["track_half_length"], "{name}");
        let text = String::from_utf8(dip(directory.path(), "check rig.toml").stdout).unwrap();
        assert!(text.contains(&format!("rig.toml is right: rig {name}, ")), "{text}");
    }
    let text = "rig = \"quanser_dbpen_lin\" # of the laboratory\nsimulation.duration = 0.1\n\
                [plant]\nm0 = 2\n[plant.friction.cart]\ncoulomb = 0.5\n\
                [actuator]\ndelay = 0.001\n[track]\nhalf_length = 0.25\n";
    std::fs::write(directory.path().join("rig.toml"), text).unwrap();
    let run = document(directory.path(), "simulate --controller none --config rig.toml");
    let experiment = &run["experiment"];
    let quanser = &rigs["rigs"][1];
    assert_eq!(
        (&experiment["plant"]["m0"], &experiment["plant"]["m1"]),
        (&json!(2.0), &quanser["plant"]["m1"])
    );
    assert_eq!(experiment["plant"]["friction"]["cart"]["coulomb"], 0.5);
    assert_eq!(experiment["actuator"]["u_max"], quanser["u_max"]);
    assert_eq!(experiment["actuator"]["delay"], 0.001);
    assert_eq!(experiment["track"]["half_length"], 0.25);
    assert_eq!(document(directory.path(), "check rig.toml")["rig"], quanser["name"]);
    std::fs::write(directory.path().join("rig.toml"), "").unwrap();
    assert!(document(directory.path(), "check rig.toml")["rig"].is_null());
}

#[test]
fn the_numbers_of_rigs_have_six_digits_at_most() {
    let text = String::from_utf8(dip(here().path(), "rigs").stdout).unwrap();
    assert!(text.contains("i1 0.000405751"), "{text}");
    for word in text.split([' ', ',', '\n', '±']) {
        let digits = word.trim_start_matches(['0', '.']).chars().filter(char::is_ascii_digit);
        assert!(word.parse::<f64>().is_err() || digits.count() <= 6, "{word}");
    }
}

/// What is passed over in silence would be taken for heard.
#[test]
fn options_of_an_experiment_are_refused_where_none_is_read() {
    let directory = here();
    let line = "simulate --controller lqr --set simulation.duration=0.1 --out o";
    assert!(dip(directory.path(), line).status.success());
    for command in [
        "init new.toml",
        "replay o/summary.json",
        "report o",
        "rigs",
        "schema",
        "man",
        "completions bash",
        "--version",
    ] {
        for option in ["--config none.toml", "--set plant.m1=-5"] {
            let output = dip(directory.path(), &format!("{command} {option}"));
            let message = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{command} {option}: {message}");
            assert!(message.contains("this command reads no experiment"), "{message}");
            assert!(output.stdout.is_empty());
        }
    }
    assert!(!directory.path().join("new.toml").exists());
}

#[test]
fn no_time_is_too_long_to_be_shown() {
    let directory = here();
    let line = "simulate --controller lqr --set simulation.duration=1e20 \
                --set simulation.control_period=1e19 --set simulation.step=1e19";
    let output = dip(directory.path(), line);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[cfg(unix)]
#[test]
fn words_that_are_no_text_are_refused_before_anything_is_done() {
    use std::os::unix::ffi::OsStrExt;
    let directory = here();
    let name = std::ffi::OsStr::from_bytes(b"z\xff.toml");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_dip"))
        .arg("init")
        .arg(name)
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("must be UTF-8"));
    assert!(!directory.path().join(name).exists());
}

#[test]
fn only_the_laws_that_were_asked_for_are_compared() {
    let directory = here();
    let names = |document: &Value| -> Vec<String> {
        let rows = document["controllers"].as_array().unwrap();
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    let overview = document(directory.path(), "compare --controllers lqr,classical --out o");
    assert_eq!(names(&overview), ["lqr", "classical"]);
    assert!(directory.path().join("o/lqr.csv").exists());
    assert!(!directory.path().join("o/hybrid.csv").exists());
    let svg = std::fs::read_to_string(directory.path().join("o/comparison.svg")).unwrap();
    let (_, drawn) = svg.split_once("</metadata>").unwrap();
    assert!(drawn.contains("classical") && !drawn.contains("hybrid"));
    let many = document(directory.path(), "compare --controllers hybrid,lqr --starts 3");
    assert_eq!(names(&many), ["hybrid", "lqr"]);
}

#[test]
fn every_run_of_a_comparison_is_a_row() {
    let directory = here();
    let arguments = "compare --controllers lqr,classical --starts 5 --box 0.1 --out o";
    let result = document(directory.path(), arguments);
    let text = std::fs::read_to_string(directory.path().join("o/comparison.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), result);
    let text = std::fs::read_to_string(directory.path().join("o/runs.csv")).unwrap();
    let columns: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    assert_eq!(columns[..6], ["controller", "index", "theta1", "theta2", "outcome", "time"]);
    let mut metrics = columns[6..].to_vec();
    metrics.sort_unstable();
    assert_eq!(metrics, KEYS_OF_METRICS);
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let laws: Vec<(&str, &str)> = rows.iter().map(|row| (row[0], row[1])).collect();
    let expected = ["lqr", "classical"]
        .into_iter()
        .flat_map(|law| ["0", "1", "2", "3", "4"].into_iter().map(move |index| (law, index)));
    assert_eq!(laws, expected.collect::<Vec<_>>());
    // The median that is in the document, from the rows.
    let place = columns.iter().position(|&name| name == "control_effort").unwrap();
    let mut efforts: Vec<f64> = rows[..5].iter().map(|row| row[place].parse().unwrap()).collect();
    efforts.sort_by(f64::total_cmp);
    assert_eq!(result["controllers"][0]["settled"], 5);
    assert_eq!(result["controllers"][0]["control_effort_median"], efforts[2]);
    let names: Vec<_> = std::fs::read_dir(directory.path().join("o")).unwrap().collect();
    assert_eq!(names.len(), 3, "nothing temporary stays: {names:?}");
}

#[test]
fn an_overview_shows_how_each_law_recovers_from_each_push() {
    let directory = here();
    let config = "[[disturbances]]\non = \"rod1\"\nshape = { noise = { std = 0.001, time_constant = 0.1 } }\n\
                  [[disturbances]]\non = \"cart\"\nshape = { impulse = { at = 4.0, duration = 0.1, value = 10.0 } }\n";
    std::fs::write(directory.path().join("push.toml"), config).unwrap();
    let run = "compare --controllers lqr --config push.toml";
    let result = document(directory.path(), run);
    let recoveries = result["controllers"][0]["recoveries"].as_array().unwrap();
    assert_eq!(recoveries.len(), 1);
    assert_eq!((&recoveries[0]["disturbance"], &recoveries[0]["at"]), (&json!(1), &json!(4.0)));
    for key in ["peak_angle", "recovery_time", "steady_angle", "steady_position"] {
        assert!(number(&recoveries[0][key]) > 0.0, "{key}");
    }
    let text = String::from_utf8(dip(directory.path(), run).stdout).unwrap();
    assert!(text.contains("recovery from 10 N on the cart for 0.1 s at 4 s"), "{text}");
    for (spread, drawn) in [
        ("uniform = 0.5", "drawn within ±50 %"),
        ("normal = 0.1", "drawn, standard deviation 10 %"),
    ] {
        std::fs::write(
            directory.path().join("push.toml"),
            format!("{config}spread = {{ {spread} }}\n"),
        )
        .unwrap();
        let again = dip(directory.path(), &format!("{run} --force"));
        let text = String::from_utf8(again.stdout).unwrap();
        let expected = format!("recovery from 10 N ({drawn}) on the cart for 0.1 s at 4 s");
        assert!(text.contains(&expected), "{text}");
    }
    let calm =
        String::from_utf8(dip(directory.path(), "compare --controllers lqr").stdout).unwrap();
    assert!(!calm.contains("recovery"), "{calm}");
}

#[test]
fn a_surface_is_shown_in_every_form_and_each_is_the_same_surface() {
    let directory = here();
    let poles = document(directory.path(), "design --poles -2,-2.5,-3,-4.6,-8.5");
    let numbers = |value: &Value| -> Vec<f64> {
        let values = if value.is_array() {
            value.as_array().unwrap().clone()
        } else {
            ["c_x", "lambda_x", "c1", "lambda1", "c2", "lambda2"]
                .map(|key| value[key].clone())
                .into()
        };
        values.iter().map(number).collect()
    };
    let typed =
        |value: &Value| numbers(value).iter().map(f64::to_string).collect::<Vec<_>>().join(",");
    let mut forms = 0;
    for (option, form) in [
        ("coefficients", &poles["surface"]),
        ("absolute", &poles["absolute"]),
        ("relative", &poles["relative"]),
    ] {
        if form.is_null() {
            continue;
        }
        forms += 1;
        let same = document(directory.path(), &format!("design --{option} {}", typed(form)));
        for key in ["surface", "absolute", "relative"] {
            if poles[key].is_null() {
                assert!(same[key].is_null());
                continue;
            }
            for (a, b) in numbers(&same[key]).into_iter().zip(numbers(&poles[key])) {
                assert!((a - b).abs() < 1e-9 * (1.0 + b.abs()), "{option}, {key}: {a} {b}");
            }
        }
    }
    assert!(forms > 1, "{poles}");
    for damping in poles["damping"].as_array().unwrap() {
        assert!((number(damping) - 1.0).abs() < 1e-9);
    }
    assert!(numbers(&poles["condition_numbers"]).iter().all(|&condition| condition >= 1.0));
    assert!(poles["far"].is_null());

    let unstable = "design --relative 1,1,1,1,1,1 --allow-unstable";
    let result = document(directory.path(), unstable);
    let form = numbers(&result["relative"]);
    assert!(form.iter().all(|number| (number - 1.0).abs() < 1e-12), "{form:?}");
    let text = String::from_utf8(dip(directory.path(), unstable).stdout).unwrap();
    assert!(text.contains("does not decay"), "{text}");
}

#[test]
fn both_sides_of_a_scheduled_surface_are_shown() {
    let directory = here();
    let config = "[controllers.classical.surface.scheduled]\n\
                  near = [-2, -3, -4, -5, -9]\nfar = [-1, -1.5, -2, -4.5, -8]\nwidth = 0.75\n";
    std::fs::write(directory.path().join("far.toml"), config).unwrap();
    let result = document(directory.path(), "design --config far.toml");
    let slowest = |shown: &Value| number(&shown["sliding_poles"][4][0]);
    assert!((slowest(&result) + 2.0).abs() < 1e-6 && (slowest(&result["far"]) + 1.0).abs() < 1e-6);
    assert_eq!(result["far"]["width"], 0.75);
    let text = String::from_utf8(dip(directory.path(), "design --config far.toml").stdout).unwrap();
    assert!(text.contains("differ by more than 0.75 N·s"), "{text}");
}

#[test]
fn every_broken_file_is_refused_where_it_is_broken() {
    let broken = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let entries = std::fs::read_dir(&broken).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.path().is_file());
    let mut faults: Vec<_> =
        files.map(|entry| format!("--config {}", entry.file_name().to_str().unwrap())).collect();
    faults.sort();
    faults.extend(
        [
            "--set plant.m1",
            "--set plant.m1=1,5",
            "--set plant.m1=-1",
            "--set plant.mass=1",
            "--set simulation.integrator=rk4",
            "--set simulation.integrator=\"rk5\"",
            "--set extends=\"01_unknown_key.toml\"",
            "--set rig=\"tu_wein\"",
            "--config base/good.toml --set simulation.step=0.0003",
        ]
        .map(str::to_owned),
    );
    let mut messages = String::new();
    for fault in faults {
        let output = dip(&broken, &format!("simulate --controller classical {fault}"));
        assert_eq!(output.status.code(), Some(2), "{fault}");
        assert!(output.stdout.is_empty(), "{fault}");
        messages += &String::from_utf8(output.stderr).unwrap();
        messages.push('\n');
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn bad_arguments_name_the_argument_the_value_and_the_rule() {
    let directory = here();
    let lqr = |gains: &str| format!(r#"{{"schema": 1, "controller": "lqr", "gains": {gains}}}"#);
    let weights = r#"{"weights": {"q": [1, 1, 1, 1, 1, 1], "r": 1}}"#;
    for (name, text) in [
        ("bad.json", lqr(r#"{"k": 1}"#)),
        ("twice.json", lqr(r#"{"weights": {"q": [1, 1, 1, 1, 1, 1], "r": 1, "r": 2}}"#)),
        ("empty.json", lqr("{}")),
        ("future.json", lqr(weights).replace("\"schema\": 1", "\"schema\": 2")),
        ("good.json", lqr(weights)),
        ("zero.json", lqr(&weights.replace("[1,", "[0,"))),
        ("rig.toml", "rig = \"quanser\"\n".to_owned()),
    ] {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    for (arguments, words) in [
        ("simulate --controller pid", &["--controller", "pid", "super_twisting", "none"][..]),
        ("simulate --controller lqr --x0 1,2", &["--x0", "1,2", "must be 6"]),
        ("simulate --controller lqr --x0 0,nan,0,0,0,0", &["--x0", "nan", "finite"]),
        (
            "simulate --controller lqr --duration -1",
            &["simulation.duration", "-1", "greater than 0"],
        ),
        (
            "simulate --controller lqr --duration 0.0015",
            &["simulation.duration", "0.0015", "multiple"],
        ),
        ("simulate --controller lqr --duration x", &["--duration", "x"]),
        ("simulate --controller lqr --config none.toml", &["none.toml", "No such file"]),
        ("simulate --controller lqr --gains bad.json", &["bad.json", "unknown key `k`", "weights"]),
        (
            "simulate --controller lqr --gains twice.json",
            &["twice.json:1:93", "duplicate field `r`"],
        ),
        (
            "simulate --controller lqr --gains empty.json",
            &["empty.json", "`weights` of lqr is missing"],
        ),
        (
            "simulate --controller lqr --gains future.json",
            &["future.json", "schema = 2", "must be 1"],
        ),
        ("simulate --controller lqr --gains zero.json", &["zero.json", "no stabilising solution"]),
        ("compare --gains good.json --gains good.json", &["good.json", "lqr were given already"]),
        ("simulate --controller lqr --x0 2e6,0,0,0,0,0", &["start.x", "2000000", "within ±1e6"]),
        ("check --config good.json good.json", &["--config", "check takes its one file"]),
        ("design --controller lqr --poles -1,-2,-3,-4,-5", &["--poles", "--controller"]),
        ("compare --starts 5 --box 1e308", &["box", "at most pi"]),
        ("compare --starts 0", &["--starts", "0", "from 1 to 10000000"]),
        ("montecarlo --threads 100000", &["--threads", "100000", "from 1 to 1024"]),
        ("compare --starts 5 --box -0.2", &["box", "-0.2", "greater than 0"]),
        ("compare --starts 5 --box nan", &["box", "NaN", "greater than 0"]),
        ("compare --box 0.2", &["--starts"]),
        ("tune --controller none", &["--controller", "none", "classical"]),
        ("tune --controller lqr --particles 1", &["particles", "1", "at least 2"]),
        ("tune --controller lqr --budget 0", &["--budget", "0", "10m"]),
        ("tune --controller lqr --all", &["--all"]),
        ("tune", &["--controller", "--all"]),
        ("tune --controller lqr --method ants", &["ants", "cma_es"]),
        ("tune --controller lqr --pick calm", &["--pareto"]),
        ("design --poles -1,-2,-3,-4,5", &["--poles", "5.0000", "less than -1e-6"]),
        (
            "design --coefficients 0,1,1,0,1,1",
            &["--coefficients", "the sliding pole 8.5409", "left half plane"],
        ),
        ("design --coefficients 0,1,1,0,1", &["--coefficients", "5 numbers: must be 6"]),
        ("design --absolute 1,1,1,1,1,1", &["--absolute", "the sliding pole", "left half plane"]),
        ("design --relative 1,1,1,-2,1,1", &["--relative", "lambda1 = -2", "greater than 0"]),
        (
            "design --absolute 1,1,1,0,1,1 --allow-unstable",
            &["--absolute", "lambda1 = 0", "greater than 0"],
        ),
        ("design --poles -1,-2,-3,-4,-5 --allow-unstable", &["--coefficients", "--absolute"]),
        ("design --q 1,1,1,1,1,1 --r 1 --relative 1,1,1,1,1,1", &["--q", "--relative"]),
        ("design --absolute 1,1,1,1,1,1 --controller lqr", &["--absolute", "--controller"]),
        ("compare --controllers lqr,pid", &["--controllers", "'pid'", "super_twisting"]),
        ("compare --controllers lqr,lqr", &["--controllers", "'lqr' was given twice"]),
        ("compare --controllers= --starts 5", &["--controllers", "''", "super_twisting"]),
        ("simulate --controller lqr --config rig.toml", &["rig.toml:1:7", "no rig", "tu_wien"]),
        ("design --q 1,1,1,1,1,-1 --r 1", &["q_theta2_dot", "-1", "not negative"]),
        ("design --q 1,1,1,1,1,1 --r 0", &["r = 0", "greater than 0"]),
        ("fly", &["fly"]),
    ] {
        let output = dip(directory.path(), arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "dip {arguments}: {stderr}");
        for word in words {
            assert!(stderr.contains(word), "dip {arguments}: no '{word}' in: {stderr}");
        }
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_of_its_own() {
    let directory = here();
    std::fs::write(directory.path().join("file"), "").unwrap();
    let output = dip(directory.path(), "compare --out file/out");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("file/out"));

    // It is known before the search, which would take an hour.
    std::fs::create_dir_all(directory.path().join("taken/tune.json")).unwrap();
    for (place, message) in [("file/out", "cannot make"), ("taken", "cannot write")] {
        let long = format!("tune --controller lqr --budget 1000000 --out {place}");
        let output = dip(directory.path(), &long);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(message), "{stderr}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    let directory = here();
    std::fs::create_dir(directory.path().join("out")).unwrap();
    let link = directory.path().join("out/tune.json");
    let target = directory.path().join("real.json");
    std::fs::write(&target, "").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let config = "[simulation]\nduration = 0.1\n[tuning]\nverification = 1\n\
                  [[tuning.trials]]\nruns = 1\nbox = 0.005\n";
    std::fs::write(directory.path().join("short.toml"), config).unwrap();
    document(
        directory.path(),
        "tune --controller lqr --particles 2 --budget 2 --config short.toml --out out",
    );
    assert!(link.is_symlink());
    assert!(std::fs::read_to_string(target).unwrap().contains("\"gains\""));
}

#[test]
fn tables_fit_eighty_columns() {
    let directory = here();
    let config = "rig = \"quanser_dbpen_lin\"\n[sensors.noise]\ntheta1 = 0.001\n\
                  [[disturbances]]\non = \"rod1\"\n\
                  shape = { step = { at = 1.0, value = 0.12345678901234567 } }\n\
                  [[disturbances]]\non = \"cart\"\n\
                  shape = { impulse = { at = 2.1234567, duration = 0.1, value = 1e100 } }\n\
                  [controllers.hybrid.surface.scheduled]\nwidth = 1.0\n\
                  near = [-1, -2, [-2, 1], [-2, -1], -8]\nfar = [-1, -2, -3, -4, -5]\n";
    std::fs::write(directory.path().join("wide.toml"), config).unwrap();
    for arguments in [
        "compare",
        "compare --config wide.toml",
        "compare --starts 3",
        "compare --starts 3 --config wide.toml",
        "design",
        "design --config wide.toml --controller hybrid",
        "simulate --controller hybrid",
        "gains",
        "gains --config wide.toml",
        "rigs",
    ] {
        let output = dip(directory.path(), &format!("{arguments} --force"));
        let text = String::from_utf8(output.stdout).unwrap();
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "dip {arguments}: {line}");
        }
        assert!(text.lines().count() > 5);
    }
}

#[test]
fn help_is_for_persons() {
    let output = dip(here().path(), "--help");
    let help = String::from_utf8(output.stdout).unwrap();
    for word in ["compare", "simulate", "tune", "design", "check", "--config", "Exit codes"] {
        assert!(help.contains(word), "no {word} in: {help}");
    }
}

/// Gains that do not hold are written, with what they did, and called failed.
#[test]
fn gains_that_fail_are_said_to_fail() {
    let directory = here();
    let config = "[simulation]\nduration = 0.5\n[actuator]\nu_max = 0.001\n[tuning]\n\
                  verification = 2\n[[tuning.trials]]\nruns = 2\nbox = 0.5\n";
    std::fs::write(directory.path().join("weak.toml"), config).unwrap();
    let search = "tune --config weak.toml --controller lqr --particles 4 --budget 8 --out weak";
    let output = dip(directory.path(), search);
    assert_eq!(output.status.code(), Some(1));
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("FAILED in training"), "{stdout}");
    // The command is to be copied.
    let is_short = |line: &str| line.chars().count() <= 80 || line.starts_with("dip tune");
    assert!(stdout.lines().all(is_short), "{stdout}");
    let files = "weak: report.html, convergence.svg, tune.json for --gains";
    assert_eq!(stdout.lines().last(), Some(files));
    assert!(String::from_utf8_lossy(&output.stderr).contains("lqr: these gains failed"));
    let text = std::fs::read_to_string(directory.path().join("weak/tune.json")).unwrap();
    assert!(text.contains("\"verdict\": \"failed_training\""));

    // Whoever uses them is told, and may.
    for use_of in ["simulate --controller lqr", "compare --starts 2", "montecarlo --runs 2"] {
        let output = dip(directory.path(), &format!("{use_of} --gains weak/tune.json"));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{use_of}: {stderr}");
        let warning = "warning: weak/tune.json: these gains of lqr failed in training\n";
        assert_eq!(stderr, warning, "{use_of}");
    }

    // The same search ends where it ended; one of which nothing is there but what was kept is gone
    // on from only when that is wished.
    let document = directory.path().join("weak/tune.json");
    assert_eq!(dip(directory.path(), search).status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&document).unwrap(), text);
    std::fs::remove_file(document).unwrap();
    assert_eq!(dip(directory.path(), search).status.code(), Some(2));
    let more = search.replace("--budget 8", "--budget 16 --resume --json");
    let document: serde_json::Value =
        serde_json::from_slice(&dip(directory.path(), &more).stdout).unwrap();
    assert_eq!(document["evaluations"], 16);
    for picture in ["convergence.svg", "tune.checkpoint"] {
        assert!(directory.path().join("weak").join(picture).exists(), "{picture}");
    }
}

#[test]
fn a_front_is_traded_and_picked_from() {
    let directory = here();
    let config = "[simulation]\nduration = 0.2\n[tuning]\nverification = 2\n\
                  [[tuning.trials]]\nruns = 2\nbox = 0.009\nrequired = 0.0\n";
    std::fs::write(directory.path().join("short.toml"), config).unwrap();
    let search = "tune --config short.toml --controller lqr --pareto --particles 8 --budget 40";
    let fast = document(directory.path(), &format!("{search} --pick fast --out front"));
    assert_eq!(fast["picked"], "fast");
    let front = fast["front"].as_array().unwrap();
    assert!(!front.is_empty());
    let is_fast = |point: &&serde_json::Value| {
        point["names"].as_array().unwrap().iter().any(|name| name == "fast")
    };
    assert_eq!(front.iter().find(is_fast).unwrap()["gains"], fast["gains"]);
    assert!(directory.path().join("front/front.svg").exists());
    document(directory.path(), "simulate --controller lqr --gains front/tune.json");
}
