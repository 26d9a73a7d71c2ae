//! What a pushed image, and a person's command, do to the services.

use super::outcomes::revision;
use super::{image, input};
use crate::Body;
use moat_tests::faults::Slowness;
use moat_tests::local::{Ended, Local, pushed};
use moat_tests::people::People;
use serde_json::{Value, json};
use std::sync::Arc;

pub fn trials() -> Vec<(&'static str, Body)> {
    vec![
        ("i4_a_pushed_image_rolls_the_service_and_the_same_event_again_does_nothing", |l| Box::pin(walk(l))),
        ("a_person_goes_back_and_it_stays_so_until_something_new_is_pushed", |l| Box::pin(back(l))),
        ("i3_two_pushes_close_together_end_on_the_newer_image_with_two_rollouts_at_most", |l| Box::pin(two(l))),
        ("a_push_that_concerns_nobody_makes_three_calls_at_most", |l| Box::pin(nobody(l))),
        ("i2_an_event_that_says_nothing_of_an_image_is_ignored_and_says_why", |l| Box::pin(ignored(l))),
        ("i9_an_image_for_another_architecture_is_refused_before_anything_is_changed", |l| Box::pin(architecture(l))),
        ("freeze_windows_and_the_minimum_interval_make_one_rollout_of_many_pushes", |l| Box::pin(delayed(l))),
        ("r12_without_a_target_group_nothing_is_rolled", |l| Box::pin(closed_door(l))),
        ("r9_what_somebody_changed_in_the_revision_stays", |l| Box::pin(carried_over(l))),
        ("i12_a_person_is_asked_and_the_answer_counts_for_the_digest_that_was_asked_about", |l| Box::pin(asked(l))),
        ("r8_what_a_rollout_decided_is_not_undone_by_a_provision", |l| Box::pin(provisioned_again(l))),
        ("i7_i13_a_provision_tells_what_the_rules_of_the_repository_mean", |l| Box::pin(inspected(l))),
        ("s4_the_rules_take_and_refuse_what_they_should", |l| Box::pin(rules(l))),
    ]
}

/// A service of this name on an image of its own repository, which has the tag `latest`.
pub(super) async fn provisioned(local: &Local, name: &str) -> String {
    let first = local.push_image(name, "latest", "first").await;
    local.plan(&[], Slowness::default());
    local.provision(&tracking(name)).await.output();
    assert_eq!(local.deployed(name).await, first);
    local.plan(&[], Slowness::default());
    first
}

pub(super) fn tracking(name: &str) -> Value {
    let mut wanted = input(name, name);
    wanted["service"]["image"] = json!(image(&format!("{name}:latest")));
    wanted
}

pub(super) fn names(local: &Local) -> Vec<String> {
    local.proxy.calls().iter().map(|call| call.operation.name.clone()).collect()
}

pub(super) fn rolls(local: &Local) -> usize {
    names(local).iter().filter(|name| *name == "UpdateService").count()
}

#[track_caller]
pub(super) fn ended(ended: &Ended, outcome: &str) {
    assert_eq!(ended.output()["outcome"], outcome, "{}", ended.output);
}

#[track_caller]
pub(super) fn nothing_denied(local: &Local) {
    let is_denied = |status: u16| status == 403 || status == 401;
    let denied: Vec<_> = local.proxy.calls().into_iter().filter(|call| is_denied(call.status)).collect();
    assert!(denied.is_empty(), "denied: {denied:?}");
}

pub(super) async fn record(local: &Local, service: &str) -> Value {
    let found = local.ssm.get_parameter().name(format!("/moat/releases/{service}")).send().await.expect("a record");
    serde_json::from_str(&found.parameter.and_then(|found| found.value).expect("a value")).expect("JSON")
}

