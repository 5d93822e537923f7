//! Settling times of which not all were seen: the product-limit estimator.
//!
//! Times are whole ticks, the control periods of a run, so that what is kept is two counts a tick, and
//! exact.
//!
//! Validated by its own tests, against published data by lifelines (`tests/golden/statistics.json`).

use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;
use crate::statistics::{Confidence, Estimate};

/// What was seen of the time until something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// It happened at this tick.
    Event(u32),
    /// Up to this tick it had not happened, and nothing is known of the time after it.
    Censored(u32),
    /// It will not happen, however long one waits.
    Never,
}

impl Lifetime {
    /// The time to settle of a run, with `period` the length of a tick in s, and `horizon` the ticks of a
    /// whole run.
    ///
    /// A run that stays up to the horizon without settling is censored there: it might have settled later.
    /// One that fell, left the track or diverged never settles, and stays among those that could have.
    /// To censor it at its fall would be to say that it might have settled as soon as any that was still
    /// up; but it fell *because* it was not about to. Such censoring is informative, which the estimator
    /// must not be given, and it would flatter the law that falls: with half of the runs fallen and half
    /// settled, it would say that all settle.
    pub fn to_settle(
        outcome: Outcome,
        settling_time: Option<f64>,
        period: f64,
        horizon: u32,
    ) -> Self {
        match outcome {
            Outcome::Settled => {
                let Some(time) = settling_time else {
                    unreachable!("a run that settled has a settling time");
                };
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a number of periods of a run"
                )]
                Self::Event((time / period).round() as u32)
            }
            Outcome::NotSettled => Self::Censored(horizon),
            Outcome::Fallen | Outcome::OffTrack | Outcome::Diverged => Self::Never,
        }
    }
}

/// Takes lifetimes one by one, and estimates how many last longer than a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KaplanMeier {
    /// Tick by tick.
    ticks: Box<[Counts]>,
    never: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    events: u64,
    censored: u64,
}

/// Where the curve goes down.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SurvivalStep {
    /// The tick.
    pub tick: u32,
    /// Of how many it had not happened before.
    pub at_risk: u64,
    /// To how many it happens now.
    pub events: u64,
    /// The share to which it has not happened after this tick.
    pub survival: f64,
    /// The confidence interval of that share; none where nobody is left, since the variance is not
    /// defined there.
    pub interval: Option<[f64; 2]>,
}

impl KaplanMeier {
    /// For times up to the tick `horizon`. All memory is taken here: 16 bytes a tick.
    pub fn new(horizon: u32) -> Self {
        Self { ticks: vec![Counts::default(); horizon as usize + 1].into_boxed_slice(), never: 0 }
    }

    /// One more lifetime.
    ///
    /// # Panics
    /// A tick beyond the horizon.
    pub fn add(&mut self, lifetime: Lifetime) {
        match lifetime {
            Lifetime::Event(tick) => self.ticks[tick as usize].events += 1,
            Lifetime::Censored(tick) => self.ticks[tick as usize].censored += 1,
            Lifetime::Never => self.never += 1,
        }
    }

    /// How many lifetimes there were.
    pub fn count(&self) -> u64 {
        self.never + self.ticks.iter().map(|counts| counts.events + counts.censored).sum::<u64>()
    }

    /// The steps of the curve `S(t) = ∏(1 − d_i/n_i)` over the ticks `i ≤ t`, with `d_i` events among the
    /// `n_i` at risk; what is censored at a tick is still at risk at it.
    ///
    /// The interval is `S^exp(±z·√V)` with `V = Σ d_i/(n_i(n_i − d_i)) / (ln S)²`.
    ///
    /// # Source: Kaplan and Meier (1958), Nonparametric estimation from incomplete observations; the
    /// variance by Greenwood (1926), the transformation `ln(−ln S)` by Kalbfleisch and Prentice (1980),
    /// The statistical analysis of failure time data.
    pub fn steps(&self, confidence: Confidence) -> impl Iterator<Item = SurvivalStep> + '_ {
        let (mut at_risk, mut survival, mut greenwood) = (self.count(), 1.0, 0.0);
        (0..).zip(&self.ticks).filter_map(move |(tick, &Counts { events, censored })| {
            let step = (events > 0).then(|| {
                let (d, n) = (events as f64, at_risk as f64);
                survival *= 1.0 - d / n;
                greenwood += d / (n * (n - d));
                let interval = (events < at_risk).then(|| {
                    let spread = confidence.z() * greenwood.sqrt() / libm::log(survival);
                    let bound = |by: f64| libm::pow(survival, libm::exp(by));
                    // The logarithm is negative: so is the spread.
                    [bound(-spread), bound(spread)]
                });
                SurvivalStep { tick, at_risk, events, survival, interval }
            });
            at_risk -= events + censored;
            step
        })
    }

    /// The share to which it has not happened up to and at `tick`, with its interval: that is the last
    /// step up to it. None before the first step, where the share is 1 and nothing is known of its
    /// variance.
    pub fn survival(&self, tick: u32, confidence: Confidence) -> Option<SurvivalStep> {
        self.steps(confidence).take_while(|step| step.tick <= tick).last()
    }

    /// The first tick at which at most half are left, and the first ones at which the ends of the interval
    /// are. What is not seen is none: later than any tick.
    ///
    /// # Source: Brookmeyer and Crowley (1982), A confidence interval for the median survival time, with
    /// the transformed interval.
    pub fn median(&self, confidence: Confidence) -> Estimate<Option<u32>> {
        // What is half but for rounding is half.
        let half = 0.5 * (1.0 + 1e-12);
        let mut median = Estimate { value: None, low: None, high: None };
        for SurvivalStep { tick, survival, interval, .. } in self.steps(confidence) {
            let [lower, upper] = interval.unwrap_or([survival; 2]);
            for (first, share) in
                [(&mut median.value, survival), (&mut median.low, lower), (&mut median.high, upper)]
            {
                if share <= half {
                    first.get_or_insert(tick);
                }
            }
        }
        median
    }
}

