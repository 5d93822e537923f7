//! The trend test: against independent tools, by its rule, by its error rates and symmetries.

use memcheck::{
    Estimate, MAX_SAMPLES, MIN_SAMPLES, Sample, TrendError, TrendReport, Verdict, trend,
};
use proptest::prelude::*;

const HOUR: f64 = 3600.0;
const MIB: f64 = 1_048_576.0;
const PAGE: f64 = 4096.0;

/// A series of `n` samples, one a minute.
fn series(n: u32, bytes: impl FnMut(u32) -> f64) -> Vec<Sample> {
    let times = (0..n).map(|i| f64::from(i) * 60.0);
    times.zip((0..n).map(bytes)).map(|(t, bytes)| Sample { t, bytes }).collect()
}

fn judge(samples: &[Sample]) -> Verdict {
    report(samples).verdict
}

/// Judged with a limit of 1 MiB per hour.
fn report(samples: &[Sample]) -> TrendReport {
    trend(samples, MIB).unwrap()
}

fn estimate(samples: &[Sample]) -> Estimate {
    report(samples).estimate.unwrap()
}

/// The slope between the ends of its interval.
fn slopes(samples: &[Sample]) -> [f64; 3] {
    let e = estimate(samples);
    [e.slope_low_bytes_per_hour, e.slope_bytes_per_hour, e.slope_high_bytes_per_hour]
}

/// The series with a line added to it.
fn tilted(samples: &[Sample], bytes_per_second: f64) -> Vec<Sample> {
    samples.iter().map(|s| Sample { bytes: s.bytes + bytes_per_second * s.t, ..*s }).collect()
}

/// Uniform noise in `[−1, 1)`: the top bits of Knuth's linear congruential generator.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from((state >> 32) as u32) / 2_f64.powi(31) - 1.0
    }
}

/// Oracle: slope and interval by `scipy.stats.theilslopes` 1.17.1 (hours, 0.95), S, z and p by
/// `pymannkendall.original_test` 1.4.3. Both work in doubles; 1e-12 leaves room for summation order
/// and for erfc, whose argument near 3 magnifies a rounding of z twentyfold.
#[test]
fn agrees_with_independent_tools() {
    // hours, bytes; S; slope, its interval, z, p
    check_oracle(
        &[0.0, 1.0, 2.5, 3.0, 5.0, 6.0, 8.0, 9.5, 11.0, 12.0, 15.0, 16.0],
        &[100, 104, 101, 109, 112, 108, 121, 119, 130, 127, 141, 138],
        54,
        [2.6125, 2.0, 3.0, 3.634_345_051_015_831, 0.000_278_687_684_234_002_5],
    );
    check_oracle(
        &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0],
        &[100, 100, 104, 104, 104, 108, 104, 108, 108, 112, 112, 112, 112, 116, 112],
        81,
        [1.0, 0.8, 4.0 / 3.0, 4.112_942_931_706_123, 3.906_469_811_476_576e-5],
    );
}

fn check_oracle(hours: &[f64], bytes: &[i32], s: i64, theirs: [f64; 5]) {
    let samples: Vec<_> = std::iter::zip(hours, bytes)
        .map(|(hour, &bytes)| Sample { t: hour * HOUR, bytes: bytes.into() })
        .collect();
    let e = estimate(&samples);
    let [low, slope, high] = slopes(&samples);
    for (ours, theirs) in [slope, low, high, e.z, e.p].into_iter().zip(theirs) {
        assert!((ours / theirs - 1.0).abs() < 1e-12, "{ours}, oracle {theirs}");
    }
    assert_eq!(e.s, s);
}

/// By hand: nine readings of 0 and a last one of 90 bytes, ten seconds apart. Of 45 slopes 36 are 0
/// and nine are 90 bytes over 10, 20, … 90 s. Var S = 125 without ties, so 1.96·√125 = 21.9 and
/// ⌊(45 − 21.9)/2⌋ = 11 slopes lie outside on either side: all nine rising ones among them.
#[test]
fn one_outlier_by_hand() {
    let samples: Vec<_> = (0..10)
        .map(|i| Sample { t: f64::from(i) * 10.0, bytes: if i == 9 { 90.0 } else { 0.0 } })
        .collect();
    let e = estimate(&samples);
    assert_eq!(slopes(&samples), [0.0; 3]);
    assert_eq!(e.s, 9);
    // Nine ties take 9·8·23 from the 10·9·25 of ten readings.
    assert!((e.z - 8.0 / (594.0_f64 / 18.0).sqrt()).abs() < 1e-15);
}

