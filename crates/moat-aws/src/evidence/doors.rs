//! The load balancers that forward to a service: from its target groups, as ELB knows them, to their listeners.

use super::Reader;
use crate::answer::{Answer, present};
use crate::together::by_name;
use aws_sdk_elasticloadbalancingv2::types::{self as aws, LoadBalancerSchemeEnum, LoadBalancerTypeEnum, ProtocolEnum};
use futures_util::future::try_join_all;
use moat::error::Failure;
use moat::ids::{LoadBalancerArn, TargetGroupArn};
use moat::proof::facts::{Listener, LoadBalancer, TargetGroup};
use std::collections::BTreeSet;

/// How many ARNs "DescribeTargetGroups" and "DescribeLoadBalancers" of the ELB v2 API take in one call.
const AT_MOST: usize = 20;

/// What leads to several services.
#[derive(Debug, Clone, Default)]
pub(super) struct Doors {
    target_groups: Vec<Target>,
    load_balancers: Vec<LoadBalancer>,
}

/// A target group, and the load balancers that forward to it.
#[derive(Debug, Clone)]
struct Target {
    group: TargetGroup,
    from: BTreeSet<LoadBalancerArn>,
}

impl Doors {
    /// What leads to these target groups.
    pub(super) fn to(&self, arns: &[TargetGroupArn]) -> (Vec<LoadBalancer>, Vec<TargetGroup>) {
        let targets: Vec<&Target> = self.target_groups.iter().filter(|one| arns.contains(&one.group.arn)).collect();
        let leads = |balancer: &&LoadBalancer| targets.iter().any(|one| one.from.contains(&balancer.arn));
        let balancers = self.load_balancers.iter().filter(leads).cloned().collect();
        (balancers, targets.into_iter().map(|one| one.group.clone()).collect())
    }
}

impl Reader {
    /// What leads to these target groups, whoever made it.
    pub(super) async fn doors(&self, arns: &[TargetGroupArn]) -> Result<Doors, Failure> {
        let found = self.described_target_groups(arns).await?;
        let target_groups = try_join_all(found.iter().map(|group| self.target(group))).await?;
        let balancers: BTreeSet<&LoadBalancerArn> = target_groups.iter().flat_map(|one| &one.from).collect();
        let load_balancers = self.load_balancers(&balancers, &target_groups).await?;
        Ok(Doors { target_groups, load_balancers })
    }

    async fn described_target_groups(&self, arns: &[TargetGroupArn]) -> Result<Vec<aws::TargetGroup>, Failure> {
        let describe = async |arns: &[String]| {
            let answer = self.elb.describe_target_groups().set_target_group_arns(Some(arns.to_vec())).send().await;
            answer.find(format!("describe target groups {}", arns.join(", ")))
        };
        let arns: Vec<String> = arns.iter().map(|arn| arn.0.clone()).collect();
        let found = try_join_all(arns.chunks(AT_MOST).map(|some| by_name(some, describe))).await?;
        Ok(found.into_iter().flatten().flat_map(|answer| answer.target_groups.unwrap_or_default()).collect())
    }

    async fn target(&self, found: &aws::TargetGroup) -> Result<Target, Failure> {
        let from = found.load_balancer_arns().iter().map(|arn| arn.as_str().into()).collect();
        Ok(Target { group: self.target_group(found).await?, from })
    }

    async fn target_group(&self, found: &aws::TargetGroup) -> Result<TargetGroup, Failure> {
        let arn = present(found.target_group_arn(), "describe target groups", "ARN")?;
        Ok(TargetGroup {
            arn: arn.into(),
            // "traffic-port" is the port of the tasks.
            health_check_port: found.health_check_port().and_then(|port| port.parse().ok()),
            keeps_client_addresses: self.keeps_client_addresses(found, arn).await?,
        })
    }

    /// An application load balancer never does ("Client IP preservation", network load balancers).
    async fn keeps_client_addresses(&self, found: &aws::TargetGroup, arn: &str) -> Result<bool, Failure> {
        if matches!(found.protocol(), None | Some(ProtocolEnum::Http | ProtocolEnum::Https)) {
            return Ok(false);
        }
        let answer = self.elb.describe_target_group_attributes().target_group_arn(arn).send().await;
        let answer = answer.read(format!("describe attributes of {arn}"))?;
        let mut attributes = answer.attributes().iter();
        let preserves = attributes.find(|attribute| attribute.key() == Some("preserve_client_ip.enabled"));
        Ok(preserves.is_some_and(|attribute| attribute.value() == Some("true")))
    }

