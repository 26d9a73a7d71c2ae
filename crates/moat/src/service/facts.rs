//! What people are told about a service.

use super::desired::ServiceStageSpec;
use super::observed::{Observed, Rollout};
use super::plan::kept;
use serde::{Deserialize, Serialize};

/// Parts that do not exist yet are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceFacts {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<String>,
    /// The image that the service's task definition names: by digest where the registry is ECR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Why that is not the one of the document, where rollouts have a say in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_kept: Option<String>,
    pub log_group: String,
    pub desired_tasks: u32,
    pub running_tasks: u32,
    pub is_deployed: bool,
}

pub(super) fn facts(spec: &ServiceStageSpec, observed: &Observed) -> ServiceFacts {
    let service = observed.service.as_ref().filter(|service| service.is_ours);
    let revisions = [&observed.latest, &observed.running].into_iter().flatten();
    let definition = service.and_then(|service| {
        revisions.into_iter().find(|revision| revision.arn == service.task_definition)?.definition.as_ref()
    });
    ServiceFacts {
        name: spec.service.name.to_string(),
        service_arn: service.map(|service| service.arn.0.clone()),
        cluster: observed.cluster.as_ref().map(|cluster| cluster.arn.clone()),
        task_definition: service.map(|service| service.task_definition.0.clone()),
        image: definition.map(|definition| definition.image.clone()),
        image_kept: kept(spec, observed).map(|(_, why)| why),
        log_group: spec.log_group_name(),
        desired_tasks: service.map_or(0, |service| service.desired),
        running_tasks: service.map_or(0, |service| service.running),
        is_deployed: service.is_some_and(|service| service.rollout == Rollout::Completed),
    }
}
