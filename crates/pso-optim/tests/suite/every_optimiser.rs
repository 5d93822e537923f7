//! What holds for every optimiser, whichever is taken: they are swapped in one line.

use std::cell::RefCell;

use argmin::core::Executor;
use proptest::prelude::*;
use pso_optim::{
    Batch, Bounds, CmaEs, CmaEsSettings, DifferentialEvolution, DifferentialEvolutionSettings,
    Error, Nsga2, Nsga2Settings, Optimiser, Search, Strategy as Step, Swarm, SwarmSettings,
};
use rayon::{ThreadPoolBuilder, prelude::*};
use serde::{Serialize, de::DeserializeOwned};

use crate::{advance, cube};

/// A cost of each kind from one number.
trait Of: Clone + Send + PartialEq + std::fmt::Debug {
    fn of(cost: f64, x: &[f64]) -> Self;
}

impl Of for f64 {
    fn of(cost: f64, _: &[f64]) -> Self {
        cost
    }
}

impl Of for Vec<f64> {
    fn of(cost: f64, x: &[f64]) -> Self {
        vec![cost, x[0]]
    }
}

/// A check that is made of each optimiser.
trait Check {
    fn of<A>(&self, new: impl Fn(Bounds, u64, &[Vec<f64>]) -> Result<A, Error>)
    where
        A: Optimiser<Cost: Of> + Clone + Serialize + DeserializeOwned;
}

fn each(check: &impl Check) {
    check.of(|b, seed, points| Swarm::starting_at(b, SwarmSettings::default(), seed, points));
    check.of(|b, seed, points| CmaEs::starting_at(b, CmaEsSettings::default(), seed, points));
    let evolution = |strategy| DifferentialEvolutionSettings { strategy, ..Default::default() };
    check.of(|b, seed, points| {
        DifferentialEvolution::starting_at(b, evolution(Step::Shade), seed, points)
    });
    let rand1 = Step::Rand1 { factor: 0.7, crossover: 0.9 };
    check.of(|b, seed, points| {
        DifferentialEvolution::starting_at(b, evolution(rand1), seed, points)
    });
    check.of(|b, seed, points| Nsga2::starting_at(b, Nsga2Settings::default(), seed, points));
}

/// The sphere needs no function of the mathematics library, whose last bit may differ.
fn sphere(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum()
}

fn bits<A: Optimiser>(optimiser: &A) -> Vec<u64> {
    optimiser.ask().iter().flatten().map(|x| x.to_bits()).collect()
}

/// The points of the fortieth generation; every seventh place is infeasible.
fn fortieth<A: Optimiser<Cost: Of>>(mut optimiser: A) -> A {
    for _ in 0..40 {
        advance(&mut optimiser, |x| {
            let hole = x[0].to_bits().is_multiple_of(7);
            A::Cost::of(if hole { f64::NAN } else { sphere(x) }, x)
        });
    }
    optimiser
}

#[test]
fn same_seed_same_bits_and_other_seed_other_bits() {
    struct Seeds;
    impl Check for Seeds {
        fn of<A>(&self, new: impl Fn(Bounds, u64, &[Vec<f64>]) -> Result<A, Error>)
        where
            A: Optimiser<Cost: Of> + Clone + Serialize + DeserializeOwned,
        {
            let of = |seed| bits(&fortieth(new(cube(5.0, 3), seed, &[]).unwrap()));
            assert_eq!(of(1), of(1));
            for seed in [0, 2, u64::MAX] {
                assert_ne!(of(1), of(seed));
            }
        }
    }
    each(&Seeds);
}

