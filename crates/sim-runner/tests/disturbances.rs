//! Forces that nobody commanded: their shapes, and what they do to momentum and energy.

use core::f64::consts::TAU;

use dip_dynamics::{Plant, State};
use sim_runner::{
    Coordinate, Disturbance, Experiment, Loads, Outcome, RandomNoise, Shape, Simulation, Spread,
    Starts, Uncontrolled, World,
};

const STEP: f64 = 1e-3;

fn on_cart(shape: Shape) -> Disturbance {
    Disturbance { on: Coordinate::Cart, shape, spread: None }
}

/// The generalised forces of `count` steps.
fn forces(disturbances: &[Disturbance], stream: u64, count: usize) -> Vec<[f64; 3]> {
    let loads = Loads::new(disturbances, STEP).unwrap();
    let mut memory = loads.memory();
    let mut noise = RandomNoise::new(stream, 1);
    (0..count).map(|_| loads.step(&mut memory, &mut noise).unwrap()).collect()
}

#[test]
fn nothing_disturbs_unless_it_is_told_to() {
    let loads = Loads::new(&[], STEP).unwrap();
    assert_eq!(loads.step(&mut loads.memory::<f64>(), &mut RandomNoise::new(1, 1)), None);
}

#[test]
fn a_step_begins_at_its_time_and_stays() {
    // 0.7 is no whole number of 0.001 in binary; it begins there all the same.
    for (at, first) in [(0.0, 0), (0.7, 700), (0.058, 58)] {
        for (k, w) in
            forces(&[on_cart(Shape::Step { at, value: 10.0 })], 1, 1000).into_iter().enumerate()
        {
            assert_eq!(w, [if k < first { 0.0 } else { 10.0 }, 0.0, 0.0], "{at}: {k}");
        }
    }
}

#[test]
fn an_impulse_lasts_as_long_as_it_is_told_to() {
    for (at, duration) in
        [(0.1, 0.1), (0.1, 0.001), (0.1234, 0.0567), (0.1002, 0.0003), (0.0, 0.25)]
    {
        let shape = Shape::Impulse { at, duration, value: 30.0 };
        let forces = forces(&[on_cart(shape)], 1, 1000);
        let impulse: f64 = forces.iter().map(|w| w[0] * STEP).sum();
        // A thousand roundings of at most 30 N·ms.
        assert!((impulse - 30.0 * duration).abs() < 1e-13, "{at} {duration}: {impulse}");
        for (k, w) in forces.iter().enumerate() {
            let (begin, end) = (k as f64 * STEP, (k + 1) as f64 * STEP);
            if end <= at - 1e-9 || begin >= at + duration + 1e-9 {
                assert_eq!(w[0], 0.0, "{at} {duration}: {k}");
            }
        }
    }
}

#[test]
fn disturbances_add_up_each_on_its_coordinate() {
    let step = |on, at, value| Disturbance { on, shape: Shape::Step { at, value }, spread: None };
    let disturbances = [
        step(Coordinate::Cart, 0.0, 1.0),
        step(Coordinate::Rod1, 0.0, 2.0),
        step(Coordinate::Rod2, 0.0, 4.0),
        step(Coordinate::Rod2, 1e-3, 8.0),
        // Long after any run.
        step(Coordinate::Cart, 1e300, 1e3),
    ];
    assert_eq!(forces(&disturbances, 1, 2), [[1.0, 2.0, 4.0], [1.0, 2.0, 12.0]]);
}

/// Also after hours, when a sine of `2π·f·t` would have lost its digits.
#[test]
fn a_sinusoid_has_its_frequency_and_phase() {
    let (amplitude, frequency, phase) = (2.5, 12.5, 0.7);
    let shape = Shape::Sinusoid { amplitude, frequency, phase };
    let forces = forces(&[on_cart(shape)], 1, 4_000_000);
    // 12.5 Hz at 1 kHz repeat themselves every 80 steps.
    for (k, w) in forces.into_iter().enumerate().step_by(4321) {
        let turns = (k % 80) as f64 / 80.0;
        let expected = amplitude * (TAU * turns + phase).sin();
        // 50,000 turns are rounded to 2⁻³⁷ of a turn, and a turn is 2π.
        let tolerance = amplitude * TAU * 2.0_f64.powi(-37);
        assert!((w[0] - expected).abs() < tolerance, "{k}: {} {expected}", w[0]);
    }
}

