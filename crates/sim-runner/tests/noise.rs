//! Random numbers: their distribution, and that nothing shares them.

use sim_runner::{NoiseSource, RandomNoise};

const N: usize = 200_000;

/// Five standard deviations of an estimate: one honest stream in two million would fail.
const SIGMAS: f64 = 5.0;

fn normals(seed: u64, stream: u64) -> Vec<f64> {
    let mut noise = RandomNoise::new(seed, stream);
    (0..N).map(|_| noise.normal()).collect()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    values.sum::<f64>() / N as f64
}

#[test]
fn normal_numbers_are_normal() {
    let root = (N as f64).sqrt();
    for stream in 0..4 {
        let values = normals(1, stream);
        let moment = |n: i32| mean(values.iter().map(|x| x.powi(n)));
        // The variance of xⁿ is E[x²ⁿ] − E[xⁿ]²: 1, 2, 15, 96 for n = 1 to 4.
        for (n, expected, variance) in
            [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0_f64)]
        {
            let tolerance = SIGMAS * variance.sqrt() / root;
            assert!((moment(n) - expected).abs() < tolerance, "{n}: {}", moment(n));
        }
        // The tails: P(|x| > 1), P(|x| > 2), P(|x| > 3), as in any table.
        for (bound, share) in [(1.0, 0.317_311), (2.0, 0.045_500), (3.0, 0.002_700_f64)] {
            let beyond = mean(values.iter().map(|x| f64::from(x.abs() > bound)));
            let tolerance = SIGMAS * (share * (1.0 - share)).sqrt() / root;
            assert!((beyond - share).abs() < tolerance, "{bound}: {beyond}");
        }
    }
}

#[test]
fn uniform_numbers_are_uniform() {
    let mut noise = RandomNoise::new(2, 3);
    let values: Vec<f64> = (0..N).map(|_| noise.uniform()).collect();
    assert!(values.iter().all(|x| (0.0..1.0).contains(x)));
    let tolerance = SIGMAS / 12.0_f64.sqrt() / (N as f64).sqrt();
    assert!((mean(values.into_iter()) - 0.5).abs() < tolerance);
}

#[test]
fn streams_and_neighbours_are_independent() {
    let tolerance = SIGMAS / (N as f64).sqrt();
    let one = normals(1, 0);
    for other in [normals(1, 1), normals(1, 1 << 56), normals(2, 0)] {
        let correlation = mean(one.iter().zip(&other).map(|(a, b)| a * b));
        assert!(correlation.abs() < tolerance, "{correlation}");
    }
    // Also the two of a pair, which share their length.
    for lag in 1..4 {
        let correlation = mean(one.iter().zip(&one[lag..]).map(|(a, b)| a * b));
        assert!(correlation.abs() < tolerance, "{lag}: {correlation}");
    }
    let squares = one.chunks(2).map(|pair| (pair[0].powi(2) - 1.0) * (pair[1].powi(2) - 1.0));
    // Half as many, each of variance 2·2.
    assert!((2.0 * mean(squares)).abs() < SIGMAS * 2.0 / (N as f64 / 2.0).sqrt());
}

/// The same bits on every machine: written down once.
#[test]
fn a_stream_is_its_seed_and_number() {
    let mut noise = RandomNoise::new(42, 7);
    let drawn = [noise.normal(), noise.normal(), noise.uniform(), noise.normal()];
    assert_eq!(drawn.map(f64::to_bits), BITS);
}

const BITS: [u64; 4] =
    [0xbfe9_d07e_ab67_64b8, 0xbfd8_22cd_6eff_28c1, 0x3fe3_b1b8_aef9_d7e8, 0xbfc2_359b_c55c_8882];
