//! From what was found of a network to what takes it down.

use super::NetworkTeardownSpec;
use super::observed::{NatGateway, Observed, RouteTable, State};
use super::obstacle::{is_ours, obstacles};
use super::step::NetworkStep;
use crate::ids::{AllocationId, VpcId};
use crate::name::Logical;
use crate::plan::{POLL, Plan, Refusal, Waiting};
use crate::teardown::fact::{Facts, gone};
use crate::teardown::{Holder, Interface, group};

/// Seconds that deleting a NAT gateway needs: 53 to 62, in seven logs of other people's accounts.
const NAT_GATEWAY_DELETE_USUAL: u32 = 50;

pub(super) fn endpoints_deleting() -> Logical {
    Logical::from("vpc-endpoints deleting")
}

pub(super) fn endpoints_gone() -> Logical {
    gone("vpc-endpoints")
}

/// The fact that no route of ours leads to the gateway.
pub(super) fn unrouted(id: &str) -> Logical {
    Logical::new(format!("{id} without routes"))
}

pub(super) fn nat_gateways_deleted() -> Logical {
    gone("NAT gateways")
}

/// The fact that nothing holds the address, not even a gateway on its way out (T4).
pub(super) fn free(id: &AllocationId) -> Logical {
    Logical::new(format!("{id} free"))
}

pub(super) fn addresses_gone() -> Logical {
    gone("Elastic IPs")
}

pub(super) fn without_public_ips(vpc: &VpcId) -> Logical {
    Logical::new(format!("{vpc} without public IPs"))
}

/// The fact that nothing is in it, or attached to it.
pub(super) fn idle(id: &str) -> Logical {
    Logical::new(format!("{id} idle"))
}

pub(super) fn internet_gateway_gone() -> Logical {
    gone("internet-gateway")
}

pub(super) fn egress_only_gateway_gone() -> Logical {
    gone("egress-only-internet-gateway")
}

pub(super) fn subnets_gone() -> Logical {
    gone("subnets")
}

/// What takes a network down, in the order of T1.
pub fn plan(spec: &NetworkTeardownSpec, observed: &Observed) -> Result<Plan<NetworkStep>, Refusal> {
    Refusal::unless_none(obstacles(spec, observed), ())?;
    let mut plan = Plan::default();
    tenants(observed, &mut plan);
    interfaces(spec, observed, &mut plan);
    endpoints(observed, &mut plan);
    nat_gateways(observed, &mut plan);
    egress_only_gateways(observed, &mut plan);
    addresses(observed, &mut plan);
    internet_gateways(observed, &mut plan);
    inside(observed, &mut plan);
    for id in &observed.vpcs {
        plan.step(NetworkStep::DeleteVpc { id: id.clone() });
    }
    Ok(plan)
}

/// What the steps may rely on.
pub(super) fn facts(observed: &Observed) -> Facts {
    let mut facts = Facts::default();
    let Observed { vpcs, endpoints, nat_gateways, addresses, internet_gateways, egress_only_gateways, subnets, .. } =
        observed;
    facts.say(endpoints_deleting(), endpoints.iter().all(|endpoint| endpoint.state != State::There));
    facts.say(endpoints_gone(), endpoints.iter().all(|endpoint| endpoint.state == State::Deleted));
    facts.say(nat_gateways_deleted(), nat_gateways.iter().all(|gateway| gateway.state == State::Deleted));
    for gateway in nat_gateways {
        let mut routes = observed.route_tables.iter().flat_map(|table| &table.nat_routes);
        facts.say(unrouted(gateway.id.as_str()), routes.all(|(_, to)| *to != gateway.id));
    }
    for gateway in egress_only_gateways {
        let mut routes = observed.route_tables.iter().flat_map(|table| &table.exit_routes);
        facts.say(unrouted(gateway.as_str()), routes.all(|(_, to)| to != gateway));
    }
    facts.say(egress_only_gateway_gone(), egress_only_gateways.is_empty());
    for address in addresses {
        let mut alive = nat_gateways.iter().filter(|gateway| gateway.state != State::Deleted);
        // A gateway that shows no address may hold any.
        let hides = |it: &NatGateway| it.allocations.is_empty() && !it.is_regional;
        let is_held = alive.any(|it| hides(it) || it.allocations.contains(&address.id));
        facts.say(free(&address.id), address.interface.is_none() && !is_held);
    }
    facts.say(addresses_gone(), addresses.is_empty());
    for gateway in internet_gateways {
        facts.say(idle(gateway.id.as_str()), gateway.vpc.is_none());
    }
    facts.say(internet_gateway_gone(), internet_gateways.is_empty());
    for subnet in subnets {
        let is_empty = observed.interfaces.iter().all(|interface| interface.subnet != subnet.id);
        facts.say(idle(subnet.id.as_str()), is_empty);
    }
    facts.say(subnets_gone(), subnets.is_empty());
    facts.say(gone("route tables"), observed.route_tables.is_empty());
    group::say(&observed.groups, &observed.interfaces, &mut facts);
    for vpc in vpcs {
        let mut inside = observed.interfaces.iter().filter(|interface| interface.vpc == *vpc);
        facts.say(without_public_ips(vpc), inside.clone().all(|interface| interface.public_ip.is_none()));
        facts.say(idle(vpc.as_str()), inside.next().is_none() && observed.tenants.is_empty());
    }
    facts
}

