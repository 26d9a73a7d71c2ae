//! What looks at several services at the same time ask AWS in one call, and what they ask again where that says too little.

use crate::service_apply::spec;
use crate::wire::{Answer, Wire};
use futures_util::future::join_all;
use moat::drift::Tagged;
use moat::error::Failure;
use moat::image::Image;
use moat::name::Name;
use moat::service::ServiceStageSpec;
use moat::service::observed::{ImageState, Observed};
use moat::stage::Cloud;
use moat::tags::Owner;
use moat_aws::leftovers::Leftovers;
use moat_aws::scaling::Autoscaling;
use moat_aws::service::ServiceCloud;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const REGISTRY: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn named(service: &str, image: &str) -> ServiceStageSpec {
    let mut spec = spec();
    spec.service.name = name(service);
    spec.service.image = Image::new(&format!("{REGISTRY}/{image}")).unwrap();
    spec
}

/// Looks at services, given by name and image, at the same time.
async fn observe(wire: &Wire, services: &[(&str, &str)]) -> Vec<Result<Observed, Failure>> {
    let config = wire.config();
    let cloud = &ServiceCloud::new(&config, Autoscaling::new(&config)).for_many();
    let looks = services.iter().map(|(service, image)| async move { cloud.observe(&named(service, image)).await });
    join_all(looks).await
}

fn images(all: &[Result<Observed, Failure>]) -> Vec<ImageState> {
    all.iter().map(|observed| observed.as_ref().unwrap().image.clone()).collect()
}

fn groups(names: &[&str]) -> Value {
    let group = |name: &&str| json!({ "logGroupName": format!("/moat/{name}"), "arn": format!("arn:/moat/{name}:*") });
    json!({ "logGroups": names.iter().map(group).collect::<Vec<_>>() })
}

/// What the Resource Groups Tagging API knows of a log group.
fn tagged(name: &str, owner: &str) -> Value {
    let tags = json!([{ "Key": "moat:service", "Value": owner }, { "Key": "moat:resource", "Value": "log-group" }]);
    json!({ "ResourceARN": format!("arn:/moat/{name}"), "Tags": tags })
}

#[tokio::test]
async fn the_log_groups_of_many_are_asked_for_their_tags_in_one_call() {
    let wire = Wire::default().on("DescribeLogGroups", [groups(&["api", "web"])]);
    let wire =
        wire.on("GetResources", [json!({ "ResourceTagMappingList": [tagged("api", "api"), tagged("web", "web")] })]);
    let all = observe(&wire, &[("web", "web:1"), ("api", "api:1")]).await;
    assert!(all.iter().all(|observed| observed.as_ref().unwrap().log_group.as_ref().unwrap().is_ours));
    assert_eq!(wire.call("GetResources").json, json!({ "ResourceARNList": ["arn:/moat/api", "arn:/moat/web"] }));
    assert_eq!(wire.count("ListTagsForResource"), 0);
}

#[tokio::test]
async fn c5_that_a_log_group_is_not_ours_is_only_told_by_its_own_service() {
    // One is another's, and of one nothing is known there yet.
    let wire = Wire::default().on("DescribeLogGroups", [groups(&["api", "new", "web"])]);
    let wire =
        wire.on("GetResources", [json!({ "ResourceTagMappingList": [tagged("api", "api"), tagged("web", "corp")] })]);
    let wire = wire.respond("ListTagsForResource", |call| {
        let is_new = call.json["resourceArn"] == "arn:/moat/new";
        json!({ "tags": { "moat:service": if is_new { "new" } else { "corp" }, "moat:resource": "log-group" } }).into()
    });
    let all = observe(&wire, &[("web", "web:1"), ("api", "api:1"), ("new", "new:1")]).await;
    let ours: Vec<bool> = all.into_iter().map(|observed| observed.unwrap().log_group.unwrap().is_ours).collect();
    assert_eq!(ours, [false, true, true]);
    assert_eq!(wire.count("ListTagsForResource"), 2);
}

#[tokio::test]
async fn who_looks_at_one_service_asks_its_log_group_itself() {
    let wire = Wire::default().on("DescribeLogGroups", [groups(&["web"])]);
    observe(&wire, &[("web", "web:1")]).await[0].as_ref().unwrap();
    assert_eq!((wire.count("GetResources"), wire.count("ListTagsForResource")), (0, 1));
}

