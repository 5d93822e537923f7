//! The plant near one state: `ẋ ≈ A·x + B·u`, exact to rounding.

use nalgebra::{Matrix6, Vector6};

use crate::dual::Dual;
use crate::plant::Plant;
use crate::splat::Splat;
use crate::state::State;

/// Jacobians of the state's rate by state and cart force.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Linearisation {
    /// `∂ẋ/∂x`, 6×6.
    pub a: Matrix6<f64>,
    /// `∂ẋ/∂u`, 6.
    pub b: Vector6<f64>,
}

impl Plant {
    /// Jacobians at `state` under the cart force `u` in N, by automatic differentiation.
    pub fn linearise(&self, state: &State, u: f64) -> Linearisation {
        let variables = state.to_array();
        let at = State::from_array(core::array::from_fn(|i| Dual::<7>::variable(variables[i], i)));
        let force = Dual::variable(u, 6);
        let qdd = self.splat().acceleration(&at, force, None);
        let rate = State::new(at.qd(), qdd).to_array();
        Linearisation {
            a: Matrix6::from_fn(|row, column| rate[row].gradient[column]),
            b: Vector6::from_fn(|row, _| rate[row].gradient[6]),
        }
    }
}
