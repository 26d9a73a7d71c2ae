//! JSON in which some texts are expressions.

use super::Trouble;
use super::expression::{Expression, Scope};
use super::parse::parse;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(try_from = "Value")]
pub enum Template {
    Literal(Value),
    Expression(String, Expression),
    Object(Vec<(String, Self)>),
    List(Vec<Self>),
}

impl TryFrom<Value> for Template {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        Ok(match value {
            Value::String(text) => match text.strip_prefix("{%").and_then(|text| text.strip_suffix("%}")) {
                Some(inner) => {
                    let expression = parse(inner)?;
                    Self::Expression(text, expression)
                }
                None => Self::Literal(text.into()),
            },
            Value::Array(items) => Self::List(items.into_iter().map(Self::try_from).collect::<Result<_, _>>()?),
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(name, field)| Ok((name, Self::try_from(field)?)));
                Self::Object(fields.collect::<Result<_, String>>()?)
            }
            value => Self::Literal(value),
        })
    }
}

impl Template {
    /// # Errors
    /// `States.QueryEvaluationError`, also where an expression yields nothing: Step Functions takes that for an error.
    pub fn value(&self, scope: &mut Scope) -> Result<Value, Trouble> {
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::Expression(text, expression) => {
                let trouble = |why: String| Trouble::new("States.QueryEvaluationError", format!("{text}: {why}"));
                let value = expression.value(scope).map_err(trouble)?;
                value.ok_or_else(|| trouble("it yields nothing".into()))?
            }
            Self::Object(fields) => {
                let fields = fields.iter().map(|(name, field)| Ok((name.clone(), field.value(scope)?)));
                fields.collect::<Result<_, Trouble>>()?
            }
            Self::List(items) => items.iter().map(|item| item.value(scope)).collect::<Result<_, _>>()?,
        })
    }
}
