//! AWS's ids as types of their own, so that a subnet is never passed for a VPC.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

ids! {
    /// `vpc-…`
    VpcId,
    /// `subnet-…`
    SubnetId,
    /// `igw-…`
    InternetGatewayId,
    /// `eigw-…`
    EgressOnlyInternetGatewayId,
    /// `eipalloc-…`
    AllocationId,
    /// `nat-…`
    NatGatewayId,
    /// `rtb-…`
    RouteTableId,
    /// `rtbassoc-…`
    AssociationId,
    /// `vpce-…`
    VpcEndpointId,
    /// `sg-…`
    SecurityGroupId,
    /// `acl-…`
    NetworkAclId,
    /// `pl-…`
    PrefixListId,
    /// `eni-…`
    InterfaceId,
    /// ARN of an ELB v2 load balancer
    LoadBalancerArn,
    /// ARN of an ELB v2 target group
    TargetGroupArn,
    /// ARN of an ELB v2 listener
    ListenerArn,
    /// ARN of a rule of an ELB v2 listener
    ListenerRuleArn,
    /// ARN of an ECS task definition, with its revision
    TaskDefinitionArn,
    /// ARN of an ECS service
    ServiceArn,
}