fn tenants(observed: &Observed, plan: &mut Plan<NetworkStep>) {
    for (service, group) in &observed.tenants {
        plan.wait(Waiting::on(format!("security group {group} of service {service} to be gone"), POLL));
    }
}

/// Those that AWS takes away by itself are waited for by name: they keep subnets and the Internet gateway (T2, T3).
fn interfaces(spec: &NetworkTeardownSpec, observed: &Observed, plan: &mut Plan<NetworkStep>) {
    let is_lingering = |interface: &&Interface| match interface.holder() {
        Holder::NatGateway(id) => {
            let mut alive = observed.nat_gateways.iter().filter(|gateway| gateway.state != State::Deleted);
            alive.all(|gateway| gateway.id != id)
        }
        Holder::Endpoint(id) => {
            let mut alive = observed.endpoints.iter().filter(|endpoint| endpoint.state != State::Deleted);
            alive.all(|endpoint| endpoint.id != id)
        }
        _ => is_ours(spec, interface),
    };
    for interface in observed.interfaces.iter().filter(is_lingering) {
        plan.wait(Waiting::on(format!("{interface} to be taken away by AWS"), POLL));
    }
}

fn endpoints(observed: &Observed, plan: &mut Plan<NetworkStep>) {
    for endpoint in &observed.endpoints {
        let (name, id) = (&endpoint.resource, &endpoint.id);
        match endpoint.state {
            State::There => plan.step(NetworkStep::DeleteEndpoint { endpoint: name.clone(), id: id.clone() }),
            State::Deleting(_) => plan.wait(Waiting::on(format!("{name} {id} (deleting)"), POLL)),
            State::Deleted => {}
        }
    }
}

/// Routes first, so that none leads nowhere while its gateway goes.
fn nat_gateways(observed: &Observed, plan: &mut Plan<NetworkStep>) {
    for table in &observed.route_tables {
        for (destination, gateway) in &table.nat_routes {
            plan.step(way_out(table, destination, gateway.as_str()));
        }
    }
    for gateway in &observed.nat_gateways {
        let (name, id) = (&gateway.resource, &gateway.id);
        match gateway.state {
            State::There => plan.step(NetworkStep::DeleteNatGateway { gateway: name.clone(), id: id.clone() }),
            State::Deleting(age) => {
                plan.wait(Waiting::usual(format!("{name} {id} (deleting)"), NAT_GATEWAY_DELETE_USUAL, age));
            }
            State::Deleted => {}
        }
    }
}

fn way_out(table: &RouteTable, destination: &str, gateway: &str) -> NetworkStep {
    NetworkStep::DeleteRoute {
        table: table.resource.clone(),
        id: table.id.clone(),
        destination: destination.to_owned(),
        gateway: gateway.to_owned(),
    }
}

/// The ways out by IPv6, routes first here too.
fn egress_only_gateways(observed: &Observed, plan: &mut Plan<NetworkStep>) {
    for table in &observed.route_tables {
        for (destination, gateway) in &table.exit_routes {
            plan.step(way_out(table, destination, gateway.as_str()));
        }
    }
    for id in &observed.egress_only_gateways {
        plan.step(NetworkStep::DeleteEgressOnlyGateway { id: id.clone() });
    }
}

fn addresses(observed: &Observed, plan: &mut Plan<NetworkStep>) {
    for address in &observed.addresses {
        let (name, id, ip) = (address.resource.clone(), address.id.clone(), address.ip.clone());
        if let Some(interface) = address.interface.as_ref().filter(|_| is_abandoned(observed, &address.id)) {
            plan.wait(Waiting::on(format!("{name} {ip} to be given up by {interface}"), POLL));
        }
        plan.step(NetworkStep::ReleaseAddress { address: name, id, ip });
    }
}

/// Whether every gateway that held the address is deleted: then only AWS's word is missing (T4).
fn is_abandoned(observed: &Observed, address: &AllocationId) -> bool {
    let mut alive = observed.nat_gateways.iter().filter(|gateway| gateway.state != State::Deleted);
    !alive.any(|gateway| gateway.allocations.contains(address))
}

fn internet_gateways(observed: &Observed, plan: &mut Plan<NetworkStep>) {
    for gateway in &observed.internet_gateways {
        if let Some(vpc) = &gateway.vpc {
            plan.step(NetworkStep::DetachInternetGateway { id: gateway.id.clone(), vpc: vpc.clone() });
        }
        plan.step(NetworkStep::DeleteInternetGateway { id: gateway.id.clone() });
    }
}

fn inside(observed: &Observed, plan: &mut Plan<NetworkStep>) {
    for subnet in &observed.subnets {
        plan.step(NetworkStep::DeleteSubnet { subnet: subnet.resource.clone(), id: subnet.id.clone() });
    }
    for table in &observed.route_tables {
        plan.step(NetworkStep::DeleteRouteTable { table: table.resource.clone(), id: table.id.clone() });
    }
    group::remove(&observed.groups, plan, NetworkStep::Group);
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
