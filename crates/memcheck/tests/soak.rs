//! The soak: how long it is, how often it samples, what passes, and its picture. Which faults it
//! catches is in `planted.rs` and `fragmentation.rs`.

use std::cell::Cell;
use std::hint::black_box;
use std::mem::forget;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use memcheck::{
    CountingAllocator, Judgement, Length, Meter, MeterError, Soak, SoakError, ThreadMeter, Verdict,
    no_alloc, soak, svg,
};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

/// Reads what it was told to, and counts its readings.
struct Told<F>(F, i64);

impl<F: FnMut(i64) -> i64> Meter for Told<F> {
    fn live_bytes(&mut self) -> Result<i64, MeterError> {
        self.1 += 1;
        Ok((self.0)(self.1))
    }

    fn peak_bytes(&mut self) -> Result<i64, MeterError> {
        self.live_bytes()
    }
}

fn seconds(calls: u64) -> Duration {
    Duration::from_secs(calls)
}

#[test]
fn calls_are_made_and_sampled_evenly() {
    let plan = Soak { length: Length::Calls(1000), samples: 50, ..Soak::default() };
    let mut seen = 0;
    let report = soak(&plan, &mut Told(|_| 7, 0), seconds, |i| {
        assert_eq!(i, seen);
        seen += 1;
    })
    .unwrap();
    assert_eq!((seen, report.calls, report.end), (1000, 1000, seconds(1000)));
    let times: Vec<f64> = report.series.samples().iter().map(|sample| sample.t).collect();
    let expected: Vec<f64> = (0..=50).map(|i| f64::from(i) * 20.0).collect();
    assert_eq!(times, expected);
    assert!(report.check().is_ok() && !report.interrupted);
}

#[test]
fn time_is_the_callers() {
    // Two and a half seconds a call: 40 calls until 100 s are over.
    let clock = |calls: u64| Duration::from_millis(2500 * calls);
    let plan =
        Soak { length: Length::Time(Duration::from_secs(100)), samples: 20, ..Soak::default() };
    let report = soak(&plan, &mut Told(|_| 7, 0), clock, |_| ()).unwrap();
    assert_eq!((report.calls, report.series.samples().len()), (40, 21));
    report.check().unwrap();
}

#[test]
fn only_flat_and_whole_is_a_pass() {
    let judge = |reading: fn(i64) -> i64, samples, stop_at: u64| {
        let stop = AtomicBool::new(false);
        let plan = Soak {
            length: Length::Calls(3600),
            samples,
            limit_bytes_per_hour: 1000.0,
            stop: Some(&stop),
        };
        soak(&plan, &mut Told(reading, 0), seconds, |i| {
            if i + 1 == stop_at {
                stop.store(true, Relaxed);
            }
        })
        .unwrap()
    };
    assert!(judge(|_| 5, 100, 0).check().is_ok());
    let growing = judge(|i| 1_000_000 * i, 100, 0);
    assert!(matches!(growing.check(), Err(SoakError::NotFlat(j)) if j.verdict == Verdict::Growing));
    let few = judge(|_| 5, 10, 0);
    assert!(matches!(few.check(), Err(SoakError::NotFlat(j)) if j.verdict == Verdict::Undecided));
    // What was seen until then is reported; growth is what matters most.
    let stopped = judge(|_| 5, 100, 1800);
    assert!(stopped.interrupted && stopped.judgement.verdict == Verdict::Flat);
    assert_eq!((stopped.calls, stopped.series.samples().len()), (1800, 51));
    assert!(matches!(stopped.check(), Err(SoakError::Interrupted { calls: 1800, .. })));
    let grown = judge(|i| 1_000_000 * i, 100, 1800);
    assert!(matches!(grown.check(), Err(SoakError::NotFlat(_))));
    // A stop that comes with the end is none.
    assert!(judge(|_| 5, 100, 3600).check().is_ok());
}

#[test]
fn what_cannot_be_done_is_refused() {
    let run = |plan: &Soak<'_>, clock: fn(u64) -> Duration| {
        soak(plan, &mut Told(|_| 7, 0), clock, |_| ()).map(|_| ()).unwrap_err()
    };
    for samples in [0, 101] {
        let plan = Soak { length: Length::Calls(100), samples, ..Soak::default() };
        let error = run(&plan, seconds).to_string();
        assert_eq!(error, format!("samples = {samples}: must be from 1 to the number of calls"));
    }
    let plan = Soak { length: Length::Calls(100), ..Soak::default() };
    let stopped = run(&plan, |_| Duration::ZERO).to_string();
    assert_eq!(stopped, "sample 1 at 0 s does not come after 0 s");
    let no_limit = Soak { limit_bytes_per_hour: 0.0, ..plan };
    assert!(matches!(run(&no_limit, seconds), SoakError::Trend(_)));
}

#[test]
fn it_takes_its_room_at_the_start() {
    let meter = &mut ThreadMeter::new().unwrap();
    let plan = Soak { length: Length::Calls(1000), samples: 1000, ..Soak::default() };
    let touched = Cell::new(0);
    let between = Cell::new(None);
    let watch = ThreadMeter::new().unwrap();
    let report = soak(&plan, meter, seconds, |_| {
        // From the end of one call to the beginning of the next.
        let now = watch.read();
        touched.set(
            touched.get() + u32::from(between.replace(Some(now)).is_some_and(|then| now != then)),
        );
    });
    assert_eq!(touched.get(), 0);
    assert_eq!(report.unwrap().judgement.verdict, Verdict::Flat);
    // The count above can fail.
    assert!(no_alloc(|| drop(black_box(Box::new(1)))).is_err());
}

#[test]
fn the_report_is_a_document_and_a_picture() {
    let plan = Soak { length: Length::Calls(100), ..Soak::default() };
    let meter = &mut ThreadMeter::new().unwrap();
    let report = soak(&plan, meter, seconds, |i| forget(black_box(Box::new(i)))).unwrap();
    let document = serde_json::to_value(&report).unwrap();
    assert_eq!(document["judgement"]["whole"]["verdict"], document["judgement"]["verdict"]);
    assert_eq!(document["series"].as_array().unwrap().len(), 101);
    assert_eq!(document["length"]["calls"], 100);
    assert!(document["judgement"]["whole"]["estimate"]["p"].as_f64().unwrap() < 1e-6);

    let samples = report.series.samples();
    let picture = svg(&[("live", samples), ("resident", &samples[..Judgement::MIN_SAMPLES])]);
    assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"));
    for text in ["live [KiB]", "resident [KiB]", "t [h]"] {
        assert!(picture.contains(text), "{text} is not in the picture");
    }
}
