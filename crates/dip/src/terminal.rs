//! What a person sees on the terminal: messages, tables, numbers and progress.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anstream::eprintln;
use clap::ColorChoice;
use clap::builder::styling::{AnsiColor, Style};
use comfy_table::{CellAlignment, LineStyle, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::words::in_short;

/// Nothing but errors is to be said. The terminal is one, and of the whole process.
static IS_QUIET: AtomicBool = AtomicBool::new(false);

/// From now on the terminal is used like this. Colours are stripped where they are not wanted.
pub(crate) fn begin(color: ColorChoice, is_quiet: bool) {
    IS_QUIET.store(is_quiet, Ordering::Relaxed);
    match color {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}

const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default();

/// What went wrong, with its causes.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("{RED}error:{RED:#} {}", in_short(&format!("{error:#}")));
}

/// What is doubtful.
pub(crate) fn warn(message: &str) {
    if !IS_QUIET.load(Ordering::Relaxed) {
        eprintln!("{YELLOW}warning:{YELLOW:#} {message}");
    }
}

/// What is good to know.
pub(crate) fn note(message: &str) {
    if !IS_QUIET.load(Ordering::Relaxed) {
        eprintln!("{message}");
    }
}

/// How a run has failed, in the row of a table.
const FAILURES: [&str; 3] = [" fallen ", " off_track ", " diverged "];

/// Words that a verdict begins with, on a line of its own.
const VERDICTS: [(&str, Style); 4] =
    [("FAILED", RED), ("other bits", RED), ("same bits", GREEN), ("verified", GREEN)];

/// Where a line stands.
enum Place {
    Text,
    Header,
    Row,
}

/// Finished text in colours: headers of tables, and verdicts. They are put on last, so that no width
/// depends on them.
pub(crate) fn styled(text: &str) -> String {
    let mut place = Place::Text;
    let mut styled = String::new();
    for line in text.split_inclusive('\n') {
        let (bare, end) = line.split_at(line.trim_end().len());
        let bare = match (&place, bare.chars().next()) {
            (Place::Text, Some('─')) => {
                place = Place::Header;
                bare.to_owned()
            }
            (_, Some('─')) => {
                place = Place::Text;
                bare.to_owned()
            }
            (_, Some('═')) => {
                place = Place::Row;
                bare.to_owned()
            }
            (Place::Header, _) => format!("{BOLD}{bare}{BOLD:#}"),
            (Place::Row, _) => FAILURES.iter().fold(bare.to_owned(), |bare, failure| {
                bare.replace(failure, &format!("{RED}{failure}{RED:#}"))
            }),
            (Place::Text, _) => match VERDICTS.iter().find(|(word, _)| bare.starts_with(word)) {
                Some((word, style)) => format!("{style}{word}{style:#}{}", &bare[word.len()..]),
                None => bare.to_owned(),
            },
        };
        styled += &(bare + end);
    }
    styled
}

/// A bar on stderr, which shows nothing where there is no terminal.
pub(crate) fn progress_bar(length: u64, unit: &str) -> ProgressBar {
    let style =
        format!("{{spinner}} {{bar:25}} {{pos}}/{{len}} {unit}, {{rate}}, {{eta}} left {{msg}}");
    let style = ProgressStyle::with_template(&style).expect("the template is valid");
    let bar = ProgressBar::new(length).with_style(style.with_key("rate", rate));
    shown(bar)
}

/// Says on stderr what is done that has no length, until it is dropped.
pub(crate) fn busy(what: &str) -> Busy {
    let style = ProgressStyle::with_template("{spinner} {msg}").expect("the template is valid");
    Busy(shown(ProgressBar::new_spinner().with_style(style).with_message(what.to_owned())))
}

/// See [`busy`].
#[must_use]
pub(crate) struct Busy(ProgressBar);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// It moves though nothing else does; but for whom nobody looks, it is hidden.
fn shown(bar: ProgressBar) -> ProgressBar {
    if IS_QUIET.load(Ordering::Relaxed) {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}

/// In three digits: those behind change with every look.
fn rate(state: &ProgressState, text: &mut dyn fmt::Write) {
    // Nobody else hears that a terminal took no text.
    let _ = write!(text, "{}/s", significant(state.per_sec(), 3));
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

/// A name that may be long, in so many characters.
pub(crate) fn abbreviated(name: &str, most: usize) -> String {
    match name.char_indices().nth(most) {
        Some(_) => name.chars().take(most - 1).chain(['…']).collect(),
        None => name.to_owned(),
    }
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
    use super::{CELL_MAX, abbreviated, cell, significant, styled, table};

    /// Without its colours it is the same text.
    #[test]
    fn headers_and_verdicts_have_colours() {
        let mut table = table(&["controller", "outcome", "time"]);
        table.add_row(["lqr", "fallen", "1.2"]).add_row(["hybrid", "settled", "3.4"]);
        let text = format!("fallen: 1\n{}\nverified: all\n", table.trim_fmt());
        let coloured = styled(&text);
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), text);
        for (part, times) in [
            ("\x1b[1m controller", 1),
            ("\x1b[1m\x1b[31m fallen \x1b[0m", 1),
            ("\x1b[32mverified\x1b[0m: all", 1),
            ("\x1b[0m", 3),
        ] {
            assert_eq!(coloured.matches(part).count(), times, "{part:?} in {coloured:?}");
        }
    }

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
    fn a_long_name_is_cut() {
        for (name, expected) in [("öff", "öff"), ("öffe", "öffe"), ("öffen", "öff…"), ("", "")]
        {
            assert_eq!(abbreviated(name, 4), expected);
        }
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
