//! What is in the way of taking a network down: things of others, each named with its kind and its probable owner.
//! They are looked for before the first deletion, and again in every pass (T2, T3, D7).

use super::NetworkTeardownSpec;
use super::observed::{Address, Observed, State};
use crate::name::Name;
use crate::plan::Problem;
use crate::teardown::{Holder, Interface, group};
use std::collections::BTreeSet;

/// Everything that only somebody else can move out of the way, all at once.
pub(super) fn obstacles(spec: &NetworkTeardownSpec, observed: &Observed) -> Vec<Problem> {
    let mut problems = tenants(spec, observed);
    let way_out = "moat removes nothing of others; move it or remove it, then start again";
    let mut strangers = observed.strangers.clone();
    let foreign = observed.interfaces.iter().filter(|interface| !is_ours(spec, interface));
    strangers.extend(foreign.map(Interface::stranger));
    for stranger in strangers {
        let message = format!("{stranger} is in network {}. {way_out}", spec.network);
        problems.push(Problem::general(message));
    }
    problems.extend(group::referred(&observed.groups, observed.references.iter()));
    for address in &observed.addresses {
        problems.extend(borrowed(observed, address));
    }
    for gateway in &observed.internet_gateways {
        if let Some(vpc) = gateway.vpc.as_ref().filter(|vpc| !observed.vpcs.contains(vpc)) {
            let id = &gateway.id;
            problems.push(Problem::general(format!(
                "internet-gateway {id} is attached to {vpc}, which has no moat tags of network {}. Detach it, or put the tags of the VPC back, then start again",
                spec.network
            )));
        }
    }
    problems
}

/// Services that live in the network and are not taken down with it.
fn tenants(spec: &NetworkTeardownSpec, observed: &Observed) -> Vec<Problem> {
    let others: BTreeSet<&Name> =
        observed.tenants.iter().map(|(name, _)| name).filter(|name| !spec.services.contains(*name)).collect();
    others.into_iter().map(|service| lives_in(&spec.network, service)).collect()
}

/// The refusal to take down a network with a service in it. Also for services that are recorded but have nothing yet.
pub fn lives_in(network: &Name, service: &Name) -> Problem {
    Problem::at(
        "/network",
        format!(
            "service {service} lives in network {network}. Take it down first, or say \"with\": \"services\" to take down all that live there"
        ),
    )
}

/// An address of ours that somebody gave to something else than our NAT gateways.
fn borrowed(observed: &Observed, address: &Address) -> Option<Problem> {
    let interface = address.interface.as_ref()?;
    let is_held = observed.nat_gateways.iter().any(|gateway| {
        let holds = gateway.state != State::Deleted && gateway.allocations.contains(&address.id);
        holds || gateway.interfaces.contains(interface)
    });
    let named = observed.interfaces.iter().find(|found| found.id == *interface);
    let is_ours = is_held || named.is_some_and(|found| matches!(found.holder(), Holder::NatGateway(_)));
    let user = named.map_or_else(|| format!("network interface {interface}"), |found| found.stranger().to_string());
    (!is_ours).then(|| {
        Problem::general(format!(
            "{} {} is used by {user}, which is none of the network's NAT gateways. Disassociate it, or take its moat tags off to keep it, then start again",
            address.resource, address.ip
        ))
    })
}

/// Whether AWS takes the interface away by itself, once what it belongs to is gone: a gateway or an endpoint, or a load
/// balancer or a task of a service that is taken down with the network.
///
/// A gateway or an endpoint of others is in the way itself. So its interfaces need not be named again, and those of one
/// that is on neither list belong to one that AWS does not show any more, or not yet.
pub(super) fn is_ours(spec: &NetworkTeardownSpec, interface: &Interface) -> bool {
    let is_of_service = |name: &str| spec.services.iter().any(|service| name == service.aws_name());
    match interface.holder() {
        Holder::NatGateway(_) | Holder::Endpoint(_) => true,
        Holder::LoadBalancer(name) => is_of_service(&name),
        Holder::Task(Some(service)) => is_of_service(&service),
        // No tag tells, but tasks are being stopped here.
        Holder::Task(None) => !spec.services.is_empty(),
        Holder::Instance(_) | Holder::Unknown => false,
    }
}
