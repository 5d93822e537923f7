//! `dip check`: is an experiment file right?

use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use smc_controllers::Kind;

use crate::cli::CheckArgs;
use crate::input::{InputError, Source};
use crate::output::{SCHEMA, print, print_json};
use crate::terminal::significant;

#[derive(Serialize)]
struct Checked {
    schema: u32,
    file: String,
    ok: bool,
    /// Whose parameters are the defaults of the file.
    rig: Option<&'static str>,
}

pub(crate) fn run(config: Option<&Path>, json: bool, args: &CheckArgs) -> Result<()> {
    if let Some(config) = config {
        let message = format!("--config {}: check takes its one file without it", config.display());
        return Err(InputError::new(&message).into());
    }
    // Everything that could be wrong is an error of loading, with its place in the file.
    let source = Source::load(Some(&args.file))?;
    source.warn(&Kind::ALL);
    let file = args.file.display().to_string();
    let rig = source.rig().map(|rig| rig.name);
    if json {
        return print_json(&Checked { schema: SCHEMA, file, ok: true, rig });
    }
    let of_rig = rig.map_or(String::new(), |name| format!("rig {name}, "));
    let experiment = source.experiment();
    print(&format!(
        "{file} is right: {of_rig}{} s, control every {} s, ±{} N\n",
        experiment.simulation.duration,
        experiment.simulation.control_period,
        significant(experiment.actuator.u_max, 6),
    ))
}
