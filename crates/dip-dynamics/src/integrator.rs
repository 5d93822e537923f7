//! One step in time, with the force held.

use serde::{Deserialize, Serialize};

use crate::plant::{Evaluation, Plant};
use crate::real::Real;
use crate::state::State;

/// A fixed-step integrator. Measured orders and drift: `tests/physics.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Integrator {
    /// The classical method of Runge and Kutta (Kutta 1901): order 4, four evaluations.
    #[default]
    Rk4,
    /// Velocities first, then positions with the new velocities: order 1, one evaluation, and no
    /// drift of the energy over long times.
    SemiImplicitEuler,
}

impl Integrator {
    /// The state after `dt` seconds under the cart force `u` in N and the generalised disturbance
    /// `w` in N and N·m, both held.
    ///
    /// `here` is the plant evaluated at `state`, which the controller has just used.
    #[inline(always)]
    pub fn step<R: Real>(
        self,
        plant: &Plant<R>,
        state: &State<R>,
        here: &Evaluation<R>,
        u: R,
        w: [R; 3],
        dt: R,
    ) -> State<R> {
        let k1 = State::new(state.qd(), here.acceleration(u, w));
        match self {
            Self::Rk4 => {
                let (half, two, sixth) = (R::splat(0.5), R::splat(2.0), R::splat(1.0 / 6.0));
                let k2 = rate(plant, &(*state + k1 * (half * dt)), u, w);
                let k3 = rate(plant, &(*state + k2 * (half * dt)), u, w);
                let k4 = rate(plant, &(*state + k3 * dt), u, w);
                *state + (k1 + (k2 + k3) * two + k4) * sixth * dt
            }
            Self::SemiImplicitEuler => {
                let qd = (*state + k1 * dt).qd();
                let positions = State::new(qd, [R::splat(0.0); 3]);
                State::new((*state + positions * dt).q(), qd)
            }
        }
    }
}

/// `ẋ` at `state`.
#[inline(always)]
fn rate<R: Real>(plant: &Plant<R>, state: &State<R>, u: R, w: [R; 3]) -> State<R> {
    State::new(state.qd(), plant.acceleration(state, u, w))
}

crate::one_for_all_lanes!(Integrator);
