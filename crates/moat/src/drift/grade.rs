//! Which steps of a plan a repair takes.
//!
//! A step that needs what a withheld step would make is withheld too, and so is one that only prepares withheld ones.
//! What cannot run because nothing will ever make what it needs is withheld rather than waited for.

use super::Inspected;
use super::finding::{Difference, Finding};
use crate::name::Logical;
use crate::pass::{Choice, Chosen, Sentence};
use crate::plan::{Bindings, Hazard, Plan, Step};
use crate::spec::Repair;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

impl Repair {
    /// Whether a step of this hazard is taken without asking. A hole is closed at any grade but `none`.
    pub fn lets(self, hazard: Hazard, is_hole: bool) -> bool {
        match self {
            Self::None => false,
            Self::Safe => is_hole || hazard <= Hazard::Safe,
            Self::Disruptive => is_hole || hazard <= Hazard::Disruptive,
            Self::Destructive => true,
        }
    }
}

/// What a repair may do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Permit {
    pub repair: Repair,
    /// Marks of findings beyond the grade that a person said yes to: exactly these, as they were then (D6).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub approved: BTreeSet<String>,
    /// Slots of findings that are left alone, since somebody keeps putting them back (D8).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub left: BTreeSet<String>,
}

/// One part of a step, what it is about, and whether it is taken.
pub(super) struct Part<T> {
    pub step: T,
    pub difference: Difference,
    pub is_taken: bool,
}

impl<T: Step> Part<T> {
    pub fn finding(&self) -> Finding {
        Finding::of(self.difference.clone(), self.step.to_string(), self.step.hazard())
    }
}

impl Permit {
    fn lets(&self, finding: &Finding, hazard: Hazard) -> bool {
        let is_left = !self.left.is_empty() && self.left.contains(&finding.slot());
        let is_approved = || !self.approved.is_empty() && self.approved.contains(&finding.mark());
        !is_left && (self.repair.lets(hazard, finding.is_hole) || is_approved())
    }

    /// The parts of a plan, each with what becomes of it.
    pub(super) fn parts<S: Inspected>(
        &self,
        spec: &S::Spec,
        observed: &S::Observed,
        plan: &Plan<S::Step>,
        bound: &Bindings,
    ) -> Vec<Part<S::Step>> {
        let all = plan.steps.iter().cloned().flat_map(S::parts);
        let mut parts: Vec<Part<S::Step>> = all
            .map(|step| {
                let difference = S::difference(spec, observed, &step);
                let part = Part { step, difference, is_taken: false };
                Part { is_taken: self.lets(&part.finding(), part.step.hazard()), ..part }
            })
            .collect();
        let forced = force(&mut parts, bound);
        withhold_dependents(&mut parts, &forced, bound);
        withhold_the_unreachable(&mut parts, bound, !plan.waiting.is_empty());
        if !S::doubts(observed).is_empty() {
            parts.iter_mut().for_each(|part| part.is_taken = false);
        }
        parts
    }
}

impl<S: Inspected> Choice<S> for Permit {
    fn choose(&self, spec: &S::Spec, observed: &S::Observed, plan: Plan<S::Step>, bound: &Bindings) -> Chosen<S::Step> {
        let parts = self.parts::<S>(spec, observed, &plan, bound);
        let (taken, withheld): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| part.is_taken);
        Chosen {
            plan: Plan { steps: S::together(taken.into_iter().map(|part| part.step).collect()), ..plan },
            withheld: withheld.iter().map(|part| Sentence::of(&part.step)).collect(),
        }
    }
}

/// Whether this step makes `need` known: the thing itself, or the fact that it is ready for use.
fn provides<T: Step>(part: &Part<T>, need: &Logical) -> bool {
    part.step.makes().is_some_and(|made| made == *need || made.available() == *need)
}

/// Whether the step needs a thing that is not known and that none of these makes.
pub(super) fn is_guess<T: Step>(parts: &[Part<T>], part: &Part<T>, bound: &Bindings) -> bool {
    let needs = part.step.needs();
    let unknown = needs.iter().filter(|need| !bound.has(need) && !need.is_fact());
    unknown.into_iter().any(|need| !parts.iter().any(|part| provides(part, need)))
}

/// Takes whatever a hole needs to be closed. Returns the steps that nothing withholds any more.
fn force<T: Step>(parts: &mut [Part<T>], bound: &Bindings) -> BTreeSet<usize> {
    let mut forced: BTreeSet<usize> =
        (0..parts.len()).filter(|&at| parts[at].is_taken && parts[at].difference.is_hole).collect();
    let mut fresh: Vec<usize> = forced.iter().copied().collect();
    while let Some(at) = fresh.pop() {
        for need in parts[at].step.needs().iter().filter(|need| !bound.has(need)) {
            let makers: Vec<usize> = (0..parts.len()).filter(|&other| provides(&parts[other], need)).collect();
            fresh.extend(makers.into_iter().filter(|&maker| forced.insert(maker)));
        }
    }
    forced.iter().for_each(|&at| parts[at].is_taken = true);
    forced
}

fn withhold_dependents<T: Step>(parts: &mut [Part<T>], forced: &BTreeSet<usize>, bound: &Bindings) {
    loop {
        let doomed = (0..parts.len()).find(|&at| {
            parts[at].is_taken && !forced.contains(&at) && (lacks(parts, at, bound) || only_prepares(parts, at))
        });
        match doomed {
            Some(at) => parts[at].is_taken = false,
            None => break,
        }
    }
}

/// Whether something that the step needs would be made by withheld steps only.
fn lacks<T: Step>(parts: &[Part<T>], at: usize, bound: &Bindings) -> bool {
    let needs = parts[at].step.needs();
    needs.iter().filter(|need| !bound.has(need)).any(|need| {
        let mut makers = parts.iter().filter(|part| provides(part, need)).peekable();
        makers.peek().is_some() && makers.all(|maker| !maker.is_taken)
    })
}

/// Whether the step makes something for withheld steps only.
fn only_prepares<T: Step>(parts: &[Part<T>], at: usize) -> bool {
    let Some(made) = parts[at].step.makes() else { return false };
    let uses = |part: &&Part<T>| part.step.needs().iter().any(|need| *need == made || *need == made.available());
    let mut users = parts.iter().filter(uses).peekable();
    users.peek().is_some() && users.all(|user| !user.is_taken)
}

/// Facts come with time, things do not: what needs a thing that nothing makes waits for ever.
fn withhold_the_unreachable<T: Step>(parts: &mut [Part<T>], bound: &Bindings, is_waiting: bool) {
    if is_waiting {
        return;
    }
    let mut known: BTreeSet<Logical> = bound.iter().map(|(name, _)| name.clone()).collect();
    let mut left: Vec<usize> = (0..parts.len()).filter(|&at| parts[at].is_taken).collect();
    let before = left.len();
    while let Some(found) = left.iter().position(|&at| parts[at].step.needs().iter().all(|need| known.contains(need))) {
        let made = parts[left.remove(found)].step.makes();
        known.extend(made.into_iter().flat_map(|made| [made.available(), made]));
    }
    let is_moving = left.len() < before;
    for at in left {
        let mut missing = parts[at].step.needs().into_iter().filter(|need| !known.contains(need));
        parts[at].is_taken = is_moving && missing.all(|need| need.is_fact());
    }
}

#[cfg(test)]
#[path = "grade_tests.rs"]
mod tests;
