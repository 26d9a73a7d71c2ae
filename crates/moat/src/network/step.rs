//! The changes that the network stage can make.

use super::desired::{self, NatPlace};
use super::endpoints::plan::NAME_USUAL;
use super::endpoints::{EndpointStep, Policy};
use super::found::idle;
use super::observed::Target;
use crate::cidr::{Anywhere, Cidr};
use crate::ids::{
    AllocationId, AssociationId, EgressOnlyInternetGatewayId, InternetGatewayId, NatGatewayId, RouteTableId,
    SecurityGroupId, SubnetId, VpcEndpointId, VpcId,
};
use crate::name::Logical;
use crate::plan::{Bucket, Hazard, Step};
use crate::rule::Rule;
use std::fmt;

/// CreateVpcEndpoint, ModifyVpcEndpoint and DeleteVpcEndpoints: EC2's bucket holds 4 and gets 0.3 a second ("Request
/// throttling for the Amazon EC2 API"). One is left for whoever else changes endpoints in the account.
pub const ENDPOINT_CALLS: Bucket = Bucket { name: "VPC endpoints", holds: 3, refill: 3_334 };

/// What a default route of ours points at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gateway {
    Internet,
    /// This NAT gateway.
    Nat(NatPlace),
    /// The egress-only Internet gateway, for IPv6.
    EgressOnly,
}

impl Gateway {
    /// The logical name under which its id is known once it can be routed to.
    ///
    /// A NAT gateway can be named in a route as soon as it exists, but then the route leads nowhere (C3).
    pub fn ready(&self) -> Logical {
        match self {
            Self::Internet => desired::attachment(),
            Self::Nat(place) => place.gateway().available(),
            Self::EgressOnly => desired::egress_only_gateway(),
        }
    }
}

impl fmt::Display for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internet => desired::internet_gateway().fmt(f),
            Self::Nat(place) => place.gateway().fmt(f),
            Self::EgressOnly => desired::egress_only_gateway().fmt(f),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkStep {
    CreateVpc {
        cidr: Cidr,
    },
    EnableDnsSupport,
    EnableDnsHostnames,
    /// Gives the VPC an IPv6 block of Amazon's.
    AssociateIpv6Block,
    CreateSubnet {
        subnet: Logical,
        cidr: Cidr,
        zone: String,
    },
    StopGivingPublicIps {
        subnet: Logical,
        id: SubnetId,
    },
    /// Gives a subnet the /64 of this number in the VPC's block.
    AssociateIpv6Range {
        subnet: Logical,
        number: u8,
    },
    CreateInternetGateway,
    AttachInternetGateway,
    CreateEgressOnlyGateway,
    AllocateAddress {
        address: Logical,
    },
    CreateNatGateway {
        place: NatPlace,
        predecessor: Option<NatGatewayId>,
    },
    CreateRouteTable {
        table: Logical,
    },
    AssociateRouteTable {
        table: Logical,
        subnet: Logical,
    },
    /// Moves a subnet from another table to ours.
    MoveAssociation {
        table: Logical,
        subnet: Logical,
        association: AssociationId,
        from: RouteTableId,
    },
    CreateRoute {
        table: Logical,
        destination: Anywhere,
        gateway: Gateway,
    },
    ReplaceRoute {
        table: Logical,
        destination: Anywhere,
        gateway: Gateway,
        old: Target,
        is_black_hole: bool,
    },
    /// Closes a way from a private subnet to the Internet gateway.
    DeleteRoute {
        table: Logical,
        id: RouteTableId,
        destination: String,
        target: Target,
    },
    /// Closes the way to the Internet of a network that has endpoints alone.
    DeleteDefaultRoute {
        table: Logical,
        id: RouteTableId,
        destination: Anywhere,
        target: Target,
        is_black_hole: bool,
    },
    /// `None` for AWS's own policy.
    CreateS3Endpoint {
        tables: Vec<Logical>,
        policy: Option<Policy>,
    },
    /// Lets the account's own through alone.
    LimitS3Endpoint {
        endpoint: VpcEndpointId,
        policy: Policy,
    },
    /// What is done to interface endpoints and their group.
    Endpoint(EndpointStep),
    AddToS3Endpoint {
        endpoint: VpcEndpointId,
        table: Logical,
    },
    /// `group` and `rules` are empty in a plan for a VPC that does not exist yet.
    EmptyDefaultGroup {
        group: Option<SecurityGroupId>,
        rules: Vec<Rule>,
    },
    /// Lets everybody in the VPC use the endpoint again, as AWS does by itself.
    ResetEndpointPolicy {
        endpoint: VpcEndpointId,
    },
    DeleteNatGateway {
        gateway: Logical,
        id: NatGatewayId,
        why: String,
        /// Whether it never worked, or another one counts and nothing leads to this one.
        is_unused: bool,
    },
    DeleteEgressOnlyGateway {
        id: EgressOnlyInternetGatewayId,
        /// Whether another one counts, and nothing leads to this one.
        is_unused: bool,
    },
    ReleaseAddress {
        address: Logical,
        id: AllocationId,
        ip: String,
        /// Whether another one counts, and nothing uses this one.
        is_unused: bool,
    },
    DeleteTwinRouteTable {
        table: Logical,
        id: RouteTableId,
    },
    DeleteTwinInternetGateway {
        id: InternetGatewayId,
    },
    DeleteTwinEndpoint {
        id: VpcEndpointId,
    },
    DeleteTwinVpc {
        id: VpcId,
    },
}

