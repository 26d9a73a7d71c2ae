//! What an image's tag means in ECR, as far as ECR tells.

use crate::service_apply::spec;
use crate::wire::{Answer, Wire};
use moat::error::Kind;
use moat::image::Image;
use moat::service::observed::{ImageState, Observed};
use moat::stage::Cloud;
use moat_aws::scaling::Autoscaling;
use moat_aws::service::ServiceCloud;
use serde_json::json;

const OURS: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/web:1.2";

async fn observe(wire: &Wire, image: &str) -> Result<Observed, moat::error::Failure> {
    let mut spec = spec();
    spec.service.image = Image::new(image).unwrap();
    ServiceCloud::new(&wire.config(), Autoscaling::absent()).observe(&spec).await
}

async fn state(answer: impl Into<Answer>) -> ImageState {
    observe(&Wire::default().on("DescribeImages", [answer.into()]), OURS).await.unwrap().image
}

#[tokio::test]
async fn a_tag_is_asked_for_in_its_own_account_and_answered_with_its_digest() {
    let found = json!({ "imageDetails": [{ "imageDigest": "sha256:abc", "imageTags": ["1.2"] }] });
    let wire = Wire::default().on("DescribeImages", [found]);
    let observed = observe(&wire, OURS).await.unwrap();
    assert_eq!(observed.image, ImageState::Digest("sha256:abc".into()));
    let call = wire.call("DescribeImages");
    let expected =
        json!({ "registryId": "123456789012", "repositoryName": "team/web", "imageIds": [{ "imageTag": "1.2" }] });
    assert_eq!(call.json, expected);
    assert!(call.host.contains(".eu-west-1."), "{}", call.host);
}

#[tokio::test]
async fn an_image_in_another_region_is_asked_for_there() {
    let wire = Wire::default();
    observe(&wire, "123456789012.dkr.ecr.us-east-2.amazonaws.com/web:1").await.unwrap();
    let host = wire.call("DescribeImages").host;
    assert!(host.contains(".us-east-2."), "{host}");
}

#[tokio::test]
async fn an_image_by_digest_is_asked_for_by_digest() {
    let wire = Wire::default();
    let digest = format!("sha256:{}", "a".repeat(64));
    observe(&wire, &format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/web@{digest}")).await.unwrap();
    assert_eq!(wire.call("DescribeImages").json["imageIds"], json!([{ "imageDigest": digest }]));
}

#[tokio::test]
async fn an_image_of_another_registry_is_not_asked_for() {
    for image in ["ghcr.io/team/web:1.2", "nginx:1", "public.ecr.aws/nginx/nginx:1"] {
        let wire = Wire::default();
        assert_eq!(observe(&wire, image).await.unwrap().image, ImageState::NotAsked);
        assert_eq!(wire.count("DescribeImages"), 0, "{image}");
    }
}

#[tokio::test]
async fn a_repository_and_a_tag_that_are_missing_are_told_apart() {
    assert_eq!(state(Answer::error("RepositoryNotFoundException")).await, ImageState::NoSuchRepository);
    assert_eq!(state(Answer::error("ImageNotFoundException")).await, ImageState::NoSuchTag);
    assert_eq!(state(json!({ "imageDetails": [] })).await, ImageState::NoSuchTag);
}

fn rules(prefixes: &[&str]) -> serde_json::Value {
    let rules: Vec<_> = prefixes.iter().map(|prefix| json!({ "ecrRepositoryPrefix": prefix })).collect();
    json!({ "pullThroughCacheRules": rules })
}

#[tokio::test]
async fn an_image_that_a_pull_through_cache_fetches_is_told_with_the_narrowest_rule_that_does() {
    for missing in ["RepositoryNotFoundException", "ImageNotFoundException"] {
        let first = json!({ "pullThroughCacheRules": [{ "ecrRepositoryPrefix": "ROOT" }], "nextToken": "two" });
        let wire = Wire::default().on("DescribeImages", [Answer::error(missing)]);
        let wire = wire.on("DescribePullThroughCacheRules", [first, rules(&["other", "team"])]);
        assert_eq!(observe(&wire, OURS).await.unwrap().image, ImageState::NotCachedYet("team".into()));
        let asked = wire.calls().into_iter().filter(|call| call.action == "DescribePullThroughCacheRules");
        let registries: Vec<_> = asked.map(|call| call.json["registryId"].clone()).collect();
        assert_eq!(registries, ["123456789012", "123456789012"], "both pages");
    }
}

#[tokio::test]
async fn an_image_that_no_rule_fetches_is_absent_also_where_rules_are_not_told() {
    let denied = Answer::Error(400, "AccessDeniedException", "not authorized");
    let unknown = Answer::Error(400, "UnknownOperationException", "what?");
    for told in [rules(&["tea", "team/web", "hub"]).into(), denied, unknown] {
        let wire = Wire::default().on("DescribeImages", [Answer::error("ImageNotFoundException")]);
        let wire = wire.on::<Answer>("DescribePullThroughCacheRules", [told]);
        assert_eq!(observe(&wire, OURS).await.unwrap().image, ImageState::NoSuchTag);
    }
    let wire = Wire::default().on("DescribeImages", [Answer::error("ImageNotFoundException")]);
    let wire = wire.on("DescribePullThroughCacheRules", [Answer::Error(500, "ServerException", "try later")]);
    assert_eq!(observe(&wire, OURS).await.unwrap_err().kind, Kind::Unavailable);
}

#[tokio::test]
async fn an_image_that_may_not_be_looked_at_is_unreadable_and_not_absent() {
    let denied = Answer::Error(400, "AccessDeniedException", "not authorized to perform ecr:DescribeImages");
    let expected = ImageState::Unreadable("not authorized to perform ecr:DescribeImages".into());
    assert_eq!(state(denied).await, expected);
}

#[tokio::test]
async fn no_answer_about_the_image_is_a_failure_that_names_it() {
    let wire = Wire::default().on("DescribeImages", [Answer::Error(500, "ServerException", "try later")]);
    let failure = observe(&wire, OURS).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unavailable);
    assert!(failure.message.contains(&format!("could not describe image {OURS}")), "{failure}");
    assert_eq!(wire.count("DescribeImages"), 3);
}
