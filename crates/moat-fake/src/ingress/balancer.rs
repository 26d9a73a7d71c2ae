//! Load balancers and target groups. ELB answers a create of what exists, just so, with what exists.

use crate::answer::{Answer, Refused, refuse};
use crate::network::known;
use crate::state::{Balancer, State, TargetGroup};
use moat::ids::{SecurityGroupId, SubnetId, VpcId};
use moat::ingress::desired::AddressType;
use moat::ingress::observed::HealthCheck;
use moat::ingress::{attributes, desired};
use moat::spec::{LoadBalancerKind, Scheme};
use moat::stage::Done;
use moat::tags::Owner;
use std::collections::BTreeSet;

pub fn create(
    state: &mut State,
    owner: &Owner,
    name: String,
    (kind, scheme, address_type): (LoadBalancerKind, Scheme, AddressType),
    subnets: BTreeSet<SubnetId>,
    group: &str,
) -> Answer {
    let groups = BTreeSet::from([SecurityGroupId::from(group)]);
    if let Some(other) = state.balancers.there().find(|balancer| balancer.name == name) {
        let is_the_same = other.address_type == address_type.as_str();
        if is_the_same && (&other.subnets, &other.groups, other.kind, other.scheme) == (&subnets, &groups, kind, scheme)
        {
            return Ok(Done::Made(other.arn.clone()));
        }
        return refuse("DuplicateLoadBalancerName", format!("{name} exists with other settings"));
    }
    known(state.groups.usable(group, state.now), "InvalidSecurityGroup", group)?;
    let vpc = zones(state, &subnets)?;
    has_ranges(state, &subnets, address_type)?;
    let is_internal = scheme == Scheme::Internal;
    if !is_internal && !state.internet_gateways.there().any(|gateway| gateway.vpc.as_ref() == Some(&vpc)) {
        return refuse("InvalidSubnet", format!("{vpc} has no internet gateway"));
    }
    let short = if kind == LoadBalancerKind::Network { "net" } else { "app" };
    let arn = state.id(&format!("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/{short}/{name}/"));
    let active_at = state.after(state.rules.load_balancer);
    let attributes = attributes::guarded(kind, scheme, address_type.as_str()).into_iter().chain(begins_with(kind));
    let balancer = Balancer {
        arn: arn.clone(),
        name,
        kind,
        scheme,
        address_type: address_type.as_str().into(),
        subnets,
        groups,
        attributes: attributes.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        web_acl: None,
        born: state.now,
        active_at,
    };
    let (seen, usable) = (state.seen_from(), state.seen_from());
    state.balancers.put(balancer, owner.tags(&desired::load_balancer()), seen, usable);
    Ok(Done::Made(arn))
}

/// The attributes that a new one has, beside those that nobody should turn ("LoadBalancerAttribute", ELB v2 API).
fn begins_with(kind: LoadBalancerKind) -> Vec<(&'static str, &'static str)> {
    let logs = [("access_logs.s3.enabled", "false"), ("access_logs.s3.bucket", ""), ("access_logs.s3.prefix", "")];
    let own: &[_] = match kind {
        LoadBalancerKind::Application => {
            &[("routing.http.drop_invalid_header_fields.enabled", "false"), ("idle_timeout.timeout_seconds", "60")]
        }
        LoadBalancerKind::Network => &[("load_balancing.cross_zone.enabled", "false")],
    };
    own.iter().copied().chain(logs).collect()
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

/// A load balancer has IPv6 addresses only where its subnets have IPv6 ranges.
fn has_ranges(state: &State, subnets: &BTreeSet<SubnetId>, address_type: AddressType) -> Result<(), Refused> {
    let has_range = |id: &&SubnetId| {
        let range = state.subnets.get(id.as_str()).and_then(|subnet| subnet.ipv6.as_ref());
        range.is_some_and(|range| range.is_associated)
    };
    match subnets.iter().find(|id| address_type == AddressType::DualStack && !has_range(id)) {
        Some(id) => refuse("InvalidSubnet", format!("{id} has no IPv6 range")),
        None => Ok(()),
    }
}

pub fn set_address_type(state: &mut State, arn: &str, address_type: AddressType) -> Answer {
    let found = known(state.balancers.usable(arn, state.now), "LoadBalancerNotFound", arn)?;
    has_ranges(state, &found.subnets, address_type)?;
    change(state, arn, |balancer| {
        balancer.address_type = address_type.as_str().into();
        let guarded = attributes::guarded(balancer.kind, balancer.scheme, address_type.as_str());
        balancer.attributes.extend(guarded.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())));
    })
}

