//! The growth gate over the whole process: catches what helper threads leave behind.

mod single;

use std::hint::black_box;
use std::thread;

use memcheck::{CountingAllocator, GateError, Growth, GrowthReport, Scope, growth};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

fn main() {
    single::run("process_gate", || {
        assert_eq!(judge(clean).check(), Ok(()));
        assert_eq!(
            judge(leaking).check(),
            Err(GateError::Grew {
                bytes_left: 100 * 16,
                repetitions: 100,
                limit_bytes_per_1000: 0
            })
        );
    });
}

fn judge(body: fn()) -> GrowthReport {
    let gate = Growth { repetitions: 100, scope: Scope::Process, ..Growth::default() };
    growth(&gate, |_| body()).unwrap()
}

fn clean() {
    thread::spawn(|| drop(black_box(Box::new([0_u8; 16])))).join().unwrap();
}

fn leaking() {
    thread::spawn(|| std::mem::forget(black_box(Box::new([0_u8; 16])))).join().unwrap();
}
