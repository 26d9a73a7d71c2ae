//! How rollouts end, as the machine tells it: what ECS does not do here is shown to the Lambdas by the proxy.

use super::rollout::{ended, nothing_denied, provisioned, record, rolls};
use crate::Body;
use moat_tests::faults::Slowness;
use moat_tests::local::Local;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

pub fn trials() -> Vec<(&'static str, Body)> {
    vec![
        ("r2_a_rolled_back_image_is_in_quarantine_until_a_person_releases_it", |l| Box::pin(rolled_back(l))),
        ("r3_another_deployment_supersedes_ours_and_that_is_no_failure", |l| Box::pin(superseded(l))),
        ("r1_the_outcome_is_that_of_the_service_deployment_which_was_started", |l| Box::pin(judged(l))),
        ("r6_a_rollout_that_takes_too_long_is_told_and_left_alone_and_looked_at_again", |l| Box::pin(overdue(l))),
        ("e5_a_rollout_that_fails_with_nothing_to_go_back_to_leaves_no_tasks", |l| Box::pin(failed(l))),
        ("r5_a_service_that_wants_no_tasks_never_succeeds", |l| Box::pin(no_tasks(l))),
    ]
}

/// The revision that a service has now.
pub(super) async fn revision(local: &Local, service: &str) -> String {
    let name = format!("moat-{service}");
    let found = local.ecs.describe_services().cluster(&name).services(&name).send().await.expect("it is there");
    found.services()[0].task_definition().expect("it has one").to_owned()
}

