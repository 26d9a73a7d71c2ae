//! From what was found of interface endpoints to what must be done.

use super::step::EndpointStep;
use super::{FoundEndpoints, Ground, desired};
use crate::name::Logical;
use crate::network::NetworkStep;
use crate::network::observed::{EndpointState, InterfaceEndpoint, Observed};
use crate::plan::{POLL, Plan, Problem, Waiting};
use crate::rule::Rule;
use crate::spec::EndpointService;

/// Seconds that an interface endpoint needs: two to three minutes, by a single guide.
const ENDPOINT_USUAL: u32 = 120;
/// Seconds for which a task may still ask at the address that a name had: what AWS answers is good for 60, and calls take a moment.
pub const NAME_USUAL: u32 = 62;

/// The endpoints with their group, in the order of their parts.
pub fn plan(ground: &Ground<'_>, observed: &Observed, found: &FoundEndpoints<'_>, plan: &mut Plan<NetworkStep>) {
    if !found.wanted.is_empty() {
        group(ground, found, plan);
    }
    for service in &found.wanted {
        match found.interfaces.get(service) {
            None => create(ground, found, *service, plan),
            Some(endpoint) => change(ground, observed, found, *service, endpoint, plan),
        }
    }
    wait_until_relied_on(found, plan);
    failed(found, plan);
    spare(found, plan);
    going(found, plan);
}

fn group(ground: &Ground<'_>, found: &FoundEndpoints<'_>, plan: &mut Plan<NetworkStep>) {
    let mut step = |step| plan.step(NetworkStep::Endpoint(step));
    let wanted = desired::rules(ground);
    // What AWS gives each new group.
    let mut there = vec![Rule::all_out()];
    match found.group {
        Some(group) => there.clone_from(&group.rules),
        None => step(EndpointStep::CreateGroup {
            name: desired::group_name(ground.network),
            description: desired::group_description(ground.network),
        }),
    }
    let missing: Vec<Rule> = wanted.iter().filter(|rule| !there.contains(rule)).cloned().collect();
    let count = missing.len();
    for (at, rule) in missing.into_iter().enumerate() {
        step(EndpointStep::AddRule { rule, is_last: at + 1 == count });
    }
    // The rule that a new group comes with goes once it is seen.
    let Some(group) = found.group else { return };
    for rule in there.into_iter().filter(|rule| !wanted.contains(rule)) {
        step(EndpointStep::RemoveRule { group: group.id.clone(), rule });
    }
}

/// One that failed is removed and reported, not quietly made again: the cause is still there.
fn create(ground: &Ground<'_>, found: &FoundEndpoints<'_>, service: EndpointService, plan: &mut Plan<NetworkStep>) {
    if found.has_failed(service) {
        return;
    }
    plan.step(NetworkStep::Endpoint(EndpointStep::Create {
        service,
        subnets: ground.subnets.iter().map(|(name, _)| name.clone()).collect(),
        policy: found.policy(ground, service),
        after: found.deleting(service).map(|endpoint| endpoint.id.clone()),
    }));
}

fn change(
    ground: &Ground<'_>,
    observed: &Observed,
    found: &FoundEndpoints<'_>,
    service: EndpointService,
    endpoint: &InterfaceEndpoint,
    plan: &mut Plan<NetworkStep>,
) {
    if endpoint.state == EndpointState::Pending {
        let on = format!("{} {} (pending)", endpoint.resource, endpoint.id);
        plan.wait(Waiting::usual(on, ENDPOINT_USUAL, endpoint.age));
    }
    let (name, id) = (|| endpoint.resource.clone(), || endpoint.id.clone());
    let mut step = |step| plan.step(NetworkStep::Endpoint(step));
    let is_there = |id: &Option<&_>| id.is_some_and(|id| endpoint.subnets.contains(id));
    let missing = ground.subnets.iter().filter(|(_, id)| !is_there(id)).map(|(subnet, _)| subnet.clone());
    let missing: Vec<Logical> = missing.collect();
    if !missing.is_empty() {
        step(EndpointStep::AddSubnets { endpoint: name(), id: id(), subnets: missing });
    }
    let is_asked_for = |subnet: &&_| ground.subnets.iter().any(|(_, id)| *id == Some(*subnet));
    let others: Vec<_> = endpoint.subnets.iter().filter(|subnet| !is_asked_for(subnet)).cloned().collect();
    if !others.is_empty() {
        step(EndpointStep::RemoveSubnets { endpoint: name(), id: id(), subnets: others });
    }
    let (others, ours) = (found.other_groups(endpoint), found.group.map(|group| &group.id));
    let is_missing = ours.is_none_or(|ours| !endpoint.groups.contains(ours));
    if is_missing || !others.is_empty() {
        step(EndpointStep::SetGroups { endpoint: name(), id: id(), is_missing, others });
    }
    if !endpoint.private_dns {
        step(EndpointStep::EnablePrivateDns { endpoint: name(), id: id() });
    }
    let policy = found.policy(ground, service);
    let account = observed.account.as_deref().unwrap_or_default();
    if !policy.is(endpoint.policy.as_deref(), account, &observed.region) {
        step(EndpointStep::SetPolicy { endpoint: name(), id: id(), policy });
    }
}

