//! Independent reference data; tools, versions and tolerances are in `golden/README.md`.

use dip_dynamics::{Integrator, Parameters, Plant, State};

fn rows(text: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect()
}

fn close(what: &str, actual: f64, expected: f64, tolerance: f64) {
    let error = (actual - expected).abs() / (1.0 + expected.abs());
    assert!(error <= tolerance, "{what}: {actual} is not {expected} ({error:e})");
}

#[test]
fn accelerations_mass_matrix_and_energy_of_sixty_random_plants() {
    let mut checked = 0;
    for row in rows(include_str!("golden/accelerations.csv")) {
        let v: Vec<f64> = row.iter().map(|field| field.parse().unwrap()).collect();
        let plant = Plant::new(&Parameters {
            m0: v[0],
            m1: v[1],
            m2: v[2],
            l1: v[3],
            l2: v[4],
            c1: v[5],
            c2: v[6],
            i1: v[7],
            i2: v[8],
            g: v[9],
            b0: v[10],
            b1: v[11],
            b2: v[12],
            ..Parameters::default()
        })
        .unwrap();
        let state = State::from_array(v[13..19].try_into().unwrap());
        let qdd = plant.acceleration(&state, v[19], Some(v[20..23].try_into().unwrap()));
        let m = plant.mass_matrix(&state);
        let actual = [
            qdd[0],
            qdd[1],
            qdd[2],
            m[0][0],
            m[0][1],
            m[0][2],
            m[1][1],
            m[1][2],
            m[2][2],
            plant.kinetic_energy(&state),
            plant.potential_energy(&state),
        ];
        for (column, (actual, expected)) in actual.iter().zip(&v[23..]).enumerate() {
            close(&format!("row {checked}, column {column}"), *actual, *expected, 1e-12);
        }
        checked += 1;
    }
    assert_eq!(checked, 60);
}

#[test]
fn three_open_loop_trajectories() {
    let frictionless = Parameters { b0: 0.0, b1: 0.0, b2: 0.0, ..Parameters::default() };
    let cases = [
        ("default_passive", Parameters::default(), 0.0),
        ("frictionless", frictionless, 0.0),
        ("constant_push", Parameters::default(), 7.5),
    ];
    let all = rows(include_str!("golden/trajectories.csv"));
    for (name, parameters, u) in cases {
        let plant = Plant::new(&parameters).unwrap();
        let reference: Vec<Vec<f64>> = all
            .iter()
            .filter(|row| &row[0] == name)
            .map(|row| row.iter().skip(1).map(|field| field.parse().unwrap()).collect())
            .collect();
        assert_eq!(reference.len(), 21);
        let mut state = State::from_array(reference[0][1..].try_into().unwrap());
        // RK4 at 0.05 ms: its own error, (ω·dt)⁴ with ω ≈ 20 rad/s, is below 1e-11.
        let (steps, dt) = (2000, 5e-5);
        for sample in &reference[1..] {
            for _ in 0..steps {
                let here = plant.evaluate(&state);
                state = Integrator::Rk4.step(&plant, &state, &here, u, None, dt);
            }
            for (actual, expected) in state.to_array().iter().zip(&sample[1..]) {
                close(&format!("{name} at {} s", sample[0]), *actual, *expected, 1e-8);
            }
        }
    }
}

#[test]
fn linearisation_of_the_default_plant() {
    let reference: serde_json::Value =
        serde_json::from_str(include_str!("golden/linear_reference.json")).unwrap();
    let plant = Plant::new(&Parameters::default()).unwrap();
    let linear = plant.linearise(&State::UPRIGHT, 0.0);
    for row in 0..6 {
        close("B", linear.b[row], reference["B"][row].as_f64().unwrap(), 1e-12);
        for column in 0..6 {
            let expected = reference["A"][row][column].as_f64().unwrap();
            close("A", linear.a[(row, column)], expected, 1e-12);
        }
    }
}
