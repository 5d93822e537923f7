//! Maps of regions of attraction: every point is a run of its own, a map has the symmetry of the equations,
//! and its figures are those of its points.

use sim_runner::{
    Attraction, AttractionMap, Coordinate, Disturbance, Experiment, Grid, MapPoint,
    MetricsRecorder, Mismatch, Outcome, Sensors, Settling, Shape, Simulation, Spread, Track, World,
};
use smc_controllers::Kind;

/// Some starts settle, some only stay up, some fall, and some leave the track.
fn experiment() -> Experiment {
    Experiment {
        simulation: Simulation { duration: 1.5, ..Simulation::default() },
        settling: Settling { theta: 0.03, x: 0.4, ..Settling::default() },
        track: Track { half_length: Some(0.6) },
        ..Experiment::default()
    }
}

fn map(experiment: &Experiment, kind: Kind, grid: Grid) -> AttractionMap {
    AttractionMap::new(experiment, kind, grid, 3, || ()).unwrap()
}

#[test]
fn grids_are_odd_and_within_half_a_turn() {
    for (range, points, message) in [
        (0.0, 3, "range = 0: must be greater than 0 and at most pi rad"),
        (-0.5, 3, "range = -0.5: must be greater than 0 and at most pi rad"),
        (f64::NAN, 3, "range = NaN: must be greater than 0 and at most pi rad"),
        (3.2, 3, "range = 3.2: must be greater than 0 and at most pi rad"),
        (1.0, 4, "grid = 4: must be an odd number from 3 to 1001"),
        (1.0, 1, "grid = 1: must be an odd number from 3 to 1001"),
        (1.0, 1003, "grid = 1003: must be an odd number from 3 to 1001"),
    ] {
        assert_eq!(Grid::new(range, points).unwrap_err().to_string(), message);
    }
}

#[test]
fn cells_tile_the_square_around_upright() {
    for (range, points) in [(0.3, 3), (1.0, 61), (core::f64::consts::PI, 1001)] {
        let grid = Grid::new(range, points).unwrap();
        let last = grid.cells() - 1;
        let upright = grid.start(last / 2);
        assert_eq!((upright.theta1, upright.theta2), (0.0, 0.0));
        for index in 0..=last {
            let (one, other) = (grid.start(index), grid.start(last - index));
            assert_eq!((one.theta1, one.theta2), (-other.theta1, -other.theta2));
        }
        // The outermost cells end at the range; a few roundings.
        let end = grid.angle(points - 1) + 0.5 * grid.cell_width();
        assert!((end - range).abs() < 1e-15 * 4.0 * range);
        assert!((grid.start(1).theta1 - grid.start(0).theta1 - grid.cell_width()).abs() < 1e-14);
        assert_eq!(grid.start(1).theta2, grid.start(0).theta2);
    }
}

/// With noise and a plant that is off, too: those of the first scenario of the seed.
#[test]
fn a_point_is_a_run_of_its_own() {
    let mut experiment = experiment();
    experiment.mismatch = Mismatch { m2: Some(Spread::Uniform(0.2)), ..Mismatch::default() };
    experiment.sensors = Sensors { dropout: 0.1, ..Sensors::default() };
    let grid = Grid::new(0.8, 7).unwrap();
    let closed_loop = experiment.closed_loop().unwrap();
    for kind in [Kind::Lqr, Kind::Hybrid] {
        let map = map(&experiment, kind, grid);
        let law = experiment.controller(kind).unwrap();
        let mut world = World::new(&closed_loop);
        let single = |index| {
            let mut scenario = experiment.scenario(3).unwrap();
            scenario.start = grid.start(index);
            let mut recorder = MetricsRecorder::new(&closed_loop);
            let run = world.run(&law, &scenario, &mut recorder);
            MapPoint {
                controller: kind,
                theta1: scenario.start.theta1,
                theta2: scenario.start.theta2,
                outcome: run.outcome,
                time: run.time,
                settling_time: recorder.metrics(run.outcome).settling_time,
            }
        };
        let expected: Vec<MapPoint> = (0..grid.cells()).map(single).collect();
        assert_eq!(map.points, expected);
        for outcome in [Outcome::Settled, Outcome::OffTrack] {
            assert!(
                expected.iter().any(|point| point.outcome == outcome),
                "{kind}: no {outcome:?}"
            );
        }
    }
}

