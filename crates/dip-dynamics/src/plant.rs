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
    g: R,
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
        Ok(Self {
            m11,
            m11_inverse: 1.0 / m11,
            m22: m1 * c1 * c1 + m2 * l1 * l1 + i1,
            m33: m2 * c2 * c2 + i2,
            a: m1 * c1 + m2 * l1,
            b: m2 * c2,
            d: m2 * l1 * c2,
            g,
            b0,
            b1,
            b2,
            friction: DryLaws::of(friction),
            drag: DragLaw::of(drag),
        })
    }

    /// The same plant in every lane of another number.
    pub fn splat<R: Real>(&self) -> Plant<R> {
        let Self { m11, m11_inverse, m22, m33, a, b, d, g, b0, b1, b2, ref friction, ref drag } =
            *self;
        Plant {
            m11: R::splat(m11),
            m11_inverse: R::splat(m11_inverse),
            m22: R::splat(m22),
            m33: R::splat(m33),
            a: R::splat(a),
            b: R::splat(b),
            d: R::splat(d),
            g: R::splat(g),
            b0: R::splat(b0),
            b1: R::splat(b1),
            b2: R::splat(b2),
            friction: friction.as_ref().map(DryLaws::splat),
            drag: drag.as_ref().map(DragLaw::splat),
        }
    }
}

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
    #[inline]
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
    #[inline]
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
            self.a * self.g * angles.sin1 - coupling * centrifugal2 - self.b1 * theta1_dot + joint2,
            self.b * self.g * angles.sin2 + coupling * centrifugal1 - joint2,
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
    #[inline]
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
        self.g * (self.a * angles.cos1 + self.b * angles.cos2)
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

#[inline]
fn add<R: Real>(a: [R; 3], b: [R; 3]) -> [R; 3] {
    core::array::from_fn(|i| a[i] + b[i])
}

/// The equations of motion at one state: made by [`Plant::evaluate`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation<R = f64> {
    mass: Factors<R>,
    h: [R; 3],
}

impl<R: Real> Evaluation<R> {
    /// `M⁻¹·f` for any generalised force `f`.
    #[inline]
    pub fn solve(&self, f: [R; 3]) -> [R; 3] {
        self.mass.solve(f)
    }

    /// Generalised force `h` in N and N·m: everything but the cart force and the disturbance.
    #[inline]
    pub fn h(&self) -> [R; 3] {
        self.h
    }

    /// `q̈` under the cart force `u` and the generalised disturbance `w`.
    #[inline]
    pub fn acceleration(&self, u: R, w: [R; 3]) -> [R; 3] {
        let [h0, h1, h2] = self.h;
        self.solve([h0 + (u + w[0]), h1 + w[1], h2 + w[2]])
    }
}

/// `M = L·D·Lᵀ` of the 3×3 mass matrix. It exists for every `M` that is positive definite, and
/// needs no pivoting.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Factors<R> {
    l21: R,
    l31: R,
    l32: R,
    d_inverse: [R; 3],
}

impl<R: Real> Factors<R> {
    #[inline]
    fn of(plant: &Plant<R>, angles: &Angles<R>) -> Self {
        let one = R::splat(1.0);
        let (m12, m13, m23) =
            (plant.a * angles.cos1, plant.b * angles.cos2, plant.d * angles.cos12);
        let l21 = m12 * plant.m11_inverse;
        let l31 = m13 * plant.m11_inverse;
        let d2_inverse = one / (plant.m22 - l21 * m12);
        let v32 = m23 - l21 * m13;
        let l32 = v32 * d2_inverse;
        let d3_inverse = one / (plant.m33 - l31 * m13 - l32 * v32);
        Self { l21, l31, l32, d_inverse: [plant.m11_inverse, d2_inverse, d3_inverse] }
    }

    #[inline]
    fn solve(&self, [f0, f1, f2]: [R; 3]) -> [R; 3] {
        let y1 = f1 - self.l21 * f0;
        let y2 = f2 - self.l31 * f0 - self.l32 * y1;
        let q2 = y2 * self.d_inverse[2];
        let q1 = y1 * self.d_inverse[1] - self.l32 * q2;
        let q0 = f0 * self.d_inverse[0] - self.l21 * q1 - self.l31 * q2;
        [q0, q1, q2]
    }
}
