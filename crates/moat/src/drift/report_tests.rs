use super::*;
use crate::drift::finding::{Difference, Finding};
use crate::drift::leftover::{Kind, Why};
use crate::drift::verdict::Told;
use crate::plan::Hazard;

fn told(field: &str, is_hole: bool, fate: Fate) -> Told {
    let difference = Difference::of("security-group tasks", field, "not allowed", "allowed").hole_if(is_hole);
    Told { finding: Finding::of(difference, format!("remove {field}"), Hazard::Safe), fate }
}

fn checked(owner: &str, findings: Vec<Told>) -> Checked {
    Checked {
        owner: owner.into(),
        verdict: Verdict::of(&findings),
        why: None,
        findings,
        changes: Vec::new(),
        question: None,
        retry_after: None,
        is_new: false,
    }
}

fn report(all: Vec<Checked>, leftovers: Vec<Leftover>) -> Report {
    let run = Run {
        execution: "arn:aws:states:us-east-1:123456789012:execution:moat-remediate:1".into(),
        is_look: false,
        began: Moment::from_millis(0),
        at: Moment::from_millis(12_345),
    };
    Report::new(run, all, leftovers, Vec::new())
}

fn mixed() -> Report {
    let mut asked = checked("service api", vec![told("tcp 9 in", false, Fate::Asked)]);
    asked.question = Some("0123456789abcdef".into());
    let left = Leftover {
        id: "nat-1".into(),
        kind: Kind::NatGateway,
        owner: "network old".into(),
        resource: "nat-gateway a".into(),
        why: Why::Orphan,
        cents_per_month: Some(3285),
    };
    let web =
        checked("service web", vec![told("tcp 22 in", true, Fate::Repaired), told("tcp 23 in", true, Fate::TugOfWar)]);
    report(vec![checked("network main", Vec::new()), web, asked], vec![left])
}

#[test]
fn a_report_counts_verdicts_and_says_loudly_what_is_open() {
    let report = mixed();
    insta::assert_snapshot!(report.text(), @r#"
    1 way is open to the Internet that should not be! 1 way was open to the Internet, and moat closed it. 3 networks and services checked: 1 clean, 1 asked, 1 tug-of-war. 1 resource has moat's tags and no use, about 32.85 USD a month (2026-06).

    service web: tug-of-war
    - Was open to the Internet: security-group tasks, tcp 22 in: should be not allowed, but is allowed. Done: remove tcp 22 in
    - OPEN TO THE INTERNET: security-group tasks, tcp 23 in: should be not allowed, but is allowed. Left alone, since somebody has put it back twice in a day (two hands on one wheel): remove tcp 23 in

    service api: asked
    - security-group tasks, tcp 9 in: should be not allowed, but is allowed. Waits for a person's yes: remove tcp 9 in
      Say yes by starting moat-remediate with {"service": "api", "approve": "0123456789abcdef"}

    Left over:
    - nat-gateway a nat-1 has the tags of network old, of which no spec is recorded; about 32.85 USD a month
      Remove what is left of network old by starting moat-teardown with {"network": "old", "confirm": "old"}

    Execution: arn:aws:states:us-east-1:123456789012:execution:moat-remediate:1
    "#);
    assert_eq!(report.subject(), "moat: 1 way is OPEN TO THE INTERNET");
    assert_eq!((report.findings, report.repaired, report.open), (3, 1, 1));
    assert!(report.is_news());
}

#[test]
fn d2_a_run_that_finds_nothing_is_no_news() {
    let report = report(vec![checked("network main", Vec::new()), checked("service web", Vec::new())], Vec::new());
    assert!(!report.is_news());
    assert_eq!(report.message, "2 networks and services checked: 2 clean.");
    assert_eq!(report.counts, [("clean".to_owned(), 2)].into());
}

#[test]
fn metrics_are_in_the_embedded_format_with_a_value_for_each_name() {
    let metrics = mixed().metrics();
    let directive = &metrics["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Namespace"], "moat");
    let names: Vec<&str> =
        directive["Metrics"].as_array().unwrap().iter().map(|it| it["Name"].as_str().unwrap()).collect();
    assert_eq!(names, METRICS.map(|(name, _)| name));
    assert!(names.iter().all(|name| metrics[name].is_u64()), "{metrics}");
    assert_eq!((&metrics["findings"], &metrics["duration"]), (&json!(3), &json!(12)));
    assert_eq!(metrics["_aws"]["Timestamp"], 12_345);
}

#[test]
fn s1_a_report_of_very_many_findings_fits_an_event_and_keeps_what_is_open() {
    let many = |number: usize| {
        let mut findings: Vec<Told> =
            (0..60).map(|rule| told(&format!("rule {rule} {}", "x".repeat(300)), false, Fate::Reported)).collect();
        findings.push(told("tcp 22 in", true, Fate::Postponed));
        checked(&format!("service s{number}"), findings)
    };
    let report = report((0..100).map(many).collect(), Vec::new());
    let size = serde_json::to_string(&report).unwrap().len();
    assert!(size <= MAX_SIZE && size > MAX_SIZE / 4, "{size}");
    assert_eq!(report.findings, 6100);
    let listed: usize = report.checked.iter().map(|one| one.findings.len()).sum();
    assert_eq!(listed + report.omitted as usize, 6100);
    assert!(report.checked.iter().all(|one| one.findings.iter().any(|told| told.finding.is_hole)));
}
