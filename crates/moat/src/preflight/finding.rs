//! One thing that stands in the way, or that a person should know.

use crate::plan::Problem;
use serde::Serialize;
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A create would fail: nothing is made.
    Stop,
    /// It may go wrong, or nobody can tell.
    Warn,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub severity: Severity,
    /// What is wrong, as a sentence without its full stop.
    pub what: String,
    /// What to do about it, likewise.
    pub remedy: String,
    /// JSON pointer of the field in the input that asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

impl Finding {
    pub fn stop(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Stop, what: what.into(), remedy: remedy.into(), pointer: None }
    }

    pub fn warn(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Warn, ..Self::stop(what, remedy) }
    }

    #[must_use]
    pub fn at(self, pointer: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), ..self }
    }

    /// In the form of a look's problems.
    pub fn problem(&self) -> Problem {
        Problem { pointer: self.pointer.clone(), message: format!("{}. {}", self.what, self.remedy) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem().fmt(f)
    }
}
