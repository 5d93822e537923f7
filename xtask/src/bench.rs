//! `cargo xtask bench`: the benchmarks of speed, as the ratios that are promised.
//!
//! Each figure is the fastest of the samples that criterion took: on a machine that others use too, it
//! is the one that they disturbed least. A promise for a processor of another kind is not judged: no such
//! instruction set, or not such a width.
//!
//! Validated by the tests here.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use cargo_metadata::MetadataCommand;
use clap::Args;
use dip_dynamics::InstructionSet;
use serde::Deserialize;

use crate::report::{conclude, print, table};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Do not run the benchmarks; tell what the last run found
    #[arg(long)]
    last: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec()?;
    if !arguments.last {
        let status = Command::new("cargo")
            .args(["bench", "-p", "sim-runner", "--bench", "speed", "--"])
            .args(["--warm-up-time", "1", "--measurement-time", "3", "--noplot"])
            .current_dir(&metadata.workspace_root)
            .status()?;
        ensure!(status.success(), "the benchmarks do not run");
    }
    let criterion = metadata.target_directory.join("criterion");
    let times = |id: &str| nanoseconds(criterion.as_std_path(), id);
    print(&figures(times)?)?;
    let (rows, faults) = judged(times, InstructionSet::is_available)?;
    print(&table(["ratio", "promised", "found", ""], rows))?;
    conclude("bench", "every ratio as promised", &faults)
}

/// A ratio of two benchmarks, and what it has to be.
struct Promise {
    says: &'static str,
    of: &'static str,
    to: &'static str,
    limit: Limit,
    needs: Needs,
}

/// The processors for which a promise is made.
#[derive(Clone, Copy)]
enum Needs {
    /// All that have an instruction set.
    Has(InstructionSet),
    /// Those that compute a register of AVX-512 at once.
    FullWidth,
    /// Those that compute it in two passes, or as much of AVX2 in the same time.
    HalfWidth,
}

impl Needs {
    fn instruction_set(self) -> InstructionSet {
        match self {
            Self::Has(set) => set,
            Self::FullWidth | Self::HalfWidth => InstructionSet::Avx512,
        }
    }
}

/// A lane of AVX-512 that takes more than this share of a lane of AVX2 is computed at half width.
///
/// The benchmarks of the limit, which are arithmetic alone, tell: in two passes a lane takes as long as in
/// AVX2 (measured: 0.95, for with 32 registers it waits less). At full width it takes half of that; or 0.61
/// if divisions are no wider than before and each of the 7 blocks a multiplier for 7 cycles, beside 184 for
/// the multiplications (`docs/performance.md`). This is between them.
const HALF_WIDTH: f64 = 0.75;

#[derive(Clone, Copy)]
enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

const PROMISES: [Promise; 10] = [
    Promise {
        says: "scalar step, faster than the reference",
        of: "step/reference",
        to: "step/generic/scalar",
        limit: Limit::AtLeast(2.5),
        needs: Needs::Has(InstructionSet::Scalar),
    },
    Promise {
        says: "a lane of AVX2, faster than a scalar step",
        of: "step/generic/scalar",
        to: "step/generic/avx2",
        limit: Limit::AtLeast(4.0),
        needs: Needs::Has(InstructionSet::Avx2),
    },
    Promise {
        says: "a lane of AVX-512, faster than a scalar step",
        of: "step/generic/scalar",
        to: "step/generic/avx512",
        limit: Limit::AtLeast(9.5),
        needs: Needs::FullWidth,
    },
    Promise {
        says: "a lane of AVX2, of its arithmetic's speed",
        of: "step/limit/avx2",
        to: "step/generic/avx2",
        limit: Limit::AtLeast(0.4),
        needs: Needs::Has(InstructionSet::Avx2),
    },
    Promise {
        says: "a lane of AVX-512, of its arithmetic's speed",
        of: "step/limit/avx512",
        to: "step/generic/avx512",
        limit: Limit::AtLeast(0.7),
        needs: Needs::HalfWidth,
    },
    Promise {
        says: "two threads, faster than one",
        of: "batch/widest",
        to: "batch/two_threads",
        limit: Limit::AtLeast(1.9),
        needs: Needs::Has(InstructionSet::Scalar),
    },
    Promise {
        says: "a generation of tuning, of a batch's rate",
        of: "tuning/batch",
        to: "tuning/generation",
        limit: Limit::AtLeast(0.85),
        needs: Needs::Has(InstructionSet::Scalar),
    },
    Promise {
        says: "scalar step, of what it takes by hand",
        of: "step/generic/scalar",
        to: "step/hand/scalar",
        limit: Limit::AtMost(1.1),
        needs: Needs::Has(InstructionSet::Scalar),
    },
    Promise {
        says: "a lane of AVX2, of what it takes by hand",
        of: "step/generic/avx2",
        to: "step/hand/avx2",
        limit: Limit::AtMost(1.1),
        needs: Needs::Has(InstructionSet::Avx2),
    },
    Promise {
        says: "a lane of AVX-512, of what it takes by hand",
        of: "step/generic/avx512",
        to: "step/hand/avx512",
        limit: Limit::AtMost(1.1),
        needs: Needs::Has(InstructionSet::Avx512),
    },
];

