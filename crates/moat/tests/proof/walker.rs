//! A packet walker: sends single packets, from single addresses and ports, and brings the answers back.
//!
//! It shares nothing with the prover but the types of the evidence. Where the prover reckons with sets, this tries one
//! address after another: all those at which any range in the evidence begins, and those just behind its end. From one of
//! them to the next, nothing in the evidence can tell addresses apart; ports are chosen alike.

use moat::network::observed::NatState;
use moat::proof::Verdict;
use moat::proof::facts::*;
use moat::rule::{Direction, Peer, Rule};
use std::collections::BTreeSet;

/// A range as the first and last address; IPv6 apart from IPv4.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Net {
    is_v4: bool,
    first: u128,
    last: u128,
    prefix: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Address {
    is_v4: bool,
    bits: u128,
}

impl Net {
    fn new(text: &str) -> Self {
        let (address, prefix) = text.split_once('/').unwrap();
        let prefix: u32 = prefix.parse().unwrap();
        let (is_v4, bits, width) = match address.parse().unwrap() {
            std::net::IpAddr::V4(v4) => (true, u128::from(v4.to_bits()), 32),
            std::net::IpAddr::V6(v6) => (false, v6.to_bits(), 128),
        };
        let host = if width == prefix { 0 } else { u128::MAX >> (128 - (width - prefix)) };
        Self { is_v4, first: bits & !host, last: bits | host, prefix }
    }

    fn has(&self, address: Address) -> bool {
        self.is_v4 == address.is_v4 && self.first <= address.bits && address.bits <= self.last
    }
}

const RESERVED: [&str; 8] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
];

/// What became of a packet and its answer. The greater one counts: what is lost is lost, whatever else is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Arrives,
    Unknown,
    Lost,
}

use End::{Arrives, Lost, Unknown};

fn if_not(is_open: bool) -> End {
    if is_open { Arrives } else { Lost }
}

/// A route with the ranges that it is for, and its rank among routes of the same length.
struct Way<'a> {
    nets: Vec<Net>,
    rank: u8,
    route: &'a Route,
}

pub struct Walker<'a> {
    evidence: &'a Evidence,
    tables: Vec<(Vec<Way<'a>>, bool)>,
    acls: Vec<Vec<(&'a Entry, Net)>>,
    reserved: Vec<Net>,
    vpc: Vec<Net>,
    gateway_lists: Vec<Net>,
    points: Vec<Address>,
    ports: BTreeSet<u16>,
}

pub struct Walked {
    pub privacy: Verdict,
    pub egress: Verdict,
    /// For each host, for each need.
    pub reaches: Vec<(String, Verdict)>,
}

pub fn walk(evidence: &Evidence) -> Walked {
    let walker = Walker::new(evidence);
    let (reaches, is_unread) = walker.reaches();
    let worst = reaches.iter().map(|(_, verdict)| *verdict).max().unwrap_or(Verdict::Holds);
    let egress = if is_unread { worst.max(Verdict::Unknown) } else { worst };
    Walked { privacy: walker.privacy(), egress, reaches }
}

fn nets<'a>(ranges: impl IntoIterator<Item = &'a moat::proof::ranges::Range>) -> Vec<Net> {
    ranges.into_iter().map(|range| Net::new(&range.to_string())).collect()
}

impl<'a> Walker<'a> {
    fn new(evidence: &'a Evidence) -> Self {
        let is_gateway = |list: &&PrefixList| list.name.ends_with(".s3") || list.name.ends_with(".dynamodb");
        let lists = evidence.prefix_lists.iter().filter(|list| list.name.starts_with("com.amazonaws."));
        let mut walker = Self {
            evidence,
            tables: Vec::new(),
            acls: evidence.acls.iter().map(|acl| parsed(&acl.entries)).collect(),
            reserved: RESERVED.iter().map(|text| Net::new(text)).collect(),
            vpc: nets(&evidence.vpc.ranges),
            gateway_lists: nets(lists.filter(is_gateway).flat_map(|list| &list.ranges)),
            points: Vec::new(),
            ports: BTreeSet::from([0, 443, 1024, 32768]),
        };
        walker.tables = evidence.tables.iter().map(|table| walker.ways(table)).collect();
        walker.mark();
        walker
    }

