//! What was found of a network. Everything here carries our tags, except the route tables and the default security
//! group of a VPC of ours, which are read whatever their tags, because they decide where traffic may go.

pub use super::endpoints::observed::{EndpointState, Group, InterfaceEndpoint};

use super::endpoints::policy;
use super::existing::Existing;
use crate::cidr::Cidr;
use crate::ids::{
    AllocationId, AssociationId, EgressOnlyInternetGatewayId, InternetGatewayId, NatGatewayId, RouteTableId,
    SecurityGroupId, SubnetId, VpcEndpointId, VpcId,
};
use crate::ipv6::Ipv6Cidr;
use crate::name::Logical;
use crate::rule::Rule;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Observed {
    pub region: String,
    /// The number of the account, once something in it was seen that says so.
    pub account: Option<String>,
    /// Names of the region's availability zones that are open to this account, sorted.
    pub zones: Vec<String>,
    pub vpcs: Vec<Vpc>,
    pub subnets: Vec<Subnet>,
    pub internet_gateways: Vec<InternetGateway>,
    pub egress_only_gateways: Vec<EgressOnlyInternetGateway>,
    pub addresses: Vec<Address>,
    pub nat_gateways: Vec<NatGateway>,
    /// All route tables of our VPCs, also those of others.
    pub route_tables: Vec<RouteTable>,
    pub endpoints: Vec<Endpoint>,
    pub interface_endpoints: Vec<InterfaceEndpoint>,
    /// Security groups of the network, other than the default one.
    pub groups: Vec<Group>,
    pub default_groups: Vec<DefaultGroup>,
    /// The network that somebody else made, where the spec names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing: Option<Existing>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vpc {
    pub id: VpcId,
    pub cidr: Cidr,
    pub dns_support: bool,
    pub dns_hostnames: bool,
    /// Its IPv6 blocks, whoever asked for them: blocks carry no tags.
    pub ipv6: Vec<Ipv6Range>,
    /// Whether AWS is giving it one that it does not name yet.
    pub is_ipv6_coming: bool,
}

/// An IPv6 range of a VPC or a subnet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Ipv6Range {
    pub range: Ipv6Cidr,
    /// False for the few seconds until AWS has associated it.
    pub is_associated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subnet {
    pub id: SubnetId,
    pub resource: Logical,
    pub vpc: VpcId,
    pub cidr: Cidr,
    /// The availability zone's name.
    pub zone: String,
    /// Whether instances launched here get a public IP unasked.
    pub gives_public_ips: bool,
    /// AWS gives a subnet one at most.
    pub ipv6: Option<Ipv6Range>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InternetGateway {
    pub id: InternetGatewayId,
    pub vpc: Option<VpcId>,
}

/// The way out by IPv6 that lets nobody in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EgressOnlyInternetGateway {
    pub id: EgressOnlyInternetGatewayId,
    pub vpc: VpcId,
}

/// An Elastic IP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Address {
    pub id: AllocationId,
    pub resource: Logical,
    pub ip: String,
    pub is_associated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NatGateway {
    pub id: NatGatewayId,
    pub resource: Logical,
    pub vpc: VpcId,
    /// `None` for a regional one, which stands in none and holds no address of ours.
    pub subnet: Option<SubnetId>,
    pub allocation: Option<AllocationId>,
    /// The public addresses that it shows.
    pub ips: Vec<String>,
    pub state: NatState,
    /// Seconds since it was created, where AWS says when.
    pub age: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum NatState {
    Pending,
    Available,
    /// With AWS's code and message.
    Failed(String),
    Deleting,
    Deleted,
}

impl NatState {
    /// Whether it serves, or soon will.
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Pending | Self::Available)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteTable {
    pub id: RouteTableId,
    /// `None` when it is not ours.
    pub resource: Option<Logical>,
    pub vpc: VpcId,
    /// Subnets that are explicitly associated.
    pub associations: Vec<(AssociationId, SubnetId)>,
    pub routes: Vec<Route>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Route {
    /// An IPv4 or IPv6 range, or a prefix list's id, as AWS writes it.
    pub destination: String,
    pub target: Target,
    /// False for a black hole: its target is gone.
    pub is_active: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Target {
    Local,
    InternetGateway(InternetGatewayId),
    NatGateway(NatGatewayId),
    /// Anything else: peering, transit gateway, endpoint.
    Other(String),
}

impl Target {
    /// What leads to an egress-only Internet gateway.
    pub fn egress_only(id: &EgressOnlyInternetGatewayId) -> Self {
        Self::Other(id.0.clone())
    }

    /// Whether it leads to the Internet past the NAT gateway: an Internet gateway, or an egress-only one for IPv6.
    pub fn leads_to_the_internet(&self) -> bool {
        match self {
            Self::InternetGateway(_) => true,
            Self::Other(id) => id.starts_with("eigw-"),
            Self::Local | Self::NatGateway(_) => false,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::InternetGateway(id) => id.fmt(f),
            Self::NatGateway(id) => id.fmt(f),
            Self::Other(id) => id.fmt(f),
        }
    }
}

/// A gateway endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    pub id: VpcEndpointId,
    pub resource: Logical,
    pub vpc: VpcId,
    pub tables: Vec<RouteTableId>,
    /// Its policy document, as JSON; `None` where AWS shows none.
    pub policy: Option<String>,
    pub is_live: bool,
}

impl Endpoint {
    /// Whether everybody in the VPC may do everything through it: the policy that AWS gives an endpoint that is made
    /// without one ("Control access to VPC endpoints using endpoint policies").
    pub fn is_open(&self) -> bool {
        policy::is_open(self.policy.as_deref())
    }
}

/// The security group that AWS makes with each VPC and gives to whatever names no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DefaultGroup {
    pub id: SecurityGroupId,
    pub vpc: VpcId,
    pub rules: Vec<Rule>,
}

impl Observed {
    /// Every id in the observation.
    pub fn ids(&self) -> BTreeSet<String> {
        let Self {
            region: _,
            account,
            zones: _,
            vpcs,
            subnets,
            internet_gateways,
            egress_only_gateways,
            addresses,
            nat_gateways,
            route_tables,
            endpoints,
            interface_endpoints,
            groups,
            default_groups,
            existing,
        } = self;
        let mut ids: BTreeSet<String> = account.iter().cloned().collect();
        ids.extend(vpcs.iter().map(|vpc| vpc.id.0.clone()));
        ids.extend(vpcs.iter().flat_map(|vpc| &vpc.ipv6).map(|block| block.range.to_string()));
        ids.extend(subnets.iter().map(|subnet| subnet.id.0.clone()));
        ids.extend(internet_gateways.iter().map(|gateway| gateway.id.0.clone()));
        ids.extend(egress_only_gateways.iter().map(|gateway| gateway.id.0.clone()));
        ids.extend(addresses.iter().map(|address| address.id.0.clone()));
        ids.extend(nat_gateways.iter().map(|gateway| gateway.id.0.clone()));
        ids.extend(route_tables.iter().map(|table| table.id.0.clone()));
        ids.extend(endpoints.iter().map(|endpoint| endpoint.id.0.clone()));
        ids.extend(interface_endpoints.iter().map(|endpoint| endpoint.id.0.clone()));
        ids.extend(groups.iter().map(|group| group.id.0.clone()));
        ids.extend(default_groups.iter().map(|group| group.id.0.clone()));
        ids.extend(existing.iter().flat_map(Existing::ids));
        ids
    }
}
