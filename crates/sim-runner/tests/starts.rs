//! Starts are spread as their design says.

use dip_dynamics::State;
use sim_runner::{Sampling, StartDesign, Starts};

/// All six coordinates, each of another half width.
fn wide(design: Sampling) -> StartDesign {
    StartDesign {
        design,
        x: 0.4,
        theta1: 0.3,
        theta2: 0.2,
        x_dot: 1.0,
        theta1_dot: 2.0,
        theta2_dot: 3.0,
    }
}

const HALF_WIDTHS: [f64; 6] = [0.4, 0.3, 0.2, 1.0, 2.0, 3.0];

fn latin(strata: u32) -> Sampling {
    Sampling::LatinHypercube { strata: strata.try_into().unwrap() }
}

/// In units of the half widths.
fn units(starts: &Starts, indices: impl Iterator<Item = u64>) -> Vec<[f64; 6]> {
    let unit = |state: State| {
        let mut unit = state.to_array();
        unit.iter_mut().zip(HALF_WIDTHS).for_each(|(value, half_width)| *value /= half_width);
        unit
    };
    indices.map(|index| unit(starts.get(index))).collect()
}

/// The largest distance between the distribution of `values` and one that is uniform in `[0, 1]`.
///
/// Of `n` independent uniform numbers it exceeds `1.95/√n` once in a thousand times (Kolmogorov).
fn kolmogorov(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let distance = |(i, &value): (usize, &f64)| {
        (value - i as f64 / n).abs().max((value - (i + 1) as f64 / n).abs())
    };
    values.iter().enumerate().map(distance).fold(0.0, f64::max)
}

#[test]
fn each_coordinate_is_uniform() {
    for design in [Sampling::Box, latin(500), latin(5000), Sampling::Sobol] {
        for seed in [1, 2] {
            let drawn = units(&wide(design).starts(seed).unwrap(), 0..2000);
            for coordinate in 0..6 {
                let shares = drawn.iter().map(|unit| 0.5 + 0.5 * unit[coordinate]).collect();
                let distance = kolmogorov(shares);
                assert!(distance < 1.95 / 2000_f64.sqrt(), "{design:?} {coordinate}: {distance}");
            }
            // Independent: 15 correlations, each with a standard deviation of 1/√2000.
            for (i, j) in (0..6).flat_map(|i| (0..i).map(move |j| (i, j))) {
                let sum: f64 = drawn.iter().map(|unit| unit[i] * unit[j]).sum();
                let correlation = 3.0 * sum / 2000.0;
                assert!(correlation.abs() < 4.0 / 2000_f64.sqrt(), "{design:?} {i} {j}");
            }
        }
    }
}

#[test]
fn a_latin_hypercube_has_one_start_in_each_stratum() {
    for strata in [1, 2, 3, 7, 64, 100, 1001] {
        for seed in 0..3 {
            let starts = wide(latin(strata)).starts(seed).unwrap();
            let mut orders = Vec::new();
            for cube in [0, 1, 9] {
                let first = cube * u64::from(strata);
                let drawn = units(&starts, first..first + u64::from(strata));
                for coordinate in 0..6 {
                    // The bits of numbers that are not negative are in their order.
                    let stratum = |unit: &[f64; 6]| {
                        ((0.5 + 0.5 * unit[coordinate]) * f64::from(strata)).floor().to_bits()
                    };
                    let order: Vec<u64> = drawn.iter().map(stratum).collect();
                    let mut sorted = order.clone();
                    sorted.sort_unstable();
                    let all = (0..strata).map(|stratum| f64::from(stratum).to_bits());
                    assert!(sorted.into_iter().eq(all), "{strata} strata, coordinate {coordinate}");
                    orders.push(order);
                }
            }
            // Coordinates and hypercubes are in orders of their own.
            if strata >= 64 {
                orders.sort_unstable();
                orders.dedup();
                assert_eq!(orders.len(), 18);
            }
        }
    }
}

