use super::*;
use crate::rollout::samples::{at, digest, started};

const ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:service-deployment/moat-web/moat-web/abc";

fn deployment(id: &str, revision: &str, rollout: RolloutState) -> Deployment {
    Deployment {
        id: id.into(),
        task_definition: revision.into(),
        rollout: Some(rollout),
        desired: 2,
        running: 2,
        ..Deployment::default()
    }
}

/// The deployment that was started, as the primary one.
fn ours(rollout: RolloutState) -> Deployment {
    Deployment { is_primary: true, ..deployment("ecs-svc/2", "moat-web:2", rollout) }
}

fn task(digit: char, revision: &str) -> Task {
    Task {
        id: format!("task-{digit}"),
        is_running: true,
        task_definition: revision.into(),
        digest: Some(digest(digit)),
    }
}

/// The service while `b` is rolled, after `a`.
fn seen(deployments: Vec<Deployment>) -> Seen {
    let service = Service { is_active: true, desired: 2, running: 2, deployments, events: vec![] };
    Seen {
        service: Some(service),
        service_deployment: None,
        tasks: vec![task('b', "moat-web:2"), task('b', "moat-web:2")],
        stopped: vec![],
    }
}

fn with(status: Status, reason: &str) -> Seen {
    let rollout = if status == Status::Successful { RolloutState::Completed } else { RolloutState::InProgress };
    let deployment = ServiceDeployment {
        arn: ARN.into(),
        status,
        reason: (!reason.is_empty()).then(|| reason.into()),
        rollback: None,
        has_breaker_tripped: false,
        alarms: vec![],
    };
    Seen { service_deployment: Some(deployment), ..seen(vec![ours(rollout)]) }
}

fn verdict(seen: &Seen) -> Verdict {
    judge(&started('b', at(0)), seen, at(100))
}

fn outcome(seen: &Seen) -> Outcome {
    match verdict(seen) {
        Verdict::Ended { outcome, .. } => outcome,
        Verdict::Rolling { why } => panic!("still rolling: {why}"),
    }
}

fn rolling(seen: &Seen) -> String {
    match verdict(seen) {
        Verdict::Rolling { why } => why,
        ended => panic!("{ended:?}"),
    }
}

/// Another deployment is the primary one by now.
fn overtaken(mut seen: Seen, other: Deployment) -> Seen {
    let service = seen.service.as_mut().unwrap();
    for deployment in &mut service.deployments {
        deployment.is_primary = false;
    }
    service.deployments.insert(0, Deployment { is_primary: true, ..other });
    seen
}

