//! What each step of a service's door is about, in the words of a drift report.

use super::desired::{self, Group, IngressSpec};
use super::listener;
use super::observed::{Listener, ListenerRule, Observed};
use super::shared;
use super::step::IngressStep;
use crate::drift::finding::{ABSENT, Difference};
use crate::name::Logical;
use crate::rule::{Direction, Peer};
use std::collections::BTreeMap;

/// What was expected and what was found where this step would be taken.
pub fn difference(spec: &IngressSpec, observed: &Observed, step: &IngressStep) -> Difference {
    let door = desired::load_balancer;
    match step {
        IngressStep::CreateGroup { group } => Difference::missing(group.logical(), "there"),
        IngressStep::AddRule { group, rule } => Difference::of(group.logical(), rule.to_string(), "allowed", "not"),
        IngressStep::RemoveRule { group, rule, .. } => {
            let is_hole = rule.direction == Direction::Ingress && !matches!(rule.peer, Peer::Group(_));
            Difference::of(group.logical(), rule.to_string(), "not allowed", "allowed").hole_if(is_hole)
        }
        IngressStep::CreateLoadBalancer { scheme, subnets, .. } => {
            Difference::missing(door(), format!("there, {}, in {}", scheme.as_str(), names(subnets)))
        }
        IngressStep::SetAddressType { address_type, .. } => {
            let found = observed.load_balancer.as_ref().map_or(ABSENT, |found| found.address_type.as_str());
            Difference::of(door(), "address type", address_type.as_str(), found)
        }
        IngressStep::SetSubnets { subnets, .. } => {
            let found = observed.load_balancer.iter().flat_map(|found| &found.subnets);
            Difference::of(door(), "subnets", names(subnets), listed(found))
        }
        IngressStep::SetGroups { .. } => {
            let found = observed.load_balancer.iter().flat_map(|found| &found.groups);
            Difference::of(door(), "security groups", Group::LoadBalancer.logical().as_str(), listed(found))
        }
        IngressStep::SetLoadBalancerAttributes { attributes } => {
            let found = observed.load_balancer.as_ref().map(|found| &found.attributes);
            attribute(door(), attributes, found)
        }
        IngressStep::CreateTargetGroup { health_check } => {
            Difference::missing(desired::target_group(), format!("there with {health_check}"))
        }
        IngressStep::SetHealthCheck { health_check, .. } => {
            let found = observed.target_group.as_ref().map(|found| found.health_check.to_string());
            let found = found.unwrap_or_else(|| ABSENT.into());
            Difference::of(desired::target_group(), "health check", health_check.to_string(), found)
        }
        IngressStep::SetTargetGroupAttributes { attributes } => {
            let found = observed.target_group.as_ref().map(|found| &found.attributes);
            attribute(desired::target_group(), attributes, found)
        }
        IngressStep::CreateListener { listener } => {
            let expected = format!("there on port {},{}", listener.port, listener.settings());
            Difference::missing(listener.logical(), expected)
        }
        IngressStep::SetListener { listener, .. } => {
            let found = observed.listener(listener.port).map_or_else(|| ABSENT.into(), listener::found);
            let expected = format!("{}{}", listener.protocol.as_str(), listener.settings());
            Difference::of(listener.logical(), "what it does", expected, found)
        }
        IngressStep::SetListenerAttributes { listener, attributes } => {
            let found = named(spec, observed, listener);
            attribute(listener.clone(), attributes, found.map(|found| &found.attributes))
        }
        IngressStep::AddCertificates { listener, certificates } => {
            let found = named(spec, observed, listener);
            let found = found.map_or_else(|| ABSENT.into(), |found| listed(found.additional_certificates.iter()));
            Difference::of(listener.clone(), "additional certificates", certificates.join(", "), found)
        }
        IngressStep::SetWebAcl { acl, replaces } => {
            let found = replaces.as_deref().unwrap_or("none");
            Difference::of(door(), "web ACL", acl.as_str(), found)
        }
        IngressStep::DeleteListener { port, protocol, .. } => {
            Difference::of(door(), format!("listener on port {port}"), "none", protocol.as_str())
        }
        IngressStep::CreateListenerRule { conditions, .. } => {
            Difference::missing(shared::listener_rule(), format!("there for {conditions}"))
        }
        IngressStep::SetListenerRule { arn, conditions } => {
            let found = rule(observed, arn).map_or_else(|| ABSENT.into(), shared::found);
            Difference::of(shared::listener_rule(), "what it does", format!("{conditions} to target-group"), found)
        }
        IngressStep::SetRulePriority { arn, priority } => {
            let found = rule(observed, arn).map_or_else(|| ABSENT.into(), |rule| rule.priority.clone());
            Difference::of(shared::listener_rule(), "priority", priority.to_string(), found)
        }
        IngressStep::DeleteListenerRule { listener, priority, .. } => {
            let found = "one that comes before what the listener does";
            Difference::of(listener.clone(), format!("rule {priority}"), "none", found)
        }
    }
}

