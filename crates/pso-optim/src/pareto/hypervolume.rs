//! Hypervolume: how much of the space below a reference a front dominates. One number for how good a
//! front is, which no dominated front can reach.
//!
//! Sources: Zitzler & Thiele (1999), IEEE Trans. Evol. Comput. 3(4); slicing by objectives as in While,
//! Hingston, Barone & Huband (2006), IEEE Trans. Evol. Comput. 10(1).
//! Validated by its unit tests.

/// The exact volume of `{z : some point of the front ≤ z ≤ reference}`, in the product of the units of the
/// objectives. Points that are not below the `reference` in every objective add nothing; no
/// point, no volume. The front may hold dominated points.
///
/// With `n` points and `m` objectives the time is `O(nᵐ⁻¹·log n)`: for two and three objectives in any
/// size, for more in small ones.
///
/// # Panics
///
/// If a point has another number of objectives than `reference`, or that has none.
///
/// ```
/// let front = [[1.0, 3.0], [2.0, 1.0]];
/// assert_eq!(pso_optim::hypervolume(&front, &[4.0, 4.0]), 7.0);
/// ```
pub fn hypervolume<P: AsRef<[f64]>>(front: &[P], reference: &[f64]) -> f64 {
    let points: Vec<&[f64]> = front.iter().map(AsRef::as_ref).collect();
    assert!(!reference.is_empty(), "at least one objective");
    assert!(points.iter().all(|p| p.len() == reference.len()), "one cost per objective");
    let below = |p: &&[f64]| p.iter().zip(reference).all(|(cost, limit)| cost < limit);
    volume(points.into_iter().filter(below).collect(), reference)
}

/// Cuts the space into slices along the last objective. In each, those points count that it
/// is above of, by their other objectives.
fn volume(mut points: Vec<&[f64]>, reference: &[f64]) -> f64 {
    let Some((&limit, reference)) = reference.split_last() else { return 1.0 };
    let depth = |p: &[f64]| p[reference.len()];
    points.sort_by(|a, b| depth(a).total_cmp(&depth(b)));
    if reference.is_empty() {
        return points.first().map_or(0.0, |p| limit - depth(p));
    }
    let ends = points.iter().skip(1).map(|p| depth(p)).chain([limit]);
    let slice = |(at, end): (usize, f64)| match end - depth(points[at]) {
        thickness if thickness > 0.0 => thickness * volume(points[..=at].to_vec(), reference),
        _ => 0.0,
    };
    ends.enumerate().filter(|&(at, _)| at < points.len()).map(slice).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice;

    #[test]
    fn boxes_that_are_counted_by_hand() {
        let none: [[f64; 2]; 0] = [];
        assert_eq!(hypervolume(&none, &[1.0, 1.0]), 0.0);
        assert_eq!(hypervolume(&[[2.0]], &[5.0]), 3.0);
        assert_eq!(hypervolume(&[[0.0, 0.0]], &[2.0, 3.0]), 6.0);
        assert_eq!(hypervolume(&[[0.0, 0.0, 0.0]], &[2.0, 3.0, 4.0]), 24.0);
        // Beside the reference, dominated, or twice: nothing is added.
        let extra = [[0.0, 0.0], [3.0, 0.0], [0.5, 3.0], [1.0, 1.0], [0.0, 0.0]];
        assert_eq!(hypervolume(&extra, &[2.0, 3.0]), 6.0);
        // Three bars of 1 × 1 × 3 along the axes, that share the cube at the origin.
        let bars = [[2.0, 2.0, 0.0], [2.0, 0.0, 2.0], [0.0, 2.0, 2.0]];
        assert_eq!(hypervolume(&bars, &[3.0, 3.0, 3.0]), 3.0 * 3.0 - 2.0);
        let four = [[1.0, 1.0, 1.0, 0.0], [0.0, 1.0, 1.0, 1.0]];
        assert_eq!(hypervolume(&four, &[2.0; 4]), 2.0 + 2.0 - 1.0);
    }

    /// The share of random places that a random front dominates scatters by ½/√n about its volume.
    #[test]
    fn it_is_the_share_of_dominated_places() {
        let mut rng = dice::stream(1, 0);
        for objectives in [2, 3, 4] {
            let mut place = || (0..objectives).map(|_| dice::unit(&mut rng)).collect::<Vec<f64>>();
            let front: Vec<_> = (0..12).map(|_| place()).collect();
            let above = |z: &[f64]| front.iter().any(|p| p.iter().zip(z).all(|(p, z)| p <= z));
            let draws = 100_000;
            let share = (0..draws).filter(|_| above(&place())).count() as f64 / f64::from(draws);
            let volume = hypervolume(&front, &vec![1.0; objectives]);
            assert!((share - volume).abs() < 5.0 * 0.5 / f64::from(draws).sqrt(), "{objectives}");
        }
    }
}
