//! The theorem of privacy: there is no way from the Internet to a task but through the load balancer's listener.
//!
//! Each of four layers must hold by itself, so that no single change opens a way: tasks have no public IP; their
//! subnets have no route to an Internet gateway (E3); their groups admit nobody of the Internet; and the load balancer's
//! groups admit the Internet where it listens and nowhere else.

use super::cause::{Cause, Thing};
use super::facts::{LoadBalancer, Route, Target};
use super::filters::{self, Ports};
use super::lookup::Lookup;
use super::ranges::Ranges;
use super::report::Findings;
use crate::ids::{SecurityGroupId, SubnetId};
use crate::rule::{Peer, Rule};
use std::collections::BTreeSet;

#[derive(Default)]
pub struct Privacy {
    pub findings: Findings,
    pub notes: BTreeSet<String>,
}

pub fn privacy(lookup: &Lookup<'_>) -> Privacy {
    let mut proof = Prover { lookup, door: Door::of(lookup), internet: internet(lookup), privacy: Privacy::default() };
    proof.addresses();
    proof.subnets();
    proof.groups();
    proof.door_groups();
    proof.privacy
}

/// The Internet as a source, both families, but for this VPC's own addresses.
fn internet(lookup: &Lookup<'_>) -> Ranges {
    let own = lookup.evidence.vpc.ranges.iter().copied().collect();
    Ranges::public_ipv4().or(&Ranges::public_ipv6()).minus(&own)
}

/// The load balancers that forward to the service, and what they forward to.
pub struct Door<'a> {
    pub load_balancers: Vec<&'a LoadBalancer>,
    /// The tasks' port, and those of health checks.
    pub ports: BTreeSet<u16>,
    keeps_client_addresses: bool,
}

impl<'a> Door<'a> {
    pub fn of(lookup: &Lookup<'a>) -> Self {
        let evidence = lookup.evidence;
        let ours = &evidence.service.target_groups;
        let forwards = |balancer: &&LoadBalancer| {
            balancer.listeners.iter().flat_map(|listener| &listener.target_groups).any(|group| ours.contains(group))
        };
        let targets = || evidence.target_groups.iter().filter(|group| ours.contains(&group.arn));
        Self {
            load_balancers: evidence.load_balancers.iter().filter(forwards).collect(),
            ports: targets().filter_map(|group| group.health_check_port).chain([evidence.service.port]).collect(),
            keeps_client_addresses: targets().any(|group| group.keeps_client_addresses),
        }
    }

    pub fn is_one_of_its_groups(&self, group: &SecurityGroupId) -> bool {
        self.load_balancers.iter().any(|balancer| balancer.groups.contains(group))
    }

    /// A load balancer that keeps the clients' addresses needs the tasks to admit those, on their port ("Client IP
    /// preservation", network load balancers).
    fn needs(&self, rule: &Rule) -> bool {
        self.keeps_client_addresses && !self.load_balancers.is_empty() && is_within(rule, &self.ports)
    }
}

struct Prover<'a, 'b> {
    lookup: &'b Lookup<'a>,
    door: Door<'a>,
    internet: Ranges,
    privacy: Privacy,
}

impl Prover<'_, '_> {
    fn fault(&mut self, cause: Cause) {
        self.privacy.findings.fault(cause, None, &Ranges::none());
    }

    fn doubt(&mut self, thing: Thing) {
        self.privacy.findings.doubt(Cause::Unread(thing), None, &Ranges::none());
    }

    fn addresses(&mut self) {
        let evidence = self.lookup.evidence;
        if evidence.service.assigns_public_ip {
            self.fault(Cause::PublicIpAssigned(evidence.service.name.clone()));
        }
        for interface in &evidence.interfaces {
            if let Some(ip) = &interface.public_ip {
                self.fault(Cause::PublicIp(interface.id.clone(), interface.subnet.clone(), ip.clone()));
            }
        }
    }

    fn subnets(&mut self) {
        let subnets = task_subnets(self.lookup);
        if subnets.is_empty() {
            self.privacy.findings.doubt(Cause::NothingToProve, None, &Ranges::none());
        }
        for id in subnets {
            let Some(subnet) = self.lookup.subnet(id) else {
                self.doubt(Thing::Subnet(id.clone()));
                continue;
            };
            if subnet.gives_public_ips {
                self.fault(Cause::SubnetGivesPublicIps(id.clone()));
            }
            let Some(table) = self.lookup.table_of(id) else {
                self.doubt(Thing::TableOf(id.clone()));
                continue;
            };
            for route in &table.routes {
                self.route(id, table.id.clone(), route);
            }
        }
    }