/// What is found in the place of the listener with this name.
fn named<'a>(spec: &IngressSpec, observed: &'a Observed, name: &Logical) -> Option<&'a Listener> {
    let wanted = spec.listeners().into_iter().find(|wanted| wanted.logical() == *name)?;
    observed.listener(wanted.port)
}

fn rule<'a>(observed: &'a Observed, arn: &crate::ids::ListenerRuleArn) -> Option<&'a ListenerRule> {
    observed.host.as_ref()?.main()?.rules.iter().find(|rule| rule.arn == *arn)
}

/// The step as one step for each attribute, since each may have been turned by somebody else.
pub fn parts(step: IngressStep) -> Vec<IngressStep> {
    match step {
        IngressStep::SetLoadBalancerAttributes { attributes } => {
            let one = |pair| IngressStep::SetLoadBalancerAttributes { attributes: vec![pair] };
            attributes.into_iter().map(one).collect()
        }
        IngressStep::SetTargetGroupAttributes { attributes } => {
            let one = |pair| IngressStep::SetTargetGroupAttributes { attributes: vec![pair] };
            attributes.into_iter().map(one).collect()
        }
        step => vec![step],
    }
}

/// One call for all attributes of a resource.
pub fn together(parts: Vec<IngressStep>) -> Vec<IngressStep> {
    let mut steps: Vec<IngressStep> = Vec::new();
    for part in parts {
        match (steps.last_mut(), part) {
            (
                Some(IngressStep::SetLoadBalancerAttributes { attributes: all }),
                IngressStep::SetLoadBalancerAttributes { attributes },
            )
            | (
                Some(IngressStep::SetTargetGroupAttributes { attributes: all }),
                IngressStep::SetTargetGroupAttributes { attributes },
            ) => all.extend(attributes),
            (_, part) => steps.push(part),
        }
    }
    steps
}

fn attribute(
    resource: Logical,
    attributes: &[(&'static str, String)],
    found: Option<&BTreeMap<String, String>>,
) -> Difference {
    let keys: Vec<&str> = attributes.iter().map(|(key, _)| *key).collect();
    let values: Vec<&str> = attributes.iter().map(|(_, value)| value.as_str()).collect();
    let is_now = |key: &&str| match found {
        None => ABSENT.to_owned(),
        Some(found) => found.get(*key).cloned().unwrap_or_else(|| "not set".into()),
    };
    let found: Vec<String> = keys.iter().map(is_now).collect();
    Difference::of(resource, keys.join(", "), values.join(", "), found.join(", "))
}

fn names(names: &[Logical]) -> String {
    names.iter().map(Logical::as_str).collect::<Vec<_>>().join(", ")
}

fn listed<'a, T: ToString + 'a>(ids: impl Iterator<Item = &'a T>) -> String {
    let ids: Vec<String> = ids.map(ToString::to_string).collect();
    if ids.is_empty() { "none".into() } else { ids.join(", ") }
}
