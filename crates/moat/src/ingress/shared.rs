//! A service behind the load balancer of another: which requests come to it, and before which others they are looked at.

use super::desired::{Group, IngressSpec};
use super::listener::{PLAIN, SECURE};
use super::observed::{Listener, ListenerRule, LoadBalancer, Observed, SecurityGroup};
use super::plan::rules;
use super::step::IngressStep;
use crate::ids::SecurityGroupId;
use crate::name::{Logical, Name};
use crate::plan::Plan;
use crate::rule::{Direction, Rule};
use crate::spec::LoadBalancerSpec;
use crate::tags;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

/// The load balancer of the other service, as far as a guest has to do with it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Host {
    /// Its `is_ours` says whether it is the other service's.
    pub load_balancer: Option<LoadBalancer>,
    pub group: Option<SecurityGroup>,
    pub listeners: Vec<Listener>,
}

impl Host {
    /// The listener that leads to tasks.
    pub fn main(&self) -> Option<&Listener> {
        main(&self.listeners)
    }
}

/// The one with TLS where there is one: the other then redirects to it.
pub fn main(listeners: &[Listener]) -> Option<&Listener> {
    let on = |port| listeners.iter().find(|listener| listener.port == port);
    on(SECURE).or_else(|| on(PLAIN))
}

/// Which requests a rule of a listener is for: one of the hosts and one of the paths, where it names any.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Conditions {
    pub hosts: Vec<String>,
    pub paths: Vec<String>,
    /// Whatever else a rule asks for, which moat never does.
    pub others: Vec<String>,
}

impl Conditions {
    pub fn of(door: &LoadBalancerSpec) -> Self {
        Self { hosts: door.hosts.clone(), paths: door.paths.clone(), others: Vec::new() }.sorted()
    }

    /// ELB keeps no order of them.
    pub fn sorted(mut self) -> Self {
        self.hosts.sort();
        self.paths.sort();
        self.others.sort();
        self
    }

    /// Where the rule stands among all rules, as a range of priorities: hosts without wildcards before those with, before
    /// none; of these, longer paths first. So `/api/v2/*` is looked at before `/api/*`, whichever service came first.
    fn band(&self) -> Range<u32> {
        let is_exact = |pattern: &String| !pattern.contains(['*', '?']);
        let host = match self.hosts.as_slice() {
            [] => 2,
            hosts => u32::from(!hosts.iter().all(is_exact)),
        };
        let literal = |path: &String| path.find(['*', '?']).map_or(path.len() + 1, |at| at);
        let path = self.paths.iter().map(literal).min().unwrap_or(0);
        let length = u32::try_from(path).unwrap_or(LENGTHS).min(LENGTHS - 1);
        let from = 1 + (host * LENGTHS + (LENGTHS - 1 - length)) * SLOTS;
        from..from + SLOTS
    }

    /// A priority that no other rule has. The name decides which, so that it is the same wherever it is asked, and no
    /// service that comes or goes moves another.
    fn priority(&self, service: &Name, taken: &BTreeSet<u32>) -> Option<u32> {
        let band = self.band();
        let hash = Sha256::digest(service.as_str().as_bytes());
        let first = hash.iter().take(3).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        (0..SLOTS).map(|at| band.start + (first + at) % SLOTS).find(|priority| !taken.contains(priority))
    }
}

/// Different lengths of paths that are told apart.
const LENGTHS: u32 = 102;
/// Rules of the same kind; a load balancer has a hundred rules ("Quotas for your Application Load Balancers"). All bands
/// together are 48,960 of the 50,000 priorities that there are ("CreateRule", ELB v2 API).
const SLOTS: u32 = 160;

impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |what: &str, patterns: &[String]| match patterns {
            [] => None,
            some => Some(format!("{what} {}", some.join(" or "))),
        };
        let parts: Vec<String> = [of("host", &self.hosts), of("path", &self.paths), of("also", &self.others)]
            .into_iter()
            .flatten()
            .collect();
        f.write_str(&parts.join(", "))
    }
}

pub fn listener_rule() -> Logical {
    Logical::from("listener-rule")
}

impl ListenerRule {
    /// The service that this rule leads to, where that is another than this one: its tag says so, and its target.
    pub fn guest(&self, host: &Name) -> Option<&Name> {
        let service = self.service.as_ref().filter(|service| *service != host)?;
        self.forwards_to.as_ref().filter(|arn| arn.name() == service.aws_name()).map(|_| service)
    }

