//! What was mended when, and which question is open: the parameter `/moat/drift/<network|service>/<name>`.
//!
//! It is read and written under the owner's lock. Only what a second look saw mended is remembered, so a finding that
//! is here again was put back by somebody (D8).

use super::finding::Finding;
use crate::moment::Moment;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes that a record has at most: a standard parameter is free ("Managing parameter tiers", Systems Manager).
pub const MAX_SIZE: usize = 4096;
/// Seconds for which a repair is remembered.
pub const DAY: i64 = 86_400;
/// How often a field is mended within a day. Found once more, it was put back twice, and is left alone.
pub const MOST: usize = 2;
/// Seconds until an unanswered question is dropped.
pub const EXPIRES: i64 = DAY;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// When a field was mended, by its slot (see [`Finding::slot`]); the latest last.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    repaired: BTreeMap<String, Vec<Moment>>,
    /// The question that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Question>,
    /// What people were told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Telling>,
}

/// What people were told: the same is not told again within a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    /// A hash of what is not as it should be, and of what became of it.
    pub of: String,
    pub at: Moment,
}

/// A question to a person. The answer counts for this plan in this state alone (D6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// A hash of what was found and of the state that it was found in.
    pub id: String,
    pub at: Moment,
    pub expires: Moment,
}

impl Memory {
    /// From the parameter's value. A record that cannot be read is as good as none: all that is lost is patience.
    pub fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// The parameter's value: at most [`MAX_SIZE`] bytes, without the oldest repairs where they are too many.
    pub fn text(&self) -> String {
        let mut memory = self.clone();
        loop {
            let text = serde_json::to_string(&memory).unwrap_or_default();
            let oldest = memory.repaired.iter().min_by_key(|(key, at)| (at.last().copied(), (*key).clone()));
            let Some(key) = oldest.map(|(key, _)| key.clone()).filter(|_| text.len() > MAX_SIZE) else {
                return text;
            };
            memory.repaired.remove(&key);
        }
    }

    /// The same, with these fields mended now, and without what is older than a day.
    #[must_use]
    pub fn with_repaired<'a>(&self, findings: impl IntoIterator<Item = &'a Finding>, now: Moment) -> Self {
        let mut memory = self.clone();
        let slots: BTreeSet<String> = findings.into_iter().map(Finding::slot).collect();
        for slot in slots {
            let at = memory.repaired.entry(slot).or_default();
            at.push(now);
            let surplus = at.len().saturating_sub(MOST);
            at.drain(..surplus);
        }
        memory.repaired.retain(|_, at| at.last().is_some_and(|at| is_recent(*at, now)));
        memory
    }

    #[must_use]
    pub fn with_question(&self, asked: Option<Question>) -> Self {
        Self { asked, ..self.clone() }
    }

    /// The same, when people are told this now. What was told within a day keeps its time.
    #[must_use]
    pub fn with_told(&self, of: Option<String>, now: Moment) -> Self {
        let is_known = of.is_some() && self.has_told(of.as_deref(), now);
        let told = if is_known { self.told.clone() } else { of.map(|of| Telling { of, at: now }) };
        Self { told, ..self.clone() }
    }

    /// Whether people were told just this within the last day. There is always nothing to tell of nothing.
    pub fn has_told(&self, of: Option<&str>, now: Moment) -> bool {
        let told = self.told.as_ref().filter(|told| is_recent(told.at, now)).map(|told| told.of.as_str());
        of.is_none() || of == told
    }

    /// The slots of the fields that were mended as often as they may be within the last day.
    pub fn contested(&self, now: Moment) -> BTreeSet<String> {
        let often = |at: &[Moment]| at.iter().filter(|at| is_recent(**at, now)).count() >= MOST;
        self.repaired.iter().filter(|(_, at)| often(at)).map(|(slot, _)| slot.clone()).collect()
    }
}

fn is_recent(at: Moment, now: Moment) -> bool {
    now < at.plus_seconds(DAY)
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
