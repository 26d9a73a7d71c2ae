//! What must hold of the subnets that serve (E1, E2, C9).

use super::choose::{Chosen, shown};
use super::misfit::{self, Misfit};
use super::observed::{Existing, Subnet, Vpc};
use crate::cidr::Cidr;
use crate::drift::finding::{ABSENT, EXISTENCE};
use crate::network::NetworkStageSpec;
use crate::network::observed::{Route, Target};
use crate::spec::ExistingNetwork;

/// The smallest subnet that a load balancer takes: /27 ("Subnets for your Application Load Balancer").
const SMALLEST: u8 = 27;

pub fn no_vpc(existing: &ExistingNetwork) -> Misfit {
    let fix = "Check the id; a VPC is found only from its own account and region";
    let expected = "there in this account and region";
    Misfit::of(misfit::VPC, existing.vpc_id.as_str(), EXISTENCE, expected, (ABSENT, fix))
}

/// Everything that does not hold of the subnets chosen. What keeps the choice from being clear is told already: how many
/// there are is judged only where it is known.
pub fn judge(
    stage: &NetworkStageSpec,
    (seen, vpc): (&Existing, &Vpc),
    chosen: &Chosen<'_>,
    unclear: &[Misfit],
) -> Vec<Misfit> {
    let is_clear = |pointer| unclear.iter().all(|misfit| !misfit.is_at(pointer));
    let (is_public_clear, is_private_clear) = (is_clear(misfit::PUBLIC), is_clear(misfit::PRIVATE));
    let mut misfits = Vec::new();
    let is_internet_facing = stage.needs.is_internet_facing;
    if is_internet_facing {
        if seen.internet_gateways.is_empty() {
            let fix = "Attach one: a load balancer that the Internet reaches needs it. One with \"scheme\": \"internal\" does not";
            misfits.push(Misfit::of(misfit::VPC, vpc.id.as_str(), "Internet gateway", "attached", ("none", fix)));
        }
        misfits.extend(too_few_doors(vpc, chosen).filter(|_| is_public_clear));
        chosen.public.values().for_each(|subnet| public(seen, subnet, &mut misfits));
    }
    if stage.needs.is_internal_application {
        misfits.extend(too_few_internal_doors(vpc, chosen).filter(|_| is_private_clear));
    }
    misfits.extend(no_room_for_tasks(vpc, chosen, is_internet_facing).filter(|_| is_public_clear && is_private_clear));
    for subnet in chosen.private.values() {
        private(stage, seen, subnet, &mut misfits);
        misfits.extend(without_door(subnet, chosen).filter(|_| is_internet_facing && is_public_clear));
    }
    if stage.network.egress.has_endpoints() {
        names(seen, vpc, &mut misfits);
    }
    misfits
}

/// Private DNS, by which tasks find an endpoint, builds on both ("Enable private DNS names", PrivateLink guide).
fn names(seen: &Existing, vpc: &Vpc, misfits: &mut Vec<Misfit>) {
    let Some(beside) = &seen.beside else { return };
    for (setting, is_on) in [("DNS support", beside.dns_support), ("DNS hostnames", beside.dns_hostnames)] {
        if !is_on {
            let fix = "Turn it on: without it no task finds the endpoints. moat changes no setting of a VPC of others";
            misfits.push(Misfit::of(misfit::VPC, vpc.id.as_str(), setting, "on", ("off", fix)));
        }
    }
}

/// A load balancer that the Internet reaches has public subnets in two zones at least (C9).
fn too_few_doors(vpc: &Vpc, chosen: &Chosen<'_>) -> Option<Misfit> {
    let found = match chosen.public.values().collect::<Vec<_>>()[..] {
        [] => "none".to_owned(),
        [only] => format!("{} in {} alone", shown(only), only.zone),
        _ => return None,
    };
    let fix = "A load balancer that the Internet reaches needs two zones; one with \"scheme\": \"internal\", or none at all, needs no public subnet. A subnet is public when its route table leads 0.0.0.0/0 to an Internet gateway";
    Some(Misfit::of(
        misfit::PUBLIC,
        vpc.id.as_str(),
        "public subnets",
        "one in each of at least two zones",
        (found, fix),
    ))
}

/// So has an internal one of the kind `application`; where there is no private subnet at all, that is told by itself.
fn too_few_internal_doors(vpc: &Vpc, chosen: &Chosen<'_>) -> Option<Misfit> {
    let mut private = chosen.private.values();
    let (Some(only), None) = (private.next(), private.next()) else { return None };
    let found = format!("{} in {} alone", shown(only), only.zone);
    let fix = "An internal application load balancer needs two zones; one with \"type\": \"network\" does not";
    let expected = "one in each of at least two zones";
    Some(Misfit::of(misfit::PRIVATE, vpc.id.as_str(), "private subnets", expected, (found, fix)))
}

