//! `dip --version`, and with `--verbose` what results owe to this machine: speed, and not one bit.

use anyhow::Result;
use dip_dynamics::InstructionSet;

use crate::output::{Output, VERSION};

pub(crate) fn print_version(output: &Output, verbose: bool) -> Result<()> {
    let mut text = format!("dip {VERSION}\n");
    if verbose {
        let set = InstructionSet::detect();
        let others = InstructionSet::ALL.map(|set| {
            let missing = if set.is_available() { "" } else { " (not here)" };
            format!("{set} of {}{missing}", set.lanes())
        });
        text += &format!(
            "instruction set  {set}, the widest here; lanes: {}\n\
             threads          {}\n\
             target           {}, {}\n",
            others.join(", "),
            rayon::current_num_threads(),
            std::env::consts::ARCH,
            std::env::consts::OS,
        );
    }
    output.text(&text)
}
