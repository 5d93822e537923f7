//! The true plant differs from the nominal one, physically, and controllers do not know.

use std::cell::Cell;

use dip_dynamics::{Parameters, Plant, State};
use sim_runner::{Experiment, Mismatch, Sensors, Simulation, Spread, Starts, Uncontrolled};
use smc_controllers::{Command, Controller, Kind, Sample};

type Field = fn(&mut Mismatch) -> &mut Option<Spread>;
type Value = fn(&mut Parameters) -> &mut f64;

const FIELDS: [(&str, Field, Value); 13] = [
    ("m0", |m| &mut m.m0, |p| &mut p.m0),
    ("m1", |m| &mut m.m1, |p| &mut p.m1),
    ("m2", |m| &mut m.m2, |p| &mut p.m2),
    ("l1", |m| &mut m.l1, |p| &mut p.l1),
    ("l2", |m| &mut m.l2, |p| &mut p.l2),
    ("c1", |m| &mut m.c1, |p| &mut p.c1),
    ("c2", |m| &mut m.c2, |p| &mut p.c2),
    ("i1", |m| &mut m.i1, |p| &mut p.i1),
    ("i2", |m| &mut m.i2, |p| &mut p.i2),
    ("g", |m| &mut m.g, |p| &mut p.g),
    ("b0", |m| &mut m.b0, |p| &mut p.b0),
    ("b1", |m| &mut m.b1, |p| &mut p.b1),
    ("b2", |m| &mut m.b2, |p| &mut p.b2),
];

fn plants(mismatch: Mismatch, seed: u64, count: u64) -> Vec<Plant> {
    let experiment = Experiment { mismatch, ..Experiment::default() };
    let starts = Starts::new(0.1, seed).unwrap();
    let scenarios = experiment.scenarios(starts).unwrap();
    (0..count).map(|index| scenarios.get(index).plant).collect()
}

/// The mass of a plant, in which nothing else is uncertain.
fn mass(plant: &Plant) -> f64 {
    plant.mass_matrix(&State::UPRIGHT)[0][0]
}

#[test]
fn without_mismatch_the_true_plant_is_the_model_bit_for_bit() {
    let model = Experiment::default().model().unwrap();
    assert!(plants(Mismatch::default(), 1, 10).into_iter().all(|plant| plant == model));
    // Nor with one of nothing.
    let nothing = Mismatch { m0: Some(Spread::Uniform(0.0)), ..Mismatch::default() };
    assert!(plants(nothing, 1, 10).into_iter().all(|plant| plant == model));
}

#[test]
fn each_parameter_is_drawn_within_its_spread() {
    // The cart is so heavy that the total mass is its own.
    let count = 20_000;
    let deviations = |spread| -> Vec<f64> {
        let mismatch = Mismatch { m0: Some(spread), ..Mismatch::default() };
        plants(mismatch, 3, count).iter().map(|plant| (mass(plant) - 0.35) / 1.5 - 1.0).collect()
    };
    let check = |deviations: &[f64], bound: f64, variance: f64, kurtosis: f64| {
        assert!(deviations.iter().all(|d| d.abs() <= bound * (1.0 + 1e-12)));
        assert!(deviations.iter().any(|d| d.abs() > 0.9 * bound));
        let n = count as f64;
        let mean = deviations.iter().sum::<f64>() / n;
        assert!(mean.abs() < 5.0 * (variance / n).sqrt(), "{mean}");
        let square = deviations.iter().map(|d| d * d).sum::<f64>() / n;
        let tolerance = 5.0 * variance * ((kurtosis - 1.0) / n).sqrt();
        assert!((square - variance).abs() < tolerance, "{square} {variance}");
    };
    check(&deviations(Spread::Uniform(0.2)), 0.2, 0.04 / 3.0, 1.8);
    // Truncated at three: the variance is 1 − 6·φ(3)/(2·Φ(3) − 1) = 0.97334 of the whole.
    check(&deviations(Spread::Normal(0.05)), 0.15, 0.0025 * 0.973_34, 3.0);
}

