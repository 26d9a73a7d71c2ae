//! Which subnets of an existing network serve: those that the spec names, or those that their routes tell.

use super::misfit::{self, Misfit};
use super::observed::{Existing, Subnet};
use crate::cidr::{Cidr, Side};
use crate::drift::finding::EXISTENCE;
use crate::ids::SubnetId;
use crate::name::Logical;
use crate::network::desired;
use crate::network::observed::Target;
use crate::spec::ExistingNetwork;
use std::collections::{BTreeMap, BTreeSet};

/// In how many zones a load balancer has subnets at least (C9).
pub const DOORS: usize = 2;

/// The subnets that serve, by the name of their zone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chosen<'a> {
    pub public: BTreeMap<&'a str, &'a Subnet>,
    pub private: BTreeMap<&'a str, &'a Subnet>,
}

impl<'a> Chosen<'a> {
    pub fn side(&self, side: Side) -> &BTreeMap<&'a str, &'a Subnet> {
        match side {
            Side::Public => &self.public,
            Side::Private => &self.private,
        }
    }

    /// Zones are lettered in the order of their names.
    pub fn lettered(&self) -> Vec<(Side, char, &'a Subnet)> {
        let zones: BTreeSet<&str> = self.public.keys().chain(self.private.keys()).copied().collect();
        let lettered = zones.into_iter().zip('a'..='z');
        let both = |(zone, letter)| {
            let one = |side| Some((side, letter, *self.side(side).get(zone)?));
            [Side::Public, Side::Private].map(one)
        };
        lettered.flat_map(both).flatten().collect()
    }

    /// `subnet public-a` and so on.
    pub fn named(&self) -> Vec<(Side, Logical, &'a Subnet)> {
        let named = |(side, letter, subnet)| (side, desired::subnet(side, letter), subnet);
        self.lettered().into_iter().map(named).collect()
    }
}

/// The subnets that serve, and everything that keeps it from being clear which they are.
///
/// Which the public ones are is of no account where no load balancer faces the Internet.
pub fn choose<'a>(
    existing: &ExistingNetwork,
    seen: &'a Existing,
    zones: &[String],
    is_internet_facing: bool,
) -> (Chosen<'a>, Vec<Misfit>) {
    let mut misfits = Vec::new();
    let public = match &existing.public_subnets[..] {
        [] => found(existing, seen, zones, Side::Public),
        named => look_up(existing, seen, zones, (Side::Public, named), &mut misfits),
    };
    let public = one_in_each_zone(existing, Side::Public, public, &mut misfits);
    if !is_internet_facing {
        misfits.clear();
    }
    let has_doors = is_internet_facing || public.len() >= DOORS;
    let private = match &existing.private_subnets[..] {
        [] => {
            let mut private = found(existing, seen, zones, Side::Private);
            // A task in a zone that the load balancer does not have gets no requests (C9). So the choice stays good for a
            // load balancer that comes later.
            private.retain(|subnet| !has_doors || public.contains_key(subnet.zone.as_str()));
            private
        }
        named => look_up(existing, seen, zones, (Side::Private, named), &mut misfits),
    };
    let private = one_in_each_zone(existing, Side::Private, private, &mut misfits);
    (Chosen { public, private }, misfits)
}

const fn pointer(side: Side) -> &'static str {
    match side {
        Side::Public => misfit::PUBLIC,
        Side::Private => misfit::PRIVATE,
    }
}

