//! What was found of a service's door.

use crate::ids::{ListenerArn, ListenerRuleArn, LoadBalancerArn, TargetGroupArn};
use crate::teardown::{Group, Interface, Reference};
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    pub load_balancer: Option<LoadBalancer>,
    /// All listeners of the load balancer, where that is ours.
    pub listeners: Vec<Listener>,
    pub target_group: Option<TargetGroup>,
    /// Everything that carries our tags, whatever its logical name.
    pub groups: Vec<Group>,
    /// Rules of ours in the listeners of other services, behind whose load balancers this one is.
    pub rules: Vec<GuestRule>,
    /// Which of the load balancers that forward to the target group are other services' of moat.
    pub hosts: BTreeSet<LoadBalancerArn>,
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

/// A rule that leads to our target group and carries our tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestRule {
    pub arn: ListenerRuleArn,
    pub balancer: LoadBalancerArn,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroup {
    pub arn: TargetGroupArn,
    pub is_ours: bool,
    /// The load balancers that forward to it.
    pub used_by: Vec<LoadBalancerArn>,
}