/// By hand: eleven of 45 pairs are equal, and as above eleven slopes lie outside on either side, so
/// the interval begins with the last 0. A variance reduced for ties would leave out twelve.
#[test]
fn ties_do_not_narrow_the_interval() {
    let readings = [0, 0, 0, 0, 0, 1, 2, 2, 3, 4];
    let samples = series(10, |i| f64::from(readings[i as usize]));
    assert_eq!(estimate(&samples).slope_low_bytes_per_hour, 0.0);
}

#[test]
fn verdicts_on_noisy_lines() {
    // Two hours with noise of ±1 MiB: the slope is known to about ±0.25 MiB per hour.
    for seed in 0..20 {
        let line = |slope: f64| {
            let mut noise = noise(seed);
            series(120, move |i| 50.0 * MIB + MIB * (slope * f64::from(i) / 60.0 + noise()))
        };
        assert_eq!(judge(&line(0.0)), Verdict::Flat, "seed {seed}");
        assert_eq!(judge(&line(-5.0)), Verdict::Flat, "seed {seed}");
        assert_eq!(judge(&line(0.2)), Verdict::Flat, "tolerable; seed {seed}");
        assert_eq!(judge(&line(5.0)), Verdict::Growing, "seed {seed}");
    }
    let mut noise = noise(1);
    let at_the_limit = series(120, |i| MIB * (f64::from(i) / 60.0 + noise()));
    assert_eq!(judge(&at_the_limit), Verdict::Undecided);
}

#[test]
fn verdicts_on_stairs() {
    let stairs = |step: f64, every: u32| series(480, |i| step * f64::from(i / every));
    let constant = series(480, |_| 50.0 * MIB);
    assert_eq!(judge(&constant), Verdict::Flat);
    let e = estimate(&constant);
    assert_eq!((e.s, e.z, e.p), (0, 0.0, 1.0));

    // A page every hour is tolerable, 2 MiB every hour is not.
    assert_eq!(judge(&stairs(PAGE, 60)), Verdict::Flat);
    assert_eq!(judge(&stairs(2.0 * MIB, 60)), Verdict::Growing);
    // A page back and forth is no trend.
    assert_eq!(judge(&series(480, |i| PAGE * f64::from(i / 7 % 2))), Verdict::Flat);
}

/// One high step in eight hours: early or late it is an outlier, in the middle it might be a trend.
#[test]
fn one_step_is_an_outlier_or_undecided() {
    let step_after = |minutes: u32| series(480, |i| if i < minutes { 0.0 } else { 64.0 * MIB });
    assert_eq!(judge(&step_after(60)), Verdict::Flat);
    assert_eq!(judge(&step_after(240)), Verdict::Undecided);
    assert_eq!(judge(&step_after(420)), Verdict::Flat);
}

/// The blind spot that the documentation warns of, and the way out that it gives.
#[test]
fn a_late_leak_is_seen_in_the_latest_part() {
    let leak_after = |minutes: u32| series(480, |i| MIB * f64::from(i.saturating_sub(minutes)));
    let late = leak_after(400);
    assert_eq!(judge(&late), Verdict::Flat);
    assert_eq!(judge(&late[360..]), Verdict::Growing);
    assert_ne!(judge(&leak_after(300)), Verdict::Flat);
}

/// Of 400 noisy lines about 20 miss the 95 % interval, and about 20 without slope look significant.
/// The standard deviation of such a count is √(400·0.05·0.95) = 4.4; four of them are allowed.
#[test]
fn error_rates_are_as_promised() {
    const SLOPE: f64 = 3.0;
    let (mut missed, mut alarms) = (0, 0);
    for seed in 0..400 {
        let mut noise = noise(seed);
        // The first numbers of neighbouring seeds are neighbours.
        noise();
        let flat = series(50, |_| noise());
        let e = estimate(&flat);
        alarms += u32::from(e.p < 0.05);
        let e = estimate(&tilted(&flat, SLOPE / HOUR));
        let covered = e.slope_low_bytes_per_hour..=e.slope_high_bytes_per_hour;
        missed += u32::from(!covered.contains(&SLOPE));
    }
    assert!((3..=37).contains(&missed), "{missed} of 400 missed");
    assert!((3..=37).contains(&alarms), "{alarms} of 400 false alarms");
}

#[test]
fn few_samples_are_no_pass() {
    let flat = series(20, |_| 0.0);
    assert_eq!(judge(&flat[..MIN_SAMPLES]), Verdict::Flat);
    for n in 0..MIN_SAMPLES {
        let short = report(&flat[..n]);
        assert_eq!((short.verdict, short.estimate), (Verdict::Undecided, None));
    }
}

