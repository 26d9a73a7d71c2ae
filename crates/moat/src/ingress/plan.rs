//! From what was asked for and what was found to what must be done.

use super::attributes;
use super::contradictions::contradictions;
use super::desired::{Group, IngressSpec};
use super::listener::{self, Answer};
use super::observed::{HealthCheck, LoadBalancer, LoadBalancerState, Observed, SecurityGroup};
use super::shared;
use super::step::IngressStep;
use crate::cidr::Anywhere;
use crate::ids::{SecurityGroupId, SubnetId};
use crate::name::Logical;
use crate::plan::{Plan, Problem, Refusal, Waiting};
use crate::rule::{Direction, Peer, Rule};
use crate::spec::{self, LoadBalancerSpec};
use std::collections::{BTreeMap, BTreeSet};

/// Seconds that a load balancer needs: 139 to 187, median 152, in eight logs of other people's accounts.
const LOAD_BALANCER_USUAL: u32 = 145;

/// The plan of a service's door, in the order of its parts.
pub fn plan(spec: &IngressSpec, observed: &Observed) -> Result<Plan<IngressStep>, Refusal> {
    Refusal::unless_none(contradictions(spec, observed), ())?;
    let mut plan = Plan::default();
    for group in spec.groups() {
        security_group(spec, observed, group, &mut plan);
    }
    if let Some(door) = spec.own_door() {
        load_balancer(spec, door, observed, &mut plan);
        web_acl(door, observed, &mut plan);
    }
    if let Some(door) = spec.door() {
        target_group(door, observed, &mut plan);
        shared::guest(spec, door, observed, &mut plan);
    }
    if let Some(door) = spec.own_door() {
        listeners(spec, door, observed, &mut plan);
        other_listeners(spec, observed, &mut plan);
    }
    Ok(plan)
}

/// One group with exactly the rules that it should have.
fn security_group(spec: &IngressSpec, observed: &Observed, group: Group, plan: &mut Plan<IngressStep>) {
    let found = observed.group(group);
    if found.is_none() {
        plan.step(IngressStep::CreateGroup { group });
    }
    rules(spec, observed, (group, found), |rule| !shared::is_to_guest(observed, group, rule), plan);
}

/// The rules of a group that are ours to set: missing ones are added before others are removed.
pub(super) fn rules(
    spec: &IngressSpec,
    observed: &Observed,
    (group, found): (Group, Option<&SecurityGroup>),
    is_ours: impl Fn(&Rule) -> bool,
    plan: &mut Plan<IngressStep>,
) {
    let mut kept: BTreeSet<Rule> = BTreeSet::new();
    for wanted in spec.rules(group) {
        let rule = wanted.rule(|group| observed.id_of(group));
        let is_there = match (&rule, found) {
            (Some(rule), Some(found)) => found.rules.contains(rule),
            // A new group lets everything out; asking for that again would be a duplicate.
            (Some(rule), None) => *rule == Rule::all_out(),
            (None, _) => false,
        };
        if !is_there {
            plan.step(IngressStep::AddRule { group, rule: wanted });
        }
        kept.extend(rule);
    }
    for (found, rule) in found.iter().flat_map(|found| found.rules.iter().map(move |rule| (found, rule))) {
        let is_of_a_block = matches!(&rule.peer, Peer::Ipv6(range) if range != Anywhere::Ipv6.as_str());
        let is_doubtful = is_of_a_block && rule.direction == Direction::Ingress && spec.awaits_ipv6_block();
        if !kept.contains(rule) && is_ours(rule) && !is_doubtful {
            plan.step(IngressStep::RemoveRule { group, id: found.id.clone(), rule: rule.clone() });
        }
    }
}

fn load_balancer(spec: &IngressSpec, door: &LoadBalancerSpec, observed: &Observed, plan: &mut Plan<IngressStep>) {
    let (subnets, attributes) = (spec.door_subnets(), attributes::load_balancer(door));
    let address_type = spec.address_type(door);
    let Some(found) = &observed.load_balancer else {
        let (kind, scheme) = (door.kind, door.scheme);
        plan.step(IngressStep::CreateLoadBalancer { kind, scheme, address_type, subnets });
        plan.step(IngressStep::SetLoadBalancerAttributes { attributes });
        return;
    };
    let wanted: Option<BTreeSet<SubnetId>> =
        subnets.iter().map(|name| spec.given.get(name).map(SubnetId::from)).collect();
    if wanted.is_none_or(|wanted| wanted != found.subnets) {
        let (arn, subnets) = (found.arn.clone(), subnets.clone());
        plan.step(IngressStep::SetSubnets { arn, address_type, subnets });
    }
    // In a network of somebody else's it is theirs to say.
    if spec.network.existing.is_none() && found.address_type != address_type.as_str() {
        plan.step(IngressStep::SetAddressType { arn: found.arn.clone(), address_type, subnets });
    }
    let wanted: BTreeSet<SecurityGroupId> =
        observed.group(Group::LoadBalancer).map(|group| group.id.clone()).into_iter().collect();
    if wanted != found.groups {
        plan.step(IngressStep::SetGroups { arn: found.arn.clone() });
    }
    let mut attributes = unset(attributes, &found.attributes);
    let turned = |(key, value): &&(&str, &str)| found.attributes.get(*key).is_some_and(|found| found != value);
    let guarded = attributes::guarded(door.kind, door.scheme, &found.address_type);
    attributes.extend(guarded.iter().filter(turned).map(|(key, value)| (*key, (*value).to_owned())));
    if !attributes.is_empty() {
        plan.step(IngressStep::SetLoadBalancerAttributes { attributes });
    }
    state(found, plan);
}

