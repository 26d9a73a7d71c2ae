//! The load balancers that forward to a service: from its target groups, as ELB knows them, to their listeners.

use super::Reader;
use crate::answer::{Answer, present};
use crate::together::by_name;
use aws_sdk_elasticloadbalancingv2::types::{self as aws, LoadBalancerSchemeEnum, LoadBalancerTypeEnum, ProtocolEnum};
use futures_util::future::try_join_all;
use moat::error::Failure;
use moat::ids::TargetGroupArn;
use moat::proof::facts::{Listener, LoadBalancer, TargetGroup};
use std::collections::BTreeSet;
use tokio::try_join;

type Door = (Vec<LoadBalancer>, Vec<TargetGroup>);

impl Reader {
    pub(super) async fn door(&self, arns: &[TargetGroupArn]) -> Result<Door, Failure> {
        if arns.is_empty() {
            return Ok(Door::default());
        }
        let found = self.described_target_groups(arns).await?;
        let balancers: BTreeSet<String> = found.iter().flat_map(|group| group.load_balancer_arns()).cloned().collect();
        let groups = try_join_all(found.iter().map(|group| self.target_group(group)));
        try_join!(self.load_balancers(balancers, arns), groups)
    }

    async fn described_target_groups(&self, arns: &[TargetGroupArn]) -> Result<Vec<aws::TargetGroup>, Failure> {
        let arns: Vec<String> = arns.iter().map(|arn| arn.0.clone()).collect();
        let describe = async |arns: &[String]| {
            let answer = self.elb.describe_target_groups().set_target_group_arns(Some(arns.to_vec())).send().await;
            answer.find(format!("describe target groups {}", arns.join(", ")))
        };
        let found = by_name(&arns, describe).await?;
        Ok(found.into_iter().flat_map(|answer| answer.target_groups.unwrap_or_default()).collect())
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
        arns: BTreeSet<String>,
        ours: &[TargetGroupArn],
    ) -> Result<Vec<LoadBalancer>, Failure> {
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let doing = "describe the load balancers of the service";
        let arns = Some(arns.into_iter().collect());
        let answer = self.elb.describe_load_balancers().set_load_balancer_arns(arns).send().await.read(doing)?;
        try_join_all(answer.load_balancers().iter().map(|found| self.load_balancer(found, ours))).await
    }

    async fn load_balancer(&self, found: &aws::LoadBalancer, ours: &[TargetGroupArn]) -> Result<LoadBalancer, Failure> {
        let arn = present(found.load_balancer_arn(), "describe load balancers", "ARN")?;
        let zones = found.availability_zones().iter();
        Ok(LoadBalancer {
            arn: arn.into(),
            name: found.load_balancer_name().unwrap_or_default().to_owned(),
            is_internet_facing: found.scheme() != Some(&LoadBalancerSchemeEnum::Internal),
            subnets: zones.filter_map(|zone| zone.subnet_id()).map(Into::into).collect(),
            groups: found.security_groups().iter().map(|id| id.as_str().into()).collect(),
            listeners: self.listeners(arn, found.r#type(), ours).await?,
        })
    }

    /// The listeners. Their rules are read only where no default action leads to the service.
    async fn listeners(
        &self,
        balancer: &str,
        kind: Option<&LoadBalancerTypeEnum>,
        ours: &[TargetGroupArn],
    ) -> Result<Vec<Listener>, Failure> {
        let call = self.elb.describe_listeners().load_balancer_arn(balancer).into_paginator().items().send();
        let doing = format!("describe listeners of {balancer}");
        let found = call.collect::<Result<Vec<_>, _>>().await.read(doing)?;
        let mut listeners: Vec<Listener> = found.iter().map(listener).collect();
        let leads = listeners.iter().flat_map(|listener| &listener.target_groups).any(|group| ours.contains(group));
        if !leads && kind != Some(&LoadBalancerTypeEnum::Network) {
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
