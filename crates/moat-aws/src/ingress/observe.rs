//! Reads a service's door: groups by tag, load balancer and target group by name, then what hangs on them.

use super::IngressCloud;
use crate::answer::{Answer, present};
use crate::clock::age;
use crate::ec2::{owned_by, resource, rules};
use aws_sdk_elasticloadbalancingv2::types as aws;
use aws_sdk_elasticloadbalancingv2::types::{ActionTypeEnum, LoadBalancerSchemeEnum, LoadBalancerStateEnum};
use moat::error::Failure;
use moat::ingress::IngressSpec;
use moat::ingress::desired::{self, Group};
use moat::ingress::observed::{
    HealthCheck, Listener, ListenerRule, LoadBalancer, LoadBalancerState, Observed, SecurityGroup, TargetGroup,
};
use moat::tags::Owner;
use std::collections::{BTreeMap, BTreeSet};
use tokio::try_join;

impl IngressCloud {
    pub(super) async fn observe_ingress(&self, spec: &IngressSpec, owner: &Owner) -> Result<Observed, Failure> {
        let name = spec.aws_name();
        let (groups, balancer, target) =
            try_join!(self.groups(owner), self.find_load_balancer(&name), self.find_target_group(&name))?;
        let arn = balancer.as_ref().and_then(|balancer| balancer.load_balancer_arn());
        let target_arn = target.as_ref().and_then(|target| target.target_group_arn());
        let arns: Vec<String> = [arn, target_arn].into_iter().flatten().map(str::to_owned).collect();
        let (owners, listeners, attributes, target_attributes) = try_join!(
            self.owned(owner, arns),
            self.listeners(arn),
            self.load_balancer_attributes(arn),
            self.target_group_attributes(target_arn),
        )?;
        let load_balancer = balancer.as_ref().map(|found| load_balancer(found, &owners, attributes)).transpose()?;
        let target_group = target.as_ref().map(|found| target_group(found, &owners, target_attributes)).transpose()?;
        // The listeners of somebody else's load balancer are none of ours.
        let is_ours = load_balancer.as_ref().is_some_and(|found| found.is_ours);
        Ok(Observed { groups, load_balancer, target_group, listeners: if is_ours { listeners } else { Vec::new() } })
    }

    async fn groups(&self, owner: &Owner) -> Result<Vec<SecurityGroup>, Failure> {
        let doing = format!("describe security groups of {owner}");
        let found = self.ec2.describe_security_groups().filters(owned_by(owner)).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let ours = found.iter().filter_map(|group| {
            let name = resource(owner, group.tags())?;
            Some((group, Group::ALL.into_iter().find(|group| group.logical() == name)?))
        });
        ours.map(|(found, group)| {
            Ok(SecurityGroup {
                id: present(found.group_id(), &doing, "id")?.into(),
                group,
                vpc: present(found.vpc_id(), &doing, "VPC")?.into(),
                rules: rules(found)?,
            })
        })
        .collect()
    }

    async fn find_load_balancer(&self, name: &str) -> Result<Option<aws::LoadBalancer>, Failure> {
        let answer = self.elb.describe_load_balancers().names(name).send().await;
        let answer = answer.find(format!("describe load balancer {name}"))?;
        let mut found = answer.and_then(|answer| answer.load_balancers).unwrap_or_default().into_iter();
        Ok(found.find(|found| found.load_balancer_name() == Some(name)))
    }

    async fn find_target_group(&self, name: &str) -> Result<Option<aws::TargetGroup>, Failure> {
        let answer = self.elb.describe_target_groups().names(name).send().await;
        let answer = answer.find(format!("describe target group {name}"))?;
        let mut found = answer.and_then(|answer| answer.target_groups).unwrap_or_default().into_iter();
        Ok(found.find(|found| found.target_group_name() == Some(name)))
    }

    /// Which of these resources carry the owner's tag.
    async fn owned(&self, owner: &Owner, arns: Vec<String>) -> Result<BTreeSet<String>, Failure> {
        if arns.is_empty() {
            return Ok(BTreeSet::new());
        }
        let answer = self.elb.describe_tags().set_resource_arns(Some(arns)).send().await;
        let answer = answer.read(format!("describe load balancer tags of {owner}"))?;
        let is_ours = |description: &&aws::TagDescription| {
            let tags: BTreeMap<String, String> = description
                .tags()
                .iter()
                .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
                .collect();
            owner.owns(&tags)
        };
        let ours = answer.tag_descriptions().iter().filter(is_ours);
        Ok(ours.filter_map(|description| description.resource_arn().map(str::to_owned)).collect())
    }

    async fn listeners(&self, balancer: Option<&str>) -> Result<Vec<Listener>, Failure> {
        let Some(arn) = balancer else { return Ok(Vec::new()) };
        let doing = format!("describe listeners of {arn}");
        let found = self.elb.describe_listeners().load_balancer_arn(arn).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let mut listeners: Vec<Listener> =
            found.iter().map(|found| listener(found, &doing)).collect::<Result<_, Failure>>()?;
        // Any other listener goes with its rules.
        for listener in listeners.iter_mut().filter(|listener| listener.port == desired::HTTP) {
            listener.rules = self.rules(listener.arn.as_str()).await?;
        }
        Ok(listeners)
    }

