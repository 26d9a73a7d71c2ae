//! One look at one stage: every finding, what is under way, and hashes of what was seen.

use super::Inspected;
use super::finding::{Finding, fingerprint};
use super::grade::{self, Permit};
use crate::error::Failure;
use crate::name::Logical;
use crate::plan::{Bindings, Plan, Step};
use crate::stage::Cloud;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// What one look at one stage found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    pub stage: String,
    pub findings: Vec<Graded>,
    /// What AWS is still at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<String>,
    /// What somebody is still at, so that a repair stands back (D3).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub under_way: Vec<String>,
    /// A hash of the findings and of the state that they were found in, without what changes by itself (D6).
    pub hash: String,
    /// The ids that later stages build on.
    pub bindings: Bindings,
    /// The ids of everything that was seen.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub seen: BTreeSet<String>,
    /// Whether the stage refuses: then later stages cannot be judged by what it gives.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_refused: bool,
    /// What the steps that the permit lets through would make.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub makes: Vec<Logical>,
}

impl Inspection {
    /// The same, without what was judged by a guess: an earlier stage refuses, so what it gives is not known. A way in
    /// from the Internet is told all the same.
    #[must_use]
    pub fn without_guesses(mut self) -> Self {
        self.findings.retain(|graded| !graded.is_guess || graded.finding.is_hole);
        self
    }

    /// What a look at a later stage may count on: `given`, what is there, and what a repair of this stage would make.
    pub fn given(&self, given: &Bindings) -> Bindings {
        let mut given = given.clone();
        given.extend(&self.bindings);
        for name in self.makes.iter().filter(|name| !self.bindings.has(name)) {
            given.bind(name.clone(), "to be made");
        }
        given
    }
}

/// A finding, and whether the permit of the look lets its step through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Graded {
    #[serde(flatten)]
    pub finding: Finding,
    pub is_permitted: bool,
    /// The marks of all steps that would mend it (see [`Finding::mark`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<String>,
    /// Whether it was judged by something of an earlier stage that is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_guess: bool,
}

impl Graded {
    /// One finding for each field: a step that only prepares another is told with that one.
    fn merge(all: &mut Vec<Self>, one: Self) {
        let key = one.finding.key();
        let Some(known) = all.iter_mut().find(|known| known.finding.key() == key) else {
            all.push(one);
            return;
        };
        let steps: Vec<String> = [known.finding.step.take(), one.finding.step].into_iter().flatten().collect();
        known.finding.step = (!steps.is_empty()).then(|| steps.join(", "));
        known.finding.hazard = known.finding.hazard.max(one.finding.hazard);
        known.finding.is_hole |= one.finding.is_hole;
        known.is_permitted &= one.is_permitted;
        known.is_guess |= one.is_guess;
        known.marks.extend(one.marks);
    }
}

/// Looks at a stage and changes nothing. `given` holds what earlier stages give ([`Inspection::given`]).
///
/// # Errors
/// As those of the observation: unreadable is not absent.
pub async fn inspect<S: Inspected, C: Cloud<S>>(
    cloud: &C,
    spec: &S::Spec,
    given: &Bindings,
    permit: &Permit,
) -> Result<Inspection, Failure> {
    let observed = cloud.observe(spec).await?;
    Ok(inspection::<S>(spec, &observed, given, permit))
}

/// The same, of what was observed.
pub fn inspection<S: Inspected>(
    spec: &S::Spec,
    observed: &S::Observed,
    given: &Bindings,
    permit: &Permit,
) -> Inspection {
    let bindings = S::bindings(spec, observed);
    let mut bound = given.clone();
    bound.extend(&bindings);
    let (plan, problems, is_refused) = match S::plan(spec, observed) {
        Ok(plan) => {
            let problems = plan.halts.clone();
            (plan, problems, false)
        }
        Err(refusal) => (Plan::default(), refusal.problems, true),
    };
    let parts = permit.parts::<S>(spec, observed, &plan, &bound);
    let makes = parts.iter().filter(|part| part.is_taken).filter_map(|part| part.step.makes()).collect();
    let mut findings = Vec::new();
    let doubts = S::doubts(observed);
    // What is seen does not fit together, so no finding can be trusted; but for an open door, which is told at any rate.
    for part in parts.iter().filter(|part| doubts.is_empty() || part.difference.is_hole) {
        let finding = part.finding();
        let (marks, is_guess) = (vec![finding.mark()], grade::is_guess(&parts, part, &bound));
        Graded::merge(&mut findings, Graded { finding, is_permitted: part.is_taken, marks, is_guess });
    }
    let stuck = S::stuck(spec, observed);
    let beyond = problems.iter().chain(&doubts).chain(&stuck).map(|problem| S::told(spec, observed, problem));
    findings.extend(beyond.map(|finding| Graded { finding, is_permitted: false, marks: Vec::new(), is_guess: false }));
    Inspection {
        stage: S::NAME.to_owned(),
        hash: hash::<S>(&findings, observed),
        findings,
        waiting: plan.waiting.into_iter().map(|waiting| waiting.on).collect(),
        under_way: S::under_way(spec, observed),
        bindings,
        is_refused: is_refused || !doubts.is_empty(),
        seen: S::visible(observed),
        makes,
    }
}

fn hash<S: Inspected>(findings: &[Graded], observed: &S::Observed) -> String {
    let mut state = String::new();
    canonical(&serde_json::to_value(S::at_rest(observed)).unwrap_or_default(), "", &mut state);
    let marks: Vec<String> = findings.iter().map(|graded| graded.finding.mark()).collect();
    fingerprint(marks.iter().map(String::as_str).chain([state.as_str()]))
}

/// JSON in one way only: fields by name, and lists in an order that AWS has no say in.
fn canonical(value: &Value, name: &str, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            for (name, value) in fields {
                text.push_str(&format!("{name:?}:"));
                canonical(value, name, text);
            }
        }
        Value::Array(items) => {
            let in_text = |item: &Value| {
                let mut text = String::new();
                canonical(item, "", &mut text);
                text
            };
            let mut items: Vec<String> = items.iter().map(in_text).collect();
            if !IN_ORDER.contains(&name) {
                items.sort();
            }
            text.push_str(&format!("[{}]", items.join(",")));
        }
        other => text.push_str(&format!("{other};")),
    }
}

/// Lists whose order means something.
const IN_ORDER: [&str; 1] = ["command"];

#[cfg(test)]
#[path = "inspect_tests.rs"]
mod tests;
