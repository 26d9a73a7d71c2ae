//! A service on its way out: ECS, Application Auto Scaling and CloudWatch Logs.

use crate::answer::{Answer, present};
use crate::scaling::{Autoscaling, TASKS as SCALED};
use aws_config::SdkConfig;
use aws_sdk_applicationautoscaling::types::ServiceNamespace;
use aws_sdk_ecs::types::{self as aws, ClusterField, ServiceField, TaskField};
use moat::error::Failure;
use moat::plan::Bindings;
use moat::stage::{Cloud, Done};
use moat::tags::Owner;
use moat::teardown::Stranger;
use moat::teardown::service::observed::{Cluster, LogGroup, Observed, Service};
use moat::teardown::service::{ServiceStep, ServiceTeardown, ServiceTeardownSpec};
use std::collections::BTreeMap;
use tokio::try_join;

/// As many as DescribeServices takes ("DescribeServices", Amazon ECS API).
const SERVICES: usize = 10;
/// As many as DescribeTasks takes ("DescribeTasks", Amazon ECS API).
const TASKS: usize = 100;

/// ECS, Application Auto Scaling and CloudWatch Logs, as the teardown of a service uses them.
#[derive(Debug, Clone)]
pub struct ServiceTeardownCloud {
    pub(super) ecs: aws_sdk_ecs::Client,
    scaling: Autoscaling,
    logs: aws_sdk_cloudwatchlogs::Client,
}

impl ServiceTeardownCloud {
    pub fn new(config: &SdkConfig, scaling: Autoscaling) -> Self {
        let logs = aws_sdk_cloudwatchlogs::Client::new(config);
        Self { ecs: aws_sdk_ecs::Client::new(config), scaling, logs }
    }
}

impl Cloud<ServiceTeardown> for ServiceTeardownCloud {
    async fn observe(&self, spec: &ServiceTeardownSpec) -> Result<Observed, Failure> {
        let owner = Owner::Service(spec.service.clone());
        let (name, resource, log_group) = (spec.aws_name(), spec.scaling_resource(), spec.log_group_name());
        let (is_scaled, cluster, service, revisions, log_group) = try_join!(
            self.is_scaled(&resource),
            self.cluster(&name, &owner),
            self.service(&name, &owner),
            self.revisions(&name, &owner),
            self.log_group(&log_group, &owner),
        )?;
        let strangers = match cluster.as_ref().filter(|cluster| cluster.is_ours) {
            Some(cluster) => self.strangers(&name, cluster).await?,
            None => Vec::new(),
        };
        Ok(Observed { is_scaled, cluster, service, strangers, revisions, log_group })
    }

    async fn apply(&self, spec: &ServiceTeardownSpec, step: &ServiceStep, _: &Bindings) -> Result<Done, Failure> {
        let name = spec.aws_name();
        match step {
            ServiceStep::StopScaling { resource } => self.stop_scaling(resource, step).await?,
            ServiceStep::ScaleToZero { arn, .. } => {
                let call = self.ecs.update_service().cluster(name).service(arn.as_str()).desired_count(0);
                call.send().await.remove(step)?;
            }
            ServiceStep::DeleteService { arn } => {
                // Not by force, which would not wait for the tasks to be scaled down.
                self.ecs.delete_service().cluster(name).service(arn.as_str()).send().await.remove(step)?;
            }
            ServiceStep::Deregister { revisions, .. } => self.deregister(revisions, step).await?,
            ServiceStep::DeleteRevisions { revisions, .. } => self.delete_revisions(revisions, step).await?,
            ServiceStep::DeleteCluster { arn } => {
                self.ecs.delete_cluster().cluster(arn).send().await.remove(step)?;
            }
            ServiceStep::DeleteLogGroup { name } => {
                self.logs.delete_log_group().log_group_name(name).send().await.remove(step)?;
            }
        }
        Ok(Done::Changed)
    }
}

impl ServiceTeardownCloud {
    async fn is_scaled(&self, resource: &str) -> Result<bool, Failure> {
        let Some(scaling) = self.scaling.client() else { return Ok(false) };
        let call = scaling.describe_scalable_targets().service_namespace(ServiceNamespace::Ecs).resource_ids(resource);
        let answer = call.send().await.read(format!("describe the scalable target {resource}"))?;
        Ok(answer.scalable_targets().iter().any(|target| target.resource_id() == resource))
    }

    async fn stop_scaling(&self, resource: &str, step: &ServiceStep) -> Result<(), Failure> {
        let Some(scaling) = self.scaling.client() else { return Ok(()) };
        let call = scaling.deregister_scalable_target().service_namespace(ServiceNamespace::Ecs).resource_id(resource);
        call.scalable_dimension(SCALED).send().await.remove(step)
    }

