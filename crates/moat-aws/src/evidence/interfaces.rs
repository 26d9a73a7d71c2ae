//! The network interfaces of a service's tasks.

use super::Reader;
use crate::ec2::filter;
use crate::interface;
use moat::error::Failure;
use moat::ids::{SecurityGroupId, VpcId};
use moat::proof::facts::Interface;
use moat::teardown::Interface as Found;

impl Reader {
    /// Those in the groups of the tasks of one or several services.
    pub(super) async fn interfaces(&self, vpc: &VpcId, groups: &[SecurityGroupId]) -> Result<Vec<Found>, Failure> {
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let doing = format!("describe network interfaces of {vpc}");
        let inside = filter("vpc-id", [vpc.0.clone()]);
        let within = filter("group-id", groups.iter().map(|id| id.0.clone()));
        let found = interface::interfaces(&self.ec2, [inside, within], &doing).await?;
        Ok(found.into_iter().filter(|found| found.vpc == *vpc).collect())
    }
}

/// Those in these groups that may be of this service.
pub(super) fn of(found: &[Found], groups: &[SecurityGroupId], service: &str) -> Vec<Interface> {
    let is_one = |found: &&Found| found.groups.iter().any(|id| groups.contains(id)) && found.may_be_of(service);
    let interfaces = found.iter().filter(is_one).cloned().map(|found| Interface {
        id: found.id,
        subnet: found.subnet,
        groups: found.groups.into_iter().collect(),
        public_ip: found.public_ip,
    });
    interfaces.collect()
}
