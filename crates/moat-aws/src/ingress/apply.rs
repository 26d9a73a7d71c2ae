//! Does the steps of a service's door, one AWS call each.

use super::IngressCloud;
use crate::answer::Answer;
use crate::binding::{bound, changed, made};
use crate::ec2::{permission, tagged};
use aws_sdk_ec2::types::ResourceType;
use aws_sdk_elasticloadbalancingv2::types::{
    LoadBalancerAttribute, Matcher, Tag, TargetGroupAttribute, TargetTypeEnum,
};
use moat::error::{Failure, Kind};
use moat::ids::SecurityGroupId;
use moat::ingress::desired::{self, AddressType, Group, Wanted};
use moat::ingress::observed::HealthCheck;
use moat::ingress::{IngressSpec, IngressStep, attributes};
use moat::name::Logical;
use moat::network::desired as network;
use moat::plan::Bindings;
use moat::rule::{Direction, Rule};
use moat::spec::{LoadBalancerKind, Scheme};
use moat::stage::Done;
use moat::tags::Owner;

impl IngressCloud {
    pub(super) async fn apply_step(
        &self,
        spec: &IngressSpec,
        owner: &Owner,
        step: &IngressStep,
        bindings: &Bindings,
    ) -> Result<Done, Failure> {
        let bound = |name: &Logical| bound(bindings, name);
        match step {
            IngressStep::CreateGroup { group } => self.create_group(spec, owner, *group, step, bindings).await,
            IngressStep::AddRule { group, rule } => {
                let id = bound(&group.logical())?;
                let rule = known(rule, bindings)?;
                self.add_rule(id, &rule, step).await
            }
            IngressStep::RemoveRule { id, rule, .. } => self.remove_rule(id, rule, step).await,
            IngressStep::CreateLoadBalancer { kind, scheme, address_type, subnets } => {
                self.create_load_balancer(spec, owner, (*kind, *scheme, *address_type, subnets), step, bindings).await
            }
            IngressStep::SetAddressType { arn, address_type, .. } => {
                let call = self.elb_once.set_ip_address_type().load_balancer_arn(arn.as_str());
                call.ip_address_type(address_type.as_str().into()).send().await.read(step).map(|_| Done::Changed)
            }
            IngressStep::SetSubnets { arn, subnets, .. } => {
                let subnets = subnets.iter().map(|name| Ok(bound(name)?.to_owned())).collect::<Result<_, Failure>>()?;
                let call = self.elb_once.set_subnets().load_balancer_arn(arn.as_str()).set_subnets(Some(subnets));
                call.send().await.read(step).map(|_| Done::Changed)
            }
            IngressStep::SetGroups { arn } => {
                let group = bound(&Group::LoadBalancer.logical())?;
                let call = self.elb_once.set_security_groups().load_balancer_arn(arn.as_str()).security_groups(group);
                call.send().await.read(step).map(|_| Done::Changed)
            }
            IngressStep::SetLoadBalancerAttributes { attributes } => {
                let of =
                    |(key, value): &(&str, String)| LoadBalancerAttribute::builder().key(*key).value(value).build();
                let call = self.elb_once.modify_load_balancer_attributes();
                let call = call.load_balancer_arn(bound(&desired::load_balancer())?);
                let call = call.set_attributes(Some(attributes.iter().map(of).collect()));
                call.send().await.read(step).map(|_| Done::Changed)
            }
            IngressStep::CreateTargetGroup { health_check } => {
                self.create_target_group(spec, owner, health_check, step, bindings).await
            }
            IngressStep::SetHealthCheck { arn, health_check } => {
                let HealthCheck { path, protocol, port, codes, interval, timeout, healthy, unhealthy } = health_check;
                let call = self.elb_once.modify_target_group().target_group_arn(arn.as_str());
                let call = call.set_health_check_path(said(path)).set_matcher(matcher(codes));
                let call = call.health_check_protocol(protocol.as_str().into()).health_check_port(port);
                let call =
                    call.health_check_interval_seconds(int(*interval)).health_check_timeout_seconds(int(*timeout));
                let call = call.healthy_threshold_count(int(*healthy)).unhealthy_threshold_count(int(*unhealthy));
                call.send().await.read(step).map(|_| Done::Changed)
            }
            IngressStep::SetTargetGroupAttributes { attributes } => {
                let of = |(key, value): &(&str, String)| TargetGroupAttribute::builder().key(*key).value(value).build();
                let call = self.elb_once.modify_target_group_attributes();
                let call = call.target_group_arn(bound(&desired::target_group())?);
                let call = call.set_attributes(Some(attributes.iter().map(of).collect()));
                call.send().await.read(step).map(|_| Done::Changed)
            }
            IngressStep::CreateListener { listener } => self.create_listener(owner, listener, step, bindings).await,
            IngressStep::SetListener { arn, listener } => {
                self.set_listener(arn.as_str(), listener, step, bindings).await
            }
            IngressStep::AddCertificates { listener, certificates } => {
                self.add_certificates(bound(listener)?, certificates, step).await
            }
            IngressStep::SetListenerAttributes { listener, attributes } => {
                self.set_listener_attributes(bound(listener)?, attributes, step).await
            }
            IngressStep::SetWebAcl { acl, .. } => {
                let call = self.waf_once.associate_web_acl().web_acl_arn(acl);
                let call = call.resource_arn(bound(&desired::load_balancer())?);
                call.send().await.read(step).map(|_| Done::Changed)
            }
            IngressStep::CreateListenerRule { listener, priority, conditions } => {
                self.create_listener_rule(owner, (listener, *priority, conditions), step, bindings).await
            }
            IngressStep::SetListenerRule { arn, conditions } => {
                self.set_listener_rule(arn.as_str(), conditions, step, bindings).await
            }
            IngressStep::SetRulePriority { arn, priority } => {
                self.set_rule_priority(arn.as_str(), *priority, step).await
            }
            IngressStep::DeleteListenerRule { arn, .. } => {
                let call = self.elb_once.delete_rule().rule_arn(arn.as_str());
                call.send().await.remove(step).map(|()| Done::Changed)
            }
            IngressStep::DeleteListener { arn, .. } => {
                let call = self.elb_once.delete_listener().listener_arn(arn.as_str());
                call.send().await.remove(step).map(|()| Done::Changed)
            }
        }
    }

