//! The life of a controller that serves for months: it is recreated without a jump of the force, its
//! history is cleared, and its end flushes and frees.

mod rig;

use std::cell::RefCell;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use dip_dynamics::{Integrator, Plant, State};
use memcheck::{CountingAllocator, ThreadMeter, no_alloc};
use smc_controllers::{
    AnyController, Controller, EquivalentControl, HistoryEntry, Instance, Kind, Lifetime,
    LongLived, Service,
};

use rig::{DT, U_MAX, built, plant};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

fn law(kind: Kind) -> AnyController {
    let place = Kind::ALL.iter().position(|&other| other == kind).unwrap();
    built(EquivalentControl::Full, U_MAX)[place]
}

fn now(sample: u32) -> Duration {
    Duration::from_secs_f64(DT) * sample
}

/// The forces of a closed loop under a push that never ends: 5 N, and 2 N at 1 Hz. In it every memory
/// is far from its initial value.
fn forces(samples: u32, mut answer: impl FnMut(u32, &State) -> f64) -> Vec<f64> {
    let plant = plant();
    let mut state = State { theta1: 0.05, theta2: -0.03, ..State::UPRIGHT };
    (0..samples)
        .map(|i| {
            let u = answer(i, &state);
            let push = 5.0 + 2.0 * (std::f64::consts::TAU * now(i).as_secs_f64()).sin();
            let here = plant.evaluate(&state);
            state = Integrator::Rk4.step(&plant, &state, &here, u, Some([push, 0.0, 0.0]), DT);
            u
        })
        .collect()
}

/// The largest step of the force, at samples of which `at` tells.
fn largest_step(forces: &[f64], at: impl Fn(usize) -> bool) -> f64 {
    // The first second is the way to the surface.
    let steps = (1000..forces.len()).filter(|&i| at(i));
    steps.map(|i| (forces[i] - forces[i - 1]).abs()).fold(0.0, f64::max)
}

const SAMPLES: u32 = 5000;
const GENERATION: u64 = 700;

fn is_birth(i: usize) -> bool {
    i > 0 && (i as u64).is_multiple_of(GENERATION)
}

#[test]
fn recreation_makes_no_jump_with_any_law() {
    let plant = Arc::new(plant());
    for kind in Kind::ALL {
        let equip = |instance: Instance| instance.bound_to(&plant);
        let lifetime = Lifetime { samples: Some(GENERATION), ..Lifetime::default() };
        let recreated = {
            let mut served = LongLived::new(|| law(kind), equip, lifetime, now(0)).unwrap();
            let forces = forces(SAMPLES, |i, state| served.control(state, DT, now(i)).u);
            let recreations = u64::from(SAMPLES - 1) / GENERATION;
            let samples = u64::from(SAMPLES);
            assert_eq!(served.service(), Service { samples, recreations, clearings: 0 });
            forces
        };
        // It answers as one that was never recreated, to the bit; …
        let mut never = equip(Instance::new(law(kind)));
        assert_eq!(recreated, forces(SAMPLES, |_, state| never.control(state, DT).u), "{kind}");
        // … so that the force takes a step like any other.
        let at_births = largest_step(&recreated, is_birth);
        let normal = largest_step(&recreated, |i| !is_birth(i));
        assert!(at_births <= normal, "{kind}: {at_births} N, normal {normal} N");
    }
}

/// The test above can fail: whoever forgets the memory makes the force jump.
#[test]
fn a_planted_recreation_without_the_memory_is_caught() {
    let plant = Arc::new(plant());
    for kind in Kind::ALL {
        let mut served = Instance::new(law(kind)).bound_to(&plant);
        let forces = forces(SAMPLES, |i, state| {
            if is_birth(i as usize) {
                served = Instance::new(law(kind)).bound_to(&plant);
            }
            served.control(state, DT).u
        });
        let at_births = largest_step(&forces, is_birth);
        let normal = largest_step(&forces, |i| !(is_birth(i) || is_birth(i - 1)));
        // These two remember nothing that matters: without hysteresis, a sign that was held does not.
        let forgetful = matches!(kind, Kind::Classical | Kind::Lqr);
        assert_eq!(at_births <= normal, forgetful, "{kind}: {at_births} N, normal {normal} N");
    }
}

