//! `cargo xtask reference`: every key of an experiment file, from the types that it is read into.
//!
//! Names and meanings are those of the JSON schema, defaults those of `Experiment::default()`, and rules are what
//! the program itself answers to a number that is none: nothing here is typed by hand, and the page
//! cannot be wrong for long, because a test compares it.
//!
//! Validated by the tests here.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use clap::Args;
use schemars::schema_for;
use serde_json::Value;
use sim_runner::Experiment;
use smc_controllers::Kind;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Change nothing; fail if the page is not what the types say
    #[arg(long)]
    check: bool,
}

const PAGE: &str = "docs/reference/experiment-keys.md";

const HEAD: &str = "# Keys of an experiment file

Every key, with its default, its rule and its meaning; `cargo xtask reference` writes this page from the types that
a file is read into. How the parts work together is told in [Experiment file](../experiment.md), with the
defaults in the form of a file. A key without a default is off unless it is there. Where one of several
forms is to be chosen, each of them is listed, as `{ name }`. Rules that bind several keys are told by `dip check`.
";

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(PAGE);
    let page = page()?;
    if arguments.check {
        let there = fs::read_to_string(&path).with_context(|| PAGE.to_owned())?;
        ensure!(there == page, "{PAGE} is not what the types say: `cargo xtask reference`");
    } else {
        fs::write(&path, page).with_context(|| PAGE.to_owned())?;
    }
    Ok(())
}

/// The whole page.
fn page() -> Result<String> {
    let schema = schema_for!(Experiment).to_value();
    let defaults = serde_json::to_value(Experiment::default())?;
    let mut rows = Vec::new();
    keys(&schema, &schema, "", Some(&defaults), &mut rows);
    let order = order_of_defaults()?;
    // The longest of them that a key begins with is its own, or that of its neighbours.
    let place = |row: &Row| {
        let own = order.iter().enumerate().filter(|(_, key)| row.key.starts_with(key.as_str()));
        own.max_by_key(|(_, key)| key.len()).map_or(usize::MAX, |(place, _)| place)
    };
    rows.sort_by_key(place);
    // Sections in the order of a file; keys that have no default come after their neighbours.
    let mut sections: Vec<&str> = Vec::new();
    for row in &rows {
        if !sections.contains(&row.section()) {
            sections.push(row.section());
        }
    }
    let mut text = HEAD.to_owned();
    for section in sections {
        let title =
            if section.is_empty() { "At the top".to_owned() } else { format!("`{section}`") };
        text += &format!("\n## {title}\n\n| key | default | rule | meaning |\n|---|---|---|---|\n");
        for row in rows.iter().filter(|row| row.section() == section) {
            let name = row.key.strip_prefix(section).unwrap_or(&row.key).trim_start_matches('.');
            let default = row.default.as_ref().map_or(String::new(), |value| format!("`{value}`"));
            let rule = rule(row)?.unwrap_or_default();
            text += &format!(
                "| `{name}` | {default} | {rule} | {} |\n",
                row.meaning.replace('|', "\\|")
            );
        }
    }
    Ok(text)
}

/// A key that holds a value.
struct Row {
    key: String,
    default: Option<Value>,
    meaning: String,
}

impl Row {
    /// The table that it is in: of a law the whole law, of other things the first name.
    fn section(&self) -> &str {
        let depth = if self.key.starts_with("controllers.") { 2 } else { 1 };
        self.key.match_indices('.').nth(depth - 1).map_or("", |(at, _)| &self.key[..at])
    }
}

