//! What every design of a surface or regulator guarantees, and in which words it is refused.

use std::array::from_fn;

use dip_dynamics::{Linearisation, Parameters, Plant, State};
use nalgebra::{Complex, Matrix6, RowVector6, SMatrix, SVector};
use proptest::prelude::*;
use smc_controllers::{
    Pole, PositiveForm, Surface, SurfaceDesign, SurfaceError, Weights, lqr_gain,
};

fn linear() -> Linearisation {
    Plant::new(&Parameters::default()).unwrap().linearise(&State::UPRIGHT, 0.0)
}

/// Uniform on a logarithmic scale.
fn log_uniform(lower: f64, upper: f64) -> impl Strategy<Value = f64> {
    (lower.log10()..upper.log10()).prop_map(|exponent| 10.0_f64.powf(exponent))
}

/// Weights over the whole of the range that is searched, and four decades of `r`.
fn any_weights() -> impl Strategy<Value = Weights> {
    let (lower, upper) = Weights::GAINS[0].range.unwrap();
    assert!(Weights::GAINS.iter().all(|gain| gain.range == Some((lower, upper))));
    (prop::array::uniform6(log_uniform(lower, upper)), log_uniform(1e-4, 1.0))
        .prop_map(|(q, r)| Weights { q, r })
}

/// Five stable poles: none, one or two complex pairs, the rest real.
fn any_poles() -> impl Strategy<Value = [Pole; 5]> {
    let re = || -20.0..-0.5;
    (0_usize..=2, prop::array::uniform5(re()), prop::array::uniform2(0.5..10.0)).prop_map(
        |(pairs, re, im)| {
            from_fn(|i| match i / 2 {
                pair if pair < pairs && i % 2 == 0 => Pole { re: re[2 * pair], im: im[pair] },
                pair if pair < pairs => Pole { re: re[2 * pair], im: -im[pair] },
                _ => Pole::from(re[i]),
            })
        },
    )
}

fn design(design: SurfaceDesign) -> Result<Surface, SurfaceError> {
    design.design(&linear())
}

fn coefficients(s: [f64; 6], allow_unstable: bool) -> SurfaceDesign {
    SurfaceDesign::Coefficients { s, allow_unstable }
}

/// The coefficients of the monic polynomial with these roots, from the power 0 to 4.
fn polynomial(poles: &[Pole; 5]) -> [f64; 5] {
    let mut re = [0.0; 6];
    let mut im = [0.0; 6];
    re[0] = 1.0;
    for pole in poles {
        for power in (0..6).rev() {
            let (lower_re, lower_im) =
                if power > 0 { (re[power - 1], im[power - 1]) } else { (0.0, 0.0) };
            (re[power], im[power]) = (
                lower_re - (pole.re * re[power] - pole.im * im[power]),
                lower_im - (pole.re * im[power] + pole.im * re[power]),
            );
        }
    }
    from_fn(|power| re[power])
}

/// `s·B = 1` to the rounding of a sum of six products and a division.
fn assert_unit_reach(s: &RowVector6<f64>) {
    let b = linear().b;
    let size: f64 = s.iter().zip(b.iter()).map(|(s, b)| (s * b).abs()).sum();
    let error = ((s * b)[0] - 1.0).abs();
    // `place` solves with the controllability matrix, whose condition number is about 1e4, and
    // sums powers of A; the others round nine times.
    assert!(error <= 1e-12 * size, "s·B = 1 + {error:e}, of terms of size {size}");
}

/// The cost matrix of `u = −K·x`: `x0ᵀ·P·x0` is `∫(xᵀQx + R·u²)dt` from `x0`.
///
/// `(A − BK)ᵀP + P(A − BK) + Q + KᵀRK = 0`, as 36 linear equations. None if the loop is unstable.
fn cost_matrix(k: &RowVector6<f64>, weights: &Weights) -> Option<Matrix6<f64>> {
    let Linearisation { a, b } = linear();
    let closed = a - b * k;
    if closed.complex_eigenvalues().iter().any(|pole| pole.re >= 0.0) {
        return None;
    }
    let q = Matrix6::from_diagonal(&weights.q.into()) + k.transpose() * k * weights.r;
    let (identity, at) = (Matrix6::identity(), closed.transpose());
    let system: SMatrix<f64, 36, 36> = identity.kronecker(&at) + at.kronecker(&identity);
    let right = SVector::<f64, 36>::from_column_slice((-q).as_slice());
    Some(Matrix6::from_column_slice(system.lu().solve(&right)?.as_slice()))
}

