//! The equations of motion, written once.
//!
//! `M(q)·q̈ = h(q, q̇) + e₁·u + w` with the cart force `u` and generalised disturbance forces `w` on
//! `(x, θ1, θ2)`. The derivation from the Lagrangian is in `docs/equations.md`; the oracle is a
//! symbolic one with 40 digits (`tests/golden.rs`), the laws of physics are in `tests/physics.rs`.
//!
//! Only `sin` and `cos` of the two angles are evaluated, those of their difference are products, and
//! those of a step's later stages are turned on from those of its first.

use crate::drag::{Drag, DragLaw};
use crate::error::ParameterError;
use crate::friction::{DryFriction, DryLaws};
use crate::parameters::Parameters;
use crate::real::{Mask, Real};
use crate::splat::{each, splat_fields};
use crate::state::State;
use crate::trigonometry::Turns;

/// A double inverted pendulum on a cart: the constants of its equations, checked.
///
/// The equations are divided by the total mass, for then the cart's own is 1, and moments of the rods
/// are taken up in their sines and cosines, which saves products in every evaluation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plant<R = f64> {
    /// `m0 + m1 + m2` and its inverse.
    mass: R,
    mass_inverse: R,
    /// `m1·c1² + m2·l1² + i1` and `m2·c2² + i2`, per mass.
    m22: R,
    m33: R,
    /// `m1·c1 + m2·l1` and `m2·c2`, per mass.
    a: R,
    b: R,
    /// `m2·l1·c2` per mass, by `a·b`.
    d: R,
    g: R,
    /// Viscous friction, per mass.
    b0: R,
    b1: R,
    b2: R,
    /// What is not there is not computed: a plant without it has the bits, and the speed, of one
    /// that never heard of it. The choice is one for all lanes.
    losses: Option<Losses<R>>,
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
        let mass = m0 + m1 + m2;
        let moment = m1 * c1 + m2 * l1;
        Ok(Self {
            mass,
            mass_inverse: 1.0 / mass,
            m22: (m1 * c1 * c1 + m2 * l1 * l1 + i1) / mass,
            m33: (m2 * c2 * c2 + i2) / mass,
            a: moment / mass,
            b: m2 * c2 / mass,
            d: l1 * mass / moment,
            g,
            b0: b0 / mass,
            b1: b1 / mass,
            b2: b2 / mass,
            losses: Losses::of(friction, drag),
        })
    }
}

splat_fields!(Plant { mass, mass_inverse, m22, m33, a, b, d, g, b0, b1, b2, losses });

/// What slows the plant down beside viscous friction.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Losses<R> {
    friction: Option<DryLaws<R>>,
    drag: Option<DragLaw<R>>,
}

impl Losses<f64> {
    fn of(friction: &DryFriction, drag: &Drag) -> Option<Self> {
        let (friction, drag) = (DryLaws::of(friction), DragLaw::of(drag));
        (friction.is_some() || drag.is_some()).then_some(Self { friction, drag })
    }
}

splat_fields!(Losses { friction, drag });

impl<R: Real> Losses<R> {
    /// Generalised force on `(x, θ1, θ2)` in N and N·m.
    #[inline(always)]
    fn force(&self, qd: [R; 3]) -> [R; 3] {
        let mut sum = [R::splat(0.0); 3];
        if let Some(friction) = &self.friction {
            sum = friction.force(qd);
        }
        if let Some(drag) = &self.drag {
            sum = add(sum, drag.force(qd));
        }
        sum
    }

    /// Power taken out of the plant in W; never negative.
    fn dissipated_power(&self, qd: [R; 3]) -> R {
        let friction = self.friction.map(|friction| friction.dissipated_power(qd));
        let drag = self.drag.map(|drag| drag.dissipated_power(qd));
        friction.unwrap_or(R::splat(0.0)) + drag.unwrap_or(R::splat(0.0))
    }
}

/// `a·sin`, `a·cos` of `θ1` and `b·sin`, `b·cos` of `θ2`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Angles<R> {
    sin1: R,
    cos1: R,
    sin2: R,
    cos2: R,
}

impl<R: Real> Angles<R> {
    #[inline(always)]
    fn of(plant: &Plant<R>, [theta1, theta2]: [R; 2]) -> Self {
        let (sin1, cos1) = theta1.sin_cos();
        let (sin2, cos2) = theta2.sin_cos();
        Self {
            sin1: plant.a * sin1,
            cos1: plant.a * cos1,
            sin2: plant.b * sin2,
            cos2: plant.b * cos2,
        }
    }

