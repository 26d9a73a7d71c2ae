//! What the network and the ingress share of EC2's data: tags, filters, rules of security groups.

use aws_sdk_ec2::types::{
    Filter, IpPermission, IpRange, Ipv6Range, PrefixListId, ResourceType, SecurityGroup, Tag, TagSpecification,
    UserIdGroupPair,
};
use moat::cidr::Cidr;
use moat::error::{Failure, Kind};
use moat::name::Logical;
use moat::rule::{Direction, Peer, Rule};
use moat::tags::{self, Owner};
use std::collections::BTreeMap;

pub(crate) fn filter(name: &str, values: impl IntoIterator<Item = String>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().collect())).build()
}

/// Everything of this owner. A describe is always filtered.
pub(crate) fn owned_by(owner: &Owner) -> Filter {
    filter(&format!("tag:{}", owner.key()), [owner.name().to_string()])
}

/// The tags of a new resource, for the call that creates it.
pub(crate) fn tagged(kind: ResourceType, owner: &Owner, resource: &Logical) -> TagSpecification {
    let tags = owner.tags(resource).into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    TagSpecification::builder().resource_type(kind).set_tags(Some(tags.collect())).build()
}

/// The value of a tag.
pub(crate) fn tag<'a>(tags: &'a [Tag], key: &str) -> Option<&'a str> {
    tags.iter().find(|tag| tag.key() == Some(key)).and_then(|tag| tag.value())
}

/// The logical name of a resource if it is this owner's.
///
/// The filter of the describe said so already; the tags are looked at again, because what is not ours is never touched.
pub(crate) fn resource(owner: &Owner, tags: &[Tag]) -> Option<Logical> {
    let tags: BTreeMap<String, String> = tags
        .iter()
        .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
        .collect();
    owner.owns(&tags).then(|| Logical::new(tags.get(tags::RESOURCE).cloned().unwrap_or_default()))
}

/// All rules of a group, each with exactly one peer.
pub(crate) fn rules(group: &SecurityGroup) -> Result<Vec<Rule>, Failure> {
    let mut rules = Vec::new();
    let sides = [(Direction::Ingress, group.ip_permissions()), (Direction::Egress, group.ip_permissions_egress())];
    for (direction, permissions) in sides {
        for permission in permissions {
            rules.extend(split(direction, permission)?);
        }
    }
    rules.sort();
    rules.dedup();
    Ok(rules)
}

fn split(direction: Direction, permission: &IpPermission) -> Result<Vec<Rule>, Failure> {
    let cidrs = permission.ip_ranges().iter().filter_map(IpRange::cidr_ip).map(|text| {
        let unreadable = |why| Failure::new(Kind::Unexpected, format!("could not read a security group's rule: {why}"));
        Cidr::new(text).map(Peer::Cidr).map_err(unreadable)
    });
    let ipv6 = permission.ipv6_ranges().iter().filter_map(Ipv6Range::cidr_ipv6).map(|text| Ok(Peer::Ipv6(text.into())));
    let groups = permission.user_id_group_pairs().iter().filter_map(UserIdGroupPair::group_id);
    let groups = groups.map(|id| Ok(Peer::Group(id.into())));
    let lists = permission.prefix_list_ids().iter().filter_map(PrefixListId::prefix_list_id);
    let lists = lists.map(|id| Ok(Peer::PrefixList(id.into())));
    let protocol = permission.ip_protocol().unwrap_or("-1").to_owned();
    let ports = match protocol.as_str() {
        "-1" => None,
        _ => permission.from_port().zip(permission.to_port()),
    };
    let of = |peer: Result<Peer, Failure>| Ok(Rule { direction, protocol: protocol.clone(), ports, peer: peer? });
    cidrs.chain(ipv6).chain(groups).chain(lists).map(of).collect()
}

/// The rule as EC2 takes it.
pub(crate) fn permission(rule: &Rule) -> IpPermission {
    let permission = IpPermission::builder()
        .ip_protocol(&rule.protocol)
        .set_from_port(rule.ports.map(|ports| ports.0))
        .set_to_port(rule.ports.map(|ports| ports.1));
    match &rule.peer {
        Peer::Cidr(cidr) => permission.ip_ranges(IpRange::builder().cidr_ip(cidr.to_string()).build()),
        Peer::Ipv6(range) => permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(range).build()),
        Peer::Group(id) => permission.user_id_group_pairs(UserIdGroupPair::builder().group_id(id.as_str()).build()),
        Peer::PrefixList(id) => permission.prefix_list_ids(PrefixListId::builder().prefix_list_id(id).build()),
    }
    .build()
}