/// A Gauss–Markov process: its deviation from the first step on, and correlation `e^(−t/τ)`.
#[test]
fn noise_has_its_deviation_and_its_correlation_time() {
    const N: usize = 1_000_000;
    let (std, time_constant) = (0.5, 0.01);
    let course: Vec<f64> = forces(&[on_cart(Shape::Noise { std, time_constant })], 1, N)
        .into_iter()
        .map(|w| w[0] / std)
        .collect();
    let correlation =
        |lag: usize| course.iter().zip(&course[lag..]).map(|(a, b)| a * b).sum::<f64>() / N as f64;
    // Neighbours within the correlation time tell the same: N/10 of them are independent. Five
    // deviations of the variance √(2·10/N), and a little more than that of a correlation.
    let tolerance = 5.0 * (20.0 / N as f64).sqrt();
    for (lag, expected) in [(0, 1.0), (10, (-1.0_f64).exp()), (20, (-2.0_f64).exp()), (100, 0.0)] {
        let actual = correlation(lag);
        assert!((actual - expected).abs() < tolerance, "{lag}: {actual}");
    }
    // It begins as it stays: the first values of many runs have the same deviation.
    let shape = Shape::Noise { std, time_constant: 10.0 };
    let runs = 20_000;
    let first: f64 =
        (0..runs).map(|run| (forces(&[on_cart(shape)], run, 1)[0][0] / std).powi(2)).sum();
    assert!((first / runs as f64 - 1.0).abs() < 5.0 * (2.0 / runs as f64).sqrt());
    // Without a correlation time each step is drawn anew.
    let white = Shape::Noise { std, time_constant: 0.0 };
    let course = forces(&[on_cart(white)], 1, 100_000);
    let neighbours: f64 = course.windows(2).map(|pair| pair[0][0] * pair[1][0]).sum();
    assert!((neighbours / 1e5 / std / std).abs() < 5.0 / 1e5_f64.sqrt());
}

fn frictionless(shape: Shape) -> Experiment {
    let mut experiment = Experiment {
        simulation: Simulation { duration: 0.2, ..Simulation::default() },
        disturbances: vec![on_cart(shape)],
        start: State { theta1: 0.3, theta2: -0.2, ..State::UPRIGHT },
        ..Experiment::default()
    };
    (experiment.plant.b0, experiment.plant.b1, experiment.plant.b2) = (0.0, 0.0, 0.0);
    experiment
}

/// The horizontal momentum in kg·m/s.
fn momentum(plant: &Plant, state: &State) -> f64 {
    let [row, ..] = plant.mass_matrix(state);
    row.into_iter().zip(state.qd()).map(|(m, v)| m * v).sum()
}

/// Horizontally nothing but the force acts on a cart without friction, whatever the rods do.
#[test]
fn an_impulse_gives_a_free_cart_its_momentum() {
    for (at, duration, value) in [(0.05, 0.1, 30.0), (0.0123, 0.0456, -17.0), (0.0, 0.2, 1.0)] {
        let experiment = frictionless(Shape::Impulse { at, duration, value });
        let closed_loop = experiment.closed_loop().unwrap();
        let run = closed_loop.run(&Uncontrolled, &experiment.scenario(1).unwrap(), &mut ());
        assert_eq!(run.outcome, Outcome::NotSettled);
        let actual = momentum(closed_loop.model(), &run.final_state);
        // RK4 at 1 ms conserves it to about (8/s·1 ms)⁴ a second, relative.
        let expected = value * duration;
        assert!((actual - expected).abs() < 1e-9 * expected.abs(), "{actual} {expected}");
    }
}

/// A constant force does the work `F·Δx`.
#[test]
fn a_step_does_the_work_of_its_force() {
    let experiment = frictionless(Shape::Step { at: 0.0, value: 12.0 });
    let closed_loop = experiment.closed_loop().unwrap();
    let mut world = World::new(&closed_loop);
    let run = world.run(&Uncontrolled, &experiment.scenario(1).unwrap(), &mut ());
    let plant = closed_loop.model();
    let gained = plant.energy(&run.final_state) - plant.energy(&experiment.start);
    let work = 12.0 * run.final_state.x;
    assert!(work > 0.1 && (gained - work).abs() < 1e-9 * work, "{gained} {work}");
}

