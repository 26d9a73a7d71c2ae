//! What people are told about a service.

use super::desired::ServiceStageSpec;
use super::observed::{ImageState, Observed, Rollout};
use super::plan::kept;
use crate::rollout::track::Policy;
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
    /// What a person should know about the image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
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
        warnings: warnings(spec, observed),
        log_group: spec.log_group_name(),
        desired_tasks: service.map_or(0, |service| service.desired),
        running_tasks: service.map_or(0, |service| service.running),
        is_deployed: service.is_some_and(|service| service.rollout == Rollout::Completed),
    }
}

fn is_tracked(spec: &ServiceStageSpec) -> bool {
    !matches!(Policy::of(&spec.service), Policy::None(_))
}

fn warnings(spec: &ServiceStageSpec, observed: &Observed) -> Vec<String> {
    let image = &spec.service.image;
    let elsewhere = image.ecr().filter(|ecr| ecr.region != spec.region && is_tracked(spec));
    let elsewhere = elsewhere.map(|ecr| {
        format!(
            "{image} is in {}, and ECR tells of pushes in its own region only: a push rolls nothing until the schedule finds it, or an event is forwarded to {}",
            ecr.region, spec.region
        )
    });
    let uncached = match &observed.image {
        ImageState::NotCachedYet(prefix) => Some(format!(
            "{image} is not in the pull through cache {prefix} yet. The first pull fetches it, so it is deployed by its tag; the next rollout or provision names its digest"
        )),
        _ => None,
    };
    elsewhere.into_iter().chain(uncached).collect()
}
