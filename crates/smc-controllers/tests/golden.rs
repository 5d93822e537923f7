//! LQR gains, surfaces and sliding poles against an independent tool (scipy 1.17; the file says
//! which plant). Tolerance 1e-8 of 1 + |value|: its own Riccati residual.

use dip_dynamics::{Linearisation, Parameters, Plant, State};
use nalgebra::SMatrix;
use serde_json::Value;
use smc_controllers::{
    Controller, LqrIntegralMemory, LqrIntegralSpec, Pole, Sample, SurfaceDesign, Weights, lqr_gain,
};

fn reference() -> Value {
    serde_json::from_str(include_str!("golden/linear_reference.json")).unwrap()
}

fn linear() -> Linearisation {
    Plant::new(&Parameters::default()).unwrap().linearise(&State::UPRIGHT, 0.0)
}

fn numbers<const N: usize>(value: &Value) -> [f64; N] {
    core::array::from_fn(|i| value[i].as_f64().unwrap())
}

fn close(what: &str, actual: f64, expected: f64) {
    let error = (actual - expected).abs() / (1.0 + expected.abs());
    assert!(error <= 1e-8, "{what}: {actual} is not {expected} ({error:e})");
}

fn weights(case: &Value) -> Weights {
    Weights { q: numbers(&case["q"]), r: case["r"].as_f64().unwrap() }
}

#[test]
fn lqr_gains_of_three_weightings() {
    let cases = reference()["lqr"].as_array().unwrap().clone();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let k = lqr_gain(&linear(), &weights(&case)).unwrap();
        for (actual, expected) in k.iter().zip(numbers::<6>(&case["K"])) {
            close("K", *actual, expected);
        }
    }
}

/// The gains show in the force: each component of the state alone, and the integral alone.
#[test]
fn gains_of_the_regulator_with_an_integral() {
    let reference: Value =
        serde_json::from_str(include_str!("golden/lqr_integral_reference.json")).unwrap();
    let cases = reference["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let q_integral = case["q_integral"].as_f64().unwrap();
        let spec = LqrIntegralSpec { weights: weights(case), q_integral };
        let law = spec.build(&linear(), 1e12).unwrap();
        let force = |state: [f64; 6], xi: f64| {
            let state = State::from_array(state);
            let sample = Sample { state: &state, model: None, dt: 1e-3 };
            law.control(&mut LqrIntegralMemory { xi }, &sample).u
        };
        let mut closed = SMatrix::<f64, 7, 7>::zeros();
        closed.fixed_view_mut::<6, 6>(0, 0).copy_from(&linear().a);
        closed[(6, 0)] = 1.0;
        for (i, expected) in numbers::<6>(&case["K"]).into_iter().enumerate() {
            let mut alone = [0.0; 6];
            alone[i] = 1.0;
            let gain = -force(alone, 0.0);
            close("K", gain, expected);
            for row in 0..6 {
                closed[(row, i)] -= linear().b[row] * gain;
            }
        }
        let gain = -force([0.0; 6], 1.0);
        close("k_i", gain, case["k_integral"].as_f64().unwrap());
        for row in 0..6 {
            closed[(row, 6)] -= linear().b[row] * gain;
        }
        // With both: they add up.
        close("u", -force([1.0; 6], 1.0), numbers::<6>(&case["K"]).iter().sum::<f64>() + gain);

        let mut found: Vec<_> = closed.complex_eigenvalues().iter().map(|p| [p.re, p.im]).collect();
        found.sort_by(|p, q| p[0].total_cmp(&q[0]).then(p[1].total_cmp(&q[1])));
        for (found, expected) in found.iter().zip(case["poles"].as_array().unwrap()) {
            let expected: [f64; 2] = numbers(expected);
            // Of a matrix that is known to 1e-8; the poles are conditioned with up to 1e3.
            assert!((found[0] - expected[0]).hypot(found[1] - expected[1]) < 1e-5, "{found:?}");
            assert!(found[0] < 0.0);
        }
    }
}

#[test]
fn surfaces_from_weights_and_from_poles() {
    let reference = reference();
    let cases = reference["sliding"].as_array().unwrap();
    let mut from_weights = reference["lqr"].as_array().unwrap().iter();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let design = if case["from"] == "poles" {
            SurfaceDesign::Poles(numbers::<5>(&case["poles"]).map(Pole::from))
        } else {
            SurfaceDesign::Lqr(weights(from_weights.next().unwrap()))
        };
        let surface = design.design(&linear()).unwrap();
        for (actual, expected) in surface.s.iter().zip(numbers::<6>(&case["S"])) {
            close("S", *actual, expected);
        }
        let mut expected: Vec<[f64; 2]> =
            case["sliding_poles"].as_array().unwrap().iter().map(numbers).collect();
        expected.sort_by(|p, q| p[0].total_cmp(&q[0]).then(p[1].total_cmp(&q[1])));
        for (actual, expected) in surface.sliding_poles.iter().zip(expected) {
            close("re", actual.re, expected[0]);
            close("im", actual.im, expected[1]);
        }
        close("s·B", (surface.s * linear().b)[0], 1.0);
    }
}
