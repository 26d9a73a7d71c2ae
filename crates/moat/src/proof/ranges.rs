//! Sets of addresses, as ranges that do not touch, so that "every address" can be asked and answered exactly.

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

/// An IPv4 or IPv6 range in CIDR notation. Host bits are cleared, as AWS does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range(IpNet);

impl Range {
    pub fn new(text: &str) -> Result<Self, String> {
        let net: IpNet = text.parse().map_err(|_| format!("{text:?} is not a range; write it like 10.0.0.0/16"))?;
        Ok(Self(net.trunc()))
    }

    pub fn prefix(&self) -> u8 {
        self.0.prefix_len()
    }

    pub const fn is_ipv4(&self) -> bool {
        matches!(self.0, IpNet::V4(_))
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where IPv4 lies among all addresses: `::ffff:0:0/96` (RFC 4291, 2.5.5.2), which no IPv6 packet carries.
const MAPPED: (u128, u128) = (0xffff_0000_0000, 0xffff_ffff_ffff);

/// Address space of IPv4 that is not of the Internet (RFC 6890), and multicast and what lies above it.
const NOT_PUBLIC: [&str; 8] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
];

/// A set of addresses of both families.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Ranges(Vec<(u128, u128)>);

impl Ranges {
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Every address of the Internet, IPv4.
    pub fn public_ipv4() -> Self {
        static PUBLIC: LazyLock<Ranges> = LazyLock::new(|| {
            let reserved: Ranges = NOT_PUBLIC.iter().filter_map(|range| Range::new(range).ok()).collect();
            Ranges(vec![MAPPED]).minus(&reserved)
        });
        PUBLIC.clone()
    }

    /// Every address of the Internet, IPv6: global unicast (RFC 4291, 2.4).
    pub fn public_ipv6() -> Self {
        Range::new("2000::/3").into_iter().collect()
    }

    pub fn of(range: Range) -> Self {
        [range].into_iter().collect()
    }

