use super::*;
use crate::rollout::outcome::Undone;
use crate::rollout::samples::{EXECUTION, OTHER, at, deployed, digest, rolling, started};
use proptest::prelude::*;

const BREAKER: Outcome = Outcome::RolledBack { by: Undone::Breaker };

/// `a` runs, `b` ran before it.
fn settled() -> Release {
    Release {
        current: Some(deployed('a', "1.1", at(-1000))),
        previous: vec![deployed('b', "1.0", at(-2000))],
        ..Release::default()
    }
}

fn ended(release: &Release, digit: char, outcome: &Outcome) -> Release {
    release.begun(&rolling(digit, at(0))).concluded(&started(digit, at(0)), outcome, EXECUTION, at(60))
}

fn letters(release: &Release) -> String {
    let good = release.current.iter().chain(&release.previous);
    good.map(|deployed| deployed.digest.as_str().chars().last().unwrap()).collect()
}

#[test]
fn a_rollout_that_succeeded_is_the_current_one_and_the_one_before_is_remembered() {
    let release = ended(&settled(), 'c', &Outcome::Succeeded);
    assert_eq!((letters(&release).as_str(), release.rolling), ("cab", None));
    assert_eq!(release.began, Some(at(0)));
}

#[test]
fn going_back_to_a_digest_does_not_remember_it_twice() {
    let release = ended(&ended(&settled(), 'b', &Outcome::Succeeded), 'a', &Outcome::Succeeded);
    assert_eq!(letters(&release), "ab");
}

#[test]
fn only_the_last_five_good_ones_are_remembered() {
    let release = "cdef0123".chars().fold(settled(), |release, digit| ended(&release, digit, &Outcome::Succeeded));
    assert_eq!(letters(&release), "3210fe");
}

#[test]
fn r8_what_was_rolled_back_stopped_or_failed_is_in_quarantine_and_what_runs_stays() {
    for outcome in [BREAKER, Outcome::Stopped, Outcome::Failed] {
        let release = ended(&settled(), 'c', &outcome);
        assert!(release.quarantine.contains_key(&digest('c')), "{outcome:?}");
        assert_eq!((letters(&release).as_str(), &release.rolling), ("ab", &None));
    }
    for outcome in [Outcome::Superseded { by: None }, Outcome::NoTasks] {
        let release = ended(&settled(), 'c', &outcome);
        assert_eq!((letters(&release).as_str(), release.quarantine.len(), &release.rolling), ("ab", 0, &None));
    }
    let why = &ended(&settled(), 'c', &BREAKER).quarantine[&digest('c')].why;
    assert_eq!(why, "its rollout was rolled back by the circuit breaker");
}

#[test]
fn r8_a_person_releases_a_digest_and_one_that_then_succeeds_is_good() {
    let bad = ended(&settled(), 'c', &BREAKER);
    assert!(bad.released(&digest('c')).quarantine.is_empty());
    assert!(ended(&bad, 'c', &Outcome::Succeeded).quarantine.is_empty());
}

#[test]
fn r6_a_rollout_that_timed_out_is_still_known_and_told_only_once() {
    let begun = settled().begun(&rolling('c', at(0)));
    let this = started('c', at(0));
    assert!(begun.news(&this, &Outcome::TimedOut, EXECUTION).is_some());
    let late = begun.concluded(&this, &Outcome::TimedOut, OTHER, at(2000));
    let at_it = late.rolling.as_ref().unwrap();
    assert_eq!((at_it.has_timed_out, at_it.execution.as_str()), (true, OTHER));
    assert!(late.news(&this, &Outcome::TimedOut, "another").is_none());
    assert!(late.news(&this, &Outcome::Succeeded, "another").is_some());
    assert_eq!(letters(&late.concluded(&this, &Outcome::Succeeded, OTHER, at(3000))), "cab");
}

#[test]
fn the_end_of_another_rollout_changes_nothing() {
    let begun = settled().begun(&rolling('c', at(0)));
    for other in [started('d', at(0)), started('c', at(1))] {
        assert_eq!(begun.concluded(&other, &BREAKER, EXECUTION, at(60)), begun);
        assert!(begun.news(&other, &BREAKER, EXECUTION).is_none());
    }
}

#[test]
fn a_rollout_that_begins_again_after_a_lost_answer_keeps_its_ids() {
    let mut first = rolling('c', at(0));
    (first.deployment, first.task_definition) = (None, None);
    let begun = settled().begun(&first);
    let known = begun.following(&Started { service_deployment: Some("arn".into()), ..started('c', at(0)) });
    assert_eq!(known.rolling.as_ref().unwrap().deployment.as_deref(), Some("ecs-svc/2"));
    assert_eq!(known.begun(&rolling('c', at(9))), known);
    let nothing_new = Started { deployment: None, service_deployment: None, ..started('c', at(0)) };
    assert_eq!(known.following(&nothing_new), known);
}

#[test]
fn what_ran_before_is_neither_what_runs_nor_in_quarantine() {
    let release = settled();
    let before = |running: char| release.before(Some(&digest(running))).map(|deployed| deployed.digest.clone());
    assert_eq!(before('a'), Some(digest('b')));
    assert_eq!(before('c'), Some(digest('a')), "after a rollout that nobody knows the end of");
    let bad = release.answered(&digest('b'), false, at(0));
    assert_eq!(bad.before(Some(&digest('a'))), None);
    assert_eq!(release.revisions().len(), 2);
}

fn question(digit: char, execution: &str) -> Asked {
    let execution = execution.to_owned();
    Asked { digest: digest(digit), tag: None, at: at(0), expires: at(100), execution, is_approved: false }
}

