//! The documents hang together: what a relative link names is there, with its heading; the book has every
//! page of `docs`, and its pages link to nothing outside it; Rust on a page is compiled.
//!
//! Links to the web are not followed: a test needs no network.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The pages of the book, and the list of them.
const BOOK: &str = "docs";
const SUMMARY: &str = "docs/SUMMARY.md";

/// Where pages are included as documentation, whose examples are compiled and run.
const COMPILED: &str = "crates/sim-runner/src/guide.rs";

#[test]
fn every_link_leads_somewhere() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let documents = documents(Path::new(root));
    assert!(documents.len() > 20, "documents are missing: {:?}", documents.keys());
    let links: usize = documents.values().map(|document| document.links.len()).sum();
    assert!(links > 150, "{links} links were found");
    assert_eq!(faults(Path::new(root), &documents), Vec::<String>::new());
}

#[test]
fn what_leads_nowhere_is_named() {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("README.md", "# Top\n[a](docs/a.md) [b](docs/b.md#one) [c](docs/c.md) [web](https://x.y)"),
        ("docs/SUMMARY.md", "[a](a.md)"),
        ("docs/a.md", "# A\n![picture](no.svg) [out](../README.md) [self](#a) [self](#c)"),
        ("docs/b.md", "# B\n## Two `words`, twice\n## Two words twice\n[b](#two-words-twice-1)"),
        ("docs/rust.md", "# Rust\n```rust\nlet x = 1;\n```\n"),
        (COMPILED, "nothing"),
    ] {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let found = faults(directory.path(), &documents(directory.path()));
    let expected = [
        "README.md: docs/b.md has no heading #one",
        "README.md: docs/c.md is not there",
        "docs/a.md: docs/no.svg is not there",
        "docs/a.md: README.md is not in the book",
        "docs/a.md: docs/a.md has no heading #c",
        "docs/b.md is not in docs/SUMMARY.md",
        "docs/rust.md is not in docs/SUMMARY.md",
        "docs/rust.md has Rust that crates/sim-runner/src/guide.rs does not compile",
    ];
    assert_eq!(found, expected);
}

struct Document {
    anchors: BTreeSet<String>,
    /// Of pictures too.
    links: Vec<String>,
    has_rust: bool,
}

/// All documents below `root`, by their path from there.
fn documents(root: &Path) -> BTreeMap<PathBuf, Document> {
    let mut found = BTreeMap::new();
    let mut directories = vec![PathBuf::new()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(root.join(&directory)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name();
            let name = name.to_str().unwrap();
            let path = directory.join(name);
            if entry.file_type().unwrap().is_dir() {
                if name != "target" && !name.starts_with('.') {
                    directories.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let text = fs::read_to_string(root.join(&path)).unwrap();
                found.insert(path, document(&text));
            }
        }
    }
    found
}

fn document(text: &str) -> Document {
    let mut document = Document { anchors: BTreeSet::new(), links: Vec::new(), has_rust: false };
    let mut heading = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let slug = slug(&heading.take().unwrap());
                let again = (1..).map(|n| format!("{slug}-{n}"));
                let mut names = std::iter::once(slug.clone()).chain(again);
                let free = names.find(|name| !document.anchors.contains(name)).unwrap();
                document.anchors.insert(free);
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                document.links.push(dest_url.into_string());
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let kind = format!("{kind:?}");
                document.has_rust |= kind.contains("rust");
            }
            _ => (),
        }
    }
    document
}

/// The name of a heading in a link, as GitHub and mdBook make it.
fn slug(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
    heading.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn faults(root: &Path, documents: &BTreeMap<PathBuf, Document>) -> Vec<String> {
    let mut faults = Vec::new();
    let compiled = fs::read_to_string(root.join(COMPILED)).unwrap();
    let listed = |page: &Path| {
        documents[Path::new(SUMMARY)].links.iter().any(|link| Path::new(BOOK).join(link) == page)
    };
    for (path, document) in documents {
        let here = path.display();
        for link in &document.links {
            if link.contains(':') {
                continue;
            }
            let (file, anchor) =
                link.split_once('#').map_or((&**link, None), |(f, a)| (f, Some(a)));
            let target = if file.is_empty() { path.clone() } else { beside(path, file) };
            let there = target.display();
            if !root.join(&target).exists() {
                faults.push(format!("{here}: {there} is not there"));
            } else if path.starts_with(BOOK) && !target.starts_with(BOOK) {
                faults.push(format!("{here}: {there} is not in the book"));
            } else if let Some(anchor) = anchor
                && !documents.get(&target).is_some_and(|target| target.anchors.contains(anchor))
            {
                faults.push(format!("{here}: {there} has no heading #{anchor}"));
            }
        }
        if path.starts_with(BOOK) && path != Path::new(SUMMARY) {
            if !listed(path) {
                faults.push(format!("{here} is not in {SUMMARY}"));
            }
            if document.has_rust && !compiled.contains(&format!("/{here}\"")) {
                faults.push(format!("{here} has Rust that {COMPILED} does not compile"));
            }
        }
    }
    faults
}

/// `link` of a document at `path`, from the root.
fn beside(path: &Path, link: &str) -> PathBuf {
    let mut target = path.parent().unwrap().to_owned();
    for part in link.split('/') {
        match part {
            "." | "" => (),
            ".." => assert!(target.pop(), "{link} of {} leads out", path.display()),
            part => target.push(part),
        }
    }
    target
}
