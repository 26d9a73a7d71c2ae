//! The memory of a service's rollouts: the parameter `/moat/releases/<service>`.
//!
//! It is read and written under the service's lock, and each write names the version that was read. Every change is
//! a function from one record to the next; doing it twice is the same as once.

use super::outcome::{Outcome, Started};
use crate::image::Digest;
use crate::moment::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Bytes that a record has at most: a standard parameter is free ("Managing parameter tiers", Systems Manager).
pub const MAX_SIZE: usize = 4096;
/// How many earlier digests are remembered.
pub const PREVIOUS: usize = 5;

/// What runs, what ran before it, and what must not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// The last digest whose rollout succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Deployed>,
    /// The good ones before it, the latest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub previous: Vec<Deployed>,
    /// Digests that nothing but a person deploys (R8).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub quarantine: BTreeMap<Digest, Quarantine>,
    /// The rollout that has begun and whose end is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolling: Option<Rolling>,
    /// The question that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// A person chose the digest that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Hold>,
    /// When the last rollout began: the minimum interval counts from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Moment>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployed {
    pub digest: Digest,
    /// The tag by which it was found; none where a person named the digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    pub at: Moment,
    /// Which event or command it was.
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quarantine {
    pub at: Moment,
    pub why: String,
}

/// A rollout on its way. Written before `UpdateService`, so that one whose execution ended is found again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rolling {
    pub digest: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    pub by: String,
    /// ARN of the execution that rolls it, or that looked at it last.
    pub execution: String,
    pub since: Moment,
    /// `ecs-svc/…`, once `UpdateService` has answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// ARN of the service deployment, once it is known and where that API is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_deployment: Option<String>,
    /// ARN of the revision that was registered for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<String>,
    /// Set when a person chose the digest: the record holds on to it if the rollout succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// Whether `execution` has reported it as timed out. The next execution looks again (R6).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_timed_out: bool,
}

/// A question to a person. The answer counts for this digest alone (I12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    pub digest: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    pub at: Moment,
    pub expires: Moment,
    /// ARN of the execution that waits for the answer.
    pub execution: String,
    /// The answer was yes. It keeps, should a freeze window be on just then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_approved: bool,
}

/// What a person chose stays until something new is pushed. Without this, the next look would undo it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// Images that were pushed up to this moment are left alone.
    pub at: Moment,
    /// What the policy would have picked instead. A tag that means this digest is left alone however it moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aside: Option<Digest>,
}

impl Release {
    /// Reads a record. One that cannot be read is an error and not an empty one: it may hold a quarantine.
    pub fn read(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// The record as it is kept: at most [`MAX_SIZE`] bytes, with the oldest dropped if need be.
    pub fn to_text(&self) -> String {
        todo!()
    }

    /// A rollout begins. Not when this one has begun already.
    #[must_use]
    pub fn begun(&self, _rolling: &Rolling) -> Self {
        todo!()
    }

    /// The ids of the rollout that has begun, as they become known.
    #[must_use]
    pub fn following(&self, _started: &Started) -> Self {
        todo!()
    }

    /// A rollout has ended, or timed out. Nothing happens when the record does not say that it rolls.
    #[must_use]
    pub fn concluded(&self, _started: &Started, _outcome: &Outcome, _execution: &str, _now: Moment) -> Self {
        todo!()
    }

    /// A question is asked. It replaces the one about another digest.
    #[must_use]
    pub fn asked(&self, _asked: &Asked) -> Self {
        todo!()
    }

    /// A person answered. Yes counts when the question about this digest is open; no puts the digest into quarantine.
    #[must_use]
    pub fn answered(&self, _digest: &Digest, _is_yes: bool, _now: Moment) -> Self {
        todo!()
    }

    /// The question that an execution asked is dropped, because nobody answered in time.
    #[must_use]
    pub fn dropped(&self, _digest: &Digest, _execution: &str) -> Self {
        todo!()
    }

    /// A person lets a digest out of quarantine, and lets go of the digest that was chosen.
    #[must_use]
    pub fn released(&self, _digest: &Digest) -> Self {
        todo!()
    }

    /// What to go back to: the latest good digest that is not the running one and not in quarantine.
    pub fn before(&self, _running: Option<&Digest>) -> Option<&Deployed> {
        todo!()
    }

    /// The revisions that the record names, none of which may be deregistered (R7).
    pub fn revisions(&self) -> std::collections::BTreeSet<String> {
        todo!()
    }
}

impl Rolling {
    /// What [`super::judge`] needs to know of it. `time_limit` is in seconds.
    pub fn started(&self, time_limit: u32) -> Started {
        Started {
            digest: self.digest.clone(),
            deployment: self.deployment.clone(),
            service_deployment: self.service_deployment.clone(),
            task_definition: self.task_definition.clone(),
            since: self.since,
            time_limit,
        }
    }
}
