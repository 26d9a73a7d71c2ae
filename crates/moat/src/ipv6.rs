//! IPv6 ranges, and how a VPC's block is divided among its subnets.
//!
//! As with IPv4 the lower half is public and the upper half private, and a zone takes the number of its place, so adding
//! one later moves nothing (C13).

use crate::cidr::Side;
use ipnet::Ipv6Net;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::Ipv6Addr;

/// An IPv6 range in CIDR notation, with no host bits set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ipv6Cidr(Ipv6Net);

impl Ipv6Cidr {
    /// Every IPv6 address.
    pub const ANYWHERE: Self = Self(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0));

    pub fn new(text: &str) -> Result<Self, String> {
        let net: Ipv6Net =
            text.parse().map_err(|_| format!("{text:?} is not an IPv6 range; it looks like 2001:db8:0:1::/64"))?;
        if net.trunc() != net {
            return Err(format!("{text:?} has host bits set; the range is {}", net.trunc()));
        }
        Ok(Self(net))
    }

    pub fn contains(&self, other: &Self) -> bool {
        self.0.contains(&other.0)
    }
}

impl TryFrom<String> for Ipv6Cidr {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text)
    }
}

impl From<Ipv6Cidr> for String {
    fn from(cidr: Ipv6Cidr) -> Self {
        cidr.to_string()
    }
}

impl fmt::Display for Ipv6Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which of the 256 /64 of a VPC's /56 the subnet on this side in this slot has.
pub const fn number(side: Side, slot: u8) -> u8 {
    match side {
        Side::Public => slot,
        Side::Private => 128 + slot,
    }
}

/// The /64 of this number in a VPC's block: of the sizes that a subnet may have, the one that a block of Amazon's has 256 of
/// ("Subnet CIDR blocks", VPC guide).
///
/// Returns `None` when the block has no such /64.
pub fn subnet(block: &Ipv6Cidr, number: u8) -> Option<Ipv6Cidr> {
    block.0.subnets(64).ok()?.nth(number.into()).map(Ipv6Cidr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c13_a_block_is_cut_into_sixty_fours_public_below_private_above() {
        let block = Ipv6Cidr::new("2600:1f18:12:ab00::/56").unwrap();
        let cut = |side, slot| subnet(&block, number(side, slot)).unwrap();
        assert_eq!(cut(Side::Public, 0).to_string(), "2600:1f18:12:ab00::/64");
        assert_eq!(cut(Side::Public, 1).to_string(), "2600:1f18:12:ab01::/64");
        assert_eq!(cut(Side::Private, 0).to_string(), "2600:1f18:12:ab80::/64");
        assert_eq!(cut(Side::Private, 7).to_string(), "2600:1f18:12:ab87::/64");
        assert!(block.contains(&cut(Side::Private, 7)) && Ipv6Cidr::ANYWHERE.contains(&block));
        assert_eq!(subnet(&cut(Side::Public, 0), 1), None, "a /64 has one");
        assert!(Ipv6Cidr::new("10.0.0.0/16").unwrap_err().contains("is not an IPv6 range"));
    }
}
