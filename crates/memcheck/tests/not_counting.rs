//! Without the counting allocator nothing passes: neither a gate nor an exact meter.

use memcheck::{
    Attribution, AttributionError, CallMonitor, GateError, Growth, NotCounting, ProcessMeter,
    Scope, ThreadMeter, growth, no_alloc, peak_below,
};

#[test]
fn nothing_passes_unmeasured() {
    assert_eq!(no_alloc(|| ()), Err(GateError::NotCounting(NotCounting)));
    assert_eq!(peak_below(u64::MAX, || ()), Err(GateError::NotCounting(NotCounting)));
    assert_eq!(CallMonitor::new(|| std::time::Duration::ZERO).err(), Some(NotCounting));
    assert_eq!(Attribution::start().err(), Some(AttributionError::NotCounting(NotCounting)));
    for scope in [Scope::Thread, Scope::Process] {
        let refused = growth(&Growth { scope, ..Growth::default() }, |_| ());
        assert_eq!(refused, Err(GateError::NotCounting(NotCounting)));
    }
    assert_eq!(ThreadMeter::new().err(), Some(NotCounting));
    assert_eq!(ProcessMeter::new().err(), Some(NotCounting));
}
