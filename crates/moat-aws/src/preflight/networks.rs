//! The networks of the account, and the zones that a new one can be in.

use super::Preflight;
use super::used::{Used, count};
use crate::answer::Answer;
use crate::ec2::filter;
use aws_sdk_ec2::types as aws;
use moat::cidr::Cidr;
use moat::preflight::{Asked, Fact, Quota, Taken, Zone};
use std::collections::BTreeSet;

impl Preflight {
    /// The same zones that a network's look sees, with those that have no Fargate.
    pub(super) async fn zones(&self) -> Fact<Vec<Zone>> {
        let answer = self.ec2.describe_availability_zones().filters(filter("state", ["available".into()])).send().await;
        let answer = answer.fact()?;
        let is_usual = |zone: &&aws::AvailabilityZone| zone.zone_type().is_none_or(|kind| kind == "availability-zone");
        let zones = answer.availability_zones().iter().filter(is_usual).filter_map(|zone| {
            Some(Zone { name: zone.zone_name()?.to_owned(), id: zone.zone_id().unwrap_or_default().to_owned() })
        });
        let mut zones: Vec<Zone> = zones.collect();
        zones.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(zones)
    }

    /// What is used, and the ranges that are taken: the VPCs are listed once for both.
    pub(super) async fn networks(&self, asked: &Asked, wanted: &BTreeSet<Quota>) -> (Used, Option<Fact<Vec<Taken>>>) {
        if !wanted.contains(&Quota::Vpcs) {
            return (self.used(asked, wanted).await, None);
        }
        let (mut used, vpcs, peers) = tokio::join!(self.used(asked, wanted), self.vpcs(), self.peers());
        let number = vpcs.as_ref().map_err(Clone::clone).map(|vpcs| count(&self.region, vpcs.len()));
        used.insert(Quota::Vpcs, number);
        let taken = vpcs.and_then(|vpcs| Ok(taken(&vpcs, &peers?)));
        (used, Some(taken))
    }

    async fn vpcs(&self) -> Fact<Vec<aws::Vpc>> {
        let found = self.ec2.describe_vpcs().max_results(1000).into_paginator().items().send();
        found.collect::<Result<Vec<_>, _>>().await.fact()
    }

    async fn peers(&self) -> Fact<Vec<aws::VpcPeeringConnection>> {
        let connected = filter("status-code", ["active", "pending-acceptance", "provisioning"].map(str::to_owned));
        let call = self.ec2.describe_vpc_peering_connections().filters(connected);
        call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.fact()
    }
}

/// The ranges of all VPCs, and of what they are peered with elsewhere. IPv6 ranges are AWS's own and never overlap.
fn taken(vpcs: &[aws::Vpc], peers: &[aws::VpcPeeringConnection]) -> Vec<Taken> {
    let own: BTreeSet<&str> = vpcs.iter().filter_map(|vpc| vpc.vpc_id()).collect();
    let of_vpc = |vpc: &aws::Vpc| {
        let others = vpc.cidr_block_association_set().iter().filter_map(|range| range.cidr_block());
        let ranges: BTreeSet<String> = vpc.cidr_block().into_iter().chain(others).map(str::to_owned).collect();
        (vpc.vpc_id().unwrap_or_default().to_owned(), ranges)
    };
    let of_side = |side: &aws::VpcPeeringConnectionVpcInfo, to: &aws::VpcPeeringConnectionVpcInfo| {
        let id = side.vpc_id().filter(|id| !own.contains(id))?;
        let others = side.cidr_block_set().iter().filter_map(|range| range.cidr_block());
        let ranges: BTreeSet<String> = side.cidr_block().into_iter().chain(others).map(str::to_owned).collect();
        Some((format!("{id}, a peer of {}", to.vpc_id().unwrap_or("ours")), ranges))
    };
    let sides = peers.iter().filter_map(|peer| Some((peer.requester_vpc_info()?, peer.accepter_vpc_info()?)));
    let sides = sides.flat_map(|(one, other)| [of_side(one, other), of_side(other, one)]).flatten();
    let named = vpcs.iter().map(of_vpc).chain(sides);
    named
        .flat_map(|(by, ranges)| {
            let ranges: Vec<Cidr> = ranges.iter().filter_map(|range| Cidr::new(range).ok()).collect();
            ranges.into_iter().map(move |range| Taken { range, by: by.clone() })
        })
        .collect()
}
