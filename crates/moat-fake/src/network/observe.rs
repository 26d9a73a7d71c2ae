//! Reads a network, each kind at a moment of its own, as the hands do.

use crate::call::Hand;
use crate::interfaces::ACCOUNT;
use crate::state::State;
use futures_util::try_join;
use moat::error::Failure;
use moat::ids::VpcId;
use moat::name::Logical;
use moat::network::observed::{
    Address, DefaultGroup, EgressOnlyInternetGateway, Endpoint, Group, InterfaceEndpoint, InternetGateway, NatGateway,
    Observed, RouteTable, Subnet, Vpc,
};
use moat::tags::{self, Owner};

pub async fn observe(hand: &Hand, owner: &Owner) -> Result<Observed, Failure> {
    macro_rules! look {
        ($what:literal, $read:expr) => {{
            let owner = owner.clone();
            hand.look($what, move |state| $read(state, &owner))
        }};
    }
    let place = hand.look("describe availability zones", |state| (state.region.clone(), state.zones.clone()));
    let (place, vpcs, subnets, internet_gateways, egress_only_gateways, addresses, nat_gateways, endpoints, groups) = try_join!(
        place,
        look!("describe VPCs", vpcs),
        look!("describe subnets", subnets),
        look!("describe internet gateways", internet_gateways),
        look!("describe egress-only internet gateways", egress_only_gateways),
        look!("describe elastic IPs", addresses),
        look!("describe NAT gateways", nat_gateways),
        look!("describe VPC endpoints", all_endpoints),
        look!("describe security groups", groups),
    )?;
    let (endpoints, interface_endpoints) = endpoints;
    let (region, zones) = place;
    let mut observed = Observed {
        region,
        account: (!vpcs.is_empty()).then(|| ACCOUNT.to_owned()),
        zones,
        vpcs,
        subnets,
        internet_gateways,
        egress_only_gateways,
        addresses,
        nat_gateways,
        endpoints,
        interface_endpoints,
        groups,
        ..Observed::default()
    };
    let home: Vec<VpcId> = observed.vpcs.iter().map(|vpc| vpc.id.clone()).collect();
    if !home.is_empty() {
        let (inside, us) = (home.clone(), owner.clone());
        let tables = hand.look("describe route tables", move |state| route_tables(state, &us, &inside));
        let default = hand.look("describe default security groups", move |state| default_groups(state, &home));
        (observed.route_tables, observed.default_groups) = try_join!(tables, default)?;
    }
    Ok(observed)
}

fn vpcs(state: &State, owner: &Owner) -> Vec<Vpc> {
    let vpc = |vpc: &crate::state::Vpc| Vpc {
        id: vpc.id.clone(),
        cidr: vpc.cidr,
        dns_support: vpc.dns_support,
        dns_hostnames: vpc.dns_hostnames,
        ipv6: vpc.ipv6.iter().filter(|block| block.is_associated).cloned().collect(),
        // AWS says which it is only then.
        is_ipv6_coming: vpc.ipv6.iter().any(|block| !block.is_associated),
    };
    state.vpcs.seen_of(owner, state.now).map(|kept| vpc(&kept.thing)).collect()
}

fn subnets(state: &State, owner: &Owner) -> Vec<Subnet> {
    state.subnets.seen_of(owner, state.now).map(|kept| kept.thing.clone()).collect()
}

fn internet_gateways(state: &State, owner: &Owner) -> Vec<InternetGateway> {
    state.internet_gateways.seen_of(owner, state.now).map(|kept| kept.thing.clone()).collect()
}

fn egress_only_gateways(state: &State, owner: &Owner) -> Vec<EgressOnlyInternetGateway> {
    state.egress_only_gateways.seen_of(owner, state.now).map(|kept| kept.thing.clone()).collect()
}

fn addresses(state: &State, owner: &Owner) -> Vec<Address> {
    let seen = state.addresses.seen_of(owner, state.now);
    seen.map(|kept| Address {
        id: kept.thing.id.clone(),
        resource: resource(&kept.tags),
        ip: kept.thing.ip.clone(),
        // AWS shows the association once the gateway has its network interface, some seconds later.
        is_associated: state.holder(&kept.thing.id).is_some_and(|gateway| state.now >= gateway.born + ASSOCIATED),
    })
    .collect()
}

