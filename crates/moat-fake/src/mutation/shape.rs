//! What is there, in words that compare: what was changed by a repair and what was not.

use crate::shelf::{HasId, Kept, Parts, Shelf};
use crate::state::State;
use std::collections::BTreeMap;
use std::fmt::Debug;

pub fn shape(state: &State) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    put(&mut all, &state.vpcs, |it| format!("{it:?}"));
    put(&mut all, &state.subnets, |it| format!("{it:?}"));
    put(&mut all, &state.internet_gateways, |it| format!("{it:?}"));
    put(&mut all, &state.egress_only_gateways, |it| format!("{it:?}"));
    put(&mut all, &state.addresses, |it| format!("{it:?}"));
    put(&mut all, &state.nat_gateways, |it| format!("{:?} {:?} {:?} {:?}", it.vpc, it.subnet, it.allocation, it.state));
    put(&mut all, &state.tables, |it| {
        let subnets: Vec<_> = it.associations.there().map(|(_, subnet)| subnet.clone()).collect();
        format!("{:?} {} {:?} {:?}", it.vpc, it.is_main, sorted(&Parts::of(subnets)), sorted(&it.routes))
    });
    put(&mut all, &state.endpoints, |it| format!("{:?} {:?} {}", it.vpc, sorted(&it.tables), it.policy));
    put(&mut all, &state.interface_endpoints, |it| {
        format!(
            "{:?} {} {:?} {:?} {} {} {}",
            it.vpc, it.service, it.subnets, it.groups, it.private_dns, it.policy, it.state
        )
    });
    put(&mut all, &state.groups, |it| format!("{} {:?} {:?}", it.name, it.vpc, sorted(&it.rules)));
    put(&mut all, &state.balancers, |it| {
        let what = (it.kind, it.scheme, &it.address_type, &it.subnets, &it.groups, &it.attributes, &it.web_acl);
        format!("{} {what:?}", it.name)
    });
    put(&mut all, &state.targets, |it| format!("{it:?}"));
    put(&mut all, &state.listeners, |it| {
        let answer = (&it.forwards_to, it.redirects, &it.attributes, &it.rules);
        let tls = (&it.certificate, &it.additional_certificates, &it.policy);
        format!("{} {} {} {answer:?} {tls:?}", it.balancer, it.port, it.protocol)
    });
    // What is going is as good as gone.
    let going = state.nat_gateways.there().filter(|it| !it.state.is_live()).map(|it| it.id.0.clone());
    let draining = state.services.there().filter(|it| it.draining.is_some()).map(|it| it.arn.clone());
    let ending = state.interface_endpoints.there().filter(|it| !it.state.is_live()).map(|it| it.id.0.clone());
    let going: Vec<String> = going.chain(draining).chain(ending).collect();
    put(&mut all, &state.clusters, |it| format!("{it:?}"));
    put(&mut all, &state.log_groups, |it| format!("{it:?}"));
    put(&mut all, &state.services, |it| {
        let revision = state.revisions.get(&it.revision).map(|revision| &revision.definition);
        let runs = (it.exec, it.desired, &it.target_group, it.draining.is_some());
        let what = (&it.network, it.deployment, it.grace, runs);
        format!("{} {revision:?} {what:?}", it.name)
    });
    all.retain(|id, _| !going.contains(id));
    all
}

fn put<T: HasId + Clone>(all: &mut BTreeMap<String, String>, shelf: &Shelf<T>, words: impl Fn(&T) -> String) {
    all.extend(
        shelf.kept().map(|Kept { thing, tags, .. }| (thing.id().to_owned(), format!("{tags:?} {}", words(thing)))),
    );
}

fn sorted<T: Debug>(parts: &Parts<T>) -> Vec<String> {
    let mut parts: Vec<String> = parts.there().map(|part| format!("{part:?}")).collect();
    parts.sort();
    parts
}
