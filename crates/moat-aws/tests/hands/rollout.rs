//! What a rollout asks of SSM, ECR, ECS and ELB, what it writes, and what it makes of the answers.

use crate::wire::{Answer, Wire};
use crate::xml::name;
use moat::error::Kind;
use moat::image::{Digest, Ecr};
use moat::moment::Moment;
use moat::rollout::flow::Running;
use moat::rollout::outcome::{RolloutState, Status};
use moat::rollout::release::Deployed;
use moat::rollout::{Candidate, Lookup, Platform, Release, Started};
use moat_aws::rollout::{Current, RolloutCloud};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const OLD: &str = "arn:aws:ecs:eu-west-1:123456789012:task-definition/moat-web:3";
const NEW: &str = "arn:aws:ecs:eu-west-1:123456789012:task-definition/moat-web:4";
const TARGETS: &str = "arn:tg";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn cloud(wire: &Wire) -> RolloutCloud {
    RolloutCloud::new(&wire.config())
}

fn digest(letter: char) -> Digest {
    Digest::new(&format!("sha256:{}", letter.to_string().repeat(64))).unwrap()
}

fn repository() -> Ecr {
    Ecr { account: "123456789012".into(), region: "eu-west-1".into(), repository: "team/web".into() }
}

fn image(digest: &Digest) -> String {
    format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/web@{digest}")
}

fn spec(service: &str) -> String {
    let image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/web:latest";
    json!({ "name": service, "network": "main", "image": image }).to_string()
}

fn tags() -> Value {
    json!([{ "key": "moat:service", "value": "web" }, { "key": "team", "value": "blue" }])
}

/// A revision with something in every field that a request takes.
fn revision() -> Value {
    json!({
        "taskDefinitionArn": OLD, "family": "moat-web", "revision": 3, "status": "ACTIVE", "registeredAt": 1_772_388_000,
        "registeredBy": "arn:aws:iam::1:role/x", "compatibilities": ["FARGATE"], "requiresAttributes": [{ "name": "a" }],
        "taskRoleArn": "arn:role/task", "executionRoleArn": "arn:role/execution", "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512", "pidMode": "task", "ipcMode": "none",
        "volumes": [{ "name": "data" }], "placementConstraints": [{ "type": "memberOf", "expression": "x" }],
        "ephemeralStorage": { "sizeInGiB": 30 }, "runtimePlatform": { "cpuArchitecture": "X86_64" },
        "proxyConfiguration": { "containerName": "envoy" }, "enableFaultInjection": true,
        "containerDefinitions": [
            { "name": "web", "image": image(&digest('a')), "cpu": 0, "essential": true, "stopTimeout": 90,
              "environment": [{ "name": "A", "value": "1" }], "secrets": [{ "name": "S", "valueFrom": "arn:s" }],
              "repositoryCredentials": { "credentialsParameter": "arn:c" },
              "dockerLabels": { "moat.image": "x/team/web:1.0.0", "theirs": "1" } },
            { "name": "envoy", "image": "envoy:1", "cpu": 0 },
        ],
    })
}

fn service() -> Value {
    json!({
        "serviceName": "moat-web", "status": "ACTIVE", "desiredCount": 2, "runningCount": 2, "taskDefinition": OLD,
        "tags": tags(), "loadBalancers": [{ "targetGroupArn": TARGETS }],
        "deployments": [{ "id": "ecs-svc/1", "status": "PRIMARY", "taskDefinition": OLD, "rolloutState": "COMPLETED" }],
    })
}

fn wire() -> Wire {
    Wire::default()
        .on("DescribeServices", [json!({ "services": [service()] })])
        .on("DescribeTaskDefinition", [json!({ "taskDefinition": revision(), "tags": tags() })])
}

async fn running(wire: &Wire) -> Running<Current> {
    cloud(wire).running(&name("web")).await.unwrap().unwrap()
}

fn started() -> Started {
    Started {
        digest: digest('b'),
        deployment: Some("ecs-svc/2".into()),
        service_deployment: None,
        task_definition: Some(NEW.into()),
        since: Moment::new("2026-03-01T18:00:00Z").unwrap(),
        time_limit: 1800,
    }
}

