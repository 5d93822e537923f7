//! Trajectories in Parquet: exact, described, in memory that does not grow with the run, and honest about
//! failures.

use std::hint::black_box;
use std::io;

use dip_dynamics::State;
use memcheck::{CountingAllocator, GateError, peak_below};
use parquet::data_type::DoubleType;
use parquet::file::reader::{FileReader, SerializedFileReader};
use sim_runner::{
    Column, Experiment, Instant, Observer, ParquetTrajectory, ROWS_OF_A_GROUP, TrajectoryWriter,
};
use smc_controllers::{Command, Controller, Kind, Memory, Remembered, SHOWN};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

const NO_METADATA: [(String, String); 0] = [];

/// What a file says.
struct Read {
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
    metadata: Vec<(String, String)>,
}

fn read(bytes: Vec<u8>) -> Read {
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
    let metadata = reader.metadata().file_metadata();
    let schema = metadata.schema_descr();
    let names: Vec<String> =
        schema.columns().iter().map(|column| column.name().to_owned()).collect();
    let mut columns = vec![Vec::new(); names.len()];
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).unwrap();
        let rows = usize::try_from(group.metadata().num_rows()).unwrap();
        for (place, column) in columns.iter_mut().enumerate() {
            let mut pages = parquet::column::reader::get_typed_column_reader::<DoubleType>(
                group.get_column_reader(place).unwrap(),
            );
            let (read, ..) = pages.read_records(rows, None, None, column).unwrap();
            assert_eq!(read, rows);
        }
    }
    let pairs = metadata.key_value_metadata().unwrap();
    let pairs = pairs.iter().map(|pair| (pair.key.clone(), pair.value.clone().unwrap()));
    Read { names, columns, metadata: pairs.collect() }
}

/// A run of 70 s at 1 ms: more than one group of rows.
#[test]
fn it_has_the_rows_of_the_csv_to_the_bit_and_says_what_they_are() {
    let mut experiment = Experiment::default();
    experiment.simulation.duration = 70.0;
    let closed_loop = experiment.closed_loop().unwrap();
    let scenario = experiment.scenario(1).unwrap();
    for kind in [Kind::Hybrid, Kind::Lqr] {
        let law = experiment.controller(kind).unwrap();
        let names = law.initial_memory().names();
        let metadata = [("seed".to_owned(), "1".to_owned())];
        let mut both = (
            TrajectoryWriter::new(Vec::new(), names),
            ParquetTrajectory::new(Vec::new(), names, metadata).unwrap(),
        );
        closed_loop.run(&law, &scenario, &mut both);
        let text = String::from_utf8(both.0.finish().unwrap()).unwrap();
        let Read { names: header, columns, metadata } = read(both.1.finish().unwrap());

        let mut lines = text.lines();
        assert_eq!(lines.next().unwrap(), header.join(","));
        assert!(columns.iter().all(|column| column.len() == 70_001 && 70_001 > ROWS_OF_A_GROUP));
        for (row, line) in lines.enumerate() {
            for (column, value) in columns.iter().zip(line.split(',')) {
                let value: f64 = value.parse().unwrap();
                assert_eq!(column[row].to_bits(), value.to_bits(), "{kind}, row {row}");
            }
        }
        for Column { name, symbol, unit } in Column::of_trajectory(names) {
            assert!(metadata.contains(&(format!("unit.{name}"), unit.to_owned())), "{name}");
            assert!(metadata.contains(&(format!("symbol.{name}"), symbol)), "{name}");
        }
        assert!(metadata.contains(&("seed".to_owned(), "1".to_owned())));
    }
}

#[test]
fn a_run_without_rows_is_a_file_without_rows() {
    let empty = ParquetTrajectory::new(Vec::new(), &[], NO_METADATA).unwrap();
    let Read { names, columns, .. } = read(empty.finish().unwrap());
    assert_eq!(names.len(), 18);
    assert!(columns.iter().all(Vec::is_empty));
}