#[test]
fn r1_each_end_of_a_service_deployment_is_one_of_the_outcomes() {
    assert_eq!(outcome(&with(Status::Successful, "")), Outcome::Succeeded);
    assert_eq!(outcome(&with(Status::Stopped, "")), Outcome::Stopped);
    assert_eq!(outcome(&with(Status::RollbackFailed, "")), Outcome::Failed);
    let ways = [
        Status::Pending,
        Status::InProgress,
        Status::StopRequested,
        Status::RollbackRequested,
        Status::RollbackInProgress,
    ];
    insta::assert_snapshot!(ways.map(|status| rolling(&with(status, ""))).join("\n"), @r"
    ECS has not begun the deployment yet
    2 of 2 tasks run
    the deployment is being stopped
    ECS is rolling it back
    ECS is rolling it back
    ");
}

#[test]
fn r1_what_undid_it_is_read_from_the_words_of_ecs() {
    let by = |reason: &str| match outcome(&with(Status::RollbackSuccessful, reason)) {
        Outcome::RolledBack { by } => by,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        by("Service deployment rolled back because the circuit breaker threshold was exceeded."),
        Undone::Breaker
    );
    assert_eq!(
        by("Service deployment rolled back because of CloudWatch alarm(s) [web-5xx] in ALARM state."),
        Undone::Alarm
    );
    assert_eq!(by("Service deployment rolled back because a lifecycle hook returned FAILED."), Undone::Hook);
    assert_eq!(by("Rollback requested by user through StopServiceDeployment."), Undone::Person);
    assert_eq!(by(""), Undone::Unsaid);
    let mut seen = with(Status::RollbackSuccessful, "");
    seen.service_deployment.as_mut().unwrap().has_breaker_tripped = true;
    assert_eq!(outcome(&seen), Outcome::RolledBack { by: Undone::Breaker });
}

#[test]
fn r1_success_is_checked_against_what_the_running_tasks_run() {
    let mut seen = with(Status::Successful, "");
    seen.tasks.push(task('a', "moat-web:1"));
    assert_eq!(rolling(&seen), "1 task with another image still there");
    seen.tasks.clear();
    assert_eq!(rolling(&seen), "no task with the new image can be seen yet");
    seen.tasks = vec![Task { digest: Some(digest('c')), ..task('b', "moat-web:2") }];
    assert_eq!(outcome(&seen), Outcome::Succeeded, "ECS may show the digest of the platform's manifest");
}

#[test]
fn r2_a_breaker_rollback_is_rolled_back_even_though_the_service_is_stable() {
    let mut steady = overtaken(
        with(
            Status::RollbackSuccessful,
            "Service deployment rolled back because the circuit breaker threshold was exceeded.",
        ),
        deployment("ecs-svc/3", "moat-web:1", RolloutState::Completed),
    );
    steady.service.as_mut().unwrap().deployments.truncate(1);
    steady.tasks = vec![task('a', "moat-web:1"), task('a', "moat-web:1")];
    assert_eq!(outcome(&steady), Outcome::RolledBack { by: Undone::Breaker });
}

#[test]
fn r2_a_breaker_rollback_is_seen_without_service_deployments_too() {
    let failed = Deployment {
        is_primary: false,
        reason: Some("ECS deployment circuit breaker: tasks failed to start.".into()),
        ..ours(RolloutState::Failed)
    };
    let back = |rollout: RolloutState| Deployment {
        reason: Some("ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.".into()),
        ..deployment("ecs-svc/3", "moat-web:1", rollout)
    };
    let during = overtaken(seen(vec![failed]), back(RolloutState::InProgress));
    assert_eq!(rolling(&during), "ECS is rolling it back");
    let mut after = overtaken(during, back(RolloutState::Completed));
    assert_eq!(outcome(&after), Outcome::RolledBack { by: Undone::Breaker });
    // ECS forgets a deployment that has no tasks.
    after.service.as_mut().unwrap().deployments.truncate(1);
    assert_eq!(outcome(&after), Outcome::RolledBack { by: Undone::Breaker });
    let service = after.service.as_mut().unwrap();
    service.deployments[0].reason = Some("ECS deployment ecs-svc/3 completed.".into());
    service.events = vec!["(service moat-web) (deployment ecs-svc/2) deployment failed: alarm detected.".into()];
    assert_eq!(outcome(&after), Outcome::RolledBack { by: Undone::Alarm });
}

#[test]
fn r3_another_deployment_during_ours_is_superseded_and_no_failure() {
    let newer = || deployment("ecs-svc/3", "moat-web:3", RolloutState::InProgress);
    let by = Outcome::Superseded { by: Some("ecs-svc/3".into()) };
    assert_eq!(outcome(&overtaken(with(Status::Stopped, "A newer deployment began."), newer())), by);
    assert_eq!(outcome(&overtaken(with(Status::Successful, ""), newer())), by);
    assert_eq!(outcome(&overtaken(seen(vec![ours(RolloutState::InProgress)]), newer())), by);
    assert_eq!(outcome(&overtaken(seen(vec![]), newer())), by);
}

#[test]
fn a_forced_deployment_of_the_same_revision_is_as_good_as_ours() {
    let forced = deployment("ecs-svc/3", "moat-web:2", RolloutState::Completed);
    assert_eq!(outcome(&overtaken(seen(vec![]), forced.clone())), Outcome::Succeeded);
    assert_eq!(outcome(&overtaken(with(Status::Successful, ""), forced)), Outcome::Succeeded);
}

#[test]
fn r4_old_failed_deployments_have_no_say() {
    let old = Deployment {
        reason: Some("ECS deployment circuit breaker: tasks failed to start.".into()),
        failed: 7,
        ..deployment("ecs-svc/1", "moat-web:1", RolloutState::Failed)
    };
    assert_eq!(outcome(&seen(vec![ours(RolloutState::Completed), old.clone()])), Outcome::Succeeded);
    assert_eq!(rolling(&seen(vec![ours(RolloutState::InProgress), old])), "2 of 2 tasks run");
}

#[test]
fn r5_a_service_without_tasks_never_succeeds() {
    for mut seen in
        [with(Status::Successful, ""), with(Status::InProgress, ""), seen(vec![ours(RolloutState::Completed)])]
    {
        seen.service.as_mut().unwrap().desired = 0;
        seen.tasks.clear();
        assert_eq!(outcome(&seen), Outcome::NoTasks);
    }
    let mut undone = with(Status::RollbackSuccessful, "circuit breaker");
    undone.service.as_mut().unwrap().desired = 0;
    assert_eq!(outcome(&undone), Outcome::RolledBack { by: Undone::Breaker }, "the truth comes first");
}

#[test]
fn r6_after_the_time_limit_it_has_timed_out_and_nothing_is_done_about_it() {
    let late = |seen: &Seen| judge(&started('b', at(0)), seen, at(1800));
    for status in [Status::Pending, Status::InProgress, Status::StopRequested, Status::RollbackInProgress] {
        assert!(matches!(late(&with(status, "")), Verdict::Ended { outcome: Outcome::TimedOut, .. }), "{status:?}");
    }
    assert!(matches!(late(&with(Status::Successful, "")), Verdict::Ended { outcome: Outcome::Succeeded, .. }));
    assert!(!stands_down(&Outcome::TimedOut, &with(Status::InProgress, "")));
}

#[test]
fn a_service_that_is_gone_was_stopped() {
    let gone = Seen { service: None, ..seen(vec![]) };
    assert_eq!(outcome(&gone), Outcome::Stopped);
    let mut draining = seen(vec![ours(RolloutState::InProgress)]);
    draining.service.as_mut().unwrap().is_active = false;
    assert_eq!(outcome(&draining), Outcome::Stopped);
}

#[test]
fn without_a_word_about_the_rollout_the_only_deployment_with_all_its_tasks_is_done() {
    let silent = |running: u32| Deployment { rollout: None, running, ..ours(RolloutState::InProgress) };
    assert_eq!(outcome(&seen(vec![silent(2)])), Outcome::Succeeded);
    assert_eq!(rolling(&seen(vec![silent(1)])), "1 of 2 tasks run");
    let old = deployment("ecs-svc/1", "moat-web:1", RolloutState::Completed);
    assert_eq!(rolling(&seen(vec![silent(2), old])), "2 of 2 tasks run");
}

#[test]
fn a_rollout_of_which_only_the_digest_is_known_is_found_by_what_runs() {
    let lost = Started { deployment: None, task_definition: None, ..started('b', at(0)) };
    let there = seen(vec![ours(RolloutState::Completed)]);
    assert!(matches!(judge(&lost, &there, at(9)), Verdict::Ended { outcome: Outcome::Succeeded, .. }));
    let mut never = there;
    never.tasks = vec![task('a', "moat-web:1")];
    assert!(matches!(judge(&lost, &never, at(9)), Verdict::Ended { outcome: Outcome::Superseded { .. }, .. }));
}

#[test]
fn e5_a_first_deployment_that_fails_is_stood_down_and_one_with_something_to_fall_back_on_is_not() {
    let first = seen(vec![Deployment { failed: 3, running: 0, ..ours(RolloutState::Failed) }]);
    assert_eq!(outcome(&first), Outcome::Failed);
    assert!(stands_down(&Outcome::Failed, &first));
    let old = deployment("ecs-svc/1", "moat-web:1", RolloutState::Completed);
    assert!(!stands_down(&Outcome::Failed, &seen(vec![ours(RolloutState::Failed), old])));
    assert!(!stands_down(&Outcome::Succeeded, &first));
    let mut stopped = first;
    stopped.service.as_mut().unwrap().desired = 0;
    assert!(!stands_down(&Outcome::Failed, &stopped), "it was stood down already");
}

#[test]
fn r1_the_evidence_names_the_deployment_what_runs_what_ecs_said_and_the_cause() {
    let mut seen = with(
        Status::RollbackSuccessful,
        "Service deployment rolled back because the circuit breaker threshold was exceeded.",
    );
    seen.tasks = vec![task('a', "moat-web:1"), task('a', "moat-web:1"), Task { digest: None, ..task('c', "x") }];
    seen.stopped = vec![
        "Essential container in task exited".into(),
        "Scaling activity initiated by (deployment ecs-svc/3)".into(),
    ];
    let Verdict::Ended { evidence, .. } = verdict(&seen) else { panic!("it has ended") };
    insta::assert_snapshot!(serde_json::to_string_pretty(&evidence).unwrap(), @r#"
    {
      "deployment": "arn:aws:ecs:eu-west-1:123456789012:service-deployment/moat-web/moat-web/abc",
      "running": [
        {
          "tasks": 1
        },
        {
          "digest": "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "tasks": 2
        }
      ],
      "said": [
        "Service deployment rolled back because the circuit breaker threshold was exceeded."
      ],
      "causes": [
        {
          "cause": "the container ended by itself",
          "remedy": "read its last lines in the log group; an exit code that is not 0 comes from the program, 137 is a kill, 143 a request to stop",
          "said": "Essential container in task exited"
        }
      ]
    }
    "#);
}

#[test]
fn a_failing_start_is_told_while_it_still_rolls() {
    let mut seen = with(Status::InProgress, "");
    let service = seen.service.as_mut().unwrap();
    (service.deployments[0].running, service.deployments[0].failed) = (0, 3);
    seen.stopped = vec!["OutOfMemoryError: Container killed due to memory usage".into()];
    assert_eq!(
        rolling(&seen),
        "0 of 2 tasks run, 3 tasks failed: the container used more memory than the task has, and was killed"
    );
}
