//! Every result says where it comes from, and what another run left is not lost.

mod program;

use std::ffi::OsStr;
use std::fs;
use std::io::Cursor;
use std::path::Path;
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

/// Of an SVG, a PNG or a GIF.
fn origin_in(picture: &Path) -> Value {
    let bytes = fs::read(picture).unwrap();
    let json = match picture.extension().unwrap().to_str().unwrap() {
        "svg" => {
            let svg = String::from_utf8(bytes).unwrap();
            let (_, rest) = svg.split_once("<metadata>").unwrap();
            let (text, _) = rest.split_once("</metadata>").unwrap();
            text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        }
        "png" => {
            let reader = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
            let texts = &reader.info().utf8_text;
            assert_eq!((texts.len(), texts[0].keyword.as_str()), (1, "Comment"));
            texts[0].get_text().unwrap()
        }
        _ => {
            let mut blocks =
                &bytes[bytes.windows(2).position(|two| two == [0x21, 0xfe]).unwrap() + 2..];
            let mut text = Vec::new();
            while blocks[0] > 0 {
                let (block, rest) = blocks[1..].split_at(blocks[0].into());
                text.extend_from_slice(block);
                blocks = rest;
            }
            String::from_utf8(text).unwrap()
        }
    };
    serde_json::from_str(&json).unwrap()
}

/// The command has what XML cannot have as it is.
#[test]
fn every_picture_says_where_it_comes_from() {
    for (arguments, _, file) in COMMANDS {
        let Some(file) = file else { continue };
        let directory = here();
        let out = directory.path().join(if cfg!(windows) { "a&b" } else { "a&b<c>" });
        let words = arguments.replace("--out o", "--config short.toml --out");
        let typed: Vec<&OsStr> =
            words.split(' ').map(OsStr::new).chain([out.as_os_str()]).collect();
        let run = |words: &[&OsStr]| {
            let output = Command::new(env!("CARGO_BIN_EXE_dip"))
                .args(words)
                .current_dir(directory.path())
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        run(&typed);
        let mut drawn = 0;
        if arguments.starts_with("simulate") {
            run(&[
                "report".as_ref(),
                out.as_os_str(),
                "--strip".as_ref(),
                out.join("strip.svg").as_os_str(),
                "--gif".as_ref(),
                out.join("motion.gif").as_os_str(),
            ]);
            drawn = 2;
        }
        let text = fs::read_to_string(out.join(file.trim_start_matches("o/"))).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let mut seen = 0;
        for entry in fs::read_dir(&out).unwrap() {
            let path = entry.unwrap().path();
            if ["svg", "png", "gif"].iter().any(|ending| path.extension() == Some(ending.as_ref()))
            {
                let origin = origin_in(&path);
                for key in ["schema", "provenance", "experiment"] {
                    assert_eq!(origin[key], document[key], "{} {key}", path.display());
                    assert!(!origin[key].is_null());
                }
                seen += 1;
            }
        }
        let expected = match arguments.split(' ').next().unwrap() {
            "compare" if arguments.contains("--starts") => 0,
            "compare" | "simulate" => 4,
            "montecarlo" => 0,
            _ => 2,
        };
        assert_eq!(seen, expected + drawn, "{arguments}");
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
