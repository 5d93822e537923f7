//! Where surviving bytes were allocated: the function, not only the count.
//!
//! While it is on, the counting allocator notes the stack of each block that it hands out, in a table
//! of fixed size, and strikes it out when the block comes back. That takes microseconds and a lock for
//! each block: it is for the second run, after a gate has failed. While it is off it costs one relaxed
//! load a block. Symbols are looked up only for the report.
//!
//! Validated by `tests/attribution.rs`: planted leaks are named.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::ffi::c_void;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::meter::{NotCounting, ThreadMeter};

/// Blocks that can be alive at once and still be told; more are only counted.
const BLOCKS_MAX: usize = 1 << 15;

/// Frames of a stack that are kept, the innermost first. The first six or so are the allocator's.
const FRAMES: usize = 32;

/// Functions that only pass on what others ask for, by their names …
const PASS_ON: [&str; 9] = [
    "alloc::",
    "backtrace::",
    "core::",
    "hashbrown::",
    "memcheck::allocator::",
    "memcheck::attribution::",
    "std::",
    "__rust",
    "__rdl",
];

/// … or, where they were inlined and have lost their path, by their files.
const PASS_ON_FILES: [&str; 6] = [
    "/rustc/",
    "/library/",
    "/backtrace-",
    "/hashbrown-",
    "memcheck/src/allocator.rs",
    "memcheck/src/attribution.rs",
];

static ON: AtomicBool = AtomicBool::new(false);
static TABLE: Mutex<Option<Table>> = Mutex::new(None);

thread_local! {
    /// This thread is at work on the table: its own blocks are not noted.
    static AT_WORK: Cell<bool> = const { Cell::new(false) };
}

struct Table {
    blocks: HashMap<usize, Block>,
    untold: u64,
}

/// A block that is alive.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    size: usize,
    stack: [usize; FRAMES],
}

/// Does `work` unless this very thread is at it already, or is going away.
fn aside<T>(work: impl FnOnce() -> T) -> Option<T> {
    let busy = AT_WORK.try_with(|at_work| at_work.replace(true)).unwrap_or(true);
    if busy {
        return None;
    }
    let value = work();
    // It was there a moment ago.
    let _ = AT_WORK.try_with(|at_work| at_work.set(false));
    Some(value)
}

fn with_table<T>(work: impl FnOnce(&mut Table) -> T) -> Option<T> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(work)
}

/// The allocator handed out a block.
#[inline]
pub(crate) fn allocated(block: *mut u8, size: usize) {
    if ON.load(Relaxed) {
        aside(|| {
            let mut stack = [0; FRAMES];
            let mut depth = 0;
            backtrace::trace(|frame| {
                stack[depth] = frame.ip() as usize;
                depth += 1;
                depth < FRAMES
            });
            with_table(|table| table.insert(block, Block { size, stack }));
        });
    }
}

/// The allocator is about to take a block back.
#[inline]
pub(crate) fn freeing(block: *mut u8) -> Option<Block> {
    if !ON.load(Relaxed) {
        return None;
    }
    aside(|| with_table(|table| table.blocks.remove(&(block as usize)))).flatten().flatten()
}

/// The allocator did not take it after all.
pub(crate) fn kept(block: *mut u8, before: Option<Block>) {
    if let Some(before) = before {
        aside(|| with_table(|table| table.insert(block, before)));
    }
}

impl Table {
    fn insert(&mut self, block: *mut u8, entry: Block) {
        // The room was taken at the start, and is never enlarged.
        if self.blocks.len() < BLOCKS_MAX {
            self.blocks.insert(block as usize, entry);
        } else {
            self.untold += 1;
        }
    }
}

/// Notes where blocks come from, from its start until it is dropped. One at a time in a process.
///
/// ```
/// use memcheck::{Attribution, CountingAllocator};
///
/// #[global_allocator]
/// static ALLOCATOR: CountingAllocator = CountingAllocator::system();
///
/// #[inline(never)]
/// fn forgetful() {
///     std::mem::forget(std::hint::black_box(Box::new(7_u64)));
/// }
///
/// let attribution = Attribution::start()?;
/// forgetful();
/// let survivors = attribution.survivors();
/// assert!(survivors.sites[0].function.ends_with("forgetful"), "{survivors}");
/// assert_eq!(survivors.sites[0].bytes, 8);
/// # Ok::<(), memcheck::AttributionError>(())
/// ```
#[derive(Debug)]
pub struct Attribution(());

/// Why nothing can be attributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttributionError {
    /// The counting allocator is not installed: nobody would note anything.
    #[error(transparent)]
    NotCounting(#[from] NotCounting),
    /// Another is on.
    #[error("an attribution is on already: there is one at a time in a process")]
    IsOn,
}

