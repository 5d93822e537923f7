//! Tails of the binomial distribution, for millions of trials as well.
//!
//! The crates at hand (`statrs`, `puruspe`, `special`) go by the continued fraction of the incomplete beta
//! function and stop it unfinished: of 10⁷ trials `statrs` 0.19 says 0.61 where 0.4976 is right, of 10⁸ it
//! gives a probability of 1.45. Summing the mass from where it is asked for takes some √n terms. Logarithms
//! are `libm`'s: the same bits on every machine.
//!
//! Validated by its own tests, against scipy (`tests/golden/statistics.json`).

use core::f64::consts::TAU;

/// The probability of at most `k` successes in `n` trials of probability `p`.
pub(crate) fn at_most(k: u64, n: u64, p: f64) -> f64 {
    let (failures, q) = (n - k.min(n), 1.0 - p);
    if failures == 0 || p == 0.0 {
        1.0
    } else if q == 0.0 {
        0.0
    } else if k as f64 <= n as f64 * p {
        lower_tail(k, n, p, q)
    } else {
        1.0 - lower_tail(failures - 1, n, q, p)
    }
}

/// The probability of at least `k` successes in `n` trials of probability `p`.
pub(crate) fn at_least(k: u64, n: u64, p: f64) -> f64 {
    if k == 0 { 1.0 } else { 1.0 - at_most(k - 1, n, p) }
}

/// The exact two-sided sign test: how likely a split at least as uneven is, if both sides are.
///
/// # Source: Conover (1999), Practical nonparametric statistics, section 3.4.
pub(crate) fn sign_test(one: u64, other: u64) -> f64 {
    (2.0 * at_most(one.min(other), one + other, 0.5)).min(1.0)
}

/// The probability of at most `k` successes, if `k` is not above the mean: from there down, the terms
/// only fall.
fn lower_tail(k: u64, n: u64, p: f64, q: f64) -> f64 {
    let mut term = mass(k, n, p, q);
    let mut sum = term;
    let (mut k, n) = (k as f64, n as f64);
    while k > 0.0 && term > f64::EPSILON * 1e-3 * sum {
        term *= k * q / ((n - k + 1.0) * p);
        k -= 1.0;
        sum += term;
    }
    sum
}

/// The probability of exactly `k` successes.
///
/// # Source: Loader (2000), Fast and accurate computation of binomial probabilities.
fn mass(k: u64, n: u64, p: f64, q: f64) -> f64 {
    let (successes, failures, n) = (k as f64, (n - k) as f64, n as f64);
    if successes == 0.0 {
        return libm::exp(n * libm::log1p(-p));
    }
    if failures == 0.0 {
        return libm::exp(n * libm::log1p(-q));
    }
    let exponent = stirling_error(n)
        - stirling_error(successes)
        - stirling_error(failures)
        - deviance(successes, n * p)
        - deviance(failures, n * q);
    libm::exp(exponent) * (n / (TAU * successes * failures)).sqrt()
}

/// `x·ln(x/m) + m − x`, without cancellation of large numbers.
fn deviance(x: f64, m: f64) -> f64 {
    let t = (m - x) / x;
    x * (t - libm::log1p(t))
}

/// `ln n! − ln(√(2πn)·(n/e)ⁿ)`.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        let stirling = (n + 0.5) * libm::log(n) - n + 0.5 * libm::log(TAU);
        return libm::lgamma(n + 1.0) - stirling;
    }
    // The first term left out is below 1.3e-14.
    let square = n * n;
    let bracket = 1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / (1680.0 * square)) / square;
    (1.0 / 12.0 - bracket / square) / n
}

#[cfg(test)]
mod tests {
    use super::{at_least, at_most, sign_test};
    use crate::statistics::golden;

    #[test]
    fn tails_are_right_for_millions_of_trials() {
        for row in golden("binomial") {
            let (k, n) = (row[0].as_u64().unwrap(), row[1].as_u64().unwrap());
            let p = row[2].as_f64().unwrap();
            let (lower, upper) = (row[3].as_f64().unwrap(), row[4].as_f64().unwrap());
            // Exponents are rounded to 1e-12 at most, the some 10⁴ terms of a sum each to 1e-16.
            assert!((at_most(k, n, p) - lower).abs() < 1e-10, "{row:?}: {}", at_most(k, n, p));
            let above = at_least(k + 1, n, p);
            assert!((above - upper).abs() < 1e-10, "{row:?}: {above}");
            if k as f64 <= n as f64 * p {
                let error = (at_most(k, n, p) - lower).abs();
                assert!(error <= 1e-10 * lower, "{row:?}: small ones are right relatively");
            }
        }
    }

    #[test]
    fn certain_things_are_certain() {
        for (k, n, p, expected) in [
            (0, 0, 0.5, 1.0),
            (3, 3, 0.2, 1.0),
            (9, 3, 0.2, 1.0),
            (0, 5, 0.0, 1.0),
            (4, 5, 1.0, 0.0),
        ] {
            assert_eq!(at_most(k, n, p), expected, "{k} of {n}, {p}");
        }
        assert_eq!(at_least(0, 5, 0.0), 1.0);
        assert_eq!(at_least(5, 5, 1.0), 1.0);
    }

    #[test]
    fn sign_tests_are_those_of_scipy() {
        for row in golden("sign") {
            let (one, other) = (row[0].as_u64().unwrap(), row[1].as_u64().unwrap());
            let expected = row[2].as_f64().unwrap();
            assert!((sign_test(one, other) - expected).abs() < 1e-10 * expected, "{row:?}");
            assert_eq!(sign_test(one, other), sign_test(other, one));
        }
        assert_eq!(sign_test(0, 0), 1.0, "nothing was seen: no evidence");
    }
}
