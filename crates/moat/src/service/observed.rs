//! What was found of a service.

use super::desired::{Deployment, IMAGE_LABEL};
use crate::drift::finding::ChangedBy;
use crate::ids::{SecurityGroupId, ServiceArn, SubnetId, TargetGroupArn, TaskDefinitionArn};
use crate::rollout::provisioned::Running;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Observed {
    pub cluster: Option<Cluster>,
    pub log_group: Option<LogGroup>,
    /// What the image's tag means in the registry.
    pub image: ImageState,
    /// The newest active revision of the family.
    pub latest: Option<Revision>,
    /// The revision that the service runs, where it is another than the newest.
    pub running: Option<Revision>,
    pub service: Option<Service>,
    /// Where Application Auto Scaling decides how many tasks there are.
    pub scaling: Option<Scaling>,
    /// Who registered the revision that the service runs.
    pub registered: Option<ChangedBy>,
}

/// The service as a scalable target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Scaling {
    pub least: u32,
    pub most: u32,
    /// Seconds since it last changed the number of tasks.
    pub quiet: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cluster {
    pub arn: String,
    pub is_ours: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogGroup {
    pub name: String,
    pub is_ours: bool,
    pub retention_days: Option<u32>,
}

/// Whether the image can be deployed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub enum ImageState {
    /// Not in ECR, or named by digest: ECS finds out.
    #[default]
    NotAsked,
    /// The tag's digest in ECR: of the index, where there is one.
    Digest(String),
    NoSuchRepository,
    NoSuchTag,
    /// Not there, but a pull through cache rule with this prefix fetches it with the first pull.
    NotCachedYet(String),
    /// ECR did not let us look: unreadable is not absent.
    Unreadable(String),
}

/// One revision of the task definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revision {
    pub arn: TaskDefinitionArn,
    /// `None` when it has something that moat does not know how to write, so it can never equal ours.
    pub definition: Option<TaskDefinition>,
    /// The image of the container that is the service; `None` when there is none, or none that can be read.
    pub image: Option<Running>,
}

impl Revision {
    /// One that moat knows how to write.
    pub fn of(arn: TaskDefinitionArn, definition: TaskDefinition) -> Self {
        let image = Running::of(&definition.image, definition.labels.get(IMAGE_LABEL).map(String::as_str));
        Self { arn, definition: Some(definition), image }
    }
}

/// The parts of a task definition that moat writes. Everything else is left at what AWS makes of its absence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskDefinition {
    pub image: String,
    pub cpu: u32,
    pub memory: u32,
    pub port: u16,
    pub architecture: String,
    pub command: Vec<String>,
    pub environment: BTreeMap<String, String>,
    /// What ECS puts into variables when a task starts, by `valueFrom`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry_credentials: Option<String>,
    pub labels: BTreeMap<String, String>,
    pub execution_role: String,
    /// The role of the container's own code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_role: Option<String>,
    pub log_group: String,
    /// The region of the log group.
    pub region: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service {
    pub arn: ServiceArn,
    pub is_ours: bool,
    pub state: ServiceState,
    pub task_definition: TaskDefinitionArn,
    pub network: Network,
    pub deployment: Deployment,
    pub grace: u32,
    /// Whether ECS Exec is on.
    pub exec: bool,
    pub desired: u32,
    pub running: u32,
    pub target_group: Option<TargetGroupArn>,
    pub rollout: Rollout,
    /// ECS's words, where the current deployment is its way back from one that failed.
    pub undoes: Option<String>,
    /// Seconds since the current deployment began, where AWS says when.
    pub age: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ServiceState {
    Active,
    /// Deleted, but its tasks are still stopping. Its name is not free yet (C12).
    Draining,
}

/// Where the tasks' network interfaces are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    pub subnets: BTreeSet<SubnetId>,
    pub groups: BTreeSet<SecurityGroupId>,
    pub assigns_public_ip: bool,
}

/// How the service's newest deployment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Rollout {
    InProgress,
    Completed,
    /// The circuit breaker stopped it, with ECS's reason.
    Failed(String),
}

impl Observed {
    pub(super) fn ids(&self) -> BTreeSet<String> {
        let Self { cluster, log_group, image: _, latest, running, service, scaling: _, registered: _ } = self;
        let mut ids = BTreeSet::new();
        ids.extend(cluster.iter().map(|cluster| cluster.arn.clone()));
        ids.extend(log_group.iter().map(|group| group.name.clone()));
        ids.extend([latest, running].into_iter().flatten().map(|revision| revision.arn.0.clone()));
        ids.extend(service.iter().map(|service| service.arn.0.clone()));
        ids
    }
}