type Rows = Vec<[String; 4]>;

fn judged(
    times: impl Fn(&str) -> Result<f64>,
    has: impl Fn(InstructionSet) -> bool,
) -> Result<(Rows, Vec<String>)> {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for Promise { says, of, to, limit, needs } in PROMISES {
        let promised = match limit {
            Limit::AtLeast(ratio) => format!("at least {ratio}"),
            Limit::AtMost(ratio) => format!("at most {ratio}"),
        };
        let set = needs.instruction_set();
        if !has(set) {
            rows.push([says.to_owned(), promised, "–".to_owned(), format!("no {set}")]);
            continue;
        }
        let ratio = times(of)? / times(to)?;
        let kept = match limit {
            Limit::AtLeast(limit) => ratio >= limit,
            Limit::AtMost(limit) => ratio <= limit,
        };
        let verdict = match needs {
            Needs::FullWidth if is_half_width(&times)? => "half width",
            Needs::HalfWidth if !is_half_width(&times)? => "full width",
            _ if kept => "kept",
            _ => {
                faults.push(format!("{says}: {ratio:.2}, promised {promised}"));
                "missed"
            }
        };
        rows.push([says.to_owned(), promised, format!("{ratio:.2}"), verdict.to_owned()]);
    }
    Ok((rows, faults))
}

fn is_half_width(times: impl Fn(&str) -> Result<f64>) -> Result<bool> {
    Ok(times("step/limit/avx512")? > HALF_WIDTH * times("step/limit/avx2")?)
}

/// Nanoseconds for a step of one lane.
fn figures(times: impl Fn(&str) -> Result<f64>) -> Result<String> {
    let cell = |id: &str| times(id).map(|time| format!("{time:.1}"));
    let none = String::new;
    let mut rows = vec![["reference".to_owned(), cell("step/reference")?, none(), none(), none()]];
    for set in InstructionSet::ALL.into_iter().filter(|set| set.is_available()) {
        let of = |what| cell(&format!("{what}/{set}"));
        let limit = if set >= InstructionSet::Avx2 { of("step/limit")? } else { none() };
        rows.push([set.to_string(), of("step/generic")?, of("step/hand")?, limit, of("batch")?]);
    }
    let last = cell("batch/two_threads")?;
    rows.push(["on two threads".to_owned(), none(), none(), none(), last]);
    let header = [
        "ns for a step\nof one lane",
        "law, plant\nand RK4",
        "by hand",
        "limit of the\narithmetic",
        "whole engine,\nwith metrics",
    ];
    Ok(table(header, rows))
}

