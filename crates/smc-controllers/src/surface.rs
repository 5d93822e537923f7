//! Sliding surfaces `σ = s·x`, designed so that the motion on them decays.
//!
//! On the surface the linearised plant moves as `ẋ = (A − B·(sA)/(sB))·x`. One eigenvalue of that
//! is 0, the surface itself; the other five are the sliding poles, and have to lie in the left half
//! plane (Utkin 1992, ch. 7). Weights and poles give such a surface by construction; coefficients
//! are checked. Validated in `tests/golden.rs` and `tests/design.rs`.

use dip_dynamics::Linearisation;
use nalgebra::{Matrix6, RowVector6, SMatrix};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::gain::{Gain, GainError, Rule, check, check_all, positive};
use crate::poles::{Pole, PoleError, SLOWEST, condition_number, eigenvalues_of_5, polynomial};
use crate::riccati::{RiccatiError, Weights, lqr_gain};

/// A surface with the signs that the plant needs, written with six positive numbers.
///
/// As `absolute` it is `c_x·(ẋ + λ_x·x) − c1·(θ̇1 + λ1·θ1) + c2·(θ̇2 + λ2·θ2)`; as `relative`, with the
/// angle between the rods, `c_x·(ẋ + λ_x·x) + c1·(θ̇1 + λ1·θ1) + c2·((θ̇2 − θ̇1) + λ2·(θ2 − θ1))`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PositiveForm {
    /// `c_x` in kg.
    pub c_x: f64,
    /// `λ_x` in 1/s.
    pub lambda_x: f64,
    /// `c1` in kg·m.
    pub c1: f64,
    /// `λ1` in 1/s.
    pub lambda1: f64,
    /// `c2` in kg·m.
    pub c2: f64,
    /// `λ2` in 1/s.
    pub lambda2: f64,
    /// Accept a surface on which the motion does not decay.
    #[serde(default)]
    pub allow_unstable: bool,
}

impl PositiveForm {
    /// Its six numbers.
    pub const GAINS: [Gain<Self>; 6] = [
        positive("c_x", "kg", |p: &mut Self| Some(&mut p.c_x)).searched(0.01, 100.0),
        positive("lambda_x", "1/s", |p: &mut Self| Some(&mut p.lambda_x)).searched(0.01, 100.0),
        positive("c1", "kg·m", |p: &mut Self| Some(&mut p.c1)).searched(0.01, 100.0),
        positive("lambda1", "1/s", |p: &mut Self| Some(&mut p.lambda1)).searched(0.01, 100.0),
        positive("c2", "kg·m", |p: &mut Self| Some(&mut p.c2)).searched(0.01, 100.0),
        positive("lambda2", "1/s", |p: &mut Self| Some(&mut p.lambda2)).searched(0.01, 100.0),
    ];

    /// The coefficients on the cart, and on two angles with the given signs.
    fn coefficients(&self, sign1: f64) -> [f64; 6] {
        let Self { c_x, lambda_x, c1, lambda1, c2, lambda2, .. } = *self;
        [c_x * lambda_x, sign1 * c1 * lambda1, c2 * lambda2, c_x, sign1 * c1, c2]
    }
}

/// How a surface is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SurfaceDesign {
    /// `s ∝ K` of a linear-quadratic regulator, scaled so that `s·B = 1`.
    Lqr(Weights),
    /// The surface with these five sliding poles, scaled so that `s·B = 1`.
    Poles([Pole; 5]),
    /// The surfaces with these sliding poles, one near upright and one far from it.
    Scheduled(ScheduledSurface),
    /// Six positive numbers on the cart and the two absolute angles, as they are.
    Absolute(PositiveForm),
    /// Six positive numbers on the cart, the first angle and the angle between the rods, as they are.
    Relative(PositiveForm),
    /// These six coefficients as they are.
    Coefficients {
        /// `s`, in the order of the state.
        s: [f64; 6],
        /// Accept a surface on which the motion does not decay.
        #[serde(default)]
        allow_unstable: bool,
    },
}