    async fn create_group(
        &self,
        spec: &IngressSpec,
        owner: &Owner,
        group: Group,
        step: &IngressStep,
        bindings: &Bindings,
    ) -> Result<Done, Failure> {
        let call = self.ec2_once.create_security_group().vpc_id(bound(bindings, &network::vpc())?);
        let call = call.group_name(group.name(&spec.service)).description(group.description(&spec.service));
        let call = call.tag_specifications(tagged(ResourceType::SecurityGroup, owner, &group.logical()));
        let answer = call.send().await.create(step)?;
        made(answer.map(|answer| answer.group_id), step)
    }

    async fn add_rule(&self, group: &str, rule: &Rule, step: &IngressStep) -> Result<Done, Failure> {
        let permission = permission(rule);
        match rule.direction {
            Direction::Ingress => {
                let call = self.ec2_once.authorize_security_group_ingress().group_id(group).ip_permissions(permission);
                call.send().await.create(step).map(changed)
            }
            Direction::Egress => {
                let call = self.ec2_once.authorize_security_group_egress().group_id(group).ip_permissions(permission);
                call.send().await.create(step).map(changed)
            }
        }
    }

    async fn remove_rule(&self, group: &SecurityGroupId, rule: &Rule, step: &IngressStep) -> Result<Done, Failure> {
        let (group, permission) = (group.as_str(), permission(rule));
        match rule.direction {
            Direction::Ingress => {
                let call = self.ec2_once.revoke_security_group_ingress().group_id(group).ip_permissions(permission);
                call.send().await.remove(step)?;
            }
            Direction::Egress => {
                let call = self.ec2_once.revoke_security_group_egress().group_id(group).ip_permissions(permission);
                call.send().await.remove(step)?;
            }
        }
        Ok(Done::Changed)
    }

    async fn create_load_balancer(
        &self,
        spec: &IngressSpec,
        owner: &Owner,
        (kind, scheme, address_type, subnets): (LoadBalancerKind, Scheme, AddressType, &[Logical]),
        step: &IngressStep,
        bindings: &Bindings,
    ) -> Result<Done, Failure> {
        let mut call = self.elb_once.create_load_balancer().name(spec.aws_name());
        for subnet in subnets {
            call = call.subnets(bound(bindings, subnet)?);
        }
        let call = call.r#type(kind.as_str().into()).scheme(scheme.as_str().into());
        let call = call.ip_address_type(address_type.as_str().into());
        // A network load balancer that is created without a group can never have one.
        let call = call.security_groups(bound(bindings, &Group::LoadBalancer.logical())?);
        let call = call.set_tags(Some(tags(owner, &desired::load_balancer())));
        let answer = call.send().await.create(step)?;
        let arn = answer.map(|answer| answer.load_balancers.unwrap_or_default().into_iter().next()?.load_balancer_arn);
        made(arn, step)
    }

    async fn create_target_group(
        &self,
        spec: &IngressSpec,
        owner: &Owner,
        health_check: &HealthCheck,
        step: &IngressStep,
        bindings: &Bindings,
    ) -> Result<Done, Failure> {
        let HealthCheck { path, protocol, port, codes, interval, timeout, healthy, unhealthy } = health_check;
        let speaks = attributes::protocol(spec.door().map_or_else(Default::default, |door| door.kind));
        // ECS registers each task with its own port, so this one is only a default.
        let call = self.elb_once.create_target_group().name(spec.aws_name()).port(80).protocol(speaks.into());
        let call = call.target_type(TargetTypeEnum::Ip).vpc_id(bound(bindings, &network::vpc())?);
        let call = call.set_health_check_path(said(path)).set_matcher(matcher(codes));
        let call = call.health_check_protocol(protocol.as_str().into()).health_check_port(port);
        let call = call.health_check_interval_seconds(int(*interval));
        let call = call.health_check_timeout_seconds(int(*timeout));
        let call = call.healthy_threshold_count(int(*healthy)).unhealthy_threshold_count(int(*unhealthy));
        let call = call.set_tags(Some(tags(owner, &desired::target_group())));
        let answer = call.send().await.create(step)?;
        let arn = answer.map(|answer| answer.target_groups.unwrap_or_default().into_iter().next()?.target_group_arn);
        made(arn, step)
    }
}

/// The rule with the id of the group that it may name.
fn known(rule: &Wanted, bindings: &Bindings) -> Result<Rule, Failure> {
    let rule = rule.rule(|group| bindings.get(&group.logical()).map(SecurityGroupId::from));
    rule.ok_or_else(|| Failure::new(Kind::Unexpected, "a rule was added before its group was known, a defect of moat"))
}

pub(super) fn tags(owner: &Owner, resource: &Logical) -> Vec<Tag> {
    let tags = owner.tags(resource).into_iter();
    tags.map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Nothing where a connection is enough: AWS refuses a path or codes then.
fn said(path: &str) -> Option<String> {
    Some(path.to_owned()).filter(|path| !path.is_empty())
}

fn matcher(codes: &str) -> Option<Matcher> {
    said(codes).map(|codes| Matcher::builder().http_code(codes).build())
}

fn int(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
