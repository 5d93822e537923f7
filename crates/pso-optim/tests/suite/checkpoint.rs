//! A search in a file: it goes on as if nothing had happened, and what is not its own is refused.

use std::{fs, path::PathBuf};

use argmin::core::{State, TerminationReason, checkpointing::CheckpointingFrequency};
use pso_optim::{
    CheckpointError, CheckpointFile, Error, Optimiser, Outcome, Pointwise, Resumed, Search, Swarm,
    SwarmSettings,
};
use tempfile::TempDir;

use crate::{advance, cube, rastrigin, swarm};

/// A directory of its own for a test, with the path of a checkpoint in it.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn latest(&self) -> PathBuf {
        self.directory.path().join("swarm")
    }

    fn previous(&self) -> PathBuf {
        self.directory.path().join("swarm.previous")
    }

    /// The file of the search that begins with this seed.
    fn file(&self, seed: u64) -> CheckpointFile {
        let frequency = CheckpointingFrequency::Every(10);
        CheckpointFile::new(self.latest(), &begin(seed), "rastrigin", frequency).unwrap()
    }

    /// Two checkpoints of the search of seed 1: after 20 generations, and after 10 the previous one.
    fn with_two() -> Self {
        let place = Self::new();
        for generations in [10, 20] {
            place.file(1).save(&after(1, generations)).unwrap();
        }
        assert!(place.latest().exists() && place.previous().exists());
        place
    }

    /// Generations of the search that seed 1 resumes, and why the latest file was refused.
    fn load(&self) -> Result<Option<(u64, Option<CheckpointError>)>, CheckpointError> {
        let resumed = self.file(1).load::<Swarm>()?;
        Ok(resumed.map(|Resumed { search, refused }| {
            let generations = search.tally().generations;
            assert_eq!(search.ask(), after(1, generations).ask());
            (generations, refused)
        }))
    }
}

fn begin(seed: u64) -> Swarm {
    swarm(5.12, 3, seed)
}

fn after(seed: u64, generations: u64) -> Swarm {
    let mut swarm = begin(seed);
    (0..generations).for_each(|_| advance(&mut swarm, rastrigin));
    swarm
}

/// Under argmin's executor, to a number of generations.
fn run(place: &Place, generations: u64) -> Outcome {
    let search = Search::new(begin(1));
    let every = CheckpointingFrequency::Every(10);
    let file = CheckpointFile::new(place.latest(), &search, "rastrigin", every).unwrap();
    let executor =
        file.executor(Pointwise(rastrigin), search, move |state| state.max_iters(generations));
    let result = executor.run().unwrap();
    let outcome = result.solver.optimiser().outcome().unwrap();
    assert_eq!(result.state.get_best_cost(), outcome.cost);
    assert_eq!(result.state.get_best_param(), Some(&outcome.position));
    assert_eq!(result.state.get_iter(), generations);
    assert_eq!(result.state.get_termination_reason(), Some(&TerminationReason::MaxItersReached));
    outcome
}

#[test]
fn a_run_goes_on_where_it_was_saved_also_with_a_larger_budget() {
    let place = Place::new();
    // The last checkpoint of 37 generations is that of the thirtieth.
    run(&place, 37);
    let resumed = run(&place, 90);
    assert_eq!(resumed, after(1, 90).outcome().unwrap());
    // And once more, from the very end: nothing is left to do.
    assert_eq!(run(&place, 90), resumed);
}

#[test]
fn a_target_belongs_to_the_run() {
    let place = Place::new();
    run(&place, 50);
    let search = Search::new(begin(1));
    let every = CheckpointingFrequency::Every(10);
    let file = CheckpointFile::new(place.latest(), &search, "rastrigin", every).unwrap();
    let reached = after(1, 50).outcome().unwrap().cost;
    let executor = file.executor(Pointwise(rastrigin), search, move |state| {
        state.max_iters(90).target_cost(reached)
    });
    let result = executor.run().unwrap();
    assert_eq!(result.state.get_termination_reason(), Some(&TerminationReason::TargetCostReached));
    assert_eq!(result.state.get_iter(), 50);
}

/// The text of the first failure is part of the search: it is told after a resume, too.
#[test]
fn a_resumed_run_that_finds_nothing_feasible_still_says_why() {
    struct Failing;
    impl argmin::core::CostFunction for Failing {
        type Param = Vec<f64>;
        type Output = f64;
        fn cost(&self, _: &Vec<f64>) -> Result<f64, argmin::core::Error> {
            Err(argmin::core::Error::msg("no such plant"))
        }
    }
    let place = Place::new();
    let search = || Search::new(begin(1));
    let file =
        |frequency| CheckpointFile::new(place.latest(), &search(), "rastrigin", frequency).unwrap();
    let every = file(CheckpointingFrequency::Always);
    let executor = every.executor(Failing, search(), |state| state.max_iters(1000));
    executor.timeout(std::time::Duration::ZERO).run().unwrap();
    let resumed = file(CheckpointingFrequency::Never).executor(
        Pointwise(|_: &[f64]| f64::NAN),
        search(),
        |s| s.max_iters(3),
    );
    let error = resumed.run().err().unwrap();
    assert_eq!(error.downcast_ref(), Some(&Error::NothingFeasible { evaluations: 60 }));
    assert!(format!("{error:#}").ends_with(": no such plant"));
}