async fn walk(local: Arc<Local>) {
    let first = provisioned(&local, "walk").await;
    let second = local.push_image("walk", "latest", "second").await;
    local.plan(&[], Slowness::default());
    ended(&local.pushed("walk", "latest", &second).await, "succeeded");
    let calls = names(&local);
    assert_eq!(local.deployed("walk").await, second);
    let before = calls.iter().position(|name| name == "UpdateService").expect("it was rolled");
    assert!(before < 12, "{before} calls: {:?}", &calls[..before]);
    println!("a rollout: {before} calls, then UpdateService; {} in all: {calls:?}", calls.len());
    let record = record(&local, "walk").await;
    assert_eq!((&record["current"]["digest"], &record["current"]["tag"]), (&json!(second), &json!("latest")));
    assert_eq!((&record["previous"][0]["digest"], &record["rolling"]), (&json!(first), &Value::Null), "{record}");

    local.plan(&[], Slowness::default());
    ended(&local.pushed("walk", "latest", &second).await, "already-running");
    println!("the same event again: {} calls", names(&local).len());
    // An older event names an older digest. It is a hint to look, and no more.
    ended(&local.pushed("walk", "latest", &first).await, "already-running");
    assert_eq!(rolls(&local), 0);
    nothing_denied(&local);
    let lock = local.ssm.get_parameter().name("/moat/locks/service/walk").send().await;
    assert!(lock.is_err(), "the lock is still there");
}

async fn back(local: Arc<Local>) {
    let first = provisioned(&local, "back").await;
    let second = local.push_image("back", "latest", "second").await;
    ended(&local.pushed("back", "latest", &second).await, "succeeded");
    ended(&local.rollout(&json!({"service": "back", "to": "previous"})).await, "succeeded");
    assert_eq!(local.deployed("back").await, first);
    let again = local.pushed("back", "latest", &second).await;
    ended(&again, "quarantined");
    assert_eq!(local.deployed("back").await, first, "an event undid what a person chose");
    let third = local.push_image("back", "latest", "third").await;
    ended(&local.rollout(&json!({"service": "back"})).await, "succeeded");
    assert_eq!(local.deployed("back").await, third);
    ended(&local.rollout(&json!({"service": "back", "to": second})).await, "succeeded");
    assert_eq!(local.deployed("back").await, second);
    let wrong = local.rollout(&json!({"service": "Back", "too": "previous"})).await;
    assert_eq!(wrong.error, "Moat.SpecInvalid", "{}", wrong.cause);
    assert!(wrong.cause.contains("/service") && wrong.cause.contains("/too"), "{}", wrong.cause);
    let unknown = local.rollout(&json!({"service": "nowhere"})).await;
    assert_eq!(unknown.error, "Moat.Refused", "{}", unknown.cause);
}

async fn two(local: Arc<Local>) {
    provisioned(&local, "two").await;
    for round in 0..5u64 {
        let before = local.rollouts().await;
        let older = local.push_image("two", "latest", &format!("older-{round}")).await;
        local.plan(&[], Slowness::default());
        let event = |digest: &str| pushed("two", "latest", digest);
        local.post_event("moat.registry", "ECR Image Action", &event(&older)).await;
        tokio::time::sleep(std::time::Duration::from_millis(50 * round)).await;
        let newer = local.push_image("two", "latest", &format!("newer-{round}")).await;
        for digest in [&newer, &older, &newer] {
            local.post_event("moat.registry", "ECR Image Action", &event(digest)).await;
        }
        for execution in local.rollouts_since(&before, 4).await {
            local.end_of(&execution).await.output();
        }
        assert_eq!(local.deployed("two").await, newer, "round {round}");
        assert!((1..=2).contains(&rolls(&local)), "{} rollouts in round {round}", rolls(&local));
    }
}

async fn nobody(local: Arc<Local>) {
    local.plan(&[], Slowness::default());
    let mut before = 0;
    for recorded in [1, 100] {
        for at in before..recorded {
            let name = format!("idle-{at}");
            let repository = json!(image(&format!("idle-{at}:latest")));
            let spec = json!({"name": name, "network": "idle", "image": repository});
            for (parameter, value) in [
                (format!("/moat/services/{name}"), spec.to_string()),
                (format!("/moat/images/000000000000/us-east-1/idle-{at}/{name}"), name.clone()),
            ] {
                let call = local.ssm.put_parameter().name(parameter).value(value);
                call.r#type(aws_sdk_ssm::types::ParameterType::String).send().await.expect("it can be put");
            }
        }
        before = recorded;
        local.plan(&[], Slowness::default());
        ended(&local.pushed("unknown", "latest", &format!("sha256:{}", "a".repeat(64))).await, "ignored");
        let unknown = names(&local);
        local.plan(&[], Slowness::default());
        let other = local.pushed("idle-0", "feature-1", &format!("sha256:{}", "a".repeat(64))).await;
        ended(&other, "ignored");
        assert!(other.output()["message"].as_str().is_some_and(|why| why.contains("tag latest")), "{}", other.output);
        let untracked = names(&local);
        assert!(unknown.len() <= 3 && untracked.len() <= 3, "{unknown:?} {untracked:?}");
        println!("nobody of {recorded}: {} calls; a tag that none of them tracks: {}", unknown.len(), untracked.len());
    }
}

