//! The trajectories of a directory: CSV always, Parquet beside it where it is asked for, and what their columns
//! are.
//!
//! A Parquet file carries its own description. A CSV file cannot, unless every reader is told to skip
//! comments; so it stays what it is, and `csv-metadata.json` beside it describes all trajectories of the
//! directory, as the W3C's CSV on the Web has it: names, symbols and units, and where they come from. What a
//! row is, is said in `sim-runner`. Validated by `tests/trajectories.rs`.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use sim_runner::{Column, Observer, TrajectoryWriter};
use smc_controllers::Remembered;

use crate::output::Draft;
use crate::provenance::Origin;
use crate::results::Results;

/// What describes the trajectories of a directory, by the name that the W3C gives it.
pub(crate) const DESCRIPTION: &str = "csv-metadata.json";

/// How trajectories are written beside CSV.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct TrajectoryArgs {
    /// Also write each trajectory as Parquet
    #[cfg(feature = "parquet")]
    #[arg(long)]
    parquet: bool,
}

impl TrajectoryArgs {
    /// Is anything of it?
    pub(crate) fn is_given(self) -> bool {
        #[cfg(feature = "parquet")]
        return self.parquet;
        #[cfg(not(feature = "parquet"))]
        return false;
    }
}

/// A trajectory that is or was written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flown {
    /// The name of its file, without what tells the format.
    pub(crate) stem: &'static str,
    pub(crate) controller: &'static str,
    pub(crate) remembered: &'static [Remembered],
}

/// The trajectories of a directory.
#[derive(Debug)]
pub(crate) struct Trajectories {
    origin: Origin,
    description: Draft,
    begun: std::vec::IntoIter<Begun>,
    written: Vec<Flown>,
}

/// The files of one.
#[derive(Debug)]
struct Begun {
    csv: Draft,
    #[cfg(feature = "parquet")]
    parquet: Option<Draft>,
}

impl Trajectories {
    /// Begins files of these names, for runs in this order. All memory is taken here: what a run leaves behind is
    /// not that of its trajectory.
    pub(crate) fn begin(
        results: &Results,
        formats: TrajectoryArgs,
        stems: impl IntoIterator<Item = &'static str>,
    ) -> Result<Self> {
        let begin = |stem: &str| -> Result<Begun> {
            Ok(Begun {
                csv: results.begin(&format!("{stem}.csv"))?,
                #[cfg(feature = "parquet")]
                parquet: formats
                    .parquet
                    .then(|| results.begin(&format!("{stem}.parquet")))
                    .transpose()?,
            })
        };
        let begun = stems.into_iter().map(begin).collect::<Result<Vec<_>>>()?;
        #[cfg(not(feature = "parquet"))]
        let TrajectoryArgs {} = formats;
        Ok(Self {
            origin: results.origin().clone(),
            description: results.begin(DESCRIPTION)?,
            written: Vec::with_capacity(begun.len()),
            begun: begun.into_iter(),
        })
    }

    /// Writes what `fly` shows, to the files that are next.
    pub(crate) fn record<T>(
        &mut self,
        flown: Flown,
        fly: impl FnOnce(&mut dyn Observer) -> Result<T>,
    ) -> Result<T> {
        let begun = self.begun.next().expect("files were begun for each run");
        let result = begun.csv.finish(|file| {
            let mut csv = TrajectoryWriter::new(file, flown.remembered);
            #[cfg(feature = "parquet")]
            let result = match begun.parquet {
                Some(draft) => self.fly_into_parquet(draft, flown, &mut csv, fly)?,
                None => fly(&mut csv)?,
            };
            #[cfg(not(feature = "parquet"))]
            let result = fly(&mut csv)?;
            csv.finish()?;
            Ok(result)
        })?;
        self.written.push(flown);
        Ok(result)
    }

    #[cfg(feature = "parquet")]
    fn fly_into_parquet<T>(
        &self,
        draft: Draft,
        flown: Flown,
        csv: &mut dyn Observer,
        fly: impl FnOnce(&mut dyn Observer) -> Result<T>,
    ) -> Result<T> {
        use std::error::Error;

        let Origin { schema, provenance, experiment } = &self.origin;
        let metadata = [
            ("schema", schema.to_string()),
            ("controller", flown.controller.to_owned()),
            ("seed", serde_json::to_string(&provenance.seed)?),
            ("provenance", serde_json::to_string(provenance)?),
            ("experiment", serde_json::to_string(experiment)?),
        ];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value));
        draft.finish(|file| {
            let parquet = sim_runner::ParquetTrajectory::new(file, flown.remembered, metadata)?;
            let mut both = (csv, parquet);
            let result = fly(&mut both)?;
            // What the file system says, without the words of the library around it.
            both.1.finish().map_err(|error| match error.source() {
                Some(source) => anyhow::anyhow!("{source}"),
                None => error.into(),
            })?;
            Ok(result)
        })
    }

    /// Describes what was written.
    pub(crate) fn describe(self) -> Result<()> {
        let table = |&Flown { stem, controller, remembered }: &Flown| {
            let columns = Column::of_trajectory(remembered);
            json!({
                "url": format!("{stem}.csv"),
                "tableSchema": { "columns": columns.iter().map(described).collect::<Vec<_>>() },
                "notes": [{ "controller": controller }],
            })
        };
        let tables: Vec<Value> = self.written.iter().map(table).collect();
        self.description.finish_json(&json!({
            "@context": "http://www.w3.org/ns/csvw",
            "tables": tables,
            "notes": [self.origin],
        }))
    }
}

/// A column in the words of the W3C, its unit in those of schema.org.
fn described(Column { name, symbol, unit }: &Column) -> Value {
    let mut titles = vec![name];
    titles.extend((symbol != name).then_some(symbol));
    json!({ "name": name, "titles": titles, "datatype": "number", "schema:unitText": unit })
}