#[tokio::test]
async fn a_push_that_concerns_nobody_costs_one_call() {
    let wire = Wire::default();
    assert!(cloud(&wire).made_from(&repository()).await.unwrap().is_empty());
    let expected = json!({ "Path": "/moat/images/123456789012/eu-west-1/team.web", "Recursive": false });
    assert_eq!(wire.call("GetParametersByPath").json, expected);
    assert_eq!(wire.calls().len(), 1);
}

#[tokio::test]
async fn the_index_is_read_page_by_page_and_specs_are_read_ten_at_a_time() {
    let names: Vec<String> = (10..22).map(|at| format!("web-{at}")).collect();
    let listed = |names: &[String]| names.iter().map(|name| json!({ "Name": "x", "Value": name })).collect::<Vec<_>>();
    let wire = Wire::default()
        .on(
            "GetParametersByPath",
            [
                json!({ "Parameters": listed(&names[..7]), "NextToken": "more" }),
                json!({ "Parameters": listed(&names[7..]) }),
            ],
        )
        .respond("GetParameters", |call| {
            let found = call.json["Names"].as_array().unwrap().iter().filter_map(Value::as_str);
            let found = found
                .filter(|address| !address.ends_with("11"))
                .map(|address| json!({ "Name": address, "Value": spec(address.rsplit('/').next().unwrap()) }));
            json!({ "Parameters": found.collect::<Vec<_>>() }).into()
        });
    let found = cloud(&wire).made_from(&repository()).await.unwrap();
    assert_eq!((found.len(), wire.count("GetParametersByPath"), wire.count("GetParameters")), (12, 2, 2));
    let gone = found.iter().find(|found| found.name == name("web-11")).unwrap();
    assert_eq!(gone.spec.as_ref().unwrap_err(), "no service web-11 is recorded in /moat/services/web-11");
    assert_eq!(found.iter().filter(|found| found.spec.is_ok()).count(), 11);
}

#[tokio::test]
async fn spec_and_record_are_read_in_one_call_and_a_record_is_written_over_the_version_that_was_read() {
    let current = Deployed {
        digest: digest('a'),
        tag: Some("latest".into()),
        at: Moment::from_millis(0),
        by: "push".into(),
        task_definition: None,
    };
    let release = Release { current: Some(current), ..Release::default() };
    let parameters = json!([
        { "Name": "/moat/services/web", "Value": spec("web"), "Version": 2 },
        { "Name": "/moat/releases/web", "Value": release.to_text(), "Version": 7 },
    ]);
    let wire = Wire::default()
        .on("GetParameters", [json!({ "Parameters": parameters })])
        .on("PutParameter", [json!({ "Version": 8 }), json!({ "Version": 10 })]);
    let memory = cloud(&wire).memory(&name("web")).await.unwrap();
    assert_eq!((memory.version, &memory.release), (7, &release));
    assert!(memory.spec.is_ok());
    assert_eq!(wire.calls().len(), 1);
    assert_eq!(cloud(&wire).remember(&name("web"), 7, &release).await, Ok(8));
    let put = wire.call("PutParameter").json;
    assert_eq!((&put["Overwrite"], &put["Tags"]), (&json!(true), &Value::Null), "AWS takes no tags with an overwrite");
    let lost = cloud(&wire).remember(&name("web"), 8, &release).await.unwrap_err();
    assert_eq!(lost.kind, Kind::Conflict);
    assert!(lost.message.contains("over version 8: somebody else wrote it") && lost.message.contains("version 10"));
}

#[tokio::test]
async fn the_first_record_is_put_without_overwrite_and_with_tags() {
    let wire = Wire::default()
        .on("PutParameter", [Answer::from(json!({ "Version": 1 })), Answer::error("ParameterAlreadyExists")]);
    assert_eq!(cloud(&wire).remember(&name("web"), 0, &Release::default()).await, Ok(1));
    let put = wire.call("PutParameter").json;
    assert_eq!(put["Overwrite"], json!(false));
    assert!(put["Tags"].as_array().unwrap().contains(&json!({ "Key": "moat:service", "Value": "web" })), "{put}");
    let lost = cloud(&wire).remember(&name("web"), 0, &Release::default()).await.unwrap_err();
    assert!(lost.kind == Kind::Conflict && lost.message.contains("there already"), "{lost}");
}

