//! Documents on stdout, and files that are written whole or not at all.
//!
//! Whose files are at a place, and whether they may be replaced, is decided in `results`.

use std::cell::RefCell;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use clap::{Args, ColorChoice};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tempfile::{Builder, NamedTempFile, TempPath};

use crate::interrupt::{self, Temporary};
use crate::results::Present;
use crate::terminal::styled;

/// Version of the documents: fields may be added to it, none changes or goes.
pub(crate) const SCHEMA: u32 = 1;

/// Version of the program, for every result.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How results are shown and kept.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Output {
    /// Print one JSON document on stdout, and nothing else there
    #[arg(long, global = true)]
    json: bool,

    /// Say nothing on stderr but errors, and print no table
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// Colour: always, never, or auto: on a terminal, if `NO_COLOR` is not set [default: auto]
    #[arg(
        long,
        value_name = "WHEN",
        default_value_t,
        global = true,
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub(crate) color: ColorChoice,

    /// Replace files that are there, even if they are of another run
    #[arg(long, global = true)]
    pub(crate) force: bool,

    /// Where the document goes instead, if it is to be looked at by the program itself.
    #[arg(skip)]
    kept: Option<Rc<RefCell<Value>>>,
}

impl Output {
    /// Keeps the document, and prints nothing.
    pub(crate) fn into(kept: Rc<RefCell<Value>>) -> Self {
        Self { kept: Some(kept), ..Self::default() }
    }

    /// What is to become of results that are there.
    pub(crate) fn present(&self) -> Present {
        if self.force { Present::Replaced } else { Present::Kept }
    }

    /// The result: as a document or in words.
    pub(crate) fn show(
        &self,
        document: &impl Serialize,
        in_words: impl FnOnce() -> String,
    ) -> Result<()> {
        self.tell(in_words)?;
        self.give(document)
    }

    /// Words for whoever does not want the document.
    pub(crate) fn tell(&self, in_words: impl FnOnce() -> String) -> Result<()> {
        let is_wanted = !self.json && !self.quiet && self.kept.is_none();
        if is_wanted { print(&styled(&in_words())) } else { Ok(()) }
    }

    /// The document for whoever wants it.
    pub(crate) fn give(&self, document: &impl Serialize) -> Result<()> {
        if let Some(kept) = &self.kept {
            kept.replace(serde_json::to_value(document)?);
        } else if self.json {
            print_json(document)?;
        }
        Ok(())
    }

    /// Text that is itself what was asked for.
    pub(crate) fn text(&self, text: &str) -> Result<()> {
        if self.json {
            return print_json(&TextDocument { schema: SCHEMA, text });
        }
        print(text)
    }

    /// The document of a command whose result is files.
    pub(crate) fn give_files(&self, files: &[PathBuf]) -> Result<()> {
        self.give(&FilesDocument { schema: SCHEMA, files })
    }
}

/// Text that is itself what was asked for.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "text")]
pub(crate) struct TextDocument<'a> {
    schema: u32,
    text: &'a str,
}

/// Of a command whose result is files.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "files")]
pub(crate) struct FilesDocument<'a> {
    schema: u32,
    /// The files that it has written.
    files: &'a [PathBuf],
}

/// Prints to stdout. Whoever closes the pipe early has seen enough: that is no error.
fn print(text: &str) -> Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("writing to stdout")
        }
        _ => Ok(()),
    }
}

/// Prints one JSON document.
pub(crate) fn print_json(document: &impl Serialize) -> Result<()> {
    print(&(serde_json::to_string_pretty(document)? + "\n"))
}

/// Makes a directory for results.
pub(crate) fn make_directory(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make the directory {}", directory.display()))
}

/// A file that takes its name only when it is complete.
///
/// What can be found wrong with the place is found before there is anything to lose.
#[derive(Debug)]
pub(crate) struct Draft {
    file: NamedTempFile,
    temporary: Temporary,
    path: PathBuf,
    /// The files that take their names together with this one.
    beside: Option<Files>,
}

impl Draft {
    /// Begins a file at `path`, beside it. A link is followed: what it points to is replaced.
    pub(crate) fn begin(path: &Path) -> Result<Self> {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let context = || format!("cannot write {}", path.display());
        if fs::metadata(&path).is_ok_and(|found| !found.is_file()) {
            bail!("{}: it is there, and not a file", context());
        }
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if !directory.is_dir() {
            bail!("{}: there is no directory {}", context(), directory.display());
        }
        let make = || with_permissions(&mut Builder::new()).tempfile_in(directory);
        let (file, temporary) = Temporary::make(make)
            // The name of the temporary file would only confuse.
            .map_err(|error| io::Error::from(error.kind()))
            .with_context(context)?;
        Ok(Self { file, temporary, path, beside: None })
    }

