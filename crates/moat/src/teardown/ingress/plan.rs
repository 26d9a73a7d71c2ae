//! From what was found of a service's door to what takes it down.

use super::IngressTeardownSpec;
use super::observed::{LoadBalancer, Observed, TargetGroup};
use super::step::IngressStep;
use crate::ids::LoadBalancerArn;
use crate::ingress::desired;
use crate::name::{Logical, Name};
use crate::plan::{POLL, Plan, Problem, Refusal, Waiting};
use crate::rule::Direction;
use crate::teardown::fact::{Facts, gone};
use crate::teardown::{Holder, Interface, Reference, group};

pub(super) fn unprotected() -> Logical {
    Logical::from("load-balancer without deletion protection")
}

pub(super) fn listeners_gone() -> Logical {
    gone("listeners")
}

pub(super) fn balancer_gone() -> Logical {
    gone("load-balancer")
}

/// Those of ours in other services' listeners.
pub(super) fn rules_gone() -> Logical {
    gone("listener-rules")
}

/// The fact that no group of another service names ours.
pub(super) fn groups_left() -> Logical {
    Logical::from("security groups of other services left")
}

pub(super) fn target_group_gone() -> Logical {
    gone("target-group")
}

/// What takes a door down, in the order of T1.
pub fn plan(spec: &IngressTeardownSpec, observed: &Observed) -> Result<Plan<IngressStep>, Refusal> {
    Refusal::unless_none(obstacles(spec, observed), ())?;
    let mut plan = Plan::default();
    load_balancer(observed, &mut plan);
    for rule in &observed.rules {
        plan.step(IngressStep::DeleteListenerRule { arn: rule.arn.clone(), balancer: rule.balancer.clone() });
    }
    for (reference, (service, resource)) in left(spec, observed) {
        plan.step(IngressStep::LeaveGroup {
            service: service.clone(),
            resource: resource.clone(),
            id: reference.group.clone(),
            rule: reference.rule.clone(),
        });
    }
    if let Some(found) = target_group(observed) {
        plan.step(IngressStep::DeleteTargetGroup { arn: found.arn.clone() });
    }
    interfaces(observed, &mut plan);
    group::remove(&observed.groups, &mut plan, IngressStep::Group);
    Ok(plan)
}

/// Rules in groups of other services that are ours to take out: of those who go along, and those of the load balancer that
/// we are behind.
fn left<'a>(
    spec: &'a IngressTeardownSpec,
    observed: &'a Observed,
) -> impl Iterator<Item = (&'a Reference, &'a (Name, Logical))> {
    let of = |reference: &'a Reference| Some((reference, reference.of.as_ref()?));
    observed.references.iter().filter_map(of).filter(|(reference, (service, resource))| {
        let is_hosts =
            *resource == desired::Group::LoadBalancer.logical() && reference.rule.direction == Direction::Egress;
        is_hosts || spec.with.contains(service)
    })
}

pub(super) fn facts(observed: &Observed) -> Facts {
    let mut facts = Facts::default();
    let balancer = balancer(observed);
    facts.say(unprotected(), balancer.is_none_or(|balancer| !balancer.is_protected));
    facts.say(listeners_gone(), observed.listeners.is_empty());
    facts.say(balancer_gone(), balancer.is_none());
    facts.say(rules_gone(), observed.rules.is_empty());
    facts.say(groups_left(), observed.references.iter().all(|reference| reference.of.is_none()));
    facts.say(target_group_gone(), target_group(observed).is_none());
    group::say(&observed.groups, &observed.interfaces, &mut facts);
    facts
}

fn balancer(observed: &Observed) -> Option<&LoadBalancer> {
    observed.load_balancer.as_ref().filter(|found| found.is_ours)
}

fn target_group(observed: &Observed) -> Option<&TargetGroup> {
    observed.target_group.as_ref().filter(|found| found.is_ours)
}