/// Whatever is uncertain, and as uncertain as can be: there is a plant, with energy and a mass
/// matrix that are positive.
#[test]
fn every_plant_that_is_drawn_is_physical() {
    for spread in [Spread::Uniform(0.999_999), Spread::Normal(0.3)] {
        let mut all = Mismatch::default();
        for (_, field, _) in FIELDS {
            *field(&mut all) = Some(spread);
        }
        let state = State::from_array([0.3, 1.0, -2.0, 0.7, -1.3, 2.1]);
        for plant in plants(all, 5, 2000) {
            assert!(plant.kinetic_energy(&state) > 0.0, "{plant:?}");
            assert!(plant.dissipated_power(&state) >= 0.0, "{plant:?}");
            assert!(plant.acceleration(&state, 1.0, None).iter().all(|a| a.is_finite()));
        }
    }
    // An inertia of 0 stays 0.
    let mut experiment = Experiment::default();
    (experiment.plant.i1, experiment.plant.i2) = (0.0, 0.0);
    experiment.mismatch.i1 = Some(Spread::Uniform(0.5));
    assert_eq!(experiment.scenario(1).unwrap().plant, experiment.plant().unwrap());
}

/// Each parameter has random numbers of its own.
#[test]
fn what_is_uncertain_does_not_shift_what_else_is() {
    for (name, field, value) in FIELDS {
        let mut one = Mismatch { m0: Some(Spread::Normal(0.1)), ..Mismatch::default() };
        let alone = plants(one, 1, 20);
        if name == "m0" {
            continue;
        }
        *field(&mut one) = Some(Spread::Normal(0.1));
        let both = plants(one, 1, 20);
        if !["m1", "m2"].contains(&name) {
            assert!(alone.iter().zip(&both).all(|(a, b)| mass(a) == mass(b)), "{name}");
        }
        if name != "l2" {
            // The equations do not know the length of the last rod.
            assert!(alone.iter().zip(&both).all(|(a, b)| a != b), "{name}");
        }
        // And it is this parameter.
        let mut only = Mismatch::default();
        *field(&mut only) = Some(Spread::Uniform(0.5));
        let mut experiment = Experiment { mismatch: only, ..Experiment::default() };
        *value(&mut experiment.plant) = 0.0;
        if ["i1", "i2", "b0", "b1", "b2"].contains(&name) {
            assert_eq!(experiment.scenario(1).unwrap().plant, experiment.plant().unwrap());
        }
    }
}

/// Checks what a controller is told.
struct Told {
    model: Plant,
    seen: Cell<u32>,
}

impl Controller for Told {
    type Memory = ();

    fn initial_memory(&self) {}

    fn law(&self, (): &mut (), sample: &Sample<'_>) -> Command {
        assert_eq!(sample.model, Some(&self.model.evaluate(sample.state)));
        self.seen.set(self.seen.get() + 1);
        Uncontrolled.control(&mut (), sample)
    }
}

#[test]
fn controllers_know_the_nominal_plant_only() {
    let simulation = Simulation { duration: 0.1, ..Simulation::default() };
    let mut experiment = Experiment { simulation, ..Experiment::default() };
    let nominal = experiment.clone();
    experiment.mismatch.m0 = Some(Spread::Uniform(0.5));
    experiment.mismatch.l1 = Some(Spread::Normal(0.2));
    let closed_loop = experiment.closed_loop().unwrap();
    let scenario = experiment.scenario(1).unwrap();
    let model = nominal.plant().unwrap();
    assert_ne!(scenario.plant, model);
    for kind in Kind::ALL {
        let (law, expected) = (experiment.controller(kind), nominal.controller(kind));
        assert_eq!(format!("{law:?}"), format!("{expected:?}"), "the nominal design");
    }
    // Also at a measured state that is not the true one, and never at the true plant.
    let biased = Sensors {
        bias: State { theta1: 0.1, ..State::UPRIGHT },
        noise: State { x: 0.1, ..State::UPRIGHT },
        ..Sensors::default()
    };
    for sensors in [Sensors::default(), biased] {
        experiment.sensors = sensors;
        let told = Told { model, seen: Cell::new(0) };
        let closed_loop = experiment.closed_loop().unwrap();
        let run = closed_loop.run(&told, &scenario, &mut ());
        assert_eq!(told.seen.get(), 101);
        // And the plant that moves is the true one.
        let mut state = experiment.start;
        for _ in 0..100 {
            let here = scenario.plant.evaluate(&state);
            let integrator = experiment.simulation.integrator;
            state = integrator.step(&scenario.plant, &state, &here, 0.0, None, 1e-3);
        }
        assert_eq!(run.final_state, state);
    }
    assert_eq!(closed_loop.model(), &model);
}

