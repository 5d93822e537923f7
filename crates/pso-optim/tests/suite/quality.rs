//! The default settings find what they are known to find, and the swarm finds no less than argmin's.
//!
//! A part of `cargo bench -p pso-optim --bench functions`, which prints the whole table.

use pso_optim::{
    Bounds, CmaEs, CmaEsSettings, DifferentialEvolution, DifferentialEvolutionSettings, Error,
    Optimiser, Swarm, SwarmSettings,
};
use rayon::prelude::*;

use crate::{
    functions::{FUNCTIONS, Instance, Pose},
    methods::{argmins, ours},
};

/// Costs below it count as 0, as is usual for these functions.
const ZERO: f64 = 1e-8;

/// Of odd numbers of runs.
fn median(seeds: u64, run: impl Fn(u64) -> f64 + Sync + Send) -> f64 {
    let mut found: Vec<f64> = (0..seeds).into_par_iter().map(run).collect();
    found.sort_by(f64::total_cmp);
    found[found.len() / 2].max(ZERO)
}

/// Six dimensions are the hardest for this comparison: in more, argmin's swarm stays at the walls.
#[test]
fn the_swarm_is_at_least_as_good_as_argmins() {
    let mut better = 0;
    for function in FUNCTIONS {
        for pose in [Pose::Usual, Pose::Rotated] {
            let instance = |seed| Instance::new(function, pose, 6, seed);
            let theirs = median(11, |seed| argmins(&instance(seed), 30_000, seed));
            let swarm = |bounds, seed| Swarm::new(bounds, SwarmSettings::default(), seed);
            let ours =
                median(11, |seed| ours(&instance(seed), 30_000, |bounds| swarm(bounds, seed)));
            let name = (function.name, pose);
            assert!(ours <= theirs, "{name:?}: {ours} is worse than {theirs}");
            better += u32::from(ours < theirs);
        }
    }
    // All but the sphere and Ackley's function, which both solve.
    assert_eq!(better, 8);
}

/// Each method is sure of what it is known for: Hansen et al. (2010, BBOB) for CMA-ES on bent valleys,
/// Tanabe & Fukunaga (2013) for SHADE on rugged functions with axes.
#[test]
fn each_method_solves_its_own_kind() {
    fn check<A: Optimiser<Cost = f64>>(
        name: &str,
        pose: Pose,
        (dimension, evaluations): (usize, u64),
        new: impl Fn(Bounds, u64) -> Result<A, Error> + Sync + Send,
    ) {
        let function = FUNCTIONS.into_iter().find(|function| function.name == name).unwrap();
        let found = median(11, |seed| {
            let instance = Instance::new(function, pose, dimension, seed);
            ours(&instance, evaluations, |bounds| new(bounds, seed))
        });
        assert_eq!(found, ZERO, "{name}, {pose:?}, {dimension} dimensions");
    }
    let swarm = |bounds, seed| Swarm::new(bounds, SwarmSettings::default(), seed);
    let cma_es = |bounds, seed| CmaEs::new(bounds, CmaEsSettings::default(), seed);
    let evolution = |bounds, seed| {
        DifferentialEvolution::new(bounds, DifferentialEvolutionSettings::default(), seed)
    };
    for pose in [Pose::Usual, Pose::Rotated] {
        check("sphere", pose, (12, 30_000), swarm);
        check("sphere", pose, (12, 10_000), cma_es);
        check("sphere", pose, (12, 30_000), evolution);
        check("Ackley", pose, (12, 60_000), swarm);
        check("Rosenbrock", pose, (12, 60_000), cma_es);
    }
    check("Rastrigin", Pose::Shifted, (6, 30_000), evolution);
    check("Schwefel", Pose::Shifted, (6, 30_000), evolution);
}
