use super::*;
use crate::image::Digest;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn spec(track: Value, rollout: Value) -> ServiceSpec {
    let image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/web:latest";
    let service = json!({"name": "web", "network": "main", "image": image, "track": track, "rollout": rollout});
    serde_json::from_value(service).unwrap()
}

fn tracking(track: Value) -> Policy {
    Policy::of(&spec(track, json!({})))
}

fn digest(letter: char) -> Digest {
    Digest::new(&format!("sha256:{}", letter.to_string().repeat(64))).unwrap()
}

fn image(letter: char, pushed_at: i64, tags: &[&str]) -> Candidate {
    Candidate {
        digest: digest(letter),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect::<BTreeSet<_>>(),
        pushed_at: Moment::from_millis(pushed_at),
        media_type: None,
        artifact_type: None,
        platforms: None,
    }
}

fn tags(policy: &Policy, images: &[Candidate]) -> Vec<String> {
    policy.ranked(images).into_iter().map(|pick| pick.tag).collect()
}

fn push(registry: &str, region: &str, repository: &str, tag: &str) -> Push {
    let repository = Ecr { account: registry.into(), region: region.into(), repository: repository.into() };
    Push { repository, tag: tag.into(), digest: None, source: None, event: None, time: None }
}

fn why(rollout: Value, push: &Push) -> String {
    objection(&spec(json!("tag"), rollout), push, "123456789012").unwrap_or("tracked".into())
}

#[test]
fn i8_a_version_is_compared_as_a_version() {
    let policy = tracking(json!({"semver": "*"}));
    let images = [image('a', 3, &["1.9.9"]), image('b', 1, &["v1.10.0"]), image('c', 2, &["latest", "1", "1.10"])];
    assert_eq!(tags(&policy, &images), ["v1.10.0", "1.9.9"]);
}

#[test]
fn i8_prereleases_are_taken_only_when_asked_for_and_come_before_their_release() {
    let tags_of = |track: Value, tags: &[&str]| -> Vec<String> {
        tags.iter().filter(|tag| tracking(track.clone()).takes(tag)).map(|tag| (*tag).to_owned()).collect()
    };
    let all = ["1.2.0-rc.1", "1.2.0", "1.3.0-beta", "2.0.0-rc.1", "2.0.0", "1.1.9"];
    assert_eq!(tags_of(json!({"semver": ">=1.2, <2"}), &all), ["1.2.0"]);
    assert_eq!(
        tags_of(json!({"semver": ">=1.2, <2", "prereleases": true}), &all),
        ["1.2.0-rc.1", "1.2.0", "1.3.0-beta"]
    );
    let images = [image('a', 2, &["1.2.0-rc.1"]), image('b', 1, &["1.2.0"])];
    assert_eq!(tags(&tracking(json!({"semver": "1", "prereleases": true})), &images), ["1.2.0", "1.2.0-rc.1"]);
}

#[test]
fn i8_of_one_version_on_two_images_the_later_push_counts() {
    let images = [image('a', 1, &["1.2.3"]), image('b', 2, &["v1.2.3"])];
    assert_eq!(tags(&tracking(json!({"semver": "1"})), &images), ["v1.2.3", "1.2.3"]);
}

#[test]
fn i3_patterns_go_by_the_time_of_the_push_and_then_by_digest() {
    for track in [json!({"glob": "build-*"}), json!({"regex": "^build-[0-9]+$"})] {
        let images = [image('a', 5, &["build-1"]), image('b', 7, &["build-2"]), image('c', 7, &["build-3", "other"])];
        assert_eq!(tags(&tracking(track), &images), ["build-3", "build-2", "build-1"]);
    }
}

#[test]
fn i6_an_old_image_that_gets_the_tag_is_picked_by_its_tag_but_not_as_the_newest() {
    let images = [image('a', 1, &["latest", "build-1"]), image('b', 9, &["build-2"])];
    assert_eq!(tracking(json!("tag")).ranked(&images)[0].image.digest, digest('a'));
    assert_eq!(tracking(json!({"glob": "build-*"})).ranked(&images)[0].image.digest, digest('b'));
}

#[test]
fn i2_a_wide_pattern_takes_no_signature() {
    let signature = format!("sha256-{}.sig", "a".repeat(64));
    let policy = tracking(json!({"glob": "*"}));
    assert!(policy.takes("latest") && !policy.takes(&signature) && !policy.takes("moat-keep-a"));
    let mut artifact = image('a', 1, &["latest"]);
    artifact.artifact_type = Some("application/vnd.cncf.helm.config.v1+json".into());
    assert!(policy.ranked(&[artifact]).is_empty());
}

