//! `Cloud<IngressTeardown>`: Elastic Load Balancing and security groups on the way out.

use super::{apply_to_group, groups, references};
use crate::answer::{Answer, Verb, refuse};
use crate::call::Hand;
use crate::ingress::{listener, listener_rule};
use crate::state::State;
use futures_util::try_join;
use moat::error::Failure;
use moat::ids::LoadBalancerArn;
use moat::ingress::observed::ListenerRule;
use moat::plan::Bindings;
use moat::stage::{Cloud, Done};
use moat::tags::{self, Owner};
use moat::teardown::ingress::observed::{GuestRule, Listener, LoadBalancer, TargetGroup};
use moat::teardown::ingress::{IngressStep, IngressTeardown, IngressTeardownSpec, Observed};
use moat::teardown::{Holder, Interface};
use std::collections::BTreeSet;

/// The attribute that keeps a load balancer from being deleted ("LoadBalancerAttribute", ELB v2 API).
pub const PROTECTION: &str = "deletion_protection.enabled";

impl Cloud<IngressTeardown> for Hand {
    async fn observe(&self, spec: &IngressTeardownSpec) -> Result<Observed, Failure> {
        let (owner, name) = (spec.owner(), spec.aws_name());
        let (us, named) = (owner.clone(), name.clone());
        let balancer = self.look("describe load balancer", move |state| load_balancer(state, &us, &named));
        let (us, named) = (owner.clone(), name.clone());
        let target = self.look("describe target group", move |state| target_group(state, &us, &named));
        let us = owner.clone();
        let groups = self.look("describe security groups", move |state| groups(state, &us));
        let us = owner.clone();
        let references = self.look("describe security groups by rule", move |state| references(state, &us));
        let interfaces = self.look("describe network interfaces", move |state| interfaces(state, &owner, &name));
        let (load_balancer, target_group, groups, references, interfaces) =
            try_join!(balancer, target, groups, references, interfaces)?;
        let listeners = match load_balancer.as_ref().filter(|found| found.is_ours).map(|found| found.arn.0.clone()) {
            Some(arn) => self.look("describe listeners", move |state| listeners(state, &arn)).await?,
            None => Vec::new(),
        };
        let us = spec.owner();
        let (rules, hosts) = match target_group.as_ref().filter(|found| found.is_ours).map(|found| found.arn.0.clone())
        {
            Some(arn) => self.look("describe rules", move |state| guest_of(state, &us, &arn)).await?,
            None => Default::default(),
        };
        Ok(Observed { load_balancer, listeners, target_group, rules, hosts, groups, references, interfaces })
    }

    async fn apply(&self, _: &IngressTeardownSpec, step: &IngressStep, _: &Bindings) -> Result<Done, Failure> {
        let doing = step.clone();
        self.act(Verb::Delete, step, move |state| apply(state, &doing)).await
    }
}

fn load_balancer(state: &State, owner: &Owner, name: &str) -> Option<LoadBalancer> {
    let kept = state.balancers.seen(state.now).find(|kept| kept.thing.name == name)?;
    Some(LoadBalancer {
        arn: kept.thing.arn.as_str().into(),
        is_ours: owner.owns(&kept.tags),
        is_protected: kept.thing.attributes.get(PROTECTION).is_some_and(|value| value == "true"),
    })
}

fn listeners(state: &State, balancer: &str) -> Vec<Listener> {
    let found = state.listeners.seen(state.now).map(|kept| &kept.thing).filter(|found| found.balancer == balancer);
    found
        .map(|found| Listener { arn: found.arn.as_str().into(), port: found.port, protocol: found.protocol.clone() })
        .collect()
}

fn target_group(state: &State, owner: &Owner, name: &str) -> Option<TargetGroup> {
    let kept = state.targets.seen(state.now).find(|kept| kept.thing.name == name)?;
    // ELB shows this for a while after the listener is gone, whether or not it still shows the load balancer.
    let listeners = state.listeners.seen(state.now).map(|kept| &kept.thing);
    let forwards = |listener: &&crate::state::Listener| listener.leads_to(&kept.thing.arn);
    let used_by = listeners.filter(forwards).map(|listener| listener.balancer.as_str().into());
    Some(TargetGroup {
        arn: kept.thing.arn.as_str().into(),
        is_ours: owner.owns(&kept.tags),
        used_by: used_by.collect(),
    })
}

