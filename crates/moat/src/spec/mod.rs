//! What a person asks for: a network document, a service document, or both.
//!
//! The types here are the contract. The JSON Schema in `schema/provision.schema.json` is made from them, and
//! [`read`] is the only way from JSON to them, so that every problem is found at once and named by its pointer.

mod client_range;
mod drift;
mod egress;
mod existing;
pub mod fargate;
mod load_balancer;
mod needs;
mod network;
mod read;
mod read_access;
mod read_existing;
mod read_load_balancer;
mod read_network;
mod read_rollout;
mod read_shared;
mod reader;
pub mod rollout;
mod secret;
mod task_role;

pub use client_range::{ClientRange, without_addresses};
pub use drift::{DriftSpec, Repair};
pub use egress::{Egress, Endpoints, Nat};
pub use existing::ExistingNetwork;
pub use load_balancer::{AccessLogs, ByIpv6, HealthCheck, LoadBalancerKind, LoadBalancerSpec, Scheme};
pub use needs::{EndpointService, Needs, needs, out_of_reach};
pub use network::NetworkSpec;
pub use read::{Input, Mode, read};
pub(crate) use reader::Reader;
pub use rollout::{Approval, Freeze, RolloutSpec, Source, Track};
pub use secret::{Secret, Store};
pub use task_role::{TASK_ROLE_PREFIX, TaskRole};

use crate::image::Image;
use crate::name::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A Fargate service with no public IP, behind a load balancer or with no way in at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceSpec {
    pub name: Name,
    /// The name of the network that it lives in.
    pub network: Name,
    /// The container image. An ECR image is deployed by the digest that its tag has at that moment.
    pub image: Image,
    /// The port that the container listens on.
    #[serde(default = "ServiceSpec::default_port")]
    #[schemars(range(min = 1))]
    pub port: u16,
    /// CPU units per task; 1024 is one vCPU.
    #[serde(default = "ServiceSpec::default_cpu")]
    pub cpu: u32,
    /// MiB of memory per task. Fargate allows certain pairs of cpu and memory.
    #[serde(default = "ServiceSpec::default_memory")]
    pub memory: u32,
    /// How many tasks to keep running.
    #[serde(default = "ServiceSpec::default_tasks")]
    #[schemars(range(max = 1000))]
    pub tasks: u32,
    #[serde(default)]
    pub architecture: Architecture,
    /// Replaces the image's command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Environment variables of the container. They are readable by everyone who can describe the task definition.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// Environment variables whose values ECS reads from Secrets Manager or Parameter Store when it starts a task. The
    /// secret must have the tag `moat:readable` = `true`: the execution role reads no others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, Secret>,
    /// The secret in Secrets Manager with the username and password of a registry that is not ECR. It must have the tag
    /// `moat:readable` = `true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry_credentials: Option<Secret>,
    /// ARN of the role that the container's own code has; without it the container has none. moat makes no roles, and may
    /// pass only those whose names begin with `moat-task-`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_role: Option<TaskRole>,
    /// Whether people may open a shell in the containers with ECS Exec. Needs `taskRole`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exec: bool,
    /// The door; `"none"` for a service that nobody connects to.
    #[serde(
        default = "load_balancer::some_default",
        serialize_with = "load_balancer::serialize",
        deserialize_with = "load_balancer::deserialize"
    )]
    #[schemars(with = "load_balancer::OrNone")]
    pub load_balancer: Option<LoadBalancerSpec>,
    #[serde(default)]
    pub logs: LogsSpec,
    /// Which pushed images the service is rolled to. Without it that is the tag of `image`, or none where `image` is
    /// named by digest. Only images in ECR are tracked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<Track>,
    #[serde(default, skip_serializing_if = "RolloutSpec::is_default")]
    pub rollout: RolloutSpec,
    /// What is done when somebody changed the service, or its load balancer, behind moat's back.
    #[serde(default, skip_serializing_if = "DriftSpec::is_default")]
    pub drift: DriftSpec,
}

impl ServiceSpec {
    /// The load balancer that is this service's own.
    pub fn own_load_balancer(&self) -> Option<&LoadBalancerSpec> {
        self.load_balancer.as_ref().filter(|door| door.shared.is_none())
    }

    /// The service behind whose load balancer this one is.
    pub fn host(&self) -> Option<&Name> {
        self.load_balancer.as_ref()?.shared.as_ref()
    }

    const fn default_port() -> u16 {
        80
    }

    const fn default_cpu() -> u32 {
        256
    }

    const fn default_memory() -> u32 {
        512
    }

    const fn default_tasks() -> u32 {
        2
    }
}

/// The CPU architecture of the tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Architecture {
    #[default]
    #[serde(rename = "X86_64")]
    X86_64,
    #[serde(rename = "ARM64")]
    Arm64,
}

impl Architecture {
    /// As ECS writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "X86_64",
            Self::Arm64 => "ARM64",
        }
    }
}

/// Where the container's output goes: CloudWatch Logs, group `/moat/<service>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogsSpec {
    /// Days until a log line is deleted: one of the numbers that CloudWatch Logs knows.
    #[serde(default = "LogsSpec::default_retention")]
    pub retention_days: u32,
}

impl LogsSpec {
    const fn default_retention() -> u32 {
        30
    }
}

impl Default for LogsSpec {
    fn default() -> Self {
        Self { retention_days: Self::default_retention() }
    }
}

/// The input of `moat-provision`, for the JSON Schema and for editors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "moat provision", extend("anyOf" = [{"required": ["network"]}, {"required": ["service"]}]))]
pub struct Document {
    /// The address of this schema, for editors. Ignored.
    #[serde(default, rename = "$schema", skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkSpec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceSpec>,
    /// `plan` changes nothing and answers with the steps.
    #[serde(default)]
    pub mode: Mode,
}

/// The JSON Schema of the input, as it is kept in the project.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}