// ---- Memory -------------------------------------------------------------------------------------

fn remembered() -> &'static [Remembered] {
    Experiment::default().controller(Kind::Hybrid).unwrap().initial_memory().names()
}

/// Shows so many rows, no two alike.
fn show(rows: u32, observer: &mut impl Observer) {
    let command = Command { sigma: Some(0.1), ..Command::feedback(1.0, 150.0) };
    for row in 0..rows {
        let t = f64::from(row) * 1e-3;
        let state = State { x: t.sin(), theta1: t.cos(), ..State::UPRIGHT };
        let (force, remembered) = (command.u, &[t; SHOWN]);
        let instant =
            Instant { t, state: &state, measured: &state, command: &command, force, remembered };
        observer.observe(&instant);
    }
}

/// What a run may hold at once: two groups of rows, and 1 kB for each column of each group of the whole run,
/// which the end of the file lists.
fn limit(rows: u32) -> u64 {
    let columns = Column::of_trajectory(remembered()).len() as u64;
    let groups = u64::from(rows).div_ceil(ROWS_OF_A_GROUP as u64);
    columns * (2 * 8 * ROWS_OF_A_GROUP as u64 + 1024 * groups)
}

/// An hour at 1 kHz, of which all rows would be 630 MB.
const HOUR: u32 = 3_600_000;

#[test]
fn an_hour_takes_no_more_memory_than_a_group_of_rows() {
    for rows in [HOUR / 10, HOUR] {
        let held = peak_below(limit(rows), || {
            let mut writer = ParquetTrajectory::new(io::sink(), remembered(), NO_METADATA).unwrap();
            show(rows, &mut writer);
            writer.finish().unwrap();
        });
        assert!(held.is_ok(), "{rows} rows: {held:?}");
    }
    // The hour is ten times as long, and may hold 4 % more.
    assert!(limit(HOUR) * 100 < limit(HOUR / 10) * 105);
}

#[test]
fn a_writer_that_keeps_its_rows_is_caught() {
    #[derive(Default)]
    struct KeepsAll(Vec<[f64; 22]>);

    impl Observer for KeepsAll {
        fn observe(&mut self, instant: &Instant<'_>) {
            self.0.push([instant.t; 22]);
        }
    }

    let held = peak_below(limit(HOUR / 10), || {
        let mut writer = KeepsAll::default();
        show(HOUR / 10, &mut writer);
        black_box(&writer.0);
    });
    assert!(matches!(held, Err(GateError::PeakAbove { .. })), "{held:?}");
}

// ---- Failures -----------------------------------------------------------------------------------

/// A disk that is full after so many bytes.
struct Full(usize);

impl io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::other("no space left"));
        }
        let written = bytes.len().min(self.0);
        self.0 -= written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_stops_the_writing_and_not_the_run() {
    let experiment = Experiment::default();
    let law = experiment.controller(Kind::Classical).unwrap();
    let closed_loop = experiment.closed_loop().unwrap();
    let scenario = experiment.scenario(1).unwrap();
    let expected = closed_loop.run(&law, &scenario, &mut ());
    // In the magic bytes or the first page, and in the footer.
    for room in [0, 10_000, 100_000] {
        let names = law.initial_memory().names();
        let mut writer = ParquetTrajectory::new(Full(room), names, NO_METADATA).unwrap();
        assert_eq!(closed_loop.run(&law, &scenario, &mut writer), expected);
        let error = writer.finish().map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("no space left"), "{room}: {error}");
    }
    // And in the middle of a run.
    let mut writer = ParquetTrajectory::new(Full(1000), remembered(), NO_METADATA).unwrap();
    show(3 * u32::try_from(ROWS_OF_A_GROUP).unwrap(), &mut writer);
    assert!(writer.finish().map(|_| ()).unwrap_err().to_string().contains("no space left"));
}
