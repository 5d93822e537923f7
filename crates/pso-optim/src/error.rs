//! What can be wrong with a search, each fault with its operands.

/// A search that cannot be started, or that found nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A box without sides has nothing to search.
    #[error("bounds are empty; a search needs at least one dimension")]
    NoDimensions,
    /// A side of the box is not a proper interval.
    #[error(
        "bounds[{index}] = [{lower}, {upper}]; must be finite with lower < upper \
         and magnitudes of at most {limit:e}",
        limit = crate::Bounds::LARGEST
    )]
    Bounds {
        /// Dimension, from 0.
        index: usize,
        /// Lower limit as given.
        lower: f64,
        /// Upper limit as given.
        upper: f64,
    },
    /// A field of an optimiser's settings breaks its rule.
    #[error("{name} = {value}; must be {rule}")]
    Setting {
        /// The field, or the sum of fields, at fault.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        rule: &'static str,
    },
    /// More starting points than candidates that could start there.
    #[error("{points} starting points for {candidates} candidates; must be at most one each")]
    TooManyPoints {
        /// Number of points given.
        points: usize,
        /// Number of candidates of a generation.
        candidates: usize,
    },
    /// A starting point of the wrong dimension.
    #[error("starting point {point} has {found} coordinates; must be {expected}, one per bound")]
    PointDimension {
        /// Index of the point, from 0.
        point: usize,
        /// Its number of coordinates.
        found: usize,
        /// The dimension of the box.
        expected: usize,
    },
    /// A starting point with a coordinate outside the box, or NaN.
    #[error("starting point {point}[{index}] = {value}; must lie in [{lower}, {upper}]")]
    PointOutside {
        /// Index of the point, from 0.
        point: usize,
        /// Dimension, from 0.
        index: usize,
        /// The coordinate.
        value: f64,
        /// Lower limit of this dimension.
        lower: f64,
        /// Upper limit of this dimension.
        upper: f64,
    },
    /// The executor's state came with points of its own, which would be lost without a word.
    #[error(
        "the initial state holds points; starting points must be given to the optimiser's `starting_at`"
    )]
    PointsInState,
    /// The search has not seen one finite cost, so it has no result.
    #[error("none of {evaluations} evaluated candidates was feasible")]
    NothingFeasible {
        /// Candidates evaluated, all of them infeasible.
        evaluations: u64,
    },
}

/// The first of `rules` (name, value, whether it holds, what it must be) that does not hold.
pub(crate) fn check(rules: &[(&'static str, f64, bool, &'static str)]) -> Result<(), Error> {
    match rules.iter().find(|&&(_, _, holds, _)| !holds) {
        Some(&(name, value, _, rule)) => Err(Error::Setting { name, value, rule }),
        None => Ok(()),
    }
}
