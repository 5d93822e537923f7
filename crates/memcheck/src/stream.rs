//! Records to a disk, from a loop that must never wait for one.
//!
//! The loop pushes records into a queue of fixed length, without a lock and without waiting (`rtrb`); a
//! thread of its own empties the queue, encodes and writes. A record that finds the queue full is
//! dropped and counted. The first error ends the writing, not the loop: what had been written stays,
//! what comes after it is counted as lost, and whoever finishes the stream is told all of it.
//! What a record is, and how it is encoded, is the caller's business.
//!
//! Validated by `tests/stream.rs`: slow, full and vanished targets, and that the loop touches no heap.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rtrb::{Consumer, Producer, RingBuffer};
use same_file::Handle;
use serde::Serialize;

/// How long the writer sleeps when there is nothing to write. The queue has to hold what comes
/// meanwhile.
const NAP: Duration = Duration::from_millis(2);

/// Records that are encoded before they are written in one piece.
const BATCH: usize = 256;

/// The end of a stream where records are put in. It lives in the loop.
#[derive(Debug)]
pub struct Feed<T> {
    queue: Producer<T>,
    dropped: u64,
}

impl<T> Feed<T> {
    /// One more record: queued, or dropped if the queue is full. It neither waits nor allocates.
    #[inline]
    pub fn push(&mut self, record: T) {
        self.dropped += u64::from(self.queue.push(record).is_err());
    }

    /// Records that found the queue full.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// The end of a stream where records come out: a thread that writes.
#[derive(Debug)]
pub struct Stream<W> {
    writer: JoinHandle<Outcome<W>>,
}

#[derive(Debug)]
struct Outcome<W> {
    target: W,
    written: u64,
    lost: u64,
    error: Option<io::Error>,
}

/// What became of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StreamReport {
    /// Records in batches that the target took whole.
    pub written: u64,
    /// Records that found the queue full.
    pub dropped: u64,
    /// Records that came out of the queue after the first error, or with it.
    pub lost: u64,
}

/// A stream that could not be written to its end.
#[derive(Debug, thiserror::Error)]
#[error("{source}: {} records were written, {} dropped, {} lost", report.written, report.dropped, report.lost)]
pub struct StreamError {
    /// The first error.
    pub source: io::Error,
    /// What became of the records.
    pub report: StreamReport,
}

impl<W: Write + Send + 'static> Stream<W> {
    /// Starts a thread that writes to `target` the bytes that `encode` appends for each batch of
    /// records, in order; `capacity` records have room in the queue. Its memory is bounded, and none of
    /// it is taken in the loop.
    pub fn start<T: Send + 'static>(
        target: W,
        capacity: usize,
        encode: impl FnMut(&[T], &mut Vec<u8>) + Send + 'static,
    ) -> (Feed<T>, Self) {
        let (producer, consumer) = RingBuffer::new(capacity);
        let writer = thread::spawn(move || write_all(consumer, target, encode));
        (Feed { queue: producer, dropped: 0 }, Self { writer })
    }

    /// Ends the stream: waits until everything that was queued is written and flushed, and gives back
    /// the target.
    ///
    /// # Errors
    ///
    /// [`StreamError`] with the first error of any write, or that of the flush.
    ///
    /// # Panics
    ///
    /// If `encode` or the target panicked.
    pub fn finish<T>(self, feed: Feed<T>) -> Result<(W, StreamReport), StreamError> {
        let dropped = feed.dropped;
        // The writer sees that nobody will push any more.
        drop(feed);
        let Outcome { target, written, lost, error } =
            self.writer.join().expect("neither `encode` nor the target panics");
        let report = StreamReport { written, dropped, lost };
        match error {
            None => Ok((target, report)),
            Some(source) => Err(StreamError { source, report }),
        }
    }
}

/// Until nobody pushes any more.
fn write_all<T, W: Write>(
    mut queue: Consumer<T>,
    target: W,
    mut encode: impl FnMut(&[T], &mut Vec<u8>),
) -> Outcome<W> {
    let mut state = Outcome { target, written: 0, lost: 0, error: None };
    let (mut batch, mut bytes) = (Vec::with_capacity(BATCH), Vec::new());
    loop {
        // In this order: what was pushed before the feed went is seen after.
        let over = queue.is_abandoned();
        let ready = queue.slots().min(BATCH);
        if ready == 0 {
            if over {
                break;
            }
            thread::sleep(NAP);
            continue;
        }
        batch.clear();
        bytes.clear();
        batch.extend((0..ready).map(|_| queue.pop().expect("as many were ready")));
        if state.error.is_none() {
            encode(&batch, &mut bytes);
        }
        state.put(&bytes, ready as u64);
    }
    if state.error.is_none() {
        state.error = state.target.flush().err();
    }
    state
}

impl<W: Write> Outcome<W> {
    fn put(&mut self, bytes: &[u8], records: u64) {
        if self.error.is_none() {
            self.error = self.target.write_all(bytes).err();
        }
        if self.error.is_none() {
            self.written += records;
        } else {
            self.lost += records;
        }
    }
}

/// A file that knows its name, and takes bytes only while the name is its own: where somebody has
/// removed its directory, writing would go on into nowhere, without an error.
#[derive(Debug)]
pub struct NamedFile {
    file: Handle,
    path: PathBuf,
}

impl NamedFile {
    /// A new file, or an empty one where there was one.
    ///
    /// # Errors
    ///
    /// If it cannot be created.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: Handle::from_file(File::create(path)?)?, path: path.to_owned() })
    }

    fn check(&self) -> io::Result<()> {
        let named = Handle::from_path(&self.path).map_err(|error| {
            io::Error::new(error.kind(), format!("{} has vanished: {error}", self.path.display()))
        })?;
        if self.file == named {
            Ok(())
        } else {
            let moved = format!("{} is another file now", self.path.display());
            Err(io::Error::new(io::ErrorKind::NotFound, moved))
        }
    }
}

impl Write for NamedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.check()?;
        self.file.as_file_mut().write(bytes)
    }

    /// To the disk, not only to the operating system.
    fn flush(&mut self) -> io::Result<()> {
        self.check()?;
        self.file.as_file().sync_all()
    }
}
