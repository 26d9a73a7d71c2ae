//! What each step of the endpoints is about, in the words of a drift report.

use super::observed::{Group, InterfaceEndpoint};
use super::step::EndpointStep;
use super::{Policy, desired};
use crate::drift::finding::{ABSENT, Difference};
use crate::ids::VpcEndpointId;
use crate::name::Logical;
use crate::network::observed::Observed;
use crate::rule::Rule;

/// What was expected and what was found where this step would be taken.
pub fn difference(observed: &Observed, step: &EndpointStep) -> Difference {
    let endpoint = |id: &VpcEndpointId| observed.interface_endpoints.iter().find(|endpoint| endpoint.id == *id);
    let spare = |resource: &Logical, id: &str| {
        Difference::of(resource.clone(), format!("unused {id}"), "not there", "there, and nothing uses it")
    };
    match step {
        EndpointStep::CreateGroup { .. } => Difference::missing(desired::group(), "there"),
        EndpointStep::AddRule { rule, .. } => of_rule(rule, "there", ABSENT),
        EndpointStep::RemoveRule { rule, .. } => of_rule(rule, "not there", "there").hole_if(step.closes_a_way_in()),
        EndpointStep::Create { service, subnets, .. } => created(observed, &desired::endpoint(*service), subnets),
        EndpointStep::AddSubnets { endpoint, subnets, .. } => {
            Difference::of(endpoint.clone(), format!("in {}", list(subnets)), "in it", "not in it")
        }
        EndpointStep::RemoveSubnets { endpoint, subnets, .. } => {
            Difference::of(endpoint.clone(), format!("in {}", list(subnets)), "not in it", "in it")
        }
        EndpointStep::SetGroups { endpoint: name, id, .. } => {
            let found = endpoint(id).map(|endpoint| groups(observed, endpoint)).unwrap_or_default();
            Difference::of(name.clone(), "security groups", desired::group().as_str(), found)
        }
        EndpointStep::EnablePrivateDns { endpoint, .. } => Difference::of(endpoint.clone(), "private DNS", "on", "off"),
        EndpointStep::SetPolicy { endpoint: name, id, policy } => {
            of_policy(name, policy, endpoint(id).and_then(|endpoint| endpoint.policy.as_deref()))
        }
        EndpointStep::DisablePrivateDns { endpoint, id } | EndpointStep::Delete { endpoint, id, .. } => {
            spare(endpoint, id.as_str())
        }
        EndpointStep::DeleteGroup { group, id } => spare(group, id.as_str()),
    }
}

/// The policy of an endpoint, of S3 or another.
pub fn of_policy(endpoint: &Logical, policy: &Policy, found: Option<&str>) -> Difference {
    Difference::of(endpoint.clone(), "policy", format!("for {policy}"), found.unwrap_or(ABSENT))
}

fn of_rule(rule: &Rule, expected: &str, found: &str) -> Difference {
    Difference::of(desired::group(), format!("rule {rule}"), expected, found)
}

fn created(observed: &Observed, name: &Logical, subnets: &[Logical]) -> Difference {
    let dead = observed.interface_endpoints.iter().find(|it| it.resource == *name && !it.state.is_live());
    let found = dead.map(|endpoint| format!("{} is {}", endpoint.id, endpoint.state));
    let missing = Difference::missing(name.clone(), format!("there in {}", list(subnets)));
    Difference { found: found.unwrap_or(missing.found), ..missing }
}

/// By their logical names, where they are the network's.
fn groups(observed: &Observed, endpoint: &InterfaceEndpoint) -> String {
    let named = |id: &crate::ids::SecurityGroupId| {
        let ours = observed.groups.iter().find(|group: &&Group| group.id == *id);
        ours.map_or_else(|| id.to_string(), |group| group.resource.to_string())
    };
    let names: Vec<String> = endpoint.groups.iter().map(named).collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

fn list(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
