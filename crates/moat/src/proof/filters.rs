//! What network ACLs and security groups let through: for a set of addresses, the part of it that is shut out.

use super::facts::{Acl, Entry, Group};
use super::lookup::Lookup;
use super::ranges::{Range, Ranges};
use crate::ids::SecurityGroupId;
use crate::rule::{Direction, Peer, Rule};
use std::fmt;

/// Ports, first and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ports(pub u16, pub u16);

impl Ports {
    /// Everything that a task needs is asked for here.
    pub const HTTPS: Self = Self(443, 443);
    /// Where answers to a task come in: Linux' own range ("Network ACLs", VPC guide, ephemeral ports).
    pub const TASK: Self = Self(32768, 60999);
    /// Where answers to a NAT gateway come in ("Network ACLs", VPC guide, ephemeral ports).
    pub const NAT: Self = Self(1024, 65535);
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == self.1 { write!(f, "{}", self.0) } else { write!(f, "{}-{}", self.0, self.1) }
    }
}

/// The part of `others` for which the ACL shuts at least one of these TCP ports.
pub fn shut(acl: &Acl, direction: Direction, others: &Ranges, ports: Ports) -> Ranges {
    let mut entries: Vec<&Entry> =
        acl.entries.iter().filter(|entry| entry.direction == direction && is_tcp(&entry.protocol)).collect();
    entries.sort_by_key(|entry| entry.number);
    // Between two neighbouring bounds all ports are alike, so one of each stretch stands for the rest.
    let mut bounds = vec![ports.0];
    for (first, last) in entries.iter().filter_map(|entry| entry.ports) {
        bounds.extend([Some(first), last.checked_add(1)].into_iter().flatten());
    }
    bounds.retain(|port| (ports.0..=ports.1).contains(port));
    bounds.sort_unstable();
    bounds.dedup();
    bounds.into_iter().fold(Ranges::none(), |shut, port| shut.or(&shut_for(&entries, others, port)))
}

fn shut_for(entries: &[&Entry], others: &Ranges, port: u16) -> Ranges {
    let (mut undecided, mut shut) = (others.clone(), Ranges::none());
    let counts = |entry: &&&Entry| entry.ports.is_none_or(|(first, last)| (first..=last).contains(&port));
    for entry in entries.iter().filter(counts) {
        let range = Ranges::of(entry.range);
        if !entry.allows {
            shut = shut.or(&undecided.and(&range));
        }
        undecided = undecided.minus(&range);
    }
    shut.or(&undecided)
}

fn is_tcp(protocol: &str) -> bool {
    matches!(protocol, "-1" | "6" | "tcp")
}

/// Who a set of groups lets in or out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Open {
    pub ranges: Ranges,
    pub groups: Vec<SecurityGroupId>,
    /// Groups and prefix lists that could not be read: they may let through more.
    pub unread: Vec<super::cause::Thing>,
}

/// Who these groups let through on a TCP port. Rules add up; none of them denies ("Security groups", VPC guide).
pub fn open(lookup: &Lookup<'_>, groups: &[SecurityGroupId], direction: Direction, port: u16) -> Open {
    let mut open = Open::default();
    for id in groups {
        let Some(group) = lookup.group(id) else {
            open.unread.push(super::cause::Thing::Group(id.clone()));
            continue;
        };
        for rule in group.rules.iter().filter(|rule| rule.direction == direction && covers_port(rule, port)) {
            open.admit(lookup, rule);
        }
    }
    open
}

impl Open {
    fn admit(&mut self, lookup: &Lookup<'_>, rule: &Rule) {
        if let Peer::Group(group) = &rule.peer {
            return self.groups.push(group.clone());
        }
        match peers(lookup, &rule.peer) {
            Some(ranges) => self.ranges = self.ranges.or(&ranges),
            None => {
                if let Peer::PrefixList(list) = &rule.peer {
                    self.unread.push(super::cause::Thing::List(list.as_str().into()));
                }
            }
        }
    }

    pub fn admits_one_of(&self, groups: &[SecurityGroupId]) -> bool {
        self.groups.iter().any(|group| groups.contains(group))
    }
}

/// The addresses of a rule's other end; none for a group, and `None` when they could not be read.
pub fn peers(lookup: &Lookup<'_>, peer: &Peer) -> Option<Ranges> {
    match peer {
        Peer::Cidr(cidr) => Range::new(&cidr.to_string()).ok().map(Ranges::of),
        Peer::Ipv6(range) => Range::new(range).ok().map(Ranges::of),
        Peer::PrefixList(list) => Some(lookup.list(&list.as_str().into())?.ranges.iter().copied().collect()),
        Peer::Group(_) => Some(Ranges::none()),
    }
}

fn covers_port(rule: &Rule, port: u16) -> bool {
    is_tcp(&rule.protocol) && tcp_ports(rule).is_some_and(|ports| (ports.0..=ports.1).contains(&port))
}

/// The ports of a rule: all where it names none or -1.
pub fn tcp_ports(rule: &Rule) -> Option<Ports> {
    match rule.ports {
        _ if rule.protocol == "-1" => Some(Ports(0, u16::MAX)),
        None | Some((-1, _)) => Some(Ports(0, u16::MAX)),
        Some((first, last)) => Some(Ports(u16::try_from(first).ok()?, u16::try_from(last).ok()?)),
    }
}

/// The rules of a group that let something in.
pub fn ways_in(group: &Group) -> impl Iterator<Item = &Rule> {
    group.rules.iter().filter(|rule| rule.direction == Direction::Ingress)
}
