//! The changes that take a service's door down.

use super::plan::{balancer_gone, listeners_gone, target_group_gone, unprotected};
use crate::ids::{ListenerArn, LoadBalancerArn, TargetGroupArn};
use crate::name::Logical;
use crate::plan::{Hazard, Step};
use crate::teardown::GroupStep;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IngressStep {
    TurnOffProtection { arn: LoadBalancerArn },
    DeleteListener { arn: ListenerArn, port: u16, protocol: String },
    DeleteLoadBalancer { arn: LoadBalancerArn },
    DeleteTargetGroup { arn: TargetGroupArn },
    Group(GroupStep),
}

impl Step for IngressStep {
    fn makes(&self) -> Option<Logical> {
        None
    }

    fn needs(&self) -> Vec<Logical> {
        match self {
            Self::TurnOffProtection { .. } => vec![],
            // A load balancer that must stay keeps its listeners, so it goes on working.
            Self::DeleteListener { .. } => vec![unprotected()],
            Self::DeleteLoadBalancer { .. } => vec![unprotected(), listeners_gone()],
            Self::DeleteTargetGroup { .. } => vec![balancer_gone()],
            Self::Group(step) => [balancer_gone(), target_group_gone()].into_iter().chain(step.needs()).collect(),
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
                write!(f, "turn off the deletion protection of load-balancer {}", name(arn.as_str()))
            }
            Self::DeleteListener { arn, port, protocol } => {
                write!(f, "delete listener {protocol} on port {port} of load-balancer {}", name(arn.as_str()))
            }
            Self::DeleteLoadBalancer { arn } => write!(f, "delete load-balancer {}", name(arn.as_str())),
            Self::DeleteTargetGroup { arn } => write!(f, "delete target-group {}", name(arn.as_str())),
            Self::Group(step) => step.fmt(f),
        }
    }
}

/// The name of the load balancer or the target group in an ARN of ELB: `…:targetgroup/<name>/<id>`, or with its type,
/// `…:loadbalancer/app/<name>/<id>` and `…:listener/app/<name>/<id>/<id>`.
pub(super) fn name(arn: &str) -> &str {
    let mut parts = arn.split('/').skip(1).skip_while(|part| matches!(*part, "app" | "net" | "gwy"));
    parts.next().unwrap_or(arn)
}
