//! Endpoints of ours in a network that somebody else made: where they go, which are there, and what is to be done.

use super::choose::Chosen;
use super::observed::{Beside, Existing, OtherEndpoint, OtherKind, Table, Vpc};
use crate::cidr::{Cidr, Side};
use crate::ids::RouteTableId;
use crate::name::Logical;
use crate::network::endpoints::{self, EndpointStep, FoundEndpoints, Ground, desired as wanted, s3};
use crate::network::found::{choose, idle};
use crate::network::observed::{Endpoint, Observed};
use crate::network::step::NetworkStep;
use crate::network::{NetworkStageSpec, desired};
use crate::plan::{Bindings, Plan, Problem};
use crate::spec::EndpointService;
use std::collections::BTreeSet;

/// What is ours there, sorted into what counts and the rest.
#[derive(Debug)]
pub struct Guest<'a> {
    ground: Ground<'a>,
    vpc: &'a Vpc,
    /// The gateway endpoint of S3.
    pub s3: Option<&'a Endpoint>,
    twins: Vec<&'a Endpoint>,
    pub endpoints: FoundEndpoints<'a>,
    /// Whether private DNS works in the VPC.
    has_names: bool,
}

impl<'a> Guest<'a> {
    pub fn of(
        stage: &'a NetworkStageSpec,
        observed: &'a Observed,
        (seen, vpc): (&'a Existing, &'a Vpc),
        chosen: &Chosen<'a>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let ground = ground(stage, observed, (seen, vpc), chosen);
        let ours = observed.endpoints.iter().filter(|endpoint| endpoint.vpc == vpc.id && endpoint.is_live);
        let is_used = |endpoint: &Endpoint| !endpoint.tables.is_empty();
        let id = |endpoint: &Endpoint| endpoint.id.0.clone();
        let (s3, twins) = choose(&desired::s3_endpoint(), ours.collect(), id, is_used, problems);
        let endpoints = FoundEndpoints::of(&ground, observed, problems);
        let has_names = seen.beside.as_ref().is_some_and(|beside| beside.dns_support && beside.dns_hostnames);
        let guest = Self { ground, vpc, s3, twins, endpoints, has_names };
        problems.extend(guest.cut_off());
        guest
    }

    /// Endpoints go only where something else leads out.
    fn cut_off(&self) -> Option<Problem> {
        let has_some = self.s3.is_some() || !self.endpoints.spare.is_empty();
        (has_some && self.ground.is_only_way && !self.ground.egress.has_endpoints()).then(|| {
            let message = format!(
                "says nothing of endpoints any more, but moat's endpoints are the only way out of the private subnets of {}. Lead their 0.0.0.0/0 somewhere first, or put {{\"endpoints\": \"auto\"}} back",
                self.vpc.id
            );
            Problem::at("/network/egress", message)
        })
    }

    /// The steps are about what is ours; tables and subnets of others are only named in them.
    pub fn plan(&self, observed: &Observed, plan: &mut Plan<NetworkStep>) {
        if self.wants_s3() {
            s3::plan(&self.ground, observed, self.s3, plan);
        }
        endpoints::plan::plan(&self.ground, observed, &self.endpoints, plan);
        for twin in &self.twins {
            plan.step(NetworkStep::DeleteTwinEndpoint { id: twin.id.clone() });
        }
        if let Some(endpoint) = self.s3.filter(|_| !self.wants_s3()) {
            let (endpoint, id, why) = (desired::s3_endpoint(), endpoint.id.clone(), "which nothing needs".to_owned());
            plan.step(NetworkStep::Endpoint(EndpointStep::Delete {
                endpoint,
                id,
                why,
                is_unused: false,
                is_remembered: false,
            }));
        }
    }

    /// One of others may lead to S3 from every table already.
    fn wants_s3(&self) -> bool {
        self.ground.egress.has_endpoints() && !self.ground.tables.is_empty()
    }

