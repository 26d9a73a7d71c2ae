//! Security groups: all of the VPC, since endpoints, load balancers and tasks name any of them.

use super::Reader;
use crate::answer::{Answer, present};
use crate::ec2::{filter, rules};
use moat::error::Failure;
use moat::ids::SecurityGroupId;
use moat::proof::facts::Group;

impl Reader {
    /// The groups, and which of them AWS gives to what names none.
    pub(super) async fn groups(&self, vpc: &str) -> Result<(Vec<Group>, Option<SecurityGroupId>), Failure> {
        let doing = format!("describe security groups of {vpc}");
        let inside = filter("vpc-id", [vpc.to_owned()]);
        let found = self.ec2.describe_security_groups().filters(inside).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let (mut groups, mut default) = (Vec::new(), None);
        for found in found.iter().filter(|group| group.vpc_id() == Some(vpc)) {
            let id: SecurityGroupId = present(found.group_id(), &doing, "id")?.into();
            if found.group_name() == Some("default") {
                default = Some(id.clone());
            }
            groups.push(Group { id, rules: rules(found)? });
        }
        Ok((groups, default))
    }
}
