//! The memory of a service's rollouts: the parameter `/moat/releases/<service>`.
//!
//! It is read and written under the service's lock, and each write names the version that was read. Every change is
//! a function from one record to the next; doing it twice is the same as once.

use super::outcome::{Outcome, Started};
use super::words::shortened;
use crate::image::Digest;
use crate::moment::Moment;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes that a record has at most: a standard parameter is free ("Managing parameter tiers", Systems Manager).
pub const MAX_SIZE: usize = 4096;
/// How many earlier digests are remembered.
pub const PREVIOUS: usize = 5;
/// Bytes of a text that says why or by what.
const LONGEST: usize = 120;

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
    /// The end that was recorded last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Last>,
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
    /// When its rollout began. Nothing that the policy would have preferred had been pushed by then.
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

/// A rollout whose end is recorded. An execution whose Lambda died right after that can still tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Last {
    pub rolling: Rolling,
    /// What ran before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Deployed>,
    /// ARN of the execution that recorded it.
    pub execution: String,
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
        // serde would take a list for a struct whose fields may all be left out.
        let fields: serde_json::Map<_, _> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        serde_json::from_value(fields.into()).map_err(|error| error.to_string())
    }

    /// The record as it is kept: at most [`MAX_SIZE`] bytes, with the oldest dropped if need be.
    pub fn to_text(&self) -> String {
        let mut kept = self.clone();
        loop {
            let text = serde_json::to_string(&kept).unwrap_or_default();
            if text.len() <= MAX_SIZE || !kept.drop_oldest() {
                return text;
            }
        }
    }

    /// One good digest before the current one is worth more than an old quarantine, and that more than older ones. What
    /// the last end was is told by now, in all but one case of many.
    fn drop_oldest(&mut self) -> bool {
        if self.last.take().is_some() {
            return true;
        }
        if self.previous.len() > 1 || (self.quarantine.is_empty() && !self.previous.is_empty()) {
            return self.previous.pop().is_some();
        }
        let oldest =
            self.quarantine.iter().min_by_key(|(_, quarantine)| quarantine.at).map(|(digest, _)| digest.clone());
        oldest.is_some_and(|digest| self.quarantine.remove(&digest).is_some())
    }

    /// A rollout begins. Not when this one has begun already. Whatever was asked is settled with it.
    #[must_use]
    pub fn begun(&self, rolling: &Rolling) -> Self {
        let is_this = |at: &Rolling| (&at.digest, &at.execution) == (&rolling.digest, &rolling.execution);
        if self.rolling.as_ref().is_some_and(is_this) {
            return self.clone();
        }
        let rolling = Rolling { by: shortened(&rolling.by, LONGEST), ..rolling.clone() };
        Self { began: Some(rolling.since), rolling: Some(rolling), asked: None, ..self.clone() }
    }

    /// A rollout that was to begin never did.
    #[must_use]
    pub fn forgotten(&self) -> Self {
        Self { rolling: None, ..self.clone() }
    }

    /// The ids of the rollout that has begun, as they become known.
    #[must_use]
    pub fn following(&self, started: &Started) -> Self {
        let mut next = self.clone();
        if let Some(rolling) = next.rolling.as_mut().filter(|rolling| rolling.is(started)) {
            let Started { digest: _, deployment, service_deployment, task_definition, since: _, time_limit: _ } =
                started;
            let known = |id: &Option<String>, before: &mut Option<String>| *before = id.clone().or(before.take());
            known(deployment, &mut rolling.deployment);
            known(service_deployment, &mut rolling.service_deployment);
            known(task_definition, &mut rolling.task_definition);
        }
        next
    }

    /// A rollout has ended, or timed out. Nothing happens when the record does not say that it rolls.
    #[must_use]
    pub fn concluded(&self, started: &Started, outcome: &Outcome, execution: &str, now: Moment) -> Self {
        let mut next = self.clone();
        let Some(rolling) = next.rolling.take_if(|rolling| rolling.is(started)) else { return next };
        if *outcome != Outcome::TimedOut || !rolling.has_timed_out {
            next.last = Some(Last::of(&rolling, next.current.as_ref(), execution));
        }
        match outcome {
            Outcome::Succeeded => next.succeeded(rolling),
            Outcome::RolledBack { by } => {
                let why = format!("its rollout was rolled back by {}", by.words());
                next.quarantine(&rolling.digest, &why, now);
            }
            Outcome::Stopped => next.quarantine(&rolling.digest, "its rollout was stopped", now),
            Outcome::Failed => next.quarantine(&rolling.digest, "its rollout failed", now),
            Outcome::Superseded { .. } => {}
            Outcome::NoTasks => next.held = rolling.hold,
            Outcome::TimedOut => {
                next.rolling = Some(Rolling { has_timed_out: true, execution: execution.to_owned(), ..rolling });
            }
        }
        next
    }

    fn succeeded(&mut self, rolling: Rolling) {
        let Rolling { digest, tag, by, since, task_definition, hold, .. } = rolling;
        self.quarantine.remove(&digest);
        let before = self.current.take().into_iter().chain(std::mem::take(&mut self.previous));
        self.previous = before.collect();
        let mut seen = BTreeSet::from([digest.clone()]);
        self.previous.retain(|deployed| seen.insert(deployed.digest.clone()));
        self.previous.truncate(PREVIOUS);
        self.current = Some(Deployed { digest, tag, at: since, by, task_definition });
        self.held = hold;
    }

    fn quarantine(&mut self, digest: &Digest, why: &str, now: Moment) {
        self.quarantine.entry(digest.clone()).or_insert(Quarantine { at: now, why: shortened(why, LONGEST) });
    }

    /// The rollout and what ran before it, if its end is still to be told. What was told to have timed out is not told
    /// so again by another execution; the one that recorded an end may ask again, since its Lambda may have died.
    pub fn news(&self, started: &Started, outcome: &Outcome, execution: &str) -> Option<(&Rolling, Option<&Deployed>)> {
        if let Some(rolling) = self.rolling.as_ref().filter(|rolling| rolling.is(started)) {
            let is_old = *outcome == Outcome::TimedOut && rolling.has_timed_out && rolling.execution != execution;
            return (!is_old).then_some((rolling, self.current.as_ref()));
        }
        let last = self.last.as_ref().filter(|last| last.rolling.is(started) && last.execution == execution)?;
        Some((&last.rolling, last.from.as_ref()))
    }

    /// A question is asked. It replaces the one about another digest.
    #[must_use]
    pub fn asked(&self, asked: &Asked) -> Self {
        let is_this = |open: &Asked| (&open.digest, &open.execution) == (&asked.digest, &asked.execution);
        let asked = self.asked.as_ref().filter(|open| is_this(open)).unwrap_or(asked);
        Self { asked: Some(asked.clone()), ..self.clone() }
    }

    /// A person answered. Yes counts when the question about this digest is open; no puts the digest into quarantine.
    #[must_use]
    pub fn answered(&self, digest: &Digest, is_yes: bool, now: Moment) -> Self {
        let mut next = self.clone();
        if is_yes {
            let open = next.asked.as_mut().filter(|asked| asked.digest == *digest && now <= asked.expires);
            open.into_iter().for_each(|asked| asked.is_approved = true);
        } else {
            next.asked.take_if(|asked| asked.digest == *digest);
            next.quarantine(digest, "a person said no to it", now);
        }
        next
    }

    /// The question that an execution asked is dropped, because nobody answered in time.
    #[must_use]
    pub fn dropped(&self, digest: &Digest, execution: &str) -> Self {
        let mut next = self.clone();
        next.asked.take_if(|asked| asked.digest == *digest && asked.execution == execution && !asked.is_approved);
        next
    }

    /// A person lets a digest out of quarantine, and lets go of the digest that was chosen.
    #[must_use]
    pub fn released(&self, digest: &Digest) -> Self {
        let mut next = Self { held: None, ..self.clone() };
        next.quarantine.remove(digest);
        next
    }

    /// What a person chose. That its rollout has timed out does not undo the choice (R6).
    pub fn hold(&self) -> Option<&Hold> {
        let late = self.rolling.as_ref().filter(|rolling| rolling.has_timed_out);
        late.and_then(|rolling| rolling.hold.as_ref()).or(self.held.as_ref())
    }

    /// What to go back to: the latest good digest that is not the running one and not in quarantine.
    pub fn before(&self, running: Option<&Digest>) -> Option<&Deployed> {
        let mut good = self.current.iter().chain(&self.previous);
        good.find(|deployed| Some(&deployed.digest) != running && !self.quarantine.contains_key(&deployed.digest))
    }

    /// The revisions that the record names, none of which may be deregistered (R7).
    pub fn revisions(&self) -> BTreeSet<String> {
        let good = self.current.iter().chain(&self.previous).filter_map(|deployed| deployed.task_definition.clone());
        good.chain(self.rolling.iter().filter_map(|rolling| rolling.task_definition.clone())).collect()
    }
}

impl Last {
    /// Only what is told of it: the record is small.
    fn of(rolling: &Rolling, from: Option<&Deployed>, execution: &str) -> Self {
        let rolling = Rolling { deployment: None, service_deployment: None, hold: None, ..rolling.clone() };
        let from = from.map(|from| Deployed { by: String::new(), task_definition: None, ..from.clone() });
        Self { rolling, from, execution: execution.to_owned() }
    }
}

impl Rolling {
    fn is(&self, started: &Started) -> bool {
        (&self.digest, self.since) == (&started.digest, started.since)
    }

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

#[cfg(test)]
#[path = "release_tests.rs"]
mod tests;
