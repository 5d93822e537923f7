//! `cargo xtask bench`: the benchmarks of speed, as the ratios that are promised.
//!
//! Each figure is the fastest of the samples that criterion took: on a machine that others use too, it
//! is the one that they disturbed least. A promise for an instruction set that the processor has not is
//! not judged.
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
    let (rows, faults) = judged(times)?;
    print(&table(["ratio", "promised", "found", ""], rows))?;
    conclude("bench", "every ratio as promised", &faults)
}

/// A ratio of two benchmarks, and what it has to be.
struct Promise {
    says: &'static str,
    of: &'static str,
    to: &'static str,
    limit: Limit,
    /// Only where the processor has it.
    needs: InstructionSet,
}

#[derive(Clone, Copy)]
enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

const PROMISES: [Promise; 8] = [
    Promise {
        says: "scalar step, faster than the reference",
        of: "step/reference",
        to: "step/generic/scalar",
        limit: Limit::AtLeast(2.5),
        needs: InstructionSet::Scalar,
    },
    Promise {
        says: "a lane of AVX2, faster than the scalar step",
        of: "step/generic/scalar",
        to: "step/generic/avx2",
        limit: Limit::AtLeast(4.0),
        needs: InstructionSet::Avx2,
    },
    Promise {
        says: "a lane of AVX-512, faster than the scalar step",
        of: "step/generic/scalar",
        to: "step/generic/avx512",
        limit: Limit::AtLeast(9.5),
        needs: InstructionSet::Avx512,
    },
    Promise {
        says: "two threads, faster than one",
        of: "batch/widest",
        to: "batch/two_threads",
        limit: Limit::AtLeast(1.9),
        needs: InstructionSet::Scalar,
    },
    Promise {
        says: "a generation of tuning, of the rate of a batch",
        of: "tuning/batch",
        to: "tuning/generation",
        limit: Limit::AtLeast(0.85),
        needs: InstructionSet::Scalar,
    },
    Promise {
        says: "scalar step, of what it takes by hand",
        of: "step/generic/scalar",
        to: "step/hand/scalar",
        limit: Limit::AtMost(1.1),
        needs: InstructionSet::Scalar,
    },
    Promise {
        says: "a lane of AVX2, of what it takes by hand",
        of: "step/generic/avx2",
        to: "step/hand/avx2",
        limit: Limit::AtMost(1.1),
        needs: InstructionSet::Avx2,
    },
    Promise {
        says: "a lane of AVX-512, of what it takes by hand",
        of: "step/generic/avx512",
        to: "step/hand/avx512",
        limit: Limit::AtMost(1.1),
        needs: InstructionSet::Avx512,
    },
];

type Rows = Vec<[String; 4]>;

fn judged(times: impl Fn(&str) -> Result<f64>) -> Result<(Rows, Vec<String>)> {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for Promise { says, of, to, limit, needs } in PROMISES {
        let promised = match limit {
            Limit::AtLeast(ratio) => format!("at least {ratio}"),
            Limit::AtMost(ratio) => format!("at most {ratio}"),
        };
        if !needs.is_available() {
            rows.push([says.to_owned(), promised, "–".to_owned(), format!("no {needs} here")]);
            continue;
        }
        let ratio = times(of)? / times(to)?;
        let kept = match limit {
            Limit::AtLeast(limit) => ratio >= limit,
            Limit::AtMost(limit) => ratio <= limit,
        };
        if !kept {
            faults.push(format!("{says}: {ratio:.2}, promised {promised}"));
        }
        let verdict = if kept { "kept" } else { "missed" };
        rows.push([says.to_owned(), promised, format!("{ratio:.2}"), verdict.to_owned()]);
    }
    Ok((rows, faults))
}

/// Nanoseconds for a step of one lane.
fn figures(times: impl Fn(&str) -> Result<f64>) -> Result<String> {
    let cell = |id: String| times(&id).map(|time| format!("{time:.1}"));
    let mut rows = vec![[
        "reference".to_owned(),
        cell("step/reference".to_owned())?,
        String::new(),
        String::new(),
    ]];
    for set in InstructionSet::ALL.into_iter().filter(|set| set.is_available()) {
        let of = |what| cell(format!("{what}/{set}"));
        rows.push([set.to_string(), of("step/generic")?, of("step/hand")?, of("batch")?]);
    }
    let last = cell("batch/two_threads".to_owned())?;
    rows.push(["on two threads".to_owned(), String::new(), String::new(), last]);
    let header = [
        "ns for a step\nof one lane",
        "law, plant\nand RK4",
        "by hand",
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

    use super::{judged, nanoseconds};

    /// Times with which every promise is kept; `slow` takes twice as long.
    fn times(slow: &str) -> impl Fn(&str) -> anyhow::Result<f64> {
        move |id| {
            let time = match id {
                "step/reference" => 400.0,
                "step/generic/scalar" | "step/hand/scalar" => 100.0,
                "step/generic/avx2" | "step/hand/avx2" => 20.0,
                "step/generic/avx512" | "step/hand/avx512" => 9.0,
                "batch/two_threads" => 15.0,
                "batch/widest" | "tuning/batch" | "tuning/generation" => 30.0,
                other => panic!("{other}"),
            };
            Ok(if id == slow { 2.0 * time } else { time })
        }
    }

    #[test]
    fn a_promise_that_is_broken_is_a_fault() {
        assert!(judged(times("")).unwrap().1.is_empty());
        for slow in ["step/generic/scalar", "batch/two_threads", "tuning/generation"] {
            let (_, faults) = judged(times(slow)).unwrap();
            assert!(!faults.is_empty(), "{slow}");
        }
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
