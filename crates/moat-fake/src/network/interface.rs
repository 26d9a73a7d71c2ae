//! Interface endpoints and their group, as strictly as EC2 keeps them.

use super::endpoint::paid;
use super::{bound, known};
use crate::answer::{Answer, Refused, refuse, refuse_as};
use crate::interfaces::ACCOUNT;
use crate::state::{InterfaceEndpoint, State};
use moat::error::Kind;
use moat::ids::{SecurityGroupId, SubnetId, VpcEndpointId};
use moat::name::Logical;
use moat::network::desired as network;
use moat::network::endpoints::{EndpointStep, desired, policy};
use moat::network::observed::EndpointState;
use moat::plan::Bindings;
use moat::stage::Done;
use moat::tags::Owner;
use std::collections::BTreeSet;

pub fn apply(state: &mut State, owner: &Owner, step: &EndpointStep, bindings: &Bindings) -> Answer {
    let id = |name: &Logical| bound(bindings, name);
    let region = state.region.clone();
    match step {
        EndpointStep::CreateGroup { name, .. } => {
            crate::ingress::create_group(state, owner, &id(&network::vpc()), &desired::group(), name.clone())
        }
        EndpointStep::AddRule { rule, .. } => {
            let group = id(&desired::group());
            crate::ingress::authorize(state, &group, rule.clone()).map(|_| Done::Made(group))
        }
        EndpointStep::RemoveRule { group, rule } => {
            crate::ingress::revoke(state, group.as_str(), std::slice::from_ref(rule))
        }
        EndpointStep::Create { service, subnets, policy, .. } => {
            let endpoint = InterfaceEndpoint {
                id: VpcEndpointId(state.id("vpce")),
                vpc: id(&network::vpc()).into(),
                service: service.to_string(),
                subnets: subnets.iter().map(|name| SubnetId(id(name))).collect(),
                groups: [SecurityGroupId(id(&desired::group()))].into(),
                private_dns: true,
                policy: policy.document(&id(&network::account()), &region).to_string(),
                state: EndpointState::Pending,
                born: state.now,
                next: None,
            };
            create(state, owner, &desired::endpoint(*service), endpoint)
        }
        EndpointStep::AddSubnets { id: of, subnets, .. } => {
            let subnets: BTreeSet<SubnetId> = subnets.iter().map(|name| SubnetId(id(name))).collect();
            let zones = zones(state, &subnets)?;
            modify(state, of, move |state, endpoint| {
                let there = self::zones(state, &endpoint.subnets)?;
                if let Some(zone) = zones.iter().find(|zone| there.contains(*zone)) {
                    return refuse("DuplicateSubnetsInSameZone", format!("{} is in {zone} already", endpoint.id));
                }
                endpoint.subnets.extend(subnets);
                Ok(())
            })
        }
        EndpointStep::RemoveSubnets { id: of, subnets, .. } => modify(state, of, |_, endpoint| {
            endpoint.subnets.retain(|subnet| !subnets.contains(subnet));
            Ok(())
        }),
        EndpointStep::SetGroups { id: of, others, .. } => {
            let ours = SecurityGroupId(id(&desired::group()));
            known(state.groups.usable(ours.as_str(), state.now), "InvalidGroup.NotFound", ours.as_str())?;
            modify(state, of, |_, endpoint| {
                endpoint.groups.retain(|group| !others.contains(group));
                endpoint.groups.insert(ours);
                Ok(())
            })
        }
        EndpointStep::EnablePrivateDns { id: of, .. } => {
            let found = known(state.interface_endpoints.get(of.as_str()), UNKNOWN, of.as_str())?.clone();
            names_are_free(state, &found)?;
            modify(state, of, |_, endpoint| {
                endpoint.private_dns = true;
                Ok(())
            })
        }
        EndpointStep::DisablePrivateDns { id: of, .. } => modify(state, of, |_, endpoint| {
            endpoint.private_dns = false;
            Ok(())
        })
        .map(|_| Done::Made(id(&network::vpc()))),
        EndpointStep::SetPolicy { id: of, policy, .. } => {
            let policy = policy.document(&id(&network::account()), &region).to_string();
            modify(state, of, |_, endpoint| {
                endpoint.policy = policy;
                Ok(())
            })
        }
        EndpointStep::Delete { id, .. } => super::endpoint::delete(state, id),
        EndpointStep::DeleteGroup { id, .. } => crate::teardown::delete_group(state, id),
    }
}

