//! What moat-verify answers, and when a provision must not go on.

use super::prove::Proofs;
use super::report::{Fault, Theorem, Verdict};
use crate::error::{Failure, Kind};
use serde::{Deserialize, Serialize};

/// Both theorems, and all that is to say of them as sentences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    #[serde(flatten)]
    pub proof: Proof,
    /// Whose proof it is: `service web`.
    pub of: String,
    /// What is worth knowing and changes no verdict.
    pub notes: Vec<String>,
    pub privacy: Theorem,
    pub egress: Theorem,
    /// Egress for each subnet and each thing that tasks need.
    pub reaches: Vec<super::Reach>,
}

/// The short form of an answer: what people read first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Proof {
    /// Whether both theorems hold.
    pub holds: bool,
    /// What they rest on.
    pub statements: Vec<String>,
    /// What makes them false, with the fix of each.
    #[serde(default)]
    pub faults: Vec<String>,
    /// What keeps them from being known.
    #[serde(default)]
    pub doubts: Vec<String>,
    /// The ways as a Mermaid flowchart.
    #[serde(default)]
    pub picture: String,
}

impl Answer {
    pub fn new(of: impl Into<String>, proofs: Proofs) -> Self {
        let Proofs { privacy, egress, reaches, picture } = proofs;
        let both = [&privacy, &egress];
        let said = |faults: fn(&Theorem) -> &Vec<Fault>| {
            both.into_iter().flat_map(faults).map(Fault::to_string).collect::<Vec<_>>()
        };
        let proof = Proof {
            holds: both.into_iter().all(Theorem::holds),
            statements: both.into_iter().flat_map(|theorem| theorem.witness.clone()).collect(),
            faults: said(|theorem| &theorem.faults),
            doubts: said(|theorem| &theorem.doubts),
            picture,
        };
        let notes = both.into_iter().flat_map(|theorem| theorem.notes.clone()).collect();
        Self { proof, of: of.into(), notes, privacy, egress, reaches }
    }

    /// Why nothing may be built on this: something is wrong, or it is not known that tasks are private.
    ///
    /// What is not known of egress refuses nothing, since the proof may have met what it cannot follow; it is told. What
    /// is not known of privacy may be a resource that is not shown yet, so that is asked again.
    pub fn refusal(&self) -> Option<Failure> {
        if !self.proof.faults.is_empty() {
            return Some(Failure::new(Kind::Refused, self.proof.faults.join("\n")));
        }
        let doubts: Vec<String> = self.privacy.doubts.iter().map(Fault::to_string).collect();
        (self.privacy.verdict != Verdict::Holds).then(|| {
            let message =
                format!("it cannot be known that the tasks of {} are private: {}", self.of, doubts.join("\n"));
            Failure::new(Kind::Unavailable, message)
        })
    }
}
