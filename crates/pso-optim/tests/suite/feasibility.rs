//! Infeasible candidates are counted, never followed, and never end a search or become a result.

use std::cell::Cell;

use pso_optim::{Error, Optimiser};

use crate::{advance, sphere, swarm};

const NOT_COSTS: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

#[test]
fn a_search_beside_an_infeasible_half_finds_the_edge() {
    for not_a_cost in NOT_COSTS {
        // Feasible for x₀ ≥ 1 only, where the minimum is 1, on the edge.
        let infeasible = Cell::new(0);
        let cost = |x: &[f64]| {
            if x[0] < 1.0 {
                infeasible.set(infeasible.get() + 1);
                return not_a_cost;
            }
            sphere(x)
        };
        let mut swarm = swarm(5.0, 3, 3);
        let mut lowest = f64::INFINITY;
        for _ in 0..200 {
            advance(&mut swarm, cost);
            let (best, _) = swarm.best().unwrap();
            assert!(best <= lowest);
            lowest = best;
        }
        let outcome = swarm.outcome().unwrap();
        assert!((outcome.cost - 1.0).abs() < 1e-6, "{not_a_cost}: {}", outcome.cost);
        assert_eq!(outcome.evaluations, 200 * 20);
        assert_eq!(outcome.infeasible, infeasible.get());
        assert!(outcome.infeasible > 0);
    }
}

/// The first and the best-placed particles fail at once: whoever leads must be feasible.
#[test]
fn a_partly_infeasible_first_generation_leaves_a_feasible_leader() {
    for not_a_cost in NOT_COSTS {
        let mut swarm = swarm(5.0, 3, 4);
        let costs: Vec<f64> =
            (0_u32..20).map(|i| if i % 4 == 3 { f64::from(i) } else { not_a_cost }).collect();
        let fourth = swarm.ask()[3].clone();
        swarm.tell(&costs);
        assert_eq!(swarm.best(), Some((3.0, fourth.as_slice())));
        assert_eq!((swarm.tally().evaluations, swarm.tally().infeasible), (20, 15));

        for _ in 0..200 {
            advance(&mut swarm, sphere);
        }
        assert!(swarm.outcome().unwrap().cost < 1e-9);
    }
}

/// A feasible corner of 0.1 % of the box is missed by the particles of most first
/// generations; the swarm goes on drawing until it is found.
#[test]
fn nothing_feasible_yet_means_searching_on() {
    let cost = |x: &[f64]| if x.iter().all(|&x| x > 0.8) { sphere(x) } else { f64::NAN };
    for seed in 0..20 {
        let mut swarm = swarm(1.0, 3, seed);
        let start = swarm.ask().to_vec();
        advance(&mut swarm, cost);
        if swarm.best().is_none() {
            assert!(swarm.ask().iter().zip(&start).all(|(now, then)| now != then), "{seed}");
        }
        for _ in 0..400 {
            advance(&mut swarm, cost);
        }
        let outcome = swarm.outcome().unwrap();
        assert!(outcome.cost < 3.0 * 0.8 * 0.8 + 1e-6, "seed {seed}: {}", outcome.cost);
    }
}

#[test]
fn a_search_that_saw_nothing_feasible_is_an_error() {
    for not_a_cost in NOT_COSTS {
        let mut swarm = swarm(1.0, 2, 1);
        assert_eq!(swarm.outcome(), Err(Error::NothingFeasible { evaluations: 0 }));
        for _ in 0..10 {
            advance(&mut swarm, |_| not_a_cost);
        }
        assert_eq!(swarm.best(), None);
        assert_eq!(swarm.tally().infeasible, 200);
        let error = swarm.outcome().unwrap_err();
        assert_eq!(error.to_string(), "none of 200 evaluated candidates was feasible");
    }
}
