//! A network that somebody else made.

use crate::ids::{SubnetId, VpcId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A VPC that is there already. moat proves that it fits, and changes nothing in it but what it creates itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExistingNetwork {
    /// The id of the VPC.
    #[schemars(with = "String", regex(pattern = "^vpc-[0-9a-f]+$"))]
    pub vpc_id: VpcId,
    /// The subnets of load balancers that the Internet reaches, one in each zone and two at least. Without them: every
    /// subnet whose route table leads 0.0.0.0/0 to an Internet gateway. Other load balancers need none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>", inner(regex(pattern = "^subnet-[0-9a-f]+$")))]
    pub public_subnets: Vec<SubnetId>,
    /// The subnets of tasks and of internal load balancers, one in each zone. Behind a load balancer that the Internet
    /// reaches, only in zones that have a public one. Without them: every subnet whose route table leads to no Internet
    /// gateway.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>", inner(regex(pattern = "^subnet-[0-9a-f]+$")))]
    pub private_subnets: Vec<SubnetId>,
}