async fn ignored(local: Arc<Local>) {
    local.plan(&[], Slowness::default());
    let malformed = json!({"action-type": "PUSH", "result": "SUCCESS", "image-tag": "latest", "repository-name": 7});
    for (detail, says) in [
        (malformed, "malformed"),
        (pushed("web", "latest", "sha256:12"), "malformed"),
        (pushed("web", "", "sha256:12"), "no tag"),
        (json!({"action-type": "PUSH", "result": "SUCCESS", "image-tag": "latest"}), "malformed"),
    ] {
        let before = local.rollouts().await;
        local.post_event("moat.registry", "ECR Image Action", &detail).await;
        let told = local.end_of(&local.rollouts_since(&before, 1).await[0]).await;
        ended(&told, "ignored");
        assert!(told.output()["message"].as_str().is_some_and(|why| why.contains(says)), "{}", told.output);
    }
    for input in [json!({}), json!([1]), json!("web"), Value::Null] {
        ended(&local.rollout(&input).await, "ignored");
    }
    assert_eq!(names(&local), Vec::<String>::new(), "an event that is no business of moat's needs no call");
}

async fn architecture(local: Arc<Local>) {
    let first = provisioned(&local, "arch").await;
    let arm = local.push_index("arch", "latest", &["arm64"]).await;
    let told = local.pushed("arch", "latest", &arm).await;
    ended(&told, "refused");
    assert!(told.output()["message"].as_str().is_some_and(|why| why.contains("linux/arm64")), "{}", told.output);
    assert_eq!((local.deployed("arch").await, rolls(&local)), (first, 0));
    let both = local.push_index("arch", "latest", &["amd64", "arm64"]).await;
    local.plan(&[], Slowness::default());
    ended(&local.pushed("arch", "latest", &both).await, "succeeded");
    assert_eq!(local.deployed("arch").await, both, "the index is deployed, not one of its images");
    let calls = names(&local);
    let before = calls.iter().position(|name| name == "UpdateService").expect("it was rolled");
    assert!(before <= 12, "{before} calls: {:?}", &calls[..before]);
    println!("an image of several platforms: {before} calls, then UpdateService");
    nothing_denied(&local);
}

async fn closed_door(local: Arc<Local>) {
    let first = provisioned(&local, "doorless").await;
    let groups = local.elb.describe_target_groups().names("moat-doorless").send().await.unwrap();
    let group = groups.target_groups()[0].target_group_arn().unwrap().to_owned();
    let balancers = local.elb.describe_load_balancers().names("moat-doorless").send().await.unwrap();
    let balancer = balancers.load_balancers()[0].load_balancer_arn().unwrap().to_owned();
    for listener in local.elb.describe_listeners().load_balancer_arn(balancer).send().await.unwrap().listeners() {
        local.elb.delete_listener().listener_arn(listener.listener_arn().unwrap()).send().await.unwrap();
    }
    local.elb.delete_target_group().target_group_arn(group).send().await.unwrap();
    let second = local.push_image("doorless", "latest", "second").await;
    let told = local.pushed("doorless", "latest", &second).await;
    ended(&told, "refused");
    assert!(told.output()["message"].as_str().is_some_and(|why| why.contains("target group")), "{}", told.output);
    assert_eq!((local.deployed("doorless").await, rolls(&local)), (first, 0));
}

