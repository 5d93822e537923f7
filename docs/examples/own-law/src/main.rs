//! A law of one's own: a regulator that stiffens with its error, tuned by a swarm and judged in runs
//! that no candidate has seen.
//!
//! `cargo run --release -p own-law`

use pso_optim::{Bounds, Optimiser, Swarm, SwarmSettings};
use sim_runner::{Experiment, Trials};
use smc_controllers::{Command, Controller, Real, Sample, Weights, law, lqr_gain};

/// `u = −(1 + c·σ²)·σ` with `σ = K·x` in N, limited to `±u_max`.
#[derive(Debug, Clone, Copy)]
struct Stiffening<R = f64> {
    k: [R; 6],
    c: R,
    u_max: R,
}

law!(Stiffening { k, c, u_max });

impl<R: Real> Controller<R> for Stiffening<R> {
    type Memory = ();

    fn initial_memory(&self) {}

    #[inline(always)]
    fn law(&self, (): &mut (), sample: &Sample<'_, R>) -> Command<R> {
        let mut sigma = R::splat(0.0);
        for (k, x) in self.k.into_iter().zip(sample.state.to_array()) {
            sigma += k * x;
        }
        let stiffness = R::splat(1.0) + self.c * sigma * sigma;
        Command { sigma: Some(sigma), ..Command::feedback(-(stiffness * sigma), self.u_max) }
    }
}

#[expect(clippy::default_trait_access, reason = "the type of a state is a crate further down")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let experiment = Experiment::default();
    let linear = experiment.model()?.linearise(&Default::default(), 0.0);
    // Six weights of the regulator and the stiffness, all as logarithms.
    let build = |x: &Vec<f64>| {
        let q = [x[0], x[1], x[2], x[3], x[4], x[5]].map(|x| 10.0_f64.powf(x));
        let k = lqr_gain(&linear, &Weights { q, r: 0.1 }).ok()?.transpose().into();
        Some(Stiffening { k, c: 10.0_f64.powf(x[6]), u_max: experiment.actuator.u_max })
    };
    let bounds = Bounds::new([(-2.0, 4.0); 6].into_iter().chain([(-6.0, -1.0)]))?;
    let mut swarm = Swarm::new(bounds, SwarmSettings::default(), 1)?;
    let training = Trials::training(&experiment, 1)?;
    for _ in 0..30 {
        let laws: Vec<_> = swarm.ask().iter().filter_map(build).collect();
        let mut judged = training.judge(&laws).into_iter();
        let cost = |x| build(x).and_then(|_| judged.next()?.cost).unwrap_or(f64::NAN);
        let costs: Vec<f64> = swarm.ask().iter().map(cost).collect();
        swarm.tell(&costs);
    }
    let best = build(&swarm.outcome()?.position).expect("it was built before");
    println!("{best:?}\n{:?}", Trials::verification(&experiment, 1)?.judge(&[best]));
    Ok(())
}
