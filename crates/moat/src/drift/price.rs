//! What a forgotten resource costs a month, roughly: for a report, not for a bill.
//!
//! At the prices of us-east-1, whatever the region: a report of what is left over needs no more.

use super::leftover::Kind;
use crate::price::{Item, PriceList};

pub use crate::price::AS_OF;

/// US cents a month; `None` where it depends on what runs in it.
pub fn cents(kind: Kind) -> Option<u32> {
    let (item, units) = match kind {
        Kind::NatGateway => (Item::NatGateway, 1),
        Kind::ElasticIp => (Item::PublicIpv4, 1),
        // In two zones, as moat would make one.
        Kind::InterfaceEndpoint => (Item::InterfaceEndpoint, 2),
        Kind::LoadBalancer => (Item::ApplicationLoadBalancer, 1),
        Kind::Service | Kind::Task | Kind::LogGroup | Kind::Other => return None,
        Kind::Vpc
        | Kind::Subnet
        | Kind::InternetGateway
        | Kind::RouteTable
        | Kind::SecurityGroup
        | Kind::GatewayEndpoint
        | Kind::TargetGroup
        | Kind::Listener
        | Kind::Cluster
        | Kind::TaskDefinition => return Some(0),
    };
    u32::try_from(PriceList::of("us-east-1").cents(item, units)).ok()
}
