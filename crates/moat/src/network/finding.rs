//! What each step of a network is about, in the words of a drift report.

use super::NetworkStageSpec;
use super::desired::{self, NatPlace, private_table};
use super::endpoints;
use super::observed::{NatGateway, NatState, Observed, RouteTable, Target};
use super::step::{Gateway, NetworkStep};
use crate::cidr::Anywhere;
use crate::drift::finding::{ABSENT, Difference};
use crate::ids::{RouteTableId, VpcEndpointId, VpcId};
use crate::name::Logical;
use crate::plan::Problem;
use crate::rule::{Direction, Peer, Rule};
use crate::spec::NetworkSpec;
use std::collections::BTreeSet;

/// What was expected and what was found where this step would be taken.
pub fn difference(spec: &NetworkStageSpec, observed: &Observed, step: &NetworkStep) -> Difference {
    let spec = &spec.network;
    match step {
        NetworkStep::CreateVpc { cidr } => Difference::missing(desired::vpc(), format!("there with {cidr}")),
        NetworkStep::EnableDnsSupport => of_vpc(observed, "DNS support"),
        NetworkStep::EnableDnsHostnames => of_vpc(observed, "DNS hostnames"),
        NetworkStep::AssociateIpv6Block => of_ipv6(&desired::vpc(), "one of Amazon's", !observed.vpcs.is_empty()),
        NetworkStep::AssociateIpv6Range { subnet, number } => {
            let is_there = observed.subnets.iter().any(|found| found.resource == *subnet);
            of_ipv6(subnet, &format!("number {number} of the block of vpc"), is_there)
        }
        NetworkStep::CreateSubnet { subnet, cidr, zone } => {
            Difference::missing(subnet.clone(), format!("there with {cidr} in {zone}"))
        }
        NetworkStep::StopGivingPublicIps { subnet, .. } => {
            Difference::of(subnet.clone(), "public IPs", "none", "one for everything that starts there").hole_if(true)
        }
        NetworkStep::CreateInternetGateway => Difference::missing(desired::internet_gateway(), "there"),
        NetworkStep::AttachInternetGateway => attachment(observed),
        NetworkStep::CreateEgressOnlyGateway => Difference::missing(desired::egress_only_gateway(), "there"),
        NetworkStep::AllocateAddress { address } => Difference::missing(address.clone(), "there"),
        NetworkStep::CreateNatGateway { place, .. } => nat_gateway(observed, *place),
        NetworkStep::CreateRouteTable { table } => Difference::missing(table.clone(), "there"),
        NetworkStep::AssociateRouteTable { table, subnet } => unassociated(spec, observed, table, subnet),
        NetworkStep::MoveAssociation { table, subnet, from, .. } => moved(spec, observed, table, subnet, from),
        NetworkStep::CreateRoute { table, destination, gateway } => default_route(table, *destination, gateway, "none"),
        NetworkStep::ReplaceRoute { table, destination, gateway, old, is_black_hole } => {
            replaced(spec, (table, *destination, gateway), old, *is_black_hole)
        }
        NetworkStep::DeleteRoute { table, destination, target, .. } => {
            let is_hole = matches!(target, Target::InternetGateway(_));
            let expected = "no way past the NAT gateway";
            Difference::of(table.clone(), route(destination), expected, format!("to {target}")).hole_if(is_hole)
        }
        NetworkStep::CreateS3Endpoint { tables, .. } => {
            Difference::missing(desired::s3_endpoint(), format!("on {}", names(tables)))
        }
        NetworkStep::AddToS3Endpoint { table, .. } => {
            Difference::of(desired::s3_endpoint(), table.as_str(), "served", "not served")
        }
        NetworkStep::ResetEndpointPolicy { endpoint } => policy(observed, endpoint),
        NetworkStep::LimitS3Endpoint { endpoint, policy } => {
            let found = observed.endpoints.iter().find(|found| found.id == *endpoint);
            let found = found.and_then(|found| found.policy.as_deref());
            endpoints::finding::of_policy(&desired::s3_endpoint(), policy, found)
        }
        NetworkStep::DeleteDefaultRoute { table, destination, target, .. } => {
            let expected = "none, since endpoints are the only way out";
            Difference::of(table.clone(), route(destination.as_str()), expected, format!("to {target}"))
        }
        NetworkStep::Endpoint(step) => endpoints::finding::difference(observed, step),
        NetworkStep::EmptyDefaultGroup { rules, .. } => default_group(rules),
        NetworkStep::DeleteNatGateway { gateway, id, .. } => spare(gateway, id.as_str()),
        NetworkStep::DeleteEgressOnlyGateway { id, .. } => spare(&desired::egress_only_gateway(), id.as_str()),
        NetworkStep::ReleaseAddress { address, id, ip, .. } => spare(address, &format!("{id} ({ip})")),
        NetworkStep::DeleteTwinRouteTable { table, id } => spare(table, id.as_str()),
        NetworkStep::DeleteTwinInternetGateway { id } => spare(&desired::internet_gateway(), id.as_str()),
        NetworkStep::DeleteTwinEndpoint { id } => spare(&desired::s3_endpoint(), id.as_str()),
        NetworkStep::DeleteTwinVpc { id } => spare(&desired::vpc(), id.as_str()),
    }
}