/// Shows every service on another revision than its newest, as ECS does when it went back to it by itself.
fn gone_back(to: String, reason: &'static str) -> impl Fn(&mut Value) + Send + Sync + 'static {
    move |service: &mut Value| {
        if service["taskDefinition"] != json!(to) {
            service["taskDefinition"] = json!(to);
            service["deployments"] = json!([{
                "id": "ecs-svc/9", "status": "PRIMARY", "taskDefinition": to, "desiredCount": 2, "runningCount": 2,
                "rolloutState": "COMPLETED", "rolloutStateReason": reason
            }]);
        }
    }
}

async fn rolled_back(local: Arc<Local>) {
    let first = provisioned(&local, "undone").await;
    let old = revision(&local, "undone").await;
    let second = local.push_image("undone", "latest", "second").await;
    let reason = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/9.";
    local.proxy.show_services(gone_back(old.clone(), reason));
    let told = local.pushed("undone", "latest", &second).await;
    ended(&told, "rolled-back");
    let message = told.output()["message"].as_str().expect("a message").to_owned();
    assert!(message.contains("the circuit breaker took it back") && message.contains("release"), "{message}");
    assert!(record(&local, "undone").await["quarantine"][&second]["at"].is_string());
    // Now it is so.
    local
        .ecs
        .update_service()
        .cluster("moat-undone")
        .service("moat-undone")
        .task_definition(&old)
        .send()
        .await
        .unwrap();
    local.plan(&[], Slowness::default());
    ended(&local.pushed("undone", "latest", &second).await, "quarantined");
    ended(&local.rollout(&json!({"service": "undone"})).await, "quarantined");
    assert_eq!((local.deployed("undone").await, rolls(&local)), (first, 0));
    ended(&local.rollout(&json!({"service": "undone", "release": second})).await, "succeeded");
    assert_eq!(local.deployed("undone").await, second);
}

async fn superseded(local: Arc<Local>) {
    provisioned(&local, "overtaken").await;
    let old = revision(&local, "overtaken").await;
    let second = local.push_image("overtaken", "latest", "second").await;
    local.proxy.show_services(gone_back(old, "ECS deployment ecs-svc/9 completed."));
    let told = local.pushed("overtaken", "latest", &second).await;
    ended(&told, "superseded");
    assert_eq!(record(&local, "overtaken").await["quarantine"], Value::Null);
    assert_eq!(rolls(&local), 1, "it is not fought over");
}

async fn no_tasks(local: Arc<Local>) {
    provisioned(&local, "asleep").await;
    local.ecs.update_service().cluster("moat-asleep").service("moat-asleep").desired_count(0).send().await.unwrap();
    let second = local.push_image("asleep", "latest", "second").await;
    ended(&local.pushed("asleep", "latest", &second).await, "no-tasks");
    let found = local.ecs.describe_services().cluster("moat-asleep").services("moat-asleep").send().await.unwrap();
    assert_eq!(found.services()[0].desired_count(), 0, "R11: a rollout scales nothing");
}

const DEPLOYMENT: &str = "arn:aws:ecs:us-east-1:000000000000:service-deployment/moat/moat/1";
const TARGET: &str = "arn:aws:ecs:us-east-1:000000000000:service-revision/moat/moat/1";

/// Shows the service deployment of the next rollout as ECS would, with these details.
fn show_service_deployment(local: &Local, details: Value) {
    let registered = Arc::new(Mutex::new(Value::Null));
    let kept = registered.clone();
    local.proxy.show("RegisterTaskDefinition", move |answer| {
        *kept.lock().unwrap() = answer["taskDefinition"]["taskDefinitionArn"].clone();
    });
    local.proxy.show("ListServiceDeployments", |answer| {
        *answer = json!({"serviceDeployments": [{
            "serviceDeploymentArn": DEPLOYMENT, "targetServiceRevisionArn": TARGET, "status": "IN_PROGRESS"
        }]});
    });
    local.proxy.show("DescribeServiceRevisions", move |answer| {
        let definition = registered.lock().unwrap().clone();
        *answer = json!({"serviceRevisions": [{"serviceRevisionArn": TARGET, "taskDefinition": definition}]});
    });
    local.proxy.show("DescribeServiceDeployments", move |answer| {
        let mut deployment = json!({"serviceDeploymentArn": DEPLOYMENT, "targetServiceRevision": {"arn": TARGET}});
        deployment.as_object_mut().unwrap().extend(details.as_object().unwrap().clone());
        *answer = json!({ "serviceDeployments": [deployment] });
    });
}

async fn judged(local: Arc<Local>) {
    provisioned(&local, "judged").await;
    let breaker = json!({"status": "ROLLBACK_SUCCESSFUL", "deploymentCircuitBreaker": {"status": "TRIGGERED"}});
    let alarm = json!({
        "status": "ROLLBACK_SUCCESSFUL", "alarms": {"status": "TRIGGERED", "triggeredAlarmNames": ["too-many-5xx"]}
    });
    let person = json!({"status": "ROLLBACK_SUCCESSFUL", "statusReason": "Service deployment stopped by StopServiceDeployment."});
    for (round, (details, outcome, says, is_barred)) in [
        (breaker, "rolled-back", "the circuit breaker", true),
        (alarm, "rolled-back", "an alarm", true),
        (person, "rolled-back", "a person", true),
        (json!({"status": "ROLLBACK_FAILED", "statusReason": "no healthy tasks"}), "failed", "failed", true),
        (json!({"status": "STOPPED"}), "stopped", "stopped", true),
        (json!({"status": "SUCCESSFUL"}), "succeeded", "was rolled from", false),
    ]
    .into_iter()
    .enumerate()
    {
        let digest = local.push_image("judged", "latest", &format!("round {round}")).await;
        local.plan(&[], Slowness::default());
        show_service_deployment(&local, details);
        let told = local.pushed("judged", "latest", &digest).await;
        ended(&told, outcome);
        assert!(told.output()["message"].as_str().is_some_and(|message| message.contains(says)), "{}", told.output);
        let record = record(&local, "judged").await;
        assert_eq!(record["quarantine"][&digest].is_object(), is_barred, "{record}");
        nothing_denied(&local);
    }
}

async fn overdue(local: Arc<Local>) {
    let first = provisioned(&local, "overdue").await;
    let second = local.push_image("overdue", "latest", "second").await;
    // As an execution leaves it that was stopped two hours ago, while ECS was at work.
    let left = json!({"rolling": {
        "digest": second, "tag": "latest", "by": "a push", "execution": "arn:aws:states:us-east-1:000000000000:execution:moat-rollout:gone",
        "since": "2026-01-01T00:00:00Z", "deployment": "ecs-svc/7", "taskDefinition": "arn:td:7"
    }});
    let kind = aws_sdk_ssm::types::ParameterType::String;
    let put = local.ssm.put_parameter().name("/moat/releases/overdue").value(left.to_string()).r#type(kind);
    put.send().await.unwrap();
    local.plan(&[], Slowness::default());
    local.proxy.show_services(|service| {
        service["deployments"] = json!([{
            "id": "ecs-svc/7", "status": "PRIMARY", "taskDefinition": "arn:td:7", "desiredCount": 2, "runningCount": 0,
            "rolloutState": "IN_PROGRESS"
        }]);
    });
    let told = local.rollout(&json!({"service": "overdue"})).await;
    ended(&told, "timed-out");
    assert_eq!((rolls(&local), local.deployed("overdue").await), (0, first), "nothing is rolled back by us");
    let left = record(&local, "overdue").await;
    assert_eq!((&left["rolling"]["hasTimedOut"], &left["quarantine"]), (&json!(true), &Value::Null), "{left}");
    // The next look finds out what became of it: another deployment has taken its place.
    local.plan(&[], Slowness::default());
    local.pushed("overdue", "latest", &second).await.output();
    let left = record(&local, "overdue").await;
    assert_eq!((&left["current"]["digest"], &left["rolling"]), (&json!(second), &Value::Null), "{left}");
    assert_eq!(local.deployed("overdue").await, second);
}

async fn failed(local: Arc<Local>) {
    provisioned(&local, "broken").await;
    let second = local.push_image("broken", "latest", "second").await;
    local.plan(&[], Slowness::default());
    local.proxy.show_services(|service| {
        let mut only = service["deployments"][0].clone();
        (only["rolloutState"], only["runningCount"]) = (json!("FAILED"), json!(0));
        only["rolloutStateReason"] = json!("ECS deployment circuit breaker: tasks failed to start.");
        service["deployments"] = json!([only]);
    });
    local
        .proxy
        .show("ListTasks", |answer| *answer = json!({"taskArns": ["arn:aws:ecs:us-east-1:000000000000:task/moat/1"]}));
    local.proxy.show("DescribeTasks", |answer| {
        let why = "CannotPullContainerError: pull image manifest has been retried 5 time(s): image Manifest does not contain \
                   descriptor matching platform 'linux/amd64'";
        *answer = json!({"tasks": [{"taskArn": "arn:aws:ecs:us-east-1:000000000000:task/moat/1", "lastStatus": "STOPPED",
            "stoppedReason": why}]});
    });
    let told = local.pushed("broken", "latest", &second).await;
    ended(&told, "failed");
    let message = told.output()["message"].as_str().expect("a message").to_owned();
    println!("{message}");
    local.plan(&[], Slowness::default());
    let found = local.ecs.describe_services().cluster("moat-broken").services("moat-broken").send().await.unwrap();
    assert_eq!(found.services()[0].desired_count(), 0, "it goes on trying for ever");
    assert!(record(&local, "broken").await["quarantine"][&second].is_object());
    nothing_denied(&local);
}
