//! What the crate promises, one module per promise, through its public items only.

#[cfg(feature = "checkpoint")]
mod checkpoint;
mod determinism;
mod every_optimiser;
mod executor;
mod feasibility;
mod flight;
#[path = "../../benches/functions/functions.rs"]
mod functions;
#[path = "../../benches/functions/methods.rs"]
mod methods;
mod pareto;
mod quality;
mod refusals;
mod restarts;

use functions::{rastrigin, sphere};
use pso_optim::{Bounds, Optimiser, Swarm, SwarmSettings};

/// The box `[-h, h]` to the power of `dimension`.
fn cube(half_width: f64, dimension: usize) -> Bounds {
    Bounds::new(vec![(-half_width, half_width); dimension]).unwrap()
}

/// A swarm of default settings.
fn swarm(half_width: f64, dimension: usize, seed: u64) -> Swarm {
    Swarm::new(cube(half_width, dimension), SwarmSettings::default(), seed).unwrap()
}

/// Evaluates and moves `optimiser` once.
fn advance<A: Optimiser>(optimiser: &mut A, cost: impl Fn(&[f64]) -> A::Cost) {
    let costs: Vec<A::Cost> = optimiser.ask().iter().map(|x| cost(x)).collect();
    optimiser.tell(&costs);
}
