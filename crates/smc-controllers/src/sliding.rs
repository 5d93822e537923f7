//! What every sliding-mode law shares: `σ`, the equivalent control, `β`, and the limit.
//!
//! `σ̇ = drift + β·u` with `drift = s_q·q̇ + s_v·M⁻¹h` and `β = s_v·M⁻¹e₁`. Every law asks for a
//! rate `v` of `σ` and gets the force `u = u_eq + v/β` with `u_eq = −drift/β`. `β` changes with the
//! state and may be negative: it is divided by with its sign, and kept away from zero.
//!
//! `s` is one row, or one near upright and another far from it (`ScheduledSurface`).

use dip_dynamics::{Linearisation, Mask, Real, each, splat_fields};
use nalgebra::RowVector6;

use crate::controller::{Command, Sample};
use crate::equivalent::EquivalentControl;
use crate::error::DesignError;
use crate::gain::{Rule, check};
use crate::surface::SurfaceDesign;

/// `|β|` is not divided by below this share of `|s·B|`. It is where the cart has lost 95 % of its
/// grip on `σ`: the force is at its limit there for any practical gain.
const BETA_FLOOR: f64 = 0.05;

/// A surface in the form that laws compute with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sliding<R = f64> {
    near: Plane<R>,
    /// Another plane far from upright, and the difference of the two from which it counts.
    far: Option<(Plane<R>, R)>,
    /// `s·B` of both.
    linear_beta: R,
    beta_floor: R,
    equivalent: EquivalentControl,
    u_max: R,
}

/// `s·x`, and how it drifts on the linearised plant.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Plane<R> {
    s: [R; 6],
    /// `s·A`.
    linear_drift: [R; 6],
}

impl Plane<f64> {
    fn new(s: &RowVector6<f64>, linear: &Linearisation) -> Self {
        let linear_drift = (s * linear.a).transpose().into();
        Self { s: s.transpose().into(), linear_drift }
    }
}

impl Sliding {
    /// Designs the surface for a linearised plant; `u_max` is the actuator limit in N.
    pub(crate) fn design(
        surface: &SurfaceDesign,
        linear: &Linearisation,
        equivalent: EquivalentControl,
        u_max: f64,
    ) -> Result<Self, DesignError> {
        check("u_max", u_max, Rule::Positive)?;
        let surface = surface.design(linear)?;
        let far = surface.far.map(|far| (Plane::new(&far.s, linear), far.width));
        let sliding = Self::of_row(&surface.s, linear, equivalent, u_max);
        Ok(Self { far, ..sliding })
    }

    /// The surface with the coefficients `s`.
    pub(crate) fn of_row(
        s: &RowVector6<f64>,
        linear: &Linearisation,
        equivalent: EquivalentControl,
        u_max: f64,
    ) -> Self {
        let beta = (s * linear.b)[0];
        Self {
            near: Plane::new(s, linear),
            far: None,
            linear_beta: beta,
            beta_floor: BETA_FLOOR * beta.abs(),
            equivalent,
            u_max,
        }
    }
}

splat_fields!(Sliding { near, far, linear_beta, beta_floor, equivalent, u_max });
splat_fields!(Plane { s, linear_drift });

/// `σ` and its dynamics at one sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reaching<R: Real> {
    pub(crate) sigma: R,
    /// `β`, guarded.
    beta: R,
    /// `1/β`.
    force_of_rate: R,
    linear_beta: R,
    u_eq: R,
    u_max: R,
    equivalent: EquivalentControl,
    guarded: R::Mask,
}

impl<R: Real> Sliding<R> {
    #[inline(always)]
    pub(crate) fn reaching(&self, sample: &Sample<'_, R>) -> Reaching<R> {
        let zero = R::splat(0.0);
        let x = sample.state.to_array();
        let (sigma, is_near) = self.sigma(&x);
        let (equivalent, drift, mut beta) = match (self.equivalent, sample.model) {
            (EquivalentControl::Full | EquivalentControl::Faded, Some(model)) => {
                let [s0, s1, s2, velocity @ ..] = self.on_side(is_near, |plane| &plane.s);
                let (free, beta) = model.response(velocity);
                (self.equivalent, dot(&[s0, s1, s2], &sample.state.qd()) + free, beta)
            }
            (EquivalentControl::Linear, _) => {
                let drift = self.on_side(is_near, |plane| &plane.linear_drift);
                (EquivalentControl::Linear, dot(&drift, &x), self.linear_beta)
            }
            _ => (EquivalentControl::None, zero, self.linear_beta),
        };
        let guarded = beta.abs().lt(self.beta_floor);
        if guarded.any() {
            let floor = R::select(beta.lt(zero), -self.beta_floor, self.beta_floor);
            beta = R::select(guarded, floor, beta);
        }
        let force_of_rate = R::splat(1.0) / beta;
        let linear_beta = self.linear_beta;
        let (u_eq, u_max) = (-(drift * force_of_rate), self.u_max);
        Reaching { sigma, beta, force_of_rate, linear_beta, u_eq, u_max, equivalent, guarded }
    }

