//! Whether a sampled series of bytes grows: Theil–Sen slope with its interval, and Mann–Kendall.
//!
//! Both use only the order and the slopes of pairs, so outliers and the stairs in which a resident
//! set moves do not mislead them as they would a least-squares line. It does not know where the
//! samples come from.
//!
//! What it cannot see:
//! - The slope is a median. What happens in less than about 29 % of the series, a first warm-up
//!   or a leak that has only just begun, is an outlier to it. Judge the latest part by itself too.
//! - Samples are taken to be independent. Samples closer together than the memory of the noise
//!   make the interval too narrow.
//!
//! Sources: Mann (1945), Econometrica 13; Kendall (1975), Rank Correlation Methods, §4 for the
//! variance with ties; Sen (1968), J. Am. Stat. Assoc. 63, for the slope and its interval.
//!
//! Validated by `tests/trend.rs`: against `SciPy` and `pyMannKendall`, by the coverage of the
//! interval, and by exact symmetries.

use std::f64::consts::SQRT_2;

use std::fmt;

use serde::Serialize;

/// The fewest samples for which the normal approximations used here are good.
pub const MIN_SAMPLES: usize = 10;

/// The most samples that are used: their 499 500 pairs take 4 MB. Longer series are thinned.
pub const MAX_SAMPLES: usize = 1000;

/// 97.5 % quantile of the normal distribution, for intervals of 95 %.
const Z_975: f64 = 1.959_963_984_540_054;

const SECONDS_PER_HOUR: f64 = 3600.0;

/// One reading of a meter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// Time in seconds, from any origin.
    pub t: f64,
    /// The reading.
    pub bytes: f64,
}

/// What a series says about growth. Only `Flat` is a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The whole interval of the slope lies below the limit.
    Flat,
    /// The whole interval lies above the limit. Mann–Kendall then finds a significant increase too
    /// (`s > 0`, `p < 0.05`): an interval above 0 leaves it no choice.
    Growing,
    /// Neither, or fewer than [`MIN_SAMPLES`]: sample longer.
    Undecided,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Flat => "flat",
            Self::Growing => "growing",
            Self::Undecided => "undecided",
        })
    }
}

/// Slope and significance of a series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Median of the slopes of all pairs (Theil–Sen).
    pub slope_bytes_per_hour: f64,
    /// Lower end of its 95 % interval.
    pub slope_low_bytes_per_hour: f64,
    /// Upper end of its 95 % interval.
    pub slope_high_bytes_per_hour: f64,
    /// Mann–Kendall: pairs that rise minus pairs that fall.
    pub s: i64,
    /// `s`, one nearer to 0 for continuity, in standard deviations; the variance allows for ties.
    pub z: f64,
    /// Probability of so large a `|z|` without a trend.
    pub p: f64,
}

/// The outcome of [`trend`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TrendReport {
    /// The slope that was asked to be told from.
    pub limit_bytes_per_hour: f64,
    /// Length of the series.
    pub samples_given: usize,
    /// Length after thinning.
    pub samples_used: usize,
    /// None with fewer than [`MIN_SAMPLES`].
    pub estimate: Option<Estimate>,
    /// The conclusion.
    pub verdict: Verdict,
}

/// Why a series cannot be judged.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum TrendError {
    /// Zero growth can be counted but not sampled, so the limit has to leave room.
    #[error("the limit has to be positive and finite, not {limit_bytes_per_hour} bytes per hour")]
    LimitNotPositive {
        /// As given.
        limit_bytes_per_hour: f64,
    },
    /// A time or a reading is no number.
    #[error("sample {index} is not finite: {bytes} bytes at {t} s")]
    NotFinite {
        /// Its place in the series.
        index: usize,
        /// Its time in seconds.
        t: f64,
        /// Its reading.
        bytes: f64,
    },
    /// A sample is not later than the one before it.
    #[error("sample {index} at {t} s does not come after {t_before} s")]
    NotIncreasing {
        /// Its place in the series.
        index: usize,
        /// Its time in seconds.
        t: f64,
        /// The time before it, in seconds.
        t_before: f64,
    },
}

