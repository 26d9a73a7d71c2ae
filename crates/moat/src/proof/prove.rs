//! Both theorems from one snapshot, in words and as a picture.

use super::egress::{Egress, Reach, egress};
use super::facts::Evidence;
use super::lookup::Lookup;
use super::picture::picture;
use super::privacy::{Privacy, privacy};
use super::report::{Fault, Findings, Theorem};
use super::witness;
use super::words::Words;
use serde::{Deserialize, Serialize};

/// What is proven of a service in its network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proofs {
    pub privacy: Theorem,
    pub egress: Theorem,
    /// Egress for each subnet and each thing that tasks need.
    pub reaches: Vec<Reach>,
    /// The ways as a Mermaid flowchart.
    pub picture: String,
}

/// Proves what can be proven, and names everything that speaks against the rest.
pub fn prove(evidence: &Evidence) -> Proofs {
    let lookup = Lookup::of(evidence);
    let (privacy, egress) = (privacy(&lookup), egress(&lookup));
    Proofs {
        picture: picture(&lookup, &privacy, &egress),
        privacy: private(&lookup, &privacy),
        egress: out(&lookup, &egress),
        reaches: egress.reaches,
    }
}

fn private(lookup: &Lookup<'_>, privacy: &Privacy) -> Theorem {
    Theorem {
        claim: "there is no way from the Internet to a task but through the load balancer's listeners".into(),
        verdict: privacy.findings.verdict(),
        witness: witness::of_privacy(lookup, privacy),
        notes: privacy.notes.iter().cloned().collect(),
        ..in_words(lookup, &privacy.findings)
    }
}

fn out(lookup: &Lookup<'_>, egress: &Egress) -> Theorem {
    Theorem {
        claim: "from every task subnet there is a way, and a way back, to each thing that tasks need".into(),
        verdict: egress.findings.verdict(),
        witness: witness::of_egress(lookup, egress),
        notes: egress.notes.iter().cloned().collect(),
        ..in_words(lookup, &egress.findings)
    }
}

fn in_words(lookup: &Lookup<'_>, findings: &Findings) -> Theorem {
    let words = Words(lookup);
    let doubts = findings.doubts.iter().filter(|(cause, _)| !findings.faults.contains_key(cause));
    let said: Vec<Fault> = doubts.map(|(cause, hit)| words.fault(cause, hit)).collect();
    Theorem {
        claim: String::new(),
        verdict: findings.verdict(),
        witness: Vec::new(),
        faults: findings.faults.iter().map(|(cause, hit)| words.fault(cause, hit)).collect(),
        doubts: said,
        notes: Vec::new(),
    }
}
