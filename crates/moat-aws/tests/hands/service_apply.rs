//! What the service's steps send.

use crate::wire::{Answer, Wire};
use crate::xml::{bindings, network, service};
use moat::error::{Failure, Kind};
use moat::name::Logical;
use moat::plan::Bindings;
use moat::service::step::Change;
use moat::service::{ServiceStageSpec, ServiceStep};
use moat::stage::{Cloud, Done};
use moat_aws::scaling::Autoscaling;
use moat_aws::service::ServiceCloud;
use serde_json::{Value, json};

pub fn spec() -> ServiceStageSpec {
    ServiceStageSpec {
        network: network(),
        service: service(),
        given: Bindings::default(),
        region: "eu-west-1".into(),
        release: moat::rollout::Release::default(),
        tried: None,
        keeps_image: false,
        execution_role: "arn:aws:iam::123456789012:role/moat-execution".into(),
    }
}

pub async fn apply(wire: &Wire, step: &ServiceStep) -> Result<Done, Failure> {
    apply_to(wire, &spec(), step).await
}

async fn apply_to(wire: &Wire, spec: &ServiceStageSpec, step: &ServiceStep) -> Result<Done, Failure> {
    let known = bindings(&[
        ("subnet private-a", "subnet-1"),
        ("subnet private-b", "subnet-2"),
        ("security-group tasks", "sg-2"),
        ("target-group", "arn:tg"),
        ("listener http", "arn:listener"),
        ("cluster", "arn:cluster"),
        ("log-group", "/moat/web"),
        ("task-definition", "arn:td:3"),
    ]);
    ServiceCloud::new(&wire.config(), Autoscaling::absent()).apply(spec, step, &known).await
}

fn subnets() -> Vec<Logical> {
    vec![Logical::from("subnet private-a"), Logical::from("subnet private-b")]
}

fn create() -> ServiceStep {
    ServiceStep::CreateService { tasks: 2, subnets: subnets(), listener: Some("listener http".into()) }
}

fn created() -> Answer {
    json!({ "service": { "serviceArn": "arn:service-9" } }).into()
}

fn private() -> Value {
    json!({ "awsvpcConfiguration": {
        "assignPublicIp": "DISABLED",
        "securityGroups": ["sg-2"],
        "subnets": ["subnet-1", "subnet-2"],
    } })
}

fn rollout() -> Value {
    json!({
        "deploymentCircuitBreaker": {
            "enable": true, "rollback": true, "thresholdConfiguration": { "type": "COUNT", "value": 2 }
        },
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
    })
}

#[tokio::test]
async fn a_service_has_no_public_ip_a_circuit_breaker_and_one_door() {
    let wire = Wire::default().on("CreateService", [created()]);
    assert_eq!(apply(&wire, &create()).await, Ok(Done::Made("arn:service-9".into())));
    let call = wire.call("CreateService").json;
    assert_eq!((&call["cluster"], &call["serviceName"]), (&json!("moat-web"), &json!("moat-web")));
    assert_eq!((&call["taskDefinition"], &call["desiredCount"]), (&json!("arn:td:3"), &json!(2)));
    assert_eq!(call["launchType"], "FARGATE");
    assert_eq!(call["networkConfiguration"], private());
    assert_eq!(call["deploymentConfiguration"], rollout());
    let door = json!([{ "containerName": "web", "containerPort": 8080, "targetGroupArn": "arn:tg" }]);
    assert_eq!(call["loadBalancers"], door);
    assert_eq!(call["healthCheckGracePeriodSeconds"], 60);
    assert_eq!((&call["enableECSManagedTags"], &call["propagateTags"]), (&json!(true), &json!("SERVICE")));
    assert_eq!(call["enableExecuteCommand"], Value::Null);
    let tag = json!({ "key": "moat:service", "value": "web" });
    assert!(call["tags"].as_array().unwrap().contains(&tag), "{call}");
}

#[tokio::test]
async fn c5_creates_without_a_token_are_sent_once() {
    let definition = Box::new(crate::task_definition::definition());
    for (action, step) in [
        ("CreateCluster", ServiceStep::CreateCluster { name: "moat-web".into() }),
        ("CreateService", create()),
        ("RegisterTaskDefinition", ServiceStep::RegisterTaskDefinition { definition }),
        ("UpdateService", ServiceStep::UpdateService { changes: vec![Change::Deployment], subnets: subnets() }),
    ] {
        for loss in [Answer::Lost, Answer::Error(500, "ServerException", "try later"), Answer::Page(503)] {
            let wire = Wire::default().on(action, [loss]);
            assert_eq!(apply(&wire, &step).await.unwrap_err().kind, Kind::Unavailable, "{action}");
            assert_eq!(wire.count(action), 1, "{action}");
        }
    }
}

