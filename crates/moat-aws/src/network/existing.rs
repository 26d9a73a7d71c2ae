//! Reads a network that somebody else made: by its VPC's id, whatever the tags.

use super::NetworkCloud;
use super::endpoints::state;
use super::observe::{cidr, id, is_on, routes};
use crate::answer::Answer;
use crate::ec2::{filter, resource, tag};
use aws_sdk_ec2::types::{self as aws, VpcAttributeName, VpcCidrBlockStateCode, VpcEndpointType};
use futures_util::future::try_join;
use moat::cidr::Cidr;
use moat::error::Failure;
use moat::ids::{InternetGatewayId, SubnetId, VpcId};
use moat::network::existing::Existing;
use moat::network::existing::observed::{Beside, OtherEndpoint, OtherKind, Subnet, Table, Vpc};
use moat::spec::ExistingNetwork;
use moat::tags::{self, Owner};
use tokio::try_join;

impl NetworkCloud {
    /// `owner` is the network; what stands beside endpoints of its own is read where it has some.
    pub(super) async fn observe_existing(
        &self,
        owner: &Owner,
        spec: &ExistingNetwork,
        has_endpoints: bool,
    ) -> Result<Existing, Failure> {
        let home = &spec.vpc_id;
        let (mut found, beside) = try_join(self.inside(spec), self.beside(owner, home, has_endpoints)).await?;
        // Of a VPC that is not there nothing can be asked.
        found.beside = beside.filter(|_| found.vpc.is_some());
        Ok(found)
    }

    async fn inside(&self, spec: &ExistingNetwork) -> Result<Existing, Failure> {
        let home = &spec.vpc_id;
        let (vpc, mut subnets, tables, internet_gateways) = try_join!(
            self.vpc_of_others(home),
            self.subnets_by("vpc-id", vec![home.0.clone()]),
            self.tables_of_others(home),
            self.gateways_of_others(home),
        )?;
        subnets.retain(|subnet| subnet.vpc == *home);
        let named: Vec<&SubnetId> = spec.public_subnets.iter().chain(&spec.private_subnets).collect();
        let missing: Vec<String> = named
            .iter()
            .filter(|named| subnets.iter().all(|found| found.id != ***named))
            .map(|named| named.0.clone())
            .collect();
        if !missing.is_empty() {
            // By filter: asked by id, AWS answers one that is not there with an error that names no other.
            let elsewhere = self.subnets_by("subnet-id", missing).await?;
            subnets.extend(elsewhere.into_iter().filter(|found| named.contains(&&found.id)));
        }
        Ok(Existing { vpc, subnets, tables, internet_gateways, beside: None })
    }

    async fn vpc_of_others(&self, home: &VpcId) -> Result<Option<Vpc>, Failure> {
        let doing = format!("describe VPC {home}");
        let found =
            self.ec2.describe_vpcs().filters(filter("vpc-id", [home.0.clone()])).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let vpc = found.iter().find(|vpc| vpc.vpc_id() == Some(home.as_str()));
        let read = |vpc: &aws::Vpc| {
            let cidr = cidr(vpc.cidr_block(), &doing)?;
            let owner = vpc.owner_id().map(str::to_owned);
            Ok(Vpc { id: home.clone(), owner, cidr, ranges: ranges(vpc, cidr, &doing)? })
        };
        vpc.map(read).transpose()
    }

    async fn beside(&self, owner: &Owner, home: &VpcId, has_endpoints: bool) -> Result<Option<Beside>, Failure> {
        if !has_endpoints {
            return Ok(None);
        }
        let attribute = async |name: VpcAttributeName| {
            let doing = format!("describe {name} of {home}");
            let answer = self.ec2.describe_vpc_attribute().vpc_id(home.as_str()).attribute(name).send().await;
            // A VPC that is not there is told as such.
            answer.find(&doing)
        };
        let (support, hostnames, endpoints) = try_join!(
            attribute(VpcAttributeName::EnableDnsSupport),
            attribute(VpcAttributeName::EnableDnsHostnames),
            self.endpoints_of_others(owner, home),
        )?;
        Ok(Some(Beside {
            dns_support: is_on(support.as_ref().and_then(|support| support.enable_dns_support())),
            dns_hostnames: is_on(hostnames.as_ref().and_then(|names| names.enable_dns_hostnames())),
            endpoints,
        }))
    }