#[derive(Deserialize)]
struct Benchmark {
    throughput: Throughput,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Throughput {
    elements: f64,
}

#[derive(Deserialize)]
struct Samples {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// The fastest sample of the last run of a benchmark, for each element.
fn nanoseconds(criterion: &Path, id: &str) -> Result<f64> {
    let widest = format!("batch/{}", InstructionSet::detect());
    let id = if id == "batch/widest" { &widest } else { id };
    let (group, name) = id.split_once('/').context("a group and a name")?;
    let directory = criterion.join(group).join(name.replace('/', "_")).join("new");
    let read = |file: &str| {
        let path = directory.join(file);
        fs::read_to_string(&path).with_context(|| format!("no benchmark: {}", path.display()))
    };
    let benchmark: Benchmark = serde_json::from_str(&read("benchmark.json")?)?;
    let Samples { iters, times } = serde_json::from_str(&read("sample.json")?)?;
    let each = iters.iter().zip(&times).map(|(iterations, time)| time / iterations);
    let fastest = each.fold(f64::INFINITY, f64::min);
    ensure!(fastest.is_finite(), "{id}: no samples");
    Ok(fastest / benchmark.throughput.elements)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use dip_dynamics::InstructionSet;

    use super::{judged, nanoseconds};

    /// Times of a step and of its arithmetic in AVX-512.
    type Avx512 = [f64; 2];
    const FULL_WIDTH: Avx512 = [9.0, 5.5];
    const HALF_WIDTH: Avx512 = [15.0, 11.0];

    /// Times with which every promise is kept; `slow` takes twice as long.
    fn times([step, limit]: Avx512, slow: &str) -> impl Fn(&str) -> anyhow::Result<f64> {
        move |id| {
            let time = match id {
                "step/reference" => 400.0,
                "step/generic/scalar" | "step/hand/scalar" => 100.0,
                "step/generic/avx2" | "step/hand/avx2" => 20.0,
                "step/limit/avx2" => 11.0,
                "step/generic/avx512" | "step/hand/avx512" => step,
                "step/limit/avx512" => limit,
                "batch/two_threads" => 15.0,
                "batch/widest" | "tuning/batch" | "tuning/generation" => 30.0,
                other => panic!("{other}"),
            };
            Ok(if id == slow { 2.0 * time } else { time })
        }
    }

    #[test]
    fn a_promise_that_is_broken_is_a_fault() {
        for avx512 in [FULL_WIDTH, HALF_WIDTH] {
            let faults = |slow| judged(times(avx512, slow), |_| true).unwrap().1;
            assert!(faults("").is_empty());
            for slow in [
                "step/generic/scalar",
                "step/generic/avx2",
                "step/generic/avx512",
                "batch/two_threads",
                "tuning/generation",
            ] {
                assert!(!faults(slow).is_empty(), "{slow}");
            }
        }
    }

    #[test]
    fn avx512_is_judged_by_its_width() {
        let judges = |avx512, slow, has: fn(InstructionSet) -> bool, expected: [&str; 2]| {
            let (rows, faults) = judged(times(avx512, slow), has).unwrap();
            let verdict = |says| rows.iter().find(|[row, ..]| row == says).map(|row| &*row[3]);
            let found = [
                "a lane of AVX-512, faster than a scalar step",
                "a lane of AVX-512, of its arithmetic's speed",
            ]
            .map(|says| verdict(says).unwrap());
            assert_eq!(found, expected);
            let missed = rows.iter().filter(|row| row[3] == "missed").count();
            assert_eq!(faults.len(), missed, "{faults:?}");
        };
        let slow = "step/generic/avx512";
        judges(FULL_WIDTH, "", |_| true, ["kept", "full width"]);
        judges(FULL_WIDTH, slow, |_| true, ["missed", "full width"]);
        judges(HALF_WIDTH, "", |_| true, ["half width", "kept"]);
        judges(HALF_WIDTH, slow, |_| true, ["half width", "missed"]);
        judges(HALF_WIDTH, slow, |set| set != InstructionSet::Avx512, ["no avx512"; 2]);
    }

    #[test]
    fn the_fastest_sample_counts() {
        let directory = tempfile::tempdir().unwrap();
        let new = directory.path().join("step/generic_scalar/new");
        fs::create_dir_all(&new).unwrap();
        fs::write(new.join("benchmark.json"), r#"{"throughput":{"Elements":10}}"#).unwrap();
        fs::write(new.join("sample.json"), r#"{"iters":[1,2,4],"times":[900,1000,2400]}"#).unwrap();
        assert_eq!(nanoseconds(directory.path(), "step/generic/scalar").unwrap(), 50.0);
        let missing = nanoseconds(directory.path(), "step/hand/scalar").unwrap_err();
        assert!(missing.to_string().contains("hand_scalar"), "{missing}");
    }
}
