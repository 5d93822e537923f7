//! A world in which everything is switched off is no world at all: the loop is plant, law and limit.

use dip_dynamics::{Real, State};
use serde_json::json;
use sim_runner::{Experiment, Instant, Observer, Outcome, Run, Simulation, Starts, World};
use smc_controllers::{Command, Controller, Controllers, Kind, Sample};

fn experiment() -> Experiment {
    Experiment {
        simulation: Simulation { duration: 3.0, ..Simulation::default() },
        ..Experiment::default()
    }
}

fn bits(state: &State) -> [u64; 6] {
    state.to_array().map(f64::to_bits)
}

/// Everything that an observer is shown.
#[derive(Default)]
struct Seen(Vec<(f64, State, State, Command, f64)>);

impl Observer for Seen {
    fn observe(&mut self, &Instant { t, state, measured, command, force, .. }: &Instant<'_>) {
        self.0.push((t, *state, *measured, *command, force));
    }
}

/// The loop in ten lines, bit for bit.
#[test]
fn the_loop_is_plant_law_and_limit_and_nothing_else() {
    for (substeps, control_period) in [(1, 1e-3), (4, 4e-3)] {
        let step = 1e-3;
        let mut experiment = experiment();
        experiment.simulation.control_period = control_period;
        experiment.simulation.step = step;
        let closed_loop = experiment.closed_loop().unwrap();
        let plant = experiment.plant().unwrap();
        for kind in Kind::ALL {
            let law = experiment.controller(kind).unwrap();
            let mut seen = Seen::default();
            let mut world = World::new(&closed_loop);
            let run = world.run(&law, &experiment.scenario(9).unwrap(), &mut seen);

            let (mut memory, mut state) = (law.initial_memory(), experiment.start);
            for &(_, shown, measured, command, force) in &seen.0 {
                assert_eq!((bits(&shown), bits(&measured)), (bits(&state), bits(&state)), "{kind}");
                let here = plant.evaluate(&state);
                let sample = Sample { state: &state, model: Some(&here), dt: control_period };
                let mut expected = law.control(&mut memory, &sample);
                expected.u = Real::clamp(expected.u, -150.0, 150.0);
                assert_eq!((command, force.to_bits()), (expected, expected.u.to_bits()), "{kind}");
                for _ in 0..substeps {
                    let here = plant.evaluate(&state);
                    let Simulation { integrator, .. } = experiment.simulation;
                    state = integrator.step(&plant, &state, &here, expected.u, None, step);
                }
            }
            assert_eq!(bits(&run.final_state), bits(&seen.0.last().unwrap().1));
            assert_eq!(seen.0.len() as u64, closed_loop.periods() + 1);
        }
    }
}

/// The gains that were shipped when the states below were written down.
fn gains_of_then() -> Controllers {
    let surface = |q: [f64; 6]| json!({ "lqr": { "q": q, "r": 0.1 } });
    let layer = |epsilon: f64| json!({ "saturation": { "epsilon": epsilon } });
    let then = json!({
        "classical": {
            "surface": surface([10.04, 0.9492, 344.3, 6.29, 96.68, 0.5179]),
            "equivalent": "linear", "switching": layer(0.1588),
            "k": 124.4, "kd": 76.06, "kp": 0.0,
        },
        "super_twisting": {
            "surface": surface([51.94, 17.52, 1.621, 0.237, 450.3, 1731.0]),
            "equivalent": "linear", "switching": layer(0.5593),
            "k1": 199.8, "k2": 82.06, "anti_windup": 10.0,
        },
        "lqr": { "weights": { "q": [78.58, 0.01066, 7.005, 111.2, 3881.0, 2.898], "r": 0.1 } },
    });
    serde_json::from_value(then).unwrap()
}

/// Final states of three laws after three seconds, from the default start and from start 17 of seed
/// 42 within 0.4 rad: written down before there were actuators, sensors and disturbances. They change
/// when the arithmetic of plant and laws does, and for no other reason.
#[test]
fn the_bits_are_those_of_the_time_before_the_world() {
    use Outcome::{NotSettled, Settled};
    let experiment = Experiment { controllers: gains_of_then(), ..experiment() };
    let closed_loop = experiment.closed_loop().unwrap();
    let drawn = Starts::new(0.4, 42).unwrap().get(17);
    assert_eq!(bits(&drawn), [0, 0xbfb9_9b4d_cecd_3f74, 0xbfa6_d60d_9b6e_6618, 0, 0, 0]);
    let mut world = World::new(&closed_loop);
    for (kind, first, second) in REFERENCE {
        let law = experiment.controller(kind).unwrap();
        let starts = [experiment.start, drawn];
        for (start, (settled, expected)) in starts.into_iter().zip([first, second]) {
            let mut scenario = experiment.scenario(1).unwrap();
            scenario.start = start;
            let Run { outcome, final_state, .. } = world.run(&law, &scenario, &mut ());
            assert_eq!(outcome, if settled { Settled } else { NotSettled }, "{kind}");
            assert_eq!(bits(&final_state), expected, "{kind}");
        }
    }
}

type Reference = (bool, [u64; 6]);

#[rustfmt::skip]
const REFERENCE: [(Kind, Reference, Reference); 3] = [
    (Kind::Classical,
        (false, [0xbfc1_489e_b043_62d8, 0xbf8c_4fc3_ceed_9ff8, 0xbf89_cca2_a7e3_f609,
            0x3fc9_bea1_97df_3a8f, 0xbf8f_4f46_9569_d4a4, 0xbf90_f536_616a_d9b5]),
        (true, [0x3f8d_cb4b_f511_56ea, 0xbf60_7f70_f9aa_58a9, 0xbf61_82c7_3366_ee20,
            0xbf85_946f_2117_c258, 0x3f77_d49f_fef6_81b6, 0x3f77_3349_4267_5b25]),
    ),
    (Kind::SuperTwisting,
        (false, [0xbfd0_2bf1_68ad_b8d5, 0x3f67_fc54_5e5d_f0f9, 0x3f6d_3960_8f41_7560,
            0x3fcf_5055_ca96_de40, 0xbf9f_4f61_3a39_5861, 0xbf9e_ea83_5222_22ce]),
        (true, [0xbf93_ab62_aee1_728e, 0xbf66_c24e_4fa8_9e77, 0xbf65_ae8e_7dc4_8dfc,
            0x3fa5_fed3_fd68_646e, 0xbf61_b344_2c06_bc00, 0xbf62_8a7f_4892_26a1]),
    ),
    (Kind::Lqr,
        (false, [0xbfd6_9bda_32ae_bdfa, 0x3f69_fadb_4584_9048, 0x3f70_07da_16f3_4d2d,
            0x3fcc_cc7a_9f65_e468, 0xbf9b_c095_4be8_be28, 0xbf9b_c436_dffa_0e66]),
        (true, [0x3f8f_7a85_e264_a7bd, 0xbf68_e8f3_0580_ce56, 0xbf68_f39a_e415_0646,
            0x3f7c_d412_ece7_0edd, 0x3f69_b76f_a158_e9a6, 0x3f68_86ec_de41_eb2b]),
    ),
];
