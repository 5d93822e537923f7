//! Several objectives: the front is found, holds nothing dominated, and has the size that it may.
//!
//! Problems: Zitzler, Deb & Thiele (2000), Evol. Comput. 8(2), for ZDT; Deb, Thiele, Laumanns & Zitzler
//! (2005) for DTLZ2. Their fronts are known, and so are the volumes below them.

use std::f64::consts::PI;

use pso_optim::{Bounds, Error, Nsga2, Nsga2Settings, Optimiser, hypervolume};

use crate::advance;

/// A problem on the unit cube.
pub(crate) struct Problem {
    pub(crate) of: fn(&[f64]) -> Vec<f64>,
    dimension: usize,
    objectives: usize,
}

/// `f₂ = g·(1 − √(f₁/g))`: the front is `f₂ = 1 − √f₁`.
#[expect(non_upper_case_globals, reason = "names of problems are lower case")]
pub(crate) const zdt1: Problem = Problem {
    of: |x| {
        let g = 1.0 + 9.0 * x[1..].iter().sum::<f64>() / (x.len() - 1) as f64;
        vec![x[0], g * (1.0 - (x[0] / g).sqrt())]
    },
    dimension: 10,
    objectives: 2,
};

/// An eighth of the unit sphere.
const DTLZ2: Problem = Problem {
    of: |x| {
        let g = 1.0 + x[2..].iter().map(|x| (x - 0.5).powi(2)).sum::<f64>();
        let ((s0, c0), (s1, c1)) = ((x[0] * PI / 2.0).sin_cos(), (x[1] * PI / 2.0).sin_cos());
        vec![g * c0 * c1, g * c0 * s1, g * s0]
    },
    dimension: 6,
    objectives: 3,
};

pub(crate) fn search(problem: &Problem, seed: u64) -> Nsga2 {
    let settings = Nsga2Settings { objectives: problem.objectives, ..Default::default() };
    Nsga2::new(Bounds::new(vec![(0.0, 1.0); problem.dimension]).unwrap(), settings, seed).unwrap()
}

/// No front can dominate more than the true one does: 2/3 + 0.21 of the space below (1.1, 1.1) for
/// ZDT1, and 1.1³ − π/6 for DTLZ2. A hundred points in steps of 1/100 leave out about half a step
/// along a line of two objectives. Over a surface their steps are 1/10, and crowding does not space them
/// evenly: half a step of each of three objectives leaves out 15 %.
#[test]
fn known_fronts_are_found() {
    for seed in 0..5 {
        let mut two = search(&zdt1, seed);
        (0..250).for_each(|_| advance(&mut two, zdt1.of));
        let volume = hypervolume(&two.front().unwrap(), &[1.1, 1.1]);
        let whole = 2.0 / 3.0 + 0.21;
        assert!((0.98 * whole..whole).contains(&volume), "seed {seed}: {volume} of {whole}");

        let mut three = search(&DTLZ2, seed);
        (0..250).for_each(|_| advance(&mut three, DTLZ2.of));
        let volume = hypervolume(&three.front().unwrap(), &[1.1; 3]);
        let whole = 1.1_f64.powi(3) - PI / 6.0;
        assert!((0.85 * whole..whole).contains(&volume), "seed {seed}: {volume} of {whole}");
    }
}

/// Everything that was evaluated is compared with what the archive says of it.
#[test]
fn the_front_is_what_nothing_seen_dominates() {
    let run = |archive, generations| {
        let settings = Nsga2Settings { archive, ..Default::default() };
        let mut search = Nsga2::new(Bounds::new([(0.0, 1.0); 10]).unwrap(), settings, 3).unwrap();
        let mut seen: Vec<Vec<f64>> = Vec::new();
        for _ in 0..generations {
            seen.extend(search.ask().iter().map(|x| (zdt1.of)(x)));
            advance(&mut search, zdt1.of);
        }
        let front = search.front().unwrap();
        assert!(front.iter().all(|point| (zdt1.of)(&point.position) == point.costs));
        (front, seen)
    };
    let dominates = |a: &[f64], b: &[f64]| a != b && a[0] <= b[0] && a[1] <= b[1];

    let (front, seen) = run(10_000, 80);
    let mut expected: Vec<_> =
        seen.iter().filter(|b| !seen.iter().any(|a| dominates(a, b))).cloned().collect();
    expected.sort_by(|a, b| a[0].total_cmp(&b[0]));
    expected.dedup();
    assert_eq!(front.into_iter().map(|point| point.costs).collect::<Vec<_>>(), expected);

    // A full archive has let some go, but no end, and has no two of which one dominates the other.
    let (front, seen) = run(20, 80);
    assert_eq!(front.len(), 20);
    assert!(front.iter().all(|b| !front.iter().any(|a| dominates(&a.costs, &b.costs))));
    let least = |k: usize| seen.iter().map(|s| s[k]).fold(f64::INFINITY, f64::min);
    assert_eq!(front[0].costs[0], least(0));
    assert_eq!(front[19].costs[1], least(1));
}

#[test]
fn infeasible_candidates_are_counted_and_on_no_front() {
    for not_a_cost in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut search = search(&zdt1, 1);
        let cost = |x: &[f64]| {
            let [first, second] = (zdt1.of)(x)[..] else { unreachable!() };
            if x[0] < 0.25 { vec![first, not_a_cost] } else { vec![first, second] }
        };
        let mut infeasible = 0;
        for _ in 0..150 {
            infeasible += search.ask().iter().filter(|x| x[0] < 0.25).count() as u64;
            advance(&mut search, cost);
        }
        assert_eq!((search.tally().evaluations, search.tally().infeasible), (15_000, infeasible));
        assert!(infeasible > 0);
        let front = search.front().unwrap();
        assert!(front.iter().all(|point| point.position[0] >= 0.25));
        assert!((front[0].costs[0] - 0.25).abs() < 0.01, "and it reaches the edge");
    }
}

#[test]
fn nothing_feasible_is_an_error_and_searching_goes_on() {
    let mut search = search(&zdt1, 1);
    assert_eq!(search.front(), Err(Error::NothingFeasible { evaluations: 0 }));
    let mut before = search.ask().to_vec();
    for _ in 0..5 {
        advance(&mut search, |_| vec![1.0, f64::NAN]);
        assert!(search.ask().iter().zip(&before).all(|(now, then)| now != then));
        before = search.ask().to_vec();
    }
    assert_eq!(search.front(), Err(Error::NothingFeasible { evaluations: 500 }));
    assert_eq!(search.best(), None);
}

#[test]
#[should_panic(expected = "one cost per objective")]
fn costs_of_another_number_than_objectives() {
    advance(&mut search(&zdt1, 1), |_| vec![1.0; 3]);
}
