//! Where in the tree of a file a key stands, which key stands at a place, and which keys there are.
//!
//! What keys mean is told by `schema`. Validated by its own tests.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Value};

/// The keys from the root to what stands at `place`, a range of bytes: `["plant", "m0"]`. Entries of
/// a list of tables are counted from 0: `["disturbances", "0", "on"]`.
pub(crate) fn path_at(root: &DeValue<'_>, place: &Range<usize>) -> Vec<String> {
    let mut path = Vec::new();
    inside(root, place, &mut path);
    path
}

/// Goes on from `table` to what stands at `place`.
fn descend(table: &DeTable<'_>, place: &Range<usize>, path: &mut Vec<String>) {
    for (key, value) in table {
        let here = within(&key.span(), place) || within(&value.span(), place);
        // A table that is spread over the file has no one span: look inside it.
        if here || holds(value.get_ref(), place) {
            path.push(key.get_ref().to_string());
            return inside(value.get_ref(), place, path);
        }
    }
}

fn inside(value: &DeValue<'_>, place: &Range<usize>, path: &mut Vec<String>) {
    match value {
        DeValue::Table(inner) => descend(inner, place, path),
        DeValue::Array(entries) => {
            let tables = entries.iter().enumerate().filter(|(_, entry)| entry.get_ref().is_table());
            for (i, entry) in tables {
                if within(&entry.span(), place) || holds(entry.get_ref(), place) {
                    path.push(i.to_string());
                    return inside(entry.get_ref(), place, path);
                }
            }
        }
        _ => {}
    }
}

fn within(span: &Range<usize>, place: &Range<usize>) -> bool {
    span.start <= place.start && place.end <= span.end
}

/// Does `place` stand anywhere in a value?
fn holds(value: &DeValue<'_>, place: &Range<usize>) -> bool {
    match value {
        DeValue::Table(table) => table.iter().any(|(key, value)| {
            within(&key.span(), place)
                || within(&value.span(), place)
                || holds(value.get_ref(), place)
        }),
        DeValue::Array(entries) => entries.iter().any(|entry| holds(entry.get_ref(), place)),
        _ => false,
    }
}

/// The bytes of the value at `path`, or of the deepest key on the way to it that is there.
pub(crate) fn place_of<'p>(
    root: &DeValue<'_>,
    path: impl Iterator<Item = &'p str>,
) -> Option<Range<usize>> {
    let (mut value, mut place) = (root, None);
    for name in path {
        let Some((span, inner)) = entry(value, name) else {
            break;
        };
        (place, value) = (Some(span), inner);
    }
    place
}

/// What stands under `name`, and where. The name of an alternative, which is alone in its table, may
/// be left out: `epsilon` is found in `{ saturation = { epsilon = 0.1 } }`.
fn entry<'v>(value: &'v DeValue<'_>, name: &str) -> Option<(Range<usize>, &'v DeValue<'v>)> {
    match value {
        DeValue::Table(table) => {
            let named = table.iter().find(|(key, _)| key.get_ref() == name).map(|(key, value)| {
                // Of a table its name is shown: it may be spread over the file.
                let span = if holds_tables(value.get_ref()) { key.span() } else { value.span() };
                (span, value.get_ref())
            });
            let mut values = table.values().map(Spanned::get_ref);
            let alternative = values.next().filter(|value| value.is_table() && table.len() == 1);
            named.or_else(|| entry(alternative?, name))
        }
        DeValue::Array(entries) => {
            let value = name.parse().ok().and_then(|i: usize| entries.get(i))?;
            Some((value.span(), value.get_ref()))
        }
        _ => None,
    }
}

fn holds_tables(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::Table(_) => true,
        DeValue::Array(entries) => entries.iter().any(|entry| entry.get_ref().is_table()),
        _ => false,
    }
}

/// The keys below a value, and what stands there; a list is one value.
pub(crate) fn flat(value: &Value) -> BTreeMap<String, Value> {
    let Value::Table(table) = value else {
        return BTreeMap::from([(String::new(), value.clone())]);
    };
    let below = |(name, value): (&String, &Value)| {
        let name = name.clone();
        flat(value).into_iter().map(move |(key, value)| match &*key {
            "" => (name.clone(), value),
            _ => (format!("{name}.{key}"), value),
        })
    };
    table.iter().flat_map(below).collect()
}

#[cfg(test)]
mod tests {
    use toml::de::{DeTable, DeValue};

    use super::{path_at, place_of};
    use crate::schema::meaning;

    fn root(text: &str) -> DeValue<'_> {
        DeValue::Table(DeTable::parse(text).unwrap().into_inner())
    }

    const FILE: &str = "start.x = 1.0\n[plant]\nm0 = 2.0\n[controllers.classical]\nk = 3.0\n";

    const SWITCHING: &str = "[controllers.classical]\nkp = 1\n\
                             switching = { saturation = { epsilon = 4 } }\n\
                             [controllers.hybrid.surface.absolute]\nc1 = 5.0\n";

    #[test]
    fn keys_and_places_belong_together() {
        for (key, value) in
            [("start.x", "1.0"), ("plant.m0", "2.0"), ("controllers.classical.k", "3.0")]
        {
            let place = place_of(&root(FILE), key.split('.')).unwrap();
            assert_eq!(&FILE[place.clone()], value);
            assert_eq!(path_at(&root(FILE), &place).join("."), key);
        }
        // The name of an alternative may be left out, at any depth.
        for (key, value) in [
            ("controllers.classical.switching.epsilon", "4"),
            ("controllers.hybrid.surface.c1", "5.0"),
            ("controllers.classical.switching.slope", "switching"),
        ] {
            let place = place_of(&root(SWITCHING), key.split('.')).unwrap();
            assert_eq!(&SWITCHING[place], value);
        }
        // A key that is not there is looked for where it would stand.
        let place = place_of(&root(FILE), "controllers.classical.surface".split('.')).unwrap();
        assert_eq!(&FILE[place], "classical");
        assert_eq!(place_of(&root(FILE), "actuator.u_max".split('.')), None);
    }

    #[test]
    fn entries_of_lists_have_places_and_meanings_too() {
        const FILE: &str = "[[disturbances]]\non = \"cart\"\nshape = { step = { at = 1.0, value = 2 } }\n\
                            [[disturbances]]\non = \"rod1\"\n[disturbances.shape.impulse]\nat = 3.0\n\
                            [mismatch]\nm0 = { uniform = 0.5 }\n";
        for (key, value, means) in [
            ("disturbances.0.on", "\"cart\"", "What it acts on"),
            ("disturbances.0.shape.step.at", "1.0", "Onset in s."),
            ("disturbances.0.shape.step.value", "2", "In N or N·m."),
            ("disturbances.1.on", "\"rod1\"", "What it acts on"),
            ("disturbances.1.shape.impulse.at", "3.0", "Onset in s."),
            ("mismatch.m0.uniform", "0.5", "Uniform within"),
        ] {
            let place = place_of(&root(FILE), key.split('.')).unwrap();
            assert_eq!(&FILE[place.clone()], value);
            let path = path_at(&root(FILE), &place);
            assert_eq!(path.join("."), key);
            let meaning = meaning(&path).unwrap_or_default();
            assert!(meaning.starts_with(means), "{key}: {meaning}");
        }
        // What is not there is looked for where it would stand.
        let place =
            place_of(&root(FILE), "disturbances.1.shape.impulse.duration".split('.')).unwrap();
        assert_eq!(&FILE[place], "impulse");
        let place = place_of(&root(FILE), ["disturbances"].into_iter()).unwrap();
        assert_eq!(&FILE[place], "disturbances");
    }
}
