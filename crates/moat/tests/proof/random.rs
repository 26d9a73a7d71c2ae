//! Random small networks: a good one, and a few changes that somebody may have made.

use crate::networks::*;
use moat::network::observed::NatState;
use moat::proof::facts::*;
use moat::rule::{Direction, Peer, Rule};

/// SplitMix64: the same seed gives the same numbers, on every machine.
pub struct Chance(u64);

impl Chance {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn of<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }
}

/// Ranges that routes, entries and rules are made of: around the edges of what matters.
const RANGES: [&str; 18] = [
    "0.0.0.0/0",
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "52.0.0.0/8",
    "52.216.0.0/15",
    "52.216.0.0/16",
    "3.5.0.0/19",
    "3.5.0.0/20",
    "203.0.113.0/24",
    "10.0.0.0/8",
    "10.0.0.0/16",
    "10.0.0.0/20",
    "10.0.128.0/20",
    "10.0.144.0/20",
    "10.0.128.0/21",
    "10.0.136.0/21",
    "192.168.0.0/16",
];

const IPV6: [&str; 3] = ["::/0", "2600:1f00::/56", "2a00::/16"];

const PORTS: [Option<(u16, u16)>; 10] = [
    None,
    Some((443, 443)),
    Some((0, 65535)),
    Some((1024, 65535)),
    Some((32768, 60999)),
    Some((32768, 65535)),
    Some((1024, 40000)),
    Some((50000, 50010)),
    Some((1, 1023)),
    Some((80, 443)),
];

const TABLES: [&str; 5] = ["rtb-main", "rtb-p", "rtb-a", "rtb-b", "rtb-regional"];
const SUBNETS: [&str; 4] = ["subnet-pa", "subnet-pb", "subnet-a", "subnet-b"];
const GROUPS: [&str; 4] = ["sg-lb", "sg-tasks", "sg-endpoints", "sg-nobody"];

