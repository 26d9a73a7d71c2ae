//! JSONata's functions, as far as the state machines use them.

use serde_json::{Map, Value};

/// JSONata's sequence: nothing, the one value, or a list.
pub fn sequence(values: Vec<Value>) -> Option<Value> {
    let mut flat = Vec::new();
    for value in values {
        match value {
            Value::Array(items) => flat.extend(items),
            value => flat.push(value),
        }
    }
    match flat.len() {
        0 | 1 => flat.pop(),
        _ => Some(flat.into()),
    }
}

/// All of them as one text; what is undefined is no text.
pub fn joined(parts: &[Option<Value>]) -> String {
    let text = |part: &Option<Value>| match part {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    parts.iter().map(text).collect()
}

/// Calls a function.
///
/// # Errors
/// When it is not known here, or does not take these arguments.
pub fn call(name: &str, arguments: &[Option<Value>]) -> Result<Option<Value>, String> {
    let wrong = || Err(format!("${name} does not take {arguments:?}"));
    Ok(match (name, arguments) {
        ("exists", [of]) => Some(of.is_some().into()),
        ("not", [Some(Value::Bool(is))]) => Some((!is).into()),
        ("count", [of]) => Some(count(of.as_ref()).into()),
        ("type", [of]) => of.as_ref().map(|of| kind(of).into()),
        ("string", [of]) => of.as_ref().map(|_| joined(std::slice::from_ref(of)).into()),
        ("max", [Some(Value::Array(items))]) => items.iter().max_by_key(|item| item.as_i64()).cloned(),
        ("merge", [Some(Value::Array(items))]) => {
            let objects: Option<Vec<&Map<_, _>>> = items.iter().map(Value::as_object).collect();
            let Some(objects) = objects else { return wrong() };
            Some(objects.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        ("join", [None, _]) | ("parse" | "substring", [None, ..]) => None,
        ("join", [Some(Value::String(text)), _]) => Some(text.as_str().into()),
        ("join", [Some(Value::Array(items)), Some(Value::String(by))]) => {
            let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            let Some(texts) = texts else { return wrong() };
            Some(texts.join(by).into())
        }
        ("parse", [Some(Value::String(text))]) => Some(serde_json::from_str(text).map_err(|e| e.to_string())?),
        ("substring", [Some(Value::String(text)), Some(from), length @ ..]) => {
            let Some(from) = from.as_i64() else { return wrong() };
            let length = length.first().and_then(Option::as_ref).and_then(Value::as_u64);
            Some(part(text, from, length).into())
        }
        _ => return wrong(),
    })
}

fn count(of: Option<&Value>) -> usize {
    of.map_or(0, |of| of.as_array().map_or(1, Vec::len))
}

const fn kind(of: &Value) -> &'static str {
    match of {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Below zero counts from the end.
fn part(text: &str, from: i64, length: Option<u64>) -> String {
    let all = text.chars().count() as i64;
    let from = if from < 0 { (all + from).max(0) } else { from };
    let length = length.map_or(usize::MAX, |length| length as usize);
    text.chars().skip(from as usize).take(length).collect()
}
