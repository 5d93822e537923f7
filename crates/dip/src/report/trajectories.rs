//! A trajectory for the eye: few enough of its rows that a page stays small, whatever the length of the run.
//!
//! The first rows are all kept, where a law acts fast; after them each stretch of a run keeps its first row and
//! those with the smallest and the largest force, so that no peak of the force is lost. Two passes over the
//! file, in constant memory. Validated by the tests here.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::Value;
use smc_controllers::SHOWN;

/// What a page shows of each row, and then what the law remembers.
const COLUMNS: [&str; 9] =
    ["t", "x", "theta1", "theta2", "x_dot", "theta1_dot", "theta2_dot", "u", "sigma"];

/// Where the force is in them.
const FORCE: usize = 7;

/// Stretches that a run is divided into, at most; each keeps three rows at most.
const STRETCHES: usize = 400;

/// Rows at the beginning that are all kept.
const BEGINNING: usize = 400;

/// Significant digits that are kept: more than a screen has pixels.
const DIGITS: usize = 5;

/// Of what a law remembers: a gain may adapt by a thousandth of itself, and its chart shows that.
const DIGITS_OF_GAINS: usize = 8;

/// A row; what is not a number is none. Behind the columns there is nothing.
type Row = [Option<f64>; COLUMNS.len() + SHOWN];

/// A gain that adapts, or an integral: a column that only the trajectories of some laws have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Remembered {
    name: String,
    symbol: String,
    unit: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Trajectory {
    pub(super) name: String,
    file: String,
    /// Rows of the file.
    rows: usize,
    columns: Vec<String>,
    /// What the last of the columns are.
    remembered: Vec<Remembered>,
    pub(super) kept: Vec<Vec<Option<f64>>>,
}

impl Trajectory {
    /// Reads the CSV file that a command has written, with what `csv-metadata.json` says of its columns.
    ///
    /// # Errors
    /// A file that cannot be read or is no trajectory.
    pub(super) fn read(
        directory: &Path,
        description: &Value,
        file: &str,
        name: &str,
    ) -> Result<Self> {
        let path = directory.join(file);
        let remembered = remembered(description, file);
        let read = || Self::thinned(&path, file, name, remembered);
        read().with_context(|| format!("cannot read the trajectory {}", path.display()))
    }

    fn thinned(path: &Path, file: &str, name: &str, remembered: Vec<Remembered>) -> Result<Self> {
        let own = remembered.iter().map(|of| of.name.as_str());
        let names: Vec<&str> = COLUMNS.into_iter().chain(own).collect();
        let mut rows: usize = 0;
        each_row(path, &names, |_| rows += 1)?;
        let length = rows.saturating_sub(BEGINNING).div_ceil(STRETCHES).max(1);
        let (mut kept, mut stretch, mut number) = (Vec::new(), Stretch::default(), 0);
        each_row(path, &names, |row| {
            stretch.push(number, row);
            number += 1;
            if number <= BEGINNING || (number - BEGINNING).is_multiple_of(length) || number == rows
            {
                let rows = std::mem::take(&mut stretch).kept(number == rows);
                kept.extend(rows.map(|row| row[..names.len()].to_vec()));
            }
        })?;
        let columns = names.into_iter().map(str::to_owned).collect();
        let (name, file) = (name.to_owned(), file.to_owned());
        Ok(Self { name, file, rows, columns, remembered, kept })
    }
}

/// The gains and integrals in a file, by the description of its directory.
fn remembered(description: &Value, file: &str) -> Vec<Remembered> {
    let tables = description["tables"].as_array().map(Vec::as_slice).unwrap_or_default();
    let columns = tables
        .iter()
        .find(|table| table["url"] == file)
        .and_then(|table| table["tableSchema"]["columns"].as_array());
    let described = columns.into_iter().flatten().filter_map(|column| {
        let titles = column["titles"].as_array()?;
        Some(Remembered {
            name: column["name"].as_str()?.to_owned(),
            symbol: titles.last()?.as_str()?.to_owned(),
            unit: column["schema:unitText"].as_str()?.to_owned(),
        })
    });
    // What every trajectory has ends with `u_sw`. Signs and flags have no unit.
    let own = described.skip_while(|column| column.name != "u_sw").skip(1);
    own.filter(|column| column.unit != "1").take(SHOWN).collect()
}

/// What is remembered of a stretch: rows with their numbers.
#[derive(Default)]
struct Stretch {
    first: Option<(usize, Row)>,
    weakest: Option<(usize, Row)>,
    strongest: Option<(usize, Row)>,
    last: Option<(usize, Row)>,
}

impl Stretch {
    fn push(&mut self, number: usize, row: Row) {
        let force = |of: &Option<(usize, Row)>| of.and_then(|(_, row)| row[FORCE]);
        let this = Some((number, row));
        self.first = self.first.or(this);
        if force(&self.weakest).is_none_or(|least| row[FORCE].is_some_and(|u| u < least)) {
            self.weakest = this;
        }
        if force(&self.strongest).is_none_or(|most| row[FORCE].is_some_and(|u| u > most)) {
            self.strongest = this;
        }
        self.last = this;
    }

