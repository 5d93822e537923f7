//! The stream: everything arrives in order, nobody waits for a slow disk, and what a full or vanished
//! one costs is told to the record.

use std::fs::{self, File};
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use memcheck::{CountingAllocator, Feed, NamedFile, Stream, StreamError, StreamReport, no_alloc};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

fn line(records: &[u64], bytes: &mut Vec<u8>) {
    for record in records {
        writeln!(bytes, "{record}").expect("a vector takes everything");
    }
}

fn lines(records: std::ops::Range<u64>) -> String {
    let mut bytes = Vec::new();
    line(&records.collect::<Vec<_>>(), &mut bytes);
    String::from_utf8(bytes).unwrap()
}

/// Waits, for a minute at most.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..60_000 {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("{what} within a minute");
}

#[test]
fn everything_arrives_in_order() {
    for records in [0, 1, 255, 256, 257, 5000] {
        let (mut feed, stream) = Stream::start(Vec::new(), 5000, line);
        no_alloc(|| (0..records).for_each(|i| feed.push(i))).unwrap();
        let (target, report) = stream.finish(feed).unwrap();
        assert_eq!(report, StreamReport { written: records, dropped: 0, lost: 0 });
        assert_eq!(String::from_utf8(target).unwrap(), lines(0..records));
    }
}

/// A disk that does nothing until it is allowed to.
struct Stuck {
    allowed: Receiver<()>,
    taken: Vec<u8>,
}

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // An error says that everything is allowed from now on.
        let _ = self.allowed.recv();
        self.taken.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// If a push waited for the disk, this would never end: it is let go after the last push only.
#[test]
fn a_stuck_disk_makes_nobody_wait_and_what_is_dropped_is_counted() {
    let (allow, allowed) = channel();
    let target = Stuck { allowed, taken: Vec::new() };
    let (mut feed, stream) = Stream::start(target, 1000, line);
    no_alloc(|| (0..100_000).for_each(|i| feed.push(i))).unwrap();
    let dropped = feed.dropped();
    // The queue holds 1000; the writer may have taken a batch of 256 before it got stuck.
    assert!((98_744..=99_000).contains(&dropped), "{dropped}");
    drop(allow);
    let (Stuck { taken, .. }, report) = stream.finish(feed).unwrap();
    assert_eq!(report, StreamReport { written: 100_000 - dropped, dropped, lost: 0 });
    let taken = String::from_utf8(taken).unwrap();
    let records: Vec<u64> = taken.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(records.len() as u64, report.written);
    assert!(records.is_sorted_by(|a, b| a < b));
    assert_eq!(records[..1000], (0..1000).collect::<Vec<_>>());
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_at_the_end_and_not_before() {
    let (mut feed, stream) = Stream::start(File::create("/dev/full").unwrap(), 100, line);
    (0..100).for_each(|i| feed.push(i));
    let StreamError { source, report } = stream.finish(feed).map(|_| ()).unwrap_err();
    assert_eq!(source.kind(), io::ErrorKind::StorageFull);
    assert_eq!(report, StreamReport { written: 0, dropped: 0, lost: 100 });
}

/// A disk with room for so many bytes, in a place that outlives the stream.
struct Small {
    file: File,
    left: usize,
}

impl Write for Small {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = self.file.write(&bytes[..bytes.len().min(self.left)])?;
        self.left -= written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[test]
fn what_was_written_before_the_disk_was_full_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.csv");
    let target = Small { file: File::create(&path).unwrap(), left: 10_000 };
    let (mut feed, stream) = Stream::start(target, 10_000, line);
    (0..10_000).for_each(|i| feed.push(i));
    let error = stream.finish(feed).map(|_| ()).unwrap_err();
    let StreamReport { written, dropped, lost } = error.report;
    assert_eq!((written + lost, dropped), (10_000, 0));
    let text = fs::read_to_string(path).unwrap();
    // All that had been written, and the beginning of the batch for which there was no room.
    assert_eq!(text.len(), 10_000);
    assert!(written > 0 && text.starts_with(&lines(0..written)));
    let message = error.to_string();
    let expected = format!("{written} records were written, 0 dropped, {lost} lost");
    assert!(message.ends_with(&expected), "{message}");
}

fn named_file(records: u64) -> (tempfile::TempDir, Feed<u64>, Stream<NamedFile>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.csv");
    let (mut feed, stream) = Stream::start(NamedFile::create(&path).unwrap(), 1000, line);
    (0..records).for_each(|i| feed.push(i));
    let length = lines(0..records).len() as u64;
    until("everything is written", || fs::metadata(&path).unwrap().len() == length);
    (directory, feed, stream)
}

#[test]
fn a_file_that_stays_is_complete() {
    let (directory, feed, stream) = named_file(100);
    stream.finish(feed).unwrap();
    let text = fs::read_to_string(directory.path().join("records.csv")).unwrap();
    assert_eq!(text, lines(0..100));
}

#[test]
fn a_vanished_directory_is_an_error_that_does_not_stop_the_loop() {
    let (directory, mut feed, stream) = named_file(100);
    directory.close().unwrap();
    no_alloc(|| (100..200).for_each(|i| feed.push(i))).unwrap();
    let StreamError { source, report } = stream.finish(feed).map(|_| ()).unwrap_err();
    assert!(source.to_string().contains("records.csv has vanished: "), "{source}");
    assert_eq!(report, StreamReport { written: 100, dropped: 0, lost: 100 });
}

#[test]
fn a_file_that_was_replaced_is_an_error_and_the_other_is_left_alone() {
    let (directory, mut feed, stream) = named_file(100);
    let path = directory.path().join("records.csv");
    let moved = directory.path().join("moved.csv");
    fs::rename(&path, &moved).unwrap();
    fs::write(&path, "another's").unwrap();
    feed.push(100);
    let StreamError { source, report } = stream.finish(feed).map(|_| ()).unwrap_err();
    assert!(source.to_string().ends_with("is another file now"), "{source}");
    assert_eq!(report, StreamReport { written: 100, dropped: 0, lost: 1 });
    assert_eq!(fs::read_to_string(&moved).unwrap(), lines(0..100), "what was written stays");
    assert_eq!(fs::read_to_string(&path).unwrap(), "another's");
}
