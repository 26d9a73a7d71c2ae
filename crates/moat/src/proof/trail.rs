//! What was found on the way from a task to some addresses: what carries packets, and what stops some of them.

use super::cause::Cause;
use super::facts::Destination;
use super::ranges::Ranges;
use crate::ids::{InternetGatewayId, NatGatewayId, RouteTableId, SubnetId, VpcEndpointId};

/// One thing on the way that stops packets to some addresses, or may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub cause: Cause,
    /// The destinations that it cuts off, for at least one task address or port.
    pub blocked: Ranges,
    /// The addresses that its sentence is about; the destinations, or the tasks' own.
    pub about: Ranges,
    /// False where it cannot be known.
    pub is_certain: bool,
}

/// A way that packets take, for the sentence and the picture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Nat {
        table: RouteTableId,
        by: Destination,
        gateway: NatGatewayId,
        stands: Option<SubnetId>,
        exit: Exit,
    },
    /// Through an Internet gateway, with a public IP.
    Direct {
        table: RouteTableId,
        by: Destination,
        gateway: InternetGatewayId,
    },
    GatewayEndpoint {
        table: RouteTableId,
        by: Destination,
        endpoint: VpcEndpointId,
    },
    InterfaceEndpoint {
        endpoint: VpcEndpointId,
        subnets: Vec<SubnetId>,
    },
}

/// How packets leave the table that is in force where a NAT gateway stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    InternetGateway(RouteTableId, InternetGatewayId),
    GatewayEndpoint(RouteTableId, VpcEndpointId),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trail {
    pub findings: Vec<Finding>,
    pub ways: Vec<Way>,
    /// Gateway endpoints on the way, each with the destinations that it carries: their policies depend on the need.
    pub endpoints: Vec<(VpcEndpointId, Ranges)>,
}

impl Trail {
    /// Stops packets to `blocked`; nothing where that is empty.
    pub fn stops(&mut self, cause: Cause, blocked: Ranges, about: Ranges) {
        self.add(cause, blocked, about, true);
    }

    pub fn may_stop(&mut self, cause: Cause, blocked: Ranges) {
        let about = blocked.clone();
        self.add(cause, blocked, about, false);
    }

    fn add(&mut self, cause: Cause, blocked: Ranges, about: Ranges, is_certain: bool) {
        if !blocked.is_empty() {
            self.findings.push(Finding { cause, blocked, about, is_certain });
        }
    }

    /// What is cut off for certain.
    pub fn stopped(&self) -> Ranges {
        let certain = self.findings.iter().filter(|finding| finding.is_certain);
        certain.fold(Ranges::none(), |all, finding| all.or(&finding.blocked))
    }
}
