//! What the crate promises, one module per promise, through its public items only.

mod determinism;
mod executor;
mod feasibility;
mod flight;
mod objectives;
mod quality;
mod refusals;

use pso_optim::{Bounds, Settings, Swarm};

/// A swarm of default settings in `[-h, h]` to the power of `dimension`.
fn swarm(half_width: f64, dimension: usize, seed: u64) -> Swarm {
    let bounds = Bounds::new(vec![(-half_width, half_width); dimension]).unwrap();
    Swarm::new(bounds, Settings::default(), seed).unwrap()
}

/// Evaluates and moves `swarm` once.
fn advance(swarm: &mut Swarm, cost: impl Fn(&[f64]) -> f64) {
    let costs: Vec<f64> = swarm.ask().iter().map(|x| cost(x)).collect();
    swarm.tell(&costs);
}
