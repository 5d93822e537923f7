//! The rigs that were built: they are pendulums, and they are the pendulums of their sources.

use dip_dynamics::{Integrator, Parameters, Plant, Rig, State};
use nalgebra::Matrix6;

fn plant(rig: &Rig) -> Plant {
    Plant::new(&rig.parameters).unwrap()
}

fn rig(name: &str) -> &'static Rig {
    Rig::by_name(name).unwrap()
}

#[test]
fn each_is_found_by_its_name_and_says_where_it_is_from() {
    for (i, found) in Rig::ALL.iter().enumerate() {
        assert_eq!(rig(found.name), found);
        assert!(Rig::ALL[..i].iter().all(|other| other.name != found.name));
        assert!(Rig::ALL[..i].iter().all(|other| other.parameters != found.parameters));
        assert!(!found.description.is_empty() && !found.source.is_empty(), "{}", found.name);
        assert!(
            found.u_max.is_none_or(|u| u > 0.0) && found.track_half_length.is_none_or(|x| x > 0.0)
        );
    }
    assert_eq!(
        Rig::by_name("furuta").unwrap_err().to_string(),
        "no rig has this name: must be one of graichen_2007, quanser_dbpen_lin, tu_wien"
    );
}

#[test]
fn each_falls_in_two_ways_and_can_be_held_by_the_cart() {
    for rig in &Rig::ALL {
        let linear = plant(rig).linearise(&State::UPRIGHT, 0.0);
        let poles = linear.a.complex_eigenvalues();
        // Without friction of the cart the pole of its velocity joins that of its position in 0,
        // and rounding splits a double pole by its root, about 1e-7.
        let unstable: Vec<_> = poles.iter().filter(|pole| pole.re > 1e-3).collect();
        assert_eq!(unstable.len(), 2, "{}: {poles}", rig.name);
        assert!(unstable.iter().all(|pole| pole.im == 0.0 && pole.re > 1.0), "{}", rig.name);

        // Kalman's matrix in the time scale of the fastest pole: of full rank, far from the 1e-15
        // that rounding would leave of a rank that is lost.
        let fastest = poles.iter().map(|pole| pole.norm()).fold(0.0, f64::max);
        let mut kalman = Matrix6::zeros();
        let mut column = linear.b;
        for k in 0..6 {
            kalman.set_column(k, &column);
            column = linear.a * column / fastest;
        }
        let singular = kalman.singular_values();
        assert!(singular.min() > 1e-6 * singular.max(), "{}: {singular}", rig.name);
    }
}

#[test]
fn each_loses_energy_when_it_falls() {
    for rig in &Rig::ALL {
        let plant = plant(rig);
        let mut state = State { theta1: 0.3, theta2: -0.2, ..State::UPRIGHT };
        let start = plant.energy(&state);
        let mut energy = start;
        for _ in 0..20_000 {
            let here = plant.evaluate(&state);
            state = Integrator::Rk4.step(&plant, &state, &here, 0.0, None, 1e-4);
            let now = plant.energy(&state);
            // RK4: (rate·dt)⁵ of the energy a step, with rates below 40 1/s, is below 1e-12 J.
            assert!(now <= energy + 1e-11, "{}: from {energy} to {now}", rig.name);
            energy = now;
        }
        assert!(energy < start - 1e-3, "{}", rig.name);
    }
}

/// Rows of `θ̈1` and `θ̈2` by `(θ1, θ2, θ̇1, θ̇2, ẍ)`, with the acceleration of the cart as the input:
/// what remains when the force is the one that gives the cart `ẍ`. Independent of the cart.
fn driven_by_acceleration(plant: &Plant) -> [[f64; 5]; 2] {
    let linear = plant.linearise(&State::UPRIGHT, 0.0);
    let (a, b) = (linear.a, linear.b);
    [4, 5].map(|row| {
        let gain = b[row] / b[3];
        let by = |column: usize| a[(row, column)] - gain * a[(3, column)];
        [by(1), by(2), by(4), by(5), gain]
    })
}

/// Reference: the equations with which others work on the same rigs, their angles counted the other
/// way around, in double precision of Python 3 with the parameters of the source.
///
/// - Vienna: the linear model of a solution to the exercise, derived with Maple.
/// - Graichen et al.: equations of motion in a test case of a tool for abstractions of nonlinear
///   systems, derivatives by complex steps of 1e-30.
///
/// Both print twelve digits; the tolerance is for their rounding, and that of ours.
#[test]
fn two_have_the_linear_model_that_others_derived() {
    let cases = [
        (
            "tu_wien",
            [
                [
                    36.367_011_094_5,
                    -10.522_027_619_7,
                    -0.037_183_662_849_6,
                    0.004_897_109_887_63,
                    2.634_554_890_4,
                ],
                [
                    -40.857_259_255_2,
                    38.124_871_869_6,
                    0.048_251_721_488_6,
                    -0.011_978_736_023_8,
                    -0.278_530_824_222,
                ],
            ],
        ),
        (
            "graichen_2007",
            [
                [
                    45.914_420_056_1,
                    -12.578_027_368_6,
                    -0.190_978_747_403,
                    0.123_673_754_472,
                    3.398_205_166_92,
                ],
                [
                    -38.453_892_983_7,
                    35.970_773_057_9,
                    0.273_941_491_679,
                    -0.217_572_730_138,
                    -0.253_121_297_23,
                ],
            ],
        ),
    ];
    for (name, reference) in cases {
        let actual = driven_by_acceleration(&plant(rig(name)));
        for (actual, mut expected) in actual.into_iter().zip(reference) {
            // Their angles are positive toward −x, so that the cart acts with the other sign.
            expected[4] = -expected[4];
            for (actual, expected) in actual.into_iter().zip(expected) {
                let error = (actual - expected).abs() / (1.0 + expected.abs());
                assert!(error < 1e-11, "{name}: {actual} is not {expected}");
            }
        }
    }
}

/// The moments of a rod with a point mass at its end are the sums of both.
#[test]
fn the_hinge_of_quanser_is_part_of_rod_1() {
    let Parameters { m0, m1, l1, l2, c1, i1, i2, .. } = rig("quanser_dbpen_lin").parameters;
    let (short, hinge, short_centre) = (0.097, 0.170, 0.163_512_5);
    let close = |actual: f64, expected: f64| (actual - expected).abs() < 1e-12;
    assert!(close(m1, 0.267));
    assert!(close(m1 * c1, short * short_centre + hinge * l1));
    let about_pivot =
        short * l1 * l1 / 12.0 + short * short_centre * short_centre + hinge * l1 * l1;
    assert!(close(m1 * c1 * c1 + i1, about_pivot));
    // What the manuals print, with their digits.
    for (actual, printed, digit) in [
        (m0, 0.703, 1e-3),
        (l1, 0.200, 1e-3),
        (l2, 0.3365, 1e-4),
        (i2, 1.20e-3, 1e-5),
        (rig("quanser_dbpen_lin").u_max.unwrap(), 17.2, 0.1),
    ] {
        assert!((actual - printed).abs() <= 0.5 * digit, "{actual} is not {printed}");
    }
}