#[test]
fn i12_an_answer_counts_for_the_digest_that_was_asked_about_and_while_it_is_open() {
    let open = settled().asked(&question('c', EXECUTION));
    let is_approved = |release: &Release| release.asked.as_ref().is_some_and(|asked| asked.is_approved);
    assert!(is_approved(&open.answered(&digest('c'), true, at(100))));
    assert!(!is_approved(&open.answered(&digest('c'), true, at(101))), "expired");
    assert!(!is_approved(&open.answered(&digest('d'), true, at(1))), "another digest");
    let newer = open.asked(&question('d', OTHER));
    assert!(!is_approved(&newer.answered(&digest('c'), true, at(1))), "no longer the newest");
    let no = open.answered(&digest('c'), false, at(1));
    assert_eq!((no.asked, no.quarantine[&digest('c')].why.as_str()), (None, "a person said no to it"));
}

#[test]
fn i12_a_question_that_nobody_answered_is_dropped_by_the_one_who_asked() {
    let open = settled().asked(&question('c', EXECUTION));
    assert_eq!(open.dropped(&digest('c'), OTHER), open);
    assert_eq!(open.dropped(&digest('c'), EXECUTION), settled());
    let yes = open.answered(&digest('c'), true, at(1));
    assert_eq!(yes.dropped(&digest('c'), EXECUTION), yes, "the answer came at the last moment");
    assert_eq!(yes.asked(&question('c', EXECUTION)), yes, "asked again after a lost answer");
}

#[test]
fn a_record_is_text_that_a_person_can_read_and_survives_the_way_there_and_back() {
    let release = ended(&settled(), 'c', &BREAKER).begun(&rolling('d', at(99))).asked(&question('e', OTHER));
    assert_eq!(Release::read(&release.to_text()), Ok(release.clone()));
    assert!(release.to_text().contains(r#""since":"2026-01-15T12:01:39Z""#));
    assert!(Release::read("{").is_err() && Release::read("[]").is_err(), "unreadable is not empty");
    assert_eq!(Release::read("{}"), Ok(Release::default()));
    assert!(Release::read(r#"{"later": 1}"#).is_ok(), "written by a newer moat");
}

/// What can happen to a record.
#[derive(Debug, Clone)]
enum Change {
    Begin(char),
    Follow(char),
    Conclude(char, Outcome),
    Ask(char),
    Answer(char, bool),
    Drop(char),
    Release(char),
}

fn change() -> impl Strategy<Value = Change> {
    let digit = || prop::sample::select("0123456789abcdef".chars().collect::<Vec<_>>());
    let outcomes = vec![
        Outcome::Succeeded,
        BREAKER,
        Outcome::Superseded { by: None },
        Outcome::Stopped,
        Outcome::Failed,
        Outcome::NoTasks,
        Outcome::TimedOut,
    ];
    prop_oneof![
        digit().prop_map(Change::Begin),
        digit().prop_map(Change::Follow),
        (digit(), prop::sample::select(outcomes)).prop_map(|(digit, outcome)| Change::Conclude(digit, outcome)),
        digit().prop_map(Change::Ask),
        (digit(), any::<bool>()).prop_map(|(digit, is_yes)| Change::Answer(digit, is_yes)),
        digit().prop_map(Change::Drop),
        digit().prop_map(Change::Release),
    ]
}

fn changed(release: &Release, change: &Change, now: Moment) -> Release {
    let long = "x".repeat(100);
    match change {
        Change::Begin(digit) => release.begun(&Rolling {
            tag: Some("t".repeat(128)),
            by: long.repeat(5),
            task_definition: Some(long.clone()),
            service_deployment: Some(long.repeat(2)),
            ..rolling(*digit, at(0))
        }),
        Change::Follow(digit) => release.following(&started(*digit, at(0))),
        Change::Conclude(digit, outcome) => release.concluded(&started(*digit, at(0)), outcome, EXECUTION, now),
        Change::Ask(digit) => release.asked(&question(*digit, EXECUTION)),
        Change::Answer(digit, is_yes) => release.answered(&digest(*digit), *is_yes, now),
        Change::Drop(digit) => release.dropped(&digest(*digit), EXECUTION),
        Change::Release(digit) => release.released(&digest(*digit)),
    }
}

proptest! {
    #[test]
    fn every_change_done_twice_is_done_once_and_the_record_fits_its_parameter(
        changes in prop::collection::vec(change(), 0..60),
    ) {
        let mut release = Release::default();
        for (i, change) in changes.iter().enumerate() {
            let now = at(i64::try_from(i).unwrap());
            let next = changed(&release, change, now);
            prop_assert_eq!(&changed(&next, change, now), &next, "{:?}", change);
            let text = next.to_text();
            prop_assert!(text.len() <= MAX_SIZE, "{} bytes", text.len());
            release = Release::read(&text).unwrap();
            prop_assert_eq!(&release.rolling, &next.rolling);
            prop_assert_eq!(&release.current, &next.current);
            prop_assert!(release.previous.len() <= PREVIOUS);
        }
    }
}

#[test]
fn an_execution_whose_lambda_died_after_the_end_was_recorded_can_still_tell_it() {
    let begun = Release::default().begun(&rolling('a', at(0)));
    let this = started('a', at(0));
    let ended = begun.concluded(&this, &BREAKER, EXECUTION, at(9));
    let (told, _) = ended.news(&this, &BREAKER, EXECUTION).unwrap();
    assert_eq!(told.by, begun.rolling.as_ref().unwrap().by);
    assert!(ended.news(&this, &BREAKER, "another").is_none(), "nobody else tells it again");
}
