//! What was found of a network: what carries its tags, and what else is inside its VPCs.

use crate::ids::{
    AllocationId, EgressOnlyInternetGatewayId, InterfaceId, InternetGatewayId, NatGatewayId, RouteTableId,
    SecurityGroupId, SubnetId, VpcEndpointId, VpcId,
};
use crate::name::{Logical, Name};
use crate::teardown::{Group, Interface, Reference, Stranger};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    pub vpcs: Vec<VpcId>,
    pub endpoints: Vec<Endpoint>,
    pub nat_gateways: Vec<NatGateway>,
    pub addresses: Vec<Address>,
    pub internet_gateways: Vec<InternetGateway>,
    pub egress_only_gateways: Vec<EgressOnlyInternetGatewayId>,
    pub subnets: Vec<Subnet>,
    pub route_tables: Vec<RouteTable>,
    pub groups: Vec<Group>,
    /// Rules in other groups that name ours.
    pub references: Vec<Reference>,
    /// All network interfaces in our VPCs, and in those of others the ones that use a group of ours.
    pub interfaces: Vec<Interface>,
    /// Security groups of moat's services in our VPCs. Each service has two from its beginning to its end.
    pub tenants: Vec<(Name, SecurityGroupId)>,
    /// Everything else in our VPCs that AWS does not remove with them: subnets, tables that are not the main one, groups
    /// but the default one, gateways of all kinds, endpoints, peerings, access control lists but the default one.
    pub strangers: Vec<Stranger>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub id: VpcEndpointId,
    pub resource: Logical,
    pub vpc: VpcId,
    pub state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatGateway {
    pub id: NatGatewayId,
    pub resource: Logical,
    pub vpc: VpcId,
    pub allocations: Vec<AllocationId>,
    /// Whether it is one of all zones: then it holds no address of ours.
    pub is_regional: bool,
    /// Its network interfaces.
    pub interfaces: Vec<InterfaceId>,
    pub state: State,
}

/// How far a NAT gateway or an endpoint is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Pending, available or failed.
    There,
    /// For so many seconds, where AWS says since when.
    Deleting(Option<u32>),
    /// AWS shows a NAT gateway for about an hour more.
    Deleted,
}

/// An Elastic IP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub id: AllocationId,
    pub resource: Logical,
    pub ip: String,
    /// The network interface that it is associated with.
    pub interface: Option<InterfaceId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InternetGateway {
    pub id: InternetGatewayId,
    pub vpc: Option<VpcId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    pub id: SubnetId,
    pub resource: Logical,
    pub vpc: VpcId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTable {
    pub id: RouteTableId,
    pub resource: Logical,
    pub vpc: VpcId,
    /// Routes to NAT gateways: destination and gateway.
    pub nat_routes: Vec<(String, NatGatewayId)>,
    /// Routes to egress-only Internet gateways.
    pub exit_routes: Vec<(String, EgressOnlyInternetGatewayId)>,
}
