//! What came of it: every repair is read back, and what is still so was not repaired (D9).

use super::finding::fingerprint;
use super::inspect::Inspection;
use super::memory::{Memory, Question};
use super::ruling::{Ruling, Standing, rule};
use super::verdict::{Fate, Told, Verdict};
use crate::error::{Failure, Kind};
use crate::moment::Moment;
use crate::tags::Owner;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a run says of one network or service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// `network main`, `service web`
    pub owner: String,
    pub verdict: Verdict,
    /// Why, where the findings do not say so themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Told>,
    /// The steps that were taken, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// The question that is open, for who answers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Seconds until it is worth looking again before the schedule does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// Whether it is told to people now; the same is told once a day.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_new: bool,
}

/// What the passes of a repair came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Work {
    /// The steps that were taken.
    pub changes: Vec<String>,
    /// Why the passes ended before they were settled.
    pub trouble: Option<Failure>,
}

impl Checked {
    /// An owner about which nothing could be learnt. One that somebody else holds is postponed instead.
    pub fn unreadable(owner: &Owner, failure: &Failure) -> Self {
        let verdict = if failure.kind == Kind::Locked { Verdict::Postponed } else { Verdict::Unreadable };
        let is_new = verdict == Verdict::Unreadable;
        Self { is_new, ..Self::of(owner, verdict, Some(failure.message.clone())) }
    }

    fn of(owner: &Owner, verdict: Verdict, why: Option<String>) -> Self {
        let owner = owner.to_string();
        let (findings, changes) = (Vec::new(), Vec::new());
        Self { owner, verdict, why, findings, changes, question: None, retry_after: None, is_new: false }
    }

    /// The findings that were mended.
    pub fn repaired(&self) -> impl Iterator<Item = &Told> {
        self.findings.iter().filter(|told| told.fate == Fate::Repaired)
    }

    /// What is remembered of this run.
    fn remember(&self, memory: &Memory, question: Option<Question>, now: Moment) -> Memory {
        let mended = self.repaired().map(|told| &told.finding);
        memory.with_repaired(mended, now).with_question(question).with_told(self.telling(), now)
    }

    /// A hash of what is left to tell people, so that they are not told the same each hour. `None` when all is well.
    fn telling(&self) -> Option<String> {
        let left = self.findings.iter().filter(|told| !matches!(told.fate, Fate::Repaired | Fate::Postponed));
        let marks: Vec<String> = left.map(|told| format!("{:?} {}", told.fate, told.finding.mark())).collect();
        (!marks.is_empty()).then(|| fingerprint(marks.iter().map(String::as_str)))
    }

    /// Whether people should be told: of a repair, of what could not be read or mended, of an open door, and of
    /// anything else once a day.
    fn is_news(&self, memory: &Memory, now: Moment) -> bool {
        let is_open = self.findings.iter().any(|told| told.finding.is_hole);
        let is_grave = matches!(self.verdict, Verdict::Repaired | Verdict::Unreadable | Verdict::Failed);
        is_open || is_grave || self.repaired().next().is_some() || !memory.has_told(self.telling().as_deref(), now)
    }
}

/// The end of a run for one owner: what is said, and what is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    pub checked: Checked,
    pub memory: Memory,
}

/// What came of a ruling. `again` is the second look, none where nothing was due.
pub fn conclude(
    owner: &Owner,
    standing: &Standing<'_>,
    ruling: &Ruling,
    work: Work,
    again: Option<Result<&[Inspection], &Failure>>,
) -> Conclusion {
    let mut findings = ruling.told.clone();
    let mut question = ruling.question.clone();
    match again {
        None => {}
        Some(Ok(looks)) => {
            // What is left is another state than the one before the repair, so it is another question (D6).
            let left = rule(&Standing { yes: None, ..*standing }, looks);
            question = left.question;
            read_back(&mut findings, left.told);
        }
        Some(Err(_)) => settle(&mut findings, |_| Fate::Failed),
    }
    let mut verdict = Verdict::of(&findings);
    if ruling.postponed.is_some() {
        verdict = verdict.max(Verdict::Postponed);
    }
    let unread = again.and_then(Result::err).map(|failure| format!("it could not be read back: {failure}"));
    let trouble = work.trouble.filter(|_| verdict == Verdict::Failed).map(|failure| failure.message);
    let why: Vec<String> =
        [ruling.postponed.clone(), ruling.void.clone(), trouble, unread].into_iter().flatten().collect();
    let checked = Checked {
        findings,
        changes: work.changes,
        question: question.as_ref().map(|question| question.id.clone()),
        retry_after: ruling.retry_after,
        ..Checked::of(owner, verdict, (!why.is_empty()).then(|| why.join("; ")))
    };
    let memory = checked.remember(standing.memory, question, standing.now);
    let is_new = checked.is_news(standing.memory, standing.now);
    Conclusion { checked: Checked { is_new, ..checked }, memory }
}

/// Mended is what is no longer found. What is found only now was changed meanwhile; the next run sees to it.
fn read_back(told: &mut Vec<Told>, left: Vec<Told>) {
    let now: BTreeMap<String, Told> = left.into_iter().map(|told| (told.finding.key(), told)).collect();
    settle(told, |told| if now.contains_key(&told.finding.key()) { Fate::Failed } else { Fate::Repaired });
    let known: BTreeSet<String> = told.iter().map(|told| told.finding.key()).collect();
    told.extend(now.into_iter().filter(|(key, _)| !known.contains(key)).map(|(_, told)| told));
}

fn settle(told: &mut [Told], fate: impl Fn(&Told) -> Fate) {
    for told in told.iter_mut().filter(|told| told.fate == Fate::Due) {
        told.fate = fate(told);
    }
}

#[cfg(test)]
#[path = "conclude_tests.rs"]
mod tests;