    async fn load_balancers(
        &self,
        arns: &BTreeSet<&LoadBalancerArn>,
        targets: &[Target],
    ) -> Result<Vec<LoadBalancer>, Failure> {
        let arns: Vec<String> = arns.iter().map(|arn| arn.0.clone()).collect();
        let describe = async |some: &[String]| {
            let answer = self.elb.describe_load_balancers().set_load_balancer_arns(Some(some.to_vec())).send().await;
            answer.read("describe the load balancers of the service")
        };
        let found = try_join_all(arns.chunks(AT_MOST).map(describe)).await?;
        let found = found.iter().flat_map(|answer| answer.load_balancers());
        try_join_all(found.map(|found| self.load_balancer(found, targets))).await
    }

    async fn load_balancer(&self, found: &aws::LoadBalancer, targets: &[Target]) -> Result<LoadBalancer, Failure> {
        let arn: LoadBalancerArn = present(found.load_balancer_arn(), "describe load balancers", "ARN")?.into();
        let to = targets.iter().filter(|one| one.from.contains(&arn)).map(|one| &one.group.arn).collect();
        let zones = found.availability_zones().iter();
        Ok(LoadBalancer {
            name: found.load_balancer_name().unwrap_or_default().to_owned(),
            is_internet_facing: found.scheme() != Some(&LoadBalancerSchemeEnum::Internal),
            subnets: zones.filter_map(|zone| zone.subnet_id()).map(Into::into).collect(),
            groups: found.security_groups().iter().map(|id| id.as_str().into()).collect(),
            listeners: self.listeners(arn.as_str(), found.r#type(), to).await?,
            arn,
        })
    }

    /// The listeners. Their rules are read only where the default actions do not lead to all target groups that the load
    /// balancer forwards to.
    async fn listeners(
        &self,
        balancer: &str,
        kind: Option<&LoadBalancerTypeEnum>,
        to: Vec<&TargetGroupArn>,
    ) -> Result<Vec<Listener>, Failure> {
        let call = self.elb.describe_listeners().load_balancer_arn(balancer).into_paginator().items().send();
        let doing = format!("describe listeners of {balancer}");
        let found = call.collect::<Result<Vec<_>, _>>().await.read(doing)?;
        let mut listeners: Vec<Listener> = found.iter().map(listener).collect();
        let is_led_to = |group| listeners.iter().any(|listener| listener.target_groups.contains(group));
        if !to.into_iter().all(is_led_to) && kind != Some(&LoadBalancerTypeEnum::Network) {
            let rules = try_join_all(found.iter().map(|listener| self.by_rules(listener.listener_arn()))).await?;
            for (listener, groups) in listeners.iter_mut().zip(rules) {
                listener.target_groups.extend(groups);
            }
        }
        Ok(listeners)
    }

    async fn by_rules(&self, listener: Option<&str>) -> Result<Vec<TargetGroupArn>, Failure> {
        let Some(listener) = listener else { return Ok(Vec::new()) };
        let call = self.elb.describe_rules().listener_arn(listener).into_paginator().items().send();
        let found = call.collect::<Result<Vec<_>, _>>().await.read(format!("describe rules of {listener}"))?;
        let rules = found.iter().filter(|rule| rule.is_default() != Some(true));
        Ok(rules.flat_map(|rule| forwards(rule.actions())).collect())
    }
}

fn listener(found: &aws::Listener) -> Listener {
    Listener {
        port: found.port().and_then(|port| u16::try_from(port).ok()).unwrap_or_default(),
        protocol: found.protocol().map(|protocol| protocol.as_str().to_owned()).unwrap_or_default(),
        target_groups: forwards(found.default_actions()),
    }
}

/// Where actions forward to: one group by itself, or several with weights.
fn forwards(actions: &[aws::Action]) -> Vec<TargetGroupArn> {
    let one = actions.iter().filter_map(|action| action.target_group_arn());
    let configured = actions.iter().filter_map(|action| action.forward_config());
    let several = configured.flat_map(|forward| forward.target_groups()).filter_map(|group| group.target_group_arn());
    let mut arns: Vec<TargetGroupArn> = one.chain(several).map(Into::into).collect();
    arns.sort();
    arns.dedup();
    arns
}