#[test]
fn nothing_is_tracked_where_there_is_nothing_to_track() {
    let mut spec = spec(Value::Null, json!({}));
    assert!(matches!(Policy::of(&spec), Policy::Tag(tag) if tag == "latest"));
    spec.image = crate::image::Image::new(&spec.image.with_digest(digest('a').as_str())).unwrap();
    assert_eq!(Policy::of(&spec).to_string(), "nothing: its image is named by digest");
    spec.image = crate::image::Image::new("ghcr.io/team/web:1").unwrap();
    assert_eq!(Policy::of(&spec).to_string(), "nothing: its image is not in ECR");
    assert_eq!(tracking(json!("none")).to_string(), "nothing: its spec says so");
}

#[test]
fn i10_only_the_very_repository_of_the_spec_counts() {
    let pushes = [
        push("123456789012", "eu-west-1", "team/web", "latest"),
        push("210987654321", "eu-west-1", "team/web", "latest"),
        push("123456789012", "us-east-1", "team/web", "latest"),
        push("123456789012", "eu-west-1", "team.web", "latest"),
        push("123456789012", "eu-west-1", "team/web", "1.0"),
    ];
    insta::assert_snapshot!(pushes.map(|push| why(json!({}), &push)).join("\n"), @r"
    tracked
    service web runs 123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/web, not team/web in registry 210987654321 of eu-west-1
    service web runs 123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/web, not team/web in registry 123456789012 of us-east-1
    service web runs 123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/web, not team.web in registry 123456789012 of eu-west-1
    service web tracks tag latest, and tag 1.0 is not that
    ");
}

#[test]
fn i10_replicated_images_are_checked_against_the_sources() {
    let from = |account: &str, region: &str| Push {
        source: Some(Source { account: account.into(), region: region.into() }),
        ..push("123456789012", "eu-west-1", "team/web", "latest")
    };
    let listed = json!({"sources": [{"account": "210987654321", "region": "us-east-1"}]});
    let cases = [
        (json!({}), from("123456789012", "us-east-1")),
        (json!({}), from("210987654321", "us-east-1")),
        (listed.clone(), from("210987654321", "us-east-1")),
        (listed.clone(), from("210987654321", "us-west-2")),
        (listed.clone(), from("123456789012", "us-east-1")),
        (listed, push("123456789012", "eu-west-1", "team/web", "latest")),
    ];
    insta::assert_snapshot!(cases.map(|(rollout, push)| why(rollout, &push)).join("\n"), @r"
    tracked
    the image was replicated from account 210987654321 in us-east-1, which is not in service.rollout.sources of service web
    tracked
    the image was replicated from account 210987654321 in us-west-2, which is not in service.rollout.sources of service web
    the image was replicated from account 123456789012 in us-east-1, which is not in service.rollout.sources of service web
    tracked
    ");
}

#[test]
fn i10_an_image_of_another_account_is_tracked_where_the_spec_names_it_and_the_sources_allow_it() {
    let why = |rollout: Value| {
        let push = push("123456789012", "eu-west-1", "team/web", "latest");
        objection(&spec(json!("tag"), rollout), &push, "999999999999").unwrap_or("tracked".into())
    };
    assert_eq!(why(json!({})), "tracked");
    assert_eq!(why(json!({"sources": [{"account": "123456789012", "region": "eu-west-1"}]})), "tracked");
    let other = json!({"sources": [{"account": "210987654321", "region": "eu-west-1"}]});
    assert!(why(other).starts_with("the image was pushed in account 123456789012"));
}

#[test]
fn i7_a_tag_that_cannot_move_is_not_worth_tracking() {
    let of = |track: Value, mutability: &Mutability| immutable(&spec(track, json!({})), mutability);
    insta::assert_snapshot!(of(json!("tag"), &Mutability::Immutable).unwrap(), @r#"/service/track: is "tag", but the repository 123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/web does not let tag latest move, so nothing would ever be rolled. Track versions or a pattern, such as {"semver": "*"}, or let tags be moved"#);
    assert_eq!(of(json!("tag"), &Mutability::Mutable), None);
    assert_eq!(of(Value::Null, &Mutability::Immutable), None, "not said, so not wrong");
    assert_eq!(of(json!({"semver": "1"}), &Mutability::Immutable), None);
    assert_eq!(of(json!("tag"), &Mutability::ImmutableExcept(vec!["late*".into()])), None);
    assert!(of(json!("tag"), &Mutability::ImmutableExcept(vec!["dev-*".into()])).is_some());
    assert!(of(json!("tag"), &Mutability::MutableExcept(vec!["*st".into()])).is_some());
    assert_eq!(of(json!("tag"), &Mutability::MutableExcept(vec!["[a-z]*".into()])), None);
}
