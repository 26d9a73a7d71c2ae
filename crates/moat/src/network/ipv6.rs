//! IPv6 beside IPv4, where the spec asks for it.
//!
//! The VPC gets a block of Amazon's, a /56, which nobody knows before it is there; so each subnet is told the number of its
//! /64 in it. What is added to a network that is there already replaces nothing.

use super::desired::{self, Zone};
use super::found::Found;
use super::observed::{Ipv6Range, Route, Target};
use super::plan::Way;
use super::step::{Gateway, NetworkStep};
use crate::cidr::{Anywhere, Side};
use crate::ipv6::{number, subnet};
use crate::plan::{POLL, Plan, Problem, Waiting};
use crate::spec::NetworkSpec;

/// The VPC's block, the ranges of the subnets, and the egress-only Internet gateway.
pub(super) fn plan(spec: &NetworkSpec, found: &Found<'_>, plan: &mut Plan<NetworkStep>) {
    if !spec.ipv6 {
        return;
    }
    match found.ipv6_block() {
        None if found.vpc.is_some_and(|vpc| vpc.is_ipv6_coming) => {
            plan.wait(Waiting::on("IPv6 range of vpc (associating)", POLL));
        }
        None => plan.step(NetworkStep::AssociateIpv6Block),
        Some(block) => associating(block, "vpc", plan),
    }
    for side in [Side::Public, Side::Private] {
        for zone in &found.zones {
            let name = zone.subnet(side);
            // Any range will do: AWS lets a subnet have one, and takes none away that is in use.
            match found.subnet(&name).and_then(|subnet| subnet.ipv6.as_ref()) {
                None => plan.step(NetworkStep::AssociateIpv6Range { subnet: name, number: number(side, zone.slot) }),
                Some(range) => associating(range, name.as_str(), plan),
            }
        }
    }
    if spec.has_ipv6_egress() && found.egress_only_gateway.is_none() {
        plan.step(NetworkStep::CreateEgressOnlyGateway);
    }
}

fn associating(range: &Ipv6Range, whose: &str, plan: &mut Plan<NetworkStep>) {
    if !range.is_associated {
        plan.wait(Waiting::on(format!("IPv6 range {} of {whose} (associating)", range.range), POLL));
    }
}

/// Where private tables lead by IPv6.
pub(super) fn way_out(spec: &NetworkSpec, found: &Found<'_>) -> Option<Way> {
    let gateway = found.egress_only_gateway;
    spec.has_ipv6_egress().then(|| Way {
        gateway: Gateway::EgressOnly,
        target: gateway.map(|gateway| Target::egress_only(&gateway.id)),
        is_ready: gateway.is_some(),
    })
}

/// Whether a route leads to the egress-only Internet gateway of ours, by which nobody comes in. With endpoints alone the
/// default route goes too, but not before they answer.
pub(super) fn is_ours(found: &Found<'_>, route: &Route) -> bool {
    let spare = found.spare_egress_only_gateways.iter().filter(|_| route.destination == Anywhere::Ipv6.as_str());
    let ours = found.egress_only_gateway.iter().chain(spare);
    ours.map(|gateway| Target::egress_only(&gateway.id)).any(|target| target == route.target)
}

/// Routes first, then the gateways.
pub(super) fn spare_gateways(found: &Found<'_>, plan: &mut Plan<NetworkStep>) {
    for gateway in &found.spare_egress_only_gateways {
        let is_unused = found.egress_only_gateway.is_some();
        plan.step(NetworkStep::DeleteEgressOnlyGateway { id: gateway.id.clone(), is_unused });
    }
}

/// A range that an address is taken from cannot be taken away, and load balancers and tasks take theirs at once. So it is
/// refused while the network has what moat made for IPv6. Ranges that somebody else gave to some subnets are their business.
pub(super) fn turned_off(spec: &NetworkSpec, found: &Found<'_>) -> Option<Problem> {
    let block = found.ipv6_block()?;
    let is_as_made = |zone: &Zone, side: Side| {
        let range = found.subnet(&zone.subnet(side)).and_then(|subnet| subnet.ipv6.as_ref());
        range.is_some_and(|range| subnet(&block.range, number(side, zone.slot)) == Some(range.range))
    };
    // A zone that is still to come has none.
    let there = found.zones.iter().flat_map(|zone| [(zone, Side::Public), (zone, Side::Private)]);
    let mut there = there.filter(|(zone, side)| found.subnet(&zone.subnet(*side)).is_some()).peekable();
    let all_as_made = there.peek().is_some() && there.all(|(zone, side)| is_as_made(zone, side));
    let gateway = found.spare_egress_only_gateways.first().map(|gateway| gateway.id.to_string());
    (!spec.ipv6 && (all_as_made || gateway.is_some())).then(|| {
        let gateway = gateway.map(|id| format!(" and {} {id}", desired::egress_only_gateway())).unwrap_or_default();
        let message = format!(
            "is false, but the network has IPv6 already: block {}{gateway}. moat takes no addresses away that tasks and clients may be using. Put true back, or take the network down and provision it again",
            block.range
        );
        Problem::at("/network/ipv6", message)
    })
}

#[cfg(test)]
#[path = "ipv6_tests.rs"]
mod tests;
