//! Load balancers, target groups and listeners. ELB answers a create of what exists, just so, with what exists.

use crate::answer::{Answer, Refused, refuse};
use crate::network::known;
use crate::state::{Balancer, Listener, State, TargetGroup};
use moat::ids::{ListenerRuleArn, SecurityGroupId, SubnetId, VpcId};
use moat::ingress::observed::HealthCheck;
use moat::ingress::{IngressSpec, desired};
use moat::stage::Done;
use moat::tags::Owner;
use std::collections::BTreeSet;

pub fn create(state: &mut State, owner: &Owner, name: String, subnets: BTreeSet<SubnetId>, group: &str) -> Answer {
    let groups = BTreeSet::from([SecurityGroupId::from(group)]);
    if let Some(other) = state.balancers.there().find(|balancer| balancer.name == name) {
        if (&other.subnets, &other.groups) == (&subnets, &groups) {
            return Ok(Done::Made(other.arn.clone()));
        }
        return refuse("DuplicateLoadBalancerName", format!("{name} exists with other settings"));
    }
    known(state.groups.usable(group, state.now), "InvalidSecurityGroup", group)?;
    let vpc = zones(state, &subnets)?;
    if !state.internet_gateways.there().any(|gateway| gateway.vpc.as_ref() == Some(&vpc)) {
        return refuse("InvalidSubnet", format!("{vpc} has no internet gateway"));
    }
    let arn = state.id(&format!("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/{name}/"));
    let active_at = state.after(state.rules.load_balancer);
    let attributes = IngressSpec::GUARDED
        .into_iter()
        .chain([("routing.http.drop_invalid_header_fields.enabled", "false"), ("idle_timeout.timeout_seconds", "60")]);
    let balancer = Balancer {
        arn: arn.clone(),
        name,
        subnets,
        groups,
        attributes: attributes.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        born: state.now,
        active_at,
    };
    let (seen, usable) = (state.seen_from(), state.seen_from());
    state.balancers.put(balancer, owner.tags(&desired::load_balancer()), seen, usable);
    Ok(Done::Made(arn))
}

/// The VPC of these subnets, which must be in two zones at least and no two in one (C9).
fn zones(state: &State, subnets: &BTreeSet<SubnetId>) -> Result<VpcId, Refused> {
    let mut zones = BTreeSet::new();
    let mut vpcs = BTreeSet::new();
    for id in subnets {
        let subnet = known(state.subnets.usable(id.as_str(), state.now), "SubnetNotFound", id.as_str())?;
        zones.insert(subnet.zone.clone());
        vpcs.insert(subnet.vpc.clone());
    }
    match vpcs.pop_first() {
        Some(vpc) if zones.len() == subnets.len() && zones.len() > 1 && vpcs.is_empty() => Ok(vpc),
        _ => refuse("InvalidConfigurationRequest", format!("{subnets:?} are not one in each of two zones of a VPC")),
    }
}

pub fn set_subnets(state: &mut State, arn: &str, subnets: BTreeSet<SubnetId>) -> Answer {
    zones(state, &subnets)?;
    change(state, arn, |balancer| balancer.subnets = subnets)
}

pub fn set_groups(state: &mut State, arn: &str, group: &str) -> Answer {
    known(state.groups.usable(group, state.now), "InvalidSecurityGroup", group)?;
    change(state, arn, |balancer| balancer.groups = BTreeSet::from([group.into()]))
}

