//! Why a law could not be built.

use thiserror::Error;

use crate::gain::GainError;
use crate::riccati::RiccatiError;
use crate::surface::SurfaceError;

/// Why a law could not be built.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum DesignError {
    /// A gain breaks its rule.
    #[error(transparent)]
    Gain(#[from] GainError),
    /// The surface cannot be.
    #[error("surface: {0}")]
    Surface(#[from] SurfaceError),
    /// The regulator cannot be.
    #[error("weights: {0}")]
    Riccati(#[from] RiccatiError),
}