/// A VPC that has subnets cannot be deleted, so one that is not seen has lost its tags. Another network beside it would
/// be the worst of repairs.
pub fn doubts(observed: &Observed) -> Vec<Problem> {
    let inside = observed.subnets.iter().map(|subnet| &subnet.vpc);
    let lost = inside.chain(observed.nat_gateways.iter().filter(|nat| nat.state.is_live()).map(|nat| &nat.vpc));
    let lost: BTreeSet<&VpcId> = lost.filter(|id| observed.vpcs.iter().all(|vpc| vpc.id != **id)).collect();
    let doubt = |id: &&VpcId| {
        let message = format!(
            "{id} has subnets of this network, but not its tags. Put moat:network and moat:resource back on it; until then moat repairs nothing here"
        );
        Problem::general(message)
    };
    lost.iter().map(doubt).collect()
}

/// One that is there beside the one that counts, or that the spec has no use for.
fn spare(resource: &Logical, id: &str) -> Difference {
    Difference::of(resource.clone(), format!("unused {id}"), "not there", "there, and nothing uses it")
}

fn of_vpc(observed: &Observed, setting: &str) -> Difference {
    Difference::of(desired::vpc(), setting, "on", if observed.vpcs.is_empty() { ABSENT } else { "off" })
}

fn of_ipv6(resource: &Logical, expected: &str, is_there: bool) -> Difference {
    Difference::of(resource.clone(), "IPv6 range", expected, if is_there { "none" } else { ABSENT })
}

fn attachment(observed: &Observed) -> Difference {
    let found = if observed.internet_gateways.is_empty() { ABSENT } else { "attached to nothing" };
    Difference::of(desired::internet_gateway(), "attachment", "attached to vpc", found)
}

fn nat_gateway(observed: &Observed, place: NatPlace) -> Difference {
    let name = place.gateway();
    let dead = observed.nat_gateways.iter().filter(|gateway| gateway.resource == name && !gateway.state.is_live());
    let found = dead.min_by_key(|gateway| gateway.age.unwrap_or(u32::MAX)).map(shown);
    let expected =
        place.subnet().map_or_else(|| "there for all zones".to_owned(), |subnet| format!("there in {subnet}"));
    let missing = Difference::missing(name, expected);
    Difference { found: found.unwrap_or(missing.found), ..missing }
}

fn shown(gateway: &NatGateway) -> String {
    let state = match &gateway.state {
        NatState::Pending => "pending",
        NatState::Available => "available",
        NatState::Failed(_) => "failed",
        NatState::Deleting => "being deleted",
        NatState::Deleted => "deleted",
    };
    format!("{} is {state}", gateway.id)
}

fn unassociated(spec: &NetworkSpec, observed: &Observed, table: &Logical, subnet: &Logical) -> Difference {
    let is_there = observed.subnets.iter().any(|found| found.resource == *subnet);
    let found = if is_there { "none of its own, so the VPC's main one counts" } else { ABSENT };
    // Which of the tables is the main one is not observed: any that is not ours may be.
    let mut mains = observed.route_tables.iter().filter(|table| table.resource.is_none());
    let is_hole = is_there && is_private(spec, table) && mains.any(is_open);
    Difference::of(subnet.clone(), "route table", table.as_str(), found).hole_if(is_hole)
}

fn moved(
    spec: &NetworkSpec,
    observed: &Observed,
    table: &Logical,
    subnet: &Logical,
    from: &RouteTableId,
) -> Difference {
    let other = observed.route_tables.iter().find(|table| table.id == *from);
    let name = other.and_then(|other| other.resource.as_ref()).map_or(from.as_str(), Logical::as_str);
    // The public table leads to the Internet, or will again once somebody puts its route back.
    let is_public = |other: &RouteTable| is_open(other) || other.resource == Some(desired::public_table());
    let is_hole = is_private(spec, table) && other.is_some_and(is_public);
    Difference::of(subnet.clone(), "route table", table.as_str(), name).hole_if(is_hole)
}

fn replaced(
    spec: &NetworkSpec,
    (table, destination, gateway): (&Logical, Anywhere, &Gateway),
    old: &Target,
    is_black_hole: bool,
) -> Difference {
    let is_hole = is_private(spec, table) && matches!(old, Target::InternetGateway(_)) && !is_black_hole;
    let nowhere = if is_black_hole { ", which is gone" } else { "" };
    default_route(table, destination, gateway, &format!("to {old}{nowhere}")).hole_if(is_hole)
}

fn default_route(table: &Logical, destination: Anywhere, gateway: &Gateway, found: &str) -> Difference {
    Difference::of(table.clone(), route(destination.as_str()), format!("to {gateway}"), found)
}

fn route(destination: &str) -> String {
    format!("route {destination}")
}

fn is_private(spec: &NetworkSpec, table: &Logical) -> bool {
    desired::letters(spec.zones).any(|letter| private_table(letter) == *table)
}

fn is_open(table: &RouteTable) -> bool {
    table.routes.iter().any(|route| matches!(route.target, Target::InternetGateway(_)))
}

fn policy(observed: &Observed, id: &VpcEndpointId) -> Difference {
    let endpoint = observed.endpoints.iter().find(|endpoint| endpoint.id == *id);
    let found = endpoint.and_then(|endpoint| endpoint.policy.as_deref()).unwrap_or(ABSENT);
    Difference::of(desired::s3_endpoint(), "policy", "AWS's own, which lets everything through", found)
}

fn default_group(rules: &[Rule]) -> Difference {
    let lets_in = |rule: &Rule| rule.direction == Direction::Ingress && !matches!(rule.peer, Peer::Group(_));
    let found = match rules {
        [] => "those of a new group".to_owned(),
        rules => rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    Difference::of(desired::default_group(), "rules", "none", found).hole_if(rules.iter().any(lets_in))
}

fn names(names: &[Logical]) -> String {
    names.iter().map(Logical::as_str).collect::<Vec<_>>().join(", ")
}
