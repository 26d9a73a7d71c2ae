use super::*;
use crate::drift::finding::{Difference, Finding};
use crate::plan::{Bindings, Hazard};
use crate::spec::Repair;
use std::collections::BTreeSet;

fn graded(field: &str, hazard: Hazard, is_hole: bool) -> Graded {
    let finding = Finding::of(Difference::of("service", field, "x", "y").hole_if(is_hole), "mend it".into(), hazard);
    let marks = vec![finding.mark()];
    Graded { is_permitted: Repair::Safe.lets(hazard, is_hole), finding, marks, is_guess: false }
}

fn look(findings: Vec<Graded>) -> Inspection {
    Inspection {
        stage: "service".into(),
        findings,
        waiting: Vec::new(),
        under_way: Vec::new(),
        hash: "state".into(),
        bindings: Bindings::default(),
        seen: BTreeSet::new(),
        is_refused: false,
        makes: Vec::new(),
    }
}

const ASK: DriftSpec = DriftSpec { repair: Repair::Safe, approval: Approval::Ask };

fn standing<'a>(memory: &'a Memory, yes: Option<&'a str>, seconds: i64) -> Standing<'a> {
    Standing { drift: ASK, memory, yes, now: Moment::from_millis(0).plus_seconds(seconds) }
}

fn fates(ruling: &Ruling) -> Vec<Fate> {
    ruling.told.iter().map(|told| told.fate).collect()
}

fn two() -> Vec<Inspection> {
    vec![look(vec![graded("grace", Hazard::Safe, false), graded("tasks", Hazard::Disruptive, false)])]
}

#[test]
fn d6_what_is_beyond_the_grade_is_asked_once_and_a_yes_counts_for_what_was_asked() {
    let nothing = Memory::default();
    let first = rule(&standing(&nothing, None, 0), &two());
    assert_eq!(fates(&first), [Fate::Due, Fate::Asked]);
    assert!(first.is_new && first.permit.as_ref().unwrap().approved.is_empty());

    let memory = Memory::default().with_question(first.question.clone());
    let second = rule(&standing(&memory, None, 3600), &two());
    assert!(!second.is_new, "the same question is open already");
    assert_eq!(second.question, first.question);

    let id = first.question.unwrap().id;
    let third = rule(&standing(&memory, Some(&id), 7200), &two());
    assert_eq!(fates(&third), [Fate::Due, Fate::Due]);
    assert_eq!((third.permit.unwrap().approved.len(), third.question, third.void), (2, None, None));
}

#[test]
fn d6_a_yes_is_void_when_the_state_has_changed_or_it_comes_too_late_or_is_to_something_else() {
    let asked = rule(&standing(&Memory::default(), None, 0), &two()).question.unwrap();
    let memory = Memory::default().with_question(Some(asked.clone()));
    let void = |looks: &[Inspection], yes: &str, seconds| {
        let ruling = rule(&standing(&memory, Some(yes), seconds), looks);
        assert_eq!(fates(&ruling).last(), Some(&Fate::Asked), "it is asked anew");
        assert!(ruling.is_new || yes != asked.id);
        ruling.void.unwrap()
    };
    let changed = vec![Inspection { hash: "another state".into(), ..two().remove(0) }];
    assert!(void(&changed, &asked.id, 60).contains("has changed"));
    assert!(void(&two(), &asked.id, EXPIRES).contains("expired at 1970-01-02"));
    assert!(void(&two(), "something else", 60).contains("another question"));
    let ruling = rule(&standing(&Memory::default(), Some(&asked.id), 60), &two());
    assert!(ruling.void.unwrap().contains("no open question"));
}

#[test]
fn d3_nothing_is_done_while_something_is_under_way_and_an_open_door_is_looked_at_again_soon() {
    let mut looks = two();
    looks[0].under_way.push("a deployment".into());
    let memory = Memory::default();
    let ruling = rule(&standing(&memory, None, 0), &looks);
    assert_eq!(fates(&ruling), [Fate::Postponed, Fate::Postponed]);
    assert_eq!((ruling.permit, ruling.question, ruling.retry_after), (None, None, None));
    assert_eq!(ruling.postponed.as_deref(), Some("under way: a deployment"));
    looks[0].findings.push(graded("public IPs", Hazard::Safe, true));
    assert_eq!(rule(&standing(&memory, None, 0), &looks).retry_after, Some(OPEN_DOOR));
}

#[test]
fn what_aws_is_still_at_is_waited_for_where_nothing_else_is_to_do() {
    let mut looks = vec![look(Vec::new())];
    looks[0].waiting.push("load-balancer (provisioning)".into());
    let memory = Memory::default();
    let ruling = rule(&standing(&memory, None, 0), &looks);
    assert!(ruling.postponed.unwrap().contains("load-balancer"));
    looks[0].findings.push(graded("grace", Hazard::Safe, false));
    assert_eq!(fates(&rule(&standing(&memory, None, 0), &looks)), [Fate::Due]);
}

#[test]
fn d8_a_contested_field_is_left_alone_even_with_a_yes() {
    let tasks = graded("tasks", Hazard::Disruptive, false);
    let mut memory = Memory::default();
    for hour in [0, 1] {
        memory = memory.with_repaired([&tasks.finding], Moment::from_millis(hour * 3_600_000));
    }
    let ruling = rule(&standing(&memory, None, 7200), &two());
    assert_eq!(fates(&ruling), [Fate::Due, Fate::TugOfWar]);
    assert_eq!(ruling.permit.unwrap().left, [tasks.finding.slot()].into());
}
