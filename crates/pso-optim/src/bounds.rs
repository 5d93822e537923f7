//! The box that is searched: one closed interval per dimension, checked once.
//!
//! It does not know what its coordinates mean. Validated by `tests/suite/refusals.rs`.

use serde::{Deserialize, Serialize};

use crate::Error;

/// An axis-aligned box `[lower, upper]` with at least one dimension.
///
/// ```
/// let bounds = pso_optim::Bounds::new([(0.1, 50.0), (-5.0, 5.0)])?;
/// assert_eq!(bounds.dimension(), 2);
/// assert!(bounds.contains(&[50.0, 0.0]));
/// # Ok::<(), pso_optim::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<(f64, f64)>", into = "Vec<(f64, f64)>")]
pub struct Bounds {
    limits: Vec<(f64, f64)>,
}

impl Bounds {
    /// Largest magnitude of a limit: far enough from `f64::MAX` that no term of the velocity
    /// update can overflow, so that positions are numbers by construction.
    pub const LARGEST: f64 = 1e300;

    /// Takes one `(lower, upper)` pair per dimension.
    ///
    /// # Errors
    ///
    /// [`Error::NoDimensions`] without pairs; [`Error::Bounds`] for the first pair that is not
    /// finite, not `lower < upper`, or larger than [`Bounds::LARGEST`].
    pub fn new(limits: impl IntoIterator<Item = (f64, f64)>) -> Result<Self, Error> {
        let limits: Vec<_> = limits.into_iter().collect();
        if limits.is_empty() {
            return Err(Error::NoDimensions);
        }
        let proper = |&(lower, upper): &(f64, f64)| {
            -Self::LARGEST <= lower && lower < upper && upper <= Self::LARGEST
        };
        match limits.iter().position(|limit| !proper(limit)) {
            Some(index) => {
                let (lower, upper) = limits[index];
                Err(Error::Bounds { index, lower, upper })
            }
            None => Ok(Self { limits }),
        }
    }

    /// Number of dimensions, at least 1.
    pub fn dimension(&self) -> usize {
        self.limits.len()
    }

    /// The `(lower, upper)` pairs in order.
    pub fn limits(&self) -> &[(f64, f64)] {
        &self.limits
    }

    /// Whether `point` has this dimension and every coordinate within its closed interval.
    pub fn contains(&self, point: &[f64]) -> bool {
        point.len() == self.dimension() && self.first_outside(point).is_none()
    }

    /// The first coordinate outside its interval; NaN is outside of all.
    pub(crate) fn first_outside(&self, point: &[f64]) -> Option<usize> {
        self.limits
            .iter()
            .zip(point)
            .position(|(&(lower, upper), value)| !(lower..=upper).contains(value))
    }

    /// Whether `points` can start a search of `candidates` per generation.
    pub(crate) fn check_points(&self, points: &[Vec<f64>], candidates: usize) -> Result<(), Error> {
        if points.len() > candidates {
            return Err(Error::TooManyPoints { points: points.len(), candidates });
        }
        for (point, x) in points.iter().enumerate() {
            let (found, expected) = (x.len(), self.dimension());
            if found != expected {
                return Err(Error::PointDimension { point, found, expected });
            }
            if let Some(index) = self.first_outside(x) {
                let (value, (lower, upper)) = (x[index], self.limits[index]);
                return Err(Error::PointOutside { point, index, value, lower, upper });
            }
        }
        Ok(())
    }
}

impl TryFrom<Vec<(f64, f64)>> for Bounds {
    type Error = Error;

    fn try_from(limits: Vec<(f64, f64)>) -> Result<Self, Error> {
        Self::new(limits)
    }
}

impl From<Bounds> for Vec<(f64, f64)> {
    fn from(bounds: Bounds) -> Self {
        bounds.limits
    }
}
