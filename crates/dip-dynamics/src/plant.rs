//! The equations of motion, written once.
//!
//! `M(q)·q̈ = h(q, q̇) + e₁·u + w` with the cart force `u` and generalised disturbance forces `w` on
//! `(x, θ1, θ2)`. The derivation from the Lagrangian is in `docs/equations.md`; the oracle is a
//! symbolic one with 40 digits (`tests/golden.rs`), the laws of physics are in `tests/physics.rs`.
//!
//! Only `sin` and `cos` of the two angles are evaluated; those of their difference are products.

use crate::drag::DragLaw;
use crate::error::ParameterError;
use crate::friction::DryLaws;
use crate::parameters::Parameters;
use crate::real::Real;
use crate::splat::{each, splat_fields};
use crate::state::State;

/// A double inverted pendulum on a cart: the constants of its equations, checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plant<R = f64> {
    /// `m0 + m1 + m2` and its inverse.
    m11: R,
    m11_inverse: R,
    /// `m1·c1² + m2·l1² + i1`.
    m22: R,
    /// `m2·c2² + i2`.
    m33: R,
    /// `m1·c1 + m2·l1`.
    a: R,
    /// `m2·c2`.
    b: R,
    /// `m2·l1·c2`.
    d: R,
    /// `a·g` and `b·g`.
    ag: R,
    bg: R,
    b0: R,
    b1: R,
    b2: R,
    /// What is not there is not computed: a plant without it has the bits, and the speed, of one
    /// that never heard of it. The choice is one for all lanes.
    friction: Option<DryLaws<R>>,
    drag: Option<DragLaw<R>>,
}

impl Plant {
    /// The plant of checked parameters.
    ///
    /// # Errors
    /// The first parameter that breaks its rule ([`Parameters::check`]).
    pub fn new(parameters: &Parameters) -> Result<Self, ParameterError> {
        parameters.check()?;
        let &Parameters {
            m0,
            m1,
            m2,
            l1,
            l2: _,
            c1,
            c2,
            i1,
            i2,
            g,
            b0,
            b1,
            b2,
            ref friction,
            ref drag,
        } = parameters;
        let m11 = m0 + m1 + m2;
        let (a, b) = (m1 * c1 + m2 * l1, m2 * c2);
        Ok(Self {
            m11,
            m11_inverse: 1.0 / m11,
            m22: m1 * c1 * c1 + m2 * l1 * l1 + i1,
            m33: m2 * c2 * c2 + i2,
            a,
            b,
            d: m2 * l1 * c2,
            ag: a * g,
            bg: b * g,
            b0,
            b1,
            b2,
            friction: DryLaws::of(friction),
            drag: DragLaw::of(drag),
        })
    }
}

splat_fields!(Plant { m11, m11_inverse, m22, m33, a, b, d, ag, bg, b0, b1, b2, friction, drag });

/// `sin` and `cos` of both angles and of their difference `θ1 − θ2`.
struct Angles<R> {
    sin1: R,
    cos1: R,
    sin2: R,
    cos2: R,
    sin12: R,
    cos12: R,
}

impl<R: Real> Angles<R> {
    #[inline(always)]
    fn of(state: &State<R>) -> Self {
        let (sin1, cos1) = state.theta1.sin_cos();
        let (sin2, cos2) = state.theta2.sin_cos();
        Self {
            sin1,
            cos1,
            sin2,
            cos2,
            sin12: sin1 * cos2 - cos1 * sin2,
            cos12: cos1 * cos2 + sin1 * sin2,
        }
    }
}

impl<R: Real> Plant<R> {
    /// What the equations say at one state: `M` factorised, and `h`.
    ///
    /// A controller and the first stage of an integrator both need it, and share it.
    #[inline(always)]
    pub fn evaluate(&self, state: &State<R>) -> Evaluation<R> {
        let angles = Angles::of(state);
        let State { x_dot, theta1_dot, theta2_dot, .. } = *state;
        let centrifugal1 = theta1_dot * theta1_dot;
        let centrifugal2 = theta2_dot * theta2_dot;
        let joint2 = self.b2 * (theta2_dot - theta1_dot);
        let coupling = self.d * angles.sin12;
        let mut h = [
            self.a * angles.sin1 * centrifugal1 + self.b * angles.sin2 * centrifugal2
                - self.b0 * x_dot,
            self.ag * angles.sin1 - coupling * centrifugal2 - self.b1 * theta1_dot + joint2,
            self.bg * angles.sin2 + coupling * centrifugal1 - joint2,
        ];
        if let Some(friction) = &self.friction {
            h = add(h, friction.force(state.qd()));
        }
        if let Some(drag) = &self.drag {
            h = add(h, drag.force(state.qd()));
        }
        Evaluation { mass: Factors::of(self, &angles), h }
    }

    /// Accelerations `q̈` in m/s² and rad/s² under the cart force `u` in N and the generalised
    /// disturbance `w` in N and N·m.
    #[inline(always)]
    pub fn acceleration(&self, state: &State<R>, u: R, w: [R; 3]) -> [R; 3] {
        self.evaluate(state).acceleration(u, w)
    }

