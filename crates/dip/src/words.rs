//! Messages of the deserialisers in the words of whoever wrote the file: no names of Rust's types, and
//! the nearest name to one that is unknown.
//!
//! It knows no keys; the names that would be right stand in the message. Validated by its own tests and
//! by broken files.

/// The names of Rust's types mean nothing to whoever wrote the file.
pub(crate) fn in_words(message: &str) -> String {
    let message = [
        ("expected f64", "expected a number without a unit"),
        ("expected u32", "expected a whole number from 0 to 4294967295"),
        ("floating point `", "the number `"),
        ("integer `", "the number `"),
        (
            "string values must be quoted, expected literal string",
            "expected a number without a unit, or a \"string\"",
        ),
        ("unknown field", "unknown key"),
        ("missing field", "missing key"),
        ("unknown variant", "unknown name"),
    ]
    .iter()
    .fold(message.to_owned(), |message, (rust, words)| message.replace(rust, words))
    .split("expected struct ")
    .enumerate()
    .map(|(i, part)| if i == 0 { part.to_owned() } else { after_type(part) })
    .collect();
    one_form(message)
}

/// `Name and the rest` without the name of the type.
fn after_type(text: &str) -> String {
    let rest = text.trim_start_matches(|c: char| c.is_alphanumeric());
    format!("expected a table of keys{rest}")
}

/// A key that is unknown within an alternative is told as anywhere else.
fn one_form(message: String) -> String {
    let listed = |message: &str| {
        let rest = message.strip_prefix("unexpected keys in table: ")?;
        let (unknown, known) = rest.split_once(", available keys: ")?;
        let quoted = |names: &str| {
            names.split(", ").map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        Some(format!("unknown key {}, expected one of {}", quoted(unknown), quoted(known)))
    };
    listed(&message).unwrap_or(message)
}

/// The name that was probably meant by an unknown one, of those that a message lists.
pub(crate) fn suggestion(message: &str) -> Option<&str> {
    if !message.starts_with("unknown ") {
        return None;
    }
    // Every second part stands between backticks: first the name that is unknown.
    let mut names = message.split('`').skip(1).step_by(2);
    nearest(names.next()?, names)
}

/// Alike from here on, in 0 to 1: transposed and missing letters are, other words are not.
const ALIKE: f64 = 0.75;

/// The nearest of some names, if one is near.
pub(crate) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // A unit behind the name is no part of it: `theta1_deg`.
    let bare = name.rsplit_once('_').map_or(name, |(bare, _)| bare);
    let likeness = |candidate: &str| {
        if candidate == bare {
            return 1.0;
        }
        strsim::normalized_damerau_levenshtein(&name.to_lowercase(), candidate)
            .max(strsim::jaro_winkler(&name.to_lowercase(), candidate) - 0.1)
    };
    let best = names.map(|name| (likeness(name), name)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= ALIKE).then_some(best.1)
}

/// More digits than these are no number that anybody has typed.
const DIGITS_MAX: usize = 24;

/// A longer word, longer than paths are, is told by its beginning.
const WORD_MAX: usize = 400;
const WORD_BEGIN: usize = 60;

/// A message in which `1e308` is not 309 digits, and no word is as long as a page.
pub(crate) fn in_short(message: &str) -> String {
    let mut short = String::new();
    for word in message.split_inclusive(char::is_whitespace) {
        let is_numeral = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
        let numeral = word.trim_matches(|c| !is_numeral(c));
        match numeral.parse::<f64>() {
            Ok(value) if numeral.len() > DIGITS_MAX => {
                short += &word.replace(numeral, &format!("{value:e}"));
            }
            _ if word.chars().count() > WORD_MAX => {
                short.extend(word.chars().take(WORD_BEGIN));
                short += "… ";
            }
            _ => short += word,
        }
    }
    short
}

/// As a shell takes it for one word.
pub(crate) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::{in_short, in_words, suggestion};

    #[test]
    fn the_nearest_name_is_the_one_that_was_meant() {
        for (message, expected) in [
            ("unknown key `m00`, expected one of `m0`, `m1`", Some("m0")),
            ("unknown key `theta1_deg`, expected one of `theta1`, `theta1_dot`", Some("theta1")),
            ("unknown key `durration`, expected one of `duration`, `step`", Some("duration")),
            ("unknown key `Plant`, expected one of `plant`, `start`", Some("plant")),
            ("unknown name `rk45`, expected `rk4` or `semi_implicit_euler`", Some("rk4")),
            ("unknown key `pid`, expected one of `classical`, `lqr`", None),
            ("invalid type: string `m0`, expected `m0`", None),
        ] {
            assert_eq!(suggestion(message), expected, "{message}");
        }
    }

    #[test]
    fn a_message_has_no_pages_of_digits_or_letters() {
        let k = -1e308;
        assert_eq!(
            in_short(&format!("a.toml:2:5: k = {k}: no\n |")),
            "a.toml:2:5: k = -1e308: no\n |"
        );
        assert_eq!(in_short("k = 0.1, 1e308: no"), "k = 0.1, 1e308: no");
        let long = in_short(&format!("string \"{}\" end", "x".repeat(5000)));
        assert_eq!(long, format!("string \"{}… end", "x".repeat(59)));
    }

    #[test]
    fn types_of_rust_are_not_shown() {
        for (rust, words) in [
            (
                "invalid type: boolean, expected struct Plant",
                "invalid type: boolean, expected a table of keys",
            ),
            (
                "unexpected keys in table: a, available keys: b, c",
                "unknown key `a`, expected one of `b`, `c`",
            ),
        ] {
            assert_eq!(in_words(rust), words);
        }
    }
}
