//! The whole and its later half: what each sees that the other does not.

use memcheck::{Judgement, Sample, Verdict};

const MIB: f64 = 1_048_576.0;

/// One sample a minute, of bytes that depend on the share of the series that is over.
fn check(samples: usize, bytes: fn(f64) -> f64, verdict: Verdict, parts: [Verdict; 2]) {
    let series: Vec<Sample> = (0..samples)
        .map(|i| Sample { t: 60.0 * i as f64, bytes: bytes(i as f64 / samples as f64) })
        .collect();
    let judgement = Judgement::of(&series, MIB).unwrap();
    assert_eq!(judgement.verdict, verdict, "{judgement}");
    assert_eq!(judgement.parts().map(|(_, part)| part.verdict), parts, "{judgement}");
}

#[test]
fn verdicts() {
    use Verdict::{Flat, Growing, Undecided};
    check(480, |_| 5.0 * MIB, Flat, [Flat, Flat]);
    check(480, |share| 100.0 * MIB * share, Growing, [Growing, Growing]);
    // A warm-up does no harm.
    check(480, |share| MIB * (100.0 * share).min(5.0), Flat, [Flat, Flat]);
    // Growth in the last quarter is overlooked in the whole series.
    check(480, |share| 400.0 * MIB * (share - 0.75).max(0.0), Growing, [Flat, Growing]);
    // Too few for the later half, too few for both.
    check(Judgement::MIN_SAMPLES - 1, |_| 5.0 * MIB, Undecided, [Flat, Undecided]);
    check(Judgement::MIN_SAMPLES, |_| 5.0 * MIB, Flat, [Flat, Flat]);
    check(1, |_| 5.0 * MIB, Undecided, [Undecided, Undecided]);
}

#[test]
fn it_says_verdict_and_numbers() {
    let series: Vec<Sample> =
        (0..20).map(|i| Sample { t: 3600.0 * f64::from(i), bytes: 10.0 * f64::from(i) }).collect();
    assert_eq!(
        Judgement::of(&series, 1.0).unwrap().to_string(),
        "growing; whole: growing after 20 samples, 10 bytes/h, 95 % within 10 to 10; later half: \
         growing after 10 samples, 10 bytes/h, 95 % within 10 to 10"
    );
    assert_eq!(
        Judgement::of(&series[..1], 1.0).unwrap().to_string(),
        "undecided; whole: undecided after 1 samples; later half: undecided after 1 samples"
    );
}
