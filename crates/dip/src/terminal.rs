//! What a person sees on the terminal: tables, numbers and progress.

use comfy_table::{CellAlignment, LineStyle, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

/// What went wrong, with its causes.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

/// What is doubtful.
pub(crate) fn warn(message: &str) {
    eprintln!("warning: {message}");
}

/// What is good to know.
pub(crate) fn note(message: &str) {
    eprintln!("{message}");
}

/// A bar on stderr, which shows nothing where there is no terminal.
pub(crate) fn progress_bar(length: u64, unit: &str) -> ProgressBar {
    let style = format!("{{bar:25}} {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left {{msg}}");
    ProgressBar::new(length)
        .with_style(ProgressStyle::with_template(&style).expect("the template is valid"))
}

/// A table with numbers to the right, for 80 columns. With `n` columns it is `2n` wider than their
/// contents.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    let style = presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none());
    table.load_style(style).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
        column.set_padding((0, 1));
    }
    table
}

/// Tables hold numbers that are no wider: the longest name beside six of them fits 80 columns.
const CELL_MAX: usize = 6;

/// A number that may not exist, with this many decimals, or as many as there is room for.
pub(crate) fn cell(value: Option<f64>, decimals: usize) -> String {
    let Some(value) = value else {
        return "–".to_owned();
    };
    let fixed = (0..=decimals).rev().map(|decimals| format!("{value:.decimals$}"));
    let scientific = (0..=2).rev().map(|decimals| format!("{value:.decimals$e}"));
    let mut last = String::new();
    for text in fixed.chain(scientific) {
        if text.chars().count() <= CELL_MAX {
            return text;
        }
        last = text;
    }
    last
}

/// A number with at most this many significant digits, without a tail of zeros.
pub(crate) fn significant(value: f64, digits: usize) -> String {
    let rounded: f64 = format!("{value:.0$e}", digits - 1).parse().expect("a number was printed");
    if rounded == 0.0 || (1e-4..1e6).contains(&rounded.abs()) {
        rounded.to_string()
    } else {
        format!("{rounded:e}")
    }
}

/// A number of this many significant digits that may not exist.
pub(crate) fn significant_cell(value: Option<f64>, digits: usize) -> String {
    value.map_or("–".to_owned(), |value| significant(value, digits))
}

#[cfg(test)]
mod tests {
    use super::{CELL_MAX, cell, significant};

    #[test]
    fn a_cell_has_the_decimals_that_it_has_room_for() {
        for (value, expected) in [
            (4.0594, "4.059"),
            (0.0, "0.000"),
            (12.0, "12.000"),
            (999.9996, "1000.0"),
            (12_345.678, "12346"),
            (999_999.4, "999999"),
            (1_234_567.0, "1.23e6"),
            (1.23e15, "1.2e15"),
            (1.7e308, "2e308"),
        ] {
            assert_eq!(cell(Some(value), 3), expected);
            assert!(expected.len() <= CELL_MAX);
        }
        assert_eq!(cell(None, 3), "–");
    }

    #[test]
    fn significant_digits_are_counted_and_zeros_dropped() {
        for (value, digits, expected) in [
            (0.0, 6, "0"),
            (1.5, 6, "1.5"),
            (-0.123_456_789, 6, "-0.123457"),
            (0.012_345_678_9, 3, "0.0123"),
            (0.000_012_345_678, 3, "1.23e-5"),
            (12_345.678, 3, "12300"),
            (1.0e7, 6, "1e7"),
            (9.999_999_9, 6, "10"),
            (f64::INFINITY, 6, "inf"),
        ] {
            assert_eq!(significant(value, digits), expected);
        }
    }
}
