//! `kill -9` at any moment and resume gives the identical result as no interruption.
//!
//! The process that is killed is this test binary again, running only `a_checkpointed_run`, which
//! compares its result with that of an uninterrupted one, bit for bit, whatever was done to it before.
#![cfg(feature = "checkpoint")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use argmin::core::checkpointing::CheckpointingFrequency;
use pso_optim::{
    Bounds, CheckpointFile, CmaEs, CmaEsSettings, DifferentialEvolution,
    DifferentialEvolutionSettings, Nsga2, Nsga2Settings, Optimiser, Pointwise, Search, Swarm,
    SwarmSettings,
};
use rand_xoshiro::{
    Xoshiro256PlusPlus,
    rand_core::{RngCore, SeedableRng},
};
use serde::{Serialize, de::DeserializeOwned};

const GENERATIONS: u64 = 60;
/// Where the process that is killed finds its files. Without it, it takes a new place.
const PLACE: &str = "PSO_OPTIM_KILL_TEST_PLACE";
/// Makes that process lose one generation when it resumes: the fault that must be seen.
const FAULT: &str = "PSO_OPTIM_KILL_TEST_FAULT";

/// Some work, so that there are moments between the generations and the writing.
fn cost(x: &[f64]) -> f64 {
    let term = |x: f64| x * x + 10.0 - 10.0 * libm::cos(6.0 * x);
    (0..60).map(|_| x.iter().map(|&x| term(x)).sum::<f64>()).sum::<f64>() / 60.0
}

/// Runs a search with checkpoints to its end, and compares it with one without.
fn check<A>(directory: &Path, begin: A, of: impl Fn(&[f64]) -> A::Cost + Copy + 'static)
where
    A: Optimiser<Cost: Clone + Send> + Clone + Serialize + DeserializeOwned + 'static,
{
    let path = directory.join(begin.name());
    let search = Search::new(begin.clone());
    let always = CheckpointingFrequency::Always;
    let file = CheckpointFile::new(&path, &search, "kill", always).unwrap();
    if env::var_os(FAULT).is_some()
        && let Some(resumed) = file.load::<Search<A>>().unwrap()
    {
        let mut lost = resumed.search.optimiser().clone();
        lost.tell(&vec![lost.infeasible_cost(); lost.ask().len()]);
        file.save(&Search::new(lost)).unwrap();
    }
    let executor = file.executor(Pointwise(of), search, |state| state.max_iters(GENERATIONS));
    let result = executor.run().unwrap();

    let mut plain = begin;
    for _ in 0..GENERATIONS {
        let costs: Vec<A::Cost> = plain.ask().iter().map(|x| of(x)).collect();
        plain.tell(&costs);
    }
    let bytes = |optimiser: &A| postcard::to_allocvec(optimiser).unwrap();
    assert!(bytes(result.solver.optimiser()) == bytes(&plain), "{}: other result", plain.name());
}

/// Every optimiser, one after the other, to the end of all.
#[test]
fn a_checkpointed_run() {
    let new = tempfile::tempdir().unwrap();
    let directory = env::var_os(PLACE).map_or(new.path().to_owned(), PathBuf::from);
    let bounds = || Bounds::new([(-5.0, 5.0); 6]).unwrap();
    check(&directory, Swarm::new(bounds(), SwarmSettings::default(), 1).unwrap(), cost);
    check(&directory, CmaEs::new(bounds(), CmaEsSettings::default(), 1).unwrap(), cost);
    let evolution =
        DifferentialEvolution::new(bounds(), DifferentialEvolutionSettings::default(), 1).unwrap();
    check(&directory, evolution, cost);
    let genetic = Nsga2::new(bounds(), Nsga2Settings::default(), 1).unwrap();
    check(&directory, genetic, |x| vec![cost(x), x[0]]);
}

fn start(directory: &Path, fault: bool) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "a_checkpointed_run"]).env(PLACE, directory);
    if fault {
        command.env(FAULT, "1");
    }
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Kills processes at random moments until `kills` of them had begun and not ended; each that is let
/// finish must have found what an uninterrupted one does.
fn kill(kills: u32) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut killed = 0;
    while killed < kills {
        let place = tempfile::tempdir().unwrap();
        loop {
            let mut process = start(place.path(), false);
            // Starting takes a few milliseconds, and a whole run a few hundred.
            thread::sleep(Duration::from_micros(rng.next_u64() % 120_000));
            process.kill().unwrap(); // SIGKILL, on Unix
            let status = process.wait().unwrap();
            if status.code().is_some() {
                assert!(status.success(), "after {killed} kills");
                break;
            }
            let begun = fs::read_dir(place.path()).unwrap().next().is_some();
            killed += u32::from(begun);
            if killed == kills {
                assert!(start(place.path(), false).wait().unwrap().success());
                break;
            }
        }
    }
}

#[test]
fn killed_five_times() {
    kill(5);
}

#[test]
#[ignore = "slow: starts and kills fifty processes"]
fn killed_fifty_times() {
    kill(50);
}

#[test]
fn a_lost_generation_is_seen() {
    let place = tempfile::tempdir().unwrap();
    assert!(start(place.path(), true).wait().unwrap().success(), "nothing to lose yet");
    assert!(!start(place.path(), true).wait().unwrap().success());
}
