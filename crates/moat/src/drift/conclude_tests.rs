use super::*;
use crate::drift::finding::{Difference, Finding, fingerprint};
use crate::drift::inspect::Graded;
use crate::name::Name;
use crate::plan::{Bindings, Hazard};
use crate::spec::{Approval, DriftSpec, Repair};
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

/// The end of a repair, with what the second look found.
fn after(ruling: &Ruling, again: Result<&[Inspection], &Failure>) -> Checked {
    concluded(ruling, Approval::None, Some(again)).checked
}

fn concluded(ruling: &Ruling, approval: Approval, again: Option<Result<&[Inspection], &Failure>>) -> Conclusion {
    let drift = DriftSpec { repair: Repair::Safe, approval };
    let standing = Standing { drift, memory: &Memory::default(), yes: None, now: Moment::from_millis(0) };
    conclude(&owner(), &standing, ruling, Work::default(), again)
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
    let checked = after(&due, Ok(&[look(&["tasks", "network"])]));
    assert_eq!(fates(&checked), [Fate::Repaired, Fate::Failed, Fate::Reported]);
    assert_eq!(checked.verdict, Verdict::Failed);
    assert_eq!(checked.repaired().count(), 1);
}

#[test]
fn d9_what_cannot_be_read_back_was_not_repaired_either() {
    let failure = Failure::new(Kind::Unavailable, "AWS did not answer");
    let due = ruling(&[("grace", Fate::Due)]);
    let checked = after(&due, Err(&failure));
    assert_eq!((fates(&checked), checked.verdict), (vec![Fate::Failed], Verdict::Failed));
    assert!(checked.why.unwrap().contains("could not be read back"));
}

#[test]
fn what_is_found_only_by_the_second_look_is_told() {
    let due = ruling(&[("grace", Fate::Due)]);
    let checked = after(&due, Ok(&[look(&["tasks"])]));
    assert_eq!(fates(&checked), [Fate::Repaired, Fate::Due], "the next run sees to it");
    assert_eq!(checked.verdict, Verdict::Reported);
}

#[test]
fn d6_what_is_asked_after_a_repair_is_bound_to_what_the_repair_left() {
    let mut asked = ruling(&[("grace", Fate::Due), ("tasks", Fate::Asked)]);
    asked.question =
        Some(Question { id: "before".into(), at: Moment::from_millis(0), expires: Moment::from_millis(9) });
    let mut left = look(&["tasks"]);
    left.findings[0].is_permitted = false;
    left.hash = "after".into();
    let Conclusion { checked, memory } = concluded(&asked, Approval::Ask, Some(Ok(&[left])));
    let question = checked.question.unwrap();
    assert_eq!(question, fingerprint(["after"]));
    assert_eq!(memory.asked.unwrap().id, question);
}

#[test]
fn d11_who_stands_back_asks_nothing_and_comes_back_soon_for_an_open_door_alone() {
    let back = ruling(&[("grace", Fate::Due), ("tasks", Fate::Asked), ("twin", Fate::Reported)]);
    let back = back.standing_back("held by another".into());
    assert_eq!(back.retry_after, None);
    let checked = concluded(&back, Approval::Ask, None).checked;
    assert_eq!(fates(&checked), [Fate::Postponed, Fate::Postponed, Fate::Reported]);
    assert_eq!((checked.verdict, checked.question), (Verdict::Postponed, None));
    let mut open = ruling(&[("public IPs", Fate::Due)]);
    open.told[0].finding.is_hole = true;
    assert!(open.standing_back("held by another".into()).retry_after.is_some());
}

#[test]
fn unreadable_is_not_clean_and_a_lock_of_somebody_else_is_patience() {
    let denied = Checked::unreadable(&owner(), &Failure::new(Kind::Denied, "no"));
    assert_eq!((denied.verdict, denied.owner.as_str()), (Verdict::Unreadable, "service web"));
    let held = Checked::unreadable(&owner(), &Failure::new(Kind::Locked, "held"));
    assert_eq!(held.verdict, Verdict::Postponed);
    assert_eq!(Verdict::ALL.map(|verdict| serde_json::to_value(verdict).unwrap()), Verdict::ALL.map(Verdict::as_str));
    let quiet = concluded(&ruling(&[]), Approval::None, None).checked;
    assert_eq!((quiet.verdict, quiet.why), (Verdict::Clean, None));
}
