//! The life of a controller in service: what it takes at the start, what it gives back, and that the
//! plant that it shares is not kept alive by it. Bytes are counted, not sampled.

mod rig;

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use dip_dynamics::{Plant, State};
use memcheck::{CountingAllocator, GateError, Growth, ThreadMeter, growth, no_alloc};
use smc_controllers::{AnyController, Controller, EquivalentControl, HistoryEntry, Instance, Kind};

use rig::{DT, U_MAX, built, plant};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

const CAPACITY: usize = 50;

fn law(kind: Kind) -> AnyController {
    let place = Kind::ALL.iter().position(|&other| other == kind).unwrap();
    built(EquivalentControl::Full, U_MAX)[place]
}

/// States along a figure that passes the surface, the limit and the dead zones, and a broken sensor.
fn state(i: u32) -> State {
    let phase = 0.05 * f64::from(i);
    let theta1 = if i % 17 == 3 { f64::NAN } else { 0.8 * phase.sin() };
    State { theta1, theta2: (1.7 * phase).cos(), ..State::UPRIGHT }
}

fn live_bytes() -> i64 {
    ThreadMeter::new().unwrap().read().live_bytes
}

fn bytes(count: usize) -> i64 {
    i64::try_from(count).unwrap()
}

/// Runs a controller over some samples.
fn serve(controller: &mut Instance, samples: std::ops::Range<u32>) {
    for i in samples {
        black_box(controller.control(&state(i), DT));
    }
}

#[test]
fn it_answers_as_its_law_does() {
    let plant = Arc::new(plant());
    for kind in Kind::ALL {
        let law = law(kind);
        let mut bound = Instance::new(law).bound_to(&plant).with_history(5);
        let mut free = Instance::new(law);
        let (mut memory, mut blind) = (law.initial_memory(), law.initial_memory());
        for i in 0..200 {
            let state = state(i);
            let model = plant.evaluate(&state);
            let sample = smc_controllers::Sample { state: &state, model: Some(&model), dt: DT };
            assert_eq!(bound.control(&state, DT), law.control(&mut memory, &sample), "{kind}");
            let sample = smc_controllers::Sample { model: None, ..sample };
            assert_eq!(free.control(&state, DT), law.control(&mut blind, &sample), "{kind}");
            assert_eq!((*bound.memory(), *free.memory()), (memory, blind));
        }
        assert_eq!((bound.samples(), free.samples()), (200, 200));
        assert!(bound.has_plant() && !free.has_plant());
        assert_eq!(*bound.law(), law);
    }
}

#[test]
fn reset_begins_a_new_run() {
    let plant = Arc::new(plant());
    for kind in Kind::ALL {
        let fresh = || Instance::new(law(kind)).bound_to(&plant).with_history(CAPACITY);
        let mut controller = fresh();
        serve(&mut controller, 0..300);
        controller.reset();
        assert_eq!(*controller.memory(), law(kind).initial_memory(), "{kind}");
        assert_eq!((controller.samples(), controller.history().len()), (0, 0));
        assert!(controller.has_plant(), "the binding stays");
        // The second run is the first one, to the bit; so nothing was left over.
        let mut other = fresh();
        for i in 0..100 {
            let (again, first) = (controller.control(&state(i), DT), other.control(&state(i), DT));
            assert_eq!(again, first, "{kind}");
        }
        assert!(controller.history().zip(other.history()).all(|(again, first)| {
            // A state with a NaN is not equal to itself.
            again.sample == first.sample && again.command == first.command
        }));
    }
}

/// `reset` in a long run does not allocate: what was there is used again.
#[test]
fn reset_touches_the_heap_only_after_a_cleanup() {
    let mut controller = Instance::new(law(Kind::Hybrid)).with_history(CAPACITY);
    serve(&mut controller, 0..200);
    no_alloc(|| controller.reset()).unwrap();
    controller.cleanup();
    // The gate can fail: now there is room to be taken.
    assert!(matches!(no_alloc(|| controller.reset()), Err(GateError::HeapTouched(_))));
}

#[test]
fn history_is_bounded_and_the_oldest_goes_first() {
    for capacity in [0, 1, 7] {
        let mut controller = Instance::new(law(Kind::Adaptive)).with_history(capacity);
        let mut answers = Vec::new();
        for i in 0..20 {
            answers.push(controller.control(&state(i), DT));
            let kept: Vec<&HistoryEntry> = controller.history().collect();
            assert_eq!(kept.len(), capacity.min(i as usize + 1));
            for (back, entry) in kept.iter().rev().enumerate() {
                let place = i as usize - back;
                assert_eq!(entry.sample, place as u64);
                assert_eq!(entry.command, answers[place]);
                let measured = state(u32::try_from(place).unwrap());
                assert_eq!(format!("{:?}", entry.state), format!("{measured:?}"));
            }
        }
    }
}

#[test]
fn cleanup_gives_everything_back_and_can_be_repeated() {
    let plant = Arc::new(plant());
    let before = live_bytes();
    let mut controller = Instance::new(law(Kind::Hybrid)).bound_to(&plant).with_history(CAPACITY);
    let taken = bytes(CAPACITY * size_of::<HistoryEntry>());
    assert_eq!(live_bytes() - before, taken, "the history is taken at the start, and nothing else");
    serve(&mut controller, 0..200);
    assert_eq!(live_bytes() - before, taken, "and nothing on the way");
    for _ in 0..3 {
        controller.cleanup();
        assert_eq!(live_bytes() - before, 0);
        assert_eq!((controller.history().len(), controller.has_plant()), (0, false));
        assert_eq!(Arc::weak_count(&plant), 0);
        // It goes on, without a history and without the plant.
        let command = controller.control(&state(0), DT);
        assert!(command.u != 0.0 && command.equivalent == EquivalentControl::None);
        no_alloc(|| serve(&mut controller, 1..100)).unwrap();
        assert_eq!(controller.history().len(), 0);
    }
    // A new run has its history again, and it can be bound again.
    controller.reset();
    controller = controller.bound_to(&plant);
    assert_eq!(live_bytes() - before, taken);
    assert_eq!(controller.control(&state(0), DT).equivalent, EquivalentControl::Full);
    serve(&mut controller, 0..100);
    assert_eq!(controller.history().len(), CAPACITY);
    drop(controller);
    assert_eq!(live_bytes() - before, 0, "dropping gives back the same");
}