/// The momenta that a free cart is given within two steps, one in each of many runs.
fn momenta(loads: &[Disturbance], count: u64) -> Vec<f64> {
    let mut experiment = frictionless(Shape::Step { at: 0.0, value: 0.0 });
    experiment.simulation.duration = 2.0 * STEP;
    experiment.disturbances = loads.to_vec();
    let closed_loop = experiment.closed_loop().unwrap();
    let scenarios = experiment.scenarios(Starts::new(0.1, 5).unwrap()).unwrap();
    let mut world = World::new(&closed_loop);
    let mut momentum_of = |index| {
        let run = world.run(&Uncontrolled, &scenarios.get(index), &mut ());
        momentum(closed_loop.model(), &run.final_state)
    };
    (0..count).map(&mut momentum_of).collect()
}

/// By how much what a cart is given in each run differs from what is written.
fn deviations(shapes: &[Shape], spread: Spread, count: u64) -> Vec<f64> {
    let with = |spread| -> Vec<f64> {
        let load = |&shape| Disturbance { spread, ..on_cart(shape) };
        momenta(&shapes.iter().map(load).collect::<Vec<_>>(), count)
    };
    let (drawn, written) = (with(Some(spread)), with(None));
    drawn.into_iter().zip(written).map(|(drawn, written)| drawn / written - 1.0).collect()
}

const KICK: Shape = Shape::Impulse { at: 0.0, duration: STEP, value: 30.0 };

/// A step of RK4 at 1 ms keeps momentum far better than this.
const ROUNDING: f64 = 1e-9;

/// So that gains are not tuned for one push.
#[test]
fn the_size_of_a_load_is_drawn_for_each_run() {
    const COUNT: u64 = 10_000;
    let check = |all: &[f64], bound: f64, variance: f64| {
        let n = COUNT as f64;
        assert!(all.iter().all(|d| d.abs() <= bound + ROUNDING));
        assert!(all.iter().any(|d| *d > 0.9 * bound) && all.iter().any(|d| *d < -0.9 * bound));
        let mean = all.iter().sum::<f64>() / n;
        assert!(mean.abs() < 5.0 * (variance / n).sqrt(), "{mean}");
        let square = all.iter().map(|d| d * d).sum::<f64>() / n;
        assert!((square / variance - 1.0).abs() < 5.0 * (2.0 / n).sqrt(), "{square} {variance}");
    };
    check(&deviations(&[KICK], Spread::Uniform(0.5), COUNT), 0.5, 0.25 / 3.0);
    check(&deviations(&[KICK], Spread::Normal(0.1), COUNT), 0.3, 0.01 * 0.973_34);
    // Two of them are drawn apart: variances add up.
    check(&deviations(&[KICK; 2], Spread::Uniform(0.5), COUNT), 0.5, 0.125 / 3.0);
    // The momentum is the one that is written, and without a spread it is that of every run.
    let written = momenta(&[on_cart(KICK)], 20);
    assert!(written.iter().all(|p| (p / (30.0 * STEP) - 1.0).abs() < ROUNDING), "{written:?}");
}

/// Only the size is drawn: the course is as written, and so is the noise that it is made of.
#[test]
fn a_load_of_any_shape_is_as_large_as_its_draw() {
    let spread = Spread::Uniform(0.5);
    let draws = deviations(&[KICK], spread, 50);
    for shape in [
        Shape::Step { at: 0.5 * STEP, value: -3.0 },
        Shape::Sinusoid { amplitude: 5.0, frequency: 20.0, phase: 1.0 },
        Shape::Noise { std: 2.0, time_constant: 0.1 },
    ] {
        for (draw, actual) in draws.iter().zip(deviations(&[shape], spread, 50)) {
            assert!((draw - actual).abs() < 1e-6, "{shape:?}: {draw} {actual}");
        }
    }
    let nothing = deviations(&[KICK], Spread::Uniform(0.0), 50);
    assert!(nothing.iter().all(|&d| d == 0.0), "to the bit: {nothing:?}");
}