proptest! {
    #[test]
    fn any_weights_give_a_surface_on_which_the_motion_decays(weights in any_weights()) {
        let surface = design(SurfaceDesign::Lqr(weights)).unwrap();
        for pole in surface.sliding_poles {
            prop_assert!(pole.re < 0.0, "{:?}", surface);
        }
        assert_unit_reach(&surface.s);
    }

    /// R only scales: a common factor of all weights changes nothing.
    #[test]
    fn only_the_ratio_of_weights_counts(
        weights in any_weights(),
        factor in log_uniform(0.1, 10.0),
    ) {
        let scaled = Weights { q: weights.q.map(|q| q * factor), r: weights.r * factor };
        let (k, k_scaled) =
            (lqr_gain(&linear(), &weights).unwrap(), lqr_gain(&linear(), &scaled).unwrap());
        // The Riccati equation's condition: stationarity below was seen to hold to 1e-9.
        prop_assert!((k - k_scaled).norm() <= 1e-8 * k.norm(), "{k} {k_scaled}");
    }

    /// The regulator is where the cost is stationary, `K = R⁻¹·Bᵀ·P(K)`, and any other feedback
    /// costs more from every start: `P(K + δ) − P(K)` is an integral of squares.
    #[test]
    fn no_feedback_costs_less_than_the_regulator(
        weights in any_weights(),
        direction in prop::array::uniform6(-1.0..1.0_f64),
    ) {
        let k = lqr_gain(&linear(), &weights).unwrap();
        let p = cost_matrix(&k, &weights).expect("the regulator stabilises");
        let stationary = linear().b.transpose() * p / weights.r;
        // Worst of 5,000 draws: 8e-10. The condition number of the 36 equations is up to 1e7.
        prop_assert!((stationary - k).norm() <= 1e-8 * k.norm());

        let other = RowVector6::from_fn(|_, i| k[i] * (1.0 + 0.01 * direction[i]));
        if let Some(p_other) = cost_matrix(&other, &weights) {
            // Rounding of P, as above, against a difference that is second order in 1 %.
            let least = (p_other - p).symmetric_eigenvalues().min();
            prop_assert!(least >= -1e-8 * p.norm(), "cheaper by {least:e} of {:e}", p.norm());
            prop_assert!(p_other.trace() >= p.trace() * (1.0 - 1e-8));
        }
    }

    /// The poles themselves are sensitive where they are close together (five at −5 come out within
    /// 0.01), their polynomial is not.
    #[test]
    fn chosen_poles_are_the_sliding_poles(poles in any_poles()) {
        let surface = design(SurfaceDesign::Poles(poles)).unwrap();
        let (expected, actual) = (polynomial(&poles), polynomial(&surface.sliding_poles));
        let size = polynomial(&poles.map(|p| Pole::from(-p.re.hypot(p.im))));
        for power in 0..5 {
            // The eigenvalues are those of a matrix within a few ε = 2e-16 of the motion, whose
            // norm is up to 1e4 times its poles; worst of 50,000 draws: 6e-12.
            let error = (actual[power] - expected[power]).abs() / size[power];
            prop_assert!(error <= 1e-10, "λ^{power}: {error:e} for {poles:?}: {surface:?}");
        }
        assert_unit_reach(&surface.s);
    }

    /// Poles far enough apart come out one by one.
    #[test]
    fn chosen_poles_far_apart_come_out_as_they_are(
        steps in prop::array::uniform5(2.0..4.0_f64),
        im in 0.0..10.0_f64,
        order in Just([0, 1, 2, 3, 4]).prop_shuffle(),
    ) {
        let mut sum = 0.0;
        let mut poles = steps.map(|step| { sum -= step; Pole::from(sum) });
        poles[0] = Pole { re: poles[0].re, im };
        poles[1] = Pole { im: -im, ..poles[0] };
        let surface = design(SurfaceDesign::Poles(order.map(|i: usize| poles[i]))).unwrap();
        let found = |p: Pole| {
            let distance = |q: &Pole| (p.re - q.re).hypot(p.im - q.im);
            surface.sliding_poles.iter().map(distance).fold(f64::INFINITY, f64::min)
        };
        for pole in poles {
            // Coefficients that are off by 1e-11 move a root by at most 1e-11·Π(|p|+|pᵢ|)/Π|p−pᵢ|,
            // here below 1e-11·40⁴/2⁴ = 2e-6; a pair that almost coincides by the root of that.
            let alone = im > 1.0 || pole != poles[0] && pole != poles[1];
            let tolerance = if alone { 1e-5 } else { 3e-3 };
            prop_assert!(found(pole) <= tolerance, "{pole}: {} {surface:?}", found(pole));
        }
        let sorted = surface.sliding_poles.is_sorted_by(|p, q| p.re <= q.re);
        prop_assert!(sorted, "the fastest first: {surface:?}");
    }

    /// By the rule of signs: with `s1, s2` on the angles and `s3, s4` on their rates all positive,
    /// the polynomial of the angles' motion has the signs −, −, ±, +. One change of sign is one
    /// positive root.
    #[test]
    fn all_positive_coefficients_on_the_angles_never_stabilise(
        [s1, s2, s3, s4] in prop::array::uniform4(log_uniform(1e-3, 1e3)),
    ) {
        let s = [0.0, s1, s2, 0.0, s3, s4];
        let refused = design(coefficients(s, false));
        let Err(SurfaceError::NotHurwitz { pole }) = refused else { panic!("{refused:?}") };
        prop_assert!(pole.re > 0.0 && pole.im == 0.0, "{pole:?}");
        let allowed = design(coefficients(s, true)).unwrap();
        // Slower than this is the drift of the cart, a double pole at 0; rounding moves a double
        // pole by some √ε of the norm of the motion.
        let unstable = allowed.sliding_poles.iter().filter(|pole| pole.re > 1e-3).count();
        prop_assert_eq!(unstable, 1, "{:?}", allowed);
    }

    /// Without a coefficient on `x` nothing calls the cart back: a pole at 0 that rounding puts on
    /// either side.
    #[test]
    fn a_surface_that_does_not_hold_the_cart_is_refused(
        weights in any_weights(),
        factors in prop::array::uniform5(0.9..1.1_f64),
        with_speed in any::<bool>(),
    ) {
        let mut s = design(SurfaceDesign::Lqr(weights)).unwrap().s;
        for i in 1..6 {
            s[i] *= factors[i - 1];
        }
        s[0] = 0.0;
        if !with_speed {
            s[3] = 0.0;
        }
        let refused = design(coefficients(s.into(), false));
        prop_assert!(
            matches!(refused, Err(SurfaceError::NotHurwitz { .. } | SurfaceError::NotReachable { .. })),
            "{refused:?}"
        );
    }

    #[test]
    fn a_designed_surface_is_accepted_as_coefficients(
        weights in any_weights(),
        poles in any_poles(),
    ) {
        for chosen in [SurfaceDesign::Lqr(weights), SurfaceDesign::Poles(poles)] {
            let surface = design(chosen).unwrap();
            // The same computation from here on, so the same bits.
            prop_assert_eq!(design(coefficients(surface.s.into(), false)), Ok(surface));
        }
    }

    /// Any surface whose σ the force cannot move: the two velocities' reaches cancel.
    #[test]
    fn a_surface_without_reach_is_refused_whatever_is_allowed(
        s in prop::array::uniform5(-100.0..100.0_f64),
        allow_unstable in any::<bool>(),
    ) {
        let b = linear().b;
        // s·B = s4·b4 + s5·b5 + s6·b6 is 0 up to rounding.
        let s = [s[0], s[1], s[2], s[3], s[4], -(s[3] * b[3] + s[4] * b[4]) / b[5]];
        let refused = design(coefficients(s, allow_unstable));
        prop_assert!(matches!(refused, Err(SurfaceError::NotReachable { .. })), "{refused:?}");
    }
}

