//! Where tasks are, or would be: each combination of subnet, groups and public IP once.

use super::cause::{Cause, Thing};
use super::facts::{RouteTable, Subnet};
use super::lookup::Lookup;
use super::ranges::Ranges;
use crate::ids::{SecurityGroupId, SubnetId};
use std::collections::BTreeSet;

/// A task as the network sees it. It may have any address of its subnet.
#[derive(Clone)]
pub struct Host<'a> {
    pub subnet: &'a Subnet,
    pub table: &'a RouteTable,
    pub ipv4: Ranges,
    pub groups: &'a [SecurityGroupId],
    pub has_public_ip: bool,
}

/// The hosts, and what kept others from being looked at.
pub fn hosts<'a>(lookup: &Lookup<'a>) -> (Vec<Host<'a>>, Vec<Cause>) {
    let (mut hosts, mut unread) = (Vec::new(), Vec::new());
    for (id, groups, has_public_ip) in places(lookup) {
        match host(lookup, id, groups, has_public_ip) {
            Ok(host) => hosts.push(host),
            Err(thing) => unread.push(Cause::Unread(thing)),
        }
    }
    if hosts.is_empty() && unread.is_empty() {
        unread.push(Cause::NothingToProve);
    }
    (hosts, unread)
}

type Place<'a> = (&'a SubnetId, &'a [SecurityGroupId], bool);

fn places<'a>(lookup: &Lookup<'a>) -> BTreeSet<Place<'a>> {
    let service = &lookup.evidence.service;
    let would_be = service.subnets.iter().map(|id| (id, service.groups.as_slice(), service.assigns_public_ip));
    let are = lookup.evidence.interfaces.iter();
    would_be.chain(are.map(|one| (&one.subnet, one.groups.as_slice(), one.public_ip.is_some()))).collect()
}

fn host<'a>(
    lookup: &Lookup<'a>,
    id: &SubnetId,
    groups: &'a [SecurityGroupId],
    has_public_ip: bool,
) -> Result<Host<'a>, Thing> {
    let subnet = lookup.subnet(id).ok_or_else(|| Thing::Subnet(id.clone()))?;
    let table = lookup.table_of(id).ok_or_else(|| Thing::TableOf(id.clone()))?;
    let ipv4 = lookup.ipv4(subnet);
    if ipv4.is_empty() {
        return Err(Thing::Ipv4(id.clone()));
    }
    Ok(Host { subnet, table, ipv4, groups, has_public_ip })
}
