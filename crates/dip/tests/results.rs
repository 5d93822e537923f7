//! Every document is what its schema says, and the published schema is that of the program.

mod program;

use std::fs::{read_to_string, write};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::program::{dip, done};

fn schema() -> Value {
    let published = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/results.schema.json");
    serde_json::from_str(&read_to_string(published).unwrap()).unwrap()
}

/// The schema of the documents of one command.
fn only(schema: &Value, name: &str) -> Validator {
    assert!(schema["$defs"][name].is_object(), "{name}");
    let schema = json!({ "$ref": format!("#/$defs/{name}"), "$defs": schema["$defs"] });
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn the_published_schema_is_current() {
    let here = tempfile::tempdir().unwrap();
    let published = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/results.schema.json");
    let printed = done(here.path(), "schema --results");
    assert!(
        printed == read_to_string(published).unwrap(),
        "dip schema --results > docs/results.schema.json"
    );
    assert!(jsonschema::meta::is_valid(&schema()));
}

/// Runs are short, so that they take no time; the bands are wide, so that some settle in it.
const SHORT: &str = "[simulation]\nduration = 0.5\n[settling]\ntheta = 0.1\nx = 1.0\n\
                     [[disturbances]]\non = \"cart\"\nshape = { step = { at = 0.2, value = 1.0 } }\n";

/// By the name in the schema: what is typed.
const DOCUMENTS: [(&str, &str); 18] = [
    ("compare", "compare --out o1"),
    ("compare_starts", "compare --starts 3"),
    ("simulate", "simulate --controller hybrid --out o2"),
    ("simulate", "simulate --controller none"),
    ("simulate", "simulate --controller lqr --replay 1:2"),
    ("montecarlo", "montecarlo --runs 8 --controllers hybrid,lqr"),
    ("montecarlo", "montecarlo --runs 4 --controllers lqr"),
    ("roa", "roa --controllers hybrid --grid 5 --out o3"),
    (
        "sensitivity",
        "sensitivity --controller lqr --rows 4 --starts 2 --of control_effort --out o4",
    ),
    ("design", "design"),
    ("design", "design --controller super_twisting"),
    ("gains", "gains"),
    ("rigs", "rigs"),
    ("check", "check short.toml"),
    ("replay", "replay o2/summary.json"),
    ("files", "init new.toml"),
    ("files", "report o2"),
    ("text", "--version"),
];

/// The keys of a document are those of its schema: none is missing there.
fn unknown_keys(schema: &Value, name: &str, document: &Value) -> Vec<String> {
    let known = schema["$defs"][name]["properties"].as_object().unwrap();
    let keys = document.as_object().unwrap().keys();
    keys.filter(|key| !known.contains_key(*key)).cloned().collect()
}

#[test]
fn documents_are_what_their_schema_says() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    write(here.join("short.toml"), SHORT).unwrap();
    let schema = schema();
    let any = jsonschema::validator_for(&schema).unwrap();
    for (name, arguments) in DOCUMENTS {
        // These read no experiment, or name its file.
        let reads_none = matches!(name, "rigs" | "check" | "replay" | "files" | "text");
        let config = if reads_none { "" } else { "--config short.toml" };
        let text = done(here, &format!("{config} {arguments} --json"));
        let document: Value = serde_json::from_str(&text).unwrap();
        let validator = only(&schema, name);
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{arguments}: {errors:#?}");
        assert!(any.is_valid(&document), "{arguments}");
        assert_eq!(unknown_keys(&schema, name, &document), Vec::<String>::new(), "{arguments}");

        // Planted: without any of its keys that is not left out at will, and with a number for a name.
        let required = schema["$defs"][name]["required"].as_array().unwrap();
        assert!(required.len() >= 2, "{name}");
        for key in required {
            let mut broken = document.clone();
            broken.as_object_mut().unwrap().remove(key.as_str().unwrap());
            assert!(!validator.is_valid(&broken), "{arguments} without {key}");
        }
        let broken = json!({ "schema": "one" });
        assert!(!validator.is_valid(&broken) && !any.is_valid(&broken));
    }
}

/// Slow beside the others, since its trials are those of every search.
#[test]
fn the_document_of_a_search_is_what_its_schema_says() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let schema = schema();
    let config = "[simulation]\nduration = 0.5\n[settling]\ntheta = 0.5\nx = 5.0\n[[tuning.trials]]\nname = \"one\"\nruns = 2\nbox = 0.05\n";
    write(here.join("short.toml"), config).unwrap();
    for method in ["", " --pareto"] {
        let arguments = format!(
            "--config short.toml tune --controller adaptive --particles 4 --budget 12{method} --json"
        );
        let output = dip(here, &arguments);
        // Gains that are not verified are told, and end with 1.
        let document: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        let validator = only(&schema, "tune");
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        assert_eq!(unknown_keys(&schema, "tune", &document), Vec::<String>::new());
    }
}