#[test]
fn age_is_a_day_by_default_and_the_callers_clock_tells() {
    let mut served =
        LongLived::new(|| law(Kind::Hybrid), |i| i, Lifetime::default(), now(500)).unwrap();
    let day = Duration::from_hours(24);
    let state = State { theta1: 0.1, ..State::UPRIGHT };
    let mut at = |t| {
        served.control(&state, DT, t);
        served.service().recreations
    };
    // A clock that goes back makes nobody old.
    let births = [
        (now(0), 0),
        (now(499) + day, 0),
        (now(500) + day, 1),
        (now(500) + day + day / 2, 1),
        (now(500) + 2 * day, 2),
        // After a long silence there is one recreation, not one for each day.
        (now(500) + 9 * day, 3),
    ];
    for (t, recreations) in births {
        assert_eq!(at(t), recreations, "{t:?}");
    }
}

#[test]
fn history_is_cleared_now_and_then() {
    let lifetime = Lifetime { clear_history_every: Some(10), ..Lifetime::default() };
    let equip = |instance: Instance| instance.with_history(8);
    let mut served = LongLived::new(|| law(Kind::Lqr), equip, lifetime, now(0)).unwrap();
    let mut lengths = Vec::new();
    for i in 0..25 {
        served.control(&State::UPRIGHT, DT, now(i));
        lengths.push(served.instance().history().len());
    }
    let rising = [1, 2, 3, 4, 5, 6, 7, 8, 8, 8];
    assert_eq!(lengths, [&rising[..], &rising, &rising[..5]].concat());
    assert_eq!(served.service().clearings, 2);
    // The numbers of samples go on: nothing but the history was touched.
    assert_eq!(served.instance().history().next().unwrap().sample, 20);
    served.reset();
    assert_eq!(served.instance().history().len(), 0);
    assert_eq!(*served.instance().memory(), law(Kind::Lqr).initial_memory());
}

#[test]
fn nothing_of_it_touches_the_heap() {
    let plant = Arc::new(plant());
    for kind in Kind::ALL {
        let lifetime = Lifetime {
            age: Duration::from_millis(50),
            samples: Some(70),
            clear_history_every: Some(30),
        };
        let equip = |instance: Instance| instance.bound_to(&plant).with_history(20);
        let mut served = LongLived::new(|| law(kind), equip, lifetime, now(0)).unwrap();
        let state = State { theta1: 0.1, ..State::UPRIGHT };
        no_alloc(|| {
            for i in 0..1000 {
                served.control(&state, DT, now(i));
            }
            served.reset();
        })
        .unwrap();
        assert_eq!((served.service().recreations, served.service().clearings), (19, 33), "{kind}");
    }
}

#[test]
fn the_end_flushes_and_frees() {
    let plant: Arc<Plant> = Arc::new(plant());
    let before = ThreadMeter::new().unwrap().read();
    let live_bytes = || ThreadMeter::new().unwrap().read().since(&before).live_bytes;
    let make = || {
        let equip = |instance: Instance| instance.bound_to(&plant).with_history(20);
        let build = || law(Kind::SuperTwisting);
        let mut served = LongLived::new(build, equip, Lifetime::default(), now(0)).unwrap();
        for i in 0..50 {
            served.control(&State::UPRIGHT, DT, now(i));
        }
        served
    };
    let flushed = RefCell::new(Vec::new());
    let flush = |entry: &HistoryEntry| {
        flushed.borrow_mut().push(entry.sample);
        Ok::<(), ()>(())
    };
    assert_eq!(make().shut_down(flush).map(|service| service.samples), Ok(50));
    assert_eq!(flushed.take(), (30..50).collect::<Vec<u64>>(), "the oldest first");
    assert_eq!((live_bytes(), Arc::weak_count(&plant)), (0, 0));

    // A disk that is full half-way: the error is told, and everything is given back all the same.
    let mut room = [0_u8; 25];
    let mut disk = &mut room[..];
    let full = make().shut_down(|entry| writeln!(disk, "{}", entry.sample));
    assert_eq!(full.map_err(|error| error.kind()), Err(std::io::ErrorKind::WriteZero));
    assert_eq!((live_bytes(), Arc::weak_count(&plant)), (0, 0));
    // The counts above can fail.
    std::mem::forget(make());
    assert!(live_bytes() > 0 && Arc::weak_count(&plant) == 1);
}

#[test]
fn a_lifetime_of_nothing_is_refused() {
    let check = |lifetime, name: &str| {
        let refused = LongLived::new(|| law(Kind::Lqr), |instance| instance, lifetime, now(0));
        let message = refused.map(|_| ()).unwrap_err().to_string();
        assert_eq!(message, format!("lifetime.{name} = 0: must be more than 0"));
    };
    let day = Lifetime::default();
    check(Lifetime { age: Duration::ZERO, ..day }, "age");
    check(Lifetime { samples: Some(0), ..day }, "samples");
    check(Lifetime { clear_history_every: Some(0), ..day }, "clear_history_every");
}
