//! The monitor: alerts on the way in and on the way out, and not in between; and what they cost.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use memcheck::{
    Alert, Cause, CountingAllocator, Limits, Meter, MeterError, Monitor, ProcessMeter, no_alloc,
};
use metrics_exporter_prometheus::PrometheusBuilder;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

const LIMITS: Limits = Limits {
    threshold_bytes: 1000,
    hysteresis_bytes: 100,
    growth_bytes_per_hour: None,
    interval: Duration::from_mins(1),
};

/// Reads what it is told to.
#[derive(Clone, Default)]
struct Told(Arc<AtomicI64>);

impl Meter for Told {
    fn live_bytes(&mut self) -> Result<i64, MeterError> {
        match self.0.load(Relaxed) {
            0 => Err(MeterError::NotTold { size: "size", pid: 1 }),
            bytes => Ok(bytes),
        }
    }

    fn peak_bytes(&mut self) -> Result<i64, MeterError> {
        self.live_bytes()
    }
}

/// What a monitor says to readings, one a minute.
fn alerts(limits: Limits, readings: impl IntoIterator<Item = i64>) -> Vec<(u64, Alert)> {
    let told = Told::default();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let monitor = Monitor::new("heap", told.clone(), limits).unwrap().on_alert({
        let heard = Arc::clone(&heard);
        move |alert| heard.lock().unwrap().push((alert.t.as_secs() / 60, alert.clone()))
    });
    for (minute, reading) in (0..).zip(readings) {
        told.0.store(reading, Relaxed);
        assert_eq!(monitor.sample(Duration::from_mins(minute)).unwrap(), Some(reading));
    }
    drop(monitor);
    Arc::into_inner(heard).unwrap().into_inner().unwrap()
}

fn causes(alerts: &[(u64, Alert)]) -> Vec<(u64, Cause)> {
    alerts.iter().map(|(minute, alert)| (*minute, alert.cause)).collect()
}

#[test]
fn the_threshold_has_a_hysteresis() {
    let heard = alerts(LIMITS, [999, 1000, 950, 1010, 900, 899, 1, 999, 2000, 2000]);
    let expected = [(1, Cause::Above), (5, Cause::BelowAgain), (8, Cause::Above)];
    assert_eq!(causes(&heard), expected);
    assert_eq!(heard[0].1.to_string(), "heap: 1000 bytes, the threshold is 1000");
    assert_eq!(heard[1].1.to_string(), "heap: 899 bytes, below the threshold of 1000 again");
    // Without one it is over with the first reading below.
    let none = Limits { hysteresis_bytes: 0, ..LIMITS };
    let heard = alerts(none, [1000, 999, 1000]);
    assert_eq!(causes(&heard), [(0, Cause::Above), (1, Cause::BelowAgain), (2, Cause::Above)]);
}

#[test]
fn growth_is_seen_over_the_latest_readings() {
    // 10 bytes a minute, 600 an hour, for two hours; then flat.
    let limits =
        Limits { threshold_bytes: 1_000_000, growth_bytes_per_hour: Some(500.0), ..LIMITS };
    let readings = || (0..300).map(|minute: i64| 1 + 10 * minute.min(120));
    let heard = alerts(limits, readings());
    let [(first, growing), (later, flat)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((*first, growing.cause), (Limits::WINDOW as u64 - 1, Cause::Growing));
    assert!((growing.slope_bytes_per_hour.unwrap() - 600.0).abs() < 1e-9);
    assert_eq!(growing.to_string(), "heap: 591 bytes, growing by 600 per hour, the limit is 500");
    assert!((120..180).contains(later) && flat.cause == Cause::FlatAgain, "{heard:?}");
    // What is tolerable is no alert, and neither is what nobody asked for.
    let tolerant = Limits { growth_bytes_per_hour: Some(700.0), ..limits };
    assert_eq!(alerts(tolerant, readings()), []);
    assert_eq!(alerts(Limits { growth_bytes_per_hour: None, ..limits }, readings()), []);
}

#[test]
fn limits_are_checked() {
    let refused = |limits| Monitor::new("heap", Told::default(), limits).unwrap_err().to_string();
    assert_eq!(
        refused(Limits { threshold_bytes: 0, ..LIMITS }),
        "threshold_bytes = 0: must be positive"
    );
    for hysteresis_bytes in [-1, 1000] {
        assert_eq!(
            refused(Limits { hysteresis_bytes, ..LIMITS }),
            format!(
                "hysteresis_bytes = {hysteresis_bytes}: must be at least 0 and less than threshold_bytes"
            )
        );
    }
    for slope in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let limits = Limits { growth_bytes_per_hour: Some(slope), ..LIMITS };
        let expected = format!("growth_bytes_per_hour = {slope}: must be positive and finite");
        assert_eq!(refused(limits), expected);
    }
    assert_eq!(
        refused(Limits { interval: Duration::ZERO, ..LIMITS }),
        "interval = 0: must be more than 0 s"
    );
}

