//! The baselines: what the regulator is off by under a constant push, that its integral removes it, and
//! that the integral does not wind up. Their gains are in `tests/golden.rs`.

mod rig;

use dip_dynamics::{Integrator, State};
use proptest::prelude::*;
use smc_controllers::{
    Command, Controller, LqrIntegral, LqrIntegralMemory, LqrIntegralSpec, LqrSpec, Sample, lqr_gain,
};

use rig::{DT, U_MAX, WEIGHTS, control, linear, periods, plant, plausible_state};

fn with_integral(u_max: f64) -> LqrIntegral {
    LqrIntegralSpec { weights: WEIGHTS, q_integral: 10.0 }.build(&linear(), u_max).unwrap()
}

/// The states of a run on the full plant, one a period.
fn run<C: Controller>(law: &C, mut state: State, push: f64, seconds: f64) -> Vec<State> {
    let plant = plant();
    let mut memory = law.initial_memory();
    let mut states = vec![state];
    for _ in 0..periods(seconds, DT) {
        let here = plant.evaluate(&state);
        let sample = Sample { state: &state, model: None, dt: DT };
        let command = law.control(&mut memory, &sample);
        state = Integrator::Rk4.step(&plant, &state, &here, command.u, Some([push, 0.0, 0.0]), DT);
        states.push(state);
    }
    states
}

#[test]
fn the_integral_removes_the_steady_error_under_a_constant_push() {
    let lqr = LqrSpec { weights: WEIGHTS }.build(&linear(), U_MAX).unwrap();
    let k = lqr_gain(&linear(), &WEIGHTS).unwrap();
    for push in [3.0, -3.0] {
        let rest = *run(&lqr, State::UPRIGHT, push, 40.0).last().unwrap();
        // At rest the force is minus the push, with both rods upright: K₁·x = push.
        assert!((rest.x - push / k[0]).abs() < 1e-6, "{rest:?}");
        assert!(rest.x.abs() > 0.1, "an error that can be seen");

        let rest = *run(&with_integral(U_MAX), State::UPRIGHT, push, 40.0).last().unwrap();
        // The slowest pole, of about −0.75 rad/s, has left e⁻³⁰ of it.
        assert!(rest.to_array().iter().all(|x| x.abs() < 1e-6), "{rest:?}");
    }
}

proptest! {
    /// `ξ` is the integral of `x` while the force is within the limit, and rests while it is not.
    #[test]
    fn the_integral_rests_while_the_force_is_limited(
        state in plausible_state(),
        xi in -20.0..20.0_f64,
        u_max in 1.0..300.0_f64,
    ) {
        let law = with_integral(u_max);
        let mut memory = LqrIntegralMemory { xi };
        let command = control(&law, &mut memory, &state);
        let expected = if command.u.abs() < u_max { xi + state.x * DT } else { xi };
        prop_assert_eq!(memory.xi, expected);
        prop_assert_eq!(command.u, command.u_sw.clamp(-u_max, u_max));
    }
}

/// The same law with an integral that goes on while the force is limited.
#[derive(Debug)]
struct WindsUp(LqrIntegral);

impl Controller for WindsUp {
    type Memory = LqrIntegralMemory;

    fn initial_memory(&self) -> LqrIntegralMemory {
        Controller::<f64>::initial_memory(&self.0)
    }

    fn law(&self, memory: &mut LqrIntegralMemory, sample: &Sample<'_>) -> Command {
        let xi = memory.xi + sample.state.x * sample.dt;
        let command = self.0.law(memory, sample);
        memory.xi = xi;
        command
    }
}

/// From so far away that the force is at its limit at first, the cart goes less far beyond zero than
/// with an integral that has saved up what the limit took away.
#[test]
fn the_integral_does_not_wind_up() {
    for (x, u_max, share) in [(1.0, 8.0, 0.95), (1.0, 12.0, 0.99), (2.0, 20.0, 0.99)] {
        let start = State { x, ..State::UPRIGHT };
        let law = with_integral(u_max);
        let asked = control(&law, &mut law.initial_memory(), &start).u_sw;
        assert!(asked.abs() > 2.0 * u_max, "far beyond the limit: {asked}");
        let [rests, winds_up] = [run(&law, start, 0.0, 30.0), run(&WindsUp(law), start, 0.0, 30.0)]
            .map(|states| {
                assert!(states.last().unwrap().x.abs() < 1e-6, "it comes to rest");
                states.iter().map(|state| -state.x).fold(0.0, f64::max)
            });
        // What was seen, with a margin: 0.90, 0.98 and 0.977.
        assert!(rests < share * winds_up, "{x} m, {u_max} N: {rests} {winds_up}");
    }
}