#[test]
fn the_regulator_stabilises_where_it_was_hard_to_compute() {
    for weights in [
        // Found at random: the sign iteration comes to rest 1e-12 above its limit.
        Weights {
            q: [
                4_839.047_853_803_571,
                6_279.827_759_463_969,
                0.010_879_776_576_622_152,
                3.166_809_564_993_039,
                0.027_819_029_282_889_644,
                28.104_806_220_167_063,
            ],
            r: 0.000_214_268_348_998_706_96,
        },
        Weights { q: [1e4, 1e-2, 1e-2, 1e-2, 1e-2, 1e-2], r: 1e-4 },
        Weights { q: [1e-2, 1e4, 1e-2, 1e-2, 1e-2, 1e4], r: 1.0 },
        // Only the cart carries weight.
        Weights { q: [1.0, 0.0, 0.0, 0.0, 0.0, 0.0], r: 0.1 },
    ] {
        let k = lqr_gain(&linear(), &weights).unwrap();
        assert!(cost_matrix(&k, &weights).is_some(), "{weights:?}: {k}");
    }
}

#[test]
fn repeated_poles_can_be_chosen() {
    for pole in [-1.0, -5.0, -10.0] {
        let surface = design(SurfaceDesign::Poles([Pole::from(pole); 5])).unwrap();
        for found in surface.sliding_poles {
            // A root of multiplicity five moves by the fifth root of the relative error, 1e-12.
            assert!((found.re - pole).hypot(found.im) < 0.02 * pole.abs(), "{surface:?}");
        }
    }
}

