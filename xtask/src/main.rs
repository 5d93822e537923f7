//! The project's own tasks: `cargo xtask leakcheck`, `soak`, `bench`, `transcripts`,
//! `reference`, `examples`, `book` and `ci`.
//!
//! A file a task; what they share is `fault` (leaks planted on purpose) and `report` (what stdout
//! gets). Validated by running the binary: `tests/leakcheck.rs` and `tests/soak.rs`.

mod bench;
mod book;
mod bulk;
mod ci;
mod examples;
mod fault;
mod leakcheck;
mod long_run;
mod pace;
mod reference;
mod report;
mod soak;
mod transcripts;

use std::process::ExitCode;

use clap::Parser;
use memcheck::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

/// The project's own tasks.
#[derive(Debug, Parser)]
#[command(
    bin_name = "cargo xtask",
    after_help = "Exit codes: 0 passed; 1 failed; 2 an argument was wrong."
)]
enum Task {
    /// Construct, use and drop controllers, and count the bytes that they leave behind
    Leakcheck(leakcheck::Arguments),
    /// Keep the closed loop running for hours, and see that its memory does not grow
    Soak(soak::Arguments),
    /// Write what the program prints into the documents that show it, or compare
    Transcripts(transcripts::Arguments),
    /// Write the page of all keys of an experiment file, or compare
    Reference(reference::Arguments),
    /// Let the scripts of docs/examples/reading read a run, with the tools that are there
    Examples(examples::Arguments),
    /// Make a book of the documents, with mdBook
    Book,
    /// Run the benchmarks of speed, and compare them with what is promised
    Bench(bench::Arguments),
    /// Everything that continuous integration does, up to the first failure
    Ci(ci::Arguments),
}

fn main() -> ExitCode {
    let passed = match Task::parse() {
        Task::Leakcheck(arguments) => leakcheck::run(&arguments),
        Task::Soak(arguments) => soak::run(&arguments),
        Task::Transcripts(arguments) => transcripts::run(&arguments),
        Task::Reference(arguments) => reference::run(&arguments),
        Task::Examples(arguments) => examples::run(&arguments),
        Task::Book => book::run(),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Ci(arguments) => ci::run(&arguments),
    };
    match passed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
