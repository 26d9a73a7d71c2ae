//! What people and programs are told of a run: the output of the execution, the event `Moat Drift`, the text for SNS,
//! and the metrics.

use super::conclude::Checked;
use super::leftover::{Leftover, Why, dollars};
use super::price;
use super::verdict::{Fate, Verdict};
use crate::moment::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The source and the detail-type of the event.
pub const SOURCE: &str = "moat";
pub const DETAIL_TYPE: &str = "Moat Drift";
/// Bytes that an event, a message and the output of an execution hold: 256 KiB, and some of it is not ours.
pub const MAX_SIZE: usize = 200_000;

/// The event's detail. Fields may be added; those that are there keep their meaning as long as `version` is 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "Moat Drift")]
pub struct Report {
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// What the run came to, in one sentence.
    pub message: String,
    /// ARN of the execution.
    pub execution: String,
    /// Whether it only looked.
    pub is_look: bool,
    pub began: Moment,
    pub at: Moment,
    pub seconds: u64,
    /// How many networks and services have each verdict; those that none has are left out.
    pub counts: BTreeMap<String, u32>,
    /// How many findings there are, in all.
    pub findings: u32,
    pub repaired: u32,
    /// Networks and services where something was under way.
    pub postponed: u32,
    /// Ways in from the Internet that are still open.
    pub open: u32,
    /// Networks, then services. Those that are clean are counted, not listed.
    pub checked: Vec<Checked>,
    /// Findings that are counted but not listed, since there are too many.
    #[serde(default, skip_serializing_if = "is_none")]
    pub omitted: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leftovers: Vec<Leftover>,
    /// Services whose push was missed: moat-rollout was started for each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollouts: Vec<String>,
}

const fn is_none(count: &u32) -> bool {
    *count == 0
}

/// What a run is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub execution: String,
    pub is_look: bool,
    pub began: Moment,
    pub at: Moment,
}

impl Report {
    pub fn new(run: Run, checked: Vec<Checked>, leftovers: Vec<Leftover>, rollouts: Vec<String>) -> Self {
        let Run { execution, is_look, began, at } = run;
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for one in &checked {
            *counts.entry(one.verdict.as_str().to_owned()).or_default() += 1;
        }
        let told = || checked.iter().flat_map(|one| &one.findings);
        let open = told().filter(|told| told.finding.is_hole && told.fate != Fate::Repaired);
        let mut report = Self {
            version: 1,
            message: String::new(),
            execution,
            is_look,
            began,
            at,
            seconds: at.seconds_since(began),
            findings: count(told()),
            repaired: count(told().filter(|told| told.fate == Fate::Repaired)),
            postponed: counts.get(Verdict::Postponed.as_str()).copied().unwrap_or_default(),
            open: count(open),
            counts,
            checked,
            omitted: 0,
            leftovers,
            rollouts,
        };
        report.message = report.sentence();
        report.checked.retain(|one| one.verdict != Verdict::Clean);
        report.shorten();
        report
    }

    /// Ways in from the Internet that this run has closed.
    fn closed(&self) -> u32 {
        let told = self.checked.iter().flat_map(|one| &one.findings);
        count(told.filter(|told| told.finding.is_hole && told.fate == Fate::Repaired))
    }

    /// Whether there is anything for programs to know.
    pub fn is_eventful(&self) -> bool {
        !self.checked.is_empty() || !self.leftovers.is_empty() || !self.rollouts.is_empty()
    }

    /// Whether there is anything that people were not told before.
    pub fn is_news(&self) -> bool {
        self.open > 0 || self.checked.iter().any(|one| one.is_new)
    }

    fn sentence(&self) -> String {
        let owners: u32 = self.counts.values().sum();
        let mut parts: Vec<String> = Vec::new();
        for verdict in Verdict::ALL {
            if let Some(number) = self.counts.get(verdict.as_str()) {
                parts.push(format!("{number} {verdict}"));
            }
        }
        let looked = if self.is_look { "looked at" } else { "checked" };
        let mut text = format!("{owners} networks and services {looked}: {}.", parts.join(", "));
        if owners == 0 {
            text = "No network and no service is recorded.".into();
        }
        let it = if self.closed() == 1 { "it" } else { "them" };
        if self.closed() > 0 {
            text = format!("{} open to the Internet, and moat closed {it}. {text}", were(self.closed()));
        }
        if self.open > 0 {
            text = format!("{} open to the Internet that should not be! {text}", ways(self.open));
        }
        if !self.rollouts.is_empty() {
            text += &format!(" A push was missed, so moat-rollout was started for {}.", self.rollouts.join(", "));
        }
        if !self.leftovers.is_empty() {
            let cents: u32 = self.leftovers.iter().filter_map(|left| left.cents_per_month).sum();
            let number = match self.leftovers.len() {
                1 => "1 resource has".to_owned(),
                number => format!("{number} resources have"),
            };
            text +=
                &format!(" {number} moat's tags and no use, about {} USD a month ({}).", dollars(cents), price::AS_OF);
        }
        text
    }