    fn ways(&self, table: &'a RouteTable) -> (Vec<Way<'a>>, bool) {
        let mut is_unread = false;
        let mut ways = Vec::new();
        for route in &table.routes {
            let (nets, rank) = match &route.destination {
                Destination::Range(range) if route.target == Target::Local => (nets([range]), 0),
                Destination::Range(range) if route.is_propagated => (nets([range]), 3),
                Destination::Range(range) => (nets([range]), 1),
                Destination::List(id) => match self.list(id.as_str()) {
                    Some(nets) => (nets, 2),
                    None => {
                        is_unread = true;
                        continue;
                    }
                },
            };
            ways.push(Way { nets, rank, route });
        }
        (ways, is_unread)
    }

    fn list(&self, id: &str) -> Option<Vec<Net>> {
        self.evidence.prefix_lists.iter().find(|list| list.id.as_str() == id).map(|list| nets(&list.ranges))
    }

    /// Every address and port at which anything in the evidence begins, or has just ended.
    fn mark(&mut self) {
        let mut all: Vec<Net> = self.reserved.clone();
        all.extend(self.vpc.iter().chain(&self.gateway_lists));
        all.extend(self.tables.iter().flat_map(|(ways, _)| ways).flat_map(|way| &way.nets));
        all.extend(self.acls.iter().flatten().map(|(_, net)| net));
        all.extend(self.evidence.subnets.iter().flat_map(|subnet| nets(&subnet.ranges)));
        all.extend(self.evidence.prefix_lists.iter().flat_map(|list| nets(&list.ranges)));
        let rules = || self.evidence.groups.iter().flat_map(|group| &group.rules);
        all.extend(rules().filter_map(|rule| self.peers(&rule.peer)).flatten());
        all.push(Net::new("2000::/3"));
        let mut points = BTreeSet::new();
        for net in all {
            let bits = [Some(net.first), net.last.checked_add(1)];
            let in_family = |bits: &u128| !net.is_v4 || *bits <= u128::from(u32::MAX);
            points.extend(bits.into_iter().flatten().filter(in_family).map(|bits| Address { is_v4: net.is_v4, bits }));
        }
        let mut ports: BTreeSet<u16> = BTreeSet::new();
        let of_entries = self.acls.iter().flatten().filter_map(|(entry, _)| entry.ports);
        let of_rules = rules().filter_map(|rule| rule.ports).filter(|(first, _)| *first >= 0);
        let listeners = self.evidence.load_balancers.iter().flat_map(|balancer| &balancer.listeners);
        let health = self.evidence.target_groups.iter().filter_map(|group| group.health_check_port);
        let doors = listeners.map(|one| one.port).chain(health).chain([self.evidence.service.port]);
        let of_rules = of_rules.map(|(first, last)| (first as u16, last as u16));
        for (first, last) in of_entries.chain(of_rules).chain(doors.map(|port| (port, port))) {
            ports.extend([first, last.saturating_add(1)]);
        }
        self.points = points.into_iter().collect();
        self.ports.extend(ports);
    }

    fn is_public(&self, address: Address) -> bool {
        let has = |nets: &[Net]| nets.iter().any(|net| net.has(address));
        let global = if address.is_v4 { !has(&self.reserved) } else { Net::new("2000::/3").has(address) };
        global && !has(&self.vpc)
    }

    fn peers(&self, peer: &Peer) -> Option<Vec<Net>> {
        match peer {
            Peer::Cidr(range) => Some(vec![Net::new(&range.to_string())]),
            Peer::Ipv6(range) => Some(vec![Net::new(range)]),
            Peer::PrefixList(id) => self.list(id),
            Peer::Group(_) => Some(Vec::new()),
        }
    }

    fn table_of(&self, subnet: &Subnet) -> Option<usize> {
        let tables = &self.evidence.tables;
        let own = tables.iter().position(|table| table.subnets.contains(&subnet.id));
        own.or_else(|| tables.iter().position(|table| table.is_main))
    }