#[tokio::test]
async fn the_images_of_one_repository_are_one_call() {
    let detail = |tag: &str| json!({ "imageDigest": format!("sha256:{tag}"), "imageTags": ["other", tag] });
    let wire = Wire::default().on("DescribeImages", [json!({ "imageDetails": [detail("2"), detail("1")] })]);
    let all = observe(&wire, &[("web", "team:1"), ("api", "team:2"), ("bot", "team:1")]).await;
    let digest = |text: &str| ImageState::Digest(text.into());
    assert_eq!(images(&all), [digest("sha256:1"), digest("sha256:2"), digest("sha256:1")]);
    assert_eq!(wire.call("DescribeImages").json["imageIds"], json!([{ "imageTag": "1" }, { "imageTag": "2" }]));
}

#[tokio::test]
async fn an_image_that_is_missing_hides_no_other() {
    let wire =
        Wire::default().respond("DescribeImages", |call| match call.json["imageIds"].as_array().unwrap().as_slice() {
            [one] if one["imageTag"] == "1" => json!({ "imageDetails": [{ "imageDigest": "sha256:1" }] }).into(),
            _ => Answer::error("ImageNotFoundException"),
        });
    let all = observe(&wire, &[("web", "team:1"), ("api", "team:2")]).await;
    assert_eq!(images(&all), [ImageState::Digest("sha256:1".into()), ImageState::NoSuchTag]);
    assert_eq!(wire.count("DescribeImages"), 3);
}

#[tokio::test]
async fn a_repository_says_nothing_about_another() {
    let wire = Wire::default().respond("DescribeImages", |call| match call.json["repositoryName"].as_str().unwrap() {
        "there" => json!({ "imageDetails": [{ "imageDigest": "sha256:1" }] }).into(),
        "gone" => Answer::error("RepositoryNotFoundException"),
        _ => Answer::Error(500, "ServerException", "try later"),
    });
    let all = observe(&wire, &[("web", "there:1"), ("api", "gone:1"), ("bot", "gone:2"), ("odd", "broken:1")]).await;
    let absent = ImageState::NoSuchRepository;
    assert_eq!(images(&all[..3]), [ImageState::Digest("sha256:1".into()), absent.clone(), absent]);
    let failure = all[3].as_ref().unwrap_err();
    assert!(failure.message.contains("/broken:1"), "{failure}");
}

#[tokio::test]
async fn the_scalable_targets_of_many_are_one_call() {
    let target = json!({
        "ServiceNamespace": "ecs", "ResourceId": "service/moat-web/moat-web", "MinCapacity": 1, "MaxCapacity": 4,
        "ScalableDimension": "ecs:service:DesiredCount", "RoleARN": "arn:role", "CreationTime": 1_577_836_800,
    });
    let wire = Wire::default().on("DescribeScalableTargets", [json!({ "ScalableTargets": [target] })]);
    let all = observe(&wire, &[("web", "web:1"), ("api", "api:1")]).await;
    let most = |at: usize| all[at].as_ref().unwrap().scaling.as_ref().map(|scaling| scaling.most);
    assert_eq!((most(0), most(1)), (Some(4), None));
    let resources = json!(["service/moat-api/moat-api", "service/moat-web/moat-web"]);
    assert_eq!(wire.call("DescribeScalableTargets").json["ResourceIds"], resources);
    // When it last did something is asked where there is one.
    assert_eq!(wire.count("DescribeScalingActivities"), 1);
}

#[tokio::test]
async fn a_service_without_a_record_is_left_over_only_while_it_is_there() {
    let arn = |name: &str| format!("arn:aws:ecs:eu-west-1:123456789012:service/moat-{name}/moat-{name}");
    let found = |name: &str| {
        let tags = json!([{ "Key": "moat:service", "Value": name }, { "Key": "moat:resource", "Value": "service" }]);
        json!({ "ResourceARN": arn(name), "Tags": tags })
    };
    let list = json!({ "ResourceTagMappingList": [found("web"), found("lost"), found("gone")] });
    let here = json!({ "services": [{ "serviceArn": arn("lost"), "status": "ACTIVE" }] });
    let wire = Wire::default().on("GetResources", [list]).respond("DescribeServices", move |call| {
        if call.json["cluster"] == "moat-lost" {
            here.clone().into()
        } else {
            Answer::error("ClusterNotFoundException")
        }
    });
    let recorded = BTreeSet::from([Owner::Service(name("web"))]);
    let all = Leftovers::new(&wire.config()).tagged(&recorded).await.unwrap();
    let left = moat::drift::leftovers(&recorded, &BTreeMap::new(), &all);
    assert_eq!(left.iter().map(|one| one.owner.as_str()).collect::<Vec<_>>(), ["service lost"]);
    // A recorded one has been looked at by itself.
    assert_eq!(wire.count("DescribeServices"), 2);
    assert!(all.iter().any(|one: &Tagged| one.id == arn("web")));
}
