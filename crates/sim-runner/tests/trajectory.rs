//! Trajectories in CSV: exact, and honest about failures.

use std::io;

use dip_dynamics::State;
use sim_runner::{
    Experiment, Instant, Observer, Outcome, Simulation, TrajectoryWriter, Uncontrolled,
};
use smc_controllers::{Command, Controller, Kind, Memory};

const HEADER: &str = "t,x,theta1,theta2,x_dot,theta1_dot,theta2_dot,u,sigma,force,x_measured,\
                      theta1_measured,theta2_measured,x_dot_measured,theta1_dot_measured,\
                      theta2_dot_measured,u_eq,u_sw";

type Row = Vec<f64>;

#[derive(Default)]
struct Seen(Vec<Row>);

impl Observer for Seen {
    fn observe(
        &mut self,
        &Instant { t, state, measured, command, force, remembered }: &Instant<'_>,
    ) {
        let Command { u, u_eq, u_sw, sigma, .. } = *command;
        let mut row = vec![t];
        row.extend(state.to_array());
        row.extend([u, sigma.unwrap_or(f64::NAN), force]);
        row.extend(measured.to_array());
        row.extend([u_eq, u_sw]);
        row.extend(remembered);
        self.0.push(row);
    }
}

fn experiment() -> Experiment {
    Experiment {
        simulation: Simulation { duration: 0.5, ..Simulation::default() },
        ..Experiment::default()
    }
}

fn bits(rows: &[Row]) -> Vec<Vec<u64>> {
    rows.iter().map(|row| row.iter().map(|value| value.to_bits()).collect()).collect()
}

/// Runs, writes, reads, and compares bits.
fn check(experiment: &Experiment, controller: &impl Controller, has_sigma: bool) {
    let names = controller.initial_memory().names();
    let mut both = (Seen::default(), TrajectoryWriter::new(Vec::new(), names));
    let scenario = experiment.scenario(1).unwrap();
    experiment.closed_loop().unwrap().run(controller, &scenario, &mut both);
    let (mut seen, writer) = both;
    let text = String::from_utf8(writer.finish().unwrap()).unwrap();
    let mut lines = text.lines();
    let mut header: Vec<&str> = HEADER.split(',').collect();
    header.extend(names.iter().map(|of| of.name));
    assert_eq!(lines.next(), Some(header.join(",").as_str()));
    // Behind what the law remembers there is nothing.
    for row in &mut seen.0 {
        assert!(row.split_off(header.len()).iter().all(|&number| number == 0.0));
    }
    let rows: Vec<Row> =
        lines.map(|line| line.split(',').map(|value| value.parse().unwrap()).collect()).collect();
    assert_eq!(rows.len(), 501);
    assert_eq!(bits(&rows), bits(&seen.0));
    assert!(rows.iter().all(|row| row[8].is_nan() != has_sigma));
}

#[test]
fn every_number_is_read_back_exactly() {
    let ideal = experiment();
    let mut real = experiment();
    real.sensors.noise.theta1 = 0.001;
    real.actuator.time_constant = 0.01;
    for experiment in [ideal, real] {
        for kind in Kind::ALL {
            let law = experiment.controller(kind).unwrap();
            check(&experiment, &law, !matches!(kind, Kind::Lqr | Kind::LqrIntegral));
        }
        check(&experiment, &Uncontrolled, false);
    }
}

