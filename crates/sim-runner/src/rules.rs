//! Rules that settings of an experiment have to keep.

use std::borrow::Cow;

use crate::error::ExperimentError;

/// A setting that has to keep a rule.
pub(crate) fn require(
    key: impl Into<Cow<'static, str>>,
    value: f64,
    keeps: bool,
    rule: &'static str,
) -> Result<(), ExperimentError> {
    if keeps { Ok(()) } else { Err(ExperimentError::Setting { key: key.into(), value, rule }) }
}

/// A setting that has to be positive.
pub(crate) fn positive(
    key: impl Into<Cow<'static, str>>,
    value: f64,
) -> Result<(), ExperimentError> {
    require(key, value, value.is_finite() && value > 0.0, "finite and greater than 0")
}

/// A setting that may be zero.
pub(crate) fn not_negative(
    key: impl Into<Cow<'static, str>>,
    value: f64,
) -> Result<(), ExperimentError> {
    require(key, value, value.is_finite() && value >= 0.0, "finite and not negative")
}

/// A setting that may be any number.
pub(crate) fn finite(key: impl Into<Cow<'static, str>>, value: f64) -> Result<(), ExperimentError> {
    require(key, value, value.is_finite(), "finite")
}

/// More integration steps than a delay may have: they are all kept in memory.
const DELAY_MAX: u32 = 100_000;

/// A delay in s as a number of integration steps.
pub(crate) fn steps_of_delay(
    key: &'static str,
    delay: f64,
    step: f64,
) -> Result<usize, ExperimentError> {
    if delay == 0.0 {
        return Ok(0);
    }
    let steps = multiple((key, delay), ("simulation.step", step))?;
    let rule = "at most 100000 times simulation.step";
    require(key, delay, steps <= DELAY_MAX, rule)?;
    Ok(steps as usize)
}

/// Steps beyond which a run would take hours: more likely a typing error than a wish.
pub(crate) const STEPS_MAX: u64 = 1_000_000_000;

/// How many times `of` fits in `value`.
pub(crate) fn multiple(
    (key, value): (&'static str, f64),
    (of_key, of): (&'static str, f64),
) -> Result<u32, ExperimentError> {
    let times = (value / of).round();
    // Decimal times such as 0.1 and 0.001 are not exact in binary; a millionth of a step is.
    if (value / of - times).abs() <= 1e-6 && (1.0..=STEPS_MAX as f64).contains(&times) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        Ok(times as u32)
    } else {
        Err(ExperimentError::NotMultiple { key, value, of_key, of })
    }
}
