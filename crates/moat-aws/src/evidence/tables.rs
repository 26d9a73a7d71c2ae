//! Route tables, and where their routes lead.

use super::Reader;
use crate::answer::{Answer, present};
use crate::ec2::filter;
use aws_sdk_ec2::types::{self as aws, RouteOrigin, RouteState};
use moat::error::Failure;
use moat::ids::VpcEndpointId;
use moat::proof::facts::{Destination, NatGateway, NatPlace, Route, RouteTable, Target};
use moat::proof::ranges::Range;

impl Reader {
    pub(super) async fn tables(&self, vpc: &str) -> Result<Vec<aws::RouteTable>, Failure> {
        let inside = filter("vpc-id", [vpc.to_owned()]);
        let found = self.ec2.describe_route_tables().filters(inside).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(format!("describe route tables of {vpc}"))?;
        Ok(found.into_iter().filter(|table| table.vpc_id() == Some(vpc)).collect())
    }

    /// The tables of regional NAT gateways that are not among those of the VPC.
    pub(super) async fn tables_of_gateways(
        &self,
        nat_gateways: &[NatGateway],
        known: &[RouteTable],
        gateways: &[VpcEndpointId],
    ) -> Result<Vec<RouteTable>, Failure> {
        let regional = nat_gateways.iter().filter_map(|gateway| match &gateway.place {
            NatPlace::Regional(table) => Some(table),
            NatPlace::Subnet(_) => None,
        });
        let missing: Vec<String> =
            regional.filter(|id| known.iter().all(|table| table.id != **id)).map(|id| id.0.clone()).collect();
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let doing = format!("describe route tables {}", missing.join(", "));
        let by_id = filter("route-table-id", missing);
        let found = self.ec2.describe_route_tables().filters(by_id).into_paginator().items().send();
        let found = super::or_unread(found.collect::<Result<Vec<_>, _>>().await.read(&doing))?;
        found.iter().map(|found| table(found, gateways)).collect()
    }
}

/// A table. `gateways` are the gateway endpoints, which alone tell what a route to an endpoint is.
pub(super) fn table(found: &aws::RouteTable, gateways: &[VpcEndpointId]) -> Result<RouteTable, Failure> {
    let associations = found.associations();
    Ok(RouteTable {
        id: present(found.route_table_id(), "describe route tables", "id")?.into(),
        is_main: associations.iter().any(|association| association.main().unwrap_or(false)),
        subnets: associations.iter().filter_map(|association| association.subnet_id()).map(Into::into).collect(),
        routes: found.routes().iter().filter_map(|found| route(found, gateways)).collect(),
    })
}

fn route(found: &aws::Route, gateways: &[VpcEndpointId]) -> Option<Route> {
    let range = found.destination_cidr_block().or_else(|| found.destination_ipv6_cidr_block());
    let destination = match (range, found.destination_prefix_list_id()) {
        (Some(range), _) => Destination::Range(Range::new(range).ok()?),
        (None, Some(list)) => Destination::List(list.into()),
        (None, None) => return None,
    };
    Some(Route {
        target: target(found, &destination, gateways),
        destination,
        is_active: found.state() != Some(&RouteState::Blackhole),
        is_propagated: found.origin() == Some(&RouteOrigin::EnableVgwRoutePropagation),
    })
}

/// AWS names the target in the field of its kind; `GatewayId` is shared by `local`, gateways and endpoints.
fn target(found: &aws::Route, destination: &Destination, gateways: &[VpcEndpointId]) -> Target {
    let ids = [
        found.nat_gateway_id(),
        found.gateway_id(),
        found.transit_gateway_id(),
        found.vpc_peering_connection_id(),
        found.network_interface_id(),
        found.instance_id(),
        found.egress_only_internet_gateway_id(),
        found.local_gateway_id(),
        found.carrier_gateway_id(),
        found.core_network_arn(),
    ];
    let id = ids.into_iter().flatten().next().unwrap_or("an unknown target");
    match (Target::of_id(id, gateways), destination) {
        // An endpoint that was deleted leaves a black hole behind, which only its list tells from a firewall's.
        (Target::FirewallEndpoint(id), Destination::List(_)) => Target::GatewayEndpoint(id),
        (target, _) => target,
    }
}
