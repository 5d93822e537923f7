//! Every result says where it comes from, and what another run left is not lost.

mod program;

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::program::dip;

/// Short runs, so that every command takes no time.
fn here() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let short = "[simulation]\nduration = 0.1\n[settling]\ntheta = 0.15\n[tuning]\n\
                 verification = 1\n[[tuning.trials]]\nruns = 1\nbox = 0.04\n";
    fs::write(directory.path().join("short.toml"), short).unwrap();
    directory
}

/// Each command that computes something, its seed, and its document in a file.
const COMMANDS: [(&str, Option<u64>, Option<&str>); 8] = [
    ("compare --controllers lqr --out o", Some(1), Some("o/summary.json")),
    ("compare --controllers lqr --starts 2 --seed 3 --out o", Some(3), Some("o/comparison.json")),
    ("simulate --controller lqr --seed 4 --out o", Some(4), Some("o/summary.json")),
    ("montecarlo --controllers lqr --runs 9 --seed 5 --out o", Some(5), Some("o/montecarlo.json")),
    ("roa --controllers lqr --grid 3 --seed 6 --out o", Some(6), Some("o/roa.json")),
    (
        "sensitivity --controller lqr --rows 2 --starts 1 --seed 7 --out o",
        Some(7),
        Some("o/sensitivity.json"),
    ),
    (
        "tune --controller lqr --particles 2 --budget 2 --seed 8 --out o",
        Some(8),
        Some("o/tune.json"),
    ),
    ("design", None, None),
];

#[test]
fn every_document_says_where_it_comes_from() {
    for (arguments, seed, file) in COMMANDS {
        let directory = here();
        let typed = format!("{arguments} --config short.toml --json");
        let output = dip(directory.path(), &typed);
        assert!(output.status.success(), "{typed}: {}", String::from_utf8_lossy(&output.stderr));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let provenance = &document["provenance"];
        assert_eq!(provenance["version"], env!("CARGO_PKG_VERSION"), "{typed}");
        assert_eq!(provenance["seed"], serde_json::to_value(seed).unwrap(), "{typed}");
        let words: Vec<&str> =
            provenance["command"].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
        assert_eq!(words.join(" "), format!("dip {typed}"));
        assert!(provenance["rustc"].as_str().unwrap().starts_with("rustc 1."));
        assert!(provenance["threads"].as_u64().unwrap() >= 1);
        for key in ["instruction_set", "operating_system"] {
            assert!(!provenance[key].as_str().unwrap().is_empty(), "{key}");
        }
        assert!(provenance["processor"] != "");
        if let Some(file) = file {
            let text = fs::read_to_string(directory.path().join(file)).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
        }
    }
}

/// The commit that git tells here is the one in the program, unless the sources changed since.
#[test]
fn the_commit_is_that_of_the_repository() {
    let output = dip(here().path(), "design --json");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let commit = document["provenance"]["commit"].as_str().unwrap();
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .ok()?;
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    };
    let is_ours = git(&["ls-files", "--error-unmatch", "build.rs"]).is_some();
    match git(&["rev-parse", "HEAD"]) {
        Some(head) if is_ours => {
            assert_eq!(commit.trim_end_matches("-dirty"), head.trim());
        }
        _ => assert_eq!(commit, "unknown"),
    }
}
