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
        let agrees = |ours: i64, line| {
            let kernel = kernel_bytes(line);
            assert!((ours - kernel).abs() < 4 * MIB, "{line} {ours}, kernel {kernel}");
        };
        agrees(before, "VmRSS:");
        agrees(meter.virtual_bytes().unwrap(), "VmSize:");
        agrees(meter.peak_bytes().unwrap(), "VmHWM:");
    }
    let block = black_box(vec![1_u8; 64 << 20]);
    let after = meter.live_bytes().unwrap();
    drop(block);
    // Statistical: half leaves room for pages that the system takes away meanwhile.
    assert!(after - before > 32 * MIB, "{before} to {after}");
    // The peak outlives the block.
    assert!(meter.peak_bytes().unwrap() - before > 32 * MIB);
}

#[cfg(target_os = "linux")]
fn kernel_bytes(line: &str) -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let value = status.lines().find_map(|other| other.strip_prefix(line)).unwrap();
    value.trim().strip_suffix(" kB").unwrap().parse::<i64>().unwrap() * 1024
}
