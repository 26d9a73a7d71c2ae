//! What the service stage reads: always by name, and whose it is by its tags.

use crate::service_apply::spec;
use crate::wire::{Answer, Wire};
use moat::error::{Failure, Kind};
use moat::service::observed::{LogGroup, Observed, Rollout, ServiceState};
use moat::stage::Cloud;
use moat_aws::scaling::Autoscaling;
use moat_aws::service::ServiceCloud;
use serde_json::{Value, json};

async fn observe(wire: &Wire) -> Result<Observed, Failure> {
    ServiceCloud::new(&wire.config(), Autoscaling::absent()).observe(&spec()).await
}

fn tags(owner: &str) -> Value {
    json!([{ "key": "moat:service", "value": owner }, { "key": "moat:resource", "value": "service" }])
}

/// A service of ours that runs as it should.
fn running() -> Value {
    json!({
        "serviceArn": "arn:service",
        "serviceName": "moat-web",
        "status": "ACTIVE",
        "tags": tags("web"),
        "taskDefinition": "arn:td:3",
        "desiredCount": 2,
        "runningCount": 1,
        "healthCheckGracePeriodSeconds": 60,
        "loadBalancers": [{ "targetGroupArn": "arn:tg", "containerName": "web", "containerPort": 8080 }],
        "networkConfiguration": { "awsvpcConfiguration": {
            "subnets": ["subnet-2", "subnet-1"],
            "securityGroups": ["sg-2"],
            "assignPublicIp": "DISABLED",
        } },
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {
                "enable": true, "rollback": true, "thresholdConfiguration": { "type": "COUNT", "value": 2 }
            },
            "minimumHealthyPercent": 100,
            "maximumPercent": 200,
        },
        "deployments": [
            { "status": "ACTIVE", "rolloutState": "COMPLETED" },
            { "status": "PRIMARY", "rolloutState": "IN_PROGRESS", "createdAt": 1_577_836_800 },
        ],
    })
}

fn with(service: &Value) -> Wire {
    Wire::default().on("DescribeServices", [json!({ "services": [service] })])
}

#[tokio::test]
async fn c5_every_describe_names_what_it_asks_for() {
    let wire = Wire::default();
    observe(&wire).await.unwrap();
    let expected = [
        ("DescribeClusters", json!({ "clusters": ["moat-web"], "include": ["TAGS"] })),
        ("DescribeLogGroups", json!({ "logGroupNamePrefix": "/moat/web" })),
        ("DescribeTaskDefinition", json!({ "taskDefinition": "moat-web" })),
        ("DescribeServices", json!({ "cluster": "moat-web", "include": ["TAGS"], "services": ["moat-web"] })),
    ];
    for (action, body) in expected {
        assert_eq!(wire.call(action).json, body, "{action}");
    }
    assert_eq!(wire.calls().len(), 6, "and the image, which is not there and no pull through cache would fetch");
}

#[tokio::test]
async fn a_service_is_read_whole() {
    let observed = observe(&with(&running())).await.unwrap();
    let found = observed.service.unwrap();
    assert!(found.is_ours);
    assert_eq!(found.state, ServiceState::Active);
    assert_eq!(Some(found.network.clone()), {
        let mut spec = spec();
        spec.given = crate::xml::bindings(&[
            ("subnet private-a", "subnet-1"),
            ("subnet private-b", "subnet-2"),
            ("security-group tasks", "sg-2"),
        ]);
        spec.network()
    });
    assert_eq!(found.deployment, moat::service::desired::deployment(2));
    assert_eq!((found.desired, found.running, found.grace), (2, 1, 60));
    assert_eq!(found.target_group, Some("arn:tg".into()));
    assert_eq!(found.rollout, Rollout::InProgress, "the primary deployment counts, not the one before");
    assert!(found.age.is_some_and(|age| age > 60 * 60 * 24));
}

