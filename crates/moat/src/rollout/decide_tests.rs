use super::*;
use crate::rollout::candidates::Platform;
use crate::rollout::outcome::{Outcome, Undone};
use crate::rollout::release::{Asked, Rolling};
use crate::rollout::samples::{EXECUTION, OTHER, at, deployed, digest, image, rolling, spec};
use serde_json::{Value, json};

/// One decision, with everything that it is made from at hand to change.
struct Case {
    spec: ServiceSpec,
    order: Order,
    push: Option<Push>,
    candidates: Vec<Candidate>,
    release: Release,
    running: Option<Digest>,
    approved: Option<Digest>,
    now: Moment,
}

impl Case {
    /// `a` runs, and the registry has `a` and the newer `b`, which has the tag by now.
    fn new(fields: Value) -> Self {
        Self {
            spec: spec(fields),
            order: Order::Look,
            push: None,
            candidates: vec![
                image('a', at(-100), &["1.0.0", "build-1"]),
                image('b', at(-50), &["1.1.0", "build-2", "latest"]),
            ],
            release: Release { current: Some(deployed('a', "1.0.0", at(-90))), ..Release::default() },
            running: Some(digest('a')),
            approved: None,
            now: at(0),
        }
    }

    fn question(&self) -> Question<'_> {
        Question {
            spec: &self.spec,
            account: "123456789012",
            order: &self.order,
            push: self.push.as_ref(),
            candidates: &self.candidates,
            release: &self.release,
            running: self.running.as_ref(),
            approved: self.approved.as_ref(),
            execution: EXECUTION,
            now: self.now,
        }
    }

    fn decide(&self) -> Decision {
        decide(&self.question())
    }

    /// The digit of the digest that is deployed, or the decision.
    fn deploys(&self) -> String {
        match self.decide() {
            Decision::Deploy { digest, .. } => digest.as_str().chars().last().unwrap().to_string(),
            other => format!("{other:?}"),
        }
    }
}

fn every_policy() -> [Value; 4] {
    [json!("tag"), json!({"semver": "1"}), json!({"glob": "build-*"}), json!({"regex": "^build-[0-9]+$"})]
        .map(|track| json!({ "track": track }))
}

fn words(decision: &Decision) -> String {
    serde_json::to_string(decision).unwrap()
}