fn state(found: &LoadBalancer, plan: &mut Plan<IngressStep>) {
    match &found.state {
        LoadBalancerState::Active => {}
        LoadBalancerState::Provisioning => {
            plan.wait(Waiting::usual("load-balancer (provisioning)", LOAD_BALANCER_USUAL, found.age));
        }
        LoadBalancerState::Impaired(why) => plan.wait(Waiting::on(format!("load-balancer (impaired: {why})"), 30)),
        LoadBalancerState::Failed(why) => plan.halt(Problem::general(format!(
            "AWS could not set up load-balancer {}: {why}. Delete it, remove the cause and start the provision again",
            found.arn
        ))),
    }
}

/// One that is no longer asked for stays: others may count on it.
fn web_acl(door: &LoadBalancerSpec, observed: &Observed, plan: &mut Plan<IngressStep>) {
    let found = observed.load_balancer.as_ref().and_then(|found| found.web_acl.clone());
    if let Some(acl) = door.waf_acl.clone().filter(|acl| found.as_ref() != Some(acl)) {
        plan.step(IngressStep::SetWebAcl { acl, replaces: found });
    }
}

fn target_group(door: &LoadBalancerSpec, observed: &Observed, plan: &mut Plan<IngressStep>) {
    let (health_check, attributes) = (health_check(door), attributes::target_group(door));
    let Some(found) = &observed.target_group else {
        plan.step(IngressStep::CreateTargetGroup { health_check });
        plan.step(IngressStep::SetTargetGroupAttributes { attributes });
        return;
    };
    if found.health_check != health_check {
        plan.step(IngressStep::SetHealthCheck { arn: found.arn.clone(), health_check });
    }
    let attributes = unset(attributes, &found.attributes);
    if !attributes.is_empty() {
        plan.step(IngressStep::SetTargetGroupAttributes { attributes });
    }
}

/// Two good checks in a row put a task in service, three bad ones take it out. AWS's default of five takes 150 s.
fn health_check(door: &LoadBalancerSpec) -> HealthCheck {
    let check = &door.health_check;
    let path = check.path.as_deref().or_else(|| (!door.is_network()).then_some(spec::HealthCheck::ROOT));
    HealthCheck {
        path: path.unwrap_or_default().to_owned(),
        protocol: if path.is_some() { "HTTP".into() } else { "TCP".into() },
        port: "traffic-port".into(),
        codes: if path.is_some() { "200".into() } else { String::new() },
        interval: check.interval,
        // AWS wants the timeout below the interval.
        timeout: (check.interval - 1).min(5),
        healthy: 2,
        unhealthy: 3,
    }
}

fn unset(wanted: Vec<(&'static str, String)>, found: &BTreeMap<String, String>) -> Vec<(&'static str, String)> {
    let is_set = |key: &str, value: &str| found.get(key).map_or("", String::as_str) == value;
    wanted.into_iter().filter(|(key, value)| !is_set(key, value)).collect()
}

fn listeners(spec: &IngressSpec, door: &LoadBalancerSpec, observed: &Observed, plan: &mut Plan<IngressStep>) {
    let ours = observed.target_group.as_ref().map(|found| &found.arn);
    for wanted in listener::listeners(door) {
        let name = wanted.logical();
        let attributes = if wanted.answer == Answer::Forward { listener::attributes(door) } else { Vec::new() };
        let certificates = if wanted.tls.is_some() { door.additional_certificates.clone() } else { Vec::new() };
        let Some(found) = observed.listener(wanted.port) else {
            plan.step(IngressStep::CreateListener { listener: wanted });
            if !attributes.is_empty() {
                plan.step(IngressStep::SetListenerAttributes { listener: name.clone(), attributes });
            }
            add_certificates(name, certificates, plan);
            continue;
        };
        if !wanted.is(found, ours) {
            plan.step(IngressStep::SetListener { arn: found.arn.clone(), listener: wanted });
        }
        let attributes = unset(attributes, &found.attributes);
        if !attributes.is_empty() {
            plan.step(IngressStep::SetListenerAttributes { listener: name.clone(), attributes });
        }
        let is_missing = |arn: &String| !found.additional_certificates.contains(arn);
        add_certificates(name.clone(), certificates.into_iter().filter(is_missing).collect(), plan);
        for rule in found.rules.iter().filter(|rule| rule.guest(&spec.service.name).is_none()) {
            let (arn, priority) = (rule.arn.clone(), rule.priority.clone());
            plan.step(IngressStep::DeleteListenerRule { arn, listener: name.clone(), priority });
        }
    }
}

/// Those that are not asked for stay: clients may count on them.
fn add_certificates(listener: Logical, certificates: Vec<String>, plan: &mut Plan<IngressStep>) {
    if !certificates.is_empty() {
        plan.step(IngressStep::AddCertificates { listener, certificates });
    }
}

/// A listener that nobody asked for is a second door.
fn other_listeners(spec: &IngressSpec, observed: &Observed, plan: &mut Plan<IngressStep>) {
    let ours: Vec<_> = spec.listeners().iter().filter_map(|it| Some(&observed.listener(it.port)?.arn)).collect();
    for listener in observed.listeners.iter().filter(|listener| !ours.contains(&&listener.arn)) {
        plan.step(IngressStep::DeleteListener {
            arn: listener.arn.clone(),
            port: listener.port,
            protocol: listener.protocol.clone(),
        });
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
