//! The subnets of a VPC.

use super::Reader;
use crate::answer::{Answer, present};
use crate::ec2::{filter, tag};
use aws_sdk_ec2::types as aws;
use moat::error::Failure;
use moat::proof::facts::Subnet;
use moat::proof::ranges::Range;
use moat::tags;

impl Reader {
    pub(super) async fn subnets(&self, vpc: &str) -> Result<Vec<Subnet>, Failure> {
        let doing = format!("describe subnets of {vpc}");
        let inside = filter("vpc-id", [vpc.to_owned()]);
        let found = self.ec2.describe_subnets().filters(inside).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let inside = found.iter().filter(|subnet| subnet.vpc_id() == Some(vpc));
        inside.map(|found| subnet(found, &doing)).collect()
    }
}

fn subnet(found: &aws::Subnet, doing: &str) -> Result<Subnet, Failure> {
    let id = present(found.subnet_id(), doing, "id")?;
    let ipv6 = found.ipv6_cidr_block_association_set().iter().filter_map(|one| one.ipv6_cidr_block());
    let ranges = found.cidr_block().into_iter().chain(ipv6).filter_map(|text| Range::new(text).ok());
    Ok(Subnet {
        id: id.into(),
        name: name(found.tags()).unwrap_or(id).to_owned(),
        zone: found.availability_zone().unwrap_or_default().to_owned(),
        ranges: ranges.collect(),
        gives_public_ips: found.map_public_ip_on_launch().unwrap_or(false),
    })
}

/// The logical name, where moat made it, or what people call it.
fn name(tags: &[aws::Tag]) -> Option<&str> {
    let value = |key| tag(tags, key);
    let logical = value(tags::RESOURCE).map(|name| name.strip_prefix("subnet ").unwrap_or(name));
    logical.or_else(|| value("Name")).filter(|name| !name.is_empty())
}
