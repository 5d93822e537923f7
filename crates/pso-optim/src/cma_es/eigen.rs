//! Eigenvalues and eigenvectors of a symmetric matrix, by Jacobi's rotations.
//!
//! Own, because it needs nothing but products, sums and square roots (the same bits on every machine, where
//! a blocked matrix product chooses fused instructions by processor), and no memory but its
//! arguments'. Of ten to thirty rows, it is as quick as any.
//!
//! Source: Golub & Van Loan, Matrix Computations, 4th ed., §8.5 (cyclic by row). Validated by its unit
//! tests.

/// Sweeps after which rounding alone is left; ten are typical for a hundred rows.
const MOST_SWEEPS: usize = 30;

/// Turns the symmetric `n`×`n` matrix `a`, in rows, into a diagonal of its eigenvalues, and sets the
/// rows of `vectors` to the eigenvectors, in the same order.
pub(crate) fn diagonalise(a: &mut [f64], vectors: &mut [f64], n: usize) {
    vectors.fill(0.0);
    (0..n).for_each(|i| vectors[i * n + i] = 1.0);
    for _ in 0..MOST_SWEEPS {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                rotated |= rotate(a, vectors, n, (p, q));
            }
        }
        if !rotated {
            return;
        }
    }
}

/// Makes `a[p][q]` zero, for `p < q`; does nothing, and says so, where it vanishes beside the diagonal.
fn rotate(a: &mut [f64], vectors: &mut [f64], n: usize, (p, q): (usize, usize)) -> bool {
    let (app, aqq, apq) = (a[p * n + p], a[q * n + q], a[p * n + q]);
    if apq == 0.0 || apq.abs() <= f64::EPSILON * (app * aqq).abs().sqrt() {
        return false;
    }
    // The smaller of the two angles whose tangent t solves t² + 2τt − 1 = 0.
    let tau = (aqq - app) / (2.0 * apq);
    let t = 1.0_f64.copysign(tau) / (tau.abs() + (1.0 + tau * tau).sqrt());
    let c = 1.0 / (1.0 + t * t).sqrt();
    let s = t * c;
    turn(a, n, (p, q), (c, s));
    turn(vectors, n, (p, q), (c, s));
    // The columns are the rows again, but where both meet.
    for k in 0..n {
        a[k * n + p] = a[p * n + k];
        a[k * n + q] = a[q * n + k];
    }
    (a[p * n + p], a[q * n + q]) = (app - t * apq, aqq + t * apq);
    (a[p * n + q], a[q * n + p]) = (0.0, 0.0);
    true
}

/// Rows `p` and `q` become `c·p − s·q` and `s·p + c·q`.
fn turn(rows: &mut [f64], n: usize, (p, q): (usize, usize), (c, s): (f64, f64)) {
    let (above, below) = rows.split_at_mut(q * n);
    for (x, y) in above[p * n..(p + 1) * n].iter_mut().zip(&mut below[..n]) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice;

    /// Returns eigenvalues, eigenvectors.
    fn solve(a: &[f64], n: usize) -> (Vec<f64>, Vec<f64>) {
        let (mut diagonal, mut vectors) = (a.to_vec(), vec![0.0; n * n]);
        diagonalise(&mut diagonal, &mut vectors, n);
        ((0..n).map(|i| diagonal[i * n + i]).collect(), vectors)
    }

    #[test]
    fn a_matrix_with_known_eigenvalues() {
        // The second difference of n points: 2 − 2·cos(kπ/(n + 1)), k = 1 … n.
        let n = 9;
        let entry = |i: usize, j: usize| match i.abs_diff(j) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        };
        let a: Vec<f64> = (0..n * n).map(|k| entry(k / n, k % n)).collect();
        let (mut values, _) = solve(&a, n);
        values.sort_by(f64::total_cmp);
        for (k, value) in (1_u32..).zip(values) {
            let known = 2.0 - 2.0 * (f64::from(k) * std::f64::consts::PI / 10.0).cos();
            // Norm 4, nine rows: a few tens of roundings of 4·2⁻⁵³.
            assert!((value - known).abs() < 2e-14, "{value} {known}");
        }
    }

    #[test]
    fn vectors_are_orthonormal_and_rebuild_the_matrix() {
        let n = 30;
        let mut rng = dice::stream(1, 0);
        let b: Vec<f64> = (0..n * n).map(|_| dice::normal(&mut rng)).collect();
        let product = |x: &dyn Fn(usize, usize) -> f64| {
            let dot = |i, j| (0..n).map(|k| x(i, k) * x(j, k)).sum::<f64>();
            (0..n * n).map(|at| dot(at / n, at % n)).collect::<Vec<f64>>()
        };
        let a = product(&|i, k| b[i * n + k]);
        let (values, vectors) = solve(&a, n);
        assert!(values.iter().all(|&value| value > 0.0));
        let identity = product(&|i, k| vectors[k * n + i]);
        let rebuilt = product(&|i, k| vectors[k * n + i] * values[k].sqrt());
        for at in 0..n * n {
            let unit = f64::from(at / n == at % n);
            // About 10·435 rotations, each rounded; the norm of a is some 120.
            assert!((identity[at] - unit).abs() < 1e-12);
            assert!((rebuilt[at] - a[at]).abs() < 1e-11 * 120.0);
        }
    }
}