pub fn set_subnets(state: &mut State, arn: &str, subnets: BTreeSet<SubnetId>) -> Answer {
    zones(state, &subnets)?;
    let found = known(state.balancers.usable(arn, state.now), "LoadBalancerNotFound", arn)?;
    let is_dual = found.address_type == AddressType::DualStack.as_str();
    has_ranges(state, &subnets, if is_dual { AddressType::DualStack } else { AddressType::Ipv4 })?;
    change(state, arn, |balancer| balancer.subnets = subnets)
}

pub fn set_groups(state: &mut State, arn: &str, group: &str) -> Answer {
    known(state.groups.usable(group, state.now), "InvalidSecurityGroup", group)?;
    let is_without = |found: &Balancer| found.kind == LoadBalancerKind::Network && found.groups.is_empty();
    if state.balancers.get(arn).is_some_and(is_without) {
        return refuse("InvalidConfigurationRequest", format!("{arn} was created without security groups"));
    }
    change(state, arn, |balancer| balancer.groups = BTreeSet::from([group.into()]))
}

pub fn set_attributes(state: &mut State, arn: &str, attributes: &[(&'static str, String)]) -> Answer {
    known(state.balancers.usable(arn, state.now), "LoadBalancerNotFound", arn)?;
    let has = |key: &str| state.balancers.get(arn).is_some_and(|found| found.attributes.contains_key(key));
    if let Some((key, _)) = attributes.iter().find(|(key, _)| !has(key)) {
        return refuse("InvalidConfigurationRequest", format!("{arn} has no attribute {key}"));
    }
    let pairs = attributes.iter().map(|(key, value)| ((*key).to_owned(), value.clone()));
    change(state, arn, |balancer| balancer.attributes.extend(pairs))
}

/// WAF knows regional web ACLs of its own region, and application load balancers.
pub fn set_web_acl(state: &mut State, arn: &str, acl: &str) -> Answer {
    if !acl.starts_with("arn:aws:wafv2:us-east-1:") {
        return refuse("WAFNonexistentItemException", acl);
    }
    if state.balancers.get(arn).is_some_and(|found| found.kind == LoadBalancerKind::Network) {
        return refuse("WAFInvalidParameterException", arn);
    }
    change(state, arn, |balancer| balancer.web_acl = Some(acl.to_owned()))
}

fn change(state: &mut State, arn: &str, change: impl FnOnce(&mut Balancer)) -> Answer {
    known(state.balancers.usable(arn, state.now), "LoadBalancerNotFound", arn)?;
    state.balancers.get_mut(arn).map(change);
    Ok(Done::Changed)
}

pub fn create_target_group(
    state: &mut State,
    owner: &Owner,
    name: String,
    kind: LoadBalancerKind,
    vpc: &str,
    check: &HealthCheck,
) -> Answer {
    let protocol = attributes::protocol(kind);
    known(state.vpcs.usable(vpc, state.now), "InvalidVpcID.NotFound", vpc)?;
    if let Some(other) = state.targets.there().find(|target| target.name == name) {
        if (other.vpc.as_str(), other.protocol.as_str()) == (vpc, protocol) && other.health_check == *check {
            return Ok(Done::Made(other.arn.clone()));
        }
        return refuse("DuplicateTargetGroupName", format!("{name} exists with other settings"));
    }
    checkable(check, protocol)?;
    let arn = state.id(&format!("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/{name}/"));
    let own = (kind == LoadBalancerKind::Network).then_some(("preserve_client_ip.enabled", "false"));
    let attributes = [("deregistration_delay.timeout_seconds", "300")].into_iter().chain(own);
    let target = TargetGroup {
        arn: arn.clone(),
        name,
        vpc: vpc.into(),
        protocol: protocol.into(),
        health_check: check.clone(),
        attributes: attributes.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
    };
    let (seen, usable) = (state.seen_from(), state.seen_from());
    state.targets.put(target, owner.tags(&desired::target_group()), seen, usable);
    Ok(Done::Made(arn))
}

/// A connection is enough only for a target group that speaks TCP, and then there is nothing to ask for.
fn checkable(check: &HealthCheck, protocol: &str) -> Result<(), Refused> {
    let by_tcp = check.protocol == "TCP";
    if check.timeout >= check.interval {
        return refuse("ValidationError", "the timeout must be below the interval");
    }
    if by_tcp && protocol != "TCP" || by_tcp != check.path.is_empty() || by_tcp != check.codes.is_empty() {
        return refuse("ValidationError", format!("{check} is not for a target group with {protocol}"));
    }
    Ok(())
}

pub fn set_health_check(state: &mut State, arn: &str, check: &HealthCheck) -> Answer {
    let target = known(state.targets.usable(arn, state.now), "TargetGroupNotFound", arn)?;
    checkable(check, &target.protocol)?;
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
