//! The changes that are made to interface endpoints and to their group.

use super::{Policy, desired};
use crate::ids::{SecurityGroupId, SubnetId, VpcEndpointId};
use crate::name::Logical;
use crate::network::desired as network;
use crate::network::found::idle;
use crate::plan::Hazard;
use crate::rule::{Direction, Rule};
use crate::spec::EndpointService;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointStep {
    /// `name` and `description` are AWS's.
    CreateGroup {
        name: String,
        description: String,
    },
    /// `is_last` when the group is complete with it.
    AddRule {
        rule: Rule,
        is_last: bool,
    },
    RemoveRule {
        group: SecurityGroupId,
        rule: Rule,
    },
    /// With private DNS, so it must have its group and all its subnets from the first moment.
    Create {
        service: EndpointService,
        subnets: Vec<Logical>,
        policy: Policy,
        after: Option<VpcEndpointId>,
    },
    AddSubnets {
        endpoint: Logical,
        id: VpcEndpointId,
        subnets: Vec<Logical>,
    },
    RemoveSubnets {
        endpoint: Logical,
        id: VpcEndpointId,
        subnets: Vec<SubnetId>,
    },
    /// Adds the group of the endpoints where it is missing, and takes these others off.
    SetGroups {
        endpoint: Logical,
        id: VpcEndpointId,
        is_missing: bool,
        others: Vec<SecurityGroupId>,
    },
    EnablePrivateDns {
        endpoint: Logical,
        id: VpcEndpointId,
    },
    /// Lets the names lead to public addresses again, some time before the endpoint goes.
    DisablePrivateDns {
        endpoint: Logical,
        id: VpcEndpointId,
    },
    SetPolicy {
        endpoint: Logical,
        id: VpcEndpointId,
        policy: Policy,
    },
    Delete {
        endpoint: Logical,
        id: VpcEndpointId,
        why: String,
        is_unused: bool,
        /// Whether its names led to it, so that tasks may remember it for a while.
        is_remembered: bool,
    },
    DeleteGroup {
        group: Logical,
        id: SecurityGroupId,
    },
}

impl EndpointStep {
    pub fn makes(&self) -> Option<Logical> {
        match self {
            Self::CreateGroup { .. } => Some(desired::group()),
            // The group is of use with its rules only.
            Self::AddRule { is_last: true, .. } => Some(desired::group().available()),
            Self::Create { service, .. } => Some(desired::endpoint(*service)),
            Self::DisablePrivateDns { id, .. } => Some(desired::nameless(id)),
            _ => None,
        }
    }

    pub fn needs(&self) -> Vec<Logical> {
        match self {
            Self::CreateGroup { .. } => vec![network::vpc()],
            Self::AddRule { .. } | Self::SetGroups { .. } => vec![desired::group()],
            Self::Create { subnets, after, .. } => {
                let before = [network::vpc(), network::account(), desired::names_available()];
                let group = [desired::group(), desired::group().available()];
                let before = before.into_iter().chain(group).chain(subnets.iter().cloned());
                before.chain(after.as_ref().map(|old| idle(&old.0))).collect()
            }
            Self::AddSubnets { subnets, .. } => subnets.clone(),
            Self::EnablePrivateDns { .. } => vec![desired::names_available()],
            Self::SetPolicy { .. } => vec![network::account()],
            Self::Delete { id, is_remembered: true, .. } => vec![idle(&id.0), desired::nameless(id).still()],
            Self::DisablePrivateDns { id, .. } | Self::Delete { id, .. } => vec![idle(&id.0)],
            Self::DeleteGroup { id, .. } => vec![idle(&id.0)],
            Self::RemoveRule { .. } | Self::RemoveSubnets { .. } => vec![],
        }
    }

    pub fn hazard(&self) -> Hazard {
        match self {
            Self::SetPolicy { .. } | Self::RemoveSubnets { .. } | Self::SetGroups { is_missing: false, .. } => {
                Hazard::Disruptive
            }
            Self::Delete { is_unused: false, .. } | Self::DisablePrivateDns { .. } | Self::DeleteGroup { .. } => {
                Hazard::Destructive
            }
            // Endpoints never ask, so a rule out lets nothing through; a rule in that nobody asked for is a hole.
            _ => Hazard::Safe,
        }
    }

    /// Whether it is one of the calls of which EC2 takes few ("Request throttling for the Amazon EC2 API").
    pub const fn is_endpoint_call(&self) -> bool {
        !matches!(
            self,
            Self::CreateGroup { .. } | Self::AddRule { .. } | Self::RemoveRule { .. } | Self::DeleteGroup { .. }
        )
    }

    /// Whether it takes away a rule by which something outside the VPC gets in.
    pub fn closes_a_way_in(&self) -> bool {
        matches!(self, Self::RemoveRule { rule, .. } if rule.direction == Direction::Ingress)
    }
}

impl fmt::Display for EndpointStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = desired::group();
        match self {
            Self::CreateGroup { .. } => write!(f, "create {group}"),
            Self::AddRule { rule, .. } => write!(f, "allow {rule} in {group}"),
            Self::RemoveRule { rule, .. } => write!(f, "remove {rule} from {group}"),
            Self::Create { service, subnets, policy, .. } => {
                write!(f, "create {} in {} for {policy}", desired::endpoint(*service), list(subnets))
            }
            Self::AddSubnets { endpoint, subnets, .. } => write!(f, "add {endpoint} to {}", list(subnets)),
            Self::RemoveSubnets { endpoint, subnets, .. } => {
                write!(f, "take {endpoint} out of {}, where nobody asked for it", list(subnets))
            }
            Self::SetGroups { endpoint, .. } => write!(f, "put {endpoint} in {group} only"),
            Self::EnablePrivateDns { endpoint, .. } => write!(f, "turn on private DNS of {endpoint}"),
            Self::DisablePrivateDns { endpoint, .. } => {
                write!(f, "turn off private DNS of {endpoint}, a minute before it goes")
            }
            Self::SetPolicy { endpoint, policy, .. } => write!(f, "set the policy of {endpoint} to {policy}"),
            Self::Delete { endpoint, id, why, .. } => write!(f, "delete {endpoint} {id}, {why}"),
            Self::DeleteGroup { group, id } => write!(f, "delete {group} {id}, which nothing uses"),
        }
    }
}

fn list(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
