//! What a controller is told about the state: each part of the sensors by its theory.

use std::iter::repeat_n;

use dip_dynamics::State;
use sim_runner::{RandomNoise, Sensing, Sensors, Velocities};

const STEP: f64 = 1e-3;

/// Measures a course of states, one a control period of one step.
fn measured(sensors: Sensors, states: impl IntoIterator<Item = State>) -> Vec<State> {
    measured_with(sensors, 1, states)
}

fn measured_with(
    sensors: Sensors,
    stream: u64,
    states: impl IntoIterator<Item = State>,
) -> Vec<State> {
    let sensing = Sensing::new(&sensors, STEP, STEP).unwrap();
    let mut memory = sensing.memory();
    let (mut noise, mut losses) = (RandomNoise::new(stream, 1), RandomNoise::new(stream, 2));
    let mut states = states.into_iter().peekable();
    memory.reset(true, states.peek().unwrap());
    states.map(|state| sensing.measure(&mut memory, &state, &mut noise, &mut losses)).collect()
}

/// All six components, each with its own slope.
fn ramp(k: u32) -> State {
    State::from_array([1.0, -2.0, 3.0, -4.0, 5.0, -6.0].map(|slope| slope * f64::from(k)))
}

#[test]
fn ideal_sensors_tell_the_state() {
    assert!(Sensing::new(&Sensors::default(), STEP, STEP).unwrap().is_ideal());
    let states: Vec<State> = (0..9).map(ramp).collect();
    assert_eq!(measured(Sensors::default(), states.clone()), states);
}

#[test]
fn a_delay_is_a_number_of_integration_steps_exactly() {
    for delay in [1_u32, 2, 7, 30] {
        let sensors = Sensors { delay: f64::from(delay) * STEP, ..Sensors::default() };
        for (k, state) in (0..).zip(measured(sensors, (5..100).map(ramp))) {
            // Before the start it was at the start.
            let expected = if k < delay { ramp(5) } else { ramp(5 + k - delay) };
            assert_eq!(state, expected, "{delay}: {k}");
        }
    }
    // A control period of five steps, of which four only pass.
    let sensors = Sensors { delay: 7.0 * STEP, ..Sensors::default() };
    let sensing = Sensing::new(&sensors, STEP, 5.0 * STEP).unwrap();
    let mut memory = sensing.memory();
    memory.reset(true, &ramp(0));
    let (mut noise, mut losses) = (RandomNoise::new(1, 1), RandomNoise::new(1, 2));
    for k in 0..50_u32 {
        if k.is_multiple_of(5) {
            let state = sensing.measure(&mut memory, &ramp(k), &mut noise, &mut losses);
            assert_eq!(state, ramp(k.saturating_sub(7)));
        } else {
            memory.pass(&ramp(k));
        }
    }
}

#[test]
fn bias_is_added_and_a_quantum_makes_a_grid() {
    let bias = State { x: 0.5, theta2_dot: -0.25, ..State::UPRIGHT };
    let sensors = Sensors { bias, ..Sensors::default() };
    let [state] = measured(sensors, [ramp(1)])[..] else { panic!("one") };
    assert_eq!(state, State { x: 1.5, theta2_dot: -6.25, ..ramp(1) });

    let quantum = State { theta1: 0.25, ..State::UPRIGHT };
    let sensors = Sensors { quantum, ..Sensors::default() };
    for (theta1, expected) in
        [(0.0, 0.0), (0.124, 0.0), (0.126, 0.25), (-0.126, -0.25), (7.3, 7.25), (1e6, 1e6)]
    {
        let exact = State { theta1, theta2: 0.111, ..State::UPRIGHT };
        let [state] = measured(sensors, [exact])[..] else { panic!("one") };
        assert_eq!(state, State { theta1: expected, ..exact });
    }
    // Any number is within half a quantum, and on the grid to rounding.
    let quantum = State { x: 1e-3, ..State::UPRIGHT };
    let sensors = Sensors { quantum, ..Sensors::default() };
    let states = (0..1000).map(|k| State { x: f64::from(k).sin(), ..State::UPRIGHT });
    for (exact, state) in states.clone().zip(measured(sensors, states)) {
        assert!((state.x - exact.x).abs() <= 0.5e-3 * (1.0 + 1e-12));
        let quanta = state.x / 1e-3;
        assert!((quanta - quanta.round()).abs() < 1e-9);
    }
}