    fn subnet(&self, id: &str) -> Option<&'a Subnet> {
        self.evidence.subnets.iter().find(|subnet| subnet.id.as_str() == id)
    }

    fn within(&self, subnet: &Subnet) -> Vec<Address> {
        let nets: Vec<Net> = nets(&subnet.ranges).into_iter().filter(|net| net.is_v4).collect();
        self.points.iter().copied().filter(|point| nets.iter().any(|net| net.has(*point))).collect()
    }

    fn reaches(&self) -> (Vec<(String, Verdict)>, bool) {
        let service = &self.evidence.service;
        let would_be = service.subnets.iter().map(|id| (id, &service.groups, service.assigns_public_ip));
        let are = self.evidence.interfaces.iter().map(|one| (&one.subnet, &one.groups, one.public_ip.is_some()));
        let places: BTreeSet<_> = would_be.chain(are).collect();
        let (mut reaches, mut is_unread) = (Vec::new(), places.is_empty());
        for (id, groups, has_public_ip) in places {
            let found = self.subnet(id.as_str()).and_then(|subnet| Some((subnet, self.table_of(subnet)?)));
            let Some((subnet, table)) = found else {
                is_unread = true;
                continue;
            };
            let host = Host { subnet, table, groups, has_public_ip, addresses: self.within(subnet) };
            for need in &self.evidence.needs {
                reaches.push((subnet.id.to_string(), self.need(&host, need)));
            }
        }
        (reaches, is_unread)
    }

    fn need(&self, host: &Host<'_>, need: &Need) -> Verdict {
        let fixed = self.names().max(self.rights(need));
        let name = service(need);
        let vpc = &self.evidence.vpc;
        let answers = |endpoint: &&Endpoint| {
            let has_name = matches!(endpoint.kind, EndpointKind::Interface { private_dns: true, .. });
            name.as_deref() == Some(&endpoint.service)
                && has_name
                && endpoint.state == EndpointState::Available
                && vpc.dns_support
                && vpc.dns_hostnames
        };
        if let Some(endpoint) = self.evidence.endpoints.iter().find(answers) {
            let worst = self.to_interface(host, endpoint).max(policy(endpoint, need)).max(fixed);
            return strict(&[worst]);
        }
        let list = self.evidence.prefix_lists.iter().find(|list| Some(&list.name) == name.as_ref());
        let list = list.filter(|list| need.what == What::Layers && !list.ranges.is_empty());
        let known = list.map(|list| nets(&list.ranges));
        let is_meant = |point: &&Address| match &known {
            Some(nets) => nets.iter().any(|net| net.has(**point)),
            None => point.is_v4 && self.is_public(**point) && !self.gateway_lists.iter().any(|net| net.has(**point)),
        };
        let ends: Vec<End> =
            self.points.iter().filter(is_meant).map(|to| self.to_public(host, need, *to).max(fixed)).collect();
        if known.is_some() || need.what == What::Internet { strict(&ends) } else { loose(&ends) }
    }

    fn names(&self) -> End {
        let vpc = &self.evidence.vpc;
        match (vpc.other_resolvers.is_empty(), vpc.dns_support) {
            (false, _) => Unknown,
            (true, is_on) => if_not(is_on),
        }
    }

    fn rights(&self, need: &Need) -> End {
        let is_denied = |(action, is_allowed): (&String, &bool)| {
            let prefix = match need.what {
                What::EcrApi => "ecr:",
                What::Logs => "logs:",
                What::SecretsManager => "secretsmanager:",
                What::Ssm => "ssm:",
                What::Kms => "kms:",
                _ => return false,
            };
            action.starts_with(prefix) && !is_allowed
        };
        if_not(!self.evidence.role.rights.iter().any(is_denied))
    }

    /// The worst of all packets to one public address.
    fn to_public(&self, host: &Host<'_>, need: &Need, to: Address) -> End {
        let mut worst = Arrives;
        for from in &host.addresses {
            for (port, nat_port) in self.port_pairs() {
                worst = worst.max(self.round_trip(host, need, *from, port, to, nat_port));
                if worst == Lost {
                    return Lost;
                }
            }
        }
        worst
    }

    /// Each port of a task and each port of a NAT gateway at least once.
    fn port_pairs(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        let task = self.ports.iter().filter(|port| (32768..=60999).contains(*port)).cycle();
        self.ports.range(1024..).zip(task).map(|(nat, task)| (*task, *nat))
    }

    fn round_trip(&self, host: &Host<'_>, need: &Need, from: Address, port: u16, to: Address, nat_port: u16) -> End {
        let out = self.rules(host.groups, Direction::Egress, to, &[]);
        let leaves = self.acl(host.subnet, Direction::Egress, to, 443);
        let comes_back = self.acl(host.subnet, Direction::Ingress, to, port);
        let (route, doubt) = self.route(host.table, to);
        let carried = match route {
            None => Lost,
            Some(route) if !route.is_active => Lost,
            Some(route) => match &route.target {
                Target::NatGateway(id) => self.through_nat(host, need, id.as_str(), from, port, to, nat_port),
                Target::GatewayEndpoint(id) => self.through_gateway_endpoint(id.as_str(), need),
                Target::InternetGateway(_) if !host.has_public_ip => Lost,
                Target::InternetGateway(id) => self.attached(id.as_str()),
                _ => Unknown,
            },
        };
        out.max(leaves).max(comes_back).max(doubt).max(carried)
    }

    #[allow(clippy::too_many_arguments)]
    fn through_nat(
        &self,
        host: &Host<'_>,
        need: &Need,
        id: &str,
        from: Address,
        port: u16,
        to: Address,
        nat_port: u16,
    ) -> End {
        let Some(nat) = self.evidence.nat_gateways.iter().find(|nat| nat.id.as_str() == id) else { return Unknown };
        let works = if_not(nat.state == NatState::Available && nat.is_public);
        let (table, filtered) = match &nat.place {
            NatPlace::Regional(table) => (self.evidence.tables.iter().position(|one| one.id == *table), Arrives),
            NatPlace::Subnet(id) => {
                let Some(subnet) = self.subnet(id.as_str()) else { return works.max(Unknown) };
                let Some(table) = self.table_of(subnet) else { return works.max(Unknown) };
                let mut seen = vec![
                    self.acl(subnet, Direction::Egress, to, 443),
                    self.acl(subnet, Direction::Ingress, to, nat_port),
                ];
                if subnet.id != host.subnet.id {
                    seen.push(self.acl(subnet, Direction::Ingress, from, 443));
                    seen.push(self.acl(subnet, Direction::Egress, from, port));
                }
                (Some(table), seen.into_iter().max().unwrap())
            }
        };
        let Some(table) = table else { return works.max(Unknown) };
        let (route, doubt) = self.route(table, to);
        let beyond = match route {
            None => Lost,
            Some(route) if !route.is_active => Lost,
            Some(route) => match &route.target {
                Target::InternetGateway(id) => self.attached(id.as_str()),
                Target::GatewayEndpoint(id) => self.through_gateway_endpoint(id.as_str(), need),
                Target::NatGateway(_) | Target::Local => Lost,
                _ => Unknown,
            },
        };
        works.max(filtered).max(doubt).max(beyond).max(self.local(table, from))
    }

    /// From a table of the VPC to an address of the VPC.
    fn local(&self, table: usize, to: Address) -> End {
        let (route, doubt) = self.route(table, to);
        let end = match route {
            None => Lost,
            Some(route) if !route.is_active => Lost,
            Some(route) if route.target == Target::Local => Arrives,
            Some(_) => Unknown,
        };
        end.max(doubt)
    }

    fn attached(&self, id: &str) -> End {
        let gateway = self.evidence.internet_gateways.iter().find(|gateway| gateway.id.as_str() == id);
        gateway.map_or(Unknown, |gateway| if_not(gateway.is_attached))
    }

    fn through_gateway_endpoint(&self, id: &str, need: &Need) -> End {
        match self.evidence.endpoints.iter().find(|endpoint| endpoint.id.as_str() == id) {
            Some(endpoint) => if_not(endpoint.state == EndpointState::Available).max(policy(endpoint, need)),
            None => Unknown,
        }
    }

    fn to_interface(&self, host: &Host<'_>, endpoint: &Endpoint) -> End {
        let EndpointKind::Interface { subnets, groups, .. } = &endpoint.kind else { return Lost };
        let mut worst = if_not(!subnets.is_empty());
        for from in &host.addresses {
            worst = worst.max(self.rules(groups, Direction::Ingress, *from, host.groups));
        }
        for id in subnets {
            let Some(subnet) = self.subnet(id.as_str()) else {
                worst = worst.max(Unknown);
                continue;
            };
            for to in self.within(subnet) {
                worst = worst.max(self.rules(host.groups, Direction::Egress, to, groups));
                for from in &host.addresses {
                    if subnet.id != host.subnet.id {
                        worst = worst.max(self.across(host, *from, subnet, to));
                    }
                }
            }
        }
        worst
    }

    fn across(&self, host: &Host<'_>, from: Address, subnet: &Subnet, to: Address) -> End {
        let back = self.table_of(subnet).map_or(Unknown, |table| self.local(table, from));
        let go = self.local(host.table, to).max(self.acl(host.subnet, Direction::Egress, to, 443)).max(self.acl(
            subnet,
            Direction::Ingress,
            from,
            443,
        ));
        let ports = self.ports.iter().filter(|port| (32768..=60999).contains(*port));
        ports.fold(go.max(back), |worst, port| {
            worst.max(self.acl(subnet, Direction::Egress, from, *port)).max(self.acl(
                host.subnet,
                Direction::Ingress,
                to,
                *port,
            ))
        })
    }

    /// Tries every route; the longest wins, then the lowest rank, then the first.
    fn route(&self, table: usize, to: Address) -> (Option<&'a Route>, End) {
        let (ways, is_unread) = &self.tables[table];
        let mut best: Option<(u32, u8, &'a Route)> = None;
        for way in ways {
            for net in way.nets.iter().filter(|net| net.has(to)) {
                let is_better = best
                    .is_none_or(|(prefix, rank, _)| net.prefix > prefix || (net.prefix == prefix && way.rank < rank));
                if is_better {
                    best = Some((net.prefix, way.rank, way.route));
                }
            }
        }
        (best.map(|(_, _, route)| route), if *is_unread { Unknown } else { Arrives })
    }

    fn acl(&self, subnet: &Subnet, direction: Direction, other: Address, port: u16) -> End {
        let Some(at) = self.evidence.acls.iter().position(|acl| acl.subnets.contains(&subnet.id)) else {
            return Unknown;
        };
        for (entry, net) in &self.acls[at] {
            let is_tcp = ["6", "tcp", "-1"].contains(&entry.protocol.as_str());
            let has_port = entry.ports.is_none_or(|(first, last)| first <= port && port <= last);
            if entry.direction == direction && is_tcp && has_port && net.has(other) {
                return if_not(entry.allows);
            }
        }
        Lost
    }

    /// Whether groups let TCP 443 through, to or from an address that also has these groups.
    fn rules<G: AsRef<[moat::ids::SecurityGroupId]>>(
        &self,
        groups: G,
        direction: Direction,
        other: Address,
        others: &[moat::ids::SecurityGroupId],
    ) -> End {
        let mut end = Lost;
        for id in groups.as_ref() {
            let Some(group) = self.evidence.groups.iter().find(|group| group.id == *id) else {
                end = end.min(Unknown);
                continue;
            };
            for rule in group.rules.iter().filter(|rule| rule.direction == direction && admits(rule, "tcp", 443)) {
                let is_of_group = matches!(&rule.peer, Peer::Group(peer) if others.contains(peer));
                match self.peers(&rule.peer) {
                    None => end = end.min(Unknown),
                    Some(nets) if is_of_group || nets.iter().any(|net| net.has(other)) => return Arrives,
                    Some(_) => {}
                }
            }
        }
        end
    }
}

