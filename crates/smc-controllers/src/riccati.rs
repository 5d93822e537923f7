//! The Riccati equation of the linear-quadratic regulator.
//!
//! `u = −K·x` minimises `∫(xᵀQx + R·u²)dt` on the linearised plant. `K = R⁻¹BᵀP` where `P` solves
//! `AᵀP + PA − PBR⁻¹BᵀP + Q = 0`: first by the matrix sign function of the Hamiltonian (Roberts
//! 1980), then polished by Newton's iteration (Kleinman 1968). Validated against an independent
//! solver in `tests/golden.rs`.

use dip_dynamics::{Linearisation, Real};
use nalgebra::{RowVector6, SMatrix, SVector};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::gain::{Gain, GainError, Rule, check, check_all, not_negative};
use crate::poles::{PoleError, eigenvalues_of_6, eigenvalues_of_7};

/// Weights of the quadratic cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// The diagonal of `Q`, in the order of the state, each in 1/(unit of the state)².
    pub q: [f64; 6],
    /// The weight of the force in 1/N².
    pub r: f64,
}

impl Weights {
    /// The six weights of the state; `R` only scales them.
    pub const GAINS: [Gain<Self>; 6] = [
        not_negative("q_x", "1/m²", |w: &mut Self| Some(&mut w.q[0])).searched(0.01, 1e4),
        not_negative("q_theta1", "1/rad²", |w: &mut Self| Some(&mut w.q[1])).searched(0.01, 1e4),
        not_negative("q_theta2", "1/rad²", |w: &mut Self| Some(&mut w.q[2])).searched(0.01, 1e4),
        not_negative("q_x_dot", "s²/m²", |w: &mut Self| Some(&mut w.q[3])).searched(0.01, 1e4),
        not_negative("q_theta1_dot", "s²/rad²", |w: &mut Self| Some(&mut w.q[4]))
            .searched(0.01, 1e4),
        not_negative("q_theta2_dot", "s²/rad²", |w: &mut Self| Some(&mut w.q[5]))
            .searched(0.01, 1e4),
    ];
}

/// Why there is no regulator.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum RiccatiError {
    /// A weight breaks its rule.
    #[error(transparent)]
    Weight(#[from] GainError),
    /// No stabilising solution: a motion that does not decay carries no weight (the cart, if
    /// `q[0]` is zero), or the plant cannot be controlled.
    #[error(
        "the Riccati equation has no stabilising solution; is the weight of x zero, or are weights \
         many orders of magnitude apart?"
    )]
    NoSolution,
}

/// The gain `K` of `u = −K·x`: one number for each component of the state.
///
/// # Errors
/// A weight that breaks its rule, or no stabilising solution.
pub fn lqr_gain(
    linear: &Linearisation,
    weights: &Weights,
) -> Result<RowVector6<f64>, RiccatiError> {
    check_weights(weights)?;
    regulator_of_6(&linear.a, &linear.b, &weights.q.into(), weights.r)
}

/// The gains `K` and `k_i` of `u = −K·x − k_i·ξ` with `ξ̇ = x`, where `q_integral` weighs `ξ²`.
pub(crate) fn lqr_integral_gain(
    linear: &Linearisation,
    weights: &Weights,
    q_integral: f64,
) -> Result<(RowVector6<f64>, f64), RiccatiError> {
    check_weights(weights)?;
    let mut a = SMatrix::<f64, 7, 7>::zeros();
    a.fixed_view_mut::<6, 6>(0, 0).copy_from(&linear.a);
    a[(6, 0)] = 1.0;
    let b = linear.b.push(0.0);
    let q = SVector::from(weights.q).push(q_integral);
    let k = regulator_of_7(&a, &b, &q, weights.r)?;
    Ok((k.fixed_columns::<6>(0).into_owned(), k[6]))
}

