//! What a teardown tells about a stage besides its steps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is left, and what stays on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TeardownFacts {
    /// What is not taken away, and why, a sentence each.
    pub kept: Vec<String>,
    pub leftovers: Leftovers,
}

/// What costs money and is still there, counted in the observation. A kind that the stage does not look at is left out,
/// which is not the same as none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Leftovers {
    /// ECS services, also those that drain: their tasks cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_balancers: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nat_gateways: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elastic_ips: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<u32>,
}

impl Leftovers {
    /// Both together: counts are added, and what only one of them looked at is as it says.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let add = |one: Option<u32>, other: Option<u32>| match (one, other) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or(0).saturating_add(other.unwrap_or(0))),
        };
        let Self { services, load_balancers, nat_gateways, elastic_ips, endpoints } = other;
        Self {
            services: add(self.services, services),
            load_balancers: add(self.load_balancers, load_balancers),
            nat_gateways: add(self.nat_gateways, nat_gateways),
            elastic_ips: add(self.elastic_ips, elastic_ips),
            endpoints: add(self.endpoints, endpoints),
        }
    }

    /// All that was counted, each with its words.
    pub const fn counted(&self) -> [(&'static str, Option<u32>); 5] {
        let Self { services, load_balancers, nat_gateways, elastic_ips, endpoints } = *self;
        [
            ("ECS services", services),
            ("load balancers", load_balancers),
            ("NAT gateways", nat_gateways),
            ("Elastic IPs", elastic_ips),
            ("VPC endpoints", endpoints),
        ]
    }
}

/// A count that fits the report.
pub(super) fn count<T>(things: impl Iterator<Item = T>) -> Option<u32> {
    Some(u32::try_from(things.count()).unwrap_or(u32::MAX))
}