impl Step for NetworkStep {
    fn makes(&self) -> Option<Logical> {
        match self {
            Self::CreateVpc { .. } => Some(desired::vpc()),
            Self::CreateSubnet { subnet, .. } => Some(subnet.clone()),
            Self::CreateInternetGateway => Some(desired::internet_gateway()),
            Self::AttachInternetGateway => Some(desired::attachment()),
            Self::CreateEgressOnlyGateway => Some(desired::egress_only_gateway()),
            Self::AllocateAddress { address } => Some(address.clone()),
            Self::CreateNatGateway { place, .. } => Some(place.gateway()),
            Self::CreateRouteTable { table } => Some(table.clone()),
            Self::CreateS3Endpoint { .. } => Some(desired::s3_endpoint()),
            Self::Endpoint(step) => step.makes(),
            _ => None,
        }
    }

    fn needs(&self) -> Vec<Logical> {
        match self {
            Self::CreateVpc { .. }
            | Self::CreateInternetGateway
            | Self::StopGivingPublicIps { .. }
            | Self::AllocateAddress { .. }
            | Self::DeleteRoute { .. }
            | Self::ResetEndpointPolicy { .. }
            | Self::DeleteTwinRouteTable { .. }
            | Self::DeleteTwinInternetGateway { .. }
            | Self::DeleteTwinEndpoint { .. }
            | Self::DeleteTwinVpc { .. } => vec![],
            Self::EnableDnsSupport
            | Self::EnableDnsHostnames
            | Self::AssociateIpv6Block
            | Self::CreateEgressOnlyGateway
            | Self::CreateSubnet { .. }
            | Self::CreateRouteTable { .. } => vec![desired::vpc()],
            Self::AssociateIpv6Range { subnet, .. } => vec![subnet.clone(), desired::ipv6_range(&desired::vpc())],
            Self::AttachInternetGateway => vec![desired::vpc(), desired::internet_gateway()],
            Self::CreateNatGateway { place, predecessor } => {
                let before = [desired::vpc(), desired::attachment()];
                let before = before.into_iter().chain(place.subnet()).chain(place.address());
                // One that is still being deleted holds the address, and the new one would fail (C2, T4).
                before.chain(predecessor.as_ref().map(|old| idle(&old.0))).collect()
            }
            Self::AssociateRouteTable { table, subnet } => vec![table.clone(), subnet.clone()],
            Self::MoveAssociation { table, .. } => vec![table.clone()],
            Self::CreateRoute { table, destination, gateway }
            | Self::ReplaceRoute { table, destination, gateway, .. } => {
                // Nothing has an IPv6 address before the VPC has its block.
                let block = (*destination == Anywhere::Ipv6).then(|| desired::ipv6_range(&desired::vpc()));
                [table.clone(), gateway.ready()].into_iter().chain(block).collect()
            }
            Self::CreateS3Endpoint { tables, policy } => {
                let account = policy.as_ref().map(|_| desired::account());
                std::iter::once(desired::vpc()).chain(tables.iter().cloned()).chain(account).collect()
            }
            Self::LimitS3Endpoint { .. } => vec![desired::account()],
            Self::DeleteDefaultRoute { is_black_hole: true, .. } => vec![],
            Self::DeleteDefaultRoute { .. } => vec![super::endpoints::desired::all_available()],
            Self::Endpoint(step) => step.needs(),
            Self::AddToS3Endpoint { table, .. } => vec![table.clone()],
            Self::EmptyDefaultGroup { .. } => vec![desired::default_group()],
            Self::DeleteNatGateway { id, .. } => vec![idle(&id.0)],
            Self::DeleteEgressOnlyGateway { id, .. } => vec![idle(&id.0)],
            Self::ReleaseAddress { id, .. } => vec![idle(&id.0)],
        }
    }