fn no_room_for_tasks(vpc: &Vpc, chosen: &Chosen<'_>, is_internet_facing: bool) -> Option<Misfit> {
    chosen.private.is_empty().then(|| {
        let (expected, fix) = match is_internet_facing {
            true => (
                "one at least in a zone of the public ones",
                "Make one in a zone that has a public subnet, with a route table that leads to no Internet gateway",
            ),
            false => ("one at least", "Make one, with a route table that leads to no Internet gateway"),
        };
        Misfit::of(misfit::PRIVATE, vpc.id.as_str(), "private subnets", expected, ("none", fix))
    })
}

fn public(seen: &Existing, subnet: &Subnet, misfits: &mut Vec<Misfit>) {
    let about = format!("public subnet {}", shown(subnet));
    let anywhere = Cidr::ANYWHERE.to_string();
    let route = seen.table(&subnet.id).and_then(|table| table.route(&anywhere));
    if !route.is_some_and(|route| matches!(route.target, Target::InternetGateway(_)) && route.is_active) {
        let fix = "Lead it there, or name another subnet: whoever the load balancer answers could not be reached";
        let expected = "to an Internet gateway";
        let field = format!("route {anywhere}");
        misfits.push(Misfit::of(misfit::PUBLIC, about.as_str(), field, expected, (leads(route), fix)));
    }
    if let Some(cidr) = subnet.cidr.filter(|cidr| cidr.prefix() > SMALLEST) {
        let fix = "A load balancer takes no smaller one; name a larger subnet";
        let expected = format!("/{SMALLEST} or larger");
        misfits.push(Misfit::of(misfit::PUBLIC, about.as_str(), "range", expected, (cidr.to_string(), fix)));
    }
}

/// Nothing from the Internet reaches it, whatever else is wrong (E2, E3).
fn private(stage: &NetworkStageSpec, seen: &Existing, subnet: &Subnet, misfits: &mut Vec<Misfit>) {
    let about = format!("private subnet {}", shown(subnet));
    let Some(table) = seen.table(&subnet.id) else { return };
    for route in table.ways_in() {
        let field = format!("route {}", route.destination);
        let fix = "So it is no private subnet: tasks there are not kept from the Internet. Take the route away, or name another subnet";
        let found = (format!("to {} in {}", route.target, table.id), fix);
        misfits.push(Misfit::of(misfit::PRIVATE, about.as_str(), field, "to no Internet gateway", found).hole());
    }
    let anywhere = Cidr::ANYWHERE.to_string();
    // With endpoints, tasks need no default route.
    let dead = table.route(&anywhere).filter(|route| !route.is_active && !stage.network.egress.has_endpoints());
    if let Some(route) = dead {
        let fix = "Lead it to something that is there, or take it away: tasks could not pull their image";
        let found = (leads(Some(route)), fix);
        misfits.push(Misfit::of(
            misfit::PRIVATE,
            about.as_str(),
            format!("route {anywhere}"),
            "to what is there",
            found,
        ));
    }
    if subnet.gives_public_ips {
        let fix = "Turn off \"auto-assign public IPv4 address\" of the subnet, or name another one";
        let found = ("one for everything that starts there", fix);
        misfits.push(Misfit::of(misfit::PRIVATE, about.as_str(), "public IPs", "none", found).hole());
    }
}

/// Private tasks only in zones that the load balancer also has (C9).
fn without_door(subnet: &Subnet, chosen: &Chosen<'_>) -> Option<Misfit> {
    (!chosen.public.contains_key(subnet.zone.as_str())).then(|| {
        let zones: Vec<&str> = chosen.public.keys().copied().collect();
        let expected = match zones[..] {
            [] => "a zone that has a public subnet".to_owned(),
            _ => format!("one that has a public subnet: {}", zones.join(", ")),
        };
        let fix = "Tasks there would get no requests; name a public subnet of that zone too, or leave this one out";
        let about = format!("private subnet {}", shown(subnet));
        Misfit::of(misfit::PRIVATE, about, "zone", expected, (subnet.zone.as_str(), fix))
    })
}

fn leads(route: Option<&Route>) -> String {
    match route {
        None => "none".to_owned(),
        Some(route) if route.is_active => format!("to {}", route.target),
        Some(route) => format!("to {}, which is gone", route.target),
    }
}