    /// Leaves out findings until the rest fits, from where there are most; ways in from the Internet come last.
    fn shorten(&mut self) {
        while serde_json::to_string(&self).map_or(0, |text| text.len()) > MAX_SIZE {
            let longest = self.checked.iter_mut().max_by_key(|one| one.findings.len());
            let Some(findings) = longest.map(|one| &mut one.findings).filter(|findings| !findings.is_empty()) else {
                let half = self.leftovers.len() / 2;
                self.leftovers.truncate(half);
                if half == 0 {
                    return;
                }
                continue;
            };
            findings.sort_by_key(|told| !told.finding.is_hole);
            let kept = findings.len() / 2;
            self.omitted += u32::try_from(findings.len() - kept).unwrap_or(u32::MAX);
            findings.truncate(kept);
        }
    }

    /// The subject of the SNS message: ASCII, less than 100 characters.
    pub fn subject(&self) -> String {
        let it = if self.closed() == 1 { "it" } else { "them" };
        let gravest = Verdict::ALL.into_iter().rev().find(|verdict| self.counts.contains_key(verdict.as_str()));
        match (self.open, gravest) {
            (open, _) if open > 0 => format!("moat: {} OPEN TO THE INTERNET", ways(open)),
            _ if self.closed() > 0 => {
                format!("moat: {} open to the Internet, and moat closed {it}", were(self.closed()))
            }
            (_, None) => "moat: nothing is recorded".into(),
            (_, Some(verdict)) => format!("moat: drift {verdict}, {} findings", self.findings),
        }
    }

    /// The text of the SNS message, for people.
    pub fn text(&self) -> String {
        let mut lines = vec![self.message.clone()];
        for one in &self.checked {
            lines.push(format!("\n{}: {}", one.owner, one.verdict));
            lines.extend(one.why.iter().map(|why| format!("  {why}")));
            lines.extend(one.findings.iter().map(|told| format!("- {told}")));
            let answer = one.question.as_ref();
            lines.extend(answer.map(|id| format!("  Say yes by starting moat-remediate with {}", yes(one, id))));
        }
        if self.omitted > 0 {
            lines.push(format!("\nAnd {} findings more.", self.omitted));
        }
        if !self.leftovers.is_empty() {
            lines.push("\nLeft over:".into());
            lines.extend(self.leftovers.iter().map(|left| format!("- {left}")));
            lines.extend(self.orphaned().into_iter().map(|(kind, name)| {
                let order = format!("{{\"{kind}\": \"{name}\", \"confirm\": \"{name}\"}}");
                format!("  Remove what is left of {kind} {name} by starting moat-teardown with {order}")
            }));
        }
        lines.push(format!("\nExecution: {}", self.execution));
        lines.join("\n")
    }

    /// Kind and name of those who have left something and are not recorded.
    fn orphaned(&self) -> BTreeSet<(&str, &str)> {
        let orphans = self.leftovers.iter().filter(|left| left.why == Why::Orphan);
        orphans.filter_map(|left| left.owner.split_once(' ')).collect()
    }

    /// The metrics of the run, as a log line in CloudWatch's embedded metric format.
    pub fn metrics(&self) -> Value {
        let metric = |(name, unit): (&str, &str)| json!({"Name": name, "Unit": unit});
        let metrics = METRICS.map(metric);
        let directive = json!({"Namespace": "moat", "Dimensions": [[]], "Metrics": metrics});
        json!({
            "_aws": {"Timestamp": self.at.millis(), "CloudWatchMetrics": [directive]},
            "findings": self.findings,
            "repaired": self.repaired,
            "postponed": self.postponed,
            "open": self.open,
            "failed": self.counts.get(Verdict::Failed.as_str()).copied().unwrap_or_default(),
            "unreadable": self.counts.get(Verdict::Unreadable.as_str()).copied().unwrap_or_default(),
            "tugOfWar": self.counts.get(Verdict::TugOfWar.as_str()).copied().unwrap_or_default(),
            "leftovers": self.leftovers.len(),
            "missedPushes": self.rollouts.len(),
            "duration": self.seconds,
            "execution": self.execution,
        })
    }
}

/// The metrics of a run and their units; alarms in the template name them.
pub const METRICS: [(&str, &str); 10] = [
    ("findings", "Count"),
    ("repaired", "Count"),
    ("postponed", "Count"),
    ("open", "Count"),
    ("failed", "Count"),
    ("unreadable", "Count"),
    ("tugOfWar", "Count"),
    ("leftovers", "Count"),
    ("missedPushes", "Count"),
    ("duration", "Seconds"),
];

/// The input of the machine that says yes to a question.
fn yes(one: &Checked, id: &str) -> String {
    let (kind, name) = one.owner.split_once(' ').unwrap_or(("service", &one.owner));
    format!("{{\"{kind}\": \"{name}\", \"approve\": \"{id}\"}}")
}

fn ways(number: u32) -> String {
    if number == 1 { "1 way is".into() } else { format!("{number} ways are") }
}

fn were(number: u32) -> String {
    if number == 1 { "1 way was".into() } else { format!("{number} ways were") }
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}

/// The JSON Schema of the event's detail, as it is kept in the project.
pub fn schema() -> Value {
    schemars::schema_for!(Report).to_value()
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
