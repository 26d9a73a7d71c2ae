//! From what was asked for and what was found to what must be done.

use super::NetworkStageSpec;
use super::desired::{self, Zone};
use super::endpoints::{self, s3};
use super::found::Found;
use super::ipv6;
use super::observed::{NatGateway, NatState, Observed, Route, RouteTable, Target};
use super::step::{Gateway, NetworkStep};
use crate::cidr::{Anywhere, Side};
use crate::ids::SubnetId;
use crate::plan::{Plan, Problem, Refusal, Waiting};
use crate::spec::NetworkSpec;

/// Seconds that a NAT gateway needs: 85 to 125, median 115, in ten logs of other people's accounts.
const NAT_GATEWAY_USUAL: u32 = 100;
/// Seconds that deleting one needs: 53 to 62.
const NAT_GATEWAY_DELETE_USUAL: u32 = 50;

/// The plan of a network, in the order of its parts.
pub fn plan(stage: &NetworkStageSpec, observed: &Observed) -> Result<Plan<NetworkStep>, Refusal> {
    let (found, spec) = (Found::of(stage, observed)?, &stage.network);
    Refusal::unless_none(contradictions(spec, observed, &found), ())?;
    let mut plan = Plan::default();
    vpc(spec, &found, &mut plan);
    internet_gateway(&found, &mut plan);
    subnets(&found, &mut plan);
    ipv6::plan(spec, &found, &mut plan);
    elastic_ips(&found, &mut plan);
    nat_gateways(observed, &found, &mut plan);
    route_tables(observed, &found, &mut plan);
    public_routes(spec, observed, &found, &mut plan);
    private_routes(spec, &found, &mut plan);
    let ground = found.ground(stage);
    s3::plan(&ground, observed, found.endpoint, &mut plan);
    endpoints::plan::plan(&ground, observed, &found.endpoints, &mut plan);
    default_group(observed, &found, &mut plan);
    spare_nat_gateways(observed, &found, &mut plan);
    ipv6::spare_gateways(&found, &mut plan);
    twins(&found, &mut plan);
    Ok(plan)
}

/// What cannot be reached from here without taking something away that may be in use.
fn contradictions(spec: &NetworkSpec, observed: &Observed, found: &Found<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Some(vpc) = found.vpc else { return problems };
    if vpc.cidr != spec.cidr {
        let message = format!(
            "is {}, but the network exists with {} and AWS cannot change that. Put {} back, or make another network",
            spec.cidr, vpc.cidr, vpc.cidr
        );
        problems.push(Problem::at("/network/cidr", message));
        return problems;
    }
    for zone in &found.zones {
        for side in [Side::Public, Side::Private] {
            let Some(subnet) = found.subnet(&zone.subnet(side)) else { continue };
            if subnet.cidr != zone.cidr(side) || subnet.zone != zone.name {
                problems.push(Problem::general(format!(
                    "{} {} is {} in {}, but it should be {} in {}. Somebody made it again by hand; delete it or take its moat tags off",
                    subnet.resource, subnet.id, subnet.cidr, subnet.zone, zone.cidr(side), zone.name
                )));
            }
        }
    }
    let is_wanted =
        |name| found.zones.iter().any(|z| z.subnet(Side::Public) == name || z.subnet(Side::Private) == name);
    let extra = observed.subnets.iter().filter(|s| s.vpc == vpc.id && !is_wanted(s.resource.clone()));
    let extra: Vec<String> = extra.map(|subnet| format!("{} {}", subnet.resource, subnet.id)).collect();
    if !extra.is_empty() && !found.zones.is_empty() {
        let message = format!(
            "is {}, but the network has more already: {}. moat takes no zone away, since tasks may be running there",
            spec.zones,
            extra.join(", ")
        );
        problems.push(Problem::at("/network/zones", message));
    }
    problems.extend(ipv6::turned_off(spec, found));
    problems
}

fn vpc(spec: &NetworkSpec, found: &Found<'_>, plan: &mut Plan<NetworkStep>) {
    if found.vpc.is_none() {
        plan.step(NetworkStep::CreateVpc { cidr: spec.cidr });
    }
    // AWS makes a VPC with DNS support on and DNS hostnames off ("DNS attributes in your VPC"). The first call must
    // be done before the second is accepted, and only an attribute that is off is turned on.
    if found.vpc.is_some_and(|vpc| !vpc.dns_support) {
        plan.step(NetworkStep::EnableDnsSupport);
    }
    if found.vpc.is_none_or(|vpc| !vpc.dns_hostnames) {
        plan.step(NetworkStep::EnableDnsHostnames);
    }
}

