//! Points that fill the unit cube evenly: Sobol' sequences, of which each point is computed alone.
//!
//! The first `2^m` points have, in any dimension, one in each of `2^m` equal intervals. Scrambled, each
//! point is uniform in the cube, so that means over them have no bias, and errors fall faster than by
//! random points. Up to [`DIMENSIONS`] dimensions, and 2³² points; then another scrambling begins.
//!
//! Of the crates that were looked at, `sobol_burley` ends at 2¹⁶ points in single precision, and
//! `sobol` is an iterator that allocates each point and cannot be asked for number `i`.
//!
//! # Source
//! Directions: Joe and Kuo (2008), Constructing Sobol sequences with better two-dimensional
//! projections, the file `new-joe-kuo-6`. Scrambling: Owen (1995), Randomly permuted (t, m, s)-nets;
//! that its permutations can be hashed, Burley (2020), Practical hash-based Owen scrambling.
//!
//! Validated by its own tests, against scipy (`tests/golden/statistics.json`) and by its theory.

use crate::keyed::hash;

/// Dimensions of the sequence.
pub(crate) const DIMENSIONS: usize = 32;

/// Of dimensions 2 and on: the degree of the primitive polynomial, its inner coefficients as bits, and
/// the initial direction numbers.
const JOE_KUO: [(usize, u32, [u32; 7]); DIMENSIONS - 1] = [
    (1, 0, [1, 0, 0, 0, 0, 0, 0]),
    (2, 1, [1, 3, 0, 0, 0, 0, 0]),
    (3, 1, [1, 3, 1, 0, 0, 0, 0]),
    (3, 2, [1, 1, 1, 0, 0, 0, 0]),
    (4, 1, [1, 1, 3, 3, 0, 0, 0]),
    (4, 4, [1, 3, 5, 13, 0, 0, 0]),
    (5, 2, [1, 1, 5, 5, 17, 0, 0]),
    (5, 4, [1, 1, 5, 5, 5, 0, 0]),
    (5, 7, [1, 1, 7, 11, 19, 0, 0]),
    (5, 11, [1, 1, 5, 1, 1, 0, 0]),
    (5, 13, [1, 1, 1, 3, 11, 0, 0]),
    (5, 14, [1, 3, 5, 5, 31, 0, 0]),
    (6, 1, [1, 3, 3, 9, 7, 49, 0]),
    (6, 13, [1, 1, 1, 15, 21, 21, 0]),
    (6, 16, [1, 3, 1, 13, 27, 49, 0]),
    (6, 19, [1, 1, 1, 15, 7, 5, 0]),
    (6, 22, [1, 3, 1, 15, 13, 25, 0]),
    (6, 25, [1, 1, 5, 5, 19, 61, 0]),
    (7, 1, [1, 3, 7, 11, 23, 15, 103]),
    (7, 4, [1, 3, 7, 13, 13, 15, 69]),
    (7, 7, [1, 1, 3, 13, 7, 35, 63]),
    (7, 8, [1, 3, 5, 9, 1, 25, 53]),
    (7, 14, [1, 3, 1, 13, 9, 35, 107]),
    (7, 19, [1, 3, 1, 5, 27, 61, 31]),
    (7, 21, [1, 1, 5, 11, 19, 41, 61]),
    (7, 28, [1, 3, 5, 3, 3, 13, 69]),
    (7, 31, [1, 1, 7, 13, 1, 19, 1]),
    (7, 32, [1, 3, 7, 5, 13, 19, 59]),
    (7, 37, [1, 1, 3, 9, 25, 29, 41]),
    (7, 41, [1, 3, 5, 13, 23, 1, 55]),
    (7, 42, [1, 3, 7, 3, 13, 59, 17]),
];

const BITS: usize = 32;

/// What each bit of an index, from the lowest on, contributes to each coordinate.
static DIRECTIONS: [[u32; BITS]; DIMENSIONS] = directions();

/// The recurrence of Bratley and Fox (1988), evaluated by the compiler.
const fn directions() -> [[u32; BITS]; DIMENSIONS] {
    let mut all = [[0; BITS]; DIMENSIONS];
    let mut bit = 0;
    while bit < BITS {
        all[0][bit] = 1 << (BITS - 1 - bit);
        bit += 1;
    }
    let mut dimension = 1;
    while dimension < DIMENSIONS {
        let (degree, coefficients, initial) = JOE_KUO[dimension - 1];
        let mut v = [0; BITS];
        let mut bit = 0;
        while bit < BITS {
            v[bit] = if bit < degree {
                initial[bit] << (BITS - 1 - bit)
            } else {
                let mut next = v[bit - degree] ^ (v[bit - degree] >> degree);
                let mut k = 1;
                while k < degree {
                    if (coefficients >> (degree - 1 - k)) & 1 == 1 {
                        next ^= v[bit - k];
                    }
                    k += 1;
                }
                next
            };
            bit += 1;
        }
        all[dimension] = v;
        dimension += 1;
    }
    all
}

