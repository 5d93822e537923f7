//! Where in a TOML file a key stands, and what the key means.

use std::ops::Range;

use schemars::schema_for;
use serde_json::Value;
use sim_runner::Experiment;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The keys from the root to what stands at `place`, a range of bytes: `["plant", "m0"]`. Entries of
/// a list of tables are counted from 0: `["disturbances", "0", "on"]`.
pub(crate) fn path_at(text: &str, place: &Range<usize>) -> Vec<String> {
    let mut path = Vec::new();
    if let Ok(document) = DeTable::parse(text) {
        descend(document.get_ref(), place, &mut path);
    }
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
    text: &str,
    path: impl Iterator<Item = &'p str>,
) -> Option<Range<usize>> {
    let document = DeTable::parse(text).ok()?;
    let root = DeValue::Table(document.into_inner());
    let (mut value, mut place) = (&root, None);
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

/// What the key at `path` means, from the documentation of the type that it is read into.
pub(crate) fn meaning(path: &[String]) -> Option<String> {
    let schema = schema_for!(Experiment).to_value();
    let (mut node, mut alternative) = (&schema, None);
    for key in path {
        (node, alternative) = child(&schema, node, key)?;
    }
    // A description beside a reference is the field's; those of its type, or of the alternative of
    // which it is the name, are only substitutes.
    let own = node.get("description").or_else(|| resolve(&schema, node)?.get("description"));
    Some(own.or(alternative)?.as_str()?.split('\n').next()?.to_owned())
}

/// What stands under `key`, be it a property, an entry of a list, or in one of several alternatives;
/// and the description of that alternative.
fn child<'s>(
    schema: &'s Value,
    node: &'s Value,
    key: &str,
) -> Option<(&'s Value, Option<&'s Value>)> {
    let node = resolve(schema, node)?;
    let is_index = key.parse::<usize>().is_ok();
    let entry = || node.get("items").filter(|_| is_index);
    if let Some(found) = node.get("properties").and_then(|keys| keys.get(key)).or_else(entry) {
        return Some((found, None));
    }
    let alternatives = node.get("oneOf").or_else(|| node.get("anyOf"))?.as_array()?;
    alternatives.iter().find_map(|alternative| {
        let (found, description) = child(schema, alternative, key)?;
        Some((found, description.or_else(|| alternative.get("description"))))
    })
}

/// Follows a `$ref`.
fn resolve<'s>(schema: &'s Value, node: &'s Value) -> Option<&'s Value> {
    match node.get("$ref") {
        Some(reference) => schema.pointer(reference.as_str()?.strip_prefix('#')?),
        None => Some(node),
    }
}

#[cfg(test)]
mod tests {
    use super::{meaning, path_at, place_of};

    const FILE: &str = "start.x = 1.0\n[plant]\nm0 = 2.0\n[controllers.classical]\nk = 3.0\n";

    const SWITCHING: &str = "[controllers.classical]\nkp = 1\n\
                             switching = { saturation = { epsilon = 4 } }\n\
                             [controllers.hybrid.surface.absolute]\nc1 = 5.0\n";

    #[test]
    fn keys_and_places_belong_together() {
        for (key, value) in
            [("start.x", "1.0"), ("plant.m0", "2.0"), ("controllers.classical.k", "3.0")]
        {
            let place = place_of(FILE, key.split('.')).unwrap();
            assert_eq!(&FILE[place.clone()], value);
            assert_eq!(path_at(FILE, &place).join("."), key);
        }
        // The name of an alternative may be left out, at any depth.
        for (key, value) in [
            ("controllers.classical.switching.epsilon", "4"),
            ("controllers.hybrid.surface.c1", "5.0"),
            ("controllers.classical.switching.slope", "switching"),
        ] {
            let place = place_of(SWITCHING, key.split('.')).unwrap();
            assert_eq!(&SWITCHING[place], value);
        }
        // A key that is not there is looked for where it would stand.
        let place = place_of(FILE, "controllers.classical.surface".split('.')).unwrap();
        assert_eq!(&FILE[place], "classical");
        assert_eq!(place_of(FILE, "actuator.u_max".split('.')), None);
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
            let place = place_of(FILE, key.split('.')).unwrap();
            assert_eq!(&FILE[place.clone()], value);
            let path = path_at(FILE, &place);
            assert_eq!(path.join("."), key);
            let meaning = meaning(&path).unwrap_or_default();
            assert!(meaning.starts_with(means), "{key}: {meaning}");
        }
        // What is not there is looked for where it would stand.
        let place = place_of(FILE, "disturbances.1.shape.impulse.duration".split('.')).unwrap();
        assert_eq!(&FILE[place], "impulse");
        let place = place_of(FILE, ["disturbances"].into_iter()).unwrap();
        assert_eq!(&FILE[place], "disturbances");
    }

    #[test]
    fn every_key_of_the_experiment_has_a_meaning() {
        fn walk(value: &toml::Value, path: &mut Vec<String>) {
            let toml::Value::Table(table) = value else {
                return;
            };
            for (key, value) in table {
                path.push(key.clone());
                // Within a surface the alternatives describe themselves.
                if key != "surface" {
                    assert!(meaning(path).is_some(), "{path:?} has no meaning");
                    walk(value, path);
                }
                path.pop();
            }
        }
        let experiment = toml::Value::try_from(sim_runner::Experiment::default()).unwrap();
        walk(&experiment, &mut Vec::new());
        let path = ["plant", "m0"].map(str::to_owned);
        assert_eq!(meaning(&path).unwrap(), "Mass of the cart in kg.");
    }
}
