//! Rods that nobody builds are told, and those that were built are not.

use dip_dynamics::{OddRod, Parameters, Rig};

/// A uniform rod about its centre of mass.
fn uniform(m1: f64, l1: f64) -> Parameters {
    Parameters { m1, l1, c1: l1 / 2.0, i1: m1 * l1 * l1 / 12.0, ..Parameters::default() }
}

#[test]
fn rods_that_were_built_are_not_odd() {
    let built = Rig::ALL.iter().map(|rig| (rig.name, rig.parameters));
    for (name, plant) in built.chain([("default", Parameters::default())]) {
        assert_eq!(plant.odd_rods().next(), None, "{name}");
    }
    for (m, l) in [(1e-3, 0.05), (0.35, 0.5), (10.0, 2.0)] {
        assert_eq!(uniform(m, l).odd_rods().next(), None, "{m} kg, {l} m");
    }
}

#[test]
fn an_inertia_about_the_pivot_is_found_and_its_way_back_told() {
    for (m, l) in [(1e-3, 0.05), (0.35, 0.5), (10.0, 2.0)] {
        let right = uniform(m, l);
        let steiner = m * right.c1 * right.c1;
        let plant = Parameters { i1: right.i1 + steiner, ..right };
        let found: Vec<OddRod> = plant.odd_rods().collect();
        let [OddRod::InertiaTooLarge { rod: 1, i, most, from_pivot: Some(back) }] = found[..]
        else {
            panic!("{found:?}");
        };
        assert_eq!((i, most), (plant.i1, m * l * l / 4.0));
        // One sum and one difference, each rounded once.
        assert!((back - right.i1).abs() <= 2.0 * f64::EPSILON * plant.i1);
    }
}

#[test]
fn there_is_no_way_back_from_less_than_a_point_has_about_the_pivot() {
    let plant = Parameters { c2: 0.4, l2: 0.3, i2: 0.0200, ..Parameters::default() };
    let found: Vec<OddRod> = plant.odd_rods().collect();
    let [centre, OddRod::InertiaTooLarge { rod: 2, from_pivot: None, .. }] = found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(centre, OddRod::CentreBeyondEnd { rod: 2, c: 0.4, l: 0.3 });
}

#[test]
fn there_is_no_way_back_to_what_is_as_odd() {
    // In g·m².
    let plant = Parameters { i1: 8.1, ..Parameters::default() };
    let found: Vec<OddRod> = plant.odd_rods().collect();
    assert!(
        matches!(found[..], [OddRod::InertiaTooLarge { rod: 1, from_pivot: None, .. }]),
        "{found:?}"
    );
}