#[tokio::test]
async fn c5_a_record_whose_put_got_no_answer_is_not_put_again() {
    let wire = Wire::default().on("PutParameter", [Answer::Lost]);
    assert_eq!(cloud(&wire).remember(&name("web"), 3, &Release::default()).await.unwrap_err().kind, Kind::Unavailable);
    assert_eq!(wire.count("PutParameter"), 1);
}

#[tokio::test]
async fn r8_a_record_that_cannot_be_read_is_no_empty_one() {
    let wire = Wire::default().on(
        "GetParameters",
        [json!({ "Parameters": [{ "Name": "/moat/releases/web", "Value": "[]", "Version": 1 }] })],
    );
    let failure = cloud(&wire).memory(&name("web")).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unexpected);
    assert!(failure.message.contains("/moat/releases/web") && failure.message.contains("quarantine"), "{failure}");
}

#[tokio::test]
async fn i3_images_come_with_the_time_of_their_push_and_all_pages_are_read() {
    let detail = |digest: &Digest, at: i64| json!({ "imageDigest": digest, "imageTags": ["latest"], "imagePushedAt": at, "imageManifestMediaType": INDEX });
    let wire = Wire::default().on(
        "DescribeImages",
        [
            json!({ "imageDetails": [detail(&digest('a'), 1)], "nextToken": "more" }),
            json!({ "imageDetails": [detail(&digest('b'), 2), { "imageTags": ["broken"] }] }),
        ],
    );
    let found = cloud(&wire).candidates(&repository(), &Lookup::Tagged).await.unwrap();
    let times: Vec<i64> = found.iter().map(|image| image.pushed_at.millis()).collect();
    assert_eq!(times, [1000, 2000]);
    assert_eq!(found[0].media_type.as_deref(), Some(INDEX));
    let call = &wire.calls()[0].json;
    assert_eq!((&call["filter"], &call["registryId"]), (&json!({ "tagStatus": "TAGGED" }), &json!("123456789012")));
}

#[tokio::test]
async fn an_image_that_is_not_there_is_no_failure_and_one_that_may_not_be_seen_is() {
    let lookup = Lookup::Tag("latest".into());
    for code in ["ImageNotFoundException", "RepositoryNotFoundException"] {
        let wire = Wire::default().on("DescribeImages", [Answer::error(code)]);
        assert_eq!(cloud(&wire).candidates(&repository(), &lookup).await, Ok(Vec::new()), "{code}");
        assert_eq!(wire.call("DescribeImages").json["imageIds"], json!([{ "imageTag": "latest" }]));
    }
    let wire = Wire::default().on("DescribeImages", [Answer::error("AccessDeniedException")]);
    assert_eq!(cloud(&wire).candidates(&repository(), &lookup).await.unwrap_err().kind, Kind::Denied);
    let wire = Wire::default();
    assert_eq!(cloud(&wire).candidates(&repository(), &Lookup::Nothing).await, Ok(Vec::new()));
    assert!(wire.calls().is_empty());
}

#[tokio::test]
async fn i9_platforms_are_read_from_an_index_and_a_single_image_costs_no_call() {
    let manifest = json!({ "manifests": [
        { "platform": { "os": "linux", "architecture": "arm64" } },
        { "platform": { "os": "unknown", "architecture": "unknown" } },
    ] });
    let wire = Wire::default().on("BatchGetImage", [json!({ "images": [{ "imageManifest": manifest.to_string() }] })]);
    let mut image = Candidate {
        digest: digest('a'),
        tags: BTreeSet::new(),
        pushed_at: Moment::from_millis(0),
        media_type: Some(INDEX.into()),
        artifact_type: None,
        platforms: None,
    };
    let platform = Platform { os: "linux".into(), architecture: "arm64".into() };
    assert_eq!(cloud(&wire).platforms(&repository(), &image).await, Ok(Some(vec![platform])));
    assert_eq!(wire.call("BatchGetImage").json["imageIds"], json!([{ "imageDigest": digest('a') }]));
    image.media_type = Some("application/vnd.oci.image.manifest.v1+json".into());
    assert_eq!(cloud(&wire).platforms(&repository(), &image).await, Ok(None));
    assert_eq!(wire.count("BatchGetImage"), 1);
}

