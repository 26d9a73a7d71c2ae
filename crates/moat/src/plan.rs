//! A plan is a value: steps in order, things it is waiting on, or a refusal instead of both.

use crate::name::Logical;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What a step may hurt. Drift repair applies the same plan up to the hazard that the spec allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Hazard {
    /// Puts back or adds what is missing. Cuts nothing.
    Safe,
    /// Replaces something or may cut traffic.
    Disruptive,
    /// Removes something.
    Destructive,
}

/// One change. It prints as one imperative sentence, which is the log line, the plan line and the drift line.
pub trait Step: fmt::Display + fmt::Debug + Clone {
    /// The logical name that becomes known when the step is done.
    fn makes(&self) -> Option<Logical>;
    /// The logical names that must be known before the step can be done.
    fn needs(&self) -> Vec<Logical>;
    fn hazard(&self) -> Hazard;

    /// The bucket that the step's call is paid from, where AWS takes so few of them that a pass could empty it.
    fn bucket(&self) -> Option<Bucket> {
        None
    }

    /// Seconds for which what it needs to be [still](Logical::still) so must have been so.
    fn patience(&self) -> u32 {
        0
    }

    /// Seconds that must pass after it before the next pass, also where another execution makes that one.
    fn rest(&self) -> u32 {
        0
    }
}

/// Calls of which AWS takes only so many at once, and then few a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket {
    /// What the calls are about, in words.
    pub name: &'static str,
    /// How many a pass makes at most.
    pub holds: u32,
    /// Milliseconds until there is one more.
    pub refill: u32,
}

impl Bucket {
    /// Seconds until it has again what a pass took out.
    pub const fn seconds(&self, spent: u32) -> u32 {
        (spent * self.refill).div_ceil(1_000)
    }
}

/// Ids by logical name: what was observed, and what was created since.
///
/// A fact that has no id of its own (`nat-gateway a available`) is bound to the id of the thing it is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bindings(BTreeMap<Logical, String>);

impl Bindings {
    pub fn bind(&mut self, name: Logical, id: impl Into<String>) {
        self.0.insert(name, id.into());
    }

    pub fn get(&self, name: &Logical) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub fn has(&self, name: &Logical) -> bool {
        self.0.contains_key(name)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Logical, &str)> {
        self.0.iter().map(|(name, id)| (name, id.as_str()))
    }

    pub fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().map(|(name, id)| (name.clone(), id.clone())));
    }
}

impl FromIterator<(Logical, String)> for Bindings {
    fn from_iter<I: IntoIterator<Item = (Logical, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// Something that AWS is still doing, and how long to leave it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What is being waited on, as a sentence part: `nat-gateway a (pending)`.
    pub on: String,
    /// Seconds until it is worth looking again.
    pub retry_after: u32,
}

impl Waiting {
    pub fn on(what: impl fmt::Display, retry_after: u32) -> Self {
        Self { on: what.to_string(), retry_after }
    }

    /// Waits out the rest of a usual time, then looks every ten seconds.
    ///
    /// `usual` is the time that nine in ten need at least, `age` how long it has been going on; both in seconds. An
    /// unknown age counts as the beginning.
    pub fn usual(what: impl fmt::Display, usual: u32, age: Option<u32>) -> Self {
        Self::on(what, usual.saturating_sub(age.unwrap_or(0)).max(POLL))
    }
}

/// How often to look at something that is overdue. Ten seconds: AWS counts every Step Functions transition.
pub const POLL: u32 = 10;

/// What to do about the difference between a spec and an observation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan<S> {
    pub steps: Vec<S>,
    pub waiting: Vec<Waiting>,
    /// Why to stop after these steps: going on would meet the same failure again.
    pub halts: Vec<Problem>,
}

impl<S> Default for Plan<S> {
    fn default() -> Self {
        Self { steps: Vec::new(), waiting: Vec::new(), halts: Vec::new() }
    }
}

impl<S> Plan<S> {
    /// Nothing to do and nothing to wait for: the only meaning of settled.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.waiting.is_empty() && self.halts.is_empty()
    }

    pub fn step(&mut self, step: S) {
        self.steps.push(step);
    }

    pub fn wait(&mut self, waiting: Waiting) {
        self.waiting.push(waiting);
    }

    pub fn halt(&mut self, problem: Problem) {
        self.halts.push(problem);
    }
}

impl<S: fmt::Display> fmt::Display for Plan<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing to do\n");
        }
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        for waiting in &self.waiting {
            writeln!(f, "wait for {}", waiting.on)?;
        }
        Ok(())
    }
}

/// Something wrong with an input or a situation, for a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// JSON pointer (RFC 6901) of the field in the input; `None` where no one field is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    pub message: String,
}

impl Problem {
    pub fn at(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), message: message.into() }
    }

    pub fn general(message: impl Into<String>) -> Self {
        Self { pointer: None, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_deref() {
            // The pointer of the whole document is the empty string, which nobody would see.
            Some("") => write!(f, "the input: {}", self.message),
            Some(pointer) => write!(f, "{pointer}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Why a stage will not go on: every reason at once. Nothing is applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refusal {
    pub problems: Vec<Problem>,
}

impl Refusal {
    /// `Ok` with `value` when there are no problems.
    pub fn unless_none<T>(problems: Vec<Problem>, value: T) -> Result<T, Self> {
        if problems.is_empty() { Ok(value) } else { Err(Self { problems }) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        sentences(&self.problems, f)
    }
}

fn sentences(problems: &[Problem], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (i, problem) in problems.iter().enumerate() {
        if i > 0 {
            f.write_str("\n")?;
        }
        write!(f, "{problem}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_long_at_first_and_short_when_overdue() {
        assert_eq!(Waiting::usual("x", 105, None).retry_after, 105);
        assert_eq!(Waiting::usual("x", 105, Some(60)).retry_after, 45);
        assert_eq!(Waiting::usual("x", 105, Some(500)).retry_after, POLL);
    }
}
