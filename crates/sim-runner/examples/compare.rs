//! Compares the laws on the same fifty random starts, and shows what one run looks like.
//!
//! `cargo run --release -p sim-runner --example compare`

use std::num::NonZeroU64;

use sim_runner::{Experiment, MetricsRecorder, Starts, compare};
use smc_controllers::Kind;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let experiment = Experiment::default();
    let starts = Starts::new(0.3, 42)?;

    println!("50 starts within 0.3 rad, seed 42; medians over the runs");
    println!("law               settled  fallen  settling [s]  effort [N²s]  variation [N]");
    let or_dash =
        |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.2}"));
    let fifty = NonZeroU64::new(50).unwrap();
    for row in compare(&experiment, &Kind::ALL, starts, fifty, |_, _| ())? {
        println!(
            "{:16}{:9}{:8}{:>14}{:>14}{:>15}",
            row.name,
            row.settled,
            row.fallen,
            or_dash(row.settling_time_median),
            or_dash(row.control_effort_median),
            or_dash(row.total_variation_median),
        );
    }

    // Any run can be had again from its number.
    let closed_loop = experiment.closed_loop()?;
    let law = experiment.controller(Kind::Hybrid)?;
    let mut recorder = MetricsRecorder::new(&closed_loop);
    let scenario = experiment.scenarios(starts)?.get(17);
    let run = closed_loop.run(&law, &scenario, &mut recorder);
    println!("\nhybrid, start 17: {} after {} s", run.outcome.name(), run.time);
    println!("{:#?}", recorder.metrics(run.outcome));
    Ok(())
}
