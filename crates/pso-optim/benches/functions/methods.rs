//! One run of a method on an instance: the lowest cost that it finds with so many evaluations.

use argmin::{core::Executor, solver::particleswarm::ParticleSwarm};
use pso_optim::{Bounds, Optimiser, Pointwise};
use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};

use crate::functions::Instance;

/// Particles of argmin's swarm.
const PARTICLES: u16 = 40;

/// argmin's particle swarm with its own settings. Its iterations follow a first generation.
pub(crate) fn argmins(instance: &Instance, evaluations: u64, seed: u64) -> f64 {
    let (lower, upper) = instance.limits();
    let bounds = [lower, upper].map(|limit| vec![limit; instance.dimension()]);
    let solver = ParticleSwarm::new(bounds.into(), PARTICLES.into())
        .with_rng_generator(Xoshiro256PlusPlus::seed_from_u64(seed));
    let objective = Pointwise(|x: &[f64]| instance.cost(x));
    let result = Executor::new(objective, solver)
        .configure(|state| state.max_iters(evaluations / u64::from(PARTICLES) - 1).counting(true))
        .run()
        .expect("standard functions do not fail");
    assert_eq!(result.state.counts["cost_count"], evaluations, "a fair comparison");
    result.state.best_cost
}

/// An optimiser of this crate; its last generation may be cut short.
pub(crate) fn ours<A: Optimiser<Cost = f64>>(
    instance: &Instance,
    evaluations: u64,
    new: impl FnOnce(Bounds) -> Result<A, pso_optim::Error>,
) -> f64 {
    let bounds = Bounds::new(vec![instance.limits(); instance.dimension()]).expect("a box");
    let mut optimiser = new(bounds).expect("default settings");
    loop {
        let left = evaluations - optimiser.tally().evaluations;
        let count = optimiser.ask().len();
        let taken = count.min(usize::try_from(left).expect("a count"));
        let costs: Vec<f64> = optimiser.ask()[..taken].iter().map(|x| instance.cost(x)).collect();
        if taken < count {
            let last = costs.into_iter().fold(f64::INFINITY, f64::min);
            return optimiser.best().map_or(last, |(best, _)| best.min(last));
        }
        optimiser.tell(&costs);
    }
}
