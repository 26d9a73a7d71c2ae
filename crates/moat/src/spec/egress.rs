//! How a network's private subnets reach out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How private subnets reach out: through NAT gateways, through VPC endpoints, or both. With neither, one NAT gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, from = "Written")]
#[schemars(!from)]
pub struct Egress {
    /// The way to the Internet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nat: Option<Nat>,
    /// The way to AWS's own services. Without `nat` beside it, private subnets have no route to the Internet at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Endpoints>,
}

/// What is written in a document, before an empty one is taken for the default.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    #[serde(default)]
    nat: Option<Nat>,
    #[serde(default)]
    endpoints: Option<Endpoints>,
}

impl From<Written> for Egress {
    fn from(Written { nat, endpoints }: Written) -> Self {
        Self::of(nat, endpoints)
    }
}

/// How many NAT gateways there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Nat {
    /// One for all zones: the cheapest. If its zone fails, no task can reach out.
    #[default]
    Single,
    /// One in each zone, each with an Elastic IP that stays.
    PerZone,
    /// A regional one, which AWS spreads over the zones. AWS chooses its public addresses, and may change them.
    Regional,
}

/// Which interface endpoints there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoints {
    /// Those for ECR and CloudWatch Logs, and what the services of the network need beyond.
    Auto,
}

impl Egress {
    /// What the two fields of a document mean.
    pub const fn of(nat: Option<Nat>, endpoints: Option<Endpoints>) -> Self {
        match (nat, endpoints) {
            (None, None) => Self::nat(Nat::Single),
            (nat, endpoints) => Self { nat, endpoints },
        }
    }

    /// NAT gateways alone.
    pub const fn nat(nat: Nat) -> Self {
        Self { nat: Some(nat), endpoints: None }
    }

    pub const fn has_endpoints(&self) -> bool {
        self.endpoints.is_some()
    }

    /// Whether private subnets reach AWS's services alone.
    pub const fn is_endpoints_only(&self) -> bool {
        self.nat.is_none() && self.endpoints.is_some()
    }
}

impl Default for Egress {
    fn default() -> Self {
        Self::nat(Nat::Single)
    }
}
