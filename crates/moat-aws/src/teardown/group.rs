//! Security groups on their way out: ours, the rules of others that name them, and what is done to them.

use crate::answer::{Answer, present};
use crate::ec2::{filter, owned_by, permission, resource, rules, tag};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, SecurityGroup};
use moat::error::Failure;
use moat::ids::SecurityGroupId;
use moat::name::{Logical, Name};
use moat::rule::{Direction, Peer, Rule};
use moat::stage::Done;
use moat::tags::{self, Owner};
use moat::teardown::{Group, GroupStep, Reference};

/// As many values as a filter takes ("Filter", Amazon EC2 API).
const VALUES: usize = 200;

/// All that carries the owner's tags.
pub(super) async fn groups(ec2: &Client, owner: &Owner) -> Result<Vec<Group>, Failure> {
    let doing = format!("describe security groups of {owner}");
    let found = described(ec2, owned_by(owner), &doing).await?;
    let ours = found.iter().filter_map(|group| Some((group, resource(owner, group.tags())?)));
    ours.map(|(found, resource)| {
        let vpc = present(found.vpc_id(), &doing, "VPC")?.into();
        Ok(Group { id: present(found.group_id(), &doing, "id")?.into(), resource, vpc, rules: rules(found)? })
    })
    .collect()
}

/// Rules that name one of our groups, in groups that are not the owner's. EC2 finds them by the groups that they name,
/// a filter for each direction.
pub(super) async fn references(ec2: &Client, owner: &Owner, ours: &[Group]) -> Result<Vec<Reference>, Failure> {
    let doing = format!("describe security groups that name those of {owner}");
    let ids: Vec<String> = ours.iter().map(|group| group.id.0.clone()).collect();
    let mut references: Vec<Reference> = Vec::new();
    for by in ["ip-permission.group-id", "egress.ip-permission.group-id"] {
        for ids in ids.chunks(VALUES) {
            let found = described(ec2, filter(by, ids.to_vec()), &doing).await?;
            for group in found.iter().filter(|group| resource(owner, group.tags()).is_none()) {
                references.extend(named(group, ours, &doing)?);
            }
        }
    }
    references.sort_by(|one, other| (&one.group, &one.rule).cmp(&(&other.group, &other.rule)));
    references.dedup();
    Ok(references)
}

fn named(found: &SecurityGroup, ours: &[Group], doing: &str) -> Result<Vec<Reference>, Failure> {
    let id: SecurityGroupId = present(found.group_id(), doing, "id")?.into();
    let name = found.group_name().unwrap_or_default();
    let tag = |key| tag(found.tags(), key);
    let of = tag(tags::SERVICE).and_then(|service| Name::new(service).ok());
    let of = of.map(|service| (service, Logical::from(tag(tags::RESOURCE).unwrap_or_default())));
    let is_ours = |peer: &Peer| ours.iter().any(|group| *peer == Peer::Group(group.id.clone()));
    let naming = rules(found)?.into_iter().filter(|rule| is_ours(&rule.peer));
    Ok(naming.map(|rule| Reference { group: id.clone(), name: name.to_owned(), of: of.clone(), rule }).collect())
}

pub(super) async fn described(ec2: &Client, by: Filter, doing: &str) -> Result<Vec<SecurityGroup>, Failure> {
    let found = ec2.describe_security_groups().filters(by).into_paginator().items().send();
    found.collect::<Result<Vec<_>, _>>().await.read(doing)
}

pub(super) async fn apply(ec2: &Client, step: &GroupStep) -> Result<Done, Failure> {
    match step {
        GroupStep::Untangle { id, rules, .. } => untangle(ec2, id, rules, step).await?,
        GroupStep::Delete { id, .. } => {
            ec2.delete_security_group().group_id(id.as_str()).send().await.remove(step)?;
        }
    }
    Ok(Done::Changed)
}

/// One call for each rule: AWS takes none of a call's rules away when one of them is not there.
pub(super) async fn untangle(
    ec2: &Client,
    id: &SecurityGroupId,
    rules: &[Rule],
    step: &impl std::fmt::Display,
) -> Result<(), Failure> {
    for rule in rules {
        let permission = permission(rule);
        match rule.direction {
            Direction::Ingress => {
                let call = ec2.revoke_security_group_ingress().group_id(id.as_str()).ip_permissions(permission);
                call.send().await.remove(step)?;
            }
            Direction::Egress => {
                let call = ec2.revoke_security_group_egress().group_id(id.as_str()).ip_permissions(permission);
                call.send().await.remove(step)?;
            }
        }
    }
    Ok(())
}