/// Judges whether `samples` grow by more than `limit_bytes_per_hour`.
///
/// A series longer than [`MAX_SAMPLES`] is thinned to every k-th sample, counted from the newest,
/// with the smallest k that suffices. Memory is bounded by the 4 MB of its pairs.
///
/// # Errors
///
/// [`TrendError`] if the limit is not positive, a number is not finite, or time does not increase.
pub fn trend(samples: &[Sample], limit_bytes_per_hour: f64) -> Result<TrendReport, TrendError> {
    if !(limit_bytes_per_hour > 0.0 && limit_bytes_per_hour.is_finite()) {
        return Err(TrendError::LimitNotPositive { limit_bytes_per_hour });
    }
    validate(samples)?;
    let used = thin(samples);
    let estimate = (used.len() >= MIN_SAMPLES).then(|| estimate(&used));
    let verdict = match estimate {
        Some(e) if e.slope_high_bytes_per_hour < limit_bytes_per_hour => Verdict::Flat,
        Some(e) if e.slope_low_bytes_per_hour > limit_bytes_per_hour => Verdict::Growing,
        _ => Verdict::Undecided,
    };
    Ok(TrendReport {
        limit_bytes_per_hour,
        samples_given: samples.len(),
        samples_used: used.len(),
        estimate,
        verdict,
    })
}

fn validate(samples: &[Sample]) -> Result<(), TrendError> {
    let mut t_before = f64::NEG_INFINITY;
    for (index, &Sample { t, bytes }) in samples.iter().enumerate() {
        if !(t.is_finite() && bytes.is_finite()) {
            return Err(TrendError::NotFinite { index, t, bytes });
        }
        if t <= t_before {
            return Err(TrendError::NotIncreasing { index, t, t_before });
        }
        t_before = t;
    }
    Ok(())
}

fn thin(samples: &[Sample]) -> Vec<Sample> {
    let stride = samples.len().div_ceil(MAX_SAMPLES).max(1);
    let mut used: Vec<_> = samples.iter().rev().step_by(stride).copied().collect();
    used.reverse();
    used
}

/// Every pair of samples, the earlier one first.
fn pairs(samples: &[Sample]) -> impl Iterator<Item = (&Sample, &Sample)> {
    samples.iter().enumerate().flat_map(|(i, a)| samples[i + 1..].iter().map(move |b| (a, b)))
}

fn estimate(samples: &[Sample]) -> Estimate {
    let mut slopes: Vec<f64> =
        pairs(samples).map(|(a, b)| (b.bytes - a.bytes) / (b.t - a.t) * SECONDS_PER_HOUR).collect();
    slopes.sort_unstable_by(f64::total_cmp);
    let (low, high) = interval(&slopes, samples.len());
    let (s, z) = mann_kendall(samples);
    Estimate {
        slope_bytes_per_hour: median(&slopes),
        slope_low_bytes_per_hour: low,
        slope_high_bytes_per_hour: high,
        s,
        z,
        // 2·(1 − Φ(|z|)), without the cancellation.
        p: libm::erfc(z.abs() / SQRT_2),
    }
}

fn median(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) {
        f64::midpoint(sorted[half - 1], sorted[half])
    } else {
        sorted[half]
    }
}

/// The 95 % interval of the median of the `slopes` of `n` samples (Sen 1968, §3).
///
/// Its ends are the slopes that leave `(N − z·√Var S)/2` of all N outside, rounded outwards. The
/// variance is the one without ties, the larger: equal readings mean that the meter is coarse, not
/// that the slope is known any better. If the lower end is positive, S exceeds `z·√Var S` by at
/// least 2, hence the Mann–Kendall test agrees.
fn interval(slopes: &[f64], n: usize) -> (f64, f64) {
    let width = Z_975 * (kendall_sum(n) / 18.0).sqrt();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounding down is meant; positive from 5 samples on"
    )]
    let outside = ((slopes.len() as f64 - width) / 2.0) as usize;
    (slopes[outside - 1], slopes[slopes.len() - outside])
}

/// S, and its standard score with continuity correction and allowance for ties (Kendall 1975, §4).
fn mann_kendall(samples: &[Sample]) -> (i64, f64) {
    let s: i64 = pairs(samples)
        .map(|(a, b)| i64::from(b.bytes > a.bytes) - i64::from(b.bytes < a.bytes))
        .sum();
    let mut bytes: Vec<f64> = samples.iter().map(|sample| sample.bytes).collect();
    bytes.sort_unstable_by(f64::total_cmp);
    let ties: f64 = bytes.chunk_by(|a, b| a == b).map(|equal| kendall_sum(equal.len())).sum();
    let variance = (kendall_sum(samples.len()) - ties) / 18.0;
    // Where all readings are equal the variance is 0 too: S = 0 is no deviation in either case.
    let z = if s == 0 { 0.0 } else { (s - s.signum()) as f64 / variance.sqrt() };
    (s, z)
}

/// `n(n−1)(2n+5)`: 18 times the variance of S for n readings in random order, or what n equal
/// readings take from it.
fn kendall_sum(n: usize) -> f64 {
    let n = n as f64;
    n * (n - 1.0) * (2.0 * n + 5.0)
}
