//! What a service should be.

use super::observed::{Network, TaskDefinition};
use crate::cidr::Side;
use crate::ids::{SecurityGroupId, SubnetId, TaskDefinitionArn};
use crate::image::{Image, Version};
use crate::ingress::desired::Group;
use crate::ingress::listener;
use crate::name::Logical;
use crate::network::desired::subnets;
use crate::plan::Bindings;
use crate::rollout::Release;
use crate::spec::{NetworkSpec, ServiceSpec};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the service stage plans from: both documents, where network and ingress are, and where it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceStageSpec {
    pub network: NetworkSpec,
    pub service: ServiceSpec,
    /// Ids of the network's and the ingress's parts, as far as they exist.
    #[serde(default)]
    pub given: Bindings,
    pub region: String,
    /// What rollouts have decided, which a provision does not undo.
    #[serde(default)]
    pub release: Release,
    /// The revision that this execution has found or registered in its last pass. It tells a deployment that ECS has
    /// just taken back from one that is still to be made.
    #[serde(default)]
    pub tried: Option<TaskDefinitionArn>,
    /// Whether the image that was deployed stays, though the document's tag means another one by now. A repair of drift
    /// rolls nothing: moat-rollout does (I5).
    #[serde(default)]
    pub keeps_image: bool,
    /// ARN of the role with which ECS pulls the image and writes logs. The template makes it; moat makes no roles.
    pub execution_role: String,
}

pub fn cluster() -> Logical {
    Logical::from("cluster")
}

pub fn log_group() -> Logical {
    Logical::from("log-group")
}

pub fn task_definition() -> Logical {
    Logical::from("task-definition")
}

pub fn service() -> Logical {
    Logical::from("service")
}

/// The docker label that keeps the tag readable, since the task definition names the digest.
pub const IMAGE_LABEL: &str = "moat.image";

/// How many tasks a service has at most whose breaker trips early.
const SMALL: u32 = 4;

/// How ECS replaces tasks: start a full set of new ones before the old ones stop, and go back when they fail (R10).
///
/// AWS's own threshold is half of the tasks, and three at least: with one task at a time that takes a quarter of an
/// hour. A small service gives up after two ("ThresholdConfiguration", ECS API Reference).
pub const fn deployment(tasks: u32) -> Deployment {
    let failures = if tasks <= SMALL { Failures::Count(2) } else { Failures::Usual };
    Deployment { minimum_percent: 100, maximum_percent: 200, has_breaker: true, has_rollback: true, failures }
}

/// How many failed tasks make the breaker trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Failures {
    /// AWS's default.
    Usual,
    Count(u32),
    /// What moat never asks for.
    Other,
}

/// The part of a service's deployment configuration that is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    pub minimum_percent: i32,
    pub maximum_percent: i32,
    pub has_breaker: bool,
    pub has_rollback: bool,
    pub failures: Failures,
}

impl ServiceStageSpec {
    /// The account that moat works in, as the execution role's ARN says.
    pub fn account(&self) -> Option<&str> {
        self.execution_role.split(':').nth(4).filter(|account| !account.is_empty())
    }

    /// The name of the cluster, of the service in it, and of the family of its task definitions.
    pub fn aws_name(&self) -> String {
        self.service.name.aws_name()
    }

    /// Under which Application Auto Scaling knows the service ("RegisterScalableTarget", `ResourceId`).
    pub fn scaling_resource(&self) -> String {
        format!("service/{0}/{0}", self.aws_name())
    }

    pub fn log_group_name(&self) -> String {
        format!("/moat/{}", self.service.name)
    }

    /// The subnets of the tasks: one private subnet in each zone, the same zones that the load balancer has (C9).
    pub fn private_subnets(&self) -> Vec<Logical> {
        subnets(&self.network, Side::Private, &self.given)
    }

    /// The listener that leads to the tasks, or the rule of one; `None` where nothing does.
    pub fn listener(&self) -> Option<Logical> {
        self.service.load_balancer.as_ref().map(listener::leading)
    }

    /// Seconds that a new task may fail its checks; `None` where nobody checks.
    pub fn grace(&self) -> Option<u32> {
        self.service.load_balancer.as_ref().map(|door| door.health_check.grace)
    }

    /// Where tasks run; `None` until every part is known. Never with a public IP.
    pub fn network(&self) -> Option<Network> {
        let subnets: Option<_> =
            self.private_subnets().iter().map(|name| self.given.get(name).map(SubnetId::from)).collect();
        let group = self.given.get(&Group::Tasks.logical()).map(SecurityGroupId::from)?;
        Some(Network { subnets: subnets?, groups: [group].into(), assigns_public_ip: false })
    }

    /// The task definition of the document. `digest` is what the image's tag means now, where the registry is ECR.
    pub fn task_definition(&self, digest: Option<&str>) -> TaskDefinition {
        let image = &self.service.image;
        match (&image.version, digest) {
            (Version::Tag(_), Some(digest)) => self.task_definition_of(image.with_digest(digest), image),
            _ => self.task_definition_of(image.to_string(), image),
        }
    }

    /// The same with another image, that was found as `label`.
    pub fn task_definition_of(&self, image: String, label: &Image) -> TaskDefinition {
        let service = &self.service;
        TaskDefinition {
            image,
            cpu: service.cpu,
            memory: service.memory,
            port: service.port,
            architecture: service.architecture.as_str().into(),
            command: service.command.clone(),
            environment: service.environment.clone(),
            secrets: service.secrets.iter().map(|(name, secret)| (name.clone(), secret.to_string())).collect(),
            registry_credentials: service.registry_credentials.as_ref().map(ToString::to_string),
            labels: BTreeMap::from([(IMAGE_LABEL.to_owned(), label.to_string())]),
            execution_role: self.execution_role.clone(),
            task_role: service.task_role.as_ref().map(ToString::to_string),
            log_group: self.log_group_name(),
            region: self.region.clone(),
        }
    }
}
