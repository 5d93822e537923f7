//! A test binary with one test and no thread but `main`, understood by `cargo test` and nextest.

/// Runs `test`, or names it where a test runner asks for the list of tests.
pub(crate) fn run(name: &str, test: fn()) {
    let asked = |flag: &str| std::env::args().any(|argument| argument == flag);
    match (asked("--list"), asked("--ignored")) {
        (true, false) => println!("{name}: test"),
        (false, false) => test(),
        // No test here is ignored: there is nothing to list or to run.
        (_, true) => {}
    }
}