/// A published result names its seed, so a seed must mean the same after an update of a dependency, and
/// on another machine.
#[test]
fn a_seed_means_the_same_for_ever() {
    struct Golden(RefCell<Vec<(&'static str, f64)>>);
    impl Check for Golden {
        fn of<A>(&self, new: impl Fn(Bounds, u64, &[Vec<f64>]) -> Result<A, Error>)
        where
            A: Optimiser<Cost: Of> + Clone + Serialize + DeserializeOwned,
        {
            let optimiser = fortieth(new(cube(5.0, 3), 1, &[]).unwrap());
            self.0.borrow_mut().push((optimiser.name(), optimiser.ask()[1][1]));
        }
    }
    let golden = Golden(RefCell::default());
    each(&golden);
    assert_eq!(
        golden.0.into_inner(),
        [
            ("particle swarm", 0.022_076_274_771_917_877),
            ("CMA-ES", 0.004_824_900_699_325_063),
            ("differential evolution", -0.013_361_851_898_650_67),
            ("differential evolution", 0.025_414_093_818_037_192),
            ("NSGA-II", -0.012_624_980_778_479_204),
        ]
    );
}

#[test]
fn threads_change_no_bit() {
    struct Threads;
    impl Check for Threads {
        fn of<A>(&self, new: impl Fn(Bounds, u64, &[Vec<f64>]) -> Result<A, Error>)
        where
            A: Optimiser<Cost: Of> + Clone + Serialize + DeserializeOwned,
        {
            let begin = new(cube(5.0, 3), 9, &[]).unwrap();
            let mut by_hand = begin.clone();
            (0..60).for_each(|_| advance(&mut by_hand, |x| A::Cost::of(sphere(x), x)));
            for count in [1, 2, 8] {
                let pool = ThreadPoolBuilder::new().num_threads(count).build().unwrap();
                let objective = Batch(|points: &[&[f64]]| {
                    pool.install(|| points.par_iter().map(|x| A::Cost::of(sphere(x), x)).collect())
                });
                let executor = Executor::new(objective, Search::new(begin.clone()));
                let result = executor.configure(|state| state.max_iters(60)).run().unwrap();
                assert_eq!(bits(result.solver.optimiser()), bits(&by_hand), "{count} threads");
            }
        }
    }
    each(&Threads);
}

#[test]
fn given_points_are_evaluated_first_and_exactly_as_given() {
    struct Points;
    impl Check for Points {
        fn of<A>(&self, new: impl Fn(Bounds, u64, &[Vec<f64>]) -> Result<A, Error>)
        where
            A: Optimiser<Cost: Of> + Clone + Serialize + DeserializeOwned,
        {
            // Limits themselves are inside.
            let points = [vec![0.1, 1.0, 0.3], vec![0.3, 0.7, 0.1 + 0.2]];
            let bounds = || Bounds::new([(0.1, 1.0); 3]).unwrap();
            let given = new(bounds(), 5, &points).unwrap();
            assert_eq!(given.ask()[..2], points);
            assert!(given.ask()[2..].iter().all(|x| bounds().contains(x)));
            let name = given.name();
            let text = |points: &[Vec<f64>]| new(bounds(), 5, points).err().unwrap().to_string();
            let outside = text(&[vec![0.1, 1.5, 0.3]]);
            assert_eq!(outside, "starting point 0[1] = 1.5; must lie in [0.1, 1]", "{name}");
            assert!(text(&[vec![0.5]]).contains("has 1 coordinates; must be 3"), "{name}");
            assert!(text(&vec![vec![0.5; 3]; 1000]).contains("1000 starting points for"), "{name}");
        }
    }
    each(&Points);
}

/// Written and read again in the middle, a search goes on as if it had not been.
#[test]
fn a_search_survives_being_written_and_read() {
    struct Written;
    impl Check for Written {
        fn of<A>(&self, new: impl Fn(Bounds, u64, &[Vec<f64>]) -> Result<A, Error>)
        where
            A: Optimiser<Cost: Of> + Clone + Serialize + DeserializeOwned,
        {
            let half = fortieth(new(cube(5.0, 3), 3, &[]).unwrap());
            let written = postcard::to_allocvec(&half).unwrap();
            let read: A = postcard::from_bytes(&written).unwrap();
            assert_eq!(bits(&fortieth(read)), bits(&fortieth(half)));
        }
    }
    each(&Written);
}

/// Infeasible candidates are counted, never a result, and never the end.
#[test]
fn infeasible_candidates_are_counted_and_never_best() {
    struct Infeasible;
    impl Check for Infeasible {
        fn of<A>(&self, new: impl Fn(Bounds, u64, &[Vec<f64>]) -> Result<A, Error>)
        where
            A: Optimiser<Cost: Of> + Clone + Serialize + DeserializeOwned,
        {
            for not_a_cost in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let mut search = new(cube(5.0, 3), 3, &[]).unwrap();
                let mut infeasible = 0;
                for _ in 0..300 {
                    infeasible += search.ask().iter().filter(|x| x[0] < 1.0).count() as u64;
                    advance(&mut search, |x| {
                        A::Cost::of(if x[0] < 1.0 { not_a_cost } else { sphere(x) }, x)
                    });
                }
                let (name, tally) = (search.name(), search.tally());
                assert_eq!(tally.infeasible, infeasible, "{name}");
                assert_eq!(tally.generations, 300);
                assert_eq!(tally.evaluations, 300 * search.ask().len() as u64);
                assert!(infeasible > 0 && tally.found_any());
                // The minimum of the feasible half is 1, at its edge.
                if let Some((cost, position)) = search.best() {
                    assert!(position[0] >= 1.0);
                    assert!((1.0..1.0 + 1e-6).contains(&cost), "{name}: {cost}");
                }

                let mut nothing = new(cube(5.0, 3), 3, &[]).unwrap();
                for _ in 0..10 {
                    let before = bits(&nothing);
                    advance(&mut nothing, |x| A::Cost::of(not_a_cost, x));
                    assert_ne!(bits(&nothing), before, "{name} goes on searching");
                }
                assert!(nothing.best().is_none() && !nothing.tally().found_any());
            }
        }
    }
    each(&Infeasible);
}

/// A corner of 1 % of the box is found by searching on, whoever searches.
#[test]
fn a_small_feasible_corner_is_found() {
    struct Corner;
    impl Check for Corner {
        fn of<A>(&self, new: impl Fn(Bounds, u64, &[Vec<f64>]) -> Result<A, Error>)
        where
            A: Optimiser<Cost: Of> + Clone + Serialize + DeserializeOwned,
        {
            for seed in 0..5 {
                let mut search = new(cube(1.0, 2), seed, &[]).unwrap();
                for _ in 0..500 {
                    advance(&mut search, |x| {
                        let feasible = x.iter().all(|&x| x > 0.8);
                        A::Cost::of(if feasible { sphere(x) } else { f64::NAN }, x)
                    });
                }
                assert!(search.tally().found_any());
                if let Some((cost, _)) = search.best() {
                    assert!(cost < 2.0 * 0.85 * 0.85, "{}: {cost}", search.name());
                }
            }
        }
    }
    each(&Corner);
}

#[test]
fn diversity_is_that_of_a_uniform_scatter_and_then_falls() {
    struct Diversity;
    impl Check for Diversity {
        fn of<A>(&self, new: impl Fn(Bounds, u64, &[Vec<f64>]) -> Result<A, Error>)
        where
            A: Optimiser<Cost: Of> + Clone + Serialize + DeserializeOwned,
        {
            let mut search = new(cube(5.0, 10), 3, &[]).unwrap();
            let first = search.diversity();
            // 1/√12 = 0.289 for a design; CMA-ES begins as a normal distribution folded into the box.
            assert!((0.15..0.35).contains(&first), "{}: {first}", search.name());
            // The second objective of NSGA-II is the first coordinate: its front is a line, of 0.289/√10.
            (0..300).for_each(|_| advance(&mut search, |x| A::Cost::of(sphere(x), x)));
            assert!(search.diversity() < 0.5 * first, "{}: {}", search.name(), search.diversity());
        }
    }
    each(&Diversity);
}

/// Intervals of magnitudes from 1e-300 to 1e300, of either sign and across zero.
fn bounds() -> impl Strategy<Value = Bounds> {
    let limit = || (-1.0..1.0, -299_i32..=300).prop_map(|(m, e): (f64, i32)| m * 10_f64.powi(e));
    let interval = (limit(), limit())
        .prop_filter("a width", |(a, b)| a != b)
        .prop_map(|(a, b)| (a.min(b), a.max(b)));
    prop::collection::vec(interval, 1..5).prop_map(|limits| Bounds::new(limits).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A cost that drives to the walls, and is infeasible in parts.
    #[test]
    fn no_point_outside_the_box_is_ever_asked_for(bounds in bounds(), seed: u64, holes: bool) {
        struct Inside { bounds: Bounds, seed: u64, holes: bool }
        impl Check for Inside {
            fn of<A>(&self, new: impl Fn(Bounds, u64, &[Vec<f64>]) -> Result<A, Error>)
            where
                A: Optimiser<Cost: Of> + Clone + Serialize + DeserializeOwned,
            {
                let mut search = new(self.bounds.clone(), self.seed, &[]).unwrap();
                for _ in 0..40 {
                    for x in search.ask() {
                        assert!(self.bounds.contains(x), "{}: {x:?}", search.name());
                    }
                    assert!((0.0..=0.5 + 1e-9).contains(&search.diversity()));
                    advance(&mut search, |x| {
                        let slope: f64 = x.iter().map(|x| x / 8.0).sum();
                        let hole = self.holes && slope.to_bits().is_multiple_of(3);
                        A::Cost::of(if hole { f64::NAN } else { slope }, x)
                    });
                }
            }
        }
        each(&Inside { bounds, seed, holes });
    }
}
