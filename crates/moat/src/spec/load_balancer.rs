//! The door of a service, as it is asked for.

use crate::cidr::Cidr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The only door: an internet-facing load balancer in the public subnets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoadBalancerSpec {
    #[serde(default, rename = "type")]
    pub kind: LoadBalancerKind,
    /// Who may connect to port 80.
    #[serde(default = "LoadBalancerSpec::anyone")]
    #[schemars(length(min = 1, max = 50))]
    pub allow: Vec<Cidr>,
    #[serde(default)]
    pub health_check: HealthCheck,
    /// Seconds that a task keeps its open connections after it left the target group.
    #[serde(default = "LoadBalancerSpec::default_deregistration_delay")]
    #[schemars(range(max = 3600))]
    pub deregistration_delay: u32,
}

impl LoadBalancerSpec {
    pub(super) fn anyone() -> Vec<Cidr> {
        vec![Cidr::ANYWHERE]
    }

    /// Twenty seconds: AWS's default of 300 makes every rollout five minutes longer.
    pub(super) const fn default_deregistration_delay() -> u32 {
        20
    }
}

impl Default for LoadBalancerSpec {
    fn default() -> Self {
        Self {
            kind: LoadBalancerKind::default(),
            allow: Self::anyone(),
            health_check: HealthCheck::default(),
            deregistration_delay: Self::default_deregistration_delay(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LoadBalancerKind {
    #[default]
    Application,
}

/// How the load balancer decides that a task is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HealthCheck {
    #[serde(default = "HealthCheck::default_path")]
    #[schemars(extend("pattern" = "^/"), length(max = 1024))]
    pub path: String,
    /// Seconds between two checks. A task is well after two good ones.
    #[serde(default = "HealthCheck::default_interval")]
    #[schemars(range(min = 5, max = 300))]
    pub interval: u32,
    /// Seconds that a new task may fail its checks before ECS replaces it.
    #[serde(default = "HealthCheck::default_grace")]
    #[schemars(range(max = 3600))]
    pub grace: u32,
}

impl HealthCheck {
    pub(super) fn default_path() -> String {
        "/".into()
    }

    /// 2 checks × 10 s: a task is in service after 20 s. AWS's default of 5 × 30 s takes 150 s.
    pub(super) const fn default_interval() -> u32 {
        10
    }

    pub(super) const fn default_grace() -> u32 {
        60
    }
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self { path: Self::default_path(), interval: Self::default_interval(), grace: Self::default_grace() }
    }
}