#[tokio::test]
async fn what_runs_is_read_with_its_digest_and_only_when_it_is_ours() {
    let wire = wire();
    let found = running(&wire).await;
    assert_eq!((found.digest.clone(), found.tag.as_deref()), (Some(digest('a')), Some("1.0.0")));
    assert!(found.is_settled);
    assert_eq!(wire.call("DescribeTaskDefinition").json, json!({ "taskDefinition": OLD, "include": ["TAGS"] }));
    let mut foreign = service();
    foreign["tags"] = json!([]);
    let mut gone = service();
    gone["status"] = json!("INACTIVE");
    for (found, says) in [(foreign, "left alone"), (gone, "does not exist")] {
        let wire = Wire::default().on("DescribeServices", [json!({ "services": [found] })]);
        let why = cloud(&wire).running(&name("web")).await.unwrap().unwrap_err();
        assert!(why.contains(says), "{why}");
    }
}

#[tokio::test]
async fn r9_the_current_revision_is_registered_with_another_image_and_nothing_else() {
    let wire = wire().on("RegisterTaskDefinition", [json!({ "taskDefinition": { "taskDefinitionArn": NEW } })]);
    let now = running(&wire).await;
    let made = cloud(&wire).register(&now, &image(&digest('b')), "x/team/web:1.1.0").await;
    assert_eq!(made, Ok(NEW.into()));
    let mut expected = revision();
    for said_by_ecs in [
        "taskDefinitionArn",
        "revision",
        "status",
        "registeredAt",
        "registeredBy",
        "compatibilities",
        "requiresAttributes",
    ] {
        expected.as_object_mut().unwrap().remove(said_by_ecs);
    }
    expected["containerDefinitions"][0]["image"] = json!(image(&digest('b')));
    expected["containerDefinitions"][0]["dockerLabels"]["moat.image"] = json!("x/team/web:1.1.0");
    expected["tags"] = tags();
    assert_eq!(wire.call("RegisterTaskDefinition").json, expected);
}

#[tokio::test]
async fn r11_a_service_is_pointed_at_a_revision_and_nothing_else_above_all_no_count() {
    let deployments = json!([
        { "id": "ecs-svc/2", "status": "PRIMARY", "taskDefinition": NEW },
        { "id": "ecs-svc/1", "status": "ACTIVE", "taskDefinition": OLD },
    ]);
    let wire = Wire::default().on("UpdateService", [json!({ "service": { "deployments": deployments } })]);
    assert_eq!(cloud(&wire).update(&name("web"), NEW).await, Ok(Some("ecs-svc/2".into())));
    let expected = json!({ "cluster": "moat-web", "service": "moat-web", "taskDefinition": NEW });
    assert_eq!(wire.call("UpdateService").json, expected);
}

#[tokio::test]
async fn e5_a_service_that_can_never_start_is_set_to_no_tasks() {
    let wire = Wire::default();
    cloud(&wire).stand_down(&name("web")).await.unwrap();
    let expected = json!({ "cluster": "moat-web", "service": "moat-web", "desiredCount": 0 });
    assert_eq!(wire.call("UpdateService").json, expected);
}

#[tokio::test]
async fn c5_writes_without_a_token_are_sent_once() {
    let wire = wire().on("RegisterTaskDefinition", [Answer::Lost]).on("UpdateService", [Answer::Lost]);
    let now = running(&wire).await;
    assert_eq!(cloud(&wire).register(&now, "x", "y").await.unwrap_err().kind, Kind::Unavailable);
    assert_eq!(cloud(&wire).update(&name("web"), NEW).await.unwrap_err().kind, Kind::Unavailable);
    assert_eq!((wire.count("RegisterTaskDefinition"), wire.count("UpdateService")), (1, 1));
}

