//! What starts a rollout: an event that says that an image was pushed, or a person's command.

use crate::image::{Digest, Ecr};
use crate::moment::Moment;
use crate::name::Name;
use crate::plan::Problem;
use crate::spec::Source;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an execution of `moat-rollout` was started with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "trigger", rename_all = "kebab-case")]
pub enum Trigger {
    /// An image got a tag. Look at every service that tracks it.
    Push(Push),
    /// A person, or a schedule, names the service.
    Command(Command),
    /// A command that is wrong: every problem at once, for `Moat.SpecInvalid`.
    Wrong { problems: Vec<Problem> },
    /// Nothing to do with a rollout. The execution ends well, with this sentence.
    Ignore { why: String },
}

/// An image got a tag in a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Push {
    pub repository: Ecr,
    pub tag: String,
    /// What the event says that the tag means. The registry may say otherwise by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Where it was replicated from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The event's id and time, where they are right. Nothing is decided by them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Moment>,
}

/// `{"service":"web"}`, `{"service":"web","to":"previous"}`, `{"service":"web","to":"sha256:…"}` or
/// `{"service":"web","release":"sha256:…"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    pub service: Name,
    pub order: Order,
}

/// What to do with the service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Order {
    /// See whether there is something to roll, by the same rules as after a push.
    #[default]
    Look,
    /// Go back to the digest that ran before, whatever the rules say.
    Previous,
    /// Deploy this digest, whatever the rules say.
    Digest(Digest),
    /// Let this digest out of quarantine, then look.
    Release(Digest),
}

/// Reads what an execution was started with. Never fails: what cannot be read is ignored, and says why.
pub fn read(_input: &Value) -> Trigger {
    todo!()
}

impl Trigger {
    /// Who or what it was, for the release record and for reports: `push of tag 1.4 (event 13cd…)`.
    pub fn by(&self) -> String {
        todo!()
    }
}

impl Order {
    /// Whether a person says what to deploy. Then policy, quarantine, freeze windows, interval and approval do not count.
    pub const fn is_explicit(&self) -> bool {
        matches!(self, Self::Previous | Self::Digest(_))
    }
}
