//! What a run of `moat-remediate` or `moat-teardown` came to: its outcome, and what it found, did and left, in sentences.
//!
//! The fields are those of both machines; whichever are there are shown. An entry is a sentence, or an object that has
//! the parts of one.

use super::duration;
use crate::exit::Exit;
use crate::paint::Paint;
use moat::drift::Leftover;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The output of such a run.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Account {
    outcome: Option<String>,
    message: Option<String>,
    /// `service web`, `network main`
    of: Option<String>,
    /// How many networks and services have each verdict.
    counts: BTreeMap<String, u64>,
    checked: Vec<Checked>,
    #[serde(deserialize_with = "entries")]
    findings: Vec<Value>,
    steps: Option<Vec<Value>>,
    removed: Option<Vec<Value>>,
    kept: Vec<Value>,
    waiting: Vec<Value>,
    leftovers: Value,
    billable_leftovers: Option<u64>,
}

/// One network or service.
#[derive(Debug, Deserialize)]
struct Checked {
    owner: String,
    verdict: String,
    #[serde(default)]
    why: Option<String>,
    #[serde(default)]
    findings: Vec<Value>,
    /// The id of the question that is open.
    #[serde(default)]
    question: Option<String>,
}

/// The entries themselves. Where only their number stands, they are told elsewhere.
fn entries<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(entries) => entries,
        _ => Vec::new(),
    })
}

/// Verdicts that leave nothing to do.
const WELL: [&str; 2] = ["clean", "repaired"];
/// Verdicts of a run that did not get through.
const BADLY: [&str; 2] = ["failed", "unreadable"];

impl Account {
    /// The output, if there is anything in it that can be told in words.
    pub fn find(output: &Value) -> Option<Self> {
        let account = Self::deserialize(output).ok()?;
        (account.outcome.is_some() || account.message.is_some() || !account.counts.is_empty()).then_some(account)
    }

    /// `asks` is whether something that is left to do is to be told by the code.
    pub fn exit(&self, asks: bool) -> Exit {
        let count = |verdicts: &[&str]| verdicts.iter().filter_map(|verdict| self.counts.get(*verdict)).sum::<u64>();
        let is_left = count(&WELL) < self.counts.values().sum();
        let is_found = self.counts.is_empty() && !self.findings.is_empty();
        let is_planned = self.steps.as_ref().is_some_and(|steps| !steps.is_empty());
        match self.billable_leftovers {
            Some(1..) => Exit::Failed,
            _ if count(&BADLY) > 0 => Exit::Failed,
            _ if asks && (is_left || is_found || is_planned) => Exit::Changes,
            _ => Exit::Settled,
        }
    }

    pub fn text(&self, took: f64, paint: Paint) -> String {
        let mut text = self.headline(took, paint);
        for checked in self.checked.iter().filter(|checked| checked.verdict != "clean") {
            text += &checked.text(paint);
        }
        text += &section("Findings", &self.findings, paint);
        if let Some(steps) = &self.steps {
            text += &section("Steps, none of them taken", steps, paint);
        }
        text += &section("Removed", self.removed.as_deref().unwrap_or_default(), paint);
        text += &section("Kept", &self.kept, paint);
        text += &section("Waiting for", &self.waiting, paint);
        text += &section("Left over", self.leftovers.as_array().map_or(&[], Vec::as_slice), paint);
        text + &self.bill(paint)
    }

    fn headline(&self, took: f64, paint: Paint) -> String {
        let counts: Vec<String> = self.counts.iter().map(|(verdict, number)| format!("{number} {verdict}")).collect();
        let outcome = self.outcome.as_deref().map(|outcome| outcome.replace('-', " "));
        let told = match (&self.message, &self.of, outcome) {
            (Some(message), ..) => message.clone(),
            (None, Some(of), Some(outcome)) => format!("{of}: {outcome}"),
            (None, _, Some(outcome)) if counts.is_empty() => outcome,
            (None, _, Some(outcome)) => format!("{outcome}: {}", counts.join(", ")),
            (None, _, None) => counts.join(", "),
        };
        let line = paint.bold(format!("{told} ({})", duration(took)));
        format!("{}\n", if self.exit(true) == Exit::Settled { paint.green(line) } else { paint.yellow(line) })
    }

