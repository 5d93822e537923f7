//! What becomes of a command: each part of the actuator by its theory.

use sim_runner::{Actuator, Drive};

const STEP: f64 = 1e-3;

fn ideal() -> Actuator {
    Actuator::default()
}

fn drive(actuator: Actuator) -> Drive {
    Drive::new(&actuator, STEP).unwrap()
}

/// The forces of a drive that was idle, step by step.
fn answer(actuator: Actuator, commands: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let drive = drive(actuator);
    let mut memory = drive.memory();
    commands.into_iter().map(|u| drive.step(&mut memory, drive.limit(u))).collect()
}

#[test]
fn an_ideal_drive_gives_the_limited_command_bit_for_bit() {
    let commands = [0.0, -0.0, 1e-300, 3.7, -149.9, 150.0, 1e9, f64::NEG_INFINITY];
    let expected = [0.0_f64, -0.0, 1e-300, 3.7, -149.9, 150.0, 150.0, -150.0];
    let forces = answer(ideal(), commands);
    assert!(forces.iter().zip(expected).all(|(a, b)| a.to_bits() == b.to_bits()), "{forces:?}");
    assert!(answer(ideal(), [f64::NAN])[0].is_nan(), "what is not a number stays so");
}

/// `F = v·(1 − e^(−t/τ))`: 63.2 % after one time constant, whatever the step.
#[test]
fn a_lag_reaches_its_share_after_one_time_constant_exactly() {
    for (time_constant, steps) in [(1e-3, 1), (5e-3, 5), (0.1, 100), (1.0, 1000)] {
        let drive = drive(Actuator { time_constant, ..ideal() });
        let mut memory = drive.memory::<f64>();
        let mut impulse = 0.0;
        for _ in 0..steps {
            impulse += drive.step(&mut memory, 80.0) * STEP;
        }
        // The factor rounds once a step, and again with each product.
        let e = core::f64::consts::E;
        let tolerance = 80.0 * f64::from(steps) * 4.0 * f64::EPSILON;
        assert!((memory.force() - 80.0 * (1.0 - 1.0 / e)).abs() < tolerance, "{time_constant}");
        // What was given to the cart is the integral of that: v·(t − τ·(1 − e^(−t/τ))) = v·τ/e.
        let expected = 80.0 * time_constant / e;
        assert!((impulse - expected).abs() < tolerance, "{time_constant}: {impulse} {expected}");
    }
}

#[test]
fn a_lag_holds_what_it_has_reached() {
    let forces = answer(Actuator { time_constant: 0.01, ..ideal() }, [-40.0; 1000]);
    assert!((forces[999] + 40.0).abs() < 1e-12);
    assert!(forces.is_sorted_by(|before, after| after <= before), "and does not overshoot");
}

#[test]
fn a_rate_limit_is_a_slope_either_way() {
    let commands = [100.0; 30].into_iter().chain([-100.0; 60]);
    let forces = answer(Actuator { rate_max: Some(5000.0), ..ideal() }, commands);
    // 5 N a step: up to 100 in 20 steps, and down to −100 in 40.
    for (k, force) in forces.into_iter().enumerate() {
        let k = k as f64;
        let expected = if k < 30.0 {
            (5.0 * (k + 1.0)).min(100.0)
        } else {
            (100.0 - 5.0 * (k - 29.0)).max(-100.0)
        };
        // Sums of a number that is exact.
        assert_eq!(force, expected, "{k}");
    }
}

#[test]
fn a_dead_zone_takes_its_part_of_every_command() {
    let commands = [0.0, 1.9, 2.0, 2.5, 10.0, -1.9, -2.0, -2.5, -10.0, 1e9];
    let expected = [0.0, 0.0, 0.0, 0.5, 8.0, 0.0, 0.0, -0.5, -8.0, 148.0];
    assert_eq!(answer(Actuator { dead_zone: 2.0, ..ideal() }, commands), expected);
}

#[test]
fn a_delay_is_a_number_of_steps_exactly() {
    for steps in [0_usize, 1, 2, 7, 100] {
        let delay = steps as f64 * STEP;
        let commands: Vec<f64> = (0..300).map(|k| f64::from(k) * 0.25 + 1.0).collect();
        let forces = answer(Actuator { delay, ..ideal() }, commands.iter().copied());
        assert!(forces[..steps].iter().all(|&force| force == 0.0), "idle before");
        assert_eq!(forces[steps..], commands[..300 - steps], "{steps}");
    }
}

/// limit → delay → dead zone → rate limit → lag.
#[test]
fn the_parts_follow_each_other() {
    let actuator = Actuator {
        u_max: 20.0,
        rate_max: Some(6000.0),
        time_constant: 2e-3,
        dead_zone: 3.0,
        delay: 2e-3,
    };
    let forces = answer(actuator, [1000.0; 8]);
    let (mut limited, mut force) = (0.0_f64, 0.0);
    for (k, actual) in forces.into_iter().enumerate() {
        let delayed = if k < 2 { 0.0 } else { 20.0 };
        let alive: f64 = if k < 2 { 0.0 } else { delayed - 3.0 };
        limited = alive.min(limited + 6.0);
        let decay = (-0.5_f64).exp();
        let mean = limited + (force - limited) * (1.0 - decay) / 0.5;
        force = limited + (force - limited) * decay;
        assert!((actual - mean).abs() < 1e-13, "{k}: {actual} {mean}");
    }
}

#[test]
fn a_reset_drive_has_forgotten_everything() {
    let actuator = Actuator {
        rate_max: Some(1e4),
        time_constant: 3e-3,
        dead_zone: 1.0,
        delay: 4e-3,
        ..ideal()
    };
    let drive = drive(actuator);
    let mut memory = drive.memory();
    for k in 0..37 {
        drive.step(&mut memory, f64::from(k));
    }
    memory.reset(true);
    assert_eq!(memory, drive.memory());
}
