//! A service's door on its way out.

use super::group::{self, groups, references};
use crate::answer::{Answer, present};
use crate::ec2::filter;
use crate::interface::interfaces;
use aws_config::SdkConfig;
use aws_sdk_elasticloadbalancingv2::types as aws;
use aws_sdk_elasticloadbalancingv2::types::LoadBalancerAttribute;
use moat::error::Failure;
use moat::ids::LoadBalancerArn;
use moat::plan::Bindings;
use moat::stage::{Cloud, Done};
use moat::tags::{self, Owner};
use moat::teardown::ingress::observed::{GuestRule, Listener, LoadBalancer, Observed, TargetGroup};
use moat::teardown::ingress::{IngressStep, IngressTeardown, IngressTeardownSpec};
use moat::teardown::{Group, Holder, Interface};
use std::collections::{BTreeMap, BTreeSet};
use tokio::try_join;

/// The attribute that keeps a load balancer from being deleted ("LoadBalancerAttribute", ELB v2 API).
const PROTECTION: &str = "deletion_protection.enabled";

/// EC2 and Elastic Load Balancing, as the teardown of a door uses them.
#[derive(Debug, Clone)]
pub struct IngressTeardownCloud {
    ec2: aws_sdk_ec2::Client,
    elb: aws_sdk_elasticloadbalancingv2::Client,
}

impl IngressTeardownCloud {
    pub fn new(config: &SdkConfig) -> Self {
        let elb = aws_sdk_elasticloadbalancingv2::Client::new(config);
        Self { ec2: aws_sdk_ec2::Client::new(config), elb }
    }
}

impl Cloud<IngressTeardown> for IngressTeardownCloud {
    async fn observe(&self, spec: &IngressTeardownSpec) -> Result<Observed, Failure> {
        let (owner, name) = (spec.owner(), spec.aws_name());
        let (groups, balancer, target) =
            try_join!(groups(&self.ec2, &owner), self.find_load_balancer(&name), self.find_target_group(&name))?;
        let arn = balancer.as_ref().and_then(|balancer| balancer.load_balancer_arn());
        let target_arn = target.as_ref().and_then(|target| target.target_group_arn());
        let arns: Vec<String> = [arn, target_arn].into_iter().flatten().map(str::to_owned).collect();
        let (ours, is_protected, references, interfaces) = try_join!(
            self.owned(&owner, arns),
            self.is_protected(arn),
            references(&self.ec2, &owner, &groups),
            self.interfaces(&name, &groups),
        )?;
        let load_balancer = arn.map(|arn| LoadBalancer { arn: arn.into(), is_ours: ours.contains(arn), is_protected });
        let listeners = self.listeners(load_balancer.as_ref().filter(|found| found.is_ours)).await?;
        let used_by = target.iter().flat_map(|target| target.load_balancer_arns());
        let used_by = used_by.map(|arn| arn.as_str().into()).collect();
        let target_group = target_arn.map(|arn| TargetGroup { arn: arn.into(), is_ours: ours.contains(arn), used_by });
        let is_ours = target_group.as_ref().is_some_and(|found| found.is_ours);
        let used_by = target_group.iter().filter(|_| is_ours).flat_map(|found| &found.used_by);
        let others: Vec<_> = used_by.filter(|other| Some(other.as_str()) != arn).collect();
        let (rules, hosts) = self.guest_of(&owner, &others).await?;
        Ok(Observed { load_balancer, listeners, target_group, rules, hosts, groups, references, interfaces })
    }

    async fn apply(&self, _: &IngressTeardownSpec, step: &IngressStep, _: &Bindings) -> Result<Done, Failure> {
        match step {
            IngressStep::TurnOffProtection { arn } => {
                let off = LoadBalancerAttribute::builder().key(PROTECTION).value("false").build();
                let call = self.elb.modify_load_balancer_attributes().load_balancer_arn(arn.as_str()).attributes(off);
                call.send().await.remove(step)?;
            }
            IngressStep::DeleteListenerRule { arn, .. } => {
                self.elb.delete_rule().rule_arn(arn.as_str()).send().await.remove(step)?;
            }
            IngressStep::LeaveGroup { id, rule, .. } => {
                group::untangle(&self.ec2, id, std::slice::from_ref(rule), step).await?;
            }
            IngressStep::DeleteListener { arn, .. } => {
                self.elb.delete_listener().listener_arn(arn.as_str()).send().await.remove(step)?;
            }
            IngressStep::DeleteLoadBalancer { arn } => {
                self.elb.delete_load_balancer().load_balancer_arn(arn.as_str()).send().await.remove(step)?;
            }
            IngressStep::DeleteTargetGroup { arn } => {
                self.elb.delete_target_group().target_group_arn(arn.as_str()).send().await.remove(step)?;
            }
            IngressStep::Group(step) => return group::apply(&self.ec2, step).await,
        }
        Ok(Done::Changed)
    }
}

impl IngressTeardownCloud {
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

