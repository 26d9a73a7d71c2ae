//! What must never be, at no step of the way: a way from the Internet to the tasks, or a route that leads nowhere yet.

use crate::state::State;
use moat::network::observed::{NatState, Subnet, Target};
use std::collections::BTreeSet;

/// Everything that is wrong now, a sentence each (E2, E3, C3, C9).
pub fn breaches(state: &State) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for kept in state.subnets.kept() {
        let subnet = &kept.thing;
        let is_private = subnet.resource.as_str().starts_with("subnet private-");
        let Some(table) = state.table_in_force(&subnet.id).filter(|_| is_private) else { continue };
        for (destination, target) in table.routes.there() {
            if matches!(target, Target::InternetGateway(_)) {
                found.insert(format!("{} {} leads {destination} to {target} (E3)", subnet.resource, subnet.id));
            }
        }
    }
    // The public subnets of others are their own business.
    let is_guarded =
        |subnet: &&Subnet| !state.landlords.contains(&subnet.vpc) || subnet.resource.as_str().contains("private-");
    for subnet in state.subnets.there().filter(|subnet| subnet.gives_public_ips).filter(is_guarded) {
        found.insert(format!("{} {} hands out public IPs (E3)", subnet.resource, subnet.id));
    }
    for table in state.tables.there() {
        for (destination, target) in table.routes.there() {
            let Target::NatGateway(id) = target else { continue };
            let is_pending = state.nat_gateways.get(id.as_str()).is_some_and(|g| g.state == NatState::Pending);
            if is_pending {
                found.insert(format!("{} leads {destination} to {id}, which is pending (C3)", table.id));
            }
        }
    }
    found.extend(state.lost_ways().into_iter().map(|way| format!("running tasks lost {way} (E1, C13)")));
    services(state, &mut found);
    for balancer in state.balancers.there() {
        let zones: Vec<&String> = balancer
            .subnets
            .iter()
            .filter_map(|id| state.subnets.get(id.as_str()))
            .map(|subnet| &subnet.zone)
            .collect();
        let different: BTreeSet<&&String> = zones.iter().collect();
        if zones.len() < 2 || different.len() != zones.len() {
            found.insert(format!("{} is in the zones {zones:?} (C9)", balancer.arn));
        }
    }
    found
}

fn services(state: &State, found: &mut BTreeSet<String>) {
    for service in state.services.there().filter(|service| service.draining.is_none()) {
        if service.network.assigns_public_ip {
            found.insert(format!("{} assigns public IPs (E3)", service.arn));
        }
        let zone = |id: &moat::ids::SubnetId| state.subnets.get(id.as_str()).map(|subnet| subnet.zone.clone());
        let balancers = state.balancers.there().filter(|balancer| balancer.name == service.name);
        for balancer in balancers {
            let doors: BTreeSet<String> = balancer.subnets.iter().filter_map(zone).collect();
            let tasks: BTreeSet<String> = service.network.subnets.iter().filter_map(zone).collect();
            if !tasks.is_subset(&doors) {
                found.insert(format!("{} runs in {tasks:?}, its load balancer in {doors:?} only (C9)", service.arn));
            }
        }
        for id in &service.network.subnets {
            let is_private = |subnet: &Subnet| subnet.resource.as_str().starts_with("subnet private-");
            if !state.subnets.get(id.as_str()).is_some_and(is_private) {
                found.insert(format!("{} runs in {id}, which is not private (E2)", service.arn));
            }
        }
    }
}
