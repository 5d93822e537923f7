//! Documents on stdout, and files that are written whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use tempfile::NamedTempFile;

/// Version of the documents: fields may be added to it, none changes or goes.
pub(crate) const SCHEMA: u32 = 1;

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

/// Writes a file through a temporary one beside it, which takes its name when it is complete.
pub(crate) fn write<T>(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<&mut NamedTempFile>) -> Result<T>,
) -> Result<T> {
    let context = || format!("cannot write {}", path.display());
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = NamedTempFile::new_in(directory).with_context(context)?;
    let mut buffered = BufWriter::new(&mut file);
    let result = content(&mut buffered)?;
    buffered.flush().with_context(context)?;
    drop(buffered);
    file.persist(path).with_context(context)?;
    readable(path).with_context(context)?;
    Ok(result)
}

/// A temporary file is for its owner's eyes only; a result is for whom the umask says.
#[cfg(unix)]
fn readable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Writes a JSON document to a file.
pub(crate) fn write_json(path: &Path, document: &impl Serialize) -> Result<()> {
    write(path, |file| {
        serde_json::to_writer_pretty(&mut *file, document)?;
        Ok(file.write_all(b"\n")?)
    })
}
