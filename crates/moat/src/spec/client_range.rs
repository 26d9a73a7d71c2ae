//! Who may connect to a load balancer.

use super::{NetworkSpec, ServiceSpec};
use crate::cidr::Cidr;
use crate::ipv6::Ipv6Cidr;
use crate::plan::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A range of IPv4 or IPv6 addresses in CIDR notation, with no host bits set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:]+)/[0-9]{1,3}$"))]
pub enum ClientRange {
    Ipv4(Cidr),
    Ipv6(Ipv6Cidr),
}

impl ClientRange {
    /// Everybody by IPv4.
    pub const ANYWHERE: Self = Self::Ipv4(Cidr::ANYWHERE);

    pub const fn ipv4(self) -> Option<Cidr> {
        match self {
            Self::Ipv4(range) => Some(range),
            Self::Ipv6(_) => None,
        }
    }

    pub const fn ipv6(self) -> Option<Ipv6Cidr> {
        match self {
            Self::Ipv4(_) => None,
            Self::Ipv6(range) => Some(range),
        }
    }
}

impl TryFrom<String> for ClientRange {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text.contains(':') { Ipv6Cidr::new(&text).map(Self::Ipv6) } else { Cidr::new(&text).map(Self::Ipv4) }
    }
}

impl From<ClientRange> for String {
    fn from(range: ClientRange) -> Self {
        range.to_string()
    }
}

impl fmt::Display for ClientRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv4(range) => range.fmt(f),
            Self::Ipv6(range) => range.fmt(f),
        }
    }
}

/// The ranges from which nobody could come, since the load balancer would have no address of their kind.
pub fn without_addresses(network: &NetworkSpec, service: &ServiceSpec) -> Vec<Problem> {
    if network.ipv6 {
        return Vec::new();
    }
    let fix = match network.existing {
        Some(_) => "moat makes load balancers with IPv4 addresses alone in a VPC of others. Leave the range out",
        None => "Give the network \"ipv6\": true, or leave the range out",
    };
    let ranges = service.own_load_balancer().into_iter().flat_map(|door| door.allow.iter().enumerate());
    let problem = |(at, range): (usize, &ClientRange)| {
        range.ipv6().map(|range| {
            let message = format!("{range} is a range of IPv6, and network {} has none. {fix}", network.name);
            Problem::at(format!("/service/loadBalancer/allow/{at}"), message)
        })
    };
    ranges.filter_map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn s2_a_range_of_ipv6_is_for_a_network_that_has_it() {
        let service = json!({
            "name": "web", "network": "main", "image": "nginx:1",
            "loadBalancer": {"allow": ["192.0.2.0/24", "2001:db8::/32"]},
        });
        let service: ServiceSpec = serde_json::from_value(service).unwrap();
        let told = |network: serde_json::Value| {
            let problems = without_addresses(&serde_json::from_value(network).unwrap(), &service);
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(told(json!({"name": "main", "ipv6": true})), "");
        insta::assert_snapshot!(told(json!({"name": "main"})), @r#"/service/loadBalancer/allow/1: 2001:db8::/32 is a range of IPv6, and network main has none. Give the network "ipv6": true, or leave the range out"#);
        insta::assert_snapshot!(told(json!({"name": "main", "existing": {"vpcId": "vpc-0c0"}})), @"/service/loadBalancer/allow/1: 2001:db8::/32 is a range of IPv6, and network main has none. moat makes load balancers with IPv4 addresses alone in a VPC of others. Leave the range out");
    }

    #[test]
    fn what_is_no_range_is_told_in_the_words_of_its_kind() {
        let refused = |text: &str| ClientRange::try_from(text.to_owned()).unwrap_err();
        insta::assert_snapshot!(refused("2001:db8::1/32"), @r#""2001:db8::1/32" has host bits set; the range is 2001:db8::/32"#);
        insta::assert_snapshot!(refused("2001:db8::/200"), @r#""2001:db8::/200" is not an IPv6 range; it looks like 2001:db8:0:1::/64"#);
        insta::assert_snapshot!(refused("anyone"), @r#""anyone" is not an IPv4 range; write it like 10.0.0.0/16"#);
        let range = ClientRange::try_from("2001:DB8:0::/32".to_owned()).unwrap();
        assert_eq!(range.to_string(), "2001:db8::/32", "as AWS writes it");
    }
}
