//! The program, as tests start it: in a directory, with arguments as they are typed.

#![allow(dead_code, reason = "each test needs some of it")]

use std::path::Path;
use std::process::{Command, Output};

/// What is started.
pub(crate) fn command(directory: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dip"));
    command.args(arguments.split_whitespace()).current_dir(directory);
    command
}

/// What became of it.
pub(crate) fn dip(directory: &Path, arguments: &str) -> Output {
    command(directory, arguments).output().unwrap()
}

/// What it printed, having succeeded.
pub(crate) fn done(directory: &Path, arguments: &str) -> String {
    let output = dip(directory, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "dip {arguments}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}