    fn bucket(&self) -> Option<Bucket> {
        let is_endpoint_call = match self {
            Self::Endpoint(step) => step.is_endpoint_call(),
            Self::CreateS3Endpoint { .. }
            | Self::AddToS3Endpoint { .. }
            | Self::LimitS3Endpoint { .. }
            | Self::ResetEndpointPolicy { .. }
            | Self::DeleteTwinEndpoint { .. } => true,
            _ => false,
        };
        is_endpoint_call.then_some(ENDPOINT_CALLS)
    }

    /// Nothing says how long no name has led to an endpoint, so it is seen twice.
    fn patience(&self) -> u32 {
        match self {
            Self::Endpoint(EndpointStep::Delete { is_remembered: true, .. }) => NAME_USUAL,
            _ => 0,
        }
    }

    /// Tasks use an address that they asked for a minute long.
    fn rest(&self) -> u32 {
        match self {
            Self::Endpoint(EndpointStep::DisablePrivateDns { .. }) => NAME_USUAL,
            _ => 0,
        }
    }

    fn hazard(&self) -> Hazard {
        match self {
            Self::ReplaceRoute { is_black_hole: false, .. }
            | Self::MoveAssociation { .. }
            | Self::ResetEndpointPolicy { .. }
            | Self::LimitS3Endpoint { .. }
            | Self::DeleteDefaultRoute { is_black_hole: false, .. }
            | Self::DeleteRoute { target: Target::Other(_), .. } => Hazard::Disruptive,
            Self::Endpoint(step) => step.hazard(),
            Self::DeleteNatGateway { is_unused: false, .. }
            | Self::DeleteEgressOnlyGateway { is_unused: false, .. }
            | Self::ReleaseAddress { is_unused: false, .. } => Hazard::Destructive,
            // Twins are empty, and closing a hole cuts only what must not be.
            _ => Hazard::Safe,
        }
    }
}

