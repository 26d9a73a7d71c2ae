//! What was found of a network that somebody else made, whatever its tags.

use crate::cidr::Cidr;
use crate::ids::{InternetGatewayId, RouteTableId, SubnetId, VpcEndpointId, VpcId};
use crate::network::observed::{Route, Target};
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Existing {
    /// `None` when the account has no such VPC in this region.
    pub vpc: Option<Vpc>,
    /// All subnets of the VPC, and those that the spec names, wherever they are.
    pub subnets: Vec<Subnet>,
    /// All route tables of the VPC.
    pub tables: Vec<Table>,
    /// Those attached to the VPC. AWS allows one.
    pub internet_gateways: Vec<InternetGatewayId>,
    /// What endpoints of ours stand beside, read where the spec asks for some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beside: Option<Beside>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Beside {
    pub dns_support: bool,
    pub dns_hostnames: bool,
    /// Endpoints in the VPC that do not carry the network's tags.
    pub endpoints: Vec<OtherEndpoint>,
}

/// An endpoint of others that answers, or soon will.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherEndpoint {
    pub id: VpcEndpointId,
    /// `com.amazonaws.us-east-1.logs`
    pub service: String,
    pub kind: OtherKind,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum OtherKind {
    /// With the route tables that lead to it.
    Gateway(Vec<RouteTableId>),
    /// `private_dns`: whether the public name of the service leads to it, inside the VPC.
    Interface { private_dns: bool },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vpc {
    pub id: VpcId,
    /// The account that owns it. It alone makes endpoints there, also where subnets are shared ("Responsibilities and
    /// permissions for owners and participants", VPC guide).
    pub owner: Option<String>,
    /// Its first IPv4 range.
    pub cidr: Cidr,
    /// All its IPv4 ranges.
    pub ranges: Vec<Cidr>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subnet {
    pub id: SubnetId,
    /// Its tag `Name`.
    pub name: Option<String>,
    pub vpc: VpcId,
    /// `None` for a subnet that is for IPv6 alone.
    pub cidr: Option<Cidr>,
    /// The availability zone's name.
    pub zone: String,
    /// Whether instances launched here get a public IP unasked.
    pub gives_public_ips: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    pub id: RouteTableId,
    pub is_main: bool,
    /// Subnets that are explicitly associated.
    pub subnets: Vec<SubnetId>,
    pub routes: Vec<Route>,
}

impl Existing {
    /// The table in force: the one that the subnet is associated with, or else the VPC's main one.
    pub fn table(&self, subnet: &SubnetId) -> Option<&Table> {
        let explicit = self.tables.iter().find(|table| table.subnets.contains(subnet));
        explicit.or_else(|| self.tables.iter().find(|table| table.is_main))
    }

    pub fn ids(&self) -> BTreeSet<String> {
        let Self { vpc, subnets, tables, internet_gateways, beside: _ } = self;
        let mut ids: BTreeSet<String> = vpc.iter().map(|vpc| vpc.id.0.clone()).collect();
        ids.extend(subnets.iter().map(|subnet| subnet.id.0.clone()));
        ids.extend(tables.iter().map(|table| table.id.0.clone()));
        ids.extend(internet_gateways.iter().map(|gateway| gateway.0.clone()));
        ids
    }
}

impl Table {
    /// The route of this destination.
    pub fn route(&self, destination: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.destination == destination)
    }

    /// Every route to an Internet gateway, also one that is detached: it opens again when somebody attaches it.
    pub fn ways_in(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter().filter(|route| matches!(route.target, Target::InternetGateway(_)))
    }
}