/// Milliseconds until a NAT gateway's address is shown as associated.
const ASSOCIATED: u64 = 3_000;

fn nat_gateways(state: &State, owner: &Owner) -> Vec<NatGateway> {
    let seen = state.nat_gateways.seen_of(owner, state.now);
    seen.map(|kept| NatGateway {
        id: kept.thing.id.clone(),
        resource: resource(&kept.tags),
        vpc: kept.thing.vpc.clone(),
        subnet: kept.thing.subnet.clone(),
        allocation: kept.thing.allocation.clone(),
        ips: match &kept.thing.allocation {
            Some(id) => state.addresses.get(id.as_str()).map(|address| address.ip.clone()).into_iter().collect(),
            None => vec!["203.0.113.77".into()],
        },
        state: kept.thing.state.clone(),
        age: u32::try_from(state.now.saturating_sub(kept.thing.born) / 1000).ok(),
    })
    .collect()
}

fn endpoints(state: &State, owner: &Owner) -> Vec<Endpoint> {
    let seen = state.endpoints.seen_of(owner, state.now);
    seen.map(|kept| Endpoint {
        id: kept.thing.id.clone(),
        resource: resource(&kept.tags),
        vpc: kept.thing.vpc.clone(),
        tables: kept.thing.tables.seen(state.now).cloned().collect(),
        policy: Some(kept.thing.policy.clone()),
        is_live: true,
    })
    .collect()
}

fn all_endpoints(state: &State, owner: &Owner) -> (Vec<Endpoint>, Vec<InterfaceEndpoint>) {
    let seen = state.interface_endpoints.seen_of(owner, state.now);
    let interfaces = seen.map(|kept| InterfaceEndpoint {
        id: kept.thing.id.clone(),
        resource: resource(&kept.tags),
        vpc: kept.thing.vpc.clone(),
        subnets: kept.thing.subnets.clone(),
        groups: kept.thing.groups.clone(),
        private_dns: kept.thing.private_dns,
        policy: Some(kept.thing.policy.clone()),
        state: kept.thing.state.clone(),
        age: u32::try_from(state.now.saturating_sub(kept.thing.born) / 1000).ok(),
    });
    (endpoints(state, owner), interfaces.collect())
}

fn groups(state: &State, owner: &Owner) -> Vec<Group> {
    let seen = state.groups.seen_of(owner, state.now);
    seen.map(|kept| {
        let mut rules: Vec<_> = kept.thing.rules.seen(state.now).cloned().collect();
        rules.sort();
        rules.dedup();
        Group { id: kept.thing.id.clone(), resource: resource(&kept.tags), vpc: kept.thing.vpc.clone(), rules }
    })
    .collect()
}

fn route_tables(state: &State, owner: &Owner, vpcs: &[VpcId]) -> Vec<RouteTable> {
    let inside = state.tables.seen(state.now).filter(|kept| vpcs.contains(&kept.thing.vpc));
    inside
        .map(|kept| RouteTable {
            id: kept.thing.id.clone(),
            resource: owner.owns(&kept.tags).then(|| resource(&kept.tags)),
            vpc: kept.thing.vpc.clone(),
            associations: kept.thing.associations.seen(state.now).cloned().collect(),
            routes: kept.thing.routes.seen(state.now).map(|route| state.route(route)).collect(),
        })
        .collect()
}

fn default_groups(state: &State, vpcs: &[VpcId]) -> Vec<DefaultGroup> {
    let inside = state.groups.seen(state.now).map(|kept| &kept.thing).filter(|group| vpcs.contains(&group.vpc));
    let default = inside.filter(|group| group.name == "default");
    default
        .map(|group| {
            let mut rules: Vec<_> = group.rules.seen(state.now).cloned().collect();
            rules.sort();
            rules.dedup();
            DefaultGroup { id: group.id.clone(), vpc: group.vpc.clone(), rules }
        })
        .collect()
}

fn resource(tags: &crate::shelf::Tags) -> Logical {
    Logical::new(tags.get(tags::RESOURCE).cloned().unwrap_or_default())
}
