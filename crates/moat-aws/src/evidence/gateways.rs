//! Internet gateways and NAT gateways.

use super::Reader;
use crate::answer::{Answer, present};
use crate::ec2::filter;
use crate::network::nat_state;
use aws_sdk_ec2::types::{self as aws, AvailabilityMode, ConnectivityType};
use moat::error::Failure;
use moat::proof::facts::{InternetGateway, NatGateway, NatPlace};

impl Reader {
    pub(super) async fn internet_gateways(&self, vpc: &str) -> Result<Vec<InternetGateway>, Failure> {
        let doing = format!("describe internet gateways of {vpc}");
        let attached = filter("attachment.vpc-id", [vpc.to_owned()]);
        let found = self.ec2.describe_internet_gateways().filters(attached).into_paginator().items().send();
        let found = super::or_unread(found.collect::<Result<Vec<_>, _>>().await.read(&doing))?;
        let is_attached = |gateway: &aws::InternetGateway| {
            gateway.attachments().iter().any(|attachment| attachment.vpc_id() == Some(vpc))
        };
        let gateways = found.iter().map(|found| {
            let id = present(found.internet_gateway_id(), &doing, "id")?.into();
            Ok(InternetGateway { id, is_attached: is_attached(found) })
        });
        gateways.collect()
    }

    pub(super) async fn nat_gateways(&self, vpc: &str) -> Result<Vec<NatGateway>, Failure> {
        let doing = format!("describe NAT gateways of {vpc}");
        let inside = filter("vpc-id", [vpc.to_owned()]);
        let found = self.ec2.describe_nat_gateways().filter(inside).into_paginator().items().send();
        let found = super::or_unread(found.collect::<Result<Vec<_>, _>>().await.read(&doing))?;
        let inside = found.iter().filter(|gateway| gateway.vpc_id() == Some(vpc));
        // One whose place AWS does not show is left out, and a route to it is then one that cannot be followed.
        Ok(inside.filter_map(nat_gateway).collect())
    }
}

/// A regional gateway stands in no subnet and has a route table of its own ("Regional NAT gateways", VPC guide).
fn nat_gateway(found: &aws::NatGateway) -> Option<NatGateway> {
    let place = match found.availability_mode() {
        Some(AvailabilityMode::Regional) => NatPlace::Regional(found.route_table_id()?.into()),
        _ => NatPlace::Subnet(found.subnet_id()?.into()),
    };
    Some(NatGateway {
        id: found.nat_gateway_id()?.into(),
        state: nat_state(found),
        is_public: found.connectivity_type() != Some(&ConnectivityType::Private),
        place,
    })
}
