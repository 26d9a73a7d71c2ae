//! Reads the network document.

use super::read::drift;
use super::read_existing;
use super::reader::Reader;
use super::{Egress, NetworkSpec};
use crate::cidr;

pub(super) const FIELDS: &[&str] = &["name", "cidr", "zones", "egress", "ipv6", "existing", "drift"];

pub(super) fn network(fields: &mut Reader<'_>) -> Option<NetworkSpec> {
    let name = fields.required("name");
    let cidr = fields.optional("cidr", NetworkSpec::default_cidr());
    let zones = fields.optional("zones", NetworkSpec::default_zones());
    let egress = fields.object("egress", &["nat", "endpoints"], Egress::default(), |egress| {
        Some(Egress::of(egress.optional("nat", None), egress.optional("endpoints", None)))
    });
    let ipv6 = fields.optional("ipv6", false);
    fields.check("cidr", cidr, |cidr| match cidr {
        cidr if cidr.prefix() < 16 => Some(format!("{cidr} is too large: AWS allows a VPC /16 at most")),
        cidr if cidr::slots(cidr) == 0 => {
            Some(format!("{cidr} is too small: two zones with two subnets of at least /27 need /25 or larger"))
        }
        cidr if !cidr.is_private() => Some(format!(
            "{cidr} is not private address space; use a part of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10"
        )),
        cidr => {
            let room = cidr::slots(cidr);
            (zones > room && zones <= 8)
                .then(|| format!("{cidr} is too small for {zones} zones: it has room for {room}; use a larger range"))
        }
    });
    fields.check("zones", zones, |zones| match zones {
        0 | 1 => Some(format!("is {zones}, but a load balancer needs subnets in at least 2 zones")),
        2..=8 => None,
        _ => Some(format!("is {zones}, but moat spreads a network over at most 8")),
    });
    let existing = read_existing::existing(fields);
    let drift = drift(fields);
    Some(NetworkSpec { name: name?, cidr, zones, egress, ipv6, existing, drift })
}