#[tokio::test]
async fn r12_a_target_group_that_is_gone_or_that_nothing_is_sent_to_is_told() {
    let group = |arns: &str| {
        format!("<TargetGroups><member><LoadBalancerArns>{arns}</LoadBalancerArns></member></TargetGroups>")
    };
    for (answer, says) in [
        (Answer::error("TargetGroupNotFound"), Some("is gone")),
        (Answer::from(group("")), Some("no listener")),
        (Answer::from(group("<member>arn:lb</member>")), None),
    ] {
        let wire = wire().on("DescribeTargetGroups", [answer]);
        let now = running(&wire).await;
        let why = cloud(&wire).closed_door(&now).await.unwrap();
        assert_eq!(why.is_some(), says.is_some(), "{why:?}");
        assert!(why.unwrap_or_default().contains(says.unwrap_or_default()));
        assert_eq!(wire.call("DescribeTargetGroups").field("TargetGroupArns.member.1"), TARGETS);
    }
}

#[tokio::test]
async fn r1_our_service_deployment_is_the_one_of_our_revision() {
    let brief = |at: u32| json!({ "serviceDeploymentArn": format!("arn:sd/{at}"), "targetServiceRevisionArn": format!("arn:sr/{at}") });
    let revisions = json!([
        { "serviceRevisionArn": "arn:sr/1", "taskDefinition": OLD },
        { "serviceRevisionArn": "arn:sr/2", "taskDefinition": NEW },
    ]);
    let wire = Wire::default()
        .on("ListServiceDeployments", [json!({ "serviceDeployments": [brief(1), brief(2)] })])
        .on("DescribeServiceRevisions", [json!({ "serviceRevisions": revisions })]);
    let found = cloud(&wire).service_deployment_of(&name("web"), &started()).await;
    assert_eq!(found, Ok(Some("arn:sd/2".into())));
    let since = wire.call("ListServiceDeployments").json["createdAt"]["after"].as_f64().unwrap();
    assert!(since <= 1_772_388_000.0, "{since}");
}

#[tokio::test]
async fn where_there_are_no_service_deployments_there_is_none() {
    for answer in [Answer::from(json!({ "serviceDeployments": [] })), Answer::error("UnknownOperationException")] {
        let wire = Wire::default().on("ListServiceDeployments", [answer]);
        assert_eq!(cloud(&wire).service_deployment_of(&name("web"), &started()).await, Ok(None));
        assert_eq!(wire.count("DescribeServiceRevisions"), 0);
    }
    let wire = Wire::default().on("ListServiceDeployments", [Answer::error("AccessDeniedException")]);
    let denied = cloud(&wire).service_deployment_of(&name("web"), &started()).await;
    assert_eq!(denied.unwrap_err().kind, Kind::Denied);
}

#[tokio::test]
async fn a_look_is_one_call_and_tasks_are_looked_at_only_when_asked_for() {
    let mut moving = service();
    moving["deployments"] = json!([{
        "id": "ecs-svc/2", "status": "PRIMARY", "taskDefinition": NEW, "desiredCount": 2, "runningCount": 1,
        "failedTasks": 1, "rolloutState": "IN_PROGRESS", "rolloutStateReason": "",
    }]);
    moving["events"] = json!([
        { "createdAt": 1_772_388_060, "message": "new" }, { "createdAt": 1_772_380_000, "message": "old" },
    ]);
    let wire = Wire::default().on("DescribeServices", [json!({ "services": [moving] })]);
    let seen = cloud(&wire).look(&name("web"), &started()).await.unwrap();
    let service = seen.service.unwrap();
    assert_eq!((wire.calls().len(), service.events.as_slice()), (1, ["new".to_owned()].as_slice()));
    let deployment = &service.deployments[0];
    assert_eq!((deployment.rollout, deployment.failed), (Some(RolloutState::InProgress), 1));
    assert_eq!(deployment.reason, None, "an empty reason is none");
}

