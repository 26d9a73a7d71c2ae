//! From what was asked for and what was found to what must be done.

use super::desired::{self, Group, IngressSpec};
use super::observed::{HealthCheck, LoadBalancerState, Observed};
use super::step::IngressStep;
use crate::ids::{SecurityGroupId, SubnetId};
use crate::network::desired as network;
use crate::plan::{Plan, Problem, Refusal, Waiting};
use crate::rule::Rule;
use std::collections::{BTreeMap, BTreeSet};

/// Seconds that a load balancer needs: 139 to 187, median 152, in eight logs of other people's accounts.
const LOAD_BALANCER_USUAL: u32 = 145;

/// The plan of a service's door, in the order of its parts.
pub fn plan(spec: &IngressSpec, observed: &Observed) -> Result<Plan<IngressStep>, Refusal> {
    Refusal::unless_none(contradictions(spec, observed), ())?;
    let mut plan = Plan::default();
    for group in Group::ALL {
        security_group(spec, observed, group, &mut plan);
    }
    load_balancer(spec, observed, &mut plan);
    target_group(spec, observed, &mut plan);
    listener(observed, &mut plan);
    other_listeners(observed, &mut plan);
    Ok(plan)
}

fn contradictions(spec: &IngressSpec, observed: &Observed) -> Vec<Problem> {
    let mut problems = Vec::new();
    let name = spec.aws_name();
    let foreign = |what: &str| {
        let message = format!(
            "the {what} {name} exists but has no moat tags of service {}, so it is somebody else's. Give the service another name, or remove that {what}",
            spec.service.name
        );
        Problem::at("/service/name", message)
    };
    if observed.load_balancer.as_ref().is_some_and(|found| !found.is_ours) {
        problems.push(foreign("load balancer"));
    }
    if observed.target_group.as_ref().is_some_and(|found| !found.is_ours) {
        problems.push(foreign("target group"));
    }
    for group in Group::ALL {
        let found: Vec<&str> = observed.groups.iter().filter(|f| f.group == group).map(|f| f.id.as_str()).collect();
        if found.len() > 1 {
            let message = format!("{} exists {} times: {}", group.logical(), found.len(), found.join(", "));
            problems.push(Problem::general(format!("{message}. Remove all but one, or take its moat tags off")));
        }
    }
    if let Some(found) = &observed.load_balancer
        && found.is_ours
        && !found.is_internet_facing
    {
        let message =
            format!("load-balancer {} is internal, and AWS cannot change that. Delete it and start again", found.arn);
        problems.push(Problem::general(message));
    }
    let vpc = spec.given.get(&network::vpc());
    let elsewhere = observed.target_group.iter().map(|found| &found.vpc).chain(observed.groups.iter().map(|g| &g.vpc));
    if let Some(other) = elsewhere.into_iter().find(|other| vpc.is_some_and(|vpc| vpc != other.as_str())) {
        let message = format!(
            "is {}, but the service lives in VPC {other}, which is not that network's. Take the service down first",
            spec.network.name
        );
        problems.push(Problem::at("/service/network", message));
    }
    problems
}

/// One group with exactly the rules that it should have: missing ones are added before others are removed.
fn security_group(spec: &IngressSpec, observed: &Observed, group: Group, plan: &mut Plan<IngressStep>) {
    let found = observed.group(group);
    if found.is_none() {
        plan.step(IngressStep::CreateGroup { group });
    }
    let id_of = |group| observed.group(group).map(|found| found.id.clone());
    let mut kept: BTreeSet<Rule> = BTreeSet::new();
    for wanted in spec.rules(group) {
        let rule = wanted.rule(id_of);
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
        if !kept.contains(rule) {
            plan.step(IngressStep::RemoveRule { group, id: found.id.clone(), rule: rule.clone() });
        }
    }
}