/// The equations are odd, and so is every law: from `(−θ1, −θ2)` everything happens mirrored, at the same
/// time to the last bit.
fn asymmetry(experiment: &Experiment, kind: Kind) -> usize {
    let map = map(experiment, kind, Grid::new(0.9, 15).unwrap());
    let end = |point: &MapPoint| (point.outcome, point.time, point.settling_time);
    let mirrored = map.points.iter().zip(map.points.iter().rev());
    mirrored.filter(|(one, other)| end(one) != end(other)).count()
}

#[test]
fn maps_are_symmetric_unless_the_world_is_not() {
    for kind in Kind::ALL {
        assert_eq!(asymmetry(&experiment(), kind), 0, "{kind}");
    }
    let mut leaning = experiment();
    let shape = Shape::Step { at: 0.0, value: 5.0 };
    leaning.disturbances.push(Disturbance { on: Coordinate::Cart, shape, spread: None });
    assert!(asymmetry(&leaning, Kind::Lqr) > 0);
}

#[test]
fn threads_do_not_matter() {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut runs = 0;
            let grid = Grid::new(0.9, 15).unwrap();
            let map = AttractionMap::new(&experiment(), Kind::Adaptive, grid, 1, || runs += 1);
            assert_eq!(runs, grid.cells(), "told once a run");
            format!("{:?}", map.unwrap())
        })
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(8));
}

/// A map of five by five, of which these points end otherwise than settled.
fn drawn(others: &[(u64, Outcome)]) -> Attraction {
    let grid = Grid::new(0.5, 5).unwrap();
    let points = (0..grid.cells())
        .map(|index| {
            let other = others.iter().find(|other| other.0 == index);
            let outcome = other.map_or(Outcome::Settled, |other| other.1);
            MapPoint {
                controller: Kind::Lqr,
                theta1: grid.start(index).theta1,
                theta2: grid.start(index).theta2,
                outcome,
                time: 1.0,
                settling_time: (outcome == Outcome::Settled).then_some(1.0),
            }
        })
        .collect();
    AttractionMap { name: Kind::Lqr, grid, points }.attraction()
}

#[test]
fn figures_are_those_of_the_points() {
    use Outcome::{Diverged, Fallen, NotSettled, OffTrack};
    let all = drawn(&[]);
    assert_eq!((all.points, all.settled, all.settled_share, all.area), (25, 25, 1.0, 1.0));
    assert_eq!(all.square, Some(0.4), "the middle of the outermost cells");

    let some = drawn(&[(0, Fallen), (1, Fallen), (4, OffTrack), (20, NotSettled), (24, Diverged)]);
    let Attraction { settled, not_settled, fallen, off_track, diverged, .. } = some;
    assert_eq!((settled, not_settled, fallen, off_track, diverged), (20, 1, 2, 1, 1));
    // A cell is 0.04 rad².
    assert!((some.area - 20.0 * 0.04).abs() < 1e-15);
    assert_eq!(some.square, Some(0.2));

    // Point 12 is upright, 6 and 18 are at its corners, 10 is at the end of its row.
    for (others, square) in [
        (&[(6, Fallen)][..], Some(0.0)),
        (&[(18, NotSettled), (0, Fallen)], Some(0.0)),
        (&[(10, Fallen)], Some(0.2)),
        (&[(12, Fallen)], None),
    ] {
        assert_eq!(drawn(others).square, square, "{others:?}");
    }
}