#[test]
fn the_newest_image_of_every_policy_is_deployed() {
    for policy in every_policy() {
        assert_eq!(Case::new(policy.clone()).deploys(), "b", "{policy}");
    }
    insta::assert_snapshot!(words(&Case::new(json!({})).decide()), @r#"{"decision":"deploy","digest":"sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","tag":"latest"}"#);
}

#[test]
fn i4_what_runs_already_is_not_rolled_again() {
    for policy in every_policy() {
        let mut case = Case::new(policy);
        case.running = Some(digest('b'));
        assert_eq!(case.decide(), Decision::AlreadyRunning { digest: digest('b') });
    }
}

#[test]
fn i5_a_look_without_any_event_finds_what_a_push_would_have_rolled() {
    let mut case = Case::new(json!({}));
    let by_look = case.decide();
    let repository = case.spec.image.ecr().unwrap();
    case.push = Some(Push {
        repository,
        tag: "latest".into(),
        digest: Some(digest('a')),
        source: None,
        event: None,
        time: None,
    });
    assert_eq!(case.decide(), by_look, "the event is only a hint, even when it names another digest");
    case.push.as_mut().unwrap().tag = "other".into();
    insta::assert_snapshot!(words(&case.decide()), @r#"{"decision":"not-tracked","why":"service web tracks tag latest, and tag other is not that"}"#);
}

#[test]
fn i6_promotion_of_an_old_image_is_rolled_by_its_tag_and_not_as_the_newest() {
    let mut case = Case::new(json!({"track": "tag"}));
    case.candidates = vec![image('b', at(-50), &["build-2"]), image('a', at(-100), &["build-1", "latest"])];
    case.running = Some(digest('b'));
    assert_eq!(case.deploys(), "a");
    case.spec = spec(json!({"track": {"glob": "build-*"}}));
    assert_eq!(case.decide(), Decision::AlreadyRunning { digest: digest('b') });
}

#[test]
fn i8_nothing_goes_back_by_itself_when_the_running_image_is_deleted() {
    for policy in every_policy().into_iter().skip(1) {
        let mut case = Case::new(policy.clone());
        case.candidates.pop();
        case.running = Some(digest('b'));
        let tag = if policy["track"]["semver"].is_null() { "build-2" } else { "1.1.0" };
        case.release.current = Some(deployed('b', tag, at(-40)));
        assert!(matches!(case.decide(), Decision::Ignore { .. }), "{policy}: {:?}", case.decide());
        case.candidates.push(image('c', at(-1), &["1.2.0", "build-3"]));
        assert_eq!(case.deploys(), "c", "{policy}");
    }
}

#[test]
fn i8_the_same_version_on_a_new_image_is_rolled() {
    let mut case = Case::new(json!({"track": {"semver": "1"}}));
    case.candidates = vec![image('a', at(-100), &[]), image('c', at(-1), &["1.0.0"])];
    assert_eq!(case.deploys(), "c");
}

#[test]
fn a_deleted_image_leaves_nothing_to_do() {
    let mut case = Case::new(json!({}));
    case.candidates.clear();
    insta::assert_snapshot!(words(&case.decide()), @r#"{"decision":"ignore","why":"123456789012.dkr.ecr.eu-west-1.amazonaws.com/web has no image with tag latest; it may have been deleted"}"#);
}

#[test]
fn i9_an_image_for_another_architecture_is_refused_also_when_a_person_orders_it() {
    let mut case = Case::new(json!({}));
    case.candidates[1].platforms = Some(vec![Platform { os: "linux".into(), architecture: "arm64".into() }]);
    insta::assert_snapshot!(words(&case.decide()), @r#"{"decision":"refused","why":"latest (sha256:bbbbbbbbbbbb) cannot be deployed: the image runs on linux/arm64, but the service's tasks are linux/amd64; build it for that too"}"#);
    case.order = Order::Digest(digest('b'));
    assert!(matches!(case.decide(), Decision::Refused { .. }));
    assert_eq!(favourite(&case.question()).unwrap().digest, digest('b'));
}

#[test]
fn r8_a_digest_in_quarantine_is_deployed_by_a_person_alone_and_a_new_digest_is_free() {
    for policy in every_policy() {
        let mut case = Case::new(policy.clone());
        let bad = case.release.begun(&rolling('b', at(-30)));
        let rolled_back = Outcome::RolledBack { by: Undone::Breaker };
        case.release = bad.concluded(&rolling('b', at(-30)).started(1800), &rolled_back, EXECUTION, at(-10));
        assert!(matches!(case.decide(), Decision::Quarantined { .. }), "{policy}");
        case.order = Order::Release(digest('b'));
        assert_eq!(case.deploys(), "b", "{policy}");
        case.order = Order::Digest(digest('b'));
        assert_eq!(case.deploys(), "b", "{policy}");
        case.order = Order::Look;
        case.candidates[1].tags.remove("latest");
        case.candidates.push(image('c', at(-5), &["1.2.0", "build-3", "latest"]));
        assert_eq!(case.deploys(), "c", "{policy}");
    }
    let mut case = Case::new(json!({}));
    case.release = case.release.answered(&digest('b'), false, at(-1));
    insta::assert_snapshot!(words(&case.decide()), @r#"{"decision":"quarantined","digest":"sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","why":"latest (sha256:bbbbbbbbbbbb) is in quarantine since 2026-01-15T11:59:59Z: a person said no to it. A new image is rolled again; this one when a person releases it"}"#);
}

#[test]
fn r8_below_a_quarantined_version_a_newer_patch_of_what_runs_is_free() {
    let mut case = Case::new(json!({"track": {"semver": "1"}}));
    case.release = case.release.answered(&digest('b'), false, at(-1));
    case.candidates.push(image('c', at(-2), &["1.0.1"]));
    assert_eq!(case.deploys(), "c");
}

#[test]
fn a_person_goes_back_and_no_look_undoes_it_until_something_new_is_pushed() {
    for policy in every_policy() {
        let mut case = Case::new(policy.clone());
        case.running = Some(digest('b'));
        case.release.current = Some(deployed('b', "latest", at(-40)));
        case.release.previous = vec![deployed('a', "1.0.0", at(-90))];
        case.order = Order::Previous;
        let Decision::Deploy { digest: back, tag, hold } = case.decide() else { panic!("{:?}", case.decide()) };
        assert_eq!((&back, tag.as_deref()), (&digest('a'), Some("1.0.0")));
        let ordered = Rolling { hold, ..rolling('a', at(0)) };
        let started = ordered.started(1800);
        case.release = case.release.begun(&ordered).concluded(&started, &Outcome::Succeeded, EXECUTION, at(60));
        (case.running, case.order, case.now) = (Some(back), Order::Look, at(3600));
        assert!(matches!(case.decide(), Decision::Quarantined { .. }), "{policy}: {:?}", case.decide());
        let mut newer = Case { candidates: case.candidates.clone(), release: case.release.clone(), ..case };
        newer.candidates[1].tags.remove("latest");
        newer.candidates.push(image('c', at(3000), &["1.2.0", "build-3", "latest"]));
        assert_eq!(newer.deploys(), "c", "{policy}");
        newer.candidates.pop();
        newer.candidates[1].tags.insert("latest".into());
        newer.order = Order::Release(digest('b'));
        assert_eq!(newer.deploys(), "b", "{policy}");
    }
}

#[test]
fn an_order_counts_whatever_the_rules_say() {
    let always = json!([{"cron": "0 0 * * *", "duration": 86_000}]);
    let mut case = Case::new(json!({
        "track": "none", "rollout": {"approval": "ask", "minimumInterval": 9999, "freeze": always}
    }));
    case.release.began = Some(at(-1));
    assert!(matches!(case.decide(), Decision::NotTracked { .. }));
    case.order = Order::Digest(digest('b'));
    assert_eq!(case.decide(), Decision::Deploy { digest: digest('b'), tag: Some("1.1.0".into()), hold: None });
    case.release.rolling = Some(Rolling { execution: OTHER.into(), ..rolling('c', at(-5)) });
    assert_eq!(case.deploys(), "b", "nor does it wait for a rollout that was left alone");
    case.order = Order::Digest(digest('f'));
    insta::assert_snapshot!(words(&case.decide()), @r#"{"decision":"refused","why":"123456789012.dkr.ecr.eu-west-1.amazonaws.com/web has no image sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff; it may have been deleted"}"#);
    case.order = Order::Digest(digest('a'));
    assert_eq!(case.decide(), Decision::AlreadyRunning { digest: digest('a') });
    case.order = Order::Previous;
    insta::assert_snapshot!(words(&case.decide()), @r#"{"decision":"refused","why":"no image of service web is known to have run well before; name a digest with \"to\""}"#);
}

#[test]
fn an_image_outside_of_ecr_tracks_nothing_but_can_be_ordered() {
    let mut case = Case::new(json!({"image": "ghcr.io/team/web:1"}));
    case.candidates.clear();
    insta::assert_snapshot!(words(&case.decide()), @r#"{"decision":"not-tracked","why":"service web tracks nothing: its image is not in ECR"}"#);
    case.order = Order::Digest(digest('b'));
    assert_eq!(case.deploys(), "b");
}

#[test]
fn what_to_read_from_the_registry_is_as_little_as_the_decision_needs() {
    let release = Release { current: Some(deployed('b', "1", at(0))), ..Release::default() };
    let of = |fields: Value, order: Order| lookup(&spec(fields), &order, &release, Some(&digest('a')));
    assert_eq!(of(json!({}), Order::Look), Lookup::Tag("latest".into()));
    assert_eq!(of(json!({"track": {"semver": "1"}}), Order::Release(digest('a'))), Lookup::Tagged);
    assert_eq!(of(json!({"track": "none"}), Order::Look), Lookup::Nothing);
    assert_eq!(of(json!({"track": "none"}), Order::Previous), Lookup::Digest(digest('b')));
    assert_eq!(of(json!({}), Order::Digest(digest('c'))), Lookup::Digest(digest('c')));
    assert_eq!(of(json!({"image": "ghcr.io/web:1"}), Order::Digest(digest('c'))), Lookup::Nothing);
}

#[test]
fn i11_between_two_rollouts_lies_the_minimum_interval() {
    let mut case = Case::new(json!({"rollout": {"minimumInterval": 600}}));
    assert_eq!(case.deploys(), "b");
    case.release.began = Some(Moment::from_millis(at(-100).millis() + 1));
    insta::assert_snapshot!(words(&case.decide()), @r#"{"decision":"later","at":"2026-01-15T12:08:21Z","why":"the last rollout began less than 600 seconds ago, so latest (sha256:bbbbbbbbbbbb) waits until 2026-01-15T12:08:21Z; if a newer image comes by then, that one is rolled"}"#);
    case.now = at(501);
    assert_eq!(case.deploys(), "b");
}

#[test]
fn i11_in_a_freeze_window_nothing_begins_and_after_it_the_newest_wins() {
    let mut case = Case::new(json!({
        "rollout": {"freeze": [{"cron": "0 10 * * THU", "duration": 7200, "timeZone": "America/New_York"}]}
    }));
    assert_eq!(case.deploys(), "b", "12:00 UTC is 07:00 in New York");
    case.now = at(4 * 3600);
    insta::assert_snapshot!(words(&case.decide()), @r#"{"decision":"later","at":"2026-01-15T17:00:00Z","why":"a freeze window is on, so latest (sha256:bbbbbbbbbbbb) waits until 2026-01-15T17:00:00Z; if a newer image comes by then, that one is rolled"}"#);
    case.candidates[1].tags.remove("latest");
    case.candidates.push(image('c', at(4 * 3600 + 1), &["latest"]));
    case.now = at(5 * 3600);
    assert_eq!(case.deploys(), "c");
}

fn asked(digit: char, execution: &str) -> Asked {
    let execution = execution.to_owned();
    Asked { digest: digest(digit), tag: None, at: at(-10), expires: at(100), execution, is_approved: false }
}

#[test]
fn i12_a_person_is_asked_about_the_digest_and_a_yes_counts_for_it_alone() {
    let mut case = Case::new(json!({"rollout": {"approval": "ask", "approvalExpires": 3600}}));
    insta::assert_snapshot!(words(&case.decide()), @r#"{"decision":"ask","digest":"sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","tag":"latest","expires":"2026-01-15T13:00:00Z","question":"Roll service web from sha256:aaaaaaaaaaaa to latest (sha256:bbbbbbbbbbbb)?"}"#);
    case.approved = Some(digest('b'));
    assert_eq!(case.deploys(), "b");
    case.release.asked = Some(asked('b', EXECUTION));
    assert_eq!(case.deploys(), "b");
    case.now = at(101);
    insta::assert_snapshot!(words(&case.decide()), @r#"{"decision":"ignore","why":"the yes to latest (sha256:bbbbbbbbbbbb) came after the question had expired at 2026-01-15T12:01:40Z"}"#);
}

#[test]
fn i12_a_yes_to_a_digest_that_is_no_longer_the_newest_is_told_so() {
    let mut case = Case::new(json!({"rollout": {"approval": "ask"}}));
    case.approved = Some(digest('c'));
    insta::assert_snapshot!(words(&case.decide()), @r#"{"decision":"ask","digest":"sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","tag":"latest","expires":"2026-01-16T12:00:00Z","question":"Roll service web from sha256:aaaaaaaaaaaa to latest (sha256:bbbbbbbbbbbb)? The yes was for sha256:cccccccccccc, which is no longer what would be rolled"}"#);
    case.release.asked = Some(asked('b', OTHER));
    insta::assert_snapshot!(words(&case.decide()), @r#"{"decision":"ignore","why":"arn:aws:states:eu-west-1:123456789012:execution:moat-rollout:2 has asked about latest (sha256:bbbbbbbbbbbb) already, and waits until 2026-01-15T12:01:40Z. The yes was for sha256:cccccccccccc, which is no longer what would be rolled"}"#);
}

#[test]
fn i12_the_same_digest_is_asked_about_once_and_again_after_the_question_has_expired() {
    let mut case = Case::new(json!({"rollout": {"approval": "ask"}}));
    case.release.asked = Some(asked('b', OTHER));
    assert!(matches!(case.decide(), Decision::Ignore { .. }));
    case.release.asked = Some(asked('b', EXECUTION));
    assert!(matches!(case.decide(), Decision::Ask { expires, .. } if expires == at(100)), "a lost answer");
    case.release.asked = Some(asked('c', OTHER));
    assert!(matches!(case.decide(), Decision::Ask { .. }), "the tag was pushed again");
    (case.release.asked, case.now) = (Some(asked('b', OTHER)), at(101));
    assert!(matches!(case.decide(), Decision::Ask { expires, .. } if expires == at(101 + 86_400)));
}

#[test]
fn i12_a_yes_keeps_when_a_freeze_window_is_on_just_then() {
    let mut case = Case::new(json!({
        "rollout": {"approval": "ask", "freeze": [{"cron": "0 12 * * *", "duration": 7200}]}
    }));
    case.release = case.release.asked(&asked('b', EXECUTION)).answered(&digest('b'), true, at(0));
    assert!(matches!(case.decide(), Decision::Later { at: until, .. } if until == at(7200)));
    case.now = at(7200);
    assert_eq!(case.deploys(), "b");
}

#[test]
fn r6_a_rollout_whose_end_nobody_told_is_followed_first_and_once_by_each_execution() {
    let mut case = Case::new(json!({}));
    case.release.rolling = Some(Rolling { execution: OTHER.into(), ..rolling('c', at(-50)) });
    assert_eq!(case.decide(), Decision::Follow { digest: digest('c') });
    case.release.rolling = Some(Rolling { has_timed_out: true, execution: OTHER.into(), ..rolling('c', at(-50)) });
    assert_eq!(case.decide(), Decision::Follow { digest: digest('c') });
    case.release.rolling = Some(Rolling { has_timed_out: true, ..rolling('c', at(-50)) });
    assert_eq!(case.deploys(), "b");
    case.release.rolling = Some(Rolling { has_timed_out: true, ..rolling('b', at(-50)) });
    assert!(matches!(case.decide(), Decision::Ignore { why } if why.contains("has timed out")));
}

#[test]
fn i8_what_the_policy_prefers_to_what_runs_is_no_step_back_when_a_person_lets_go_of_an_older_image() {
    let mut case = Case::new(json!({"track": {"glob": "build-*"}}));
    case.release.current = Some(deployed('a', "build-1", at(-10)));
    assert_eq!(case.deploys(), "b");
    case.candidates.remove(0);
    assert!(matches!(case.decide(), Decision::Ignore { why } if why.contains("has left is the older build-2")));
}

#[test]
fn an_order_whose_lambda_is_started_again_goes_on_with_what_it_began() {
    let mut case = Case::new(json!({}));
    case.release.previous = vec![deployed('b', "1.1.0", at(-95))];
    case.order = Order::Previous;
    assert_eq!(case.deploys(), "b");
    case.release.rolling = Some(rolling('b', at(0)));
    case.running = Some(digest('b'));
    assert_eq!(case.decide(), Decision::Follow { digest: digest('b') });
    case.release.rolling = Some(Rolling { execution: OTHER.into(), ..rolling('b', at(0)) });
    assert_eq!(case.deploys(), "a", "another's rollout is not waited for");
}

#[test]
fn r6_what_a_person_chose_stays_when_its_rollout_times_out() {
    let mut case = Case::new(json!({}));
    let hold = Some(Hold { at: at(-20), aside: Some(digest('b')) });
    case.release.rolling = Some(Rolling { has_timed_out: true, hold, ..rolling('a', at(-20)) });
    assert!(matches!(case.decide(), Decision::Quarantined { why, .. } if why.contains("a person chose")));
    case.candidates.push(image('c', at(-5), &["latest"]));
    case.candidates[1].tags.remove("latest");
    assert_eq!(case.deploys(), "c", "what is pushed later is new");
}

#[path = "storm_tests.rs"]
mod storm;
