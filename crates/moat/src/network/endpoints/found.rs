//! Which of the interface endpoints that were found count, and which of them are done with.

use super::policy::{self, Policy};
use super::{Ground, desired};
use crate::ids::{SecurityGroupId, VpcEndpointId};
use crate::name::Logical;
use crate::network::found::choose;
use crate::network::observed::{EndpointState, Group, InterfaceEndpoint, Observed};
use crate::plan::Problem;
use crate::spec::EndpointService;
use std::collections::{BTreeMap, BTreeSet};

/// Seconds of age at which an endpoint is relied on alone: three minutes to become available at most, and one in which
/// a task may still have the public address of the name in its cache.
pub const RELIED_ON: u32 = 240;

/// Interface endpoints and their group, sorted into those that count and the rest.
#[derive(Debug, Default)]
pub struct FoundEndpoints<'a> {
    /// What there should be.
    pub wanted: BTreeSet<EndpointService>,
    /// Live ones that there should be.
    pub interfaces: BTreeMap<EndpointService, &'a InterfaceEndpoint>,
    /// Live ones beside one that counts.
    pub twins: Vec<&'a InterfaceEndpoint>,
    /// Live ones that nothing needs any more.
    pub spare: Vec<&'a InterfaceEndpoint>,
    pub failed: Vec<&'a InterfaceEndpoint>,
    pub deleting: Vec<&'a InterfaceEndpoint>,
    pub group: Option<&'a Group>,
}

impl<'a> FoundEndpoints<'a> {
    pub fn of(ground: &Ground<'a>, observed: &'a Observed, problems: &mut Vec<Problem>) -> Self {
        let ours = observed.interface_endpoints.iter().filter(|endpoint| Some(&endpoint.vpc) == ground.vpc);
        let ours: Vec<&InterfaceEndpoint> = ours.collect();
        let mut found = Self { wanted: wanted(ground, &ours), ..Self::default() };
        for endpoint in &ours {
            match endpoint.state {
                EndpointState::Failed(_) => found.failed.push(endpoint),
                EndpointState::Deleting => found.deleting.push(endpoint),
                EndpointState::Pending | EndpointState::Available | EndpointState::Deleted => {}
            }
        }
        let mut live: Vec<&InterfaceEndpoint> = ours.into_iter().filter(|endpoint| endpoint.state.is_live()).collect();
        for service in found.wanted.clone() {
            let name = desired::endpoint(service);
            let (same, others) = live.into_iter().partition(|endpoint| endpoint.resource == name);
            // A name leads to one endpoint of a VPC only, so one without private DNS is used by nobody.
            let is_used = |endpoint: &InterfaceEndpoint| endpoint.private_dns;
            let (chosen, twins) = choose(&name, same, |it| it.id.0.clone(), is_used, problems);
            found.interfaces.extend(chosen.map(|endpoint| (service, endpoint)));
            found.twins.extend(twins);
            live = others;
        }
        found.spare = live;
        let groups = observed.groups.iter().filter(|group| Some(&group.vpc) == ground.vpc);
        let groups = groups.filter(|group| group.resource == desired::group()).collect();
        (found.group, _) = choose(&desired::group(), groups, |group: &Group| group.id.0.clone(), |_| true, problems);
        found
    }

