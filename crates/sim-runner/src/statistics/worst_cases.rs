//! The worst of many runs, to be looked at one by one.
//!
//! Validated by its own tests, against sorting.

use core::cmp::{Ordering, Reverse};

use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;

/// How bad the end of a run is: a fall or a divergence is worst, and the earlier the worse; then leaving
/// the track, the earlier the worse; then not settling, by a score; then settling late.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Severity {
    outcome: Outcome,
    /// Within the outcome, more is worse.
    score: f64,
}

impl Severity {
    /// Of a run that ended with `outcome` at `time` in s. `score` tells runs that did not settle apart,
    /// more is worse; `settling_time` those that did.
    pub fn new(outcome: Outcome, time: f64, score: f64, settling_time: Option<f64>) -> Self {
        let score = match outcome {
            Outcome::Fallen | Outcome::OffTrack | Outcome::Diverged => -time,
            Outcome::NotSettled => score,
            Outcome::Settled => settling_time.unwrap_or(time),
        };
        Self { outcome, score }
    }

    fn class(&self) -> u8 {
        match self.outcome {
            Outcome::Settled => 0,
            Outcome::NotSettled => 1,
            Outcome::OffTrack => 2,
            Outcome::Fallen | Outcome::Diverged => 3,
        }
    }
}

impl Ord for Severity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.class().cmp(&other.class()).then(self.score.total_cmp(&other.score))
    }
}

impl PartialOrd for Severity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Severity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Severity {}

/// One of the worst runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorstCase<K, T> {
    /// How bad it is.
    pub key: K,
    /// Number of the scenario.
    pub index: u64,
    /// What else is to be known of it.
    pub payload: T,
}

/// Keeps the `capacity` runs with the largest keys; of equal ones those with the smaller indices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "Stored<K, T>",
    bound(deserialize = "K: Ord + Deserialize<'de>, T: Deserialize<'de>")
)]
pub struct WorstCases<K, T> {
    capacity: usize,
    /// The worst one first.
    cases: Vec<WorstCase<K, T>>,
}

/// The same as plain data.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<K, T> {
    capacity: usize,
    cases: Vec<WorstCase<K, T>>,
}

impl<K: Ord, T> TryFrom<Stored<K, T>> for WorstCases<K, T> {
    type Error = &'static str;

    fn try_from(Stored { capacity, cases }: Stored<K, T>) -> Result<Self, Self::Error> {
        if cases.len() > capacity || !cases.is_sorted_by(|one, next| one.order(next).is_lt()) {
            return Err("worst cases: more than there is room for, or out of order");
        }
        let mut worst = Self::new(capacity);
        worst.cases.extend(cases);
        Ok(worst)
    }
}

impl<K: Ord, T> WorstCase<K, T> {
    /// The worse one first.
    fn order(&self, other: &Self) -> Ordering {
        Reverse(&self.key).cmp(&Reverse(&other.key)).then(self.index.cmp(&other.index))
    }
}

impl<K: Ord, T> WorstCases<K, T> {
    /// Room for this many. All memory is taken here.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, cases: Vec::with_capacity(capacity) }
    }

    /// One more run, in any order.
    pub fn add(&mut self, key: K, index: u64, payload: T) {
        let case = WorstCase { key, index, payload };
        let place = self.cases.partition_point(|kept| kept.order(&case).is_le());
        if place < self.capacity {
            self.cases.truncate(self.capacity - 1);
            self.cases.insert(place, case);
        }
    }

    /// The worst runs, the worst one first.
    pub fn cases(&self) -> &[WorstCase<K, T>] {
        &self.cases
    }
}

#[cfg(test)]
mod tests {
    use super::{Severity, WorstCase, WorstCases};
    use crate::outcome::Outcome;

    #[test]
    fn ends_of_runs_from_bad_to_worse() {
        let ends = [
            (Outcome::Settled, 10.0, 0.0, Some(1.0)),
            (Outcome::Settled, 10.0, 9.0, Some(2.0)),
            (Outcome::NotSettled, 10.0, 0.1, None),
            (Outcome::NotSettled, 10.0, 0.2, None),
            (Outcome::OffTrack, 5.0, 7.0, None),
            (Outcome::OffTrack, 1.0, 0.0, None),
            (Outcome::Fallen, 3.0, 0.0, None),
            (Outcome::Diverged, 2.0, 0.0, None),
            (Outcome::Fallen, 1.0, 0.0, None),
        ]
        .map(|(outcome, time, score, settling)| Severity::new(outcome, time, score, settling));
        assert!(ends.is_sorted_by(|one, next| one < next), "{ends:?}");
        let at = |outcome| Severity::new(outcome, 2.0, 0.0, None);
        assert_eq!(at(Outcome::Fallen), at(Outcome::Diverged));
    }

    /// Few keys, so that ties decide, in an order that is not that of the indices.
    #[test]
    fn the_worst_are_the_first_of_all_sorted() {
        let runs: Vec<(u64, u64)> = (0..500).map(|i| (i * i % 40, i * 77 % 500)).collect();
        let mut sorted: Vec<_> = runs
            .iter()
            .map(|&(key, index)| WorstCase { key, index, payload: key + index })
            .collect();
        sorted.sort_by_key(|case| (std::cmp::Reverse(case.key), case.index));
        for capacity in [0, 1, 7, 499, 500, 600] {
            let mut worst = WorstCases::new(capacity);
            for &(key, index) in &runs {
                worst.add(key, index, key + index);
            }
            assert_eq!(worst.cases(), &sorted[..capacity.min(500)]);

            let mut half = WorstCases::new(capacity);
            for &(key, index) in &runs[..200] {
                half.add(key, index, key + index);
            }
            let bytes = serde_json::to_vec(&half).unwrap();
            let mut resumed: WorstCases<u64, u64> = serde_json::from_slice(&bytes).unwrap();
            assert!(resumed.cases.capacity() >= capacity);
            for &(key, index) in &runs[200..] {
                resumed.add(key, index, key + index);
            }
            assert_eq!(resumed, worst);
        }
    }

    #[test]
    fn a_damaged_file_is_refused() {
        for json in [
            r#"{"capacity":0,"cases":[{"key":1,"index":0,"payload":0}]}"#,
            r#"{"capacity":2,"cases":[{"key":1,"index":0,"payload":0},{"key":2,"index":1,"payload":0}]}"#,
        ] {
            let error = serde_json::from_str::<WorstCases<u64, u64>>(json).unwrap_err().to_string();
            assert!(error.contains("worst cases"), "{error}");
        }
    }
}
