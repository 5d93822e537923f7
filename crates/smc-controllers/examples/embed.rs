//! A law in a program of one's own: design it once, then ask it for a force in every period.
//!
//! The rig is simulated here, with friction and a payload that the law was not told of. In your
//! program the two lines marked with `rig` read the sensors and drive the motor.
//!
//! `cargo run -p smc-controllers --example embed`

use dip_dynamics::{Integrator, Parameters, Plant, State};
use smc_controllers::{
    Controller, EquivalentControl, Sample, SuperTwistingSpec, SurfaceDesign, Switching, Weights,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Once, before the loop: what is known of the plant, and the law for it.
    let model = Plant::new(&Parameters::default())?;
    let u_max = 150.0;
    let spec = SuperTwistingSpec {
        surface: SurfaceDesign::Lqr(Weights { q: [10.0, 100.0, 100.0, 1.0, 10.0, 10.0], r: 0.1 }),
        equivalent: EquivalentControl::Full,
        k1: 10.0,
        k2: 10.0,
        switching: Switching::saturation(0.05),
        anti_windup: 10.0,
        disturbance_rate: 0.0,
    };
    let linear = model.linearise(&State::UPRIGHT, 0.0);
    let law = spec.build(&linear, u_max)?;
    let surface = spec.surface.design(&linear)?;
    print!("on the surface the motion decays with the poles");
    for pole in surface.sliding_poles {
        print!(" {pole}");
    }
    println!(" rad/s");

    // The rig: twice the friction in joint 1, and a payload on rod 2.
    let rig = Plant::new(&Parameters { b1: 0.01, m2: 0.18, ..Parameters::default() })?;
    let mut state = State { theta1: 0.05, theta2: -0.03, ..State::UPRIGHT };

    // Every millisecond. Nothing in here allocates, and all that is remembered is in `memory`.
    let dt = 1e-3;
    let mut memory = law.initial_memory();
    println!("   t [s]    x [m]  θ1 [rad]  θ2 [rad]     u [N]   σ [N·s]");
    for k in 0..=5000_u32 {
        let measured = state; // rig: read the sensors
        let here = model.evaluate(&measured);
        let sample = Sample { state: &measured, model: Some(&here), dt };
        let command = law.control(&mut memory, &sample);
        if k % 500 == 0 {
            let t = f64::from(k) * dt;
            let State { x, theta1, theta2, .. } = measured;
            let (u, sigma) = (command.u, command.sigma.unwrap_or(f64::NAN));
            println!("{t:8.1}{x:9.4}{theta1:10.4}{theta2:10.4}{u:10.3}{sigma:10.4}");
        }
        // rig: drive the motor
        state = Integrator::Rk4.step(&rig, &state, &rig.evaluate(&state), command.u, None, dt);
    }
    Ok(())
}