#[test]
fn dropping_never_panics() {
    let plant = Arc::new(plant());
    let before = live_bytes();
    let make = || Instance::new(law(Kind::Hybrid)).bound_to(&plant).with_history(CAPACITY);
    // At any point of its life.
    drop(make());
    let mut used = make();
    serve(&mut used, 0..100);
    drop(used);
    let mut cleaned = make();
    cleaned.cleanup();
    drop(cleaned);
    // While a panic unwinds: a second panic would abort the test.
    for cleaned in [false, true] {
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let mut controller = make();
            serve(&mut controller, 0..100);
            if cleaned {
                controller.cleanup();
            }
            let orphan = Arc::new(*plant);
            let _other = make().bound_to(&orphan);
            drop(orphan);
            // As a panic, but nothing is printed, and no symbols are loaded for a backtrace.
            resume_unwind(Box::new(7_u8));
        }));
        assert_eq!(*unwound.unwrap_err().downcast::<u8>().unwrap(), 7);
    }
    assert_eq!(live_bytes() - before, 0);
    assert_eq!(Arc::weak_count(&plant), 0);
}

#[test]
fn the_plant_dies_with_its_last_owner() {
    let shared = Arc::new(plant());
    let mut controller = Instance::new(law(Kind::Classical)).with_history(CAPACITY);
    let before = live_bytes();
    let plant: Arc<Plant> = Arc::new(*shared);
    let weak = Arc::downgrade(&plant);
    let taken = live_bytes() - before;
    assert!(taken >= bytes(size_of::<Plant>()));
    controller = controller.bound_to(&plant);
    let other_owner = Arc::clone(&plant);

    assert_eq!(controller.control(&state(0), DT).equivalent, EquivalentControl::Full);
    drop(plant);
    assert_eq!(controller.control(&state(0), DT).equivalent, EquivalentControl::Full);
    assert_eq!(live_bytes() - before, taken, "as long as somebody owns it, it is there");
    assert_eq!(weak.strong_count(), 1, "and the controller does not");

    drop(other_owner);
    assert_eq!(weak.strong_count(), 0, "dead at once");
    assert!(!controller.has_plant());
    drop(weak);
    assert_eq!(live_bytes() - before, taken, "its empty place is held until the next sample");
    let command = controller.control(&state(0), DT);
    assert_eq!(live_bytes() - before, 0, "and no longer");
    assert_eq!(command.equivalent, EquivalentControl::None, "which says so");
    assert!(command.u != 0.0 && !command.fault);
    no_alloc(|| serve(&mut controller, 1..100)).unwrap();
}

/// The gate above can fail: whoever owns what it should only look at keeps the plant alive.
#[test]
fn a_planted_owner_is_caught() {
    let plant = Arc::new(plant());
    let before = live_bytes();
    let orphan = Arc::new(*plant);
    let (weak, planted) = (Arc::downgrade(&orphan), Arc::clone(&orphan));
    let mut controller = Instance::new(law(Kind::Classical)).bound_to(&orphan);
    drop(orphan);
    let command = controller.control(&state(0), DT);
    assert_eq!(command.equivalent, EquivalentControl::Full);
    assert!(weak.strong_count() == 1 && live_bytes() > before);
    drop(planted);
}

#[test]
fn serving_does_not_touch_the_heap() {
    let plant = Arc::new(plant());
    for kind in Kind::ALL {
        let mut controller = Instance::new(law(kind)).bound_to(&plant).with_history(CAPACITY);
        // From the first sample on: the history fills, and then turns over.
        no_alloc(|| serve(&mut controller, 0..250)).unwrap();
        assert_eq!(controller.history().len(), CAPACITY);
        let planted = no_alloc(|| {
            serve(&mut controller, 0..1);
            drop(black_box(Box::new(1.0)));
        });
        assert!(matches!(planted, Err(GateError::HeapTouched(change)) if change.allocations == 1));
    }
}

#[test]
fn a_thousand_controllers_leave_nothing() {
    let plant = Arc::new(plant());
    let gate = Growth::default();
    let life = |i: u64| {
        let kind = Kind::ALL[usize::try_from(i).unwrap() % Kind::ALL.len()];
        let mut controller = Instance::new(law(kind)).bound_to(&plant).with_history(CAPACITY);
        serve(&mut controller, 0..60);
        match i % 3 {
            0 => controller.cleanup(),
            1 => controller.reset(),
            _ => {}
        }
        controller
    };
    growth(&gate, |i| drop(life(i))).unwrap().check().unwrap();
    assert_eq!(Arc::weak_count(&plant), 0);
    // One controller in a thousand that is forgotten is caught.
    let planted = growth(&gate, |i| {
        let controller = life(i);
        if i == 500 {
            std::mem::forget(controller);
        }
    });
    assert!(matches!(planted.unwrap().check(), Err(GateError::Grew { .. })));
}
