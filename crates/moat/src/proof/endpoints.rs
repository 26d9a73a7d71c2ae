//! VPC endpoints: which one answers for a service's name, whether tasks reach it, and what its policy lets through.

use super::cause::{Cause, Thing};
use super::facts::{Endpoint, EndpointKind, EndpointState, Need, Policy, Statement, Subnet};
use super::filters::{self, Ports};
use super::hosts::Host;
use super::lookup::Lookup;
use super::ranges::Ranges;
use super::trail::{Trail, Way};
use super::ways::Walk;
use crate::ids::{SecurityGroupId, SubnetId};
use crate::rule::Direction;

/// The interface endpoints for what is needed.
pub fn interfaces<'a>(lookup: &Lookup<'a>, need: &Need) -> Vec<&'a Endpoint> {
    let service = need.endpoint_service();
    let all = lookup.evidence.endpoints.iter();
    all.filter(|endpoint| Some(&endpoint.service) == service.as_ref())
        .filter(|endpoint| matches!(endpoint.kind, EndpointKind::Interface { .. }))
        .collect()
}

/// Why the service's public name does not lead to this endpoint; nothing when it does.
///
/// Private DNS needs both DNS attributes of the VPC ("Private DNS names", PrivateLink guide).
pub fn silences(lookup: &Lookup<'_>, endpoint: &Endpoint) -> Vec<Cause> {
    let mut causes = Vec::new();
    if endpoint.state != EndpointState::Available {
        causes.push(Cause::EndpointNotAvailable(endpoint.id.clone(), endpoint.state.clone()));
    }
    if !matches!(endpoint.kind, EndpointKind::Interface { private_dns: true, .. }) {
        causes.push(Cause::PrivateDnsOff(endpoint.id.clone()));
    }
    let vpc = &lookup.evidence.vpc;
    if !vpc.dns_hostnames {
        causes.push(Cause::DnsHostnamesOff(vpc.id.clone()));
    }
    if !vpc.dns_support {
        causes.push(Cause::DnsSupportOff(vpc.id.clone()));
    }
    causes
}

/// From this task to an interface endpoint, and back. A name has the addresses of all the endpoint's subnets, so every
/// one must be in reach.
pub fn to_interface(lookup: &Lookup<'_>, host: &Host<'_>, endpoint: &Endpoint) -> Trail {
    let mut walk = Walk { lookup, host, trail: Trail::default() };
    let EndpointKind::Interface { subnets, groups, .. } = &endpoint.kind else { return walk.trail };
    if subnets.is_empty() {
        walk.trail.stops(Cause::EndpointNowhere(endpoint.id.clone()), Ranges::public_ipv4(), Ranges::none());
    }
    for id in subnets {
        let Some(subnet) = lookup.subnet(id) else {
            walk.trail.may_stop(Cause::Unread(Thing::Subnet(id.clone())), Ranges::public_ipv4());
            continue;
        };
        let range = lookup.ipv4(subnet);
        walk.group_out(groups, &range, &range);
        walk.across(subnet, &range);
    }
    walk.group_in(groups);
    walk.trail.ways.push(Way::InterfaceEndpoint { endpoint: endpoint.id.clone(), subnets: sorted(subnets) });
    walk.trail
}

fn sorted(subnets: &[SubnetId]) -> Vec<SubnetId> {
    let mut sorted = subnets.to_vec();
    sorted.sort();
    sorted
}

impl Walk<'_, '_> {
    /// From one subnet of the VPC to another and back. Within one subnet neither routes nor ACLs count.
    fn across(&mut self, subnet: &Subnet, range: &Ranges) {
        let from = self.host.subnet;
        if from.id == subnet.id {
            return;
        }
        let tasks = self.host.ipv4.clone();
        self.filter(from, Direction::Egress, range, Ports::HTTPS, Some(range));
        self.filter(subnet, Direction::Ingress, &tasks, Ports::HTTPS, Some(range));
        self.filter(subnet, Direction::Egress, &tasks, Ports::TASK, Some(range));
        self.filter(from, Direction::Ingress, range, Ports::TASK, Some(range));
        self.lists(self.host.table, range);
        self.within(self.host.table, range, range);
        match self.lookup.table_of(&subnet.id) {
            Some(table) => {
                self.lists(table, range);
                self.within(table, &tasks, range);
            }
            None => self.trail.may_stop(Cause::Unread(Thing::TableOf(subnet.id.clone())), range.clone()),
        }
    }

    /// The endpoint's groups must let the tasks in on 443.
    fn group_in(&mut self, groups: &[SecurityGroupId]) {
        let open = filters::open(self.lookup, groups, Direction::Ingress, Ports::HTTPS.0);
        let left = self.host.ipv4.minus(&open.ranges);
        if open.admits_one_of(self.host.groups) || left.is_empty() {
            return;
        }
        if open.unread.is_empty() {
            self.trail.stops(Cause::EndpointGroup(groups.to_vec()), Ranges::public_ipv4(), left);
        }
        for thing in open.unread {
            self.trail.may_stop(Cause::Unread(thing), Ranges::public_ipv4());
        }
    }
}

/// What an endpoint's policy says about one action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    Allowed,
    Denied,
    /// It depends on a principal or a condition, or could not be read.
    Depends,
}

/// An explicit deny wins; what nothing allows is denied ("Policy evaluation logic", IAM guide).
pub fn ruling(policy: &Policy, action: &str, resource: Option<&str>) -> Ruling {
    let statements = match policy {
        Policy::Full => return Ruling::Allowed,
        Policy::Unread => return Ruling::Depends,
        Policy::Statements(statements) => statements,
    };
    let about =
        |allows| statements.iter().filter(move |statement| statement.allows == allows && covers(statement, action));
    let certain = |statement: &&Statement| !statement.is_conditional && names(statement, resource) == Some(true);
    let possible = |statement: &&Statement| names(statement, resource) != Some(false);
    if about(false).any(|statement| certain(&statement)) || !about(true).any(|statement| possible(&statement)) {
        Ruling::Denied
    } else if about(true).any(|statement| certain(&statement)) && !about(false).any(|statement| possible(&statement)) {
        Ruling::Allowed
    } else {
        Ruling::Depends
    }
}

fn covers(statement: &Statement, action: &str) -> bool {
    statement.actions.iter().any(|pattern| matches(&pattern.to_lowercase(), &action.to_lowercase()))
}

/// Whether the statement is about the resource; `None` where that depends on which one it is.
fn names(statement: &Statement, resource: Option<&str>) -> Option<bool> {
    match resource {
        _ if statement.resources.iter().any(|pattern| pattern == "*") => Some(true),
        Some(resource) => Some(statement.resources.iter().any(|pattern| matches(pattern, resource))),
        None => None,
    }
}

/// Whether a text is like a pattern in which `*` is any text and `?` any character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut from, mut star) = (0, 0, None);
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(one) if *one == b'?' || *one == text[from] => (at, from) = (at + 1, from + 1),
            _ => match star {
                Some((back, taken)) => {
                    star = Some((back, taken + 1));
                    (at, from) = (back + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|one| *one == b'*')
}