#[test]
fn a_meter_without_a_reading_is_an_error_and_not_the_last() {
    let told = Told::default();
    let monitor = Monitor::new("heap", told.clone(), LIMITS).unwrap();
    assert!(monitor.sample(Duration::ZERO).is_err());
    told.0.store(7, Relaxed);
    assert_eq!(monitor.sample(Duration::from_secs(59)).unwrap(), None);
    assert_eq!(monitor.sample(Duration::from_mins(1)).unwrap(), Some(7));
}

#[test]
fn between_samples_it_costs_nothing_and_however_many_ask_one_reads() {
    let monitor = Monitor::new("heap", ProcessMeter::new().unwrap(), LIMITS).unwrap();
    let read = AtomicU32::new(0);
    for minute in 0..100 {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let reading = monitor.sample(Duration::from_mins(minute)).unwrap();
                    read.fetch_add(u32::from(reading.is_some()), Relaxed);
                });
            }
        });
    }
    assert_eq!(read.load(Relaxed), 100);
    let soon = Duration::from_mins(99) + Duration::from_secs(59);
    no_alloc(|| (0..1000).for_each(|_| assert_eq!(monitor.sample(soon).unwrap(), None))).unwrap();
}

#[test]
fn a_callback_may_sample() {
    let told = Told::default();
    told.0.store(2000, Relaxed);
    let slot: Arc<Mutex<Option<Arc<Monitor<Told>>>>> = Arc::default();
    let monitor = Arc::new(Monitor::new("heap", told, LIMITS).unwrap().on_alert({
        let slot = Arc::clone(&slot);
        move |alert| {
            let monitor = slot.lock().unwrap().take().unwrap();
            assert!(monitor.sample(alert.t + LIMITS.interval).unwrap().is_some());
        }
    }));
    *slot.lock().unwrap() = Some(Arc::clone(&monitor));
    assert_eq!(monitor.sample(Duration::ZERO).unwrap(), Some(2000));
}

/// Collects events.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<(Level, String)>>>);

impl Subscriber for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Text(String);
        impl Visit for Text {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                self.0 += &format!("{field}={value:?};");
            }
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.lock().unwrap().push((*event.metadata().level(), text.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn alerts_are_events() {
    let collector = Collector::default();
    tracing::subscriber::with_default(collector.clone(), || alerts(LIMITS, [1000, 1]));
    let events = collector.0.lock().unwrap();
    let [(warning, above), (information, below)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((*warning, *information), (Level::WARN, Level::INFO));
    for part in ["monitor=heap;", "bytes=1000;", "threshold=1000.0;", "message=heap: 1000 bytes, "]
    {
        assert!(above.contains(part), "{part} is not in {above}");
    }
    assert!(below.contains("bytes=1;"), "{below}");
}

#[test]
fn readings_are_gauges() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, || alerts(LIMITS, [1000, 1, 2000]));
    let page = handle.render();
    for line in [
        "memory_bytes{monitor=\"heap\"} 2000",
        "memory_threshold_bytes{monitor=\"heap\"} 1000",
        "memory_alerts_total{monitor=\"heap\"} 3",
    ] {
        assert!(page.lines().any(|other| other == line), "{line} is not in\n{page}");
    }
}
