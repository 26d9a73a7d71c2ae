//! Security groups and their rules.

use crate::answer::{Answer, refuse};
use crate::network::known;
use crate::shelf::Parts;
use crate::state::{Group, State};
use moat::ids::SecurityGroupId;
use moat::name::Logical;
use moat::rule::{Peer, Rule};
use moat::stage::Done;
use moat::tags::Owner;

pub fn create(state: &mut State, owner: &Owner, vpc: &str, resource: &Logical, name: String) -> Answer {
    known(state.vpcs.usable(vpc, state.now), "InvalidVpcID.NotFound", vpc)?;
    if let Some(other) = state.groups.there().find(|group| group.vpc.as_str() == vpc && group.name == name) {
        return refuse("InvalidGroup.Duplicate", format!("{} is named {name}", other.id));
    }
    let id = SecurityGroupId(state.id("sg"));
    let (seen, usable) = (state.seen_from(), state.seen_from());
    let by_ipv6 = state.has_ipv6(vpc).then(Rule::all_out_by_ipv6);
    let rules = Parts::of([Rule::all_out()].into_iter().chain(by_ipv6).collect());
    let group = Group { id: id.clone(), name, vpc: vpc.into(), rules };
    state.groups.put(group, owner.tags(resource), seen, usable);
    Ok(Done::Made(id.0))
}

pub fn authorize(state: &mut State, group: &str, rule: Rule) -> Answer {
    known(state.groups.usable(group, state.now), "InvalidGroup.NotFound", group)?;
    if let Peer::Group(peer) = &rule.peer {
        known(state.groups.usable(peer.as_str(), state.now), "InvalidGroup.NotFound", peer.as_str())?;
    }
    let seen = state.seen_from();
    let Some(group) = state.groups.get_mut(group) else { return refuse("InvalidGroup.NotFound", group) };
    if group.rules.there().any(|there| *there == rule) {
        return refuse("InvalidPermission.Duplicate", format!("{} has {rule}", group.id));
    }
    group.rules.put(rule, seen);
    Ok(Done::Changed)
}

/// All or nothing: one unknown rule and none is removed.
pub fn revoke(state: &mut State, group: &str, rules: &[Rule]) -> Answer {
    known(state.groups.usable(group, state.now), "InvalidGroup.NotFound", group)?;
    let until = state.seen_from();
    let Some(group) = state.groups.get_mut(group) else { return refuse("InvalidGroup.NotFound", group) };
    if let Some(unknown) = rules.iter().find(|rule| !group.rules.there().any(|there| there == *rule)) {
        return refuse("InvalidPermission.NotFound", format!("{} has no {unknown}", group.id));
    }
    group.rules.remove(|there| rules.contains(there), until);
    Ok(Done::Changed)
}
