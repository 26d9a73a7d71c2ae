//! The service as it runs now, and the revision that it runs.

use super::{RolloutCloud, digest_of, moment};
use crate::answer::{Answer, present};
use aws_sdk_ecs::types::{self as aws, DeploymentRolloutState, ServiceField, TaskDefinitionField};
use moat::error::{Failure, Kind};
use moat::image::Image;
use moat::name::Name;
use moat::rollout::flow::Running;
use moat::service::desired::IMAGE_LABEL;
use moat::tags::Owner;
use std::collections::BTreeMap;

/// A task definition with its tags.
#[derive(Debug, Clone)]
pub struct Current {
    pub(super) definition: aws::TaskDefinition,
    pub(super) tags: Vec<aws::Tag>,
}

impl RolloutCloud {
    /// The service and its current revision, or why there is nothing to roll.
    pub async fn running(&self, name: &Name) -> Result<Result<Running<Current>, String>, Failure> {
        let aws_name = name.aws_name();
        let call = self.ecs.describe_services().cluster(&aws_name).services(&aws_name).include(ServiceField::Tags);
        let answer = call.send().await.find(format!("describe service {aws_name}"))?;
        let active = answer
            .as_ref()
            .and_then(|answer| answer.services().iter().find(|service| service.status() == Some("ACTIVE")));
        let Some(service) = active else {
            return Ok(Err(format!("service {name} does not exist in ECS; start moat-provision with its document")));
        };
        if !owns(name, service.tags()) {
            return Ok(Err(format!(
                "the ECS service {aws_name} has not the tags of service {name}, so it is left alone"
            )));
        }
        let (definition, tags) = self.revision(service.task_definition().unwrap_or_default()).await?;
        let groups = service.load_balancers().iter().filter_map(|balancer| balancer.target_group_arn());
        let ours = container(&definition, name);
        let label = ours.and_then(|ours| ours.docker_labels()?.get(IMAGE_LABEL));
        let primary = service.deployments().iter().find(|deployment| deployment.status() == Some("PRIMARY"));
        let state = primary.and_then(|primary| primary.rollout_state());
        Ok(Ok(Running {
            service: name.clone(),
            digest: ours.and_then(|ours| digest_of(ours.image()?)),
            tag: label.and_then(|label| Image::new(label).ok()?.tag().map(str::to_owned)),
            since: definition.registered_at().and_then(moment),
            is_settled: state == Some(&DeploymentRolloutState::Completed),
            target_groups: groups.map(str::to_owned).collect(),
            arn: definition.task_definition_arn().map(str::to_owned),
            revision: Current { definition, tags },
        }))
    }

    /// One revision with its tags.
    pub(super) async fn revision(&self, arn: &str) -> Result<(aws::TaskDefinition, Vec<aws::Tag>), Failure> {
        let doing = format!("describe task definition {arn}");
        let call = self.ecs.describe_task_definition().task_definition(arn).include(TaskDefinitionField::Tags);
        let answer = call.send().await.read(&doing)?;
        Ok((present(answer.task_definition, doing, "task definition")?, answer.tags.unwrap_or_default()))
    }

    /// Why no task could ever serve behind the load balancer, so that ECS would stall without a word (R12).
    pub async fn closed_door(&self, running: &Running<Current>) -> Result<Option<String>, Failure> {
        for arn in &running.target_groups {
            let answer = self.elb.describe_target_groups().target_group_arns(arn).send().await;
            let answer = answer.find(format!("describe target group {arn}"))?;
            let group = answer.as_ref().and_then(|answer| answer.target_groups().first());
            let why = match group {
                None => format!("its target group {arn} is gone"),
                Some(group) if group.load_balancer_arns().is_empty() => {
                    format!("no listener sends anything to its target group {arn}")
                }
                Some(_) => continue,
            };
            return Ok(Some(format!("{why}, so ECS would wait for ever; start moat-provision to put it back")));
        }
        Ok(None)
    }
}

pub(super) fn owns(service: &Name, tags: &[aws::Tag]) -> bool {
    let pair = |tag: &aws::Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    Owner::Service(service.clone()).owns(&tags.iter().filter_map(pair).collect::<BTreeMap<_, _>>())
}

/// The container that is the service: it has its name. Others beside it are somebody else's.
fn container<'a>(definition: &'a aws::TaskDefinition, service: &Name) -> Option<&'a aws::ContainerDefinition> {
    definition.container_definitions().iter().find(|container| container.name() == Some(service.as_str()))
}

/// The containers of the current revision, with another image in the one that is the service.
pub(super) fn containers(
    running: &Running<Current>,
    image: &str,
    label: &str,
) -> Result<Vec<aws::ContainerDefinition>, Failure> {
    let Running { service, arn, revision, .. } = running;
    let mut containers = revision.definition.container_definitions().to_vec();
    let ours = containers.iter_mut().find(|container| container.name() == Some(service.as_str()));
    let Some(ours) = ours else {
        let arn = arn.as_deref().unwrap_or_default();
        let message = format!("no container in {arn} has the name of service {service}, so none is rolled");
        return Err(Failure::new(Kind::Refused, message));
    };
    ours.image = Some(image.to_owned());
    let labels = ours.docker_labels.get_or_insert_default();
    labels.insert(IMAGE_LABEL.to_owned(), label.to_owned());
    Ok(containers)
}