#[test]
fn each_refusal_names_the_field_the_value_and_the_rule() {
    let weights = |index: usize, value: f64| {
        let mut weights = Weights { q: [1.0; 6], r: 1.0 };
        if index == 6 {
            weights.r = value;
        } else {
            weights.q[index] = value;
        }
        SurfaceDesign::Lqr(weights)
    };
    let poles = |first: Pole, second: Pole| {
        SurfaceDesign::Poles([first, second, (-3.0).into(), (-4.0).into(), (-5.0).into()])
    };
    let alone = Pole { re: -2.0, im: 1.5 };
    let b = linear().b;
    for (chosen, expected) in [
        (weights(0, -1.0), "q_x = -1: must be finite and not negative"),
        (weights(1, f64::NAN), "q_theta1 = NaN: must be finite and not negative"),
        (weights(2, f64::INFINITY), "q_theta2 = inf: must be finite and not negative"),
        (weights(3, -0.5), "q_x_dot = -0.5: must be finite and not negative"),
        (weights(4, -0.5), "q_theta1_dot = -0.5: must be finite and not negative"),
        (weights(5, -0.5), "q_theta2_dot = -0.5: must be finite and not negative"),
        (weights(6, 0.0), "r = 0: must be finite and greater than 0"),
        (weights(6, -2.0), "r = -2: must be finite and greater than 0"),
        (weights(6, f64::NAN), "r = NaN: must be finite and greater than 0"),
        (
            weights(0, 0.0),
            "the Riccati equation has no stabilising solution; is the weight of x zero, or are \
             weights many orders of magnitude apart?",
        ),
        (
            poles(0.0.into(), (-2.0).into()),
            "poles: 0.0000: the real part must be finite and less than -1e-6 rad/s",
        ),
        (
            poles((-2.0).into(), 1.5.into()),
            "poles: 1.5000: the real part must be finite and less than -1e-6 rad/s",
        ),
        (
            poles((-2.0).into(), f64::NAN.into()),
            "poles: NaN: the real part must be finite and less than -1e-6 rad/s",
        ),
        (
            poles(f64::NEG_INFINITY.into(), (-2.0).into()),
            "poles: -inf: the real part must be finite and less than -1e-6 rad/s",
        ),
        (
            poles(alone, (-2.0).into()),
            "poles: -2.0000+1.5000i: a complex pole needs its conjugate beside it",
        ),
        (
            // One conjugate for two of them.
            SurfaceDesign::Poles([
                alone,
                (-3.0).into(),
                Pole { im: -alone.im, ..alone },
                (-4.0).into(),
                alone,
            ]),
            "poles: -2.0000+1.5000i: a complex pole needs its conjugate beside it",
        ),
        (
            poles(alone, alone),
            "poles: -2.0000+1.5000i: a complex pole needs its conjugate beside it",
        ),
        (
            coefficients([1.0, 2.0, f64::NAN, 1.0, 1.0, 1.0], false),
            "coefficients: s[2] = NaN: must be finite",
        ),
        (
            coefficients([1.0, 2.0, 3.0, 1.0, 1.0, f64::INFINITY], true),
            "coefficients: s[5] = inf: must be finite",
        ),
        (
            coefficients([0.0; 6], true),
            "s·B = 0e0: the force cannot move sigma; s·B must not be 0 within rounding",
        ),
        (
            coefficients([1.0, 2.0, 3.0, 0.0, 0.0, 0.0], true),
            "s·B = 0e0: the force cannot move sigma; s·B must not be 0 within rounding",
        ),
        (
            coefficients([1.0, 2.0, 3.0, -b[4], b[3], 0.0], true),
            "s·B = 0e0: the force cannot move sigma; s·B must not be 0 within rounding",
        ),
    ] {
        assert_eq!(design(chosen).unwrap_err().to_string(), expected, "{chosen:?}");
    }
    let refused = design(coefficients([0.0, 1.0, 1.0, 0.0, 1.0, 1.0], false)).unwrap_err();
    let SurfaceError::NotHurwitz { pole } = refused else { panic!("{refused:?}") };
    assert_eq!(
        refused.to_string(),
        format!(
            "the sliding pole {pole} is not in the left half plane: the motion on the surface does \
             not decay (given coefficients can be used all the same with allow_unstable)"
        )
    );
}

