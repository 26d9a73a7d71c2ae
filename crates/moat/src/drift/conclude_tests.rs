use super::*;
use crate::drift::finding::{Difference, Finding};
use crate::name::Name;
use crate::plan::{Bindings, Hazard};
use std::collections::BTreeSet;

fn finding(field: &str) -> Finding {
    Finding::of(Difference::of("service", field, "x", "y"), "mend it".into(), Hazard::Safe)
}

fn ruling(fates: &[(&str, Fate)]) -> Ruling {
    Ruling {
        told: fates.iter().map(|(field, fate)| Told { finding: finding(field), fate: *fate }).collect(),
        postponed: None,
        permit: None,
        question: None,
        is_new: false,
        void: None,
        retry_after: None,
    }
}

fn look(fields: &[&str]) -> Inspection {
    let graded =
        |field: &&str| Graded { finding: finding(field), is_permitted: true, marks: Vec::new(), is_guess: false };
    Inspection {
        stage: "service".into(),
        findings: fields.iter().map(graded).collect(),
        waiting: Vec::new(),
        under_way: Vec::new(),
        hash: String::new(),
        bindings: Bindings::default(),
        seen: BTreeSet::new(),
        is_refused: false,
        makes: Vec::new(),
    }
}

fn owner() -> Owner {
    Owner::Service(Name::new("web").unwrap())
}

fn fates(checked: &Checked) -> Vec<Fate> {
    checked.findings.iter().map(|told| told.fate).collect()
}

#[test]
fn d9_what_a_second_look_still_finds_was_not_repaired() {
    let due = ruling(&[("grace", Fate::Due), ("tasks", Fate::Due), ("network", Fate::Reported)]);
    let checked = conclude(&owner(), &due, Work::default(), Some(Ok(&[look(&["tasks", "network"])])));
    assert_eq!(fates(&checked), [Fate::Repaired, Fate::Failed, Fate::Reported]);
    assert_eq!(checked.verdict, Verdict::Failed);
    assert_eq!(checked.repaired().count(), 1);
}

#[test]
fn d9_what_cannot_be_read_back_was_not_repaired_either() {
    let failure = Failure::new(Kind::Unavailable, "AWS did not answer");
    let due = ruling(&[("grace", Fate::Due)]);
    let checked = conclude(&owner(), &due, Work::default(), Some(Err(&failure)));
    assert_eq!((fates(&checked), checked.verdict), (vec![Fate::Failed], Verdict::Failed));
    assert!(checked.why.unwrap().contains("could not be read back"));
}

#[test]
fn what_is_found_only_by_the_second_look_is_told() {
    let due = ruling(&[("grace", Fate::Due)]);
    let checked = conclude(&owner(), &due, Work::default(), Some(Ok(&[look(&["tasks"])])));
    assert_eq!(fates(&checked), [Fate::Repaired, Fate::Reported]);
}

#[test]
fn unreadable_is_not_clean_and_a_lock_of_somebody_else_is_patience() {
    let denied = Checked::unreadable(&owner(), &Failure::new(Kind::Denied, "no"));
    assert_eq!((denied.verdict, denied.owner.as_str()), (Verdict::Unreadable, "service web"));
    let held = Checked::unreadable(&owner(), &Failure::new(Kind::Locked, "held"));
    assert_eq!(held.verdict, Verdict::Postponed);
    assert_eq!(Verdict::ALL.map(|verdict| serde_json::to_value(verdict).unwrap()), Verdict::ALL.map(Verdict::as_str));
    let quiet = conclude(&owner(), &ruling(&[]), Work::default(), None);
    assert_eq!((quiet.verdict, quiet.why), (Verdict::Clean, None));
}
