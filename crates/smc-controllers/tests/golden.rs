//! LQR gains, surfaces and sliding poles against an independent tool (scipy 1.17; the file says
//! which plant). Tolerance 1e-8 of 1 + |value|: its own Riccati residual.

use dip_dynamics::{Linearisation, Parameters, Plant, State};
use serde_json::Value;
use smc_controllers::{Pole, SurfaceDesign, Weights, lqr_gain};

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
