//! What people are told about a network that somebody else made.

use super::choose::Chosen;
use super::guest::Guest;
use super::observed::{Existing, Subnet, Vpc};
use crate::cidr::{Cidr, Side};
use crate::network::facts::{self, NetworkFacts, SubnetFacts};
use crate::network::observed::Target;
use crate::spec::NetworkSpec;

/// Of one that is not there.
pub fn unknown(spec: &NetworkSpec) -> NetworkFacts {
    NetworkFacts { name: spec.name.to_string(), is_existing: true, ..NetworkFacts::default() }
}

pub fn facts(
    spec: &NetworkSpec,
    (seen, vpc): (&Existing, &Vpc),
    chosen: &Chosen<'_>,
    guest: &Guest<'_>,
) -> NetworkFacts {
    let mut facts = unknown(spec);
    facts.s3_endpoint = guest.s3.map(|endpoint| endpoint.id.0.clone());
    facts.interface_endpoints = facts::interface_endpoints(&guest.endpoints);
    facts.cidr = vpc.cidr.to_string();
    facts.vpc_id = Some(vpc.id.0.clone());
    facts.internet_gateway = seen.internet_gateways.first().map(|gateway| gateway.0.clone());
    for (side, name, subnet) in chosen.named() {
        let told = told(seen, name.as_str().trim_start_matches("subnet "), subnet);
        match side {
            Side::Public => facts.public_subnets.push(told),
            Side::Private => facts.private_subnets.push(told),
        }
    }
    facts
}

fn told(seen: &Existing, name: &str, subnet: &Subnet) -> SubnetFacts {
    let table = seen.table(&subnet.id);
    let default = table.and_then(|table| table.route(&Cidr::ANYWHERE.to_string()));
    SubnetFacts {
        name: name.to_owned(),
        id: subnet.id.0.clone(),
        cidr: subnet.cidr.map(|cidr| cidr.to_string()).unwrap_or_default(),
        // Whether it has IPv6 is not asked.
        ipv6_cidr: None,
        zone: subnet.zone.clone(),
        route_table: table.map(|table| table.id.0.clone()),
        default_route: default.map(|route| match &route.target {
            Target::Local => "local".to_owned(),
            target => target.to_string(),
        }),
    }
}