impl fmt::Display for NetworkStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateVpc { cidr } => write!(f, "create vpc {cidr}"),
            Self::EnableDnsSupport => write!(f, "turn on DNS support of vpc"),
            Self::EnableDnsHostnames => write!(f, "turn on DNS hostnames of vpc"),
            Self::AssociateIpv6Block => write!(f, "give vpc an IPv6 block of Amazon's"),
            Self::AssociateIpv6Range { subnet, number } => {
                write!(f, "give {subnet} an IPv6 range, number {number} of vpc's block")
            }
            Self::CreateSubnet { subnet, cidr, zone } => write!(f, "create {subnet} {cidr} in {zone}"),
            Self::StopGivingPublicIps { subnet, .. } => write!(f, "stop {subnet} from handing out public IPs"),
            Self::CreateInternetGateway => write!(f, "create internet-gateway"),
            Self::AttachInternetGateway => write!(f, "attach internet-gateway to vpc"),
            Self::CreateEgressOnlyGateway => write!(f, "create egress-only-internet-gateway"),
            Self::AllocateAddress { address } => write!(f, "allocate {address}"),
            Self::CreateNatGateway { place, predecessor } => {
                write!(f, "create {}", place.gateway())?;
                match place.subnet() {
                    Some(subnet) => write!(f, " in {subnet}")?,
                    None => f.write_str(" for all zones, with addresses that AWS chooses")?,
                }
                predecessor.as_ref().map_or(Ok(()), |old| write!(f, " in place of {old}"))
            }
            Self::CreateRouteTable { table } => write!(f, "create {table}"),
            Self::AssociateRouteTable { table, subnet } => write!(f, "associate {subnet} with {table}"),
            Self::MoveAssociation { table, subnet, from, .. } => write!(f, "move {subnet} from {from} to {table}"),
            Self::CreateRoute { table, destination, gateway } => {
                write!(f, "create route {destination} to {gateway} in {table}")
            }
            Self::ReplaceRoute { table, destination, gateway, old, .. } => {
                write!(f, "replace route {destination} to {old} in {table}: to {gateway}")
            }
            Self::DeleteRoute { table, destination, target, .. } => {
                write!(f, "delete route {destination} to {target} in {table}, which must stay private")
            }
            Self::DeleteDefaultRoute { table, destination, target, .. } => {
                write!(f, "delete route {destination} to {target} in {table}, since the endpoints are the only way out")
            }
            Self::CreateS3Endpoint { tables, policy } => {
                let tables: Vec<&str> = tables.iter().map(Logical::as_str).collect();
                write!(f, "create vpc-endpoint s3 on {}", tables.join(", "))?;
                policy.as_ref().map_or(Ok(()), |policy| write!(f, " for {policy}"))
            }
            Self::LimitS3Endpoint { policy, .. } => write!(f, "set the policy of vpc-endpoint s3 to {policy}"),
            Self::Endpoint(step) => step.fmt(f),
            Self::AddToS3Endpoint { table, .. } => write!(f, "add {table} to vpc-endpoint s3"),
            Self::ResetEndpointPolicy { .. } => {
                write!(f, "set the policy of vpc-endpoint s3 to AWS's own, which lets everything through")
            }
            Self::EmptyDefaultGroup { rules, .. } if rules.is_empty() => {
                write!(f, "remove all rules of default-security-group")
            }
            Self::EmptyDefaultGroup { rules, .. } => {
                let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
                write!(f, "remove all rules of default-security-group: {}", rules.join(", "))
            }
            Self::DeleteNatGateway { gateway, id, why, .. } => write!(f, "delete {gateway} {id}, {why}"),
            Self::DeleteEgressOnlyGateway { id, is_unused: true } => {
                write!(f, "delete {id}, an unused twin of egress-only-internet-gateway")
            }
            Self::DeleteEgressOnlyGateway { id, is_unused: false } => {
                write!(f, "delete egress-only-internet-gateway {id}, which the spec does not ask for")
            }
            Self::ReleaseAddress { address, ip, .. } => write!(f, "release {address} {ip}, which nothing uses"),
            Self::DeleteTwinRouteTable { table, id } => write!(f, "delete {id}, an unused twin of {table}"),
            Self::DeleteTwinInternetGateway { id } => write!(f, "delete {id}, an unused twin of internet-gateway"),
            Self::DeleteTwinEndpoint { id } => write!(f, "delete {id}, an unused twin of {}", desired::s3_endpoint()),
            Self::DeleteTwinVpc { id } => write!(f, "delete {id}, an empty twin of vpc"),
        }
    }
}