#[tokio::test]
async fn a_public_ip_is_seen() {
    let mut service = running();
    service["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] = json!("ENABLED");
    assert!(observe(&with(&service)).await.unwrap().service.unwrap().network.assigns_public_ip);
}

#[tokio::test]
async fn d4_ecs_exec_is_seen() {
    let mut service = running();
    assert!(!observe(&with(&service)).await.unwrap().service.unwrap().exec);
    service["enableExecuteCommand"] = json!(true);
    assert!(observe(&with(&service)).await.unwrap().service.unwrap().exec);
}

#[tokio::test]
async fn a_service_without_a_circuit_breaker_reads_as_such() {
    let mut service = running();
    service["deploymentConfiguration"] = json!({ "minimumHealthyPercent": 0, "maximumPercent": 100 });
    let found = observe(&with(&service)).await.unwrap().service.unwrap().deployment;
    assert!(!found.has_breaker && !found.has_rollback);
    assert_eq!((found.minimum_percent, found.maximum_percent), (0, 100));
}

#[tokio::test]
async fn each_end_of_a_rollout_is_told() {
    let failed = Rollout::Failed("tasks failed to start".into());
    for (state, expected) in [("COMPLETED", Rollout::Completed), ("FAILED", failed), ("QUANTUM", Rollout::InProgress)] {
        let mut service = running();
        service["deployments"] =
            json!([{ "status": "PRIMARY", "rolloutState": state, "rolloutStateReason": "tasks failed to start" }]);
        assert_eq!(observe(&with(&service)).await.unwrap().service.unwrap().rollout, expected);
    }
}

#[tokio::test]
async fn c12_a_draining_service_still_has_its_name_and_an_inactive_one_does_not() {
    let mut service = running();
    service["status"] = json!("DRAINING");
    let found = observe(&with(&service)).await.unwrap().service.unwrap();
    assert_eq!(found.state, ServiceState::Draining);
    service["status"] = json!("INACTIVE");
    assert_eq!(observe(&with(&service)).await.unwrap().service, None);
}

#[tokio::test]
async fn c5_somebody_elses_cluster_and_service_of_our_name_are_not_ours() {
    for tags in [tags("other"), json!([])] {
        let mut service = running();
        service["tags"] = tags.clone();
        let cluster =
            json!({ "clusterArn": "arn:cluster", "clusterName": "moat-web", "status": "ACTIVE", "tags": tags });
        let wire = with(&service).on("DescribeClusters", [json!({ "clusters": [cluster] })]);
        let observed = observe(&wire).await.unwrap();
        assert!(!observed.service.unwrap().is_ours);
        assert!(!observed.cluster.unwrap().is_ours);
    }
}

#[tokio::test]
async fn a_deleted_clusters_name_is_free() {
    let cluster = json!({ "clusterArn": "arn:cluster", "clusterName": "moat-web", "status": "INACTIVE" });
    let wire = Wire::default().on("DescribeClusters", [json!({ "clusters": [cluster] })]);
    assert_eq!(observe(&wire).await.unwrap().cluster, None);
}

#[tokio::test]
async fn a_log_group_whose_name_only_begins_like_ours_is_passed_over_on_every_page() {
    let group = |name: &str| json!({ "logGroupName": name, "arn": format!("arn:{name}:*"), "retentionInDays": 30 });
    let first = json!({ "logGroups": [group("/moat/web-2")], "nextToken": "two" });
    let second = json!({ "logGroups": [group("/moat/web")] });
    let tags = json!({ "tags": { "moat:service": "web", "moat:resource": "log-group" } });
    let wire = Wire::default().on("DescribeLogGroups", [first.clone(), second]).on("ListTagsForResource", [tags]);
    let found = observe(&wire).await.unwrap().log_group;
    assert_eq!(found, Some(LogGroup { name: "/moat/web".into(), is_ours: true, retention_days: Some(30) }));
    assert_eq!(wire.call("ListTagsForResource").json, json!({ "resourceArn": "arn:/moat/web" }));
    let wire = Wire::default().on("DescribeLogGroups", [first, json!({ "logGroups": [] })]);
    assert_eq!(observe(&wire).await.unwrap().log_group, None);
}

#[tokio::test]
async fn c5_a_log_group_of_our_name_without_our_tags_is_somebody_elses() {
    for tags in [json!({}), json!({ "moat:service": "api" })] {
        let group = json!({ "logGroupName": "/moat/web", "arn": "arn:/moat/web:*" });
        let wire = Wire::default().on("DescribeLogGroups", [json!({ "logGroups": [group] })]);
        let wire = wire.on("ListTagsForResource", [json!({ "tags": tags })]);
        assert!(!observe(&wire).await.unwrap().log_group.unwrap().is_ours);
    }
}

#[tokio::test]
async fn the_revision_that_runs_is_read_where_it_is_not_the_newest() {
    let wire = with(&running()).respond("DescribeTaskDefinition", |call| {
        let which = call.json["taskDefinition"].as_str().unwrap_or_default();
        let arn = if which == "moat-web" { "arn:td:4" } else { which };
        json!({ "taskDefinition": { "taskDefinitionArn": arn } }).into()
    });
    let observed = observe(&wire).await.unwrap();
    assert_eq!(observed.latest.unwrap().arn, "arn:td:4".into());
    assert_eq!(observed.running.unwrap().arn, "arn:td:3".into());
}

#[tokio::test]
async fn an_unknown_family_is_absent_but_any_other_client_exception_is_not() {
    let says = |message| Answer::Error(400, "ClientException", message);
    let wire = Wire::default().on("DescribeTaskDefinition", [says("Unable to describe task definition.")]);
    assert_eq!(observe(&wire).await.unwrap().latest, None);
    let wire = Wire::default().on("DescribeTaskDefinition", [says("Something else is wrong.")]);
    assert!(observe(&wire).await.is_err());
}

#[tokio::test]
async fn unreadable_is_never_absent() {
    for action in ["DescribeClusters", "DescribeServices", "DescribeLogGroups", "DescribeTaskDefinition"] {
        let wire = Wire::default().on(action, [Answer::error("AccessDeniedException")]);
        assert_eq!(observe(&wire).await.unwrap_err().kind, Kind::Denied, "{action}");
    }
    let wire = Wire::default().on("DescribeServices", [Answer::error("ClusterNotFoundException")]);
    assert_eq!(observe(&wire).await.unwrap().service, None, "without its cluster there is no service");
}
