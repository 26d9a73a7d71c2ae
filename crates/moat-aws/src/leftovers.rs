//! What carries moat's tags and costs money, whoever it belongs to: found by the tags alone, in all networks at once.

use crate::answer::Answer;
use crate::ec2::filter;
use aws_config::SdkConfig;
use aws_sdk_ec2::types::Tag;
use aws_sdk_ecs::types::Service;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use moat::drift::Tagged;
use moat::drift::leftover::Kind;
use moat::error::Failure;
use moat::tags::{self, Owner};
use std::collections::{BTreeMap, BTreeSet};
use tokio::try_join;

/// As many as DescribeServices takes ("DescribeServices", Amazon ECS API).
const SERVICES: usize = 10;

/// EC2, ECS and the Resource Groups Tagging API, as the search for leftovers uses them.
#[derive(Debug, Clone)]
pub struct Leftovers {
    ec2: aws_sdk_ec2::Client,
    ecs: aws_sdk_ecs::Client,
    tagging: aws_sdk_resourcegroupstagging::Client,
}

impl Leftovers {
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            ec2: aws_sdk_ec2::Client::new(config),
            ecs: aws_sdk_ecs::Client::new(config),
            tagging: aws_sdk_resourcegroupstagging::Client::new(config),
        }
    }

    /// Everything with moat's tags that costs money by being there, and VPCs, since there are few to have. Whether a service
    /// is still there is asked where its owner is not `recorded`: the others have just been looked at.
    ///
    /// # Errors
    /// As AWS answers: what could not be read is not nothing.
    pub async fn tagged(&self, recorded: &BTreeSet<Owner>) -> Result<Vec<Tagged>, Failure> {
        let (vpcs, nat_gateways, addresses, endpoints, others) =
            try_join!(self.vpcs(), self.nat_gateways(), self.addresses(), self.endpoints(), self.others(recorded),)?;
        Ok([vpcs, nat_gateways, addresses, endpoints, others].concat())
    }

    async fn vpcs(&self) -> Result<Vec<Tagged>, Failure> {
        let call = self.ec2.describe_vpcs().filters(ours()).into_paginator().items().send();
        let found = call.collect::<Result<Vec<_>, _>>().await.read("describe VPCs with moat's tags")?;
        Ok(found.iter().filter_map(|it| of(Kind::Vpc, it.vpc_id()?, it.tags())).collect())
    }

    /// AWS shows a deleted NAT gateway for about an hour ("Delete a NAT gateway", Amazon VPC User Guide).
    async fn nat_gateways(&self) -> Result<Vec<Tagged>, Failure> {
        let there = ["pending", "available", "failed"].map(str::to_owned);
        let call = self.ec2.describe_nat_gateways().filter(ours()).filter(filter("state", there));
        let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let found = found.read("describe NAT gateways with moat's tags")?;
        Ok(found.iter().filter_map(|it| of(Kind::NatGateway, it.nat_gateway_id()?, it.tags())).collect())
    }

    async fn addresses(&self) -> Result<Vec<Tagged>, Failure> {
        let found = self.ec2.describe_addresses().filters(ours()).send().await;
        let found = found.read("describe addresses with moat's tags")?;
        Ok(found.addresses().iter().filter_map(|it| of(Kind::ElasticIp, it.allocation_id()?, it.tags())).collect())
    }

    async fn endpoints(&self) -> Result<Vec<Tagged>, Failure> {
        let there = ["pending", "pendingAcceptance", "available", "failed"].map(str::to_owned);
        let kind = filter("vpc-endpoint-type", ["Interface".to_owned()]);
        let call = self.ec2.describe_vpc_endpoints().filters(ours()).filters(kind);
        let call = call.filters(filter("vpc-endpoint-state", there)).into_paginator().items().send();
        let found = call.collect::<Result<Vec<_>, _>>().await.read("describe VPC endpoints with moat's tags")?;
        Ok(found.iter().filter_map(|it| of(Kind::InterfaceEndpoint, it.vpc_endpoint_id()?, it.tags())).collect())
    }

    /// Load balancers and services. What was deleted a while ago is still listed there, so services are looked at.
    async fn others(&self, recorded: &BTreeSet<Owner>) -> Result<Vec<Tagged>, Failure> {
        let kinds = ["elasticloadbalancing:loadbalancer", "ecs:service"].map(str::to_owned);
        let call = self.tagging.get_resources().tag_filters(TagFilter::builder().key(tags::RESOURCE).build());
        let pages = call.set_resource_type_filters(Some(kinds.to_vec())).into_paginator().send();
        let pages =
            pages.collect::<Result<Vec<_>, _>>().await.read("list load balancers and services with moat's tags")?;
        let found = pages.iter().flat_map(|page| page.resource_tag_mapping_list());
        let pair = |tag: &aws_sdk_resourcegroupstagging::types::Tag| (tag.key().to_owned(), tag.value().to_owned());
        let mut all: Vec<Tagged> =
            found.filter_map(|it| Tagged::read(it.resource_arn()?, &it.tags().iter().map(pair).collect())).collect();
        let strangers = all.iter().filter(|it| it.kind == Kind::Service && !recorded.contains(&it.owner));
        let gone = self.gone(strangers.map(|it| it.id.clone()).collect()).await?;
        all.retain(|it| !gone.contains(&it.id));
        Ok(all)
    }

    /// Those of these services that are not there any more.
    async fn gone(&self, arns: Vec<String>) -> Result<Vec<String>, Failure> {
        let mut by_cluster: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for arn in arns {
            let cluster = arn.rsplit('/').nth(1).unwrap_or_default().to_owned();
            by_cluster.entry(cluster).or_default().push(arn);
        }
        let mut gone = Vec::new();
        for (cluster, arns) in by_cluster {
            for some in arns.chunks(SERVICES) {
                let call = self.ecs.describe_services().cluster(&cluster).set_services(Some(some.to_vec()));
                let answer = call.send().await.find(format!("describe the services of cluster {cluster}"))?;
                let is_there = |found: &&Service| matches!(found.status(), Some("ACTIVE" | "DRAINING"));
                let there: Vec<&str> = answer
                    .iter()
                    .flat_map(|it| it.services())
                    .filter(is_there)
                    .filter_map(Service::service_arn)
                    .collect();
                gone.extend(some.iter().filter(|arn| !there.contains(&arn.as_str())).cloned());
            }
        }
        Ok(gone)
    }
}

fn ours() -> aws_sdk_ec2::types::Filter {
    filter("tag-key", [tags::RESOURCE.to_owned()])
}

fn of(kind: Kind, id: &str, tags: &[Tag]) -> Option<Tagged> {
    let pair = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    Tagged::of(kind, id, &tags.iter().filter_map(pair).collect())
}
