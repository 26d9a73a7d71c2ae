//! What a network should be: the logical names of its parts, and which zone and range each subnet has.

use super::observed::{Observed, Subnet};
use crate::cidr::{self, Cidr, Side};
use crate::ids::VpcId;
use crate::name::Logical;
use crate::plan::{Bindings, Problem};
use crate::spec::{Nat, NetworkSpec};
use std::collections::BTreeSet;
use std::fmt;

pub fn vpc() -> Logical {
    Logical::from("vpc")
}

pub fn internet_gateway() -> Logical {
    Logical::from("internet-gateway")
}

/// The fact that the Internet gateway is attached to the VPC.
pub fn attachment() -> Logical {
    Logical::from("internet-gateway attachment")
}

pub fn egress_only_gateway() -> Logical {
    Logical::from("egress-only-internet-gateway")
}

/// The fact that the VPC, or this subnet, has an IPv6 range. For the VPC it is bound to the range.
pub fn ipv6_range(of: &Logical) -> Logical {
    Logical::new(format!("{of} ipv6-range")).available()
}

pub fn public_table() -> Logical {
    Logical::from("route-table public")
}

pub fn s3_endpoint() -> Logical {
    Logical::from("vpc-endpoint s3")
}

/// The fact that the number of the account is known, as it is once something in it was seen.
pub fn account() -> Logical {
    Logical::from("account")
}

pub fn default_group() -> Logical {
    Logical::from("default-security-group")
}

/// One availability zone of the network, with everything that is there once a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// `a` for the first, `b` for the second, in the order in which the network grew; not the letter in AWS's name.
    pub letter: char,
    /// Its place among them, which is its slot in the ranges of the VPC.
    pub slot: u8,
    /// AWS's name, such as `us-east-1a`.
    pub name: String,
    pub public: Cidr,
    pub private: Cidr,
    /// The NAT gateway that serves it, where the network has any.
    pub nat: Option<NatPlace>,
}

impl Zone {
    pub fn subnet(&self, side: Side) -> Logical {
        subnet(side, self.letter)
    }

    pub const fn cidr(&self, side: Side) -> Cidr {
        match side {
            Side::Public => self.public,
            Side::Private => self.private,
        }
    }

    /// The private route table of this zone. There is one in each zone even with a single NAT gateway, so that going
    /// to one NAT gateway per zone changes a route and nothing else (C13).
    pub fn private_table(&self) -> Logical {
        private_table(self.letter)
    }

    pub fn table(&self, side: Side) -> Logical {
        match side {
            Side::Public => public_table(),
            Side::Private => self.private_table(),
        }
    }
}

/// Where a NAT gateway is, which is also its name: `nat-gateway a`, `nat-gateway regional`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NatPlace {
    /// In the public subnet of this zone, with an Elastic IP of ours.
    Zone(char),
    /// In no subnet. AWS spreads it over the zones by itself and gives it addresses of its own.
    ///
    /// That is its automatic mode. In the other one we would give it Elastic IPs for each zone; but the ones that the
    /// network has are held by the gateways that it replaces until no route leads to those, so its addresses would be
    /// other ones all the same, and a zone more would have to be told to it ("Regional NAT gateways", VPC guide).
    Regional,
}

impl NatPlace {
    pub fn gateway(self) -> Logical {
        Logical::new(format!("nat-gateway {self}"))
    }

    /// The Elastic IP that it holds, where it is ours.
    pub fn address(self) -> Option<Logical> {
        match self {
            Self::Zone(letter) => Some(elastic_ip(letter)),
            Self::Regional => None,
        }
    }

    /// The subnet that it stands in.
    pub fn subnet(self) -> Option<Logical> {
        match self {
            Self::Zone(letter) => Some(subnet(Side::Public, letter)),
            Self::Regional => None,
        }
    }
}

impl fmt::Display for NatPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zone(letter) => letter.fmt(f),
            Self::Regional => f.write_str("regional"),
        }
    }
}

/// The NAT gateways that these zones need, each once.
pub fn nat_places(zones: &[Zone]) -> BTreeSet<NatPlace> {
    zones.iter().filter_map(|zone| zone.nat).collect()
}

pub fn subnet(side: Side, letter: char) -> Logical {
    Logical::new(format!("subnet {side}-{letter}"))
}

pub fn private_table(letter: char) -> Logical {
    Logical::new(format!("route-table private-{letter}"))
}

pub fn elastic_ip(letter: char) -> Logical {
    Logical::new(format!("elastic-ip {letter}"))
}

/// The NAT gateway of a zone.
pub fn nat_gateway(letter: char) -> Logical {
    NatPlace::Zone(letter).gateway()
}

/// The letters of the first `count` zones.
pub fn letters(count: u8) -> impl Iterator<Item = char> {
    (b'a'..).take(count.into()).map(char::from)
}

/// The subnets of one side, by name: one in each zone; of a network that somebody else made those that are known.
///
/// Where none is known, they are two that are not bound, so that nothing is done with them.
pub fn subnets(spec: &NetworkSpec, side: Side, known: &Bindings) -> Vec<Logical> {
    let all = |count| letters(count).map(|letter| subnet(side, letter)).collect();
    if spec.existing.is_none() {
        return all(spec.zones);
    }
    let named = format!("subnet {side}-");
    let known: Vec<Logical> =
        known.iter().map(|(name, _)| name).filter(|name| name.as_str().starts_with(&named)).cloned().collect();
    if known.is_empty() { all(2) } else { known }
}

/// The zones of the network in `vpc`.
///
/// A zone that has a subnet already stays where it is; new ones take the region's next free zones in order.
pub fn zones(spec: &NetworkSpec, observed: &Observed, vpc: Option<&VpcId>) -> Result<Vec<Zone>, Problem> {
    let settled = |letter| {
        let names = [subnet(Side::Public, letter), subnet(Side::Private, letter)];
        let of_ours = |found: &&Subnet| Some(&found.vpc) == vpc && names.contains(&found.resource);
        observed.subnets.iter().find(of_ours).map(|found| found.zone.clone())
    };
    let taken: BTreeSet<String> = letters(spec.zones).filter_map(settled).collect();
    let mut free = observed.zones.iter().filter(|zone| !taken.contains(*zone));
    let too_few = || {
        let message = format!(
            "is {}, but {} has {} availability zones open to this account: {}",
            spec.zones,
            observed.region,
            observed.zones.len(),
            observed.zones.join(", ")
        );
        Problem::at("/network/zones", message)
    };
    let no_room = || Problem::at("/network/cidr", format!("{} is too small for {} zones", spec.cidr, spec.zones));
    let at = |(slot, letter): (usize, char)| {
        let name = settled(letter).or_else(|| free.next().cloned()).ok_or_else(too_few)?;
        let slot = u8::try_from(slot).map_err(|_| no_room())?;
        Ok(Zone {
            letter,
            slot,
            name,
            public: cidr::subnet(&spec.cidr, Side::Public, slot).ok_or_else(no_room)?,
            private: cidr::subnet(&spec.cidr, Side::Private, slot).ok_or_else(no_room)?,
            nat: spec.egress.nat.map(|nat| match nat {
                Nat::Single => NatPlace::Zone('a'),
                Nat::PerZone => NatPlace::Zone(letter),
                Nat::Regional => NatPlace::Regional,
            }),
        })
    };
    letters(spec.zones).enumerate().map(at).collect()
}
