//! Where in a TOML file a key stands, and what the key means.

use std::ops::Range;

use schemars::schema_for;
use serde_json::Value;
use sim_runner::Experiment;
use toml::de::{DeTable, DeValue};

/// The keys from the root to what stands at `place`, a range of bytes: `["plant", "m0"]`.
pub(crate) fn path_at(text: &str, place: &Range<usize>) -> Vec<String> {
    let mut path = Vec::new();
    let Ok(document) = DeTable::parse(text) else {
        return path;
    };
    let mut table = document.get_ref();
    'deeper: loop {
        for (key, value) in table {
            let within = |span: Range<usize>| span.start <= place.start && place.end <= span.end;
            let here = within(key.span()) || within(value.span());
            match value.get_ref() {
                // A table that is spread over the file has no one span: look inside it.
                DeValue::Table(inner) if here || holds(inner, place) => {
                    path.push(key.get_ref().to_string());
                    table = inner;
                    continue 'deeper;
                }
                _ if here => {
                    path.push(key.get_ref().to_string());
                    return path;
                }
                _ => {}
            }
        }
        return path;
    }
}

fn holds(table: &DeTable<'_>, place: &Range<usize>) -> bool {
    table.iter().any(|(key, value)| {
        let within = |span: Range<usize>| span.start <= place.start && place.end <= span.end;
        within(key.span())
            || within(value.span())
            || matches!(value.get_ref(), DeValue::Table(inner) if holds(inner, place))
    })
}

/// The bytes of the value at `path`, or of the deepest key on the way to it that is there.
pub(crate) fn place_of<'p>(
    text: &str,
    path: impl Iterator<Item = &'p str>,
) -> Option<Range<usize>> {
    let document = DeTable::parse(text).ok()?;
    let mut table = document.get_ref();
    let mut place = None;
    for name in path {
        let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == name) else {
            break;
        };
        match value.get_ref() {
            DeValue::Table(inner) => {
                place = Some(key.span());
                table = inner;
            }
            _ => return Some(value.span()),
        }
    }
    place
}

/// What the key at `path` means, from the documentation of the type that it is read into.
pub(crate) fn meaning(path: &[String]) -> Option<String> {
    let schema = schema_for!(Experiment).to_value();
    let mut node = &schema;
    for key in path {
        node = resolve(&schema, node)?.get("properties")?.get(key)?;
    }
    // A description beside a reference is the field's; that of the type is only a substitute.
    let description =
        node.get("description").or_else(|| resolve(&schema, node)?.get("description"));
    Some(description?.as_str()?.split('\n').next()?.to_owned())
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

    #[test]
    fn keys_and_places_belong_together() {
        for (key, value) in
            [("start.x", "1.0"), ("plant.m0", "2.0"), ("controllers.classical.k", "3.0")]
        {
            let place = place_of(FILE, key.split('.')).unwrap();
            assert_eq!(&FILE[place.clone()], value);
            assert_eq!(path_at(FILE, &place).join("."), key);
        }
        // A key that is not there is looked for where it would stand.
        let place = place_of(FILE, "controllers.classical.surface".split('.')).unwrap();
        assert_eq!(&FILE[place], "classical");
        assert_eq!(place_of(FILE, "actuator.u_max".split('.')), None);
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
