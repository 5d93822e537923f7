//! `cargo xtask bench`: the benchmarks of speed, as the ratios that are promised.
//!
//! Each figure is the fastest of the samples that criterion took in all rounds: on a machine that others
//! use too, it is the one that they disturbed least, and a slow minute meets no ratio in one half only.
//! A promise for a processor of another kind is not judged: no such instruction set, or not so much
//! arithmetic.
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
        for round in ROUNDS {
            let status = Command::new("cargo")
                .args(["bench", "-p", "sim-runner", "--bench", "speed", "--"])
                .args(["--warm-up-time", "0.5", "--measurement-time", "1", "--noplot"])
                .args(["--save-baseline", round])
                .current_dir(&metadata.workspace_root)
                .status()?;
            ensure!(status.success(), "the benchmarks do not run");
        }
    }
    let criterion = metadata.target_directory.join("criterion");
    let times = |id: &str| nanoseconds(criterion.as_std_path(), id);
    print(&figures(times)?)?;
    let (rows, faults) = judged(times, InstructionSet::is_available)?;
    print(&table(["ratio", "promised", "found", ""], rows))?;
    conclude("bench", "every ratio as promised", &faults)
}

/// The rounds in which all benchmarks are run, by the names of their samples.
const ROUNDS: [&str; 4] = ["first", "second", "third", "fourth"];

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
    /// Those whose arithmetic in AVX-512 is `MUCH` times as fast as a scalar step.
    MuchArithmetic,
    /// Those of less.
    LittleArithmetic,
}

impl Needs {
    fn instruction_set(self) -> InstructionSet {
        match self {
            Self::Has(set) => set,
            Self::MuchArithmetic | Self::LittleArithmetic => InstructionSet::Avx512,
        }
    }
}

/// What a lane of AVX-512 is promised to be: so much faster than a scalar step, or, where that would be
/// more, this share of the speed of its arithmetic alone, which the benchmarks of the limit measure.
const FASTER: f64 = 9.5;
const SHARE: f64 = 0.7;
const MUCH: f64 = FASTER / SHARE;

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
        limit: Limit::AtLeast(FASTER),
        needs: Needs::MuchArithmetic,
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
        limit: Limit::AtLeast(SHARE),
        needs: Needs::LittleArithmetic,
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
            Needs::MuchArithmetic if !has_much_arithmetic(&times)? => "little arithmetic",
            Needs::LittleArithmetic if has_much_arithmetic(&times)? => "much arithmetic",
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

fn has_much_arithmetic(times: impl Fn(&str) -> Result<f64>) -> Result<bool> {
    Ok(times("step/generic/scalar")? >= MUCH * times("step/limit/avx512")?)
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

/// The fastest sample of all rounds of a benchmark, for each element.
fn nanoseconds(criterion: &Path, id: &str) -> Result<f64> {
    let widest = format!("batch/{}", InstructionSet::detect());
    let id = if id == "batch/widest" { &widest } else { id };
    let (group, name) = id.split_once('/').context("a group and a name")?;
    let benchmark = criterion.join(group).join(name.replace('/', "_"));
    let mut fastest = f64::INFINITY;
    for round in ROUNDS {
        let read = |file: &str| {
            let path = benchmark.join(round).join(file);
            fs::read_to_string(&path).with_context(|| format!("no benchmark: {}", path.display()))
        };
        let Benchmark { throughput } = serde_json::from_str(&read("benchmark.json")?)?;
        let Samples { iters, times } = serde_json::from_str(&read("sample.json")?)?;
        let each = iters.iter().zip(&times).map(|(iterations, time)| time / iterations);
        fastest = each.map(|time| time / throughput.elements).fold(fastest, f64::min);
    }
    ensure!(fastest.is_finite(), "{id}: no samples");
    Ok(fastest)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use dip_dynamics::InstructionSet;

    use super::{ROUNDS, judged, nanoseconds};

    /// Times of a step and of its arithmetic in AVX-512.
    type Avx512 = [f64; 2];
    const MUCH_ARITHMETIC: Avx512 = [9.0, 5.5];
    const LITTLE_ARITHMETIC: Avx512 = [15.0, 11.0];

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
        for avx512 in [MUCH_ARITHMETIC, LITTLE_ARITHMETIC] {
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
    fn avx512_is_judged_by_its_arithmetic() {
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
        judges(MUCH_ARITHMETIC, "", |_| true, ["kept", "much arithmetic"]);
        judges(MUCH_ARITHMETIC, slow, |_| true, ["missed", "much arithmetic"]);
        judges(LITTLE_ARITHMETIC, "", |_| true, ["little arithmetic", "kept"]);
        judges(LITTLE_ARITHMETIC, slow, |_| true, ["little arithmetic", "missed"]);
        judges(LITTLE_ARITHMETIC, slow, |set| set != InstructionSet::Avx512, ["no avx512"; 2]);
    }

    #[test]
    fn the_fastest_sample_counts() {
        let directory = tempfile::tempdir().unwrap();
        for (round, fast) in ROUNDS.into_iter().zip([1000, 3000, 1200, 1100]) {
            let samples = directory.path().join("step/generic_scalar").join(round);
            fs::create_dir_all(&samples).unwrap();
            fs::write(samples.join("benchmark.json"), r#"{"throughput":{"Elements":10}}"#).unwrap();
            let times = format!(r#"{{"iters":[1,2,4],"times":[900,{fast},2400]}}"#);
            fs::write(samples.join("sample.json"), times).unwrap();
        }
        assert_eq!(nanoseconds(directory.path(), "step/generic/scalar").unwrap(), 50.0);
        let missing = nanoseconds(directory.path(), "step/hand/scalar").unwrap_err();
        assert!(missing.to_string().contains("hand_scalar"), "{missing}");
    }
}
