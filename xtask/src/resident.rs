//! The resident set through a long run in real time, and whether it grows.
//!
//! The resident set is sampled, not counted: it also shows what bypasses the allocator, but it can
//! only be told from a slope that is not zero. The trend test overlooks growth that begins late,
//! hence the later half of the series is judged by itself too.
//!
//! Validated by `tests/soak.rs` (too few samples are no pass) and by the tests here.

use std::fmt;

use anyhow::Result;
use memcheck::{MIN_SAMPLES, Meter, ResidentMeter, Sample, TrendReport, Verdict, trend};
use serde::Serialize;

use crate::report::table;

/// 1 MiB per hour. Less could not be told from a single late page in a run of minutes; what the
/// controllers leave behind is counted exactly beside this.
const LIMIT_BYTES_PER_HOUR: f64 = 1_048_576.0;

/// The fewest samples with which both parts can be judged: the later half is rounded up.
pub(crate) const SAMPLES_MIN: usize = 2 * MIN_SAMPLES - 1;

/// Samples of the resident set.
#[derive(Debug)]
pub(crate) struct Series {
    meter: ResidentMeter,
    samples: Vec<Sample>,
}

impl Series {
    /// Room for `capacity` samples.
    pub(crate) fn with_capacity(capacity: usize) -> Result<Self> {
        // A page is resident once it is written to: the room for the samples is filled now, so that
        // it does not show up as growth while they are taken.
        let mut samples = vec![Sample { t: f64::NAN, bytes: f64::NAN }; capacity];
        samples.clear();
        Ok(Self { meter: ResidentMeter::new()?, samples })
    }

    /// Takes a sample at `t` seconds, and returns it in bytes.
    pub(crate) fn sample(&mut self, t: f64) -> Result<i64> {
        let bytes = self.meter.live_bytes()?;
        self.samples.push(Sample { t, bytes: bytes as f64 });
        Ok(bytes)
    }

    pub(crate) fn judge(&self) -> Result<Judgement> {
        judge(&self.samples)
    }
}

/// What a series says about growth.
#[derive(Debug, Serialize)]
pub(crate) struct Judgement {
    limit_bytes_per_hour: f64,
    /// None without a sample.
    first_bytes: Option<f64>,
    last_bytes: Option<f64>,
    parts: [Part; 2],
    /// `growing` if one of the parts is, `flat` if both are, else `undecided`.
    verdict: Verdict,
}

/// What a part of a series says.
#[derive(Debug, Serialize)]
struct Part {
    name: &'static str,
    samples: usize,
    slope_bytes_per_hour: Option<f64>,
    slope_low_bytes_per_hour: Option<f64>,
    slope_high_bytes_per_hour: Option<f64>,
    verdict: Verdict,
}

fn judge(samples: &[Sample]) -> Result<Judgement> {
    let whole = trend(samples, LIMIT_BYTES_PER_HOUR)?;
    let later_half = trend(&samples[samples.len() / 2..], LIMIT_BYTES_PER_HOUR)?;
    let verdict = match (whole.verdict, later_half.verdict) {
        (Verdict::Growing, _) | (_, Verdict::Growing) => Verdict::Growing,
        (Verdict::Flat, Verdict::Flat) => Verdict::Flat,
        _ => Verdict::Undecided,
    };
    Ok(Judgement {
        limit_bytes_per_hour: LIMIT_BYTES_PER_HOUR,
        first_bytes: samples.first().map(|sample| sample.bytes),
        last_bytes: samples.last().map(|sample| sample.bytes),
        parts: [Part::of("whole", &whole), Part::of("later_half", &later_half)],
        verdict,
    })
}

impl Part {
    fn of(name: &'static str, report: &TrendReport) -> Self {
        let estimate = report.estimate;
        Self {
            name,
            samples: report.samples_given,
            slope_bytes_per_hour: estimate.map(|e| e.slope_bytes_per_hour),
            slope_low_bytes_per_hour: estimate.map(|e| e.slope_low_bytes_per_hour),
            slope_high_bytes_per_hour: estimate.map(|e| e.slope_high_bytes_per_hour),
            verdict: report.verdict,
        }
    }

    fn row(&self) -> [String; 5] {
        let kib = |bytes: Option<f64>| bytes.map_or("-".into(), |b| format!("{:.0}", b / 1024.0));
        [
            self.name.into(),
            self.samples.to_string(),
            kib(self.slope_bytes_per_hour),
            format!(
                "{} to {}",
                kib(self.slope_low_bytes_per_hour),
                kib(self.slope_high_bytes_per_hour)
            ),
            self.verdict.to_string(),
        ]
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["resident set", "samples", "slope KiB/h", "95 % interval", "verdict"];
        write!(f, "{}", table(header, self.parts.iter().map(Part::row)))
    }
}

impl Judgement {
    /// What broke the limit, or could not be told from it.
    pub(crate) fn faults(&self) -> Vec<String> {
        self.parts
            .iter()
            .filter(|part| part.verdict != Verdict::Flat)
            .map(|Part { name, samples, verdict, .. }| {
                format!("resident set, {name}: {verdict} after {samples} samples")
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use memcheck::Sample;

    use super::{SAMPLES_MIN, judge};

    const MIB: f64 = 1_048_576.0;

    /// One sample a minute, of bytes that depend on the share of the series that is over.
    fn check(samples: usize, bytes: fn(f64) -> f64, verdict: &str, parts: [&str; 2]) {
        let series: Vec<Sample> = (0..samples)
            .map(|i| Sample { t: 60.0 * i as f64, bytes: bytes(i as f64 / samples as f64) })
            .collect();
        let judgement = judge(&series).unwrap();
        assert_eq!(judgement.verdict.to_string(), verdict);
        assert_eq!(judgement.parts.map(|part| part.verdict.to_string()), parts);
    }

    #[test]
    fn verdicts() {
        check(480, |_| 5.0 * MIB, "flat", ["flat", "flat"]);
        check(480, |share| 100.0 * MIB * share, "growing", ["growing", "growing"]);
        // A warm-up does no harm.
        check(480, |share| MIB * (100.0 * share).min(5.0), "flat", ["flat", "flat"]);
        // Growth in the last quarter is overlooked in the whole series.
        check(480, |share| 400.0 * MIB * (share - 0.75).max(0.0), "growing", ["flat", "growing"]);
        // Too few for the later half, too few for both.
        check(SAMPLES_MIN - 1, |_| 5.0 * MIB, "undecided", ["flat", "undecided"]);
        check(SAMPLES_MIN, |_| 5.0 * MIB, "flat", ["flat", "flat"]);
        check(1, |_| 5.0 * MIB, "undecided", ["undecided", "undecided"]);
    }
}
