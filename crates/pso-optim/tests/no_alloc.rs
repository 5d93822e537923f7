//! The memory of a search is flat: after construction, nothing is allocated.

use memcheck::{CountingAllocator, no_alloc};
use pso_optim::{Bounds, Settings, Swarm};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

#[test]
fn a_thousand_generations_allocate_nothing() {
    let bounds = Bounds::new([(-5.0, 5.0); 6]).unwrap();
    let mut swarm = Swarm::new(bounds, Settings::default(), 1).unwrap();
    let mut costs = vec![0.0; swarm.ask().len()];
    let first = swarm.best().map(|(cost, _)| cost);
    no_alloc(|| {
        for _ in 0..1000 {
            for (cost, x) in costs.iter_mut().zip(swarm.ask()) {
                *cost = x.iter().map(|c| c * c).sum();
            }
            swarm.tell(&costs);
        }
    })
    .unwrap();
    assert_eq!(first, None);
    assert!(swarm.best().unwrap().0 < 1e-9, "and it did search");
}

#[test]
fn the_gate_sees_a_convergence_history_that_grows() {
    let mut swarm =
        Swarm::new(Bounds::new([(-1.0, 1.0)]).unwrap(), Settings::default(), 1).unwrap();
    let costs = vec![1.0; swarm.ask().len()];
    let mut history = Vec::new();
    no_alloc(|| {
        swarm.tell(&costs);
        history.push(swarm.best().map(|(cost, _)| cost));
    })
    .unwrap_err();
}