    /// `σ`, and where it is that of the plane near upright.
    #[inline(always)]
    fn sigma(&self, x: &[R; 6]) -> (R, R::Mask) {
        let near = dot(&self.near.s, x);
        let Some((plane, width)) = &self.far else {
            return (near, R::Mask::splat(true));
        };
        let far = dot(&plane.s, x);
        let difference = near - far;
        let is_near = difference.abs().lt(*width);
        // Not by the sum where it is near: that would round.
        let beyond = far + difference.clamp(-*width, *width);
        (R::select(is_near, near, beyond), is_near)
    }

    /// A row of the plane that `σ` moves with.
    #[inline(always)]
    fn on_side(&self, is_near: R::Mask, row: impl Fn(&Plane<R>) -> &[R; 6]) -> [R; 6] {
        let near = row(&self.near);
        match &self.far {
            None => *near,
            Some((far, _)) => {
                let far = row(far);
                each!(i of 6 => R::select(is_near, near[i], far[i]))
            }
        }
    }

    /// The drift of `σ` on the linearised plant near upright: `s·A·x`.
    #[inline(always)]
    pub(crate) fn linear_drift(&self, x: &[R; 6]) -> R {
        dot(&self.near.linear_drift, x)
    }

    /// `β/(s·B)`: how much of its upright grip on `σ` the force has.
    #[inline(always)]
    pub(crate) fn grip(&self, reaching: &Reaching<R>) -> R {
        reaching.beta / self.linear_beta
    }
}

impl<R: Real> Reaching<R> {
    /// Of the drift of `σ`, `wanted` is not to be compensated. Without an equivalent control none is.
    #[inline(always)]
    pub(crate) fn keep_drift(&mut self, wanted: R) {
        if self.equivalent != EquivalentControl::None {
            self.u_eq += wanted * self.force_of_rate;
        }
    }

    /// The command that gives `σ` the rate `v`, as far as the actuator can.
    #[inline(always)]
    pub(crate) fn command(&self, v: R) -> Command<R> {
        let (mut u_eq, mut u_sw) = (self.u_eq, v * self.force_of_rate);
        if self.equivalent == EquivalentControl::Faded {
            let (zero, one) = (R::splat(0.0), R::splat(1.0));
            // From 1 at half of the limit to 0 at the limit. A NaN stays one.
            let asked = (u_eq + u_sw).abs() / self.u_max;
            let share = (R::splat(2.0) * (one - asked)).clamp(zero, one);
            u_eq = share * u_eq;
            u_sw = share * u_sw + (one - share) * (v / self.linear_beta);
        }
        Command {
            u: (u_eq + u_sw).clamp(-self.u_max, self.u_max),
            u_eq,
            u_sw,
            sigma: Some(self.sigma),
            equivalent: self.equivalent,
            guarded: self.guarded,
            fault: R::Mask::splat(false),
        }
    }

    /// The rate of `σ` that the limit takes away: `β·(u − u_eq − u_sw)`; zero when unlimited.
    #[inline(always)]
    pub(crate) fn lost_rate(&self, command: &Command<R>) -> R {
        self.beta * (command.u - (command.u_eq + command.u_sw))
    }

    /// Is the force of `command` at the limit?
    #[inline(always)]
    pub(crate) fn is_limited(&self, command: &Command<R>) -> R::Mask {
        !command.u.abs().lt(self.u_max)
    }
}

#[inline(always)]
pub(crate) fn dot<R: Real, const N: usize>(a: &[R; N], b: &[R; N]) -> R {
    let mut sum = a[0] * b[0];
    for i in 1..N {
        sum += a[i] * b[i];
    }
    sum
}
