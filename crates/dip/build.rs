//! Tells the program its commit and its compiler, for the provenance of results.
//!
//! It runs again when the sources or the commit change, and not otherwise: the program would be
//! compiled anew each time.

use std::path::Path;
use std::process::Command;

/// What the program is made of, from this directory.
const SOURCES: [&str; 4] =
    ["../../Cargo.toml", "../../Cargo.lock", ":(glob)../*/src/**", ":(glob)../*/Cargo.toml"];

fn main() {
    let rustc = std::env::var("RUSTC").expect("cargo sets it");
    let version = output(&rustc, &["--version"]).expect("the compiler tells its version");
    println!("cargo::rustc-env=DIP_RUSTC={version}");
    println!("cargo::rustc-env=DIP_COMMIT={}", commit().unwrap_or_else(|| "unknown".to_owned()));
    println!("cargo::rerun-if-changed=build.rs");
}

/// The commit, with `-dirty` if the sources are not those of it; none outside of the repository, even
/// inside of another one.
fn commit() -> Option<String> {
    output("git", &["ls-files", "--error-unmatch", "build.rs"])?;
    let commit = output("git", &["rev-parse", "HEAD"])?;
    let changed =
        output("git", &[&["status", "--porcelain", "-uno", "--"], &SOURCES[..]].concat())?;
    watch();
    Some(if changed.is_empty() { commit } else { commit + "-dirty" })
}

fn watch() {
    // The log grows with each commit and checkout.
    for name in ["HEAD", "logs/HEAD"] {
        let path = output("git", &["rev-parse", "--git-path", name]);
        if let Some(path) = path.filter(|path| Path::new(path).exists()) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    for path in ["../../Cargo.toml", "../../Cargo.lock"] {
        println!("cargo::rerun-if-changed={path}");
    }
    for member in std::fs::read_dir("..").into_iter().flatten().flatten() {
        for path in [member.path().join("src"), member.path().join("Cargo.toml")] {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
}

/// What a program printed, if it succeeded.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
