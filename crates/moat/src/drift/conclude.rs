//! What came of it: every repair is read back, and what is still so was not repaired (D9).

use super::finding::fingerprint;
use super::inspect::{Graded, Inspection};
use super::memory::Memory;
use super::ruling::Ruling;
use super::verdict::{Fate, Told, Verdict};
use crate::error::{Failure, Kind};
use crate::moment::Moment;
use crate::tags::Owner;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    pub fn remember(&self, memory: &Memory, ruling: &Ruling, now: Moment) -> Memory {
        let mended = self.repaired().map(|told| &told.finding);
        memory.with_repaired(mended, now).with_question(ruling.question.clone()).with_told(self.telling(), now)
    }

    /// A hash of what is left to tell people, so that they are not told the same each hour. `None` when all is well.
    fn telling(&self) -> Option<String> {
        let left = self.findings.iter().filter(|told| !matches!(told.fate, Fate::Repaired | Fate::Postponed));
        let marks: Vec<String> = left.map(|told| format!("{:?} {}", told.fate, told.finding.mark())).collect();
        (!marks.is_empty()).then(|| fingerprint(marks.iter().map(String::as_str)))
    }

    /// Whether people should be told: of a repair, of what could not be read or mended, of an open door, and of
    /// anything else once a day.
    pub fn is_news(&self, memory: &Memory, now: Moment) -> bool {
        let is_open = self.findings.iter().any(|told| told.finding.is_hole);
        let is_grave = matches!(self.verdict, Verdict::Repaired | Verdict::Unreadable | Verdict::Failed);
        is_open || is_grave || self.repaired().next().is_some() || !memory.has_told(self.telling().as_deref(), now)
    }
}

/// The end of a run for one owner. `again` is the second look, none where nothing was due.
pub fn conclude(owner: &Owner, ruling: &Ruling, work: Work, again: Option<Result<&[Inspection], &Failure>>) -> Checked {
    let mut checked = Checked::of(owner, Verdict::Clean, None);
    checked.changes = work.changes;
    checked.question = ruling.question.as_ref().map(|question| question.id.clone());
    checked.retry_after = ruling.retry_after;
    checked.findings.clone_from(&ruling.told);
    match again {
        None => {}
        Some(Ok(looks)) => read_back(&mut checked.findings, looks),
        Some(Err(_)) => settle(&mut checked.findings, |_| Fate::Failed),
    }
    checked.verdict = Verdict::of(&checked.findings);
    if ruling.postponed.is_some() {
        checked.verdict = checked.verdict.max(Verdict::Postponed);
    }
    let unread = again.and_then(Result::err).map(|failure| format!("it could not be read back: {failure}"));
    let trouble = work.trouble.filter(|_| checked.verdict == Verdict::Failed).map(|failure| failure.message);
    let why: Vec<String> =
        [ruling.postponed.clone(), ruling.void.clone(), trouble, unread].into_iter().flatten().collect();
    checked.why = (!why.is_empty()).then(|| why.join("; "));
    checked
}

/// Mended is what is no longer found. What is found only now was changed meanwhile; the next run sees to it.
fn read_back(told: &mut Vec<Told>, looks: &[Inspection]) {
    let found: Vec<&Graded> = looks.iter().flat_map(|look| &look.findings).collect();
    let now: BTreeMap<String, &Graded> = found.iter().map(|graded| (graded.finding.key(), *graded)).collect();
    settle(told, |told| if now.contains_key(&told.finding.key()) { Fate::Failed } else { Fate::Repaired });
    let known: Vec<String> = told.iter().map(|told| told.finding.key()).collect();
    let fresh = found.into_iter().filter(|graded| !known.contains(&graded.finding.key()));
    told.extend(fresh.map(|graded| Told { finding: graded.finding.clone(), fate: Fate::Reported }));
}

fn settle(told: &mut [Told], fate: impl Fn(&Told) -> Fate) {
    for told in told.iter_mut().filter(|told| told.fate == Fate::Due) {
        told.fate = fate(told);
    }
}

#[cfg(test)]
#[path = "conclude_tests.rs"]
mod tests;
