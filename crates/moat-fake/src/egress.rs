//! Whether tasks reach what they need: AWS's services by the names that they ask for, through what answers for those.
//!
//! A task keeps the address of a name for a minute. So a way counts as lost when it leads nowhere for whoever asked a
//! minute ago, not only for whoever asks now.

use crate::state::{InterfaceEndpoint, State};
use moat::ids::{SubnetId, VpcEndpointId, VpcId};
use moat::network::endpoints::policy;
use moat::network::observed::EndpointState;
use moat::rule::{Direction, Peer};
use moat::spec::EndpointService;
use std::collections::{BTreeMap, BTreeSet};

/// Milliseconds for which an address that was asked for is used.
const NAME_LIVES: u64 = 60_000;

/// What each name led to in each VPC, an endpoint or the public address, and when it did last.
pub type Remembered = BTreeMap<(VpcId, &'static str, Option<VpcEndpointId>), u64>;

impl State {
    /// The endpoint that answers for the name of a service.
    fn answering(&self, vpc: &VpcId, service: &str) -> Option<&InterfaceEndpoint> {
        let has_names = self.vpcs.get(vpc.as_str()).is_some_and(|vpc| vpc.dns_support && vpc.dns_hostnames);
        let answers = |endpoint: &&InterfaceEndpoint| {
            endpoint.vpc == *vpc
                && endpoint.service == service
                && endpoint.private_dns
                && endpoint.state == EndpointState::Available
        };
        self.interface_endpoints.there().find(answers).filter(|_| has_names)
    }

    /// Notes what each name leads to now.
    pub(crate) fn remember(&mut self) {
        let vpcs: Vec<VpcId> = self.vpcs.there().map(|vpc| vpc.id.clone()).collect();
        for vpc in vpcs {
            for service in EndpointService::BASE.map(EndpointService::as_str) {
                let now = self.answering(&vpc, service).map(|endpoint| endpoint.id.clone());
                self.remembered.insert((vpc.clone(), service, now), self.now);
            }
        }
    }

    /// What tasks in this subnet do not reach, of all that they may ask for by an answer of the last `memory`
    /// milliseconds. A sentence each.
    pub(crate) fn lost(&self, subnet: &SubnetId, memory: u64) -> BTreeSet<String> {
        let mut lost = BTreeSet::new();
        let Some(vpc) = self.subnets.get(subnet.as_str()).map(|found| &found.vpc) else {
            return [format!("{subnet} is gone")].into();
        };
        let is_open = self.has_nat(subnet);
        let is_recent = |at: u64| at + memory >= self.now;
        for ((_, service, to), _) in self.remembered.iter().filter(|((of, _, _), at)| of == vpc && is_recent(**at)) {
            let carries = match to {
                None => is_open,
                Some(id) => self.interface_endpoints.get(id.as_str()).is_some_and(|endpoint| self.lets_in(endpoint)),
            };
            if !carries {
                let by = to.as_ref().map_or("a NAT gateway", |id| id.as_str());
                lost.insert(format!("{service} from {subnet} by {by}"));
            }
        }
        if !is_open && !self.has_layers(subnet) {
            lost.insert(format!("image layers from {subnet}"));
        }
        lost
    }

    fn lets_in(&self, endpoint: &InterfaceEndpoint) -> bool {
        let range = self.vpcs.get(endpoint.vpc.as_str()).map(|vpc| vpc.cidr);
        let opens = |rule: &moat::rule::Rule| {
            let is_in = matches!(rule.peer, Peer::Cidr(from) if range.is_some_and(|range| from.contains(&range)));
            let is_https =
                rule.protocol == "-1" || rule.ports.is_some_and(|(first, last)| (first..=last).contains(&443));
            rule.direction == Direction::Ingress && is_in && is_https
        };
        let mut groups = endpoint.groups.iter().filter_map(|id| self.groups.get(id.as_str()));
        let is_let_in = groups.any(|group| group.rules.there().any(opens));
        let policy = Some(endpoint.policy.as_str());
        let is_allowed = policy::is_open(policy) || policy::registries(policy).contains(super::interfaces::ACCOUNT);
        let is_live = endpoint.state == EndpointState::Available;
        is_live && is_let_in && is_allowed && !endpoint.subnets.is_empty()
    }

    fn has_layers(&self, subnet: &SubnetId) -> bool {
        let Some(table) = self.table_in_force(subnet) else { return false };
        let lets_through = |policy: &str| policy.contains("starport-layer-bucket") || policy::is_open(Some(policy));
        let mut endpoints = self.endpoints.there();
        endpoints.any(|one| one.tables.there().any(|id| *id == table.id) && lets_through(&one.policy))
    }

    /// What running tasks do not reach, where moat is watched.
    pub(crate) fn lost_ways(&self) -> BTreeSet<String> {
        let running = self.services.there().filter(|service| service.running > 0 && self.is_watched);
        let subnets: BTreeSet<&SubnetId> = running.flat_map(|service| &service.network.subnets).collect();
        subnets.into_iter().flat_map(|subnet| self.lost(subnet, NAME_LIVES)).collect()
    }
}
