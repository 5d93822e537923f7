//! The streamed trajectory is the trajectory; the loop touches no heap and survives a full disk.

use std::io;

use memcheck::{CountingAllocator, NamedFile, no_alloc};
use sim_runner::{
    ClosedLoop, Experiment, STREAM_CAPACITY, Scenario, StreamedTrajectory, TrajectoryWriter, World,
};
use smc_controllers::{AnyController, Controller, Kind, Memory, Remembered};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

/// A second at 1 kHz.
fn experiment() -> (ClosedLoop, AnyController, Scenario) {
    let mut experiment = Experiment::default();
    experiment.simulation.duration = 1.0;
    let law = experiment.controller(Kind::Hybrid).unwrap();
    (experiment.closed_loop().unwrap(), law, experiment.scenario(1).unwrap())
}

fn names(law: &AnyController) -> &'static [Remembered] {
    law.initial_memory().names()
}

#[test]
fn it_is_the_trajectory_to_the_byte() {
    let (closed_loop, law, scenario) = experiment();
    let mut direct = TrajectoryWriter::new(Vec::new(), names(&law));
    let run = closed_loop.run(&law, &scenario, &mut direct);
    let direct = String::from_utf8(direct.finish().unwrap()).unwrap();
    assert_eq!(direct.lines().count(), 1002);

    let mut streamed = StreamedTrajectory::new(Vec::new(), names(&law), STREAM_CAPACITY);
    let mut world = World::new(&closed_loop);
    let again = no_alloc(|| world.run(&law, &scenario, &mut streamed)).unwrap();
    assert_eq!(again, run);
    let (target, report) = streamed.finish().unwrap();
    assert_eq!((report.written, report.dropped, report.lost), (1001, 0, 0));
    assert_eq!(String::from_utf8(target).unwrap(), direct);
}

#[test]
fn what_finds_no_room_is_dropped_and_counted() {
    let (closed_loop, law, scenario) = experiment();
    let mut streamed = StreamedTrajectory::new(Vec::new(), names(&law), 1);
    closed_loop.run(&law, &scenario, &mut streamed);
    let dropped = streamed.dropped();
    let (target, report) = streamed.finish().unwrap();
    assert_eq!((report.written + dropped, report.dropped), (1001, dropped));
    // One row for each that was written, after the header.
    assert_eq!(String::from_utf8(target).unwrap().lines().count() as u64, 1 + report.written);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_does_not_stop_the_run() {
    let (closed_loop, law, scenario) = experiment();
    let expected = closed_loop.run(&law, &scenario, &mut ());
    let disk = std::fs::File::create("/dev/full").unwrap();
    let mut streamed = StreamedTrajectory::new(disk, names(&law), STREAM_CAPACITY);
    assert_eq!(closed_loop.run(&law, &scenario, &mut streamed), expected);
    let error = streamed.finish().map(|_| ()).unwrap_err();
    assert_eq!(error.source.kind(), io::ErrorKind::StorageFull);
    assert_eq!((error.report.written, error.report.lost), (0, 1001));
}

#[test]
fn a_vanished_directory_does_not_stop_the_run() {
    let (closed_loop, law, scenario) = experiment();
    let expected = closed_loop.run(&law, &scenario, &mut ());
    let directory = std::env::temp_dir().join(format!("streamed-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    let file = NamedFile::create(&directory.join("run.csv")).unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    let mut streamed = StreamedTrajectory::new(file, names(&law), STREAM_CAPACITY);
    assert_eq!(closed_loop.run(&law, &scenario, &mut streamed), expected);
    let error = streamed.finish().map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("run.csv has vanished: "), "{error}");
    assert_eq!((error.report.written, error.report.lost), (0, 1001));
}