#[cfg(test)]
mod tests {
    use super::{KaplanMeier, Lifetime, Outcome};
    use crate::statistics::{Confidence, golden};

    fn of(lifetimes: impl IntoIterator<Item = Lifetime>) -> KaplanMeier {
        let mut all = KaplanMeier::new(40);
        lifetimes.into_iter().for_each(|lifetime| all.add(lifetime));
        all
    }

    /// Weeks without relapse of 42 children, Freireich et al. (1963), with ties of events and of an event
    /// and a censoring.
    #[test]
    fn published_curves_are_those_of_lifelines() {
        let data = golden("kaplan_meier");
        for set in &data {
            let weeks = |key: &str| -> Vec<u32> {
                let weeks = set[key].as_array().unwrap();
                weeks.iter().map(|week| u32::try_from(week.as_u64().unwrap()).unwrap()).collect()
            };
            let events = weeks("events").into_iter().map(Lifetime::Event);
            let curve = of(events.chain(weeks("censored").into_iter().map(Lifetime::Censored)));
            let confidence = Confidence::new(set["level"].as_f64().unwrap()).unwrap();
            let rows = set["rows"].as_array().unwrap();
            let steps: Vec<_> = curve.steps(confidence).collect();
            assert_eq!(steps.len(), rows.len());
            for (step, row) in steps.iter().zip(rows) {
                assert_eq!(u64::from(step.tick), row[0].as_u64().unwrap());
                assert_eq!(step.at_risk, row[1].as_u64().unwrap(), "{row}");
                assert_eq!(step.events, row[2].as_u64().unwrap(), "{row}");
                let close = |a: f64, b: &serde_json::Value| (a - b.as_f64().unwrap()).abs() < 1e-12;
                assert!(close(step.survival, &row[3]), "{row}: {step:?}");
                match step.interval {
                    Some([low, high]) => {
                        assert!(close(low, &row[4]) && close(high, &row[5]), "{row}: {step:?}");
                    }
                    None => assert!(row[4].is_null() && row[5].is_null()),
                }
            }
            let median = curve.median(confidence);
            let ticks = |value: &serde_json::Value| value.as_f64();
            assert_eq!(median.value.map(f64::from), ticks(&set["median"]));
            assert_eq!(median.low.map(f64::from), ticks(&set["median_interval"][0]));
            assert_eq!(median.high.map(f64::from), ticks(&set["median_interval"][1]));
        }
        assert_eq!(data.len(), 4);
    }

    /// With half settled at once and half fallen, half never settle. Censored at the fall, all would.
    #[test]
    fn a_fall_stays_at_risk_to_the_end() {
        let settled = || (0..10).map(|_| Lifetime::Event(5));
        let survival = |curve: &KaplanMeier| {
            curve.survival(40, Confidence::default()).map(|step| step.survival)
        };
        let honest = of(settled().chain((0..10).map(|_| Lifetime::Never)));
        assert_eq!(survival(&honest), Some(0.5));
        let flattered = of(settled().chain((0..10).map(|_| Lifetime::Censored(3))));
        assert_eq!(survival(&flattered), Some(0.0));
        // Nobody is censored before the horizon: the curve is that of the counts.
        let counted = of((0..20).map(Lifetime::Event).chain((0..7).map(|_| Lifetime::Never)));
        for step in counted.steps(Confidence::default()) {
            let left = f64::from(27 - step.tick - 1) / 27.0;
            assert!((step.survival - left).abs() < 1e-14);
        }
        assert_eq!(counted.median(Confidence::default()).value, Some(13));
        assert_eq!(counted.survival(40, Confidence::default()).unwrap().at_risk, 8);
    }

    #[test]
    fn outcomes_are_lifetimes() {
        for (outcome, settling_time, expected) in [
            (Outcome::Settled, Some(0.0), Lifetime::Event(0)),
            (Outcome::Settled, Some(0.1 + 0.2), Lifetime::Event(300)),
            (Outcome::NotSettled, None, Lifetime::Censored(10_000)),
            (Outcome::Fallen, None, Lifetime::Never),
            (Outcome::OffTrack, None, Lifetime::Never),
            (Outcome::Diverged, None, Lifetime::Never),
        ] {
            assert_eq!(Lifetime::to_settle(outcome, settling_time, 0.001, 10_000), expected);
        }
    }

    #[test]
    fn nothing_seen_is_nothing_known() {
        let confidence = Confidence::default();
        for curve in [of([]), of([Lifetime::Never]), of([Lifetime::Censored(3)])] {
            assert_eq!(curve.steps(confidence).count(), 0);
            assert_eq!(curve.survival(40, confidence), None);
            assert_eq!(curve.median(confidence).value, None);
        }
    }

    #[test]
    fn an_interruption_changes_nothing() {
        let lifetimes =
            || (0..40).map(|i| if i % 3 == 0 { Lifetime::Never } else { Lifetime::Event(i) });
        let bytes = serde_json::to_vec(&of(lifetimes().take(17))).unwrap();
        let mut resumed: KaplanMeier = serde_json::from_slice(&bytes).unwrap();
        lifetimes().skip(17).for_each(|lifetime| resumed.add(lifetime));
        assert_eq!(resumed, of(lifetimes()));
    }
}
