//! Reads a service: cluster, log group, image, task definitions and the ECS service.

use super::apply::USUAL_PERCENT;
use super::{ServiceCloud, task_definition};
use crate::answer::{Answer, present};
use crate::clock::age;
use crate::ecs::is_absent;
use crate::together::Found;
use aws_sdk_cloudwatchlogs::types::LogGroup as LogGroupFound;
use aws_sdk_ecs::types::{
    self as aws, AssignPublicIp, ClusterField, DeploymentRolloutState, ServiceField, ThresholdType,
};
use moat::drift::ChangedBy;
use moat::error::Failure;
use moat::moment::Moment;
use moat::service::ServiceStageSpec;
use moat::service::desired::{Deployment, Failures};
use moat::service::observed::{Cluster, LogGroup, Network, Observed, Revision, Rollout, Service, ServiceState};
use moat::tags::Owner;
use std::collections::BTreeMap;
use tokio::try_join;

impl ServiceCloud {
    pub(super) async fn observe_service(&self, spec: &ServiceStageSpec, owner: &Owner) -> Result<Observed, Failure> {
        let name = spec.aws_name();
        let container = spec.service.name.as_str();
        let (log_group_name, resource) = (spec.log_group_name(), spec.scaling_resource());
        let (cluster, log_group, image, latest, service, scaling) = try_join!(
            self.cluster(&name, owner),
            self.log_group(&log_group_name, owner),
            self.image(&spec.service.image),
            self.revision(&name, container),
            self.service(&name, owner),
            self.scaling.limits(&resource),
        )?;
        let running = match &service {
            Some(service) if latest.as_ref().is_none_or(|(latest, _)| latest.arn != service.task_definition) => {
                self.revision(service.task_definition.as_str(), container).await?
            }
            _ => None,
        };
        // The newest revision, where the service runs no other.
        let deployed = running.as_ref().or(latest.as_ref()).filter(|_| service.is_some());
        let registered = deployed.and_then(|(_, registered)| registered.clone());
        let (latest, running) = (latest.map(|(latest, _)| latest), running.map(|(running, _)| running));
        Ok(Observed { cluster, log_group, image, latest, running, service, scaling, registered })
    }

    async fn cluster(&self, name: &str, owner: &Owner) -> Result<Option<Cluster>, Failure> {
        let call = async |names: Vec<String>| {
            let doing = format!("describe cluster {}", names.join(", "));
            let answer =
                self.ecs.describe_clusters().set_clusters(Some(names)).include(ClusterField::Tags).send().await;
            let answer = answer.read(doing)?;
            // A deleted cluster is shown as INACTIVE for a while; its name is free.
            let active = answer.clusters.unwrap_or_default().into_iter();
            let active = active.filter(|cluster| cluster.status() != Some("INACTIVE"));
            Ok(active.filter_map(|cluster| Some((cluster.cluster_name.clone()?, cluster))).collect())
        };
        let found = self.clusters.ask(name, call).await?;
        let found = found.as_ref().and_then(|cluster| Some((cluster, cluster.cluster_arn()?)));
        Ok(found.map(|(cluster, arn)| Cluster { arn: arn.to_owned(), is_ours: owns(owner, cluster.tags()) }))
    }

    async fn log_group(&self, name: &str, owner: &Owner) -> Result<Option<LogGroup>, Failure> {
        let doing = format!("describe log group {name}");
        let call = async |names: Vec<String>| self.all_log_groups(&names).await;
        let Some(group) = self.log_groups.ask(name, call).await? else { return Ok(None) };
        // Tags belong to the ARN without the ":*" that stands for its streams.
        let arn = present(group.arn(), &doing, "ARN")?.trim_end_matches(":*");
        let Some(is_ours) = self.owns_log_group(name, arn, owner).await? else { return Ok(None) };
        let days = |days: i32| u32::try_from(days).unwrap_or_default();
        Ok(Some(LogGroup { name: name.to_owned(), is_ours, retention_days: group.retention_in_days().map(days) }))
    }

    /// Whether a log group is the owner's; nothing when it is gone meanwhile. Only its own service can tell that it is not.
    async fn owns_log_group(&self, name: &str, arn: &str, owner: &Owner) -> Result<Option<bool>, Failure> {
        #[cfg(feature = "tagging")]
        if let Some(many) = &self.many_tags
            && many.of(arn).await?.is_some_and(|tags| owner.owns(&tags))
        {
            return Ok(Some(true));
        }
        let tags = self.logs.list_tags_for_resource().resource_arn(arn).send().await;
        let Some(tags) = tags.find(format!("list the tags of log group {name}"))? else { return Ok(None) };
        Ok(Some(owner.owns(&tags.tags().cloned().unwrap_or_default().into_iter().collect())))
    }

    /// The log groups with these names, and perhaps others: AWS is asked for what the names begin with.
    async fn all_log_groups(&self, names: &[String]) -> Result<Found<LogGroupFound>, Failure> {
        let prefix = common_prefix(names);
        let found = self.logs.describe_log_groups().log_group_name_prefix(prefix).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await;
        let found = found.read(format!("describe log group {}", names.join(", ")))?.into_iter();
        Ok(found.filter_map(|group| Some((group.log_group_name.clone()?, group))).collect())
    }

