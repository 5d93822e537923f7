//! What a person sees on the terminal: tables and progress.

use comfy_table::{CellAlignment, LineStyle, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr, which shows nothing where there is no terminal.
pub(crate) fn progress_bar(length: u64, unit: &str) -> ProgressBar {
    let style = format!("{{bar:40}} {{pos}}/{{len}} {unit}, {{eta}} left {{msg}}");
    ProgressBar::new(length)
        .with_style(ProgressStyle::with_template(&style).expect("the template is valid"))
}

/// A table with numbers to the right, for 80 columns.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    let style = presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none());
    table.load_style(style).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A number that may not exist.
pub(crate) fn cell(value: Option<f64>, digits: usize) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
}
