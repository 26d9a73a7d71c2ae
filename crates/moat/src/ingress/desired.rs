//! What the door of a service should be.

use crate::cidr::Side;
use crate::name::Logical;
use crate::network::desired::subnets;
use crate::plan::Bindings;
use crate::rule::{Direction, Peer, Rule};
use crate::spec::{NetworkSpec, ServiceSpec};
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

pub fn listener() -> Logical {
    Logical::from("listener http")
}

/// The port that the load balancer listens on.
pub const HTTP: u16 = 80;

/// What the load balancer speaks, with clients and with tasks.
pub const PROTOCOL: &str = "HTTP";

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

/// The other end of a rule, by name: groups may not exist yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    Cidr(crate::cidr::Cidr),
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
            End::Group(group) => group.logical().fmt(f),
        }
    }
}

impl IngressSpec {
    /// All rules of a group. There are no others: what is not here is removed.
    ///
    /// Tasks may reach out to anywhere, since registries have no fixed addresses; what stops the Internet from
    /// reaching them is that they have no public IP and that only the load balancer's group may come in.
    pub fn rules(&self, group: Group) -> Vec<Wanted> {
        let port = self.service.port;
        match group {
            Group::LoadBalancer => {
                let allow = self.service.load_balancer.allow.iter();
                let mut rules: Vec<Wanted> = allow
                    .map(|cidr| Wanted { direction: Direction::Ingress, port: Some(HTTP), end: End::Cidr(*cidr) })
                    .collect();
                rules.sort();
                rules.dedup();
                let out = Wanted { direction: Direction::Egress, port: Some(port), end: End::Group(Group::Tasks) };
                rules.push(out);
                rules
            }
            Group::Tasks => vec![
                Wanted { direction: Direction::Ingress, port: Some(port), end: End::Group(Group::LoadBalancer) },
                Wanted { direction: Direction::Egress, port: None, end: End::Cidr(crate::cidr::Cidr::ANYWHERE) },
            ],
        }
    }

    /// The subnets of the load balancer: one public subnet in each zone (C9).
    pub fn public_subnets(&self) -> Vec<Logical> {
        subnets(&self.network, Side::Public, &self.given)
    }

    /// The name of the load balancer, and of the target group.
    pub fn aws_name(&self) -> String {
        format!("moat-{}", self.service.name)
    }

    /// Attributes of the load balancer that are ours to set ("LoadBalancerAttribute", ELB v2 API).
    pub fn load_balancer_attributes(&self) -> Vec<(&'static str, String)> {
        vec![("routing.http.drop_invalid_header_fields.enabled", "true".into())]
    }

    /// Attributes of the load balancer that nobody should turn, with what AWS sets them to: each of the others opens
    /// something, or lets through what the tasks do not expect. Whatever else there is may be tuned by anybody.
    pub const GUARDED: [(&'static str, &'static str); 4] = [
        ("routing.http.desync_mitigation_mode", "defensive"),
        ("routing.http.preserve_host_header.enabled", "false"),
        ("routing.http.xff_header_processing.mode", "append"),
        ("waf.fail_open.enabled", "false"),
    ];

    /// Attributes of the target group that are ours to set ("TargetGroupAttribute", ELB v2 API).
    pub fn target_group_attributes(&self) -> Vec<(&'static str, String)> {
        vec![("deregistration_delay.timeout_seconds", self.service.load_balancer.deregistration_delay.to_string())]
    }
}
