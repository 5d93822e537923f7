//! A series judged as a whole, and its later half by itself.
//!
//! The trend test overlooks what happens in less than 29 % of a series: growth that begins late. The
//! later half sees that, if it fills 15 % of the whole. Where the samples come from is not known here.
//!
//! Validated by `tests/judgement.rs`.

use std::fmt;

use serde::Serialize;

use crate::trend::{MIN_SAMPLES, Sample, TrendError, TrendReport, Verdict, trend};

/// What a series says about growth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Judgement {
    /// All of it.
    pub whole: TrendReport,
    /// The later half, the middle sample included.
    pub later_half: TrendReport,
    /// `Growing` if one of the two is, `Flat` if both are, else `Undecided`.
    pub verdict: Verdict,
}

impl Judgement {
    /// The fewest samples with which both parts can be judged.
    pub const MIN_SAMPLES: usize = 2 * MIN_SAMPLES - 1;

    /// Do `samples` grow by more than `limit_bytes_per_hour`?
    ///
    /// # Errors
    ///
    /// As for [`trend`].
    pub fn of(samples: &[Sample], limit_bytes_per_hour: f64) -> Result<Self, TrendError> {
        let whole = trend(samples, limit_bytes_per_hour)?;
        let later_half = trend(&samples[samples.len() / 2..], limit_bytes_per_hour)?;
        let verdict = match (whole.verdict, later_half.verdict) {
            (Verdict::Growing, _) | (_, Verdict::Growing) => Verdict::Growing,
            (Verdict::Flat, Verdict::Flat) => Verdict::Flat,
            _ => Verdict::Undecided,
        };
        Ok(Self { whole, later_half, verdict })
    }

    /// The two parts by name.
    pub fn parts(&self) -> [(&'static str, &TrendReport); 2] {
        [("whole", &self.whole), ("later half", &self.later_half)]
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.verdict)?;
        for (name, part) in self.parts() {
            write!(f, "; {name}: {} after {} samples", part.verdict, part.samples_given)?;
            if let Some(e) = &part.estimate {
                write!(
                    f,
                    ", {:.0} bytes/h, 95 % within {:.0} to {:.0}",
                    e.slope_bytes_per_hour, e.slope_low_bytes_per_hour, e.slope_high_bytes_per_hour
                )?;
            }
        }
        Ok(())
    }
}
