//! Finds the bottom of Rosenbrock's valley with argmin's executor, and shows the way there.
//!
//! `cargo run -p pso-optim --example rosenbrock`

use argmin::core::{
    CostFunction, Error, Executor, KV,
    observers::{Observe, ObserverMode},
};
use pso_optim::{Bounds, Optimiser, Search, SearchState, Swarm, SwarmSettings};

/// `Σ 100·(xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²`: 0 at (1, …, 1), at the end of a long bent valley.
struct Rosenbrock;

impl CostFunction for Rosenbrock {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        let term = |w: &[f64]| 100.0 * (w[1] - w[0] * w[0]).powi(2) + (1.0 - w[0]).powi(2);
        Ok(x.windows(2).map(term).sum())
    }
}

struct Progress;

impl Observe<SearchState> for Progress {
    fn observe_iter(&mut self, state: &SearchState, _log: &KV) -> Result<(), Error> {
        println!("generation {:>3}: {:.3e}", state.iter, state.best_cost);
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    let bounds = Bounds::new([(-5.0, 10.0); 2])?;
    let swarm = Swarm::new(bounds, SwarmSettings::default(), 1)?;

    let result = Executor::new(Rosenbrock, Search::new(swarm))
        .configure(|state| state.max_iters(1000).target_cost(1e-12))
        .add_observer(Progress, ObserverMode::Every(20))
        .run()?;

    let found = result.solver.optimiser().outcome()?;
    println!(
        "{:.3e} at {:.6?} after {} evaluations",
        found.cost, found.position, found.evaluations
    );
    Ok(())
}