#[test]
fn numbers_at_the_ends_of_the_scale_are_read_back_exactly() {
    let values = [5e-324, f64::MAX, f64::MIN_POSITIVE, -0.0, 1.0 / 3.0, 1e22];
    let state = State::from_array(values);
    let law = experiment().controller(Kind::Adaptive).unwrap();
    let mut writer = TrajectoryWriter::new(Vec::new(), law.initial_memory().names());
    let command = Command {
        u: -1.5,
        u_eq: 1e-300,
        u_sw: -0.0,
        sigma: Some(0.1),
        equivalent: smc_controllers::EquivalentControl::None,
        guarded: false,
        fault: false,
    };
    writer.observe(&Instant {
        t: 0.1 + 0.2,
        state: &state,
        measured: &State { theta2: 5e-324, ..State::UPRIGHT },
        command: &command,
        force: -0.75,
        remembered: &[1.0 / 7.0, 0.3, 0.0, 0.0],
    });
    let text = String::from_utf8(writer.finish().unwrap()).unwrap();
    let row: Vec<u64> = text.lines().nth(1).unwrap().split(',').map(bits_of).collect();
    let mut expected = vec![(0.1_f64 + 0.2).to_bits()];
    expected.extend(values.map(f64::to_bits));
    expected.extend([-1.5_f64, 0.1, -0.75].map(f64::to_bits));
    expected.extend([0.0, 0.0, 5e-324, 0.0, 0.0, 0.0].map(f64::to_bits));
    expected.extend([1e-300, -0.0, 1.0_f64 / 7.0, 0.3].map(f64::to_bits));
    assert_eq!(row, expected);
}

fn bits_of(text: &str) -> u64 {
    text.parse::<f64>().unwrap().to_bits()
}

/// The gains of the row are those that its force was computed with.
#[test]
fn the_gains_of_a_row_are_those_that_its_command_used() {
    let experiment = experiment();
    let law = experiment.controller(Kind::Hybrid).unwrap();
    let names: Vec<&str> = law.initial_memory().names().iter().map(|of| of.name).collect();
    assert_eq!(names, ["k1", "k2", "u_int", "sign"]);
    let mut seen = Seen::default();
    let scenario = experiment.scenario(1).unwrap();
    experiment.closed_loop().unwrap().run(&law, &scenario, &mut seen);
    let [init, adapted] = [&seen.0[0], &seen.0[500]].map(|row| [row[18], row[19]]);
    let spec = smc_controllers::HybridSpec::default();
    assert_eq!(init, [spec.k1_init, spec.k2_init]);
    assert!(adapted[0] > init[0] && adapted[1] > init[1], "{adapted:?}");
    // So is the integral: zero at first, and what the first sample left at the second.
    let sample = smc_controllers::Sample {
        state: &experiment.start,
        model: Some(&experiment.model().unwrap().evaluate(&experiment.start)),
        dt: 1e-3,
    };
    let mut memory = law.initial_memory();
    law.control(&mut memory, &sample);
    assert_eq!(seen.0[0][20], 0.0);
    assert_eq!(seen.0[1][18..], memory.shown());
}

#[test]
fn a_trajectory_without_rows_is_a_header() {
    let target = TrajectoryWriter::new(Vec::new(), &[]).finish().unwrap();
    assert_eq!(String::from_utf8(target).unwrap(), format!("{HEADER}\n"));
}

/// A disk that is full after so many bytes, and numbers its refusals.
struct Full {
    left: usize,
    refusals: u32,
}

impl io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left == 0 {
            self.refusals += 1;
            return Err(io::Error::other(format!("no space left, refusal {}", self.refusals)));
        }
        let written = bytes.len().min(self.left);
        self.left -= written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_stops_the_writing_and_not_the_run() {
    let experiment = experiment();
    let closed_loop = experiment.closed_loop().unwrap();
    let law = experiment.controller(Kind::Classical).unwrap();
    let scenario = experiment.scenario(1).unwrap();
    let expected = closed_loop.run(&law, &scenario, &mut ());
    // In the header, in the rows, and in the flush at the end.
    for left in [0, 10, 10_000, 50_000] {
        let mut writer =
            TrajectoryWriter::new(Full { left, refusals: 0 }, law.initial_memory().names());
        let run = closed_loop.run(&law, &scenario, &mut writer);
        assert_eq!(run, expected);
        assert_ne!(run.outcome, Outcome::Diverged);
        let error = writer.finish().map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "no space left, refusal 1", "{left}");
    }
}
