//! Reads a service's door: groups by tag, load balancer and target group by name, then what hangs on them.

use crate::call::Hand;
use crate::shelf::Kept;
use crate::state::State;
use futures_util::try_join;
use moat::error::Failure;
use moat::ids::SecurityGroupId;
use moat::ingress::desired::Group;
use moat::ingress::observed::{Listener, LoadBalancer, LoadBalancerState, SecurityGroup, TargetGroup};
use moat::ingress::shared::{self, Host};
use moat::ingress::{IngressSpec, Observed};
use moat::name::Name;
use moat::spec::Scheme;
use moat::tags::{self, Owner};
use std::collections::{BTreeMap, BTreeSet};

pub async fn observe(hand: &Hand, spec: &IngressSpec, owner: &Owner) -> Result<Observed, Failure> {
    let (us, name) = (owner.clone(), spec.aws_name());
    let groups = hand.look("describe security groups", move |state| security_groups(state, &us));
    let (us, named) = (owner.clone(), name.clone());
    let balancer = hand.look("describe load balancer", move |state| load_balancer(state, &us, &named));
    let us = owner.clone();
    let target = hand.look("describe target group", move |state| target_group(state, &us, &name));
    let (groups, load_balancer, target_group) = try_join!(groups, balancer, target)?;
    let listeners = match load_balancer.as_ref().filter(|found| found.is_ours).map(|found| found.arn.0.clone()) {
        Some(arn) => hand.look("describe listeners", move |state| listeners(state, &arn)).await?,
        None => Vec::new(),
    };
    let others = shared::let_out_to(&groups);
    let guests = match others.is_empty() {
        true => BTreeMap::new(),
        false => {
            let us = owner.clone();
            hand.look("describe security groups by id", move |state| guests(state, &us, &others)).await?
        }
    };
    let host = match spec.service.host().cloned() {
        Some(name) => Some(host(hand, Owner::Service(name)).await?),
        None => None,
    };
    Ok(Observed { guests, host, groups, load_balancer, target_group, listeners })
}

/// The load balancer of another service.
async fn host(hand: &Hand, owner: Owner) -> Result<Host, Failure> {
    let (us, named) = (owner.clone(), owner.name().aws_name());
    let balancer = hand.look("describe load balancer", move |state| load_balancer(state, &us, &named));
    let groups = hand.look("describe security groups", move |state| security_groups(state, &owner));
    let (load_balancer, groups) = try_join!(balancer, groups)?;
    let listeners = match load_balancer.as_ref().map(|found| found.arn.0.clone()) {
        Some(arn) => hand.look("describe listeners", move |state| listeners(state, &arn)).await?,
        None => Vec::new(),
    };
    let group = groups.into_iter().find(|found| found.group == Group::LoadBalancer);
    Ok(Host { load_balancer, group, listeners })
}

/// Which of these are groups of other services' tasks.
fn guests(state: &State, owner: &Owner, named: &BTreeSet<SecurityGroupId>) -> BTreeMap<SecurityGroupId, Name> {
    let others = state.groups.seen(state.now).filter(|kept| named.contains(&kept.thing.id));
    let guest = |kept: &Kept<crate::state::Group>| {
        let service = shared::guest_by(|key| kept.tags.get(key).cloned(), owner.name())?;
        Some((kept.thing.id.clone(), service))
    };
    others.filter_map(guest).collect()
}

fn security_groups(state: &State, owner: &Owner) -> Vec<SecurityGroup> {
    let ours = state.groups.seen_of(owner, state.now).filter_map(|kept| {
        let name = kept.tags.get(tags::RESOURCE)?;
        Some((&kept.thing, Group::ALL.into_iter().find(|group| group.logical().as_str() == name)?))
    });
    ours.map(|(found, group)| {
        let mut rules: Vec<_> = found.rules.seen(state.now).cloned().collect();
        rules.sort();
        rules.dedup();
        SecurityGroup { id: found.id.clone(), group, vpc: found.vpc.clone(), rules }
    })
    .collect()
}

fn load_balancer(state: &State, owner: &Owner, name: &str) -> Option<LoadBalancer> {
    let kept = state.balancers.seen(state.now).find(|kept| kept.thing.name == name)?;
    let found = &kept.thing;
    let is_active = state.now >= found.active_at;
    Some(LoadBalancer {
        arn: found.arn.as_str().into(),
        is_ours: owner.owns(&kept.tags),
        state: if is_active { LoadBalancerState::Active } else { LoadBalancerState::Provisioning },
        kind: found.kind.as_str().into(),
        is_internet_facing: found.scheme == Scheme::InternetFacing,
        address_type: found.address_type.clone(),
        dns_name: format!("{name}.us-east-1.elb.amazonaws.com"),
        subnets: found.subnets.clone(),
        groups: found.groups.clone(),
        attributes: found.attributes.clone(),
        web_acl: found.web_acl.clone(),
        age: u32::try_from((state.now - found.born) / 1000).ok(),
    })
}

fn target_group(state: &State, owner: &Owner, name: &str) -> Option<TargetGroup> {
    let kept = state.targets.seen(state.now).find(|kept| kept.thing.name == name)?;
    Some(TargetGroup {
        arn: kept.thing.arn.as_str().into(),
        is_ours: owner.owns(&kept.tags),
        used_by: {
            let listeners = state.listeners.seen(state.now).map(|kept| &kept.thing);
            listeners.filter(|it| it.leads_to(&kept.thing.arn)).map(|it| it.balancer.as_str().into()).collect()
        },
        vpc: kept.thing.vpc.clone(),
        protocol: kept.thing.protocol.clone(),
        health_check: kept.thing.health_check.clone(),
        attributes: kept.thing.attributes.clone(),
    })
}

fn listeners(state: &State, balancer: &str) -> Vec<Listener> {
    let found = state.listeners.seen(state.now).map(|kept| &kept.thing).filter(|found| found.balancer == balancer);
    found
        .map(|found| Listener {
            arn: found.arn.as_str().into(),
            port: found.port,
            protocol: found.protocol.clone(),
            forwards_to: found.forwards_to.as_deref().map(Into::into),
            redirects: found.redirects,
            certificate: found.certificate.clone(),
            additional_certificates: found.additional_certificates.clone(),
            policy: found.policy.clone(),
            attributes: found.attributes.clone(),
            rules: found.rules.clone(),
        })
        .collect()
}
