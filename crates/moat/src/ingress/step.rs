//! The changes that the ingress stage can make.

use super::desired::{self, End, Group, Wanted};
use super::observed::HealthCheck;
use crate::ids::{ListenerArn, ListenerRuleArn, LoadBalancerArn, SecurityGroupId, TargetGroupArn};
use crate::name::Logical;
use crate::network::desired as network;
use crate::plan::{Hazard, Step};
use crate::rule::{Direction, Peer, Rule};
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IngressStep {
    CreateGroup { group: Group },
    AddRule { group: Group, rule: Wanted },
    RemoveRule { group: Group, id: SecurityGroupId, rule: Rule },
    CreateLoadBalancer { subnets: Vec<Logical> },
    SetSubnets { arn: LoadBalancerArn, subnets: Vec<Logical> },
    SetGroups { arn: LoadBalancerArn },
    SetLoadBalancerAttributes { attributes: Vec<(&'static str, String)> },
    CreateTargetGroup { health_check: HealthCheck },
    SetHealthCheck { arn: TargetGroupArn, health_check: HealthCheck },
    SetTargetGroupAttributes { attributes: Vec<(&'static str, String)> },
    CreateListener,
    SetListener { arn: ListenerArn },
    DeleteListener { arn: ListenerArn, port: u16, protocol: String },
    DeleteListenerRule { arn: ListenerRuleArn, priority: String },
}

impl Step for IngressStep {
    fn makes(&self) -> Option<Logical> {
        match self {
            Self::CreateGroup { group } => Some(group.logical()),
            Self::CreateLoadBalancer { .. } => Some(desired::load_balancer()),
            Self::CreateTargetGroup { .. } => Some(desired::target_group()),
            Self::CreateListener => Some(desired::listener()),
            _ => None,
        }
    }

    fn needs(&self) -> Vec<Logical> {
        match self {
            Self::CreateGroup { .. } => vec![network::vpc()],
            Self::AddRule { group, rule } => {
                let peer = match &rule.end {
                    End::Group(peer) => Some(peer.logical()),
                    End::Cidr(_) => None,
                };
                std::iter::once(group.logical()).chain(peer).collect()
            }
            Self::CreateLoadBalancer { subnets } => {
                // AWS refuses an internet-facing load balancer in a VPC without an attached Internet gateway.
                let before = [Group::LoadBalancer.logical(), network::attachment()];
                before.into_iter().chain(subnets.iter().cloned()).collect()
            }
            Self::SetSubnets { subnets, .. } => subnets.clone(),
            Self::SetGroups { .. } => vec![Group::LoadBalancer.logical()],
            Self::SetLoadBalancerAttributes { .. } => vec![desired::load_balancer()],
            Self::CreateTargetGroup { .. } => vec![network::vpc()],
            Self::SetTargetGroupAttributes { .. } | Self::SetListener { .. } => vec![desired::target_group()],
            Self::CreateListener => vec![desired::load_balancer(), desired::target_group()],
            Self::RemoveRule { .. }
            | Self::SetHealthCheck { .. }
            | Self::DeleteListener { .. }
            | Self::DeleteListenerRule { .. } => vec![],
        }
    }

    fn hazard(&self) -> Hazard {
        match self {
            Self::SetSubnets { .. } | Self::SetGroups { .. } | Self::SetListener { .. } => Hazard::Disruptive,
            // Between two groups: the port that the running tasks still listen on, until the service rolls.
            Self::RemoveRule { rule: Rule { peer: Peer::Group(_), .. }, .. } => Hazard::Disruptive,
            // Somebody may need that way out; but what AWS gives each new group is nobody's.
            Self::RemoveRule { rule, .. } if rule.direction == Direction::Egress && *rule != Rule::all_out() => {
                Hazard::Disruptive
            }
            Self::DeleteListener { .. } | Self::DeleteListenerRule { .. } => Hazard::Destructive,
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
            Self::CreateLoadBalancer { subnets } => {
                write!(f, "create load-balancer, internet-facing, in {}", names(subnets))
            }
            Self::SetSubnets { subnets, .. } => write!(f, "put load-balancer in {}", names(subnets)),
            Self::SetGroups { .. } => write!(f, "put load-balancer in {} only", Group::LoadBalancer.logical()),
            Self::SetLoadBalancerAttributes { attributes } => write!(f, "set load-balancer {}", pairs(attributes)),
            Self::CreateTargetGroup { health_check } => write!(f, "create target-group, {health_check}"),
            Self::SetHealthCheck { health_check, .. } => write!(f, "set target-group {health_check}"),
            Self::SetTargetGroupAttributes { attributes } => write!(f, "set target-group {}", pairs(attributes)),
            Self::CreateListener => write!(f, "create listener http on port 80 to target-group"),
            Self::SetListener { .. } => write!(f, "set listener http to target-group"),
            Self::DeleteListener { port, protocol, .. } => {
                write!(f, "delete listener {protocol} on port {port}, which the spec does not ask for")
            }
            Self::DeleteListenerRule { priority, .. } => {
                write!(f, "delete rule {priority} of listener http, which the spec does not ask for")
            }
        }
    }
}

impl fmt::Display for HealthCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, protocol, port, codes, interval, timeout, healthy, unhealthy } = self;
        if (protocol.as_str(), port.as_str(), codes.as_str()) != ("HTTP", "traffic-port", "200") {
            write!(f, "{protocol} on {port} answered with {codes}, ")?;
        }
        write!(
            f,
            "health check {path} each {interval} s within {timeout} s, well after {healthy}, ill after {unhealthy}"
        )
    }
}

fn names(names: &[Logical]) -> String {
    names.iter().map(Logical::as_str).collect::<Vec<_>>().join(", ")
}

fn pairs(pairs: &[(&'static str, String)]) -> String {
    pairs.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
}
