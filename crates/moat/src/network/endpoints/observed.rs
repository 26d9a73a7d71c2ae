//! What was found of interface endpoints and of their group.

use crate::ids::{SecurityGroupId, SubnetId, VpcEndpointId, VpcId};
use crate::name::Logical;
use crate::rule::Rule;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InterfaceEndpoint {
    pub id: VpcEndpointId,
    pub resource: Logical,
    pub vpc: VpcId,
    pub subnets: BTreeSet<SubnetId>,
    pub groups: BTreeSet<SecurityGroupId>,
    /// Whether the public name of the service leads to it, inside the VPC.
    pub private_dns: bool,
    /// Its policy document, as JSON; `None` where AWS shows none.
    pub policy: Option<String>,
    pub state: EndpointState,
    /// Seconds since it was created, where AWS says when.
    pub age: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum EndpointState {
    Pending,
    Available,
    /// With AWS's reason. It never answers.
    Failed(String),
    Deleting,
    Deleted,
}

impl EndpointState {
    /// Whether it answers, or soon will.
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Pending | Self::Available)
    }

    /// From AWS's word for it. EC2 writes it in lower case, and its documentation with capitals.
    ///
    /// A state that is not known counts as pending: it is never relied on, and never taken for gone.
    pub fn read(word: &str, reason: Option<&str>) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "available" => Self::Available,
            "failed" | "rejected" | "expired" => Self::Failed(reason.unwrap_or(word).to_owned()),
            "deleting" => Self::Deleting,
            "deleted" => Self::Deleted,
            _ => Self::Pending,
        }
    }
}

impl fmt::Display for EndpointState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Available => "available",
            Self::Failed(_) => "failed",
            Self::Deleting => "being deleted",
            Self::Deleted => "deleted",
        })
    }
}

/// A security group that carries the network's tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    pub id: SecurityGroupId,
    pub resource: Logical,
    pub vpc: VpcId,
    pub rules: Vec<Rule>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_however_ec2_writes_it_and_an_unknown_one_is_never_relied_on() {
        let read = |word: &str| EndpointState::read(word, None);
        assert_eq!((read("available"), read("Available")), (EndpointState::Available, EndpointState::Available));
        assert_eq!((read("deleted"), read("Deleting")), (EndpointState::Deleted, EndpointState::Deleting));
        assert_eq!(read("pendingAcceptance"), EndpointState::Pending);
        assert_eq!(read("partial"), EndpointState::Pending);
        assert_eq!(EndpointState::read("failed", Some("no room")), EndpointState::Failed("no room".into()));
    }
}
