//! Every way to change a network.

use super::{CLOCK, IDENTITY, Nature, SET_ONCE, Walk, Ways, is_ours};
use crate::state::{Address, Endpoint, Group, InterfaceEndpoint, NatGateway, State, Table, Vpc};
use moat::cidr::Cidr;
use moat::ids::{AssociationId, RouteTableId, SubnetId};
use moat::ipv6::Ipv6Cidr;
use moat::network::observed::{
    EgressOnlyInternetGateway, EndpointState, InternetGateway, Ipv6Range, NatState, Subnet, Target,
};
use moat::rule::{Direction, Peer, Rule};

const ANYWHERE: &str = "0.0.0.0/0";
/// Somebody else's policy: one bucket only.
const POLICY: &str =
    r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::theirs/*"}]}"#;

pub fn walk(state: &State, ways: &mut Ways) {
    vpcs(state, ways);
    subnets(state, ways);
    gateways(state, ways);
    for kept in state.tables.kept().filter(is_ours) {
        table(state, &mut Walk::of(ways, &kept.tags), &kept.thing);
    }
    for kept in state.endpoints.kept().filter(is_ours) {
        endpoint(state, &mut Walk::of(ways, &kept.tags), &kept.thing);
    }
    for kept in state.interface_endpoints.kept().filter(is_ours) {
        interface_endpoint(state, &mut Walk::of(ways, &kept.tags), &kept.thing);
    }
    // The default group of others is their own business.
    let is_default = |group: &Group| group.name == "default" && !state.landlords.contains(&group.vpc);
    for kept in state.groups.kept().filter(|kept| is_default(&kept.thing)) {
        default_group(&mut Walk::of(ways, &kept.tags), &kept.thing);
    }
}

fn vpcs(state: &State, ways: &mut Ways) {
    for kept in state.vpcs.kept() {
        let mut walk = Walk::of(ways, &kept.tags);
        let Vpc { id, cidr: _, dns_support: _, dns_hostnames: _, ipv6 } = kept.thing.clone();
        walk.fixed("id", IDENTITY);
        walk.fixed("cidr", "AWS cannot change the first range of a VPC");
        walk.fixed("deleted", "AWS refuses to delete a VPC that has anything in it");
        let of = id.0.clone();
        walk.field("dns_support", move |state| {
            state.vpcs.get_mut(&of).into_iter().for_each(|it| it.dns_support = false)
        });
        let of = id.0.clone();
        walk.field("dns_hostnames", move |state| {
            state.vpcs.get_mut(&of).into_iter().for_each(|it| it.dns_hostnames = false);
        });
        let of = id.0.clone();
        let second = Ipv6Range { range: theirs(), is_associated: true };
        walk.delegated("ipv6: one block more", move |state| {
            state.vpcs.get_mut(&of).into_iter().for_each(|it| it.ipv6.push(second.clone()));
        });
        if !ipv6.is_empty() {
            walk.fixed("ipv6 block removed", "AWS refuses to take a block away that a subnet has a range of");
        }
        walk.add(Nature::Riddle, "tags taken off", move |state| state.vpcs.strip(id.as_str()));
    }
}

fn subnets(state: &State, ways: &mut Ways) {
    for kept in state.subnets.kept() {
        let mut walk = Walk::of(ways, &kept.tags);
        let Subnet { id, resource: _, vpc: _, cidr: _, zone: _, gives_public_ips: _, ipv6 } = kept.thing.clone();
        walk.fixed("id", IDENTITY);
        walk.fixed("resource", "it is the tag by which the subnet is known");
        for field in ["vpc", "cidr", "zone"] {
            walk.fixed(field, SET_ONCE);
        }
        walk.deleted();
        let of = id.0.clone();
        match ipv6 {
            Some(_) => walk.field("ipv6: none", move |state| {
                state.subnets.get_mut(&of).into_iter().for_each(|it| it.ipv6 = None);
            }),
            None => walk.delegated("ipv6: a range", move |state| {
                let range = Ipv6Range { range: theirs(), is_associated: true };
                state.subnets.get_mut(&of).into_iter().for_each(|it| it.ipv6 = Some(range.clone()));
            }),
        }
        walk.field("gives_public_ips", move |state| {
            state.subnets.get_mut(id.as_str()).into_iter().for_each(|it| it.gives_public_ips = true);
        });
    }
}

fn gateways(state: &State, ways: &mut Ways) {
    for kept in state.internet_gateways.kept() {
        let mut walk = Walk::of(ways, &kept.tags);
        let InternetGateway { id, vpc: _ } = kept.thing.clone();
        walk.fixed("id", IDENTITY);
        walk.deleted();
        walk.add(Nature::Deleted, "detached", move |state| {
            state.internet_gateways.get_mut(id.as_str()).into_iter().for_each(|it| it.vpc = None);
        });
    }
    for kept in state.egress_only_gateways.kept() {
        let mut walk = Walk::of(ways, &kept.tags);
        let EgressOnlyInternetGateway { id: _, vpc: _ } = &kept.thing;
        walk.fixed("id", IDENTITY);
        walk.fixed("vpc", SET_ONCE);
        walk.deleted();
    }
    for kept in state.addresses.kept() {
        let mut walk = Walk::of(ways, &kept.tags);
        let Address { id: _, ip: _ } = &kept.thing;
        walk.fixed("id", IDENTITY);
        walk.fixed("ip", SET_ONCE);
        walk.deleted();
    }
    for kept in state.nat_gateways.kept() {
        let mut walk = Walk::of(ways, &kept.tags);
        let NatGateway { id, vpc: _, subnet: _, allocation: _, table: _, state: _, born: _, ended: _, next: _ } =
            kept.thing.clone();
        walk.fixed("id", IDENTITY);
        for field in ["vpc", "subnet", "allocation", "table"] {
            walk.fixed(field, SET_ONCE);
        }
        walk.fixed("born", CLOCK);
        walk.fixed("next", CLOCK);
        walk.deleted();
        walk.add(Nature::Deleted, "state: deleting", move |state| {
            let at = state.now + 60_000;
            let Some(it) = state.nat_gateways.get_mut(id.as_str()) else { return };
            (it.state, it.next) = (NatState::Deleting, Some((at, NatState::Deleted)));
        });
    }
}

fn table(state: &State, walk: &mut Walk<'_>, table: &Table) {
    let Table { id, vpc: _, is_main: _, associations, routes } = table;
    walk.fixed("id", IDENTITY);
    walk.fixed("vpc", SET_ONCE);
    walk.fixed("is_main", "another table can be made the main one, but every subnet of ours names its own");
    walk.deleted();
    let others: Vec<(String, RouteTableId)> = state
        .tables
        .kept()
        .filter(|other| other.thing.id != *id)
        .map(|other| (name_of(other), other.thing.id.clone()))
        .collect();
    for (association, subnet) in associations.there() {
        let (of, gone) = (id.clone(), association.clone());
        let name = state.subnets.get(subnet.as_str()).map(|it| it.resource.to_string()).unwrap_or_default();
        walk.field(format!("association of {name} removed"), move |state| drop_association(state, &of, &gone));
        for (other_name, other) in &others {
            let (from, to) = ((id.clone(), association.clone()), (other.clone(), subnet.clone()));
            walk.field(format!("association of {name} moved to {other_name}"), move |state| {
                drop_association(state, &from.0, &from.1);
                associate(state, &to.0, &to.1);
            });
        }
    }
    for (destination, target) in routes.there() {
        if *target == Target::Local {
            walk.fixed("local route", "AWS refuses to remove it");
            continue;
        }
        let (of, to) = (id.clone(), destination.clone());
        walk.field(format!("route {destination} removed"), move |state| set_route(state, &of, &to, None));
    }
    wrong_ways(state, walk, id);
}

/// Routes that lead somewhere else, or that nobody asked for.
fn wrong_ways(state: &State, walk: &mut Walk<'_>, id: &RouteTableId) {
    let is_private = walk.resource.contains("private");
    let internet = state.internet_gateways.there().next().map(|it| Target::InternetGateway(it.id.clone()));
    let nat = state.nat_gateways.there().find(|it| it.state == NatState::Available);
    let nat = nat.map(|it| Target::NatGateway(it.id.clone()));
    let elsewhere = Target::Other("eni-theirs".into());
    let mut way = |what: String, destination: &str, target: Option<Target>, nature: Nature| {
        let (of, to) = (id.clone(), destination.to_owned());
        walk.add(nature, what, move |state| set_route(state, &of, &to, target.clone()));
    };
    way(format!("route {ANYWHERE} to an interface"), ANYWHERE, Some(elsewhere), Nature::Field);
    let peering = Some(Target::Other("pcx-theirs".into()));
    way("route 172.31.0.0/16 to a peering".into(), "172.31.0.0/16", peering, Nature::Delegated);
    if is_private {
        for destination in [ANYWHERE, "0.0.0.0/1", "203.0.113.0/24", "::/0", "2001:db8::/32", "pl-theirs"] {
            let what = format!("route {destination} to the Internet gateway");
            way(what, destination, internet.clone(), Nature::Field);
        }
        let egress_only = Some(Target::Other("eigw-theirs".into()));
        way("route ::/0 to an egress-only gateway".into(), "::/0", egress_only, Nature::Field);
    } else if nat.is_some() {
        way(format!("route {ANYWHERE} to a NAT gateway"), ANYWHERE, nat, Nature::Field);
    }
}

fn endpoint(state: &State, walk: &mut Walk<'_>, endpoint: &Endpoint) {
    let Endpoint { id, vpc: _, tables, policy: _ } = endpoint;
    walk.fixed("id", IDENTITY);
    walk.fixed("vpc", SET_ONCE);
    walk.fixed("private DNS", "a gateway endpoint has none: only interface endpoints do");
    walk.deleted();
    for table in tables.there() {
        let (of, gone) = (id.clone(), table.clone());
        let name = state.tables.kept().find(|it| it.thing.id == *table).map(name_of).unwrap_or_default();
        walk.field(format!("{name} taken off"), move |state| {
            let now = state.now;
            let it = state.endpoints.get_mut(of.as_str());
            it.into_iter().for_each(|it| _ = it.tables.remove(|table| *table == gone, now));
        });
    }
    for other in state.tables.there().filter(|it| !tables.there().any(|table| *table == it.id)) {
        let (of, more) = (id.clone(), other.id.clone());
        walk.delegated(format!("{more} put on"), move |state| {
            let now = state.now;
            state.endpoints.get_mut(of.as_str()).into_iter().for_each(|it| it.tables.put(more.clone(), now));
        });
    }
    let of = id.clone();
    walk.field("policy", move |state| {
        state.endpoints.get_mut(of.as_str()).into_iter().for_each(|it| it.policy = POLICY.into());
    });
}

fn interface_endpoint(state: &State, walk: &mut Walk<'_>, endpoint: &InterfaceEndpoint) {
    let InterfaceEndpoint {
        id,
        vpc: _,
        service: _,
        subnets,
        groups: _,
        private_dns: _,
        policy: _,
        state: _,
        born: _,
        next: _,
    } = endpoint;
    walk.fixed("id", IDENTITY);
    walk.fixed("vpc", SET_ONCE);
    walk.fixed("service", SET_ONCE);
    walk.fixed("born", CLOCK);
    walk.fixed("next", CLOCK);
    walk.deleted();
    let of = id.clone();
    walk.add(Nature::Deleted, "state: deleting", move |state| {
        let at = state.now + 60_000;
        let Some(it) = state.interface_endpoints.get_mut(of.as_str()) else { return };
        (it.state, it.next) = (EndpointState::Deleting, Some((at, EndpointState::Deleted)));
    });
    let mut set = |nature, what: String, change: Box<dyn Fn(&mut InterfaceEndpoint)>| {
        let of = id.clone();
        walk.add(nature, what, move |state| {
            state.interface_endpoints.get_mut(of.as_str()).into_iter().for_each(&change);
        });
    };
    set(Nature::Field, "private_dns".into(), Box::new(|it| it.private_dns = false));
    set(Nature::Field, "policy".into(), Box::new(|it| it.policy = POLICY.into()));
    set(Nature::Field, "groups: another one more".into(), Box::new(|it| _ = it.groups.insert("sg-theirs".into())));
    set(Nature::Field, "groups: another one".into(), Box::new(|it| it.groups = ["sg-theirs".into()].into()));
    for subnet in subnets {
        let (gone, name) = (subnet.clone(), state.subnets.get(subnet.as_str()).map(|it| it.resource.to_string()));
        let what = format!("subnets: without {}", name.unwrap_or_default());
        set(Nature::Field, what, Box::new(move |it| _ = it.subnets.remove(&gone)));
    }
    for other in state.subnets.there().filter(|it| !subnets.contains(&it.id)) {
        let (more, what) = (other.id.clone(), format!("subnets: {} one more", other.resource));
        set(Nature::Field, what, Box::new(move |it| _ = it.subnets.insert(more.clone())));
    }
}

fn default_group(walk: &mut Walk<'_>, group: &Group) {
    let Group { id, name: _, vpc: _, rules } = group;
    assert_eq!(rules.there().count(), 0, "a settled default group has no rules");
    walk.fixed("id", IDENTITY);
    walk.fixed("name", "AWS calls it default");
    walk.fixed("vpc", SET_ONCE);
    walk.fixed("deleted", "AWS deletes it with its VPC only");
    let within =
        Rule { direction: Direction::Ingress, protocol: "-1".into(), ports: None, peer: Peer::Group(id.clone()) };
    for rule in [within, Rule::all_out(), Rule::tcp(Direction::Ingress, 22, Peer::Cidr(Cidr::ANYWHERE))] {
        let of = id.clone();
        walk.field(format!("rule {rule} added"), move |state| {
            let now = state.now;
            state.groups.get_mut(of.as_str()).into_iter().for_each(|it| it.rules.put(rule.clone(), now));
        });
    }
}

/// A /64 of somebody else's.
fn theirs() -> Ipv6Cidr {
    Ipv6Cidr::new("2a05:d018:7:7700::/64").unwrap_or(Ipv6Cidr::ANYWHERE)
}

fn name_of(kept: &crate::shelf::Kept<Table>) -> String {
    kept.tags.get(moat::tags::RESOURCE).cloned().unwrap_or_else(|| "the main table".into())
}

fn drop_association(state: &mut State, table: &RouteTableId, association: &AssociationId) {
    let now = state.now;
    let it = state.tables.get_mut(table.as_str());
    it.into_iter().for_each(|it| _ = it.associations.remove(|(id, _)| id == association, now));
}

fn associate(state: &mut State, table: &RouteTableId, subnet: &SubnetId) {
    let (now, id) = (state.now, AssociationId(state.id("rtbassoc")));
    // A subnet is in one table; whatever came of the association since, it goes.
    for other in state.tables.there_mut() {
        other.associations.remove(|(_, there)| there == subnet, now);
    }
    let it = state.tables.get_mut(table.as_str());
    it.into_iter().for_each(|it| it.associations.put((id.clone(), subnet.clone()), now));
}

fn set_route(state: &mut State, table: &RouteTableId, destination: &str, target: Option<Target>) {
    let now = state.now;
    let Some(it) = state.tables.get_mut(table.as_str()) else { return };
    it.routes.remove(|(to, _)| to == destination, now);
    target.into_iter().for_each(|target| it.routes.put((destination.to_owned(), target), now));
}
