//! Without the counting allocator nothing passes: neither a gate nor an exact meter.

use memcheck::{
    GateError, Growth, NotCounting, ProcessMeter, Scope, ThreadMeter, growth, no_alloc,
};

#[test]
fn nothing_passes_unmeasured() {
    assert_eq!(no_alloc(|| ()), Err(GateError::NotCounting(NotCounting)));
    for scope in [Scope::Thread, Scope::Process] {
        let refused = growth(&Growth { scope, ..Growth::default() }, |_| ());
        assert_eq!(refused, Err(GateError::NotCounting(NotCounting)));
    }
    assert_eq!(ThreadMeter::new().err(), Some(NotCounting));
    assert_eq!(ProcessMeter::new().err(), Some(NotCounting));
}