/// Those that the spec names, as far as they are there.
fn look_up<'a>(
    existing: &ExistingNetwork,
    seen: &'a Existing,
    zones: &[String],
    (side, named): (Side, &[SubnetId]),
    misfits: &mut Vec<Misfit>,
) -> Vec<&'a Subnet> {
    let mut there = Vec::new();
    for id in named {
        let about = format!("{side} subnet {id}");
        let mut misfit = |field, expected: String, found: (String, &str)| {
            misfits.push(Misfit::of(pointer(side), about.as_str(), field, expected, found));
        };
        match seen.subnets.iter().find(|subnet| subnet.id == *id) {
            None => {
                let fix = "Check the id, or leave the list out to have the subnets found by their routes";
                misfit(EXISTENCE, format!("there in {}", existing.vpc_id), (crate::drift::finding::ABSENT.into(), fix));
            }
            Some(subnet) if subnet.vpc != existing.vpc_id => {
                let fix = "Name a subnet of that VPC, or the VPC of this subnet";
                misfit("VPC", existing.vpc_id.to_string(), (subnet.vpc.to_string(), fix));
            }
            Some(subnet) if subnet.cidr.is_none() => {
                let fix = "Name a subnet that has both, or IPv4 alone";
                misfit("range", "IPv4".into(), ("IPv6 alone".into(), fix));
            }
            Some(subnet) if !zones.contains(&subnet.zone) => {
                let fix = "Fargate and load balancers are not in every kind of zone; name a subnet in a usual one";
                let expected = format!("one of this account's availability zones, {}", zones.join(", "));
                misfit("zone", expected, (subnet.zone.clone(), fix));
            }
            Some(subnet) => there.push(subnet),
        }
    }
    there
}

/// Those that their routes tell, but for those that the spec names on the other side.
fn found<'a>(existing: &ExistingNetwork, seen: &'a Existing, zones: &[String], side: Side) -> Vec<&'a Subnet> {
    let others = match side {
        Side::Public => &existing.private_subnets,
        Side::Private => &existing.public_subnets,
    };
    let serves = |subnet: &&Subnet| {
        subnet.vpc == existing.vpc_id
            && subnet.cidr.is_some()
            && zones.contains(&subnet.zone)
            && !others.contains(&subnet.id)
            && side_of(seen, subnet) == Some(side)
    };
    seen.subnets.iter().filter(serves).collect()
}

/// Public where 0.0.0.0/0 leads to an Internet gateway, private where nothing does, and neither where something else
/// leads there: such a subnet is half open.
fn side_of(seen: &Existing, subnet: &Subnet) -> Option<Side> {
    let table = seen.table(&subnet.id)?;
    let default = table.route(&Cidr::ANYWHERE.to_string());
    match default.map(|route| &route.target) {
        Some(Target::InternetGateway(_)) => Some(Side::Public),
        _ if table.ways_in().next().is_none() => Some(Side::Private),
        _ => None,
    }
}

fn one_in_each_zone<'a>(
    existing: &ExistingNetwork,
    side: Side,
    candidates: Vec<&'a Subnet>,
    misfits: &mut Vec<Misfit>,
) -> BTreeMap<&'a str, &'a Subnet> {
    let mut by_zone: BTreeMap<&str, Vec<&Subnet>> = BTreeMap::new();
    for subnet in candidates {
        by_zone.entry(subnet.zone.as_str()).or_default().push(subnet);
    }
    let mut chosen = BTreeMap::new();
    for (zone, mut subnets) in by_zone {
        subnets.sort_by_key(|subnet| &subnet.id);
        if let [subnet] = subnets[..] {
            chosen.insert(zone, subnet);
            continue;
        }
        let all: Vec<String> = subnets.iter().map(|subnet| shown(subnet)).collect();
        let fix = match (side, &existing.public_subnets[..], &existing.private_subnets[..]) {
            (Side::Public, [], _) => "Name those to use under publicSubnets",
            (Side::Private, _, []) => "Name those to use under privateSubnets",
            _ => "Name one of them",
        };
        let (found, vpc) = ((all.join(", "), fix), existing.vpc_id.as_str());
        misfits.push(Misfit::of(pointer(side), vpc, format!("{side} subnets in {zone}"), "one", found));
    }
    chosen
}

/// A subnet as people know it.
pub fn shown(subnet: &Subnet) -> String {
    match &subnet.name {
        Some(name) => format!("{} ({name})", subnet.id),
        None => subnet.id.to_string(),
    }
}