/// A point of the unit cube is a plant: each share moves its own parameter, and no other.
#[test]
fn a_plant_can_be_asked_for_at_a_point() {
    let mut all = Mismatch::default();
    for (_, field, _) in FIELDS {
        *field(&mut all) = Some(Spread::Uniform(0.25));
    }
    let experiment = Experiment { mismatch: all, ..Experiment::default() };
    let scenarios = experiment.scenarios(Starts::new(0.1, 1).unwrap()).unwrap();
    assert!(scenarios.parameters().eq(FIELDS.map(|(name, _, _)| name)));
    assert_eq!(scenarios.at(3, &[0.5; 13]).plant, experiment.model().unwrap());
    assert_eq!(scenarios.at(3, &[0.5; 13]).start, scenarios.get(3).start);
    for (i, (name, _, value)) in FIELDS.into_iter().enumerate() {
        for (share, factor) in [(0.0, 0.75), (1.0, 1.25)] {
            let mut shares = [0.5; 13];
            shares[i] = share;
            let mut parameters = experiment.plant;
            *value(&mut parameters) *= factor;
            let expected = Plant::new(&parameters).unwrap();
            assert_eq!(scenarios.at(3, &shares).plant, expected, "{name}");
        }
    }
}

/// Evenly spread shares are distributed as draws are: mean 0, and the variance of
/// `each_parameter_is_drawn_within_its_spread`, to what 2000 points of a grid can tell.
#[test]
fn shares_are_those_of_the_distribution() {
    for (spread, bound, variance) in
        [(Spread::Uniform(0.2), 0.2, 0.04 / 3.0), (Spread::Normal(0.05), 0.15, 0.0025 * 0.973_34)]
    {
        let mismatch = Mismatch { m0: Some(spread), ..Mismatch::default() };
        let experiment = Experiment { mismatch, ..Experiment::default() };
        let scenarios = experiment.scenarios(Starts::new(0.1, 1).unwrap()).unwrap();
        let deviation = |share: f64| (mass(&scenarios.at(0, &[share]).plant) - 0.35) / 1.5 - 1.0;
        let (mut sum, mut squares) = (0.0, 0.0);
        for i in 0..2000 {
            let deviation = deviation((f64::from(i) + 0.5) / 2000.0);
            sum += deviation;
            squares += deviation * deviation;
        }
        assert!((sum / 2000.0).abs() < 1e-12, "{sum}");
        assert!((squares / 2000.0 / variance - 1.0).abs() < 1e-3, "{squares}");
        assert!((deviation(0.0) + bound).abs() < 1e-12 && (deviation(1.0) - bound).abs() < 1e-12);
    }
}

#[test]
#[should_panic(expected = "a share for each parameter that deviates")]
fn a_point_of_another_dimension_is_refused() {
    let mismatch = Mismatch { m0: Some(Spread::Uniform(0.1)), ..Mismatch::default() };
    let experiment = Experiment { mismatch, ..Experiment::default() };
    experiment.scenarios(Starts::new(0.1, 1).unwrap()).unwrap().at(0, &[0.5, 0.5]);
}
