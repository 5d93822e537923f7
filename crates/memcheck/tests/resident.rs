//! The resident meter says what the kernel says, and sees touched memory come. One test, because
//! the resident set is that of the whole process.

use std::hint::black_box;

use memcheck::{Meter, ResidentMeter};

const MIB: i64 = 1 << 20;

#[test]
fn follows_the_operating_system() {
    let mut meter = ResidentMeter::new().unwrap();
    let before = meter.live_bytes().unwrap();
    #[cfg(target_os = "linux")]
    {
        // The kernel keeps its count in batches, one for each processor.
        let kernel = kernel_resident_bytes();
        assert!((before - kernel).abs() < 4 * MIB, "{before}, kernel {kernel}");
    }
    let block = black_box(vec![1_u8; 64 << 20]);
    let after = meter.live_bytes().unwrap();
    drop(block);
    // Statistical: half leaves room for pages that the system takes away meanwhile.
    assert!(after - before > 32 * MIB, "{before} to {after}");
}

#[cfg(target_os = "linux")]
fn kernel_resident_bytes() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<i64>().unwrap() * 1024
}
