//! What the door of a service should be.

use super::listener::{self, WantedListener};
use crate::cidr::{Cidr, Side};
use crate::ipv6::Ipv6Cidr;
use crate::name::Logical;
use crate::network::desired as network;
use crate::plan::Bindings;
use crate::rule::{Direction, Peer, Rule};
use crate::spec::{ByIpv6, LoadBalancerSpec, NetworkSpec, ServiceSpec};
use serde::{Deserialize, Serialize};

/// What the ingress stage plans from: both documents, and where the network is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngressSpec {
    pub network: NetworkSpec,
    pub service: ServiceSpec,
    /// Ids of the network's parts, as far as they exist.
    #[serde(default)]
    pub given: Bindings,
}

pub fn load_balancer() -> Logical {
    Logical::from("load-balancer")
}

pub fn target_group() -> Logical {
    Logical::from("target-group")
}

/// The two security groups of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    LoadBalancer,
    Tasks,
}

impl Group {
    pub const ALL: [Self; 2] = [Self::LoadBalancer, Self::Tasks];

    pub fn logical(self) -> Logical {
        Logical::from(match self {
            Self::LoadBalancer => "security-group load-balancer",
            Self::Tasks => "security-group tasks",
        })
    }

    /// The group's name in AWS, unique in its VPC, so that it cannot be created twice.
    pub fn name(self, service: &ServiceSpec) -> String {
        match self {
            Self::LoadBalancer => format!("moat-{}-load-balancer", service.name),
            Self::Tasks => format!("moat-{}-tasks", service.name),
        }
    }

    /// What AWS shows as the group's description. It cannot be changed later.
    pub fn description(self, service: &ServiceSpec) -> String {
        match self {
            Self::LoadBalancer => format!("moat: load balancer of service {}", service.name),
            Self::Tasks => format!("moat: tasks of service {}", service.name),
        }
    }
}

/// The kind of addresses that a load balancer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressType {
    Ipv4,
    /// IPv4 and IPv6. An internal load balancer can have it too: AWS then keeps the Internet gateway from leading to it, by the
    /// attribute `ipv6.deny_all_igw_traffic` ("LoadBalancerAttribute", ELB v2 API).
    DualStack,
}

impl AddressType {
    /// As AWS writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::DualStack => "dualstack",
        }
    }
}

/// The other end of a rule, by name: groups may not exist yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    Cidr(Cidr),
    Ipv6(Ipv6Cidr),
    Group(Group),
}

/// A rule that a group should have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    pub direction: Direction,
    /// `None` for all traffic.
    pub port: Option<u16>,
    pub end: End,
}

impl Wanted {
    /// The rule, once the group that it may name is known.
    pub fn rule(&self, group_id: impl FnOnce(Group) -> Option<crate::ids::SecurityGroupId>) -> Option<Rule> {
        let peer = match &self.end {
            End::Cidr(cidr) => Peer::Cidr(*cidr),
            End::Ipv6(range) => Peer::Ipv6(range.to_string()),
            End::Group(group) => Peer::Group(group_id(*group)?),
        };
        Some(match self.port {
            Some(port) => Rule::tcp(self.direction, port, peer),
            None => Rule { direction: self.direction, protocol: "-1".into(), ports: None, peer },
        })
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.port {
            Some(port) => write!(f, "tcp {port}")?,
            None => f.write_str("all traffic")?,
        }
        f.write_str(match self.direction {
            Direction::Ingress => " in from ",
            Direction::Egress => " out to ",
        })?;
        match &self.end {
            End::Cidr(cidr) => Peer::Cidr(*cidr).fmt(f),
            End::Ipv6(range) => Peer::Ipv6(range.to_string()).fmt(f),
            End::Group(group) => group.logical().fmt(f),
        }
    }
}

impl IngressSpec {
    /// What is asked for of the load balancer that is the service's own.
    pub fn own_door(&self) -> Option<&LoadBalancerSpec> {
        self.service.own_load_balancer()
    }

    /// What leads to the tasks, be it a load balancer of the service's own or of another; `None` where nothing does.
    pub fn door(&self) -> Option<&LoadBalancerSpec> {
        self.service.load_balancer.as_ref()
    }

