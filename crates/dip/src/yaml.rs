//! YAML as what TOML can say: tables, lists, numbers, text and booleans, each with its place.
//!
//! It knows no keys. Reading is `serde-saphyr`'s; what YAML has and TOML has not (nothing, keys that are
//! not text) is a fault. Validated by the tests of `layers.rs` and by broken files.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Error as Fault, Location, NonFiniteFloatPolicy, Spanned};
use toml::de::{DeTable, DeValue};

/// A document, which begins with a table.
#[derive(Debug)]
pub(crate) struct Yaml(Entries);

#[derive(Debug)]
enum Node {
    Bool(bool),
    /// As TOML writes it.
    Number(String),
    Text(String),
    List(Vec<Spanned<Node>>),
    Table(Entries),
    Nothing,
}

type Entries = Vec<(Spanned<String>, Spanned<Node>)>;

/// Why a text is no such document, and where.
#[derive(Debug)]
pub(crate) struct YamlError {
    pub(crate) place: Option<Range<usize>>,
    pub(crate) message: String,
}

impl Yaml {
    /// A document with a value for each key.
    pub(crate) fn parse(text: &str) -> Result<Self, YamlError> {
        let yaml = Self::read(text)?;
        match yaml.0.iter().find_map(|(_, node)| nothing(node)) {
            None => Ok(yaml),
            Some(place) => Err(YamlError {
                place: bytes(text, &place),
                message: "nothing stands here: leave out the key to keep what it is without"
                    .to_owned(),
            }),
        }
    }

    /// A document without the keys that have no value, and those keys, with dots.
    pub(crate) fn parse_valued(text: &str) -> Result<(Self, Vec<String>), YamlError> {
        let (mut yaml, mut without_value) = (Self::read(text)?, Vec::new());
        take_out(&mut yaml.0, "", &mut without_value);
        Ok((yaml, without_value))
    }

    fn read(text: &str) -> Result<Self, YamlError> {
        // What is no number is refused where it is known what it is of.
        let options = serde_saphyr::options! {
            non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        };
        let root: Spanned<Node> =
            serde_saphyr::from_str_with_options(text, options).map_err(|error| {
                let error = error.without_snippet();
                let place = error.location().and_then(|location| bytes(text, &location));
                YamlError { place, message: in_words(error) }
            })?;
        match root.value {
            Node::Table(entries) => Ok(Self(entries)),
            Node::Nothing => Ok(Self(Vec::new())),
            _ => Err(YamlError { place: None, message: "expected a table of keys".to_owned() }),
        }
    }

    /// As TOML's tree, with places in `text`.
    pub(crate) fn table(&self, text: &str) -> DeTable<'_> {
        table(&self.0, text)
    }
}

/// What is wrong, where the library tells its callers what they could do.
fn in_words(error: &Fault) -> String {
    match error {
        Fault::DuplicateMappingKey { key: Some(key), .. } => format!("duplicate key `{key}`"),
        Fault::MultipleDocuments { .. } => "a second document: must be one".to_owned(),
        Fault::NullIntoString { .. } => "a key that is nothing: must be text".to_owned(),
        Fault::Budget { .. } => "too deep or too long for an experiment".to_owned(),
        other => {
            // The place is shown, and said once.
            let message = other.to_string();
            message.split_once(" at line ").map_or(&*message, |(what, _)| what).to_owned()
        }
    }
}

/// Where there is nothing in what stands here.
fn nothing(node: &Spanned<Node>) -> Option<Location> {
    match &node.value {
        Node::Nothing => Some(node.referenced),
        Node::List(nodes) => nodes.iter().find_map(nothing),
        Node::Table(entries) => entries.iter().find_map(|(_, node)| nothing(node)),
        Node::Bool(_) | Node::Number(_) | Node::Text(_) => None,
    }
}

/// Takes out keys that have no value, lists in which something has none, and tables that nothing is left of.
fn take_out(entries: &mut Entries, above: &str, taken: &mut Vec<String>) {
    entries.retain_mut(|(key, node)| {
        let key = format!("{above}{}", key.value);
        if let Node::Table(inner) = &mut node.value {
            let before = taken.len();
            take_out(inner, &format!("{key}."), taken);
            return !inner.is_empty() || taken.len() == before;
        }
        let has_value = nothing(node).is_none();
        if !has_value {
            taken.push(key);
        }
        has_value
    });
}

fn table<'y>(entries: &'y Entries, text: &str) -> DeTable<'y> {
    let entry = |(key, node): &'y (Spanned<String>, Spanned<Node>)| {
        let place = bytes(text, &key.referenced).unwrap_or_default();
        (toml::Spanned::new(place, Cow::Borrowed(key.value.as_str())), value(node, text))
    };
    entries.iter().map(entry).collect()
}

fn value<'y>(node: &'y Spanned<Node>, text: &str) -> toml::Spanned<DeValue<'y>> {
    let value = match &node.value {
        Node::Bool(value) => DeValue::Boolean(*value),
        Node::Number(number) => {
            DeValue::parse(number).expect("it is written as TOML writes it").into_inner()
        }
        Node::Text(text) => DeValue::String(Cow::Borrowed(text)),
        Node::List(nodes) => DeValue::Array(nodes.iter().map(|node| value(node, text)).collect()),
        Node::Table(entries) => DeValue::Table(table(entries, text)),
        Node::Nothing => unreachable!("it was refused or taken out"),
    };
    toml::Spanned::new(bytes(text, &node.referenced).unwrap_or_default(), value)
}

/// The bytes of a place; of a value of many lines those of its first.
fn bytes(text: &str, location: &Location) -> Option<Range<usize>> {
    let at = |characters: u64| {
        let characters = usize::try_from(characters).ok()?;
        text.char_indices().map(|(i, _)| i).chain([text.len()]).nth(characters)
    };
    let span = location.span();
    let start = at(span.offset())?;
    let end = at(span.offset().checked_add(span.len())?).unwrap_or(text.len());
    let shown = &text[start..end.max(start)];
    Some(start..start + shown.lines().next().unwrap_or_default().trim_end().len())
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table, a list, a number, text or true or false")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        let number = if value.is_nan() { "nan".to_owned() } else { format!("{value:?}") };
        Ok(Node::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Table(entries))
    }
}
