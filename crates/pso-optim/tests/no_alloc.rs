//! The memory of a search is flat: after construction, nothing is allocated, by any optimiser.

use memcheck::{CountingAllocator, no_alloc};
use pso_optim::{
    Bounds, CmaEs, CmaEsSettings, DifferentialEvolution, DifferentialEvolutionSettings,
    Neighbourhood, Nsga2, Nsga2Settings, Optimiser, Restart, Strategy, Swarm, SwarmSettings,
};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

fn bounds() -> Bounds {
    Bounds::new([(-5.0, 5.0); 6]).unwrap()
}

fn sphere(x: &[f64]) -> f64 {
    x.iter().map(|c| c * c).sum()
}

/// A thousand generations, with infeasible candidates among them.
fn check<A: Optimiser>(mut optimiser: A, cost: impl Fn(&[f64], &mut A::Cost)) {
    let mut costs = vec![optimiser.infeasible_cost(); optimiser.ask().len()];
    let start = optimiser.diversity();
    no_alloc(|| {
        for _ in 0..1000 {
            for (told, x) in costs.iter_mut().zip(optimiser.ask()) {
                cost(x, told);
            }
            optimiser.tell(&costs);
            let _ = (optimiser.best(), optimiser.tally(), optimiser.diversity());
        }
    })
    .unwrap_or_else(|error| panic!("{}: {error}", optimiser.name()));
    let tally = optimiser.tally();
    assert!(tally.infeasible > 0 && tally.found_any() && start > 0.1, "and it did search");
}

fn half(x: &[f64], told: &mut f64) {
    *told = if x[0] < -1.0 { f64::NAN } else { sphere(x) };
}

#[test]
fn a_thousand_generations_allocate_nothing() {
    let swarm = |settings| Swarm::new(bounds(), settings, 1).unwrap();
    check(swarm(SwarmSettings::default()), half);
    check(
        swarm(SwarmSettings {
            neighbourhood: Neighbourhood::Global,
            restart: Restart::AfterStagnation(5),
            ..SwarmSettings::default()
        }),
        |x, told| *told = if x[0] < -1.0 { f64::NAN } else { 1.0 },
    );
    check(CmaEs::new(bounds(), CmaEsSettings::default(), 1).unwrap(), half);
    let evolution = |strategy| DifferentialEvolutionSettings { strategy, ..Default::default() };
    let rand1 = Strategy::Rand1 { factor: 0.7, crossover: 0.9 };
    for strategy in [Strategy::Shade, rand1] {
        check(DifferentialEvolution::new(bounds(), evolution(strategy), 1).unwrap(), half);
    }
    check(Nsga2::new(bounds(), Nsga2Settings::default(), 1).unwrap(), |x, told| {
        half(x, &mut told[0]);
        told[1] = (x[0] - 1.0).abs();
    });
}

#[test]
fn the_gate_sees_a_convergence_history_that_grows() {
    let mut swarm = Swarm::new(bounds(), SwarmSettings::default(), 1).unwrap();
    let costs = vec![1.0; swarm.ask().len()];
    let mut history = Vec::new();
    no_alloc(|| {
        swarm.tell(&costs);
        history.push(swarm.best().map(|(cost, _)| cost));
    })
    .unwrap_err();
}
