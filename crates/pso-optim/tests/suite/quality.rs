//! The default settings find the minima of the standard functions within a stated budget.
//!
//! Oracle: the same equations without a velocity limit, written independently in plain Python
//! 3 with its own generator; the comments give the median and the worst of its 20 runs.

use crate::{advance, objectives::*, swarm};

/// Limits of the lowest cost: of the median of the seeds 0..20, and of the worst.
struct Limits {
    median: f64,
    worst: f64,
}

/// Searches the minimum of `f` in `[-half_width, half_width]` to the power of `dimension`, with
/// 40 evaluations in each of `generations`.
fn check(
    f: fn(&[f64]) -> f64,
    (half_width, dimension): (f64, usize),
    generations: usize,
    limits: &Limits,
) {
    let cost = shifted(f, half_width);
    let run = |seed| {
        let mut swarm = swarm(half_width, dimension, seed);
        let mut lowest = f64::INFINITY;
        for _ in 0..generations {
            advance(&mut swarm, &cost);
            let (best, position) = swarm.best().unwrap();
            assert!(best <= lowest, "seed {seed}: the best cost rose from {lowest} to {best}");
            assert_eq!(best, cost(position), "seed {seed}: not the cost of its position");
            lowest = best;
        }
        lowest
    };
    let mut found: Vec<f64> = (0..20).map(run).collect();
    found.sort_by(f64::total_cmp);
    assert!(found[10] <= limits.median && found[19] <= limits.worst, "{found:?}");
}

/// Convergence is exponential, so that a few generations of luck are a factor of ten: on smooth
/// functions the limits are about ten times the oracle's median, and a hundred times its worst.
#[test]
fn smooth_functions() {
    check(sphere, (5.0, 10), 300, &Limits { median: 3e-14, worst: 1e-11 }); // 2.8e-15, 1.1e-13
    check(rosenbrock, (5.0, 2), 300, &Limits { median: 3e-12, worst: 3e-9 }); // 3.0e-13, 2.4e-11
    check(ackley, (32.0, 5), 400, &Limits { median: 1e-12, worst: 3e-11 }); // 9.6e-14, 2.3e-13
}

/// On rugged functions a run ends in some minimum, and the limits are depths of minima: those of
/// Rastrigin differ by about 1 per coordinate that is one basin off; Rosenbrock has a second
/// minimum near 3.93 from four dimensions on; Griewank's are dense.
#[test]
fn rugged_functions() {
    check(rastrigin, (5.12, 2), 200, &Limits { median: 1e-12, worst: 1e-9 }); // 0, 0
    check(rastrigin, (5.12, 5), 500, &Limits { median: 1.0, worst: 2.0 }); // 0.995, 1.99
    check(griewank, (600.0, 5), 500, &Limits { median: 0.05, worst: 0.1 }); // 0.027, 0.096
    check(rosenbrock, (5.0, 5), 1000, &Limits { median: 0.02, worst: 4.0 }); // 0.011, 3.96
}