async fn carried_over(local: Arc<Local>) {
    provisioned(&local, "kept").await;
    let arn = revision(&local, "kept").await;
    let found = local.ecs.describe_task_definition().task_definition(&arn).send().await.unwrap();
    let mut definition = found.task_definition.unwrap();
    let containers = definition.container_definitions.as_mut().unwrap();
    containers[0].stop_timeout = Some(90);
    let sidecar = containers[0].clone();
    containers.push(sidecar);
    containers[1].name = Some("sidecar".into());
    containers[1].image = Some("public.ecr.aws/docker/library/busybox:1".into());
    containers[1].port_mappings = None;
    let call = local.ecs.register_task_definition().family("moat-kept").set_cpu(Some("512".into()));
    let call = call.set_memory(Some("1024".into())).set_container_definitions(definition.container_definitions);
    let call = call.set_network_mode(definition.network_mode).set_execution_role_arn(definition.execution_role_arn);
    let made = call.set_requires_compatibilities(definition.requires_compatibilities).send().await.unwrap();
    let made = made.task_definition.and_then(|made| made.task_definition_arn).unwrap();
    local.ecs.update_service().cluster("moat-kept").service("moat-kept").task_definition(made).send().await.unwrap();

    let second = local.push_image("kept", "latest", "second").await;
    ended(&local.pushed("kept", "latest", &second).await, "succeeded");
    let arn = revision(&local, "kept").await;
    let found =
        local.ecs.describe_task_definition().task_definition(&arn).send().await.unwrap().task_definition.unwrap();
    let containers = found.container_definitions();
    assert_eq!((found.cpu(), found.memory(), containers.len()), (Some("512"), Some("1024"), 2));
    assert_eq!(containers[0].stop_timeout(), Some(90));
    assert!(containers[0].image().is_some_and(|image| image.ends_with(&second)), "{:?}", containers[0].image());
    assert_eq!(containers[1].image(), Some("public.ecr.aws/docker/library/busybox:1"));
}