    /// Writes the content, and gives the file its name: at once, or together with others.
    pub(crate) fn finish<T>(
        mut self,
        content: impl FnOnce(&mut BufWriter<Disk<'_>>) -> Result<T>,
    ) -> Result<T> {
        let mut buffered = BufWriter::new(Disk { file: &mut self.file, path: &self.path });
        let result = content(&mut buffered)?;
        buffered.flush()?;
        drop(buffered);
        let Self { file, temporary, path, beside } = self;
        // A name that is on the disk before what it names would be one of nothing after a power cut.
        let synchronised = file.as_file().sync_all();
        synchronised.with_context(|| format!("cannot write {}", path.display()))?;
        let complete = Complete { file: file.into_temp_path(), temporary, path };
        match &beside {
            Some(files) => files.0.borrow_mut().push(complete),
            None => publish(vec![complete])?,
        }
        Ok(result)
    }

    /// Writes a text, and gives the file its name.
    pub(crate) fn finish_text(self, text: &str) -> Result<()> {
        self.finish(|file| Ok(file.write_all(text.as_bytes())?))
    }

    /// Writes a JSON document, and gives the file its name.
    pub(crate) fn finish_json(self, document: &impl Serialize) -> Result<()> {
        self.finish(|file| {
            serde_json::to_writer_pretty(&mut *file, document)?;
            Ok(file.write_all(b"\n")?)
        })
    }
}

/// A file without its name.
#[derive(Debug)]
struct Complete {
    file: TempPath,
    temporary: Temporary,
    path: PathBuf,
}

/// Files that take their names together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files(Rc<RefCell<Vec<Complete>>>);

impl Files {
    /// Begins one of them. Its place among them is taken here: finishing it takes no memory.
    pub(crate) fn begin(&self, path: &Path) -> Result<Draft> {
        let mut complete = self.0.borrow_mut();
        let begun = Rc::strong_count(&self.0);
        complete.reserve(begun);
        Ok(Draft { beside: Some(self.clone()), ..Draft::begin(path)? })
    }

    /// Gives all that are finished their names, and tells where they are.
    pub(crate) fn publish(self) -> Result<Vec<PathBuf>> {
        let complete = self.0.take();
        let paths: Vec<PathBuf> = complete.iter().map(|file| file.path.clone()).collect();
        publish(complete)?;
        let found = |path: &PathBuf| {
            fs::canonicalize(path).with_context(|| format!("cannot find {}", path.display()))
        };
        paths.iter().map(found).collect()
    }
}

/// Ctrl-C comes before or after.
fn publish(complete: Vec<Complete>) -> Result<()> {
    let mut done = Vec::with_capacity(complete.len());
    let uninterrupted = interrupt::hold();
    let mut result = Ok(());
    for Complete { file, temporary, path } in complete {
        // It is not known any more when the lock is free again.
        done.push(temporary);
        if result.is_ok() {
            let named = file.persist(&path);
            result = named.with_context(|| format!("cannot write {}", path.display()));
        }
    }
    drop(uninterrupted);
    result
}

/// A file that says which one it is when it cannot be written to.
#[derive(Debug)]
pub(crate) struct Disk<'a> {
    file: &'a mut NamedTempFile,
    path: &'a Path,
}

impl Disk<'_> {
    fn named(&self, error: &io::Error) -> io::Error {
        let message = format!("cannot write {}: {error}", self.path.display());
        io::Error::new(error.kind(), message)
    }
}

impl Write for Disk<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_file_mut().write(bytes).map_err(|error| self.named(&error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush().map_err(|error| self.named(&error))
    }
}

/// A temporary file is for its owner's eyes only; a result is for whom the umask says.
#[cfg(unix)]
fn with_permissions<'b, 'p, 's>(builder: &'b mut Builder<'p, 's>) -> &'b mut Builder<'p, 's> {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn with_permissions<'b, 'p, 's>(builder: &'b mut Builder<'p, 's>) -> &'b mut Builder<'p, 's> {
    builder
}