    fn route(&mut self, subnet: &SubnetId, table: crate::ids::RouteTableId, route: &Route) {
        let target = &route.target;
        match target {
            Target::InternetGateway(_) => {
                self.fault(Cause::OpenRoute(subnet.clone(), table, route.destination.clone(), target.clone()));
            }
            Target::Peering(_)
            | Target::TransitGateway(_)
            | Target::VirtualPrivateGateway(_)
            | Target::Interface(_)
            | Target::FirewallEndpoint(_)
            | Target::Other(_) => {
                self.privacy.notes.insert(format!(
                    "{table} leads {} to {target}: that is not the Internet, and who is behind it cannot be seen from here",
                    route.destination
                ));
            }
            Target::Local
            | Target::NatGateway(_)
            | Target::EgressOnlyInternetGateway(_)
            | Target::GatewayEndpoint(_) => {}
        }
    }

    fn groups(&mut self) {
        for id in task_groups(self.lookup) {
            let Some(group) = self.lookup.group(id) else {
                self.doubt(Thing::Group(id.clone()));
                continue;
            };
            for rule in filters::ways_in(group) {
                self.admission(id, rule);
            }
        }
    }

    fn admission(&mut self, group: &SecurityGroupId, rule: &Rule) {
        if matches!(&rule.peer, Peer::Group(peer) if self.door.is_one_of_its_groups(peer)) || self.door.needs(rule) {
            return;
        }
        match filters::peers(self.lookup, &rule.peer) {
            None => self.doubt(Thing::List(rule.peer.to_string().into())),
            Some(peers) if peers.meets(&self.internet) => self.fault(Cause::Admits(group.clone(), rule.clone())),
            Some(_) => {
                self.privacy.notes.insert(format!("{group} also lets {rule}, which is not the Internet"));
            }
        }
    }

    fn door_groups(&mut self) {
        let facing: Vec<&LoadBalancer> =
            self.door.load_balancers.iter().copied().filter(|balancer| balancer.is_internet_facing).collect();
        for balancer in facing {
            let listens = balancer.listeners.iter().map(|listener| listener.port).collect();
            for id in &balancer.groups {
                let Some(group) = self.lookup.group(id) else {
                    self.doubt(Thing::Group(id.clone()));
                    continue;
                };
                for rule in filters::ways_in(group).filter(|rule| !is_icmp(rule) && !is_within(rule, &listens)) {
                    self.beside(balancer, id, rule);
                }
            }
        }
    }

    fn beside(&mut self, balancer: &LoadBalancer, group: &SecurityGroupId, rule: &Rule) {
        match filters::peers(self.lookup, &rule.peer) {
            None => self.doubt(Thing::List(rule.peer.to_string().into())),
            Some(peers) if peers.meets(&self.internet) => {
                self.fault(Cause::OpenBesideListeners(balancer.arn.clone(), group.clone(), rule.clone()));
            }
            Some(_) => {}
        }
    }
}

/// Where tasks may start, and where they are.
pub fn task_subnets<'a>(lookup: &Lookup<'a>) -> BTreeSet<&'a SubnetId> {
    let evidence = lookup.evidence;
    evidence.service.subnets.iter().chain(evidence.interfaces.iter().map(|interface| &interface.subnet)).collect()
}

pub fn task_groups<'a>(lookup: &Lookup<'a>) -> BTreeSet<&'a SecurityGroupId> {
    let evidence = lookup.evidence;
    evidence.service.groups.iter().chain(evidence.interfaces.iter().flat_map(|interface| &interface.groups)).collect()
}

/// Whether every port of the rule is one of these.
fn is_within(rule: &Rule, ports: &BTreeSet<u16>) -> bool {
    let has_ports = matches!(rule.protocol.as_str(), "tcp" | "6" | "udp" | "17");
    let Some(Ports(first, last)) = filters::tcp_ports(rule).filter(|_| has_ports) else { return false };
    first <= last && usize::from(last - first) < ports.len() && (first..=last).all(|port| ports.contains(&port))
}

/// ICMP has no ports; it tells the load balancer about packet sizes ("Path MTU discovery", EC2 guide).
fn is_icmp(rule: &Rule) -> bool {
    matches!(rule.protocol.as_str(), "icmp" | "1" | "icmpv6" | "58")
}