#[test]
fn without_files_there_is_nothing_to_resume() {
    assert!(Place::new().load().unwrap().is_none());
}

#[test]
fn the_latest_is_used_and_the_previous_kept() {
    assert!(matches!(Place::with_two().load(), Ok(Some((20, None)))));
    // Killed between the two renames.
    let place = Place::with_two();
    fs::remove_file(place.latest()).unwrap();
    assert!(matches!(place.load(), Ok(Some((10, None)))));
}

/// Every single byte of a checkpoint is guarded: whichever is changed, the previous one is used.
#[test]
fn a_damaged_checkpoint_is_refused_and_the_previous_one_used() {
    let place = Place::with_two();
    let whole = fs::read(place.latest()).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(place.latest(), &bytes).unwrap();
        let Ok(Some((10, Some(refused)))) = place.load() else {
            panic!("byte {at} is not guarded")
        };
        let expected = match at {
            0..8 => matches!(refused, CheckpointError::NotACheckpoint { .. }),
            8..12 => matches!(refused, CheckpointError::Version { .. }),
            20..28 => matches!(refused, CheckpointError::Damaged { what: "length", .. }),
            _ => matches!(refused, CheckpointError::Damaged { what: "checksum", .. }),
        };
        assert!(expected, "byte {at}: {refused}");
    }
    for length in 0..whole.len() {
        fs::write(place.latest(), &whole[..length]).unwrap();
        assert!(matches!(place.load(), Ok(Some((10, Some(_))))), "{length} bytes");
    }
}

/// The next save must not drive out the last good checkpoint with the damaged one.
#[test]
fn a_damaged_checkpoint_never_becomes_the_previous_one() {
    let place = Place::with_two();
    fs::write(place.latest(), "PSOPTIM\0 and rubbish").unwrap();
    place.file(1).save(&after(1, 30)).unwrap();
    assert!(matches!(place.load(), Ok(Some((30, None)))));
    fs::remove_file(place.latest()).unwrap();
    assert!(matches!(place.load(), Ok(Some((10, None)))));
}

#[test]
fn with_nothing_usable_nothing_is_begun_over_it() {
    let place = Place::with_two();
    fs::write(place.latest(), "rubbish").unwrap();
    fs::write(place.previous(), "").unwrap();
    let error = place.load().unwrap_err();
    assert!(matches!(error, CheckpointError::NeitherUsable { .. }), "{error}");
    assert_eq!(error.to_string().matches("not a checkpoint of pso-optim").count(), 2);

    fs::remove_file(place.previous()).unwrap();
    assert!(matches!(place.load(), Err(CheckpointError::NotACheckpoint { .. })));
    let search = Search::new(begin(1));
    let always = CheckpointingFrequency::Always;
    let file = CheckpointFile::new(place.latest(), &search, "rastrigin", always).unwrap();
    let executor = file.executor(Pointwise(rastrigin), search, |state| state.max_iters(5));
    assert!(executor.run().err().unwrap().downcast_ref::<CheckpointError>().is_some());
    assert_eq!(fs::read(place.latest()).unwrap(), b"rubbish");
}

#[test]
fn a_checkpoint_of_another_search_is_foreign() {
    let place = Place::with_two();
    let always = CheckpointingFrequency::Always;
    let foreign = |begin: &Swarm, problem: &str| {
        let file = CheckpointFile::new(place.latest(), begin, problem, always).unwrap();
        let error = file.load::<Swarm>().unwrap_err();
        let CheckpointError::NeitherUsable { latest, previous } = error else { panic!("{error}") };
        matches!(*latest, CheckpointError::Foreign { .. })
            && matches!(*previous, CheckpointError::Foreign { .. })
    };
    let other = SwarmSettings { social: 1.5, ..SwarmSettings::default() };
    let start = [vec![0.5; 3]];
    let settings = SwarmSettings::default();
    assert!(foreign(&begin(2), "rastrigin"), "seed");
    assert!(foreign(&swarm(5.13, 3, 1), "rastrigin"), "bounds");
    assert!(foreign(&swarm(5.12, 4, 1), "rastrigin"), "dimension");
    assert!(foreign(&Swarm::new(cube(5.12, 3), other, 1).unwrap(), "rastrigin"), "settings");
    let given = Swarm::starting_at(cube(5.12, 3), settings, 1, &start).unwrap();
    assert!(foreign(&given, "rastrigin"), "points");
    assert!(foreign(&begin(1), "ackley"), "problem");
    assert!(matches!(place.load(), Ok(Some((20, None)))), "its own is not");
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_with_its_path() {
    let place = Place::new();
    let path = place.directory.path().join("missing").join("swarm");
    let file = CheckpointFile::new(&path, &begin(1), "", CheckpointingFrequency::Always).unwrap();
    let error = file.save(&begin(1)).unwrap_err();
    assert!(error.to_string().contains("missing"), "{error}");
}
