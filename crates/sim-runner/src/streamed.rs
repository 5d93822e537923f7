//! A run as rows of a CSV file, written by another thread: the loop never waits for the disk.
//!
//! For a rig, or anything else that runs in real time. A simulation that may wait uses a
//! [`TrajectoryWriter`] itself. What does not fit into the queue is dropped and counted; what a row is,
//! is said in `trajectory.rs` alone. Validated by `tests/streamed.rs`.

use std::io::Write;

use dip_dynamics::State;
use memcheck::{Feed, Stream, StreamError, StreamReport};
use smc_controllers::{Command, Remembered, SHOWN};

use crate::observer::{Instant, Observer};
use crate::trajectory::TrajectoryWriter;

/// Instants for which the queue has room unless it is said otherwise: four seconds at 1 kHz, 1 MB.
pub const STREAM_CAPACITY: usize = 4096;

/// An instant that owns what it shows.
#[derive(Debug, Clone, Copy)]
struct Row {
    t: f64,
    state: State,
    measured: State,
    command: Command,
    force: f64,
    remembered: [f64; SHOWN],
}

/// Sends every instant of a run to a thread that writes the rows of a [`TrajectoryWriter`].
#[derive(Debug)]
pub struct StreamedTrajectory<W> {
    feed: Feed<Row>,
    stream: Stream<W>,
}

impl<W: Write + Send + 'static> StreamedTrajectory<W> {
    /// Starts the thread, with room for `capacity` instants in the queue. All memory is taken here.
    /// `names` says what the law remembers.
    pub fn new(target: W, names: &'static [Remembered], capacity: usize) -> Self {
        let mut is_first = true;
        let (feed, stream) = Stream::start(target, capacity, move |rows, bytes| {
            encode(rows, names, is_first, bytes);
            is_first = false;
        });
        Self { feed, stream }
    }

    /// Instants that were dropped so far because the queue was full.
    pub fn dropped(&self) -> u64 {
        self.feed.dropped()
    }

    /// Waits until everything is written, and gives back the target.
    ///
    /// # Errors
    /// The first error of any write; what had been written before it stays, and is counted.
    pub fn finish(self) -> Result<(W, StreamReport), StreamError> {
        self.stream.finish(self.feed)
    }
}

impl<W> Observer for StreamedTrajectory<W> {
    fn observe(
        &mut self,
        &Instant { t, state, measured, command, force, remembered }: &Instant<'_>,
    ) {
        let (state, measured, command, remembered) = (*state, *measured, *command, *remembered);
        self.feed.push(Row { t, state, measured, command, force, remembered });
    }
}

/// The rows as a trajectory has them; its header only once.
fn encode(rows: &[Row], names: &[Remembered], with_header: bool, bytes: &mut Vec<u8>) {
    let begin = bytes.len();
    let mut writer = TrajectoryWriter::new(&mut *bytes, names);
    for Row { t, state, measured, command, force, remembered } in rows {
        let (t, force) = (*t, *force);
        writer.observe(&Instant { t, state, measured, command, force, remembered });
    }
    writer.finish().expect("a vector takes everything");
    if !with_header {
        let header = bytes[begin..].iter().position(|&byte| byte == b'\n').expect("there is one");
        bytes.drain(begin..=begin + header);
    }
}
