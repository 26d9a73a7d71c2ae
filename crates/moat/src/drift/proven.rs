//! What a proof is in a run: each thing that makes a theorem false is a finding. No step mends it, since the plan has
//! found nothing to do: it is somebody else's ACL, route, rule or DNS.

use super::finding::{Finding, fingerprint};
use super::inspect::{Graded, Inspection};
use crate::plan::Bindings;
use crate::proof::{Fault, Proofs};
use std::collections::BTreeSet;

/// The resource of such a finding.
pub const PROOF: &str = "proof";

/// Both theorems as a look. What keeps one from being known is no finding.
///
/// It has no hash: a person says yes to steps, and here are none.
pub fn proven(proofs: &Proofs) -> Inspection {
    let of = |faults: &[Fault], theorem: &str, is_hole: bool| -> Vec<Graded> {
        let finding = |fault: &Fault| Finding {
            resource: PROOF.into(),
            field: fault.what.clone(),
            expected: theorem.to_owned(),
            found: fault.to_string(),
            step: None,
            hazard: None,
            is_hole,
            changed_by: None,
        };
        let graded = |fault| Graded { finding: finding(fault), is_permitted: false, marks: vec![], is_guess: false };
        faults.iter().map(graded).collect()
    };
    let privacy = of(&proofs.privacy.faults, "privacy", true);
    let egress = of(&proofs.egress.faults, "egress", false);
    Inspection {
        stage: PROOF.to_owned(),
        findings: privacy.into_iter().chain(egress).collect(),
        waiting: Vec::new(),
        under_way: Vec::new(),
        hash: String::new(),
        bindings: Bindings::default(),
        seen: BTreeSet::new(),
        is_refused: false,
        makes: Vec::new(),
    }
}

/// The id of what was found: of all looks that steps come from.
pub(super) fn id(looks: &[Inspection]) -> String {
    fingerprint(looks.iter().map(|look| look.hash.as_str()).filter(|hash| !hash.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::ruling::Standing;
    use crate::drift::{Fate, Memory, Verdict, conclude::Work, rule};
    use crate::moment::Moment;
    use crate::name::Name;
    use crate::proof::Theorem;
    use crate::spec::DriftSpec;
    use crate::tags::Owner;

    fn theorem(verdict: crate::proof::Verdict, faults: Vec<Fault>) -> Theorem {
        let (witness, doubts, notes) = (vec![], vec![], vec![]);
        Theorem { claim: "it is so".into(), verdict, witness, faults, doubts, notes }
    }

    fn fault(code: &str, what: &str, cuts: &str, fix: &str) -> Fault {
        Fault { code: code.into(), what: what.into(), cuts: cuts.into(), fix: fix.into() }
    }

    fn proofs() -> Proofs {
        let open = fault("open-route", "private-a is not private", "", "Delete that route");
        let shut = fault("acl", "acl-1 shuts tcp 443 out", "ECR's API from private-a", "Add an entry");
        Proofs {
            privacy: theorem(crate::proof::Verdict::Fails, vec![open]),
            egress: theorem(crate::proof::Verdict::Fails, vec![shut]),
            reaches: vec![],
            picture: String::new(),
        }
    }

    #[test]
    fn a_failed_theorem_is_told_with_its_fix_and_nothing_is_done_about_it() {
        let looks = [proven(&proofs())];
        let standing = Standing {
            drift: DriftSpec::default(),
            memory: &Memory::default(),
            yes: None,
            now: Moment::from_millis(0),
        };
        let ruling = rule(&standing, &looks);
        assert!(ruling.permit.is_none() && ruling.question.is_none());
        let owner = Owner::Service(Name::new("web").unwrap());
        let checked = crate::drift::conclude(&owner, &standing, &ruling, Work::default(), None).checked;
        assert_ne!(checked.verdict, Verdict::Clean);
        let told: Vec<String> = checked.findings.iter().map(|told| told.finding.to_string()).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        privacy does not hold: private-a is not private. Delete that route
        egress does not hold: acl-1 shuts tcp 443 out (cuts off ECR's API from private-a). Add an entry
        ");
        assert!(checked.findings.iter().all(|told| told.fate == Fate::Reported));
        assert_eq!(checked.findings.iter().map(|told| told.finding.is_hole).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn d2_d6_a_proof_that_holds_is_no_finding_and_changes_no_question() {
        let all = crate::proof::Verdict::Holds;
        let (privacy, egress) = (theorem(all, vec![]), theorem(all, vec![]));
        let clean = proven(&Proofs { privacy, egress, ..proofs() });
        assert!(clean.findings.is_empty());
        let other = Inspection { hash: "ab".into(), ..clean.clone() };
        assert_eq!(id(&[other.clone(), clean]), id(&[other]));
    }
}