    /// One of the same service that AWS still deletes: until then, the name is taken.
    pub fn deleting(&self, service: EndpointService) -> Option<&'a InterfaceEndpoint> {
        let name = desired::endpoint(service);
        self.deleting.iter().find(|endpoint| endpoint.resource == name).copied()
    }

    /// Whether one of this service failed, and is still there.
    pub fn has_failed(&self, service: EndpointService) -> bool {
        let name = desired::endpoint(service);
        self.failed.iter().any(|endpoint| endpoint.resource == name)
    }

    /// What the policy of an endpoint should be. A run that does not know all needs leaves registries where they are.
    pub fn policy(&self, ground: &Ground<'_>, service: EndpointService) -> Policy {
        if !ground.is_limited {
            return Policy::Open;
        }
        let mut registries = BTreeSet::new();
        if service.is_registry() {
            registries.extend(ground.needs.registries.iter().cloned());
            let found = self.interfaces.get(&service).filter(|_| !ground.needs.is_complete);
            registries.extend(found.into_iter().flat_map(|endpoint| policy::registries(endpoint.policy.as_deref())));
        }
        Policy::Own { registries }
    }

    /// Whether an endpoint answers tasks in all private subnets.
    fn answers(
        &self,
        ground: &Ground<'_>,
        observed: &Observed,
        service: EndpointService,
        endpoint: &InterfaceEndpoint,
    ) -> bool {
        let has_subnets = ground.subnets.iter().all(|(_, id)| id.is_some_and(|id| endpoint.subnets.contains(id)));
        let has_group = self.group.is_some_and(|group| {
            endpoint.groups.contains(&group.id) && desired::rules(ground).iter().all(|rule| group.rules.contains(rule))
        });
        let account = observed.account.as_deref().unwrap_or_default();
        let has_policy = self.policy(ground, service).is(endpoint.policy.as_deref(), account, &observed.region);
        endpoint.state == EndpointState::Available && endpoint.private_dns && has_subnets && has_group && has_policy
    }

    /// Whether every endpoint that there should be answers.
    pub fn all_answer(&self, ground: &Ground<'_>, observed: &Observed) -> bool {
        let answers = |service: &EndpointService| {
            self.interfaces.get(service).is_some_and(|endpoint| self.answers(ground, observed, *service, endpoint))
        };
        !self.wanted.is_empty() && self.wanted.iter().all(answers)
    }

    /// The age of the youngest endpoint, where that is not enough to rely on them alone.
    pub fn too_young(&self) -> Option<u32> {
        let ages = self.interfaces.values().filter_map(|endpoint| endpoint.age);
        ages.min().filter(|age| *age < RELIED_ON)
    }

    /// Facts that let something be removed. `has_way_out` says whether all private subnets have another one.
    pub fn idle(&self, has_way_out: bool) -> impl Iterator<Item = &'a str> {
        let is_wanted = !self.wanted.is_empty();
        let spare = self.spare.iter().filter(move |_| is_wanted || has_way_out);
        let unused = spare.chain(&self.twins).chain(&self.failed).map(|endpoint| endpoint.id.as_str());
        let any = self.interfaces.len() + self.twins.len() + self.spare.len() + self.failed.len() + self.deleting.len();
        unused.chain(self.group.filter(|_| any == 0).map(|group| group.id.as_str()))
    }

    /// Spare ones that no name leads to any more.
    pub fn nameless(&self) -> impl Iterator<Item = &'a VpcEndpointId> {
        self.spare.iter().filter(|endpoint| !endpoint.private_dns).map(|endpoint| &endpoint.id)
    }

    /// The group, unless it will soon be gone: the next pass must not wait to see it.
    pub fn group_in_use(&self) -> Option<&'a Group> {
        self.group.filter(|_| !self.wanted.is_empty())
    }

    /// Ids by logical name.
    pub fn bindings(&self) -> Vec<(Logical, String)> {
        let named = |endpoint: &&InterfaceEndpoint| (endpoint.resource.clone(), endpoint.id.0.clone());
        let mut bindings: Vec<(Logical, String)> = self.interfaces.values().map(named).collect();
        bindings.extend(self.group_in_use().map(|group| (group.resource.clone(), group.id.0.clone())));
        bindings
    }

    /// Groups that an endpoint has and should not have.
    pub fn other_groups(&self, endpoint: &InterfaceEndpoint) -> Vec<SecurityGroupId> {
        let ours = self.group.map(|group| &group.id);
        endpoint.groups.iter().filter(|id| Some(*id) != ours).cloned().collect()
    }

    pub fn is_twin(&self, id: &VpcEndpointId) -> bool {
        self.twins.iter().any(|twin| twin.id == *id)
    }
}

/// The endpoints that there should be. A run that does not know all needs keeps those that are there.
fn wanted(ground: &Ground<'_>, ours: &[&InterfaceEndpoint]) -> BTreeSet<EndpointService> {
    if !ground.egress.has_endpoints() {
        return BTreeSet::new();
    }
    let mut wanted = ground.needs.endpoints();
    if !ground.needs.is_complete {
        let live = ours.iter().filter(|endpoint| endpoint.state.is_live());
        wanted.extend(live.filter_map(|endpoint| desired::service(&endpoint.resource)));
    }
    wanted.retain(|service| !ground.served.contains(service));
    wanted
}
