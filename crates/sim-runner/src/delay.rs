//! A value that arrives later: the delay of a bus, of a sensor, of a drive.

use core::mem::replace;

/// Gives back each value a fixed number of steps after it was given.
///
/// All of its memory is taken at construction; a line of no steps takes none.
#[derive(Debug, Clone)]
pub struct DelayLine<T> {
    /// A ring: the oldest value is at `next`.
    ring: Vec<T>,
    next: usize,
}

/// Lines are equal from which the same values will come.
impl<T: PartialEq> PartialEq for DelayLine<T> {
    fn eq(&self, other: &Self) -> bool {
        let coming = |line: &Self, i: usize| (line.next + i) % line.ring.len();
        self.ring.len() == other.ring.len()
            && (0..self.ring.len())
                .all(|i| self.ring[coming(self, i)] == other.ring[coming(other, i)])
    }
}

impl<T: Copy> DelayLine<T> {
    /// A delay of `steps`, from which `value` comes until the first that is given has passed.
    pub fn new(steps: usize, value: T) -> Self {
        Self { ring: vec![value; steps], next: 0 }
    }

    /// Changes all values that are on their way.
    pub fn each(&mut self, change: impl FnMut(&mut T)) {
        self.ring.iter_mut().for_each(change);
    }

    /// Gives `value`, and takes the one that was given the delay ago.
    #[inline(always)]
    pub fn shift(&mut self, value: T) -> T {
        let after_next = if self.next + 1 < self.ring.len() { self.next + 1 } else { 0 };
        match self.ring.get_mut(self.next) {
            Some(oldest) => {
                self.next = after_next;
                replace(oldest, value)
            }
            None => value,
        }
    }
}