#[test]
fn within_a_stratum_a_start_is_anywhere() {
    let drawn = units(&wide(latin(40)).starts(1).unwrap(), 0..2000);
    for coordinate in 0..6 {
        let within = |unit: &[f64; 6]| ((0.5 + 0.5 * unit[coordinate]) * 40.0).fract();
        let distance = kolmogorov(drawn.iter().map(within).collect());
        assert!(distance < 1.95 / 2000_f64.sqrt(), "{coordinate}: {distance}");
    }
}

/// In a ball of `k` dimensions the radius to the power of `k` is uniform, and so is the direction.
#[test]
fn a_ball_is_filled_evenly() {
    let disc = |theta1, theta2| StartDesign {
        design: Sampling::Ball,
        theta1,
        theta2,
        ..StartDesign::default()
    };
    let bound = 1.95 / 4000_f64.sqrt();
    let (mut radii, mut directions) = (Vec::new(), Vec::new());
    let starts = disc(0.3, 0.1).starts(1).unwrap();
    for index in 0..4000 {
        let start = starts.get(index);
        let (a, b) = (start.theta1 / 0.3, start.theta2 / 0.1);
        assert_eq!(start, State { theta1: start.theta1, theta2: start.theta2, ..State::UPRIGHT });
        radii.push(a * a + b * b);
        directions.push(0.5 + b.atan2(a) / std::f64::consts::TAU);
    }
    assert!(radii.iter().all(|&square| square <= 1.0));
    assert!(kolmogorov(radii) < bound && kolmogorov(directions) < bound);

    let drawn = units(&wide(Sampling::Ball).starts(1).unwrap(), 0..4000);
    let square = |unit: &[f64; 6]| unit.iter().map(|value| value * value).sum::<f64>();
    assert!(kolmogorov(drawn.iter().map(|unit| square(unit).powi(3)).collect()) < bound);
    // The mean of the square of each coordinate is 1/8, its standard deviation below that.
    for coordinate in 0..6 {
        let mean = drawn.iter().map(|unit| unit[coordinate].powi(2)).sum::<f64>() / 4000.0;
        assert!((mean - 0.125).abs() < 4.0 * 0.125 / 4000_f64.sqrt(), "{coordinate}: {mean}");
    }
}

/// The largest difference between the share of points in a box from the corner and its area, over all
/// boxes that points make: the star discrepancy, from below and within 2/n.
fn star_discrepancy(points: &[[f64; 2]]) -> f64 {
    let n = points.len() as f64;
    let mut largest = 0.0_f64;
    for [x, _] in points {
        for [_, y] in points {
            let within = points.iter().filter(|point| point[0] <= *x && point[1] <= *y).count();
            largest = largest.max((within as f64 / n - x * y).abs());
        }
    }
    largest
}

/// A net of 2ᵐ points in two dimensions, of quality t = 0 as that of the first two is, has at most (m + 1)/2ᵐ
/// (Sobol' 1967): 0.035 of 256 points. Random ones have some 0.07.
#[test]
fn a_sobol_sequence_has_a_low_discrepancy() {
    let discrepancy = |design, seed| {
        let drawn = units(&wide(design).starts(seed).unwrap(), 0..256);
        let share = |unit: &[f64; 6], i: usize| 0.5 + 0.5 * unit[i];
        let points: Vec<_> = drawn.iter().map(|unit| [share(unit, 1), share(unit, 2)]).collect();
        star_discrepancy(&points)
    };
    for seed in 0..5 {
        let (sobol, random) =
            (discrepancy(Sampling::Sobol, seed), discrepancy(Sampling::Box, seed));
        assert!(sobol <= 9.0 / 256.0 && random > 1.5 * sobol, "{sobol} {random}");
    }
}

