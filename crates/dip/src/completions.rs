//! `dip completions`: what a shell needs to complete commands, options and names.
//!
//! All of it is made from the definition of the command line. Validated by `tests/terminal.rs`.

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::cli::Cli;
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(output: &Output, args: &CompletionsArgs) -> Result<()> {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "dip", &mut script);
    output.text(&String::from_utf8(script)?)
}
