use super::*;
use crate::rollout::cause::causes;
use crate::rollout::samples::{EXECUTION, at, deployed, digest, rolling};

fn name() -> Name {
    Name::new("web").unwrap()
}

fn every_outcome() -> [Outcome; 7] {
    [
        Outcome::Succeeded,
        Outcome::RolledBack { by: Undone::Breaker },
        Outcome::Superseded { by: Some("ecs-svc/3".into()) },
        Outcome::Stopped,
        Outcome::Failed,
        Outcome::NoTasks,
        Outcome::TimedOut,
    ]
}

fn ended(outcome: &Outcome, evidence: &Evidence) -> Report {
    Report::ended(&name(), &rolling('b', at(0)), Some(&deployed('a', "1.0", at(-99))), outcome, evidence, at(93))
}

#[test]
fn r1_each_outcome_is_told_in_a_sentence_with_the_way_on() {
    let told = every_outcome().map(|outcome| ended(&outcome, &Evidence::default()).message);
    insta::assert_snapshot!(told.join("\n"), @r#"
    Service web was rolled from 1.0 (sha256:aaaaaaaaaaaa) to latest (sha256:bbbbbbbbbbbb) in 93 seconds.
    Service web was to be rolled to latest (sha256:bbbbbbbbbbbb), but the circuit breaker took it back, and it runs 1.0 (sha256:aaaaaaaaaaaa) again. latest (sha256:bbbbbbbbbbbb) is in quarantine: a new image is rolled again, this one only after moat-rollout is started with {"service": "web", "release": "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}.
    The rollout of service web to latest (sha256:bbbbbbbbbbbb) was overtaken by another deployment (ecs-svc/3). Nothing is wrong.
    The rollout of service web to latest (sha256:bbbbbbbbbbbb) was stopped, or the service was deleted. latest (sha256:bbbbbbbbbbbb) is rolled again only after moat-rollout is started with {"service": "web", "release": "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}.
    The rollout of service web to latest (sha256:bbbbbbbbbbbb) failed, and ECS did not roll it back. latest (sha256:bbbbbbbbbbbb) is in quarantine: push an image that works, or mend the cause and start moat-rollout with {"service": "web", "release": "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}.
    Service web is set to latest (sha256:bbbbbbbbbbbb), but it wants no tasks, so nothing is known about that image. It is tried when the service is scaled up.
    The rollout of service web to latest (sha256:bbbbbbbbbbbb) has not ended after 93 seconds. ECS is still at it, and moat leaves it alone: the next event or look tells how it ended.
    "#);
}

#[test]
fn the_name_of_an_outcome_is_the_same_everywhere() {
    for outcome in every_outcome() {
        let report = ended(&outcome, &Evidence::default());
        assert_eq!(serde_json::to_value(&report).unwrap()["outcome"], outcome.name());
        assert_eq!(serde_json::to_value(&outcome).unwrap()["outcome"], outcome.name());
        assert_eq!(report.undone_by.is_some(), outcome.name() == "rolled-back");
        let subject = report.subject();
        assert!(subject.is_ascii() && subject.len() < 100 && subject.starts_with("moat: web "), "{subject}");
    }
}

#[test]
fn e4_people_read_why_it_failed_and_what_to_do() {
    let evidence = Evidence {
        deployment: Some("ecs-svc/2".into()),
        running: vec![Running { digest: Some(digest('a')), tasks: 2 }],
        said: vec!["ECS deployment circuit breaker: tasks failed to start.".into()],
        causes: causes(["OutOfMemoryError: Container killed due to memory usage"]),
    };
    let report = ended(&Outcome::RolledBack { by: Undone::Breaker }, &evidence);
    insta::assert_snapshot!(report.text(), @r#"
    Service web was to be rolled to latest (sha256:bbbbbbbbbbbb), but the circuit breaker took it back, and it runs 1.0 (sha256:aaaaaaaaaaaa) again. latest (sha256:bbbbbbbbbbbb) is in quarantine: a new image is rolled again, this one only after moat-rollout is started with {"service": "web", "release": "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}.

    Why: the container used more memory than the task has, and was killed.
    What to do: raise service.memory, or see why the program needs so much.
    ECS says: OutOfMemoryError: Container killed due to memory usage

    To: latest, sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    From: 1.0, sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    Running: 2 tasks with sha256:aaaaaaaaaaaa
    By: push of tag latest (event 1)
    Deployment: ecs-svc/2
    Execution: arn:aws:states:eu-west-1:123456789012:execution:moat-rollout:1
    "#);
}

#[test]
fn i12_the_question_names_service_from_to_tag_and_digest_and_when_it_expires() {
    let decision = Decision::Ask {
        digest: digest('b'),
        tag: Some("1.1".into()),
        expires: at(3600),
        question: "Roll service web from sha256:aaaaaaaaaaaa to 1.1 (sha256:bbbbbbbbbbbb)?".into(),
    };
    let from = deployed('a', "1.0", at(-99));
    let report = Report::decided(&name(), &decision, Some(&from), "push of tag 1.1", EXECUTION, at(0)).unwrap();
    insta::assert_snapshot!(report.text(), @r"
    Roll service web from sha256:aaaaaaaaaaaa to 1.1 (sha256:bbbbbbbbbbbb)?

    To: 1.1, sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    From: 1.0, sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    By: push of tag 1.1
    Answer before: 2026-01-15T13:00:00Z
    Execution: arn:aws:states:eu-west-1:123456789012:execution:moat-rollout:1
    ");
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap(), @r#"
    {
      "version": 1,
      "service": "web",
      "outcome": "asked",
      "message": "Roll service web from sha256:aaaaaaaaaaaa to 1.1 (sha256:bbbbbbbbbbbb)?",
      "to": {
        "digest": "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        "tag": "1.1"
      },
      "from": {
        "digest": "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "tag": "1.0"
      },
      "by": "push of tag 1.1",
      "execution": "arn:aws:states:eu-west-1:123456789012:execution:moat-rollout:1",
      "at": "2026-01-15T12:00:00Z",
      "expires": "2026-01-15T13:00:00Z"
    }
    "#);
}

#[test]
fn i9_what_cannot_run_is_told_and_what_is_no_news_is_not() {
    let refused =
        Decision::Refused { why: "1.1 (sha256:bbbbbbbbbbbb) cannot be deployed: the image runs on nothing".into() };
    let told = |decision: &Decision| Report::decided(&name(), decision, None, "push", EXECUTION, at(0));
    assert_eq!(told(&refused).unwrap().outcome, Word::Refused);
    assert_eq!(told(&Decision::AlreadyRunning { digest: digest('a') }), None);
    assert_eq!(told(&Decision::Ignore { why: "nothing".into() }), None);
}

#[test]
fn the_schema_names_every_field_of_the_event() {
    let schema = schema();
    let report = ended(&Outcome::RolledBack { by: Undone::Alarm }, &Evidence::default());
    let value = serde_json::to_value(&report).unwrap();
    for field in value.as_object().unwrap().keys() {
        assert!(schema["properties"].get(field).is_some(), "{field}");
    }
    assert_eq!(serde_json::from_value::<Report>(value).unwrap(), report);
}
