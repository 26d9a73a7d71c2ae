//! One rule of a security group, as data that compares.

use crate::cidr::Cidr;
use crate::ids::SecurityGroupId;
use crate::ipv6::Ipv6Cidr;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which way traffic goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Ingress,
    Egress,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ingress => "in",
            Self::Egress => "out",
        })
    }
}

/// The other end of the traffic that a rule lets through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Peer {
    Cidr(Cidr),
    /// An IPv6 range, as AWS writes it.
    Ipv6(String),
    Group(SecurityGroupId),
    PrefixList(String),
}

impl Peer {
    pub fn group(&self) -> Option<&SecurityGroupId> {
        match self {
            Self::Group(id) => Some(id),
            Self::Cidr(_) | Self::Ipv6(_) | Self::PrefixList(_) => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cidr(cidr) if *cidr == Cidr::ANYWHERE => f.write_str("anywhere (0.0.0.0/0)"),
            Self::Cidr(cidr) => cidr.fmt(f),
            Self::Ipv6(range) if range == "::/0" => f.write_str("anywhere (::/0)"),
            Self::Ipv6(text) | Self::PrefixList(text) => f.write_str(text),
            Self::Group(group) => group.fmt(f),
        }
    }
}

/// What AWS calls an IP permission with exactly one peer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rule {
    pub direction: Direction,
    /// `tcp`, `udp`, `icmp`, a protocol number, or `-1` for all.
    pub protocol: String,
    /// First and last port; `None` where the protocol has none.
    pub ports: Option<(i32, i32)>,
    pub peer: Peer,
}

impl Rule {
    pub fn tcp(direction: Direction, port: u16, peer: Peer) -> Self {
        let port = i32::from(port);
        Self { direction, protocol: "tcp".into(), ports: Some((port, port)), peer }
    }

    /// Everything out to everywhere: what AWS gives a new group.
    pub fn all_out() -> Self {
        Self { direction: Direction::Egress, protocol: "-1".into(), ports: None, peer: Peer::Cidr(Cidr::ANYWHERE) }
    }

    /// The same by IPv6: what AWS gives a new group too, where its VPC has IPv6.
    pub fn all_out_by_ipv6() -> Self {
        Self { peer: Peer::Ipv6(Ipv6Cidr::ANYWHERE.to_string()), ..Self::all_out() }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.protocol.as_str(), self.ports) {
            ("-1", _) => f.write_str("all traffic")?,
            (protocol, None) => write!(f, "{protocol}")?,
            (protocol, Some((from, to))) if from == to => write!(f, "{protocol} {from}")?,
            (protocol, Some((from, to))) => write!(f, "{protocol} {from}-{to}")?,
        }
        match self.direction {
            Direction::Ingress => write!(f, " in from {}", self.peer),
            Direction::Egress => write!(f, " out to {}", self.peer),
        }
    }
}
