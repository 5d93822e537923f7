//! The command `dip`: files, arguments and terminal around the closed loop.
//!
//! It decides nothing about physics, laws or figures; those live in the crates below. A file a
//! command; what they share is `input` and `layers` (files in), `output` (files and
//! documents out) and `terminal` (tables and progress).

mod check;
mod cli;
mod compare;
mod completions;
mod convert;
mod design;
mod embedded;
mod essence;
mod excerpt;
mod gains;
mod init;
mod input;
mod interrupt;
mod layers;
mod locate;
mod man;
mod montecarlo;
mod named;
mod output;
mod overview;
mod picture;
mod provenance;
mod replay;
mod report;
mod result_schema;
mod results;
mod rigs;
mod roa;
mod roa_picture;
mod schema;
mod sensitivity;
mod simulate;
mod terminal;
mod trajectory;
mod tune;
mod tune_picture;
mod version;
mod words;
mod yaml;

use std::process::ExitCode;

use memcheck::CountingAllocator;

use crate::cli::{Cli, Command};
use crate::input::InputError;
use crate::montecarlo::Interrupted;

/// Counts every byte, so that the comparison can say what each law left behind.
#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

/// Exit code for a fault in what the user gave; 1 is for everything else that can fail.
const INPUT_FAULT: u8 = 2;

/// Exit code of what was ended by Ctrl-C: that of a shell, 128 and the number of the signal.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let cli = Cli::of_process();
    terminal::begin(cli.output.color, cli.output.quiet);
    match interrupt::begin().and_then(|()| run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::error(&error);
            if error.is::<InputError>() {
                ExitCode::from(INPUT_FAULT)
            } else if error.is::<Interrupted>() || error.is::<tune::Interrupted>() {
                ExitCode::from(INTERRUPTED)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let Cli { config, output, version, verbose, command } = cli;
    let (config, output) = (&config, &output);
    if version || command.as_ref().is_some_and(|command| !command.reads_experiment()) {
        config.check_is_not_given()?;
    }
    if version {
        return version::print_version(output, verbose);
    }
    match command.unwrap_or_default() {
        Command::Compare(args) => match args.starts {
            Some(starts) => compare::run(config, output, &args, starts),
            None => overview::run(config, output, &args),
        },
        Command::Simulate(args) => simulate::run(config, output, &args),
        Command::Roa(args) => roa::run(config, output, &args),
        Command::Sensitivity(args) => sensitivity::run(config, output, &args),
        Command::Montecarlo(args) => montecarlo::run(config, output, &args),
        Command::Tune(args) => tune::run(config, output, &args),
        Command::Design(args) => design::run(config, output, &args),
        Command::Gains(args) => gains::run(config, output, &args),
        Command::Rigs => rigs::run(output),
        Command::Check(args) => check::run(config, output, &args),
        Command::Replay(args) => replay::run(output, &args),
        Command::Report(args) => report::run(output, &args),
        Command::Completions(args) => completions::run(output, &args),
        Command::Man(args) => man::run(output, &args),
        Command::Init(args) => init::run(output, &args),
        Command::Schema { results: false } => schema::run(),
        Command::Schema { results: true } => result_schema::run(),
        Command::Convert(args) => convert::run(output, &args),
    }
}
