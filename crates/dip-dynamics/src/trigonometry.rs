//! Sine and cosine, once for every [`Real`].
//!
//! The angle is reduced to `[−π/4, π/4]` by subtracting a multiple of π/2 held in two parts (Cody
//! and Waite 1980), then both functions are polynomials (coefficients of fdlibm's `__kernel_sin`
//! and `__kernel_cos`, Sun Microsystems 1993). It is made of additions, multiplications and
//! selections only, none of them fused: a scalar and a lane of any width give the same bits, on
//! every machine, which the platform's own `sin` does not promise.
//!
//! Validated against the platform's functions in this file.

use crate::real::{Mask, Real, Turn};

/// The first 33 bits of π/2: its product with an integer below 2²⁰ is exact.
const HALF_PI_HIGH: f64 = 1.570_796_326_734_125_6;
/// What those bits leave of π/2.
const HALF_PI_LOW: f64 = 6.077_100_506_506_192e-11;
/// Adding 1.5·2⁵² leaves no room for a fraction.
const ROUND: f64 = 6_755_399_441_055_744.0;

const SIN: [f64; 6] = [
    -1.666_666_666_666_663_2e-1,
    8.333_333_333_322_49e-3,
    -1.984_126_982_985_795e-4,
    2.755_731_370_707_006_8e-6,
    -2.505_076_025_340_686_3e-8,
    1.589_690_995_211_55e-10,
];
const COS: [f64; 6] = [
    4.166_666_666_666_66e-2,
    -1.388_888_888_887_411e-3,
    2.480_158_728_947_673e-5,
    -2.755_731_435_139_066_3e-7,
    2.087_572_321_298_175e-9,
    -1.135_964_755_778_819_5e-11,
];

/// An angle in radians that is small, and one that is tiny.
const SMALL: f64 = 0.02;
const TINY: f64 = 1e-3;
/// `sin δ = δ + δ³·(c0 + c1·δ²)` and `tan δ/2 = δ/2 + δ³·(c0 + c1·δ²)`: the series, of which the next term,
/// `−δ⁷/5040` or `17·δ⁷/40320`, is put into these by the Chebyshev polynomial on `δ² ≤ SMALL²` (Lanczos
/// 1938). What is left is below 1e-16.
const SMALL_SIN: [f64; 2] = economised([-1.0 / 6.0, 1.0 / 120.0, -1.0 / 5040.0]);
const SMALL_TAN: [f64; 2] = economised([1.0 / 24.0, 1.0 / 240.0, 17.0 / 40320.0]);

/// A polynomial of degree 2 on `[0, SMALL²]` by one of degree 1.
const fn economised([c0, c1, c2]: [f64; 3]) -> [f64; 2] {
    let z = SMALL * SMALL;
    [c0 - c2 * z * z / 8.0, c1 + c2 * z]
}

/// `sin δ` and `tan δ/2` of an angle within `±SMALL`.
#[inline(always)]
pub(crate) fn small_turn<R: Real>(angle: R) -> Turn<R> {
    let z = angle * angle;
    let cube = angle * z;
    let [s0, s1] = SMALL_SIN;
    let [t0, t1] = SMALL_TAN;
    Turn {
        sin: angle + cube * (R::splat(s0) + z * R::splat(s1)),
        tan_half: R::splat(0.5) * angle + cube * (R::splat(t0) + z * R::splat(t1)),
    }
}

/// `sin δ` and `tan δ/2` of an angle within `±TINY`. What is left is below 1e-17.
#[inline(always)]
pub(crate) fn tiny_turn<R: Real>(angle: R) -> Turn<R> {
    let cube = angle * (angle * angle);
    Turn {
        sin: angle + cube * R::splat(-1.0 / 6.0),
        tan_half: R::splat(0.5) * angle + cube * R::splat(1.0 / 24.0),
    }
}

/// The turns of both rods.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turns<R: Real> {
    pub(crate) by: [Turn<R>; 2],
    /// Where both are small enough for their polynomials.
    pub(crate) are_right: R::Mask,
}

impl<R: Real> Turns<R> {
    /// By angles that are seldom beyond `SMALL`.
    #[inline(always)]
    pub(crate) fn small(angles: [R; 2]) -> Self {
        let by = [angles[0].small_turn(), angles[1].small_turn()];
        Self { by, are_right: are_within(angles, SMALL) }
    }

    /// By angles that are seldom beyond `TINY`.
    #[inline(always)]
    pub(crate) fn tiny(angles: [R; 2]) -> Self {
        let by = [angles[0].tiny_turn(), angles[1].tiny_turn()];
        Self { by, are_right: are_within(angles, TINY) }
    }
}

#[inline(always)]
fn are_within<R: Real>([first, second]: [R; 2], limit: f64) -> R::Mask {
    // The larger of a NaN and a number may be the number; but the turn by NaN is NaN.
    (first * first).max(second * second).le(R::splat(limit * limit))
}

/// `(sin, cos)` of an angle in radians.
///
/// Where all lanes are within about `[−π/4, π/4]` there is nothing to reduce. It would change no bit.
#[inline(always)]
pub(crate) fn sin_cos<R: Real>(angle: R) -> (R, R) {
    // A little below (π/4)²: no quarter turn would be taken away.
    let is_reduced = (angle * angle).le(R::splat(0.61)).all();
    let (x, quarter_turns) = if is_reduced { (angle, R::splat(0.0)) } else { reduced(angle) };
    let (sin, cos) = polynomials(x);
    if is_reduced { (sin, cos) } else { turned(sin, cos, quarter_turns) }
}

