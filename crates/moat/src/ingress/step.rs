//! The changes that the ingress stage can make.

use super::attributes::Pairs;
use super::desired::{self, AddressType, End, Group, Wanted};
use super::listener::{Answer, WantedListener};
use super::observed::HealthCheck;
use super::shared::{self, Conditions};
use crate::ids::{ListenerArn, ListenerRuleArn, LoadBalancerArn, SecurityGroupId, TargetGroupArn};
use crate::name::Logical;
use crate::network::desired as network;
use crate::plan::{Hazard, Step};
use crate::rule::{Direction, Peer, Rule};
use crate::spec::{LoadBalancerKind, Scheme};
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IngressStep {
    CreateGroup {
        group: Group,
    },
    AddRule {
        group: Group,
        rule: Wanted,
    },
    RemoveRule {
        group: Group,
        id: SecurityGroupId,
        rule: Rule,
    },
    CreateLoadBalancer {
        kind: LoadBalancerKind,
        scheme: Scheme,
        address_type: AddressType,
        subnets: Vec<Logical>,
    },
    /// `subnets` are those that it is in by then.
    SetAddressType {
        arn: LoadBalancerArn,
        address_type: AddressType,
        subnets: Vec<Logical>,
    },
    SetSubnets {
        arn: LoadBalancerArn,
        address_type: AddressType,
        subnets: Vec<Logical>,
    },
    SetGroups {
        arn: LoadBalancerArn,
    },
    SetLoadBalancerAttributes {
        attributes: Pairs,
    },
    CreateTargetGroup {
        health_check: HealthCheck,
    },
    SetHealthCheck {
        arn: TargetGroupArn,
        health_check: HealthCheck,
    },
    SetTargetGroupAttributes {
        attributes: Pairs,
    },
    CreateListener {
        listener: WantedListener,
    },
    SetListener {
        arn: ListenerArn,
        listener: WantedListener,
    },
    SetListenerAttributes {
        listener: Logical,
        attributes: Pairs,
    },
    AddCertificates {
        listener: Logical,
        certificates: Vec<String>,
    },
    DeleteListener {
        arn: ListenerArn,
        port: u16,
        protocol: String,
    },
    /// A rule of another service's listener, which leads to this one.
    CreateListenerRule {
        listener: ListenerArn,
        priority: u32,
        conditions: Conditions,
    },
    SetListenerRule {
        arn: ListenerRuleArn,
        conditions: Conditions,
    },
    SetRulePriority {
        arn: ListenerRuleArn,
        priority: u32,
    },
    DeleteListenerRule {
        arn: ListenerRuleArn,
        listener: Logical,
        priority: String,
    },
    /// `replaces` is what is in its place.
    SetWebAcl {
        acl: String,
        replaces: Option<String>,
    },
}

impl Step for IngressStep {
    fn makes(&self) -> Option<Logical> {
        match self {
            Self::CreateGroup { group } => Some(group.logical()),
            Self::CreateLoadBalancer { .. } => Some(desired::load_balancer()),
            Self::CreateTargetGroup { .. } => Some(desired::target_group()),
            Self::CreateListener { listener } | Self::SetListener { listener, .. } => Some(listener.logical()),
            Self::CreateListenerRule { .. } | Self::SetListenerRule { .. } => Some(shared::listener_rule()),
            _ => None,
        }
    }

    fn needs(&self) -> Vec<Logical> {
        match self {
            Self::CreateGroup { .. } => vec![network::vpc()],
            Self::AddRule { group, rule } => {
                let peer = match &rule.end {
                    End::Group(peer) => Some(peer.logical()),
                    End::Cidr(_) | End::Ipv6(_) => None,
                };
                std::iter::once(group.logical()).chain(peer).collect()
            }
            Self::CreateLoadBalancer { scheme, address_type, subnets, .. } => {
                // AWS refuses an internet-facing load balancer in a VPC without an attached Internet gateway.
                let gateway = (*scheme == Scheme::InternetFacing).then(network::attachment);
                let before = [Group::LoadBalancer.logical()].into_iter().chain(gateway);
                before.chain(subnets.iter().cloned()).chain(ranges(*address_type, subnets)).collect()
            }
            Self::SetAddressType { address_type, subnets, .. } => ranges(*address_type, subnets).collect(),
            Self::SetSubnets { address_type, subnets, .. } => {
                subnets.iter().cloned().chain(ranges(*address_type, subnets)).collect()
            }
            Self::SetGroups { .. } => vec![Group::LoadBalancer.logical()],
            Self::SetLoadBalancerAttributes { .. } | Self::SetWebAcl { .. } => vec![desired::load_balancer()],
            Self::CreateTargetGroup { .. } => vec![network::vpc()],
            Self::SetTargetGroupAttributes { .. } | Self::CreateListenerRule { .. } | Self::SetListenerRule { .. } => {
                vec![desired::target_group()]
            }
            Self::CreateListener { listener } => {
                [desired::load_balancer()].into_iter().chain(destination(listener)).collect()
            }
            Self::SetListener { listener, .. } => destination(listener).collect(),
            Self::SetListenerAttributes { listener, .. } | Self::AddCertificates { listener, .. } => {
                vec![listener.clone()]
            }
            Self::RemoveRule { .. }
            | Self::SetRulePriority { .. }
            | Self::SetHealthCheck { .. }
            | Self::DeleteListener { .. }
            | Self::DeleteListenerRule { .. } => vec![],
        }
    }