fn load_balancer(spec: &IngressSpec, observed: &Observed, plan: &mut Plan<IngressStep>) {
    let subnets = spec.public_subnets();
    let Some(found) = &observed.load_balancer else {
        plan.step(IngressStep::CreateLoadBalancer { subnets });
        plan.step(IngressStep::SetLoadBalancerAttributes { attributes: spec.load_balancer_attributes() });
        return;
    };
    let wanted: Option<BTreeSet<SubnetId>> =
        subnets.iter().map(|name| spec.given.get(name).map(SubnetId::from)).collect();
    if wanted.is_none_or(|wanted| wanted != found.subnets) {
        plan.step(IngressStep::SetSubnets { arn: found.arn.clone(), subnets });
    }
    let wanted: BTreeSet<SecurityGroupId> =
        observed.group(Group::LoadBalancer).map(|group| group.id.clone()).into_iter().collect();
    if wanted != found.groups {
        plan.step(IngressStep::SetGroups { arn: found.arn.clone() });
    }
    let mut attributes = unset(spec.load_balancer_attributes(), &found.attributes);
    let turned = |(key, value): &(&str, &str)| found.attributes.get(*key).is_some_and(|found| found != value);
    let turned = IngressSpec::GUARDED.into_iter().filter(turned);
    attributes.extend(turned.map(|(key, value)| (key, value.to_owned())));
    if !attributes.is_empty() {
        plan.step(IngressStep::SetLoadBalancerAttributes { attributes });
    }
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

fn target_group(spec: &IngressSpec, observed: &Observed, plan: &mut Plan<IngressStep>) {
    let health_check = health_check(spec);
    let Some(found) = &observed.target_group else {
        plan.step(IngressStep::CreateTargetGroup { health_check });
        plan.step(IngressStep::SetTargetGroupAttributes { attributes: spec.target_group_attributes() });
        return;
    };
    if found.health_check != health_check {
        plan.step(IngressStep::SetHealthCheck { arn: found.arn.clone(), health_check });
    }
    let attributes = unset(spec.target_group_attributes(), &found.attributes);
    if !attributes.is_empty() {
        plan.step(IngressStep::SetTargetGroupAttributes { attributes });
    }
}

/// Two good checks in a row put a task in service, three bad ones take it out. AWS's default of five takes 150 s.
fn health_check(spec: &IngressSpec) -> HealthCheck {
    let check = &spec.service.load_balancer.health_check;
    HealthCheck {
        path: check.path.clone(),
        protocol: desired::PROTOCOL.into(),
        port: "traffic-port".into(),
        codes: "200".into(),
        interval: check.interval,
        // AWS wants the timeout below the interval.
        timeout: (check.interval - 1).min(5),
        healthy: 2,
        unhealthy: 3,
    }
}

fn unset(wanted: Vec<(&'static str, String)>, found: &BTreeMap<String, String>) -> Vec<(&'static str, String)> {
    wanted.into_iter().filter(|(key, value)| found.get(*key) != Some(value)).collect()
}

fn listener(observed: &Observed, plan: &mut Plan<IngressStep>) {
    let ours = observed.target_group.as_ref().map(|found| &found.arn);
    match observed.listener() {
        None => plan.step(IngressStep::CreateListener),
        Some(found) => {
            let is_ours = found.forwards_to.is_some() && found.forwards_to.as_ref() == ours;
            if !is_ours || found.protocol != desired::PROTOCOL {
                plan.step(IngressStep::SetListener { arn: found.arn.clone() });
            }
            for rule in &found.rules {
                let (arn, priority) = (rule.arn.clone(), rule.priority.clone());
                plan.step(IngressStep::DeleteListenerRule { arn, priority });
            }
        }
    }
}

/// A second listener is a second door.
fn other_listeners(observed: &Observed, plan: &mut Plan<IngressStep>) {
    let main = observed.listener().map(|listener| &listener.arn);
    for listener in observed.listeners.iter().filter(|listener| Some(&listener.arn) != main) {
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
