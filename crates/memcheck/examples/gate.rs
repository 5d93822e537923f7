//! One gate that is clean, one that catches a planted leak, and a loop that leaves the heap alone.
//!
//! `cargo run -p memcheck --example gate`

use std::collections::VecDeque;

use memcheck::{CountingAllocator, GateError, Growth, growth, no_alloc};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

fn main() -> Result<(), GateError> {
    let gate = Growth { repetitions: 10_000, warm_up: 200, ..Growth::default() };

    // The same recorder twice: one forgets what is older than 100 samples, one never forgets.
    let mut bounded = VecDeque::with_capacity(100);
    let clean = growth(&gate, |i| {
        if bounded.len() == 100 {
            bounded.pop_front();
        }
        bounded.push_back(i);
    })?;
    let mut unbounded = Vec::new();
    let leaky = growth(&gate, |i| unbounded.push(i))?;

    println!(
        "{:<22}{:>12}{:>16}{:>18}  verdict",
        "gate", "allocations", "reallocations", "bytes per 1000"
    );
    for (name, report) in [("bounded recorder", clean), ("unbounded recorder", leaky)] {
        let verdict = report.check().map_or_else(|error| error.to_string(), |()| "pass".into());
        println!(
            "{name:<22}{:>12}{:>16}{:>18.1}  {verdict}",
            report.change.allocations, report.change.reallocations, report.bytes_left_per_1000
        );
    }
    assert!(leaky.check().is_err(), "the planted leak has to be caught");

    let sum = no_alloc(|| bounded.iter().sum::<u64>())?;
    println!("\nsumming the last 100 samples ({sum}) left the heap alone");
    clean.check()
}