const UNKNOWN: &str = "InvalidVpcEndpointId.NotFound";

fn create(state: &mut State, owner: &Owner, name: &Logical, mut endpoint: InterfaceEndpoint) -> Answer {
    paid(state)?;
    let vpc = endpoint.vpc.as_str();
    let home = known(state.vpcs.usable(vpc, state.now), "InvalidVpcID.NotFound", vpc)?;
    if !home.dns_support || !home.dns_hostnames {
        let why =
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true";
        return refuse("InvalidParameter", format!("{why} for {vpc}"));
    }
    for group in &endpoint.groups {
        known(state.groups.usable(group.as_str(), state.now), "InvalidGroup.NotFound", group.as_str())?;
    }
    let zones = zones(state, &endpoint.subnets)?;
    if zones.len() < endpoint.subnets.len() {
        return refuse("DuplicateSubnetsInSameZone", format!("two of {:?} are in one zone", endpoint.subnets));
    }
    let is_open = policy::is_open(Some(&endpoint.policy));
    assert!(is_open || endpoint.policy.contains(ACCOUNT), "a policy that limits names the account");
    names_are_free(state, &endpoint)?;
    endpoint.next = Some((state.after(state.rules.interface_endpoint), EndpointState::Available));
    let id = endpoint.id.0.clone();
    let (seen, usable) = (state.seen_from(), state.seen_from());
    state.interface_endpoints.put(endpoint, owner.tags(name), seen, usable);
    Ok(Done::Made(id))
}

/// A name leads to one endpoint of a VPC only, also while that one is being deleted.
fn names_are_free(state: &State, endpoint: &InterfaceEndpoint) -> Result<(), Refused> {
    let has_it = |other: &&InterfaceEndpoint| {
        other.id != endpoint.id && other.vpc == endpoint.vpc && other.service == endpoint.service && other.private_dns
    };
    match state.interface_endpoints.there().find(has_it) {
        None => Ok(()),
        Some(other) => refuse_as(
            Kind::Conflict,
            "InvalidParameter",
            format!(
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {} in the VPC {}: {}",
                endpoint.service, endpoint.vpc, other.id
            ),
        ),
    }
}

fn zones(state: &State, subnets: &BTreeSet<SubnetId>) -> Result<BTreeSet<String>, Refused> {
    let zone = |id: &SubnetId| {
        let found = known(state.subnets.usable(id.as_str(), state.now), "InvalidSubnetID.NotFound", id.as_str())?;
        Ok(found.zone.clone())
    };
    subnets.iter().map(zone).collect()
}

fn modify(
    state: &mut State,
    id: &VpcEndpointId,
    change: impl FnOnce(&State, &mut InterfaceEndpoint) -> Result<(), Refused>,
) -> Answer {
    paid(state)?;
    let found = known(state.interface_endpoints.usable(id.as_str(), state.now), UNKNOWN, id.as_str())?;
    if !found.state.is_live() {
        return refuse("InvalidParameter", format!("{id} is {}", found.state));
    }
    let mut changed = found.clone();
    change(state, &mut changed)?;
    state.interface_endpoints.get_mut(id.as_str()).into_iter().for_each(|endpoint| *endpoint = changed.clone());
    Ok(Done::Changed)
}

pub fn delete(state: &mut State, id: &VpcEndpointId) -> Answer {
    let at = state.after(state.rules.interface_endpoint_delete);
    if let Some(endpoint) = state.interface_endpoints.get_mut(id.as_str())
        && endpoint.state != EndpointState::Deleting
    {
        (endpoint.state, endpoint.next) = (EndpointState::Deleting, Some((at, EndpointState::Deleted)));
    }
    Ok(Done::Changed)
}
