//! Why a parameter cannot be.

use thiserror::Error;

/// The rule that most parameters share.
pub(crate) const FINITE_AND_NOT_NEGATIVE: &str = "finite and not negative";

/// A parameter that no plant can have. The message names the field, the value and the rule.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{name} = {value}: must be {rule}")]
pub struct ParameterError {
    /// The field of [`Parameters`](crate::Parameters), as a path: `m0`, `friction.cart.coulomb`.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// What would be right.
    pub rule: &'static str,
}
