//! What to do about one service, now.

use super::candidates::Candidate;
use super::event::{Order, Push};
use super::release::{Hold, Release};
use crate::image::Digest;
use crate::moment::Moment;
use crate::spec::ServiceSpec;
use serde::{Deserialize, Serialize};

/// Everything that a decision is made from. All of it was read just now, under the service's lock.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub spec: &'a ServiceSpec,
    /// The account that the service is in.
    pub account: &'a str,
    /// What a command asks for; [`Order::Look`] after a push.
    pub order: &'a Order,
    /// The push that made us look, if it was one.
    pub push: Option<&'a Push>,
    /// What [`lookup`] said to read from the registry.
    pub candidates: &'a [Candidate],
    pub release: &'a Release,
    /// The digest in the service's task definition; `None` where that names no digest.
    pub running: Option<&'a Digest>,
    /// The digest that a person said yes to in this execution.
    pub approved: Option<&'a Digest>,
    /// ARN of this execution.
    pub execution: &'a str,
    pub now: Moment,
}

/// What to read from the registry before deciding. One call each, but for `Tagged`, which has pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// `DescribeImages` of this tag.
    Tag(String),
    /// `DescribeImages` of this digest.
    Digest(Digest),
    /// `DescribeImages` of all that have a tag.
    Tagged,
    /// The decision needs nothing from the registry.
    Nothing,
}

/// What to do about one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Decision {
    /// Roll it to this digest.
    Deploy {
        digest: Digest,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag: Option<String>,
        /// Goes into [`super::Rolling::hold`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hold: Option<Hold>,
    },
    /// The record says that a rollout has begun, and nobody has told its end. Follow that one, conclude it, then decide.
    Follow { digest: Digest },
    /// Nothing to do.
    AlreadyRunning { digest: Digest },
    /// The push does not concern the service.
    NotTracked { why: String },
    /// It is what the policy picks, but only a person deploys it.
    Quarantined { digest: Digest, why: String },
    /// Give the lock back, wait until then, decide again.
    Later { at: Moment, why: String },
    /// Give the lock back and ask; `expires` is when to drop the question.
    Ask {
        digest: Digest,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag: Option<String>,
        expires: Moment,
        /// One sentence, for a person.
        question: String,
    },
    /// It cannot run or cannot be had. A person should know.
    Refused { why: String },
    /// Nothing to do, for another reason.
    Ignore { why: String },
}

/// What [`decide`] wants to know of the registry.
pub fn lookup(_spec: &ServiceSpec, _order: &Order, _release: &Release, _running: Option<&Digest>) -> Lookup {
    todo!()
}

/// The image whose platforms are worth looking up before deciding: the one that would be deployed. One `BatchGetImage`.
pub fn favourite<'a>(_question: &Question<'a>) -> Option<&'a Candidate> {
    todo!()
}

/// Decides. Total: every question has an answer. Which pushes were heard of, in which order and how often, makes no
/// difference to what is deployed in the end.
pub fn decide(_question: &Question<'_>) -> Decision {
    todo!()
}
