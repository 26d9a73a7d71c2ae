//! The theorem of egress: from every task subnet there is a way, and a way back, to each thing that a task needs.

use super::cause::Cause;
use super::endpoints::{self, Ruling};
use super::facts::{Endpoint, EndpointKind, EndpointState, Need, What};
use super::hosts::{Host, hosts};
use super::lookup::Lookup;
use super::ranges::Ranges;
use super::report::{Findings, Verdict};
use super::trail::{Finding, Trail, Way};
use super::ways::to_public;
use crate::ids::SubnetId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Whether tasks of one subnet reach one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    pub subnet: SubnetId,
    pub subnet_name: String,
    /// `ECR's API`
    pub to: String,
    pub region: String,
    pub verdict: Verdict,
}

/// What the walks found, before it is put into words.
#[derive(Default)]
pub struct Egress {
    pub reaches: Vec<Reach>,
    pub findings: Findings,
    /// Who takes which way to what.
    pub ways: BTreeMap<(SubnetId, Vec<Way>), BTreeSet<String>>,
    pub notes: BTreeSet<String>,
}

pub fn egress(lookup: &Lookup<'_>) -> Egress {
    let (hosts, unread) = hosts(lookup);
    let mut proof = Prover { lookup, egress: Egress::default(), trails: BTreeMap::new() };
    for cause in unread {
        proof.egress.findings.doubt(cause, None, &Ranges::none());
    }
    for host in &hosts {
        for need in &lookup.evidence.needs {
            proof.reach(host, need);
        }
        proof.trails.clear();
    }
    proof.egress
}

struct Prover<'a, 'b> {
    lookup: &'b Lookup<'a>,
    egress: Egress,
    /// Of the host at hand: many needs ask for the same addresses.
    trails: BTreeMap<Ranges, Trail>,
}

impl Prover<'_, '_> {
    fn reach(&mut self, host: &Host<'_>, need: &Need) {
        let answering = endpoints::interfaces(self.lookup, need);
        let answering = answering.into_iter().find(|endpoint| endpoints::silences(self.lookup, endpoint).is_empty());
        let (mut trail, to, is_exact) = match answering {
            Some(endpoint) => {
                let mut trail = endpoints::to_interface(self.lookup, host, endpoint);
                trail.endpoints.push((endpoint.id.clone(), Ranges::public_ipv4()));
                (trail, Ranges::public_ipv4(), true)
            }
            None => {
                let (to, is_exact) = self.lookup.addresses(need);
                (self.public(host, need, &to), to, is_exact)
            }
        };
        self.names(&mut trail, &to);
        self.policies(&mut trail, need);
        self.rights(&mut trail, need, &to);
        self.conclude(host, need, trail, &to, is_exact);
    }

    fn public(&mut self, host: &Host<'_>, need: &Need, to: &Ranges) -> Trail {
        let known = self.trails.entry(to.clone()).or_insert_with(|| to_public(self.lookup, host, to));
        let mut trail = known.clone();
        let is_lost = |finding: &Finding| matches!(finding.cause, Cause::NoRoute(_)) && finding.blocked == *to;
        if let Some(at) = trail.findings.iter().position(is_lost) {
            let lost = trail.findings.remove(at);
            self.missing(&mut trail, host, need, lost);
        }
        trail
    }

    /// No route leads there at all. Where an endpoint should have carried it, that is what is wrong.
    fn missing(&self, trail: &mut Trail, host: &Host<'_>, need: &Need, lost: Finding) {
        let all = lost.blocked.clone();
        if let Some(endpoint) = self.gateways(need).next() {
            let cause = Cause::EndpointOffTable(endpoint.id.clone(), host.table.id.clone());
            return trail.stops(cause, all.clone(), all);
        }
        let interfaces = endpoints::interfaces(self.lookup, need);
        if interfaces.is_empty() {
            let cause = self.no_endpoint(need).unwrap_or(lost.cause);
            return trail.stops(cause, all, lost.about);
        }
        // Nothing leaves for public addresses, so what filters those says nothing; what filters the endpoint does.
        trail.findings.clear();
        for endpoint in interfaces {
            for cause in endpoints::silences(self.lookup, endpoint) {
                trail.stops(cause, all.clone(), all.clone());
            }
            let way = endpoints::to_interface(self.lookup, host, endpoint);
            trail.findings.extend(way.findings.into_iter().filter(|finding| finding.is_certain));
            trail.endpoints.push((endpoint.id.clone(), all.clone()));
        }
    }

    fn gateways(&self, need: &Need) -> impl Iterator<Item = &Endpoint> {
        let service = need.endpoint_service();
        self.lookup.evidence.endpoints.iter().filter(move |endpoint| {
            Some(&endpoint.service) == service.as_ref() && matches!(endpoint.kind, EndpointKind::Gateway { .. })
        })
    }

    /// A network that has interface endpoints has no other way out by intention: then each missing one is a fault.
    fn no_endpoint(&self, need: &Need) -> Option<Cause> {
        let evidence = self.lookup.evidence;
        let has_some = evidence.endpoints.iter().any(|one| matches!(one.kind, EndpointKind::Interface { .. }));
        let service = need.endpoint_service().filter(|_| has_some && need.region == evidence.region)?;
        Some(Cause::NoEndpoint(service))
    }