fn internet_gateway(found: &Found<'_>, plan: &mut Plan<NetworkStep>) {
    if found.internet_gateway.is_none() {
        plan.step(NetworkStep::CreateInternetGateway);
    }
    if found.internet_gateway.is_none_or(|gateway| gateway.vpc.is_none()) {
        plan.step(NetworkStep::AttachInternetGateway);
    }
}

fn subnets(found: &Found<'_>, plan: &mut Plan<NetworkStep>) {
    for side in [Side::Public, Side::Private] {
        for zone in &found.zones {
            let name = zone.subnet(side);
            match found.subnet(&name) {
                None => plan.step(NetworkStep::CreateSubnet {
                    subnet: name,
                    cidr: zone.cidr(side),
                    zone: zone.name.clone(),
                }),
                Some(subnet) if subnet.gives_public_ips => {
                    plan.step(NetworkStep::StopGivingPublicIps { subnet: name, id: subnet.id.clone() });
                }
                Some(_) => {}
            }
        }
    }
}

fn elastic_ips(found: &Found<'_>, plan: &mut Plan<NetworkStep>) {
    for place in desired::nat_places(&found.zones) {
        let Some(address) = place.address() else { continue };
        // A gateway that lives holds one already, whether or not that one is seen.
        let is_held = found.nat_gateway(&place.gateway()).is_some();
        if found.address(&address).is_none() && !is_held {
            plan.step(NetworkStep::AllocateAddress { address });
        }
    }
}

/// One that failed is removed and reported, not quietly made again: the cause is still there (C2).
fn nat_gateways(observed: &Observed, found: &Found<'_>, plan: &mut Plan<NetworkStep>) {
    for place in desired::nat_places(&found.zones) {
        let name = place.gateway();
        match found.nat_gateway(&name) {
            Some(gateway) if gateway.state == NatState::Pending => {
                plan.wait(Waiting::usual(format!("{name} {} (pending)", gateway.id), NAT_GATEWAY_USUAL, gateway.age));
            }
            Some(_) => {}
            None => {
                if let Some(gateway) = found.deleting(observed, place) {
                    plan.wait(Waiting::usual(being_deleted(gateway), NAT_GATEWAY_DELETE_USUAL, None));
                }
                let predecessor = found.predecessor(observed, place);
                plan.step(NetworkStep::CreateNatGateway { place, predecessor });
            }
        }
    }
    let home = found.vpc.map(|vpc| &vpc.id);
    for gateway in observed.nat_gateways.iter().filter(|gateway| Some(&gateway.vpc) == home) {
        if let NatState::Failed(reason) = &gateway.state {
            let (name, id) = (gateway.resource.clone(), gateway.id.clone());
            plan.steps
                .retain(|step| !matches!(step, NetworkStep::CreateNatGateway { place, .. } if place.gateway() == name));
            let why = format!("which failed: {reason}");
            let kept = if gateway.subnet.is_some() { " and kept its elastic IP" } else { "" };
            plan.halt(Problem::general(format!(
                "AWS could not create {name} {id}: {reason}. moat deleted it{kept}. Remove the cause and start the provision again"
            )));
            plan.step(NetworkStep::DeleteNatGateway { gateway: name, id, why, is_unused: true });
        }
    }
}

fn route_tables(observed: &Observed, found: &Found<'_>, plan: &mut Plan<NetworkStep>) {
    let private = found.zones.iter().map(Zone::private_table);
    for table in std::iter::once(desired::public_table()).chain(private) {
        if found.table(&table).is_none() {
            plan.step(NetworkStep::CreateRouteTable { table });
        }
    }
    for side in [Side::Public, Side::Private] {
        for zone in &found.zones {
            // No subnet is put into a private table that leads to the Internet: it is closed first (E3).
            let is_open = side == Side::Private && found.table(&zone.private_table()).is_some_and(is_open);
            if !is_open {
                association(observed, found, zone, side, plan);
            }
        }
    }
}

fn is_open(table: &RouteTable) -> bool {
    table.routes.iter().any(|route| matches!(route.target, Target::InternetGateway(_)))
}

