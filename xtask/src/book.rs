//! `cargo xtask book`: the pages of `docs` as a book, in `target/book`.
//!
//! mdBook is a program, not a library of ours: it is asked for by name, and nobody else needs it. That
//! links of the pages lead somewhere is a test without it, `tests/links.rs`.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Its command.
const MDBOOK: &str = "mdbook";

/// How to get it.
const INSTALL: &str = "cargo install mdbook --locked";

pub(crate) fn run() -> Result<()> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let status = Command::new(MDBOOK)
        .args(["build", "docs"])
        .current_dir(root)
        .status()
        .with_context(|| format!("{MDBOOK} cannot be started; `{INSTALL}` installs it"))?;
    ensure!(status.success(), "{MDBOOK} failed");
    println!("target/book/index.html");
    Ok(())
}

/// Is there an mdBook?
pub(crate) fn can_be_built() -> bool {
    let version = Command::new(MDBOOK).arg("--version").stdout(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}