    pub fn address(address: IpAddr) -> Self {
        Self::of(Range(IpNet::from(address)))
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn covers(&self, other: &Self) -> bool {
        other.minus(self).is_empty()
    }

    pub fn meets(&self, other: &Self) -> bool {
        !self.and(other).is_empty()
    }

    pub fn ipv4(&self) -> Self {
        self.and(&Self(vec![MAPPED]))
    }

    pub fn and(&self, other: &Self) -> Self {
        let (mut one, mut two) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = Vec::new();
        while let (Some(a), Some(b)) = (one.peek(), two.peek()) {
            let (low, high) = (a.0.max(b.0), a.1.min(b.1));
            if low <= high {
                both.push((low, high));
            }
            if a.1 <= b.1 {
                one.next()
            } else {
                two.next()
            };
        }
        Self(both)
    }

    pub fn or(&self, other: &Self) -> Self {
        Self::tidy(self.0.iter().chain(&other.0).copied().collect())
    }

    pub fn minus(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        let mut cuts = other.0.as_slice();
        for &(mut low, high) in &self.0 {
            while cuts.first().is_some_and(|cut| cut.1 < low) {
                cuts = &cuts[1..];
            }
            let mut is_used_up = false;
            for cut in cuts.iter().take_while(|cut| cut.0 <= high) {
                if cut.0 > low {
                    left.push((low, cut.0 - 1));
                }
                if cut.1 >= high {
                    is_used_up = true;
                    break;
                }
                low = cut.1 + 1;
            }
            if !is_used_up {
                left.push((low, high));
            }
        }
        Self(left)
    }

    /// Sorted, and joined where two touch, but never IPv4 with IPv6.
    fn tidy(mut all: Vec<(u128, u128)>) -> Self {
        all.sort_unstable();
        let mut tidy: Vec<(u128, u128)> = Vec::with_capacity(all.len());
        for (low, high) in all {
            let is_border = low == MAPPED.0 || low == MAPPED.1 + 1;
            match tidy.last_mut() {
                Some(last) if low <= last.1 || (low - 1 == last.1 && !is_border) => last.1 = last.1.max(high),
                _ => tidy.push((low, high)),
            }
        }
        Self(tidy)
    }

    /// The fewest ranges in CIDR notation, lowest first.
    pub fn cidrs(&self) -> Vec<Range> {
        let mapped = |address: u128| Ipv4Addr::from((address & 0xffff_ffff) as u32);
        let mut cidrs = Vec::new();
        for (low, high) in &self.0 {
            if MAPPED.0 <= *low && *high <= MAPPED.1 {
                cidrs.extend(Ipv4Subnets::new(mapped(*low), mapped(*high), 0).map(|net| Range(IpNet::V4(net))));
            } else {
                let (low, high) = (Ipv6Addr::from(*low), Ipv6Addr::from(*high));
                cidrs.extend(Ipv6Subnets::new(low, high, 0).map(|net| Range(IpNet::V6(net))));
            }
        }
        cidrs
    }
}

fn bounds(range: Range) -> (u128, u128) {
    let number = |address: IpAddr| match address {
        IpAddr::V4(address) => MAPPED.0 | u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    (number(range.0.network()), number(range.0.broadcast()))
}

impl FromIterator<Range> for Ranges {
    fn from_iter<I: IntoIterator<Item = Range>>(ranges: I) -> Self {
        let mut all = Vec::new();
        for range in ranges {
            let (low, high) = bounds(range);
            // An IPv6 range that spans the place of IPv4 says nothing about IPv4: `::/0` is not `0.0.0.0/0`.
            if !range.is_ipv4() && low <= MAPPED.0 && MAPPED.1 <= high {
                all.push((low, MAPPED.0 - 1));
                all.push((MAPPED.1 + 1, high));
            } else {
                all.push((low, high));
            }
        }
        Self::tidy(all)
    }
}

/// At most three ranges, and how many more there are.
impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cidrs = self.cidrs();
        let shown: Vec<String> = cidrs.iter().take(3).map(Range::to_string).collect();
        f.write_str(&shown.join(", "))?;
        match cidrs.len().saturating_sub(3) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ranges(all: &[&str]) -> Ranges {
        all.iter().map(|range| Range::new(range).unwrap()).collect()
    }

    #[test]
    fn every_ipv6_address_is_no_ipv4_address() {
        assert!(!ranges(&["::/0"]).covers(&ranges(&["10.0.0.0/8"])));
        let both = ranges(&["::/0"]).or(&ranges(&["0.0.0.0/0"]));
        assert!(both.covers(&Ranges::public_ipv4()) && both.covers(&Ranges::public_ipv6()));
        assert_eq!(both.ipv4().to_string(), "0.0.0.0/0");
    }

    #[test]
    fn what_is_left_is_written_in_few_ranges() {
        let left = ranges(&["10.0.0.0/24"]).minus(&ranges(&["10.0.0.128/26", "10.0.0.255/32"]));
        assert_eq!(left.to_string(), "10.0.0.0/25, 10.0.0.192/27, 10.0.0.224/28 and 4 more");
        assert_eq!(ranges(&["10.0.0.0/25", "10.0.0.128/25"]).to_string(), "10.0.0.0/24");
    }

    #[test]
    fn private_space_is_not_the_internet() {
        let internet = Ranges::public_ipv4();
        for private in ["10.1.0.0/16", "172.31.0.0/16", "192.168.1.0/24", "100.64.0.0/16", "127.0.0.1/32"] {
            assert!(!internet.meets(&ranges(&[private])), "{private}");
        }
        assert!(internet.covers(&ranges(&["8.8.8.8/32", "52.0.0.0/8", "172.32.0.0/16"])));
    }

    proptest! {
        /// Against sets of single addresses.
        #[test]
        fn sets_are_sets(
            one in prop::collection::vec((0u8..=255, 24u8..=32), 0..6),
            two in prop::collection::vec((0u8..=255, 24u8..=32), 0..6),
        ) {
            let net = |(last, prefix): &(u8, u8)| Range::new(&format!("10.0.0.{last}/{prefix}")).unwrap();
            let (a, b): (Ranges, Ranges) = (one.iter().map(net).collect(), two.iter().map(net).collect());
            for last in 0u8..=255 {
                let address = Ranges::address(IpAddr::from([10, 0, 0, last]));
                let is_in = |nets: &[(u8, u8)]| nets.iter().any(|(at, prefix)| {
                    let shift = 32 - u32::from(*prefix);
                    u32::from(last) >> shift == u32::from(*at) >> shift
                });
                prop_assert_eq!(a.covers(&address), is_in(&one));
                prop_assert_eq!(a.and(&b).covers(&address), is_in(&one) && is_in(&two));
                prop_assert_eq!(a.or(&b).covers(&address), is_in(&one) || is_in(&two));
                prop_assert_eq!(a.minus(&b).covers(&address), is_in(&one) && !is_in(&two));
            }
            prop_assert_eq!(a.cidrs().into_iter().collect::<Ranges>(), a);
        }
    }
}
