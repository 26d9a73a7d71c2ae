//! Reads a service's door: groups by tag, load balancer and target group by name, then what hangs on them.

use super::IngressCloud;
use crate::answer::{Answer, present};
use crate::clock::age;
use crate::ec2::{filter, resource, rules, tag};
use crate::together::{Found, by_name};
use aws_sdk_elasticloadbalancingv2::types as aws;
use aws_sdk_elasticloadbalancingv2::types::{LoadBalancerSchemeEnum, LoadBalancerStateEnum};
use futures_util::future::try_join_all;
use moat::error::Failure;
use moat::ids::SecurityGroupId;
use moat::ingress::IngressSpec;
use moat::ingress::desired::Group;
use moat::ingress::observed::{HealthCheck, LoadBalancer, LoadBalancerState, Observed, SecurityGroup, TargetGroup};
use moat::ingress::shared::{self, Host};
use moat::name::Name;
use moat::tags::Owner;
use std::collections::{BTreeMap, BTreeSet};
use tokio::try_join;

impl IngressCloud {
    pub(super) async fn observe_ingress(&self, spec: &IngressSpec, owner: &Owner) -> Result<Observed, Failure> {
        let name = spec.aws_name();
        let (groups, balancer, target, host) = try_join!(
            self.groups(owner),
            self.find_load_balancer(&name),
            self.find_target_group(&name),
            self.host(spec),
        )?;
        let arn = balancer.as_ref().and_then(|balancer| balancer.load_balancer_arn());
        let target_arn = target.as_ref().and_then(|target| target.target_group_arn());
        let arns: Vec<String> = [arn, target_arn].into_iter().flatten().map(str::to_owned).collect();
        let (owners, listeners, web_acl, attributes, target_attributes, guests) = try_join!(
            self.owned(owner, arns),
            self.listeners(spec, arn),
            self.web_acl(spec, arn),
            self.load_balancer_attributes(arn),
            self.target_group_attributes(target_arn),
            self.guests(owner, &groups),
        )?;
        let load_balancer =
            balancer.as_ref().map(|found| load_balancer(found, &owners, attributes, web_acl)).transpose()?;
        let target_group = target.as_ref().map(|found| target_group(found, &owners, target_attributes)).transpose()?;
        // The listeners of somebody else's load balancer are none of ours.
        let is_ours = load_balancer.as_ref().is_some_and(|found| found.is_ours);
        let listeners = if is_ours { listeners } else { Vec::new() };
        Ok(Observed { groups, load_balancer, target_group, listeners, guests, host })
    }

    /// The load balancer of another service, behind which this one is to be.
    async fn host(&self, spec: &IngressSpec) -> Result<Option<Host>, Failure> {
        let Some(name) = spec.service.host() else { return Ok(None) };
        let (owner, balancer) = (Owner::Service(name.clone()), name.aws_name());
        let (groups, found) = try_join!(self.groups(&owner), self.find_load_balancer(&balancer))?;
        let group = groups.into_iter().find(|found| found.group == Group::LoadBalancer);
        let Some(found) = found else { return Ok(Some(Host { group, ..Host::default() })) };
        let arn = present(found.load_balancer_arn(), "describe load balancer", "ARN")?;
        let (owners, listeners) = try_join!(self.owned(&owner, vec![arn.to_owned()]), self.listeners_of_host(arn))?;
        let load_balancer = Some(load_balancer(&found, &owners, BTreeMap::new(), None)?);
        Ok(Some(Host { load_balancer, group, listeners }))
    }

    /// Groups of other services' tasks that the load balancer's group lets out to.
    async fn guests(
        &self,
        owner: &Owner,
        groups: &[SecurityGroup],
    ) -> Result<BTreeMap<SecurityGroupId, Name>, Failure> {
        let others: Vec<String> = shared::let_out_to(groups).into_iter().map(|id| id.0).collect();
        if others.is_empty() {
            return Ok(BTreeMap::new());
        }
        let doing = format!("describe security groups that those of {owner} name");
        let call = self.ec2.describe_security_groups().filters(filter("group-id", others));
        let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.read(doing)?;
        let guest = |group: &aws_sdk_ec2::types::SecurityGroup| {
            let value = |key: &str| tag(group.tags(), key).map(str::to_owned);
            Some((group.group_id()?.into(), shared::guest_by(value, owner.name())?))
        };
        Ok(found.iter().filter_map(guest).collect())
    }