    /// Its first row and those with the extremes of the force, by time; also the last, at the end of a run.
    fn kept(self, is_end: bool) -> impl Iterator<Item = Row> {
        let last = self.last.filter(|_| is_end);
        let rows = [self.first, self.weakest, self.strongest, last].into_iter().flatten();
        let mut rows: Vec<(usize, Row)> = rows.collect();
        rows.sort_by_key(|(number, _)| *number);
        rows.dedup_by_key(|(number, _)| *number);
        rows.into_iter().map(|(_, row)| rounded(row))
    }
}

fn rounded(mut row: Row) -> Row {
    for (place, value) in row.iter_mut().enumerate() {
        let digits = if place < COLUMNS.len() { DIGITS } else { DIGITS_OF_GAINS };
        let round =
            |value| format!("{value:.0$e}", digits - 1).parse().expect("a number was printed");
        *value = value.map(|value: f64| -> f64 { round(value) });
    }
    row
}

fn each_row(path: &Path, names: &[&str], mut each: impl FnMut(Row)) -> Result<()> {
    let mut csv = csv::Reader::from_path(path)?;
    let header = csv.headers()?.clone();
    let place = |name: &&str| {
        let found = header.iter().position(|column| column == *name);
        found.with_context(|| format!("there is no column {name}"))
    };
    let places: Vec<usize> = names.iter().map(place).collect::<Result<_>>()?;
    let mut record = csv::StringRecord::new();
    while csv.read_record(&mut record)? {
        let mut row: Row = [None; COLUMNS.len() + SHOWN];
        for (value, &place) in row.iter_mut().zip(&places) {
            let number: f64 = record[place]
                .parse()
                .with_context(|| format!("'{}' is not a number", &record[place]))?;
            *value = number.is_finite().then_some(number);
        }
        ensure!(row[0].is_some(), "a row has no time");
        each(row);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::write;

    use serde_json::json;

    use super::{BEGINNING, COLUMNS, FORCE, STRETCHES, Trajectory};

    fn read(text: &str) -> anyhow::Result<Trajectory> {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path().join("run.csv"), text).unwrap();
        Trajectory::read(directory.path(), &json!(null), "run.csv", "run")
    }

    /// A law's own columns come behind the others, whatever the file has between them.
    #[test]
    fn gains_and_integrals_are_read_where_they_are_described() {
        let directory = tempfile::tempdir().unwrap();
        let column = |name: &str, unit: &str| json!({ "name": name, "titles": [name, format!("symbol of {name}")], "schema:unitText": unit });
        let columns =
            [column("x", "m"), column("u_sw", "N"), column("sign", "1"), column("k", "N")];
        let description =
            json!({ "tables": [{ "url": "run.csv", "tableSchema": { "columns": columns } }] });
        let text = COLUMNS.join(",") + ",u_sw,sign,k\n" + "0,1,2,3,4,5,6,7,8,9,10,25.0123456\n";
        write(directory.path().join("run.csv"), text).unwrap();
        let read = Trajectory::read(directory.path(), &description, "run.csv", "run").unwrap();
        assert_eq!(read.columns.last().unwrap(), "k");
        let of = &read.remembered[0];
        assert_eq!((of.symbol.as_str(), of.unit.as_str()), ("symbol of k", "N"));
        assert_eq!(read.kept[0][8..], [Some(8.0), Some(25.012_346)]);
    }

    #[test]
    fn a_long_run_keeps_its_ends_and_every_peak_of_the_force() {
        let rows = 20_000_u32;
        let mut text = COLUMNS.join(",") + "\n";
        for row in 0..rows {
            let force = match row {
                7_777 => 150.0,
                7_778 => -150.0,
                _ => 0.0,
            };
            text += &format!("{},0,0.123456789,0,0,0,0,{force:?},NaN\n", f64::from(row) / 1e3);
        }
        let trajectory = read(&text).unwrap();
        assert_eq!(trajectory.rows, 20_000);
        assert!(
            trajectory.kept.len() <= BEGINNING + 3 * STRETCHES + 1,
            "{}",
            trajectory.kept.len()
        );
        let of = |column: usize| trajectory.kept.iter().map(move |row| row[column]);
        assert!(of(FORCE).any(|u| u == Some(150.0)) && of(FORCE).any(|u| u == Some(-150.0)));
        assert_eq!((of(0).next(), of(0).next_back()), (Some(Some(0.0)), Some(Some(19.999))));
        assert!(of(0).is_sorted() && of(2).all(|theta| theta == Some(0.123_46)));
        assert!(of(8).all(|sigma| sigma.is_none()), "what is no number is none");
    }

    #[test]
    fn what_is_no_trajectory_is_refused() {
        for (text, message) in [
            ("t,x\n0,0\n", "there is no column theta1"),
            (&(COLUMNS.join(",") + "\n0,zero,0,0,0,0,0,0,0\n"), "'zero' is not a number"),
            (&(COLUMNS.join(",") + "\nNaN,0,0,0,0,0,0,0,0\n"), "a row has no time"),
        ] {
            let error = format!("{:#}", read(text).unwrap_err());
            assert!(error.contains(message), "{error}");
        }
    }
}