    async fn endpoints_of_others(&self, owner: &Owner, home: &VpcId) -> Result<Vec<OtherEndpoint>, Failure> {
        let doing = format!("describe VPC endpoints of {home}");
        let inside = filter("vpc-id", [home.0.clone()]);
        let found = self.ec2.describe_vpc_endpoints().filters(inside).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let others = found.iter().filter(|endpoint| resource(owner, endpoint.tags()).is_none());
        let others = others.filter(|endpoint| endpoint.vpc_id() == Some(home.as_str()));
        others.filter(|endpoint| state(endpoint, None).is_live()).filter_map(|found| other(found, &doing)).collect()
    }

    async fn subnets_by(&self, name: &str, ids: Vec<String>) -> Result<Vec<Subnet>, Failure> {
        let doing = format!("describe subnets of {}", ids.join(", "));
        let found = self.ec2.describe_subnets().filters(filter(name, ids)).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        found.iter().map(|found| subnet(found, &doing)).collect()
    }

    async fn tables_of_others(&self, home: &VpcId) -> Result<Vec<Table>, Failure> {
        let doing = format!("describe route tables of {home}");
        let inside = filter("vpc-id", [home.0.clone()]);
        let found = self.ec2.describe_route_tables().filters(inside).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let tables = found.iter().filter(|table| table.vpc_id() == Some(home.as_str()));
        tables.map(|found| table(found, &doing)).collect()
    }

    async fn gateways_of_others(&self, home: &VpcId) -> Result<Vec<InternetGatewayId>, Failure> {
        let doing = format!("describe internet gateways of {home}");
        let attached = filter("attachment.vpc-id", [home.0.clone()]);
        let found = self.ec2.describe_internet_gateways().filters(attached).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let is_attached = |gateway: &&aws::InternetGateway| {
            gateway.attachments().iter().any(|attachment| attachment.vpc_id() == Some(home.as_str()))
        };
        found.iter().filter(is_attached).map(|gateway| Ok(id(gateway.internet_gateway_id(), &doing)?.into())).collect()
    }
}

/// All IPv4 ranges that are associated, the first one first.
fn ranges(vpc: &aws::Vpc, first: Cidr, doing: &str) -> Result<Vec<Cidr>, Failure> {
    let is_associated = |state: Option<&aws::VpcCidrBlockState>| {
        state.and_then(|state| state.state()).is_none_or(|code| *code == VpcCidrBlockStateCode::Associated)
    };
    let all = vpc.cidr_block_association_set().iter().filter(|one| is_associated(one.cidr_block_state()));
    let mut ranges = vec![first];
    for one in all {
        let range = cidr(one.cidr_block(), doing)?;
        if !ranges.contains(&range) {
            ranges.push(range);
        }
    }
    Ok(ranges)
}

/// An endpoint of another kind, such as one of a Gateway Load Balancer, answers for no service of AWS.
fn other(found: &aws::VpcEndpoint, doing: &str) -> Option<Result<OtherEndpoint, Failure>> {
    let kind = match found.vpc_endpoint_type() {
        Some(VpcEndpointType::Gateway) => {
            OtherKind::Gateway(found.route_table_ids().iter().map(|table| table.as_str().into()).collect())
        }
        Some(VpcEndpointType::Interface) => {
            OtherKind::Interface { private_dns: found.private_dns_enabled().unwrap_or(false) }
        }
        _ => return None,
    };
    let service = found.service_name().unwrap_or_default().to_owned();
    Some(id(found.vpc_endpoint_id(), doing).map(|id| OtherEndpoint { id: id.into(), service, kind }))
}

fn subnet(found: &aws::Subnet, doing: &str) -> Result<Subnet, Failure> {
    let name = tag(found.tags(), tags::NAME);
    // A subnet for IPv6 alone has no IPv4 range.
    let range = found.cidr_block().filter(|range| !range.is_empty());
    Ok(Subnet {
        id: id(found.subnet_id(), doing)?.into(),
        name: name.filter(|name| !name.is_empty()).map(str::to_owned),
        vpc: id(found.vpc_id(), doing)?.into(),
        cidr: range.map(|range| cidr(Some(range), doing)).transpose()?,
        zone: id(found.availability_zone(), doing)?.to_owned(),
        gives_public_ips: found.map_public_ip_on_launch().unwrap_or(false),
    })
}

fn table(found: &aws::RouteTable, doing: &str) -> Result<Table, Failure> {
    let associations = found.associations();
    Ok(Table {
        id: id(found.route_table_id(), doing)?.into(),
        is_main: associations.iter().any(|association| association.main().unwrap_or(false)),
        subnets: associations.iter().filter_map(|association| association.subnet_id()).map(SubnetId::from).collect(),
        routes: routes(found),
    })
}