    /// Names are asked of Amazon's resolver, which no ACL and no group filters; without it nothing has an address.
    fn names(&self, trail: &mut Trail, to: &Ranges) {
        let vpc = &self.lookup.evidence.vpc;
        if !vpc.other_resolvers.is_empty() {
            trail.may_stop(Cause::OtherResolvers(vpc.other_resolvers.clone()), to.clone());
        } else if !vpc.dns_support {
            trail.stops(Cause::DnsSupportOff(vpc.id.clone()), to.clone(), to.clone());
        }
    }

    fn policies(&mut self, trail: &mut Trail, need: &Need) {
        for (id, carried) in std::mem::take(&mut trail.endpoints) {
            let Some(endpoint) = self.lookup.endpoint(&id) else {
                trail.may_stop(Cause::Unread(super::cause::Thing::Endpoint(id)), carried);
                continue;
            };
            if let (EndpointKind::Gateway { .. }, false) = (&endpoint.kind, endpoint.state == EndpointState::Available)
            {
                let cause = Cause::EndpointNotAvailable(id.clone(), endpoint.state.clone());
                trail.stops(cause, carried.clone(), carried.clone());
            }
            self.policy(trail, need, endpoint, carried);
        }
    }

    fn policy(&mut self, trail: &mut Trail, need: &Need, endpoint: &Endpoint, carried: Ranges) {
        let resource = need.resource();
        let ruled = |ruling| -> Vec<String> {
            let actions = need.what.passes().iter();
            let is_ruled = |action: &&&str| endpoints::ruling(&endpoint.policy, action, resource.as_deref()) == ruling;
            actions.filter(is_ruled).map(|action| (*action).to_owned()).collect()
        };
        if !ruled(Ruling::Depends).is_empty() {
            self.egress.notes.insert(format!(
                "the policy of endpoint {} depends on principals, conditions or resources, or could not be read: for {} it is not judged",
                endpoint.id, need.label()
            ));
        }
        let denied = ruled(Ruling::Denied);
        if !denied.is_empty() {
            trail.stops(Cause::EndpointPolicy(endpoint.id.clone(), denied), carried.clone(), carried);
        }
    }

    /// What the execution role may do, as far as it was read: what is not known is not a fault.
    fn rights(&mut self, trail: &mut Trail, need: &Need, to: &Ranges) {
        let role = &self.lookup.evidence.role;
        let (mut denied, mut unknown) = (Vec::new(), Vec::new());
        for action in need.what.rights() {
            match role.rights.get(*action) {
                Some(true) => {}
                Some(false) => denied.push((*action).to_owned()),
                None => unknown.push(*action),
            }
        }
        if !unknown.is_empty() {
            self.egress.notes.insert(format!("whether the execution role may {} was not read", unknown.join(", ")));
        }
        if !denied.is_empty() {
            trail.stops(Cause::Denied(role.name.clone(), denied), to.clone(), to.clone());
        }
    }

    /// Where the addresses of a service are not known, one that is cut off may not be among them: then it is a doubt,
    /// unless all are cut off.
    fn conclude(&mut self, host: &Host<'_>, need: &Need, trail: Trail, to: &Ranges, is_exact: bool) {
        let stopped = trail.stopped();
        let fails = if is_exact { !stopped.is_empty() } else { stopped.covers(to) };
        let verdict = match (fails, trail.findings.is_empty()) {
            (true, _) => Verdict::Fails,
            (false, true) => Verdict::Holds,
            (false, false) => Verdict::Unknown,
        };
        let cut = Some((host.subnet.name.clone(), need.label()));
        for finding in trail.findings {
            let (cause, about) = (finding.cause, &finding.about);
            if finding.is_certain && fails {
                self.egress.findings.fault(cause, cut.clone(), about);
            } else {
                self.egress.findings.doubt(cause, cut.clone(), about);
            }
        }
        if verdict == Verdict::Holds {
            self.note_nat(host, need, &trail.ways);
            let mut ways = trail.ways;
            ways.sort();
            self.egress.ways.entry((host.subnet.id.clone(), ways)).or_default().insert(need.label());
        }
        let (subnet, subnet_name) = (host.subnet.id.clone(), host.subnet.name.clone());
        self.egress.reaches.push(Reach { subnet, subnet_name, to: need.label(), region: need.region.clone(), verdict });
    }

    /// A gateway endpoint costs nothing and a NAT gateway takes money for each gigabyte (aws.amazon.com/vpc/pricing).
    fn note_nat(&mut self, host: &Host<'_>, need: &Need, ways: &[Way]) {
        let is_nat =
            ways.iter().any(|way| matches!(way, Way::Nat { exit: super::trail::Exit::InternetGateway(..), .. }));
        if need.what == What::Layers && need.region == self.lookup.evidence.region && is_nat {
            self.egress.notes.insert(format!(
                "image layers for {} go through a NAT gateway, which is paid by the gigabyte; a gateway endpoint for S3 on {} is free",
                host.subnet.name, host.table.id
            ));
        }
    }
}
