//! Why a packet does not arrive, or might not, or arrives where none should: one value for each cause.
//!
//! Two tasks that fail for the same reason share one cause, so a broken NAT gateway is one fault and not forty.

use super::facts::{Destination, EndpointState, Target};
use super::filters::Ports;
use crate::ids::{
    InterfaceId, InternetGatewayId, LoadBalancerArn, NatGatewayId, NetworkAclId, PrefixListId, RouteTableId,
    SecurityGroupId, SubnetId, VpcEndpointId, VpcId,
};
use crate::rule::{Direction, Rule};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    // Names.
    DnsSupportOff(VpcId),
    DnsHostnamesOff(VpcId),
    OtherResolvers(Vec<String>),
    // Routes.
    NoRoute(RouteTableId),
    BlackHole(RouteTableId, Destination, Target),
    /// A route to an Internet gateway, from a subnet whose tasks have no public IP.
    NoPublicIp(RouteTableId, Destination, InternetGatewayId),
    /// A route to something whose other end cannot be seen from here.
    Unfollowed(RouteTableId, Destination, Target),
    // Gateways.
    Detached(InternetGatewayId),
    /// With its state in words.
    NatNotAvailable(NatGatewayId, String),
    NatIsPrivate(NatGatewayId),
    /// The table in force where the gateway stands, and where that leads instead of to an Internet gateway.
    NatStranded(NatGatewayId, Option<SubnetId>, RouteTableId, Option<Target>),
    // Filters.
    Acl(NetworkAclId, Direction, Ports),
    GroupOut(Vec<SecurityGroupId>),
    // Endpoints.
    /// For this service, where there are endpoints for others and no route to the Internet.
    NoEndpoint(String),
    PrivateDnsOff(VpcEndpointId),
    EndpointNotAvailable(VpcEndpointId, EndpointState),
    EndpointOffTable(VpcEndpointId, RouteTableId),
    EndpointNowhere(VpcEndpointId),
    EndpointGroup(Vec<SecurityGroupId>),
    EndpointPolicy(VpcEndpointId, Vec<String>),
    // Rights.
    Denied(String, Vec<String>),
    // The door.
    PublicIpAssigned(String),
    PublicIp(InterfaceId, SubnetId, String),
    SubnetGivesPublicIps(SubnetId),
    OpenRoute(SubnetId, RouteTableId, Destination, Target),
    Admits(SecurityGroupId, Rule),
    OpenBesideListeners(LoadBalancerArn, SecurityGroupId, Rule),
    // What could not be read.
    NothingToProve,
    Unread(Thing),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    Subnet(SubnetId),
    /// A subnet's IPv4 range: it has none.
    Ipv4(SubnetId),
    TableOf(SubnetId),
    Table(RouteTableId),
    AclOf(SubnetId),
    Group(SecurityGroupId),
    List(PrefixListId),
    NatGateway(NatGatewayId),
    InternetGateway(InternetGatewayId),
    Endpoint(VpcEndpointId),
}
