//! Poles: eigenvalues of small matrices, and polynomials from chosen roots.

use core::fmt;

use dip_dynamics::Real;
use nalgebra::{Complex, SMatrix, SVector, Schur};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// A pole in rad/s. In files a number if it is real, `[re, im]` if it is not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pole {
    /// Real part; negative where the motion decays.
    pub re: f64,
    /// Imaginary part.
    pub im: f64,
}

impl Pole {
    /// The damping ratio `−re/|p|`: 1 for a real pole that decays, 0 on the imaginary axis; a pole at
    /// the origin has none.
    pub fn damping(self) -> Option<f64> {
        let size = Real::sqrt(self.re * self.re + self.im * self.im);
        (size > 0.0).then(|| -self.re / size)
    }
}

impl fmt::Display for Pole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.im == 0.0 {
            write!(f, "{:.4}", self.re)
        } else {
            write!(f, "{:.4}{:+.4}i", self.re, self.im)
        }
    }
}

impl From<f64> for Pole {
    fn from(re: f64) -> Self {
        Self { re, im: 0.0 }
    }
}

impl Serialize for Pole {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.im == 0.0 {
            serializer.serialize_f64(self.re)
        } else {
            [self.re, self.im].serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Pole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PoleVisitor;

        impl<'de> Visitor<'de> for PoleVisitor {
            type Value = Pole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a real pole or [re, im], in rad/s")
            }

            fn visit_f64<E>(self, re: f64) -> Result<Pole, E> {
                Ok(re.into())
            }

            #[expect(clippy::cast_precision_loss, reason = "no pole needs 53 bits")]
            fn visit_i64<E>(self, re: i64) -> Result<Pole, E> {
                Ok((re as f64).into())
            }

            #[expect(clippy::cast_precision_loss, reason = "no pole needs 53 bits")]
            fn visit_u64<E>(self, re: u64) -> Result<Pole, E> {
                Ok((re as f64).into())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Pole, A::Error> {
                let mut next = |index| {
                    seq.next_element()?.ok_or_else(|| A::Error::invalid_length(index, &self))
                };
                let pole = Pole { re: next(0)?, im: next(1)? };
                match seq.next_element::<f64>()? {
                    None => Ok(pole),
                    Some(_) => Err(A::Error::invalid_length(3, &self)),
                }
            }
        }

        deserializer.deserialize_any(PoleVisitor)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Pole {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Pole".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A real pole or [re, im], in rad/s",
            "anyOf": [
                { "type": "number" },
                { "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 },
            ],
        })
    }
}

/// Why poles could not be chosen or found.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum PoleError {
    /// A chosen pole is not in the open left half plane.
    #[error("poles: {0}: the real part must be finite and less than {SLOWEST:e} rad/s")]
    NotStable(Pole),
    /// A chosen complex pole stands alone.
    #[error("poles: {0}: a complex pole needs its conjugate beside it")]
    NoConjugate(Pole),
    /// The eigenvalue iteration did not converge: the matrix is not finite or badly scaled.
    #[error("the eigenvalues of the motion could not be computed: the numbers are badly scaled")]
    NotFound,
}

/// A sliding pole has to be left of this, in rad/s. A surface that does not hold the cart has a pole
/// at 0, which rounding puts on either side, by up to some 1e-9; and nobody waits the eleven days in
/// which a pole here decays.
pub(crate) const SLOWEST: f64 = -1e-6;

/// Iterations after which a Schur decomposition of a matrix this small has failed.
const SCHUR_ITERATIONS: usize = 1000;

