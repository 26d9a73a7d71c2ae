//! The way out: the account's answers to what takes a service and a network down, and `moat-teardown` itself.

mod ingress;
mod network;
mod record;
mod run;
mod service;

pub use run::{End, Teardown};

use crate::answer::{Answer, refuse};
use crate::state::State;
use moat::ids::{SecurityGroupId, VpcId};
use moat::name::{Logical, Name};
use moat::rule::Peer;
use moat::stage::Done;
use moat::tags::{self, Owner};
use moat::teardown::{Group, GroupStep, Reference};

fn resource(tags: &crate::shelf::Tags) -> Logical {
    Logical::new(tags.get(tags::RESOURCE).cloned().unwrap_or_default())
}

/// Groups with the owner's tags.
fn groups(state: &State, owner: &Owner) -> Vec<Group> {
    let ours = state.groups.seen_of(owner, state.now);
    ours.map(|kept| Group {
        id: kept.thing.id.clone(),
        resource: resource(&kept.tags),
        vpc: kept.thing.vpc.clone(),
        rules: kept.thing.rules.seen(state.now).cloned().collect(),
    })
    .collect()
}

/// Rules that name one of the owner's groups, in groups that are not the owner's.
fn references(state: &State, owner: &Owner) -> Vec<Reference> {
    let ours: Vec<Peer> =
        state.groups.seen_of(owner, state.now).map(|kept| Peer::Group(kept.thing.id.clone())).collect();
    let others = state.groups.seen(state.now).filter(|kept| !owner.owns(&kept.tags));
    let named = others.flat_map(|kept| kept.thing.rules.seen(state.now).map(move |rule| (kept, rule)));
    let service = |tags: &crate::shelf::Tags| Name::new(tags.get(tags::SERVICE)?).ok();
    named
        .filter(|(_, rule)| ours.contains(&rule.peer))
        .map(|(kept, rule)| Reference {
            group: kept.thing.id.clone(),
            name: kept.thing.name.clone(),
            of: service(&kept.tags).map(|name| (name, resource(&kept.tags))),
            rule: rule.clone(),
        })
        .collect()
}

fn apply_to_group(state: &mut State, step: &GroupStep) -> Answer {
    match step {
        GroupStep::Untangle { id, rules, .. } => crate::ingress::revoke(state, id.as_str(), rules),
        GroupStep::Delete { id, .. } => delete_group(state, id),
    }
}

/// Refused while a network interface uses it or another group names it (T6).
pub(crate) fn delete_group(state: &mut State, id: &SecurityGroupId) -> Answer {
    let Some(group) = state.groups.get(id.as_str()) else { return refuse("InvalidGroup.NotFound", id.as_str()) };
    if group.name == "default" {
        return refuse("CannotDelete", format!("{id} is the default group of {}", group.vpc));
    }
    let mut interfaces = state.network_interfaces().into_iter();
    if let Some(interface) = interfaces.find(|interface| interface.groups.contains(id)) {
        return refuse("DependencyViolation", format!("resource {id} has a dependent object: {}", interface.id));
    }
    let names = |other: &&crate::state::Group| {
        other.id != *id && other.rules.there().any(|rule| rule.peer == Peer::Group(id.clone()))
    };
    if let Some(other) = state.groups.there().find(names) {
        return refuse("DependencyViolation", format!("resource {id} has a dependent object: {}", other.id));
    }
    let until = state.seen_from();
    state.groups.remove(|group| group.id == *id, until);
    Ok(Done::Changed)
}

/// Whether something in these VPCs is shown.
fn is_inside(vpcs: &[VpcId], vpc: &VpcId) -> bool {
    vpcs.contains(vpc)
}
