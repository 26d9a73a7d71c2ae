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

impl LoadBalancerArn {
    pub fn name(&self) -> &str {
        name_in(&self.0)
    }
}

impl TargetGroupArn {
    pub fn name(&self) -> &str {
        name_in(&self.0)
    }
}

impl ListenerArn {
    /// The name of its load balancer.
    pub fn balancer(&self) -> &str {
        name_in(&self.0)
    }
}

/// The name of the load balancer or the target group in an ARN of ELB: `…:targetgroup/<name>/<id>`, or with its type,
/// `…:loadbalancer/app/<name>/<id>` and `…:listener/app/<name>/<id>/<id>`.
fn name_in(arn: &str) -> &str {
    let mut parts = arn.split('/').skip(1).skip_while(|part| matches!(*part, "app" | "net" | "gwy"));
    parts.next().unwrap_or(arn)
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
