//! The account as text, so that two moments of it can be compared.

use crate::shelf::{HasId, Tags};
use crate::state::State;
use moat::ids::VpcId;
use moat::network::observed::NatState;
use std::collections::BTreeSet;

/// One line for each thing, with all that it is, but for things whose owner's name is in `without`.
pub fn lines(state: &State, without: &[&str]) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let is_left_out = |tags: &Tags| {
        let owner = [moat::tags::NETWORK, moat::tags::SERVICE].into_iter().find_map(|key| tags.get(key));
        owner.is_some_and(|owner| without.contains(&owner.as_str()))
    };
    let passed_over = passed_over(state, &is_left_out);
    macro_rules! add {
        ($($shelf:ident),+ $(,)?) => {$(
            for kept in state.$shelf.kept().filter(|kept| !is_left_out(&kept.tags)) {
                let id = kept.thing.id();
                if !passed_over.contains(&id) {
                    lines.insert(format!("{} {id}: {:?} tagged {:?}", stringify!($shelf), kept.thing, kept.tags));
                }
            }
        )+};
    }
    add!(
        vpcs,
        subnets,
        internet_gateways,
        egress_only_gateways,
        addresses,
        nat_gateways,
        tables,
        endpoints,
        interface_endpoints,
        groups,
        balancers,
        targets,
        listeners,
        clusters,
        log_groups,
        revisions,
        inactive,
        services,
        interfaces,
    );
    lines.extend(state.scalings.iter().map(|(name, scaling)| format!("scaled {name} {}", scaling.least)));
    lines.extend(state.strangers.iter().map(|(vpc, stranger)| format!("{vpc} has {stranger}")));
    let kept = state.parameters.iter().filter(|(name, _)| !moat::parameters::is_lock(name));
    let kept = kept.filter(|(name, _)| !name.split('/').any(|part| without.contains(&part)));
    lines.extend(kept.map(|(name, value)| format!("parameter {name} = {value}")));
    lines
}

/// What AWS makes with a VPC that is left out, and without tags, and takes away with it; and what it only remembers.
fn passed_over<'a>(state: &'a State, is_left_out: &impl Fn(&Tags) -> bool) -> Vec<&'a str> {
    let homes: Vec<&VpcId> =
        state.vpcs.kept().filter(|kept| is_left_out(&kept.tags)).map(|kept| &kept.thing.id).collect();
    let tables = state.tables.there().filter(|table| table.is_main && homes.contains(&&table.vpc)).map(HasId::id);
    let is_default = |group: &&crate::state::Group| group.name == "default" && homes.contains(&&group.vpc);
    let groups = state.groups.there().filter(is_default).map(HasId::id);
    let deleted = state.nat_gateways.there().filter(|gateway| gateway.state == NatState::Deleted).map(HasId::id);
    tables.chain(groups).chain(deleted).collect()
}
