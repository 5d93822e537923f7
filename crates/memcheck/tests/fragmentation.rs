//! A heap full of holes: not a byte more is live, and yet the process grows. Only the resident set
//! tells, and the soak has to see it. One test, because the resident set is that of the whole process.

use std::hint::black_box;
use std::time::Duration;

use memcheck::{
    CountingAllocator, Length, ResidentMeter, Soak, SoakReport, ThreadMeter, Verdict, soak,
};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

const HOLES: usize = 1000;
const PIN: usize = 48;

/// Each block is filled, shrunk to a pin when the next one stands behind it, and kept; the next one is
/// larger than any hole that is left. All is paid from a reserve that was never touched.
struct Holes {
    pins: Vec<Vec<u8>>,
    last: Vec<u8>,
    reserve: Vec<u8>,
    faulty: bool,
}

const MORE: usize = 32;

impl Holes {
    fn new(faulty: bool) -> Self {
        Self {
            pins: Vec::with_capacity(HOLES),
            last: vec![1; 8192],
            reserve: vec![0; HOLES * (PIN + MORE)],
            faulty,
        }
    }

    fn riddle(&mut self) {
        let next = black_box(vec![1_u8; 8192 + MORE * (self.pins.len() + 1)]);
        if self.faulty {
            let mut pin = std::mem::replace(&mut self.last, next);
            pin.truncate(PIN);
            pin.shrink_to_fit();
            self.pins.push(pin);
            self.reserve.truncate((HOLES - self.pins.len()) * (PIN + MORE));
            self.reserve.shrink_to_fit();
        }
    }
}

/// One call a second: 17 minutes.
fn report(meter: &mut impl memcheck::Meter, faulty: bool) -> SoakReport {
    let plan = Soak { length: Length::Calls(HOLES as u64), ..Soak::default() };
    let mut holes = Holes::new(faulty);
    soak(&plan, meter, Duration::from_secs, |_| holes.riddle()).unwrap()
}

#[test]
fn the_soak_sees_the_resident_set_grow_while_live_bytes_are_flat() {
    let resident = &mut ResidentMeter::new().unwrap();
    let clean = report(resident, false);
    assert_eq!(clean.judgement.verdict, Verdict::Flat, "{}", clean.judgement);

    let grown = report(resident, true);
    assert_eq!(grown.judgement.verdict, Verdict::Growing, "{}", grown.judgement);

    let live = report(&mut ThreadMeter::new().unwrap(), true);
    let bytes: Vec<f64> = live.series.samples().iter().map(|sample| sample.bytes).collect();
    assert!(bytes.iter().all(|&reading| reading == bytes[0]), "{bytes:?}");
}

#[test]
#[ignore = "slow: a hundred soaks"]
fn a_clean_run_passes_a_hundred_times_out_of_a_hundred() {
    let resident = &mut ResidentMeter::new().unwrap();
    let flat = (0..100).filter(|_| report(resident, false).check().is_ok()).count();
    println!("{flat} of 100 clean soaks passed");
    assert_eq!(flat, 100);
}
