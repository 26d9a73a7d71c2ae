//! What a forgotten resource costs a month, roughly: for a report, not for a bill.
//!
//! On demand in us-east-1, June 2026, for 730 hours and without traffic. Sources: "Amazon VPC Pricing" (NAT gateway
//! 0.045 USD an hour, interface endpoint 0.01 in each zone, public IPv4 address 0.005), "Elastic Load Balancing
//! Pricing" (Application Load Balancer 0.0225, without capacity units).

use super::leftover::Kind;

/// When the prices were looked up.
pub const AS_OF: &str = "2026-06";

/// US cents a month; `None` where it depends on what runs in it.
pub const fn cents(kind: Kind) -> Option<u32> {
    match kind {
        Kind::NatGateway => Some(3285),
        Kind::ElasticIp => Some(365),
        // In two zones, as moat would make one.
        Kind::InterfaceEndpoint => Some(1460),
        Kind::LoadBalancer => Some(1643),
        Kind::Service | Kind::Task | Kind::LogGroup | Kind::Other => None,
        Kind::Vpc
        | Kind::Subnet
        | Kind::InternetGateway
        | Kind::RouteTable
        | Kind::SecurityGroup
        | Kind::GatewayEndpoint
        | Kind::TargetGroup
        | Kind::Listener
        | Kind::Cluster
        | Kind::TaskDefinition => Some(0),
    }
}