/// The other way out is closed only once no task can have the public address of a name in its cache.
fn wait_until_relied_on(found: &FoundEndpoints<'_>, plan: &mut Plan<NetworkStep>) {
    let is_pending = found.interfaces.values().any(|endpoint| endpoint.state == EndpointState::Pending);
    let closes = |step: &NetworkStep| matches!(step, NetworkStep::DeleteDefaultRoute { is_black_hole: false, .. });
    let is_closed = !plan.steps.iter().any(closes);
    if let Some(age) = found.too_young().filter(|_| !is_pending && !is_closed) {
        let on = "tasks to ask the new endpoints rather than the addresses that they remember";
        plan.wait(Waiting::on(on, (super::found::RELIED_ON - age).max(POLL)));
    }
}

fn failed(found: &FoundEndpoints<'_>, plan: &mut Plan<NetworkStep>) {
    for endpoint in &found.failed {
        let EndpointState::Failed(reason) = &endpoint.state else { continue };
        let (name, id) = (endpoint.resource.clone(), endpoint.id.clone());
        plan.halt(Problem::general(format!(
            "AWS could not create {name} {id}: {reason}. moat deleted it. Remove the cause and start the provision again"
        )));
        let why = format!("which failed: {reason}");
        plan.step(NetworkStep::Endpoint(EndpointStep::Delete {
            endpoint: name,
            id,
            why,
            is_unused: true,
            is_remembered: false,
        }));
    }
}

/// Those that nothing needs go in two turns: first their names lead elsewhere again, and a minute later they are deleted.
fn spare(found: &FoundEndpoints<'_>, plan: &mut Plan<NetworkStep>) {
    for twin in &found.twins {
        let why = "an unused twin".to_owned();
        let (endpoint, id) = (twin.resource.clone(), twin.id.clone());
        plan.step(NetworkStep::Endpoint(EndpointStep::Delete {
            endpoint,
            id,
            why,
            is_unused: true,
            is_remembered: false,
        }));
    }
    let (named, nameless): (Vec<&InterfaceEndpoint>, Vec<_>) = found.spare.iter().partition(|one| one.private_dns);
    for one in &named {
        let (endpoint, id) = (one.resource.clone(), one.id.clone());
        plan.step(NetworkStep::Endpoint(EndpointStep::DisablePrivateDns { endpoint, id }));
    }
    if !named.is_empty() {
        let on = "tasks to ask public addresses rather than the endpoints that they remember";
        plan.wait(Waiting::on(on, NAME_USUAL));
        return;
    }
    for one in &nameless {
        let why = "which nothing needs".to_owned();
        let (endpoint, id) = (one.resource.clone(), one.id.clone());
        plan.step(NetworkStep::Endpoint(EndpointStep::Delete {
            endpoint,
            id,
            why,
            is_unused: false,
            is_remembered: true,
        }));
    }
}

fn going(found: &FoundEndpoints<'_>, plan: &mut Plan<NetworkStep>) {
    let is_in_the_way = |endpoint: &&&InterfaceEndpoint| {
        found.wanted.is_empty() || found.wanted.iter().any(|service| desired::endpoint(*service) == endpoint.resource)
    };
    for endpoint in found.deleting.iter().filter(is_in_the_way) {
        plan.wait(Waiting::on(format!("{} {} (deleting)", endpoint.resource, endpoint.id), POLL));
    }
    if let Some(group) = found.group.filter(|_| found.wanted.is_empty()) {
        let (group, id) = (group.resource.clone(), group.id.clone());
        plan.step(NetworkStep::Endpoint(EndpointStep::DeleteGroup { group, id }));
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