    /// The groups that there should be: without a load balancer of its own the tasks' alone.
    pub fn groups(&self) -> Vec<Group> {
        Group::ALL.into_iter().filter(|group| *group == Group::Tasks || self.own_door().is_some()).collect()
    }

    /// All listeners that there should be.
    pub fn listeners(&self) -> Vec<WantedListener> {
        self.own_door().map(listener::listeners).unwrap_or_default()
    }

    /// All rules of a group. There are no others: what is not here is removed. Of the group of another service's load
    /// balancer, which a guest knows as its load balancer's, it is the guest's part.
    ///
    /// Tasks may reach out to anywhere, since registries have no fixed addresses; what stops the Internet from
    /// reaching them is that they have no public IP and that only the load balancer's group may come in.
    pub fn rules(&self, group: Group) -> Vec<Wanted> {
        let port = Some(self.service.port);
        let rule = |direction, port, end| Wanted { direction, port, end };
        let to_tasks = rule(Direction::Egress, port, End::Group(Group::Tasks));
        let from_door = rule(Direction::Ingress, port, End::Group(Group::LoadBalancer));
        let anywhere = [Some(End::Cidr(Cidr::ANYWHERE)), self.network.ipv6.then_some(End::Ipv6(Ipv6Cidr::ANYWHERE))];
        let out = anywhere.into_iter().flatten().map(|end| rule(Direction::Egress, None, end));
        match (group, self.door()) {
            (Group::LoadBalancer, None) => Vec::new(),
            (Group::LoadBalancer, Some(door)) if door.shared.is_some() => vec![to_tasks],
            (Group::LoadBalancer, Some(door)) => {
                let allow = self.allowed(door);
                let each = listener::listeners(door).into_iter().flat_map(|listener| {
                    allow.iter().map(move |end| rule(Direction::Ingress, Some(listener.port), end.clone()))
                });
                let mut rules: Vec<Wanted> = each.collect();
                rules.sort();
                rules.dedup();
                rules.push(to_tasks);
                rules
            }
            (Group::Tasks, None) => out.collect(),
            (Group::Tasks, Some(_)) => std::iter::once(from_door).chain(out).collect(),
        }
    }

    fn allowed(&self, door: &LoadBalancerSpec) -> Vec<End> {
        let by_ipv6 = match self.by_ipv6(door) {
            ByIpv6::Ranges(ranges) => ranges,
            ByIpv6::Network => self.ipv6_block().into_iter().collect(),
        };
        let by_ipv4 = door.allowed(&self.network).into_iter().map(End::Cidr);
        by_ipv4.chain(by_ipv6.into_iter().map(End::Ipv6)).collect()
    }

    fn ipv6_block(&self) -> Option<Ipv6Cidr> {
        self.given.get(&network::ipv6_range(&network::vpc())).and_then(|text| Ipv6Cidr::new(text).ok())
    }

    /// Whether the network's IPv6 block may connect, and nobody knows now which that is. Then no rule of a block is one
    /// too many for certain.
    pub(super) fn awaits_ipv6_block(&self) -> bool {
        self.ipv6_block().is_none() && self.own_door().is_some_and(|door| self.by_ipv6(door) == ByIpv6::Network)
    }

    fn by_ipv6(&self, door: &LoadBalancerSpec) -> ByIpv6 {
        if self.network.ipv6 { door.allowed_by_ipv6() } else { ByIpv6::Ranges(Vec::new()) }
    }

    /// Which addresses the load balancer has. Where nobody may connect by IPv6 it has none of those: clients would try them
    /// first and wait in vain.
    pub fn address_type(&self, door: &LoadBalancerSpec) -> AddressType {
        if self.by_ipv6(door) == ByIpv6::Ranges(Vec::new()) { AddressType::Ipv4 } else { AddressType::DualStack }
    }

    /// The subnets of the load balancer, one in each zone (C9): public ones, or private ones where it is internal.
    pub fn door_subnets(&self) -> Vec<Logical> {
        let is_internal = self.door().is_some_and(LoadBalancerSpec::is_internal);
        let side = if is_internal { Side::Private } else { Side::Public };
        network::subnets(&self.network, side, &self.given)
    }

    /// The name of the load balancer, and of the target group.
    pub fn aws_name(&self) -> String {
        self.service.name.aws_name()
    }
}
