//! Several comparisons at once: p-values that stay honest.
//!
//! Validated by its own test, against statsmodels (`tests/golden/statistics.json`).

/// P-values of a family of comparisons, adjusted so that the probability of even one false alarm is kept,
/// whatever they depend on.
///
/// In ascending order the `i`-th of `m` becomes the largest of `(m − j + 1)·p_j` up to it, at most 1.
///
/// # Panics
/// A p-value that is not within 0 and 1.
///
/// # Source: Holm (1979), A simple sequentially rejective multiple test procedure. The crate `adjustp`
/// does not have it.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    for p in p_values {
        assert!((0.0..=1.0).contains(p), "{p} is not a p-value");
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (rank, &which) in order.iter().enumerate() {
        let factor = (p_values.len() - rank) as f64;
        largest = largest.max(factor * p_values[which]).min(1.0);
        adjusted[which] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::holm;
    use crate::statistics::golden;

    #[test]
    fn adjusted_values_are_those_of_statsmodels() {
        for row in golden("holm") {
            let numbers = |i: usize| -> Vec<f64> {
                row[i].as_array().unwrap().iter().map(|p| p.as_f64().unwrap()).collect()
            };
            for (adjusted, expected) in holm(&numbers(0)).iter().zip(numbers(1)) {
                assert!((adjusted - expected).abs() < 1e-15, "{row:?}");
            }
        }
        assert!(holm(&[]).is_empty());
    }

    #[test]
    #[should_panic(expected = "NaN is not a p-value")]
    fn nan_is_no_p_value() {
        holm(&[0.1, f64::NAN]);
    }
}
