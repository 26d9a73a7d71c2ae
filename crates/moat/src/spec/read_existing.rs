//! Reads what is said of a network that somebody else made.

use super::ExistingNetwork;
use super::reader::Reader;
use crate::ids::{SubnetId, VpcId};
use std::collections::BTreeSet;

const FIELDS: &[&str] = &["vpcId", "publicSubnets", "privateSubnets"];

/// What a network that moat makes has, and one that is there already has in its own way.
const BESIDE: [(&str, &str); 3] = [
    ("cidr", "the VPC has its range already"),
    ("zones", "the zones are those of its subnets"),
    ("ipv6", "whether the VPC has IPv6 is for those to say who made it, and moat changes nothing in it"),
];

pub(super) fn existing(fields: &mut Reader<'_>) -> Option<ExistingNetwork> {
    fields.value("existing")?;
    for (field, why) in BESIDE {
        if fields.value(field).is_some() {
            fields.report(field, format!("cannot stand beside \"existing\": {why}. Leave it out"));
        }
    }
    egress(fields);
    fields.object("existing", FIELDS, None, |existing| Some(network(existing)))
}

/// Endpoints stand beside what others made. A NAT gateway would need routes in tables that are theirs.
fn egress(fields: &mut Reader<'_>) {
    let Some(egress) = fields.value("egress").filter(|egress| !egress.is_null()) else { return };
    if !egress["nat"].is_null() {
        let why = "moat makes no NAT gateway in a VPC of others and leads none of their routes there; it takes the ways out as they are, and proves them";
        let fix = "Leave it out, or say {\"endpoints\": \"auto\"} alone";
        fields.report_in("egress", "nat", format!("cannot stand beside \"existing\": {why}. {fix}"));
    } else if egress["endpoints"].is_null() {
        let message = "says nothing beside \"existing\": moat takes the ways out as they are, and proves them. Leave it out, or say {\"endpoints\": \"auto\"}";
        fields.report("egress", message);
    }
}

fn network(fields: &mut Reader<'_>) -> Option<ExistingNetwork> {
    let vpc_id: Option<VpcId> = fields.required("vpcId");
    if let Some(objection) = vpc_id.as_ref().and_then(|id| objection(id.as_str(), "vpc-")) {
        fields.report("vpcId", objection);
    }
    let (public_subnets, private_subnets) = (subnets(fields, "publicSubnets"), subnets(fields, "privateSubnets"));
    if public_subnets.len() == 1 {
        fields.report("publicSubnets", "names one subnet, but a load balancer needs subnets in at least 2 zones");
    }
    for (at, id) in private_subnets.iter().enumerate().filter(|(_, id)| public_subnets.contains(id)) {
        let message = format!("{id} is under publicSubnets too; a subnet is one or the other");
        fields.report_in("privateSubnets", &at.to_string(), message);
    }
    Some(ExistingNetwork { vpc_id: vpc_id?, public_subnets, private_subnets })
}

fn subnets(fields: &mut Reader<'_>, name: &str) -> Vec<SubnetId> {
    let ids: Vec<SubnetId> = fields.optional(name, Vec::new());
    if ids.is_empty() && fields.value(name).is_some_and(|value| value.as_array().is_some_and(Vec::is_empty)) {
        fields.report(name, "is empty; name the subnets, or leave it out to have them found by their routes");
    }
    let mut known = BTreeSet::new();
    for (at, id) in ids.iter().enumerate() {
        let twice = (!known.insert(id)).then(|| format!("{id} is there twice"));
        if let Some(message) = objection(id.as_str(), "subnet-").or(twice) {
            fields.report_in(name, &at.to_string(), message);
        }
    }
    ids
}

fn objection(id: &str, prefix: &str) -> Option<String> {
    let is_hex = |rest: &str| !rest.is_empty() && rest.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    (!id.strip_prefix(prefix).is_some_and(is_hex))
        .then(|| format!("{id:?} is no id; it looks like {prefix}0123456789abcdef0"))
}
