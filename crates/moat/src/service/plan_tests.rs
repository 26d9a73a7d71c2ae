use super::*;
use crate::cidr::Side;
use crate::name::Logical;
use crate::network::desired::subnet;
use crate::plan::Step;
use crate::rollout::Release;
use crate::rollout::release::Quarantine;
use crate::service::observed::{Cluster, LogGroup};

fn digest(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

fn spec() -> ServiceStageSpec {
    let given = [
        (subnet(Side::Private, 'a'), "subnet-a"),
        (subnet(Side::Private, 'b'), "subnet-b"),
        (ingress::Group::Tasks.logical(), "sg-tasks"),
        (ingress::target_group(), "tg"),
        ("listener http".into(), "http"),
    ];
    let image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:latest";
    let service = serde_json::json!({ "name": "web", "network": "main", "image": image, "port": 8080, "tasks": 2 });
    ServiceStageSpec {
        network: serde_json::from_value(serde_json::json!({ "name": "main" })).unwrap(),
        service: serde_json::from_value(service).unwrap(),
        given: given.into_iter().map(|(name, id)| (name, id.to_owned())).collect(),
        region: "us-east-1".into(),
        release: Release::default(),
        tried: None,
        keeps_image: false,
        execution_role: "role".into(),
    }
}

fn nothing() -> Observed {
    Observed { image: ImageState::Digest(digest('a')), ..Observed::default() }
}

fn settled() -> Observed {
    let spec = spec();
    Observed {
        cluster: Some(Cluster { arn: "cluster".into(), is_ours: true }),
        log_group: Some(LogGroup { name: spec.log_group_name(), is_ours: true, retention_days: Some(30) }),
        latest: Some(Revision::of("td:1".into(), spec.task_definition(Some(&digest('a'))))),
        service: Some(Service {
            arn: "service".into(),
            is_ours: true,
            state: ServiceState::Active,
            task_definition: "td:1".into(),
            network: spec.network().unwrap(),
            deployment: desired::deployment(2),
            grace: 60,
            exec: false,
            desired: 2,
            running: 2,
            target_group: Some("tg".into()),
            rollout: Rollout::Completed,
            undoes: None,
            age: None,
        }),
        ..nothing()
    }
}

fn with(change: impl FnOnce(&mut Service)) -> Observed {
    let mut observed = settled();
    change(observed.service.as_mut().unwrap());
    observed
}

fn planned(observed: &Observed) -> String {
    match plan(&spec(), observed) {
        Ok(plan) => {
            let halts: String = plan.halts.iter().map(|problem| format!("halt: {problem}\n")).collect();
            format!("{plan}{halts}")
        }
        Err(refusal) => format!("refused: {refusal}"),
    }
}

#[test]
fn an_account_without_a_service_gets_the_whole_plan_at_once() {
    insta::assert_snapshot!(planned(&nothing()), @r"
    create cluster moat-web
    create log-group /moat/web
    keep logs of /moat/web for 30 days
    register task-definition 123456789012.dkr.ecr.us-east-1.amazonaws.com/web@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa with 256 CPU units and 512 MiB
    create service with 2 tasks and no public IPs in subnet private-a, subnet private-b
    ");
}

#[test]
fn a_service_that_is_as_asked_gives_nothing_to_do() {
    assert_eq!(planned(&settled()), "nothing to do\n");
}

#[test]
fn c8_a_service_is_created_once_the_listener_is_there() {
    let plan = plan(&spec(), &nothing()).unwrap();
    let needs = plan.steps.last().unwrap().needs();
    assert!(needs.contains(&Logical::from("listener http")));
}

#[test]
fn c12_a_draining_service_is_waited_for_and_its_id_is_not() {
    let observed = with(|service| service.state = ServiceState::Draining);
    insta::assert_snapshot!(planned(&observed), @"wait for the deleted service of the same name to stop its tasks (draining)");
    assert!(!bindings(&spec(), &observed).has(&desired::service()));
}

#[test]
fn e2_public_ips_are_taken_from_the_tasks_and_that_is_safe() {
    let observed = with(|service| service.network.assigns_public_ip = true);
    insta::assert_snapshot!(planned(&observed), @"update service to no public IPs");
    assert_eq!(plan(&spec(), &observed).unwrap().steps[0].hazard(), crate::plan::Hazard::Safe);
}

#[test]
fn a_new_digest_under_the_tag_is_registered_and_deployed() {
    let mut observed = settled();
    observed.image = ImageState::Digest(digest('b'));
    insta::assert_snapshot!(planned(&observed), @r"
    register task-definition 123456789012.dkr.ecr.us-east-1.amazonaws.com/web@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb with 256 CPU units and 512 MiB
    update service to the new task-definition
    ");
}

#[test]
fn the_running_revision_counts_when_it_says_what_the_spec_says() {
    let mut observed = settled();
    observed.running = observed.latest.take();
    observed.latest = Some(Revision { arn: "td:2".into(), definition: None, image: None });
    assert_eq!(planned(&observed), "nothing to do\n");
}

#[test]
fn everything_that_differs_is_one_update() {
    let observed = with(|service| {
        service.network.subnets.clear();
        (service.grace, service.desired, service.target_group) = (0, 7, None);
        service.deployment.has_rollback = false;
    });
    insta::assert_snapshot!(planned(&observed), @"update service to the private subnets and security-group tasks, circuit breaker with rollback, 100 to 200 % of tasks, 60 s of health-check grace, 2 tasks, target-group");
}

#[test]
fn c12_what_a_deleted_service_still_runs_is_not_counted_on() {
    let mut observed = with(|service| service.state = ServiceState::Draining);
    observed.running = observed.latest.take();
    assert!(planned(&observed).starts_with("register task-definition"), "{}", planned(&observed));
    assert_eq!(bindings(&spec(), &observed).get(&desired::task_definition()), None);
}

#[test]
fn a_deployment_is_waited_for_and_one_that_failed_ends_it() {
    let deploying =
        with(|service| (service.rollout, service.running, service.age) = (Rollout::InProgress, 1, Some(10)));
    let starting = with(|service| service.running = 1);
    let failed = with(|service| service.rollout = Rollout::Failed("tasks failed to start".into()));
    insta::assert_snapshot!([planned(&deploying), planned(&starting), planned(&failed)].concat(), @r"
    wait for service (deploying, 1 of 2 tasks running)
    wait for service (1 of 2 tasks running)
    update service to 0 tasks
    halt: ECS gave up on the deployment of 123456789012.dkr.ecr.us-east-1.amazonaws.com/web@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: tasks failed to start. moat set it to 0 tasks. Look at the stopped tasks of service moat-web and at log-group /moat/web, mend the cause and start again
    ");
}

#[test]
fn an_image_that_cannot_be_deployed_is_refused_before_anything_is_made() {
    let of = |image: ImageState| planned(&Observed { image, ..nothing() });
    let states = [ImageState::NoSuchRepository, ImageState::NoSuchTag, ImageState::Unreadable("denied".into())];
    insta::assert_snapshot!(states.map(of).join("\n"), @r"
    refused: /service/image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:latest: there is no such repository in ECR. Create it and push the image, then start again
    refused: /service/image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:latest: the repository is there, but it has no such image. Push it, then start again
    refused: /service/image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:latest: ECR did not let moat look it up (denied), so moat cannot tell which digest to deploy. Allow ecr:DescribeImages on the repository, or name the image by digest
    ");
}

#[test]
fn what_is_somebody_elses_is_refused_all_at_once() {
    let mut observed = with(|service| service.is_ours = false);
    observed.cluster = Some(Cluster { arn: "cluster".into(), is_ours: false });
    observed.log_group.as_mut().unwrap().is_ours = false;
    insta::assert_snapshot!(planned(&observed), @r"
    refused: /service/name: the cluster moat-web exists but has no moat tags of service web, so it is somebody else's. Give the service another name, or remove that cluster
    /service/name: the log group /moat/web exists but has no moat tags of service web, so it is somebody else's. Give the service another name, or remove that log group
    /service/name: the ECS service moat-web exists but has no moat tags of service web, so it is somebody else's. Give the service another name, or remove that ECS service
    ");
}

#[test]
fn r8_a_provision_keeps_the_image_that_runs_where_the_tag_means_one_in_quarantine() {
    let bad = crate::image::Digest::new(&digest('b')).unwrap();
    let quarantine = Quarantine { at: crate::moment::Moment::from_millis(0), why: "its rollout failed".into() };
    let mut spec = spec();
    spec.release = Release { quarantine: [(bad, quarantine)].into(), ..Release::default() };
    let observed = Observed { image: ImageState::Digest(digest('b')), ..settled() };
    assert!(plan(&spec, &observed).unwrap().is_empty());
    let facts = crate::service::facts::facts(&spec, &observed);
    assert!(facts.image_kept.unwrap().contains("its rollout failed"));
    // Anything else in the document is deployed, on the image that runs.
    spec.service.memory = 1024;
    let steps = plan(&spec, &observed).unwrap().to_string();
    assert!(steps.contains(&digest('a')) && steps.contains("1024 MiB"), "{steps}");
}

#[test]
fn e5_a_service_that_was_stood_down_is_tried_again_by_the_next_start() {
    let stood_down =
        with(|service| (service.rollout, service.desired) = (Rollout::Failed("tasks failed to start".into()), 0));
    insta::assert_snapshot!(planned(&stood_down), @"update service to 2 tasks, a new deployment");
}

#[test]
fn r2_a_deployment_that_ecs_took_back_is_not_made_again_by_the_same_execution() {
    let mut observed = settled();
    observed.running = observed.latest.take();
    let mut spec = spec();
    spec.service.memory = 1024;
    observed.latest = Some(Revision::of("td:2".into(), spec.task_definition(Some(&digest('a')))));
    let reason = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.";
    observed.service.as_mut().unwrap().undoes = Some(reason.into());
    assert_eq!(plan(&spec, &observed).unwrap().to_string(), "update service to the new task-definition\n");
    spec.tried = Some("td:2".into());
    let plan = plan(&spec, &observed).unwrap();
    assert!(plan.steps.is_empty(), "{plan}");
    assert!(plan.halts[0].message.contains("took back") && plan.halts[0].message.contains("circuit breaker"));
}

#[test]
fn r10_tasks_are_replaced_without_a_gap_and_a_small_service_gives_up_early() {
    for tasks in [1, 2, 4] {
        let wanted = desired::deployment(tasks);
        assert_eq!((wanted.minimum_percent, wanted.maximum_percent), (100, 200), "{tasks} tasks");
        assert!(wanted.has_breaker && wanted.has_rollback);
        assert_eq!(wanted.failures, desired::Failures::Count(2), "{tasks} tasks");
    }
    assert_eq!(desired::deployment(40).failures, desired::Failures::Usual);
    // Whatever somebody made of it is put back.
    for change in [
        |service: &mut Service| service.deployment.minimum_percent = 0,
        |service: &mut Service| service.deployment.has_breaker = false,
        |service: &mut Service| service.deployment.failures = desired::Failures::Other,
    ] {
        let steps = planned(&with(change));
        assert_eq!(steps, "update service to circuit breaker with rollback, 100 to 200 % of tasks\n");
    }
}

#[test]
fn d4_ecs_exec_that_somebody_turned_on_is_turned_off_and_takes_new_tasks() {
    let observed = with(|service| service.exec = true);
    insta::assert_snapshot!(planned(&observed), @"update service to ECS Exec off");
    assert_eq!(plan(&spec(), &observed).unwrap().steps[0].hazard(), crate::plan::Hazard::Disruptive);
}

#[test]
fn a_role_of_another_account_is_refused_before_anything_is_made() {
    let mut spec = spec();
    spec.execution_role = "arn:aws:iam::123456789012:role/moat-task-execution-us-east-1".into();
    let role =
        |account: &str| crate::spec::TaskRole::new(&format!("arn:aws:iam::{account}:role/moat-task-web")).unwrap();
    spec.service.task_role = Some(role("123456789012"));
    assert!(plan(&spec, &nothing()).is_ok());
    spec.service.task_role = Some(role("999999999999"));
    insta::assert_snapshot!(plan(&spec, &nothing()).unwrap_err(), @"/service/taskRole: arn:aws:iam::999999999999:role/moat-task-web is in another account than the tasks, which run in 123456789012. Make the role there");
}

#[test]
fn an_image_of_another_account_that_may_not_be_seen_is_told_with_the_policy_that_it_needs() {
    let mut spec = spec();
    spec.execution_role = "arn:aws:iam::999999999999:role/moat-task-execution-us-east-1".into();
    let observed = Observed { image: ImageState::Unreadable("access denied".into()), ..nothing() };
    insta::assert_snapshot!(plan(&spec, &observed).unwrap_err(), @"/service/image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:latest: ECR did not let moat look it up (access denied), so moat cannot tell which digest to deploy. It is in another account: the policy of repository web in account 123456789012 must allow the principal arn:aws:iam::999999999999:root ecr:BatchCheckLayerAvailability, ecr:BatchGetImage, ecr:DescribeImages and ecr:GetDownloadUrlForLayer");
}

fn uncached() -> Observed {
    Observed { image: ImageState::NotCachedYet("hub".into()), ..nothing() }
}

#[test]
fn an_image_that_is_not_cached_yet_is_deployed_by_its_tag_and_told() {
    let plan = planned(&uncached());
    assert!(
        plan.contains("register task-definition 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:latest with"),
        "{plan}"
    );
    let facts = crate::service::facts::facts(&spec(), &uncached());
    insta::assert_snapshot!(facts.warnings.join("\n"), @"123456789012.dkr.ecr.us-east-1.amazonaws.com/web:latest is not in the pull through cache hub yet. The first pull fetches it, so it is deployed by its tag; the next rollout or provision names its digest");
}

#[test]
fn d2_once_it_is_cached_that_is_no_drift_and_the_next_provision_names_the_digest() {
    let mut observed = settled();
    observed.latest = Some(Revision::of("td:1".into(), spec().task_definition(None)));
    observed.image = ImageState::NotCachedYet("hub".into());
    assert_eq!(planned(&observed), "nothing to do\n");
    observed.image = ImageState::Digest(digest('a'));
    let repair = ServiceStageSpec { keeps_image: true, ..spec() };
    assert_eq!(plan(&repair, &observed).unwrap().to_string(), "nothing to do\n");
    assert!(planned(&observed).contains(&format!("web@{}", digest('a'))), "{}", planned(&observed));
}

#[test]
fn a_service_with_secrets_credentials_a_role_and_exec_is_as_asked_when_it_has_them() {
    let mut spec = spec();
    let secret = |name: &str| {
        crate::spec::Secret::new(&format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}")).unwrap()
    };
    spec.service.secrets = [("DB".to_owned(), secret("db"))].into();
    spec.service.registry_credentials = Some(secret("ghcr"));
    spec.service.task_role = Some(crate::spec::TaskRole::new("arn:aws:iam::123456789012:role/moat-task-web").unwrap());
    spec.service.exec = true;
    let plan_of = |observed: &Observed| plan(&spec, observed).unwrap().to_string();
    insta::assert_snapshot!(plan_of(&settled()), @r"
    register task-definition 123456789012.dkr.ecr.us-east-1.amazonaws.com/web@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa with 256 CPU units and 512 MiB
    update service to the new task-definition, ECS Exec on
    ");
    let mut observed = with(|service| service.exec = true);
    observed.latest = Some(Revision::of("td:1".into(), spec.task_definition(Some(&digest('a')))));
    assert_eq!(plan_of(&observed), "nothing to do\n");
}
