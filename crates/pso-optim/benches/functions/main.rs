//! How good the optimisers are: medians and success rates on standard functions, beside argmin's own
//! particle swarm, after the same number of evaluations.
//!
//! `cargo bench -p pso-optim --bench functions` prints the tables of the README; `-- --quick` those of 5 seeds in
//! 6 dimensions.

mod functions;
mod methods;

use functions::{FUNCTIONS, Function, Instance, Pose};
use methods::{argmins, ours};
use pso_optim::{
    CmaEs, CmaEsSettings, DifferentialEvolution, DifferentialEvolutionSettings, Swarm,
    SwarmSettings,
};
use rayon::prelude::*;

/// Evaluations for each dimension.
const EVALUATIONS: u64 = 5000;
const POSES: [(&str, Pose); 3] =
    [("usual", Pose::Usual), ("shifted", Pose::Shifted), ("rotated", Pose::Rotated)];
/// Costs below it count as 0, as is usual for these functions (CEC).
const ZERO: f64 = 1e-8;

/// The lowest cost that a method finds: of an instance, with so many evaluations, from a seed.
type Method = fn(&Instance, u64, u64) -> f64;

const METHODS: [(&str, Method); 4] = [
    ("argmin's", argmins),
    ("swarm", |instance, evaluations, seed| {
        ours(instance, evaluations, |bounds| Swarm::new(bounds, SwarmSettings::default(), seed))
    }),
    ("CMA-ES", |instance, evaluations, seed| {
        ours(instance, evaluations, |bounds| CmaEs::new(bounds, CmaEsSettings::default(), seed))
    }),
    ("DE", |instance, evaluations, seed| {
        ours(instance, evaluations, |bounds| {
            DifferentialEvolution::new(bounds, DifferentialEvolutionSettings::default(), seed)
        })
    }),
];

/// What a method found on the instances of all seeds.
struct Found {
    median: f64,
    /// Share of the seeds that came as near to the minimum as CEC 2005 asks for.
    success: f64,
}

fn search(method: Method, function: Function, pose: Pose, dimension: usize, seeds: u64) -> Found {
    let evaluations = EVALUATIONS * dimension as u64;
    let run = |seed| method(&Instance::new(function, pose, dimension, seed), evaluations, seed);
    let mut found: Vec<f64> = (0..seeds).into_par_iter().map(run).collect();
    found.sort_by(f64::total_cmp);
    let near = if function.name == "sphere" { 1e-6 } else { 1e-2 };
    let successes = found.iter().filter(|&&cost| cost <= near).count();
    Found { median: found[found.len() / 2], success: successes as f64 / found.len() as f64 }
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (seeds, dimensions): (_, &[usize]) = if quick { (5, &[6]) } else { (51, &[6, 12, 30]) };
    let (mut better, mut as_good, mut worse) = (0, 0, 0);
    for &dimension in dimensions {
        let evaluations = EVALUATIONS * dimension as u64;
        println!("\n**{dimension} dimensions**, {evaluations} evaluations, {seeds} seeds\n");
        let names = METHODS.map(|(name, _)| name).join(" | ");
        println!("| function | {names} |\n|---|{}", "--:|".repeat(METHODS.len()));
        for function in FUNCTIONS {
            for (name, pose) in POSES {
                let found =
                    METHODS.map(|(_, method)| search(method, function, pose, dimension, seeds));
                let cell = |Found { median, success }: &Found| {
                    let median = if *median < ZERO { "0".into() } else { format!("{median:.2e}") };
                    format!(" {median} ({:.0} %) |", 100.0 * success)
                };
                let cells: String = found.iter().map(cell).collect();
                println!("| {}, {} |{cells}", function.name, name);
                let [theirs, ours] = [0, 1].map(|method| found[method].median.max(ZERO));
                better += u32::from(ours < theirs);
                as_good += u32::from(ours == theirs);
                worse += u32::from(ours > theirs);
            }
        }
    }
    println!(
        "\nThe median of our swarm beside that of argmin's: {better} times better, {as_good} times \
         as good, {worse} times worse."
    );
    std::process::exit(i32::from(worse > 0 && !quick));
}
