//! What there should be in the account in the end: one of each, and nothing else that costs money.

use crate::execution::Asked;
use crate::people::ids_of;
use crate::state::State;
use crate::world::World;
use moat::network::desired;
use moat::network::observed::NatState;
use moat::plan::Bindings;
use moat::spec::Nat;

impl World {
    /// Everything that is there too often, not often enough, or without a use. Empty when all is well.
    pub fn census(&self, asked: &Asked) -> Vec<String> {
        self.read(|state| {
            let mut wrong = once_each(state, asked);
            wrong.extend(leftovers(state, asked));
            wrong.extend(crate::breach::breaches(state));
            wrong
        })
    }
}

fn once_each(state: &State, asked: &Asked) -> Vec<String> {
    let mut names: Vec<String> =
        ["vpc", "internet-gateway", "route-table public", "vpc-endpoint s3"].map(Into::into).into();
    let ingress = asked.ingress(&Bindings::default());
    names.extend(ingress.groups().into_iter().map(|group| group.logical().to_string()));
    names.extend(ingress.door().iter().flat_map(|_| ["load-balancer", "target-group"].map(String::from)));
    names.extend(ingress.listeners().iter().map(|listener| listener.logical().to_string()));
    names.extend(["cluster", "log-group", "service"].map(String::from));
    for (at, letter) in desired::letters(asked.network.zones).enumerate() {
        names.extend([format!("subnet public-{letter}"), format!("subnet private-{letter}")]);
        names.push(format!("route-table private-{letter}"));
        if is_zonal(asked) && (at == 0 || asked.network.egress.nat == Some(Nat::PerZone)) {
            names.extend([format!("elastic-ip {letter}"), format!("nat-gateway {letter}")]);
        }
    }
    if asked.network.egress.nat == Some(Nat::Regional) {
        names.push("nat-gateway regional".into());
    }
    if asked.network.has_ipv6_egress() {
        names.push("egress-only-internet-gateway".into());
    }
    if asked.network.egress.has_endpoints() {
        names.push("security-group endpoints".into());
        names.extend(asked.network().needs.endpoints().into_iter().map(|service| format!("vpc-endpoint {service}")));
    }
    let counted = names.iter().map(|name| (name, ids_of(state, name)));
    counted.filter(|(_, ids)| ids.len() != 1).map(|(name, ids)| format!("{name} exists as {ids:?}")).collect()
}

/// Whether the NAT gateways are in zones, each with an address of ours.
fn is_zonal(asked: &Asked) -> bool {
    asked.network.egress.nat.is_some_and(|nat| nat != Nat::Regional)
}

fn locks(state: &State) -> usize {
    let is_lock = |name: &&String| name.starts_with("/moat/locks/") && !name.contains("/claims/");
    state.parameters.keys().filter(is_lock).count()
}

/// How many there may be of each kind, whatever their tags say.
fn leftovers(state: &State, asked: &Asked) -> Vec<String> {
    let zones = usize::from(asked.network.zones);
    let egress = asked.network.egress;
    // Without it in the spec, what others give to subnets is their business.
    let without_ipv6 = state.subnets.there().filter(|subnet| subnet.ipv6.is_none());
    let gateways = match egress.nat {
        None => 0,
        Some(Nat::PerZone) => zones,
        Some(Nat::Single | Nat::Regional) => 1,
    };
    let endpoints = if egress.has_endpoints() { asked.network().needs.endpoints().len() } else { 0 };
    let regional = usize::from(egress.nat == Some(Nat::Regional));
    let live = state.nat_gateways.there().filter(|gateway| gateway.state == NatState::Available).count();
    let half =
        state.nat_gateways.there().filter(|gateway| matches!(gateway.state, NatState::Failed(_) | NatState::Pending));
    let ingress = asked.ingress(&Bindings::default());
    let doors = usize::from(ingress.door().is_some());
    let counts = [
        ("VPCs", state.vpcs.there().count(), 1),
        ("Internet gateways", state.internet_gateways.there().count(), 1),
        (
            "egress-only Internet gateways",
            state.egress_only_gateways.there().count(),
            usize::from(asked.network.has_ipv6_egress()),
        ),
        ("subnets without IPv6", if asked.network.ipv6 { without_ipv6.count() } else { 0 }, 0),
        ("subnets", state.subnets.there().count(), 2 * zones),
        ("route tables", state.tables.there().count(), 2 + zones + regional),
        ("elastic IPs", state.addresses.there().count(), if is_zonal(asked) { gateways } else { 0 }),
        ("NAT gateways", live, gateways),
        ("failed or pending NAT gateways", half.count(), 0),
        ("gateway endpoints", state.endpoints.there().count(), 1),
        (
            "interface endpoints",
            state.interface_endpoints.there().filter(|endpoint| endpoint.state.is_live()).count(),
            endpoints,
        ),
        ("security groups", state.groups.there().count(), 1 + ingress.groups().len() + usize::from(endpoints > 0)),
        ("load balancers", state.balancers.there().count(), doors),
        ("target groups", state.targets.there().count(), doors),
        ("listeners", state.listeners.there().count(), ingress.listeners().len()),
        ("clusters", state.clusters.there().count(), 1),
        ("services", state.services.there().count(), 1),
        // A claim that its winner died too early to remove costs nothing, and never matters again.
        ("locks", locks(state), 0),
    ];
    let wrong = counts.into_iter().filter(|(_, have, want)| have != want);
    let mut wrong: Vec<String> = wrong.map(|(what, have, want)| format!("{have} {what} instead of {want}")).collect();
    for address in state.addresses.there().filter(|address| state.holder(&address.id).is_none()) {
        wrong.push(format!("{} {} is used by nothing", address.id, address.ip));
    }
    wrong
}