struct Host<'a> {
    subnet: &'a Subnet,
    table: usize,
    groups: &'a [moat::ids::SecurityGroupId],
    has_public_ip: bool,
    addresses: Vec<Address>,
}

fn parsed(entries: &[Entry]) -> Vec<(&Entry, Net)> {
    let mut parsed: Vec<_> = entries.iter().map(|entry| (entry, Net::new(&entry.range.to_string()))).collect();
    parsed.sort_by_key(|(entry, _)| entry.number);
    parsed
}

fn strict(ends: &[End]) -> Verdict {
    match ends.iter().max() {
        None | Some(Arrives) => Verdict::Holds,
        Some(Unknown) => Verdict::Unknown,
        Some(Lost) => Verdict::Fails,
    }
}

/// Nobody knows which of these addresses count.
fn loose(ends: &[End]) -> Verdict {
    if ends.iter().all(|end| *end == Lost) {
        return Verdict::Fails;
    }
    if ends.iter().all(|end| *end == Arrives) { Verdict::Holds } else { Verdict::Unknown }
}

fn service(need: &Need) -> Option<String> {
    let name = match need.what {
        What::EcrApi => "ecr.api",
        What::EcrDkr => "ecr.dkr",
        What::Layers => "s3",
        What::Logs => "logs",
        What::SecretsManager => "secretsmanager",
        What::Ssm => "ssm",
        What::Kms => "kms",
        What::SsmMessages => "ssmmessages",
        What::Sts => "sts",
        What::Registry(_) | What::Internet => return None,
    };
    Some(format!("com.amazonaws.{}.{name}", need.region))
}

