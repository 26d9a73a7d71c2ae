//! The changes that take a network down.

use super::plan::{self, free, idle, unrouted, without_public_ips};
use crate::ids::{
    AllocationId, EgressOnlyInternetGatewayId, InternetGatewayId, NatGatewayId, RouteTableId, SubnetId, VpcEndpointId,
    VpcId,
};
use crate::name::Logical;
use crate::network::step::ENDPOINT_CALLS;
use crate::plan::{Bucket, Hazard, Step};
use crate::teardown::GroupStep;
use crate::teardown::fact::gone;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkStep {
    DeleteEndpoint {
        endpoint: Logical,
        id: VpcEndpointId,
    },
    /// `gateway` is the id of what it leads to.
    DeleteRoute {
        table: Logical,
        id: RouteTableId,
        destination: String,
        gateway: String,
    },
    DeleteNatGateway {
        gateway: Logical,
        id: NatGatewayId,
    },
    ReleaseAddress {
        address: Logical,
        id: AllocationId,
        ip: String,
    },
    DetachInternetGateway {
        id: InternetGatewayId,
        vpc: VpcId,
    },
    DeleteInternetGateway {
        id: InternetGatewayId,
    },
    DeleteEgressOnlyGateway {
        id: EgressOnlyInternetGatewayId,
    },
    DeleteSubnet {
        subnet: Logical,
        id: SubnetId,
    },
    DeleteRouteTable {
        table: Logical,
        id: RouteTableId,
    },
    Group(GroupStep),
    DeleteVpc {
        id: VpcId,
    },
}

impl Step for NetworkStep {
    fn makes(&self) -> Option<Logical> {
        None
    }

    fn needs(&self) -> Vec<Logical> {
        match self {
            Self::DeleteEndpoint { .. } => vec![],
            Self::DeleteRoute { .. } => vec![plan::endpoints_deleting()],
            Self::DeleteNatGateway { id, .. } => vec![plan::endpoints_deleting(), unrouted(id.as_str())],
            Self::DeleteEgressOnlyGateway { id } => vec![plan::endpoints_deleting(), unrouted(id.as_str())],
            Self::ReleaseAddress { id, .. } => vec![free(id)],
            // AWS detaches no gateway from a VPC that has mapped public addresses (T3).
            Self::DetachInternetGateway { vpc, .. } => {
                vec![plan::nat_gateways_deleted(), plan::addresses_gone(), without_public_ips(vpc)]
            }
            Self::DeleteInternetGateway { id } => vec![plan::addresses_gone(), idle(id.as_str())],
            Self::DeleteSubnet { id, .. } => vec![plan::internet_gateway_gone(), idle(id.as_str())],
            // A table that a subnet is associated with stays, and associations go with their subnets.
            Self::DeleteRouteTable { .. } => vec![plan::subnets_gone()],
            // In a VPC of others no subnet of ours says that the endpoints' interfaces are gone.
            Self::Group(step) => {
                [plan::subnets_gone(), plan::endpoints_gone()].into_iter().chain(step.needs()).collect()
            }
            Self::DeleteVpc { id } => {
                let inside = [plan::subnets_gone(), plan::internet_gateway_gone(), plan::endpoints_gone()];
                let rest = [gone("route tables"), crate::teardown::group::all_gone(), idle(id.as_str())];
                inside.into_iter().chain([plan::egress_only_gateway_gone()]).chain(rest).collect()
            }
        }
    }

    fn bucket(&self) -> Option<Bucket> {
        matches!(self, Self::DeleteEndpoint { .. }).then_some(ENDPOINT_CALLS)
    }

    fn hazard(&self) -> Hazard {
        Hazard::Destructive
    }
}

impl fmt::Display for NetworkStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeleteEndpoint { endpoint, id } => write!(f, "delete {endpoint} {id}"),
            Self::DeleteRoute { table, destination, gateway, .. } => {
                write!(f, "delete route {destination} to {gateway} in {table}")
            }
            Self::DeleteNatGateway { gateway, id } => write!(f, "delete {gateway} {id}"),
            Self::ReleaseAddress { address, ip, .. } => write!(f, "release {address} {ip}"),
            Self::DetachInternetGateway { id, vpc } => write!(f, "detach internet-gateway {id} from {vpc}"),
            Self::DeleteInternetGateway { id } => write!(f, "delete internet-gateway {id}"),
            Self::DeleteEgressOnlyGateway { id } => write!(f, "delete egress-only-internet-gateway {id}"),
            Self::DeleteSubnet { subnet, id } => write!(f, "delete {subnet} {id}"),
            Self::DeleteRouteTable { table, id } => write!(f, "delete {table} {id}"),
            Self::Group(step) => step.fmt(f),
            Self::DeleteVpc { id } => {
                write!(f, "delete vpc {id}, with its main route table, default group and default ACL")
            }
        }
    }
}
