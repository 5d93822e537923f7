//! Where the equivalent control comes from. Validated in `tests/laws.rs`.

use dip_dynamics::one_for_all_lanes;
use serde::{Deserialize, Serialize};

/// The force that keeps `σ` where it is, and the `β` that all of the law divides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EquivalentControl {
    /// From the equations of motion at the present state.
    Full,
    /// As `full` while the force that this asks for is below half of the limit; from there to the
    /// limit it gives way, linearly, to `none`.
    Faded,
    /// From the linearised plant.
    Linear,
    /// No equivalent control; `β` from the linearised plant.
    None,
}

one_for_all_lanes!(EquivalentControl);
