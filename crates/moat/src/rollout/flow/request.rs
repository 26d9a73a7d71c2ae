//! What this Lambda is asked to do.

use crate::image::{Digest, Image};
use crate::name::Name;
use crate::rollout::{Evidence, Outcome, Release, Started, Trigger};
use crate::spec::ServiceSpec;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase", tag = "do")]
pub enum Request {
    /// Which services an execution's input concerns.
    Find { input: Value, execution: String },
    /// What the rules of its repository mean for a service that is about to be provisioned.
    Inspect(Box<Inspection>),
    /// Take the service's lock.
    Lock { service: Name, execution: String, trigger: Trigger },
    /// Decide and, when the decision is to deploy, deploy: what was read is then as fresh as can be (R9).
    Roll(Round),
    /// Decide once more, without the lock and without doing anything. `after` is the digest that this execution was
    /// about so far.
    Look {
        #[serde(flatten)]
        round: Round,
        #[serde(default)]
        after: Option<Digest>,
    },
    /// See how the rollout stands.
    Follow { service: Name, started: Started },
    /// Remember how it ended, and clear up behind it.
    Conclude(Ended),
    /// Give the lock back.
    Unlock { service: Name, execution: String },
}

/// A service that is about to be provisioned.
#[derive(Debug, Deserialize)]
pub struct Inspection {
    pub service: ServiceSpec,
    #[serde(default)]
    pub release: Release,
    /// The image that the service runs.
    #[serde(default)]
    pub running: Option<Image>,
}

/// One round of an execution with one service.
#[derive(Debug, Deserialize)]
pub struct Round {
    pub service: Name,
    /// ARN of the execution.
    pub execution: String,
    pub trigger: Trigger,
    /// What came of the question that this execution asked.
    #[serde(default)]
    pub answer: Option<Answer>,
}

/// What came of a question.
#[derive(Debug, Deserialize)]
pub struct Answer {
    /// The digest that was asked about.
    pub digest: Digest,
    /// What the person sent back; nothing when nobody did in time.
    #[serde(default)]
    pub said: Option<Said>,
}

/// `{"digest": "sha256:…", "answer": "yes"}`: an answer counts for the digest that it names.
#[derive(Debug, Deserialize)]
pub struct Said {
    pub digest: Digest,
    pub answer: Word,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    Yes,
    No,
}

/// A rollout that has ended, or has timed out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    pub service: Name,
    pub execution: String,
    pub started: Started,
    pub verdict: Verdict,
}

/// How a rollout ended, as `follow` answers and `conclude` takes it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    pub outcome: Outcome,
    pub evidence: Evidence,
    /// Whether to set the desired count to zero (E5).
    pub stands_down: bool,
}