fn association(observed: &Observed, found: &Found<'_>, zone: &Zone, side: Side, plan: &mut Plan<NetworkStep>) {
    let (subnet, table) = (zone.subnet(side), zone.table(side));
    let current = found.subnet(&subnet).and_then(|subnet| {
        let associated =
            |t: &RouteTable| t.associations.iter().find(|(_, id)| *id == subnet.id).map(|(id, _)| id.clone());
        observed.route_tables.iter().find_map(|t| Some((t, associated(t)?)))
    });
    match current {
        None => plan.step(NetworkStep::AssociateRouteTable { table, subnet }),
        Some((now, _)) if found.table(&table).is_some_and(|ours| ours.id == now.id) => {}
        Some((now, association)) => {
            plan.step(NetworkStep::MoveAssociation { table, subnet, association, from: now.id.clone() });
        }
    }
}

/// The public table leads to the Internet only once no private subnet is in it, whoever put it there (E3).
fn public_routes(spec: &NetworkSpec, observed: &Observed, found: &Found<'_>, plan: &mut Plan<NetworkStep>) {
    let table = desired::public_table();
    let private = found.zones.iter().filter_map(|zone| found.subnet(&zone.subnet(Side::Private)));
    let strays: Vec<&SubnetId> = private.map(|subnet| &subnet.id).collect();
    let mut inside = observed.route_tables.iter().filter(|it| it.resource.as_ref() == Some(&table));
    if inside.any(|table| table.associations.iter().any(|(_, subnet)| strays.contains(&subnet))) {
        return;
    }
    let ours = found.internet_gateway.map(|gateway| Target::InternetGateway(gateway.id.clone()));
    for destination in [Anywhere::Ipv4].into_iter().chain(spec.ipv6.then_some(Anywhere::Ipv6)) {
        default_route(found.table(&table), (&table, destination), Gateway::Internet, ours.as_ref(), plan);
    }
}

/// Where the default route of a family should lead.
pub(super) struct Way {
    pub gateway: Gateway,
    /// What it leads to then, once that exists.
    pub target: Option<Target>,
    pub is_ready: bool,
}

/// Private tables lead to a NAT gateway that is available, by IPv6 to the egress-only Internet gateway, and never to the
/// Internet gateway (C3, E3).
fn private_routes(spec: &NetworkSpec, found: &Found<'_>, plan: &mut Plan<NetworkStep>) {
    for zone in &found.zones {
        let name = zone.private_table();
        let table = found.table(&name);
        let ways = [(Anywhere::Ipv4, nat_way(zone, found)), (Anywhere::Ipv6, ipv6::way_out(spec, found))];
        let mut holes = Vec::new();
        for route in table.iter().flat_map(|table| &table.routes) {
            let way = ways.iter().find(|(destination, _)| destination.as_str() == route.destination);
            let way = way.and_then(|(_, way)| way.as_ref());
            // One to a gateway that is gone leads nowhere; it is led to the new one.
            let is_dead_exit = way.is_some_and(|way| way.gateway == Gateway::EgressOnly) && !route.is_active;
            let is_hole = route.target.leads_to_the_internet() && !ipv6::is_ours(found, route) && !is_dead_exit;
            if let Some(table) = table
                && is_hole
                && !way.is_some_and(|way| way.is_ready)
            {
                holes.push(route.destination.as_str());
                plan.step(NetworkStep::DeleteRoute {
                    table: name.clone(),
                    id: table.id.clone(),
                    destination: route.destination.clone(),
                    target: route.target.clone(),
                });
            }
        }
        for (destination, way) in ways {
            match way {
                None => no_default_route(found, table, (&name, destination), plan),
                // Closed first; the next pass adds the route to the gateway.
                Some(way) if holes.contains(&destination.as_str()) => {
                    plan.step(NetworkStep::CreateRoute { table: name.clone(), destination, gateway: way.gateway });
                }
                Some(way) => default_route(table, (&name, destination), way.gateway, way.target.as_ref(), plan),
            }
        }
    }
}

fn nat_way(zone: &Zone, found: &Found<'_>) -> Option<Way> {
    let place = zone.nat?;
    let nat = found.nat_gateway(&place.gateway());
    Some(Way {
        gateway: Gateway::Nat(place),
        target: nat.map(|nat| Target::NatGateway(nat.id.clone())),
        is_ready: nat.is_some_and(|nat| nat.state == NatState::Available),
    })
}

