//! What becomes of each finding, before anything is done.

use super::grade::Permit;
use super::inspect::{Graded, Inspection};
use super::memory::{EXPIRES, Memory, Question};
use super::proven;
use super::verdict::{Fate, Told};
use crate::moment::Moment;
use crate::spec::{Approval, DriftSpec};
use serde::{Deserialize, Serialize};

/// Seconds until an owner with an open door is looked at again, where something is under way.
const OPEN_DOOR: u32 = 60;
/// How often that is done before it is left to the next run: a rollout takes half an hour at most, as a rule.
pub const PATIENCE: u32 = 30;

/// What one network or service is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    pub drift: DriftSpec,
    pub memory: &'a Memory,
    /// The id of the question that a person said yes to.
    pub yes: Option<&'a str>,
    pub now: Moment,
}

impl Standing<'_> {
    /// What a look and a pass may do before a person is asked.
    pub fn permit(&self) -> Permit {
        Permit { repair: self.drift.repair, left: self.memory.contested(self.now), ..Permit::default() }
    }
}

/// What is to be done about one network or service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ruling {
    pub told: Vec<Told>,
    /// Why nothing is done now, where something is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postponed: Option<String>,
    /// What passes may do; none where nothing is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permit: Option<Permit>,
    /// The question that is open from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    /// Whether it was asked just now.
    pub is_new: bool,
    /// Why a person's yes does not count, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<String>,
    /// Seconds until it is worth looking again before the schedule does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

/// Decides what becomes of each finding. The looks were made with the permit of the same standing.
pub fn rule(standing: &Standing<'_>, looks: &[Inspection]) -> Ruling {
    let id = proven::id(looks);
    let consent = standing.consent(&id);
    let is_approved = matches!(consent, Some(Ok(())));
    let postponed = postponed(looks);
    let graded: Vec<&Graded> = looks.iter().flat_map(|look| &look.findings).collect();
    let permit = standing.permit();
    let told: Vec<Told> = graded
        .iter()
        .map(|graded| {
            let fate = fate(standing, &permit, graded, postponed.is_some(), is_approved);
            Told { finding: graded.finding.clone(), fate }
        })
        .collect();
    let has = |fate: Fate| told.iter().any(|told| told.fate == fate);
    let open = standing.memory.asked.as_ref().filter(|open| open.id == id && standing.now < open.expires);
    let fresh = || Question { id: id.clone(), at: standing.now, expires: standing.now.plus_seconds(EXPIRES) };
    let question = has(Fate::Asked).then(|| open.cloned().unwrap_or_else(fresh));
    let due = graded.iter().zip(&told).filter(|(_, told)| is_approved && told.fate == Fate::Due);
    let approved = due.flat_map(|(graded, _)| graded.marks.clone());
    let permit = has(Fate::Due).then(|| Permit { approved: approved.collect(), ..permit });
    let is_open = postponed.is_some() && told.iter().any(|told| told.finding.is_hole);
    Ruling {
        is_new: question.is_some() && open.is_none(),
        question,
        postponed,
        permit,
        void: consent.and_then(Result::err),
        retry_after: is_open.then_some(OPEN_DOOR),
        told,
    }
}

impl Ruling {
    /// The same, where somebody else holds the owner: nothing is done, and nothing is asked (D11).
    #[must_use]
    pub fn standing_back(mut self, why: String) -> Self {
        for told in self.told.iter_mut().filter(|told| matches!(told.fate, Fate::Due | Fate::Asked)) {
            told.fate = Fate::Postponed;
        }
        let is_open = self.told.iter().any(|told| told.finding.is_hole);
        let retry_after = is_open.then_some(OPEN_DOOR);
        Self { postponed: Some(why), permit: None, question: None, is_new: false, retry_after, ..self }
    }
}

impl Standing<'_> {
    /// Whether a person's yes is to what is there now (D6). `None` when nobody said yes.
    fn consent(&self, id: &str) -> Option<Result<(), String>> {
        let yes = self.yes?;
        Some(match &self.memory.asked {
            None => Err("there is no open question, so the yes counts for nothing".into()),
            Some(asked) if asked.id != yes => Err("the yes is to another question than the one that is open".into()),
            Some(asked) if self.now >= asked.expires => {
                Err(format!("the question expired at {}, before the yes", asked.expires.up_to_second()))
            }
            Some(_) if yes != id => {
                Err("what was found has changed since the question was asked, so the yes is void".into())
            }
            Some(_) => Ok(()),
        })
    }
}

fn fate(standing: &Standing<'_>, permit: &Permit, graded: &Graded, is_postponed: bool, is_approved: bool) -> Fate {
    let Graded { finding, is_permitted, marks: _, is_guess: _ } = graded;
    match () {
        () if finding.step.is_none() => Fate::Reported,
        () if permit.left.contains(&finding.slot()) => Fate::TugOfWar,
        () if is_postponed => Fate::Postponed,
        () if *is_permitted || is_approved => Fate::Due,
        () if standing.drift.approval == Approval::Ask => Fate::Asked,
        () => Fate::Reported,
    }
}

/// Why to stand back: somebody is at it (D3), or AWS is and there is nothing else to do.
fn postponed(looks: &[Inspection]) -> Option<String> {
    let under_way: Vec<&str> = looks.iter().flat_map(|look| &look.under_way).map(String::as_str).collect();
    if !under_way.is_empty() {
        return Some(format!("under way: {}", under_way.join("; ")));
    }
    let waiting: Vec<&str> = looks.iter().flat_map(|look| &look.waiting).map(String::as_str).collect();
    let findings = || looks.iter().flat_map(|look| &look.findings);
    let is_idle = findings().all(|graded| !graded.is_permitted && graded.finding.step.is_some());
    (is_idle && !waiting.is_empty()).then(|| format!("AWS is still at it: {}", waiting.join("; ")))
}

#[cfg(test)]
#[path = "ruling_tests.rs"]
mod tests;