    fn number(&self) -> Option<u32> {
        self.priority.parse().ok()
    }
}

/// The rule of the listener that leads to the service, and the way from the load balancer to its tasks.
pub(super) fn guest(spec: &IngressSpec, door: &LoadBalancerSpec, observed: &Observed, plan: &mut Plan<IngressStep>) {
    let Some(host) = &observed.host else { return };
    listener_rules(spec, door, host, observed, plan);
    if let Some(group) = &host.group {
        let tasks = observed.id_of(Group::Tasks);
        let is_to_us = |rule: &Rule| tasks.is_some() && rule.peer.group() == tasks.as_ref();
        rules(spec, observed, (Group::LoadBalancer, Some(group)), is_to_us, plan);
    }
}

fn listener_rules(
    spec: &IngressSpec,
    door: &LoadBalancerSpec,
    host: &Host,
    observed: &Observed,
    plan: &mut Plan<IngressStep>,
) {
    let Some(listener) = host.main() else { return };
    let (name, conditions) = (&spec.service.name, Conditions::of(door));
    let (ours, others): (Vec<_>, Vec<_>) = listener.rules.iter().partition(|rule| rule.service.as_ref() == Some(name));
    let taken: BTreeSet<u32> = others.iter().filter_map(|rule| rule.number()).collect();
    let Some(priority) = conditions.priority(name, &taken) else { return };
    let mut ours = ours.into_iter();
    match ours.next() {
        None => {
            plan.step(IngressStep::CreateListenerRule { listener: listener.arn.clone(), priority, conditions });
        }
        Some(found) => {
            if !found.number().is_some_and(|number| conditions.band().contains(&number)) {
                plan.step(IngressStep::SetRulePriority { arn: found.arn.clone(), priority });
            }
            let target = observed.target_group.as_ref().map(|found| &found.arn);
            if found.conditions != conditions || target.is_none() || found.forwards_to.as_ref() != target {
                plan.step(IngressStep::SetListenerRule { arn: found.arn.clone(), conditions });
            }
        }
    }
    for surplus in ours {
        let (arn, priority) = (surplus.arn.clone(), surplus.priority.clone());
        plan.step(IngressStep::DeleteListenerRule { arn, listener: listener_rule(), priority });
    }
}

/// The ways from the load balancer to the tasks of those who share it are theirs.
pub(super) fn is_to_guest(observed: &Observed, group: Group, rule: &Rule) -> bool {
    let is_guest = |peer| observed.guests.contains_key(peer);
    group == Group::LoadBalancer && rule.direction == Direction::Egress && rule.peer.group().is_some_and(is_guest)
}

/// Groups of others that a load balancer's group lets out to: those of guests' tasks, as far as their tags say so.
pub fn let_out_to(groups: &[SecurityGroup]) -> BTreeSet<SecurityGroupId> {
    let doors = groups.iter().filter(|group| group.group == Group::LoadBalancer);
    let out = doors.flat_map(|group| &group.rules).filter(|rule| rule.direction == Direction::Egress);
    let named = out.filter_map(|rule| rule.peer.group());
    named.filter(|id| groups.iter().all(|group| group.id != **id)).cloned().collect()
}

/// The other service whose tasks a group with these tags is for.
pub fn guest_by(tag: impl Fn(&str) -> Option<String>, host: &Name) -> Option<Name> {
    let is_tasks = tag(tags::RESOURCE)? == Group::Tasks.logical().as_str();
    Name::new(&tag(tags::SERVICE)?).ok().filter(|service| is_tasks && service != host)
}

/// The rule that leads to the service, once it does.
pub(super) fn bound<'a>(spec: &IngressSpec, observed: &'a Observed) -> Option<&'a ListenerRule> {
    let target = observed.target_group.as_ref().map(|found| &found.arn)?;
    let leads = |rule: &&ListenerRule| {
        rule.service.as_ref() == Some(&spec.service.name) && rule.forwards_to.as_ref() == Some(target)
    };
    observed.host.as_ref()?.main()?.rules.iter().find(leads)
}

/// What a rule does, in the words in which it is asked for.
pub(super) fn found(rule: &ListenerRule) -> String {
    let to = rule.forwards_to.as_ref().map_or_else(|| "something else than a target group".into(), ToString::to_string);
    format!("{} to {to}", rule.conditions)
}

#[cfg(test)]
#[path = "shared_tests.rs"]
mod tests;
