//! The part of JSONata that the state machines use. What it does not know it does not read, so that a machine never
//! means something else here than it does in Step Functions.

use super::value::{call, joined, sequence};
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// What an expression sees. `None` is JSONata's *undefined*, which is not `null`.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    pub variables: BTreeMap<String, Value>,
    /// What a field name is looked up in.
    pub here: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    Literal(Value),
    Variable(String),
    Field(String),
    /// What is on the right is meant of each of what is on the left.
    Path(Box<Self>, Box<Self>),
    /// `[0]`, or `[outcome = 'error']`.
    Filter(Box<Self>, Box<Self>),
    Call(String, Vec<Self>),
    Object(Vec<(String, Self)>),
    List(Vec<Self>),
    Infix(Infix, Box<Self>, Box<Self>),
    If(Box<Self>, Box<Self>, Box<Self>),
    Assign(String, Box<Self>),
    Block(Vec<Self>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Infix {
    Or,
    And,
    Equal,
    Greater,
    Join,
}

impl Expression {
    /// The value in a scope.
    ///
    /// # Errors
    /// A sentence, where Step Functions would say `States.QueryEvaluationError`.
    pub fn value(&self, scope: &mut Scope) -> Result<Option<Value>, String> {
        if let Some(found) = self.found(scope) {
            return Ok(found.cloned());
        }
        Ok(match self {
            Self::Literal(value) => Some(value.clone()),
            Self::Variable(name) => scope.variables.get(name).cloned(),
            Self::Field(name) => field(&scope.here, name),
            Self::Path(left, right) => match left.value(scope)? {
                Some(left) => each(&left, right, scope)?,
                None => None,
            },
            Self::Filter(of, by) => filtered(of, by, scope)?,
            Self::Call(name, arguments) => {
                let arguments: Result<Vec<_>, _> = arguments.iter().map(|argument| argument.value(scope)).collect();
                call(name, &arguments?)?
            }
            Self::Object(fields) => {
                let mut object = Map::new();
                for (name, of) in fields {
                    object.extend(of.value(scope)?.map(|value| (name.clone(), value)));
                }
                Some(object.into())
            }
            Self::List(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| item.value(scope)).collect();
                Some(items?.into_iter().flatten().collect())
            }
            Self::Infix(infix, left, right) => Some(infix.value(left, right, scope)?),
            Self::If(condition, then, otherwise) => match is_true(condition.value(scope)?.as_ref()) {
                true => then.value(scope)?,
                false => otherwise.value(scope)?,
            },
            Self::Assign(name, of) => {
                let value = of.value(scope)?;
                match value.clone() {
                    Some(value) => scope.variables.insert(name.clone(), value),
                    None => scope.variables.remove(name),
                };
                value
            }
            Self::Block(lines) => block(lines, scope)?,
        })
    }
}

impl Expression {
    /// What a variable or a path of fields leads to, without a copy of all that is passed on the way. `None` where it
    /// takes more than that to know.
    fn found<'a>(&self, scope: &'a Scope) -> Option<Option<&'a Value>> {
        match self {
            Self::Variable(name) => Some(scope.variables.get(name)),
            Self::Path(left, right) => match (left.found(scope)?, right.as_ref()) {
                (None, _) => Some(None),
                (Some(Value::Object(object)), Self::Field(name)) => Some(object.get(name)),
                _ => None,
            },
            _ => None,
        }
    }
}

/// What is assigned in a block is not seen outside of it.
fn block(lines: &[Expression], scope: &mut Scope) -> Result<Option<Value>, String> {
    let has_names = lines.iter().any(|line| matches!(line, Expression::Assign(..)));
    let outside = has_names.then(|| scope.variables.clone());
    let mut last = Ok(None);
    for line in lines {
        last = line.value(scope);
        if last.is_err() {
            break;
        }
    }
    if let Some(outside) = outside {
        scope.variables = outside;
    }
    last
}

fn field(of: &Value, name: &str) -> Option<Value> {
    match of {
        Value::Object(object) => object.get(name).cloned(),
        Value::Array(items) => sequence(items.iter().filter_map(|item| field(item, name)).collect()),
        _ => None,
    }
}

/// One value after the other is "here".
fn each(left: &Value, right: &Expression, scope: &mut Scope) -> Result<Option<Value>, String> {
    let Value::Array(items) = left else { return at(left, right, scope) };
    let mut all = Vec::new();
    for item in items {
        all.extend(at(item, right, scope)?);
    }
    Ok(sequence(all))
}

fn at(here: &Value, what: &Expression, scope: &mut Scope) -> Result<Option<Value>, String> {
    let outside = std::mem::replace(&mut scope.here, here.clone());
    let value = what.value(scope);
    scope.here = outside;
    value
}

fn filtered(of: &Expression, by: &Expression, scope: &mut Scope) -> Result<Option<Value>, String> {
    let items = match of.value(scope)? {
        None => return Ok(None),
        Some(Value::Array(items)) => items,
        Some(value) => vec![value],
    };
    if let Expression::Literal(Value::Number(number)) = by {
        let at = number.as_f64().map(|at| at as usize);
        return Ok(at.and_then(|at| items.get(at).cloned()));
    }
    let mut kept = Vec::new();
    for item in items {
        if is_true(at(&item, by, scope)?.as_ref()) {
            kept.push(item);
        }
    }
    Ok(sequence(kept))
}

/// JSONata's `$boolean`.
fn is_true(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(is)) => *is,
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => items.iter().any(|item| is_true(Some(item))),
        Some(Value::Object(object)) => !object.is_empty(),
    }
}

impl Infix {
    fn value(self, left: &Expression, right: &Expression, scope: &mut Scope) -> Result<Value, String> {
        let left = left.value(scope)?;
        if let (Self::Or, true) | (Self::And, false) = (self, is_true(left.as_ref())) {
            return Ok((self == Self::Or).into());
        }
        let right = right.value(scope)?;
        Ok(match self {
            Self::Or | Self::And => is_true(right.as_ref()).into(),
            Self::Equal => (left.is_some() && same(left.as_ref(), right.as_ref())).into(),
            Self::Greater => match (left.and_then(|it| it.as_f64()), right.and_then(|it| it.as_f64())) {
                (Some(left), Some(right)) => (left > right).into(),
                _ => return Err("\">\" wants two numbers".into()),
            },
            Self::Join => joined(&[left, right]).into(),
        })
    }
}

/// `1` and `1.0` are the same number.
fn same(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(Value::Number(left)), Some(Value::Number(right))) => left.as_f64() == right.as_f64(),
        _ => left == right,
    }
}

pub fn number(text: &str) -> Option<Value> {
    text.parse::<i64>().ok().map(Number::from).map(Value::Number)
}
