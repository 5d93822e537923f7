//! Stagnation ends a stay, not a search.

use pso_optim::{Optimiser, Restart, Swarm, SwarmSettings};

use crate::{advance, cube, rastrigin, sphere};

fn new(restart: Restart, seed: u64) -> Swarm {
    let settings = SwarmSettings { restart, ..SwarmSettings::default() };
    Swarm::new(cube(5.12, 6), settings, seed).unwrap()
}

#[test]
fn a_swarm_that_stagnates_is_scattered_and_keeps_its_best() {
    let mut swarm = new(Restart::AfterStagnation(7), 1);
    // Of a constant cost the first generation is the best there is; seven more stagnate.
    let mut without = new(Restart::Never, 1);
    for generation in 1..=8 {
        advance(&mut swarm, |_| 1.0);
        advance(&mut without, |_| 1.0);
        assert_eq!(swarm.ask() == without.ask(), generation < 8, "generation {generation}");
    }
    assert_eq!(swarm.best().unwrap().0, 1.0);
}

/// One stay ends in some minimum of a rugged function; several find better ones.
#[test]
fn restarts_solve_more() {
    let solved = |restart| {
        let run = |seed| {
            let mut swarm = new(restart, seed);
            let mut lowest = f64::INFINITY;
            for _ in 0..1500 {
                advance(&mut swarm, rastrigin);
                let best = swarm.best().unwrap().0;
                assert!(best <= lowest, "a restart must not forget the best");
                lowest = best;
            }
            lowest < 1e-6
        };
        (0..20).filter(|&seed| run(seed)).count()
    };
    let (one, several) = (solved(Restart::Never), solved(Restart::AfterStagnation(50)));
    assert!(several > one, "{several} {one}");
}

/// A cost that falls for ever is no stagnation, however small it is.
#[test]
fn convergence_is_not_stagnation() {
    let (mut one, mut same) = (new(Restart::Never, 1), new(Restart::AfterStagnation(50), 1));
    for _ in 0..1000 {
        advance(&mut one, sphere);
        advance(&mut same, sphere);
    }
    assert_eq!(one.ask(), same.ask());
    assert!(one.best().unwrap().0 < 1e-60);
}