    /// The same where the angles are `theta`, to which they have come by `turns`.
    ///
    /// Other than small turns are looked at only where there are any, which changes no bit of the others.
    #[inline(always)]
    fn turned(&self, plant: &Plant<R>, turns: Turns<R>, theta: [R; 2]) -> Self {
        let Turns { by: [first, second], are_right } = turns;
        let [sin1, cos1] = first.applied_to([self.sin1, self.cos1]);
        let [sin2, cos2] = second.applied_to([self.sin2, self.cos2]);
        let near = Self { sin1, cos1, sin2, cos2 };
        if are_right.all() {
            return near;
        }
        let far = Self::of(plant, theta);
        Self {
            sin1: R::select(are_right, near.sin1, far.sin1),
            cos1: R::select(are_right, near.cos1, far.cos1),
            sin2: R::select(are_right, near.sin2, far.sin2),
            cos2: R::select(are_right, near.cos2, far.cos2),
        }
    }

    /// Moments of `sin` and `cos` of the difference `θ1 − θ2`, per mass.
    #[inline(always)]
    fn difference(&self, plant: &Plant<R>) -> (R, R) {
        let Self { sin1, cos1, sin2, cos2 } = *self;
        (plant.d * (sin1 * cos2 - cos1 * sin2), plant.d * (cos1 * cos2 + sin1 * sin2))
    }
}

impl<R: Real> Plant<R> {
    /// What the equations say at one state: `M` factorised, and `h`.
    ///
    /// A controller and the first stage of an integrator both need it, and share it.
    #[inline(always)]
    pub fn evaluate(&self, state: &State<R>) -> Evaluation<R> {
        self.equations::<false>(Angles::of(self, state.theta()), state.qd())
    }

    /// The same where the angles are `theta`, to which they have come by `turns` from where they are in
    /// `before`, and the rates are `qd`. A `FREE` plant is known to have no losses but viscous friction.
    #[inline(always)]
    pub(crate) fn evaluate_turned<const FREE: bool>(
        &self,
        before: &Evaluation<R>,
        turns: Turns<R>,
        theta: [R; 2],
        qd: [R; 3],
    ) -> Evaluation<R> {
        self.equations::<FREE>(before.angles.turned(self, turns, theta), qd)
    }

    /// Has it no losses but viscous friction?
    #[inline(always)]
    pub(crate) fn is_free(&self) -> bool {
        self.losses.is_none()
    }

    #[inline(always)]
    fn equations<const FREE: bool>(&self, angles: Angles<R>, qd: [R; 3]) -> Evaluation<R> {
        let [x_dot, theta1_dot, theta2_dot] = qd;
        let Angles { sin1, cos1, sin2, cos2 } = angles;
        let centrifugal1 = theta1_dot * theta1_dot;
        let centrifugal2 = theta2_dot * theta2_dot;
        let joint2 = self.b2 * (theta2_dot - theta1_dot);
        let (coupling, m23) = angles.difference(self);
        let mut h = [
            sin1 * centrifugal1 + sin2 * centrifugal2 - self.b0 * x_dot,
            self.g * sin1 - coupling * centrifugal2 - self.b1 * theta1_dot + joint2,
            self.g * sin2 + coupling * centrifugal1 - joint2,
        ];
        if !FREE && let Some(losses) = &self.losses {
            h = add(h, times(losses.force(qd), self.mass_inverse));
        }
        let (s22, s23, s33) = (self.m22 - cos1 * cos1, m23 - cos1 * cos2, self.m33 - cos2 * cos2);
        let inverse = R::splat(1.0) / (s22 * s33 - s23 * s23);
        let Self { mass, mass_inverse, .. } = *self;
        Evaluation { angles, s22, s23, s33, inverse, h, mass, mass_inverse }
    }

    /// Accelerations `q̈` in m/s² and rad/s² under the cart force `u` in N and the generalised
    /// disturbance `w` in N and N·m, where there is one.
    #[inline(always)]
    pub fn acceleration(&self, state: &State<R>, u: R, w: Option<[R; 3]>) -> [R; 3] {
        self.evaluate(state).acceleration(u, w)
    }

    /// The mass matrix `M(q)`, symmetric and positive definite.
    pub fn mass_matrix(&self, state: &State<R>) -> [[R; 3]; 3] {
        let m = self.mass_matrix_per_mass(state);
        each!(row of 3 => each!(column of 3 => self.mass * m[row][column]))
    }

    fn mass_matrix_per_mass(&self, state: &State<R>) -> [[R; 3]; 3] {
        let angles = Angles::of(self, state.theta());
        let (m12, m13, m23) = (angles.cos1, angles.cos2, angles.difference(self).1);
        [[R::splat(1.0), m12, m13], [m12, self.m22, m23], [m13, m23, self.m33]]
    }

    /// The matrix `C(q, q̇)` of Christoffel symbols, with which `Ṁ − 2C` is skew-symmetric and
    /// `h = −C·q̇ + gravity − friction − drag`.
    pub fn coriolis_matrix(&self, state: &State<R>) -> [[R; 3]; 3] {
        let angles = Angles::of(self, state.theta());
        let zero = R::splat(0.0);
        let coupling = self.mass * angles.difference(self).0;
        [
            [
                zero,
                -(self.mass * angles.sin1 * state.theta1_dot),
                -(self.mass * angles.sin2 * state.theta2_dot),
            ],
            [zero, zero, coupling * state.theta2_dot],
            [zero, -(coupling * state.theta1_dot), zero],
        ]
    }

