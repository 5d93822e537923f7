//! The line of a file that a message is about, with a marker.

use std::ops::Range;

/// As much of a line is shown, in characters.
const WIDTH: usize = 100;

/// `file:line:column: message` for a place in bytes, and the line with a marker: of a long line what is
/// around it. What was typed has no lines, and its name says where it stands.
pub(crate) fn excerpt(
    file: Option<&str>,
    text: &str,
    place: &Range<usize>,
    message: &str,
) -> String {
    let start = floor(text, place.start);
    let before = &text[..start];
    let number = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let column = text[line_start..start].chars().count();
    let end = floor(text, place.end.min(line_start + line.len()));
    let marked = text.get(start..end).map_or(0, |marked| marked.chars().count());

    let length = line.chars().count();
    let first = if length > WIDTH { column.saturating_sub(WIDTH / 2) } else { 0 };
    let last = length.min(first + WIDTH);
    let shown: String = line.chars().skip(first).take(last - first).collect();
    let (left, right) = (if first > 0 { "…" } else { "" }, if last < length { "…" } else { "" });
    let margin = " ".repeat(left.chars().count() + column - first);
    let marker = "^".repeat(marked.clamp(1, last.saturating_sub(column).max(1)));
    let gutter = " ".repeat(number.to_string().len());
    let file = file.map_or(String::new(), |file| format!("{file}:{number}:{}: ", column + 1));
    format!(
        "{file}{message}\n {gutter} |\n {number} | {left}{shown}{right}\n {gutter} | {margin}{marker}"
    )
}

/// The nearest boundary of a character at or before a byte.
fn floor(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn a_place_is_shown_with_its_line() {
        let text = "[plant]\nm0 = -1.0\nm1 = 2.0";
        let expected = "a.toml:2:6: no\n   |\n 2 | m0 = -1.0\n   |      ^^^^";
        assert_eq!(excerpt(Some("a.toml"), text, &(13..17), "no"), expected);
        assert_eq!(
            excerpt(None, text, &(13..17), "no"),
            expected.trim_start_matches("a.toml:2:6: ")
        );
        // Beyond the end, and within a character.
        assert!(excerpt(Some("a"), "ä", &(1..90), "no").ends_with("ä\n   | ^"));
        assert!(excerpt(Some("a"), "", &(7..9), "no").ends_with(" 1 | \n   | ^"));
    }

    #[test]
    fn of_a_long_line_the_surroundings_are_shown() {
        let text = format!("{}BAD{}", "a".repeat(1000), "b".repeat(1000));
        let shown = excerpt(Some("f"), &text, &(1000..1003), "no");
        let [_, _, line, marker] =
            <[&str; 4]>::try_from(shown.lines().collect::<Vec<_>>()).unwrap();
        assert_eq!(line.chars().count(), " 1 | ……".chars().count() + 100);
        let at = marker.chars().position(|c| c == '^').unwrap();
        assert_eq!(line.chars().skip(at).take(3).collect::<String>(), "BAD");
        // As much of the marker as there is of the line.
        let whole = excerpt(Some("f"), &text, &(0..2003), "no");
        assert_eq!(whole.matches('^').count(), 100);
    }
}
