//! How particles may move, for any box, settings and seed.

use proptest::prelude::*;
use pso_optim::{
    Bounds, Design, Inertia, Neighbourhood, Optimiser, Restart, Swarm, SwarmSettings, Walls,
};

use crate::advance;

/// Intervals of magnitudes from 1e-300 to 1e300, of either sign and across zero.
fn bounds() -> impl Strategy<Value = Bounds> {
    let limit = || (-1.0..1.0, -299_i32..=300).prop_map(|(m, e): (f64, i32)| m * 10_f64.powi(e));
    let interval = (limit(), limit())
        .prop_filter("a width", |(a, b)| a != b)
        .prop_map(|(a, b)| (a.min(b), a.max(b)));
    prop::collection::vec(interval, 1..6).prop_map(|limits| Bounds::new(limits).unwrap())
}

fn inertia() -> impl Strategy<Value = Inertia> {
    prop_oneof![
        (0.0..1.0).prop_map(Inertia::Constant),
        (0.0..=1.0, 0.0..=1.0, 1_u64..40).prop_map(|(from, to, generations)| Inertia::Linear {
            from,
            to,
            generations
        }),
        (0.0..=1.0).prop_map(|to| Inertia::Random { from: to / 2.0, to }),
        Just(Inertia::Constriction),
    ]
}

/// Every kind of wall, neighbourhood, design and restart among them.
fn settings() -> impl Strategy<Value = SwarmSettings> {
    let walls =
        prop::sample::select(vec![Walls::Absorb, Walls::Reflect, Walls::Periodic, Walls::Random]);
    let neighbourhood = prop::sample::select(vec![
        Neighbourhood::Global,
        Neighbourhood::Ring,
        Neighbourhood::VonNeumann,
    ]);
    let design = prop::sample::select(vec![Design::Uniform, Design::LatinHypercube, Design::Sobol]);
    let restart = prop::sample::select(vec![
        Restart::Never,
        Restart::AfterStagnation(1),
        Restart::AfterStagnation(5),
    ]);
    let pulls = (2_usize..12, 0.001..=4.0, 0.0..=4.0, 0.001..=1.0);
    (pulls, inertia(), walls, neighbourhood, design, restart).prop_map(
        |(
            (particles, cognitive, social, limit),
            inertia,
            walls,
            neighbourhood,
            design,
            restart,
        )| {
            // Constriction has a rule for the sum.
            let constricted = inertia == Inertia::Constriction;
            SwarmSettings {
                particles,
                inertia,
                cognitive: if constricted { 4.0 } else { cognitive },
                social: if constricted {
                    social + 0.001 * f64::from(social == 0.0)
                } else {
                    social
                },
                velocity_limit: limit,
                walls,
                neighbourhood,
                design,
                restart,
            }
        },
    )
}

/// A cost that drives to the walls, and is infeasible in parts if `holes`.
fn slope(x: &[f64], holes: bool) -> f64 {
    let sum: f64 = x.iter().sum();
    if holes && sum.to_bits().is_multiple_of(3) { f64::NAN } else { sum }
}

/// Limits are part of the box, so a minimum in a corner is found to the last bit.
#[test]
fn a_minimum_in_a_corner_is_reached_exactly() {
    for seed in 0..20 {
        let bounds = Bounds::new([(0.1, 1.0), (-7.0, 3.0), (2.0, 2.5)]).unwrap();
        let mut swarm = Swarm::new(bounds, SwarmSettings::default(), seed).unwrap();
        for _ in 0..200 {
            advance(&mut swarm, |x| x[0] - x[1] + x[2]);
        }
        assert_eq!(swarm.outcome().unwrap().position, [0.1, 3.0, 2.0], "seed {seed}");
    }
}

proptest! {
    #[test]
    fn no_position_leaves_the_box(bounds in bounds(), settings in settings(), seed: u64, holes: bool) {
        let mut swarm = Swarm::new(bounds.clone(), settings, seed).unwrap();
        for _ in 0..60 {
            for x in swarm.ask() {
                prop_assert!(bounds.contains(x), "{x:?} outside {bounds:?}");
            }
            advance(&mut swarm, |x| slope(x, holes));
        }
    }

    #[test]
    fn no_step_exceeds_the_velocity_limit(bounds in bounds(), settings in settings(), seed: u64) {
        // Through a wall or at a restart a particle comes from elsewhere.
        let settings = SwarmSettings { walls: Walls::Absorb, restart: Restart::Never, ..settings };
        let mut swarm = Swarm::new(bounds.clone(), settings, seed).unwrap();
        for _ in 0..20 {
            let before = swarm.ask().to_vec();
            advance(&mut swarm, |x| slope(x, false));
            for (before, after) in before.iter().zip(swarm.ask()) {
                for (d, &(lower, upper)) in bounds.limits().iter().enumerate() {
                    // The sum x + v and the difference below are each rounded once.
                    let rounding = f64::EPSILON * lower.abs().max(upper.abs());
                    let limit = settings.velocity_limit * (upper - lower) + 2.0 * rounding;
                    prop_assert!((after[d] - before[d]).abs() <= limit);
                }
            }
        }
    }

    /// In the second generation a particle's own best is where it is, or it has none: without
    /// inertia only the leader pulls, by at most the whole way if `social` is 1.
    #[test]
    fn without_inertia_all_fly_toward_the_leader(seed: u64, holes: bool) {
        let settings =
            SwarmSettings {
                inertia: Inertia::Constant(0.0),
                social: 1.0,
                velocity_limit: 1.0,
                neighbourhood: Neighbourhood::Global,
                ..SwarmSettings::default()
            };
        let bounds = Bounds::new([(-3.0, 5.0); 4]).unwrap();
        let mut swarm = Swarm::new(bounds, settings, seed).unwrap();
        let before = swarm.ask().to_vec();
        advance(&mut swarm, |x| slope(x, holes));
        let (_, leader) = swarm.best().unwrap();
        for (before, after) in before.iter().zip(swarm.ask()) {
            for (d, &towards) in leader.iter().enumerate() {
                let (from, to) = (before[d].min(towards), before[d].max(towards));
                // Difference, product and sum, of at most 8, are each rounded by half of 2^-50.
                let rounding = 3.0 * 2_f64.powi(-51);
                prop_assert!((from - rounding..=to + rounding).contains(&after[d]));
            }
        }
    }
}