/// Our rules in the listeners of other services, and the load balancers of those.
fn guest_of(state: &State, owner: &Owner, target: &str) -> (Vec<GuestRule>, BTreeSet<LoadBalancerArn>) {
    let others = state.balancers.seen(state.now).filter(|kept| !owner.owns(&kept.tags));
    let hosts: BTreeSet<LoadBalancerArn> = others
        .filter(|kept| kept.tags.contains_key(tags::SERVICE))
        .map(|kept| kept.thing.arn.as_str().into())
        .collect();
    let listeners = state.listeners.seen(state.now).map(|kept| &kept.thing);
    let rules = listeners.filter(|listener| hosts.iter().any(|arn| arn.as_str() == listener.balancer));
    let rules = rules.flat_map(|listener| listener.rules.iter().map(move |rule| (listener, rule)));
    let is_ours = |rule: &ListenerRule| {
        rule.service.as_ref() == Some(owner.name())
            && rule.forwards_to.as_ref().is_some_and(|arn| arn.as_str() == target)
    };
    let rules = rules.filter(|(_, rule)| is_ours(rule));
    let rules = rules.map(|(at, rule)| GuestRule { arn: rule.arn.clone(), balancer: at.balancer.as_str().into() });
    (rules.collect(), hosts)
}

fn interfaces(state: &State, owner: &Owner, name: &str) -> Vec<Interface> {
    let ours: Vec<_> = state.groups.seen_of(owner, state.now).map(|kept| kept.thing.id.clone()).collect();
    let is_balancers = |interface: &Interface| interface.holder() == Holder::LoadBalancer(name.to_owned());
    let is_ours = |interface: &Interface| ours.iter().any(|group| interface.groups.contains(group));
    let all = state.network_interfaces().into_iter();
    all.filter(|interface| is_ours(interface) || is_balancers(interface)).collect()
}

fn apply(state: &mut State, step: &IngressStep) -> Answer {
    match step {
        IngressStep::TurnOffProtection { arn } => {
            let Some(found) = state.balancers.get_mut(arn.as_str()) else {
                return refuse("LoadBalancerNotFound", arn.as_str());
            };
            found.attributes.insert(PROTECTION.into(), "false".into());
            Ok(Done::Changed)
        }
        IngressStep::DeleteListenerRule { arn, .. } => listener_rule::delete(state, arn),
        IngressStep::LeaveGroup { id, rule, .. } => {
            crate::ingress::revoke(state, id.as_str(), std::slice::from_ref(rule))
        }
        IngressStep::DeleteListener { arn, .. } => listener::delete(state, arn.as_str()),
        IngressStep::DeleteLoadBalancer { arn } => delete_balancer(state, arn.as_str()),
        IngressStep::DeleteTargetGroup { arn } => delete_target_group(state, arn.as_str()),
        IngressStep::Group(step) => apply_to_group(state, step),
    }
}

/// The call succeeds for one that does not exist. Listeners go with it, network interfaces some time after it.
fn delete_balancer(state: &mut State, arn: &str) -> Answer {
    let Some(found) = state.balancers.get(arn).cloned() else { return Ok(Done::Changed) };
    if found.attributes.get(PROTECTION).is_some_and(|value| value == "true") {
        return refuse(
            "OperationNotPermitted",
            format!("{arn} cannot be deleted because deletion protection is enabled"),
        );
    }
    let until = state.seen_from();
    state.leave_behind(&found);
    state.balancers.remove(|balancer| balancer.arn == arn, until);
    state.listeners.remove(|listener| listener.balancer == arn, until);
    Ok(Done::Changed)
}

fn delete_target_group(state: &mut State, arn: &str) -> Answer {
    if state.is_served(arn) {
        return refuse("ResourceInUse", format!("{arn} is currently in use by a listener or a rule"));
    }
    let until = state.seen_from();
    match state.targets.remove(|target| target.arn == arn, until) {
        true => Ok(Done::Changed),
        false => refuse("TargetGroupNotFound", arn),
    }
}