#[test]
fn long_series_are_thinned_from_the_newest() {
    for (given, used) in [(1000, 1000), (1001, 501), (2000, 1000), (28_800, 994)] {
        let report = report(&series(given, |i| MIB * f64::from(i)));
        assert_eq!((report.samples_given, report.samples_used), (given as usize, used));
        assert!(used <= MAX_SAMPLES);
        // A straight line keeps its slope, whichever points of it are left.
        assert_eq!(report.estimate.unwrap().slope_bytes_per_hour, 60.0 * MIB);
    }
    // Every other sample: those with odd numbers, the newest among them.
    let alternating = series(2000, |i| if i % 2 == 1 { f64::from(i) } else { 0.0 });
    assert_eq!(estimate(&alternating).slope_bytes_per_hour, 60.0);
}

#[test]
fn malformed_series_are_refused() {
    let at = |t: f64, bytes: f64| {
        let mut samples = series(20, |_| 0.0);
        samples[7] = Sample { t, bytes };
        trend(&samples, MIB)
    };
    assert!(at(420.0, 0.0).is_ok());
    let (index, t_before) = (7, 360.0);
    for t in [360.0, 0.0] {
        assert_eq!(at(t, 0.0), Err(TrendError::NotIncreasing { index, t, t_before }));
    }
    for (t, bytes) in [(420.0, f64::NAN), (420.0, f64::INFINITY), (f64::NAN, 0.0)] {
        assert!(matches!(at(t, bytes), Err(TrendError::NotFinite { index: 7, .. })));
    }
    for limit in [0.0, -1.0, f64::INFINITY, f64::NAN] {
        assert!(matches!(trend(&[], limit), Err(TrendError::LimitNotPositive { .. })));
    }
}

prop_compose! {
    /// Whole seconds and bytes, so that the symmetries below hold to the last bit.
    fn whole_numbers()(points in prop::collection::vec((1..1000_u32, -1_000_000..1_000_000_i32), 10..60))
        -> Vec<Sample>
    {
        let times = points.iter().scan(0, |t, point| { *t += point.0; Some(*t) });
        times.zip(&points).map(|(t, point)| Sample { t: t.into(), bytes: point.1.into() }).collect()
    }
}

proptest! {
    #[test]
    fn the_slope_lies_in_its_interval(samples in whole_numbers()) {
        let [low, slope, high] = slopes(&samples);
        prop_assert!(low <= slope && slope <= high);
    }

    /// The rule for growth looks at the interval alone, because of this.
    #[test]
    fn an_interval_above_zero_is_a_significant_increase(
        samples in whole_numbers(), bytes_per_second in 0..200_i32
    ) {
        let per_second = f64::from(bytes_per_second);
        let e = estimate(&tilted(&samples, per_second));
        if e.slope_low_bytes_per_hour > 0.0 {
            prop_assert!(e.s > 0 && e.p < 0.05, "{e:?}");
        }
    }

    #[test]
    fn shifting_changes_nothing(samples in whole_numbers(), t in -1000..1000_i32, bytes: i32) {
        let shifted: Vec<_> = samples.iter()
            .map(|s| Sample { t: s.t + f64::from(t), bytes: s.bytes + f64::from(bytes) })
            .collect();
        prop_assert_eq!(estimate(&shifted), estimate(&samples));
    }

    #[test]
    fn scaling_scales_the_slope(samples in whole_numbers(), k_t in -8..8, k_bytes in -8..8) {
        let (by_t, by_bytes) = (2_f64.powi(k_t), 2_f64.powi(k_bytes));
        let scaled: Vec<_> =
            samples.iter().map(|s| Sample { t: s.t * by_t, bytes: s.bytes * by_bytes }).collect();
        prop_assert_eq!(slopes(&scaled), slopes(&samples).map(|slope| slope * by_bytes / by_t));
        prop_assert_eq!(estimate(&scaled).p, estimate(&samples).p);
    }

    #[test]
    fn mirroring_mirrors_the_slope(samples in whole_numbers()) {
        let mirrored: Vec<_> = samples.iter().map(|s| Sample { bytes: -s.bytes, ..*s }).collect();
        let [low, slope, high] = slopes(&samples);
        prop_assert_eq!(slopes(&mirrored), [-high, -slope, -low]);
        prop_assert_eq!(estimate(&mirrored).z, -estimate(&samples).z);
    }

    /// Adding a line adds its slope. Slopes here are below 4e9 bytes per hour, so that the added
    /// quotient rounds by less than 1e-6 of a byte per hour.
    #[test]
    fn adding_a_line_adds_its_slope(samples in whole_numbers(), bytes_per_second in -1000..1000_i32) {
        let per_second = f64::from(bytes_per_second);
        let tilted = tilted(&samples, per_second);
        for (after, before) in slopes(&tilted).into_iter().zip(slopes(&samples)) {
            prop_assert!((after - before - per_second * HOUR).abs() < 1e-5);
        }
    }
}
