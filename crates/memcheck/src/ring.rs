//! A history of fixed length: the newest records stay, the oldest go, and what went is counted.
//!
//! All of its room is taken at once. It does not know what a record is, nor when it was made.
//!
//! Validated by `tests/ring.rs`: against a plain list, and that it touches no heap.

use std::collections::VecDeque;

/// The latest records, the oldest first.
///
/// ```
/// use memcheck::Ring;
///
/// let mut ring = Ring::with_capacity(3);
/// (0..10).for_each(|i| ring.push(i));
/// assert!(ring.iter().eq(&[7, 8, 9]));
/// assert_eq!(ring.dropped(), 7);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Ring<T> {
    records: VecDeque<T>,
    capacity: usize,
    dropped: u64,
}

impl<T> Ring<T> {
    /// Room for `capacity` records, taken here. A capacity of 0 keeps nothing.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { records: VecDeque::with_capacity(capacity), capacity, dropped: 0 }
    }

    /// The newest record. Where there is no room left the oldest goes, or this one if there is no room
    /// at all; either counts as dropped. It does not allocate.
    pub fn push(&mut self, record: T) {
        // After a release there is no room, and none is taken here.
        let room = self.capacity.min(self.records.capacity());
        self.dropped += u64::from(self.records.len() >= room);
        if room == 0 {
            return;
        }
        if self.records.len() == room {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    /// The records, the oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &T> + DoubleEndedIterator {
        self.records.iter()
    }

    /// Records that are kept.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Is nothing kept?
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Records for which there is room.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Records that went, since the start or the latest [`clear`](Self::clear).
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Forgets everything, and takes the room again if it was released.
    pub fn clear(&mut self) {
        self.records.clear();
        self.records.reserve_exact(self.capacity);
        self.dropped = 0;
    }

    /// Forgets the records, and gives their room back until [`clear`](Self::clear).
    pub fn release(&mut self) {
        self.records = VecDeque::new();
    }
}