/// Two surfaces in one: fast poles near upright, slow ones far from it, where the force is at its
/// limit and fast ones would let fall what slow ones still hold.
///
/// With the rows `n` of the near poles and `f` of the far ones, both with `s·B = 1`,
///
/// ```text
/// σ = f·x + ((n − f)·x limited to ±width)
/// ```
///
/// While the difference is within the width, `σ = n·x`; beyond, `σ` is `f·x` and a constant. It has no
/// jump, and on either side the motion on it decays with the poles of that side. A nonlinear surface in
/// the sense of Bandyopadhyay, Fulwani and Kim (2009, *Sliding Mode Control Using Novel Sliding
/// Surfaces*, Springer); theirs changes its damping with the output, this one with the distance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ScheduledSurface {
    /// The five sliding poles near upright in rad/s.
    pub near: [Pole; 5],
    /// The five sliding poles far from it in rad/s.
    pub far: [Pole; 5],
    /// Difference of the two in N·s up to which the near one counts.
    pub width: f64,
}

impl ScheduledSurface {
    /// From its gains in the order in which they are shown: of each side the decays of two real poles, decay
    /// and frequency of a pair, and the decay of the last.
    pub(crate) const fn of(near: [f64; 5], far: [f64; 5], width: f64) -> Self {
        Self { near: poles(near), far: poles(far), width }
    }
}

const fn poles([decay1, decay2, decay3, turn3, decay5]: [f64; 5]) -> [Pole; 5] {
    [real(-decay1), real(-decay2), pair(-decay3, turn3), pair(-decay3, -turn3), real(-decay5)]
}

const fn real(re: f64) -> Pole {
    pair(re, 0.0)
}

const fn pair(re: f64, im: f64) -> Pole {
    Pole { re, im }
}

/// Why there is no such surface.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum SurfaceError {
    /// No regulator for these weights.
    #[error(transparent)]
    Riccati(#[from] RiccatiError),
    /// A number of a positive form, or a width, breaks its rule.
    #[error(transparent)]
    Form(#[from] GainError),
    /// Poles that cannot be chosen.
    #[error(transparent)]
    Poles(#[from] PoleError),
    /// A coefficient is NaN or infinite.
    #[error("coefficients: s[{index}] = {value}: must be finite")]
    NotFinite {
        /// Its place.
        index: usize,
        /// Its value.
        value: f64,
    },
    /// The force does not reach `σ`.
    #[error("s·B = {0:e}: the force cannot move sigma; s·B must not be 0 within rounding")]
    NotReachable(f64),
    /// Rounding has spoilt the surface of the chosen poles.
    #[error("poles: s·B came out as {0:e} instead of 1: must be closer together for this plant")]
    IllConditioned(f64),
    /// The motion on the surface does not decay.
    #[error(
        "the sliding pole {pole} is not in the left half plane: the motion on the surface does not \
         decay (given coefficients can be used all the same with allow_unstable)"
    )]
    NotHurwitz {
        /// The worst of the five sliding poles.
        pole: Pole,
    },
    /// The plant's linearisation cannot be controlled by the cart force.
    #[error("the linearised plant is not controllable")]
    NotControllable,
}

/// A surface `σ = s·x`, and what it means for the linearised plant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surface {
    /// The six coefficients `s`; of a scheduled surface those near upright.
    pub s: RowVector6<f64>,
    /// The five poles of the motion on the surface in rad/s, the fastest first.
    pub sliding_poles: [Pole; 5],
    /// How much each of them moves, at most, with a disturbance of the plant in units of that
    /// disturbance: 1 at best, and without bound for a repeated pole, which comes out as some 1e6 and
    /// more.
    pub condition_numbers: [f64; 5],
    /// What counts far from upright, if that is another.
    pub far: Option<FarSurface>,
}

/// The far side of a scheduled surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FarSurface {
    /// The six coefficients.
    pub s: RowVector6<f64>,
    /// The five poles of the motion on it in rad/s, the fastest first.
    pub sliding_poles: [Pole; 5],
    /// Their condition numbers.
    pub condition_numbers: [f64; 5],
    /// Difference `|(n − f)·x|` in N·s up to which the near side counts.
    pub width: f64,
}

