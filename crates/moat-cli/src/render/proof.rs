//! A proof in sentences: what it rests on, what speaks against it, and what is not known.

use crate::paint::Paint;
use moat::proof::{Answer, Proof, Theorem, Verdict};

/// The answer of `moat-verify`: each theorem with its verdict.
pub fn proof(answer: &Answer, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.bold(format!("Proof of {}", answer.of)));
    for (name, theorem) in [("Privacy", &answer.privacy), ("Egress", &answer.egress)] {
        text.push_str(&format!("\n{}\n", heading(name, theorem, paint)));
        lines(&mut text, "", &theorem.witness);
        lines(&mut text, "fault: ", &theorem.faults);
        lines(&mut text, "not known: ", &theorem.doubts);
        lines(&mut text, "note: ", &theorem.notes);
    }
    text
}

fn heading(name: &str, theorem: &Theorem, paint: Paint) -> String {
    let said = match theorem.verdict {
        Verdict::Holds => paint.green("holds"),
        Verdict::Unknown => paint.yellow("is not known"),
        Verdict::Fails => paint.red("does not hold"),
    };
    format!("{} {said}: {}", paint.bold(name), theorem.claim)
}

fn lines<T: std::fmt::Display>(text: &mut String, what: &str, all: &[T]) {
    all.iter().for_each(|line| text.push_str(&format!("  {what}{line}\n")));
}

/// What stands over the proof of a provision.
pub fn title(proof: &Proof) -> &'static str {
    match proof {
        Proof { holds: true, .. } => "Proof that the tasks are private and reach what they need",
        Proof { faults, doubts, .. } if faults.is_empty() && !doubts.is_empty() => {
            "Proven in part; not all can be known"
        }
        Proof { .. } => "Not proven",
    }
}

/// The proof of a provision, a line for each sentence.
pub fn sentences(proof: &Proof) -> String {
    let mut text = String::new();
    let Proof { holds: _, statements, faults, doubts, picture: _ } = proof;
    lines(&mut text, "", statements);
    lines(&mut text, "fault: ", faults);
    lines(&mut text, "not known: ", doubts);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    fn theorem(claim: &str, verdict: &str) -> serde_json::Value {
        json!({"claim": claim, "verdict": verdict, "witness": [], "faults": [], "doubts": [], "notes": []})
    }

    #[test]
    fn a_proof_tells_each_theorem_with_what_speaks_for_it_and_against_it() {
        let mut privacy = theorem("no way in", "holds");
        privacy["witness"] = json!(["service web gives its tasks no public IP"]);
        let mut egress = theorem("a way out", "fails");
        egress["faults"] = json!([{
            "code": "nat-not-available", "what": "NAT gateway nat-1 has failed",
            "cuts": "ECR's API from private-a", "fix": "Replace it",
        }]);
        egress["notes"] = json!(["image layers go through it"]);
        let answer = json!({
            "of": "service web", "holds": false, "statements": [], "notes": [], "reaches": [],
            "privacy": privacy, "egress": egress, "picture": "flowchart LR\n",
        });
        let answer = Answer::deserialize(&answer).unwrap();
        insta::assert_snapshot!(proof(&answer, Paint::OFF), @r"
        Proof of service web

        Privacy holds: no way in
          service web gives its tasks no public IP

        Egress does not hold: a way out
          fault: NAT gateway nat-1 has failed (cuts off ECR's API from private-a). Replace it
          note: image layers go through it
        ");
    }

    #[test]
    fn the_proof_of_a_provision_says_when_a_part_is_not_known() {
        let of = |holds, faults: &[&str], doubts: &[&str]| Proof {
            holds,
            faults: faults.iter().map(ToString::to_string).collect(),
            doubts: doubts.iter().map(ToString::to_string).collect(),
            ..Proof::default()
        };
        assert!(title(&of(true, &[], &[])).starts_with("Proof that"));
        assert_eq!(title(&of(false, &[], &["an ACL"])), "Proven in part; not all can be known");
        assert_eq!(title(&of(false, &["a hole"], &["an ACL"])), "Not proven");
        assert_eq!(sentences(&of(false, &["a hole"], &["an ACL"])), "  fault: a hole\n  not known: an ACL\n");
    }
}
