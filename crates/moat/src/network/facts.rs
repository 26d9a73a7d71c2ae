//! What people and later stages are told about a network.

use super::NetworkStageSpec;
use super::desired;
use super::endpoints::FoundEndpoints;
use super::found::Found;
use super::observed::{EndpointState, InterfaceEndpoint, NatState, Observed, Target};
use crate::cidr::{Cidr, Side};
use crate::spec::EndpointService;
use serde::{Deserialize, Serialize};

/// The `network` part of a provision's output. Parts that do not exist yet are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkFacts {
    pub name: String,
    pub cidr: String,
    /// Whether somebody else made it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_existing: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
    /// The VPC's IPv6 block, where the network has IPv6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6_cidr: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internet_gateway: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress_only_internet_gateway: Option<String>,
    pub public_subnets: Vec<SubnetFacts>,
    pub private_subnets: Vec<SubnetFacts>,
    pub nat_gateways: Vec<NatGatewayFacts>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3_endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interface_endpoints: Vec<EndpointFacts>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointFacts {
    /// `ecr.api`
    pub service: String,
    pub id: String,
    pub is_available: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubnetFacts {
    /// `public-a`, `private-b`
    pub name: String,
    pub id: String,
    pub cidr: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6_cidr: Option<String>,
    pub zone: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_table: Option<String>,
    /// The id that 0.0.0.0/0 leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_route: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NatGatewayFacts {
    /// The letter of its zone, or `regional`.
    pub name: String,
    pub id: String,
    /// None for a regional one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_ip: Option<String>,
    /// Those of a regional one, which AWS chooses and may change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub public_ips: Vec<String>,
    pub is_available: bool,
}

pub(super) fn facts(spec: &NetworkStageSpec, observed: &Observed) -> NetworkFacts {
    let mut facts = NetworkFacts {
        name: spec.network.name.to_string(),
        cidr: spec.network.cidr.to_string(),
        ..NetworkFacts::default()
    };
    let Ok(found) = Found::of(spec, observed) else { return facts };
    facts.vpc_id = found.vpc.map(|vpc| vpc.id.0.clone());
    facts.internet_gateway = found.internet_gateway.map(|gateway| gateway.id.0.clone());
    if spec.network.ipv6 {
        facts.ipv6_cidr = found.ipv6_block().map(|block| block.range.to_string());
        facts.egress_only_internet_gateway = found.egress_only_gateway.map(|gateway| gateway.id.0.clone());
    }
    facts.s3_endpoint = found.endpoint.map(|endpoint| endpoint.id.0.clone());
    let subnets = |side: Side| -> Vec<SubnetFacts> {
        let zones = found.zones.iter();
        zones
            .filter_map(|zone| subnet(&found, zone.subnet(side).as_str().trim_start_matches("subnet "), zone, side))
            .collect()
    };
    facts.public_subnets = subnets(Side::Public);
    facts.private_subnets = subnets(Side::Private);
    facts.interface_endpoints = interface_endpoints(&found.endpoints);
    let places = desired::nat_places(&found.zones).into_iter();
    for (place, gateway) in places.filter_map(|place| Some((place, found.nat_gateway(&place.gateway())?))) {
        // A gateway that does not say which address it holds was given the one of its own zone.
        let named = observed.addresses.iter().find(|address| gateway.allocation.as_ref() == Some(&address.id));
        let address = named.or_else(|| found.address(&place.address()?));
        facts.nat_gateways.push(NatGatewayFacts {
            name: place.to_string(),
            id: gateway.id.0.clone(),
            subnet: gateway.subnet.as_ref().map(|subnet| subnet.0.clone()),
            public_ip: address.map(|address| address.ip.clone()),
            public_ips: if gateway.subnet.is_none() { gateway.ips.clone() } else { Vec::new() },
            is_available: gateway.state == NatState::Available,
        });
    }
    facts
}

pub(super) fn interface_endpoints(found: &FoundEndpoints<'_>) -> Vec<EndpointFacts> {
    let told = |(service, endpoint): (&EndpointService, &&InterfaceEndpoint)| EndpointFacts {
        service: service.to_string(),
        id: endpoint.id.0.clone(),
        is_available: endpoint.state == EndpointState::Available,
    };
    found.interfaces.iter().map(told).collect()
}

fn subnet(found: &Found<'_>, name: &str, zone: &desired::Zone, side: Side) -> Option<SubnetFacts> {
    let subnet = found.subnet(&zone.subnet(side))?;
    let is_associated =
        |table: &&&super::observed::RouteTable| table.associations.iter().any(|(_, id)| *id == subnet.id);
    let table = found.tables.iter().find(is_associated);
    let default = table.and_then(|t| t.routes.iter().find(|r| r.destination == Cidr::ANYWHERE.to_string()));
    Some(SubnetFacts {
        name: name.to_owned(),
        id: subnet.id.0.clone(),
        cidr: subnet.cidr.to_string(),
        ipv6_cidr: subnet.ipv6.as_ref().map(|range| range.range.to_string()),
        zone: subnet.zone.clone(),
        route_table: table.map(|table| table.id.0.clone()),
        default_route: default.map(|route| match &route.target {
            Target::Local => "local".to_owned(),
            target => target.to_string(),
        }),
    })
}
