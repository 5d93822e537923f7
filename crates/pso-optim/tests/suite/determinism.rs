//! No particle's dice depend on another particle, nor on when it is evaluated. That the same seed gives the
//! same bits, and on any number of threads, stands in `every_optimiser.rs`.

use pso_optim::{Bounds, Design, Optimiser, Swarm, SwarmSettings};

use crate::{advance, rastrigin, swarm};

/// The order of evaluation cannot matter as long as costs come back in place; a generation that
/// is evaluated backwards shows that no state hides in `ask`.
#[test]
fn order_of_evaluation_is_free() {
    let (mut forward, mut backward) = (swarm(5.12, 3, 9), swarm(5.12, 3, 9));
    for _ in 0..50 {
        advance(&mut forward, rastrigin);
        let mut costs: Vec<f64> = backward.ask().iter().rev().map(|x| rastrigin(x)).collect();
        costs.reverse();
        backward.tell(&costs);
        assert_eq!(forward.ask(), backward.ask());
    }
}

#[test]
fn a_particle_starts_the_same_in_a_larger_swarm() {
    let of = |particles| {
        let settings = SwarmSettings { particles, design: Design::Uniform, ..Default::default() };
        Swarm::new(Bounds::new([(0.0, 1.0); 4]).unwrap(), settings, 5).unwrap()
    };
    assert_eq!(of(10).ask(), &of(30).ask()[..10]);
}

#[test]
fn given_points_come_first_and_displace_only_their_particles() {
    let bounds = Bounds::new([(0.1, 1.0); 2]).unwrap();
    // 0.1 and 1.0 are the limits themselves: points on the edge are inside.
    let points = [vec![0.1, 1.0], vec![0.3, 0.7]];
    let plain = Swarm::new(bounds.clone(), SwarmSettings::default(), 5).unwrap();
    let mut given = Swarm::starting_at(bounds, SwarmSettings::default(), 5, &points).unwrap();
    assert_eq!(given.ask()[..2], points);
    assert_eq!(given.ask()[2..], plain.ask()[2..]);

    advance(&mut given, |x| if *x == [0.3, 0.7] { -1.0 } else { 0.0 });
    assert_eq!(given.best(), Some((-1.0, &[0.3, 0.7][..])));
}
