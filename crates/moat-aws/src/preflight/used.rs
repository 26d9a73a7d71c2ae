//! What is used already, of what anything new counts against.

use super::Preflight;
use crate::answer::Answer;
use crate::ec2::filter;
use aws_sdk_ec2::types as aws;
use aws_sdk_elasticloadbalancingv2::types::LoadBalancerTypeEnum;
use futures_util::future::{FutureExt, join_all, try_join_all};
use moat::preflight::{Asked, Counts, Fact, Quota};
use std::collections::{BTreeMap, BTreeSet};

pub(super) type Used = BTreeMap<Quota, Fact<Counts>>;

/// So many in one place.
pub(super) fn count(place: &str, number: usize) -> Counts {
    [(place.to_owned(), u32::try_from(number).unwrap_or(u32::MAX))].into()
}

impl Preflight {
    /// All but VPCs, which are listed for their ranges anyway, and vCPUs, which only CloudWatch counts.
    pub(super) async fn used(&self, asked: &Asked, wanted: &BTreeSet<Quota>) -> Used {
        let of = |quota: Quota| {
            let counted = match quota {
                Quota::Vpcs | Quota::FargateVcpus => return None,
                Quota::InternetGateways => self.internet_gateways().boxed(),
                Quota::EgressOnlyInternetGateways => self.egress_only_internet_gateways().boxed(),
                Quota::Addresses => self.addresses().boxed(),
                Quota::NatGateways => self.nat_gateways().boxed(),
                Quota::GatewayEndpoints => self.gateway_endpoints().boxed(),
                Quota::InterfaceEndpoints => self.interface_endpoints(asked.vpc()).boxed(),
                Quota::SecurityGroups => self.security_groups().boxed(),
                Quota::ApplicationLoadBalancers => self.load_balancers(LoadBalancerTypeEnum::Application).boxed(),
                Quota::NetworkLoadBalancers => self.load_balancers(LoadBalancerTypeEnum::Network).boxed(),
                Quota::ListenerRules => self.listener_rules(asked.shared_load_balancer()?).boxed(),
            };
            Some(counted.map(move |counted| (quota, counted)))
        };
        join_all(wanted.iter().copied().filter_map(of)).await.into_iter().collect()
    }

    async fn internet_gateways(&self) -> Fact<Counts> {
        let found = self.ec2.describe_internet_gateways().max_results(1000).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.fact()?;
        Ok(count(&self.region, found.len()))
    }

    async fn egress_only_internet_gateways(&self) -> Fact<Counts> {
        let found = self.ec2.describe_egress_only_internet_gateways().max_results(255).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.fact()?;
        Ok(count(&self.region, found.len()))
    }

    async fn addresses(&self) -> Fact<Counts> {
        let found = self.ec2.describe_addresses().filters(filter("domain", ["vpc".into()])).send().await.fact()?;
        Ok(count(&self.region, found.addresses().len()))
    }

    /// By zone. One that is being deleted still counts ("NAT gateway quotas", Amazon VPC User Guide).
    async fn nat_gateways(&self) -> Fact<Counts> {
        let there = filter("state", ["pending", "available", "deleting"].map(str::to_owned));
        let found = self.ec2.describe_nat_gateways().filter(there).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.fact()?;
        let subnets: Vec<&str> = found.iter().filter_map(|gateway| gateway.subnet_id()).collect();
        let zones = self.zones_of(subnets.iter().map(|id| (*id).to_owned()).collect()).await?;
        let mut counts = Counts::new();
        for zone in subnets.iter().filter_map(|subnet| zones.get(*subnet)) {
            *counts.entry(zone.clone()).or_default() += 1;
        }
        Ok(counts)
    }

    /// The zone of each of these subnets.
    async fn zones_of(&self, subnets: BTreeSet<String>) -> Fact<BTreeMap<String, String>> {
        if subnets.is_empty() {
            return Ok(BTreeMap::new());
        }
        let found = self.ec2.describe_subnets().filters(filter("subnet-id", subnets)).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.fact()?;
        let zone =
            |subnet: &aws::Subnet| Some((subnet.subnet_id()?.to_owned(), subnet.availability_zone()?.to_owned()));
        Ok(found.iter().filter_map(zone).collect())
    }

    async fn gateway_endpoints(&self) -> Fact<Counts> {
        let gateways = filter("vpc-endpoint-type", ["Gateway".into()]);
        Ok(count(&self.region, self.endpoints(vec![gateways]).await?))
    }

    /// Those in the network's VPC. A VPC that is still to be made has none.
    async fn interface_endpoints(&self, vpc: &str) -> Fact<Counts> {
        if !vpc.starts_with("vpc-") {
            return Ok(Counts::new());
        }
        let interfaces = filter("vpc-endpoint-type", ["Interface".into(), "GatewayLoadBalancer".into()]);
        let inside = vec![filter("vpc-id", [vpc.to_owned()]), interfaces];
        Ok(count(vpc, self.endpoints(inside).await?))
    }

    async fn endpoints(&self, filters: Vec<aws::Filter>) -> Fact<usize> {
        let found = self.ec2.describe_vpc_endpoints().set_filters(Some(filters)).into_paginator().items().send();
        Ok(found.collect::<Result<Vec<_>, _>>().await.fact()?.len())
    }

    /// In pages, which EC2 throttles less than a list of all ("Request throttling for the Amazon EC2 API").
    async fn security_groups(&self) -> Fact<Counts> {
        let found = self.ec2.describe_security_groups().max_results(1000).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.fact()?;
        Ok(count(&self.region, found.len()))
    }

    async fn load_balancers(&self, kind: LoadBalancerTypeEnum) -> Fact<Counts> {
        let found = self.elb.describe_load_balancers().into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.fact()?;
        Ok(count(&self.region, found.iter().filter(|balancer| balancer.r#type() == Some(&kind)).count()))
    }

    /// Of all listeners of the load balancer, without the default ones, which do not count ("Quotas for your Application Load
    /// Balancers").
    async fn listener_rules(&self, name: String) -> Fact<Counts> {
        let Some(found) = self.elb.describe_load_balancers().names(&name).send().await.find_fact()? else {
            return Ok(Counts::new());
        };
        let Some(arn) = found.load_balancers().first().and_then(|found| found.load_balancer_arn()) else {
            return Ok(Counts::new());
        };
        let listeners = self.elb.describe_listeners().load_balancer_arn(arn).into_paginator().items().send();
        let listeners = listeners.collect::<Result<Vec<_>, _>>().await.fact()?;
        let rules = listeners.iter().filter_map(|listener| listener.listener_arn()).map(async |arn| {
            let rules = self.elb.describe_rules().listener_arn(arn).into_paginator().items().send();
            rules.collect::<Result<Vec<_>, _>>().await.fact()
        });
        let rules = try_join_all(rules).await?;
        Ok(count(&name, rules.iter().flatten().filter(|rule| rule.is_default() != Some(true)).count()))
    }
}
