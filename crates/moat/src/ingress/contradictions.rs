//! What cannot be had as it is asked for, with the way out.

use super::desired::{Group, IngressSpec};
use super::observed::Observed;
use crate::network::desired as network;
use crate::plan::Problem;
use crate::spec::{LoadBalancerKind, LoadBalancerSpec, Scheme};

/// Everything that makes it impossible to do what is asked for.
pub(super) fn contradictions(spec: &IngressSpec, observed: &Observed) -> Vec<Problem> {
    let mut problems = Vec::new();
    let name = spec.aws_name();
    let foreign = |what: &str| {
        let message = format!(
            "the {what} {name} exists but has no moat tags of service {}, so it is somebody else's. Give the service another name, or remove that {what}",
            spec.service.name
        );
        Problem::at("/service/name", message)
    };
    if let Some(door) = spec.door() {
        if spec.own_door().is_some() && observed.load_balancer.as_ref().is_some_and(|found| !found.is_ours) {
            problems.push(foreign("load balancer"));
        }
        problems.extend(host(spec, observed));
        problems.extend(elsewhere_used(spec, observed));
        if observed.target_group.as_ref().is_some_and(|found| !found.is_ours) {
            problems.push(foreign("target group"));
        }
        problems.extend(unchangeable(spec, door, observed));
    } else {
        problems.extend(unwanted(spec, observed));
    }
    for group in Group::ALL {
        let found: Vec<&str> = observed.groups.iter().filter(|f| f.group == group).map(|f| f.id.as_str()).collect();
        if found.len() > 1 {
            let message = format!("{} exists {} times: {}", group.logical(), found.len(), found.join(", "));
            problems.push(Problem::general(format!("{message}. Remove all but one, or take its moat tags off")));
        }
    }
    let vpc = spec.given.get(&network::vpc());
    let target = observed.target_group.iter().filter(|_| spec.door().is_some());
    let elsewhere = target.map(|found| &found.vpc).chain(observed.groups.iter().map(|g| &g.vpc));
    if let Some(other) = elsewhere.into_iter().find(|other| vpc.is_some_and(|vpc| vpc != other.as_str())) {
        let message = format!(
            "is {}, but the service lives in VPC {other}, which is not that network's. Take the service down first",
            spec.network.name
        );
        problems.push(Problem::at("/service/network", message));
    }
    problems
}

/// What AWS has no call to change. Making a new one in its place would give the service another address, and close the
/// old one before anybody knows.
fn unchangeable(spec: &IngressSpec, door: &LoadBalancerSpec, observed: &Observed) -> Vec<Problem> {
    let way_out = format!(
        "and AWS cannot change that. Take service {} down and provision it again, or give the new one another name",
        spec.service.name
    );
    let mut problems = Vec::new();
    let kind = door.kind.as_str();
    let own = observed.load_balancer.as_ref().filter(|found| found.is_ours && door.shared.is_none());
    if let Some(found) = own {
        if found.kind != kind {
            let message = format!("is {kind}, but load-balancer {} is of type {}, {way_out}", found.arn, found.kind);
            problems.push(Problem::at("/service/loadBalancer/type", message));
        }
        let scheme = if found.is_internet_facing { Scheme::InternetFacing } else { Scheme::Internal };
        if scheme != door.scheme {
            let (wanted, scheme) = (door.scheme.as_str(), scheme.as_str());
            let message = format!("is {wanted}, but load-balancer {} is {scheme}, {way_out}", found.arn);
            problems.push(Problem::at("/service/loadBalancer/scheme", message));
        }
    }
    let protocol = super::attributes::protocol(door.kind);
    if let Some(found) = observed.target_group.as_ref().filter(|found| found.is_ours && found.protocol != protocol)
        && problems.is_empty()
    {
        let message = format!("is {kind}, but target-group {} speaks {}, {way_out}", found.arn, found.protocol);
        problems.push(Problem::at("/service/loadBalancer/type", message));
    }
    problems
}

/// Why the load balancer of another service cannot be shared.
fn host(spec: &IngressSpec, observed: &Observed) -> Vec<Problem> {
    let Some(name) = spec.service.host() else { return Vec::new() };
    let problem = |message: String| Problem::at("/service/loadBalancer/shared", message);
    let mut problems = Vec::new();
    if let Some(own) = observed.load_balancer.as_ref().filter(|found| found.is_ours) {
        problems.push(problem(format!(
            "is {name}, but the service has a load balancer of its own, {}. Take service {} down, which takes that away, and provision it again",
            own.arn, spec.service.name
        )));
    }
    let host = observed.host.as_ref();
    let found = host.and_then(|host| host.load_balancer.as_ref().filter(|found| found.is_ours));
    let Some((host, found)) = host.zip(found) else {
        problems.push(problem(format!(
            "is {name}, but there is no load balancer of service {name} here. Provision that service first, with a load balancer of its own"
        )));
        return problems;
    };
    if found.kind != LoadBalancerKind::Application.as_str() {
        problems.push(problem(format!(
            "is {name}, but its load balancer is of type {}, which looks at no requests and so has no rules; only one of type application can be shared",
            found.kind
        )));
    } else if host.main().is_none() || host.group.is_none() {
        problems.push(problem(format!(
            "is {name}, but the load balancer of service {name} has no listener or no security group. Provision that service again first"
        )));
    }
    let vpc = spec.given.get(&network::vpc());
    if let Some(group) = host.group.as_ref().filter(|group| vpc.is_some_and(|vpc| vpc != group.vpc.as_str())) {
        problems.push(problem(format!(
            "is {name}, but service {name} lives in VPC {}, which is not that of network {}. Services of one network share a load balancer",
            group.vpc, spec.network.name
        )));
    }
    problems
}

/// AWS lets one load balancer forward to a target group.
fn elsewhere_used(spec: &IngressSpec, observed: &Observed) -> Option<Problem> {
    let found = observed.target_group.as_ref().filter(|found| found.is_ours)?;
    let balancer = spec.service.host().unwrap_or(&spec.service.name).aws_name();
    let other = found.used_by.iter().find(|arn| arn.name() != balancer)?;
    let message = format!(
        "asks for load balancer {balancer}, but target-group {} is behind {other}, and AWS takes one only. Take service {} down, and provision it again",
        found.arn, spec.service.name
    );
    Some(Problem::at("/service/loadBalancer", message))
}

/// A door where there is to be none: its address may be in use, so it is taken away only with the service.
fn unwanted(spec: &IngressSpec, observed: &Observed) -> Option<Problem> {
    let balancer = observed.load_balancer.as_ref().filter(|found| found.is_ours).map(|found| found.arn.to_string());
    let target = observed.target_group.as_ref().filter(|found| found.is_ours).map(|found| found.arn.to_string());
    let group =
        observed.group(Group::LoadBalancer).map(|group| format!("{} {}", Group::LoadBalancer.logical(), group.id));
    let found: Vec<String> = [balancer, target, group].into_iter().flatten().collect();
    (!found.is_empty()).then(|| {
        let message = format!(
            "is \"none\", but service {} has a door: {}. Take the service down, which takes its door away, and provision it again",
            spec.service.name,
            found.join(", ")
        );
        Problem::at("/service/loadBalancer", message)
    })
}
