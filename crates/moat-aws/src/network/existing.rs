//! Reads a network that somebody else made: by its VPC's id, whatever the tags.

use super::NetworkCloud;
use super::observe::{cidr, id, routes};
use crate::answer::Answer;
use crate::ec2::filter;
use aws_sdk_ec2::types as aws;
use moat::error::Failure;
use moat::ids::{InternetGatewayId, SubnetId, VpcId};
use moat::network::existing::Existing;
use moat::network::existing::observed::{Subnet, Table, Vpc};
use moat::spec::ExistingNetwork;
use tokio::try_join;

impl NetworkCloud {
    pub(super) async fn observe_existing(&self, spec: &ExistingNetwork) -> Result<Existing, Failure> {
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
        Ok(Existing { vpc, subnets, tables, internet_gateways })
    }

    async fn vpc_of_others(&self, home: &VpcId) -> Result<Option<Vpc>, Failure> {
        let doing = format!("describe VPC {home}");
        let found =
            self.ec2.describe_vpcs().filters(filter("vpc-id", [home.0.clone()])).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let vpc = found.iter().find(|vpc| vpc.vpc_id() == Some(home.as_str()));
        vpc.map(|vpc| Ok(Vpc { id: home.clone(), cidr: cidr(vpc.cidr_block(), &doing)? })).transpose()
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

fn subnet(found: &aws::Subnet, doing: &str) -> Result<Subnet, Failure> {
    let name = found.tags().iter().find(|tag| tag.key() == Some("Name")).and_then(|tag| tag.value());
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
