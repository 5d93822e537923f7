//! A run as rows of a CSV file, streamed: the memory does not depend on the length of the run.

use std::io::Write;

use dip_dynamics::State;

use crate::observer::{Instant, Observer};

/// Writes one row an instant, in SI units: `t,x,theta1,theta2,x_dot,theta1_dot,theta2_dot,u,sigma`,
/// then the `force` on the cart, and the state as it was measured, `x_measured` to
/// `theta2_dot_measured`. The columns are the same in any world.
///
/// Numbers are written with as many digits as they need to be read back exactly. `sigma` is `NaN`
/// for a law without a surface. The first error stops the writing, not the run; [`finish`] tells.
///
/// [`finish`]: Self::finish
#[derive(Debug)]
pub struct TrajectoryWriter<W: Write> {
    csv: csv::Writer<W>,
    error: Option<csv::Error>,
}

impl<W: Write> TrajectoryWriter<W> {
    /// Writes the names of the columns.
    pub fn new(target: W) -> Self {
        let mut csv = csv::Writer::from_writer(target);
        let measured = State::NAMES.map(|name| format!("{name}_measured"));
        let names = ["t"].into_iter().chain(State::NAMES).chain(["u", "sigma", "force"]);
        let names = names.chain(measured.iter().map(String::as_str));
        let error = csv.write_record(names).err();
        Self { csv, error }
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
    fn observe(&mut self, &Instant { t, state, measured, command, force }: &Instant<'_>) {
        if self.error.is_none() {
            let sigma = command.sigma.unwrap_or(f64::NAN);
            let row = (t, state.to_array(), command.u, sigma, force, measured.to_array());
            self.error = self.csv.serialize(row).err();
        }
    }
}