fn check_weights(weights: &Weights) -> Result<(), GainError> {
    check_all(&Weights::GAINS, weights)?;
    check("r", weights.r, Rule::Positive)
}

/// The regulator of `n` states, of which the Hamiltonian has `2n` and the Lyapunov equation `n²`.
macro_rules! regulator {
    ($name:ident, $eigenvalues:ident, $n:literal, $double:literal, $square:literal) => {
        fn $name(
            a: &SMatrix<f64, $n, $n>,
            b: &SVector<f64, $n>,
            q: &SVector<f64, $n>,
            r: f64,
        ) -> Result<SMatrix<f64, 1, $n>, RiccatiError> {
            type Square = SMatrix<f64, $n, $n>;

            /// `P` from the sign `S` of the Hamiltonian matrix: `(S + I)·[I; P] = 0`.
            fn stable_subspace(a: &Square, g: &Square, q: &Square) -> Option<Square> {
                let mut z = SMatrix::<f64, $double, $double>::zeros();
                z.fixed_view_mut::<$n, $n>(0, 0).copy_from(a);
                z.fixed_view_mut::<$n, $n>(0, $n).copy_from(&-g);
                z.fixed_view_mut::<$n, $n>($n, 0).copy_from(&-q);
                z.fixed_view_mut::<$n, $n>($n, $n).copy_from(&-a.transpose());
                let mut converged = false;
                for _ in 0..100 {
                    let inverse = z.try_inverse()?;
                    // Scaling by the norms brings the eigenvalues near the unit circle first.
                    let scale = Real::sqrt(inverse.norm() / z.norm());
                    let next = (z * scale + inverse / scale) * 0.5;
                    let change = (next - z).norm() / next.norm();
                    z = next;
                    // The iteration converges quadratically: after this it is at its rounding,
                    // which for badly scaled weights is some 1e-12. Newton's does the rest.
                    if change < 1e-9 {
                        converged = true;
                        break;
                    }
                    if !change.is_finite() {
                        return None;
                    }
                }
                if !converged {
                    return None;
                }
                let sign = z + SMatrix::<f64, $double, $double>::identity();
                let (of_x, of_p) = (sign.fixed_columns::<$n>(0), sign.fixed_columns::<$n>($n));
                let p = (of_p.transpose() * of_p).lu().solve(&(-(of_p.transpose() * of_x)))?;
                Some((p + p.transpose()) * 0.5)
            }

            /// `P` with `AᵀP + PA + Q = 0`, as one linear equation for each of its entries.
            fn lyapunov(a: &Square, q: &Square) -> Option<Square> {
                let identity = Square::identity();
                let at = a.transpose();
                let system: SMatrix<f64, $square, $square> =
                    identity.kronecker(&at) + at.kronecker(&identity);
                let right = SVector::<f64, $square>::from_column_slice((-q).as_slice());
                let p = Square::from_column_slice(system.lu().solve(&right)?.as_slice());
                Some((p + p.transpose()) * 0.5)
            }

            let q = Square::from_diagonal(q);
            let g = b * b.transpose() / r;
            let mut p = stable_subspace(a, &g, &q).ok_or(RiccatiError::NoSolution)?;
            // Newton converges quadratically; two more steps than it needs are cheap.
            for _ in 0..4 {
                let closed = a - g * p;
                p = lyapunov(&closed, &(q + p * g * p)).ok_or(RiccatiError::NoSolution)?;
            }
            let k = b.transpose() * p / r;
            match $eigenvalues(a - b * k) {
                Ok(poles) if poles.iter().all(|pole| pole.re < 0.0) => Ok(k),
                Ok(_) | Err(PoleError::NotFound) => Err(RiccatiError::NoSolution),
                Err(other) => unreachable!("eigenvalues are not chosen: {other}"),
            }
        }
    };
}

regulator!(regulator_of_6, eigenvalues_of_6, 6, 12, 36);
regulator!(regulator_of_7, eigenvalues_of_7, 7, 14, 49);