#[test]
fn a_plant_that_the_cart_cannot_control_is_refused() {
    let linear = Linearisation { a: Matrix6::zeros(), b: linear().b };
    let poles = [-1.0, -2.0, -3.0, -4.0, -5.0].map(Pole::from);
    for (chosen, expected) in [
        (SurfaceDesign::Poles(poles), "the linearised plant is not controllable"),
        (
            SurfaceDesign::Lqr(Weights { q: [1.0; 6], r: 1.0 }),
            "the Riccati equation has no stabilising solution; is the weight of x zero, or are \
             weights many orders of magnitude apart?",
        ),
    ] {
        assert_eq!(chosen.design(&linear).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_pole_is_a_number_or_a_pair_in_files() {
    for (json, expected) in [
        ("-2.5", Some(Pole::from(-2.5))),
        ("-3", Some(Pole::from(-3.0))),
        ("7", Some(Pole::from(7.0))),
        ("[-2.0,1.5]", Some(Pole { re: -2.0, im: 1.5 })),
        ("[-2]", None),
        ("[-2,1,0]", None),
        ("\"fast\"", None),
        ("{\"re\":-2}", None),
    ] {
        let parsed = serde_json::from_str::<Pole>(json);
        assert_eq!(parsed.as_ref().ok(), expected.as_ref(), "{json}: {parsed:?}");
    }
    for (pole, json, text) in [
        (Pole::from(-2.5), "-2.5", "-2.5000"),
        (Pole { re: -2.0, im: 1.5 }, "[-2.0,1.5]", "-2.0000+1.5000i"),
        (Pole { re: -2.0, im: -1.5 }, "[-2.0,-1.5]", "-2.0000-1.5000i"),
    ] {
        assert_eq!(serde_json::to_string(&pole).unwrap(), json);
        assert_eq!(pole.to_string(), text);
    }
}

// ---- Positive forms -----------------------------------------------------------------------------

const FORM: PositiveForm = PositiveForm {
    c_x: 1.5,
    lambda_x: 0.5,
    c1: 2.0,
    lambda1: 3.0,
    c2: 4.0,
    lambda2: 5.0,
    allow_unstable: true,
};

/// The form with these coefficients, if its numbers come out positive; `sign1` is that of `c1`.
fn absolute([s0, s1, s2, s3, s4, s5]: [f64; 6]) -> PositiveForm {
    PositiveForm {
        c_x: s3,
        lambda_x: s0 / s3,
        c1: -s4,
        lambda1: s1 / s4,
        c2: s5,
        lambda2: s2 / s5,
        allow_unstable: false,
    }
}

fn relative([s0, s1, s2, s3, s4, s5]: [f64; 6]) -> PositiveForm {
    PositiveForm {
        c_x: s3,
        lambda_x: s0 / s3,
        c1: s4 + s5,
        lambda1: (s1 + s2) / (s4 + s5),
        c2: s5,
        lambda2: s2 / s5,
        allow_unstable: false,
    }
}

fn is_positive(form: &PositiveForm) -> bool {
    PositiveForm::GAINS.iter().all(|gain| gain.get(*form).is_some_and(|value| value > 0.0))
}

/// The same six coefficients and five poles, within the rounding of the conversion.
fn assert_same(one: &Surface, other: &Surface) {
    // Relative to the largest, because two coefficients of the relative form are differences.
    let error = (one.s - other.s).abs().max() / one.s.abs().max();
    assert!(error < 1e-14, "{one:?} {other:?}");
    let (p, q) = (polynomial(&one.sliding_poles), polynomial(&other.sliding_poles));
    let size = polynomial(&one.sliding_poles.map(|p| Pole::from(-p.re.hypot(p.im))));
    for power in 0..5 {
        // As for chosen poles.
        assert!((p[power] - q[power]).abs() <= 1e-9 * size[power], "{one:?} {other:?}");
    }
}

#[test]
fn positive_forms_have_the_documented_coefficients() {
    let s = |chosen| design(chosen).unwrap().s;
    // c_x·(ẋ + λ_x·x) − c1·(θ̇1 + λ1·θ1) + c2·(θ̇2 + λ2·θ2)
    assert_eq!(s(SurfaceDesign::Absolute(FORM)), RowVector6::new(0.75, -6.0, 20.0, 1.5, -2.0, 4.0));
    // c_x·(ẋ + λ_x·x) + c1·(θ̇1 + λ1·θ1) + c2·((θ̇2 − θ̇1) + λ2·(θ2 − θ1))
    assert_eq!(
        s(SurfaceDesign::Relative(FORM)),
        RowVector6::new(0.75, 6.0 - 20.0, 20.0, 1.5, 2.0 - 4.0, 4.0)
    );
}

proptest! {
    /// A surface that was designed can be written in a positive form, and is the same surface.
    #[test]
    fn a_designed_surface_is_the_same_in_positive_numbers(weights in any_weights()) {
        let surface = design(SurfaceDesign::Lqr(weights)).unwrap();
        let [in_absolute, in_relative] =
            [absolute(surface.s.into()), relative(surface.s.into())];
        if is_positive(&in_absolute) {
            assert_same(&design(SurfaceDesign::Absolute(in_absolute)).unwrap(), &surface);
        }
        if is_positive(&in_relative) {
            assert_same(&design(SurfaceDesign::Relative(in_relative)).unwrap(), &surface);
        }
    }

    /// The two forms are two ways to write the same coefficients.
    #[test]
    fn a_positive_form_is_its_coefficients(
        [c_x, lambda_x, c1] in prop::array::uniform3(log_uniform(0.01, 100.0)),
        [lambda1, c2, lambda2] in prop::array::uniform3(log_uniform(0.01, 100.0)),
    ) {
        let form =
            PositiveForm { c_x, lambda_x, c1, lambda1, c2, lambda2, allow_unstable: false };
        let (a, r) = ([c_x * lambda_x, -c1 * lambda1, c2 * lambda2, c_x, -c1, c2], [
            c_x * lambda_x, c1 * lambda1 - c2 * lambda2, c2 * lambda2, c_x, c1 - c2, c2,
        ]);
        for (chosen, s) in [(SurfaceDesign::Absolute(form), a), (SurfaceDesign::Relative(form), r)] {
            // The same computation from there on: the same surface, or the same refusal.
            prop_assert_eq!(design(chosen), design(coefficients(s, false)));
        }
    }

    /// Pole and damping: `s² + 2ζω·s + ω²`.
    #[test]
    fn the_damping_is_that_of_the_second_order(
        omega in log_uniform(1e-3, 1e3),
        zeta in -0.999..0.999_f64,
    ) {
        let im = omega * (1.0 - zeta * zeta).sqrt();
        for im in [im, -im] {
            let damping = Pole { re: -zeta * omega, im }.damping().unwrap();
            // Rounding of √(1 − ζ²), near ζ = 1 by up to 1/√(1 − ζ²).
            prop_assert!((damping - zeta).abs() < 1e-13, "{damping} {zeta}");
        }
    }
}

/// The conversion succeeds where it matters, in both forms.
#[test]
fn ordinary_weights_give_positive_numbers() {
    for (q, r) in [
        ([10.0, 100.0, 100.0, 1.0, 10.0, 10.0], 0.1),
        ([1.0; 6], 1.0),
        ([10.04, 0.9492, 344.3, 6.29, 96.68, 0.5179], 0.1),
    ] {
        let s: [f64; 6] = design(SurfaceDesign::Lqr(Weights { q, r })).unwrap().s.into();
        assert!(is_positive(&absolute(s)), "{:?}", absolute(s));
        assert!(is_positive(&relative(s)), "{:?}", relative(s));
    }
}

#[test]
fn a_positive_form_that_does_not_decay_is_refused_with_its_pole() {
    for form in [SurfaceDesign::Absolute, SurfaceDesign::Relative] {
        let refused = design(form(PositiveForm { allow_unstable: false, ..FORM })).unwrap_err();
        let allowed = design(form(FORM)).unwrap();
        let worst = allowed.sliding_poles[4];
        assert!(worst.re > 0.0, "{allowed:?}");
        assert_eq!(refused, SurfaceError::NotHurwitz { pole: worst });
        assert!(refused.to_string().contains(&worst.to_string()));
        for gain in PositiveForm::GAINS {
            for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
                let mut broken = FORM;
                *(gain.field)(&mut broken).unwrap() = value;
                assert_eq!(
                    design(form(broken)).unwrap_err().to_string(),
                    format!("{} = {value}: must be finite and greater than 0", gain.name)
                );
            }
        }
    }
}

#[test]
fn damping_of_some_poles() {
    for (re, im, expected) in [
        (-2.0, 0.0, Some(1.0)),
        (3.0, 0.0, Some(-1.0)),
        (0.0, 5.0, Some(0.0)),
        (-3.0, 4.0, Some(0.6)),
        (-3.0, -4.0, Some(0.6)),
        (0.0, 0.0, None),
    ] {
        assert_eq!(Pole { re, im }.damping(), expected);
    }
}

// ---- Sensitivity --------------------------------------------------------------------------------

/// The sliding motion in an orthonormal basis of the plane `s·x = 0` that is not the crate's: by
/// Gram and Schmidt.
fn motion_on(s: &RowVector6<f64>) -> SMatrix<f64, 5, 5> {
    let mut basis = vec![s.transpose() / s.norm()];
    for i in [5, 3, 1, 0, 2, 4] {
        let mut v = SVector::<f64, 6>::zeros();
        v[i] = 1.0;
        for _ in 0..2 {
            for b in &basis {
                v -= b * b.dot(&v);
            }
        }
        if v.norm() > 1e-3 && basis.len() < 6 {
            basis.push(v / v.norm());
        }
    }
    let plane = SMatrix::<f64, 6, 5>::from_columns(&basis[1..]);
    let Linearisation { a, b } = linear();
    plane.transpose() * (a - b * (s * a) / (s * b)[0]) * plane
}

/// The unit null vector of `matrix − λ`: the right singular vector of its least singular value.
fn null_vector(matrix: &SMatrix<f64, 5, 5>, pole: Pole) -> SVector<Complex<f64>, 5> {
    let shifted = matrix.map(|x| Complex::new(x, 0.0))
        - SMatrix::<Complex<f64>, 5, 5>::identity() * Complex::new(pole.re, pole.im);
    let svd = shifted.svd(false, true);
    svd.v_t.unwrap().row(svd.singular_values.imin()).adjoint()
}

fn nearest(poles: &SMatrix<f64, 5, 5>, pole: Pole) -> f64 {
    let distance = |p: &Complex<f64>| (p.re - pole.re).hypot(p.im - pole.im);
    poles.complex_eigenvalues().iter().map(distance).fold(f64::INFINITY, f64::min)
}

proptest! {
    /// The condition number is what a pole moves by, over what the motion was disturbed by: for the
    /// worst disturbance equal, for any other not more.
    #[test]
    fn condition_numbers_are_measured_sensitivities(
        steps in prop::array::uniform5(1.5..4.0_f64),
        im in 3.0..6.0_f64,
        noise in prop::collection::vec(-1.0..1.0_f64, 25),
    ) {
        let mut sum = 0.0;
        let mut poles = steps.map(|step| { sum -= step; Pole::from(sum) });
        poles[0].im = im;
        poles[1] = Pole { im: -im, ..poles[0] };
        let surface = design(SurfaceDesign::Poles(poles)).unwrap();
        let motion = motion_on(&surface.s);
        for (pole, condition) in surface.sliding_poles.into_iter().zip(surface.condition_numbers) {
            prop_assert!(condition >= 1.0 - 1e-9, "{condition}");
            // Small enough for the first order, large enough for the rounding of the poles, which is
            // up to condition·1e-16·norm.
            let delta = 1e-6 / condition;
            let (x, y) = (
                null_vector(&motion, pole),
                null_vector(&motion.transpose(), Pole { im: -pole.im, ..pole }),
            );
            // By δ·y·xᴴ the pole moves by δ·(yᴴy)(xᴴx)/(yᴴx). Its real part is a disturbance of real
            // numbers, of a norm of at most δ; for a real pole it is all of it.
            let worst = (y * x.adjoint()).map(|e| e.re) * delta;
            let moved = nearest(&(motion + worst), pole);
            prop_assert!(moved <= 1.02 * delta * condition, "{pole}: {moved:e} {condition}");
            if pole.im == 0.0 {
                prop_assert!(moved >= 0.98 * delta * condition, "{pole}: {moved:e} {condition}");
            }
            let other = SMatrix::<f64, 5, 5>::from_iterator(noise.iter().copied());
            let other = other * (delta / other.norm().max(1e-3));
            prop_assert!(nearest(&(motion + other), pole) <= 1.02 * delta * condition);
        }
    }
}

/// Repeated poles are sensitive without bound, poles far apart are not.
#[test]
fn condition_numbers_of_extremes() {
    let of = |poles: [f64; 5]| {
        design(SurfaceDesign::Poles(poles.map(Pole::from))).unwrap().condition_numbers
    };
    // A pole of multiplicity m that is only known to ε·norm has come apart by the m-th root of that;
    // the condition number is the inverse of the (m − 1)-th power of the distance, or so.
    assert!(of([-3.0; 5]).iter().all(|&c| c > 1e6), "{:?}", of([-3.0; 5]));
    let two = of([-1.0, -4.0, -4.0, -7.0, -11.0]);
    assert_eq!(two.iter().filter(|&&c| c > 1e5).count(), 2, "{two:?}");
    let apart = of([-0.5, -2.0, -5.0, -10.0, -20.0]);
    assert!(apart.iter().all(|c| (1.0..1e3).contains(c)), "{apart:?}");
}