    /// What still costs money. What nobody counted is not none.
    fn bill(&self, paint: Paint) -> String {
        let kinds: Vec<String> = self
            .leftovers
            .as_object()
            .into_iter()
            .flatten()
            .map(|(kind, number)| format!("{} {number}", words(kind)))
            .collect();
        let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
        let bill = match (self.billable_leftovers, &self.removed) {
            (Some(0), _) => paint.green(format!("Billable leftovers: 0{kinds}")),
            (Some(some), _) => paint.red(format!("Billable leftovers: {some}{kinds}")),
            (None, Some(_)) => {
                paint.yellow(format!("Billable leftovers: unknown, since not everything was counted{kinds}"))
            }
            (None, None) => return String::new(),
        };
        format!("\n{bill}\n")
    }
}

impl Checked {
    fn text(&self, paint: Paint) -> String {
        let Self { owner, verdict, why, findings, question } = self;
        let mut text = format!("\n{}\n", paint.bold(format!("{owner}: {}", verdict.replace('-', " "))));
        text += &why.iter().map(|why| format!("  {why}\n")).collect::<String>();
        text += &findings.iter().map(|finding| line(finding, paint)).collect::<String>();
        let whom = owner.strip_prefix("service ").map(str::to_owned);
        let whom = whom.unwrap_or_else(|| owner.replacen("network ", "--network ", 1));
        text + &question
            .iter()
            .map(|id| format!("  to say yes: moat drift {whom} --approve {id}\n"))
            .collect::<String>()
    }
}

/// `loadBalancers` as `load balancers`.
fn words(field: &str) -> String {
    let word = |c: char| if c.is_uppercase() { format!(" {}", c.to_lowercase()) } else { c.to_string() };
    field.chars().map(word).collect()
}

fn section(title: &str, entries: &[Value], paint: Paint) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let title = paint.bold(format!("{title} ({})", entries.len()));
    format!("\n{title}\n{}", entries.iter().map(|entry| line(entry, paint)).collect::<String>())
}

fn line(entry: &Value, paint: Paint) -> String {
    let text = |field: &str| entry.get(field).and_then(Value::as_str);
    if let Some(sentence) = entry.as_str().or_else(|| text("sentence")).or_else(|| text("message")) {
        return format!("  {sentence}\n");
    }
    if let Ok(leftover) = Leftover::deserialize(entry) {
        return format!("  {leftover}\n");
    }
    match Finding::deserialize(entry) {
        Ok(finding) => finding.text(paint),
        Err(_) => format!("  {}\n", super::plan::step(entry, paint).unwrap_or_else(|| entry.to_string())),
    }
}

/// One thing that is not as it should be.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    resource: String,
    #[serde(default)]
    field: Option<String>,
    expected: String,
    found: String,
    #[serde(default)]
    step: Option<String>,
    #[serde(default)]
    is_hole: bool,
    #[serde(default)]
    fate: Option<String>,
}

/// What is found of something that is not there.
const ABSENT: &str = "it is not there";

impl Finding {
    fn text(&self, paint: Paint) -> String {
        let Self { resource, field, expected, found, .. } = self;
        let what = match field.as_deref() {
            None | Some("existence") => format!("{resource} should be {expected}, but {found}"),
            Some(field) if found == ABSENT => format!("{resource}, {field}: should be {expected}, but {found}"),
            Some(field) => format!("{resource}, {field}: should be {expected}, but is {found}"),
        };
        let is_repaired = self.fate.as_deref() == Some("repaired");
        let what = match (self.is_hole, is_repaired) {
            (true, true) => paint.yellow(format!("was open to the Internet: {what}")),
            (true, false) => paint.red(format!("OPEN TO THE INTERNET: {what}")),
            (false, _) => what,
        };
        let fate = self.fate.as_deref().map_or("to do", fate);
        let step = self.step.as_deref().map(|step| format!("    {fate}: {step}\n"));
        format!("  {what}\n{}", step.unwrap_or_else(|| "    moat cannot mend that\n".into()))
    }
}

/// What became of a finding, before the step that mends it.
fn fate(fate: &str) -> &str {
    match fate {
        "due" => "to do",
        "repaired" => "done",
        "reported" => "not done, beyond what moat may do by itself",
        "asked" => "waits for a person's yes",
        "tug-of-war" => "left alone, somebody keeps putting it back",
        "failed" => "tried, and it is still so",
        other => other,
    }
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