async fn asked(local: Arc<Local>) {
    let first = local.push_image("asks", "latest", "first").await;
    let mut wanted = tracking("asks");
    wanted["service"]["rollout"] = json!({"approval": "ask"});
    local.provision(&wanted).await.output();
    let people = People::listen(&local, "people").await;
    for (content, answer, outcome) in [("second", "yes", "succeeded"), ("third", "no", "ignored")] {
        let running = local.deployed("asks").await;
        let digest = local.push_image("asks", "latest", content).await;
        let before = local.rollouts().await;
        local.post_event("moat.registry", "ECR Image Action", &pushed("asks", "latest", &digest)).await;
        let execution = local.rollouts_since(&before, 1).await.remove(0);
        let question = people.hear(&local).await;
        assert!(question.contains("Roll service asks from") && question.contains(&digest), "{question}");
        assert_eq!(local.deployed("asks").await, running, "nothing is rolled before the answer");
        let lock = local.ssm.get_parameter().name("/moat/locks/service/asks").send().await;
        assert!(lock.is_err(), "the lock is held while a person thinks");
        // The same push again: it is being asked about already.
        ended(&local.pushed("asks", "latest", &digest).await, "ignored");
        let token = question.split("--task-token ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
        let said = json!({"digest": digest, "answer": answer}).to_string();
        local.sfn.send_task_success().task_token(token).output(said).send().await.expect("it is waited for");
        ended(&local.end_of(&execution).await, outcome);
        if answer == "yes" {
            assert_eq!(local.deployed("asks").await, digest);
            assert!(people.hear(&local).await.contains("was rolled from"));
        }
    }
    assert_ne!(local.deployed("asks").await, first);
    ended(&local.rollout(&json!({"service": "asks"})).await, "quarantined");
    nothing_denied(&local);
}

/// The local AWS matches patterns as EventBridge does, and takes `aws.ecr` in a test.
async fn rules(local: Arc<Local>) {
    for (rule, pattern) in crate::infra::patterns() {
        for (sample, event) in crate::infra::samples("events/rollout") {
            if event.get("source").is_none() {
                continue;
            }
            let body = json!({"EventPattern": pattern.to_string(), "Event": event.to_string()});
            let answer = moat_tests::proxy::ask(&local.endpoint, "events", "AWSEvents.TestEventPattern", &body).await;
            assert_eq!(answer["Result"], crate::infra::matches(&pattern, &event), "{rule} and {sample}");
        }
    }
}

/// What a rollout decided is not undone by a provision.
async fn provisioned_again(local: Arc<Local>) {
    let image_of = |tag: &str| json!(image(&format!("follows:{tag}")));
    let first = local.push_image("follows", "1.2.0", "1.2.0").await;
    let mut wanted = input("follows", "follows");
    wanted["service"]["image"] = image_of("1.2.0");
    wanted["service"]["track"] = json!({"semver": ">=1.2, <2"});
    local.provision(&wanted).await.output();
    assert_eq!(local.deployed("follows").await, first);
    let newer = local.push_image("follows", "1.10.0", "1.10.0").await;
    ended(&local.pushed("follows", "1.10.0", &newer).await, "succeeded");
    let again = local.provision(&wanted).await;
    assert_eq!(again.changes(), Vec::<String>::new());
    let why = again.output()["service"]["imageKept"].as_str().expect("it says why").to_owned();
    assert!(why.contains("versions"), "{why}");
    ended(&local.rollout(&json!({"service": "follows", "to": first})).await, "succeeded");
    wanted["service"]["memory"] = json!(1024);
    let changed = local.provision(&wanted).await.changes().join("\n");
    assert!(changed.contains(&first) && changed.contains("1024"), "{changed}");
    assert_eq!(local.deployed("follows").await, first, "what a person chose stays");
    wanted["service"]["image"] = image_of("1.11.0");
    let ahead = local.push_image("follows", "1.11.0", "1.11.0").await;
    local.provision(&wanted).await.output();
    assert_eq!(local.deployed("follows").await, ahead);
    nothing_denied(&local);
}

/// The rules of the repository, told before anything is made.
async fn inspected(local: Arc<Local>) {
    local.push_image("stiff", "latest", "first").await;
    let mutability = aws_sdk_ecr::types::ImageTagMutability::Immutable;
    local
        .ecr
        .put_image_tag_mutability()
        .repository_name("stiff")
        .image_tag_mutability(mutability)
        .send()
        .await
        .unwrap();
    let mut wanted = tracking("stiff");
    wanted["service"]["track"] = json!("tag");
    local.plan(&[], Slowness::default());
    let refused = local.provision(&wanted).await;
    assert_eq!(refused.error, "Moat.Refused", "{}", refused.cause);
    assert!(refused.cause.starts_with("/service/track: "), "{}", refused.cause);
    let is_lock = |call: &&moat_tests::proxy::Call| !call.operation.name.contains("Parameter");
    let changes = local.proxy.changes();
    assert_eq!(changes.iter().filter(is_lock).count(), 0, "{changes:?}");

    provisioned(&local, "tidied").await;
    let policy = json!({"rules": [{"rulePriority": 1, "selection": {"tagStatus": "untagged",
        "countType": "imageCountMoreThan", "countNumber": 1}, "action": {"type": "expire"}}]});
    local
        .ecr
        .put_lifecycle_policy()
        .repository_name("tidied")
        .lifecycle_policy_text(policy.to_string())
        .send()
        .await
        .unwrap();
    let second = local.push_image("tidied", "latest", "second").await;
    ended(&local.pushed("tidied", "latest", &second).await, "succeeded");
    let told = local.provision(&tracking("tidied")).await;
    let warnings = moat_tests::local::strings(&told.output()["warnings"]);
    println!("{warnings:?}");
    assert!(warnings.iter().any(|warning| warning.contains("the previous image")), "{warnings:?}");
    nothing_denied(&local);
}

async fn delayed(local: Arc<Local>) {
    let first = local.push_image("calm", "latest", "first").await;
    let mut wanted = tracking("calm");
    wanted["service"]["rollout"] = json!({"minimumInterval": 3});
    local.provision(&wanted).await.output();
    let second = local.push_image("calm", "latest", "second").await;
    ended(&local.pushed("calm", "latest", &second).await, "succeeded");
    local.plan(&[], Slowness::default());
    let before = local.rollouts().await;
    let mut last = String::new();
    for push in 0..10 {
        last = local.push_image("calm", "latest", &format!("push {push}")).await;
        local.post_event("moat.registry", "ECR Image Action", &pushed("calm", "latest", &last)).await;
    }
    for execution in local.rollouts_since(&before, 10).await {
        local.end_of(&execution).await.output();
    }
    assert_eq!(local.deployed("calm").await, last, "the newest wins");
    assert_eq!(rolls(&local), 1, "ten pushes make one rollout");
    assert_ne!(first, last);
}