/// One change. Numbers choose among what there is, modulo how much that is.
#[derive(Debug, Clone)]
pub enum Change {
    Route(usize, Route),
    DropRoute(usize, usize),
    BlackHole(usize, usize),
    Associate(&'static str, usize),
    NoMain,
    Entry(usize, Entry),
    DropEntry(usize, usize),
    Rule(usize, Rule),
    DropRule(usize, usize),
    NatState(usize, NatState),
    NatPrivate(usize),
    NatPlace(usize, NatPlace),
    Detach,
    Endpoint(Endpoint),
    DropEndpoint(usize),
    EndpointState(usize, EndpointState),
    PrivateDns(usize),
    EndpointSubnets(usize, Vec<&'static str>),
    EndpointGroups(usize, Vec<&'static str>),
    EndpointPolicy(usize, Policy),
    Dns(bool, bool),
    OtherResolvers,
    Unread(&'static str, usize),
    TaskSubnets(Vec<&'static str>),
    TaskGroups(Vec<&'static str>),
    AssignPublicIp,
    Interface(Interface),
    GivesPublicIps(usize),
    Internal,
    ListenerPort(u16),
    KeepsClients(Option<u16>),
    Need(Need),
    Deny(&'static str),
}

pub fn base(chance: &mut Chance) -> Evidence {
    let mut evidence = if chance.percent(50) { with_nat() } else { with_endpoints() };
    evidence.groups.push(group("sg-nobody", vec![]));
    if chance.percent(30) {
        evidence.needs.push(need(What::Internet));
    }
    if chance.percent(30) {
        evidence.interfaces.push(Interface {
            id: "eni-1".into(),
            subnet: "subnet-a".into(),
            groups: vec!["sg-tasks".into()],
            public_ip: None,
        });
    }
    if chance.percent(30) {
        evidence.vpc.ranges.push(range("2600:1f00::/56"));
        evidence.subnets[2].ranges.push(range("2600:1f00::/64"));
    }
    let corporate = vec![range("203.0.113.0/24"), range("52.216.0.0/16")];
    evidence.prefix_lists.push(PrefixList { id: "pl-corp".into(), name: "corporate".into(), ranges: corporate });
    evidence.tables.push(RouteTable {
        id: "rtb-regional".into(),
        is_main: false,
        subnets: vec![],
        routes: vec![route("10.0.0.0/16", Target::Local), route("0.0.0.0/0", Target::InternetGateway("igw-1".into()))],
    });
    evidence
}

fn target(chance: &mut Chance) -> Target {
    match chance.below(11) {
        0 => Target::InternetGateway("igw-1".into()),
        1 | 2 => Target::NatGateway("nat-a".into()),
        3 => Target::NatGateway("nat-b".into()),
        4 => Target::GatewayEndpoint("vpce-s3".into()),
        5 => Target::TransitGateway("tgw-1".into()),
        6 => Target::Peering("pcx-1".into()),
        7 => Target::FirewallEndpoint("vpce-fw".into()),
        8 => Target::Interface("eni-nat".into()),
        9 => Target::Local,
        _ => Target::EgressOnlyInternetGateway("eigw-1".into()),
    }
}

fn a_route(chance: &mut Chance) -> Route {
    let destination = match chance.below(10) {
        0 | 1 => "pl-s3",
        2 => "pl-corp",
        3 => chance.of(&IPV6),
        _ => chance.of(&RANGES),
    };
    // A gateway endpoint is only ever led to by its own list, and a local route only ever leads to the VPC.
    let target = match (destination, target(chance)) {
        ("pl-s3", Target::Local) => Target::GatewayEndpoint("vpce-s3".into()),
        (list, Target::GatewayEndpoint(_)) if list != "pl-s3" => Target::NatGateway("nat-a".into()),
        (range, Target::Local) if !range.starts_with("10.0.") => Target::InternetGateway("igw-1".into()),
        (_, target) => target,
    };
    let is_propagated = matches!(target, Target::TransitGateway(_)) && !destination.starts_with("pl-");
    Route { is_active: chance.percent(85), is_propagated, ..route(destination, target) }
}

fn an_entry(chance: &mut Chance) -> Entry {
    let direction = chance.of(&[Direction::Ingress, Direction::Egress]);
    let (range, ports) = (chance.of(&RANGES), chance.of(&PORTS));
    let mut entry = entry(0, direction, chance.percent(40), range, ports);
    entry.number = chance.below(200) as u16;
    if ports.is_some() && chance.percent(10) {
        entry.protocol = "17".into();
    }
    entry
}

fn a_rule(chance: &mut Chance) -> Rule {
    let direction = chance.of(&[Direction::Ingress, Direction::Egress]);
    let peer = match chance.below(8) {
        0 => Peer::Group(chance.of(&GROUPS).into()),
        1 => Peer::PrefixList("pl-s3".into()),
        2 => Peer::PrefixList("pl-corp".into()),
        3 => Peer::Ipv6(chance.of(&IPV6).into()),
        _ => cidr(chance.of(&RANGES)),
    };
    let (protocol, ports) = match chance.below(10) {
        0 => ("-1", None),
        1 => ("udp", Some((8080, 8080))),
        2 => ("icmp", Some((-1, -1))),
        3 => ("tcp", Some((0, 65535))),
        4 => ("tcp", Some((80, 443))),
        5 => ("tcp", Some((8080, 8081))),
        6 => ("tcp", Some((8080, 8080))),
        _ => ("tcp", Some((443, 443))),
    };
    Rule { direction, protocol: protocol.into(), ports, peer }
}

fn a_policy(chance: &mut Chance) -> Policy {
    let statement = |chance: &mut Chance| Statement {
        allows: chance.percent(70),
        actions: vec![chance.of(&["*", "ecr:*", "s3:*", "logs:*", "s3:GetObject", "ec2:*"]).into()],
        resources: vec![
            chance.of(&["*", "arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*", "arn:aws:s3:::mine/*"]).into(),
        ],
        is_conditional: chance.percent(20),
    };
    match chance.below(4) {
        0 => Policy::Full,
        1 => Policy::Unread,
        _ => Policy::Statements((0..=chance.below(2)).map(|_| statement(chance)).collect()),
    }
}

fn some(chance: &mut Chance, of: &[&'static str]) -> Vec<&'static str> {
    of.iter().copied().filter(|_| chance.percent(50)).collect()
}

pub fn change(chance: &mut Chance) -> Change {
    let (at, then) = (chance.below(1000), chance.below(1000));
    match chance.below(44) {
        0..=6 => Change::Route(at, a_route(chance)),
        7 => Change::DropRoute(at, then),
        8 => Change::BlackHole(at, then),
        9 => Change::Associate(chance.of(&SUBNETS), at),
        10 => Change::NoMain,
        11..=16 => Change::Entry(at, an_entry(chance)),
        17 => Change::DropEntry(at, then),
        18..=22 => Change::Rule(at, a_rule(chance)),
        23 => Change::DropRule(at, then),
        24 => {
            let states = [NatState::Pending, NatState::Failed("InsufficientFreeAddresses".into()), NatState::Deleted];
            Change::NatState(at, chance.of(&states))
        }
        25 => Change::NatPrivate(at),
        26 if chance.percent(50) => Change::NatPlace(at, NatPlace::Regional(chance.of(&TABLES).into())),
        26 => Change::NatPlace(at, NatPlace::Subnet(chance.of(&SUBNETS).into())),
        27 => Change::Detach,
        28 => {
            let (id, service) =
                chance.of(&[("vpce-s3i", "s3"), ("vpce-api2", "ecr.api"), ("vpce-sm", "secretsmanager")]);
            Change::Endpoint(interface_endpoint(id, service))
        }
        29 => Change::DropEndpoint(at),
        30 => Change::EndpointState(at, chance.of(&[EndpointState::Pending, EndpointState::Other("failed".into())])),
        31 => Change::PrivateDns(at),
        32 => Change::EndpointSubnets(at, some(chance, &SUBNETS)),
        33 => Change::EndpointGroups(at, some(chance, &GROUPS)),
        34 => Change::EndpointPolicy(at, a_policy(chance)),
        35 if chance.percent(30) => Change::OtherResolvers,
        35 => Change::Dns(chance.percent(50), chance.percent(50)),
        36 => {
            let things = ["subnet", "table", "acl", "group", "group", "list", "nat", "igw", "endpoint"];
            Change::Unread(chance.of(&things), at)
        }
        37 => Change::TaskSubnets(some(chance, &SUBNETS)),
        38 => Change::TaskGroups(some(chance, &GROUPS)),
        39 if chance.percent(40) => Change::AssignPublicIp,
        39 => Change::GivesPublicIps(at),
        40 => Change::Interface(Interface {
            id: "eni-2".into(),
            subnet: chance.of(&SUBNETS).into(),
            groups: some(chance, &GROUPS).into_iter().map(Into::into).collect(),
            public_ip: chance.percent(50).then(|| "203.0.113.9".into()),
        }),
        41 if chance.percent(50) => Change::Internal,
        41 => Change::ListenerPort(chance.of(&[80, 443, 8080])),
        42 if chance.percent(70) => Change::KeepsClients(chance.percent(50).then_some(8081)),
        42 => Change::Deny(chance.of(&["ecr:GetAuthorizationToken", "logs:PutLogEvents", "ssm:GetParameters"])),
        _ => {
            let whats = [What::SecretsManager, What::Kms, What::Sts, What::Registry("ghcr.io".into()), What::Layers];
            let region = chance.of(&["us-east-1", "us-east-1", "eu-west-1"]).to_owned();
            Change::Need(Need { what: chance.of(&whats), region })
        }
    }
}

/// The item with this number, counted round.
fn pick<T>(items: &mut [T], at: usize) -> Option<&mut T> {
    let len = items.len().max(1);
    items.get_mut(at % len)
}

fn drop<T>(items: &mut Vec<T>, at: usize) {
    if !items.is_empty() {
        items.remove(at % items.len());
    }
}

/// What is done to an endpoint.
type Deed = Box<dyn Fn(&mut Endpoint)>;

impl Change {
    pub fn apply(&self, evidence: &mut Evidence) {
        match self.clone() {
            Self::Route(..) | Self::DropRoute(..) | Self::BlackHole(..) | Self::Associate(..) | Self::NoMain => {
                self.apply_to_tables(evidence);
            }
            Self::Entry(at, entry) => {
                if let Some(acl) = pick(&mut evidence.acls, at) {
                    acl.entries.retain(|one| one.number != entry.number || one.direction != entry.direction);
                    acl.entries.push(entry);
                }
            }
            Self::DropEntry(at, then) => {
                pick(&mut evidence.acls, at).into_iter().for_each(|acl| drop(&mut acl.entries, then))
            }
            Self::Rule(at, rule) => {
                pick(&mut evidence.groups, at).into_iter().for_each(|group| group.rules.push(rule.clone()))
            }
            Self::DropRule(at, then) => {
                pick(&mut evidence.groups, at).into_iter().for_each(|group| drop(&mut group.rules, then))
            }
            Self::NatState(at, state) => {
                pick(&mut evidence.nat_gateways, at).into_iter().for_each(|nat| nat.state = state.clone())
            }
            Self::NatPrivate(at) => {
                pick(&mut evidence.nat_gateways, at).into_iter().for_each(|nat| nat.is_public = false)
            }
            Self::NatPlace(at, place) => {
                pick(&mut evidence.nat_gateways, at).into_iter().for_each(|nat| nat.place = place.clone())
            }
            Self::Detach => evidence.internet_gateways.iter_mut().for_each(|one| one.is_attached = false),
            Self::Dns(support, hostnames) => {
                (evidence.vpc.dns_support, evidence.vpc.dns_hostnames) = (support, hostnames);
            }
            Self::OtherResolvers => evidence.vpc.other_resolvers = vec!["10.9.0.2".into()],
            Self::Unread(thing, at) => forget(evidence, thing, at),
            Self::Need(need) => evidence.needs.push(need),
            Self::Deny(action) => {
                evidence.role.rights.insert(action.into(), false);
            }
            _ => {
                self.apply_to_endpoints(evidence);
                self.apply_to_the_service(evidence);
            }
        }
    }

    fn apply_to_tables(&self, evidence: &mut Evidence) {
        match self.clone() {
            Self::Route(at, route) => {
                if let Some(table) = pick(&mut evidence.tables, at) {
                    table.routes.retain(|one| one.destination != route.destination);
                    table.routes.push(route);
                }
            }
            Self::DropRoute(at, then) => {
                pick(&mut evidence.tables, at).into_iter().for_each(|table| drop(&mut table.routes, then))
            }
            Self::BlackHole(at, then) => {
                let table = pick(&mut evidence.tables, at);
                if let Some(route) = table.and_then(|table| pick(&mut table.routes, then)) {
                    route.is_active = false;
                }
            }
            Self::Associate(subnet, at) => {
                evidence.tables.iter_mut().for_each(|table| table.subnets.retain(|id| id.as_str() != subnet));
                pick(&mut evidence.tables, at).into_iter().for_each(|table| table.subnets.push(subnet.into()));
            }
            _ => evidence.tables.iter_mut().for_each(|table| table.is_main = false),
        }
    }

    fn apply_to_endpoints(&self, evidence: &mut Evidence) {
        let (at, change): (usize, Deed) = match self.clone() {
            Self::Endpoint(endpoint) => return evidence.endpoints.push(endpoint),
            Self::DropEndpoint(at) => return drop(&mut evidence.endpoints, at),
            Self::EndpointState(at, state) => (at, Box::new(move |one| one.state = state.clone())),
            Self::EndpointPolicy(at, policy) => (at, Box::new(move |one| one.policy = policy.clone())),
            Self::PrivateDns(at) => (
                at,
                Box::new(|one| {
                    if let EndpointKind::Interface { private_dns, .. } = &mut one.kind {
                        *private_dns = false;
                    }
                }),
            ),
            Self::EndpointSubnets(at, chosen) => (
                at,
                Box::new(move |one| {
                    if let EndpointKind::Interface { subnets, .. } = &mut one.kind {
                        *subnets = ids(&chosen);
                    }
                }),
            ),
            Self::EndpointGroups(at, chosen) => (
                at,
                Box::new(move |one| {
                    if let EndpointKind::Interface { groups, .. } = &mut one.kind {
                        *groups = chosen.iter().map(|id| (*id).into()).collect();
                    }
                }),
            ),
            _ => return,
        };
        pick(&mut evidence.endpoints, at).into_iter().for_each(change);
    }

    fn apply_to_the_service(&self, evidence: &mut Evidence) {
        match self.clone() {
            Self::TaskSubnets(subnets) => evidence.service.subnets = ids(&subnets),
            Self::TaskGroups(groups) => evidence.service.groups = groups.into_iter().map(Into::into).collect(),
            Self::AssignPublicIp => evidence.service.assigns_public_ip = true,
            Self::GivesPublicIps(at) => {
                pick(&mut evidence.subnets, at).into_iter().for_each(|subnet| subnet.gives_public_ips = true)
            }
            Self::Interface(interface) => evidence.interfaces.push(interface),
            Self::Internal => evidence.load_balancers[0].is_internet_facing = false,
            Self::ListenerPort(port) => evidence.load_balancers[0].listeners[0].port = port,
            Self::KeepsClients(port) => {
                evidence.target_groups[0].keeps_client_addresses = true;
                evidence.target_groups[0].health_check_port = port;
            }
            _ => {}
        }
    }
}

fn forget(evidence: &mut Evidence, thing: &str, at: usize) {
    match thing {
        "subnet" => drop(&mut evidence.subnets, at),
        "table" => drop(&mut evidence.tables, at),
        "acl" => drop(&mut evidence.acls, at),
        "group" => drop(&mut evidence.groups, at),
        "list" => drop(&mut evidence.prefix_lists, at),
        "nat" => drop(&mut evidence.nat_gateways, at),
        "igw" => drop(&mut evidence.internet_gateways, at),
        _ => drop(&mut evidence.endpoints, at),
    }
}