const N: usize = 100_000;
const SIGMAS: f64 = 5.0;

#[test]
fn noise_has_its_mean_and_its_deviation_and_channels_know_nothing_of_each_other() {
    let std = [1e-3, 0.005, 0.02, 0.1, 1.0, 3.0];
    let sensors = Sensors { noise: State::from_array(std), ..Sensors::default() };
    let still = State { x: 0.5, theta1: -0.1, ..State::UPRIGHT };
    let course = |stream| -> Vec<[f64; 6]> {
        measured_with(sensors, stream, repeat_n(still, N))
            .into_iter()
            .map(|state| {
                let (told, is) = (state.to_array(), still.to_array());
                core::array::from_fn(|i| (told[i] - is[i]) / std[i])
            })
            .collect()
    };
    let (one, other) = (course(1), course(2));
    let root = (N as f64).sqrt();
    let mean = |of: &dyn Fn(usize) -> f64| (0..N).map(of).sum::<f64>() / N as f64;
    for i in 0..6 {
        assert!(mean(&|k| one[k][i]).abs() < SIGMAS / root);
        let variance = mean(&|k| one[k][i] * one[k][i]);
        assert!((variance - 1.0).abs() < SIGMAS * 2.0_f64.sqrt() / root, "{i}: {variance}");
        for j in 0..i {
            assert!(mean(&|k| one[k][i] * one[k][j]).abs() < SIGMAS / root, "{i} and {j}");
        }
        assert!(mean(&|k| one[k][i] * other[k][i]).abs() < SIGMAS / root, "of two scenarios");
    }
}

#[test]
fn a_lost_sample_is_the_last_one_that_came() {
    for dropout in [0.05, 0.5, 0.9] {
        let sensors = Sensors { dropout, ..Sensors::default() };
        let states: Vec<State> = (0..100_000).map(ramp).collect();
        let told = measured(sensors, states.clone());
        assert_eq!(told[0], states[0], "the first is never lost");
        let mut lost = 0;
        for k in 1..N {
            if told[k] != states[k] {
                assert_eq!(told[k], told[k - 1], "{k}");
                lost += 1;
            }
        }
        let share = f64::from(lost) / (N - 1) as f64;
        let tolerance = SIGMAS * (dropout * (1.0 - dropout) / N as f64).sqrt();
        assert!((share - dropout).abs() < tolerance, "{share} of {dropout}");
    }
}

/// After a ramp began, the filtered difference is `slope·(1 − e^(−t/τ))`: the filter is exact.
#[test]
fn filtered_differences_of_a_ramp_converge_to_its_slope() {
    for time_constant in [0.0, 5e-3, 0.05] {
        let velocities = Velocities::FilteredDifferences { time_constant };
        let sensors = Sensors { velocities, ..Sensors::default() };
        // Velocities of the plant that are no derivatives: nobody may look at them.
        let slopes = [1.0, -2.0, 3.0];
        let at = |t: f64| State::new(slopes.map(|slope| 0.25 + slope * t), [99.0; 3]);
        let states = (0..600).map(|k| at(f64::from(k) * STEP));
        for (k, state) in measured(sensors, states.clone()).into_iter().enumerate() {
            let t = k as f64 * STEP;
            assert_eq!(state.q(), at(t).q());
            for (velocity, slope) in state.qd().into_iter().zip(slopes) {
                let reached = if k == 0 { 0.0 } else { 1.0 - (-t / time_constant).exp() };
                // Positions of about 1 round to 2⁻⁵³, and are divided by a period.
                let tolerance = 1e-12;
                assert!((velocity - slope * reached).abs() < tolerance, "{k}: {velocity}");
            }
        }
    }
}

#[test]
fn reset_sensors_have_forgotten_everything() {
    let sensors = Sensors {
        delay: 3.0 * STEP,
        dropout: 0.3,
        velocities: Velocities::FilteredDifferences { time_constant: 0.01 },
        ..Sensors::default()
    };
    let sensing = Sensing::new(&sensors, STEP, STEP).unwrap();
    let mut fresh = sensing.memory::<f64>();
    fresh.reset(true, &ramp(3));
    let mut used = fresh.clone();
    let (mut noise, mut losses) = (RandomNoise::new(1, 1), RandomNoise::new(1, 2));
    for k in 0..17 {
        sensing.measure(&mut used, &ramp(k), &mut noise, &mut losses);
    }
    used.reset(true, &ramp(3));
    assert_eq!(used, fresh);
}