    async fn groups(&self, owner: &Owner) -> Result<Vec<SecurityGroup>, Failure> {
        let doing = format!("describe security groups of {owner}");
        let found =
            self.shared.groups.ask(owner.name().as_str(), async |names| self.all_groups(owner.key(), names).await);
        let found = found.await?.unwrap_or_default();
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

    /// The groups whose tag of this key has one of these values, by the value.
    async fn all_groups(
        &self,
        key: &str,
        names: Vec<String>,
    ) -> Result<Found<Vec<aws_sdk_ec2::types::SecurityGroup>>, Failure> {
        let doing = format!("describe security groups of {}", names.join(", "));
        let call = self.ec2.describe_security_groups().filters(filter(&format!("tag:{key}"), names));
        let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.read(doing)?;
        let mut groups: Found<Vec<_>> = Found::new();
        for group in found {
            let Some(value) = tag(group.tags(), key).map(str::to_owned) else { continue };
            groups.entry(value).or_default().push(group);
        }
        Ok(groups)
    }

    async fn find_load_balancer(&self, name: &str) -> Result<Option<aws::LoadBalancer>, Failure> {
        let describe = async |names: &[String]| {
            let answer = self.elb.describe_load_balancers().set_names(Some(names.to_vec())).send().await;
            answer.find(format!("describe load balancer {}", names.join(", ")))
        };
        let call = async |names: Vec<String>| {
            let found = by_name(&names, describe).await?.into_iter();
            let found = found.flat_map(|answer| answer.load_balancers.unwrap_or_default());
            Ok(found.filter_map(|found| Some((found.load_balancer_name.clone()?, found))).collect())
        };
        self.shared.load_balancers.ask(name, call).await
    }

    async fn find_target_group(&self, name: &str) -> Result<Option<aws::TargetGroup>, Failure> {
        let describe = async |names: &[String]| {
            let answer = self.elb.describe_target_groups().set_names(Some(names.to_vec())).send().await;
            answer.find(format!("describe target group {}", names.join(", ")))
        };
        let call = async |names: Vec<String>| {
            let found = by_name(&names, describe).await?.into_iter();
            let found = found.flat_map(|answer| answer.target_groups.unwrap_or_default());
            Ok(found.filter_map(|found| Some((found.target_group_name.clone()?, found))).collect())
        };
        self.shared.target_groups.ask(name, call).await
    }

    /// Which of these resources carry the owner's tag.
    async fn owned(&self, owner: &Owner, arns: Vec<String>) -> Result<BTreeSet<String>, Failure> {
        let tags = |arn: String| async move {
            let call = async |arns| self.tags(arns).await;
            let tags = self.shared.tags.ask(&arn, call).await?;
            Ok::<_, Failure>(tags.is_some_and(|tags| owner.owns(&tags)).then_some(arn))
        };
        let found = try_join_all(arns.into_iter().map(tags)).await?;
        Ok(found.into_iter().flatten().collect())
    }

    pub(super) async fn tags(&self, arns: Vec<String>) -> Result<Found<BTreeMap<String, String>>, Failure> {
        let doing = format!("describe the tags of {}", arns.join(", "));
        let answer = self.elb.describe_tags().set_resource_arns(Some(arns)).send().await.read(doing)?;
        let tags = |found: &aws::TagDescription| {
            let pair = |tag: &aws::Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
            Some((found.resource_arn()?.to_owned(), found.tags().iter().filter_map(pair).collect()))
        };
        Ok(answer.tag_descriptions().iter().filter_map(tags).collect())
    }

    /// The web ACL before the load balancer, where the document names one.
    async fn web_acl(&self, spec: &IngressSpec, balancer: Option<&str>) -> Result<Option<String>, Failure> {
        let is_asked = spec.door().is_some_and(|door| door.waf_acl.is_some());
        let Some(arn) = balancer.filter(|_| is_asked) else { return Ok(None) };
        let answer = self.waf.get_web_acl_for_resource().resource_arn(arn).send().await;
        let answer = answer.find(format!("get the web ACL of {arn}"))?;
        Ok(answer.and_then(|answer| answer.web_acl).map(|acl| acl.arn))
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
    web_acl: Option<String>,
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
        kind: found.r#type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        is_internet_facing: found.scheme() == Some(&LoadBalancerSchemeEnum::InternetFacing),
        // What AWS takes when nothing is said ("CreateLoadBalancer", ELB v2 API).
        address_type: found.ip_address_type().map_or("ipv4", |it| it.as_str()).to_owned(),
        dns_name: found.dns_name().unwrap_or_default().to_owned(),
        subnets: found.availability_zones().iter().filter_map(|zone| zone.subnet_id()).map(Into::into).collect(),
        groups: found.security_groups().iter().map(|id| id.as_str().into()).collect(),
        attributes,
        web_acl,
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
    // What AWS takes when nothing is said ("CreateTargetGroup", ELB v2 API).
    let speaks = found.protocol().map_or("HTTP", |it| it.as_str());
    let checks = found.health_check_protocol().map_or(speaks, |it| it.as_str());
    let (by_tcp, codes) = (checks == "TCP", found.matcher().and_then(|it| it.http_code()));
    let seconds = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok()).unwrap_or_default();
    Ok(TargetGroup {
        is_ours: ours.contains(arn),
        arn: arn.into(),
        used_by: found.load_balancer_arns().iter().map(|arn| arn.as_str().into()).collect(),
        vpc: present(found.vpc_id(), doing, "VPC")?.into(),
        protocol: speaks.to_owned(),
        health_check: HealthCheck {
            path: if by_tcp { "" } else { found.health_check_path().unwrap_or_default() }.to_owned(),
            protocol: checks.to_owned(),
            port: found.health_check_port().unwrap_or("traffic-port").to_owned(),
            codes: if by_tcp { "" } else { codes.unwrap_or("200") }.to_owned(),
            interval: seconds(found.health_check_interval_seconds()),
            timeout: seconds(found.health_check_timeout_seconds()),
            healthy: seconds(found.healthy_threshold_count()),
            unhealthy: seconds(found.unhealthy_threshold_count()),
        },
        attributes,
    })
}