    /// Which of these carry the owner's tag.
    async fn owned(&self, owner: &Owner, arns: Vec<String>) -> Result<BTreeSet<String>, Failure> {
        let tags = self.tags(arns).await?.into_iter();
        Ok(tags.filter(|(_, tags)| owner.owns(tags)).map(|(arn, _)| arn).collect())
    }

    /// The tags of these. One that is gone since it was described has none.
    async fn tags(&self, arns: Vec<String>) -> Result<BTreeMap<String, BTreeMap<String, String>>, Failure> {
        let mut all = BTreeMap::new();
        // One call each: the answer for several is an error when one of them is gone.
        for arn in arns {
            let answer = self.elb.describe_tags().resource_arns(&arn).send().await;
            let answer = answer.find(format!("describe tags of {arn}"))?;
            let described = answer.iter().flat_map(|answer| answer.tag_descriptions());
            let tags: BTreeMap<String, String> = described
                .filter(|described| described.resource_arn() == Some(&arn))
                .flat_map(|described| described.tags())
                .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
                .collect();
            all.insert(arn, tags);
        }
        Ok(all)
    }

    /// Our rules in the listeners of other services' load balancers, and which those are.
    async fn guest_of(
        &self,
        owner: &Owner,
        balancers: &[&LoadBalancerArn],
    ) -> Result<(Vec<GuestRule>, BTreeSet<LoadBalancerArn>), Failure> {
        let tags = self.tags(balancers.iter().map(|arn| arn.0.clone()).collect()).await?;
        let is_services = |tags: &BTreeMap<String, String>| tags.contains_key(tags::SERVICE);
        let hosts = tags.into_iter().filter(|(_, tags)| is_services(tags)).map(|(arn, _)| LoadBalancerArn(arn));
        let hosts: BTreeSet<LoadBalancerArn> = hosts.collect();
        let mut rules = Vec::new();
        for host in &hosts {
            let mut arns = Vec::new();
            for listener in self.listeners_of(host).await? {
                let doing = format!("describe rules of {}", listener.arn);
                let found = self.elb.describe_rules().listener_arn(listener.arn.as_str()).into_paginator();
                let found = found.items().send().collect::<Result<Vec<_>, _>>().await.find(&doing)?;
                let found = found.into_iter().flatten().filter(|rule| rule.is_default() != Some(true));
                arns.extend(found.filter_map(|rule| rule.rule_arn));
            }
            let ours = self.owned(owner, arns).await?.into_iter();
            rules.extend(ours.map(|arn| GuestRule { arn: arn.into(), balancer: host.clone() }));
        }
        Ok((rules, hosts))
    }

    async fn is_protected(&self, arn: Option<&str>) -> Result<bool, Failure> {
        let Some(arn) = arn else { return Ok(false) };
        let answer = self.elb.describe_load_balancer_attributes().load_balancer_arn(arn).send().await;
        let answer = answer.find(format!("describe attributes of {arn}"))?;
        let mut attributes = answer.iter().flat_map(|answer| answer.attributes());
        Ok(attributes.any(|attribute| attribute.key() == Some(PROTECTION) && attribute.value() == Some("true")))
    }

    async fn listeners(&self, balancer: Option<&LoadBalancer>) -> Result<Vec<Listener>, Failure> {
        match balancer {
            Some(balancer) => self.listeners_of(&balancer.arn).await,
            None => Ok(Vec::new()),
        }
    }

    async fn listeners_of(&self, balancer: &LoadBalancerArn) -> Result<Vec<Listener>, Failure> {
        let doing = format!("describe listeners of {balancer}");
        let found = self.elb.describe_listeners().load_balancer_arn(balancer.as_str()).into_paginator();
        let found = found.items().send().collect::<Result<Vec<_>, _>>().await.find(&doing)?.unwrap_or_default();
        let listener = |found: &aws::Listener| {
            Ok(Listener {
                arn: present(found.listener_arn(), &doing, "ARN")?.into(),
                port: found.port().and_then(|port| u16::try_from(port).ok()).unwrap_or_default(),
                protocol: found.protocol().map(|protocol| protocol.as_str().to_owned()).unwrap_or_default(),
            })
        };
        found.iter().map(listener).collect()
    }

    /// Those that use our groups, and those of our load balancer: what ELB writes into them begins with its name.
    async fn interfaces(&self, name: &str, groups: &[Group]) -> Result<Vec<Interface>, Failure> {
        let doing = format!("describe network interfaces of {name}");
        let by_description = filter("description", [format!("ELB app/{name}/*")]);
        let mut found = interfaces(&self.ec2, [by_description], &doing).await?;
        found.retain(|interface| interface.holder() == Holder::LoadBalancer(name.to_owned()));
        if !groups.is_empty() {
            let by_group = filter("group-id", groups.iter().map(|group| group.id.0.clone()));
            let mut using = interfaces(&self.ec2, [by_group], &doing).await?;
            using.retain(|interface| groups.iter().any(|group| interface.groups.contains(&group.id)));
            found.extend(using);
        }
        found.sort_by(|one, other| one.id.cmp(&other.id));
        found.dedup();
        Ok(found)
    }
}
