//! The changes that take a service's door down.

use super::plan::{balancer_gone, groups_left, listeners_gone, rules_gone, target_group_gone, unprotected};
use crate::ids::{ListenerArn, ListenerRuleArn, LoadBalancerArn, SecurityGroupId, TargetGroupArn};
use crate::name::{Logical, Name};
use crate::plan::{Hazard, Step};
use crate::rule::Rule;
use crate::teardown::GroupStep;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IngressStep {
    TurnOffProtection {
        arn: LoadBalancerArn,
    },
    /// In the listener of another service, behind whose load balancer this one is.
    DeleteListenerRule {
        arn: ListenerRuleArn,
        balancer: LoadBalancerArn,
    },
    /// Takes the rules that name our groups out of another service's.
    LeaveGroup {
        service: Name,
        resource: Logical,
        id: SecurityGroupId,
        rule: Rule,
    },
    DeleteListener {
        arn: ListenerArn,
        port: u16,
        protocol: String,
    },
    DeleteLoadBalancer {
        arn: LoadBalancerArn,
    },
    DeleteTargetGroup {
        arn: TargetGroupArn,
    },
    Group(GroupStep),
}

impl Step for IngressStep {
    fn makes(&self) -> Option<Logical> {
        None
    }

    fn needs(&self) -> Vec<Logical> {
        match self {
            Self::TurnOffProtection { .. } | Self::DeleteListenerRule { .. } | Self::LeaveGroup { .. } => vec![],
            // A load balancer that must stay keeps its listeners, so it goes on working.
            Self::DeleteListener { .. } => vec![unprotected()],
            Self::DeleteLoadBalancer { .. } => vec![unprotected(), listeners_gone()],
            Self::DeleteTargetGroup { .. } => vec![balancer_gone(), rules_gone()],
            Self::Group(step) => {
                [balancer_gone(), target_group_gone(), groups_left()].into_iter().chain(step.needs()).collect()
            }
        }
    }

    fn hazard(&self) -> Hazard {
        Hazard::Destructive
    }
}

impl fmt::Display for IngressStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TurnOffProtection { arn } => {
                write!(f, "turn off the deletion protection of load-balancer {}", arn.name())
            }
            Self::DeleteListenerRule { arn, balancer } => {
                write!(f, "delete listener-rule {} of load-balancer {}", last(arn.as_str()), balancer.name())
            }
            Self::LeaveGroup { service, resource, id, rule } => {
                write!(f, "remove from {resource} {id} of service {service}: {rule}")
            }
            Self::DeleteListener { arn, port, protocol } => {
                write!(f, "delete listener {protocol} on port {port} of load-balancer {}", arn.balancer())
            }
            Self::DeleteLoadBalancer { arn } => write!(f, "delete load-balancer {}", arn.name()),
            Self::DeleteTargetGroup { arn } => write!(f, "delete target-group {}", arn.name()),
            Self::Group(step) => step.fmt(f),
        }
    }
}

fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
