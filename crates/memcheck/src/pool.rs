//! Things that are made once, lent by guard, and reset on return.
//!
//! Lending and returning take no memory: the shelf has room for all of them from the start. Whoever
//! finds the pool empty is told so, or waits, by choice. The pool does not know what it lends; that
//! a thing carries nothing over from one borrower to the next is its reset's business.
//!
//! Validated by `tests/pool.rs`; for every control law by `smc-controllers`' `tests/pool.rs`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A pool of things.
///
/// ```
/// use memcheck::Pool;
///
/// let pool = Pool::new((0..2).map(|_| Vec::<u8>::with_capacity(64)), Vec::clear);
/// let mut first = pool.try_take()?;
/// first.extend(*b"hello");
/// let second = pool.try_take()?;
/// assert!(pool.try_take().is_err());
/// drop((first, second));
/// // Nothing is carried over.
/// assert!(pool.try_take()?.is_empty());
/// # Ok::<(), memcheck::Exhausted>(())
/// ```
pub struct Pool<T, R = fn(&mut T)>
where
    R: Fn(&mut T),
{
    shelf: Mutex<Vec<T>>,
    returned: Condvar,
    reset: R,
    size: usize,
}

/// All are lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pool is exhausted: all {size} are lent")]
pub struct Exhausted {
    /// Things of the pool.
    pub size: usize,
}

impl<T, R: Fn(&mut T)> Pool<T, R> {
    /// A pool of these `things`. `reset` is called on each return; where it panics, the thing that was
    /// returned is lost to the pool.
    pub fn new(things: impl IntoIterator<Item = T>, reset: R) -> Self {
        let shelf: Vec<T> = things.into_iter().collect();
        let size = shelf.len();
        Self { shelf: Mutex::new(shelf), returned: Condvar::new(), reset, size }
    }

    /// Lends one, if there is one.
    ///
    /// # Errors
    ///
    /// [`Exhausted`].
    pub fn try_take(&self) -> Result<Lent<'_, T, R>, Exhausted> {
        let thing = self.shelf().pop().ok_or(Exhausted { size: self.size })?;
        Ok(Lent { pool: self, thing: Some(thing) })
    }

    /// Lends one, and waits for it if need be: for ever, if nobody returns one.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] for a pool of nothing, where nobody ever could.
    pub fn take(&self) -> Result<Lent<'_, T, R>, Exhausted> {
        if self.size == 0 {
            return Err(Exhausted { size: 0 });
        }
        let mut shelf = self.shelf();
        loop {
            if let Some(thing) = shelf.pop() {
                return Ok(Lent { pool: self, thing: Some(thing) });
            }
            shelf = self.returned.wait(shelf).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Things of the pool, lent or not.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Things that are not lent at the moment.
    pub fn available(&self) -> usize {
        self.shelf().len()
    }

    fn shelf(&self) -> MutexGuard<'_, Vec<T>> {
        // The lock is held for a push or a pop only, neither of which panics half-way.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thing on loan: reset and returned when dropped.
pub struct Lent<'a, T, R: Fn(&mut T)> {
    pool: &'a Pool<T, R>,
    /// None only while it is being dropped.
    thing: Option<T>,
}

impl<T, R: Fn(&mut T)> Drop for Lent<'_, T, R> {
    fn drop(&mut self) {
        if let Some(mut thing) = self.thing.take() {
            (self.pool.reset)(&mut thing);
            self.pool.shelf().push(thing);
            self.pool.returned.notify_one();
        }
    }
}

const LENT: &str = "it is there until it is returned";

impl<T, R: Fn(&mut T)> Deref for Lent<'_, T, R> {
    type Target = T;

    fn deref(&self) -> &T {
        self.thing.as_ref().expect(LENT)
    }
}

impl<T, R: Fn(&mut T)> DerefMut for Lent<'_, T, R> {
    fn deref_mut(&mut self) -> &mut T {
        self.thing.as_mut().expect(LENT)
    }
}

impl<T, R: Fn(&mut T)> fmt::Debug for Pool<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("size", &self.size)
            .field("available", &self.available())
            .finish_non_exhaustive()
    }
}

impl<T: fmt::Debug, R: Fn(&mut T)> fmt::Debug for Lent<'_, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.thing.fmt(f)
    }
}