impl Attribution {
    /// From here on blocks are noted, those of all threads.
    ///
    /// # Errors
    ///
    /// [`AttributionError`].
    pub fn start() -> Result<Self, AttributionError> {
        ThreadMeter::new()?;
        aside(|| {
            let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
            if table.is_some() {
                return Err(AttributionError::IsOn);
            }
            let mut blocks = HashMap::with_capacity(BLOCKS_MAX);
            // A page is resident once it is written to: the table must not look like growth later.
            blocks.extend((0..BLOCKS_MAX).map(|i| (i, Block { size: 0, stack: [0; FRAMES] })));
            blocks.clear();
            *table = Some(Table { blocks, untold: 0 });
            ON.store(true, Relaxed);
            Ok(Self(()))
        })
        .unwrap_or(Err(AttributionError::IsOn))
    }

    /// The blocks that were allocated since the start and are still alive, by place, the most bytes
    /// first.
    pub fn survivors(&self) -> Survivors {
        aside(|| {
            let (blocks, untold_blocks) = with_table(|table| {
                (table.blocks.values().copied().collect::<Vec<_>>(), table.untold)
            })
            .unwrap_or_default();
            let mut by_stack: BTreeMap<[usize; FRAMES], (u64, u64)> = BTreeMap::new();
            for Block { size, stack } in blocks {
                let (blocks, bytes) = by_stack.entry(stack).or_default();
                *blocks += 1;
                *bytes += size as u64;
            }
            let mut sites: Vec<Site> = by_stack
                .into_iter()
                .map(|(stack, (blocks, bytes))| Site::new(&stack, blocks, bytes))
                .collect();
            sites.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.stack.cmp(&b.stack)));
            Survivors { sites, untold_blocks }
        })
        .unwrap_or_default()
    }
}

impl Drop for Attribution {
    fn drop(&mut self) {
        aside(|| {
            ON.store(false, Relaxed);
            TABLE.lock().unwrap_or_else(PoisonError::into_inner).take()
        });
    }
}

/// Blocks that are alive, by the place where they were allocated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Survivors {
    /// The most bytes first.
    pub sites: Vec<Site>,
    /// Blocks for which the table had no room left. Some of them may be gone.
    pub untold_blocks: u64,
}

/// A place in the program, and what it allocated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Site {
    /// The innermost function that does not only pass on what others ask for.
    pub function: String,
    /// Its file and line, where the program was built with them.
    pub location: Option<String>,
    /// Blocks that are alive.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// All functions, the innermost first, from `function` on.
    pub stack: Vec<String>,
}

/// A function of a stack.
struct Function {
    name: String,
    file: Option<String>,
    line: Option<u32>,
}

impl Function {
    /// `alloc::alloc::alloc`, `<alloc::vec::Vec<T> as …>::f`, `<u8 as alloc::vec::SpecFromElem>::f` and the
    /// like.
    fn passes_on(&self) -> bool {
        let name = self.name.trim_start_matches(['<', '&', '[', '*']);
        let file = self.file.as_deref().unwrap_or_default();
        PASS_ON.iter().any(|prefix| name.starts_with(prefix))
            || name.contains(" as alloc::")
            || PASS_ON_FILES.iter().any(|part| file.contains(part))
    }
}

impl Site {
    fn new(stack: &[usize], blocks: u64, bytes: u64) -> Self {
        let mut functions = Vec::new();
        for &address in stack.iter().filter(|&&address| address != 0) {
            backtrace::resolve(address as *mut c_void, |symbol| {
                // Without the hash at its end.
                functions.extend(symbol.name().map(|name| Function {
                    name: format!("{name:#}"),
                    file: symbol.filename().map(|file| file.display().to_string()),
                    line: symbol.lineno(),
                }));
            });
        }
        let own = functions.iter().position(|function| !function.passes_on()).unwrap_or(0);
        functions.drain(..own);
        let first = functions.first();
        Self {
            function: name(&functions).unwrap_or_else(|| "a function without a name".into()),
            location: first.and_then(|Function { file, line, .. }| {
                Some(format!("{}:{}", file.as_ref()?, (*line)?))
            }),
            blocks,
            bytes,
            stack: functions.into_iter().map(|function| function.name).collect(),
        }
    }
}

/// The first name. A closure that was inlined has lost its path: the function around it is told with it.
fn name(functions: &[Function]) -> Option<String> {
    let (first, others) = functions.split_first()?;
    let around = others.iter().find(|other| !other.passes_on() && !other.name.starts_with('{'));
    Some(match around {
        Some(around) if first.name.starts_with('{') => format!("{}::{}", around.name, first.name),
        _ => first.name.clone(),
    })
}

impl fmt::Display for Survivors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Site { function, location, blocks, bytes, .. }) in self.sites.iter().enumerate() {
            let line = if i > 0 { "\n" } else { "" };
            write!(f, "{line}{bytes} bytes in {blocks} blocks: {function}")?;
            if let Some(location) = location {
                write!(f, " ({location})")?;
            }
        }
        if self.untold_blocks > 0 {
            write!(f, "\nand {} blocks for which there was no room", self.untold_blocks)?;
        }
        Ok(())
    }
}
