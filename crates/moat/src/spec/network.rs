//! A network: one that moat makes, or one that is there already.

use super::{DriftSpec, Egress, ExistingNetwork};
use crate::cidr::Cidr;
use crate::name::Name;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A VPC with public and private subnets, and a way out for the private ones.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkSpec {
    pub name: Name,
    /// The VPC's IPv4 range, /16 to /25. It cannot be changed later. Not beside `existing`.
    #[serde(default = "NetworkSpec::default_cidr")]
    pub cidr: Cidr,
    /// In how many availability zones to have one public and one private subnet. Adding some later moves nothing. Not
    /// beside `existing`.
    #[serde(default = "NetworkSpec::default_zones")]
    #[schemars(range(min = 2, max = 8))]
    pub zones: u8,
    /// How private subnets reach out. Beside `existing` only `{"endpoints": "auto"}`.
    #[serde(default)]
    pub egress: Egress,
    /// Whether the network has IPv6 beside IPv4: a block of Amazon's for the VPC, a /64 in each subnet, and load balancers
    /// with addresses of both kinds. Private subnets reach the Internet by IPv6 through an egress-only Internet gateway,
    /// which lets nobody in, unless `egress` is endpoints alone: then there is no way to the Internet by IPv6 either. ECS
    /// gives tasks an IPv6 address where the account setting `dualStackIPv6` is on, which moat does not touch. It can be
    /// turned on later, which replaces nothing; turning it off is refused, since tasks and clients may be using it. Not
    /// beside `existing`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ipv6: bool,
    /// A network that somebody else made, instead of one that moat makes. Then `cidr`, `zones` and `ipv6` say nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing: Option<ExistingNetwork>,
    /// What is done when somebody changed the network behind moat's back.
    #[serde(default, skip_serializing_if = "DriftSpec::is_default")]
    pub drift: DriftSpec,
}

impl NetworkSpec {
    pub(super) fn default_cidr() -> Cidr {
        Cidr::new("10.0.0.0/16").expect("a constant range")
    }

    pub(super) const fn default_zones() -> u8 {
        2
    }

    /// Whether private subnets reach the Internet by IPv6.
    pub const fn has_ipv6_egress(&self) -> bool {
        self.ipv6 && !self.egress.is_endpoints_only()
    }
}

/// As it is read: what cannot stand beside `existing` is not written beside it.
impl Serialize for NetworkSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { name, cidr, zones, egress, ipv6, existing, drift } = self;
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("name", name)?;
        match existing {
            Some(existing) => {
                fields.serialize_entry("existing", existing)?;
                if egress.has_endpoints() {
                    fields.serialize_entry("egress", egress)?;
                }
            }
            None => {
                fields.serialize_entry("cidr", cidr)?;
                fields.serialize_entry("zones", zones)?;
                fields.serialize_entry("egress", egress)?;
                if *ipv6 {
                    fields.serialize_entry("ipv6", ipv6)?;
                }
            }
        }
        if !drift.is_default() {
            fields.serialize_entry("drift", drift)?;
        }
        fields.end()
    }
}
