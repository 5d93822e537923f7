//! The JSON Schema of experiment files, and what it says about a key.
//!
//! It is made from the types that files are read into and their documentation, and is the only place
//! from which keys are explained: in messages, by `dip init`, and by editors. Validated by its own tests;
//! `docs/experiment.schema.json` is held to it in `tests/files.rs`.

use anyhow::Result;
use schemars::schema_for;
use serde_json::{Value, json};
use sim_runner::Experiment;

use crate::output::print_json;

/// `dip schema`: prints it.
pub(crate) fn run() -> Result<()> {
    print_json(&published())
}

/// Of whole files, which have two keys that experiments have not.
pub(crate) fn published() -> Value {
    let mut schema = schema_for!(Experiment).to_value();
    schema["title"] = json!("Experiment file of dip");
    schema["description"] = json!("An experiment; what it does not say is as built in.");
    let name = |description: &str| json!({ "description": description, "type": "string" });
    schema["properties"]["rig"] = name(
        "Name of a rig that was built, whose parameters are the defaults: `dip rigs` lists them.",
    );
    let file = name("Name of a file, relative to this one.");
    schema["properties"]["extends"] = json!({
        "description": "Files that this one says something on top of, the later over the earlier.",
        "anyOf": [file, { "type": "array", "items": file }],
    });
    schema
}

/// What the key at `path` means, from the documentation of the type that it is read into.
pub(crate) fn meaning(path: &[String]) -> Option<String> {
    let schema = published();
    let (mut node, mut alternative) = (&schema, None);
    for key in path {
        (node, alternative) = child(&schema, node, key)?;
    }
    // A description beside a reference is the field's; those of its type, or of the alternative of
    // which it is the name, are only substitutes.
    let own = node.get("description").or_else(|| resolve(&schema, node)?.get("description"));
    // The first paragraph, whatever its lines.
    Some(own.or(alternative)?.as_str()?.split("\n\n").next()?.replace('\n', " "))
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

/// What stands at `path`.
fn at<'s>(schema: &'s Value, path: &[String]) -> Option<&'s Value> {
    path.iter().try_fold(schema, |node, key| child(schema, node, key).map(|(found, _)| found))
}

/// Follows a `$ref`.
fn resolve<'s>(schema: &'s Value, node: &'s Value) -> Option<&'s Value> {
    match node.get("$ref") {
        Some(reference) => schema.pointer(reference.as_str()?.strip_prefix('#')?),
        None => Some(node),
    }
}

/// Does one of several alternatives stand at `path`, as in `switching = { tanh = { … } }`?
pub(crate) fn is_choice(path: &[String]) -> bool {
    alternatives(path).len() > 1
}

/// The names of the alternatives at `path`.
pub(crate) fn alternatives(path: &[String]) -> Vec<String> {
    let schema = published();
    at(&schema, path).map_or_else(Vec::new, |node| names_of_alternatives(&schema, node))
}

fn names_of_alternatives(schema: &Value, node: &Value) -> Vec<String> {
    let Some(node) = resolve(schema, node) else {
        return Vec::new();
    };
    let text = |name: &Value| name.as_str().map(str::to_owned);
    if let Some(name) = node.get("const").and_then(text) {
        return vec![name];
    }
    if let Some(names) = node.get("enum").and_then(Value::as_array) {
        return names.iter().filter_map(text).collect();
    }
    let several = node.get("oneOf").or_else(|| node.get("anyOf")).and_then(Value::as_array);
    match several {
        Some(several) => {
            let names = several.iter().flat_map(|one| match one.get("required") {
                Some(names) => names.as_array().into_iter().flatten().filter_map(text).collect(),
                None => names_of_alternatives(schema, one),
            });
            names.collect()
        }
        None => Vec::new(),
    }
}

/// The keys that the table at `path` may have.
pub(crate) fn keys_at(path: &[String]) -> Vec<String> {
    let schema = published();
    let node = at(&schema, path).and_then(|node| resolve(&schema, node));
    let keys = node.and_then(|node| node.get("properties")?.as_object());
    keys.into_iter().flat_map(|keys| keys.keys().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{alternatives, is_choice, keys_at, meaning};

    fn path(keys: &str) -> Vec<String> {
        keys.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn alternatives_are_known_by_their_names() {
        for (keys, expected) in [
            ("controllers.classical.switching", "implicit, saturation, sign, tanh"),
            ("simulation.integrator", "rk4, semi_implicit_euler"),
            ("mismatch.m0", "normal, uniform"),
            ("plant.m0", ""),
            ("plant", ""),
        ] {
            let mut names = alternatives(&path(keys));
            names.sort();
            assert_eq!(names.join(", "), expected, "{keys}");
        }
        assert!(is_choice(&path("controllers.hybrid.surface")) && !is_choice(&path("controllers")));
        assert!(keys_at(&path("actuator")).contains(&"rate_max".to_owned()));
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
                    let meaning =
                        meaning(path).unwrap_or_else(|| panic!("{path:?} has no meaning"));
                    assert!(meaning.ends_with(['.', ')']), "{path:?}: {meaning}");
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