/// All keys at and below `node`.
fn keys(schema: &Value, node: &Value, key: &str, default: Option<&Value>, rows: &mut Vec<Row>) {
    let own = node.get("description");
    let node = resolve(schema, node);
    let meaning = own.or_else(|| node.get("description")).and_then(Value::as_str);
    let below = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    if let Some(properties) = node.get("properties").and_then(Value::as_object) {
        for (name, node) in properties {
            keys(schema, node, &below(name), default.and_then(|value| value.get(name)), rows);
        }
        return;
    }
    let is_value = |value: &&Value| !value.is_object();
    rows.push(Row {
        key: key.to_owned(),
        default: default.filter(is_value).filter(|value| !value.is_null()).cloned(),
        meaning: first_line(meaning),
    });
    let alternatives = node.get("oneOf").or_else(|| node.get("anyOf")).and_then(Value::as_array);
    for alternative in alternatives.into_iter().flatten() {
        let own = alternative.get("description").and_then(Value::as_str);
        let alternative = resolve(schema, alternative);
        if let Some(name) = alternative.get("const").and_then(Value::as_str) {
            rows.push(Row {
                key: format!("{key}.\"{name}\""),
                default: None,
                meaning: first_line(own),
            });
        }
        for (name, form) in
            alternative.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            let default = default.and_then(|value| value.get(name));
            let mut found = Vec::new();
            keys(schema, form, &format!("{key}.{{ {name} }}"), default, &mut found);
            if let [row] = found.as_mut_slice() {
                row.meaning =
                    if row.meaning.is_empty() { first_line(own) } else { row.meaning.clone() };
            }
            rows.append(&mut found);
        }
    }
    if let Some(items) =
        node.get("items").filter(|items| resolve(schema, items).get("properties").is_some())
    {
        keys(schema, items, &format!("{key}[]"), None, rows);
    }
}

fn first_line(meaning: Option<&str>) -> String {
    meaning.and_then(|text| text.split("\n\n").next()).unwrap_or_default().replace('\n', " ")
}

/// Follows a `$ref`.
fn resolve<'s>(schema: &'s Value, node: &'s Value) -> &'s Value {
    let reference = node.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
    reference
        .map_or(node, |reference| schema.pointer(reference).expect("a reference of the schema"))
}

/// The keys of the defaults as they are written to a file.
fn order_of_defaults() -> Result<Vec<String>> {
    let text = toml::to_string(&Experiment::default())?;
    let mut section = String::new();
    let mut order = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            name.trim_end_matches(']').clone_into(&mut section);
            order.push(section.clone());
        } else if let Some((name, _)) = line.split_once(" = ") {
            order.push(if section.is_empty() {
                name.to_owned()
            } else {
                format!("{section}.{name}")
            });
        }
    }
    Ok(order)
}

/// What the program says of NaN at this key: the rule; nothing where the default is no number.
fn rule(row: &Row) -> Result<Option<String>> {
    if !row.default.as_ref().is_some_and(Value::is_f64) || row.key.contains('{') {
        return Ok(None);
    }
    let mut file = toml::Value::try_from(Experiment::default())?;
    let mut value = &mut file;
    for name in row.key.split('.') {
        value = value.get_mut(name).context("a default is in the file")?;
    }
    *value = toml::Value::Float(f64::NAN);
    let experiment: Experiment = file.try_into()?;
    let refused = experiment.check().map_err(|error| error.to_string()).err().or_else(|| {
        let build =
            |&kind: &Kind| experiment.controller(kind).map_err(|error| error.to_string()).err();
        Kind::ALL.iter().find_map(build)
    });
    let refused = refused.with_context(|| format!("{} = NaN is not refused", row.key))?;
    let (_, rule) = refused.split_once("must be ").with_context(|| refused.clone())?;
    Ok(Some(rule.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{PAGE, page};

    #[test]
    fn the_page_is_what_the_types_say() {
        let there =
            fs::read_to_string(format!("{}/../{PAGE}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert_eq!(there, page().unwrap(), "`cargo xtask reference` writes it");
    }

    #[test]
    fn keys_have_default_rule_and_meaning() {
        let page = page().unwrap();
        for row in [
            "| `m0` | `1.5` | finite and greater than 0 | Mass of the cart in kg. |",
            "| `rate_max` |  |  | ",
            "## `controllers.hybrid`",
        ] {
            assert!(page.contains(row), "{row} is not in\n{page}");
        }
    }
}