    /// Kinetic energy `½·q̇ᵀ·M·q̇` in J.
    pub fn kinetic_energy(&self, state: &State<R>) -> R {
        let m = self.mass_matrix_per_mass(state);
        let [v0, v1, v2] = state.qd();
        let half = R::splat(0.5);
        self.mass
            * (half * (v0 * v0 + m[1][1] * v1 * v1 + m[2][2] * v2 * v2)
                + m[0][1] * v0 * v1
                + m[0][2] * v0 * v2
                + m[1][2] * v1 * v2)
    }

    /// Potential energy in J; zero at the height of the cart.
    pub fn potential_energy(&self, state: &State<R>) -> R {
        let angles = Angles::of(self, state.theta());
        self.mass * self.g * (angles.cos1 + angles.cos2)
    }

    /// Kinetic and potential energy in J.
    pub fn energy(&self, state: &State<R>) -> R {
        self.kinetic_energy(state) + self.potential_energy(state)
    }

    /// Power that friction, viscous and dry, and drag take out of the plant in W; never negative.
    pub fn dissipated_power(&self, state: &State<R>) -> R {
        let relative = state.theta2_dot - state.theta1_dot;
        let mut power = self.mass
            * (self.b0 * state.x_dot * state.x_dot
                + self.b1 * state.theta1_dot * state.theta1_dot
                + self.b2 * relative * relative);
        if let Some(losses) = &self.losses {
            power += losses.dissipated_power(state.qd());
        }
        power
    }
}

#[inline(always)]
fn add<R: Real>(a: [R; 3], b: [R; 3]) -> [R; 3] {
    each!(i of 3 => a[i] + b[i])
}

#[inline(always)]
fn times<R: Real>(a: [R; 3], factor: R) -> [R; 3] {
    each!(i of 3 => a[i] * factor)
}

#[inline(always)]
fn dot<R: Real>(a: [R; 3], b: [R; 3]) -> R {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The equations of motion at one state: made by [`Plant::evaluate`].
///
/// The mass matrix is solved with by its Schur complement in the cart: the rods' 2×2 block with the
/// cart free to move, inverted by Cramer's rule. It exists for every `M` that is positive definite, needs
/// no pivoting, and takes one division.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation<R = f64> {
    /// Of which the cosines are `m12` and `m13`.
    angles: Angles<R>,
    /// The complement, and the inverse of its determinant.
    s22: R,
    s23: R,
    s33: R,
    inverse: R,
    /// Per mass, as all above.
    h: [R; 3],
    mass: R,
    mass_inverse: R,
}

impl<R: Real> Evaluation<R> {
    /// `M⁻¹·f` for any generalised force `f`.
    #[inline(always)]
    pub fn solve(&self, f: [R; 3]) -> [R; 3] {
        self.solve_per_mass(times(f, self.mass_inverse))
    }

    /// Generalised force `h` in N and N·m: everything but the cart force and the disturbance.
    #[inline(always)]
    pub fn h(&self) -> [R; 3] {
        times(self.h, self.mass)
    }

    /// `q̈` under the cart force `u` and the generalised disturbance `w`, where there is one.
    #[inline(always)]
    pub fn acceleration(&self, u: R, w: Option<[R; 3]>) -> [R; 3] {
        let [mut h0, mut h1, mut h2] = self.h;
        h0 += u * self.mass_inverse;
        if let Some(w) = w {
            [h0, h1, h2] = add([h0, h1, h2], times(w, self.mass_inverse));
        }
        self.solve_per_mass([h0, h1, h2])
    }

    /// How `weights·q̈` depends on the cart force: `weights·M⁻¹h`, which is what it is without force, and
    /// `weights·M⁻¹e₁`, which a newton adds.
    #[inline(always)]
    pub fn response(&self, weights: [R; 3]) -> (R, R) {
        // One solve gives both: weights·M⁻¹ as a row, of which the second is the first entry.
        let row = self.solve_per_mass(weights);
        (dot(row, self.h), row[0] * self.mass_inverse)
    }

    #[inline(always)]
    fn solve_per_mass(&self, [f0, f1, f2]: [R; 3]) -> [R; 3] {
        let (m12, m13) = (self.angles.cos1, self.angles.cos2);
        let (y1, y2) = (f1 - m12 * f0, f2 - m13 * f0);
        let q1 = (self.s33 * y1 - self.s23 * y2) * self.inverse;
        let q2 = (self.s22 * y2 - self.s23 * y1) * self.inverse;
        [f0 - m12 * q1 - m13 * q2, q1, q2]
    }
}