impl SurfaceDesign {
    /// The surface for a linearised plant.
    ///
    /// # Errors
    /// Weights, poles or coefficients that break their rules; a motion that does not decay.
    pub fn design(&self, linear: &Linearisation) -> Result<Surface, SurfaceError> {
        let (s, allow_unstable) = match self {
            Self::Lqr(weights) => {
                let k = lqr_gain(linear, weights)?;
                (k / (k * linear.b)[0], false)
            }
            Self::Poles(poles) => (place(linear, poles)?, false),
            Self::Scheduled(ScheduledSurface { near, far, width }) => {
                check("width", *width, Rule::Positive)?;
                let Surface { s, sliding_poles, condition_numbers, .. } =
                    Self::Poles(*far).design(linear)?;
                let far = FarSurface { s, sliding_poles, condition_numbers, width: *width };
                let far = Some(far);
                return Ok(Surface { far, ..Self::Poles(*near).design(linear)? });
            }
            Self::Absolute(form) => {
                check_all(&PositiveForm::GAINS, form)?;
                (RowVector6::from(form.coefficients(-1.0)), form.allow_unstable)
            }
            Self::Relative(form) => {
                check_all(&PositiveForm::GAINS, form)?;
                let mut s = RowVector6::from(form.coefficients(1.0));
                // The angle of rod 2 is taken from that of rod 1.
                s[1] -= s[2];
                s[4] -= s[5];
                (s, form.allow_unstable)
            }
            Self::Coefficients { s, allow_unstable } => {
                if let Some(index) = s.iter().position(|c| !c.is_finite()) {
                    return Err(SurfaceError::NotFinite { index, value: s[index] });
                }
                (RowVector6::from(*s), *allow_unstable)
            }
        };
        let motion = sliding_motion(linear, &s)?;
        let sliding_poles = eigenvalues_of_5(motion)?;
        let condition_numbers = sliding_poles.map(|pole| condition_number(&motion, pole));
        let surface = Surface { s, sliding_poles, condition_numbers, far: None };
        match surface.sliding_poles.iter().copied().max_by(|p, q| p.re.total_cmp(&q.re)) {
            Some(pole) if pole.re > SLOWEST && !allow_unstable => {
                Err(SurfaceError::NotHurwitz { pole })
            }
            _ => Ok(surface),
        }
    }
}

/// `s = eᵀ·p(A)`, with `eᵀ` the last row of the inverse controllability matrix and `p` the
/// polynomial of the five poles (Ackermann and Utkin 1998). Then `s·B = 1`.
fn place(linear: &Linearisation, poles: &[Pole; 5]) -> Result<RowVector6<f64>, SurfaceError> {
    let coefficients = polynomial(poles)?;
    let mut controllability = Matrix6::zeros();
    let mut column = linear.b;
    for i in 0..6 {
        controllability.set_column(i, &column);
        column = linear.a * column;
    }
    // eᵀ·C = (0, …, 0, 1), solved rather than inverted.
    let last = nalgebra::Vector6::new(0.0, 0.0, 0.0, 0.0, 0.0, 1.0);
    let e = controllability
        .transpose()
        .full_piv_lu()
        .solve(&last)
        .ok_or(SurfaceError::NotControllable)?
        .transpose();
    // Horner's rule on rows: ((e·A + c4·e)·A + c3·e)·A + …
    let s = coefficients.iter().rev().fold(e, |row, &c| row * linear.a + e * c);
    let beta = (s * linear.b)[0];
    if (beta - 1.0).abs() < 1e-6 { Ok(s) } else { Err(SurfaceError::IllConditioned(beta)) }
}

/// The motion within the plane `s·x = 0`, in an orthonormal basis of it.
fn sliding_motion(
    linear: &Linearisation,
    s: &RowVector6<f64>,
) -> Result<SMatrix<f64, 5, 5>, SurfaceError> {
    let (a, b) = (linear.a, linear.b);
    let beta = (s * b)[0];
    if beta.is_nan() || beta.abs() <= 1e-9 * s.norm() * b.norm() {
        return Err(SurfaceError::NotReachable(beta));
    }
    // A Householder reflection maps s onto the first axis; its other columns span the plane, so
    // that the eigenvalue 0 of the surface itself never enters.
    let mut v = s.transpose() / s.norm();
    v[0] += 1.0_f64.copysign(v[0]);
    let reflection = Matrix6::identity() - v * v.transpose() * (2.0 / v.norm_squared());
    let basis: SMatrix<f64, 6, 5> = reflection.fixed_columns::<5>(1).into_owned();
    let motion = a - b * (s * a) / beta;
    Ok(basis.transpose() * motion * basis)
}
