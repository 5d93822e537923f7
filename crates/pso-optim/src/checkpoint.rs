//! Checkpoints: a search in a file, from which it goes on as if nothing had happened.
//!
//! The file is written beside its place, flushed to the disk and renamed, so that at its place there is a
//! whole checkpoint or none, whenever the process is killed. The one before it is kept.
//!
//! The only part of the crate that touches the file system, at the path that it is given. It knows
//! neither clocks nor other processes: one run at a time may use a path.
//!
//! The layout, integers with their least byte first:
//!
//! | bytes | are |
//! |---|---|
//! | 8 | `PSOPTIM` and 0 |
//! | 4 | version of the layout |
//! | 8 | identity of the search |
//! | 8 | length n of the content |
//! | n | the search, in [postcard](https://postcard.jamesmunns.com)'s format |
//! | 8 | CRC-64/XZ of all bytes before |
//!
//! Validated by `tests/suite/checkpoint.rs` and, by killing processes, `tests/kill.rs`.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use argmin::core::{
    Error as ArgminError, Executor, Solver, State,
    checkpointing::{Checkpoint, CheckpointingFrequency},
};
use crc::{CRC_64_XZ, Crc};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Optimiser, Search, SearchState};

const MAGIC: [u8; 8] = *b"PSOPTIM\0";
/// To be raised whenever what an optimiser remembers changes.
const VERSION: u32 = 1;
const HEADER: usize = 28;
const TRAILER: usize = 8;
const CHECKSUM: Crc<u64> = Crc::<u64>::new(&CRC_64_XZ);

/// Where a search is saved, how often, and which search it is.
///
/// ```
/// use argmin::core::checkpointing::CheckpointingFrequency;
/// use pso_optim::{Bounds, CheckpointFile, Pointwise, Search, Swarm, SwarmSettings};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("swarm.checkpoint");
/// let run = |generations| {
///     let bounds = Bounds::new([(-5.0, 5.0); 2])?;
///     let search = Search::new(Swarm::new(bounds, SwarmSettings::default(), 42)?);
///     let every = CheckpointingFrequency::Every(10);
///     let file = CheckpointFile::new(&path, &search, "sphere", every)?;
///     let sphere = Pointwise(|x: &[f64]| x[0] * x[0] + x[1] * x[1]);
///     file.executor(sphere, search, move |state| state.max_iters(generations)).run()
/// };
/// run(50)?; // or killed on the way
/// let resumed = run(100)?; // goes on from the last checkpoint, with a larger budget
/// assert_eq!(resumed.state.iter, 100);
/// # Ok::<(), argmin::core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct CheckpointFile {
    path: PathBuf,
    identity: u64,
    frequency: CheckpointingFrequency,
}

/// A search that was read from a checkpoint.
#[derive(Debug)]
pub struct Resumed<S> {
    /// As it was when it was saved.
    pub search: S,
    /// Why the latest file could not be used, if it could not, and the one before it was.
    pub refused: Option<CheckpointError>,
}

/// Why a checkpoint cannot be used, or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file system refuses.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// What was to be read or written.
        path: PathBuf,
        /// Why it was not.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{path}: not a checkpoint of pso-optim", path = path.display())]
    NotACheckpoint {
        /// The file.
        path: PathBuf,
    },
    /// The file is of a version of this crate that remembers other things.
    #[error("{path}: layout {found}; this version reads layout {VERSION}", path = path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Version of its layout.
        found: u64,
    },
    /// The file is not as it was written.
    #[error("{path}: damaged, its {what} is wrong", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not hold: length, checksum or content.
        what: &'static str,
    },
    /// The file is whole, but of a search with other bounds, settings, seed, points or problem.
    #[error("{path}: checkpoint of another search", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Neither the latest file nor the one before it can be used. Nothing is begun anew over them.
    #[error("{latest}; {previous}")]
    NeitherUsable {
        /// Why not the latest.
        latest: Box<CheckpointError>,
        /// Why not the one before it.
        previous: Box<CheckpointError>,
    },
    /// A search that cannot be encoded.
    #[error("the search cannot be encoded: {0}")]
    Encoding(#[from] postcard::Error),
}