    /// The newest revision of a family, or the one revision that an ARN names.
    async fn revision(&self, which: &str, container: &str) -> Result<Option<(Revision, Option<ChangedBy>)>, Failure> {
        match self.ecs.describe_task_definition().task_definition(which).send().await {
            Ok(answer) => {
                let found = answer.task_definition();
                Ok(found.and_then(|found| Some((task_definition::read(found, container)?, registered(found)))))
            }
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error).read(format!("describe task definition {which}")),
        }
    }

    async fn service(&self, name: &str, owner: &Owner) -> Result<Option<Service>, Failure> {
        let doing = format!("describe service {name}");
        let call = self.ecs.describe_services().cluster(name).services(name).include(ServiceField::Tags);
        let Some(answer) = call.send().await.find(&doing)? else { return Ok(None) };
        // A deleted service is shown as INACTIVE for a while; its name is free.
        let mut there = answer.services().iter().filter(|service| service.status() != Some("INACTIVE"));
        there.next().map(|found| service(found, owner, &doing)).transpose()
    }
}

fn common_prefix(names: &[String]) -> &str {
    let Some((first, others)) = names.split_first() else { return "" };
    let is_common = |end: &usize| others.iter().all(|other| other.starts_with(&first[..*end]));
    let ends = (0..=first.len()).rev().filter(|end| first.is_char_boundary(*end));
    ends.into_iter().find(is_common).map_or("", |end| &first[..end])
}

fn registered(found: &aws::TaskDefinition) -> Option<ChangedBy> {
    let at = found.registered_at().and_then(|at| at.to_millis().ok()).map(Moment::from_millis);
    Some(ChangedBy { who: found.registered_by()?.to_owned(), at })
}

fn owns(owner: &Owner, tags: &[aws::Tag]) -> bool {
    let pair = |tag: &aws::Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    owner.owns(&tags.iter().filter_map(pair).collect::<BTreeMap<_, _>>())
}

fn service(found: &aws::Service, owner: &Owner, doing: &str) -> Result<Service, Failure> {
    let primary = found.deployments().iter().find(|deployment| deployment.status() == Some("PRIMARY"));
    let count = |value: i32| u32::try_from(value).unwrap_or_default();
    Ok(Service {
        arn: present(found.service_arn(), doing, "ARN")?.into(),
        is_ours: owns(owner, found.tags()),
        state: if found.status() == Some("DRAINING") { ServiceState::Draining } else { ServiceState::Active },
        task_definition: found.task_definition().unwrap_or_default().into(),
        network: network(found),
        deployment: deployment(found.deployment_configuration()),
        grace: found.health_check_grace_period_seconds().map(count).unwrap_or_default(),
        exec: found.enable_execute_command(),
        desired: count(found.desired_count()),
        running: count(found.running_count()),
        target_group: found.load_balancers().iter().find_map(|balancer| balancer.target_group_arn()).map(Into::into),
        rollout: match primary.and_then(|deployment| deployment.rollout_state()) {
            Some(DeploymentRolloutState::Completed) => Rollout::Completed,
            Some(DeploymentRolloutState::Failed) => {
                let why = primary.and_then(|deployment| deployment.rollout_state_reason());
                Rollout::Failed(why.unwrap_or("ECS gives no reason").to_owned())
            }
            _ => Rollout::InProgress,
        },
        undoes: primary.and_then(|deployment| undoes(deployment.rollout_state_reason()?)),
        age: primary.and_then(|deployment| age(deployment.created_at())),
    })
}

fn failures(found: Option<&aws::ThresholdConfiguration>) -> Failures {
    let Some(found) = found else { return Failures::Usual };
    match found.r#type() {
        ThresholdType::Count => u32::try_from(found.value()).map_or(Failures::Other, Failures::Count),
        ThresholdType::BoundedPercent if found.value() == USUAL_PERCENT => Failures::Usual,
        _ => Failures::Other,
    }
}

/// The reason of a deployment by which ECS goes back to what ran before.
fn undoes(reason: &str) -> Option<String> {
    reason.contains("rolling back").then(|| reason.to_owned())
}

fn network(found: &aws::Service) -> Network {
    let vpc = found.network_configuration().and_then(|network| network.awsvpc_configuration());
    Network {
        subnets: vpc.map(|vpc| vpc.subnets().iter().map(|id| id.as_str().into()).collect()).unwrap_or_default(),
        groups: vpc.map(|vpc| vpc.security_groups().iter().map(|id| id.as_str().into()).collect()).unwrap_or_default(),
        assigns_public_ip: vpc.is_some_and(|vpc| vpc.assign_public_ip() == Some(&AssignPublicIp::Enabled)),
    }
}

fn deployment(found: Option<&aws::DeploymentConfiguration>) -> Deployment {
    let breaker = found.and_then(|found| found.deployment_circuit_breaker());
    Deployment {
        minimum_percent: found.and_then(|found| found.minimum_healthy_percent()).unwrap_or(100),
        maximum_percent: found.and_then(|found| found.maximum_percent()).unwrap_or(200),
        has_breaker: breaker.is_some_and(|breaker| breaker.enable()),
        has_rollback: breaker.is_some_and(|breaker| breaker.rollback()),
        failures: failures(breaker.and_then(|breaker| breaker.threshold_configuration())),
    }
}
