//! One step in time, with the force held.

use serde::{Deserialize, Serialize};

use crate::plant::{Evaluation, Plant};
use crate::real::Real;
use crate::splat::each;
use crate::state::State;
use crate::trigonometry::Turns;

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
    /// `w` in N and N·m, where there is one, both held.
    ///
    /// `here` is the plant evaluated at `state`, which the controller has just used.
    #[inline(always)]
    pub fn step<R: Real>(
        self,
        plant: &Plant<R>,
        state: &State<R>,
        here: &Evaluation<R>,
        u: R,
        w: Option<[R; 3]>,
        dt: R,
    ) -> State<R> {
        match self {
            // What is known of the whole step is not asked again in each of its stages.
            Self::Rk4 if plant.is_free() && w.is_none() => {
                rk4::<R, true>(plant, state, here, u, None, dt)
            }
            Self::Rk4 => rk4::<R, false>(plant, state, here, u, w, dt),
            Self::SemiImplicitEuler => {
                let qd = after(state.qd(), here.acceleration(u, w), dt);
                State::new(after(state.q(), qd, dt), qd)
            }
        }
    }
}

/// In the form of Nyström (1925), for the rates of `q` are known: a stage is told by its velocities, since no
/// force depends on `x`, and by how far the rods have turned.
#[inline(always)]
fn rk4<R: Real, const FREE: bool>(
    plant: &Plant<R>,
    state: &State<R>,
    here: &Evaluation<R>,
    u: R,
    w: Option<[R; 3]>,
    dt: R,
) -> State<R> {
    let (half, sixth) = (R::splat(0.5) * dt, R::splat(1.0 / 6.0) * dt);
    let (q, theta, v) = (state.q(), state.theta(), state.qd());
    let a1 = here.acceleration(u, w);
    let v2 = after(v, a1, half);
    let turns = Turns::small(rods(v, half));
    let here2 = plant.evaluate_turned::<FREE>(here, turns, turned(theta, v, half), v2);
    let a2 = here2.acceleration(u, w);
    let v3 = after(v, a2, half);
    // From the second stage, not from the first: v2 − v = a1·dt/2.
    let turns = Turns::tiny(rods(a1, half * half));
    let here3 = plant.evaluate_turned::<FREE>(&here2, turns, turned(theta, v2, half), v3);
    let a3 = here3.acceleration(u, w);
    let v4 = after(v, a3, dt);
    let turns = Turns::small(rods(v3, dt));
    let here4 = plant.evaluate_turned::<FREE>(here, turns, turned(theta, v3, dt), v4);
    let a4 = here4.acceleration(u, w);
    let middle = each!(i of 3 => a2[i] + a3[i]);
    let first = each!(i of 3 => a1[i] + middle[i]);
    let all = each!(i of 3 => first[i] + (middle[i] + a4[i]));
    State::new(after(q, after(v, first, sixth), dt), after(v, all, sixth))
}

/// What has grown at `rate` for `dt` seconds.
#[inline(always)]
fn after<R: Real>(value: [R; 3], rate: [R; 3], dt: R) -> [R; 3] {
    each!(i of 3 => value[i] + rate[i] * dt)
}

/// The rods' part of what grows at `rate` for `dt` seconds.
#[inline(always)]
fn rods<R: Real>([_, rate1, rate2]: [R; 3], dt: R) -> [R; 2] {
    [rate1 * dt, rate2 * dt]
}

/// The angles after `dt` seconds.
#[inline(always)]
fn turned<R: Real>(theta: [R; 2], rate: [R; 3], dt: R) -> [R; 2] {
    let by = rods(rate, dt);
    [theta[0] + by[0], theta[1] + by[1]]
}

crate::one_for_all_lanes!(Integrator);