#[tokio::test]
async fn r11_an_update_sends_what_changes_and_nothing_else_above_all_no_count() {
    let changes = [
        (Change::TaskDefinition, "taskDefinition", json!("arn:td:3")),
        (Change::Network, "networkConfiguration", private()),
        (Change::PublicIp, "networkConfiguration", private()),
        (Change::Deployment, "deploymentConfiguration", rollout()),
        (Change::Grace(30), "healthCheckGracePeriodSeconds", json!(30)),
        (Change::Tasks(5), "desiredCount", json!(5)),
        (Change::Tasks(0), "desiredCount", json!(0)),
        (Change::Anew, "forceNewDeployment", json!(true)),
        (Change::NoTargetGroup, "loadBalancers", json!([])),
    ];
    let exec = [Change::Exec(true), Change::Exec(false)];
    for change in exec {
        let wire = Wire::default();
        let step = ServiceStep::UpdateService { changes: vec![change.clone()], subnets: subnets() };
        assert_eq!(apply(&wire, &step).await, Ok(Done::Changed));
        let call = wire.call("UpdateService").json;
        let is_on = change == Change::Exec(true);
        assert_eq!(
            call,
            json!({ "cluster": "moat-web", "service": "moat-web", "enableExecuteCommand": is_on, "forceNewDeployment": true })
        );
    }
    for (change, field, value) in changes {
        let wire = Wire::default();
        let step = ServiceStep::UpdateService { changes: vec![change.clone()], subnets: subnets() };
        assert_eq!(apply(&wire, &step).await, Ok(Done::Changed));
        let expected = json!({ "cluster": "moat-web", "service": "moat-web", field: value });
        assert_eq!(wire.call("UpdateService").json, expected, "{change:?}");
    }
}

#[tokio::test]
async fn a_cluster_is_created_with_its_tags() {
    let wire = Wire::default().on("CreateCluster", [json!({ "cluster": { "clusterArn": "arn:cluster-9" } })]);
    let step = ServiceStep::CreateCluster { name: "moat-web".into() };
    assert_eq!(apply(&wire, &step).await, Ok(Done::Made("arn:cluster-9".into())));
    let tags = json!([
        { "key": "Name", "value": "moat web cluster" },
        { "key": "moat:resource", "value": "cluster" },
        { "key": "moat:service", "value": "web" },
    ]);
    assert_eq!(wire.call("CreateCluster").json, json!({ "clusterName": "moat-web", "tags": tags }));
}

#[tokio::test]
async fn a_log_group_that_is_there_already_is_as_good_as_a_new_one() {
    for answer in [Answer::from("{}"), Answer::error("ResourceAlreadyExistsException")] {
        let wire = Wire::default().on("CreateLogGroup", [answer]);
        let step = ServiceStep::CreateLogGroup { name: "/moat/web".into() };
        assert_eq!(apply(&wire, &step).await, Ok(Done::Made("/moat/web".into())));
        let call = wire.call("CreateLogGroup").json;
        assert_eq!((&call["logGroupName"], &call["tags"]["moat:service"]), (&json!("/moat/web"), &json!("web")));
    }
}

#[tokio::test]
async fn logs_are_kept_for_the_days_that_are_asked_for() {
    let wire = Wire::default();
    let step = ServiceStep::SetRetention { name: "/moat/web".into(), days: 30, drops: false };
    assert_eq!(apply(&wire, &step).await, Ok(Done::Changed));
    let expected = json!({ "logGroupName": "/moat/web", "retentionInDays": 30 });
    assert_eq!(wire.call("PutRetentionPolicy").json, expected);
}

#[tokio::test]
async fn a_service_is_never_created_before_its_subnets_are_known() {
    let wire = Wire::default();
    let step =
        ServiceStep::CreateService { tasks: 2, subnets: vec![Logical::from("subnet private-c")], listener: None };
    assert_eq!(apply(&wire, &step).await.unwrap_err().kind, Kind::Unexpected);
    assert!(wire.calls().is_empty());
}

#[tokio::test]
async fn a_service_without_a_door_has_no_load_balancer_and_no_grace() {
    let wire = Wire::default().on("CreateService", [created()]);
    let step = ServiceStep::CreateService { tasks: 2, subnets: subnets(), listener: None };
    let mut spec = spec();
    spec.service.load_balancer = None;
    assert_eq!(apply_to(&wire, &spec, &step).await, Ok(Done::Made("arn:service-9".into())));
    let call = wire.call("CreateService").json;
    assert_eq!((call.get("loadBalancers"), call.get("healthCheckGracePeriodSeconds")), (None, None));
    assert_eq!(call["networkConfiguration"], private());
}
