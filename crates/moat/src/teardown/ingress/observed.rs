//! What was found of a service's door.

use crate::ids::{ListenerArn, LoadBalancerArn, TargetGroupArn};
use crate::teardown::{Group, Interface, Reference};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    pub load_balancer: Option<LoadBalancer>,
    /// All listeners of the load balancer, where that is ours.
    pub listeners: Vec<Listener>,
    pub target_group: Option<TargetGroup>,
    /// Everything that carries our tags, whatever its logical name.
    pub groups: Vec<Group>,
    /// Rules in other groups that name ours.
    pub references: Vec<Reference>,
    /// Those that use our groups, and those of our load balancer.
    pub interfaces: Vec<Interface>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancer {
    pub arn: LoadBalancerArn,
    /// Names are unique in a region, so one that is not ours may have our name.
    pub is_ours: bool,
    /// The attribute `deletion_protection.enabled`.
    pub is_protected: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    pub arn: ListenerArn,
    pub port: u16,
    pub protocol: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroup {
    pub arn: TargetGroupArn,
    pub is_ours: bool,
    /// The load balancers that forward to it.
    pub used_by: Vec<LoadBalancerArn>,
}
