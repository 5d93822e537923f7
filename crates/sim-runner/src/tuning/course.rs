//! How a search went, in bounded memory however long it takes.
//!
//! Each generation is kept until there are 4096 of them; then each second one of those, and of those to
//! come, and so on: what is kept is evenly spaced, and ends with the latest.
//!
//! Validated by the tests here.

use serde::{Deserialize, Serialize};

use crate::tuning::Progress;

/// Generations that are kept at most: each checkpoint writes all that are kept.
const KEPT_MAX: usize = 4096;

/// Generations of a search, the latest at the end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Course {
    /// Generations whose number is a multiple of this are kept.
    stride: u64,
    kept: Vec<Progress>,
}

impl Course {
    /// Of a search that has not begun.
    pub(super) fn new() -> Self {
        Self { stride: 1, kept: Vec::with_capacity(KEPT_MAX) }
    }

    /// One generation more.
    pub(super) fn push(&mut self, now: Progress) {
        let Self { stride, kept } = self;
        kept.pop_if(|latest| latest.generation % *stride != 0);
        if kept.len() == KEPT_MAX {
            *stride *= 2;
            kept.retain(|progress| progress.generation % *stride == 0);
        }
        kept.push(now);
    }

    pub(super) fn into_kept(self) -> Vec<Progress> {
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::{Course, KEPT_MAX};
    use crate::tuning::Progress;

    fn generation(generation: u64) -> Progress {
        Progress {
            generation,
            evaluations: 40 * generation,
            best_cost: None,
            mean_cost: None,
            hypervolume: None,
            diversity: 1.0,
        }
    }

    #[test]
    fn a_short_search_keeps_every_generation() {
        let mut course = Course::new();
        (1..=KEPT_MAX as u64).for_each(|number| course.push(generation(number)));
        let kept = course.into_kept();
        assert!(kept.iter().map(|progress| progress.generation).eq(1..=KEPT_MAX as u64));
    }

    #[test]
    fn a_search_that_goes_on_keeps_what_it_would_have_kept() {
        let mut whole = Course::new();
        (1..=9_000).for_each(|number| whole.push(generation(number)));
        for cut in [1, KEPT_MAX as u64, 8_193] {
            let mut before = Course::new();
            (1..=cut).for_each(|number| before.push(generation(number)));
            let kept = serde_json::to_vec(&before).unwrap();
            let mut after: Course = serde_json::from_slice(&kept).unwrap();
            (cut + 1..=9_000).for_each(|number| after.push(generation(number)));
            assert_eq!((after.stride, &after.kept), (whole.stride, &whole.kept), "{cut}");
        }
    }

    #[test]
    fn a_long_search_keeps_evenly_spaced_generations_and_the_latest() {
        let mut course = Course::new();
        let taken = course.kept.capacity();
        for number in 1..=100_003 {
            course.push(generation(number));
            if number % 991 != 0 && number != 100_003 {
                continue;
            }
            let kept: Vec<u64> = course.kept.iter().map(|progress| progress.generation).collect();
            let Some((&latest, earlier)) = kept.split_last() else {
                panic!("the latest is kept");
            };
            assert!(latest == number && kept.len() <= KEPT_MAX);
            let even = (1..).map(|i| i * course.stride).take_while(|&multiple| multiple < number);
            assert!(earlier.iter().copied().eq(even), "{number}: {}", course.stride);
        }
        assert_eq!((course.stride, course.kept.capacity()), (32, taken));
    }
}
