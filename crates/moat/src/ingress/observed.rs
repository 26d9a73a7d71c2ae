//! What was found of a service's door.

use super::desired::{self, Group, IngressSpec};
use super::listener::Answer;
use super::shared::{self, Conditions, Host};
use crate::ids::{ListenerArn, ListenerRuleArn, LoadBalancerArn, SecurityGroupId, SubnetId, TargetGroupArn, VpcId};
use crate::name::Name;
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
    /// Groups of the tasks of other services that rules of ours name.
    pub guests: BTreeMap<SecurityGroupId, Name>,
    /// Read where the service is behind the load balancer of another.
    pub host: Option<Host>,
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
    /// `application` or `network`, or whatever else AWS knows.
    pub kind: String,
    pub is_internet_facing: bool,
    /// `ipv4` or `dualstack`, or whatever else AWS knows.
    pub address_type: String,
    pub dns_name: String,
    pub subnets: BTreeSet<SubnetId>,
    pub groups: BTreeSet<SecurityGroupId>,
    pub attributes: BTreeMap<String, String>,
    /// ARN of the web ACL that each request must pass. Read where the document names one.
    pub web_acl: Option<String>,
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
    /// The load balancers that forward to it; AWS takes one at most.
    pub used_by: BTreeSet<LoadBalancerArn>,
    /// What the load balancer speaks with tasks: `HTTP` or `TCP`. AWS cannot change it.
    pub protocol: String,
    pub health_check: HealthCheck,
    pub attributes: BTreeMap<String, String>,
}

/// The settings of a target group's health check that can be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HealthCheck {
    /// Empty where a connection is enough.
    pub path: String,
    /// `HTTP` or `TCP`, on the port that gets the traffic (`traffic-port`).
    pub protocol: String,
    pub port: String,
    /// `200`; empty where a connection is enough.
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
    /// Whether the default action sends clients to HTTPS on port 443 of the same address, for good.
    pub redirects: bool,
    /// ARN of the certificate that is shown to clients.
    pub certificate: Option<String>,
    /// ARNs of those that it has for other names. Read where the document asks for some.
    pub additional_certificates: BTreeSet<String>,
    /// The name of the security policy.
    pub policy: Option<String>,
    /// Read where the document asks for one.
    pub attributes: BTreeMap<String, String>,
    /// The rules that come before the default action.
    pub rules: Vec<ListenerRule>,
}

/// A rule of a listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListenerRule {
    pub arn: ListenerRuleArn,
    pub priority: String,
    /// The service that its tag names.
    pub service: Option<Name>,
    pub conditions: Conditions,
    /// The one target group that it forwards to; `None` for anything else.
    pub forwards_to: Option<TargetGroupArn>,
}

impl Observed {
    pub fn group(&self, group: Group) -> Option<&SecurityGroup> {
        self.groups.iter().find(|found| found.group == group)
    }

    /// The group's id. The load balancer's is that of another service where the door is shared.
    pub fn id_of(&self, group: Group) -> Option<SecurityGroupId> {
        let found = match (group, &self.host) {
            (Group::LoadBalancer, Some(host)) => host.group.as_ref(),
            (group, _) => self.group(group),
        };
        found.map(|found| found.id.clone())
    }

    pub(super) fn bindings(&self, spec: &IngressSpec) -> Bindings {
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
        if let Some(group) = self.host.as_ref().and_then(|host| host.group.as_ref()) {
            bindings.bind(Group::LoadBalancer.logical(), group.id.0.clone());
        }
        if let Some(rule) = shared::bound(spec, self) {
            bindings.bind(shared::listener_rule(), rule.arn.0.clone());
        }
        // One that leads elsewhere leads nobody to the tasks, and ECS takes no service behind it (C8).
        let target = self.target_group.as_ref().map(|found| &found.arn);
        for wanted in spec.listeners() {
            let leads = |found: &&Listener| {
                wanted.answer == Answer::Redirect || target.is_some() && found.forwards_to.as_ref() == target
            };
            if let Some(found) = self.listener(wanted.port).filter(leads) {
                bindings.bind(wanted.logical(), found.arn.0.clone());
            }
        }
        bindings
    }

    pub(super) fn ids(&self) -> BTreeSet<String> {
        let Self { groups, load_balancer, target_group, listeners, guests: _, host } = self;
        let mut ids = BTreeSet::new();
        ids.extend(groups.iter().map(|group| group.id.0.clone()));
        ids.extend(load_balancer.iter().map(|found| found.arn.0.clone()));
        ids.extend(target_group.iter().map(|found| found.arn.0.clone()));
        ids.extend(listeners.iter().map(|listener| listener.arn.0.clone()));
        ids.extend(host.iter().flat_map(|host| &host.group).map(|group| group.id.0.clone()));
        let rules = host.iter().flat_map(|host| &host.listeners).flat_map(|listener| &listener.rules);
        ids.extend(rules.map(|rule| rule.arn.0.clone()));
        ids
    }
}
