//! Standard test functions, each with minimum 0 at the origin, and the shift that moves it away
//! from the centre of the box, where a biased method would find it by chance.

use std::f64::consts::{E, PI};

pub(crate) fn sphere(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum()
}

/// With its minimum moved from (1, …, 1) to the origin.
pub(crate) fn rosenbrock(x: &[f64]) -> f64 {
    let term = |w: &[f64]| 100.0 * (w[1] + 1.0 - (w[0] + 1.0).powi(2)).powi(2) + w[0].powi(2);
    x.windows(2).map(term).sum()
}

pub(crate) fn rastrigin(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x + 10.0 - 10.0 * (2.0 * PI * x).cos()).sum()
}

pub(crate) fn ackley(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let waves: f64 = x.iter().map(|x| (2.0 * PI * x).cos()).sum();
    20.0 + E - 20.0 * (-0.2 * (sphere(x) / n).sqrt()).exp() - (waves / n).exp()
}

pub(crate) fn griewank(x: &[f64]) -> f64 {
    let waves: f64 = (1_u32..).zip(x).map(|(i, x)| (x / f64::from(i).sqrt()).cos()).product();
    1.0 + sphere(x) / 4000.0 - waves
}

/// Moves the minimum by 0.3, 0.2, 0.1, 0, 0.3, … of `half_width` in the successive dimensions.
pub(crate) fn shifted(f: fn(&[f64]) -> f64, half_width: f64) -> impl Fn(&[f64]) -> f64 {
    let shifts = [0.3, 0.2, 0.1, 0.0].map(|part| part * half_width);
    move |x| {
        let moved: Vec<f64> = x.iter().zip(shifts.iter().cycle()).map(|(x, s)| x - s).collect();
        f(&moved)
    }
}