    /// The mass matrix `M(q)`, symmetric and positive definite.
    pub fn mass_matrix(&self, state: &State<R>) -> [[R; 3]; 3] {
        let angles = Angles::of(state);
        let (m12, m13, m23) = (self.a * angles.cos1, self.b * angles.cos2, self.d * angles.cos12);
        [[self.m11, m12, m13], [m12, self.m22, m23], [m13, m23, self.m33]]
    }

    /// The matrix `C(q, q̇)` of Christoffel symbols, with which `Ṁ − 2C` is skew-symmetric and
    /// `h = −C·q̇ + gravity − friction − drag`.
    pub fn coriolis_matrix(&self, state: &State<R>) -> [[R; 3]; 3] {
        let angles = Angles::of(state);
        let zero = R::splat(0.0);
        let coupling = self.d * angles.sin12;
        [
            [
                zero,
                -(self.a * angles.sin1 * state.theta1_dot),
                -(self.b * angles.sin2 * state.theta2_dot),
            ],
            [zero, zero, coupling * state.theta2_dot],
            [zero, -(coupling * state.theta1_dot), zero],
        ]
    }

    /// Kinetic energy `½·q̇ᵀ·M·q̇` in J.
    pub fn kinetic_energy(&self, state: &State<R>) -> R {
        let m = self.mass_matrix(state);
        let [v0, v1, v2] = state.qd();
        let half = R::splat(0.5);
        half * (m[0][0] * v0 * v0 + m[1][1] * v1 * v1 + m[2][2] * v2 * v2)
            + m[0][1] * v0 * v1
            + m[0][2] * v0 * v2
            + m[1][2] * v1 * v2
    }

    /// Potential energy in J; zero at the height of the cart.
    pub fn potential_energy(&self, state: &State<R>) -> R {
        let angles = Angles::of(state);
        self.ag * angles.cos1 + self.bg * angles.cos2
    }

    /// Kinetic and potential energy in J.
    pub fn energy(&self, state: &State<R>) -> R {
        self.kinetic_energy(state) + self.potential_energy(state)
    }

    /// Power that friction, viscous and dry, and drag take out of the plant in W; never negative.
    pub fn dissipated_power(&self, state: &State<R>) -> R {
        let relative = state.theta2_dot - state.theta1_dot;
        let mut power = self.b0 * state.x_dot * state.x_dot
            + self.b1 * state.theta1_dot * state.theta1_dot
            + self.b2 * relative * relative;
        if let Some(friction) = &self.friction {
            power += friction.dissipated_power(state.qd());
        }
        if let Some(drag) = &self.drag {
            power += drag.dissipated_power(state.qd());
        }
        power
    }
}

#[inline(always)]
fn add<R: Real>(a: [R; 3], b: [R; 3]) -> [R; 3] {
    each!(i of 3 => a[i] + b[i])
}

/// The equations of motion at one state: made by [`Plant::evaluate`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation<R = f64> {
    mass: Factors<R>,
    h: [R; 3],
}

impl<R: Real> Evaluation<R> {
    /// `M⁻¹·f` for any generalised force `f`.
    #[inline(always)]
    pub fn solve(&self, f: [R; 3]) -> [R; 3] {
        self.mass.solve(f)
    }

    /// Generalised force `h` in N and N·m: everything but the cart force and the disturbance.
    #[inline(always)]
    pub fn h(&self) -> [R; 3] {
        self.h
    }

    /// `q̈` under the cart force `u` and the generalised disturbance `w`.
    #[inline(always)]
    pub fn acceleration(&self, u: R, w: [R; 3]) -> [R; 3] {
        let [h0, h1, h2] = self.h;
        self.solve([h0 + (u + w[0]), h1 + w[1], h2 + w[2]])
    }
}

/// The inverse of the 3×3 mass matrix, by its Schur complement in the cart: the rods' 2×2 block with
/// the cart free to move, inverted by Cramer's rule. It exists for every `M` that is positive definite,
/// needs no pivoting, and takes one division.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Factors<R> {
    m11_inverse: R,
    /// `m12/m11` and `m13/m11`.
    l2: R,
    l3: R,
    /// The inverse of the complement.
    r22: R,
    r23: R,
    r33: R,
}

impl<R: Real> Factors<R> {
    #[inline(always)]
    fn of(plant: &Plant<R>, angles: &Angles<R>) -> Self {
        let (m12, m13, m23) =
            (plant.a * angles.cos1, plant.b * angles.cos2, plant.d * angles.cos12);
        let m11_inverse = plant.m11_inverse;
        let (l2, l3) = (m12 * m11_inverse, m13 * m11_inverse);
        let (s22, s23, s33) = (plant.m22 - l2 * m12, m23 - l2 * m13, plant.m33 - l3 * m13);
        let inverse = R::splat(1.0) / (s22 * s33 - s23 * s23);
        Self { m11_inverse, l2, l3, r22: s33 * inverse, r23: s23 * inverse, r33: s22 * inverse }
    }

    #[inline(always)]
    fn solve(&self, [f0, f1, f2]: [R; 3]) -> [R; 3] {
        let (y1, y2) = (f1 - self.l2 * f0, f2 - self.l3 * f0);
        let q1 = self.r22 * y1 - self.r23 * y2;
        let q2 = self.r33 * y2 - self.r23 * y1;
        [f0 * self.m11_inverse - self.l2 * q1 - self.l3 * q2, q1, q2]
    }
}