#[test]
fn a_start_is_computed_alone() {
    for design in [Sampling::Box, Sampling::Ball, latin(50), Sampling::Sobol] {
        let starts = wide(design).starts(3).unwrap();
        let forward: Vec<State> = (0..120).map(|index| starts.get(index)).collect();
        let backward: Vec<State> = (0..120).rev().map(|index| starts.get(index)).collect();
        assert!(forward.iter().eq(backward.iter().rev()));
        for (i, start) in forward.iter().enumerate() {
            assert!(forward[..i].iter().all(|other| other != start), "each is another");
        }
        assert!(starts.get(u64::MAX >> 9).is_finite());
        let other_seed = wide(design).starts(4).unwrap();
        assert!((0..120).all(|index| other_seed.get(index) != starts.get(index)));
    }
}

#[test]
fn to_vary_one_more_coordinate_does_not_move_the_others() {
    for design in [Sampling::Box, latin(30), Sampling::Sobol] {
        let angles = StartDesign { design, theta1: 0.3, theta2: 0.3, ..StartDesign::default() };
        let more = StartDesign { x: 1.0, ..angles }.starts(5).unwrap();
        let angles = angles.starts(5).unwrap();
        for index in 0..100 {
            let (one, other) = (angles.get(index), more.get(index));
            assert_eq!((one.theta1, one.theta2), (other.theta1, other.theta2));
            assert!(other.x != 0.0);
            // What does not vary is 0, and not −0, of which files would tell.
            let rest = [one.x, one.x_dot, one.theta1_dot, one.theta2_dot];
            assert!(rest.iter().all(|value| value.to_bits() == 0));
        }
    }
}

#[test]
fn a_design_is_read_from_a_file() {
    for (text, design) in [
        (r#"{"design":"box","theta1":0.3,"theta2":0.3}"#, Sampling::Box),
        (r#"{"design":"ball","theta1":0.3,"theta2":0.3}"#, Sampling::Ball),
        (r#"{"design":{"latin_hypercube":{"strata":400}},"theta1":0.3,"theta2":0.3}"#, latin(400)),
        (r#"{"design":"sobol","theta1":0.3,"theta2":0.3}"#, Sampling::Sobol),
        (r#"{"theta1":0.3,"theta2":0.3}"#, Sampling::Box),
    ] {
        let read: StartDesign = serde_json::from_str(text).unwrap();
        assert_eq!(read, StartDesign { design, theta1: 0.3, theta2: 0.3, ..read });
        let again = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        assert_eq!(read, again);
    }
    for (text, reason) in [
        (r#"{"design":"cube"}"#, "unknown variant `cube`"),
        (r#"{"radius":0.3}"#, "unknown field `radius`"),
        (r#"{"design":{"latin_hypercube":{}}}"#, "missing field `strata`"),
        (r#"{"design":{"latin_hypercube":{"strata":0}}}"#, "nonzero"),
        (r#"{"design":{"latin_hypercube":{"strata":9,"n":1}}}"#, "unknown field `n`"),
    ] {
        let error = serde_json::from_str::<StartDesign>(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn a_design_that_cannot_be_is_refused() {
    let all = wide(Sampling::Box);
    let upright = StartDesign { theta1: 0.0, theta2: 0.0, ..StartDesign::default() };
    for (design, message) in [
        (upright, "starts.theta1 = 0: must be greater than 0, or another half width has to be"),
        (StartDesign { theta2: 3.2, ..all }, "starts.theta2 = 3.2: must be from 0 to pi rad"),
        (StartDesign { x: -1.0, ..all }, "starts.x = -1: must be from 0 to 1e6"),
        (StartDesign { x_dot: f64::NAN, ..all }, "starts.x_dot = NaN: must be from 0 to 1e6"),
    ] {
        let error = design.starts(1).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(message.starts_with(&error.key()));
    }
    assert!(StartDesign { theta1_dot: 1.0, ..upright }.starts(1).is_ok());
}
