//! VPC endpoints.

use super::Reader;
use crate::answer::{Answer, present};
use crate::ec2::filter;
use aws_sdk_ec2::types::{self as aws, VpcEndpointType};
use moat::error::Failure;
use moat::ids::VpcEndpointId;
use moat::proof::facts::{Endpoint, EndpointKind, EndpointState};
use moat::proof::policies;

impl Reader {
    pub(super) async fn endpoints(&self, vpc: &str) -> Result<Vec<Endpoint>, Failure> {
        let doing = format!("describe VPC endpoints of {vpc}");
        let inside = filter("vpc-id", [vpc.to_owned()]);
        let found = self.ec2.describe_vpc_endpoints().filters(inside).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let inside = found.iter().filter(|endpoint| endpoint.vpc_id() == Some(vpc));
        inside.map(|found| endpoint(found, &doing)).collect()
    }
}

fn endpoint(found: &aws::VpcEndpoint, doing: &str) -> Result<Endpoint, Failure> {
    Ok(Endpoint {
        id: present(found.vpc_endpoint_id(), doing, "id")?.into(),
        service: found.service_name().unwrap_or_default().to_owned(),
        state: state(found.state().map_or("", |state| state.as_str())),
        kind: kind(found),
        policy: policies::read(found.policy_document()),
    })
}

/// EC2 answers `available`, where its own model says `Available`.
fn state(text: &str) -> EndpointState {
    match text {
        _ if text.eq_ignore_ascii_case("available") => EndpointState::Available,
        _ if text.eq_ignore_ascii_case("pending") => EndpointState::Pending,
        other => EndpointState::Other(other.to_owned()),
    }
}

fn kind(found: &aws::VpcEndpoint) -> EndpointKind {
    match found.vpc_endpoint_type() {
        Some(VpcEndpointType::Gateway) => {
            EndpointKind::Gateway { tables: found.route_table_ids().iter().map(|id| id.as_str().into()).collect() }
        }
        Some(VpcEndpointType::Interface) => EndpointKind::Interface {
            subnets: found.subnet_ids().iter().map(|id| id.as_str().into()).collect(),
            groups: found.groups().iter().filter_map(|group| group.group_id()).map(Into::into).collect(),
            private_dns: found.private_dns_enabled().unwrap_or(false),
        },
        _ => EndpointKind::Other,
    }
}

pub(super) fn gateways(endpoints: &[Endpoint]) -> Vec<VpcEndpointId> {
    let gateways = endpoints.iter().filter(|endpoint| matches!(endpoint.kind, EndpointKind::Gateway { .. }));
    gateways.map(|endpoint| endpoint.id.clone()).collect()
}
