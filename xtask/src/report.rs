//! What a task tells: tables or one JSON document on stdout, the verdict on stderr.
//!
//! Validated by `tests/leakcheck.rs` and `tests/soak.rs`: the documents parse, the tables fit.

use std::io::{self, Write};

use anyhow::{Result, bail};
use comfy_table::{CellAlignment, LineStyle, Table, presets};
use serde::Serialize;

/// Version of the JSON documents. It changes when a field changes its meaning or goes.
const SCHEMA: u32 = 2;

/// A JSON document, and the only thing on stdout.
#[derive(Debug, Serialize)]
struct Document<T> {
    schema: u32,
    pass: bool,
    #[serde(flatten)]
    content: T,
}

/// `content` as a JSON document.
pub(crate) fn json(pass: bool, content: impl Serialize) -> Result<String> {
    Ok(serde_json::to_string_pretty(&Document { schema: SCHEMA, pass, content })?)
}

/// Prints to stdout. Whoever closes the pipe early has seen enough: that is no error.
pub(crate) fn print(text: &str) -> Result<()> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// A table with names to the left and everything else to the right.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()))
        .set_header(header)
        .add_rows(rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
        column.set_padding((0, 1));
    }
    table.trim_fmt()
}

/// A number with as many of its decimals as `width` has room for.
pub(crate) fn cell(value: f64, decimals: usize, width: usize) -> String {
    let fixed = (0..=decimals).rev().map(|decimals| format!("{value:.decimals$}"));
    let scientific = (0..=2).rev().map(|decimals| format!("{value:.decimals$e}"));
    let mut texts = fixed.chain(scientific).filter(|text| text.len() <= width);
    texts.next().unwrap_or_else(|| format!("{value:.0e}"))
}

/// The verdict: an error that names every fault, if there is one.
pub(crate) fn conclude(task: &str, promise: &str, faults: &[String]) -> Result<()> {
    if !faults.is_empty() {
        bail!("{task} failed\n  {}", faults.join("\n  "));
    }
    eprintln!("{task} passed: {promise}");
    Ok(())
}
