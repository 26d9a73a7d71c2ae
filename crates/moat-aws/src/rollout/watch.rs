//! What ECS shows of a service while it is rolled.

use super::{RolloutCloud, count, digest_of, moment};
use crate::answer::Answer;
use aws_sdk_ecs::types::{
    self as aws, CreatedAt, DeploymentRolloutState, DesiredStatus, ServiceDeploymentRollbackMonitorsStatus,
    ServiceDeploymentStatus,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use moat::error::{Failure, Kind};
use moat::image::Digest;
use moat::moment::Moment;
use moat::name::Name;
use moat::rollout::outcome::{Deployment, RolloutState, Service, ServiceDeployment, Status, Task};
use moat::rollout::{Seen, Started};

/// Seconds by which the clocks of a Lambda and of ECS may differ.
const SKEW: i64 = 5;
/// How many tasks `DescribeTasks` takes, and services deployments `DescribeServiceRevisions` takes.
const TASKS_AT_ONCE: usize = 100;
const REVISIONS_AT_ONCE: usize = 20;

impl RolloutCloud {
    /// The service and, once it is known, the service deployment that was started. No tasks yet.
    pub async fn look(&self, service: &Name, started: &Started) -> Result<Seen, Failure> {
        let service_deployment = match &started.service_deployment {
            Some(arn) => self.service_deployment(arn).await?,
            None => None,
        };
        Ok(Seen { service: self.service(service, started.since).await?, service_deployment, ..Seen::default() })
    }

    /// The same with its tasks: those that run, and why others of this revision stopped.
    pub async fn look_closely(&self, service: &Name, started: &Started, seen: Seen) -> Result<Seen, Failure> {
        let running = self.tasks(service, DesiredStatus::Running).await?;
        let stopped = self.tasks(service, DesiredStatus::Stopped).await?;
        let since = started.since.plus_seconds(-SKEW);
        let is_of_this = |task: &&aws::Task| {
            let is_new = task.stopped_at().and_then(moment).is_none_or(|at| at >= since);
            let ours = started.task_definition.as_deref();
            is_new && ours.is_none_or(|ours| task.task_definition_arn() == Some(ours))
        };
        Ok(Seen {
            tasks: running.iter().map(|found| task(found, service)).collect(),
            stopped: stopped.iter().filter(is_of_this).flat_map(reasons).collect(),
            ..seen
        })
    }

    /// Deployments and tasks, to see which revisions are in use.
    pub(super) async fn in_use(&self, service: &Name) -> Result<Seen, Failure> {
        let found = self.service(service, Moment::from_millis(i64::MAX)).await?;
        let running = self.tasks(service, DesiredStatus::Running).await?;
        let tasks = running.iter().map(|found| task(found, service)).collect();
        Ok(Seen { service: found, tasks, ..Seen::default() })
    }

    async fn service(&self, name: &Name, since: Moment) -> Result<Option<Service>, Failure> {
        let name = name.aws_name();
        let answer = self.ecs.describe_services().cluster(&name).services(&name).send().await;
        let answer = answer.find(format!("describe service {name}"))?;
        let found = answer.iter().flat_map(|answer| answer.services());
        let mut there = found.filter(|service| service.status() != Some("INACTIVE"));
        Ok(there.next().map(|found| service(found, since.plus_seconds(-SKEW))))
    }

    /// The service deployment of the revision that was registered for this rollout (R1). `None` where ECS has none,
    /// and where the API is not there.
    pub async fn service_deployment_of(&self, service: &Name, started: &Started) -> Result<Option<String>, Failure> {
        let name = service.aws_name();
        let Some(revision) = &started.task_definition else { return Ok(None) };
        let since = CreatedAt::builder().after(DateTime::from_millis(started.since.plus_seconds(-SKEW).millis()));
        let call = self.ecs.list_service_deployments().cluster(&name).service(&name).created_at(since.build());
        let listed = match call.send().await {
            Err(error) if error.code() == Some("UnknownOperationException") => return Ok(None),
            answer => answer.read(format!("list the deployments of service {name}"))?,
        };
        let briefs = listed.service_deployments();
        let revisions: Vec<String> =
            briefs.iter().filter_map(|brief| brief.target_service_revision_arn().map(str::to_owned)).collect();
        if revisions.is_empty() {
            return Ok(None);
        }
        let asked = revisions.into_iter().take(REVISIONS_AT_ONCE).collect();
        let answer = self.ecs.describe_service_revisions().set_service_revision_arns(Some(asked)).send().await;
        let answer = answer.read(format!("describe the revisions of service {name}"))?;
        let of_ours = |brief: &&aws::ServiceDeploymentBrief| {
            let mut targets = answer.service_revisions().iter();
            targets.any(|target| {
                target.service_revision_arn() == brief.target_service_revision_arn()
                    && target.task_definition() == Some(revision)
            })
        };
        // The newest first; ours is the first of its revision.
        let ours = briefs.iter().rev().find(of_ours);
        Ok(ours.and_then(|brief| brief.service_deployment_arn()).map(str::to_owned))
    }

    async fn service_deployment(&self, arn: &str) -> Result<Option<ServiceDeployment>, Failure> {
        let doing = format!("describe service deployment {arn}");
        let answer = self.ecs.describe_service_deployments().service_deployment_arns(arn).send().await.read(&doing)?;
        answer.service_deployments().first().map(|found| service_deployment(found, arn, &doing)).transpose()
    }

    async fn tasks(&self, service: &Name, desired: DesiredStatus) -> Result<Vec<aws::Task>, Failure> {
        let name = service.aws_name();
        let call = self.ecs.list_tasks().cluster(&name).service_name(&name).desired_status(desired);
        let arns = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let arns = arns.read(format!("list the tasks of service {name}"))?;
        let mut tasks = Vec::new();
        for arns in arns.chunks(TASKS_AT_ONCE) {
            let answer = self.ecs.describe_tasks().cluster(&name).set_tasks(Some(arns.to_vec())).send().await;
            tasks.extend(answer.read(format!("describe the tasks of service {name}"))?.tasks.unwrap_or_default());
        }
        Ok(tasks)
    }
}

fn service(found: &aws::Service, since: Moment) -> Service {
    let is_new = |event: &&aws::ServiceEvent| event.created_at().and_then(moment).is_some_and(|at| at >= since);
    Service {
        is_active: found.status() == Some("ACTIVE"),
        desired: count(found.desired_count()),
        running: count(found.running_count()),
        deployments: found.deployments().iter().map(deployment).collect(),
        events: found.events().iter().filter(is_new).filter_map(|event| event.message().map(str::to_owned)).collect(),
    }
}

fn deployment(found: &aws::Deployment) -> Deployment {
    Deployment {
        id: found.id().unwrap_or_default().to_owned(),
        is_primary: found.status() == Some("PRIMARY"),
        task_definition: found.task_definition().unwrap_or_default().to_owned(),
        rollout: match found.rollout_state() {
            Some(DeploymentRolloutState::Completed) => Some(RolloutState::Completed),
            Some(DeploymentRolloutState::Failed) => Some(RolloutState::Failed),
            Some(_) => Some(RolloutState::InProgress),
            None => None,
        },
        reason: found.rollout_state_reason().filter(|reason| !reason.is_empty()).map(str::to_owned),
        desired: count(found.desired_count()),
        running: count(found.running_count()),
        failed: count(found.failed_tasks()),
    }
}

fn service_deployment(found: &aws::ServiceDeployment, arn: &str, doing: &str) -> Result<ServiceDeployment, Failure> {
    let breaker = found.deployment_circuit_breaker().and_then(|breaker| breaker.status());
    Ok(ServiceDeployment {
        arn: arn.to_owned(),
        status: status(found.status()).ok_or_else(|| {
            let status = found.status().map_or("no status", |status| status.as_str());
            Failure::new(Kind::Unexpected, format!("could not {doing}: it has {status}, which moat does not know"))
        })?,
        reason: found.status_reason().map(str::to_owned),
        rollback: found.rollback().and_then(|rollback| rollback.reason()).map(str::to_owned),
        has_breaker_tripped: breaker == Some(&ServiceDeploymentRollbackMonitorsStatus::Triggered),
        alarms: found.alarms().map(|alarms| alarms.triggered_alarm_names().to_vec()).unwrap_or_default(),
    })
}

fn status(found: Option<&ServiceDeploymentStatus>) -> Option<Status> {
    Some(match found? {
        ServiceDeploymentStatus::Pending => Status::Pending,
        ServiceDeploymentStatus::InProgress => Status::InProgress,
        ServiceDeploymentStatus::StopRequested => Status::StopRequested,
        ServiceDeploymentStatus::Stopped => Status::Stopped,
        ServiceDeploymentStatus::Successful => Status::Successful,
        ServiceDeploymentStatus::RollbackRequested => Status::RollbackRequested,
        ServiceDeploymentStatus::RollbackInProgress => Status::RollbackInProgress,
        ServiceDeploymentStatus::RollbackSuccessful => Status::RollbackSuccessful,
        ServiceDeploymentStatus::RollbackFailed => Status::RollbackFailed,
        _ => return None,
    })
}

fn task(found: &aws::Task, service: &Name) -> Task {
    let arn = found.task_arn().unwrap_or_default();
    let ours = found.containers().iter().find(|container| container.name() == Some(service.as_str()));
    let digest = ours.and_then(|ours| ours.image_digest()).and_then(|digest| Digest::new(digest).ok());
    Task {
        id: arn.rsplit('/').next().unwrap_or(arn).to_owned(),
        is_running: found.last_status() == Some("RUNNING"),
        task_definition: found.task_definition_arn().unwrap_or_default().to_owned(),
        digest: digest.or_else(|| digest_of(ours?.image()?)),
    }
}

/// Why a task stopped: its own reason, then those of its containers.
fn reasons(task: &aws::Task) -> Vec<String> {
    let containers = task.containers().iter().filter_map(|container| container.reason());
    task.stopped_reason().into_iter().chain(containers).map(str::to_owned).collect()
}