    fn hazard(&self) -> Hazard {
        match self {
            Self::SetSubnets { .. }
            | Self::SetGroups { .. }
            | Self::SetListener { .. }
            | Self::SetListenerRule { .. }
            | Self::SetRulePriority { .. } => Hazard::Disruptive,
            // It takes the IPv6 addresses away.
            Self::SetAddressType { address_type: AddressType::Ipv4, .. } => Hazard::Disruptive,
            // Between two groups: the port that the running tasks still listen on, until the service rolls.
            Self::RemoveRule { rule: Rule { peer: Peer::Group(_), .. }, .. } => Hazard::Disruptive,
            // Somebody may need that way out; but what AWS gives each new group is nobody's.
            Self::RemoveRule { rule, .. } if rule.direction == Direction::Egress && !is_of_a_new_group(rule) => {
                Hazard::Disruptive
            }
            Self::DeleteListener { .. } | Self::DeleteListenerRule { .. } => Hazard::Destructive,
            Self::SetWebAcl { replaces: Some(_), .. } => Hazard::Disruptive,
            // A rule that lets in whom nobody asked for is a hole.
            _ => Hazard::Safe,
        }
    }
}

impl fmt::Display for IngressStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateGroup { group } => write!(f, "create {}", group.logical()),
            Self::AddRule { group, rule } => write!(f, "allow {rule} in {}", group.logical()),
            Self::RemoveRule { group, rule, .. } => write!(f, "remove {rule} from {}", group.logical()),
            Self::CreateLoadBalancer { kind, scheme, address_type, subnets } => {
                let kind = if *kind == LoadBalancerKind::Network { ", network" } else { "" };
                let stack = if *address_type == AddressType::DualStack { ", dualstack" } else { "" };
                write!(f, "create load-balancer{kind}, {}{stack}, in {}", scheme.as_str(), names(subnets))
            }
            Self::SetAddressType { address_type, .. } => {
                write!(f, "set the address type of load-balancer to {}", address_type.as_str())
            }
            Self::SetSubnets { subnets, .. } => write!(f, "put load-balancer in {}", names(subnets)),
            Self::SetGroups { .. } => write!(f, "put load-balancer in {} only", Group::LoadBalancer.logical()),
            Self::SetLoadBalancerAttributes { attributes } => write!(f, "set load-balancer {}", pairs(attributes)),
            Self::CreateTargetGroup { health_check } => write!(f, "create target-group, {health_check}"),
            Self::SetHealthCheck { health_check, .. } => write!(f, "set target-group {health_check}"),
            Self::SetTargetGroupAttributes { attributes } => write!(f, "set target-group {}", pairs(attributes)),
            Self::CreateListener { listener } => write!(f, "create {listener}"),
            Self::SetListener { listener, .. } => write!(f, "set {}{}", listener.logical(), listener.settings()),
            Self::SetListenerAttributes { listener, attributes } => write!(f, "set {listener} {}", pairs(attributes)),
            Self::AddCertificates { listener, certificates } => {
                write!(f, "add {} to {listener}", certificates.join(" and "))
            }
            Self::SetWebAcl { acl, replaces: None } => write!(f, "put web ACL {acl} before load-balancer"),
            Self::SetWebAcl { acl, replaces: Some(other) } => {
                write!(f, "put web ACL {acl} before load-balancer instead of {other}")
            }
            Self::CreateListenerRule { priority, conditions, .. } => {
                write!(f, "create listener-rule for {conditions} to target-group, priority {priority}")
            }
            Self::SetListenerRule { conditions, .. } => {
                write!(f, "set listener-rule for {conditions} to target-group")
            }
            Self::SetRulePriority { priority, .. } => write!(f, "set listener-rule to priority {priority}"),
            Self::DeleteListener { port, protocol, .. } => {
                write!(f, "delete listener {protocol} on port {port}, which the spec does not ask for")
            }
            Self::DeleteListenerRule { listener, priority, .. } => {
                write!(f, "delete rule {priority} of {listener}, which the spec does not ask for")
            }
        }
    }
}

impl fmt::Display for HealthCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, protocol, port, codes, interval, timeout, healthy, unhealthy } = self;
        let path = match (protocol.as_str(), port.as_str(), codes.as_str()) {
            ("HTTP", "traffic-port", "200") => path,
            ("TCP", "traffic-port", "") => "by TCP",
            _ => {
                write!(f, "{protocol} on {port} answered with {codes}, ")?;
                path
            }
        };
        write!(
            f,
            "health check {path} each {interval} s within {timeout} s, well after {healthy}, ill after {unhealthy}"
        )
    }
}

/// A load balancer has IPv6 addresses only where its subnets have IPv6 ranges ("Update the IP address types for your
/// Application Load Balancer").
fn ranges(address_type: AddressType, subnets: &[Logical]) -> impl Iterator<Item = Logical> + use<'_> {
    subnets.iter().filter(move |_| address_type == AddressType::DualStack).map(network::ipv6_range)
}

/// What AWS gives a new group.
fn is_of_a_new_group(rule: &Rule) -> bool {
    *rule == Rule::all_out() || *rule == Rule::all_out_by_ipv6()
}

/// What must be there before a listener can be told to send clients to it: the target group, or the listener that they
/// are redirected to.
fn destination(listener: &WantedListener) -> impl Iterator<Item = Logical> + use<> {
    std::iter::once(match listener.answer {
        Answer::Forward => desired::target_group(),
        Answer::Redirect => Logical::from("listener https"),
    })
}

fn names(names: &[Logical]) -> String {
    names.iter().map(Logical::as_str).collect::<Vec<_>>().join(", ")
}

fn pairs(pairs: &[(&'static str, String)]) -> String {
    pairs.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
}
