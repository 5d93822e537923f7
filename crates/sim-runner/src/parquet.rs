//! A run as a Parquet file, streamed: rows are held until a group of them is full, and then written.
//!
//! What a row is, is said in `trajectory.rs`. Every column is `DOUBLE`, required, plain, compressed with
//! Snappy: what every reader of the format reads. The file says in its key-value metadata the unit and
//! the symbol of each column, `unit.<name>` and `symbol.<name>`, beside what the caller gives.
//!
//! The memory is that of one group, and what the format makes a file remember of each group until its end:
//! less than 1 kB a column. Validated by `tests/parquet.rs`.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, Repetition, Type as Physical};
use parquet::data_type::DoubleType;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use smc_controllers::Remembered;

use crate::observer::{Instant, Observer};
use crate::trajectory::{Column, numbers};

/// Rows of a group: a minute at 1 kHz, 12 MB.
pub const ROWS_OF_A_GROUP: usize = 65_536;

/// Writes one row an instant, in SI units, with the columns of [`Column::of_trajectory`].
///
/// Numbers are what they are, to the bit. `sigma` is NaN for a law without a surface. The first error stops
/// the writing, not the run; [`finish`](Self::finish) tells.
pub struct ParquetTrajectory<W: Write + Send> {
    file: SerializedFileWriter<W>,
    /// The group that is not full yet, by column.
    group: Vec<Vec<f64>>,
    error: Option<ParquetError>,
}

impl<W: Write + Send> fmt::Debug for ParquetTrajectory<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.group.first().map_or(0, Vec::len);
        f.debug_struct("ParquetTrajectory")
            .field("rows_of_the_group", &rows)
            .finish_non_exhaustive()
    }
}

impl<W: Write + Send> ParquetTrajectory<W> {
    /// Begins the file. `remembered` says what the law remembers, `metadata` is put into the file.
    ///
    /// # Errors
    /// What the target says to the first bytes.
    pub fn new(
        target: W,
        remembered: &[Remembered],
        metadata: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ParquetError> {
        let columns = Column::of_trajectory(remembered);
        let of_column = |Column { name, symbol, unit }: &Column| {
            [
                (format!("unit.{name}"), (*unit).to_owned()),
                (format!("symbol.{name}"), symbol.clone()),
            ]
        };
        let metadata = columns.iter().flat_map(of_column).chain(metadata);
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            // Numbers of a run hardly ever repeat; and a dictionary would have to be held.
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_key_value_metadata(Some(
                metadata.map(|(key, value)| KeyValue::new(key, value)).collect(),
            ))
            .build();
        let field = |column: &Column| {
            let field = Type::primitive_type_builder(&column.name, Physical::DOUBLE);
            Ok(Arc::new(field.with_repetition(Repetition::REQUIRED).build()?))
        };
        let fields = columns.iter().map(field).collect::<Result<_, ParquetError>>()?;
        let schema = Type::group_type_builder("trajectory").with_fields(fields).build()?;
        let file = SerializedFileWriter::new(target, Arc::new(schema), Arc::new(properties))?;
        let group = columns.iter().map(|_| Vec::with_capacity(ROWS_OF_A_GROUP)).collect();
        Ok(Self { file, group, error: None })
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut rows = self.file.next_row_group()?;
        for column in &mut self.group {
            let mut writer = rows.next_column()?.expect("there is a writer for each column");
            writer.typed::<DoubleType>().write_batch(column, None, None)?;
            writer.close()?;
            column.clear();
        }
        rows.close()?;
        Ok(())
    }

    /// Writes what is left and the end of the file, and gives back the target.
    ///
    /// # Errors
    /// The first error of any row, or that of the end.
    pub fn finish(mut self) -> Result<W, ParquetError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.group.iter().any(|column| !column.is_empty()) {
            self.write_group()?;
        }
        self.file.into_inner()
    }
}

impl<W: Write + Send> Observer for ParquetTrajectory<W> {
    fn observe(&mut self, instant: &Instant<'_>) {
        if self.error.is_some() {
            return;
        }
        // There are as many columns as the law has numbers; what is behind them is not a number of it.
        let row = numbers(instant).into_iter().chain(*instant.remembered);
        for (column, number) in self.group.iter_mut().zip(row) {
            column.push(number);
        }
        if self.group[0].len() == ROWS_OF_A_GROUP {
            self.error = self.write_group().err();
        }
    }
}
