//! Documents on stdout, and files that are written whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tempfile::{Builder, NamedTempFile};

/// Version of the documents: fields may be added to it, none changes or goes.
pub(crate) const SCHEMA: u32 = 1;

/// Version of the program, for every result.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Prints to stdout. Whoever closes the pipe early has seen enough: that is no error.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
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
    path: PathBuf,
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
        let file = with_permissions(&mut Builder::new())
            .tempfile_in(directory)
            // The name of the temporary file would only confuse.
            .map_err(|error| io::Error::from(error.kind()))
            .with_context(context)?;
        Ok(Self { file, path })
    }

    /// Where the file will be.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the content, and gives the file its name.
    pub(crate) fn finish<T>(
        mut self,
        content: impl FnOnce(&mut BufWriter<&mut NamedTempFile>) -> Result<T>,
    ) -> Result<T> {
        let context = || format!("cannot write {}", self.path.display());
        let mut buffered = BufWriter::new(&mut self.file);
        let result = content(&mut buffered)?;
        buffered.flush().with_context(context)?;
        drop(buffered);
        self.file.persist(&self.path).with_context(context)?;
        Ok(result)
    }

    /// Writes a JSON document, and gives the file its name.
    pub(crate) fn finish_json(self, document: &impl Serialize) -> Result<()> {
        self.finish(|file| {
            serde_json::to_writer_pretty(&mut *file, document)?;
            Ok(file.write_all(b"\n")?)
        })
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
