//! Network ACLs.

use super::Reader;
use crate::answer::{Answer, present};
use crate::ec2::filter;
use aws_sdk_ec2::types::{self as aws, RuleAction};
use moat::error::Failure;
use moat::proof::facts::{Acl, Entry, Subnet};
use moat::proof::ranges::Range;
use moat::rule::Direction;

impl Reader {
    /// The ACLs as they are listed, with those that are the VPC's default one marked.
    pub(super) async fn acls(&self, vpc: &str) -> Result<Vec<(Acl, bool)>, Failure> {
        let doing = format!("describe network ACLs of {vpc}");
        let inside = filter("vpc-id", [vpc.to_owned()]);
        let found = self.ec2.describe_network_acls().filters(inside).into_paginator().items().send();
        let found = super::or_unread(found.collect::<Result<Vec<_>, _>>().await.read(&doing))?;
        let inside = found.iter().filter(|acl| acl.vpc_id() == Some(vpc));
        let acls = inside.map(|found| {
            let is_default = found.is_default().unwrap_or(false);
            let acl = Acl {
                id: present(found.network_acl_id(), &doing, "id")?.into(),
                subnets: found.associations().iter().filter_map(|one| one.subnet_id()).map(Into::into).collect(),
                entries: found.entries().iter().filter_map(entry).collect(),
            };
            Ok((acl, is_default))
        });
        acls.collect()
    }
}

/// A subnet that nobody associated with another ACL is under the default one ("Network ACL basics", VPC guide).
pub(super) fn in_force(acls: Vec<(Acl, bool)>, subnets: &[Subnet]) -> Vec<Acl> {
    let is_listed = |subnet: &&Subnet| acls.iter().any(|(acl, _)| acl.subnets.contains(&subnet.id));
    let others: Vec<_> = subnets.iter().filter(|subnet| !is_listed(subnet)).map(|subnet| subnet.id.clone()).collect();
    let acls = acls.into_iter().map(|(mut acl, is_default)| {
        acl.subnets.extend(others.iter().filter(|_| is_default).cloned());
        acl
    });
    acls.collect()
}

/// The last entry, which AWS writes `*`, has the number 32767 and denies the rest.
fn entry(found: &aws::NetworkAclEntry) -> Option<Entry> {
    let range = Range::new(found.cidr_block().or_else(|| found.ipv6_cidr_block())?).ok()?;
    let port = |port: Option<i32>| port.and_then(|port| u16::try_from(port).ok());
    let ports = found.port_range().and_then(|ports| port(ports.from()).zip(port(ports.to())));
    Some(Entry {
        number: u16::try_from(found.rule_number()?).ok()?,
        direction: if found.egress()? { Direction::Egress } else { Direction::Ingress },
        allows: found.rule_action() == Some(&RuleAction::Allow),
        protocol: found.protocol().unwrap_or("-1").to_owned(),
        range,
        ports,
    })
}