/// A coordinate of point number `index`, as a fraction of 2³².
fn coordinate(index: u32, dimension: usize) -> u32 {
    let contributes = |bit: usize| (index >> bit) & 1 == 1;
    let of_bits = DIRECTIONS[dimension].iter().enumerate();
    of_bits.fold(0, |sum, (bit, v)| if contributes(bit) { sum ^ v } else { sum })
}

/// A coordinate of point number `index`, scrambled by a key that has to be another in each dimension:
/// in `[0, 1)`, with all 53 bits.
#[expect(clippy::cast_possible_truncation, reason = "the upper half of the index is in the key")]
pub(crate) fn scrambled(index: u64, dimension: usize, key: u64) -> f64 {
    let key = hash(key, index >> BITS);
    let plain = coordinate(index as u32, dimension);
    // Whether a bit is flipped depends on the bits above it: they, behind a leading 1, are a node of
    // the tree of intervals.
    let node = |depth: usize| (1_u64 << depth) | (u64::from(plain) >> (BITS - depth));
    let flips = (0..BITS).fold(0, |flips, depth| (flips << 1) | (hash(key, node(depth)) >> 63));
    let upper = u64::from(plain) ^ flips;
    // Below the last bit of the sequence, all bits are the scrambling's.
    let lower = hash(key, node(BITS)) >> 43;
    ((upper << 21) | lower) as f64 * (1.0 / (1_u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::{DIMENSIONS, coordinate, scrambled};

    #[test]
    fn the_sequence_is_that_of_joe_and_kuo() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../tests/golden/statistics.json")).unwrap();
        let points = golden["sobol"].as_array().unwrap();
        for point in points {
            let index = u32::try_from(point[0].as_u64().unwrap()).unwrap();
            for dimension in 0..DIMENSIONS {
                let expected = point[1][dimension].as_f64().unwrap();
                let drawn = f64::from(coordinate(index, dimension)) / 2_f64.powi(32);
                assert_eq!(drawn, expected, "point {index}, dimension {dimension}");
            }
        }
        assert_eq!(points.len(), 11);
    }

    fn keys(seed: u64, dimension: usize) -> u64 {
        crate::keyed::hash(seed, dimension as u64)
    }

    /// Scrambling keeps the net: any 2^m points that begin at a multiple of 2^m have one in each of 2^m
    /// intervals, in each dimension; and the first two dimensions one in each of all elementary boxes.
    #[test]
    fn a_scrambled_net_is_a_net() {
        let m = 8;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small grid")]
        let cell = |u: f64, bits: u32| (u * f64::from(1 << bits)) as usize;
        for first in [0, 256, 77 << m, (1 << 32) + 512] {
            let coordinates = |dimension| {
                (first..first + (1 << m))
                    .map(move |i| scrambled(i, dimension, keys(5, dimension)))
                    .collect::<Vec<_>>()
            };
            for dimension in 0..DIMENSIONS {
                let mut seen = vec![0; 1 << m];
                for u in coordinates(dimension) {
                    seen[cell(u, m)] += 1;
                }
                assert!(seen.iter().all(|&count| count == 1), "dimension {dimension} from {first}");
            }
            let (x, y) = (coordinates(0), coordinates(1));
            for bits in 0..=m {
                let mut seen = vec![0; 1 << m];
                for (&x, &y) in x.iter().zip(&y) {
                    seen[(cell(x, bits) << (m - bits)) + cell(y, m - bits)] += 1;
                }
                assert!(seen.iter().all(|&count| count == 1), "{bits} bits from {first}");
            }
        }
    }

    /// Over many keys each point is uniform: the mean of 4000 uniform numbers has a standard deviation
    /// of 0.0046, that of their squares (mean 1/3) of 0.0047; four of them are allowed.
    #[test]
    fn each_scrambled_point_is_uniform() {
        for index in [0, 1, 5, 1000] {
            for dimension in [0, 1, 31] {
                let draws = (0..4000).map(|key| scrambled(index, dimension, key));
                let (sum, squares) =
                    draws.fold((0.0, 0.0), |(sum, squares), u| (sum + u, squares + u * u));
                assert!((sum / 4000.0 - 0.5).abs() < 0.019, "{index} {dimension}: {sum}");
                assert!((squares / 4000.0 - 1.0 / 3.0).abs() < 0.019, "{index} {dimension}");
            }
        }
    }

    /// `∫∏(1 + (x_i − ½))dx = 1` in six dimensions. Of 4096 random points the standard error is
    /// `√((13/12)⁶ − 1)/64 = 0.0123`; these are off by a twentieth of it at most.
    #[test]
    fn integrals_are_closer_than_by_random_points() {
        for seed in 0..20 {
            let mut sum = 0.0;
            for i in 0..4096 {
                sum += (0..6).map(|d| 0.5 + scrambled(i, d, keys(seed, d))).product::<f64>();
            }
            assert!((sum / 4096.0 - 1.0).abs() < 0.0123 / 20.0, "seed {seed}: {}", sum / 4096.0);
        }
    }
}
