//! Rules of listeners: those of services that are behind the load balancer of another.

use super::IngressCloud;
use super::apply::tags;
use crate::answer::{Answer as _, present};
use crate::binding::{bound, made};
use aws_sdk_elasticloadbalancingv2::types::{
    self as aws, Action, ActionTypeEnum, HostHeaderConditionConfig, PathPatternConditionConfig, RuleCondition,
    RulePriorityPair,
};
use futures_util::future::try_join_all;
use moat::error::Failure;
use moat::ids::{ListenerArn, TargetGroupArn};
use moat::ingress::observed::ListenerRule;
use moat::ingress::shared::{self, Conditions};
use moat::ingress::{IngressStep, desired};
use moat::name::Name;
use moat::plan::Bindings;
use moat::stage::Done;
use moat::tags::{self as ours, Owner};
use std::collections::BTreeMap;

impl IngressCloud {
    pub(super) async fn create_listener_rule(
        &self,
        owner: &Owner,
        (listener, priority, conditions): (&ListenerArn, u32, &Conditions),
        step: &IngressStep,
        bindings: &Bindings,
    ) -> Result<Done, Failure> {
        let call = self.elb_once.create_rule().listener_arn(listener.as_str());
        let call = call.priority(i32::try_from(priority).unwrap_or(i32::MAX)).set_conditions(Some(asked(conditions)));
        let call = call.actions(action(bindings)?).set_tags(Some(tags(owner, &shared::listener_rule())));
        let answer = call.send().await.create(step)?;
        made(answer.map(|answer| answer.rules.unwrap_or_default().into_iter().next()?.rule_arn), step)
    }

    pub(super) async fn set_listener_rule(
        &self,
        arn: &str,
        conditions: &Conditions,
        step: &IngressStep,
        bindings: &Bindings,
    ) -> Result<Done, Failure> {
        let call = self.elb_once.modify_rule().rule_arn(arn).set_conditions(Some(asked(conditions)));
        call.actions(action(bindings)?).send().await.read(step).map(|_| Done::Changed)
    }

    pub(super) async fn set_rule_priority(
        &self,
        arn: &str,
        priority: u32,
        step: &IngressStep,
    ) -> Result<Done, Failure> {
        let pair = RulePriorityPair::builder().rule_arn(arn).priority(i32::try_from(priority).unwrap_or(i32::MAX));
        self.elb_once.set_rule_priorities().rule_priorities(pair.build()).send().await.read(step).map(|_| Done::Changed)
    }

    /// The rules that come before a listener's default action, with whose they are.
    pub(super) async fn rules(&self, listener: &str) -> Result<Vec<ListenerRule>, Failure> {
        let doing = format!("describe rules of {listener}");
        let found = self.elb.describe_rules().listener_arn(listener).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let others = found.iter().filter(|rule| rule.is_default() != Some(true) && rule.priority() != Some("default"));
        try_join_all(others.map(|rule| self.rule(rule, &doing))).await
    }

    async fn rule(&self, rule: &aws::Rule, doing: &str) -> Result<ListenerRule, Failure> {
        let arn = present(rule.rule_arn(), doing, "ARN")?;
        let call = async |arns| self.tags(arns).await;
        let tags = self.shared.tags.ask(arn, call).await?.unwrap_or_default();
        Ok(ListenerRule {
            arn: arn.into(),
            priority: rule.priority().unwrap_or("without a priority").to_owned(),
            service: service(&tags),
            conditions: said(rule),
            forwards_to: target(rule),
        })
    }
}

fn service(tags: &BTreeMap<String, String>) -> Option<Name> {
    Name::new(tags.get(ours::SERVICE)?).ok()
}

fn action(bindings: &Bindings) -> Result<Action, Failure> {
    let target = bound(bindings, &desired::target_group())?;
    Ok(Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(target).build())
}

fn asked(conditions: &Conditions) -> Vec<RuleCondition> {
    let Conditions { hosts, paths, others: _ } = conditions;
    let hosts = (!hosts.is_empty()).then(|| {
        let config = HostHeaderConditionConfig::builder().set_values(Some(hosts.clone())).build();
        RuleCondition::builder().field("host-header").host_header_config(config).build()
    });
    let paths = (!paths.is_empty()).then(|| {
        let config = PathPatternConditionConfig::builder().set_values(Some(paths.clone())).build();
        RuleCondition::builder().field("path-pattern").path_pattern_config(config).build()
    });
    hosts.into_iter().chain(paths).collect()
}

/// AWS answers with the values in the condition itself, in its configuration, or in both ("RuleCondition", ELB v2 API).
fn said(rule: &aws::Rule) -> Conditions {
    let mut conditions = Conditions::default();
    for condition in rule.conditions() {
        let values = |configured: Option<&[String]>| match configured.unwrap_or_default() {
            [] => condition.values().to_vec(),
            values => values.to_vec(),
        };
        match condition.field() {
            Some("host-header") => {
                conditions.hosts.extend(values(condition.host_header_config().map(|config| config.values())));
            }
            Some("path-pattern") => {
                conditions.paths.extend(values(condition.path_pattern_config().map(|config| config.values())));
            }
            other => conditions.others.push(other.unwrap_or("a condition").to_owned()),
        }
    }
    conditions.sorted()
}

/// Where its only action sends all requests.
fn target(rule: &aws::Rule) -> Option<TargetGroupArn> {
    let [action] = rule.actions() else { return None };
    let configured = action.forward_config().map(|config| config.target_groups()).unwrap_or_default();
    match configured {
        [] => action.target_group_arn().map(Into::into),
        [one] => one.target_group_arn().map(Into::into),
        _ => None,
    }
}