    async fn rules(&self, listener: &str) -> Result<Vec<ListenerRule>, Failure> {
        let doing = format!("describe rules of {listener}");
        let found = self.elb.describe_rules().listener_arn(listener).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let others = found.iter().filter(|rule| rule.is_default() != Some(true) && rule.priority() != Some("default"));
        others
            .map(|rule| {
                let arn = present(rule.rule_arn(), &doing, "ARN")?.into();
                Ok(ListenerRule { arn, priority: rule.priority().unwrap_or("without a priority").to_owned() })
            })
            .collect()
    }

    async fn load_balancer_attributes(&self, arn: Option<&str>) -> Result<BTreeMap<String, String>, Failure> {
        let Some(arn) = arn else { return Ok(BTreeMap::new()) };
        let answer = self.elb.describe_load_balancer_attributes().load_balancer_arn(arn).send().await;
        let answer = answer.read(format!("describe attributes of {arn}"))?;
        let pair = |attribute: &aws::LoadBalancerAttribute| {
            Some((attribute.key()?.to_owned(), attribute.value().unwrap_or_default().to_owned()))
        };
        Ok(answer.attributes().iter().filter_map(pair).collect())
    }

    async fn target_group_attributes(&self, arn: Option<&str>) -> Result<BTreeMap<String, String>, Failure> {
        let Some(arn) = arn else { return Ok(BTreeMap::new()) };
        let answer = self.elb.describe_target_group_attributes().target_group_arn(arn).send().await;
        let answer = answer.read(format!("describe attributes of {arn}"))?;
        let pair = |attribute: &aws::TargetGroupAttribute| {
            Some((attribute.key()?.to_owned(), attribute.value().unwrap_or_default().to_owned()))
        };
        Ok(answer.attributes().iter().filter_map(pair).collect())
    }
}

fn load_balancer(
    found: &aws::LoadBalancer,
    ours: &BTreeSet<String>,
    attributes: BTreeMap<String, String>,
) -> Result<LoadBalancer, Failure> {
    let arn = present(found.load_balancer_arn(), "describe load balancer", "ARN")?;
    let state = found.state();
    let why = state.and_then(|state| state.reason()).unwrap_or("AWS gives no reason").to_owned();
    Ok(LoadBalancer {
        is_ours: ours.contains(arn),
        arn: arn.into(),
        state: match state.and_then(|state| state.code()) {
            Some(LoadBalancerStateEnum::Active) => LoadBalancerState::Active,
            Some(LoadBalancerStateEnum::ActiveImpaired) => LoadBalancerState::Impaired(why),
            Some(LoadBalancerStateEnum::Failed) => LoadBalancerState::Failed(why),
            // Also states that this version of the SDK does not know: never count them as active.
            _ => LoadBalancerState::Provisioning,
        },
        is_internet_facing: found.scheme() == Some(&LoadBalancerSchemeEnum::InternetFacing),
        dns_name: found.dns_name().unwrap_or_default().to_owned(),
        subnets: found.availability_zones().iter().filter_map(|zone| zone.subnet_id()).map(Into::into).collect(),
        groups: found.security_groups().iter().map(|id| id.as_str().into()).collect(),
        attributes,
        age: age(found.created_time()),
    })
}

fn target_group(
    found: &aws::TargetGroup,
    ours: &BTreeSet<String>,
    attributes: BTreeMap<String, String>,
) -> Result<TargetGroup, Failure> {
    let doing = "describe target group";
    let arn = present(found.target_group_arn(), doing, "ARN")?;
    let seconds = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok()).unwrap_or_default();
    Ok(TargetGroup {
        is_ours: ours.contains(arn),
        arn: arn.into(),
        vpc: present(found.vpc_id(), doing, "VPC")?.into(),
        health_check: HealthCheck {
            path: found.health_check_path().unwrap_or_default().to_owned(),
            // What AWS takes when nothing is said ("CreateTargetGroup", ELB v2 API).
            protocol: found.health_check_protocol().map_or(desired::PROTOCOL, |it| it.as_str()).to_owned(),
            port: found.health_check_port().unwrap_or("traffic-port").to_owned(),
            codes: found.matcher().and_then(|it| it.http_code()).unwrap_or("200").to_owned(),
            interval: seconds(found.health_check_interval_seconds()),
            timeout: seconds(found.health_check_timeout_seconds()),
            healthy: seconds(found.healthy_threshold_count()),
            unhealthy: seconds(found.unhealthy_threshold_count()),
        },
        attributes,
    })
}

fn listener(found: &aws::Listener, doing: &str) -> Result<Listener, Failure> {
    let forwards_to = match found.default_actions() {
        [action] if action.r#type() == Some(&ActionTypeEnum::Forward) => action.target_group_arn().map(Into::into),
        _ => None,
    };
    Ok(Listener {
        arn: present(found.listener_arn(), doing, "ARN")?.into(),
        port: found.port().and_then(|port| u16::try_from(port).ok()).unwrap_or_default(),
        protocol: found.protocol().map(|protocol| protocol.as_str().to_owned()).unwrap_or_default(),
        forwards_to,
        rules: Vec::new(),
    })
}
