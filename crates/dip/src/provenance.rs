//! Where a result comes from: what computed it, on what, told what.
//!
//! It stands as `provenance` in every document. The result itself is a function of `command`, `version` and
//! the experiment beside it; the rest tells what that was computed with. There is no date: the same
//! command on the same machine writes the same bytes again.
//!
//! Validated by `tests/provenance.rs`.

use dip_dynamics::InstructionSet;
use schemars::JsonSchema;
use serde::Serialize;
use sim_runner::Experiment;
use sysinfo::{CpuRefreshKind, System};

use crate::output::{SCHEMA, VERSION};

/// Of one result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Provenance {
    pub(crate) version: String,
    /// With `-dirty` if the sources were changed; `unknown` if the program was not built from the repository.
    pub(crate) commit: String,
    /// The compiler.
    pub(crate) rustc: String,
    /// None if the operating system does not tell.
    pub(crate) processor: Option<String>,
    pub(crate) instruction_set: String,
    pub(crate) threads: usize,
    pub(crate) operating_system: String,
    /// As typed, a word each, the name of the program first.
    pub(crate) command: Vec<String>,
    /// None where nothing is drawn.
    pub(crate) seed: Option<u64>,
}

impl Provenance {
    /// Of what this process computes.
    pub(crate) fn of_this(seed: Option<u64>) -> Self {
        let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
        Self {
            version: VERSION.to_owned(),
            commit: env!("DIP_COMMIT").to_owned(),
            rustc: env!("DIP_RUSTC").to_owned(),
            processor: processor(),
            instruction_set: InstructionSet::detect().to_string(),
            threads: rayon::current_num_threads(),
            operating_system: System::long_os_version()
                .unwrap_or_else(|_| std::env::consts::OS.to_owned()),
            command: std::iter::once("dip".to_owned()).chain(words).collect(),
            seed,
        }
    }
}

/// Where all files of a run come from: what a file says that is no document itself.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Origin {
    pub(crate) schema: u32,
    pub(crate) provenance: Provenance,
    pub(crate) experiment: Experiment,
}

impl Origin {
    /// Of the run of this process.
    pub(crate) fn of_this(seed: u64, experiment: &Experiment) -> Self {
        let experiment = experiment.clone();
        Self { schema: SCHEMA, provenance: Provenance::of_this(Some(seed)), experiment }
    }
}

fn processor() -> Option<String> {
    let mut system = System::new().ok()?;
    system.refresh_cpu_list(CpuRefreshKind::nothing());
    let name = system.cpus().first()?.brand().trim().to_owned();
    (!name.is_empty()).then_some(name)
}
