//! Standard test functions, moved and turned: each has the minimum 0, at a place of the box that a
//! seed decides.
//!
//! Formulas: Suganthan et al. (2005), CEC special session on real-parameter optimisation; for
//! Schwefel's function beyond its box, Liang, Qu & Suganthan (2013), CEC 2014. Mathematics by `libm`,
//! so that a value is the same on every machine.

use std::f64::consts::{E, PI};

use libm::{cos, exp, sin};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// A function of `z`, of any dimension, with its minimum 0 at `z = 0`, in its usual box.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) of: fn(&[f64]) -> f64,
    /// The box is `[−half_width, half_width]` in each dimension.
    pub(crate) half_width: f64,
    /// Place of the minimum in every coordinate, in the function's usual form.
    pub(crate) usual_place: f64,
}

pub(crate) const FUNCTIONS: [Function; 6] = [
    Function { name: "sphere", of: sphere, half_width: 100.0, usual_place: 0.0 },
    Function { name: "Rosenbrock", of: rosenbrock, half_width: 30.0, usual_place: 1.0 },
    Function { name: "Rastrigin", of: rastrigin, half_width: 5.12, usual_place: 0.0 },
    Function { name: "Ackley", of: ackley, half_width: 32.0, usual_place: 0.0 },
    Function { name: "Griewank", of: griewank, half_width: 600.0, usual_place: 0.0 },
    Function { name: "Schwefel", of: schwefel, half_width: 500.0, usual_place: SCHWEFEL_PLACE },
];

pub(crate) fn sphere(z: &[f64]) -> f64 {
    z.iter().map(|z| z * z).sum()
}

/// `Σ 100·(xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²` with `x = z + 1`.
pub(crate) fn rosenbrock(z: &[f64]) -> f64 {
    let square = |x: f64| x * x;
    let term = |w: &[f64]| 100.0 * square(w[1] + 1.0 - square(w[0] + 1.0)) + square(w[0]);
    z.windows(2).map(term).sum()
}

pub(crate) fn rastrigin(z: &[f64]) -> f64 {
    z.iter().map(|z| z * z + 10.0 - 10.0 * cos(2.0 * PI * z)).sum()
}

pub(crate) fn ackley(z: &[f64]) -> f64 {
    let n = z.len() as f64;
    let waves: f64 = z.iter().map(|z| cos(2.0 * PI * z)).sum();
    20.0 + E - 20.0 * exp(-0.2 * (sphere(z) / n).sqrt()) - exp(waves / n)
}

pub(crate) fn griewank(z: &[f64]) -> f64 {
    let waves: f64 = (1_u32..).zip(z).map(|(i, z)| cos(z / f64::from(i).sqrt())).product();
    1.0 + sphere(z) / 4000.0 - waves
}

/// Where `x·sin √|x|` is greatest in `[−500, 500]`, and how great.
const SCHWEFEL_PLACE: f64 = 420.968_746_359_982;
const SCHWEFEL_PEAK: f64 = 418.982_887_272_433_7;

/// `Σ peak − x·sin √|x|` with `x = z + place`, continued beyond ±500 by its mirror image and a slope.
pub(crate) fn schwefel(z: &[f64]) -> f64 {
    let n = z.len() as f64;
    let wave = |x: f64| x * sin(x.abs().sqrt());
    let term = |z: &f64| {
        let x = z + SCHWEFEL_PLACE;
        let beyond = x.abs() - 500.0;
        if beyond <= 0.0 {
            return SCHWEFEL_PEAK - wave(x);
        }
        let image = x.signum() * (500.0 - x.abs() % 500.0);
        SCHWEFEL_PEAK - wave(image) + beyond * beyond / (10_000.0 * n)
    };
    z.iter().map(term).sum()
}

/// How a function stands in its box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pose {
    /// In its usual place.
    Usual,
    /// Its minimum anywhere in the inner 80 % of the box.
    Shifted,
    /// So shifted, and turned about the minimum.
    Rotated,
}

/// A function in a pose.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) function: Function,
    place: Vec<f64>,
    /// Rows of an orthogonal matrix; empty for the identity.
    rotation: Vec<Vec<f64>>,
}

impl Instance {
    pub(crate) fn new(function: Function, pose: Pose, dimension: usize, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // 53 bits make a number of [0, 1).
        let mut unit = || (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let mut place = vec![function.usual_place; dimension];
        if pose != Pose::Usual {
            place.fill_with(|| 0.8 * function.half_width * (2.0 * unit() - 1.0));
        }
        let rotation = match pose {
            Pose::Rotated => orthogonal(dimension, unit),
            _ => Vec::new(),
        };
        Self { function, place, rotation }
    }

    pub(crate) fn dimension(&self) -> usize {
        self.place.len()
    }

    pub(crate) fn limits(&self) -> (f64, f64) {
        (-self.function.half_width, self.function.half_width)
    }

    pub(crate) fn cost(&self, x: &[f64]) -> f64 {
        let z: Vec<f64> = x.iter().zip(&self.place).map(|(x, place)| x - place).collect();
        if self.rotation.is_empty() {
            return (self.function.of)(&z);
        }
        let turned: Vec<f64> = self.rotation.iter().map(|row| dot(row, &z)).collect();
        (self.function.of)(&turned)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A rotation of which every direction is as likely as another: Gram and Schmidt's procedure on
/// normal vectors, each number the sum of twelve uniform ones.
fn orthogonal(dimension: usize, mut unit: impl FnMut() -> f64) -> Vec<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(dimension);
    for _ in 0..dimension {
        let mut row: Vec<f64> =
            (0..dimension).map(|_| (0..12).map(|_| unit()).sum::<f64>() - 6.0).collect();
        // Twice is enough to be orthogonal to rounding.
        for done in rows.iter().chain(&rows) {
            let along = dot(done, &row);
            row.iter_mut().zip(done).for_each(|(x, d)| *x -= along * d);
        }
        let length = dot(&row, &row).sqrt();
        rows.push(row.into_iter().map(|x| x / length).collect());
    }
    rows
}
