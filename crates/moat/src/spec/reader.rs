//! Reads one JSON object field by field, so that one bad field does not hide another.

use crate::plan::Problem;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

pub(crate) struct Reader<'a> {
    pointer: String,
    fields: &'a Map<String, Value>,
    problems: &'a mut Vec<Problem>,
}

/// The problem of a document that is not an object.
pub(super) fn not_an_object(pointer: &str, value: &Value) -> Problem {
    Problem::at(pointer, format!("must be a JSON object, but it is {}", kind(value)))
}

impl<'a> Reader<'a> {
    /// Opens the object and reports every field whose name is not in `known`.
    pub fn open(pointer: &str, value: &'a Value, known: &[&str], problems: &'a mut Vec<Problem>) -> Option<Self> {
        let Value::Object(fields) = value else {
            problems.push(not_an_object(pointer, value));
            return None;
        };
        // Whether serde_json keeps the document's order is up to a feature that any dependency may turn on.
        let unknown: BTreeSet<&String> = fields.keys().filter(|name| !known.contains(&name.as_str())).collect();
        for name in unknown {
            let hint = match nearest(name, known) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("the fields here are {}", known.join(", ")),
            };
            problems.push(Problem::at(below(pointer, name), format!("there is no such field; {hint}")));
        }
        Some(Self { pointer: pointer.to_owned(), fields, problems })
    }

    /// The field's value, or `default` where it is absent or null; a wrong one is reported and gives the default too.
    pub fn optional<T: DeserializeOwned>(&mut self, name: &str, default: T) -> T {
        match self.fields.get(name) {
            None | Some(Value::Null) => default,
            Some(value) => self.parse(name, value).unwrap_or(default),
        }
    }

    /// The field's value; `None` after its absence or its problem was reported.
    pub fn required<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        match self.fields.get(name) {
            None | Some(Value::Null) => {
                self.report(name, "is required");
                None
            }
            Some(value) => self.parse(name, value),
        }
    }

    /// Reads a field that is an object itself.
    pub fn object<T>(
        &mut self,
        name: &str,
        known: &[&str],
        absent: T,
        read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
    ) -> T {
        let Some(value) = self.value(name) else { return absent };
        let pointer = below(&self.pointer, name);
        let Some(mut inner) = Reader::open(&pointer, value, known, self.problems) else { return absent };
        read(&mut inner).unwrap_or(absent)
    }

    /// Reads a field that is a list of at most `most` objects. The wrong ones are reported and left out.
    pub fn list<T>(
        &mut self,
        name: &str,
        most: usize,
        known: &[&str],
        mut read: impl FnMut(&mut Reader<'_>) -> Option<T>,
    ) -> Vec<T> {
        let items = match self.value(name) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.report(name, format!("must be a list, but it is {}", kind(other)));
                return Vec::new();
            }
        };
        if items.len() > most {
            self.report(name, format!("has {} entries, but it has at most {most}", items.len()));
            return Vec::new();
        }
        let pointer = below(&self.pointer, name);
        let each = items.iter().enumerate().filter_map(|(i, item)| {
            let mut inner = Reader::open(&below(&pointer, &i.to_string()), item, known, self.problems)?;
            read(&mut inner)
        });
        each.collect()
    }

    /// The field as it is; `None` where it is absent or null.
    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// A problem of the object itself.
    pub fn report_here(&mut self, message: impl Into<String>) {
        self.problems.push(Problem::at(self.pointer.clone(), message));
    }

    /// A problem below the object, at a pointer from there, such as `/secrets/DB`.
    pub fn report_at(&mut self, pointer: &str, message: impl Into<String>) {
        self.problems.push(Problem::at(format!("{}{pointer}", self.pointer), message));
    }

    pub fn report(&mut self, name: &str, message: impl Into<String>) {
        self.problems.push(Problem::at(below(&self.pointer, name), message));
    }

    /// A problem of one part of a field: an item of a list, a key of an object.
    pub fn report_in(&mut self, name: &str, part: &str, message: impl Into<String>) {
        self.problems.push(Problem::at(below(&below(&self.pointer, name), part), message));
    }

    /// Reports `objection(value)` where it has one.
    pub fn check<T>(&mut self, name: &str, value: T, objection: impl FnOnce(&T) -> Option<String>) -> T {
        if let Some(message) = objection(&value) {
            self.report(name, message);
        }
        value
    }

    fn parse<T: DeserializeOwned>(&mut self, name: &str, value: &Value) -> Option<T> {
        match serde_path_to_error::deserialize(value) {
            Ok(value) => Some(value),
            Err(error) => {
                let mut pointer = below(&self.pointer, name);
                for segment in error.path().iter() {
                    use serde_path_to_error::Segment;
                    match segment {
                        Segment::Seq { index } => pointer = below(&pointer, &index.to_string()),
                        Segment::Map { key } => pointer = below(&pointer, key),
                        Segment::Enum { .. } | Segment::Unknown => {}
                    }
                }
                self.problems.push(Problem::at(pointer, in_words(&error.inner().to_string())));
                None
            }
        }
    }
}

/// serde's message for a wrong type or value, without the names of Rust's types.
fn in_words(message: &str) -> String {
    let number = |most: &str| format!("a whole number from 0 to {most}");
    let expected = |name: &str| match name {
        "u8" => number("255"),
        "u16" => number("65535"),
        "u32" => number("4294967295"),
        "a sequence" => "a list".into(),
        "a map" => "an object".into(),
        "a string" => "text".into(),
        other => other.to_owned(),
    };
    let Some((found, name)) = message.split_once(", expected ") else { return message.to_owned() };
    let wrong = ["invalid type: ", "invalid value: "].iter().find_map(|prefix| found.strip_prefix(prefix));
    match (wrong, found.strip_prefix("unknown variant ")) {
        (Some(found), _) => format!("must be {}, but it is {}", expected(name), found.replace("integer ", "")),
        (None, Some(found)) => format!("must be {name}, but it is {found}"),
        (None, None) => message.to_owned(),
    }
}

/// A field's JSON pointer (RFC 6901).
pub(super) fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The known name that is at most two typing errors away.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    known.iter().map(|known| (distance(name, known), *known)).filter(|(far, _)| *far <= 2).min().map(|(_, near)| near)
}

/// Levenshtein distance, without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}