impl CheckpointFile {
    /// Saves to `path`, and to `path` with `.previous` added.
    ///
    /// `begin` is the search as it begins, whether or not it will be resumed: with its bounds, settings,
    /// seed and points, and with `problem`, which says what is minimised (a name, or all
    /// parameters of the objective), it tells its checkpoints from those of others.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Encoding`] if `begin` or `problem` cannot be encoded.
    pub fn new<S: Serialize, P: Serialize + ?Sized>(
        path: impl Into<PathBuf>,
        begin: &S,
        problem: &P,
        frequency: CheckpointingFrequency,
    ) -> Result<Self, CheckpointError> {
        let identity = CHECKSUM.checksum(&postcard::to_allocvec(&(begin, problem))?);
        Ok(Self { path: path.into(), identity, frequency })
    }

    /// An executor that goes on from the latest usable checkpoint, or begins with `search`.
    ///
    /// `configure` sets limit and target as `Executor::configure` does. Both belong to the run, not to
    /// the search: a resumed run takes the new ones. `max_iters` counts the generations of the search
    /// from its beginning.
    ///
    /// To see whether there is a checkpoint, and whether the latest was refused, call
    /// [`CheckpointFile::load`] before.
    pub fn executor<O, A>(
        self,
        objective: O,
        search: Search<A>,
        configure: impl Fn(SearchState) -> SearchState + 'static,
    ) -> Executor<O, Search<A>, SearchState>
    where
        A: Optimiser + Serialize + DeserializeOwned,
        Search<A>: Solver<O, SearchState>,
    {
        let file = InExecutor { file: self, state: configure(SearchState::new()) };
        let state = file.state_of(&search);
        Executor::new(objective, search).configure(|_| state).checkpointing(file)
    }

    /// Saves `search`; whatever happens on the way, the latest or the previous checkpoint is whole.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::File`] or [`CheckpointError::Encoding`]; what was saved before is still there.
    pub fn save<S: Serialize>(&self, search: &S) -> Result<(), CheckpointError> {
        let content = postcard::to_allocvec(search)?;
        let mut bytes = Vec::with_capacity(HEADER + content.len() + TRAILER);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(self.identity.to_le_bytes());
        bytes.extend((content.len() as u64).to_le_bytes());
        bytes.extend(content);
        bytes.extend(CHECKSUM.checksum(&bytes).to_le_bytes());

        let new = self.path.with_added_extension("new");
        let write = || {
            let mut file = File::create(&new)?;
            file.write_all(&bytes)?;
            file.sync_all()
        };
        write().map_err(|source| CheckpointError::File { path: new.clone(), source })?;
        // Only a usable file becomes the previous one: a damaged one would drive out the last good one.
        if self.content(&self.path).is_ok() {
            rename(&self.path, &self.previous())?;
        }
        rename(&new, &self.path)?;
        sync_directory(&self.path)
    }

    /// The latest usable checkpoint; none if there never was one.
    ///
    /// # Errors
    ///
    /// If there are files and none is usable: why not.
    pub fn load<S: DeserializeOwned>(&self) -> Result<Option<Resumed<S>>, CheckpointError> {
        let latest = match self.read(&self.path) {
            Ok(search) => return Ok(Some(Resumed { search, refused: None })),
            Err(error) => error,
        };
        let previous = match self.read(&self.previous()) {
            // A process was killed between the two renames: what is missing was not refused.
            Ok(search) => {
                let refused = (!latest.is_missing_file()).then_some(latest);
                return Ok(Some(Resumed { search, refused }));
            }
            Err(error) => error,
        };
        match (latest.is_missing_file(), previous.is_missing_file()) {
            (true, true) => Ok(None),
            (false, true) => Err(latest),
            (true, false) => Err(previous),
            (false, false) => Err(CheckpointError::NeitherUsable {
                latest: Box::new(latest),
                previous: Box::new(previous),
            }),
        }
    }

