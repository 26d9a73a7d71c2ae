//! What was found of a service's door.

use super::desired::{self, Group};
use crate::ids::{ListenerArn, ListenerRuleArn, LoadBalancerArn, SecurityGroupId, SubnetId, TargetGroupArn, VpcId};
use crate::plan::Bindings;
use crate::rule::Rule;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Observed {
    pub groups: Vec<SecurityGroup>,
    pub load_balancer: Option<LoadBalancer>,
    pub target_group: Option<TargetGroup>,
    /// All listeners of the load balancer.
    pub listeners: Vec<Listener>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecurityGroup {
    pub id: SecurityGroupId,
    pub group: Group,
    pub vpc: VpcId,
    pub rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoadBalancer {
    pub arn: LoadBalancerArn,
    /// Names are unique in a region, so one that is not ours may have our name.
    pub is_ours: bool,
    pub state: LoadBalancerState,
    pub is_internet_facing: bool,
    pub dns_name: String,
    pub subnets: BTreeSet<SubnetId>,
    pub groups: BTreeSet<SecurityGroupId>,
    pub attributes: BTreeMap<String, String>,
    /// Seconds since it was created, where AWS says when.
    pub age: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum LoadBalancerState {
    Provisioning,
    Active,
    /// Active, but it cannot grow: AWS says why.
    Impaired(String),
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetGroup {
    pub arn: TargetGroupArn,
    pub is_ours: bool,
    pub vpc: VpcId,
    pub health_check: HealthCheck,
    pub attributes: BTreeMap<String, String>,
}

/// The settings of a target group's health check that can be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HealthCheck {
    pub path: String,
    /// `HTTP`, on the port that gets the traffic (`traffic-port`), answered with `200`: AWS's defaults.
    pub protocol: String,
    pub port: String,
    pub codes: String,
    pub interval: u32,
    pub timeout: u32,
    pub healthy: u32,
    pub unhealthy: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listener {
    pub arn: ListenerArn,
    pub port: u16,
    pub protocol: String,
    /// The target group that the default action forwards to; `None` for any other default action.
    pub forwards_to: Option<TargetGroupArn>,
    /// The rules that come before the default action.
    pub rules: Vec<ListenerRule>,
}

/// A rule of a listener. moat makes none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListenerRule {
    pub arn: ListenerRuleArn,
    pub priority: String,
}

impl Observed {
    pub fn group(&self, group: Group) -> Option<&SecurityGroup> {
        self.groups.iter().find(|found| found.group == group)
    }

    pub(super) fn listener(&self) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.port == desired::HTTP)
    }

    pub(super) fn bindings(&self) -> Bindings {
        let mut bindings = Bindings::default();
        // Of two with the same name nobody knows which counts.
        let is_single = |group: &&SecurityGroup| self.groups.iter().filter(|it| it.group == group.group).count() == 1;
        for group in self.groups.iter().filter(is_single) {
            bindings.bind(group.group.logical(), group.id.0.clone());
        }
        if let Some(found) = self.load_balancer.as_ref().filter(|found| found.is_ours) {
            bindings.bind(desired::load_balancer(), found.arn.0.clone());
        }
        if let Some(found) = self.target_group.as_ref().filter(|found| found.is_ours) {
            bindings.bind(desired::target_group(), found.arn.0.clone());
        }
        if let Some(listener) = self.listener() {
            bindings.bind(desired::listener(), listener.arn.0.clone());
        }
        bindings
    }

    pub(super) fn ids(&self) -> BTreeSet<String> {
        let Self { groups, load_balancer, target_group, listeners } = self;
        let mut ids = BTreeSet::new();
        ids.extend(groups.iter().map(|group| group.id.0.clone()));
        ids.extend(load_balancer.iter().map(|found| found.arn.0.clone()));
        ids.extend(target_group.iter().map(|found| found.arn.0.clone()));
        ids.extend(listeners.iter().map(|listener| listener.arn.0.clone()));
        ids
    }
}
