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
    #[inline]
    pub fn step<R: Real>(
        self,
        plant: &Plant<R>,
        state: &State<R>,
        here: &Evaluation<R>,
        u: R,
        w: [R; 3],
        dt: R,
    ) -> State<R> {
        let qdd = here.acceleration(u, w);
        match self {
            Self::Rk4 => {
                let half = R::splat(0.5) * dt;
                let rate = |at: &State<R>| (at.qd(), plant.acceleration(at, u, w));
                let k1 = (state.qd(), qdd);
                let k2 = rate(&advance(state, k1, half));
                let k3 = rate(&advance(state, k2, half));
                let k4 = rate(&advance(state, k3, dt));
                let mean = |k1: [R; 3], k2: [R; 3], k3: [R; 3], k4: [R; 3]| {
                    let (two, sixth) = (R::splat(2.0), R::splat(1.0 / 6.0));
                    core::array::from_fn(|i| (k1[i] + two * (k2[i] + k3[i]) + k4[i]) * sixth)
                };
                advance(state, (mean(k1.0, k2.0, k3.0, k4.0), mean(k1.1, k2.1, k3.1, k4.1)), dt)
            }
            Self::SemiImplicitEuler => {
                let qd = add_scaled(state.qd(), qdd, dt);
                State::new(add_scaled(state.q(), qd, dt), qd)
            }
        }
    }
}

/// `state + rate·dt`.
#[inline]
fn advance<R: Real>(state: &State<R>, (qd, qdd): ([R; 3], [R; 3]), dt: R) -> State<R> {
    State::new(add_scaled(state.q(), qd, dt), add_scaled(state.qd(), qdd, dt))
}

#[inline]
fn add_scaled<R: Real>(value: [R; 3], rate: [R; 3], dt: R) -> [R; 3] {
    core::array::from_fn(|i| value[i] + rate[i] * dt)
}
