//! The answer of a proof: a verdict, what it rests on, and everything that speaks against it.

use super::cause::Cause;
use super::ranges::Ranges;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Holds,
    /// Something could not be read, or leads where the proof cannot follow.
    Unknown,
    Fails,
}

/// One cause, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Its kind, for machines: `nat-not-available`.
    pub code: String,
    pub what: String,
    /// What it cuts off: `private-a: ECR's API, CloudWatch Logs`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cuts: String,
    pub fix: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.cuts.is_empty() {
            write!(f, " (cuts off {})", self.cuts)?;
        }
        write!(f, ". {}", self.fix)
    }
}

/// A claim about the network, whether it holds, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Theorem {
    pub claim: String,
    pub verdict: Verdict,
    /// What the claim rests on, as far as it holds.
    pub witness: Vec<String>,
    /// Everything that makes it false.
    pub faults: Vec<Fault>,
    /// Everything that keeps it from being known.
    pub doubts: Vec<Fault>,
    /// What is worth knowing and changes no verdict.
    pub notes: Vec<String>,
}

impl Theorem {
    pub fn holds(&self) -> bool {
        self.verdict == Verdict::Holds
    }
}

impl fmt::Display for Theorem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Holds => "holds",
            Verdict::Unknown => "cannot be known",
            Verdict::Fails => "does not hold",
        };
        writeln!(f, "{verdict}: {}", self.claim)?;
        self.faults.iter().try_for_each(|fault| writeln!(f, "  fault: {fault}"))?;
        self.doubts.iter().try_for_each(|doubt| writeln!(f, "  unknown: {doubt}"))?;
        self.witness.iter().try_for_each(|line| writeln!(f, "  because {line}"))?;
        self.notes.iter().try_for_each(|note| writeln!(f, "  note: {note}"))
    }
}

/// Causes with what each is about and what it cuts off: subnet, and what cannot be reached from there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    pub faults: BTreeMap<Cause, Hit>,
    pub doubts: BTreeMap<Cause, Hit>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hit {
    pub about: Ranges,
    pub cuts: BTreeMap<String, BTreeSet<String>>,
}

impl Findings {
    pub fn fault(&mut self, cause: Cause, cut: Option<(String, String)>, about: &Ranges) {
        self.faults.entry(cause).or_default().add(cut, about);
    }

    pub fn doubt(&mut self, cause: Cause, cut: Option<(String, String)>, about: &Ranges) {
        self.doubts.entry(cause).or_default().add(cut, about);
    }

    pub fn verdict(&self) -> Verdict {
        match (self.faults.is_empty(), self.doubts.is_empty()) {
            (false, _) => Verdict::Fails,
            (true, false) => Verdict::Unknown,
            (true, true) => Verdict::Holds,
        }
    }
}

impl Hit {
    fn add(&mut self, cut: Option<(String, String)>, about: &Ranges) {
        if !self.about.covers(about) {
            self.about = self.about.or(about);
        }
        if let Some((subnet, label)) = cut {
            self.cuts.entry(subnet).or_default().insert(label);
        }
    }

    /// Subnets that lose the same things stand together: `private-a and private-b: CloudWatch Logs`.
    pub fn cuts(&self) -> String {
        let mut alike: BTreeMap<&BTreeSet<String>, Vec<&str>> = BTreeMap::new();
        for (subnet, labels) in &self.cuts {
            alike.entry(labels).or_default().push(subnet);
        }
        let groups = alike.into_iter().map(|(labels, subnets)| {
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            format!("{} from {}", and(&labels), and(&subnets))
        });
        groups.collect::<Vec<_>>().join("; ")
    }
}

/// `a, b and c`
pub fn and(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