/// Whether a policy, of the few shapes that are made here, denies something that is needed for certain.
fn policy(endpoint: &Endpoint, need: &Need) -> End {
    let Policy::Statements(statements) = &endpoint.policy else { return Arrives };
    let (service, example) = match need.what {
        What::EcrApi => ("ecr:*", "ecr:BatchGetImage"),
        What::EcrDkr => ("ecr:*", "ecr:BatchGetImage"),
        What::Layers => ("s3:*", "s3:GetObject"),
        What::Logs => ("logs:*", "logs:PutLogEvents"),
        What::SecretsManager => ("secretsmanager:*", "secretsmanager:GetSecretValue"),
        What::Ssm => ("ssm:*", "ssm:GetParameters"),
        What::Kms => ("kms:*", "kms:Decrypt"),
        What::Sts => ("sts:*", "sts:AssumeRole"),
        What::SsmMessages => ("ssmmessages:*", "ssmmessages:CreateDataChannel"),
        What::Registry(_) | What::Internet => return Arrives,
    };
    let mut is_allowed = false;
    for statement in statements {
        let names = |action: &String| [service, "*"].contains(&action.as_str()) || action == example;
        let is_meant = statement.actions.iter().any(names);
        let layers = format!("arn:aws:s3:::prod-{}-starport-layer-bucket/*", need.region);
        let is_all = statement.resources.iter().any(|one| one == "*" || (need.what == What::Layers && *one == layers));
        let may_be = is_all || need.what != What::Layers;
        if is_meant && !statement.allows && is_all && !statement.is_conditional {
            return Lost;
        }
        is_allowed |= is_meant && statement.allows && may_be;
    }
    if_not(is_allowed)
}

