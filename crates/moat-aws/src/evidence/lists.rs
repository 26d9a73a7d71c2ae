//! Prefix lists, where a route or a rule names one: those of AWS's services in one call, those of people one by one.

use super::Reader;
use crate::answer::{Answer, present};
use crate::ec2::filter;
use futures_util::future::try_join_all;
use moat::error::{Failure, Kind};
use moat::proof::facts::{Destination, Group, PrefixList, RouteTable};
use moat::proof::ranges::Range;
use moat::rule::Peer;
use std::collections::BTreeSet;

impl Reader {
    pub(super) async fn lists(&self, ids: BTreeSet<String>) -> Result<Vec<PrefixList>, Failure> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let of_services = self.lists_of_services(&ids).await?;
        let others = ids.iter().filter(|id| of_services.iter().all(|list| list.id.as_str() != *id));
        let others = try_join_all(others.map(|id| self.list(id))).await?;
        Ok(of_services.into_iter().chain(others.into_iter().flatten()).collect())
    }

    /// S3 and DynamoDB ("DescribePrefixLists", EC2 API).
    async fn lists_of_services(&self, ids: &BTreeSet<String>) -> Result<Vec<PrefixList>, Failure> {
        let doing = "describe prefix lists";
        let by_id = filter("prefix-list-id", ids.iter().cloned());
        let found = self.ec2.describe_prefix_lists().filters(by_id).into_paginator().items().send();
        let found = super::or_unread(found.collect::<Result<Vec<_>, _>>().await.read(doing))?;
        let named = found.iter().filter(|list| list.prefix_list_id().is_some_and(|id| ids.contains(id)));
        let lists = named.map(|found| {
            Ok(PrefixList {
                id: present(found.prefix_list_id(), doing, "id")?.into(),
                name: found.prefix_list_name().unwrap_or_default().to_owned(),
                ranges: found.cidrs().iter().filter_map(|text| Range::new(text).ok()).collect(),
            })
        });
        lists.collect()
    }

    async fn list(&self, id: &str) -> Result<Option<PrefixList>, Failure> {
        let doing = format!("read the entries of prefix list {id}");
        let found = self.ec2.get_managed_prefix_list_entries().prefix_list_id(id).into_paginator().items().send();
        // Of another account, or gone: the proof says that it was not read.
        let found = match found.collect::<Result<Vec<_>, _>>().await.find(&doing) {
            Err(failure) if failure.kind == Kind::Denied => return Ok(None),
            found => found?,
        };
        let ranges = |found: Vec<aws_sdk_ec2::types::PrefixListEntry>| {
            found.iter().filter_map(|entry| Range::new(entry.cidr()?).ok()).collect()
        };
        Ok(found.map(|found| PrefixList { id: id.into(), name: id.to_owned(), ranges: ranges(found) }))
    }
}

/// The lists that routes and rules name.
pub(super) fn named(tables: &[RouteTable], groups: &[Group]) -> BTreeSet<String> {
    let routes = tables.iter().flat_map(|table| &table.routes).filter_map(|route| match &route.destination {
        Destination::List(id) => Some(id.0.clone()),
        Destination::Range(_) => None,
    });
    let rules = groups.iter().flat_map(|group| &group.rules).filter_map(|rule| match &rule.peer {
        Peer::PrefixList(id) => Some(id.clone()),
        Peer::Cidr(_) | Peer::Ipv6(_) | Peer::Group(_) => None,
    });
    routes.chain(rules).collect()
}
