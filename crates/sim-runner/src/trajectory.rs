//! A run as rows of a CSV file, streamed: the memory does not depend on the length of the run.
//!
//! What a row is, is said here alone; [`ParquetTrajectory`](crate::ParquetTrajectory) writes the same.
//! Validated by `tests/trajectory.rs`.

use std::io::Write;

use dip_dynamics::State;
use smc_controllers::Remembered;

use crate::observer::{Instant, Observer};

/// A column of a trajectory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its symbol in the equations.
    pub symbol: String,
    /// Its unit.
    pub unit: &'static str,
}

/// Columns that every trajectory has.
pub(crate) const FIXED: usize = 18;

impl Column {
    /// Those of a trajectory, in order, under a law that remembers `remembered`
    /// ([`Memory::names`](smc_controllers::Memory::names)).
    ///
    /// The time `t`; the true state; the command `u`, `sigma`, and the `force` on the cart; the state as
    /// it was measured, `x_measured` to `theta2_dot_measured`; `u_eq` and `u_sw`; then what the law
    /// remembered when it gave the command. All but the last are the same in any world and for any law.
    pub fn of_trajectory(remembered: &[Remembered]) -> Vec<Self> {
        let column = |name: &str, symbol: &str, unit| Self {
            name: name.to_owned(),
            symbol: symbol.to_owned(),
            unit,
        };
        let state = |suffix: [&'static str; 2]| {
            let states = State::NAMES.into_iter().zip(State::SYMBOLS).zip(State::UNITS);
            states.map(move |((name, symbol), unit)| {
                column(&(name.to_owned() + suffix[0]), &(symbol.to_owned() + suffix[1]), unit)
            })
        };
        let mut columns = vec![column("t", "t", "s")];
        columns.extend(state(["", ""]));
        columns.extend([column("u", "u", "N"), column("sigma", "σ", "N·s")]);
        columns.push(column("force", "force", "N"));
        columns.extend(state(["_measured", " measured"]));
        columns.extend([column("u_eq", "u_eq", "N"), column("u_sw", "u_sw", "N")]);
        columns.extend(remembered.iter().map(|of| column(of.name, of.symbol, of.unit)));
        columns
    }
}

/// The numbers of a row that every trajectory has.
pub(crate) fn numbers(instant: &Instant<'_>) -> [f64; FIXED] {
    let &Instant { t, state, measured, command, force, .. } = instant;
    let ([x, theta1, theta2, x_dot, theta1_dot, theta2_dot], [a, b, c, d, e, f]) =
        (state.to_array(), measured.to_array());
    let sigma = command.sigma.unwrap_or(f64::NAN);
    let (u, u_eq, u_sw) = (command.u, command.u_eq, command.u_sw);
    [
        t, x, theta1, theta2, x_dot, theta1_dot, theta2_dot, u, sigma, force, a, b, c, d, e, f,
        u_eq, u_sw,
    ]
}

/// Writes one row an instant, in SI units, with the columns of [`Column::of_trajectory`].
///
/// Numbers are written with as many digits as they need to be read back exactly. `sigma` is `NaN`
/// for a law without a surface. The first error stops the writing, not the run; [`finish`] tells.
///
/// [`finish`]: Self::finish
#[derive(Debug)]
pub struct TrajectoryWriter<W: Write> {
    csv: csv::Writer<W>,
    remembered: usize,
    error: Option<csv::Error>,
}

impl<W: Write> TrajectoryWriter<W> {
    /// Writes the names of the columns. `remembered` says what the law remembers.
    pub fn new(target: W, remembered: &[Remembered]) -> Self {
        let mut csv = csv::Writer::from_writer(target);
        let columns = Column::of_trajectory(remembered);
        let error = csv.write_record(columns.iter().map(|column| &column.name)).err();
        Self { csv, remembered: remembered.len(), error }
    }

    /// Flushes, and gives back the target.
    ///
    /// # Errors
    /// The first error of any row, or that of the flush.
    pub fn finish(self) -> Result<W, csv::Error> {
        match self.error {
            Some(error) => Err(error),
            None => self.csv.into_inner().map_err(|error| error.into_error().into()),
        }
    }
}

impl<W: Write> Observer for TrajectoryWriter<W> {
    fn observe(&mut self, instant: &Instant<'_>) {
        if self.error.is_none() {
            let row = (numbers(instant), &instant.remembered[..self.remembered]);
            self.error = self.csv.serialize(row).err();
        }
    }
}
