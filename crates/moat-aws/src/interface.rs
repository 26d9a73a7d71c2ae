//! Network interfaces, which keep subnets, groups and gateways from being deleted, and which tasks have.

use crate::answer::{Answer, present};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{self as aws, Filter};
use moat::error::Failure;
use moat::teardown::Interface;
use std::collections::BTreeMap;

/// All that every filter lets through.
pub(crate) async fn interfaces(
    ec2: &Client,
    by: impl IntoIterator<Item = Filter>,
    doing: &str,
) -> Result<Vec<Interface>, Failure> {
    let filters = Some(by.into_iter().collect());
    let found = ec2.describe_network_interfaces().set_filters(filters).into_paginator().items().send();
    let found = found.collect::<Result<Vec<_>, _>>().await.read(doing)?;
    found.iter().map(|found| interface(found, doing)).collect()
}

fn interface(found: &aws::NetworkInterface, doing: &str) -> Result<Interface, Failure> {
    Ok(Interface {
        id: present(found.network_interface_id(), doing, "id")?.into(),
        vpc: present(found.vpc_id(), doing, "VPC")?.into(),
        subnet: present(found.subnet_id(), doing, "subnet")?.into(),
        groups: found.groups().iter().filter_map(|group| group.group_id()).map(Into::into).collect(),
        kind: found.interface_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        description: found.description().unwrap_or_default().to_owned(),
        requester: found.requester_id().map(str::to_owned),
        instance: found.attachment().and_then(|attached| attached.instance_id()).map(str::to_owned),
        public_ip: found.association().and_then(|association| association.public_ip()).map(str::to_owned),
        tags: tags(found.tag_set()),
    })
}

pub(crate) fn tags(tags: &[aws::Tag]) -> BTreeMap<String, String> {
    let pair = |tag: &aws::Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    tags.iter().filter_map(pair).collect()
}
