//! Experiment files as their users see them: written, layered, explained, completed and converted.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use sim_runner::Experiment;

fn dip(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dip")).args(arguments).current_dir(directory).output().unwrap()
}

fn stdout(directory: &Path, arguments: &[&str]) -> String {
    let output = dip(directory, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "dip {arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

fn here() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files");

#[test]
fn init_writes_the_built_in_experiment_in_full() {
    let directory = here();
    stdout(directory.path(), &["init", "mine.toml"]);
    let text = fs::read_to_string(directory.path().join("mine.toml")).unwrap();
    assert_eq!(toml::from_str::<Experiment>(&text).unwrap(), Experiment::default());
    let written: toml::Table = toml::from_str(&text).unwrap();
    assert_eq!(written, toml::Table::try_from(Experiment::default()).unwrap());
    assert!(text.starts_with("#:schema "), "{text}");
    // A key that takes a number has its meaning and, if it has one, its rule; a key without default
    // is named.
    for line in [
        "# Mass of the cart in kg. Must be finite and greater than 0.\nm0 = 1.5\n",
        "Must be from 1 to 100000.\nverification = 1000\n",
        "# Instead: semi_implicit_euler.\nintegrator = \"rk4\"\n",
        "# half_length = … #",
        "# disturbances = … #",
        "# rig = … #",
    ] {
        assert!(text.contains(line), "no {line:?} in\n{text}");
    }
    let checked = stdout(directory.path(), &["check", "mine.toml"]);
    assert!(checked.contains("nothing is other than built in"), "{checked}");
}

#[test]
fn init_writes_over_a_file_only_when_told_to() {
    let directory = here();
    let file = directory.path().join("experiment.toml");
    fs::write(&file, "mine").unwrap();
    let output = dip(directory.path(), &["init"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.contains("experiment.toml is there already; --force replaces it"), "{stderr}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    stdout(directory.path(), &["init", "--force"]);
    assert!(fs::read_to_string(&file).unwrap().contains("[plant]"));
    assert_eq!(dip(directory.path(), &["init", "mine.yaml"]).status.code(), Some(2));
}

#[test]
fn the_published_schema_is_current() {
    let published = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/experiment.schema.json");
    let published = fs::read_to_string(published).unwrap();
    let printed = stdout(here().path(), &["schema"]);
    assert!(printed == published, "dip schema > docs/experiment.schema.json");
    let schema: Value = serde_json::from_str(&printed).unwrap();
    let built_in = serde_json::to_value(Experiment::default()).unwrap();
    for key in built_in.as_object().unwrap().keys().map(String::as_str).chain(["rig", "extends"]) {
        assert!(schema["properties"][key].is_object(), "{key}");
    }
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn layers_lie_over_each_other_and_check_says_which_one_won() {
    let directory = here();
    for (name, text) in [
        (
            "base.yaml",
            "plant: { m0: 2.0, m1: 0.3 }\ncontrollers:\n  hybrid:\n    switching: implicit\n",
        ),
        (
            "more.toml",
            "[plant]\nm1 = 0.35\n[controllers.hybrid.switching.sign]\nhysteresis = 0.5\n",
        ),
        ("top.toml", "extends = [\"base.yaml\", \"more.toml\"]\nstart.theta1 = 0.1\n"),
    ] {
        fs::write(directory.path().join(name), text).unwrap();
    }
    let set = ["--set", "start.theta1=0.2", "--set", "tuning.tail = 0.3"];
    let arguments = [&["check", "top.toml", "--json"][..], &set].concat();
    let checked: Value = serde_json::from_str(&stdout(directory.path(), &arguments)).unwrap();
    assert_eq!(checked["layers"], json!(["base.yaml", "more.toml", "top.toml", "--set", "--set"]));
    let changes: Vec<_> = checked["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            (change["key"].as_str().unwrap(), &change["value"], change["layer"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        changes,
        [
            ("controllers.hybrid.switching.sign.hysteresis", &json!(0.5), "more.toml"),
            ("plant.m0", &json!(2.0), "base.yaml"),
            ("plant.m1", &json!(0.35), "more.toml"),
            ("start.theta1", &json!(0.2), "--set"),
            // A start is said as a whole: what is left out of it is 0.
            ("start.theta2", &json!(0.0), "--set"),
            ("tuning.tail", &json!(0.3), "--set"),
        ]
    );
    let words = [&["check", "top.toml"][..], &set].concat();
    insta::assert_snapshot!(stdout(directory.path(), &words));

    // A partial alternative completes the one below; with no file the one below is built in or none.
    let design = [
        "design",
        "--controller",
        "hybrid",
        "--set",
        "controllers.hybrid.surface.scheduled.width=0.5",
    ];
    let output = dip(directory.path(), &design);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("missing key `near`"));
}

#[test]
fn what_the_command_line_sets_is_what_runs() {
    let directory = here();
    let arguments =
        ["simulate", "--controller", "lqr", "--json", "--set", "simulation.duration=0.5"];
    let document: Value = serde_json::from_str(&stdout(directory.path(), &arguments)).unwrap();
    assert!(document.to_string().contains("\"duration\":0.5"), "{document}");
}

#[test]
fn a_config_of_the_predecessor_becomes_an_experiment() {
    let directory = here();
    let out = directory.path().join("mine.toml");
    let out = out.to_str().unwrap();
    let output = dip(Path::new(FILES), &["convert", "config.yaml", "--out", out]);
    let report = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{report}");
    let text = fs::read_to_string(out).unwrap();
    insta::assert_snapshot!(format!("{text}\n--- stderr\n{report}"));
    stdout(directory.path(), &["check", "mine.toml"]);
    assert_eq!(stdout(Path::new(FILES), &["convert", "config.yaml"]), text);
    // Every key is in the report.
    let config = fs::read_to_string(format!("{FILES}/config.yaml")).unwrap();
    for key in ["cart_mass", "K_min", "enable_equivalent", "horizon", "plant_port", "global_seed"] {
        assert!(config.contains(key) && report.contains(key), "{key}");
    }
}

#[test]
fn what_is_no_config_of_the_predecessor_is_refused() {
    let directory = here();
    for (name, text, words) in [
        ("list.yaml", "- 1\n", "expected a table"),
        ("other.yaml", "a: { b: 1 }\n", "not a config.yaml"),
        ("broken.yaml", "physics: [\n", "broken.yaml: line"),
    ] {
        fs::write(directory.path().join(name), text).unwrap();
        let output = dip(directory.path(), &["convert", name]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(output.stdout.is_empty() && stderr.contains(words), "{stderr}");
    }
    assert_eq!(dip(directory.path(), &["convert", "none.yaml"]).status.code(), Some(2));
}

#[test]
fn a_config_whose_step_does_not_fit_here_loses_that_key_only() {
    let directory = here();
    let text = "physics: { cart_mass: 1.25, cart_masss: 2.0 }\nsimulation: { dt: 0.003 }\n";
    fs::write(directory.path().join("config.yaml"), text).unwrap();
    let output = dip(directory.path(), &["convert", "config.yaml"]);
    let report = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{report}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("m0 = 1.25"));
    let refused = "simulation.dt = 0.003: simulation.duration = 10 s: must be a multiple";
    assert!(report.contains(refused), "{report}");
    assert!(report.contains("physics.cart_masss = 2.0: not known; `cart_mass` is"), "{report}");
}

/// A key is no fault by itself that breaks a rule only beside another which is refused.
#[test]
fn a_config_keeps_what_is_legal_beside_what_is_not() {
    let directory = here();
    for (text, kept, lost) in [
        (
            "physics: {}\nsimulation: {duration: 8, dt: 0.003}\n",
            "duration = 8.0",
            "simulation.dt = 0.003: ",
        ),
        (
            "physics: {cart_mass: 1.25, gravity: .nan}\n",
            "m0 = 1.25",
            "physics.gravity = nan: plant.g = NaN: must be",
        ),
        (
            "physics: {cart_mass: 1e300, pendulum1_length: 1e-300, pendulum2_mass: 0.2}\n",
            "m2 = 0.2",
            "physics.cart_mass = ",
        ),
    ] {
        fs::write(directory.path().join("a\nb.yaml"), text).unwrap();
        let output =
            dip(directory.path(), &["convert", "a\nb.yaml", "--out", "mine.toml", "--force"]);
        let report = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{report}");
        let (_, refused) = report.split_once("refused").unwrap();
        assert!(refused.contains(lost), "{report}");
        let made = fs::read_to_string(directory.path().join("mine.toml")).unwrap();
        assert!(made.contains(kept), "{made}\n{report}");
        stdout(directory.path(), &["check", "mine.toml"]);
    }
}

#[test]
fn a_config_loses_keys_without_a_value_only() {
    let directory = here();
    let text = "physics:\n  cart_mass: 1.25\n  gravity:\n\
                simulation:\n  initial_state: [0, ~, 0.1, 0, 0, 0]\n";
    fs::write(directory.path().join("config.yaml"), text).unwrap();
    let output = dip(directory.path(), &["convert", "config.yaml"]);
    let report = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{report}");
    assert!(String::from_utf8(output.stdout).unwrap().ends_with("[plant]\nm0 = 1.25\n"));
    for key in ["physics.gravity", "simulation.initial_state"] {
        assert!(report.contains(&format!("  {key}: nothing stands there\n")), "{report}");
    }
    assert!(!report.contains("  simulation ="), "{report}");
}

#[test]
fn an_empty_file_says_nothing() {
    let directory = here();
    for (name, text) in [("a.toml", ""), ("a.yaml", ""), ("b.yaml", "# Nothing.\n\n  # Yet.\n")] {
        fs::write(directory.path().join(name), text).unwrap();
        let output = dip(directory.path(), &["check", name]);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