/// What others did that keeps the door standing, all of it at once (T2).
fn obstacles(spec: &IngressTeardownSpec, observed: &Observed) -> Vec<Problem> {
    let mut problems = Vec::new();
    let balancer = balancer(observed);
    if let Some(found) = balancer.filter(|found| found.is_protected && !spec.is_protection_ours) {
        problems.push(Problem::general(format!(
            "load-balancer {} is protected from deletion, and it was not moat that turned that on. Turn its attribute deletion_protection.enabled off, then start again",
            found.arn
        )));
    }
    // Once ours is deleted, its ARN may be shown here for a while; by its name it is ours still.
    let is_foreign = |arn: &LoadBalancerArn| {
        let found = observed.load_balancer.as_ref().filter(|found| found.arn == *arn);
        let is_foreign = found.map_or_else(|| arn.name() != spec.aws_name(), |found| !found.is_ours);
        is_foreign && !observed.hosts.contains(arn)
    };
    for arn in target_group(observed).iter().flat_map(|found| found.used_by.iter().filter(|arn| is_foreign(arn))) {
        problems.push(Problem::general(format!(
            "load balancer {arn}, which is not service {}'s, forwards to its target-group. Take that out of its listener, then start again",
            spec.service
        )));
    }
    let ours: Vec<&Reference> = left(spec, observed).map(|(reference, _)| reference).collect();
    let others = observed.references.iter().filter(|reference| !ours.contains(reference));
    problems.extend(group::referred(&observed.groups, others));
    for interface in observed.interfaces.iter().filter(|interface| !is_ours(spec, interface)) {
        let groups = observed.groups.iter().filter(|group| interface.groups.contains(&group.id));
        let groups: Vec<&str> = groups.map(|group| group.resource.as_str()).collect();
        problems.push(Problem::general(format!(
            "{} uses {} of service {}. moat removes nothing of others; give it another group, then start again",
            interface.stranger(),
            groups.join(", "),
            spec.service
        )));
    }
    problems
}

/// AWS takes these away by itself, some time after the load balancer or the task that they belong to.
fn is_ours(spec: &IngressTeardownSpec, interface: &Interface) -> bool {
    let name = spec.aws_name();
    match interface.holder() {
        Holder::LoadBalancer(balancer) => balancer == name,
        // Where no tag tells, the group does: nothing but our tasks has any business in it.
        Holder::Task(service) => service.is_none_or(|service| service == name),
        Holder::NatGateway(_) | Holder::Endpoint(_) | Holder::Instance(_) | Holder::Unknown => false,
    }
}

fn load_balancer(observed: &Observed, plan: &mut Plan<IngressStep>) {
    let Some(found) = balancer(observed) else { return };
    if found.is_protected {
        plan.step(IngressStep::TurnOffProtection { arn: found.arn.clone() });
    }
    for listener in &observed.listeners {
        let (arn, protocol) = (listener.arn.clone(), listener.protocol.clone());
        plan.step(IngressStep::DeleteListener { arn, port: listener.port, protocol });
    }
    plan.step(IngressStep::DeleteLoadBalancer { arn: found.arn.clone() });
}

/// Until load balancer and target group are gone there is something to do, and their interfaces are in use.
fn interfaces(observed: &Observed, plan: &mut Plan<IngressStep>) {
    if balancer(observed).is_some() || target_group(observed).is_some() {
        return;
    }
    for interface in &observed.interfaces {
        plan.wait(Waiting::on(format!("{interface} to be taken away by AWS"), POLL));
    }
}

/// What stays, and why.
pub(super) fn kept(spec: &IngressTeardownSpec, observed: &Observed) -> Vec<String> {
    let foreign = |what: &str| {
        let name = spec.aws_name();
        format!("{what} {name}: it has no moat tags of service {}, so it is somebody else's", spec.service)
    };
    let mut kept = Vec::new();
    if observed.load_balancer.as_ref().is_some_and(|found| !found.is_ours) {
        kept.push(foreign("load balancer"));
    }
    if observed.target_group.as_ref().is_some_and(|found| !found.is_ours) {
        kept.push(foreign("target group"));
    }
    kept
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
