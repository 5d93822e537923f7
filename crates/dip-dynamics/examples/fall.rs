//! Lets the pendulum fall for two seconds and accounts for every joule.
//!
//! Uses `dip-dynamics` only: `cargo run -p dip-dynamics --example fall`

use dip_dynamics::{Integrator, ParameterError, Parameters, Plant, State};

fn main() -> Result<(), ParameterError> {
    let plant = Plant::new(&Parameters::default())?;
    let mut state = State { theta1: 0.05, theta2: -0.03, ..State::UPRIGHT };
    let start = plant.energy(&state);
    let dt = 1e-3;
    let mut dissipated = 0.0;

    println!("   t [s]   θ1 [rad]   θ2 [rad]   energy [J]   dissipated [J]   sum [J]");
    for step in 0..=2000_u32 {
        if step % 200 == 0 {
            let energy = plant.energy(&state);
            println!(
                "{:8.1}{:11.4}{:11.4}{energy:13.6}{dissipated:17.6}{:10.6}",
                f64::from(step) * dt,
                state.theta1,
                state.theta2,
                energy + dissipated
            );
        }
        let here = plant.evaluate(&state);
        let next = Integrator::Rk4.step(&plant, &state, &here, 0.0, None, dt);
        // The trapezoidal rule, whose own error shows in the last digits of the sum.
        dissipated += 0.5 * dt * (plant.dissipated_power(&state) + plant.dissipated_power(&next));
        state = next;
    }
    println!("at the start: {start:.6} J");
    Ok(())
}