pub fn set_attributes(state: &mut State, arn: &str, attributes: &[(&'static str, String)]) -> Answer {
    let pairs = attributes.iter().map(|(key, value)| ((*key).to_owned(), value.clone()));
    change(state, arn, |balancer| balancer.attributes.extend(pairs))
}

fn change(state: &mut State, arn: &str, change: impl FnOnce(&mut Balancer)) -> Answer {
    known(state.balancers.usable(arn, state.now), "LoadBalancerNotFound", arn)?;
    state.balancers.get_mut(arn).map(change);
    Ok(Done::Changed)
}

pub fn create_target_group(state: &mut State, owner: &Owner, name: String, vpc: &str, check: &HealthCheck) -> Answer {
    known(state.vpcs.usable(vpc, state.now), "InvalidVpcID.NotFound", vpc)?;
    if let Some(other) = state.targets.there().find(|target| target.name == name) {
        if other.vpc.as_str() == vpc && other.health_check == *check {
            return Ok(Done::Made(other.arn.clone()));
        }
        return refuse("DuplicateTargetGroupName", format!("{name} exists with other settings"));
    }
    if check.timeout >= check.interval {
        return refuse("ValidationError", "the timeout must be below the interval");
    }
    let arn = state.id(&format!("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/{name}/"));
    let target = TargetGroup {
        arn: arn.clone(),
        name,
        vpc: vpc.into(),
        health_check: check.clone(),
        attributes: [("deregistration_delay.timeout_seconds".to_owned(), "300".to_owned())].into(),
    };
    let (seen, usable) = (state.seen_from(), state.seen_from());
    state.targets.put(target, owner.tags(&desired::target_group()), seen, usable);
    Ok(Done::Made(arn))
}

pub fn set_health_check(state: &mut State, arn: &str, check: &HealthCheck) -> Answer {
    known(state.targets.usable(arn, state.now), "TargetGroupNotFound", arn)?;
    if let Some(target) = state.targets.get_mut(arn) {
        target.health_check = check.clone();
    }
    Ok(Done::Changed)
}

pub fn set_target_group_attributes(state: &mut State, arn: &str, attributes: &[(&'static str, String)]) -> Answer {
    known(state.targets.usable(arn, state.now), "TargetGroupNotFound", arn)?;
    let pairs = attributes.iter().map(|(key, value)| ((*key).to_owned(), value.clone()));
    if let Some(target) = state.targets.get_mut(arn) {
        target.attributes.extend(pairs);
    }
    Ok(Done::Changed)
}

pub fn create_listener(state: &mut State, owner: &Owner, balancer: &str, target: &str) -> Answer {
    known(state.balancers.usable(balancer, state.now), "LoadBalancerNotFound", balancer)?;
    known(state.targets.usable(target, state.now), "TargetGroupNotFound", target)?;
    let same_port = |listener: &&Listener| listener.balancer == balancer && listener.port == desired::HTTP;
    if let Some(other) = state.listeners.there().find(same_port) {
        if other.forwards_to.as_deref() == Some(target) && other.protocol == "HTTP" {
            return Ok(Done::Made(other.arn.clone()));
        }
        return refuse("DuplicateListener", format!("{} listens on that port", other.arn));
    }
    let of = balancer.replace(":loadbalancer/", ":listener/");
    let arn = state.id(&format!("{of}/"));
    let (seen, known_to_ecs) = (state.seen_from(), state.seen_from());
    let listener = Listener {
        arn: arn.clone(),
        balancer: balancer.to_owned(),
        port: desired::HTTP,
        protocol: "HTTP".into(),
        forwards_to: Some(target.to_owned()),
        rules: Vec::new(),
        known_to_ecs,
    };
    state.listeners.put(listener, owner.tags(&desired::listener()), seen, seen);
    Ok(Done::Made(arn))
}

pub fn set_listener(state: &mut State, arn: &str, target: &str) -> Answer {
    known(state.targets.usable(target, state.now), "TargetGroupNotFound", target)?;
    let Some(listener) = state.listeners.get_mut(arn) else { return refuse("ListenerNotFound", arn) };
    (listener.forwards_to, listener.protocol) = (Some(target.to_owned()), desired::PROTOCOL.into());
    Ok(Done::Changed)
}

pub fn delete_listener(state: &mut State, arn: &str) -> Answer {
    let until = state.seen_from();
    match state.listeners.remove(|listener| listener.arn == arn, until) {
        true => Ok(Done::Changed),
        false => refuse("ListenerNotFound", arn),
    }
}

pub fn delete_listener_rule(state: &mut State, arn: &ListenerRuleArn) -> Answer {
    let mut listeners = state.listeners.there_mut();
    match listeners.find(|listener| listener.rules.iter().any(|rule| rule.arn == *arn)) {
        Some(listener) => {
            listener.rules.retain(|rule| rule.arn != *arn);
            Ok(Done::Changed)
        }
        None => refuse("RuleNotFound", arn.as_str()),
    }
}
