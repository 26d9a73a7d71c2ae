//! Reads a network that somebody else made, whatever its tags, as the hands do.

use crate::call::Hand;
use crate::interfaces::ACCOUNT;
use crate::shelf::Tags;
use crate::state::State;
use futures_util::try_join;
use moat::error::Failure;
use moat::ids::{InternetGatewayId, SubnetId, VpcId};
use moat::network::existing::Existing;
use moat::network::existing::observed::{Beside, OtherEndpoint, OtherKind, Subnet, Table, Vpc};
use moat::spec::ExistingNetwork;
use moat::tags::Owner;

/// `guest` owns endpoints there, where there are to be some.
pub async fn observe(hand: &Hand, spec: &ExistingNetwork, guest: Option<Owner>) -> Result<Existing, Failure> {
    macro_rules! look {
        ($what:literal, $read:expr) => {{
            let home = spec.vpc_id.clone();
            hand.look($what, move |state| $read(state, &home))
        }};
    }
    let (vpc, mut subnets, tables, internet_gateways) = try_join!(
        look!("describe the VPC", vpc),
        look!("describe its subnets", inside),
        look!("describe its route tables", tables),
        look!("describe its internet gateways", internet_gateways),
    )?;
    let named = spec.public_subnets.iter().chain(&spec.private_subnets);
    let missing: Vec<SubnetId> =
        named.filter(|id| subnets.iter().all(|found: &Subnet| found.id != **id)).cloned().collect();
    if !missing.is_empty() {
        subnets.extend(hand.look("describe the subnets named", move |state| elsewhere(state, &missing)).await?);
    }
    let mut beside = None;
    if let Some(guest) = guest.filter(|_| vpc.is_some()) {
        let (home, at) = (spec.vpc_id.clone(), spec.vpc_id.clone());
        let names = hand.look("describe attributes of the VPC", move |state| names(state, &home));
        let endpoints = hand.look("describe its VPC endpoints", move |state| endpoints(state, &at, &guest));
        let ((dns_support, dns_hostnames), endpoints) = try_join!(names, endpoints)?;
        beside = Some(Beside { dns_support, dns_hostnames, endpoints });
    }
    Ok(Existing { vpc, subnets, tables, internet_gateways, beside })
}

fn vpc(state: &State, home: &VpcId) -> Option<Vpc> {
    let found = state.vpcs.seen(state.now).find(|kept| kept.thing.id == *home)?;
    let (cidr, owner) = (found.thing.cidr, Some(ACCOUNT.to_owned()));
    Some(Vpc { id: home.clone(), owner, cidr, ranges: vec![cidr] })
}

fn names(state: &State, home: &VpcId) -> (bool, bool) {
    state.vpcs.get(home.as_str()).map(|vpc| (vpc.dns_support, vpc.dns_hostnames)).unwrap_or_default()
}

/// What is the guest's own is no endpoint of others.
fn endpoints(state: &State, home: &VpcId, guest: &Owner) -> Vec<OtherEndpoint> {
    let name = |service: &str| format!("com.amazonaws.{}.{service}", state.region);
    let inside = state.endpoints.seen(state.now).filter(|kept| kept.thing.vpc == *home && !guest.owns(&kept.tags));
    let gateways = inside.map(|kept| OtherEndpoint {
        id: kept.thing.id.clone(),
        service: name("s3"),
        kind: OtherKind::Gateway(kept.thing.tables.seen(state.now).cloned().collect()),
    });
    let inside = state.interface_endpoints.seen(state.now).filter(|kept| kept.thing.vpc == *home);
    let others = inside.filter(|kept| !guest.owns(&kept.tags) && kept.thing.state.is_live());
    let interfaces = others.map(|kept| OtherEndpoint {
        id: kept.thing.id.clone(),
        service: name(&kept.thing.service),
        kind: OtherKind::Interface { private_dns: kept.thing.private_dns },
    });
    gateways.chain(interfaces).collect()
}

fn inside(state: &State, home: &VpcId) -> Vec<Subnet> {
    let inside = state.subnets.seen(state.now).filter(|kept| kept.thing.vpc == *home);
    inside.map(|kept| subnet(&kept.thing, &kept.tags)).collect()
}

fn elsewhere(state: &State, named: &[SubnetId]) -> Vec<Subnet> {
    let named = state.subnets.seen(state.now).filter(|kept| named.contains(&kept.thing.id));
    named.map(|kept| subnet(&kept.thing, &kept.tags)).collect()
}

fn subnet(found: &moat::network::observed::Subnet, tags: &Tags) -> Subnet {
    Subnet {
        id: found.id.clone(),
        name: tags.get("Name").cloned(),
        vpc: found.vpc.clone(),
        cidr: Some(found.cidr),
        zone: found.zone.clone(),
        gives_public_ips: found.gives_public_ips,
    }
}

fn tables(state: &State, home: &VpcId) -> Vec<Table> {
    let inside = state.tables.seen(state.now).map(|kept| &kept.thing).filter(|table| table.vpc == *home);
    inside
        .map(|table| Table {
            id: table.id.clone(),
            is_main: table.is_main,
            subnets: table.associations.seen(state.now).map(|(_, subnet)| subnet.clone()).collect(),
            routes: table.routes.seen(state.now).map(|route| state.route(route)).collect(),
        })
        .collect()
}

fn internet_gateways(state: &State, home: &VpcId) -> Vec<InternetGatewayId> {
    let attached = state.internet_gateways.seen(state.now).filter(|kept| kept.thing.vpc.as_ref() == Some(home));
    attached.map(|kept| kept.thing.id.clone()).collect()
}