/// Where endpoints are the only way out, wherever the default route leads; what leads to the Internet is closed already.
fn no_default_route(
    found: &Found<'_>,
    table: Option<&RouteTable>,
    (name, destination): (&crate::name::Logical, Anywhere),
    plan: &mut Plan<NetworkStep>,
) {
    let Some(table) = table else { return };
    let is_to_go = |route: &&Route| match destination {
        Anywhere::Ipv4 => !route.target.leads_to_the_internet(),
        Anywhere::Ipv6 => ipv6::is_ours(found, route),
    };
    let routes = table.routes.iter().filter(|route| route.destination == destination.as_str());
    for route in routes.filter(is_to_go) {
        plan.step(NetworkStep::DeleteDefaultRoute {
            table: name.clone(),
            id: table.id.clone(),
            destination,
            target: route.target.clone(),
            is_black_hole: !route.is_active,
        });
    }
}

fn default_route(
    table: Option<&RouteTable>,
    (name, destination): (&crate::name::Logical, Anywhere),
    gateway: Gateway,
    ours: Option<&Target>,
    plan: &mut Plan<NetworkStep>,
) {
    let route = table.and_then(|table| table.routes.iter().find(|route| route.destination == destination.as_str()));
    match route {
        None => plan.step(NetworkStep::CreateRoute { table: name.clone(), destination, gateway }),
        Some(route) if Some(&route.target) == ours && route.is_active => {}
        Some(route) => plan.step(NetworkStep::ReplaceRoute {
            table: name.clone(),
            destination,
            gateway,
            old: route.target.clone(),
            is_black_hole: !route.is_active,
        }),
    }
}

/// AWS puts the default group on whatever names no other, and it lets its members talk freely.
fn default_group(observed: &Observed, found: &Found<'_>, plan: &mut Plan<NetworkStep>) {
    let home = found.vpc.map(|vpc| &vpc.id);
    match observed.default_groups.iter().find(|group| Some(&group.vpc) == home) {
        None => plan.step(NetworkStep::EmptyDefaultGroup { group: None, rules: Vec::new() }),
        Some(group) if group.rules.is_empty() => {}
        Some(group) => {
            plan.step(NetworkStep::EmptyDefaultGroup { group: Some(group.id.clone()), rules: group.rules.clone() })
        }
    }
}

/// Going from one NAT gateway per zone to a single one: routes first, then the gateways, then their addresses.
fn spare_nat_gateways(observed: &Observed, found: &Found<'_>, plan: &mut Plan<NetworkStep>) {
    for gateway in &found.spare_nat_gateways {
        let why = "which the spec does not ask for".to_owned();
        let is_unused = found.nat_gateway(&gateway.resource).is_some();
        let (gateway, id) = (gateway.resource.clone(), gateway.id.clone());
        plan.step(NetworkStep::DeleteNatGateway { gateway, id, why, is_unused });
    }
    for address in &found.spare_addresses {
        plan.step(NetworkStep::ReleaseAddress {
            address: address.resource.clone(),
            id: address.id.clone(),
            ip: address.ip.clone(),
            is_unused: found.address(&address.resource).is_some(),
        });
        let held_by = observed
            .nat_gateways
            .iter()
            .find(|gateway| gateway.allocation.as_ref() == Some(&address.id) && gateway.state == NatState::Deleting);
        if let Some(gateway) = held_by {
            plan.wait(Waiting::usual(being_deleted(gateway), NAT_GATEWAY_DELETE_USUAL, None));
        }
    }
}

fn being_deleted(gateway: &NatGateway) -> String {
    format!("{} {} (deleting)", gateway.resource, gateway.id)
}

/// Twins go only once the one that counts is known to count.
fn twins(found: &Found<'_>, plan: &mut Plan<NetworkStep>) {
    for table in &found.twin_tables {
        if let Some(name) = &table.resource {
            plan.step(NetworkStep::DeleteTwinRouteTable { table: name.clone(), id: table.id.clone() });
        }
    }
    if found.internet_gateway.is_some_and(|gateway| gateway.vpc.is_some()) {
        for gateway in &found.twin_internet_gateways {
            plan.step(NetworkStep::DeleteTwinInternetGateway { id: gateway.id.clone() });
        }
    }
    if found.endpoint.is_some_and(|endpoint| !endpoint.tables.is_empty()) {
        for endpoint in &found.twin_endpoints {
            plan.step(NetworkStep::DeleteTwinEndpoint { id: endpoint.id.clone() });
        }
    }
    if !found.subnets.is_empty() {
        for vpc in &found.twin_vpcs {
            plan.step(NetworkStep::DeleteTwinVpc { id: vpc.id.clone() });
        }
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
pub(super) mod tests;
