//! How a VPC's range is divided among its subnets.
//!
//! The lower half is public, the upper half private, and each half is cut into a fixed number of slots that depends on
//! the size of the range alone. A zone takes the slot of its place, so adding a zone later moves nothing (C13).

use ipnet::Ipv4Net;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::Ipv4Addr;

/// An IPv4 range in CIDR notation, with no host bits set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[0-9]{1,3}(\\.[0-9]{1,3}){3}/[0-9]{1,2}$"))]
pub struct Cidr(Ipv4Net);

impl Cidr {
    /// Every IPv4 address: the destination of a default route, the source "anywhere".
    pub const ANYWHERE: Self = Self(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0));

    pub fn new(text: &str) -> Result<Self, String> {
        let net: Ipv4Net =
            text.parse().map_err(|_| format!("{text:?} is not an IPv4 range; write it like 10.0.0.0/16"))?;
        if net.trunc() != net {
            return Err(format!("{text:?} has host bits set; the range is {}", net.trunc()));
        }
        Ok(Self(net))
    }

    pub fn prefix(&self) -> u8 {
        self.0.prefix_len()
    }

    pub fn contains(&self, other: &Self) -> bool {
        self.0.contains(&other.0)
    }

    /// Whether the range is private address space of RFC 1918 or shared space of RFC 6598.
    pub fn is_private(&self) -> bool {
        Self::private().iter().any(|range| range.contains(self))
    }

    /// All private address space, and all shared.
    pub fn private() -> Vec<Self> {
        let ranges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];
        ranges.iter().filter_map(|range| Self::new(range).ok()).collect()
    }
}

impl TryFrom<String> for Cidr {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text)
    }
}

impl From<Cidr> for String {
    fn from(cidr: Cidr) -> Self {
        cidr.to_string()
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The destination of a default route: every address of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anywhere {
    Ipv4,
    Ipv6,
}

impl Anywhere {
    /// As AWS writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4 => "0.0.0.0/0",
            Self::Ipv6 => "::/0",
        }
    }
}

impl fmt::Display for Anywhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The side of the network that a subnet is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Public,
    Private,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Private => "private",
        })
    }
}

/// How many zones a range has room for: 8 down to /23, 4 in a /24, 2 in a /25, none in a smaller one.
///
/// A subnet is at least a /27, since a load balancer asks for that ("Application Load Balancers", subnets).
pub fn slots(vpc: &Cidr) -> u8 {
    match vpc.prefix() {
        0..=23 => 8,
        24 => 4,
        25 => 2,
        _ => 0,
    }
}

/// The range of the subnet on this side in this slot.
///
/// Returns `None` when the range has no such slot.
pub fn subnet(vpc: &Cidr, side: Side, slot: u8) -> Option<Cidr> {
    let slots = slots(vpc);
    if slot >= slots {
        return None;
    }
    let half = vpc.0.subnets(vpc.prefix() + 1).ok()?.nth(match side {
        Side::Public => 0,
        Side::Private => 1,
    })?;
    let prefix = half.prefix_len() + slots.ilog2() as u8;
    half.subnets(prefix).ok()?.nth(slot.into()).map(Cidr)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_sixteen_is_cut_into_twenties_public_below_private_above() {
        let vpc = Cidr::new("10.0.0.0/16").unwrap();
        let cut = |side, slot| subnet(&vpc, side, slot).unwrap().to_string();
        assert_eq!(cut(Side::Public, 0), "10.0.0.0/20");
        assert_eq!(cut(Side::Public, 1), "10.0.16.0/20");
        assert_eq!(cut(Side::Private, 0), "10.0.128.0/20");
        assert_eq!(cut(Side::Private, 7), "10.0.240.0/20");
        assert_eq!(subnet(&vpc, Side::Private, 8), None);
    }

    #[test]
    fn a_bad_range_says_what_is_wrong_with_it() {
        assert!(Cidr::new("10.0.0.0").unwrap_err().contains("like 10.0.0.0/16"));
        assert!(Cidr::new("10.0.0.1/16").unwrap_err().contains("10.0.0.0/16"));
        assert!(Cidr::new("10.0.0.0/33").is_err());
    }

    proptest! {
        /// C13: what a zone gets depends on the range and its place alone, and no two subnets share an address.
        #[test]
        fn subnets_lie_in_the_range_and_apart(a in 0u8..=255, b in 0u8..=255, prefix in 16u8..=25) {
            let vpc = Cidr(Ipv4Net::new(Ipv4Addr::new(10, a, b, 0), prefix).unwrap().trunc());
            let all: Vec<Cidr> = [Side::Public, Side::Private]
                .into_iter()
                .flat_map(|side| (0..slots(&vpc)).map(move |slot| (side, slot)))
                .map(|(side, slot)| subnet(&vpc, side, slot).unwrap())
                .collect();
            for (i, one) in all.iter().enumerate() {
                prop_assert!(vpc.contains(one));
                prop_assert!(one.prefix() <= 27);
                for other in &all[i + 1..] {
                    prop_assert!(!one.contains(other) && !other.contains(one));
                }
            }
        }
    }
}