fn admits(rule: &Rule, protocol: &str, port: u16) -> bool {
    let (number, has_ports) = match protocol {
        "tcp" => ("6", true),
        "udp" => ("17", true),
        "icmp" => ("1", false),
        other => (other, false),
    };
    if rule.protocol == "-1" {
        return true;
    }
    let is_in = match rule.ports {
        None | Some((-1, _)) => true,
        Some((first, last)) => !has_ports || (first..=last).contains(&i32::from(port)),
    };
    (rule.protocol == protocol || rule.protocol == number) && is_in
}

const PROTOCOLS: [&str; 4] = ["tcp", "udp", "icmp", "47"];

impl Walker<'_> {
    /// Tries to come in from each public address, by each protocol, on each port.
    fn privacy(&self) -> Verdict {
        let evidence = self.evidence;
        let service = &evidence.service;
        let places = || service.subnets.iter().chain(evidence.interfaces.iter().map(|one| &one.subnet));
        let has_address = service.assigns_public_ip || evidence.interfaces.iter().any(|one| one.public_ip.is_some());
        let mut worst = if has_address { Lost } else { Arrives };
        if places().next().is_none() {
            worst = worst.max(Unknown);
        }
        for id in places() {
            worst = worst.max(match self.subnet(id.as_str()) {
                None => Unknown,
                Some(subnet) => self.closed(subnet),
            });
        }
        let groups = service.groups.iter().chain(evidence.interfaces.iter().flat_map(|one| &one.groups));
        let to_tasks = self.door_ports();
        for id in groups.collect::<BTreeSet<_>>() {
            worst = worst.max(self.intrusion(id, |protocol, port| {
                let kept = to_tasks.as_ref().is_some_and(|ports| ports.contains(&port));
                kept && ["tcp", "udp"].contains(&protocol)
            }));
        }
        for balancer in self.doors().filter(|balancer| balancer.is_internet_facing) {
            let ports: Vec<u16> = balancer.listeners.iter().map(|listener| listener.port).collect();
            for id in &balancer.groups {
                let is_fine = |protocol: &str, port| match protocol {
                    "icmp" => true,
                    "tcp" | "udp" => ports.contains(&port),
                    _ => false,
                };
                worst = worst.max(self.intrusion(id, is_fine));
            }
        }
        strict(&[worst])
    }

    fn closed(&self, subnet: &Subnet) -> End {
        let Some(table) = self.table_of(subnet) else { return if_not(!subnet.gives_public_ips).max(Unknown) };
        let routes = &self.evidence.tables[table].routes;
        let is_open = routes.iter().any(|route| matches!(route.target, Target::InternetGateway(_)));
        if_not(!is_open && !subnet.gives_public_ips)
    }

    fn doors(&self) -> impl Iterator<Item = &LoadBalancer> {
        let ours = &self.evidence.service.target_groups;
        self.evidence.load_balancers.iter().filter(move |balancer| {
            balancer.listeners.iter().any(|listener| listener.target_groups.iter().any(|group| ours.contains(group)))
        })
    }

    /// The ports on which clients themselves may come to the tasks, because the load balancer keeps their addresses.
    fn door_ports(&self) -> Option<Vec<u16>> {
        let ours = &self.evidence.service.target_groups;
        let groups = || self.evidence.target_groups.iter().filter(|group| ours.contains(&group.arn));
        let keeps = self.doors().next().is_some() && groups().any(|group| group.keeps_client_addresses);
        let health = groups().filter_map(|group| group.health_check_port);
        keeps.then(|| health.chain([self.evidence.service.port]).collect())
    }

    /// Whether a packet from the Internet that is not fine gets past a group.
    fn intrusion(&self, id: &moat::ids::SecurityGroupId, is_fine: impl Fn(&str, u16) -> bool) -> End {
        let Some(group) = self.evidence.groups.iter().find(|group| group.id == *id) else { return Unknown };
        let mut worst = Arrives;
        for rule in group.rules.iter().filter(|rule| rule.direction == Direction::Ingress) {
            let packets = PROTOCOLS.iter().flat_map(|protocol| self.ports.iter().map(move |port| (*protocol, *port)));
            let mut bad = packets.filter(|(protocol, port)| admits(rule, protocol, *port) && !is_fine(protocol, *port));
            if bad.next().is_none() {
                continue;
            }
            worst = worst.max(match self.peers(&rule.peer) {
                None => Unknown,
                Some(nets) => {
                    let mut sources = self.points.iter().filter(|point| self.is_public(**point));
                    if_not(!sources.any(|source| nets.iter().any(|net| net.has(*source))))
                }
            });
        }
        worst
    }
}