/// The eigenvalues of a 5×5, 6×6 or 7×7 matrix, sorted by real part, then imaginary part.
macro_rules! eigenvalues {
    ($name:ident, $n:literal) => {
        pub(crate) fn $name(matrix: SMatrix<f64, $n, $n>) -> Result<[Pole; $n], PoleError> {
            if !matrix.iter().all(|entry| entry.is_finite()) {
                return Err(PoleError::NotFound);
            }
            let schur = Schur::try_new(matrix, f64::EPSILON, SCHUR_ITERATIONS)
                .ok_or(PoleError::NotFound)?;
            let values: SVector<Complex<f64>, $n> = schur.complex_eigenvalues();
            let mut poles: [Pole; $n] =
                core::array::from_fn(|i| Pole { re: values[i].re, im: values[i].im });
            poles.sort_unstable_by(|p, q| p.re.total_cmp(&q.re).then(p.im.total_cmp(&q.im)));
            Ok(poles)
        }
    };
}

eigenvalues!(eigenvalues_of_5, 5);
eigenvalues!(eigenvalues_of_6, 6);
eigenvalues!(eigenvalues_of_7, 7);

type Complex5x5 = SMatrix<Complex<f64>, 5, 5>;

/// The condition number of the eigenvalue `pole` of `matrix`: a disturbance of the matrix of size `δ`
/// moves it by at most about `δ` times this, which is 1 at best, and without bound for one that is
/// repeated: `‖x‖·‖y‖/|yᴴx|` of its right and left eigenvector (Wilkinson 1965, ch. 2).
///
/// Infinite where the eigenvectors cannot be told apart any more.
pub(crate) fn condition_number(matrix: &SMatrix<f64, 5, 5>, pole: Pole) -> f64 {
    let matrix: Complex5x5 = matrix.map(|entry| Complex::new(entry, 0.0));
    let root = Complex::new(pole.re, pole.im);
    let (Some(right), Some(left)) =
        (eigenvector(&matrix, root), eigenvector(&matrix.adjoint(), root.conj()))
    else {
        return f64::INFINITY;
    };
    let cosine = left.dotc(&right);
    1.0 / Real::sqrt(cosine.re * cosine.re + cosine.im * cosine.im)
}

/// The unit eigenvector of an eigenvalue that is known to rounding, by inverse iteration.
fn eigenvector(matrix: &Complex5x5, root: Complex<f64>) -> Option<SVector<Complex<f64>, 5>> {
    // Beside the eigenvalue, so that the matrix can be inverted; that is what makes it converge.
    let shift = root + Complex::new(1e-10 * (1.0 + root.re.abs() + root.im.abs()), 0.0);
    let factors = (matrix - Complex5x5::identity() * shift).full_piv_lu();
    // No eigenvector is orthogonal to five numbers such as these, but for one plant in a continuum.
    let mut vector = SVector::from_fn(|i, _| Complex::new(1.0 + 0.1 * i as f64, 0.3 * i as f64));
    for _ in 0..4 {
        vector = factors.solve(&vector)?;
        let norm = vector.norm();
        if !norm.is_finite() || norm == 0.0 {
            return None;
        }
        vector /= Complex::new(norm, 0.0);
    }
    Some(vector)
}

/// The monic polynomial with five stable roots: its coefficients from the power 0 to 4.
pub(crate) fn polynomial(poles: &[Pole; 5]) -> Result<[f64; 5], PoleError> {
    let mut coefficients = [Complex::new(0.0, 0.0); 6];
    coefficients[0] = Complex::new(1.0, 0.0);
    for (degree, &pole) in poles.iter().enumerate() {
        if !(pole.re.is_finite() && pole.im.is_finite() && pole.re < SLOWEST) {
            return Err(PoleError::NotStable(pole));
        }
        let count = |p: Pole| poles.iter().filter(|&&q| q == p).count();
        let conjugate = Pole { im: -pole.im, ..pole };
        if pole.im != 0.0 && count(conjugate) != count(pole) {
            return Err(PoleError::NoConjugate(pole));
        }
        // Multiply by (λ − pole).
        let root = Complex::new(pole.re, pole.im);
        for power in (0..=degree + 1).rev() {
            let lower = if power > 0 { coefficients[power - 1] } else { Complex::default() };
            coefficients[power] = lower - root * coefficients[power];
        }
    }
    // Conjugate pairs cancel the imaginary parts up to rounding.
    Ok(core::array::from_fn(|power| coefficients[power].re))
}