    async fn cluster(&self, name: &str, owner: &Owner) -> Result<Option<Cluster>, Failure> {
        let doing = format!("describe cluster {name}");
        let answer = self.ecs.describe_clusters().clusters(name).include(ClusterField::Tags).send().await;
        let answer = answer.read(&doing)?;
        let mut there = answer.clusters().iter().filter(|cluster| cluster.status() != Some("INACTIVE"));
        let Some(found) = there.next() else { return Ok(None) };
        Ok(Some(Cluster {
            arn: present(found.cluster_arn(), &doing, "ARN")?.to_owned(),
            is_ours: owner.owns(&tags(found.tags())),
            tasks: count(found.running_tasks_count()).saturating_add(count(found.pending_tasks_count())),
        }))
    }

    async fn service(&self, name: &str, owner: &Owner) -> Result<Option<Service>, Failure> {
        let doing = format!("describe service {name}");
        let call = self.ecs.describe_services().cluster(name).services(name).include(ServiceField::Tags);
        let Some(answer) = call.send().await.find(&doing)? else { return Ok(None) };
        let mut there = answer.services().iter().filter(|service| service.status() != Some("INACTIVE"));
        let Some(found) = there.next() else { return Ok(None) };
        Ok(Some(Service {
            arn: present(found.service_arn(), &doing, "ARN")?.into(),
            is_ours: owner.owns(&tags(found.tags())),
            is_draining: found.status() == Some("DRAINING"),
            desired: count(found.desired_count()),
            running: count(found.running_count()),
        }))
    }

    /// Services and tasks in our cluster that are not our service's. Tasks are looked for only where some run.
    async fn strangers(&self, name: &str, cluster: &Cluster) -> Result<Vec<Stranger>, Failure> {
        let doing = format!("list what is in cluster {name}");
        let listed = self.ecs.list_services().cluster(name).into_paginator().items().send();
        let listed = listed.collect::<Result<Vec<_>, _>>().await.find(&doing)?.unwrap_or_default();
        let others: Vec<String> = listed.into_iter().filter(|arn| last(arn) != name).collect();
        let mut strangers = Vec::new();
        for arns in others.chunks(SERVICES) {
            let call = self.ecs.describe_services().cluster(name).set_services(Some(arns.to_vec()));
            let answer = call.include(ServiceField::Tags).send().await.find(&doing)?;
            let found = answer.iter().flat_map(|answer| answer.services());
            let there = found.filter(|service| service.status() != Some("INACTIVE"));
            strangers.extend(there.filter_map(|found| stranger("ECS service", found.service_arn(), "", found.tags())));
        }
        if cluster.tasks > 0 {
            strangers.extend(self.other_tasks(name).await?);
        }
        Ok(strangers)
    }

    async fn other_tasks(&self, name: &str) -> Result<Vec<Stranger>, Failure> {
        let doing = format!("list the tasks in cluster {name}");
        let ours = format!("service:{name}");
        let listed = self.ecs.list_tasks().cluster(name).into_paginator().items().send();
        let listed = listed.collect::<Result<Vec<_>, _>>().await.find(&doing)?.unwrap_or_default();
        let mut strangers = Vec::new();
        for arns in listed.chunks(TASKS) {
            let call = self.ecs.describe_tasks().cluster(name).set_tasks(Some(arns.to_vec()));
            let answer = call.include(TaskField::Tags).send().await.find(&doing)?;
            let tasks = answer.iter().flat_map(|answer| answer.tasks());
            // Those of other services are in the way with their services.
            let alone = tasks.filter(|task| {
                task.group().is_none_or(|group| group != ours && !group.starts_with("service:"))
                    && task.last_status() != Some("STOPPED")
            });
            strangers.extend(alone.filter_map(|task| {
                stranger("ECS task", task.task_arn(), task.group().unwrap_or_default(), task.tags())
            }));
        }
        Ok(strangers)
    }

    async fn log_group(&self, name: &str, owner: &Owner) -> Result<Option<LogGroup>, Failure> {
        let doing = format!("describe log group {name}");
        let found = self.logs.describe_log_groups().log_group_name_prefix(name).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let Some(group) = found.iter().find(|group| group.log_group_name() == Some(name)) else { return Ok(None) };
        // Tags belong to the ARN without the ":*" that stands for its streams.
        let arn = present(group.arn(), &doing, "ARN")?.trim_end_matches(":*");
        let tags = self.logs.list_tags_for_resource().resource_arn(arn).send().await;
        let Some(tags) = tags.find(format!("list the tags of log group {name}"))? else { return Ok(None) };
        let tags: BTreeMap<String, String> = tags.tags().cloned().unwrap_or_default().into_iter().collect();
        Ok(Some(LogGroup { name: name.to_owned(), is_ours: owner.owns(&tags) }))
    }
}

fn stranger(kind: &str, id: Option<&str>, description: &str, found: &[aws::Tag]) -> Option<Stranger> {
    let description = description.to_owned();
    Some(Stranger { kind: kind.to_owned(), id: id?.to_owned(), description, tags: tags(found) })
}

pub(super) fn tags(tags: &[aws::Tag]) -> BTreeMap<String, String> {
    let pair = |tag: &aws::Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    tags.iter().filter_map(pair).collect()
}

/// The name in an ARN of ECS, which ends with it.
fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn count(value: i32) -> u32 {
    u32::try_from(value).unwrap_or_default()
}