    pub fn bind(&self, observed: &Observed, bindings: &mut Bindings) {
        let vpc = &self.vpc.id.0;
        if let Some(account) = &observed.account {
            bindings.bind(desired::account(), account.clone());
        }
        for (name, id) in self.ground.tables.iter().filter(|_| self.wants_s3()) {
            id.iter().for_each(|id| bindings.bind(name.clone(), id.0.clone()));
        }
        for (name, id) in self.endpoints.bindings() {
            bindings.bind(name, id);
        }
        if let Some(endpoint) = self.s3.filter(|_| self.wants_s3()) {
            bindings.bind(desired::s3_endpoint(), endpoint.id.0.clone());
        }
        if let Some(group) = self.endpoints.group_in_use()
            && wanted::rules(&self.ground).iter().all(|rule| group.rules.contains(rule))
        {
            bindings.bind(wanted::group().available(), group.id.0.clone());
        }
        if self.has_names {
            bindings.bind(wanted::names_available(), vpc.clone());
        }
        // What is spare beside what is asked for is served by others, or needed by nobody.
        let has_way_out = !self.ground.is_only_way || self.ground.egress.has_endpoints();
        let spare = self.s3.filter(|_| has_way_out && !self.wants_s3()).map(|endpoint| endpoint.id.as_str());
        for id in self.endpoints.nameless() {
            bindings.bind(wanted::nameless(id), vpc.clone());
        }
        for id in self.endpoints.idle(has_way_out).chain(spare) {
            bindings.bind(idle(id), vpc.clone());
        }
    }
}

/// Where the endpoints go.
fn ground<'a>(
    stage: &'a NetworkStageSpec,
    observed: &Observed,
    (seen, vpc): (&'a Existing, &'a Vpc),
    chosen: &Chosen<'a>,
) -> Ground<'a> {
    let private = chosen.lettered().into_iter().filter(|(side, ..)| *side == Side::Private);
    let private: Vec<_> = private.map(|(_, letter, subnet)| (letter, &subnet.id)).collect();
    let tables: Vec<(char, &Table)> =
        private.iter().filter_map(|(letter, id)| Some((*letter, seen.table(id)?))).collect();
    let others = || seen.beside.iter().flat_map(|beside: &Beside| &beside.endpoints);
    Ground {
        network: &stage.network.name,
        egress: stage.network.egress,
        is_only_way: !tables.iter().any(|(_, table)| leads_out(table)),
        is_limited: !seen.tables.iter().any(leads_out),
        needs: &stage.needs,
        vpc: Some(&vpc.id),
        ranges: vpc.ranges.clone(),
        subnets: private.iter().map(|(letter, id)| (desired::subnet(Side::Private, *letter), Some(*id))).collect(),
        tables: without_a_way_to_s3(&tables, &observed.region, others()),
        served: served(&observed.region, others()),
    }
}

fn leads_out(table: &Table) -> bool {
    table.route(&Cidr::ANYWHERE.to_string()).is_some_and(|route| route.is_active)
}

/// Each table once, by the letter of the first subnet that it is in force for. AWS takes one route to S3 in a table.
fn without_a_way_to_s3<'a>(
    tables: &[(char, &'a Table)],
    region: &str,
    others: impl Iterator<Item = &'a OtherEndpoint>,
) -> Vec<(Logical, Option<&'a RouteTableId>)> {
    let s3 = format!("com.amazonaws.{region}.s3");
    let mut known: BTreeSet<&RouteTableId> = BTreeSet::new();
    for other in others.filter(|other| other.service == s3) {
        if let OtherKind::Gateway(theirs) = &other.kind {
            known.extend(theirs);
        }
    }
    let fresh = tables.iter().filter(|(_, table)| known.insert(&table.id));
    fresh.map(|(letter, table)| (desired::private_table(*letter), Some(&table.id))).collect()
}

/// A name leads to one endpoint of a VPC only, so what others answer for is not made again: AWS would refuse it, and the
/// proof judges whether theirs works.
fn served<'a>(region: &str, others: impl Iterator<Item = &'a OtherEndpoint>) -> BTreeSet<EndpointService> {
    let named = others.filter(|other| other.kind == OtherKind::Interface { private_dns: true });
    let names: BTreeSet<&str> = named.map(|other| other.service.as_str()).collect();
    let all = EndpointService::BASE.into_iter().chain(EndpointService::BEYOND);
    all.filter(|service| names.contains(service.name_in(region).as_str())).collect()
}

#[cfg(test)]
#[path = "guest_tests.rs"]
mod tests;