    fn previous(&self) -> PathBuf {
        self.path.with_added_extension("previous")
    }

    fn read<S: DeserializeOwned>(&self, path: &Path) -> Result<S, CheckpointError> {
        let content = self.content(path)?;
        let damaged = |what| CheckpointError::Damaged { path: path.to_owned(), what };
        match postcard::take_from_bytes(&content) {
            Ok((search, [])) => Ok(search),
            _ => Err(damaged("content")),
        }
    }

    /// What a usable checkpoint holds.
    fn content(&self, path: &Path) -> Result<Vec<u8>, CheckpointError> {
        let damaged = |what| CheckpointError::Damaged { path: path.to_owned(), what };
        let mut bytes = fs::read(path)
            .map_err(|source| CheckpointError::File { path: path.to_owned(), source })?;
        if !bytes.starts_with(&MAGIC) {
            return Err(CheckpointError::NotACheckpoint { path: path.to_owned() });
        }
        if bytes.len() < HEADER + TRAILER {
            return Err(damaged("length"));
        }
        let number = |bytes: &[u8]| {
            bytes.iter().rev().fold(0_u64, |number, &byte| number << 8 | u64::from(byte))
        };
        let (content, checksum) = bytes.split_at(bytes.len() - TRAILER);
        let found = number(&content[8..12]);
        if found != u64::from(VERSION) {
            return Err(CheckpointError::Version { path: path.to_owned(), found });
        }
        if number(&content[20..28]) != (content.len() - HEADER) as u64 {
            return Err(damaged("length"));
        }
        if number(checksum) != CHECKSUM.checksum(content) {
            return Err(damaged("checksum"));
        }
        if number(&content[12..20]) != self.identity {
            return Err(CheckpointError::Foreign { path: path.to_owned() });
        }
        bytes.truncate(bytes.len() - TRAILER);
        bytes.drain(..HEADER);
        Ok(bytes)
    }
}

impl CheckpointError {
    /// Is all that was found of another search?
    pub fn is_foreign(&self) -> bool {
        match self {
            Self::Foreign { .. } => true,
            Self::NeitherUsable { latest, previous } => {
                latest.is_foreign() && previous.is_foreign()
            }
            _ => false,
        }
    }

    fn is_missing_file(&self) -> bool {
        matches!(self, Self::File { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), CheckpointError> {
    fs::rename(from, to).map_err(|source| CheckpointError::File { path: to.to_owned(), source })
}

/// A rename is on the disk when its directory is, where directories can be flushed.
fn sync_directory(file: &Path) -> Result<(), CheckpointError> {
    if cfg!(unix) {
        let directory = match file.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(|source| CheckpointError::File { path: directory.to_owned(), source })?;
    }
    Ok(())
}

/// A checkpoint file as argmin's executor uses it, with the configuration of its run.
#[derive(Debug)]
struct InExecutor {
    file: CheckpointFile,
    state: SearchState,
}

impl InExecutor {
    /// The state of a run that has come as far as `search`.
    fn state_of<A: Optimiser>(&self, search: &Search<A>) -> SearchState {
        let mut state = search.publish(self.state.clone());
        state.iter = search.optimiser().tally().generations;
        state.update();
        state
    }
}

impl<A> Checkpoint<Search<A>, SearchState> for InExecutor
where
    A: Optimiser + Serialize + DeserializeOwned,
{
    fn save(&self, search: &Search<A>, _: &SearchState) -> Result<(), ArgminError> {
        Ok(self.file.save(search)?)
    }

    fn load(&self) -> Result<Option<(Search<A>, SearchState)>, ArgminError> {
        let resumed = self.file.load()?;
        Ok(resumed.map(|Resumed { search, .. }| {
            let state = self.state_of(&search);
            (search, state)
        }))
    }

    fn frequency(&self) -> CheckpointingFrequency {
        self.file.frequency
    }
}
