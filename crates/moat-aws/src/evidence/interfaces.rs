//! The network interfaces of a service's tasks.

use super::Reader;
use crate::ec2::filter;
use crate::interface;
use moat::error::Failure;
use moat::ids::{SecurityGroupId, VpcId};
use moat::proof::facts::Interface;

impl Reader {
    /// Those in the tasks' groups that may be of this service.
    pub(super) async fn interfaces(
        &self,
        vpc: &VpcId,
        groups: &[SecurityGroupId],
        service: &str,
    ) -> Result<Vec<Interface>, Failure> {
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let doing = format!("describe network interfaces of {vpc}");
        let inside = filter("vpc-id", [vpc.0.clone()]);
        let within = filter("group-id", groups.iter().map(|id| id.0.clone()));
        let found = interface::interfaces(&self.ec2, [inside, within], &doing).await?;
        let is_one = |found: &moat::teardown::Interface| {
            found.vpc == *vpc && found.groups.iter().any(|id| groups.contains(id)) && found.may_be_of(service)
        };
        let interfaces = found.into_iter().filter(is_one).map(|found| Interface {
            id: found.id,
            subnet: found.subnet,
            groups: found.groups.into_iter().collect(),
            public_ip: found.public_ip,
        });
        Ok(interfaces.collect())
    }
}
