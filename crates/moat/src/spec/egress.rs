//! How a network's private subnets reach out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How private subnets reach out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Egress {
    #[serde(default)]
    pub nat: Nat,
}

/// How many NAT gateways there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Nat {
    /// One for all zones: the cheapest. If its zone fails, no task can reach out.
    #[default]
    Single,
    /// One in each zone.
    PerZone,
}