/// The rest of an angle, and the quarter turns that were taken away.
#[inline(always)]
fn reduced<R: Real>(angle: R) -> (R, R) {
    let quarter_turns = round(angle * R::splat(core::f64::consts::FRAC_2_PI));
    let x =
        (angle - quarter_turns * R::splat(HALF_PI_HIGH)) - quarter_turns * R::splat(HALF_PI_LOW);
    (x, quarter_turns)
}

#[inline(always)]
fn turned<R: Real>(sin: R, cos: R, quarter_turns: R) -> (R, R) {
    let one = R::splat(1.0);
    // The quadrant as −2, −1, 0, 1 or 2 quarter turns. An odd one swaps the two functions.
    let quadrant = quarter_turns - R::splat(4.0) * round(R::splat(0.25) * quarter_turns);
    let distance_from_odd = (quadrant.abs() - one).abs();
    let odd = distance_from_odd.lt(R::splat(0.5));
    let even_sign = one - quadrant.abs();
    let sign_sin = R::select(odd, quadrant, even_sign);
    let sign_cos = R::select(odd, -quadrant, even_sign);
    (sign_sin * R::select(odd, cos, sin), sign_cos * R::select(odd, sin, cos))
}

/// Both functions of `x` in `[−π/4, π/4]`.
#[inline(always)]
fn polynomials<R: Real>(x: R) -> (R, R) {
    let one = R::splat(1.0);
    let z = x * x;
    let z2 = z * z;
    let powers = [z, z2, z2 * z2];
    let sin = x + x * z * estrin(powers, &SIN);
    let cos = (one - R::splat(0.5) * z) + z2 * estrin(powers, &COS);
    (sin, cos)
}

/// The nearest whole number; ties go to the even one.
#[inline(always)]
pub(crate) fn round<R: Real>(value: R) -> R {
    (value + R::splat(ROUND)) - R::splat(ROUND)
}

/// A polynomial of degree 5 by Estrin's scheme, whose terms do not wait for each other; `powers` are
/// `z`, `z²` and `z⁴`.
#[inline(always)]
fn estrin<R: Real>([z, z2, z4]: [R; 3], [c0, c1, c2, c3, c4, c5]: &[f64; 6]) -> R {
    let pair = ((R::splat(*c0) + z * R::splat(*c1)), (R::splat(*c2) + z * R::splat(*c3)));
    let last = R::splat(*c4) + z * R::splat(*c5);
    (pair.0 + z2 * pair.1) + z4 * last
}

#[cfg(test)]
mod tests {
    use super::{SMALL, TINY, sin_cos, small_turn, tiny_turn};
    use crate::real::Turn;

    /// The platform's functions are within 1 ulp; ours within 2; 1 ulp of values in [−1, 1] is at
    /// most 2⁻⁵³·2, and the reduction adds about 2⁻⁵³ near ±100 rad.
    const TOLERANCE: f64 = 4.5e-16;

    #[test]
    fn agrees_with_the_platform_over_a_hundred_radians() {
        for i in -1_000_000..=1_000_000 {
            let angle = f64::from(i) * 1.000_003e-4;
            let (sin, cos) = sin_cos(angle);
            let (sin_ref, cos_ref) = angle.sin_cos();
            assert!((sin - sin_ref).abs() <= TOLERANCE, "sin({angle}): {sin} {sin_ref}");
            assert!((cos - cos_ref).abs() <= TOLERANCE, "cos({angle}): {cos} {cos_ref}");
        }
    }

    #[test]
    fn agrees_with_the_platform_as_far_as_promised() {
        // 10⁵ rad in steps that meet every quadrant.
        for i in 0..1_000_000 {
            let angle = f64::from(i) * 0.100_000_7;
            let (sin, cos) = sin_cos(angle);
            let (sin_ref, cos_ref) = angle.sin_cos();
            assert!((sin - sin_ref).abs() <= TOLERANCE, "sin({angle}): {sin} {sin_ref}");
            assert!((cos - cos_ref).abs() <= TOLERANCE, "cos({angle}): {cos} {cos_ref}");
        }
    }

    #[test]
    fn turns_agree_with_the_platform() {
        for (turn, range, tolerance) in
            [(small_turn as fn(f64) -> Turn<f64>, SMALL, 1e-16), (tiny_turn, TINY, 1e-17)]
        {
            for i in -100_000..=100_000 {
                let angle = f64::from(i) * 1e-5 * range;
                let Turn { sin, tan_half } = turn(angle);
                // And the rounding of what is near `angle` itself.
                let tolerance = tolerance + 2e-16 * angle.abs();
                assert!((sin - angle.sin()).abs() <= tolerance, "sin({angle}): {sin}");
                let expected = (0.5 * angle).tan();
                assert!((tan_half - expected).abs() <= tolerance, "tan({angle}/2): {tan_half}");
            }
        }
    }

    #[test]
    fn is_exact_at_zero_and_odd() {
        assert_eq!(sin_cos(0.0), (0.0, 1.0));
        for angle in [1e-300, 1e-9, 0.3, 0.785, 0.786, 1.6, 3.2, 5.0, 80.0] {
            let (s, c) = sin_cos(angle);
            assert_eq!(sin_cos(-angle), (-s, c));
        }
    }

    #[test]
    fn what_is_not_finite_gives_nan() {
        for angle in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let (s, c) = sin_cos(angle);
            assert!(s.is_nan() && c.is_nan());
        }
    }
}
