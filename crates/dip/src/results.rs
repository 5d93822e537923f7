//! A directory for the results of one run, in which nothing of another run is lost.
//!
//! A directory may hold documents of several commands. Each document speaks for the files beside it that
//! its command writes: whoever may replace the document may replace them. The same run, that is one of the same
//! essence, writes the same bits again, and replaces without a word. All is refused before anything is
//! computed. Validated by `tests/safe.rs`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::essence::Essence;
use crate::input::InputError;
use crate::output::{Draft, Files, make_directory};
use crate::provenance::Origin;
use crate::report;
use crate::terminal::warn;

/// What is to be written.
#[derive(Debug)]
pub(crate) struct Results {
    directory: PathBuf,
    document: &'static str,
    origin: Origin,
    /// Is the document of this run there?
    same_run_is_there: bool,
    /// Files of another run, which goes.
    replaced: Vec<PathBuf>,
    present: Present,
    files: Files,
}

/// What the user has said about results that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Present {
    /// Nothing: only the same run replaces them.
    Kept,
    /// The run goes on from those; what may be other is this option, which says how far.
    GoneOnFrom(&'static str),
    /// They may go.
    Replaced,
}

impl Results {
    /// Makes the directory for a run of this process, if it is free of results of another one.
    pub(crate) fn claim(
        directory: &Path,
        document: &'static str,
        origin: Origin,
        present: Present,
    ) -> Result<Self> {
        let same_run_is_there = same_run_is_there(&directory.join(document), &origin, present)?;
        report::claim(directory, present)?;
        let replaced = replaced(directory, document, &origin, present);
        make_directory(directory)?;
        // Nothing may be in the way of what is made at the end.
        Draft::begin(&directory.join(report::FILE))?;
        let (directory, files) = (directory.to_owned(), Files::default());
        Ok(Self { directory, document, origin, same_run_is_there, replaced, present, files })
    }

    /// Where all files come from.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// May files be replaced that the document speaks for?
    pub(crate) fn may_replace(&self) -> bool {
        self.same_run_is_there || self.present != Present::Kept
    }

    /// Begins a file, which takes its name together with all others.
    pub(crate) fn begin(&self, name: &str) -> Result<Draft> {
        let path = self.directory.join(name);
        if !self.may_replace() && name != self.document && has_content(&path) {
            let (place, document) = (path.display(), self.document);
            let message = format!(
                "{place}: it is there, and no {document} beside it says that it is of this run; \
                 --force replaces it, --out goes elsewhere"
            );
            return Err(InputError::new(&message).into());
        }
        self.files.begin(&path)
    }

    /// Begins the document.
    pub(crate) fn begin_document(&self) -> Result<Draft> {
        self.begin(self.document)
    }

    /// Gives the files that are finished their names, takes away those of a run that was replaced, and makes a
    /// report of the directory.
    pub(crate) fn publish(self) -> Result<()> {
        let written = self.files.publish()?;
        for path in self.replaced {
            let is_of_this = fs::canonicalize(&path).is_ok_and(|path| written.contains(&path));
            if !is_of_this && path.is_file() {
                let context = || format!("cannot remove {}", path.display());
                fs::remove_file(&path).with_context(context)?;
            }
        }
        match report::write(&self.directory) {
            // What others left there is no fault of this run.
            Err(error) if error.is::<InputError>() => {
                warn(&format!("no report: {error}"));
                Ok(())
            }
            result => result,
        }
    }
}

/// Is a document of the same run there? One of another run, or what is no document, is refused.
fn same_run_is_there(path: &Path, origin: &Origin, present: Present) -> Result<bool> {
    if present == Present::Replaced || !has_content(path) {
        return Ok(false);
    }
    let place = path.display();
    let refused = |what: &str| {
        let message = format!("{place}: {what}; --force replaces it, --out goes elsewhere");
        anyhow::Error::from(InputError::new(&message))
    };
    let bytes = fs::read(path).with_context(|| format!("cannot read {place}"))?;
    let document: Value =
        serde_json::from_slice(&bytes).map_err(|_| refused("it is there, and no result of dip"))?;
    let mut there = Essence::of_document(&document)
        .map_err(|fault| refused(&format!("it is there, and no result of this dip: {fault}")))?;
    let mut this = Essence::of_this(&origin.experiment)?;
    if let Present::GoneOnFrom(option) = present {
        (there, this) = (there.without(option), this.without(option));
    }
    if there == this {
        return Ok(true);
    }
    Err(refused(&format!("results of another run are there, of {}", there.beside(&this))))
}

/// Files of another run that no document speaks for when its own is replaced.
fn replaced(
    directory: &Path,
    document: &'static str,
    origin: &Origin,
    present: Present,
) -> Vec<PathBuf> {
    if present != Present::Replaced {
        return Vec::new();
    }
    let path = directory.join(document);
    let Ok(bytes) = fs::read(&path) else { return Vec::new() };
    let Ok(there) = serde_json::from_slice::<Value>(&bytes) else { return Vec::new() };
    match (Essence::of_document(&there), Essence::of_this(&origin.experiment)) {
        (Ok(of_there), Ok(of_this)) if of_there != of_this => {
            report::files_of(document, &there).iter().map(|name| directory.join(name)).collect()
        }
        _ => Vec::new(),
    }
}

/// Is there something to lose?
pub(crate) fn has_content(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0)
}

/// Refuses to replace other content, for which no document speaks.
pub(crate) fn keep_other(path: &Path, content: &[u8], is_forced: bool) -> Result<()> {
    if !is_forced && has_content(path) {
        let there = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        if there != content {
            let place = path.display();
            let message = format!("{place} is there already; --force replaces it");
            return Err(InputError::new(&message).into());
        }
    }
    Ok(())
}

/// Writes content, if no other is there.
pub(crate) fn write_content(path: &Path, content: &[u8], is_forced: bool) -> Result<()> {
    keep_other(path, content, is_forced)?;
    Draft::begin(path)?.finish(|file| Ok(file.write_all(content)?))
}
