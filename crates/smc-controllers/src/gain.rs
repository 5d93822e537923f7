//! One table a law: the name, unit, rule and search range of each gain.
//!
//! Checks, error messages, tuning and documentation all read these tables; no number and no name
//! stands anywhere else.

use core::fmt;

use thiserror::Error;

/// One gain of a law that is described by `S`.
#[derive(Debug, Clone, Copy)]
pub struct Gain<S> {
    /// Its name: the key in files, or for a weight of the state its place in the list `q`.
    pub name: &'static str,
    /// Its unit, for a surface with `s·B = 1`, in which `σ` is in N·s.
    pub unit: &'static str,
    /// Which values are right.
    pub rule: Rule,
    /// The lower and upper end of a sensible search; both positive, to be searched on a logarithmic
    /// scale. None if it is not tuned.
    pub range: Option<(f64, f64)>,
    /// Where it lives; nowhere if the law is described without it, as a relay is without a layer.
    pub field: fn(&mut S) -> Option<&mut f64>,
}

/// A gain that has to be positive, and is not tuned.
pub(crate) const fn positive<S>(
    name: &'static str,
    unit: &'static str,
    field: fn(&mut S) -> Option<&mut f64>,
) -> Gain<S> {
    Gain { name, unit, rule: Rule::Positive, range: None, field }
}

/// A gain that may be zero, and is not tuned.
pub(crate) const fn not_negative<S>(
    name: &'static str,
    unit: &'static str,
    field: fn(&mut S) -> Option<&mut f64>,
) -> Gain<S> {
    Gain { name, unit, rule: Rule::NotNegative, range: None, field }
}

/// The thickness of a boundary layer.
pub(crate) const fn layer<S: Copy>(field: fn(&mut S) -> Option<&mut f64>) -> Gain<S> {
    positive("switching.epsilon", "N·s", field).searched(1e-3, 10.0)
}

impl<S: Copy> Gain<S> {
    /// The same gain, tuned between `lower` and `upper`.
    pub(crate) const fn searched(self, lower: f64, upper: f64) -> Self {
        Self { range: Some((lower, upper)), ..self }
    }

    /// The value of this gain in `spec`, if it has it.
    pub fn get(&self, mut spec: S) -> Option<f64> {
        (self.field)(&mut spec).copied()
    }
}

/// The values that a gain may have; all of them finite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Greater than zero.
    Positive,
    /// Zero or greater.
    NotNegative,
    /// Greater than zero and at most one.
    Share,
    /// Zero or greater, and less than one.
    BelowOne,
}

impl Rule {
    /// Does `value` obey?
    pub fn holds(self, value: f64) -> bool {
        value.is_finite()
            && match self {
                Self::Positive => value > 0.0,
                Self::NotNegative => value >= 0.0,
                Self::Share => value > 0.0 && value <= 1.0,
                Self::BelowOne => (0.0..1.0).contains(&value),
            }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Positive => "finite and greater than 0",
            Self::NotNegative => "finite and not negative",
            Self::Share => "greater than 0 and at most 1",
            Self::BelowOne => "not negative and less than 1",
        })
    }
}

/// A gain that its law cannot have. The message names the gain, the value and the rule.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum GainError {
    /// Out of its own range.
    #[error("{name} = {value}: must be {rule}")]
    Rule {
        /// The gain.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What would be right.
        rule: Rule,
    },
    /// In conflict with another gain.
    #[error("{name} = {value}: must not be greater than {limit_name} = {limit}")]
    Order {
        /// The gain.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The gain that limits it.
        limit_name: &'static str,
        /// The value of that.
        limit: f64,
    },
    /// It needs a sign that switches at the beginning of the period.
    #[error("{name} = {value}: must be 0 with switching = \"implicit\", which solves without it")]
    NotImplicit {
        /// The gain.
        name: &'static str,
        /// Its value.
        value: f64,
    },
}

impl GainError {
    /// The gain that is wrong.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rule { name, .. } | Self::Order { name, .. } | Self::NotImplicit { name, .. } => {
                name
            }
        }
    }
}

/// Checks one value against its rule.
pub(crate) fn check(name: &'static str, value: f64, rule: Rule) -> Result<(), GainError> {
    if rule.holds(value) { Ok(()) } else { Err(GainError::Rule { name, value, rule }) }
}

/// Checks every gain of a table.
pub(crate) fn check_all<S: Copy>(table: &[Gain<S>], spec: &S) -> Result<(), GainError> {
    table.iter().try_for_each(|gain| match gain.get(*spec) {
        Some(value) => check(gain.name, value, gain.rule),
        None => Ok(()),
    })
}

/// Checks that one gain is not above another.
pub(crate) fn check_order(
    (name, value): (&'static str, f64),
    (limit_name, limit): (&'static str, f64),
) -> Result<(), GainError> {
    if value <= limit { Ok(()) } else { Err(GainError::Order { name, value, limit_name, limit }) }
}
