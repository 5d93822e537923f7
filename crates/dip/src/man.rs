//! `dip man`: manual pages, made from the definition of the command line.
//!
//! Validated by `tests/terminal.rs`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_mangen::Man;

use crate::cli::Cli;
use crate::output::{Output, make_directory};
use crate::results::{keep_other, write_content};

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Directory for dip.1 and a page of each command [default: only dip.1, to stdout]
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

pub(crate) fn run(output: &Output, args: &ManArgs) -> Result<()> {
    let mut command = Cli::command().disable_help_subcommand(true);
    // Names commands in full, and gives them the options that all have.
    command.build();
    let Some(directory) = &args.directory else {
        return output.text(&page(&Man::new(command))?);
    };
    make_directory(directory)?;
    let commands: Vec<_> = command.get_subcommands().cloned().chain([command.clone()]).collect();
    let pages = commands
        .into_iter()
        .map(Man::new)
        .map(|man| Ok((directory.join(man.get_filename()), page(&man)?)))
        .collect::<Result<Vec<_>>>()?;
    for (path, page) in &pages {
        keep_other(path, page.as_bytes(), output.force)?;
    }
    for (path, page) in &pages {
        write_content(path, page.as_bytes(), output.force)?;
    }
    output.give_files(&pages.into_iter().map(|(path, _)| path).collect::<Vec<_>>())
}

fn page(man: &Man) -> Result<String> {
    let mut page = Vec::new();
    man.render(&mut page)?;
    Ok(String::from_utf8(page)?)
}