#[tokio::test]
async fn r1_the_end_of_our_service_deployment_is_read_with_what_undid_it() {
    let found = json!({
        "status": "ROLLBACK_SUCCESSFUL", "statusReason": "why", "rollback": { "reason": "breaker" },
        "deploymentCircuitBreaker": { "status": "TRIGGERED", "failureCount": 3, "threshold": 3 },
        "alarms": { "triggeredAlarmNames": ["slow"] },
    });
    let wire = wire().on("DescribeServiceDeployments", [json!({ "serviceDeployments": [found] })]);
    let started = Started { service_deployment: Some("arn:sd/2".into()), ..started() };
    let seen = cloud(&wire).look(&name("web"), &started).await.unwrap();
    let deployment = seen.service_deployment.unwrap();
    assert_eq!((deployment.status, deployment.has_breaker_tripped), (Status::RollbackSuccessful, true));
    assert_eq!(
        (deployment.rollback.as_deref(), deployment.alarms.as_slice()),
        (Some("breaker"), ["slow".to_owned()].as_slice())
    );
}

#[tokio::test]
async fn e4_tasks_tell_what_they_run_and_why_others_of_the_revision_stopped() {
    let task = |id: &str, revision: &str, more: Value| {
        let mut task =
            json!({ "taskArn": format!("arn:task/web/{id}"), "taskDefinitionArn": revision, "lastStatus": "RUNNING" });
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        task
    };
    let running = task("1", NEW, json!({ "containers": [{ "name": "web", "imageDigest": digest('b') }] }));
    let by_name = task("2", OLD, json!({ "containers": [{ "name": "web", "image": image(&digest('a')) }] }));
    let reason = json!({ "stoppedReason": "no egress", "containers": [{ "name": "web", "reason": "cannot pull" }] });
    let stopped = vec![task("3", NEW, reason), task("4", OLD, json!({ "stoppedReason": "scaled in" }))];
    let wire = Wire::default()
        .respond("ListTasks", |call| json!({ "taskArns": [call.json["desiredStatus"]] }).into())
        .respond("DescribeTasks", move |call| match call.json["tasks"][0].as_str() {
            Some("RUNNING") => json!({ "tasks": [running, by_name] }).into(),
            _ => json!({ "tasks": stopped }).into(),
        });
    let seen = cloud(&wire).look_closely(&name("web"), &started(), moat::rollout::Seen::default()).await.unwrap();
    let digests: Vec<_> = seen.tasks.iter().map(|task| task.digest.clone()).collect();
    assert_eq!(digests, [Some(digest('b')), Some(digest('a'))]);
    assert_eq!(seen.stopped, ["no egress", "cannot pull"]);
}

#[tokio::test]
async fn r7_only_old_revisions_of_ours_that_nothing_uses_are_deregistered() {
    let arn = |number: u32| format!("arn:aws:ecs:eu-west-1:1:task-definition/moat-web:{number}");
    let mut all: Vec<String> = (1..=6).map(arn).collect();
    all.push("arn:aws:ecs:eu-west-1:1:task-definition/moat-web-2:1".into());
    let mut found = service();
    found["deployments"][0]["taskDefinition"] = json!(arn(2));
    let foreign = arn(3);
    let wire = Wire::default()
        .on("ListTaskDefinitions", [json!({ "taskDefinitionArns": all })])
        .on("DescribeServices", [json!({ "services": [found] })])
        .respond("DescribeTaskDefinition", move |call| {
            let is_ours = call.json["taskDefinition"] != json!(foreign);
            json!({ "taskDefinition": { "revision": 1 }, "tags": if is_ours { tags() } else { json!([]) } }).into()
        });
    let gone = cloud(&wire).clear(&name("web"), BTreeSet::from([arn(4)]), 1).await;
    assert_eq!(gone, Ok(vec![arn(1), arn(5)]));
    assert_eq!(wire.count("DeregisterTaskDefinition"), 2);
    let few = Wire::default().on("ListTaskDefinitions", [json!({ "taskDefinitionArns": [arn(1)] })]);
    assert_eq!(cloud(&few).clear(&name("web"), BTreeSet::new(), 10).await, Ok(Vec::new()));
    assert_eq!(few.calls().len(), 1);
}
